"""The rendered turnserver.conf, run by the real coturn: a guest reaches the media server and nothing else."""

from __future__ import annotations

import contextlib
import re
import socket
import sqlite3
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from appliance.box import Box
from appliance.checks.finding import Level
from appliance.commands.check import findings
from appliance.configure import root as folder
from appliance.configure.programs import find_turnserver
from appliance.configure.render import RELAY_BYTES_MOST, Places, turnserver_conf
from appliance.health import turn_answers, turn_tcp_answers
from core.settings import Ports, Settings
from tests.appliance.folder import configured, eventually
from tests.appliance.turn_guest import FOREIGN, TCP, Guest
from webapp.appointments.visit import relay_guests
from webapp.appointments.visit.credentials import TURN_LIFE, ice_servers

MEDIA = "127.0.0.9"  # an address of this machine that nothing else uses


@dataclass(frozen=True)
class Running:
    settings: Settings
    log: Path

    def guest(self, *, at: datetime | None = None, password: str = "") -> Guest:
        """Somebody with the credential that the portal hands out."""
        who, at = uuid.uuid4(), at or datetime.now(UTC)
        secret = relay_guests.let_in(self.settings, who, until=datetime.now(UTC) + TURN_LIFE, at=at)
        (server,) = ice_servers(self.settings, secret, host="localhost", participant=who, at=at)
        return Guest(self.settings.ports.turn, server.username, password or server.credential)


@contextmanager
def running(*, change: Callable[[str], str] = lambda conf: conf) -> Iterator[Running]:
    """coturn with the rendered configuration, or with a *change* of it."""
    with tempfile.TemporaryDirectory(prefix="wh-") as name:
        root = Path(name)
        settings = configured(root)
        ports = replace(settings.ports, relay_last=settings.ports.relay_first + 400)  # more guests than a folder has
        settings = replace(settings, rtc=replace(settings.rtc, addresses=(MEDIA,)), ports=ports)
        conf = Places.of(settings).turnserver_conf
        conf.unlink()
        conf.write_text(change(turnserver_conf(settings)))
        log = root / "coturn.log"
        with log.open("wb") as out:
            process = subprocess.Popen([find_turnserver(), "-c", conf], stdout=out, stderr=subprocess.STDOUT)
        try:
            eventually(lambda: turn_answers(settings, timeout_s=0.2))
            yield Running(settings, log)
        finally:
            process.terminate()
            process.wait(15)


@pytest.fixture(scope="module")
def coturn() -> Iterator[Running]:
    with running() as started:
        yield started


def test_a_guest_with_the_portals_credential_reaches_the_media_server(coturn: Running) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media, coturn.guest() as guest:
        media.bind((MEDIA, 0))
        media.settimeout(5)
        port = media.getsockname()[1]
        assert guest.allocate() == 0
        assert guest.permit(MEDIA, port) == 0
        guest.send(MEDIA, port, b"hello")
        data, sender = media.recvfrom(100)
    assert data == b"hello"
    ports = coturn.settings.ports
    assert ports.relay_first <= sender[1] <= ports.relay_last
    assert sender[0] == MEDIA


@pytest.mark.parametrize("address", FOREIGN)
def test_no_other_address_can_be_reached(coturn: Running, address: str) -> None:
    with coturn.guest() as guest:
        assert guest.allocate() == 0
        assert guest.permit(address, 8080) in (403, 443)
        assert guest.bind(address, 8080) in (400, 403, 443)
        assert guest.permit(MEDIA, 8080) == 0  # the guest itself is in order


def test_a_datagram_to_a_foreign_peer_does_not_leave(coturn: Running) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as neighbour, coturn.guest() as guest:
        neighbour.bind(("127.0.0.1", 0))
        neighbour.settimeout(0.5)
        assert guest.allocate() == 0
        guest.permit("127.0.0.1", neighbour.getsockname()[1])
        guest.send("127.0.0.1", neighbour.getsockname()[1], b"hello")
        with pytest.raises(TimeoutError):
            neighbour.recv(100)


def test_a_tcp_relay_is_refused(coturn: Running) -> None:
    with coturn.guest() as guest:
        assert guest.allocate(TCP) in (400, 442)


def test_an_expired_credential_is_refused(coturn: Running) -> None:
    with coturn.guest(at=datetime.now(UTC) - timedelta(hours=9)) as guest:
        assert guest.allocate() == 401


def test_a_credential_opens_nothing_from_the_moment_its_owner_is_turned_away(coturn: Running) -> None:
    with coturn.guest() as stays, coturn.guest() as goes:
        assert goes.allocate() == 0
        again = Guest(goes.port, goes.username, goes.password)
        relay_guests.turn_away(coturn.settings, [uuid.UUID(goes.username.partition(":")[2])])
        with again:
            assert again.allocate() == 401
        assert stays.allocate() == 0


def test_a_new_entry_makes_the_credential_of_the_one_before_void(coturn: Running) -> None:
    first = coturn.guest()
    now = datetime.now(UTC)
    who = uuid.UUID(first.username.partition(":")[2])
    relay_guests.let_in(coturn.settings, who, until=now + TURN_LIFE, at=now)
    with first:
        assert first.allocate() == 401


