"""What a browser brings to the door, and what it is given there."""

from __future__ import annotations

import flask
from flask import Response, request

from webapp.access import sessions
from webapp.access.actor import Role
from webapp.account.devices import KEEP
from webapp.account.mfa.pending import Pending
from webapp.account.signing_in import Caller, Opened

DEVICE_COOKIE = "__Host-device"
PENDING_COOKIE = "__Host-pending"


def caller() -> Caller:
    """The browser of this request."""
    return Caller(
        address=request.remote_addr or "",
        agent=request.user_agent.string,
        session_token=sessions.read_cookie(),
        device_token=request.cookies.get(DEVICE_COOKIE),
    )


def hand_over(response: Response, opened: Opened) -> None:
    """Give the browser its new session. Its form token is a new one too: the old may be known to somebody else."""
    hand_over_session(response, opened.session_token, opened.actor.role)
    response.set_cookie(
        DEVICE_COOKIE, opened.device_token, max_age=KEEP, secure=True, httponly=True, samesite="Lax", path="/"
    )


def hand_over_session(response: Response, token: str, role: Role, *, keep_forms: bool = False) -> None:
    """The same for a browser that is signed in and gets another session.

    *keep_forms*: the same person in the same role goes on, so what is half written in other tabs can still be sent.
    """
    if not keep_forms:
        flask.session.clear()
    sessions.set_cookie(response, token, role)


def hand_over_pending(response: Response, pending: Pending) -> None:
    """The password was right: a token with which the second factor may be given, and nothing else."""
    flask.session.clear()
    response.set_cookie(PENDING_COOKIE, pending.token, secure=True, httponly=True, samesite="Lax", path="/")


def take_back_pending(response: Response) -> None:
    """The second factor was given, or is no longer waited for."""
    response.delete_cookie(PENDING_COOKIE, secure=True, httponly=True, samesite="Lax", path="/")


def take_back(response: Response) -> None:
    """The browser's session is over."""
    flask.session.clear()
    sessions.clear_cookie(response)
