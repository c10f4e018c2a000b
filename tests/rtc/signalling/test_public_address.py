from __future__ import annotations

import asyncio

import pytest

from rtc import public_address
from tests.rtc.transport.peer import media_server


async def test_address_behind_a_name_is_offered_and_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_address, "LOOK_EVERY_S", 0.01)
    async with media_server(("::1",)) as media:
        taken: asyncio.Queue[str] = asyncio.Queue()

        def take(address: str) -> None:
            media.set_public_address(address)
            taken.put_nowait(address)

        following = asyncio.create_task(public_address.follow("localhost", take))
        assert await asyncio.wait_for(taken.get(), 5) == "127.0.0.1"
        assert [(c.address, c.kind) for c in media.candidates()] == [("::1", "host"), ("127.0.0.1", "srflx")]
        await asyncio.sleep(0.05)
        assert taken.empty(), "the same address is no news"
        following.cancel()


async def test_name_that_cannot_be_resolved_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_address, "LOOK_EVERY_S", 0.0)
    taken: list[str] = []
    following = asyncio.create_task(public_address.follow("x" * 70, taken.append))
    await asyncio.sleep(0.05)
    assert not following.done()
    assert taken == []
    following.cancel()
