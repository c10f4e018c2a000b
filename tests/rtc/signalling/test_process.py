"""The real command: starts, is killed, comes back, stops, and says clearly when it cannot start."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from core.settings import Ports
from tests.rtc.signalling.house import House, browsers, control, house, local_parameters

START_S = 20.0


def write_settings(place: House, port: int) -> Path:
    """wellhouse.toml of *place*."""
    lines = []
    for name, section in (place.table | {"ports": {"media": port}}).items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in section.items())]
    file = place.folder / "wellhouse.toml"
    file.write_text("\n".join(lines) + "\n")
    return file


def free_port() -> int:
    """One that is not coturn's to relay with, which the settings would refuse."""
    relays = range(Ports().relay_first, Ports().relay_last + 1)
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in relays:
            return port


@contextlib.asynccontextmanager
async def running(config: Path, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process; killed at the end if it still runs."""
    with log.open("ab") as stream:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "rtc", "--config", str(config), stderr=stream, stdout=stream
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def ready(log: Path, times: int = 1) -> None:
    """Until it says that it has started for the *times*-th time."""
    async with asyncio.timeout(START_S):
        while log.read_text().count('"rtc.started"') < times:
            await asyncio.sleep(0.02)


async def test_killed_process_comes_back_and_tells_whom_it_lost() -> None:
    with house() as place:
        config, log = write_settings(place, free_port()), place.folder / "log" / "rtc.log"
        log.touch()
        async with running(config, log) as process:
            await ready(log)
            async with browsers(place, 1) as (anna,):
                await anna.hello(grant=place.grant("anna"))
                secret = anna.resume_secret
                _, page = await control(place, "GET", "/v1/events?after=0&wait_s=5")
                assert [e["number"] for e in page["events"]] == [1]
                os.kill(process.pid, signal.SIGKILL)
                await process.wait()
        async with running(config, log), browsers(place, 1) as (anna,):
            await ready(log, 2)
            assert (await anna.hello(resume=secret))["id"] == "resume.unknown"
            _, page = await control(place, "GET", "/v1/events?after=1&wait_s=5")
            assert [(e["number"], e["kind"], e.get("reason")) for e in page["events"]] == [
                (2, "left", "restarted"),
                (3, "room_closed", None),
            ]
            assert (await anna.hello(grant=place.grant("anna")))["type"] == "welcome"


async def test_stop_closes_websockets_without_ending_visits_and_logs_no_addresses() -> None:
    with house() as place:
        config, log = write_settings(place, free_port()), place.folder / "log" / "rtc.log"
        log.touch()
        async with running(config, log) as process:
            await ready(log)
            async with browsers(place, 1) as (anna,):
                await anna.hello(grant=place.grant("anna"))
                answer = await anna.publish("microphone")
                await anna.publish_peer.connect(local_parameters(answer["sdp"]))
                process.terminate()
                assert await anna.closed() == 1001
                assert await asyncio.wait_for(process.wait(), 10) == 0
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        assert {"rtc.started", "member.joined", "rtc.stopping"} <= {line["event"] for line in lines}
        text = log.read_text()
        for secret in ("127.0.0.1", "candidate", "a=", anna.publish_peer.ufrag, anna.publish_peer.pwd):
            assert secret not in text
        spool = (place.settings.paths.room_event_spool).read_text()
        assert '"left"' not in spool


async def test_busy_media_port_names_the_process_that_holds_it() -> None:
    with house() as place, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        port = free_port()
        taken.bind(("127.0.0.1", port))
        config, log = write_settings(place, port), place.folder / "log" / "rtc.log"
        async with running(config, log) as process:
            assert await asyncio.wait_for(process.wait(), START_S) == 1
        last = json.loads(log.read_text().splitlines()[-1])
        assert last["event"] == "start.refused"
        assert f"UDP port {port} is held by" in last["sentence"]
        assert f"(process {os.getpid()})" in last["sentence"]


async def test_second_server_does_not_take_over_the_sockets_of_the_first() -> None:
    with house() as place:
        config, log = write_settings(place, free_port()), place.folder / "log" / "rtc.log"
        log.touch()
        async with running(config, log):
            await ready(log)
            config = write_settings(place, free_port())
            async with running(config, log) as second:
                assert await asyncio.wait_for(second.wait(), START_S) == 1
            assert "Another media server listens on" in log.read_text()
            assert (await control(place, "GET", "/v1/health"))[0] == 200


async def test_unknown_setting_is_named() -> None:
    with house() as place:
        config, log = write_settings(place, free_port()), place.folder / "log" / "rtc.log"
        config.write_text(config.read_text() + "\n[mail]\nhots = 'x'\n")
        async with running(config, log) as process:
            assert await asyncio.wait_for(process.wait(), START_S) == 1
        assert "mail.hots is not a setting. Did you mean host?" in log.read_text()
