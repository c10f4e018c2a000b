"""Strangers who open websockets and say nothing."""

from __future__ import annotations

import pytest

from rtc.signalling import doorstep, server
from rtc.signalling.doorstep import ALL_MAX, HOST_MAX, Doorstep
from tests.rtc.signalling.house import open_house


class Line:
    def __init__(self) -> None:
        self.is_cut = False

    def cut(self) -> None:
        self.is_cut = True


def lines(step: Doorstep, count: int, address: str) -> list[Line]:
    made = [Line() for _ in range(count)]
    for line in made:
        step.enter(line, address)
    return made


def test_a_host_with_too_many_loses_its_own_oldest() -> None:
    step = Doorstep()
    others = lines(step, 3, "192.0.2.1")
    many = lines(step, HOST_MAX + 10, "192.0.2.2")
    assert [line.is_cut for line in many] == [True] * 10 + [False] * HOST_MAX
    assert not any(line.is_cut for line in others)


def test_a_host_of_ipv6_is_all_that_it_can_call_itself() -> None:
    step = Doorstep()
    many = [line for n in range(HOST_MAX + 1) for line in lines(step, 1, f"2001:db8::{n:x}")]
    assert [line for line in many if line.is_cut] == many[:1]
    lines(step, 1, "2001:db8:0:1::1")
    assert len(step) == HOST_MAX + 1


def test_too_many_hosts_lose_the_oldest_of_all() -> None:
    step = Doorstep()
    many = [line for n in range(ALL_MAX + 5) for line in lines(step, 1, f"198.51.{n // 256}.{n % 256}")]
    assert [line for line in many if line.is_cut] == many[:5]
    assert len(step) == ALL_MAX


def test_who_is_inside_or_gone_takes_no_place() -> None:
    step = Doorstep()
    for _ in range(3 * HOST_MAX):
        (line,) = lines(step, 1, "192.0.2.1")
        step.leave(line)
        step.leave(line)
        assert not line.is_cut
    assert len(step) == 0


async def test_silent_strangers_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorstep, "ALL_MAX", 6)
    monkeypatch.setattr(server, "SOCKETS_MAX", 10)
    async with open_house(12) as (place, _, (anna, ben, *strangers)):
        await anna.hello(grant=place.grant("anna"))
        for number, stranger in enumerate(strangers):
            await stranger.connect(f"198.51.100.{number}")
        assert (await ben.hello(grant=place.grant("ben")))["type"] == "welcome"
        assert (await anna.expect("joined"))["participant"] == "ben"
        assert await strangers[0].closed() == 1006  # cut off
