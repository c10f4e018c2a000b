"""The table itself: every address stands in a row, every row is in use, and its page says what it says."""

from __future__ import annotations

import pytest

from appliance.commands.access import document
from tests.rules.source import ROOT
from webapp.access.route import Feature, nothing
from webapp.access.rules import On, Public, signed_in
from webapp.access.table import NOT_BUILT, TABLE, WORDS, Act, Principal, Resource, may, row_of
from webapp.app import FEATURES

# Not an address of its own: how much of a client's page is shown.
ASKED_WITHIN_A_PAGE = {
    (Resource.CLIENT_RECORD, Act.READ),
    (Resource.CLIENT_RECORD, Act.UPDATE),
    (Resource.APPOINTMENT_REASON, Act.READ),
}


def cells_of(features: tuple[Feature, ...]) -> set[tuple[Resource, Act]]:
    """The cells that the routes of *features* name."""
    return {
        (declared.allow.resource, declared.allow.act)
        for feature in features
        for declared in feature._declared.values()
        if isinstance(declared.allow, On | Public)
    }


def test_every_route_names_a_cell_and_every_cell_has_a_route() -> None:
    rows = {(row.resource, row.act) for row in TABLE}
    assert cells_of(FEATURES) | ASKED_WITHIN_A_PAGE == rows
    planted = Feature("planted", __name__)
    planted.get("/planted", allow=signed_in, records=nothing("planted"))(lambda _actor: "")
    assert cells_of((planted,)) == {(Resource.DOOR, Act.OPEN), (Resource.OWN, Act.USE)}


def test_table_has_no_row_twice_and_none_for_nobody() -> None:
    cells = [(row.resource, row.act) for row in TABLE]
    assert len(cells) == len(set(cells))
    assert all(row.allowed for row in TABLE)
    assert set(Resource) == {row.resource for row in TABLE}
    assert set(Act) == {row.act for row in TABLE}
    assert set(WORDS) == set(Principal)


def test_strangers_have_the_door_and_nothing_else() -> None:
    assert {row.resource for row in TABLE if Principal.ANONYMOUS in row.allowed} == {Resource.DOOR}


def test_admins_have_contact_and_schedule_and_nothing_clinical() -> None:
    about_clients = {
        row
        for row in TABLE
        if row.resource.value.startswith(
            ("Client", "Appointment", "Visit", "Care", "Family", "Who waits", "List of clients")
        )
    }
    assert len(about_clients) > 15
    assert {(row.resource, row.act) for row in about_clients if Principal.ADMIN in row.allowed} == {
        (Resource.CLIENT_CONTACT, Act.CREATE),
        (Resource.CLIENT_CONTACT, Act.READ),
        (Resource.CLIENT_CONTACT, Act.UPDATE),
        (Resource.CLIENT_CONTACT, Act.ARCHIVE),
        (Resource.SCHEDULE, Act.READ),
        (Resource.APPOINTMENT, Act.READ),
        (Resource.APPOINTMENT, Act.UPDATE),
        (Resource.CLIENT_LIST, Act.READ),
    }


def test_another_client_has_only_what_is_their_own() -> None:
    given = {row.resource for row in TABLE if Principal.CLIENT_OTHER in row.allowed}
    assert given == {Resource.DOOR, Resource.OWN}


def test_emergency_reads_and_never_writes() -> None:
    more = {
        (row.resource, row.act)
        for row in TABLE
        if Principal.BREAK_GLASS in row.allowed and Principal.PROVIDER_UNASSIGNED not in row.allowed
    }
    assert {act for _, act in more} == {Act.READ, Act.CANCEL}
    assert (Resource.BREAK_GLASS, Act.CANCEL) in more


def test_family_always_need_a_right() -> None:
    given = [
        row for row in TABLE if Principal.FAMILY in row.allowed and row.resource not in (Resource.DOOR, Resource.OWN)
    ]
    assert given
    assert all(row.right for row in given)


def test_unknown_cell_is_a_fault_and_no_silent_no() -> None:
    with pytest.raises(KeyError):
        row_of(Resource.AUDIT, Act.ARCHIVE)
    with pytest.raises(KeyError):
        may(Principal.ADMIN, Resource.AUDIT, Act.ARCHIVE)


def test_page_about_access_is_what_the_table_says() -> None:
    assert (ROOT / "docs/ACCESS.md").read_text(encoding="utf-8") == document(), "run: make docs"
    assert all(name in document() for name in NOT_BUILT)
    assert "`/clients/<uuid:client_id>/edit` POST" in document()
