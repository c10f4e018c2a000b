"""Stands before every request: who is asking, may they, and was it recorded. What is not declared is refused."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote, urlsplit

from flask import Flask, Response, abort, current_app, g, jsonify, redirect, request
from flask_login import LoginManager
from werkzeug.wrappers import Response as AnyResponse

from core.clock import utcnow
from core.errors import Invalid, NotFound, Refused
from core.log import EventLog
from core.settings import Settings
from webapp.access import denials, sessions
from webapp.access.actor import Actor, Role, anonymous
from webapp.access.route import Declared, Nothing, declared_for
from webapp.access.rules import ABSENT, Public
from webapp.access.step_up import ProofNeeded, is_fresh
from webapp.access.way_back import page_at
from webapp.audit.events import Action, Event, Outcome
from webapp.db.fields import opened_of_clients
from webapp.db.unit import recorded, unit

log = EventLog("wellhouse.access")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Identify = Callable[[sessions.LiveSession, str, datetime], Actor | None]
"""The actor of a live session, an address and a time; None if the account may no longer sign in."""


class NotRecorded(Exception):
    """A programming fault: the route did not record what it declared, or showed a client's content unrecorded."""


def install(
    app: Flask,
    settings: Settings,
    identify: Identify,
    *,
    sign_in_endpoint: str,
    confirm_endpoint: str,
    enrol_endpoint: str,
    password_endpoint: str,
    admin_endpoint: str,
) -> None:
    """Put the guard before every request of *app*."""
    manager = LoginManager()
    manager.session_protection = None  # our sessions are rows; flask-login only hands out the current user
    manager.init_app(app)
    manager.request_loader(lambda _request: g.get("actor"))
    manager.anonymous_user = anonymous

    @app.before_request
    def judge() -> AnyResponse | None:
        at = utcnow()
        declared = declared_for(app, request.endpoint)
        # before anything is refused: the page that says so is theirs, too
        g.actor, g.session = _who(settings, identify, at, in_visit=declared is not None and declared.in_visit)
        if declared is None:
            if request.endpoint is not None:
                log.error("access.undeclared", endpoint=request.endpoint)
            if request.routing_exception is not None and getattr(request.routing_exception, "code", 404) != 404:
                return None  # a redirect to the canonical URL, or 405: Flask raises it
            raise NotFound(ABSENT)
        g.declared = declared
        recorded.set(set())
        opened_of_clients.set(set())
        _refuse_unreadable()
        if request.method not in SAFE_METHODS:
            _refuse_foreign_origin(settings)
        if not isinstance(declared.allow, Public):
            if not g.actor.is_authenticated:
                return _ask_to_sign_in(declared, sign_in_endpoint, admin_endpoint)
            # What has lapsed but for its visit is not revived by a line of chat there.
            if declared.activity and g.session is not None and not g.session.visit_only:
                g.session = sessions.touch(g.session, at=at)
        try:
            loaded = declared.allow(g.actor, **(request.view_args or {}))
        except (NotFound, Refused):
            _record_denial(g.actor)
            raise
        if not declared.while_owing and not isinstance(declared.allow, Public):
            if g.actor.owes_factor:
                sentence = "The practice asks for a second factor. Please add one first, under My Account, MFA."
                return _ask_for_owed(declared, enrol_endpoint, sentence)
            if g.actor.owes_password:
                sentence = (
                    "As an admin you need a longer password. Please choose one first, under My Account, Password."
                )
                return _ask_for_owed(declared, password_endpoint, sentence)
        if declared.step_up is not None and not is_fresh(g.session, declared.step_up, at=at):
            return _ask_to_confirm(declared, confirm_endpoint)
        g.loaded = loaded
        return None

    @app.after_request
    def look_back(response: Response) -> Response:
        declared: Declared | None = g.get("declared")
        if declared is not None and "loaded" in g:
            if response.status_code < 400:
                _check_recorded(declared, response)
            _record_unasked(declared)
        return response


def _who(
    settings: Settings, identify: Identify, at: datetime, *, in_visit: bool
) -> tuple[Actor, sessions.LiveSession | None]:
    address = request.remote_addr or ""
    token = sessions.read_cookie()
    session = sessions.find(token, settings.portal, at=at) if token else None
    if token and session is None:
        _record_dead_cookie(token, address, at)
    if session is not None and session.visit_only and not in_visit:
        session = None
    actor = identify(session, address, at) if session else None
    if actor is None or session is None:
        return anonymous(address), None
    return replace(actor, acting_for=session.acting_for), session


def _record_dead_cookie(token: str, address: str, at: datetime) -> None:
    dead = sessions.shown_after_end(token, at=at)
    if dead is not None:
        about = {"session": dead[0], "account": dead[1]}
        with unit(Event(Action.ENDED_SESSION_SHOWN, anonymous(address), about=about, outcome=Outcome.REFUSED)):
            pass


