"""Unlocking in its place what has locked beside a running visit: the session is good again, and nothing is reloaded."""

from __future__ import annotations

from collections.abc import Callable

from flask import g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from core.clock import utcnow
from core.errors import Refused
from webapp.access.actor import Actor
from webapp.access.route import Feature, nothing
from webapp.access.rules import signed_in
from webapp.account import browser
from webapp.account.mfa import confirming, queries
from webapp.account.mfa.answers import slowed_json
from webapp.account.mfa.forms import CodeForm, PasswordForm
from webapp.account.throttle import TooManyTries
from webapp.audit.events import Action

unlock = Feature("unlock", __name__, while_owing=True)


@unlock.get(
    "/account/unlock",
    allow=signed_in,
    records=nothing("an empty form"),
    activity=False,
    in_visit=True,
    json=True,
)
def show(actor: Actor) -> ResponseReturnValue:
    """The proof that confirming asks for, too: a second factor where there is one, else the password."""
    has = queries.factors_of(actor.id)
    form = CodeForm(formdata=None) if has.apps else PasswordForm(formdata=None)
    return render_template("unlock/unlock.html", has=has, form=form if has.apps or not has.any else None)


@unlock.post("/account/unlock/password", allow=signed_in, records=Action.CONFIRMED, in_visit=True, json=True)
def by_password(actor: Actor) -> ResponseReturnValue:
    if queries.factors_of(actor.id).any:
        raise Refused("This account has a second factor. Please use that.")
    return _unlock(actor, lambda: confirming.by_password(actor, g.session, _sent("password"), at=utcnow()))


@unlock.post("/account/unlock/code", allow=signed_in, records=Action.CONFIRMED, in_visit=True, json=True)
def by_code(actor: Actor) -> ResponseReturnValue:
    return _unlock(actor, lambda: confirming.by_code(actor, g.session, _sent("code"), at=utcnow()))


def _unlock(actor: Actor, prove: Callable[[], str]) -> ResponseReturnValue:
    try:
        token = prove()
    except TooManyTries as e:
        return slowed_json(e)
    answer = make_response("", 204)
    browser.hand_over_session(answer, token, actor.role, keep_forms=True)
    return answer


def _sent(name: str) -> str:
    body = request.get_json(silent=True)
    return str(body.get(name, "")) if isinstance(body, dict) else ""
