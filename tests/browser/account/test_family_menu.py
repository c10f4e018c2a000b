"""Somebody who acts for several clients: they choose for whom in the menu, the bar says it, the record names both."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Locator, expect

from core.clock import utcnow
from core.settings import Settings
from tests.browser.account.conftest import Arrive, Somebody
from tests.browser.account.test_account_pages import faults
from tests.browser.visit.box import Box
from tests.browser.visit.person import PHONE
from tests.webapp import people
from tests.webapp.appointments.bookings import make_appointment
from tests.webapp.clients.records import make_client
from webapp.access.actor import Role
from webapp.account.models import Account
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.clients import families
from webapp.clients.families import Terms
from webapp.clients.models import Client, Relation

LEO, ANE = "Leo Halvorsen", "Ane Halvorsen"


def let_act(provider: Account, client: Client, guardian: Account, settings: Settings) -> None:
    terms = Terms(Relation.PARENT, joins_visits=True, ends_at=None)
    who = people.actor(provider)
    families.add(who, client.id, settings, name=guardian.name, email=guardian.email, terms=terms, at=utcnow())


def choose(somebody: Somebody, item: str) -> None:
    somebody.page.locator("summary").filter(has_text=somebody.account.name).click()
    with somebody.page.expect_navigation():
        somebody.press(item)
    somebody.bound()


def chosen(somebody: Somebody) -> Locator:
    return somebody.page.locator(".wh-role")


def visits(somebody: Somebody) -> set[str]:
    """The appointments to which the page leads."""
    links = somebody.page.locator("main a[href*='/appointments/']").evaluate_all("all => all.map(each => each.href)")
    return {found[1] for link in links if (found := re.search(r"/appointments/([0-9a-f-]{36})", link))}


def test_mother_of_two_chooses_for_whom_the_bar_says_it_and_the_record_names_both(box: Box, arrive: Arrive) -> None:
    sigrid, provider = arrive(None, Role.CLIENT), people.make_account(Role.PROVIDER)
    leo, ane = (make_client(provider, name) for name in (LEO, ANE))
    soon = utcnow() + timedelta(days=1)
    for_leo, for_ane = (
        str(make_appointment(provider, client, starts_at=soon + timedelta(hours=n)).id)
        for n, client in enumerate((leo, ane))
    )
    for client in (leo, ane):
        let_act(provider, client, sigrid.account, box.settings)

    sigrid.knock()
    sigrid.at("/")
    sigrid.go("/appointments")
    expect(chosen(sigrid)).to_contain_text(re.compile(f"For .*{ANE}"))
    expect(chosen(sigrid)).to_contain_text(LEO)
    assert visits(sigrid) == {for_leo, for_ane}

    choose(sigrid, f"Visits of {LEO}")
    expect(chosen(sigrid)).to_have_text(f"For {LEO}")
    sigrid.go("/appointments")
    expect(chosen(sigrid)).to_have_text(f"For {LEO}")
    assert visits(sigrid) == {for_leo}
    sigrid.go(f"/appointments/{for_leo}")

    choose(sigrid, f"Visits of {ANE}")
    sigrid.go("/appointments")
    assert visits(sigrid) == {for_ane}
    sigrid.page.set_viewport_size(PHONE)
    expect(chosen(sigrid)).to_have_text(f"For {ANE}")
    expect(chosen(sigrid)).to_be_visible()
    sigrid.page.locator("summary").filter(has_text=sigrid.account.name).click()
    assert list(faults(sigrid.page, "family menu")) == []
    sigrid.page.keyboard.press("Escape")

    choose(sigrid, "Everybody’s visits")
    expect(chosen(sigrid)).to_contain_text(LEO)
    expect(chosen(sigrid)).to_contain_text(ANE)

    rows = AuditEvent.select().where(AuditEvent.account == sigrid.account.id).order_by(AuditEvent.sequence)
    told = [(row.action, row.client) for row in rows if row.action in (Action.FAMILY_CHOSEN, Action.APPOINTMENT_VIEWED)]
    assert told == [
        (Action.FAMILY_CHOSEN, leo.id),
        (Action.APPOINTMENT_VIEWED, leo.id),
        (Action.FAMILY_CHOSEN, ane.id),
        (Action.FAMILY_CHOSEN, None),
    ]
    admin = arrive(None, Role.ADMIN)
    admin.knock()
    admin.at("/")
    admin.go(f"/audit?who={sigrid.account.id}&client={leo.id}&action={Action.APPOINTMENT_VIEWED}")
    line = admin.page.locator("main").get_by_role("row").filter(has_text=sigrid.account.name)
    expect(line).to_have_count(1)
    expect(line).to_contain_text(LEO)
