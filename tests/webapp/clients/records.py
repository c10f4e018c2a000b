"""Clients for tests, and comparing what two people were answered."""

from __future__ import annotations

import re
import uuid
from datetime import date

from werkzeug.test import TestResponse

from core.clock import utcnow
from tests.webapp.people import actor
from webapp.access.actor import Role
from webapp.account.models import Account
from webapp.clients.actions import add_client
from webapp.clients.models import Client
from webapp.clients.values import ClientValues, Details
from webapp.db.unit import housekeeping

DETAILS = Details(
    birth_date=date(1988, 4, 9),
    address="7 Heron Way\nMontpelier, VT",
    emergency_name="Sigrid Halvorsen, sister",
    emergency_phone="802-555-0188",
)
SEALED_WORDS = ("Heron Way", "Sigrid", "555-0188", "1988")


def make_client(
    provider: Account,
    name: str = "Maren Halvorsen",
    *,
    account: Account | None = None,
    details: Details = DETAILS,
    email: str = "",
    phone: str = "802-555-0147",
    family_name: str = "",
) -> Client:
    """A client whom *provider* wrote down, and who signs in as *account* if one is given."""
    values = ClientValues(name, "America/New_York", family_name=family_name, email=email, phone=phone)
    client_id = add_client(actor(provider, Role.PROVIDER), values, details, at=utcnow())
    if account is not None:
        with housekeeping("an invitation was accepted"):
            Client.update(account=account).where(Client.id == client_id).execute()
    return Client.get_by_id(client_id)


def same_for_everybody(answer: TestResponse) -> str:
    """The answer without what differs in every page: nonces, form tokens, the seconds until signing out."""
    text = re.sub(r'nonce="[^"]*"', "", answer.text)
    text = re.sub(r'data-left="\d+"', "data-left", text)
    return re.sub(r'(name="csrf_token"[^>]*value=|data-token=)"[^"]*"', r"\1", text)


NOBODY = uuid.UUID("00000000-0000-4000-8000-000000000000")
