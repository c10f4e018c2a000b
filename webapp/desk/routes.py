"""The homes, the list of clients, and what was in the past."""

from __future__ import annotations

import enum
from typing import TypeVar
from urllib.parse import urlencode

from flask import current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from core.clock import utcnow
from webapp.access.actor import Actor, Role
from webapp.access.route import Feature, nothing
from webapp.access.rules import by_role, signed_in
from webapp.access.table import Act, Resource
from webapp.appointments import queries as appointments
from webapp.appointments.visit import policy as visit_policy
from webapp.appointments.visit import queries as visit_queries
from webapp.appointments.visit.policy import Door
from webapp.audit.events import Action
from webapp.clients import policy as client_policy
from webapp.clients import registrations
from webapp.clients.break_glass import news
from webapp.clients.policy import ReadClient
from webapp.clients.queries import Order, Which, list_clients
from webapp.desk import past, queries
from webapp.desk.shell import client_shell
from webapp.ui.frame import Tab

desk = Feature("desk", __name__)

client_history_rule = client_policy.of_client(Resource.CLIENT_HISTORY, Act.READ)
visit_history_rule = visit_policy.at_door(Resource.VISIT_HISTORY, Act.READ)
desk.add_app_template_global(client_shell)
desk.add_app_template_filter(past.grade, "grade")


@desk.app_template_global("page_link")
def page_link(page: int) -> str:
    """This page's address with another page of its list."""
    # What stands behind the question mark is the visitor's: to url_for, some of its names would be orders.
    here = url_for(request.endpoint or "desk.home", **(request.view_args or {}))
    return f"{here}?{urlencode({**request.args, 'page': page})}"


@desk.get("/", allow=signed_in, records=Action.HOME_VIEWED)
def home(actor: Actor) -> ResponseReturnValue:
    at = utcnow()
    match actor.role:
        case Role.PROVIDER:
            return render_template(
                "desk/provider_home.html",
                home=queries.provider_home(actor, at=at),
                emergencies=news(actor, at=at),
                asking=registrations.waiting(actor),
            )
        case Role.ADMIN:
            settings = current_app.extensions["wellhouse.settings"]
            return render_template(
                "desk/admin_home.html",
                home=queries.admin_home(settings),
                emergencies=news(actor, at=at),
                asking=registrations.waiting(actor),
            )
        case _:
            return render_template("desk/client_home.html", home=queries.client_home(actor, at=at))


@desk.get(
    "/waiting",
    allow=by_role(Resource.WAITING, Act.READ),
    records=nothing("names of people at the door, no content"),
    activity=False,
)
def waiting(_actor: Actor) -> ResponseReturnValue:
    """The parts of pages that say who waits; open pages fetch them when there is news."""
    return render_template("desk/waiting.html")


@desk.get("/clients", allow=by_role(Resource.CLIENT_LIST, Act.READ), records=Action.CLIENT_LISTED)
def clients(actor: Actor) -> ResponseReturnValue:
    filters = tuple(Which) if actor.role is Role.PROVIDER else (Which.ALL, Which.ARCHIVED)  # an admin has no own
    which, order = _choice(filters, "show"), _choice(tuple(Order), "sort")
    search = request.args.get("q", "")
    found = list_clients(actor, which, search=search, order=order, page=request.args.get("page", 1, type=int))
    names = {Which.MINE: gettext("Mine"), Which.ALL: gettext("All"), Which.ARCHIVED: gettext("Archived")}
    pills = tuple(
        Tab(names[each], url_for("desk.clients", show=each.value), current=each is which, count=found.counts[each])
        for each in filters
    )
    return render_template(
        "desk/clients.html",
        found=found,
        pills=pills,
        search=search,
        which=which,
        order=order,
        around=queries.around_mine(actor, found, at=utcnow()),
        waiting=queries.waiting_clients(actor),
        with_times=actor.role is Role.PROVIDER,
        asking=registrations.waiting(actor),
    )


@desk.get("/clients/<uuid:client_id>/appointments", allow=client_history_rule, records=Action.HISTORY_VIEWED)
def client_history(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    page = request.args.get("page", 1, type=int)
    found = past.client_history(actor, read, page=page, at=utcnow())
    return render_template("desk/client_history.html", read=read, found=found)


@desk.get("/appointments/<uuid:appointment_id>/history", allow=visit_history_rule, records=Action.HISTORY_VIEWED)
def visit_history(actor: Actor, door: Door) -> ResponseReturnValue:
    line = appointments.line_of(actor, door.read, at=utcnow())
    return render_template(
        "desk/visit_history.html", line=line, history=visit_queries.history(actor, door), opening=door.read.opening
    )


_Choice = TypeVar("_Choice", bound=enum.StrEnum)


def _choice(of: tuple[_Choice, ...], name: str) -> _Choice:
    """That of *of* which the address names, or the first."""
    return next((member for member in of if member == request.args.get(name)), of[0])
