"""wellhouse status: the parts of the box, since when each runs, and where it listens."""

from __future__ import annotations

import argparse
from pathlib import Path

from appliance.backup.state import read_state
from appliance.commands.target import target
from appliance.configure.parts import parts_of
from appliance.configure.render import product_version
from appliance.keys.place import is_locked
from appliance.ports import needed
from appliance.storage import volume
from appliance.supervisor import control
from core.settings import Settings
from webapp.crypto.keyring import Locked

HELP = "show the parts, since when they run, and where they listen"

SOME_DOWN = 1
ALL_DOWN = 3  # 2 is the answer to a mistyped command


def add(_parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(given: argparse.Namespace) -> int:
    """0 if every part runs, 1 if one does not, 3 if the appliance is locked or not running."""
    box = target(given)
    print(f"Wellhouse {product_version()}, {box.settings.origin}, {box.config}")
    if is_locked(box.settings):
        print(Locked().sentence)
        return ALL_DOWN
    if volume.look(box.settings).state is volume.State.CLOSED:
        print("The volume with the data is not open. Run “sudo wellhouse storage open”; it says what is wrong.")
        return ALL_DOWN
    try:
        known = control.parts(box.places.supervisor_socket)
    except control.NotRunning:
        print("It is not running. Start it with “wellhouse up”, or systemctl start wellhouse.")
        return ALL_DOWN
    print(f"\n{'part':<12} {'state':<10} {'for':>9} {'process':>8}  listens on")
    for name in parts_of(box.settings):
        part = known.get(name)
        if part is None:
            print(f"{name:<12} {'unknown':<10} {'':>9} {'':>8}  not in supervisord.conf: run “wellhouse configure”")
            continue
        duration = _duration(part.up_s) if part.up_s else ""
        print(f"{name:<12} {part.state.lower():<10} {duration:>9} {part.pid or '':>8}  {_listens(name, box.settings)}")
    _print_backups(box.settings)
    running = all(name in known and known[name].state is control.State.RUNNING for name in parts_of(box.settings))
    return 0 if running else SOME_DOWN


def _print_backups(settings: Settings) -> None:
    kept = read_state(settings).targets if settings.backup.targets else {}
    for name in settings.backup.targets:
        newest = f"{kept[name].saved_at:%Y-%m-%d %H:%M} UTC" if name in kept else "none yet"
        print(f"backup at {name}: {newest}")


def _listens(name: str, settings: Settings) -> str:
    ports = [f"{port.number}/{port.transport}" for port in needed(settings.ports) if port.part == name]
    sockets: dict[str, list[Path]] = {
        "portal": [settings.paths.portal_socket],
        "rtc": [settings.paths.signalling_socket, settings.paths.control_socket],
    }
    return ", ".join([*ports, *(socket.name for socket in sockets.get(name, []))])


def _duration(seconds: int) -> str:
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} m"
    return f"{minutes} m {seconds} s" if minutes else f"{seconds} s"
