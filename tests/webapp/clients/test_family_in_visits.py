"""Somebody who acts for a client, in the visit: until the right ends."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from flask import Flask

from core.clock import utcnow
from core.errors import Unavailable
from core.ids import new_id
from tests.webapp.clients.test_families import Scene
from webapp.appointments.models import Appointment
from webapp.appointments.visit import right_ended, rtc_control
from webapp.appointments.visit.models import Attendance
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.clients.models import FamilyMember

Removed = list[tuple[uuid.UUID, uuid.UUID]]


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> Removed:
    """What the media server was told to end."""
    told: Removed = []
    monkeypatch.setattr(rtc_control, "remove_participant", lambda _socket, room, who: told.append((room, who)))
    return told


def enter(scene: Scene) -> tuple[Appointment, FamilyMember, Attendance]:
    """Sigrid is let into Leo's visit, and is inside."""
    visit, member = scene.visit(), scene.act_for(scene.leo)
    url = f"/appointments/{visit.id}/visit"
    scene.at_sigrid.send_json(f"{url}/wait", {"place": "Barre", "phone": "1"})
    [waiting] = scene.at_provider.get(f"{url}/state").get_json()["waiting"]
    scene.at_provider.send_json(f"{url}/admit", {"person": waiting["person"]})
    assert scene.at_sigrid.send_json(f"{url}/entry").status_code == 200
    return visit, member, Attendance.get(Attendance.account == scene.sigrid.id)


def look(app: Flask) -> int:
    with app.app_context():
        return right_ended.put_out_ended(app.extensions["wellhouse.settings"], at=utcnow())


def test_place_in_the_visit_ends_with_the_right(app: Flask, removed: Removed) -> None:
    scene = Scene(app)
    visit, member, attendance = enter(scene)
    assert look(app) == 0
    scene.at_provider.send(f"/clients/{scene.leo.id}/family/{member.id}/end")
    assert look(app) == 1
    assert removed == [(attendance.visit.room, attendance.participant)]
    row = AuditEvent.get(AuditEvent.action == Action.PUT_OUT)
    assert (row.client, row.about["account"]) == (scene.leo.id, str(scene.sigrid.id))
    assert look(app) == 0
    assert scene.at_sigrid.send_json(f"/appointments/{visit.id}/visit/entry").status_code == 404


def test_client_themself_keeps_the_place(app: Flask, removed: Removed) -> None:
    scene = Scene(app)
    visit, _member, _attendance = enter(scene)
    scene.at_provider.send_json(f"/appointments/{visit.id}/visit/entry")
    assert look(app) == 0
    assert removed == []


def test_media_server_that_is_away_is_asked_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(app)
    _visit, member, _attendance = enter(scene)
    scene.at_provider.send(f"/clients/{scene.leo.id}/family/{member.id}/end")

    def silent(_socket: Path, _room: uuid.UUID, _who: uuid.UUID) -> None:
        raise Unavailable("The media server does not answer.")

    monkeypatch.setattr(rtc_control, "remove_participant", silent)
    with pytest.raises(Unavailable):
        look(app)
    monkeypatch.setattr(rtc_control, "remove_participant", lambda *_what: None)
    assert look(app) == 1


def test_chat_names_who_wrote_for_whom(app: Flask, removed: Removed) -> None:
    scene = Scene(app)
    visit, _member, _attendance = enter(scene)
    url = f"/appointments/{visit.id}/visit/chat"
    assert scene.at_sigrid.send_json(url, {"id": str(new_id()), "body": "We are both here."}).status_code == 204
    [line] = scene.at_provider.get(url).get_json()["lines"]
    assert line["name"] == "Sigrid Halvorsen for Leo Halvorsen"
    scene.at_provider.send_json(f"/appointments/{visit.id}/visit/end")
    assert "We are both here." in scene.at_sigrid.get(f"/appointments/{visit.id}/history").text
