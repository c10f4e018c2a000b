"""Opening a record in an emergency: who, for how long, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import peewee
import pytest
from flask import Flask

from core.clock import utcnow
from core.settings import Mail as MailSettings
from tests.webapp.appointments.bookings import make_appointment
from tests.webapp.at_once import at_once
from tests.webapp.clients.records import NOBODY, SEALED_WORDS, make_client, same_for_everybody
from tests.webapp.people import Browser, actor, make_account, sign_in
from webapp.access.actor import Role
from webapp.account.models import Account
from webapp.appointments.models import Status
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.clients import break_glass
from webapp.clients.models import BreakGlass, BreakGlassReason, Client
from webapp.db.database import db
from webapp.db.unit import housekeeping
from webapp.outbox.models import Mail, Notice, NoticeKind

REASON = "Found unconscious, their provider is on a plane"

Clock = Callable[[timedelta], datetime]


class Scene:
    """A client of one provider, another provider, and an admin."""

    def __init__(self, app: Flask) -> None:
        self.carer = make_account(Role.PROVIDER, name="Dr. Amara Okafor")
        self.client: Client = make_client(self.carer)
        self.colleague = make_account(Role.PROVIDER, name="Tomás Rivera")
        self.admin = make_account(Role.ADMIN, name="Ines Ferreira")
        self.at_colleague: Browser = sign_in(app, self.colleague)
        self.url = f"/clients/{self.client.id}"

    def open(self, reason: str = REASON) -> BreakGlass:
        answer = self.at_colleague.send(f"{self.url}/emergency", {"reason": reason})
        assert answer.status_code == 302, answer.text
        return BreakGlass.select().order_by(BreakGlass.opened_at.desc()).get()

    def reads_all(self) -> bool:
        page = self.at_colleague.get(self.url).text
        return all(word in page for word in SEALED_WORDS)


@pytest.fixture
def scene(app: Flask) -> Scene:
    return Scene(app)


def test_colleague_reads_the_whole_record_for_an_hour_and_not_a_minute_longer(scene: Scene, clock: Clock) -> None:
    assert not scene.reads_all()
    assert scene.at_colleague.get(f"{scene.url}/appointments").status_code == 404
    scene.open()
    for _ in range(3):
        clock(timedelta(minutes=19))
        assert scene.reads_all()
        assert scene.at_colleague.get(f"{scene.url}/appointments").status_code == 200
    clock(timedelta(minutes=3))
    assert not scene.reads_all()
    over = scene.at_colleague.get(f"{scene.url}/appointments")
    absent = scene.at_colleague.get(f"/clients/{NOBODY}/appointments")
    assert over.status_code == absent.status_code == 404
    assert same_for_everybody(over) == same_for_everybody(absent)


def test_every_page_says_that_it_is_an_emergency_until_when(scene: Scene) -> None:
    scene.open()
    for page in ("", "/appointments"):
        shown = scene.at_colleague.get(f"{scene.url}{page}").text
        assert "You opened this record in an emergency." in shown
        assert "It closes by itself at " in shown


def test_emergency_only_reads(scene: Scene) -> None:
    scene.open()
    before = Client.get_by_id(scene.client.id).email
    for page in ("/edit", "/appointments/new", "/family/new"):
        assert scene.at_colleague.get(f"{scene.url}{page}").status_code == 404
    for act in ("/edit", "/archive", "/invite", "/care-team", "/appointments/new", "/family/new"):
        assert scene.at_colleague.send(f"{scene.url}{act}", {"email": "x@example.org"}).status_code == 404
    assert Client.get_by_id(scene.client.id).email == before
    page = scene.at_colleague.get(scene.url).text
    assert "Edit Info" not in page
    assert "New appointment" not in page


def test_emergency_opens_what_was_said_in_past_visits(app: Flask, scene: Scene) -> None:
    long_ago = utcnow() - timedelta(days=3)
    past = make_appointment(scene.carer, scene.client, starts_at=long_ago, status=Status.DONE)
    coming = make_appointment(scene.carer, scene.client, starts_at=utcnow() + timedelta(days=1))
    history = f"/appointments/{past.id}/history"
    assert scene.at_colleague.get(history).status_code == 404
    scene.open()
    assert history in scene.at_colleague.get(f"{scene.url}/appointments").text
    assert "You opened this record in an emergency." in scene.at_colleague.get(history).text
    for visit in (past, coming):
        assert scene.at_colleague.get(f"/appointments/{visit.id}").status_code == 404
        assert scene.at_colleague.get(f"/appointments/{visit.id}/visit").status_code == 404


def test_visit_of_two_clients_opens_only_with_both(scene: Scene) -> None:
    other = make_client(scene.carer, "Rosa Delgado")
    together = make_appointment(scene.carer, scene.client, other)
    scene.open()
    assert scene.at_colleague.get(f"/appointments/{together.id}/history").status_code == 404
    scene.at_colleague.send(f"/clients/{other.id}/emergency", {"reason": REASON})
    assert scene.at_colleague.get(f"/appointments/{together.id}/history").status_code == 200


def test_each_opening_of_a_page_is_recorded_with_its_emergency(scene: Scene) -> None:
    row = scene.open()
    scene.at_colleague.get(scene.url)
    viewed = AuditEvent.select().order_by(AuditEvent.sequence.desc()).get()
    assert (viewed.action, viewed.account, viewed.client) == (
        Action.CLIENT_VIEWED, scene.colleague.id, scene.client.id
    )  # fmt: skip
    assert viewed.about == {"client_id": str(scene.client.id), "break_glass": str(row.id)}
    opened = AuditEvent.get(AuditEvent.action == Action.BREAK_GLASS_OPENED)
    assert opened.about == {"break_glass": str(row.id)}
    assert REASON not in str(opened.about)


def test_care_team_and_admins_are_told_at_once_and_nobody_else(scene: Scene) -> None:
    make_account(Role.PROVIDER)
    make_account(Role.CLIENT)
    row = scene.open()
    told = {notice.account for notice in Notice.select().where(Notice.kind == NoticeKind.BREAK_GLASS)}
    assert told == {scene.carer.id, scene.admin.id}
    assert {notice.thing for notice in Notice.select()} == {row.id}


def test_mail_about_it_names_nobody(app: Flask, scene: Scene) -> None:
    settings = app.extensions["wellhouse.settings"]
    app.extensions["wellhouse.settings"] = replace(settings, mail=MailSettings(host="relay.example"))
    scene.open()
    mails = list(Mail.select())
    assert {mail.to for mail in mails} == {scene.carer.email, scene.admin.email}
    for mail in mails:
        assert not any(word in mail.values for word in ("Maren", "Rivera", str(scene.client.id), "conscious"))


def test_care_team_reads_the_reason_and_the_homes_tell_of_it(app: Flask, scene: Scene) -> None:
    scene.open()
    at_carer, at_admin = sign_in(app, scene.carer), sign_in(app, scene.admin)
    assert REASON in at_carer.get(scene.url).text
    assert "by Tomás Rivera" in at_carer.get("/").text
    assert "by Tomás Rivera" in at_admin.get("/").text
    assert "by Tomás Rivera" not in scene.at_colleague.get("/").text
    assert "by Tomás Rivera" not in sign_in(app, make_account(Role.PROVIDER)).get("/").text


def test_admin_reads_the_reason_and_ends_it(app: Flask, scene: Scene) -> None:
    row = scene.open()
    at_admin = sign_in(app, scene.admin)
    assert "Record of Maren Halvorsen" in at_admin.get("/emergencies").text
    page = at_admin.get(f"/emergencies/{row.id}").text
    assert REASON in page
    assert not any(word in page for word in SEALED_WORDS)
    viewed = AuditEvent.select().order_by(AuditEvent.sequence.desc()).get()
    assert (viewed.action, viewed.client) == (Action.BREAK_GLASS_VIEWED, scene.client.id)
    at_admin.send(f"/emergencies/{row.id}/end")
    assert not scene.reads_all()
    ended = AuditEvent.get(AuditEvent.action == Action.BREAK_GLASS_ENDED)
    assert (ended.account, ended.client) == (scene.admin.id, scene.client.id)
    assert "ended early" in at_admin.get(f"/emergencies/{row.id}").text
    again = at_admin.send(f"/emergencies/{row.id}/end")
    assert again.status_code == 409
    assert "over already" in again.text


def test_whoever_opened_it_can_close_it(scene: Scene) -> None:
    scene.open()
    assert scene.at_colleague.send(f"{scene.url}/emergency/close").status_code == 302
    assert not scene.reads_all()
    assert scene.at_colleague.send(f"{scene.url}/emergency/close").status_code == 404


def test_reason_is_asked_for_and_lies_sealed(scene: Scene) -> None:
    for reason in ("", "  ", "urgent"):
        answer = scene.at_colleague.send(f"{scene.url}/emergency", {"reason": reason})
        assert answer.status_code == 200
        assert not BreakGlass.select().exists()
    scene.open()
    [kept] = db.execute_sql("SELECT text FROM break_glass_reason").fetchone()
    assert b"unconscious" not in bytes(kept)


def test_it_asks_for_a_fresh_proof(app: Flask, scene: Scene) -> None:
    stale = sign_in(app, scene.colleague, fresh=False)
    asked = stale.get(f"{scene.url}/emergency")
    assert asked.status_code == 302
    assert asked.location.startswith("/account/confirm?")
    assert stale.send(f"{scene.url}/emergency", {"reason": REASON}).status_code == 403
    assert not BreakGlass.select().exists()


def test_only_colleagues_outside_the_care_team_have_a_reason_to(app: Flask, scene: Scene) -> None:
    client = make_account(Role.CLIENT)
    for account in (scene.carer, scene.admin, client):
        assert sign_in(app, account).send(f"{scene.url}/emergency", {"reason": REASON}).status_code == 404
    for account in (scene.carer, scene.colleague, client):
        assert sign_in(app, account).get("/emergencies").status_code == 404
    row = scene.open()
    for account in (scene.carer, scene.colleague, client):
        assert sign_in(app, account).get(f"/emergencies/{row.id}").status_code == 404
        assert sign_in(app, account).send(f"/emergencies/{row.id}/end").status_code == 404
    assert not any(word in sign_in(app, client).get(scene.url).text for word in SEALED_WORDS)


def test_pressing_twice_opens_once(app: Flask, scene: Scene) -> None:
    settings, at = app.extensions["wellhouse.settings"], utcnow()
    who = replace(actor(scene.colleague), at=at)

    def press(_number: int) -> None:
        with app.app_context():
            break_glass.open_record(who, scene.client.id, REASON, settings, at=at)

    assert at_once(5, press) == {"done": 1, "Conflict": 4}
    assert BreakGlass.select().count() == 1


def test_what_was_opened_cannot_be_lengthened_or_reworded(scene: Scene) -> None:
    row = scene.open()
    for change in (
        BreakGlass.update(ends_at=row.ends_at + timedelta(hours=1)),
        BreakGlass.delete(),
        BreakGlassReason.update(text="another"),
    ):
        with pytest.raises(peewee.DatabaseError, match="stays as it was"), housekeeping("a try"):
            change.execute()
    assert Account.select().exists()
