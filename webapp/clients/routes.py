"""A client's own pages: Info, who cares for them, and the invitation."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from core.clock import utcnow
from core.errors import Conflict, Invalid
from core.settings import Settings
from webapp.access.actor import Actor, Role
from webapp.access.route import Feature, nothing
from webapp.access.rules import by_role, public
from webapp.access.step_up import StepUp
from webapp.access.table import Act, Resource
from webapp.account import browser
from webapp.audit.events import Action
from webapp.clients import actions, break_glass, families, invitations, policy, queries
from webapp.clients.forms import (
    ClientForm,
    ContactForm,
    NewContactForm,
    OwnForm,
    PasswordForm,
    ResetForm,
    language_name,
    relation_name,
)
from webapp.clients.invitations import Opened
from webapp.clients.policy import ReadClient
from webapp.clients.values import ClientValues, Details
from webapp.practice import queries as practice
from webapp.ui.refusal import show_refusal
from webapp.ui.times import calendar_date

clients = Feature("clients", __name__)
clients.add_app_template_filter(relation_name)


@clients.app_template_filter("last_day")
def last_day(ends_at: datetime) -> str:
    """The last day of a right that ends at midnight on the practice's clock."""
    return calendar_date(
        (ends_at.astimezone(ZoneInfo(practice.current().time_zone)) - timedelta(microseconds=1)).date()
    )


create_rule = by_role(Resource.CLIENT_CONTACT, Act.CREATE)
edit_rule = policy.of_client(Resource.CLIENT_CONTACT, Act.UPDATE)
archive_rule = policy.of_client(Resource.CLIENT_CONTACT, Act.ARCHIVE)
invite_rule = policy.of_client(Resource.CLIENT_RECORD, Act.INVITE)
reset_rule = policy.of_client(Resource.CLIENT_SIGN_IN, Act.UPDATE)
team_rule = policy.of_client(Resource.CARE_TEAM, Act.UPDATE)


@clients.get("/clients/new", allow=create_rule, records=nothing("an empty form"))
def new(actor: Actor) -> ResponseReturnValue:
    return render_template("clients/new.html", form=_new_form(actor, time_zone=practice.current().time_zone))


@clients.post("/clients/new", allow=create_rule, records=Action.CLIENT_CREATED)
def create(actor: Actor) -> ResponseReturnValue:
    form = _new_form(actor)
    if not form.validate():
        return render_template("clients/new.html", form=form)
    values = ClientValues(**form.contact())
    details = Details(**form.details()) if isinstance(form, ClientForm) else Details()
    carer = uuid.UUID(form.provider.data) if isinstance(form, NewContactForm) else None
    client_id = actions.add_client(actor, values, details, carer=carer, at=utcnow())
    flash(gettext("%(name)s is on your list now.", name=values.name))
    return redirect(url_for("clients.info", client_id=client_id))


