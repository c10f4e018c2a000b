"""The clinic's address, followed by its name as the DNS tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from dns.asyncresolver import Resolver

from rtc import public_address
from tests.names import name_server
from tests.rtc.transport.peer import media_server

NAME = "clinic.example"


@asynccontextmanager
async def following(take: Callable[[str], None], ask: Callable[[], Resolver]) -> AsyncIterator[None]:
    task = asyncio.create_task(public_address.follow(NAME, take, ask))
    try:
        yield
        assert not task.done()
    finally:
        # Python 3.11's wait_for can swallow a cancellation that comes together with the answer (fixed in 3.12).
        while not task.done():
            task.cancel()
            await asyncio.wait((task,), timeout=1)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_address, "LOOK_AT_MOST_EVERY_S", 0.01)


async def test_address_behind_a_name_is_offered_and_followed() -> None:
    records = {NAME: (["203.0.113.2"], 0)}
    async with media_server(("127.0.0.1",)) as media, name_server(records) as (_, ask):
        taken: asyncio.Queue[str] = asyncio.Queue()

        def take(address: str) -> None:
            media.set_public_address(address)
            taken.put_nowait(address)

        async with following(take, ask):
            assert await asyncio.wait_for(taken.get(), 5) == "203.0.113.2"
            assert [(c.address, c.kind) for c in media.candidates()] == [
                ("127.0.0.1", "host"),
                ("203.0.113.2", "srflx"),
            ]
            records[NAME] = (["198.51.100.7"], 0)
            assert await asyncio.wait_for(taken.get(), 5) == "198.51.100.7"
            assert [c.address for c in media.candidates()] == ["127.0.0.1", "198.51.100.7"]


async def asked_again(server: object, times: int) -> None:
    before = server.asked  # type: ignore[attr-defined]
    while server.asked < before + times:  # type: ignore[attr-defined]
        await asyncio.sleep(0.01)


async def test_of_several_addresses_the_offered_one_is_kept_while_it_is_good() -> None:
    records = {NAME: (["203.0.113.2", "203.0.113.3"], 0)}
    taken: list[str] = []
    async with name_server(records) as (server, ask), following(taken.append, ask):
        await asked_again(server, 2)
        assert len(taken) == 1
        records[NAME] = (["203.0.113.3", "203.0.113.2"], 0)
        await asked_again(server, 3)
        assert len(taken) == 1
        records[NAME] = (["203.0.113.9"], 0)
        await asked_again(server, 3)
    assert taken[1:] == ["203.0.113.9"]


async def test_name_that_cannot_be_resolved_changes_nothing_and_is_asked_again() -> None:
    records: dict[str, tuple[list[str], int]] = {}
    taken: list[str] = []
    async with name_server(records) as (server, ask), following(taken.append, ask):
        await asked_again(server, 2)
        assert taken == []
        records[NAME] = (["203.0.113.2"], 0)
        await asked_again(server, 2)
        del records[NAME]
        await asked_again(server, 2)
    assert taken == ["203.0.113.2"], "a name server that is away for a while takes nothing back"


async def test_machine_without_a_name_server_goes_on() -> None:
    def ask() -> Resolver:
        raise public_address.Unknown("there is no name server")

    taken: list[str] = []
    async with following(taken.append, ask):
        await asyncio.sleep(0.05)
    assert taken == []


async def test_an_answer_is_used_as_long_as_it_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await pause(0)

    pause = asyncio.sleep
    monkeypatch.setattr(public_address, "LOOK_AT_MOST_EVERY_S", 20.0)
    records = {NAME: (["203.0.113.2"], 60)}
    async with name_server(records) as (_, ask):
        monkeypatch.setattr(public_address.asyncio, "sleep", sleep)
        for ttl_s, expected in ((60, 60), (1, 20.0), (86_400, 300.0)):
            records[NAME] = (["203.0.113.2"], ttl_s)
            waited.clear()
            async with following(lambda _address: None, ask):
                while not waited:
                    await pause(0.01)
            assert waited[0] == expected
