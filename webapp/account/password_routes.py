"""Choosing a password: one's own in My Account, or by a link from a mail, an admin or the console."""

from __future__ import annotations

from flask import Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from core.clock import utcnow
from core.errors import Conflict, Invalid
from core.settings import Settings
from webapp.access.actor import Actor, Role
from webapp.access.route import Feature, nothing
from webapp.access.rules import public, signed_in
from webapp.access.step_up import StepUp
from webapp.account import browser, links, policy, resetting
from webapp.account.forms import ChoosePasswordForm, ForgotForm, NewPasswordForm
from webapp.account.links import OpenLink
from webapp.account.mfa.pending import Pending
from webapp.account.passwords import LENGTH_MIN, LENGTH_MIN_ADMIN
from webapp.account.throttle import TooManyTries
from webapp.account.words import too_many
from webapp.audit.events import Action
from webapp.ui.refusal import show_refusal

password = Feature("password", __name__)

OWN = "one's own account, no client's content"
FORGOT = "somebody who forgot the password cannot sign in"
LINK = "the link's token is what opens it"


def _settings() -> Settings:
    settings: Settings = current_app.extensions["wellhouse.settings"]
    return settings


@password.get("/account/password", allow=signed_in, records=nothing(OWN), step_up=StepUp.PASSWORD_TOO, while_owing=True)
def change(actor: Actor) -> ResponseReturnValue:
    return _change_page(actor, NewPasswordForm(formdata=None))


@password.post(
    "/account/password",
    allow=signed_in,
    records=Action.PASSWORD_CHANGED,
    step_up=StepUp.PASSWORD_TOO,
    while_owing=True,
)
def save_change(actor: Actor) -> ResponseReturnValue:
    form = NewPasswordForm()
    if not form.validate_on_submit():
        return _change_page(actor, form)
    try:
        resetting.change_password(actor, form.password.data, _settings(), at=utcnow())
    except Invalid as e:
        show_refusal(form, e)
        return _change_page(actor, form)
    flash(gettext("Your new password is saved. Other browsers are signed out."))
    return redirect("/" if actor.owes_password else url_for("account.info"))


@password.get("/forgot-password", allow=public(FORGOT), records=nothing("an empty form"), activity=False)
def forgot(_actor: Actor) -> ResponseReturnValue:
    return _forgot_page(ForgotForm(formdata=None))


@password.post("/forgot-password", allow=public(FORGOT), records=Action.PASSWORD_FORGOTTEN)
def ask_for_link(_actor: Actor) -> ResponseReturnValue:
    form, settings = ForgotForm(), _settings()
    if not settings.mail.host or not form.validate_on_submit():
        return _forgot_page(form)
    try:
        resetting.forgot(form.email.data, browser.caller(), settings, at=utcnow())
    except Invalid as e:
        show_refusal(form, e)
        return _forgot_page(form)
    except TooManyTries as e:
        answer = make_response(_forgot_page(form, trouble=too_many(e)), 429)
        answer.headers["Retry-After"] = str(e.retry_after_s)
        return answer
    return render_template("account/link_is_coming.html")


@password.get("/choose-password", allow=public(LINK), records=nothing("an empty form"), activity=False)
def choose(_actor: Actor) -> ResponseReturnValue:
    token = request.args.get("link", "")
    found = links.find(token, resetting.CHOOSING, at=utcnow())
    if not isinstance(found, OpenLink):
        return _closed_page(found)
    return _choose_page(found, ChoosePasswordForm(formdata=None, data={"link": token}))


@password.post("/choose-password", allow=public(LINK), records=(Action.SIGNED_IN, Action.SECOND_FACTOR_ASKED))
def save_choice(_actor: Actor) -> ResponseReturnValue:
    form, at = ChoosePasswordForm(), utcnow()
    found = links.find(form.link.data or "", resetting.CHOOSING, at=at)
    if not isinstance(found, OpenLink):
        return _closed_page(found)
    if not form.validate_on_submit():
        return _choose_page(found, form)
    try:
        opened = resetting.choose(found, form.password.data, browser.caller(), _settings(), at=at)
    except Invalid as e:
        show_refusal(form, e)
        return _choose_page(found, form)
    except Conflict:
        return _closed_page(None)
    if isinstance(opened, Pending):
        answer = make_response(redirect(url_for("second_step.second_step_page")))
        browser.hand_over_pending(answer, opened)
        return answer
    answer = make_response(redirect("/"))
    browser.hand_over(answer, opened)
    flash(gettext("Your password is saved."))
    return answer


def _change_page(actor: Actor, form: NewPasswordForm) -> str:
    return render_template(
        "account/password.html",
        form=form,
        shortest=_shortest(actor.roles),
        owes=actor.owes_password,
        goes_back=bool(policy.other_roles(actor)),
    )


def _forgot_page(form: ForgotForm, *, trouble: str = "") -> str:
    return render_template("account/forgot.html", form=form, trouble=trouble, has_mail=bool(_settings().mail.host))


def _choose_page(link: OpenLink, form: ChoosePasswordForm) -> str:
    return render_template("account/choose_password.html", form=form, link=link, shortest=_shortest(link.roles))


def _closed_page(found: links.ClosedLink | None) -> Response:
    return make_response(render_template("account/link_closed.html", opens_at=found.opens_at if found else None), 404)


def _shortest(roles: frozenset[Role]) -> int:
    return LENGTH_MIN_ADMIN if Role.ADMIN in roles else LENGTH_MIN
