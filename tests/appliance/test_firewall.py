"""The rendered rules, loaded by the real nft in networks of their own: who reaches what, with the real coturn."""

from __future__ import annotations

import contextlib
import os
import pwd
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.configure.programs import find_turnserver
from appliance.configure.render import Places, turnserver_conf
from appliance.configure.root import as_toml
from appliance.firewall import nft
from appliance.firewall.rules import TABLE, rules, rules_file
from core.errors import Refused
from core.settings import Firewall, Ports, Settings
from tests.appliance.folder import CHECKOUT, configured, eventually
from tests.appliance.turn_guest import FOREIGN, Guest
from tests.networks import NEEDS_NETWORKS, Network, cable, networks
from webapp.appointments.visit import relay_guests
from webapp.appointments.visit.credentials import TURN_LIFE, ice_servers

pytestmark = NEEDS_NETWORKS

BOX, CLIENT = "192.168.77.10", "192.168.77.20"
OTHER_SERVICE = 5060  # something of the clinic's that listens on the media server's address
# Accounts that every Debian has stand in for the appliance's own.
TURN, RTC, WEB = "nobody", "games", "www-data"


@dataclass(frozen=True)
class Lan:
    """A box with the rules loaded, and somebody beside it."""

    box: Network
    client: Network
    settings: Settings

    def load(self, settings: Settings | None = None) -> None:
        write_rules(settings or self.settings)
        with self.box.inside():
            nft.load(rules_file(self.settings))

    def compared(self) -> nft.Loaded:
        with self.box.inside():
            return nft.compare(rules_file(self.settings))

    def guest(self) -> Guest:
        """Somebody in the client's network with the credential that the portal hands out."""
        who, at = uuid.uuid4(), datetime.now(UTC)
        secret = relay_guests.let_in(self.settings, who, until=at + TURN_LIFE, at=at)
        (server,) = ice_servers(self.settings, secret, host=BOX, participant=who, at=at)
        return Guest(self.settings.ports.turn, server.username, server.credential, host=BOX)


def write_rules(settings: Settings) -> None:
    rules_file(settings).write_text(rules(settings))


@pytest.fixture(scope="module")
def lan() -> Iterator[Lan]:
    with tempfile.TemporaryDirectory(prefix="wh-") as name, networks(2) as (box, client):
        cable(box, "lan0", client, "lan0")
        box.ip(f"addr add {BOX}/24 dev lan0")
        client.ip(f"addr add {CLIENT}/24 dev lan0")
        settings = configured(Path(name))
        settings = replace(
            settings,
            ports=Ports(),
            rtc=replace(settings.rtc, addresses=(BOX,)),
            users=replace(settings.users, turn=TURN, rtc=RTC, web=WEB),
        )
        yield Lan(box, client, settings)


@pytest.fixture
def guarded(lan: Lan) -> Lan:
    lan.load()
    return lan