@clients.get("/clients/<uuid:client_id>", allow=policy.read_client, records=Action.CLIENT_VIEWED)
def info(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    return _info_page(actor, read)


@clients.get("/clients/<uuid:client_id>/beside", allow=policy.read_client, records=Action.CLIENT_VIEWED, json=True)
def beside(_actor: Actor, read: ReadClient) -> ResponseReturnValue:
    """The record as a part of another page: it stands beside the visit, and locks there as any page of it does."""
    shown = queries.client_info(read, at=utcnow())
    return render_template("clients/beside.html", read=read, client=shown, language=language_name(shown.language))


@clients.get("/clients/<uuid:client_id>/edit", allow=edit_rule, records=Action.CLIENT_VIEWED)
def edit(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    details = vars(queries.client_details(read)) if _writes_all(read) else {}
    form = _form_for(actor, read)(**vars(queries.client_values(read)), **details)
    return render_template("clients/edit.html", form=form, read=read)


@clients.post("/clients/<uuid:client_id>/edit", allow=edit_rule, records=Action.CLIENT_SAVED)
def save(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    form = _form_for(actor, read)()
    if not form.validate():
        return render_template("clients/edit.html", form=form, read=read)
    values = replace(queries.client_values(read), **form.contact())
    details = replace(queries.client_details(read), **form.details()) if isinstance(form, ClientForm) else None
    actions.save_client(actor, read.client.id, values, details, at=utcnow())
    flash(gettext("Your details are saved.") if actor.role is Role.CLIENT else gettext("The record is saved."))
    return redirect(url_for("clients.info", client_id=read.client.id))


@clients.post("/clients/<uuid:client_id>/archive", allow=archive_rule, records=Action.CLIENT_ARCHIVED)
def archive(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    actions.archive_client(actor, read.client.id, at=utcnow())
    flash(gettext("%(name)s is archived.", name=read.client.name))
    return redirect(url_for("clients.info", client_id=read.client.id))


@clients.post("/clients/<uuid:client_id>/restore", allow=archive_rule, records=Action.CLIENT_RESTORED)
def restore(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    actions.restore_client(actor, read.client.id)
    flash(gettext("%(name)s is back among the current clients.", name=read.client.name))
    return redirect(url_for("clients.info", client_id=read.client.id))


@clients.post("/clients/<uuid:client_id>/care-team", allow=team_rule, records=Action.CARE_TEAM_CHANGED)
def add_colleague(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    try:
        actions.add_to_care_team(actor, read.client.id, _chosen_colleague(), at=utcnow())
    except Invalid as e:
        return _info_page(actor, read, trouble=e.sentence), 400
    return redirect(url_for("clients.info", client_id=read.client.id))


@clients.post("/clients/<uuid:client_id>/care-team/remove", allow=team_rule, records=Action.CARE_TEAM_CHANGED)
def remove_colleague(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    try:
        actions.leave_care_team(actor, read.client.id, _chosen_colleague())
    except (Conflict, Invalid) as e:
        return _info_page(actor, read, trouble=e.sentence), 409
    return redirect(url_for("clients.info", client_id=read.client.id))


@clients.post("/clients/<uuid:client_id>/invite", allow=invite_rule, records=Action.CLIENT_INVITED)
def invite(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    settings: Settings = current_app.extensions["wellhouse.settings"]
    try:
        link = invitations.invite(actor, read.client.id, settings, at=utcnow())
    except (Conflict, Invalid) as e:
        return _info_page(actor, read, trouble=e.sentence), 409
    if settings.mail.host:
        flash(gettext("The invitation is on its way to %(email)s.", email=read.client.email))
        return redirect(url_for("clients.info", client_id=read.client.id))
    # The link is in this one answer and nowhere else: only its hash is kept.
    return render_template("clients/invited.html", read=read, link=link, back=None)


@clients.get("/clients/<uuid:client_id>/reset", allow=reset_rule, records=Action.CLIENT_VIEWED, step_up=StepUp.CONFIRM)
def reset(_actor: Actor, read: ReadClient) -> ResponseReturnValue:
    return _reset_page(read, ResetForm(formdata=None))


@clients.post("/clients/<uuid:client_id>/reset", allow=reset_rule, records=Action.RESET_STARTED, step_up=StepUp.CONFIRM)
def start_reset(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    form = ResetForm()
    if not form.validate_on_submit():
        return _reset_page(read, form)
    settings: Settings = current_app.extensions["wellhouse.settings"]
    drops = form.factors.data == "go"
    try:
        link = invitations.start_reset(
            actor, read.client.id, settings, note=form.note.data, drops_factors=drops, at=utcnow()
        )
    except (Invalid, Conflict) as e:
        show_refusal(form, e)
        return _reset_page(read, form), 409
    if link is not None:
        return render_template("clients/reset_link.html", read=read, link=link)
    flash(gettext("A mail with a link is on its way to %(name)s.", name=read.client.name))
    return redirect(url_for("clients.info", client_id=read.client.id))


def _reset_page(read: ReadClient, form: ResetForm) -> str:
    has_mail = bool(current_app.extensions["wellhouse.settings"].mail.host)
    return render_template("clients/reset.html", read=read, form=form, has_mail=has_mail)


def _load_invitation(_actor: Actor, token: str) -> Opened | None:
    return invitations.open_link(token, at=utcnow())


invited = public("opened from a mail before there is an account; the token is the key", load=_load_invitation)


@clients.get("/invitation/<token>", allow=invited, records=Action.INVITATION_OPENED)
def invitation(_actor: Actor, opened: Opened | None) -> ResponseReturnValue:
    return _gone() if opened is None else render_template("clients/invitation.html", form=PasswordForm(), opened=opened)


@clients.post("/invitation/<token>", allow=invited, records=Action.INVITATION_ACCEPTED)
def accept(_actor: Actor, opened: Opened | None) -> ResponseReturnValue:
    if opened is None:
        return _gone()
    form = PasswordForm()
    if form.validate():
        try:
            settings = current_app.extensions["wellhouse.settings"]
            accepted = invitations.accept(opened, form.password.data, settings, browser.caller(), at=utcnow())
        except Invalid as e:
            show_refusal(form, e)
        else:
            target = f"/appointments/{accepted.appointment}/visit" if accepted.appointment else "/"
            response = make_response(redirect(target))
            browser.hand_over(response, accepted.session)
            return response
    return render_template("clients/invitation.html", form=form, opened=opened)


def _info_page(actor: Actor, read: ReadClient, *, trouble: str = "") -> str:
    at = utcnow()
    shown = queries.client_info(read, at=at)
    on_team = {face.id for face in shown.team}
    others = [face for face in queries.colleagues(actor) if face.id not in on_team]
    return render_template(
        "clients/info.html",
        read=read,
        client=shown,
        language=language_name(shown.language),
        colleagues=others,
        own=actor.role is Role.CLIENT,
        family=families.listed(read.audit_client, at=at) if read.full else (),
        emergencies=break_glass.told_on_profile(read.audit_client, at=at) if read.cares else (),
        cares=read.cares,
        edits=read.may(Resource.CLIENT_CONTACT, Act.UPDATE) and not (actor.role is Role.CLIENT and shown.archived),
        resets=read.may(Resource.CLIENT_SIGN_IN, Act.UPDATE),
        archives=read.may(Resource.CLIENT_CONTACT, Act.ARCHIVE),
        may_break_glass=read.may(Resource.BREAK_GLASS, Act.CREATE),
        trouble=trouble,
    )


def _new_form(actor: Actor, **values: str) -> ContactForm:
    """What a new client is written down with: by a provider everything, by an admin how to reach them."""
    if actor.role is not Role.ADMIN:
        return ClientForm(**values)
    form = NewContactForm(**values)
    form.provider.choices = [(str(face.id), face.name) for face in queries.colleagues(actor)]
    return form


def _writes_all(read: ReadClient) -> bool:
    return read.may(Resource.CLIENT_RECORD, Act.UPDATE)


def _form_for(actor: Actor, read: ReadClient) -> type[ContactForm]:
    if not _writes_all(read):
        return ContactForm
    return OwnForm if actor.role is Role.CLIENT else ClientForm


def _chosen_colleague() -> uuid.UUID:
    try:
        return uuid.UUID(request.form.get("provider", ""))
    except ValueError as e:
        raise Invalid(gettext("Choose a colleague from the list."), field="provider") from e


def _gone() -> ResponseReturnValue:
    # One page for used, expired and invented links: a stranger learns nothing.
    return render_template("clients/gone.html"), 404
