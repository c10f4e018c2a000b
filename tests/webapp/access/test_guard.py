"""The guard: what was declared is kept, what was not recorded does not pass."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import pytest
from flask import Flask, Response, redirect
from flask.typing import ResponseReturnValue

from core.clock import utcnow
from core.errors import Conflict, Invalid, NotFound, Refused, Unavailable
from tests.webapp import people
from webapp.access import denials, guard
from webapp.access.actor import Actor, Role
from webapp.access.guard import NotRecorded, safe_next
from webapp.access.route import Feature, nothing
from webapp.access.rules import ABSENT, by_role, on, public, signed_in
from webapp.access.table import Act, Resource
from webapp.audit.events import Action, Event, Outcome
from webapp.audit.models import AuditEvent
from webapp.db import fields
from webapp.db.database import db, writing
from webapp.db.unit import unit

CLIENT = uuid.uuid4()


class Diary(fields.Row):
    """A client's content."""

    body = fields.SealedText(of=fields.Of.CLIENT)


@dataclass(frozen=True)
class Loaded:
    audit_client: uuid.UUID = CLIENT


@on(Resource.OWN, Act.USE)
def load(_actor: Actor, thing_id: uuid.UUID) -> Loaded:
    return Loaded()


@on(Resource.OWN, Act.USE)
def absent(_actor: Actor, thing_id: uuid.UUID) -> Loaded:
    raise NotFound(ABSENT)


@pytest.fixture
def rooms(app: Flask) -> Feature:
    """A feature with one route for each way to keep or break a promise."""
    made = Feature("rooms", __name__)

    @made.get("/rooms/<uuid:thing_id>", allow=load, records=Action.CLIENT_VIEWED)
    def viewed(_actor: Actor, _loaded: Loaded) -> ResponseReturnValue:
        return "a client's page"

    @made.get("/rooms/<uuid:thing_id>/absent", allow=absent, records=Action.CLIENT_VIEWED)
    def hidden(_actor: Actor, _loaded: Loaded) -> ResponseReturnValue:
        return "never"

    @made.get("/rooms/read", allow=signed_in, records=nothing("a lie"))
    def read(_actor: Actor) -> ResponseReturnValue:
        return str(Diary.get().body)

    @made.post("/rooms/silent", allow=signed_in, records=Action.CLIENT_SAVED)
    def silent(_actor: Actor) -> ResponseReturnValue:
        return redirect("/")

    @made.post("/rooms/honest", allow=signed_in, records=Action.CLIENT_SAVED)
    def honest(actor: Actor) -> ResponseReturnValue:
        with unit(Event(Action.CLIENT_SAVED, actor)):
            pass
        return redirect("/")

    @made.post("/rooms/again", allow=signed_in, records=Action.CLIENT_SAVED)
    def again(_actor: Actor) -> ResponseReturnValue:
        return "the form once more"

    @made.post("/rooms/<uuid:thing_id>/again", allow=load, records=Action.CLIENT_SAVED)
    def again_with_content(_actor: Actor, _loaded: Loaded) -> ResponseReturnValue:
        return str(Diary.get().body), 409

    for kind in (Conflict, Invalid, NotFound, Refused, Unavailable):
        _failing(made, kind)
    app.register_blueprint(made)
    token = writing.set(True)
    db.create_tables([Diary])
    Diary.create(body="a secret")
    writing.reset(token)
    return made


def _failing(made: Feature, kind: type[Exception]) -> None:
    def fail(_actor: Actor) -> ResponseReturnValue:
        raise kind("The sentence for a person.")

    for json in (False, True):
        fail.__name__ = f"{kind.__name__.lower()}{'_json' if json else ''}"
        made.get(f"/rooms/{fail.__name__}", allow=public("test"), records=nothing("test"), json=json)(fail)


def last() -> AuditEvent:
    return AuditEvent.select().order_by(AuditEvent.sequence.desc()).get()


