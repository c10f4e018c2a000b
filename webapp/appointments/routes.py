"""Appointments: the lists, one appointment, booking and cancelling."""

from __future__ import annotations

import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from core.clock import utcnow
from core.errors import Conflict, Invalid, NotFound
from core.settings import Settings
from webapp.access.actor import Actor, Role
from webapp.access.route import Feature
from webapp.access.rules import ABSENT, On, by_role
from webapp.access.table import Act, Resource
from webapp.appointments import actions, policy, queries
from webapp.appointments.forms import BookForm, HandOverForm, TimeForm
from webapp.appointments.policy import ReadAppointment
from webapp.audit.events import Action
from webapp.clients import policy as client_policy
from webapp.clients.policy import ReadClient
from webapp.clients.queries import Which, colleagues, list_clients
from webapp.practice import queries as practice
from webapp.ui.frame import Tab
from webapp.ui.refusal import show_refusal

appointments = Feature("appointments", __name__)

book_rule = client_policy.of_client(Resource.APPOINTMENT, Act.CREATE)
move_rule = policy.of_appointment(Resource.APPOINTMENT, Act.UPDATE)
cancel_rule = policy.of_appointment(Resource.APPOINTMENT, Act.CANCEL)

USUAL_MINUTES = 50


@appointments.get(
    "/appointments", allow=by_role(Resource.APPOINTMENT_LIST, Act.READ), records=Action.APPOINTMENTS_LISTED
)
def index(actor: Actor) -> ResponseReturnValue:
    return _list_page(actor, "appointments.index")


@appointments.get("/schedule", allow=by_role(Resource.SCHEDULE, Act.READ), records=Action.SCHEDULE_VIEWED)
def schedule(actor: Actor) -> ResponseReturnValue:
    return _list_page(actor, "appointments.schedule")


def _list_page(actor: Actor, endpoint: str) -> str:
    over = request.args.get("show") == "past"
    page, at = request.args.get("page", 1, type=int), utcnow()
    found = queries.past(actor, page=page, at=at) if over else queries.upcoming(actor, page=page, at=at)
    pills = (
        Tab(gettext("Upcoming"), url_for(endpoint), current=not over),
        Tab(gettext("Past"), url_for(endpoint, show="past"), current=over),
    )
    return render_template("appointments/index.html", found=found, pills=pills, over=over, role=actor.role)


@appointments.get("/appointments/new", allow=by_role(Resource.APPOINTMENT, Act.CREATE), records=Action.CLIENT_LISTED)
def choose_client(actor: Actor) -> ResponseReturnValue:
    search = request.args.get("q", "")
    found = list_clients(actor, Which.MINE, search=search, page=request.args.get("page", 1, type=int))
    return render_template("appointments/choose_client.html", found=found, search=search)


@appointments.get("/clients/<uuid:client_id>/appointments/new", allow=book_rule, records=Action.CLIENT_VIEWED)
def new(_actor: Actor, read: ReadClient) -> ResponseReturnValue:
    now = utcnow().astimezone(_zone())
    full_hour = (now + timedelta(hours=1)).replace(minute=0)
    form = BookForm(formdata=None, day=full_hour.date(), time=full_hour.time(), minutes=USUAL_MINUTES)
    return _book_page(form, read)


