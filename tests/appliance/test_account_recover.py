"""The last way in: “wellhouse account recover” at the console, for an admin who lost password and second factor."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.appliance.folder import configured, wellhouse
from tests.webapp import people
from tests.webapp.account.door import EMAIL, account_with_password
from tests.webapp.account.mfa.enrolled import add_app, everything_recorded
from webapp.access.actor import Role
from webapp.account.mfa.models import AuthenticatorApp
from webapp.app import create_app, migrate_database
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.db.database import db

NEW = "copper-lantern-sails-22"


def test_console_prints_a_link_that_works_once_and_the_record_says_that_it_was_the_console(tmp_path: Path) -> None:
    root = tmp_path / "box"
    settings = configured(root)
    migrate_database(settings)
    app = create_app(settings, testing=True)
    with db.connection_context():
        admin = account_with_password(Role.ADMIN)
        add_app(admin.id)

    nobody = wellhouse("account", "recover", "nobody@example.org", "--root", root)
    assert (nobody.returncode, nobody.stdout) == (2, "")
    assert "Nobody signs in with this address." in nobody.stderr
    told = wellhouse("account", "recover", EMAIL, "--root", root)
    assert told.returncode == 0, told.stderr
    assert "good for one hour, works once, and removes their second factors" in told.stdout
    found = re.search(r"https://\S+", told.stdout)
    assert found
    token = parse_qs(urlsplit(found[0]).query)["link"][0]

    sent = {"link": token, "password": NEW}
    origin = settings.origin
    browser = people.browser(app)
    assert browser.send("/choose-password", sent, base_url=origin).status_code == 302
    assert browser.get("/account", base_url=origin).status_code == 200
    assert people.browser(app).send("/choose-password", sent, base_url=origin).status_code == 404
    with db.connection_context():
        assert not AuthenticatorApp.select().exists()
        [row] = AuditEvent.select().where(AuditEvent.action == Action.RECOVERY_STARTED)
        assert (row.role, row.account, row.about) == (Role.SYSTEM, None, {"account": str(admin.id)})
        assert token not in everything_recorded()
    db.obj.close_all()
