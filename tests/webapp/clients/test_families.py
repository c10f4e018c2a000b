"""People who act for a client: what they see, for whom, and until when."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from tests.webapp.appointments.bookings import make_appointment
from tests.webapp.at_once import at_once
from tests.webapp.clients.records import NOBODY, make_client, same_for_everybody
from tests.webapp.people import Browser, actor, browser, make_account, sign_in
from webapp.access.actor import Role
from webapp.access.sessions import Session
from webapp.account.models import Account
from webapp.account.queries import roles_of
from webapp.account.signing_in import Caller
from webapp.appointments import queries
from webapp.appointments.models import Appointment
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.clients import families, family_invitations, invitations
from webapp.clients.families import Terms
from webapp.clients.models import Client, FamilyInvitation, FamilyMember, Relation
from webapp.outbox.models import Notice

PASSWORD = "quiet heron under maple"
PARENT = {"relation": "parent", "joins_visits": "y", "last_day": ""}

Clock = Callable[[timedelta], datetime]


class Scene:
    """Leo, his provider, and Sigrid, who acts for him."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.provider = make_account(Role.PROVIDER, name="Dr. Amara Okafor")
        self.leo: Client = make_client(self.provider, "Leo Halvorsen")
        self.sigrid = make_account(Role.CLIENT, name="Sigrid Halvorsen", email="sigrid@example.org")
        self.at_provider: Browser = sign_in(app, self.provider)
        self.at_sigrid: Browser = sign_in(app, self.sigrid)

    def act_for(self, client: Client, *, joins: bool = True, ends_at: datetime | None = None) -> FamilyMember:
        """Let Sigrid act for *client*."""
        with self.app.test_request_context():
            families.add(
                actor(self.provider),
                client.id,
                self.app.extensions["wellhouse.settings"],
                name="Sigrid Halvorsen",
                email="sigrid@example.org",
                terms=Terms(Relation.PARENT, joins, ends_at),
                at=utcnow(),
            )
        return FamilyMember.select().order_by(FamilyMember.added_at.desc()).get()

    def visit(self, *clients: Client, starts_in: timedelta = timedelta()) -> Appointment:
        return make_appointment(self.provider, *(clients or (self.leo,)), starts_at=utcnow() + starts_in)


@pytest.fixture
def scene(app: Flask) -> Scene:
    return Scene(app)


def link_in(page: str) -> str:
    found = re.search(r"https://localhost(/family-invitation/[\w-]+)", page)
    assert found, page
    return found[1]


def reached(scene: Scene, visit: Appointment) -> tuple[int, int]:
    """How the appointment's page and its visit answer Sigrid."""
    page = scene.at_sigrid.get(f"/appointments/{visit.id}").status_code
    return page, scene.at_sigrid.get(f"/appointments/{visit.id}/visit").status_code


def test_mother_is_invited_chooses_a_password_and_joins_her_sons_visit(app: Flask, scene: Scene) -> None:
    visit = scene.visit()
    fields = {**PARENT, "name": "Ingrid Halvorsen", "email": "Ingrid@Example.org"}
    link = link_in(scene.at_provider.send(f"/clients/{scene.leo.id}/family/new", fields).text)
    at_ingrid = browser(app)
    page = at_ingrid.get(link).text
    assert "This invitation is for Ingrid Halvorsen" in page
    assert "Leo" not in page
    assert at_ingrid.send(link, {"password": PASSWORD}).location == "/"
    home = at_ingrid.get("/").text
    assert "For Leo Halvorsen" in home
    assert f"/appointments/{visit.id}" in home
    assert "Enter waiting room" in at_ingrid.get(f"/appointments/{visit.id}/visit").text
    answer = at_ingrid.send_json(f"/appointments/{visit.id}/visit/wait", {"place": "Barre", "phone": "1"})
    assert answer.status_code == 200
    [waiting] = scene.at_provider.get(f"/appointments/{visit.id}/visit/state").get_json()["waiting"]
    assert waiting["sentence"] == "Ingrid Halvorsen for Leo Halvorsen is waiting"
    ingrid = Account.get(Account.email == "ingrid@example.org")
    assert roles_of(ingrid.id) == {Role.CLIENT}
    waited = AuditEvent.get(AuditEvent.action == Action.WAITING_STARTED)
    assert (waited.account, waited.client) == (ingrid.id, scene.leo.id)
    assert browser(app).get(link).status_code == 404


