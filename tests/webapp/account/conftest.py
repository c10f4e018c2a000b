"""Who acts in these tests."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.webapp import people
from tests.webapp.account.door import account_with_password
from webapp.access.actor import Role


@pytest.fixture
def admin(app: Flask) -> people.Browser:
    account = account_with_password(Role.ADMIN, Role.PROVIDER, email="admin@example.org")
    return people.sign_in(app, account, Role.ADMIN)
