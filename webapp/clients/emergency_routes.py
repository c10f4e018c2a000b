"""Opening a record in an emergency, and the admins' pages about it."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from core.clock import utcnow
from core.errors import Conflict
from webapp.access.actor import Actor
from webapp.access.route import Feature, nothing
from webapp.access.rules import by_role
from webapp.access.step_up import StepUp
from webapp.access.table import Act, Resource
from webapp.audit.events import Action
from webapp.clients import break_glass, policy
from webapp.clients.break_glass import ReadOpening
from webapp.clients.forms import EmergencyForm
from webapp.clients.policy import ReadClient

emergency = Feature("emergency", __name__)

_AT = "/clients/<uuid:client_id>/emergency"
open_rule = policy.of_client(Resource.BREAK_GLASS, Act.CREATE)


@emergency.get(_AT, allow=open_rule, records=nothing("the name alone, and a form"), step_up=StepUp.CONFIRM)
def ask(_actor: Actor, read: ReadClient) -> ResponseReturnValue:
    return _ask_page(EmergencyForm(formdata=None), read)


@emergency.post(_AT, allow=open_rule, records=Action.BREAK_GLASS_OPENED, step_up=StepUp.CONFIRM)
def open_record(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    form = EmergencyForm()
    if not form.validate():
        return _ask_page(form, read)
    settings = current_app.extensions["wellhouse.settings"]
    break_glass.open_record(actor, read.audit_client, form.reason.data, settings, at=utcnow())
    return redirect(url_for("clients.info", client_id=read.audit_client))


@emergency.post(
    f"{_AT}/close", allow=policy.of_client(Resource.BREAK_GLASS, Act.CANCEL), records=Action.BREAK_GLASS_ENDED
)
def close_own(actor: Actor, read: ReadClient) -> ResponseReturnValue:
    break_glass.close_own(actor, read, at=utcnow())
    flash(gettext("The record is closed again."))
    return redirect(url_for("clients.info", client_id=read.audit_client))


@emergency.get("/emergencies", allow=by_role(Resource.BREAK_GLASS, Act.READ), records=Action.BREAK_GLASS_VIEWED)
def index(_actor: Actor) -> ResponseReturnValue:
    found = break_glass.all_openings(page=request.args.get("page", 1, type=int), at=utcnow())
    return render_template("clients/emergencies.html", found=found)


@emergency.get(
    "/emergencies/<uuid:opening_id>", allow=break_glass.of_opening(Act.READ), records=Action.BREAK_GLASS_VIEWED
)
def show(_actor: Actor, read: ReadOpening) -> ResponseReturnValue:
    return _show_page(read)


@emergency.post(
    "/emergencies/<uuid:opening_id>/end", allow=break_glass.of_opening(Act.END), records=Action.BREAK_GLASS_ENDED
)
def end(actor: Actor, read: ReadOpening) -> ResponseReturnValue:
    try:
        break_glass.close(actor, read.row, at=utcnow())
    except Conflict as e:
        return _show_page(read, trouble=e.sentence), 409
    flash(gettext("The record is closed again."))
    return redirect(url_for("emergency.show", opening_id=read.row.id))


def _show_page(read: ReadOpening, *, trouble: str = "") -> str:
    return render_template("clients/emergency.html", told=break_glass.told(read, at=utcnow()), trouble=trouble)


def _ask_page(form: EmergencyForm, read: ReadClient) -> str:
    return render_template("clients/emergency_ask.html", form=form, read=read, minutes=break_glass.LASTS.seconds // 60)