def test_record_names_who_acted_and_for_whom(scene: Scene) -> None:
    visit, member = scene.visit(), scene.act_for(scene.leo)
    scene.at_sigrid.get(f"/appointments/{visit.id}")
    row = AuditEvent.select().order_by(AuditEvent.sequence.desc()).get()
    assert (row.action, row.account, row.client) == (Action.APPOINTMENT_VIEWED, scene.sigrid.id, scene.leo.id)
    assert row.about == {"appointment_id": str(visit.id), "family": str(member.id)}


def test_right_that_was_ended_is_gone_at_the_next_request(scene: Scene) -> None:
    visit, member = scene.visit(), scene.act_for(scene.leo)
    assert reached(scene, visit) == (200, 200)
    scene.at_provider.send(f"/clients/{scene.leo.id}/family/{member.id}/end")
    assert reached(scene, visit) == (404, 404)
    assert "Leo" not in scene.at_sigrid.get("/").text
    over, absent = (scene.at_sigrid.get(f"/appointments/{each}") for each in (visit.id, NOBODY))
    assert same_for_everybody(over) == same_for_everybody(absent)


def test_right_ends_by_itself_after_its_last_day(scene: Scene, clock: Clock) -> None:
    visit = scene.visit(starts_in=timedelta(days=2))
    scene.act_for(scene.leo, ends_at=clock(timedelta()) + timedelta(minutes=20))
    clock(timedelta(minutes=19))
    assert reached(scene, visit) == (200, 200)
    clock(timedelta(minutes=1))
    assert reached(scene, visit) == (404, 404)
    assert "Over" in scene.at_provider.get(f"/clients/{scene.leo.id}").text


def test_last_day_counts_as_a_whole_on_the_practices_clock(scene: Scene) -> None:
    day = (utcnow() + timedelta(days=10)).date()
    fields = {**PARENT, "name": "Ingrid", "email": "ingrid@example.org", "last_day": day.isoformat()}
    scene.at_provider.send(f"/clients/{scene.leo.id}/family/new", fields)
    member = FamilyMember.get()
    assert member.ends_at.date() == day + timedelta(days=1)
    page = scene.at_provider.get(f"/clients/{scene.leo.id}/family/{member.id}").text
    assert f'value="{day.isoformat()}"' in page


def test_last_day_in_another_age_is_a_slip(scene: Scene) -> None:
    for day in ("9999-12-31", "0001-01-01"):
        fields = {**PARENT, "name": "Ingrid Halvorsen", "email": "ingrid@example.org", "last_day": day}
        assert "look at the year again" in scene.at_provider.send(f"/clients/{scene.leo.id}/family/new", fields).text
    assert not FamilyMember.select().exists()


def test_whoever_may_only_see_does_not_join(scene: Scene) -> None:
    visit = scene.visit()
    scene.act_for(scene.leo, joins=False)
    assert reached(scene, visit) == (200, 404)
    page = scene.at_sigrid.get(f"/appointments/{visit.id}").text
    assert "You see this appointment, and do not join it." in page
    assert f"/appointments/{visit.id}/visit" not in page + scene.at_sigrid.get("/").text
    assert scene.at_sigrid.send_json(f"/appointments/{visit.id}/visit/wait", {}).status_code == 404
    assert scene.at_sigrid.get(f"/appointments/{visit.id}/history").status_code == 404


def test_family_neither_cancel_nor_read_the_record(scene: Scene) -> None:
    visit = scene.visit(starts_in=timedelta(days=1))
    scene.act_for(scene.leo)
    assert "Cancel appointment" not in scene.at_sigrid.get(f"/appointments/{visit.id}").text
    assert scene.at_sigrid.send(f"/appointments/{visit.id}/cancel").status_code == 404
    for page in ("", "/edit", "/appointments", "/family/new"):
        assert scene.at_sigrid.get(f"/clients/{scene.leo.id}{page}").status_code == 404


