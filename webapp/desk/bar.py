"""For whom a page is written, and what its bar holds. ``webapp.ui`` asks once for each page."""

from __future__ import annotations

from typing import cast
from zoneinfo import ZoneInfo

from babel.lists import format_list
from flask import current_app, g, request, url_for
from flask_babel import get_locale, gettext

from core.clock import utcnow
from webapp.access import sessions
from webapp.access.actor import Actor, Role, anonymous
from webapp.access.step_up import StepUp, is_fresh
from webapp.account.policy import other_roles
from webapp.appointments.visit.queries import WaitingPerson, waiting_for
from webapp.clients import registering
from webapp.clients.families import ForWhom, for_whom
from webapp.clients.models import Client
from webapp.practice import queries as practice
from webapp.ui import frame
from webapp.ui.frame import Bar, Face, MenuItem, Reader, Tab, Theme, Waiting

_BARS = {Role.PROVIDER: frame.Role.PROVIDER, Role.ADMIN: frame.Role.ADMIN, Role.CLIENT: frame.Role.CLIENT}


def reader() -> Reader:
    """The reader's zone, language and theme; strangers read times as the practice writes them."""
    actor = _actor()
    if not actor.is_authenticated:
        return Reader(zone=ZoneInfo(practice.current().time_zone))
    theme = Theme(actor.theme) if actor.theme else Theme.SYSTEM
    return Reader(zone=ZoneInfo(actor.time_zone), locale=actor.locale, theme=theme)


def bar() -> Bar:
    """The bar of this page for whoever reads it."""
    actor, info = _actor(), practice.current()
    if not actor.is_authenticated:
        may_register = registering.is_open(current_app.extensions["wellhouse.settings"])
        return Bar(
            practice_name=info.name,
            phone=info.phone,
            sign_in_url=url_for("account.sign_in"),
            register_url=url_for("registration.register") if may_register else "",
        )
    waiting = waiting_people(actor)
    owes = actor.owes_factor or actor.owes_password
    at_once = len({person.appointment_id for person in waiting}) == 1 and len(waiting) > 1
    return Bar(
        role=_BARS[actor.role],
        practice_name=info.name,
        tabs=_tabs(actor),
        menu=_menu(actor),
        face=Face(actor.id, actor.name),
        for_whom=_for_whom(actor),
        phone=info.phone,
        idle=_idle(),
        drafts_url=url_for("drafts.keep"),
        # Who owes something is let into nothing else, the news included.
        live_url="" if owes else url_for("outbox.live", after=g.get("news_number")),
        waiting=tuple(waiting_line(person) for person in waiting),
        waiting_url=url_for("desk.home"),
        admit_all_url=url_for("visit.admit_all", appointment_id=waiting[0].appointment_id) if at_once else "",
        waiting_part_url=url_for("desk.waiting") if actor.role is Role.PROVIDER else "",
    )


def _idle() -> frame.Idle | None:
    session = g.get("session")
    if session is None:
        return None
    limits = current_app.extensions["wellhouse.settings"].portal
    return frame.Idle(
        left_s=sessions.remaining(session, limits, at=utcnow()).left_s,
        url=url_for("account.idle"),
        stay_url=url_for("account.still_here"),
        sign_out_url=url_for("account.sign_out"),
    )


def waiting_people(actor: Actor) -> tuple[WaitingPerson, ...]:
    """Who waits for the actor now; nobody waits for an admin, whose role lets nobody in."""
    return waiting_for(actor.id, at=utcnow()) if actor.role is Role.PROVIDER else ()


def waiting_line(person: WaitingPerson) -> Waiting:
    """Somebody who waits, as the banner and Today show them."""
    return Waiting(
        face=Face(person.client_id, person.name),
        since=person.since,
        starts_at=person.starts_at,
        admit_url=url_for("visit.admit_and_join", appointment_id=person.appointment_id, person=person.person),
    )


