"""The admin's pages about colleagues."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Response, current_app, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from core.clock import utcnow
from core.errors import Conflict, Invalid, Refused
from core.settings import Settings
from webapp.access.actor import Actor
from webapp.access.route import Feature, nothing
from webapp.access.step_up import StepUp
from webapp.account.colleagues import actions, policy, queries
from webapp.account.colleagues.forms import ClientResetForm, InviteForm, RequirementForm, ResetForm, RolesForm
from webapp.account.colleagues.policy import Colleague
from webapp.account.mfa import requirement
from webapp.audit.events import Action
from webapp.ui.refusal import show_refusal

colleagues = Feature("colleagues", __name__)

STAFF = "names of colleagues, no client's content"
FRESH = StepUp.CONFIRM


def _settings() -> Settings:
    settings: Settings = current_app.extensions["wellhouse.settings"]
    return settings


@colleagues.get("/colleagues", allow=policy.see_all, records=nothing(STAFF))
def index(actor: Actor) -> ResponseReturnValue:
    at = utcnow()
    found = queries.everybody(actor, at=at)
    return render_template("colleagues/list.html", colleagues=found, required=requirement.current())


@colleagues.get("/colleagues/new", allow=policy.invite, records=nothing("an empty form"), step_up=FRESH)
def new(_actor: Actor) -> ResponseReturnValue:
    return _new_page(InviteForm(formdata=None, data={"provider": True}))


@colleagues.post("/colleagues/new", allow=policy.invite, records=Action.COLLEAGUE_INVITED, step_up=FRESH)
def invite(actor: Actor) -> ResponseReturnValue:
    form = InviteForm()
    if not form.validate_on_submit():
        return _new_page(form)
    try:
        link = actions.invite(
            actor,
            email=form.email.data,
            name=form.name.data,
            roles=form.roles,
            settings=_settings(),
            at=utcnow(),
        )
    except (Invalid, Conflict) as e:
        show_refusal(form, e)
        return _new_page(form)
    return _sent(link, form.name.data)


@colleagues.get("/colleagues/mfa", allow=policy.require_mfa, records=nothing(STAFF), step_up=FRESH)
def rule(actor: Actor) -> ResponseReturnValue:
    now = requirement.current()
    first_day = now.from_at.astimezone(ZoneInfo(actor.time_zone)).date() if now.from_at else None
    form = RequirementForm(formdata=None, data={"whom": now.whom, "first_day": first_day})
    return _rule_page(actor, form)


@colleagues.post("/colleagues/mfa", allow=policy.require_mfa, records=Action.MFA_REQUIRED, step_up=FRESH)
def save_rule(actor: Actor) -> ResponseReturnValue:
    form = RequirementForm()
    if not form.validate_on_submit():
        return _rule_page(actor, form)
    try:
        actions.require_mfa(actor, form.whom.data, form.first_day.data, _settings(), at=utcnow())
    except Invalid as e:
        show_refusal(form, e)
        return _rule_page(actor, form)
    flash(gettext("The rule is saved."))
    return redirect(url_for("colleagues.index"))


@colleagues.get("/colleagues/client-reset", allow=policy.reset_clients, records=nothing("an empty form"), step_up=FRESH)
def client_reset(_actor: Actor) -> ResponseReturnValue:
    return _client_reset_page(ClientResetForm(formdata=None))


@colleagues.post("/colleagues/client-reset", allow=policy.reset_clients, records=Action.RESET_STARTED, step_up=FRESH)
def start_client_reset(actor: Actor) -> ResponseReturnValue:
    form = ClientResetForm()
    if not form.validate_on_submit():
        return _client_reset_page(form)
    try:
        link = actions.start_client_reset(
            actor,
            form.email.data,
            note=form.note.data,
            drops_factors=form.factors.data == "go",
            settings=_settings(),
            at=utcnow(),
        )
    except (Invalid, Conflict) as e:
        show_refusal(form, e)
        return _client_reset_page(form)
    return _sent(link, form.email.data)


@colleagues.get("/colleagues/<uuid:account_id>", allow=policy.see, records=nothing(STAFF), step_up=FRESH)
def show(actor: Actor, colleague: Colleague) -> ResponseReturnValue:
    return _page(actor, colleague)


@colleagues.post(
    "/colleagues/<uuid:account_id>/roles",
    allow=policy.change,
    records=Action.COLLEAGUE_ROLES_GIVEN,
    step_up=FRESH,
)
def give_roles(actor: Actor, colleague: Colleague) -> ResponseReturnValue:
    form = RolesForm()
    try:
        actions.give_roles(actor, colleague, form.roles, at=utcnow())
    except (Invalid, Conflict) as e:
        flash(e.sentence, "error")
        return make_response(_page(actor, colleague), 409)
    flash(gettext("The roles are saved."))
    return redirect(url_for("colleagues.show", account_id=colleague.id))


@colleagues.post(
    "/colleagues/<uuid:account_id>/invitation", allow=policy.change, records=Action.COLLEAGUE_INVITED, step_up=FRESH
)
def invite_again(actor: Actor, colleague: Colleague) -> ResponseReturnValue:
    return _sent(actions.invite_again(actor, colleague, _settings(), at=utcnow()), colleague.name)


@colleagues.post(
    "/colleagues/<uuid:account_id>/disable", allow=policy.change, records=Action.ACCOUNT_DISABLED, step_up=FRESH
)
def disable(actor: Actor, colleague: Colleague) -> ResponseReturnValue:
    try:
        actions.disable(actor, colleague, at=utcnow())
    except (Conflict, Refused) as e:
        flash(e.sentence, "error")
        return make_response(_page(actor, colleague), 409)
    flash(gettext("%(name)s is disabled and signed out everywhere.", name=colleague.name))
    return redirect(url_for("colleagues.index"))


@colleagues.post(
    "/colleagues/<uuid:account_id>/enable", allow=policy.change, records=Action.ACCOUNT_ENABLED, step_up=FRESH
)
def enable(actor: Actor, colleague: Colleague) -> ResponseReturnValue:
    actions.enable(actor, colleague)
    flash(gettext("%(name)s can sign in again.", name=colleague.name))
    return redirect(url_for("colleagues.show", account_id=colleague.id))


@colleagues.get(
    "/colleagues/<uuid:account_id>/reset", allow=policy.change, records=nothing("an empty form"), step_up=FRESH
)
def reset(_actor: Actor, colleague: Colleague) -> ResponseReturnValue:
    return _reset_page(colleague, ResetForm(formdata=None))


@colleagues.post(
    "/colleagues/<uuid:account_id>/reset", allow=policy.change, records=Action.RESET_STARTED, step_up=FRESH
)
def start_reset(actor: Actor, colleague: Colleague) -> ResponseReturnValue:
    form = ResetForm()
    if not form.validate_on_submit():
        return _reset_page(colleague, form)
    try:
        link = actions.start_reset(
            actor,
            colleague,
            note=form.note.data,
            drops_factors=form.factors.data == "go",
            settings=_settings(),
            at=utcnow(),
        )
    except (Invalid, Conflict) as e:
        show_refusal(form, e)
        return _reset_page(colleague, form)
    return _sent(link, colleague.name)


@colleagues.post(
    "/colleagues/<uuid:account_id>/reset/stop", allow=policy.change, records=Action.RESET_STOPPED, step_up=FRESH
)
def stop_reset(actor: Actor, colleague: Colleague) -> ResponseReturnValue:
    actions.stop_reset(actor, colleague, at=utcnow())
    flash(gettext("The reset is stopped. Its link works no more."))
    return redirect(url_for("colleagues.show", account_id=colleague.id))


def _new_page(form: InviteForm) -> str:
    return render_template("colleagues/new.html", form=form, has_mail=bool(_settings().mail.host))


def _page(actor: Actor, colleague: Colleague) -> str:
    shown = queries.one(actor, colleague, at=utcnow())
    ticked = {role.value: True for role in shown.colleague.roles}
    return render_template(
        "colleagues/one.html", shown=shown, one=shown.colleague, form=RolesForm(formdata=None, data=ticked)
    )


def _reset_page(colleague: Colleague, form: ResetForm) -> str:
    return render_template(
        "colleagues/reset.html",
        form=form,
        name=colleague.name,
        account_id=colleague.id,
        waits=queries.waits_for_a_day(colleague, at=utcnow()),
        has_mail=bool(_settings().mail.host),
    )


def _client_reset_page(form: ClientResetForm) -> str:
    return render_template("colleagues/client_reset.html", form=form, has_mail=bool(_settings().mail.host))


def _rule_page(actor: Actor, form: RequirementForm) -> str:
    return render_template(
        "colleagues/rule.html", form=form, coverage=queries.coverage(actor, at=utcnow()), may=actions.may_require(actor)
    )


def _sent(link: str | None, name: str) -> ResponseReturnValue:
    if link is None:
        flash(gettext("A mail with a link is on its way to %(name)s.", name=name))
        return redirect(url_for("colleagues.index"))
    return Response(render_template("colleagues/link.html", link=link, name=name), 201)
