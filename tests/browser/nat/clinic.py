"""A clinic behind its router, and the Internet around it, in networks of their own.

    desk ──┐
           ├── router ──────── internet ──┬── far      (UDP goes)
    box  ──┘  (translates,     (names)    └── strict   (only TCP to port 443, and names)
               no hairpin)

The router forwards 80, 443, 3478 and 3480 to the box, for what comes from outside only. The clinic's own name server
leads clinic.example to the box's inner address, everybody else's to the router's outer one.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.configure.root import as_toml
from appliance.firewall.rules import has_rules
from core.settings import Paths, Rtc, Settings, Site, Users
from tests.appliance.folder import CHECKOUT, READY
from tests.networks import Network, cable, networks

NAME, TURN_NAME = "clinic.example", "turn.clinic.example"
BOX, DESK, ROUTER = "192.168.77.10", "192.168.77.20", "192.168.77.1"
PUBLIC, NEW_PUBLIC = "203.0.113.2", "203.0.113.77"
NAMES = "198.51.100.53"
FAR, STRICT = "198.51.100.2", "192.0.2.2"
TTL_S = 20
READY_WITHIN_S = 120

_ROUTER = """
table ip router {
    chain translate_in {
        type nat hook prerouting priority dstnat
        iifname wan0 tcp dport { 80, 443, 3478 } dnat to BOX
        iifname wan0 udp dport { 3478, 3480 } dnat to BOX
    }
    chain translate_out {
        type nat hook postrouting priority srcnat
        oifname wan0 masquerade
    }
    chain forward {
        type filter hook forward priority filter; policy drop
        ct state established,related accept
        iifname lan0 oifname wan0 accept
        # Its switch: where the kernel shows bridged packets to the rules of routing.
        iifname lan0 oifname lan0 ip daddr { BOX, DESK } accept
        iifname wan0 ct status dnat accept
    }
    chain input {
        type filter hook input priority filter; policy drop
        ct state established,related accept
        iifname lan0 ip daddr ROUTER accept
    }
}
"""
_STRICT = f"""
table ip strict {{
    chain output {{
        type filter hook output priority filter; policy drop
        oifname lo accept
        ip daddr {NAMES} udp dport 53 accept
        tcp dport 443 accept
    }}
}}
"""


@dataclass(frozen=True)
class Clinic:
    box: Network
    desk: Network
    router: Network
    internet: Network
    far: Network
    strict: Network
    folder: Path
    settings: Settings

    def browser_program(self, where: Network, name: str, chromium: str) -> str:
        """A program that is Chromium in this network."""
        file = self.folder / f"chromium-{name}"
        command = " ".join(where.command(chromium))
        file.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        file.chmod(0o755)
        return str(file)

    def move(self, to: str) -> None:
        """The line gets another address, as after a night; the name follows."""
        self.router.ip("addr flush dev wan0")
        self.router.ip(f"addr add {to}/24 dev wan0")
        self.router.ip("route replace default via 203.0.113.1")
        # The provider has taken the old one back: nothing goes there, nor comes from there.
        self.internet.nft(
            "table ip provider { chain taken_back { type filter hook prerouting priority raw;"
            f" ip daddr {PUBLIC} drop; ip saddr {PUBLIC} drop; }}; }}"
        )
        write_names(self.folder / "outside.json", to)


def write_names(file: Path, address: str) -> None:
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps({name: [[address], TTL_S] for name in (NAME, TURN_NAME)}))
    partial.replace(file)


@contextlib.contextmanager
def clinic(folder: Path) -> Iterator[Clinic]:
    """All of it, with the appliance up and its firewall loaded."""
    folder.chmod(0o755)
    with networks(6) as (box, desk, router, internet, far, strict):
        _lay_cables(box, desk, router, internet, far, strict)
        router.forward(), internet.forward()
        router.nft(_ROUTER.replace("BOX", BOX).replace("DESK", DESK).replace("ROUTER", ROUTER))
        strict.nft(_STRICT)
        for network, server in ((box, ROUTER), (desk, ROUTER), (far, NAMES), (strict, NAMES)):
            network.resolve_by(server)
        made = Clinic(box, desk, router, internet, far, strict, folder, _settings(folder / "box"))
        write_names(folder / "inside.json", BOX)
        write_names(folder / "outside.json", PUBLIC)
        with (
            _names(router, ROUTER, folder / "inside.json"),
            _names(internet, NAMES, folder / "outside.json"),
            _up(made),
        ):
            yield made


def _lay_cables(box: Network, desk: Network, router: Network, internet: Network, far: Network, strict: Network) -> None:
    router.ip("link add lan0 type bridge")
    router.ip("link set lan0 up")
    for inner, name, address in ((box, "box", BOX), (desk, "desk", DESK)):
        cable(inner, "lan0", router, name)
        router.ip(f"link set {name} master lan0")
        inner.ip(f"addr add {address}/24 dev lan0")
        inner.ip(f"route add default via {ROUTER}")
    router.ip(f"addr add {ROUTER}/24 dev lan0")
    cable(router, "wan0", internet, "clinic")
    router.ip(f"addr add {PUBLIC}/24 dev wan0")
    router.ip("route add default via 203.0.113.1")
    internet.ip("addr add 203.0.113.1/24 dev clinic")
    internet.ip(f"addr add {NAMES}/32 dev lo")
    for guest, name, address, gateway in ((far, "far", FAR, "198.51.100.1"), (strict, "strict", STRICT, "192.0.2.1")):
        cable(guest, "net0", internet, name)
        internet.ip(f"addr add {gateway}/24 dev {name}")
        guest.ip(f"addr add {address}/24 dev net0")
        guest.ip(f"route add default via {gateway}")


def _settings(root: Path) -> Settings:
    paths = {name: str(root / name) for name in ("etc", "data", "keys", "run", "log")}
    return Settings(
        site=Site(hostname=NAME),
        # An account of its own for coturn, by which the firewall knows it, where that account can read our code.
        users=Users(turn="nobody") if _code_is_open_to("nobody") else Users(),
        paths=Paths(**paths),
        rtc=Rtc(addresses=(BOX,), public_address=NAME, public_resolver=NAMES),
    )


def _code_is_open_to(account: str) -> bool:
    command = ["setpriv", f"--reuid={account}", "--clear-groups", sys.executable, "-m", "appliance", "--version"]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def _names(where: Network, address: str, file: Path) -> Iterator[None]:
    server = where.start(sys.executable, "-m", "tests.names", address, file, cwd=CHECKOUT, stdout=subprocess.PIPE)
    with server:
        assert server.stdout is not None
        server.stdout.readline()
        try:
            yield
        finally:
            server.kill()


@contextlib.contextmanager
def _up(made: Clinic) -> Iterator[None]:
    root = Path(made.settings.paths.etc).parent
    (root / "etc").mkdir(parents=True)
    file = root / "etc" / "wellhouse.toml"
    file.write_text(as_toml(made.settings))
    wellhouse = (sys.executable, "-m", "appliance")
    if has_rules(made.settings):
        made.box.run(*wellhouse, "firewall", "load", "--config", file)
    log = made.folder / "up.log"
    with (
        log.open("wb") as out,
        made.box.start(
            *(*wellhouse, "up", "--config", file), cwd=CHECKOUT, stdout=out, stderr=subprocess.STDOUT, env=os.environ
        ) as process,
    ):
        try:
            _wait_for(log, READY, process)
            yield
        finally:
            process.terminate()
            process.wait(60)


def _wait_for(log: Path, words: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while words not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
