"""Reading what the practice says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from flask import g, has_request_context

from webapp.practice.models import THE_ONE, Practice

PRODUCT = "Wellhouse"  # stands for the practice's name until set-up


@dataclass(frozen=True)
class PracticeInfo:
    """*is_set_up* is False until somebody has given the practice its name."""

    name: str = PRODUCT
    phone: str = ""
    address: str = ""
    time_zone: str = "UTC"
    waiting_text: str = ""
    introduction: str = ""
    registration_open: bool = False
    is_set_up: bool = False


def current() -> PracticeInfo:
    """The practice as it is now; read once in a request."""
    if not has_request_context():
        return _read()
    if "practice" not in g:
        g.practice = _read()
    return cast(PracticeInfo, g.practice)


def forget() -> None:
    """What current() has read in this request is no longer so."""
    if has_request_context():
        g.pop("practice", None)


def words() -> frozenset[str]:
    """Words that a guesser of passwords would try here first."""
    info = current()
    own = re.split(r"[\W_]+", f"{info.name} {info.address}".lower())
    return frozenset(word for word in own if word) | {PRODUCT.lower()}


def _read() -> PracticeInfo:
    row = Practice.get_or_none(Practice.id == THE_ONE)
    if row is None:
        return PracticeInfo()
    return PracticeInfo(
        name=row.name,
        phone=row.phone,
        address=row.address,
        time_zone=row.time_zone,
        waiting_text=row.waiting_text,
        introduction=row.introduction,
        registration_open=row.registration_open,
        is_set_up=True,
    )
