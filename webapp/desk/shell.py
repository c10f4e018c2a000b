"""The shell around everything about one client: who it is, the tabs, and what can be done at once."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request, url_for
from flask_babel import gettext

from webapp.access.actor import Actor, Role
from webapp.clients.policy import ReadClient
from webapp.clients.queries import care_team
from webapp.ui.frame import Face, Tab


@dataclass(frozen=True)
class Shell:
    """*line* stands under the name. *own* when clients look at themselves."""

    face: Face
    line: str
    tabs: tuple[Tab, ...]
    own: bool
    archived: bool
    back_url: str
    new_appointment_url: str


def client_shell(read: ReadClient) -> Shell:
    """The shell of the client whom the route's rule has loaded; nothing sealed is opened for it."""
    actor: Actor = g.actor
    client, own = read.client, actor.role is Role.CLIENT
    archived = client.archived_at is not None
    return Shell(
        face=Face(client.id, client.name),
        line=" · ".join(filter(None, (client.preferred_name, client.pronouns, "" if own else _team(read)))),
        tabs=() if own else _tabs(read),
        own=own,
        archived=archived,
        back_url=url_for("desk.home") if own else url_for("desk.clients"),
        new_appointment_url=url_for("appointments.new", client_id=client.id) if read.cares and not archived else "",
    )


def _team(read: ReadClient) -> str:
    names = ", ".join(face.name for face in care_team(read.client.id))
    return gettext("Care team: %(names)s", names=names)


def _tabs(read: ReadClient) -> tuple[Tab, ...]:
    place, client_id = request.endpoint or "", read.client.id
    info = Tab(gettext("Info"), url_for("clients.info", client_id=client_id), current=place.startswith("clients."))
    if not read.full:
        return (info,)
    history = url_for("desk.client_history", client_id=client_id)
    return (info, Tab(gettext("Appointments"), history, current=place == "desk.client_history"))
