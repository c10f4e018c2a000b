"""``python -m rtc --config wellhouse.toml``: the media server, in the foreground until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import uvloop

from core.addresses import LOOPBACK, media_addresses
from core.errors import Unavailable, WellhouseError
from core.log import EventLog, start_logging
from core.settings import DEFAULT_FILE, Settings, is_address, load
from rtc.public_address import follow, resolver
from rtc.serving import serving
from rtc.transport.server import MediaServer

log = EventLog("rtc")

LOOK_AT_INTERFACES_EVERY_S = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. 1 if it could not start; the last line of the log says why."""
    parser = argparse.ArgumentParser(prog="python -m rtc", description="The media server of Wellhouse.")
    parser.add_argument("--config", type=Path, default=DEFAULT_FILE, help="the settings file (wellhouse.toml)")
    given = parser.parse_args(arguments)
    start_logging()
    os.umask(0o007)
    try:
        uvloop.run(run(load(given.config)))
    except WellhouseError as e:
        log.error("start.refused", sentence=e.sentence)  # noqa: TRY400  # a sentence for a person, who needs no stack
        return 1
    return 0


async def run(settings: Settings) -> None:
    """Serve with the real media port until a signal asks to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    for file in (settings.paths.signalling_socket, settings.paths.control_socket):
        make_way(file)
    media = await open_media(settings)
    following = asyncio.gather(_follow_public_address(settings, media), _follow_interfaces(settings, media))
    try:
        async with serving(settings, media):
            await stop.wait()
            log.info("rtc.stopping")
    finally:
        following.cancel()
        await media.close()


async def _follow_public_address(settings: Settings, media: MediaServer) -> None:
    name, server = settings.rtc.public_address, settings.rtc.public_resolver
    if name and not is_address(name):
        await follow(name, media.set_public_address, lambda: resolver(server))


async def _follow_interfaces(settings: Settings, media: MediaServer) -> None:
    """A cable that is plugged in, or a lease that comes, after we have started."""
    while not settings.rtc.addresses:
        await asyncio.sleep(LOOK_AT_INTERFACES_EVERY_S)
        try:
            media.set_addresses(offered_addresses(settings))
        except OSError as e:
            log.warning("interfaces.unreadable", why=str(e))


async def open_media(settings: Settings) -> MediaServer:
    """The media port; Unavailable names the process that holds it."""
    port, public = settings.ports.media, settings.rtc.public_address
    try:
        return await MediaServer.start(
            port=port, addresses=offered_addresses(settings), public_address=public if is_address(public) else ""
        )
    except OSError as e:
        if e.errno != errno.EADDRINUSE:
            raise
        raise Unavailable(
            f"UDP port {port} is held by {holder(port)}. Stop it, or choose another ports.media in the settings."
        ) from e


def offered_addresses(settings: Settings) -> tuple[str, ...]:
    """Where browsers find the media port: the configured or found addresses, and the one that coturn uses."""
    addresses = [*media_addresses(settings.rtc), settings.rtc.relay_address]
    if settings.site.demo:
        addresses.append(LOOPBACK)  # two browsers on this machine
    return tuple(dict.fromkeys(filter(None, addresses)))


def make_way(file: Path) -> None:
    """Remove a socket that a killed process left behind; Unavailable if a living one listens there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(file))
        except (FileNotFoundError, ConnectionRefusedError):
            file.unlink(missing_ok=True)
            return
    raise Unavailable(f"Another media server listens on {file}. Stop it, or choose another paths.run in the settings.")


def holder(port: int) -> str:
    """The process that holds UDP *port*, as far as this account may see it."""
    for connection in psutil.net_connections(kind="udp"):
        if connection.laddr and connection.laddr.port == port and connection.pid is not None:
            with contextlib.suppress(psutil.Error):
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "a process of another account"


if __name__ == "__main__":
    sys.exit(main())
