"""From the installer's link to a practice that is ready."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask

from core.clock import utcnow
from core.errors import NotFound, Refused
from core.settings import Mail, Settings
from tests.webapp import people
from tests.webapp.account.door import knock, recorded
from tests.webapp.outbox.test_mailer import Relay
from tests.webapp.outbox.test_trial import relay
from webapp.access.actor import Role, anonymous
from webapp.account.models import Account
from webapp.account.signing_in import Caller
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.db.database import db
from webapp.practice import queries as practice
from webapp.setup import actions, link
from webapp.setup.models import SetupLink

PASSWORD = "kettle-orange-violin-9"
ADMIN = {"name": "Dr. Amara Okafor", "email": "amara@cedarhollow.example", "password": PASSWORD}
PRACTICE = {"name": "Cedar Hollow Family Therapy", "time_zone": "America/New_York", "phone": "802-555-0100"}


def make_link(app: Flask) -> str:
    """The path of a fresh link, with its token."""
    parts = urlsplit(link.make(app.extensions["wellhouse.settings"], at=utcnow()))
    assert (parts.scheme, parts.netloc) == ("https", "localhost")
    return f"{parts.path}?{parts.query}"


def token_of(path: str) -> str:
    return path.partition("link=")[2]


def test_box_has_no_account_of_its_own(app: Flask) -> None:
    assert not Account.select().exists()


def test_first_run_leads_from_the_link_to_a_practice_with_its_admin_signed_in(app: Flask) -> None:
    path = make_link(app)
    browser = people.browser(app)
    assert "Make the first admin" in browser.get(path).text
    answer = browser.send("/setup", {**ADMIN, "link": token_of(path)})
    assert (answer.status_code, answer.location) == (302, "/setup/practice")
    assert "Your practice" in browser.get("/setup/practice").text
    assert browser.send("/setup/practice", PRACTICE).location == "/setup/mail"
    assert "No mail relay is set" in browser.get("/setup/mail").text
    assert browser.send("/setup/second-factors", {"whom": "nobody"}).location == "/setup/done"
    assert "Cedar Hollow Family Therapy is ready" in browser.get("/setup/done").text
    account = Account.get()
    assert people.roles_of(account) == {Role.ADMIN, Role.PROVIDER}
    assert account.time_zone == "America/New_York"
    assert practice.current().phone == "802-555-0100"
    assert browser.send("/account/role/provider").status_code == 302
    assert knock(people.browser(app), email=ADMIN["email"], password=PASSWORD).status_code == 302
    assert recorded()[:3] == [Action.SETUP_LINK_MADE, Action.ACCOUNT_CREATED, Action.SIGNED_IN]
    assert Action.SETUP_FINISHED in recorded()
    assert Action.MFA_REQUIRED in recorded()


def signed_in(app: Flask) -> people.Browser:
    """The first admin, who has just made the account."""
    path, browser = make_link(app), people.browser(app)
    browser.send("/setup", {**ADMIN, "link": token_of(path)})
    return browser


def test_the_test_message_goes_to_the_admins_own_address_and_its_fate_is_told_in_words(app: Flask) -> None:
    browser, handler = signed_in(app), Relay()
    with relay(handler) as mail:
        use_mail(app, mail)
        page = browser.get("/setup/mail").text
        assert "Send a test message to amara@cedarhollow.example" in page
        answer = browser.send("/setup/mail", {"to": "maren@example.org"})
        assert "127.0.0.1 took the message" in answer.text
        assert [to for to, _ in handler.taken] == [["amara@cedarhollow.example"]]
    answer = browser.send("/setup/mail", {})
    assert "Nobody answers at 127.0.0.1:" in answer.text
    assert "The message was not sent." in answer.text
    assert recorded().count(Action.MAIL_TESTED) == 2


def test_the_relay_is_not_changed_in_the_browser(app: Flask) -> None:
    browser = signed_in(app)
    browser.send("/setup/mail", {"host": "169.254.169.254", "port": "80", "security": "none", "sender": "x@y.example"})
    assert app.extensions["wellhouse.settings"].mail.host == ""


def test_who_requires_second_factors_must_have_one_and_reads_so(app: Flask) -> None:
    browser = signed_in(app)
    answer = browser.send("/setup/second-factors", {"whom": "staff"})
    assert "Add a second factor to your own account first" in answer.text
    assert Action.MFA_REQUIRED not in recorded()


def test_the_next_three_things_are_ticked_as_they_are_done(app: Flask) -> None:
    browser = signed_in(app)
    browser.send("/setup/practice", PRACTICE)
    page = browser.get("/setup/done").text
    assert page.count("Done</span>") == 0
    assert "sudo ./install.sh --backup PLACE" in page
    people.make_account(Role.PROVIDER)
    assert browser.get("/setup/done").text.count("Done</span>") == 1


def use_mail(app: Flask, mail: Mail) -> None:
    app.extensions["wellhouse.settings"] = replace(app.extensions["wellhouse.settings"], mail=mail)


@pytest.mark.parametrize("path", ["/setup", "/setup?link=", "/setup?link=guessed", "/setup?link=%00"])
def test_without_the_link_there_is_nothing_to_see(app: Flask, path: str) -> None:
    make_link(app)
    browser = people.browser(app)
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "wellhouse setup-link" in answer.text
    assert browser.send("/setup", {**ADMIN, "link": token_of(path)}).status_code == 404
    assert not Account.select().exists()


def test_link_works_once(app: Flask) -> None:
    path = make_link(app)
    people.browser(app).send("/setup", {**ADMIN, "link": token_of(path)})
    again = people.browser(app)
    assert again.get(path).status_code == 404
    assert again.send("/setup", {**ADMIN, "email": "e@example.org", "link": token_of(path)}).status_code == 404
    assert Account.select().count() == 1


def test_link_is_good_for_a_day(database: Settings) -> None:
    at = utcnow()
    token = token_of(link.make(database, at=at))
    link.find(token, at=at + timedelta(hours=23))
    with pytest.raises(NotFound):
        link.find(token, at=at + timedelta(hours=24))


def test_new_link_ends_the_one_before(database: Settings) -> None:
    at = utcnow()
    first, second = token_of(link.make(database, at=at)), token_of(link.make(database, at=at))
    link.find(second, at=at)
    with pytest.raises(NotFound):
        link.find(first, at=at)


def test_practice_with_an_admin_gets_no_link(database: Settings) -> None:
    token = token_of(link.make(database, at=utcnow()))
    people.make_account(Role.ADMIN)
    with pytest.raises(Refused, match="set up already"):
        link.make(database, at=utcnow())
    with pytest.raises(NotFound):
        link.find(token, at=utcnow())


def test_only_the_hash_of_a_link_is_kept(database: Settings) -> None:
    token = token_of(link.make(database, at=utcnow()))
    assert len(token) >= 43
    assert token not in SetupLink.get().token_hash


@pytest.mark.parametrize(
    ("field", "bad", "said"),
    [
        ("name", "", "Please write your name."),
        ("email", "amara", "Please look at this e-mail address again"),
        ("password", "kettle-orange-", "at least 15"),
        ("password", "okafor-amara-1234567", "mostly your name"),
    ],
)
def test_what_cannot_be_used_is_said_and_does_not_spend_the_link(app: Flask, field: str, bad: str, said: str) -> None:
    path = make_link(app)
    browser = people.browser(app)
    answer = browser.send("/setup", {**ADMIN, "link": token_of(path), field: bad})
    assert answer.status_code == 200
    assert said in answer.text
    assert not Account.select().exists()
    assert browser.send("/setup", {**ADMIN, "link": token_of(path)}).status_code == 302


def test_two_holders_at_the_same_moment_make_one_admin(database: Settings) -> None:
    at = utcnow()
    found = link.find(token_of(link.make(database, at=at)), at=at)
    made = []

    def race(number: int) -> None:
        with db.connection_context():
            try:
                actions.make_first_admin(
                    anonymous(),
                    found,
                    name="Racer",
                    email=f"racer{number}@example.org",
                    password=PASSWORD,
                    caller=Caller(address="127.0.0.1"),
                    limits=database.portal,
                    at=at,
                )
            except NotFound:
                return
            made.append(number)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert Account.select().count() == 1


@pytest.mark.parametrize("path", ["/setup/practice", "/setup/done"])
def test_later_steps_are_the_admins(app: Flask, path: str) -> None:
    assert people.browser(app).get(path).status_code == 302
    assert people.sign_in(app, people.make_account(Role.PROVIDER)).get(path).status_code == 404


def test_finishing_again_keeps_what_the_practice_says_besides(app: Flask) -> None:
    admin = people.sign_in(app, people.make_account(Role.ADMIN))
    admin.send("/practice", {**PRACTICE, "introduction": "We care."})
    admin.send("/setup/practice", {**PRACTICE, "name": "Cedar Hollow"})
    assert (practice.current().name, practice.current().introduction) == ("Cedar Hollow", "We care.")


def test_zone_must_be_chosen(app: Flask) -> None:
    admin = people.sign_in(app, people.make_account(Role.ADMIN))
    answer = admin.send("/setup/practice", {**PRACTICE, "time_zone": ""})
    assert "Please choose a time zone from the list." in answer.text
    assert not practice.current().is_set_up


def test_making_a_link_is_recorded_as_the_boxs_own_act(database: Settings) -> None:
    link.make(database, at=utcnow())
    row = AuditEvent.get()
    assert (row.action, row.role, row.account) == (Action.SETUP_LINK_MADE, "system", None)
