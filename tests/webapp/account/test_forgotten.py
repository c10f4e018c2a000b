"""Forgot your password?: a link by mail, which tells nobody who has an account and skips no second factor."""

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
from tests.webapp.account.door import EMAIL, PASSWORD, account_with_password, cookie, knock, recorded
from tests.webapp.account.mails import mailed, path_of, token_of, use_relay
from tests.webapp.account.mfa.enrolled import account_with_app, code, everything_recorded
from webapp.access.actor import SYSTEM, Role
from webapp.access.sessions import Session
from webapp.account import hashing, links, resetting, throttle
from webapp.account.links import OpenLink
from webapp.account.models import Account, AccountLink, LinkPurpose
from webapp.account.signing_in import Caller
from webapp.audit.events import Action, Event
from webapp.db.database import db
from webapp.db.unit import housekeeping, unit
from webapp.outbox.models import Mail, MailTemplate

NEW = "copper-lantern-sails-22"


@pytest.fixture(autouse=True)
def relay(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "app" in request.fixturenames:
        use_relay(request.getfixturevalue("app"), monkeypatch)


def asked(app: Flask, email: str = EMAIL) -> str:
    """The link that was mailed."""
    answer = people.browser(app).send("/forgot-password", {"email": email})
    assert answer.status_code == 200
    return str(mailed(MailTemplate.PASSWORD_FORGOTTEN)[-1][1]["link"])


def chosen(browser: people.Browser, link: str, password: str = NEW) -> int:
    return browser.send("/choose-password", {"link": token_of(link), "password": password}).status_code


def test_sign_in_page_leads_to_it(app: Flask) -> None:
    page = people.browser(app).get("/sign-in").text
    assert re.search(r'<a href="/forgot-password">Forgot your password\?</a>', page)


def test_link_gives_a_new_password_and_a_session_and_ends_all_others(app: Flask) -> None:
    account = account_with_password(Role.PROVIDER)
    elsewhere = people.sign_in(app, account)
    link = asked(app)
    browser = people.browser(app)
    page = browser.get(path_of(link)).text
    assert "Choose a new password" in page
    assert EMAIL in page
    assert chosen(browser, link) == 302
    assert browser.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302
    assert knock(people.browser(app)).status_code == 403
    assert knock(people.browser(app), password=NEW).status_code == 302
    assert [to for to, _ in mailed(MailTemplate.SIGN_IN_CHANGED)] == [EMAIL]


def test_second_factor_is_still_owed_after_a_new_password(app: Flask) -> None:
    _, seed = account_with_app(Role.PROVIDER)
    link, browser = asked(app), people.browser(app)
    answer = browser.send("/choose-password", {"link": token_of(link), "password": NEW})
    assert answer.location.startswith("/sign-in/second-step")
    assert not Session.select().exists()
    assert browser.get("/account").status_code == 302
    assert browser.send("/sign-in/code", {"code": code(seed)}).status_code == 302


def test_link_works_once_and_a_newer_one_ends_it(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    first, second = asked(app), asked(app)
    assert people.browser(app).get(path_of(first)).status_code == 404
    assert chosen(people.browser(app), first) == 404
    assert chosen(people.browser(app), second) == 302
    assert chosen(people.browser(app), second) == 404


def test_looking_at_the_link_does_not_use_it_up(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    link = asked(app)
    for _ in range(3):
        assert people.browser(app).get(path_of(link)).status_code == 200
    assert chosen(people.browser(app), link) == 302


def test_password_that_cannot_be_used_leaves_the_link_good(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    link = asked(app)
    assert chosen(people.browser(app), link, "short") == 200
    assert chosen(people.browser(app), link, "") == 200
    assert chosen(people.browser(app), link) == 302


def test_link_ends_after_a_quarter_of_an_hour(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    link = asked(app)
    row = AccountLink.get()
    assert row.expires_at - row.created_at == timedelta(minutes=15)
    with housekeeping("time passes"):
        AccountLink.update(expires_at=utcnow()).execute()
    assert people.browser(app).get(path_of(link)).status_code == 404
    assert chosen(people.browser(app), link) == 404
    assert links.forget_old(at=utcnow()) == 0
    assert links.forget_old(at=utcnow() + links.KEEP * 1.01) == 1


@pytest.mark.parametrize("token", ["", "guessed", "%00", "x" * 5000])
def test_guessed_link_opens_nothing(app: Flask, token: str) -> None:
    account_with_password(Role.PROVIDER)
    asked(app)
    assert people.browser(app).get(f"/choose-password?link={token}").status_code == 404
    sent = {"link": token.replace("%00", "\0"), "password": NEW}
    assert people.browser(app).send("/choose-password", sent).status_code == 404


def test_link_for_one_thing_opens_no_other(app: Flask) -> None:
    account = account_with_password(Role.PROVIDER)
    settings = app.extensions["wellhouse.settings"]
    with unit(Event(Action.ADDRESS_CHANGE_ASKED, SYSTEM)):
        link = links.make(account.id, LinkPurpose.ADDRESS, settings, life=timedelta(hours=1), at=utcnow())
    assert chosen(people.browser(app), link) == 404
    assert (
        people.sign_in(app, account)
        .get(path_of(asked(app)).replace("/choose-password", "/account/address"))
        .status_code
        == 409
    )


def test_only_the_hash_of_the_token_is_kept_and_nothing_of_it_recorded(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    token = token_of(asked(app))
    assert len(token) >= 43
    assert token not in AccountLink.get().token_hash
    assert token not in everything_recorded()
    assert EMAIL not in everything_recorded()


def test_unknown_known_disabled_and_invited_get_the_same_answer_after_one_hash(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_with_password(Role.PROVIDER)
    disabled = account_with_password(Role.PROVIDER, email="gone1@example.org")
    people.make_account(Role.PROVIDER, email="fresh@example.org")
    with housekeeping("this test's people"):
        Account.update(disabled_at=utcnow()).where(Account.id == disabled.id).execute()
    counted: list[str] = []
    compare = hashing._compare
    monkeypatch.setattr(hashing, "_compare", lambda *given: counted.append("once") or compare(*given))
    answers = set()
    for email in (EMAIL, "gone1@example.org", "fresh@example.org", "never@example.org"):
        counted.clear()
        answer = people.browser(app).send("/forgot-password", {"email": email})
        assert counted == ["once"], email
        page = re.sub(r'nonce="[^"]+"|value="[^"]{60,}"', "", answer.text)
        answers.add((answer.status_code, len(answer.data), page))
    assert len(answers) == 1
    assert [mail.to for mail in Mail.select()] == [EMAIL]
    assert recorded().count(Action.PASSWORD_FORGOTTEN) == 4


def test_asking_again_and_again_must_wait_whoever_is_asked_for(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    for email in (EMAIL, "never@example.org"):
        browser = people.browser(app)
        statuses = [browser.send("/forgot-password", {"email": email}).status_code for _ in range(throttle.FREE + 1)]
        assert statuses == [200] * throttle.FREE + [429]
    assert Mail.select().count() == throttle.FREE


def test_what_cannot_be_an_address_is_said_and_kept(app: Flask) -> None:
    page = people.browser(app).send("/forgot-password", {"email": "nobody at home"}).text
    assert "Please look at this e-mail address again" in page
    assert 'value="nobody at home"' in page


def test_without_a_relay_the_clinic_is_to_be_called(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "wellhouse.settings", settings)
    account_with_password(Role.PROVIDER)
    page = people.browser(app).get("/forgot-password").text
    assert "call the clinic" in page
    assert 'action="/forgot-password"' not in page
    assert people.browser(app).send("/forgot-password", {"email": EMAIL}).status_code == 200
    assert not AccountLink.select().exists()
    assert not Mail.select().exists()


def test_disabling_ends_the_link(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    link = asked(app)
    with housekeeping("this test's person"):
        Account.update(disabled_at=utcnow()).execute()
    assert people.browser(app).get(path_of(link)).status_code == 404


def test_link_of_an_account_that_chose_another_password_meanwhile_is_dead(app: Flask) -> None:
    account = account_with_password(Role.PROVIDER)
    link = asked(app)
    browser = people.sign_in(app, account)
    browser.send("/account/confirm/password", {"password": PASSWORD, "need": "password"})
    browser.send("/account/password", {"password": "quiet-harbor-lamp-73"})
    assert chosen(people.browser(app), link) == 404
    assert cookie(browser)


def test_twenty_holders_of_one_link_have_one_winner(database: Settings) -> None:
    account = account_with_password(Role.PROVIDER)
    with unit(Event(Action.PASSWORD_FORGOTTEN, SYSTEM)):
        made = links.make(account.id, LinkPurpose.FORGOTTEN, database, life=timedelta(minutes=15), at=utcnow())
    found = links.find(token_of(made), resetting.CHOOSING, at=utcnow())
    assert isinstance(found, OpenLink)
    won: list[int] = []

    def run(number: int) -> None:
        with db.connection_context():
            try:
                resetting.choose(found, f"{NEW}-{number}", Caller(address="127.0.0.1"), database, at=utcnow())
            except Conflict:
                return
            won.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert hashing.fits(Account.get().password_hash, f"{NEW}-{won[0]}")
    assert Session.select().count() == 1


def test_link_leads_to_the_configured_name_by_whatever_name_it_was_asked_for(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    app.config["TRUSTED_HOSTS"] = [*app.config["TRUSTED_HOSTS"], "192.0.2.7"]
    other = people.browser(app)
    page = other.get("/forgot-password", base_url="https://192.0.2.7")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert token
    fields = {"csrf_token": token[1], "email": EMAIL}
    headers = {"X-Forwarded-Host": "192.0.2.7", "Sec-Fetch-Site": "same-origin"}
    assert other.post("/forgot-password", data=fields, base_url="https://192.0.2.7", headers=headers).status_code == 200
    [(_, values)] = mailed(MailTemplate.PASSWORD_FORGOTTEN)
    assert values["link"].startswith("https://localhost/choose-password?link=")
