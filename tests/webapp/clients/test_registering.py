"""People who register themselves where the practice allows it: proved by mail, answered by staff."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from tests.webapp import people
from tests.webapp.account.door import account_with_password, knock
from tests.webapp.account.mails import mailed, path_of, use_relay
from tests.webapp.account.mfa.enrolled import everything_recorded
from tests.webapp.at_once import at_once
from tests.webapp.clients.records import make_client
from tests.webapp.people import Browser, actor, browser, make_account, sign_in
from webapp.access.actor import SYSTEM, Role
from webapp.account import hashing
from webapp.account.models import Account
from webapp.account.signing_in import Caller
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.clients import registering, registrations
from webapp.clients.models import CareTeam, Client, Registration
from webapp.clients.registering import Unproved
from webapp.clients.registrations import ReadRegistration
from webapp.db.unit import housekeeping
from webapp.outbox.models import Mail, MailTemplate, Notice, NoticeKind
from webapp.practice import actions as practice
from webapp.practice.actions import PracticeWords

NAME, EMAIL = "Ines Albrecht", "ines@example.org"
FIELDS = {"name": NAME, "email": EMAIL, "phone": "802-555-0133"}
PASSWORD = "kettle orange violin"
WORDS = PracticeWords(name="Cedar Hollow", time_zone="America/New_York", phone="802-555-0100", registration_open=True)


@pytest.fixture
def opened(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A practice that lets people register, with a mail relay."""
    use_relay(app, monkeypatch)
    practice.save(SYSTEM, WORDS, at=utcnow())
    return app


def ask(app: Flask, **other: str) -> str:
    """Somebody registers; the path of the link that was mailed last."""
    answer = browser(app).send("/register", {**FIELDS, **other})
    assert "Look into your mail" in answer.text
    return path_of(mailed(MailTemplate.REGISTRATION_PROVE)[-1][1]["link"])


def press(app: Flask, path: str) -> int:
    """Open the link and press the button there; the status."""
    return browser(app).send("/register/prove", {"link": path.partition("link=")[2]}).status_code


def asked_and_proved(app: Flask, **other: str) -> Registration:
    assert press(app, ask(app, **other)) == 302
    proved = Registration.select().where(Registration.proved_at.is_null(False))
    return proved.order_by(Registration.proved_at.desc()).get()


def actions_recorded() -> list[Action]:
    return [row.action for row in AuditEvent.select().order_by(AuditEvent.sequence)]


def approve(at: Browser, registration: Registration, **fields: str) -> int:
    return at.send(f"/clients/registrations/{registration.id}/approve", fields).status_code