def _refuse_unreadable() -> None:
    # A zero byte is in nothing that anybody types, and PostgreSQL keeps no text with one.
    given = [*request.args.items(multi=True), *request.form.items(multi=True), *(request.view_args or {}).items()]
    body = request.get_json(silent=True) if request.is_json else None
    if isinstance(body, dict):
        given += body.items()
    # A link's token is only ever hashed, and one that was never given is told by its own page.
    read = [text for name, value in given if name != "link" for text in (name, value)]
    if any("\0" in text for text in read if isinstance(text, str)):
        raise Invalid("What was sent holds a character that no text can have. Please type it anew and send it again.")


def _refuse_foreign_origin(settings: Settings) -> None:
    # Besides the form token: browsers say where a request comes from (ASVS 3.5.3). As our pages forbid the Referer,
    # their own forms bring "Origin: null" (Fetch, 3.2); then Sec-Fetch-Site tells, and before Safari 16.4 the token.
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin not in (None, "null", *settings.origins) or site not in (None, "same-origin", "none"):
        raise Refused("This request came from another site, so nothing was done. Open the page here and try again.")


def _ask_to_sign_in(declared: Declared, sign_in_endpoint: str, admin_endpoint: str) -> AnyResponse:
    if declared.json:
        answer: AnyResponse = jsonify(error="signed_out", sentence="You were signed out. Please sign in again.")
        answer.status_code = 401
        return answer
    target = request.full_path.rstrip("?") if request.method == "GET" or _has_page() else "/"
    token = sessions.read_cookie()
    if target != "/" and token and sessions.role_in(token) is Role.ADMIN:
        # A fresh sign-in lands in another role, in which this page would not be there.
        target = f"{current_app.url_for(admin_endpoint)}?next={quote(target, safe='/')}"
    url = current_app.url_for(sign_in_endpoint)
    return redirect(url if target == "/" else f"{url}?next={quote(target, safe='/')}")


def _has_page() -> bool:
    """Whether the address that something was sent to is also that of its form, to which one can come back."""
    return bool(current_app.url_map.bind("localhost").test(request.path, "GET"))


def _ask_to_confirm(declared: Declared, confirm_endpoint: str) -> AnyResponse:
    if declared.json or request.method not in SAFE_METHODS:
        _record_denial(g.actor)
        raise ProofNeeded(_confirm_address(declared, confirm_endpoint, page_at(request.path)))
    return redirect(_confirm_address(declared, confirm_endpoint, request.full_path.rstrip("?")))


def _confirm_address(declared: Declared, confirm_endpoint: str, target: str) -> str:
    need = declared.step_up.value if declared.step_up else ""
    return f"{current_app.url_for(confirm_endpoint)}?need={need}&next={quote(target, safe='/')}"


def _ask_for_owed(declared: Declared, endpoint: str, sentence: str) -> AnyResponse:
    if declared.json or request.method not in SAFE_METHODS:
        _record_denial(g.actor)
        raise Refused(sentence)
    return redirect(current_app.url_for(endpoint))


def safe_next(target: str | None) -> str:
    """*target* if it is a path on this site, else the home page (ASVS 3.7.2)."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return "/"
    if any(ord(character) < 0x21 or ord(character) == 0x7F for character in target):
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc or "//" in parts.path or "%2f%2f" in parts.path.lower() else target


def _record_denial(actor: Actor) -> None:
    denials.record(actor, request.endpoint or "", _ids_of_address(), at=utcnow())


def _check_recorded(declared: Declared, response: Response) -> None:
    seen = recorded.get() or set()
    records = declared.records
    if isinstance(records, tuple) and not seen.intersection(records):
        if request.method in SAFE_METHODS:
            _record_access(records[0])
            return
        # A POST that shows its form again (status 200) did nothing; one that acted redirects or answers JSON.
        if response.status_code in (201, 204, 302, 303) or response.is_json:
            _fault(f"{request.endpoint} declares {records[0].value} and did not record it")


def _record_unasked(declared: Declared) -> None:
    """A form that is shown again shows what it showed before: who reads a record by sending nonsense has read it."""
    opened = opened_of_clients.get()
    if not opened or recorded.get():
        return
    if isinstance(declared.records, Nothing):
        _fault(f"{request.endpoint} opened {', '.join(sorted(opened))} of a client and recorded nothing")
    _record_access(Action.CLIENT_VIEWED)


def _record_access(action: Action) -> None:
    # What is about several clients is in the record of each: all of them may ask who opened theirs.
    clients = getattr(g.loaded, "audit_clients", None) or (getattr(g.loaded, "audit_client", None),)
    ids: dict[str, uuid.UUID | int | str] = {**_ids_of_address()}
    ids.update(getattr(g.loaded, "audit_about", {}))
    with unit(*(Event(action, g.actor, client=client, about=ids) for client in clients)):
        pass


def _ids_of_address() -> dict[str, uuid.UUID]:
    return {key: value for key, value in (request.view_args or {}).items() if isinstance(value, uuid.UUID)}


def _fault(sentence: str) -> None:
    log.error("access.not_recorded", endpoint=request.endpoint)
    if current_app.testing:
        raise NotRecorded(sentence)
    abort(500)
