"""The list of clients: filters, order, search and pages."""

from __future__ import annotations

import logging

import peewee
import pytest
from flask import Flask

from core.clock import utcnow
from core.settings import Settings
from tests.webapp.clients.records import make_client
from tests.webapp.people import actor, make_account, sign_in
from webapp.access.actor import Role
from webapp.account.models import Account
from webapp.clients.actions import add_client, archive_client
from webapp.clients.queries import PAGE_ROWS, Order, Which, list_clients
from webapp.clients.values import ClientValues, Details
from webapp.db.database import db


@pytest.fixture
def provider(database: Settings) -> Account:
    return make_account(Role.PROVIDER)


@pytest.fixture
def practice(provider: Account) -> Account:
    """*provider* with three clients, of whom one is archived, beside a colleague with one."""
    make_client(provider, "Nguyễn Thị Hương", family_name="Nguyễn", email="huong@example.org")
    make_client(provider, "Desmond Achebe", phone="(802) 555-0118")
    gone = make_client(provider, "Otis Palmer")
    archive_client(actor(provider), gone.id, at=utcnow())
    make_client(make_account(Role.PROVIDER), "Maren Halvorsen", email="m_h@example.org")
    return provider


def _names(provider: Account, which: Which = Which.ALL, **wish: object) -> list[str]:
    found = list_clients(actor(provider), which, **wish)  # type: ignore[arg-type]
    return [line.face.name for line in found.lines]


def test_filters_hold_mine_all_and_archived(practice: Account) -> None:
    assert _names(practice, Which.MINE) == ["Desmond Achebe", "Nguyễn Thị Hương"]
    assert _names(practice, Which.ALL) == ["Desmond Achebe", "Maren Halvorsen", "Nguyễn Thị Hương"]
    assert _names(practice, Which.ARCHIVED) == ["Otis Palmer"]
    counts = list_clients(actor(practice), Which.MINE).counts
    assert counts == {Which.MINE: 2, Which.ALL: 3, Which.ARCHIVED: 1}


def test_order_can_be_turned_around(practice: Account) -> None:
    assert _names(practice, order=Order.NAME_DOWN) == ["Nguyễn Thị Hương", "Maren Halvorsen", "Desmond Achebe"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("nguyen", ["Nguyễn Thị Hương"]),
        ("HƯƠNG thi", ["Nguyễn Thị Hương"]),
        ("huong@exam", ["Nguyễn Thị Hương"]),
        ("555 0118", ["Desmond Achebe"]),
        ("802-555-01", ["Desmond Achebe", "Maren Halvorsen", "Nguyễn Thị Hương"]),
        ("achebe maren", []),
        ("%", []),
        ("_h@", ["Maren Halvorsen"]),
        ("...", ["Desmond Achebe", "Maren Halvorsen", "Nguyễn Thị Hương"]),
        ("", ["Desmond Achebe", "Maren Halvorsen", "Nguyễn Thị Hương"]),
    ],
)
def test_search_finds_every_word_wherever_it_stands(practice: Account, search: str, found: list[str]) -> None:
    assert _names(practice, search=search) == found


def test_long_list_comes_in_pages_without_gaps(provider: Account) -> None:
    acting, at = actor(provider), utcnow()
    for number in range(PAGE_ROWS + 3):
        add_client(acting, ClientValues(f"Client {number:03}", "UTC"), Details(), at=at)
    first, second = (list_clients(acting, Which.MINE, page=page) for page in (1, 2))
    names = [line.face.name for line in (*first.lines, *second.lines)]
    assert names == [f"Client {number:03}" for number in range(PAGE_ROWS + 3)]
    assert (first.pages, first.total) == (2, PAGE_ROWS + 3)
    beyond = list_clients(acting, Which.MINE, page=99)
    assert (beyond.page, len(beyond.lines)) == (2, 3)


def test_page_of_a_long_list_is_found_in_the_index_alone(provider: Account, caplog: pytest.LogCaptureFixture) -> None:
    make_client(provider)
    with caplog.at_level(logging.DEBUG, logger="peewee"):
        list_clients(actor(provider), Which.ALL, search="maren")
    statements = [record.msg for record in caplog.records if isinstance(record.msg, tuple)]
    sql, params = next(each for each in statements if "ORDER BY" in each[0] and "LIMIT" in each[0])
    if isinstance(db.obj, peewee.PostgresqlDatabase):
        db.execute_sql("SET enable_seqscan = off")  # so few rows would be read whole
        plan = db.execute_sql(f"EXPLAIN {sql}", params).fetchall()
        assert "Index Only Scan using client_sort_key" in str(plan)
        assert "Sort Key" not in str(plan)
    else:
        plan = db.execute_sql(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()
        assert "COVERING INDEX client_sort_key" in str(plan)
        assert "TEMP B-TREE" not in str(plan)


def test_page_says_how_many_were_found_to_those_who_cannot_see_it(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    make_client(provider, "Maren Halvorsen")
    make_client(provider, "Desmond Achebe")
    page = sign_in(app, provider).get("/clients?q=maren").text
    assert 'data-say="1 client"' in page
    assert "Desmond Achebe" not in page


def test_empty_lists_say_what_goes_there_and_offer_the_first_step(app: Flask) -> None:
    at_provider = sign_in(app, make_account(Role.PROVIDER))
    assert "No clients yet" in at_provider.get("/clients").text
    assert "Add the first" in at_provider.get("/clients").text
    nobody = at_provider.get("/clients?q=<b>zz").text
    assert "Nobody found" in nobody
    assert "<b>zz" not in nobody


def test_unknown_filters_orders_and_pages_show_the_usual_list(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    make_client(provider)
    page = sign_in(app, provider).get("/clients?show=x&sort=y&page=-3")
    assert page.status_code == 200
    assert "Maren Halvorsen" in page.text
