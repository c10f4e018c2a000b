"""The audit page of admins, its export, and “Who opened my record”."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Response, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from core.clock import utcnow
from webapp.access.actor import Actor
from webapp.access.route import Feature
from webapp.access.rules import by_role
from webapp.access.step_up import StepUp
from webapp.access.table import Act, Resource
from webapp.audit.events import Action
from webapp.audit.page import queries
from webapp.audit.page.export import as_csv
from webapp.audit.page.forms import FilterForm
from webapp.audit.page.words import happened, happened_to_you, role_words
from webapp.clients.policy import ReadClient, of_client

audit = Feature("audit", __name__)
audit.add_app_template_filter(happened_to_you)
audit.add_app_template_filter(role_words)
audit.add_app_template_global(happened)

_FILTERS = ("who", "client", "action", "first", "last")


@audit.get("/audit", allow=by_role(Resource.AUDIT, Act.READ), records=Action.AUDIT_VIEWED)
def index(actor: Actor) -> ResponseReturnValue:
    form = FilterForm(request.args)
    wanted = form.wanted(ZoneInfo(actor.time_zone))
    before, after = (request.args.get(name, type=_number) for name in ("before", "after"))
    found = queries.page(wanted, before=before, after=after)
    names = queries.names_in(wanted)
    filters = {name: request.args[name] for name in _FILTERS if request.args.get(name)}
    return render_template("audit/index.html", form=form, found=found, filters=filters, names=names)


@audit.get(
    "/audit/export",
    allow=by_role(Resource.AUDIT, Act.EXPORT),
    records=Action.AUDIT_EXPORTED,
    step_up=StepUp.CONFIRM,
)
def export(actor: Actor) -> ResponseReturnValue:
    wanted = FilterForm(request.args).wanted(ZoneInfo(actor.time_zone))
    name = f"audit-{utcnow().astimezone(ZoneInfo(actor.time_zone)):%Y-%m-%d}.csv"
    return Response(
        stream_with_context(as_csv(queries.everything(wanted))),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@audit.get(
    "/clients/<uuid:client_id>/openings",
    allow=of_client(Resource.OWN_OPENINGS, Act.READ),
    records=Action.OPENINGS_VIEWED,
)
def openings(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    found = queries.openings(read, actor, page=request.args.get("page", 1, type=int))
    return render_template("audit/openings.html", found=found, read=read)


def _number(text: str) -> int:
    """A row's number; ValueError for what no row can have."""
    number = int(text)
    if not 0 <= number < 2**63:  # what both databases can hold
        raise ValueError(text)
    return number
