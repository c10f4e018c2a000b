"""Who acts for a client: the care team's pages, the invitation, and for whom one sees one's lists."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import current_app, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from core.clock import utcnow
from core.errors import Conflict, Invalid
from core.settings import Settings
from webapp.access.actor import Actor
from webapp.access.route import Feature
from webapp.access.rules import by_role, public
from webapp.access.table import Act, Resource
from webapp.account import browser
from webapp.audit.events import Action
from webapp.clients import families, family_invitations, policy
from webapp.clients.families import ReadMember
from webapp.clients.family_invitations import FamilyLink
from webapp.clients.forms import FamilyForm, FamilyTermsForm, PasswordForm
from webapp.clients.policy import ReadClient
from webapp.practice import queries as practice
from webapp.ui.refusal import show_refusal

family = Feature("family", __name__)

_AT = "/clients/<uuid:client_id>/family"
_ONE = f"{_AT}/<uuid:member_id>"

add_rule = policy.of_client(Resource.FAMILY, Act.CREATE)
change_rule = families.of_member(Act.UPDATE)


@family.get(f"{_AT}/new", allow=add_rule, records=Action.CLIENT_VIEWED)
def new(_actor: Actor, read: ReadClient) -> ResponseReturnValue:
    return _new_page(FamilyForm(formdata=None, joins_visits=True), read)


@family.post(f"{_AT}/new", allow=add_rule, records=Action.FAMILY_ADDED)
def add(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    form = FamilyForm()
    if not form.validate():
        return _new_page(form, read)
    try:
        link = families.add(
            actor,
            read.audit_client,
            _settings(),
            name=form.name.data,
            email=form.email.data,
            terms=form.terms(_zone()),
            at=utcnow(),
        )
    except (Invalid, Conflict) as e:
        show_refusal(form, e)
        return _new_page(form, read)
    return _invited(read, form.name.data, form.email.data, link)


@family.get(_ONE, allow=change_rule, records=Action.CLIENT_VIEWED)
def edit(_actor: Actor, loaded: ReadMember) -> ResponseReturnValue:
    member = loaded.member
    last = member.ends_at.astimezone(_zone()) - timedelta(microseconds=1) if member.ends_at else None
    form = FamilyTermsForm(
        formdata=None,
        relation=member.relation.value,
        joins_visits=member.joins_visits,
        last_day=last.date() if last else None,
    )
    return _edit_page(form, loaded)


@family.post(_ONE, allow=change_rule, records=Action.FAMILY_CHANGED)
def save(actor: Actor, loaded: ReadMember) -> ResponseReturnValue:
    form = FamilyTermsForm()
    if not form.validate():
        return _edit_page(form, loaded)
    try:
        families.change(actor, loaded, form.terms(_zone()), at=utcnow())
    except Invalid as e:
        show_refusal(form, e)
        return _edit_page(form, loaded)
    flash(gettext("Saved. It holds from now on."))
    return redirect(url_for("clients.info", client_id=loaded.audit_client))


@family.post(f"{_ONE}/end", allow=families.of_member(Act.END), records=Action.FAMILY_ENDED)
def end(actor: Actor, loaded: ReadMember) -> ResponseReturnValue:
    families.end(actor, loaded, at=utcnow())
    words = {"name": loaded.member.name, "client": loaded.read.client.name}
    flash(gettext("%(name)s no longer acts for %(client)s.", **words))
    return redirect(url_for("clients.info", client_id=loaded.audit_client))


@family.post(f"{_ONE}/invite", allow=change_rule, records=Action.FAMILY_INVITED)
def invite(actor: Actor, loaded: ReadMember) -> ResponseReturnValue:
    link = families.invite_again(actor, loaded, _settings(), at=utcnow())
    return _invited(loaded.read, loaded.member.name, loaded.member.email, link)


@family.post(
    "/family/for/<uuid:client_id>",
    allow=policy.of_client(Resource.FAMILY, Act.CHOOSE),
    records=Action.FAMILY_CHOSEN,
)
def choose(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    families.choose(actor, read.audit_client)
    return redirect("/")


@family.post("/family/for-everybody", allow=by_role(Resource.FAMILY, Act.CHOOSE), records=Action.FAMILY_CHOSEN)
def choose_everybody(actor: Actor) -> ResponseReturnValue:
    families.choose(actor, None)
    return redirect("/")


def _load_invitation(_actor: Actor, token: str) -> FamilyLink | None:
    return family_invitations.open_link(token, at=utcnow())


invited = public("opened from a mail before there is an account; the token is the key", load=_load_invitation)


@family.get("/family-invitation/<token>", allow=invited, records=Action.FAMILY_INVITATION_OPENED)
def invitation(_actor: Actor, link: FamilyLink | None) -> ResponseReturnValue:
    return _gone() if link is None else _invitation_page(PasswordForm(), link)


@family.post("/family-invitation/<token>", allow=invited, records=Action.FAMILY_JOINED)
def accept(_actor: Actor, link: FamilyLink | None) -> ResponseReturnValue:
    if link is None:
        return _gone()
    form = PasswordForm()
    if form.validate():
        try:
            session = family_invitations.accept(link, form.password.data, _settings(), browser.caller(), at=utcnow())
        except Invalid as e:
            show_refusal(form, e)
        else:
            response = make_response(redirect("/"))
            browser.hand_over(response, session)
            return response
    return _invitation_page(form, link)


def _new_page(form: FamilyForm, read: ReadClient) -> str:
    return render_template("clients/family_new.html", form=form, read=read)


def _edit_page(form: FamilyTermsForm, loaded: ReadMember) -> str:
    return render_template("clients/family_edit.html", form=form, read=loaded.read, member=loaded.member)


def _invitation_page(form: PasswordForm, link: FamilyLink) -> str:
    return render_template("clients/family_invitation.html", form=form, member=link.member)


def _invited(read: ReadClient, name: str, email: str, link: str) -> ResponseReturnValue:
    if link and not _settings().mail.host:
        # The link is in this one answer and nowhere else: only its hash is kept.
        return render_template("clients/family_invited.html", read=read, name=name, link=link)
    told = gettext("The invitation is on its way to %(email)s.", email=email)
    here = gettext("%(name)s can sign in already, and acts for %(client)s now.", name=name, client=read.client.name)
    flash(told if link else here)
    return redirect(url_for("clients.info", client_id=read.client.id))


def _gone() -> ResponseReturnValue:
    # One page for used, expired and invented links: a stranger learns nothing.
    return render_template("clients/gone.html"), 404


def _zone() -> ZoneInfo:
    return ZoneInfo(practice.current().time_zone)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["wellhouse.settings"]
    return settings
