"""Signing in and out, and My Account."""

from __future__ import annotations

import uuid
from zoneinfo import ZoneInfo

from flask import Response, current_app, flash, g, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext

from core.clock import utcnow
from core.errors import Invalid
from core.settings import Portal, Settings
from webapp import ui
from webapp.access import guard
from webapp.access import sessions as live_sessions
from webapp.access.actor import Actor, Role
from webapp.access.route import Feature, nothing
from webapp.access.rules import public, signed_in
from webapp.access.step_up import StepUp
from webapp.account import actions, address, browser, policy, queries, signing_in, wishes
from webapp.account.forms import AddressForm, InfoForm, LinkForm, NotificationsForm, SignInForm
from webapp.account.mfa import requirement
from webapp.account.mfa.pending import Pending
from webapp.account.throttle import TooManyTries
from webapp.account.words import when_again
from webapp.audit.events import Action
from webapp.ui.refusal import show_refusal

account = Feature("account", __name__)

OPEN = "somebody who signs in is not signed in yet"
OWN = "one's own account, no client's content"


def _settings() -> Settings:
    settings: Settings = current_app.extensions["wellhouse.settings"]
    return settings


def _limits() -> Portal:
    return _settings().portal


@account.get("/sign-in", allow=public(OPEN), records=nothing("an empty form"), activity=False)
def sign_in(actor: Actor) -> ResponseReturnValue:
    target = guard.safe_next(request.args.get("next"))
    if actor.is_authenticated:
        return redirect(target)
    return _sign_in_page(SignInForm(formdata=None, data={"next": target}))


@account.post("/sign-in", allow=public(OPEN), records=(Action.SIGNED_IN, Action.SECOND_FACTOR_ASKED))
def enter(_actor: Actor) -> ResponseReturnValue:
    form = SignInForm()
    if not form.validate_on_submit():
        return _sign_in_page(form)
    try:
        opened = signing_in.sign_in(form.email.data, form.password.data, browser.caller(), _limits(), at=utcnow())
    except TooManyTries as e:
        page = _sign_in_page(form, _wait_sentence(e), status=429)
        page.headers["Retry-After"] = str(e.retry_after_s)
        return page
    if opened is None:
        sentence = gettext("This e-mail address and password do not belong together. Please try again.")
        # 403 rather than 200: browsers then do not offer to keep a wrong password.
        return _sign_in_page(form, sentence, status=403)
    target = guard.safe_next(form.next.data)
    if isinstance(opened, Pending):
        answer = make_response(redirect(url_for("second_step.second_step_page", next=target)))
        browser.hand_over_pending(answer, opened)
        return answer
    answer = make_response(redirect(target))
    browser.hand_over(answer, opened)
    asked_from = requirement.is_coming(opened.actor.id, opened.actor.roles)
    if asked_from is not None and not opened.actor.owes_factor:
        day = format_date(asked_from.astimezone(ZoneInfo(opened.actor.time_zone)), "long")
        flash(gettext("From %(day)s on you need a second factor. Add one under My Account, MFA.", day=day))
    return answer


@account.post("/sign-out", allow=signed_in, records=Action.SIGNED_OUT, while_owing=True)
def sign_out(actor: Actor) -> ResponseReturnValue:
    signing_in.sign_out(actor, g.session.id, at=utcnow())
    answer = make_response(redirect(url_for("account.sign_in")))
    browser.take_back(answer)
    flash(gettext("You are signed out."))
    return answer


@account.get("/account/role/admin", allow=policy.has_admin_role, records=nothing(OWN), step_up=StepUp.CONFIRM)
def switch_to_admin(actor: Actor) -> ResponseReturnValue:
    """Where the menu leads, and an admin who had to sign in again: it asks for the proof that switching demands."""
    target = guard.safe_next(request.args.get("next"))
    if actor.role is Role.ADMIN:
        return redirect(target)
    return render_template("account/to_admin.html", target=target)


@account.post("/account/role/admin", allow=policy.may_be_admin, records=Action.ROLE_SWITCHED, step_up=StepUp.CONFIRM)
def become_admin(actor: Actor) -> ResponseReturnValue:
    return _switch(actor, Role.ADMIN, guard.safe_next(request.form.get("next")))


@account.post("/account/role/<role>", allow=policy.other_role, records=Action.ROLE_SWITCHED, while_owing=True)
def switch_role(actor: Actor, role: Role) -> ResponseReturnValue:
    return _switch(actor, role)


def _switch(actor: Actor, role: Role, target: str = "/") -> ResponseReturnValue:
    token = signing_in.switch_role(actor, g.session.id, role, at=utcnow())
    answer = make_response(redirect(target))
    browser.hand_over_session(answer, token, role)
    return answer


@account.get("/account", allow=signed_in, records=nothing(OWN))
def info(actor: Actor) -> ResponseReturnValue:
    return _info_page(InfoForm(formdata=None, obj=queries.my_info(actor)), actor)


