"""The admins' audit page, its export, and what clients see of who opened their record."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from tests.webapp.clients.records import DETAILS, NOBODY, SEALED_WORDS, make_client
from tests.webapp.people import Browser, actor, make_account, sign_in
from webapp.access.actor import SYSTEM, Role
from webapp.account.models import Account
from webapp.audit import chain
from webapp.audit.events import Action, Event
from webapp.audit.models import AuditEvent
from webapp.audit.page import queries
from webapp.audit.page.words import TO_CLIENT, WORDS, happened, happened_to_you
from webapp.clients.models import Client
from webapp.clients.policy import ReadClient, read_client
from webapp.db.unit import unit


class Scene:
    """An admin, a provider and her client, and a colleague."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.amara = make_account(Role.PROVIDER, name="Dr. Amara Okafor", email="amara@example.org")
        self.tomas = make_account(Role.PROVIDER, name="Tomás Rivera", email="tomas@example.org")
        self.maren = make_account(Role.CLIENT, name="Maren Halvorsen")
        self.client: Client = make_client(self.amara, account=self.maren)
        self.at_admin: Browser = sign_in(app, make_account(Role.ADMIN, name="Ines Ferreira"))

    def opens(self, account: Account) -> None:
        sign_in(self.app, account).get(f"/clients/{self.client.id}")


@pytest.fixture
def scene(app: Flask) -> Scene:
    return Scene(app)


