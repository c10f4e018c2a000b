"""The live stream of a signed-in page."""

from __future__ import annotations

from flask import Response, current_app, g, request
from flask.typing import ResponseReturnValue

from webapp.access.actor import Actor
from webapp.access.route import Feature, nothing
from webapp.access.rules import signed_in
from webapp.outbox.stream import newest, stream

outbox = Feature("outbox", __name__)


@outbox.before_app_request
def remember_where_news_begins() -> None:
    """Before a page is made: whatever happens from here on, its stream will tell."""
    declared = g.get("declared")  # none where there is no such address
    if declared is not None and declared.activity and g.get("session") is not None:
        g.news_number = newest()


@outbox.get(
    "/live",
    allow=signed_in,
    records=nothing("tells that there is news, never what"),
    in_visit=True,
    activity=False,
    json=True,
)
def live(actor: Actor) -> ResponseReturnValue:
    return Response(
        stream(
            actor.id,
            g.session.id,
            current_app.extensions["wellhouse.settings"].portal,
            # A browser that comes back names the last it saw; a new page what was the last when it was drawn.
            request.headers.get("Last-Event-ID") or request.args.get("after"),
        ),
        mimetype="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
