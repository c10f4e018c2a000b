"""Names as they are searched and sorted."""

from __future__ import annotations

import pytest

from webapp.clients.folding import digits, fold
from webapp.clients.values import ClientValues


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Nguyễn Thị Hương", "nguyen thi huong"),
        ("Đặng Øyvind Łukasz", "dang oyvind lukasz"),
        ("Straße ÆØÅ Œuvre", "strasse aeoa oeuvre"),
        ("  José\u00a0 María ", "jose maria"),
        ("Jose\u0301", "jose"),
        ("Иванов Пётр", "иванов петр"),
    ],
)
def test_accents_capitals_and_spaces_do_not_matter(name: str, folded: str) -> None:
    assert fold(name) == folded


def test_phone_number_is_its_digits() -> None:
    assert digits("+1 (802) 555-0147") == "18025550147"


def test_lists_are_in_the_order_of_family_names() -> None:
    people = [
        ClientValues("Maren Halvorsen", "UTC"),
        ClientValues("Nguyễn Thị Hương", "UTC", family_name="Nguyễn"),
        ClientValues("Desmond Achebe", "UTC"),
        ClientValues("Otis Palmer", "UTC"),
    ]
    ordered = sorted(people, key=lambda person: person.sort_key)
    assert [person.name.split()[0] for person in ordered] == ["Desmond", "Maren", "Nguyễn", "Otis"]


def test_family_name_left_empty_is_the_last_word() -> None:
    assert ClientValues("Ana María de la Cruz", "UTC").listed_under == "Cruz"
