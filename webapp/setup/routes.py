"""The pages of the first run: the first admin, the practice, mail, second factors, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from core.clock import utcnow
from core.errors import Conflict, Invalid, NotFound
from core.settings import Settings
from webapp.access.actor import Actor
from webapp.access.route import Feature, nothing
from webapp.access.rules import by_role, public
from webapp.access.step_up import StepUp
from webapp.access.table import Act, Resource
from webapp.account import browser
from webapp.account.colleagues import policy
from webapp.account.mfa import requirement
from webapp.account.mfa.queries import factors_of
from webapp.account.passwords import LENGTH_MIN_ADMIN
from webapp.audit.events import Action
from webapp.outbox.trial import Tried
from webapp.practice import queries as practice
from webapp.setup import actions, link, queries
from webapp.setup.forms import AdminForm, FactorsForm, PracticeForm
from webapp.ui.refusal import show_refusal

setup = Feature("setup", __name__)

OPEN = "nobody has an account yet; the link's token is what opens it"


@dataclass(frozen=True)
class Step:
    """A line beside the page. *state* is done, here or ahead."""

    title: str
    more: str
    state: str


@setup.get("/setup", allow=public(OPEN), records=nothing("an empty form"), activity=False)
def start(_actor: Actor) -> ResponseReturnValue:
    token = request.args.get("link", "")
    try:
        link.find(token, at=utcnow())
    except NotFound:
        return _closed_page()
    return _admin_page(AdminForm(formdata=None, data={"link": token}))


@setup.post("/setup", allow=public(OPEN), records=Action.ACCOUNT_CREATED)
def make_admin(actor: Actor) -> ResponseReturnValue:
    form = AdminForm()
    at = utcnow()
    try:
        link_id = link.find(form.link.data or "", at=at)
    except NotFound:
        return _closed_page()
    if not form.validate_on_submit():
        return _admin_page(form)
    try:
        opened = actions.make_first_admin(
            actor,
            link_id,
            name=form.name.data,
            email=form.email.data,
            password=form.password.data,
            caller=browser.caller(),
            limits=current_app.extensions["wellhouse.settings"].portal,
            at=at,
        )
    except (Invalid, Conflict) as e:
        show_refusal(form, e)
        return _admin_page(form)
    answer = make_response(redirect(url_for("setup.practice_step")))
    browser.hand_over(answer, opened)
    return answer


@setup.get(
    "/setup/practice", allow=by_role(Resource.PRACTICE, Act.READ), records=nothing("what the practice says in public")
)
def practice_step(_actor: Actor) -> ResponseReturnValue:
    info = practice.current()
    return _practice_page(PracticeForm(formdata=None, obj=info if info.is_set_up else None))


@setup.post("/setup/practice", allow=by_role(Resource.PRACTICE, Act.UPDATE), records=Action.SETUP_FINISHED)
def save_practice(actor: Actor) -> ResponseReturnValue:
    form = PracticeForm()
    if not form.validate_on_submit():
        return _practice_page(form)
    try:
        actions.finish(
            actor, name=form.name.data, phone=form.phone.data or "", time_zone=form.time_zone.data or "", at=utcnow()
        )
    except Invalid as e:
        show_refusal(form, e)
        return _practice_page(form)
    return redirect(url_for("setup.mail_step"))


@setup.get("/setup/mail", allow=by_role(Resource.PRACTICE, Act.READ), records=nothing("the name of the mail relay"))
def mail_step(actor: Actor) -> ResponseReturnValue:
    return _mail_page(actor, None)


@setup.post("/setup/mail", allow=by_role(Resource.PRACTICE, Act.UPDATE), records=Action.MAIL_TESTED)
def test_mail(actor: Actor) -> ResponseReturnValue:
    return _mail_page(actor, actions.test_mail(actor, _settings(), at=utcnow()))


@setup.get(
    "/setup/second-factors", allow=policy.require_mfa, records=nothing("the practice's rule"), step_up=StepUp.CONFIRM
)
def factors_step(actor: Actor) -> ResponseReturnValue:
    return _factors_page(actor, FactorsForm(formdata=None, data={"whom": requirement.current().whom}))


@setup.post("/setup/second-factors", allow=policy.require_mfa, records=Action.MFA_REQUIRED, step_up=StepUp.CONFIRM)
def save_factors(actor: Actor) -> ResponseReturnValue:
    form = FactorsForm()
    if not form.validate_on_submit():
        return _factors_page(actor, form)
    try:
        actions.require_factors(actor, form.whom.data, _settings(), at=utcnow())
    except Invalid as e:
        show_refusal(form, e)
        return _factors_page(actor, form)
    return redirect(url_for("setup.done"))


@setup.get("/setup/done", allow=by_role(Resource.PRACTICE, Act.READ), records=nothing("only says what to do next"))
def done(_actor: Actor) -> ResponseReturnValue:
    return render_template(
        "setup/done.html",
        steps=_steps(5),
        practice=practice.current(),
        next=queries.next_steps(_settings()),
        trust_page=_trust_page(),
    )


def _closed_page() -> Response:
    return make_response(render_template("setup/closed.html"), 404)


def _admin_page(form: AdminForm) -> str:
    return render_template("setup/admin.html", form=form, steps=_steps(1), shortest=LENGTH_MIN_ADMIN)


def _practice_page(form: PracticeForm) -> str:
    return render_template("setup/practice.html", form=form, steps=_steps(2))


def _mail_page(actor: Actor, tried: Tried | None) -> str:
    mail = _settings().mail
    return render_template("setup/mail.html", steps=_steps(3), mail=mail, to=queries.own_address(actor), tried=tried)


def _factors_page(actor: Actor, form: FactorsForm) -> str:
    return render_template(
        "setup/factors.html", form=form, steps=_steps(4), has_factor=factors_of(actor.id).any, days=actions.GRACE.days
    )


def _settings() -> Settings:
    settings: Settings = current_app.extensions["wellhouse.settings"]
    return settings


def _trust_page() -> str:
    """Where devices learn to trust the box's own authority; empty where the certificate comes from elsewhere."""
    return f"{_settings().origin}/trust/" if _settings().certificates.source == "local" else ""


def _steps(here: int) -> list[Step]:
    titles = (
        (gettext("First admin"), gettext("You, to begin with")),
        (gettext("Your practice"), gettext("Its name and where it is")),
        (gettext("Mail"), gettext("That invitations arrive")),
        (gettext("Second factors"), gettext("Who must have one")),
        (gettext("Ready"), gettext("What to do next")),
    )
    states = ["done" if number < here else "here" if number == here else "ahead" for number in range(1, 6)]
    return [Step(title, more, state) for (title, more), state in zip(titles, states, strict=True)]