def rows(page: str) -> list[str]:
    """What the table's rows say, without markup."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in body.split("<tr>")[1:]]


def events(number: int, by: Account, client: Client | None = None) -> None:
    for _ in range(number):
        with unit(Event(Action.CLIENT_VIEWED, actor(by), client=client.id if client else None)):
            pass


def exported(answer_text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer_text.removeprefix("\ufeff"))))


def test_page_says_who_did_what_about_whom_latest_first(scene: Scene) -> None:
    scene.opens(scene.amara)
    first = rows(scene.at_admin.get("/audit").text)[0]
    assert first.startswith("Dr. Amara Okafor provider opened a client’s record Maren Halvorsen")
    assert "127.0.0.1" in first


def test_refusals_stand_there_too(scene: Scene) -> None:
    sign_in(scene.app, scene.tomas).get(f"/clients/{scene.client.id}/edit")
    assert "asked for something that is not theirs, and was refused" in rows(scene.at_admin.get("/audit").text)[0]


def test_filters_by_person_client_action_and_day(scene: Scene) -> None:
    other = make_client(scene.tomas, "Rosa Delgado")
    events(2, scene.amara, scene.client)
    events(3, scene.tomas, other)
    get = scene.at_admin.get

    def count(**wanted: str) -> int:
        return len(rows(get("/audit", query_string={"action": "client.viewed", **wanted}).text))

    assert count() == 5
    assert count(who="okafor") == count(who="AMARA@example.org") == count(who=str(scene.amara.id)) == 2
    assert count(client="delgado") == count(client="rosa del") == count(client=str(other.id)) == 3
    assert count(who="rivera", client="maren") == 0
    assert count(who="nobody at all") == count(client=str(NOBODY)) == 0
    today = utcnow().date()
    assert count(first=str(today - timedelta(days=1)), last=str(today + timedelta(days=1))) == 5
    assert count(first=str(today + timedelta(days=2))) == count(last=str(today - timedelta(days=2))) == 0
    assert len(rows(get("/audit?action=client.created").text)) == 2


@pytest.mark.parametrize("query", ["action=planted", "first=yesterday", "before=x&after=y", "who=" + "%" * 300])
def test_nonsense_in_the_address_is_left_out(scene: Scene, query: str) -> None:
    assert scene.at_admin.get(f"/audit?{query}").status_code == 200


def test_pages_go_to_the_first_row_and_back(scene: Scene) -> None:
    events(2 * queries.PAGE_ROWS + 10, scene.tomas)
    seen: list[str] = []
    address = f"/audit?action=client.viewed&who={scene.tomas.id}"
    back = ""
    for _ in range(3):
        page = scene.at_admin.get(address).text
        seen.append(str(len(rows(page))))
        older = re.search(r'href="(/audit\?before=[^"]+)" rel="next"', page)
        newer = re.search(r'href="(/audit\?after=[^"]+)" rel="prev"', page)
        address = older[1].replace("&amp;", "&") if older else ""
        back = newer[1].replace("&amp;", "&") if newer else ""
    assert seen == ["50", "50", "10"]
    assert address == ""
    middle = scene.at_admin.get(back).text
    assert len(rows(middle)) == 50
    assert 'rel="prev"' in middle


def test_looking_is_recorded_and_changes_nothing_else(scene: Scene) -> None:
    scene.at_admin.get("/audit")
    row = AuditEvent.select().order_by(AuditEvent.sequence.desc()).get()
    assert (row.action, row.role) == (Action.AUDIT_VIEWED, "admin")
    assert chain.verify().fault == ""


def test_export_is_whole_and_asks_for_a_fresh_proof(scene: Scene) -> None:
    events(queries.BATCH + 5, scene.tomas, scene.client)
    answer = scene.at_admin.get(f"/audit/export?who={scene.tomas.id}&action=client.viewed")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="audit-')
    lines = exported(answer.text)
    assert len(lines) == queries.BATCH + 5
    assert lines[0]["person"] == "Tomás Rivera"
    assert lines[0]["client"] == "Maren Halvorsen"
    numbers = [int(line["number"]) for line in lines]
    assert numbers == sorted(numbers)
    assert AuditEvent.select().where(AuditEvent.action == Action.AUDIT_EXPORTED).count() == 1
    stale = sign_in(scene.app, make_account(Role.ADMIN), fresh=False)
    assert stale.get("/audit/export").location.startswith("/account/confirm?")
    assert AuditEvent.select().where(AuditEvent.action == Action.AUDIT_EXPORTED).count() == 1


def test_name_that_looks_like_a_formula_stays_text(scene: Scene) -> None:
    bad = make_account(Role.PROVIDER, name='=HYPERLINK("https://e.example","x")')
    events(1, bad)
    [line] = exported(scene.at_admin.get(f"/audit/export?who={bad.id}").text)
    assert line["person"] == '\'=HYPERLINK("https://e.example","x")'


def test_export_holds_nothing_of_the_record(scene: Scene) -> None:
    scene.opens(scene.amara)
    text = scene.at_admin.get("/audit/export").text
    assert "Dr. Amara Okafor" in text
    assert not any(word in text for word in (*SEALED_WORDS, DETAILS.emergency_phone))


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.CLIENT])
def test_nobody_but_admins_reads_it(scene: Scene, role: Role) -> None:
    somebody = sign_in(scene.app, make_account(role))
    assert somebody.get("/audit").status_code == 404
    assert somebody.get("/audit/export").status_code == 404


def test_client_sees_who_opened_the_record_and_not_the_own_visits(scene: Scene) -> None:
    at_maren = sign_in(scene.app, scene.maren)
    at_maren.get(f"/clients/{scene.client.id}")
    for _ in range(3):
        scene.opens(scene.amara)
    scene.opens(scene.tomas)
    url = f"/clients/{scene.client.id}/openings"
    page = at_maren.get(url).text
    assert url in at_maren.get("/").text
    assert url in at_maren.get(f"/clients/{scene.client.id}").text
    listed = " ".join(re.sub(r"<[^>]*>", " ", page.partition('class="wh-rows"')[2].partition("</ul>")[0]).split())
    assert "Tomás Rivera provider opened your record" in listed
    assert "Dr. Amara Okafor provider opened your record, 3 times" in listed
    assert "Dr. Amara Okafor provider began your record" in listed
    assert "Maren" not in listed


def test_list_of_openings_equals_the_rows_of_the_record(scene: Scene) -> None:
    events(7, scene.tomas, scene.client)
    events(2, scene.amara, make_client(scene.amara, "Rosa Delgado"))
    with unit(Event(Action.MAIL_SENT, SYSTEM, client=scene.client.id)):
        pass
    read = of(scene)
    shown = queries.openings(read, actor(scene.maren), page=1)
    expected = AuditEvent.select().where(
        (AuditEvent.client == scene.client.id)
        & AuditEvent.account.is_null(False)
        & (AuditEvent.account != scene.maren.id)
    )
    assert sum(line.times for line in shown.lines) == expected.count() == 8


def of(scene: Scene) -> ReadClient:
    return read_client(actor(scene.maren), scene.client.id)


def test_openings_come_in_pages(scene: Scene) -> None:
    for number in range(queries.PAGE_ROWS + 3):
        events(1, make_account(Role.PROVIDER, name=f"Provider {number}"), scene.client)
    first, second = (queries.openings(of(scene), actor(scene.maren), page=page) for page in (1, 2))
    assert (len(first.lines), first.pages) == (queries.PAGE_ROWS, 2)
    assert len(second.lines) == 4  # three more, and who wrote the client down
    assert first.lines[0].name == f"Provider {queries.PAGE_ROWS + 2}"


def test_only_the_client_sees_that_list(scene: Scene) -> None:
    url = f"/clients/{scene.client.id}/openings"
    for account in (scene.amara, scene.tomas, make_account(Role.CLIENT)):
        assert sign_in(scene.app, account).get(url).status_code == 404
    assert scene.at_admin.get(url).status_code == 404


def test_every_kind_of_event_has_plain_words(app: Flask) -> None:
    assert set(WORDS) == set(Action)
    with app.test_request_context():
        for event in AuditEvent.outcome.enum:
            said = {happened(action, event) for action in Action}
            assert len(said) == len(Action)
        for action in TO_CLIENT:
            assert re.search(r"\byou(rs?)?\b", happened_to_you(action)), action


@pytest.mark.parametrize(
    "asked", ["before=99999999999999999999", "after=-1", "first=0001-01-01", "last=9999-12-31", "last=2026-13-45"]
)
def test_numbers_and_days_that_cannot_be_are_left_out(app: Flask, asked: str) -> None:
    admin = sign_in(app, make_account(Role.ADMIN))
    assert admin.get(f"/audit?{asked}").status_code == 200
