"""wellhouse account recover: the last way in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from core.errors import Invalid, Refused
from core.settings import Settings
from tests.webapp import people
from tests.webapp.account.door import EMAIL, account_with_password, recorded
from tests.webapp.account.mails import mailed, path_of, token_of
from tests.webapp.account.mfa.enrolled import account_with_app, add_codes
from webapp.access.actor import Role
from webapp.account.mfa.models import AuthenticatorApp, RecoveryCode
from webapp.account.models import Account, AccountLink
from webapp.account.recovering import recover
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.db.unit import housekeeping
from webapp.outbox.models import MailTemplate

NEW = "copper-lantern-sails-22"


def test_last_admin_who_lost_everything_gets_in_again(app: Flask) -> None:
    account, _ = account_with_app(Role.ADMIN)
    add_codes(app, account.id)
    link = recover(f" {EMAIL.upper()} ", people.with_relay(app.extensions["wellhouse.settings"]), at=utcnow())
    assert [to for to, _ in mailed(MailTemplate.RECOVERED_AT_CONSOLE)] == [EMAIL]
    row = AuditEvent.get(AuditEvent.action == Action.RECOVERY_STARTED)
    assert (row.role, row.account) == ("system", None)
    browser = people.browser(app)
    assert browser.get(path_of(link)).status_code == 200
    assert browser.send("/choose-password", {"link": token_of(link), "password": NEW}).location == "/"
    assert browser.get("/account").status_code == 200
    assert not AuthenticatorApp.select().exists()
    assert not RecoveryCode.select().exists()
    assert people.browser(app).get(path_of(link)).status_code == 404
    assert token_of(link) not in "\n".join(repr(row) for row in AuditEvent.select().tuples())


def test_link_is_good_for_an_hour(database: Settings) -> None:
    account_with_password(Role.ADMIN)
    recover(EMAIL, database, at=utcnow())
    row = AccountLink.get()
    assert row.expires_at - row.created_at == timedelta(hours=1)


def test_address_of_nobody_and_disabled_accounts_are_refused(database: Settings) -> None:
    account_with_password(Role.ADMIN)
    with pytest.raises(Refused, match="Nobody signs in"):
        recover("nobody@example.org", database, at=utcnow())
    with pytest.raises(Invalid):
        recover("nobody", database, at=utcnow())
    with housekeeping("this test's person"):
        Account.update(disabled_at=utcnow()).execute()
    with pytest.raises(Refused, match="disabled"):
        recover(EMAIL, database, at=utcnow())
    assert Action.RECOVERY_STARTED not in recorded()
    assert not AccountLink.select().exists()
