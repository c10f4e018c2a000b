"""Colleagues: inviting, roles, disabling, resets, and what can never happen to the last admin."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from core.errors import Conflict
from core.settings import Settings
from tests.webapp import people
from tests.webapp.account.door import EMAIL, account_with_password, cookie, knock, recorded
from tests.webapp.account.mails import mailed, path_of, token_of, use_relay
from tests.webapp.account.mfa.enrolled import (
    account_with_app,
    add_codes,
    code,
    everything_recorded,
    let_proofs_age,
)
from webapp.access import sessions
from webapp.access.actor import Role
from webapp.access.sessions import Session
from webapp.account.colleagues import actions
from webapp.account.mfa.models import AuthenticatorApp, RecoveryCode
from webapp.account.models import Account, AccountLink
from webapp.audit.events import Action
from webapp.db.database import db
from webapp.db.unit import housekeeping
from webapp.outbox.models import Mail, MailTemplate

NEW = "copper-lantern-sails-22"
INVITED = {"name": "Tomás Rivera", "email": "tomas@example.org", "provider": "y"}
RESET = {"note": "Came to the front desk with a card.", "factors": "go"}


def shown_link(text: str) -> str:
    found = re.search(r'data-copy="([^"]+)"', text)
    assert found
    return found[1]


def test_invited_colleague_chooses_a_password_and_is_in(app: Flask, admin: people.Browser) -> None:
    answer = admin.send("/colleagues/new", INVITED)
    assert answer.status_code == 201
    assert "shown only now" in answer.text
    link = shown_link(answer.text)
    assert "Invited" in admin.get("/colleagues").text
    browser = people.browser(app)
    page = browser.get(path_of(link)).text
    assert "tomas@example.org" in page
    assert "At least 12 characters" in page
    done = browser.send("/choose-password", {"link": token_of(link), "password": NEW})
    assert (done.status_code, done.location) == (302, "/")
    assert browser.get("/account").status_code == 200
    account = Account.get(Account.email == "tomas@example.org")
    assert people.roles_of(account) == {Role.PROVIDER}
    assert people.browser(app).get(path_of(link)).status_code == 404
    assert Action.COLLEAGUE_INVITED in recorded()
    assert token_of(link) not in everything_recorded()


def test_with_a_relay_the_link_is_mailed_and_the_admin_never_sees_it(
    app: Flask, admin: people.Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_relay(app, monkeypatch)
    answer = admin.send("/colleagues/new", INVITED)
    assert answer.location == "/colleagues"
    ((to, values),) = mailed(MailTemplate.INVITATION)
    assert to == "tomas@example.org"
    assert token_of(values["link"]) not in admin.get("/colleagues").text
    assert people.browser(app).get(path_of(values["link"])).status_code == 200


def test_invitation_ends_after_seven_days_and_can_be_sent_again(app: Flask, admin: people.Browser) -> None:
    first = shown_link(admin.send("/colleagues/new", INVITED).text)
    row = AccountLink.get()
    assert row.expires_at - row.created_at == timedelta(days=7)
    with housekeeping("time passes"):
        AccountLink.update(expires_at=utcnow()).execute()
    assert people.browser(app).get(path_of(first)).status_code == 404
    assert "Invitation ended" in admin.get("/colleagues").text
    second = shown_link(admin.send(f"/colleagues/{row.account_id}/invitation").text)
    assert people.browser(app).get(path_of(second)).status_code == 200
    people.browser(app).send("/choose-password", {"link": token_of(second), "password": NEW})
    assert admin.send(f"/colleagues/{row.account_id}/invitation").status_code == 409


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "admin@example.org"}, "has an account already"),
        ({"email": "nobody"}, "look at this e-mail address"),
        ({"name": " "}, "Please write a name"),
        ({"provider": ""}, "at least one role"),
    ],
)
def test_invitation_that_cannot_be_sent_says_why(
    app: Flask, admin: people.Browser, fields: dict[str, str], said: str
) -> None:
    given = {name: value for name, value in {**INVITED, **fields}.items() if value}
    answer = admin.send("/colleagues/new", given)
    assert (answer.status_code, said in answer.text) == (200, True)
    assert Account.select().count() == 1


def test_list_says_who_has_a_second_factor_and_when_they_were_here(app: Flask, admin: people.Browser) -> None:
    account_with_app(Role.PROVIDER)
    people.make_account(Role.CLIENT, name="Maren Halvorsen")
    page = admin.get("/colleagues").text
    assert "MFA on" in page
    assert "No MFA" in page
    assert "Has not signed in yet" in page
    assert "Maren" not in page
    knock(people.browser(app), "admin@example.org")
    assert "Last signed in: Today" in admin.get("/colleagues").text


def test_roles_are_given_and_taken_and_who_loses_one_is_signed_out(app: Flask, admin: people.Browser) -> None:
    account = people.make_account(Role.PROVIDER)
    browser = people.sign_in(app, account)
    url = f"/colleagues/{account.id}/roles"
    assert admin.send(url, {"provider": "y", "admin": "y"}).status_code == 302
    assert people.roles_of(account) == {Role.PROVIDER, Role.ADMIN}
    assert browser.get("/account").status_code == 200
    assert admin.send(url, {"admin": "y"}).status_code == 302
    assert browser.get("/account").status_code == 302
    assert admin.send(url, {}).status_code == 409
    assert admin.send(url, {"role": "system", "client": "y"}).status_code == 409
    assert people.roles_of(account) == {Role.ADMIN}


def test_disabled_colleague_is_out_at_once_and_cannot_come_back(app: Flask, admin: people.Browser) -> None:
    account = account_with_password(Role.PROVIDER)
    browser, half = people.sign_in(app, account), people.browser(app)
    ended: list[object] = []

    sessions.tell_ended(lambda account, _at: ended.append(account))
    assert admin.send(f"/colleagues/{account.id}/disable").status_code == 302
    assert ended == [account.id]
    assert browser.get("/account").status_code == 302
    assert browser.get("/live").status_code == 401
    assert knock(half).status_code == 403
    assert "Disabled" in admin.get("/colleagues").text
    assert admin.send(f"/colleagues/{account.id}/disable").status_code == 409
    assert admin.send(f"/colleagues/{account.id}/reset", RESET).status_code == 200
    assert not AccountLink.select().exists()
    assert admin.send(f"/colleagues/{account.id}/enable").status_code == 302
    assert knock(people.browser(app)).status_code == 302
    assert [action for action in recorded() if action.value.startswith("colleague.")] == [
        Action.ACCOUNT_DISABLED,
        Action.ACCOUNT_ENABLED,
    ]


def test_nobody_disables_or_resets_themselves(app: Flask, admin: people.Browser) -> None:
    me = Account.get(Account.email == "admin@example.org")
    people.make_account(Role.ADMIN, password_hash="x")
    assert admin.send(f"/colleagues/{me.id}/disable").status_code == 409
    assert admin.send(f"/colleagues/{me.id}/reset", RESET).status_code == 403
    assert Account.get_by_id(me.id).disabled_at is None


def test_last_admin_keeps_the_role(app: Flask, admin: people.Browser) -> None:
    me = Account.get(Account.email == "admin@example.org")
    people.make_account(Role.ADMIN)  # has not chosen a password, and may never
    answer = admin.send(f"/colleagues/{me.id}/roles", {"provider": "y"})
    assert (answer.status_code, "last admin" in answer.text) == (409, True)
    assert Role.ADMIN in people.roles_of(me)
    assert admin.get("/colleagues").status_code == 200


def test_two_admins_who_disable_each_other_at_the_same_moment_leave_one(database: Settings) -> None:
    pair = [account_with_password(Role.ADMIN, email=f"{name}@example.org") for name in ("amara", "tomas")]
    start = threading.Barrier(2)
    refused: list[str] = []

    def disable(mine: Account, other: Account) -> None:
        with db.connection_context():
            start.wait()
            try:
                actions.disable(people.actor(mine, Role.ADMIN), other, at=utcnow())
            except Conflict as e:
                refused.append(e.sentence)

    threads = [threading.Thread(target=disable, args=order) for order in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Account.select().where(Account.disabled_at.is_null()).count() == 1


def test_reset_lets_somebody_in_who_lost_the_phone(app: Flask, admin: people.Browser) -> None:
    account, _ = account_with_app(Role.PROVIDER)
    add_codes(app, account.id)
    elsewhere = people.sign_in(app, account)
    answer = admin.send(f"/colleagues/{account.id}/reset", RESET)
    link = shown_link(answer.text)
    assert "A reset was started" in admin.get(f"/colleagues/{account.id}").text
    browser = people.browser(app)
    assert "Your second factors and recovery codes are removed" in browser.get(path_of(link)).text
    assert AuthenticatorApp.select().exists()
    assert browser.send("/choose-password", {"link": token_of(link), "password": NEW}).location == "/"
    assert browser.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302
    assert not AuthenticatorApp.select().exists()
    assert not RecoveryCode.select().exists()
    assert RESET["note"] not in everything_recorded()
    assert AccountLink.get().note == RESET["note"]


def test_reset_of_the_password_alone_keeps_the_second_factor(app: Flask, admin: people.Browser) -> None:
    account, seed = account_with_app(Role.PROVIDER)
    link = shown_link(admin.send(f"/colleagues/{account.id}/reset", {**RESET, "factors": "stay"}).text)
    browser = people.browser(app)
    answer = browser.send("/choose-password", {"link": token_of(link), "password": NEW})
    assert answer.location.startswith("/sign-in/second-step")
    assert browser.send("/sign-in/code", {"code": code(seed)}).status_code == 302


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"note": ""}, "how you made sure"), ({"note": "a card"}, "how you made sure"), ({"factors": ""}, "what is lost")],
)
def test_reset_needs_a_note_and_what_is_lost(
    app: Flask, admin: people.Browser, fields: dict[str, str], said: str
) -> None:
    account = account_with_password(Role.PROVIDER)
    answer = admin.send(f"/colleagues/{account.id}/reset", {**RESET, **fields})
    assert (answer.status_code, said in answer.text) == (200, True)
    assert not AccountLink.select().exists()


def test_reset_of_an_admin_waits_a_day_is_told_to_all_admins_and_any_of_them_can_stop_it(
    app: Flask, admin: people.Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_relay(app, monkeypatch)
    account, _ = account_with_app(Role.ADMIN)
    assert "opens in 24 hours" in admin.get(f"/colleagues/{account.id}/reset").text
    admin.send(f"/colleagues/{account.id}/reset", RESET)
    assert {to for to, _ in mailed(MailTemplate.ADMIN_RESET)} == {EMAIL, "admin@example.org"}
    ((to, values),) = mailed(MailTemplate.RESET_STARTED)
    assert to == EMAIL
    page = people.browser(app).get(path_of(values["link"]))
    assert (page.status_code, "does not work yet" in page.text) == (404, True)
    sent = {"link": token_of(values["link"]), "password": NEW}
    assert people.browser(app).send("/choose-password", sent).status_code == 404
    third = people.sign_in(app, people.make_account(Role.ADMIN), Role.ADMIN)
    assert third.send(f"/colleagues/{account.id}/reset/stop").status_code == 302
    with housekeeping("time passes"):
        AccountLink.update(opens_at=utcnow()).execute()
    assert people.browser(app).get(path_of(values["link"])).status_code == 404
    assert third.send(f"/colleagues/{account.id}/reset/stop").status_code == 409
    assert recorded().count(Action.RESET_STOPPED) == 1


def test_taking_the_admin_role_away_first_does_not_shorten_the_day(app: Flask, admin: people.Browser) -> None:
    account = account_with_password(Role.PROVIDER, Role.ADMIN)
    assert admin.send(f"/colleagues/{account.id}/roles", {"provider": "y"}).status_code == 302
    assert "opens in 24 hours" in admin.get(f"/colleagues/{account.id}/reset").text
    link = shown_link(admin.send(f"/colleagues/{account.id}/reset", RESET).text)
    assert people.browser(app).get(path_of(link)).status_code == 404
    note, settings = RESET["note"], app.extensions["wellhouse.settings"]
    another = people.actor(people.make_account(Role.ADMIN))
    later = utcnow() + timedelta(hours=24)
    actions.start_reset(another, account, note=note, drops_factors=True, settings=settings, at=later)
    row = AccountLink.get(AccountLink.used_at.is_null())
    assert row.opens_at == row.created_at


def test_reset_that_was_started_before_somebody_became_an_admin_opens_nothing(
    app: Flask, admin: people.Browser
) -> None:
    account = account_with_password(Role.PROVIDER)
    link = shown_link(admin.send(f"/colleagues/{account.id}/reset", RESET).text)
    assert people.browser(app).get(path_of(link)).status_code == 200
    assert admin.send(f"/colleagues/{account.id}/roles", {"provider": "y", "admin": "y"}).status_code == 302
    assert people.browser(app).get(path_of(link)).status_code == 404


def test_reset_of_an_admin_opens_after_the_day(app: Flask, admin: people.Browser) -> None:
    account, _ = account_with_app(Role.ADMIN)
    link = shown_link(admin.send(f"/colleagues/{account.id}/reset", RESET).text)
    row = AccountLink.get()
    assert row.opens_at - row.created_at == timedelta(hours=24)
    assert row.expires_at - row.opens_at == timedelta(hours=24)
    with housekeeping("time passes"):
        AccountLink.update(opens_at=utcnow()).execute()
    browser = people.browser(app)
    assert browser.send("/choose-password", {"link": token_of(link), "password": NEW}).status_code == 302
    assert cookie(browser)


def test_client_is_let_in_again_by_the_address(app: Flask, admin: people.Browser) -> None:
    account, _ = account_with_app(Role.CLIENT, email="maren@example.org")
    account_with_password(Role.PROVIDER)
    for email in (EMAIL, "nobody@example.org", "admin@example.org"):
        answer = admin.send("/colleagues/client-reset", {**RESET, "email": email})
        assert (answer.status_code, "No client signs in" in answer.text) == (200, True)
    link = shown_link(admin.send("/colleagues/client-reset", {**RESET, "email": "Maren@example.org"}).text)
    browser = people.browser(app)
    assert browser.send("/choose-password", {"link": token_of(link), "password": NEW}).location == "/"
    assert browser.get("/account").status_code == 200
    assert not AuthenticatorApp.select().where(AuthenticatorApp.account == account.id).exists()


PAGES = (
    "/colleagues",
    "/colleagues/new",
    "/colleagues/mfa",
    "/colleagues/client-reset",
    "/colleagues/{id}",
    "/colleagues/{id}/reset",
)
ACTS = (
    "new",
    "mfa",
    "client-reset",
    "{id}/roles",
    "{id}/invitation",
    "{id}/disable",
    "{id}/enable",
    "{id}/reset",
    "{id}/reset/stop",
)


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.CLIENT])
def test_colleagues_are_the_admins_in_the_admin_role(app: Flask, role: Role) -> None:
    account = people.make_account(*{role, Role.ADMIN} if role is Role.PROVIDER else (role,))
    browser = people.sign_in(app, account, role)
    victim = people.make_account(Role.PROVIDER)
    for page in PAGES:
        assert browser.get(page.format(id=victim.id)).status_code == 404, page
    before = (Account.get_by_id(victim.id).disabled_at, people.roles_of(victim))
    for act in ACTS:
        assert browser.send(f"/colleagues/{act.format(id=victim.id)}", INVITED).status_code == 404, act
    assert (Account.get_by_id(victim.id).disabled_at, people.roles_of(victim)) == before
    assert not AccountLink.select().exists()


def test_clients_are_no_colleagues(app: Flask, admin: people.Browser) -> None:
    client = people.make_account(Role.CLIENT)
    for act in ACTS[3:]:
        assert admin.send(f"/colleagues/{act.format(id=client.id)}", {**RESET, "admin": "y"}).status_code == 404, act
    assert people.roles_of(client) == {Role.CLIENT}


def test_every_act_on_colleagues_asks_for_a_fresh_proof(app: Flask, admin: people.Browser) -> None:
    victim = people.make_account(Role.PROVIDER)
    let_proofs_age()
    for page in PAGES[1:]:
        assert admin.get(page.format(id=victim.id)).location.startswith("/account/confirm"), page
    for act in ACTS:
        assert admin.send(f"/colleagues/{act.format(id=victim.id)}", INVITED).status_code == 403, act
    assert Account.get_by_id(victim.id).disabled_at is None


def test_no_name_stands_in_a_mail(app: Flask, admin: people.Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    use_relay(app, monkeypatch)
    admin.send("/colleagues/new", INVITED)
    account, _ = account_with_app(Role.ADMIN)
    admin.send(f"/colleagues/{account.id}/reset", RESET)
    text = "\n".join(mail.values for mail in Mail.select())
    assert text
    for word in ("Tomás", account.name, RESET["note"]):
        assert word not in text


def test_every_session_ends_when_a_reset_is_used(app: Flask, admin: people.Browser) -> None:
    account = account_with_password(Role.PROVIDER)
    for _ in range(3):
        people.sign_in(app, account)
    link = shown_link(admin.send(f"/colleagues/{account.id}/reset", RESET).text)
    people.browser(app).send("/choose-password", {"link": token_of(link), "password": NEW})
    mine = (Session.account == account.id) & Session.ended_at.is_null()
    assert Session.select().where(mine).count() == 1
