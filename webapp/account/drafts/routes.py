"""What scripts ask while somebody writes in a form, and when they come back to it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from core.clock import utcnow
from core.errors import Invalid
from webapp.access.actor import Actor
from webapp.access.guard import SAFE_METHODS
from webapp.access.route import Feature, nothing
from webapp.access.rules import signed_in
from webapp.account.drafts import actions, queries
from webapp.ui.times import when

drafts = Feature("drafts", __name__, while_owing=True)

OWN = "what one was writing oneself"
PLACE_MAX = 300


@drafts.get("/account/drafts", allow=signed_in, records=nothing(OWN), activity=False, json=True)
def find(actor: Actor) -> ResponseReturnValue:
    at = utcnow()
    found = queries.find(actor, _place(request.args.get("place", "/")), at=at)
    if found is None:
        return jsonify(fields=None)
    said = when(found.saved_at, ZoneInfo(actor.time_zone), now=at)
    return jsonify(
        fields=found.fields, sentence=gettext("You wrote here before and did not send it: %(when)s.", when=said)
    )


@drafts.post("/account/drafts", allow=signed_in, records=nothing(OWN), json=True)
def keep(actor: Actor) -> ResponseReturnValue:
    place, fields = _sent()
    actions.keep(actor, place, fields, at=utcnow())
    return "", 204


@drafts.post("/account/drafts/forget", allow=signed_in, records=nothing(OWN), json=True)
def forget(actor: Actor) -> ResponseReturnValue:
    place, _fields = _sent()
    actions.forget(actor, place)
    return "", 204


@drafts.after_app_request
def sent(response: Response) -> Response:
    """A form that was taken needs no draft: then, and only then, its address redirects to another page."""
    declared = g.get("declared")
    is_form = request.method not in SAFE_METHODS and declared is not None and not declared.json
    if is_form and "loaded" in g and g.actor.is_authenticated and response.status_code in (302, 303):
        actions.forget(g.actor, request.path)
    return response


def _sent() -> tuple[str, dict[str, str]]:
    body = request.get_json(silent=True)
    fields = body.get("fields", {}) if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(fields, dict):
        raise _not_understood()
    if not all(isinstance(text, str) for text in fields.values()):
        raise _not_understood()
    return _place(body.get("place")), fields


def _place(place: object) -> str:
    if not isinstance(place, str) or not place.startswith("/") or len(place) > PLACE_MAX:
        raise _not_understood()
    return place


def _not_understood() -> Invalid:
    return Invalid(gettext("We could not understand that. Go back and try again."))
