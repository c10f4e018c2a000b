"""Nobody passes the waiting room without being let in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from core.grants import Grant, Right, verify
from tests.webapp import people
from tests.webapp.appointments.visit.conftest import Meeting, admit, make_meeting, wait
from webapp.access.actor import Role
from webapp.appointments.models import Appointment, Status
from webapp.appointments.visit import follow, queries
from webapp.appointments.visit.models import Attendance, Stay
from webapp.appointments.visit.policy import LOCKED_AFTER, SILENT_FOR
from webapp.db.unit import housekeeping
from webapp.outbox.models import Notice, NoticeKind


def grant_of(app: Flask, answer: dict[str, str]) -> Grant:
    key_id, key = app.extensions["wellhouse.keyring"].grant_key()
    return verify(answer["grant"], {key_id: key.public_key()}, at=utcnow().timestamp())


def test_a_waiting_client_gets_no_grant_no_relay_and_no_roster(meeting: Meeting) -> None:
    meeting.at_provider.send_json(f"{meeting.url}/entry")
    wait(meeting)
    refusal = meeting.at_client.send_json(f"{meeting.url}/entry")
    assert refusal.status_code == 403
    assert "let you in" in refusal.get_json()["sentence"]
    assert {"grant", "ice_servers", "people"}.isdisjoint(refusal.get_json())
    state = meeting.at_client.get(f"{meeting.url}/state").get_json()
    assert (state["me"], state["people"], state["waiting"]) == ("waiting", [], [])


def test_an_admitted_client_gets_a_grant_for_this_room_and_relay_credentials(app: Flask, meeting: Meeting) -> None:
    admit(meeting, wait(meeting))
    entry = meeting.at_client.send_json(f"{meeting.url}/entry").get_json()
    grant = grant_of(app, entry)
    mine = Attendance.get(Attendance.account == meeting.clients[0])
    assert (grant.room, grant.participant) == (str(mine.visit.room), str(mine.participant))
    assert set(grant.rights) == {Right.PUBLISH, Right.SUBSCRIBE}
    assert grant.expires_at - grant.issued_at <= 60
    assert grant.room != str(meeting.appointment.id)
    [relay] = entry["ice_servers"]
    expiry, name = relay["username"].split(":")
    assert name == grant.participant
    assert 7.9 * 3600 < int(expiry) - utcnow().timestamp() < 8.1 * 3600
    assert [url.split(":")[0] for url in relay["urls"]] == ["turn", "turn", "turns"]


def test_two_grants_never_share_an_id(app: Flask, meeting: Meeting) -> None:
    first, second = (grant_of(app, meeting.at_provider.send_json(f"{meeting.url}/entry").get_json()) for _ in range(2))
    assert first.id != second.id
    assert first.participant == second.participant


def test_the_provider_sees_who_waits_and_what_was_said_in_the_lobby(meeting: Meeting) -> None:
    person = wait(meeting)
    state = meeting.at_provider.get(f"{meeting.url}/state").get_json()
    assert [one["sentence"] for one in state["waiting"]] == ["Maren Halvorsen is waiting"]
    answer = meeting.at_provider.send_json(f"{meeting.url}/admit", {"person": person}).get_json()
    assert answer["waiting"] == []
    assert answer["about"] == {"place": "14 Elm Street, Burlington", "phone": "802-555-0147"}


def test_admission_tells_the_client_and_waiting_tells_the_provider(meeting: Meeting) -> None:
    admit(meeting, wait(meeting))
    told = {(row.account, row.kind, row.thing) for row in Notice.select()}
    assert (meeting.provider.id, NoticeKind.WAITING, meeting.appointment.id) in told
    assert (meeting.clients[0].id, NoticeKind.ADMITTED, meeting.appointment.id) in told


def test_admit_from_today_lets_in_and_leads_to_the_visit(meeting: Meeting) -> None:
    answer = meeting.at_provider.send(f"{meeting.url}/people/{wait(meeting)}/admit")
    assert (answer.status_code, answer.location) == (303, meeting.url)
    assert meeting.at_client.get(f"{meeting.url}/state").get_json()["me"] == "admitted"


def test_a_client_cannot_admit_anybody(meeting: Meeting) -> None:
    person = wait(meeting)
    for answer in (
        meeting.at_client.send_json(f"{meeting.url}/admit", {"person": person}),
        meeting.at_client.send(f"{meeting.url}/people/{person}/admit"),
        meeting.at_client.send(f"{meeting.url}/admit-all"),
    ):
        assert answer.status_code == 404
    assert meeting.at_client.send_json(f"{meeting.url}/entry").status_code == 403


def test_somebody_elses_visit_looks_like_none(app: Flask, meeting: Meeting) -> None:
    person = wait(meeting)
    for role in (Role.CLIENT, Role.PROVIDER, Role.ADMIN):
        stranger = people.sign_in(app, people.make_account(role), role)
        assert stranger.get(meeting.url).status_code == 404
        for verb, body in {"entry": {}, "wait": {}, "chat": {}, "end": {}, "admit": {"person": person}}.items():
            assert stranger.send_json(f"{meeting.url}/{verb}", body).status_code == 404


def test_a_person_of_another_visit_cannot_be_admitted_here(app: Flask, meeting: Meeting) -> None:
    other = make_meeting(app, "Rosa Delgado")
    answer = meeting.at_provider.send_json(f"{meeting.url}/admit", {"person": wait(other)})
    assert answer.status_code == 404
    assert other.at_client.get(f"{other.url}/state").get_json()["me"] == "waiting"


def test_admit_all_lets_everybody_in_who_waits(group: Meeting) -> None:
    wait(group)
    wait(group, group.at_second)
    assert group.at_provider.send(f"{group.url}/admit-all").status_code == 303
    assert group.at_second is not None
    for browser in (group.at_client, group.at_second):
        assert browser.send_json(f"{group.url}/entry").status_code == 200


def test_a_page_that_fell_silent_no_longer_waits(meeting: Meeting) -> None:
    wait(meeting)
    now = utcnow()
    assert queries.waiting_for(meeting.provider.id, at=now)
    assert not queries.waiting_for(meeting.provider.id, at=now + SILENT_FOR)
    assert follow.forget_silent(at=now + SILENT_FOR + timedelta(seconds=5)) == 1
    assert meeting.at_client.get(f"{meeting.url}/state").get_json()["me"] == "out"


def test_a_page_that_is_still_there_keeps_its_place(meeting: Meeting) -> None:
    wait(meeting)
    before = Attendance.get().waiting_since
    with housekeeping("the test lets time pass"):
        Attendance.update(seen_at=utcnow() - SILENT_FOR + timedelta(seconds=2)).execute()
    assert meeting.at_client.send_json(f"{meeting.url}/still-here").get_json()["me"] == "waiting"
    row = Attendance.get()
    assert row.waiting_since == before
    assert utcnow() - row.seen_at < timedelta(seconds=2)


def test_leaving_the_waiting_room_takes_the_name_off_the_providers_page(meeting: Meeting) -> None:
    wait(meeting)
    assert meeting.at_client.send_json(f"{meeting.url}/stop-waiting").status_code == 204
    assert meeting.at_provider.get(f"{meeting.url}/state").get_json()["waiting"] == []


def test_the_door_locks_again_when_the_provider_leaves(meeting: Meeting) -> None:
    admit(meeting, wait(meeting))
    assert meeting.at_client.send_json(f"{meeting.url}/entry").status_code == 200
    assert meeting.at_provider.send_json(f"{meeting.url}/leave").status_code == 204
    assert meeting.at_client.send_json(f"{meeting.url}/entry").status_code == 403


def test_who_is_inside_stays_inside_when_the_provider_leaves(meeting: Meeting) -> None:
    admit(meeting, wait(meeting))
    with housekeeping("the media server saw the client come in"):
        Stay.create(attendance=Attendance.get(Attendance.role == Role.CLIENT), joined_at=utcnow())
    meeting.at_provider.send_json(f"{meeting.url}/leave")
    assert meeting.at_client.send_json(f"{meeting.url}/entry").status_code == 200


@pytest.mark.parametrize("provider_inside", [True, False])
def test_an_old_admission_is_only_good_while_a_provider_is_there(meeting: Meeting, provider_inside: bool) -> None:
    admit(meeting, wait(meeting))
    meeting.at_provider.send_json(f"{meeting.url}/entry")
    with housekeeping("the test lets time pass"):
        long_ago = utcnow() - LOCKED_AFTER - timedelta(minutes=1)
        Attendance.update(admitted_at=long_ago).where(Attendance.role == Role.CLIENT).execute()
        Attendance.update(granted_at=long_ago).where(Attendance.role == Role.PROVIDER).execute()
        staff = Attendance.get(Attendance.role == Role.PROVIDER)
        Stay.create(attendance=staff, joined_at=long_ago, left_at=None if provider_inside else long_ago)
    assert meeting.at_client.send_json(f"{meeting.url}/entry").status_code == (200 if provider_inside else 403)


def test_a_visit_that_is_not_yet_open_says_from_when(app: Flask) -> None:
    tomorrow = make_meeting(app, "Maren Halvorsen", starts_in=timedelta(days=1))
    page = tomorrow.at_client.get(tomorrow.url)
    assert page.status_code == 200
    assert ">You cannot join yet<" in page.get_data(as_text=True)
    assert "You can join from tomorrow, " in page.get_data(as_text=True)
    for verb in ("wait", "entry"):
        answer = tomorrow.at_client.send_json(f"{tomorrow.url}/{verb}")
        assert answer.status_code == 403
        assert "not open yet" in answer.get_json()["sentence"]


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.DONE])
def test_a_visit_that_is_over_lets_nobody_in(meeting: Meeting, status: Status) -> None:
    admit(meeting, wait(meeting))
    with housekeeping("the appointment's page says so"):
        Appointment.update(status=status).execute()
    for browser in (meeting.at_client, meeting.at_provider):
        assert browser.send_json(f"{meeting.url}/entry").status_code == 403
    state = meeting.at_client.get(f"{meeting.url}/state").get_json()
    assert state["visit"] == "over"
    assert state["sentence"] == ("This visit was cancelled." if status is Status.CANCELLED else "This visit is over.")