@account.post("/account", allow=signed_in, records=Action.PREFERENCES_SAVED)
def save_info(actor: Actor) -> ResponseReturnValue:
    form = InfoForm()
    if not form.validate_on_submit():
        return _info_page(form, actor)
    try:
        actions.save_preferences(
            actor,
            name=form.name.data,
            time_zone=form.time_zone.data,
            locale=form.locale.data,
            theme=form.theme.data or "",
            languages=ui.LANGUAGES,
        )
    except Invalid as e:
        show_refusal(form, e)
        return _info_page(form, actor)
    flash(gettext("Saved."))
    return redirect(url_for("account.info"))


@account.get("/account/email", allow=signed_in, records=nothing(OWN), step_up=StepUp.PASSWORD_TOO)
def email(actor: Actor) -> ResponseReturnValue:
    return _email_page(actor, AddressForm(formdata=None))


@account.post(
    "/account/email",
    allow=signed_in,
    records=(Action.ADDRESS_CHANGED, Action.ADDRESS_CHANGE_ASKED),
    step_up=StepUp.PASSWORD_TOO,
)
def save_email(actor: Actor) -> ResponseReturnValue:
    form = AddressForm()
    if not form.validate_on_submit():
        return _email_page(actor, form)
    try:
        done = address.change(actor, form.email.data, _settings(), at=utcnow())
    except Invalid as e:
        show_refusal(form, e)
        return _email_page(actor, form)
    if done:
        flash(gettext("You sign in with the new address from now on."))
    else:
        flash(gettext("A mail is on its way to the new address. Open its link in this browser within an hour."))
    return redirect(url_for("account.info"))


@account.get("/account/address", allow=signed_in, records=nothing(OWN))
def prove_address(actor: Actor) -> ResponseReturnValue:
    token = request.args.get("link", "")
    link = address.own_link(actor, token, at=utcnow())
    form = LinkForm(formdata=None, data={"link": token})
    return render_template("account/prove_address.html", form=form, new_email=link.new_email)


@account.post("/account/address", allow=signed_in, records=Action.ADDRESS_CHANGED)
def save_address(actor: Actor) -> ResponseReturnValue:
    at = utcnow()
    address.prove(actor, address.own_link(actor, LinkForm().link.data or "", at=at), _settings(), at=at)
    flash(gettext("You sign in with the new address from now on."))
    return redirect(url_for("account.info"))


@account.get("/account/notifications", allow=signed_in, records=nothing(OWN))
def notifications(actor: Actor) -> ResponseReturnValue:
    wanted = wishes.wanted_by(actor.id)
    form = NotificationsForm(formdata=None, data=dict.fromkeys(wanted, True))
    return render_template(
        "account/notifications.html",
        form=form,
        me=queries.my_info(actor),
        kinds=wishes.kinds_of(actor.id),
        has_mail=bool(_settings().mail.host),
        staff=bool(actor.roles & {Role.PROVIDER, Role.ADMIN}),
        admin=Role.ADMIN in actor.roles,
    )


@account.post("/account/notifications", allow=signed_in, records=Action.PREFERENCES_SAVED)
def save_notifications(actor: Actor) -> ResponseReturnValue:
    form = NotificationsForm()
    wishes.save(actor, {kind for kind in wishes.kinds_of(actor.id) if form[kind.value].data})
    flash(gettext("Saved."))
    return redirect(url_for("account.notifications"))


@account.get("/account/idle", allow=signed_in, records=nothing(OWN), activity=False, json=True, while_owing=True)
def idle(_actor: Actor) -> ResponseReturnValue:
    """How long one stays signed in without doing anything. Asking is no sign of somebody being there."""
    return _remaining()


@account.post(
    "/account/still-here",
    allow=signed_in,
    records=nothing("somebody pressed or typed: the guard has noted when"),
    json=True,
    while_owing=True,
)
def still_here(_actor: Actor) -> ResponseReturnValue:
    return _remaining()


@account.get("/account/sessions", allow=signed_in, records=nothing(OWN))
def sessions(actor: Actor) -> ResponseReturnValue:
    places = queries.my_sessions(actor, _limits(), at=utcnow())
    return render_template("account/sessions.html", places=places)


@account.post("/account/sessions/<uuid:session_id>/end", allow=policy.own_session, records=Action.SESSION_ENDED)
def end_session(actor: Actor, session_id: uuid.UUID) -> ResponseReturnValue:
    signing_in.end_session(actor, session_id, at=utcnow())
    flash(gettext("That browser is signed out."))
    return redirect(url_for("account.sessions"))


def _remaining() -> ResponseReturnValue:
    left = live_sessions.remaining(g.session, _limits(), at=utcnow())
    return jsonify(left_s=left.left_s, can_stay=left.can_stay)


def _email_page(actor: Actor, form: AddressForm) -> str:
    has_mail = bool(_settings().mail.host)
    return render_template("account/email.html", form=form, me=queries.my_info(actor), has_mail=has_mail)


def _sign_in_page(form: SignInForm, trouble: str = "", *, status: int = 200) -> Response:
    return make_response(render_template("account/sign_in.html", form=form, trouble=trouble), status)


def _info_page(form: InfoForm, actor: Actor) -> str:
    others = policy.other_roles(actor)
    return render_template("account/info.html", form=form, me=queries.my_info(actor), others=others)


def _wait_sentence(error: TooManyTries) -> str:
    return gettext(
        "There were too many tries. Please try again %(when)s. A browser in which you have signed in before can "
        "still sign in.",
        when=when_again(error),
    )