def test_mother_of_two_chooses_whose_visits_she_sees(scene: Scene) -> None:
    nora = make_client(scene.provider, "Nora Halvorsen")
    for client in (scene.leo, nora):
        scene.act_for(client)
    of_leo, of_nora = scene.visit(scene.leo), scene.visit(nora, starts_in=timedelta(hours=2))
    lists = scene.at_sigrid.get("/appointments").text
    assert str(of_leo.id) in lists
    assert str(of_nora.id) in lists
    assert "For Leo Halvorsen and Nora Halvorsen" in lists
    assert scene.at_sigrid.send(f"/family/for/{nora.id}").location == "/"
    lists = scene.at_sigrid.get("/appointments").text
    assert str(of_leo.id) not in lists
    assert str(of_nora.id) in lists
    assert "For Nora Halvorsen" in lists
    assert reached(scene, of_leo) == (200, 200)  # a link from a mail still works
    scene.at_sigrid.send("/family/for-everybody")
    assert str(of_leo.id) in scene.at_sigrid.get("/appointments").text
    chosen = AuditEvent.select().where(AuditEvent.action == Action.FAMILY_CHOSEN).order_by(AuditEvent.sequence)
    assert [row.client for row in chosen] == [nora.id, None]


def test_mother_who_is_a_client_too_sees_both_and_her_own_alone(scene: Scene) -> None:
    own = make_client(scene.provider, "Sigrid Halvorsen", account=scene.sigrid)
    scene.act_for(scene.leo)
    mine, his = scene.visit(own), scene.visit(scene.leo, starts_in=timedelta(hours=2))
    assert "For myself and Leo Halvorsen" in scene.at_sigrid.get("/").text
    scene.at_sigrid.send(f"/family/for/{own.id}")
    lists = scene.at_sigrid.get("/appointments").text
    assert str(mine.id) in lists
    assert str(his.id) not in lists


def test_each_visit_says_for_whom_it_is(scene: Scene) -> None:
    nora = make_client(scene.provider, "Nora Halvorsen", account=make_account(Role.CLIENT))
    own = make_client(scene.provider, "Sigrid Halvorsen", account=scene.sigrid)
    for client in (scene.leo, nora):
        scene.act_for(client)
    for hours, client in enumerate((scene.leo, nora, own)):
        scene.visit(client, starts_in=timedelta(hours=hours))
    lines = queries.upcoming(replace(actor(scene.sigrid), at=utcnow()), at=utcnow()).lines
    assert [line.for_whom for line in lines] == [("Leo Halvorsen",), ("Nora Halvorsen",), ()]


def test_choice_that_no_longer_holds_is_none(scene: Scene) -> None:
    nora = make_client(scene.provider, "Nora Halvorsen")
    scene.act_for(scene.leo)
    member = scene.act_for(nora)
    visit = scene.visit(scene.leo)
    scene.at_sigrid.send(f"/family/for/{nora.id}")
    scene.at_provider.send(f"/clients/{nora.id}/family/{member.id}/end")
    assert str(visit.id) in scene.at_sigrid.get("/appointments").text


def test_nobody_chooses_a_stranger(scene: Scene) -> None:
    for client in (scene.leo.id, NOBODY):
        assert scene.at_sigrid.send(f"/family/for/{client}").status_code == 404
    assert Session.get(Session.account == scene.sigrid.id).acting_for is None


def test_person_with_several_roles_acts_for_nobody_in_the_others(app: Flask, scene: Scene) -> None:
    both = make_account(Role.CLIENT, Role.PROVIDER, name="Otis Palmer", email="otis@example.org")
    with app.test_request_context():
        families.add(
            actor(scene.provider, Role.PROVIDER),
            scene.leo.id,
            app.extensions["wellhouse.settings"],
            name="Otis",
            email="otis@example.org",
            terms=Terms(Relation.PARTNER, True, None),
            at=utcnow(),
        )
    visit = scene.visit()
    assert sign_in(app, both, Role.CLIENT).get(f"/appointments/{visit.id}").status_code == 200
    assert sign_in(app, both, Role.PROVIDER).get(f"/appointments/{visit.id}").status_code == 404


