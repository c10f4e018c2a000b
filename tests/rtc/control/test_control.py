from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys

import pytest

from tests.rtc.signalling.house import control, open_house


async def test_health_counts_and_names_this_start() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await anna.hello(grant=place.grant("anna"))
        await ben.hello(grant=place.grant("ben", "room-2"))
        status, health = await control(place, "GET", "/v1/health")
        assert status == 200
        assert (health["rooms"], health["participants"], health["addresses"]) == (2, 2, ["127.0.0.1"])
        assert health["media_port"] == place.settings.ports.media
        assert len(health["boot"]) == 36
        assert 0 <= health["uptime_s"] < 60


async def test_room_shows_who_is_inside_and_who_has_lost_the_websocket() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        assert (await control(place, "GET", "/v1/rooms/room-1"))[0] == 404
        await anna.hello(grant=place.grant("anna"))
        await ben.hello(grant=place.grant("ben"))
        await ben.drop()
        connected = {"anna": True, "ben": True}
        for _ in range(100):
            status, room = await control(place, "GET", "/v1/rooms/room-1")
            connected = {p["participant"]: p["connected"] for p in room["participants"]}
            if connected != {"anna": True, "ben": True}:
                break
            await asyncio.sleep(0.01)
        assert status == 200
        assert connected == {"anna": True, "ben": False}


async def test_removing_somebody_who_is_not_inside_is_as_good() -> None:
    async with open_house(0) as (place, _, _):
        assert await control(place, "DELETE", "/v1/rooms/nowhere/participants/nobody") == (204, None)
        assert await control(place, "DELETE", "/v1/rooms/nowhere") == (204, None)


async def test_events_wait_for_the_first_and_carry_quality() -> None:
    async with open_house(1) as (place, _, (anna,)):
        waiting = asyncio.create_task(control(place, "GET", "/v1/events?after=0&wait_s=5"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await anna.hello(grant=place.grant("anna"))
        status, page = await waiting
        assert status == 200
        assert page["next"] == 1
        assert [(e["number"], e["kind"], e["room"], e["participant"]) for e in page["events"]] == [
            (1, "joined", "room-1", "anna")
        ]
        await anna.send(type="quality", span_s=10.0, round_trip_ms=None, loss_up=0.0, loss_down=0.5)
        status, page = await control(place, "GET", "/v1/events?after=1&wait_s=5")
        assert [(e["kind"], e["loss_down"]) for e in page["events"]] == [("quality", 0.5)]
        assert await control(place, "GET", "/v1/events?after=2") == (200, {"events": [], "next": 2})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/events?after=-1", 400),
        ("/v1/events?after=one", 400),
        ("/v1/events?after=99999999999999999999", 400),
        ("/v1/events?after=0&wait_s=26", 400),
        ("/v1/events?after=0&wait_s=nan", 400),
        ("/v1/rooms/nowhere", 404),
        ("/v2/health", 404),
    ],
)
async def test_bad_call_gets_an_id_and_a_sentence(path: str, status: int) -> None:
    async with open_house(0) as (place, _, _):
        got, problem = await control(place, "GET", path)
        assert got == status
        assert set(problem) == {"error", "sentence"}
        assert problem["sentence"]


async def test_sockets_are_for_the_account_and_its_group_only() -> None:
    async with open_house(0) as (place, _, _):
        for file in (place.settings.paths.control_socket, place.settings.paths.signalling_socket):
            assert stat.S_IMODE(file.stat().st_mode) == 0o660


ASK = """
import http.client, os, socket, sys
connection = http.client.HTTPConnection("rtc")
connection.sock = socket.socket(socket.AF_UNIX)
os.seteuid(int(sys.argv[2]))  # the kernel keeps who connected
connection.sock.connect(sys.argv[1])
os.seteuid(0)
connection.request("GET", "/v1/events?after=0")
print(connection.getresponse().status)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="asks as another account")
async def test_an_account_of_the_group_that_is_not_the_portals_is_turned_away() -> None:
    """As one of nginx's workers that somebody has taken over."""
    async with open_house(0) as (place, _, _):
        file = place.settings.paths.control_socket
        for folder in (file.parent, *list(file.parents)[1:-1]):
            if folder.stat().st_mode & 0o011 == 0:
                folder.chmod(0o711)
        for account, status in ((0, "200"), (65534, "403")):
            asked = await asyncio.create_subprocess_exec(
                sys.executable, "-c", ASK, str(file), str(account), stdout=subprocess.PIPE
            )
            said, _ = await asked.communicate()
            assert said.decode().strip() == status