def test_somebody_registers_is_approved_chooses_a_password_and_is_in(opened: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    assert 'href="/register"' in browser(opened).get("/sign-in").text
    assert "Ask to become a client" in browser(opened).get("/register").text
    link = ask(opened)
    assert registrations.waiting(actor(provider)) == ()
    assert "Yes, this is my address" in browser(opened).get(link).text
    assert press(opened, link) == 302
    at_provider = sign_in(opened, provider)
    assert "1 person asks to become a client." in at_provider.get("/").text
    assert "1 person asks to become a client." in at_provider.get("/clients").text
    assert NAME in at_provider.get("/clients/registrations").text
    found = Registration.get()
    assert EMAIL in at_provider.get(f"/clients/registrations/{found.id}").text
    assert approve(at_provider, found, provider=str(provider.id)) == 302
    client = Client.get()
    assert (client.name, client.email, client.phone, client.account_id) == (NAME, EMAIL, "802-555-0133", None)
    assert CareTeam.get().provider_id == provider.id
    [(to, values)] = mailed(MailTemplate.INVITATION)
    assert to == EMAIL
    newcomer = browser(opened)
    assert newcomer.send(values["link"].removeprefix("https://localhost"), {"password": PASSWORD}).status_code == 302
    assert newcomer.get("/").status_code == 200
    assert Client.get().account_id == Account.get(Account.email == EMAIL).id
    assert "asks to become" not in at_provider.get("/clients").text
    wanted = [Action.REGISTRATION_ASKED, Action.REGISTRATION_PROVED, Action.REGISTRATION_APPROVED]
    assert [action for action in actions_recorded() if action in wanted] == wanted


def test_it_is_off_until_the_practice_opens_it_and_without_a_relay(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger, admin = browser(app), sign_in(app, make_account(Role.ADMIN))
    use_relay(app, monkeypatch)
    assert stranger.get("/register").status_code == 404
    assert stranger.send("/register", FIELDS).status_code == 404
    assert "/register" not in stranger.get("/sign-in").text
    fields = {"name": "Cedar Hollow", "time_zone": "UTC", "registration_open": "y"}
    assert admin.send("/practice", fields).status_code == 302
    assert stranger.get("/register").status_code == 200
    assert "checked" in re.findall(r"<input[^>]*registration_open[^>]*>", admin.get("/practice").text)[0]
    monkeypatch.undo()
    assert stranger.get("/register").status_code == 404
    assert "This needs a mail relay" in admin.get("/practice").text
    use_relay(app, monkeypatch)
    assert admin.send("/practice", {"name": "Cedar Hollow", "time_zone": "UTC"}).status_code == 302
    assert stranger.get("/register").status_code == 404
    assert not Registration.select().exists()


@pytest.mark.parametrize(
    ("field", "bad", "said"),
    [
        ("name", "  ", "Please write your name."),
        ("name", "x" * 101, "at most 100"),
        ("email", "", "Please write your e-mail address."),
        ("email", "ines@", "e-mail address"),
        ("email", "a@b.example\nBcc: c@d.example", "e-mail address"),
        ("phone", "1" * 41, "at most 40"),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_is_lost_or_sent(
    opened: Flask, field: str, bad: str, said: str
) -> None:
    answer = browser(opened).send("/register", {**FIELDS, field: bad})
    assert said in answer.text
    assert "Nothing you wrote is lost" in answer.text
    assert not Registration.select().exists()
    assert not Mail.select().exists()


def test_known_disabled_invited_and_unknown_get_the_same_page_after_one_hash(
    opened: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_with_password(Role.CLIENT, email="known@example.org")
    disabled = account_with_password(Role.PROVIDER, email="gone1@example.org")
    make_client(make_account(Role.PROVIDER), email="written@example.org")
    with housekeeping("this test's people"):
        Account.update(disabled_at=utcnow()).where(Account.id == disabled.id).execute()
    counted: list[str] = []
    compare = hashing._compare
    monkeypatch.setattr(hashing, "_compare", lambda *given: counted.append("once") or compare(*given))
    answers = set()
    for name in ("known", "gone1", "written", "never"):
        counted.clear()
        answer = browser(opened).send("/register", {**FIELDS, "email": f"{name}@example.org"})
        assert counted == ["once"], name
        page = re.sub(r'nonce="[^"]+"|(value|data-token)="[^"]{60,}"', "", answer.text)
        answers.add((answer.status_code, len(answer.data), page))
    assert len(answers) == 1
    to_known = [to for to, _ in mailed(MailTemplate.REGISTRATION_KNOWN)]
    to_others = [to for to, _ in mailed(MailTemplate.REGISTRATION_PROVE)]
    assert to_known == ["known@example.org", "gone1@example.org"]
    assert to_others == ["written@example.org", "never@example.org"]
    assert actions_recorded().count(Action.REGISTRATION_ASKED) == 4


def test_of_somebody_known_no_word_is_kept_and_no_link_works(opened: Flask) -> None:
    account_with_password(Role.CLIENT, email=EMAIL)
    browser(opened).send("/register", FIELDS)
    row = Registration.get()
    assert (row.name, row.phone) == ("", "")
    assert registrations.waiting(actor(make_account(Role.PROVIDER))) == ()


def test_field_for_scripts_is_unseen_and_whoever_fills_it_in_sends_nothing(opened: Flask) -> None:
    page = browser(opened).get("/register").text
    trap = re.search(r'<div class="clients-unseen" aria-hidden="true">.*?</div>', page, re.S)
    assert trap is not None
    assert 'tabindex="-1"' in trap[0]
    assert 'autocomplete="off"' in trap[0]
    real = browser(opened).send("/register", FIELDS)
    caught = browser(opened).send("/register", {**FIELDS, "email": "bot@example.org", "company": "Pills"})
    assert (caught.status_code, len(caught.data)) == (real.status_code, len(real.data))
    assert [mail.to for mail in Mail.select()] == [EMAIL]
    assert Registration.select().count() == 1


def test_one_address_gets_three_mails_a_day_whoever_asks(opened: Flask) -> None:
    account_with_password(Role.CLIENT, email="known@example.org")
    pages = set()
    for email in (EMAIL, "known@example.org"):
        for _ in range(5):
            answer = browser(opened).send("/register", {**FIELDS, "email": email})
            pages.add((answer.status_code, len(answer.data)))
        assert len([mail for mail in Mail.select() if mail.to == email]) == registering.MAILS_A_DAY
    assert len(pages) == 1


def test_asking_again_and_again_must_wait(opened: Flask) -> None:
    answers = [browser(opened).send("/register", FIELDS) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 29
    assert "too many tries" in answers[-1].text
    assert NAME in answers[-1].text


def test_box_as_a_whole_takes_two_hundred_a_day(opened: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registering, "ASKED_A_DAY", 2)
    account_with_password(Role.CLIENT, email="known@example.org")
    for email in ("known@example.org", "second@example.org"):
        browser(opened).send("/register", {**FIELDS, "email": email})
    for email in ("known@example.org", "third@example.org"):
        answer = browser(opened).send("/register", {**FIELDS, "email": email})
        assert answer.status_code == 503
        assert "Please call the clinic" in answer.text
    assert Mail.select().count() == 2


def test_link_works_once_for_a_day_and_looking_does_not_use_it_up(
    opened: Flask, clock: Callable[[timedelta], datetime]
) -> None:
    first = ask(opened)
    for _ in range(3):
        assert browser(opened).get(first).status_code == 200
    assert press(opened, first) == 302
    assert (browser(opened).get(first).status_code, press(opened, first)) == (404, 404)
    late = ask(opened, email="late@example.org")
    clock(registering.GOOD_FOR - timedelta(seconds=1))
    assert browser(opened).get(late).status_code == 200
    clock(timedelta(seconds=1))
    gone = browser(opened).get(late)
    assert gone.status_code == 404
    assert "This link does not work" in gone.text
    assert press(opened, late) == 404


@pytest.mark.parametrize("token", ["", "x", "%00", "A" * 43, "A" * 5000])
def test_guessed_link_opens_nothing(opened: Flask, token: str) -> None:
    ask(opened)
    assert browser(opened).get(f"/register/prove?link={token}").status_code == 404
    assert browser(opened).send("/register/prove", {"link": token.replace("%00", "\0")}).status_code == 404


def test_twenty_who_press_at_once_prove_it_once(opened: Flask) -> None:
    ask(opened)
    row = Registration.get()
    outcome = at_once(20, lambda _n: registering.prove(Unproved(row.id, row.email), Caller("127.0.0.1"), at=utcnow()))
    assert outcome == {"done": 1, "Conflict": 19}


def test_who_asked_twice_stands_in_the_list_once(opened: Flask) -> None:
    first, second = ask(opened), ask(opened)
    assert (press(opened, first), press(opened, second)) == (302, 302)
    assert len(registrations.waiting(actor(make_account(Role.PROVIDER)))) == 1


def test_staff_hear_of_it_on_open_pages_and_clients_do_not(opened: Flask) -> None:
    provider, admin, client = make_account(Role.PROVIDER), make_account(Role.ADMIN), make_account(Role.CLIENT)
    registration = asked_and_proved(opened)
    told = {notice.account for notice in Notice.select() if notice.kind is NoticeKind.REGISTRATION}
    assert told == {provider.id, admin.id}
    assert registrations.waiting(actor(client)) == ()
    assert "1 person asks to become a client." in sign_in(opened, admin).get("/").text
    at_client = sign_in(opened, client)
    assert at_client.get("/clients/registrations").status_code == 404
    assert approve(at_client, registration, provider=str(provider.id)) == 404


def test_admin_approves_for_a_provider(opened: Flask) -> None:
    provider, admin = make_account(Role.PROVIDER), sign_in(opened, make_account(Role.ADMIN))
    registration = asked_and_proved(opened)
    assert approve(admin, registration) == 409
    assert approve(admin, registration, provider="nobody") == 200
    assert Registration.get().decided_at is None
    assert approve(admin, registration, provider=str(provider.id)) == 302
    assert CareTeam.get().provider_id == provider.id


def test_client_who_was_written_down_before_is_invited_and_not_doubled(opened: Flask) -> None:
    provider, other = make_account(Role.PROVIDER), make_account(Role.PROVIDER)
    client = make_client(provider, name="Ines A.", email=EMAIL)
    registration = asked_and_proved(opened)
    at_other = sign_in(opened, other)
    assert (
        "Ines A. was written down with the same address."
        in at_other.get(f"/clients/registrations/{registration.id}").text
    )
    assert approve(at_other, registration, same_as=str(client.id)) == 200
    assert Client.select().count() == 1
    at_provider = sign_in(opened, provider)
    page = at_provider.get(f"/clients/registrations/{registration.id}").text
    assert re.search(rf'checked[^>]*value="{client.id}"', page)
    assert approve(at_provider, registration, same_as=str(client.id)) == 302
    assert (Client.select().count(), Client.get().name) == (1, "Ines A.")
    assert [to for to, _ in mailed(MailTemplate.INVITATION)] == [EMAIL]
    assert Registration.get().client == client.id


def test_address_with_which_somebody_signs_in_by_now_is_a_conflict_and_stays_undecided(opened: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    registration = asked_and_proved(opened)
    make_account(Role.CLIENT, email=EMAIL)
    at_provider = sign_in(opened, provider)
    answer = at_provider.send(f"/clients/registrations/{registration.id}/approve", {"provider": str(provider.id)})
    assert answer.status_code == 409
    assert "signs in with ines@example.org already" in answer.text
    assert not Client.select().exists()
    assert Registration.get().decided_at is None


def test_declined_person_is_told_to_call_and_gets_no_reason(opened: Flask) -> None:
    registration = asked_and_proved(opened)
    at_provider = sign_in(opened, make_account(Role.PROVIDER))
    assert at_provider.send(f"/clients/registrations/{registration.id}/decline").status_code == 302
    assert not Client.select().exists()
    assert [to for to, _ in mailed(MailTemplate.REGISTRATION_DECLINED)] == [EMAIL]
    assert at_provider.get(f"/clients/registrations/{registration.id}").status_code == 404
    assert Action.REGISTRATION_DECLINED in actions_recorded()


def test_twenty_colleagues_who_answer_at_once_give_one_answer(opened: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    registration = asked_and_proved(opened)
    settings, who, read = opened.extensions["wellhouse.settings"], actor(provider), ReadRegistration(registration)

    def answer(number: int) -> None:
        if number % 2:
            registrations.decline(who, read, settings, at=utcnow())
        else:
            registrations.approve(who, read, settings, carer=provider.id, same_as=None, at=utcnow())

    with opened.test_request_context():
        assert at_once(20, answer)["done"] == 1
    assert Client.select().count() <= 1


def test_without_a_relay_by_now_the_invitation_is_shown_to_pass_on(
    opened: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = make_account(Role.PROVIDER)
    registration = asked_and_proved(opened)
    monkeypatch.undo()
    answer = sign_in(opened, provider).send(
        f"/clients/registrations/{registration.id}/approve", {"provider": str(provider.id)}
    )
    assert answer.status_code == 200
    assert "https://localhost/invitation/" in answer.text


def test_what_was_not_proved_is_forgotten_and_what_was_decided_later(opened: Flask) -> None:
    now = utcnow()
    ask(opened)
    decided = asked_and_proved(opened, email="second@example.org")
    settings, provider = opened.extensions["wellhouse.settings"], actor(make_account(Role.PROVIDER))
    registrations.decline(provider, ReadRegistration(decided), settings, at=now)
    waiting = asked_and_proved(opened, email="third@example.org")
    assert registering.forget_old(at=now + timedelta(hours=25)) == 1
    assert registering.forget_old(at=now + registering.KEEP + timedelta(minutes=1)) == 1
    assert [row.id for row in Registration.select()] == [waiting.id]


def test_neither_the_token_nor_a_name_is_recorded(opened: Flask) -> None:
    token = ask(opened).partition("link=")[2]
    assert len(token) >= 43
    assert token not in Registration.get().token_hash
    for secret in (token, NAME, EMAIL, "555-0133"):
        assert secret not in everything_recorded()


def test_registering_gives_no_session_and_no_account(opened: Flask) -> None:
    asked_and_proved(opened)
    assert not Account.select().where(Account.email == EMAIL).exists()
    assert knock(people.browser(opened), EMAIL, PASSWORD).status_code == 403