def test_a_made_up_password_is_refused(coturn: Running) -> None:
    with coturn.guest(password="made up") as guest:
        assert guest.allocate() == 401


def test_one_person_gets_twenty_allocations(coturn: Running) -> None:
    one = coturn.guest()
    with ExitStack() as stack:
        devices = [stack.enter_context(Guest(one.port, one.username, one.password)) for _ in range(21)]
        answers = [device.allocate() for device in devices]
    assert answers == [0] * 20 + [486]


def test_one_guest_cannot_take_the_clinics_whole_line(coturn: Running) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media, coturn.guest() as guest:
        media.bind((MEDIA, 0))
        media.setblocking(False)
        port = media.getsockname()[1]
        assert guest.allocate() == 0
        assert guest.permit(MEDIA, port) == 0
        data, sent, came, began = bytes(1200), 0, 0, time.monotonic()
        while sent < 4 * RELAY_BYTES_MOST:
            guest.send(MEDIA, port, data)
            sent += len(data)
            with contextlib.suppress(BlockingIOError):
                while True:
                    came += len(media.recv(2048))
        seconds = time.monotonic() - began
    assert 0 < came < RELAY_BYTES_MOST * (seconds + 1)
    assert came < sent


def test_there_are_as_many_places_as_relay_ports() -> None:
    conf = turnserver_conf(replace(Settings(), ports=Ports(relay_first=50_000, relay_last=50_099)))
    assert re.findall("^total-quota=(.*)$", conf, re.M) == ["100"]


def test_a_killed_browsers_place_is_free_again_soon(coturn: Running) -> None:
    with coturn.guest() as guest:
        guest.allocate()
        assert guest.lifetime_s == 120


def check(coturn: Running, level: Level) -> str:
    box = Box(folder.settings_file(coturn.log.parent), coturn.settings)
    return "\n".join(
        finding.sentence for finding in findings("turn", box, at=datetime.now(UTC)) if finding.level is level
    )


def test_check_says_that_coturn_relays_to_the_media_server_alone(coturn: Running) -> None:
    assert f"coturn relays to the media server at {MEDIA}, and refuses every other address" in check(coturn, Level.OK)
    assert "relays its guests" not in check(coturn, Level.ERROR)


def test_check_names_the_addresses_that_a_running_coturn_relays_to(coturn: Running) -> None:
    with running(change=lambda conf: conf.replace("denied-peer-ip=", "allowed-peer-ip=")) as opened:
        told = check(opened, Level.ERROR)
    assert "coturn relays its guests to 10.0.0.1, 192.168.1.1, 169.254.169.254" in told


def test_coturn_answers_over_tcp_too(coturn: Running) -> None:
    assert turn_tcp_answers(coturn.settings)


def test_nothing_but_turn_listens(coturn: Running) -> None:
    (server,) = [
        p for p in psutil.process_iter() if p.name() == "turnserver" and str(coturn.log.parent) in " ".join(p.cmdline())
    ]
    ports = {c.laddr.port for c in server.net_connections() if c.status == psutil.CONN_LISTEN}
    assert ports == {coturn.settings.ports.turn}


def test_the_secret_stands_in_no_command_line_and_no_log(coturn: Running) -> None:
    with coturn.guest() as guest:
        guest.allocate()
        with sqlite3.connect(coturn.settings.paths.relay_guests) as guests:
            ((secret,),) = guests.execute(
                "SELECT value FROM turn_secret WHERE participant = ?", [guest.username.partition(":")[2]]
            )
        guests.close()
    assert secret not in coturn.log.read_text()
    told = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert "turnserver" in told
    assert secret not in told


def test_the_log_holds_no_guests_name_or_address(coturn: Running) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media, coturn.guest() as guest:
        media.bind((MEDIA, 0))
        guest.allocate()
        guest.permit(MEDIA, media.getsockname()[1])
        guest.send(MEDIA, media.getsockname()[1], b"hello")
        media.recv(100)
        port = guest.local_port
    log = coturn.log.read_text()
    assert "Relay ports initialization done" in log
    assert guest.username.partition(":")[2] not in log
    assert f":{port}" not in log


def test_the_configuration_may_be_read_by_coturn_only(coturn: Running) -> None:
    made = configured(coturn.log.parent, https_port=coturn.settings.ports.https)
    file = Places.of(made).turnserver_conf
    assert file.stat().st_mode & 0o777 == 0o400


@pytest.mark.parametrize(
    ("addresses", "relay", "peer", "loopback"),
    [
        (("192.0.2.7", "fd00::7"), "", "192.0.2.7", False),
        (("192.0.2.7",), "192.0.2.8", "192.0.2.8", False),
        (("127.0.0.1",), "", "127.0.0.1", True),
    ],
)
def test_the_one_peer_is_the_media_servers_address(
    addresses: tuple[str, ...], relay: str, peer: str, loopback: bool
) -> None:
    settings = Settings()
    settings = replace(settings, rtc=replace(settings.rtc, addresses=addresses, relay_address=relay))
    conf = turnserver_conf(settings)
    assert re.findall("^allowed-peer-ip=(.*)$", conf, re.M) == [peer]
    assert re.findall("^relay-ip=(.*)$", conf, re.M) == [peer]
    assert bool(re.findall("^allow-loopback-peers$", conf, re.M)) is loopback