def test_one_address_serves_several_clients(app: Flask, scene: Scene) -> None:
    nora = make_client(scene.provider, "Nora Halvorsen")
    fields = {**PARENT, "name": "Ingrid Halvorsen", "email": "ingrid@example.org"}
    links = [
        link_in(scene.at_provider.send(f"/clients/{client.id}/family/new", fields).text) for client in (scene.leo, nora)
    ]
    at_ingrid = browser(app)
    at_ingrid.send(links[1], {"password": PASSWORD})
    assert "For Leo Halvorsen and Nora Halvorsen" in at_ingrid.get("/").text
    joined = AuditEvent.select().where(AuditEvent.action == Action.FAMILY_JOINED)
    assert {row.client for row in joined} == {scene.leo.id, nora.id}
    assert browser(app).get(links[0]).status_code == 404


def test_invited_client_acts_for_whom_their_address_was_promised(app: Flask, scene: Scene) -> None:
    fields = {**PARENT, "name": "Ingrid Halvorsen", "email": "ingrid@example.org"}
    scene.at_provider.send(f"/clients/{scene.leo.id}/family/new", fields)
    own = make_client(scene.provider, "Ingrid Halvorsen", email="ingrid@example.org")
    with app.app_context():
        settings = app.extensions["wellhouse.settings"]
        path = invitations.invite(actor(scene.provider), own.id, settings, at=utcnow()).removeprefix(settings.origin)
    at_ingrid = browser(app)
    at_ingrid.send(path, {"password": PASSWORD})
    assert "For myself and Leo Halvorsen" in at_ingrid.get("/").text
    ingrid = Account.get(Account.email == "ingrid@example.org")
    joined = AuditEvent.get(AuditEvent.action == Action.FAMILY_JOINED)
    assert (joined.account, joined.client) == (ingrid.id, scene.leo.id)


def test_link_works_once_under_a_race(app: Flask, scene: Scene) -> None:
    fields = {**PARENT, "name": "Ingrid Halvorsen", "email": "ingrid@example.org"}
    token = link_in(scene.at_provider.send(f"/clients/{scene.leo.id}/family/new", fields).text).rpartition("/")[2]
    settings = app.extensions["wellhouse.settings"]
    link = family_invitations.open_link(token, at=utcnow())
    assert link is not None

    def open_it(_number: int) -> None:
        with app.test_request_context():
            family_invitations.accept(link, PASSWORD, settings, Caller("127.0.0.1"), at=utcnow())

    assert at_once(8, open_it) == {"done": 1, "Conflict": 7}
    assert Account.select().where(Account.email == "ingrid@example.org").count() == 1


@pytest.mark.parametrize("spoil", ["expired", "ended", "invented", "long"])
def test_link_that_does_not_work_tells_nothing(app: Flask, scene: Scene, spoil: str, clock: Clock) -> None:
    fields = {**PARENT, "name": "Ingrid Halvorsen", "email": "ingrid@example.org"}
    link = link_in(scene.at_provider.send(f"/clients/{scene.leo.id}/family/new", fields).text)
    gone = browser(app).get("/family-invitation/never-was")
    if spoil == "expired":
        clock(invitations.GOOD_FOR)
    elif spoil == "ended":
        scene.at_provider.send(f"/clients/{scene.leo.id}/family/{FamilyMember.get().id}/end")
    else:
        link = f"/family-invitation/{'x' * (20 if spoil == 'invented' else 2000)}"
    answer = browser(app).get(link)
    assert answer.status_code == 404
    assert same_for_everybody(answer) == same_for_everybody(gone)
    assert browser(app).send(link, {"password": PASSWORD}).status_code == 404
    assert not Account.select().where(Account.email == "ingrid@example.org").exists()