def _tabs(actor: Actor) -> tuple[Tab, ...]:
    at = _place()
    match actor.role:
        case Role.PROVIDER:
            return (
                Tab(gettext("Today"), url_for("desk.home"), "house-door", current=at == "home"),
                Tab(gettext("Clients"), url_for("desk.clients"), "people", current=at == "clients"),
                Tab(gettext("Appointments"), url_for("appointments.index"), "calendar3", current=at == "appointments"),
            )
        case Role.ADMIN:
            return (
                Tab(gettext("Home"), url_for("desk.home"), "house-door", current=at == "home"),
                Tab(gettext("Practice"), url_for("practice.show"), "building", current=at == "practice"),
                Tab(gettext("Colleagues"), url_for("colleagues.index"), "person-badge", current=at == "colleagues"),
                Tab(gettext("Clients"), url_for("desk.clients"), "people", current=at == "clients"),
                Tab(
                    gettext("Appointments"), url_for("appointments.schedule"), "calendar3", current=at == "appointments"
                ),
                Tab(gettext("Audit"), url_for("audit.index"), "journal-text", current=at == "audit"),
            )
        case _:
            return (
                Tab(gettext("Home"), url_for("desk.home"), "house-door", current=at in ("home", "clients")),
                Tab(gettext("Appointments"), url_for("appointments.index"), "calendar3", current=at == "appointments"),
            )


_PLACES = {
    "emergency.ask": "clients",
    "emergency.open_record": "clients",
    "audit.openings": "clients",
    "desk.home": "home",
    "desk.clients": "clients",
    "desk.client_history": "clients",
    "desk.visit_history": "appointments",
    "appointments.new": "clients",
    "appointments.book": "clients",
}


def _place() -> str:
    """Which tab this page belongs to: a feature's name, unless the page is named here."""
    endpoint = request.endpoint or ""
    place = endpoint.partition(".")[0]
    return _PLACES.get(endpoint, "clients" if place in ("family", "registration") else place)


def _menu(actor: Actor) -> tuple[MenuItem, ...]:
    names = {
        Role.ADMIN: gettext("Switch to Admin role"),
        Role.PROVIDER: gettext("Switch to Provider role"),
        Role.CLIENT: gettext("Switch to my own visits"),
    }
    switches = (
        MenuItem(
            names[role],
            url_for("account.switch_role", role=role.value),
            "arrow-left-right",
            # Without a fresh proof the address asks for one first.
            post=role is not Role.ADMIN or is_fresh(g.get("session"), StepUp.CONFIRM, at=utcnow()),
        )
        for role in other_roles(actor)
    )
    people = _whom_to_choose(actor)
    return (
        *people,
        MenuItem(gettext("My Account"), url_for("account.info"), "person-circle", apart=bool(people)),
        *switches,
        MenuItem(gettext("Sign out"), url_for("account.sign_out"), "box-arrow-right", post=True, apart=True),
    )


def _for_whom(actor: Actor) -> str:
    """Whose visits the pages show: said as soon as somebody acts for anybody."""
    whose = for_whom(actor)
    if not whose.others:
        return ""
    return format_list([_called(whose, client) for client in whose.shown], locale=get_locale() or "en")


def _whom_to_choose(actor: Actor) -> tuple[MenuItem, ...]:
    """For somebody who acts for several, or for somebody besides themself: each of them, and everybody."""
    whose = for_whom(actor)
    if not whose.others or len(whose.everybody) < 2:
        return ()
    everybody = MenuItem(
        gettext("Everybody’s visits"), url_for("family.choose_everybody"), _mark(whose.chosen is None), post=True
    )
    each = (
        MenuItem(
            gettext("My own visits") if client is whose.own else gettext("Visits of %(name)s", name=client.called),
            url_for("family.choose", client_id=client.id),
            _mark(whose.chosen == client.id),
            post=True,
        )
        for client in whose.everybody
    )
    return (everybody, *each)


def _called(whose: ForWhom, client: Client) -> str:
    return gettext("myself") if client is whose.own else client.called


def _mark(chosen: bool) -> str:
    return "check-circle-fill" if chosen else "circle"


def _actor() -> Actor:
    return cast(Actor, g.get("actor") or anonymous())
