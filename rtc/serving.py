"""The parts of the media server, put together around a media port."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from core.ids import new_id
from core.log import EventLog
from core.settings import Settings
from rtc.control.api import Control
from rtc.control.callers import callers
from rtc.rooms.entry import Doorkeeper, Keys
from rtc.rooms.moment import Moment
from rtc.rooms.rooms import Rooms
from rtc.rooms.spool import Spool
from rtc.signalling.reception import Reception
from rtc.signalling.server import application
from rtc.transport.interface import Media

log = EventLog("rtc")

TICK_S = 0.2  # as often as the page is told who speaks
STOP_S = 2.0  # for requests that are under way when we are asked to stop


@contextlib.asynccontextmanager
async def serving(settings: Settings, media: Media) -> AsyncIterator[Rooms]:
    """Rooms behind both sockets, as long as the context lasts. People are told nothing at its end: they come back."""
    booted = Moment.present()
    keys = Keys(settings.paths.grant_keys)
    keys.reread()
    spool = Spool.open(settings.paths.room_event_spool, booted.at)
    rooms = Rooms(Doorkeeper(keys, booted), spool, participants_max=settings.rtc.participants_max)
    boot = str(new_id())
    accounts = callers(settings.users.portal)
    control = Control(rooms, spool, media, boot=boot, booted=booted, media_port=settings.ports.media, accounts=accounts)
    runners = [
        await _listen(application(Reception(rooms, media), settings.origins), settings.paths.signalling_socket),
        await _listen(control.application(), settings.paths.control_socket),
    ]
    tasks = [asyncio.create_task(spool.run()), asyncio.create_task(_tick(rooms))]
    log.info("rtc.started", boot=boot, media_port=settings.ports.media)
    try:
        yield rooms
    finally:
        for task in tasks:
            task.cancel()
        for runner in runners:
            await runner.cleanup()
        await asyncio.gather(*tasks, return_exceptions=True)
        await spool.sync()


async def _tick(rooms: Rooms) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        try:
            rooms.tick(Moment.present())
        except Exception:  # containment: trouble in one room must not stop the clock of the others
            log.exception("tick.failed")


async def _listen(app: web.Application, file: Path) -> web.AppRunner:
    file.parent.mkdir(mode=0o750, exist_ok=True)  # where nobody has configured the box, as in tests
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=STOP_S)
    await runner.setup()
    await web.UnixSite(runner, str(file)).start()
    file.chmod(0o660)
    return runner