def test_who_cannot_act_for_this_client_is_said(app: Flask, scene: Scene) -> None:
    own = make_account(Role.CLIENT, email="leo@example.org")
    with_account = make_client(scene.provider, "Leo the second", account=own)
    scene.act_for(scene.leo)
    refused = {
        (scene.leo.id, "sigrid@example.org"): "acts for the client already",
        (with_account.id, "leo@example.org"): "need an address of their own",
        (scene.leo.id, scene.provider.email): "belongs to the practice",
        (scene.leo.id, "not an address"): "look at this e-mail address again",
    }
    before = FamilyMember.select().count()
    for (client, email), sentence in refused.items():
        answer = scene.at_provider.send(f"/clients/{client}/family/new", {**PARENT, "name": "N", "email": email})
        assert sentence in answer.text
    past = {**PARENT, "name": "N", "email": "n@example.org", "last_day": "2020-01-01"}
    assert "This day has passed" in scene.at_provider.send(f"/clients/{scene.leo.id}/family/new", past).text
    strange = {**PARENT, "name": "N", "email": "n@example.org", "relation": "owner"}
    assert scene.at_provider.send(f"/clients/{scene.leo.id}/family/new", strange).status_code == 200
    assert FamilyMember.select().count() == before


def test_care_team_changes_rights_and_the_client_sees_who_acts(app: Flask, scene: Scene) -> None:
    visit, member = scene.visit(), scene.act_for(scene.leo)
    url = f"/clients/{scene.leo.id}/family/{member.id}"
    assert scene.at_provider.send(url, {"relation": "guardian", "last_day": ""}).status_code == 302
    assert reached(scene, visit) == (200, 404)
    page = scene.at_provider.get(f"/clients/{scene.leo.id}").text
    assert "Guardian, sees appointments" in page
    leo = make_account(Role.CLIENT)
    other = make_client(scene.provider, "Leo the second", account=leo)
    scene.act_for(other)
    own_page = sign_in(app, leo).get(f"/clients/{other.id}").text
    assert "Sigrid Halvorsen" in own_page
    assert "Add family" not in own_page


def test_only_the_care_team_manages_families(app: Flask, scene: Scene) -> None:
    member = scene.act_for(scene.leo)
    other = make_client(scene.provider, "Rosa Delgado")
    colleague = sign_in(app, make_account(Role.PROVIDER))
    for who in (colleague, scene.at_sigrid, sign_in(app, make_account(Role.ADMIN))):
        for act in ("new", f"{member.id}", f"{member.id}/end", f"{member.id}/invite"):
            assert who.send(f"/clients/{scene.leo.id}/family/{act}").status_code == 404
    assert scene.at_provider.send(f"/clients/{other.id}/family/{member.id}/end").status_code == 404
    assert FamilyMember.get_by_id(member.id).ended_at is None


def test_family_hear_of_new_appointments(app: Flask, scene: Scene) -> None:
    scene.act_for(scene.leo)
    before = Notice.select().where(Notice.account == scene.sigrid.id).count()
    at = utcnow() + timedelta(days=1)
    fields = {"day": at.date().isoformat(), "time": "10:00", "minutes": "50", "reason": ""}
    assert scene.at_provider.send(f"/clients/{scene.leo.id}/appointments/new", fields).status_code == 302
    assert Notice.select().where(Notice.account == scene.sigrid.id).count() == before + 1


def test_invitation_can_be_sent_again_until_it_was_used(scene: Scene) -> None:
    fields = {**PARENT, "name": "Ingrid Halvorsen", "email": "ingrid@example.org"}
    first = link_in(scene.at_provider.send(f"/clients/{scene.leo.id}/family/new", fields).text)
    member = FamilyMember.get()
    url = f"/clients/{scene.leo.id}/family/{member.id}/invite"
    second = link_in(scene.at_provider.send(url).text)
    assert FamilyInvitation.select().count() == 2
    assert browser(scene.app).get(first).status_code == 404  # it went where nobody took it up
    assert browser(scene.app).get(second).status_code == 200
    acting = scene.act_for(scene.leo)
    assert scene.at_provider.send(f"/clients/{scene.leo.id}/family/{acting.id}/invite").status_code == 409
