"""Signing in: the second factor after the password, or a passkey instead of both."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app, flash, jsonify, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from flask_wtf import FlaskForm

from core.clock import utcnow
from core.errors import Invalid, Refused
from core.settings import Settings
from webapp.access import guard
from webapp.access.actor import Actor
from webapp.access.route import Feature, nothing
from webapp.access.rules import public
from webapp.account import browser
from webapp.account.mfa import pending, queries, recovery, second_step
from webapp.account.mfa.answers import read_key_answer, slowed_json
from webapp.account.mfa.forms import CodeForm, RecoveryCodeForm
from webapp.account.mfa.pending import Owed
from webapp.account.signing_in import Opened
from webapp.account.throttle import TooManyTries
from webapp.account.words import too_many
from webapp.audit.events import Action
from webapp.crypto.keyring import Keyring
from webapp.ui.refusal import show_refusal

# A Feature of its own: what is open to people who are not signed in yet is seen at one glance.
second = Feature("second_step", __name__)

HALF = "the password was right and the second factor is still owed"
PASSKEY = "a passkey stands for e-mail address, password and second factor"
CHALLENGE = nothing("a challenge is not yet an act")


def _settings() -> Settings:
    settings: Settings = current_app.extensions["wellhouse.settings"]
    return settings


def _owed() -> Owed:
    """The sign-in that this browser has begun; StartAgain if it took too long."""
    owed = pending.find(request.cookies.get(browser.PENDING_COOKIE), at=utcnow())
    if owed is None:
        raise second_step.StartAgain
    return owed


@second.get("/sign-in/second-step", allow=public(HALF), records=nothing("an empty form"), activity=False)
def second_step_page(_actor: Actor) -> ResponseReturnValue:
    try:
        owed = _owed()
    except second_step.StartAgain as e:
        return _start_again(e)
    return _page(owed, CodeForm(formdata=None, data={"next": guard.safe_next(request.args.get("next"))}))


@second.post("/sign-in/code", allow=public(HALF), records=Action.SIGNED_IN)
def enter_by_code(_actor: Actor) -> ResponseReturnValue:
    form = CodeForm()
    return _enter(
        form,
        lambda owed: second_step.by_code(owed, form.code.data, browser.caller(), _settings(), at=utcnow()),
    )


@second.post("/sign-in/recovery-code", allow=public(HALF), records=Action.SIGNED_IN)
def enter_by_recovery_code(_actor: Actor) -> ResponseReturnValue:
    form = RecoveryCodeForm()
    keyring: Keyring = current_app.extensions["wellhouse.keyring"]
    return _enter(
        form,
        lambda owed: second_step.by_recovery_code(
            owed, form.code.data, browser.caller(), _settings(), keyring, at=utcnow()
        ),
    )


@second.post("/sign-in/key/options", allow=public(HALF), records=CHALLENGE, json=True)
def begin_key_entry(_actor: Actor) -> ResponseReturnValue:
    begun = second_step.begin_key(_owed(), _settings(), at=utcnow())
    return jsonify(ceremony=begun.id, options=begun.options)


@second.post("/sign-in/key", allow=public(HALF), records=Action.SIGNED_IN, json=True)
def enter_by_key(_actor: Actor) -> ResponseReturnValue:
    given = read_key_answer()
    try:
        opened = second_step.by_key(_owed(), given.ceremony, given.answer, browser.caller(), _settings(), at=utcnow())
    except TooManyTries as e:
        return slowed_json(e)
    return _opened_json(opened, given.next)


@second.post("/sign-in/passkey/options", allow=public(PASSKEY), records=CHALLENGE, json=True)
def begin_passkey_entry(_actor: Actor) -> ResponseReturnValue:
    begun = second_step.begin_passkey(browser.caller(), _settings(), at=utcnow())
    return jsonify(ceremony=begun.id, options=begun.options)


@second.post("/sign-in/passkey", allow=public(PASSKEY), records=Action.SIGNED_IN, json=True)
def enter_by_passkey(_actor: Actor) -> ResponseReturnValue:
    given = read_key_answer()
    opened = second_step.by_passkey(given.ceremony, given.answer, browser.caller(), _settings(), at=utcnow())
    return _opened_json(opened, given.next)


def _enter(form: FlaskForm, open_by: Callable[[Owed], Opened]) -> ResponseReturnValue:
    try:
        owed = _owed()
        if not form.validate_on_submit():
            return _page(owed, form)
        try:
            opened = open_by(owed)
        except Invalid as e:
            show_refusal(form, e)
            return make_response(_page(owed, form), 403)
    except second_step.StartAgain as e:
        return _start_again(e)
    except TooManyTries as e:
        answer = make_response(_page(owed, form, trouble=too_many(e)), 429)
        answer.headers["Retry-After"] = str(e.retry_after_s)
        return answer
    answer = make_response(redirect(guard.safe_next(form.next.data)))
    browser.hand_over(answer, opened)
    browser.take_back_pending(answer)
    if isinstance(form, RecoveryCodeForm):
        left = recovery.left(opened.actor.id)
        flash(
            ngettext(
                "That recovery code is used up, and %(num)d is left. Make new ones under My Account, MFA.",
                "That recovery code is used up, and %(num)d are left. Make new ones under My Account, MFA.",
                left,
            )
        )
    return answer


def _page(owed: Owed, form: FlaskForm, *, trouble: str = "") -> str:
    carried = {"next": form.next.data}
    recovering = isinstance(form, RecoveryCodeForm)
    return render_template(
        "mfa/second_step.html",
        code_form=CodeForm(formdata=None, data=carried) if recovering else form,
        recovery_form=form if recovering else RecoveryCodeForm(formdata=None, data=carried),
        recovering=recovering,
        has=queries.factors_of(owed.account),
        carried=carried,
        trouble=trouble,
    )


def _start_again(error: Refused) -> ResponseReturnValue:
    answer = make_response(render_template("mfa/start_again.html", sentence=error.sentence), 403)
    browser.take_back_pending(answer)
    return answer


def _opened_json(opened: Opened, target: str) -> ResponseReturnValue:
    answer = jsonify(next=guard.safe_next(target))
    browser.hand_over(answer, opened)
    browser.take_back_pending(answer)
    return answer