def test_opened_page_is_recorded_with_who_whose_and_what(app: Flask, rooms: Feature) -> None:
    account, thing = people.make_account(Role.PROVIDER), uuid.uuid4()
    assert people.sign_in(app, account).get(f"/rooms/{thing}").status_code == 200
    row = last()
    assert (row.action, row.outcome, row.client) == (Action.CLIENT_VIEWED, Outcome.DONE, CLIENT)
    assert (row.account, row.role, row.address) == (account.id, "provider", "127.0.0.1")
    assert row.about == {"thing_id": str(thing)}


def test_denial_is_recorded_for_somebody_known(app: Flask, rooms: Feature) -> None:
    browser, thing = people.sign_in(app, people.make_account(Role.PROVIDER)), uuid.uuid4()
    assert browser.get(f"/rooms/{thing}/absent").status_code == 404
    assert (last().action, last().outcome) == (Action.ACCESS_DENIED, Outcome.REFUSED)
    assert last().about == {"endpoint": "rooms.hidden", "thing_id": str(thing)}


def test_same_denial_again_and_again_is_one_row_a_minute(
    app: Flask, rooms: Feature, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = people.make_account(Role.PROVIDER)
    browser, other = people.sign_in(app, account), people.sign_in(app, account)
    one, two = uuid.uuid4(), uuid.uuid4()

    def denied() -> int:
        return AuditEvent.select().where(AuditEvent.action == Action.ACCESS_DENIED).count()

    for _ in range(20):
        assert browser.get(f"/rooms/{one}/absent").status_code == 404
    assert denied() == 1
    browser.get(f"/rooms/{two}/absent")
    other.get(f"/rooms/{one}/absent")
    assert denied() == 3
    monkeypatch.setattr(guard, "utcnow", lambda: utcnow() + denials.REPEATS_FOR)
    browser.get(f"/rooms/{one}/absent")
    assert denied() == 4


def test_stranger_makes_no_row(app: Flask, rooms: Feature) -> None:
    people.browser(app).get(f"/rooms/{uuid.uuid4()}/absent")
    assert not AuditEvent.select().exists()


def test_reading_a_client_unrecorded_is_a_fault(app: Flask, rooms: Feature) -> None:
    browser = people.sign_in(app, people.make_account(Role.PROVIDER))
    with pytest.raises(NotRecorded, match=r"rooms\.read opened diary\.body"):
        browser.get("/rooms/read")
    app.testing = False
    answer = browser.get("/rooms/read")
    assert answer.status_code == 500
    assert "a secret" not in answer.text


def test_content_in_a_form_that_is_shown_again_is_recorded_as_read(app: Flask, rooms: Feature) -> None:
    account, thing = people.make_account(Role.PROVIDER), uuid.uuid4()
    assert people.sign_in(app, account).send(f"/rooms/{thing}/again").text == "a secret"
    assert (last().action, last().account, last().client) == (Action.CLIENT_VIEWED, account.id, CLIENT)


def test_act_that_did_not_record_what_it_declared_is_a_fault(app: Flask, rooms: Feature) -> None:
    browser = people.sign_in(app, people.make_account(Role.PROVIDER))
    with pytest.raises(NotRecorded, match=r"client\.saved"):
        browser.send("/rooms/silent")
    assert browser.send("/rooms/honest").status_code == 302
    assert browser.send("/rooms/again").status_code == 200


@pytest.mark.parametrize(
    ("name", "status"), [("conflict", 409), ("invalid", 400), ("notfound", 404), ("refused", 403), ("unavailable", 503)]
)
def test_named_errors_become_pages_and_json_with_their_sentence(
    app: Flask, rooms: Feature, name: str, status: int
) -> None:
    sentence = ABSENT if name == "notfound" else "The sentence for a person."
    page = people.browser(app).get(f"/rooms/{name}")
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert sentence in page.text
    answer = people.browser(app).get(f"/rooms/{name}_json")
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["sentence"] == sentence
    if status == 503:
        assert answer.headers["Retry-After"] == "5"


def test_address_that_never_was_and_one_that_is_not_yours_look_alike(app: Flask, rooms: Feature) -> None:
    browser = people.sign_in(app, people.make_account(Role.PROVIDER))
    hidden = browser.get(f"/rooms/{uuid.uuid4()}/absent")
    never = browser.get("/never/was")
    assert (hidden.status_code, never.status_code) == (404, 404)
    assert len(hidden.data) == len(never.data)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_find_nothing(app: Flask, method: str) -> None:
    assert people.browser(app).open("/sign-in", method=method).status_code == 405


def test_other_methods_find_nothing_for_somebody_signed_in_either(app: Flask) -> None:
    assert people.sign_in(app, people.make_account(Role.PROVIDER)).send("/clients").status_code == 405


def test_zero_byte_is_a_clear_no_wherever_it_stands(app: Flask) -> None:
    stranger, provider = people.browser(app), people.sign_in(app, people.make_account(Role.PROVIDER))
    answers = [
        stranger.send("/sign-in", {"email": "a\0@example.org", "password": "x"}),
        stranger.get("/invitation/a%00b"),
        provider.get("/clients?q=a%00b"),
        provider.send("/account", {"name": "Ma\0ren", "time_zone": "UTC", "locale": "en"}),
        provider.send_json("/account/mfa/keys", {"name": "Ma\0ren"}),
    ]
    assert [answer.status_code for answer in answers] == [400] * 5
    assert all("type it anew" in answer.get_data(as_text=True) for answer in answers)


def test_route_without_a_rule_or_a_word_on_what_it_records_cannot_be_written() -> None:
    made = Feature("made", __name__)
    with pytest.raises(TypeError):
        made.get("/made")
    with pytest.raises(TypeError):
        made.get("/made", allow=signed_in)
    with pytest.raises(TypeError):
        made.route("/made")
    with pytest.raises(TypeError):
        public("")
    with pytest.raises(TypeError):
        nothing("")


def test_same_name_cannot_be_declared_twice() -> None:
    made = Feature("made", __name__)
    for path in ("/one", "/two"):

        def show(_actor: Actor) -> ResponseReturnValue:
            return Response("")

        declare = made.get(path, allow=signed_in, records=nothing("test"))
        if path == "/one":
            declare(show)
        else:
            with pytest.raises(TypeError, match="twice"):
                declare(show)


def test_rule_that_the_table_does_not_know_cannot_be_declared() -> None:
    made = Feature("made", __name__)
    with pytest.raises(TypeError, match="cell of the table"):
        made.get("/made", allow=lambda _actor: None, records=nothing("test"))
    with pytest.raises(KeyError):
        by_role(Resource.AUDIT, Act.ARCHIVE)


@pytest.mark.parametrize("role", list(Role))
def test_roles_never_add_up(role: Role) -> None:
    person = Actor(role=role, account=uuid.uuid4(), roles=frozenset(Role))
    for resource, act, mine in (
        (Resource.WAITING, Act.READ, Role.PROVIDER),
        (Resource.PRACTICE, Act.UPDATE, Role.ADMIN),
    ):
        rule = by_role(resource, act)
        if role is mine:
            rule(person)
        else:
            with pytest.raises(NotFound):
                rule(person)


@pytest.mark.parametrize(
    "target",
    [
        *("//e.example", "/\\e.example", "\\\\e.example", "https://e.example", "https:e.example", "/%2F%2Fe.example"),
        *(f"/{blank}/e.example" for blank in "\t\r\n\x00\x0b\x7f "),
        *("x", "/a//b", "", None, "javascript:x", "/..//e.example"),
    ],
)
def test_foreign_or_crooked_target_leads_home(target: str | None) -> None:
    assert safe_next(target) == "/"


@pytest.mark.parametrize("target", ["/", "/clients?show=mine&page=2", "/appointments/1#chat", "/clients/ü"])
def test_own_path_is_kept(target: str) -> None:
    assert safe_next(target) == target