@pytest.fixture(scope="module")
def coturn(lan: Lan) -> Iterator[None]:
    """coturn with its real configuration, as an account of its own."""
    account, places = pwd.getpwnam(TURN), Places.of(lan.settings)
    folder = places.turn_run.parent.parent
    folder.chmod(0o755)
    places.turn_run.parent.chmod(0o755)
    os.chown(places.turn_run, account.pw_uid, account.pw_gid)
    # As on a box of several accounts: coturn reads its guests and can write nothing there.
    guests = lan.settings.paths.relay_guests
    for path, mode in ((guests.parent, 0o2750), (guests, 0o640)):
        os.chown(path, -1, account.pw_gid)
        path.chmod(mode)
    conf = folder / "turnserver.conf"
    conf.write_text(turnserver_conf(lan.settings))
    os.chown(conf, account.pw_uid, account.pw_gid)
    with (folder / "coturn.log").open("wb") as out:
        process = lan.box.start(
            *(
                "setpriv",
                f"--reuid={TURN}",
                f"--regid={account.pw_gid}",
                "--clear-groups",
                find_turnserver(),
                "-c",
                conf,
            ),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        lan.load()
        eventually(lambda: "Relay ports initialization done" in (folder / "coturn.log").read_text())
        yield
    finally:
        process.terminate()
        process.wait(15)


@contextlib.contextmanager
def listening(network: Network, address: str, port: int) -> Iterator[socket.socket]:
    with network.inside():
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with opened:
        opened.bind((address, port))
        opened.settimeout(0.3)
        yield opened


def hears(opened: socket.socket) -> bytes:
    try:
        return opened.recv(2048)
    except TimeoutError:
        return b""


@contextlib.contextmanager
def at_coturn(lan: Lan) -> Iterator[Guest]:
    """A guest who got a place."""
    with ExitStack() as stack:
        with lan.client.inside():
            guest = stack.enter_context(lan.guest())
        assert guest.allocate() == 0
        yield guest


@pytest.mark.usefixtures("coturn")
def test_a_guest_reaches_the_media_port_and_is_answered(guarded: Lan) -> None:
    media_port = guarded.settings.ports.media
    with listening(guarded.box, BOX, media_port) as media, at_coturn(guarded) as guest:
        assert guest.permit(BOX, media_port) == 0
        guest.send(BOX, media_port, b"hello")
        data, relay = media.recvfrom(2048)
        assert data == b"hello"
        media.sendto(b"and to you", relay)
        assert b"and to you" in guest.receive()


@pytest.mark.usefixtures("coturn")
def test_a_guest_reaches_no_other_port_of_the_media_servers_address(guarded: Lan) -> None:
    ports = (OTHER_SERVICE, 53, 123, guarded.settings.ports.turn + 1, guarded.settings.ports.media + 1)
    for port in ports:
        with listening(guarded.box, BOX, port) as neighbour, at_coturn(guarded) as guest:
            assert guest.permit(BOX, port) == 0, "coturn itself looks at addresses only"
            guest.send(BOX, port, b"hello")
            assert hears(neighbour) == b"", port


@pytest.mark.usefixtures("coturn")
def test_without_the_rules_a_guest_would_reach_other_ports(lan: Lan) -> None:
    with lan.box.inside():
        nft.remove()
    with listening(lan.box, BOX, OTHER_SERVICE) as neighbour, at_coturn(lan) as guest:
        guest.permit(BOX, OTHER_SERVICE)
        guest.send(BOX, OTHER_SERVICE, b"hello")
        assert hears(neighbour) == b"hello"


@pytest.mark.usefixtures("coturn")
def test_of_two_dozen_addresses_a_guest_reaches_none(guarded: Lan) -> None:
    with listening(guarded.client, CLIENT, OTHER_SERVICE) as neighbour, at_coturn(guarded) as guest:
        for address in (*FOREIGN, CLIENT, "192.168.77.255"):
            for port in (OTHER_SERVICE, guarded.settings.ports.media):
                assert guest.permit(address, port) in (403, 443), address
                assert guest.bind(address, port) in (400, 403, 443), address
                guest.send(address, port, b"hello")
        assert hears(neighbour) == b""
        assert guest.permit(BOX, guarded.settings.ports.media) == 0, "the guest itself is in order"


def test_an_account_of_a_part_opens_nothing_to_the_clinics_network(guarded: Lan) -> None:
    """As it would if a part were taken over: only the account is needed, not the program."""
    script = (
        "import socket,sys; s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', int(sys.argv[2])));"
        f" s.sendto(b'hello', ('{CLIENT}', int(sys.argv[1])))"
    )

    def reaches(account: str, port: int, from_port: int = 0) -> bool:
        with listening(guarded.client, CLIENT, port) as neighbour:
            with contextlib.suppress(subprocess.CalledProcessError):
                guarded.box.run(
                    *("setpriv", f"--reuid={account}", "--clear-groups"),
                    *("/usr/bin/python3", "-c", script, str(port), str(from_port)),
                )
            return hears(neighbour) == b"hello"

    assert [reaches(account, 445) for account in (TURN, RTC, WEB)] == [False, False, False]
    assert reaches("root", 445), "what is not a part of ours is not looked at"
    assert reaches(RTC, 53), "the media server asks for the clinic's public address"
    assert reaches(RTC, 40_000, from_port=guarded.settings.ports.media)
    assert not reaches(TURN, 53)


def test_a_part_that_was_taken_over_calls_nobody_from_the_port_that_it_answers_on(guarded: Lan) -> None:
    script = (
        "import socket,sys; s=socket.socket(); s.settimeout(2);"
        " s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1); s.bind(('', int(sys.argv[1])));"
        f" s.connect(('{CLIENT}', 445)); print('connected')"
    )
    with guarded.client.inside():
        server = socket.create_server((CLIENT, 445))
    # An ordinary account may bind these ports alone; a site on a high port is nginx's workers' to bind, too.
    high = replace(guarded.settings, ports=replace(guarded.settings.ports, https=8443, http=0))
    guarded.load(high)
    with server:
        for account, port in ((TURN, high.ports.turn), (WEB, high.ports.https)):
            command = ("setpriv", f"--reuid={account}", "--clear-groups", "/usr/bin/python3", "-c", script, str(port))
            with pytest.raises(subprocess.CalledProcessError):
                guarded.box.run(*command)
        assert "connected" in guarded.box.run("/usr/bin/python3", "-c", script, str(high.ports.https))


def accepts(lan: Lan, port: int) -> bool:
    """Whether a TCP connection to the box from the client is made, with somebody listening there."""
    with ExitStack() as stack:
        if port != lan.settings.ports.turn:  # coturn itself is there
            with lan.box.inside():
                stack.enter_context(socket.create_server((BOX, port)))
        stack.enter_context(lan.client.inside())
        try:
            socket.create_connection((BOX, port), timeout=0.4).close()
        except TimeoutError:
            return False
    return True


@pytest.mark.usefixtures("coturn")
def test_only_what_wellhouse_needs_and_what_was_named_is_open(lan: Lan) -> None:
    firewall = Firewall(ssh_ports=(22, 2222), open_ports=("9100/tcp", "161/udp"))
    lan.load(replace(lan.settings, firewall=firewall))
    assert [port for port in (22, 25, 80, 443, 445, 2222, 3478, 5432, 8080, 9100) if accepts(lan, port)] == [
        *(22, 80, 443, 2222, 3478, 9100)
    ]
    heard = []
    for port in (53, 161, 443, 3480, 3481, 49152, 49951):
        with listening(lan.box, BOX, port) as server, listening(lan.client, CLIENT, 0) as client:
            client.sendto(b"hello", (BOX, port))
            if hears(server):
                heard.append(port)
    assert heard == [161, 3480]


def test_ping_and_the_boxs_own_questions_are_answered(guarded: Lan) -> None:
    with listening(guarded.client, CLIENT, 53) as names, listening(guarded.box, BOX, 0) as asking:
        asking.sendto(b"where?", (CLIENT, 53))
        _question, asker = names.recvfrom(2048)
        names.sendto(b"there", asker)
        assert hears(asking) == b"there"
    with guarded.client.inside():
        ping = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with ping:
        ping.settimeout(2)
        ping.sendto(bytes.fromhex("0800f7ff00000000"), (BOX, 0))
        assert ping.recv(2048)[20] == 0, "an echo reply"


def test_a_connection_that_is_open_stays_open_when_the_rules_are_loaded(lan: Lan) -> None:
    with lan.box.inside():
        nft.remove()
        server = socket.create_server((BOX, 22))
    with server, lan.client.inside(), socket.create_connection((BOX, 22), timeout=5) as session:
        served, _ = server.accept()
        with served:
            lan.load()
            lan.load()
            session.sendall(b"still here")
            served.settimeout(5)
            assert served.recv(100) == b"still here"


def test_a_crowd_from_one_address_is_cut_off_and_a_visit_beside_it_is_not(
    lan: Lan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.firewall.rules.PACKETS_MOST", 100)
    lan.load()
    lan.client.ip("addr add 192.168.77.21/24 dev lan0")
    at, came = (BOX, lan.settings.ports.media), {b"junk": 0, b"sound": 0}
    with (
        listening(lan.box, *at) as media,
        listening(lan.client, CLIENT, 0) as flood,
        listening(lan.client, "192.168.77.21", 0) as caller,
    ):
        began = time.monotonic()
        for number in range(2000):
            flood.sendto(b"junk", at)
            if number % 40 == 0:
                caller.sendto(b"sound", at)
        seconds = time.monotonic() - began
        while (data := hears(media)) != b"":
            came[data] += 1
    # A second's worth at once, and then a second's worth each second.
    assert 50 <= came[b"junk"] <= 100 * (1 + seconds) + 10
    assert came[b"sound"] == 50


def test_a_flood_leaves_nothing_in_the_table_of_connections(guarded: Lan) -> None:
    with listening(guarded.box, BOX, 3480) as media:
        for number in range(200):
            with listening(guarded.client, CLIENT, 20_000 + number) as stranger:
                stranger.sendto(b"junk", (BOX, 3480))
        assert hears(media) == b"junk"
    known = guarded.box.run("cat", "/proc/sys/net/netfilter/nf_conntrack_count")
    assert int(known) < 100


def test_other_tables_are_left_alone_and_a_second_load_changes_nothing(lan: Lan) -> None:
    lan.box.nft("table inet theirs { chain c { type filter hook input priority 10; tcp dport 7 drop; }; }")
    theirs = lan.box.run("nft", "list", "table", "inet", "theirs")
    lan.load()
    first = lan.box.run("nft", "--stateless", "list", "ruleset")
    lan.load()
    assert lan.box.run("nft", "--stateless", "list", "ruleset") == first
    assert theirs in first
    with lan.box.inside():
        nft.remove()
        nft.remove()
    assert lan.box.run("nft", "list", "ruleset") == theirs
    lan.box.run("nft", "delete", "table", "inet", "theirs")


def test_rules_are_compared_with_what_the_kernel_holds(guarded: Lan) -> None:
    assert guarded.compared() is nft.Loaded.AS_WRITTEN
    guarded.box.run("nft", "insert", "rule", "inet", TABLE, "from_turn", "accept")
    assert guarded.compared() is nft.Loaded.DIFFERENT
    guarded.load()
    assert guarded.compared() is nft.Loaded.AS_WRITTEN
    with guarded.box.inside():
        nft.remove()
    assert guarded.compared() is nft.Loaded.ABSENT


def test_a_file_that_nft_does_not_understand_changes_nothing(guarded: Lan) -> None:
    file = rules_file(guarded.settings)
    file.write_text(file.read_text().replace("policy drop", "policy dorp"))
    with guarded.box.inside():
        with pytest.raises(Refused, match=r"nft does not take .*firewall\.nft"):
            nft.load(file)
        with pytest.raises(Refused, match="nft does not take the rules"):
            nft.refuse_faulty(file.read_text())
        write_rules(guarded.settings)
        assert nft.compare(file) is nft.Loaded.AS_WRITTEN


@contextlib.contextmanager
def ssh_server(lan: Lan, folder: Path, port: int) -> Iterator[None]:
    """A process of the name by which ssh servers are known, listening."""
    program = folder / "sshd"
    program.symlink_to(sys.executable)
    script = "import socket, sys; s = socket.create_server(('', int(sys.argv[1]))); print(flush=True); sys.stdin.read()"
    with lan.box.start(program, "-c", script, str(port), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield
        process.stdin.close()


def wellhouse(lan: Lan, settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as root would type it in the box, with *settings* in its file."""
    file = Path(lan.settings.paths.etc) / "box.toml"
    file.write_text(as_toml(settings))
    command = lan.box.command(sys.executable, "-m", "appliance", *words, "--config", file)
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60)


def test_the_command_loads_the_rules_once_and_takes_them_out(lan: Lan) -> None:
    with lan.box.inside():
        nft.remove()
    rules_file(lan.settings).unlink(missing_ok=True)
    said = [wellhouse(lan, lan.settings, "firewall", "load").stdout for _ in range(2)]
    assert said[0].startswith("changed the firewall")
    assert said[1] == "nothing to change\n"
    assert lan.compared() is nft.Loaded.AS_WRITTEN
    assert "out of the kernel" in wellhouse(lan, lan.settings, "firewall", "remove").stdout
    assert lan.compared() is nft.Loaded.ABSENT


def test_rules_that_would_close_ssh_are_not_loaded(lan: Lan, tmp_path: Path) -> None:
    lan.load()
    before = lan.box.run("nft", "list", "ruleset")
    moved = replace(lan.settings, firewall=Firewall(ssh_ports=(22,), open_ports=("7/tcp",)))
    with ssh_server(lan, tmp_path, 22_022):
        told = wellhouse(lan, moved, "firewall", "load")
        assert told.returncode == 2
        assert "SSH is on port 22022, which the firewall would close: nothing was changed." in told.stderr
        assert lan.box.run("nft", "list", "ruleset") == before
        checked = wellhouse(lan, lan.settings, "check", "firewall").stdout
        assert "SSH is on port 22022, which the firewall closes." in checked
        kept = replace(moved, firewall=replace(moved.firewall, ssh_ports=(22, 22_022)))
        assert wellhouse(lan, kept, "firewall", "load").stdout.startswith("changed the firewall")
    lan.load()


def test_check_says_whether_the_firewall_is_loaded_as_written(guarded: Lan) -> None:
    def check() -> str:
        return wellhouse(guarded, guarded.settings, "check", "firewall").stdout

    assert "coturn reaches the media port alone" in check()
    guarded.box.run("nft", "flush", "chain", "inet", TABLE, "from_turn")
    assert "The kernel's rules are not those of" in check()
    guarded.box.run("nft", "delete", "table", "inet", TABLE)
    assert "The firewall is not loaded" in check()


def test_beside_another_firewall_only_what_the_parts_send_is_held(lan: Lan) -> None:
    settings = replace(lan.settings, firewall=Firewall(incoming=False))
    lan.load(settings)
    assert accepts(lan, 8080)
    listed = lan.box.run("nft", "list", "table", "inet", TABLE)
    assert "hook input" not in listed
    assert "notrack" not in listed
    assert "chain from_turn" in listed
    assert "Nothing judges what comes in" in wellhouse(lan, settings, "check", "firewall").stdout
    lan.box.nft("table inet clinic { chain in { type filter hook input priority 7; tcp dport 9 drop; }; }")
    told = wellhouse(lan, settings, "check", "firewall").stdout
    assert "Nothing judges" not in told
    assert "Rules of somebody else's judge what comes in (firewall.incoming is false): inet clinic in." in told
    lan.box.run("nft", "delete", "table", "inet", "clinic")
    lan.load()
