"""What is written stays with the visit, and reaches only those it is for."""

from __future__ import annotations

import peewee
import pytest
from flask import Flask

from core.clock import utcnow
from core.ids import new_id
from tests.webapp import people
from tests.webapp.appointments.visit.conftest import Meeting, admit, read, wait, write
from webapp.appointments.visit import policy, queries
from webapp.appointments.visit.models import ChatLine
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.db.database import db
from webapp.db.unit import housekeeping
from webapp.outbox.models import Notice, NoticeKind


def test_both_read_what_was_written_and_history_keeps_it(meeting: Meeting) -> None:
    admit(meeting, wait(meeting))
    write(meeting, meeting.at_client, "Good morning")
    write(meeting, meeting.at_provider, "Good morning, Maren")
    for browser in (meeting.at_client, meeting.at_provider):
        assert read(meeting, browser) == ["Good morning", "Good morning, Maren"]
    who = people.actor(meeting.provider)
    kept = queries.history(who, policy.come_to(who, meeting.appointment.id))
    assert kept is not None
    assert [(line.name, line.body) for line in kept.chat] == [
        ("Maren Halvorsen", "Good morning"),
        ("Dr. Amara Okafor", "Good morning, Maren"),
    ]


def test_the_provider_can_write_to_the_only_client_while_they_wait(meeting: Meeting) -> None:
    wait(meeting)
    write(meeting, meeting.at_provider, "Three minutes late. Get a glass of water!")
    assert read(meeting, meeting.at_client) == ["Three minutes late. Get a glass of water!"]


def test_a_waiting_client_of_a_group_reads_nothing_of_the_room(group: Meeting) -> None:
    first = wait(group)
    wait(group, group.at_second)
    admit(group, first)
    write(group, group.at_client, "Only for those who are inside")
    assert group.at_second is not None
    assert read(group, group.at_second) == []
    write(group, group.at_second, "I wait")
    assert read(group, group.at_second) == ["I wait"]
    assert read(group, group.at_client) == ["Only for those who are inside"]
    assert read(group, group.at_provider) == ["Only for those who are inside", "I wait"]


def test_a_line_sent_twice_is_kept_once(meeting: Meeting) -> None:
    line = {"id": str(new_id()), "body": "Can you hear me?"}
    for _ in range(2):
        assert meeting.at_client.send_json(f"{meeting.url}/chat", line).status_code == 204
    assert read(meeting, meeting.at_client) == ["Can you hear me?"]


def test_only_new_lines_are_fetched(meeting: Meeting) -> None:
    write(meeting, meeting.at_client, "one")
    last = meeting.at_client.get(f"{meeting.url}/chat").get_json()["lines"][-1]["number"]
    write(meeting, meeting.at_client, "two")
    answer = meeting.at_client.get(f"{meeting.url}/chat?after={last}").get_json()
    assert [line["body"] for line in answer["lines"]] == ["two"]


@pytest.mark.parametrize(("body", "words"), [("   ", "write something"), ("x" * 4001, "too long")])
def test_an_empty_or_endless_line_is_refused_with_a_sentence(meeting: Meeting, body: str, words: str) -> None:
    answer = meeting.at_client.send_json(f"{meeting.url}/chat", {"id": str(new_id()), "body": body})
    assert answer.status_code == 400
    assert words in answer.get_json()["sentence"]


def test_notices_of_chat_go_to_the_people_of_the_visit_and_hold_no_words(meeting: Meeting) -> None:
    write(meeting, meeting.at_client, "secret words")
    rows = list(Notice.select().where(Notice.kind == NoticeKind.CHAT))
    assert {row.account for row in rows} == {meeting.provider.id, meeting.clients[0].id}
    assert {row.thing for row in rows} == {meeting.appointment.id}


def test_chat_is_sealed_in_the_database_and_cannot_be_changed(app: Flask, meeting: Meeting) -> None:
    write(meeting, meeting.at_client, "secret words")
    [(stored,)] = db.execute_sql("SELECT body FROM chat_line").fetchall()
    assert b"secret words" not in bytes(stored)
    for change in (ChatLine.update(at=utcnow()), ChatLine.delete()):
        with pytest.raises(peewee.PeeweeException, match="stays as it was written"), housekeeping("an attempt"):
            change.execute()


def test_reading_and_writing_are_in_the_record(meeting: Meeting) -> None:
    write(meeting, meeting.at_client, "Good morning")
    read(meeting, meeting.at_provider)
    seen = {(row.action, row.account) for row in AuditEvent.select()}
    assert (Action.CHAT_SENT, meeting.clients[0].id) in seen
    assert (Action.CHAT_READ, meeting.provider.id) in seen