@appointments.post("/clients/<uuid:client_id>/appointments/new", allow=book_rule, records=Action.APPOINTMENT_CREATED)
def book(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    form = BookForm()
    if not form.validate():
        return _book_page(form, read)
    try:
        appointment = actions.book(
            actor,
            read.client,
            form.starts_at(_zone()),
            form.minutes.data,
            _settings(),
            reason=form.reason.data,
            at=utcnow(),
        )
    except (Invalid, Conflict) as e:
        show_refusal(form, e)
        return _book_page(form, read)
    flash(gettext("The appointment is booked."))
    return redirect(url_for("appointments.show", appointment_id=appointment))


@appointments.get(
    "/appointments/<uuid:appointment_id>", allow=policy.read_appointment, records=Action.APPOINTMENT_VIEWED
)
def show(actor: Actor, read: ReadAppointment) -> ResponseReturnValue:
    shown = queries.view(actor, read, at=utcnow())
    back = "appointments.schedule" if actor.role is Role.ADMIN else "appointments.index"
    return render_template("appointments/show.html", shown=shown, role=read.role, back=url_for(back))


@appointments.get("/appointments/<uuid:appointment_id>/move", allow=move_rule, records=Action.APPOINTMENT_VIEWED)
def choose_time(actor: Actor, read: ReadAppointment) -> ResponseReturnValue:
    starts = read.appointment.starts_at.astimezone(_zone())
    form = _move_form(
        actor,
        formdata=None,
        day=starts.date(),
        time=starts.time(),
        minutes=read.appointment.minutes,
        provider=str(read.appointment.provider_id),
    )
    return _move_page(form, actor, read)


@appointments.post("/appointments/<uuid:appointment_id>/move", allow=move_rule, records=Action.APPOINTMENT_MOVED)
def move(actor: Actor, read: ReadAppointment) -> ResponseReturnValue:
    form = _move_form(actor)
    if not form.validate():
        return _move_page(form, actor, read)
    try:
        provider = uuid.UUID(form.provider.data) if isinstance(form, HandOverForm) else read.appointment.provider_id
        to = actions.Slot(form.starts_at(_zone()), form.minutes.data, provider)
        actions.move(actor, read, to, _settings(), at=utcnow())
    except (Invalid, Conflict) as e:
        show_refusal(form, e)
        return _move_page(form, actor, read)
    flash(gettext("The appointment is moved, and its people are told."))
    return redirect(url_for("appointments.show", appointment_id=read.appointment.id))


@appointments.post(
    "/appointments/<uuid:appointment_id>/cancel", allow=cancel_rule, records=Action.APPOINTMENT_CANCELLED
)
def cancel(actor: Actor, read: ReadAppointment) -> ResponseReturnValue:
    actions.cancel(actor, read, _settings(), at=utcnow())
    flash(gettext("The appointment is cancelled."))
    return redirect(url_for("appointments.show", appointment_id=read.appointment.id))


def _guest(actor: Actor, appointment_id: uuid.UUID, client_id: uuid.UUID) -> tuple[ReadAppointment, ReadClient]:
    read = policy.of_appointment(Resource.APPOINTMENT, Act.INVITE)(actor, appointment_id)
    if client_id not in {client.id for client in read.clients}:
        raise NotFound(ABSENT)
    return read, client_policy.of_client(Resource.CLIENT_RECORD, Act.INVITE)(actor, client_id)


@appointments.post(
    "/appointments/<uuid:appointment_id>/invite/<uuid:client_id>",
    allow=On(Resource.APPOINTMENT, Act.INVITE, _guest),
    records=Action.CLIENT_INVITED,
)
def invite(actor: Actor, loaded: tuple[ReadAppointment, ReadClient]) -> ResponseReturnValue:
    read, of_client = loaded
    settings = _settings()
    link = actions.invite_to(actor, read, of_client.client.id, settings, at=utcnow())
    if settings.mail.host:
        flash(gettext("The invitation is on its way to %(email)s.", email=of_client.client.email))
        return redirect(url_for("appointments.show", appointment_id=read.appointment.id))
    return render_template("clients/invited.html", read=of_client, link=link)


def _book_page(form: BookForm, read: ReadClient) -> str:
    return render_template("appointments/new.html", form=form, read=read, zone=_zone())


def _move_form(actor: Actor, **values: object) -> TimeForm:
    if actor.role is not Role.ADMIN:
        return TimeForm(**values)
    form = HandOverForm(**values)
    form.provider.choices = [(str(face.id), face.name) for face in colleagues(actor)]
    return form


def _move_page(form: TimeForm, actor: Actor, read: ReadAppointment) -> str:
    line = queries.line_of(actor, read, at=utcnow())
    return render_template("appointments/move.html", form=form, line=line, zone=_zone())


def _zone() -> ZoneInfo:
    return ZoneInfo(practice.current().time_zone)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["wellhouse.settings"]
    return settings
