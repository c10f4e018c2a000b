"""Registering as a client, where the practice allows it, and the staff's answer."""

from __future__ import annotations

from flask import Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, lazy_gettext

from core.clock import utcnow
from core.errors import Conflict, Invalid, NotFound
from core.settings import Settings
from webapp.access.actor import Actor, Role
from webapp.access.route import Feature, nothing
from webapp.access.rules import ABSENT, by_role, public
from webapp.access.table import Act, Resource
from webapp.account import browser
from webapp.account.throttle import TooManyTries
from webapp.account.words import too_many
from webapp.audit.events import Action
from webapp.clients import queries, registering, registrations
from webapp.clients.registering import Newcomer
from webapp.clients.registration_forms import ApproveForm, ProveForm, RegisterForm
from webapp.clients.registrations import ReadRegistration
from webapp.ui.refusal import show_refusal

registration = Feature("registration", __name__)

NEWCOMER = "whoever asks to become a client has no account yet"
LINK = "the link's token is what proves the address"

see_rule = by_role(Resource.REGISTRATION, Act.READ)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["wellhouse.settings"]
    return settings


def _refuse_if_closed() -> None:
    if not registering.is_open(_settings()):
        raise NotFound(ABSENT)


@registration.get("/register", allow=public(NEWCOMER), records=nothing("an empty form"), activity=False)
def register(_actor: Actor) -> ResponseReturnValue:
    _refuse_if_closed()
    return _register_page(RegisterForm(formdata=None))


@registration.post("/register", allow=public(NEWCOMER), records=Action.REGISTRATION_ASKED)
def ask(_actor: Actor) -> ResponseReturnValue:
    _refuse_if_closed()
    form, at = RegisterForm(), utcnow()
    if not form.validate_on_submit():
        return _register_page(form)
    try:
        if form.company.data:
            registering.pretend(form.email.data, browser.caller(), at=at)
        else:
            registering.ask(_newcomer(form), browser.caller(), _settings(), at=at)
    except TooManyTries as e:
        answer = make_response(_register_page(form, trouble=too_many(e)), 429)
        answer.headers["Retry-After"] = str(e.retry_after_s)
        return answer
    return render_template("clients/register_sent.html")


@registration.get("/register/prove", allow=public(LINK), records=nothing("a button"), activity=False)
def prove(_actor: Actor) -> ResponseReturnValue:
    token = request.args.get("link", "")
    if registering.find(token, at=utcnow()) is None:
        return _gone()
    return render_template("clients/register_prove.html", form=ProveForm(formdata=None, data={"link": token}))


@registration.post("/register/prove", allow=public(LINK), records=Action.REGISTRATION_PROVED)
def save_proof(_actor: Actor) -> ResponseReturnValue:
    at = utcnow()
    found = registering.find(ProveForm().link.data or "", at=at)
    if found is None:
        return _gone()
    registering.prove(found, browser.caller(), at=at)
    return redirect(url_for("registration.proved"))


@registration.get("/register/done", allow=public(NEWCOMER), records=nothing("a sentence of thanks"), activity=False)
def proved(_actor: Actor) -> ResponseReturnValue:
    return render_template("clients/register_proved.html")


@registration.get("/clients/registrations", allow=see_rule, records=Action.REGISTRATIONS_VIEWED)
def index(actor: Actor) -> ResponseReturnValue:
    return render_template("clients/registrations.html", asking=registrations.waiting(actor))


@registration.get(
    "/clients/registrations/<uuid:registration_id>",
    allow=registrations.of_registration(Act.READ),
    records=Action.REGISTRATIONS_VIEWED,
)
def show(actor: Actor, found: ReadRegistration) -> ResponseReturnValue:
    return _decide_page(actor, found, _approve_form(actor, found, empty=True))


@registration.post(
    "/clients/registrations/<uuid:registration_id>/approve",
    allow=registrations.of_registration(Act.DECIDE),
    records=Action.REGISTRATION_APPROVED,
)
def approve(actor: Actor, found: ReadRegistration) -> ResponseReturnValue:
    form = _approve_form(actor, found)
    if not form.validate_on_submit():
        return _decide_page(actor, found, form)
    same_as = form.chosen_client
    try:
        link = registrations.approve(
            actor,
            found,
            _settings(),
            carer=None if same_as else form.chosen_provider,
            same_as=same_as,
            at=utcnow(),
        )
    except (Invalid, Conflict) as e:
        show_refusal(form, e)
        return _decide_page(actor, found, form), 409
    if not _settings().mail.host:
        return render_template("clients/registration_link.html", name=found.row.name, link=link)
    flash(gettext("%(name)s is a client now. The invitation is on its way.", name=found.row.name))
    return redirect(url_for("registration.index"))


@registration.post(
    "/clients/registrations/<uuid:registration_id>/decline",
    allow=registrations.of_registration(Act.DECIDE),
    records=Action.REGISTRATION_DECLINED,
)
def decline(actor: Actor, found: ReadRegistration) -> ResponseReturnValue:
    registrations.decline(actor, found, _settings(), at=utcnow())
    flash(gettext("The request is declined."))
    return redirect(url_for("registration.index"))


def _newcomer(form: RegisterForm) -> Newcomer:
    locale = get_locale()
    return Newcomer(form.name.data, form.email.data, form.phone.data, locale.language if locale else "en")


def _approve_form(actor: Actor, found: ReadRegistration, *, empty: bool = False) -> ApproveForm:
    form = ApproveForm(formdata=None) if empty else ApproveForm()
    mine = [each for each in registrations.namesakes(actor, found) if each.mine]
    known = [(str(each.face.id), each.face.name) for each in mine]
    form.same_as.choices = [*known, ("", lazy_gettext("Somebody new"))]
    nobody_yet = [] if actor.role is Role.PROVIDER else [("", lazy_gettext("Choose a provider"))]
    form.provider.choices = [*nobody_yet, *((str(face.id), face.name) for face in queries.colleagues(actor))]
    form.provider.flags.required = True
    if empty:
        form.same_as.data = known[0][0] if known else ""
        form.provider.data = str(actor.id) if actor.role is Role.PROVIDER else ""
    return form


def _decide_page(actor: Actor, found: ReadRegistration, form: ApproveForm) -> str:
    return render_template(
        "clients/registration.html",
        asking=registrations.asking(found),
        form=form,
        namesakes=registrations.namesakes(actor, found),
        has_mail=bool(_settings().mail.host),
    )


def _register_page(form: RegisterForm, *, trouble: str = "") -> str:
    return render_template("clients/register.html", form=form, trouble=trouble)


def _gone() -> Response:
    return make_response(render_template("clients/register_gone.html"), 404)
