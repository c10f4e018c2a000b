"""wellhouse up: the whole appliance in the foreground, until Ctrl-C.

With --root everything lives in one folder and on high ports, so that an ordinary user can run it, several side by
side (the ports of two stand apart if their https ports differ by at least 50). With --config it runs the box of that
settings file.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from appliance import health, notify, portal_steps
from appliance.backup.placing import refuse_half_restored
from appliance.box import Box
from appliance.commands.target import root_of, target
from appliance.configure import root as folder
from appliance.configure.apply import apply
from appliance.configure.parts import parts_of
from appliance.configure.render import Places
from appliance.ports import needed, refuse_if_busy
from appliance.supervisor import control, relaying
from appliance.supervisor.session import Lock, Session, end_all_leftovers
from core.addresses import relay_address
from core.clock import utcnow
from core.errors import Refused, WellhouseError
from core.settings import Settings

HELP = "run the whole appliance in the foreground, until Ctrl-C"

READY_WITHIN_S = 120.0  # a small box under load takes ten; past this something is wrong
ASK_EVERY_S = 0.3
LOG_LINES = 8
TRIES = 4  # a part that ended so often while starting will not start; later supervisord goes on trying

# How each part is asked whether it is ready; three serve nobody, so that they run must do.
_ANSWERS: dict[str, Callable[[Settings], bool]] = {
    "rtc": lambda settings: health.media_health(settings) is not None,
    "coturn": health.turn_answers,
    "portal": health.portal_answers,
    "worker": lambda _settings: True,
    "backup": lambda _settings: True,
    "nginx": health.nginx_answers,
    "certificates": lambda _settings: True,
}


class Failed(Refused):
    """The appliance did not come up, or did not stay up."""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--demo", action="store_true", help="with invented people and a visit that is on now")
    parser.add_argument(
        "--https-port", type=int, metavar="PORT", help=f"the site's port; the others follow it [{folder.HTTPS_PORT}]"
    )
    parser.add_argument("--hostname", metavar="NAME", help="the name people type into the browser [localhost]")


def run(given: argparse.Namespace) -> int:
    """0 after a clean stop by Ctrl-C or SIGTERM."""
    stop = _stop_signals()
    listener = notify.take_listener()
    root = root_of(given)
    if root:
        wishes = folder.Wishes(given.https_port, given.hostname, given.demo)
        box = Box(folder.settings_file(root), folder.provide(root, wishes))
    elif given.demo or given.https_port or given.hostname:
        raise Refused("--demo, --https-port and --hostname go with --root DIR.")
    else:
        box = target(given)
    demo_file = root / "demo.json" if root and box.settings.site.demo else None
    with Lock(Path(box.settings.paths.run) / "up.lock"):
        try:
            return _run(box, stop, demo_file, listener)
        finally:
            if demo_file:
                demo_file.unlink(missing_ok=True)


def _run(box: Box, stop: threading.Event, demo_file: Path | None, listener: str) -> int:
    settings, places = box.settings, box.places
    _say(f"Wellhouse is starting with {box.config}")
    if demo_file:
        demo_file.unlink(missing_ok=True)  # an older start's: it appears again when the box is ready
    refuse_half_restored(settings)
    peer = relay_address(settings.rtc)
    applied = apply(settings, box.config, at=utcnow())
    _say(f"  settings      ready{f', {len(applied.changed)} files written' if applied.changed else ''}")
    if applied.made_master_key and not settings.site.demo:
        _say(f"  {settings.paths.master_key} is new, and nothing opens without it: print “wellhouse recovery-sheet”.")
    left = end_all_leftovers(places)
    if left:
        _say(f"  ended {left} processes that an earlier, killed run left behind")
    for port in needed(settings.ports):
        refuse_if_busy(port)
    migrations = portal_steps.run("migrate", settings, box.config)
    _say(f"  database      ready{f', {len(migrations)} migrations applied' if migrations else ''}")
    demo = None
    if demo_file and not stop.is_set():
        demo = portal_steps.run("demo", settings, box.config)
        _say("  people        ready")
    with Session(places) as session:
        if _wait_until_ready(settings, session, stop):
            if demo_file and demo:
                _write_demo(demo_file, demo)
            _announce(settings, demo)
            notify.ready(listener)
            _watch(box, peer, session, stop)
        _say("Stopping …")
    _say("Wellhouse has stopped.")
    return 0


def _wait_until_ready(settings: Settings, session: Session, stop: threading.Event) -> bool:
    """Whether all parts answer; False if a stop was asked for. Failed names the part that does not, and its words."""
    places, began = Places.of(settings), time.monotonic()
    waiting = list(parts_of(settings))
    ended_at = {name: set[int]() for name in waiting}
    while waiting and not stop.is_set():
        if session.ended:
            raise Failed(f"supervisord ended. It said:\n{_tail(places.log / 'supervisord-start.log')}")
        known = _known_parts(places)
        for name in [name for name in waiting if name in known]:
            part = known[name]
            if part.state is control.State.RUNNING and _ANSWERS[name](settings):
                waiting.remove(name)
                _say(f"  {name:<12}  ready after {time.monotonic() - began:.1f} s")
            if part.state is control.State.BACKOFF:
                ended_at[name].add(part.stopped_at)
            if part.state is control.State.FATAL or len(ended_at[name]) >= TRIES:
                raise Failed(f"{name} cannot start. It said:\n{_tail(_log(places, name))}")
        if waiting and time.monotonic() - began > READY_WITHIN_S:
            name = waiting[0]
            raise Failed(f"{name} was not ready within {READY_WITHIN_S:.0f} s. It said:\n{_tail(_log(places, name))}")
        stop.wait(ASK_EVERY_S)
    return not stop.is_set()


def _watch(box: Box, peer: str, session: Session, stop: threading.Event) -> None:
    """Until *stop*; *peer* is the address that coturn was told to relay to."""
    looked_at = time.monotonic()
    while not stop.wait(1.0):
        if session.ended:
            raise Failed("supervisord ended unexpectedly; everything is stopped. Start again.")
        if time.monotonic() - looked_at >= relaying.LOOK_EVERY_S:
            peer, looked_at = _follow(box, peer), time.monotonic()


def _follow(box: Box, peer: str) -> str:
    try:
        now = relaying.follow(box, peer)
    except (OSError, WellhouseError, control.NotRunning) as e:
        _say(f"coturn could not be told of this machine's new address, and will be: {e}")
        return peer
    if now != peer:
        _say(f"This machine's address is {now} instead of {peer}: coturn was started again with it.")
    return now


def _known_parts(places: Places) -> dict[str, control.Part]:
    try:
        return control.parts(places.supervisor_socket)
    except control.NotRunning:
        return {}  # it takes a moment until it listens


def _announce(settings: Settings, demo: dict[str, Any] | None) -> None:
    _say(f"\nWellhouse is ready: {settings.origin}")
    if demo:
        _say(f"A visit that is on now: {demo['appointment_url']}\n")
        for account in demo["accounts"]:
            roles = ", ".join(account["role"])
            _say(f"  {account['name']:<24} {roles:<18} {account['email']:<36} {account['password']}")
    _say("\nCtrl-C stops it.")


def _write_demo(file: Path, demo: dict[str, Any]) -> None:
    descriptor = os.open(partial := file.with_name(".demo.json.partial"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(demo, out, indent=1, ensure_ascii=False)
    partial.replace(file)


def _stop_signals() -> threading.Event:
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    return stop


def _log(places: Places, part: str) -> Path:
    return places.log / f"{part}.log"


def _tail(file: Path) -> str:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    return "\n".join(f"  {line}" for line in lines[-LOG_LINES:]) or "  (nothing)"


def _say(line: str) -> None:
    print(line, flush=True)  # at once, also into a log file
