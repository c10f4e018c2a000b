"""“wellhouse check public-address” in a network of its own: what the names say, and what the router does."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.configure.programs import find_turnserver
from appliance.configure.render import Places
from appliance.configure.root import as_toml
from core.settings import Rtc, Settings
from tests.appliance.folder import CHECKOUT, configured, eventually
from tests.networks import NEEDS_NETWORKS, Network, networks

pytestmark = NEEDS_NETWORKS

NAME, INNER, PUBLIC = "clinic.example", "192.168.77.10", "203.0.113.2"
DNS = "192.168.77.53"


class Clinic:
    def __init__(self, network: Network, folder: Path, settings: Settings) -> None:
        self.network = network
        self.settings = settings
        self._folder = folder

    def check(self, rtc: Rtc) -> str:
        file = self._folder / "box.toml"
        file.write_text(as_toml(replace(self.settings, rtc=rtc)))
        command = [sys.executable, "-m", "appliance", "check", "public-address", "--config", file]
        answer = subprocess.run(
            self.network.command(*command), cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60
        )
        return answer.stdout + answer.stderr

    @contextmanager
    def names(self, **known: str) -> Iterator[None]:
        """A name server that knows *known*, dots written as underscores."""
        file = self._folder / "names.json"
        file.write_text(json.dumps({name.replace("_", "."): [[address], 60] for name, address in known.items()}))
        command = self.network.command(sys.executable, "-m", "tests.names", DNS, file)
        with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            server.stdout.readline()
            yield
            server.kill()


@pytest.fixture(scope="module")
def clinic() -> Iterator[Clinic]:
    with tempfile.TemporaryDirectory(prefix="wh-") as name, networks(1) as (network,):
        network.ip("link add lan0 type veth peer name lan1")
        network.ip("link set lan0 up")
        network.ip("link set lan1 up")
        for address in (INNER, DNS):
            network.ip(f"addr add {address}/24 dev lan0")
        network.resolve_by(DNS)
        yield Clinic(network, Path(name), configured(Path(name)))


def test_without_a_public_address_guests_are_relayed(clinic: Clinic) -> None:
    assert "guests from the Internet are relayed through coturn" in clinic.check(Rtc(addresses=(INNER,)))
    assert "has an address on the Internet: 203.0.113.2" in clinic.check(Rtc(addresses=(PUBLIC,)))


def test_a_name_without_an_address_is_told(clinic: Clinic) -> None:
    with clinic.names():
        assert (
            "error    public-address rtc.public_address is clinic.example, and the name servers know no"
            in clinic.check(Rtc(public_address=NAME))
        )


def test_a_name_that_leads_inside_is_told_and_a_name_server_outside_mends_it(clinic: Clinic) -> None:
    with clinic.names(clinic_example=INNER):
        told = clinic.check(Rtc(public_address=NAME))
        assert f"warning  public-address clinic.example leads to {INNER} here" in told
    with clinic.names(clinic_example=PUBLIC):
        told = clinic.check(Rtc(public_address=NAME, public_resolver=DNS))
        assert "leads to" not in told
        assert "cannot be seen from inside" in told


def test_a_router_that_leads_back_shows_that_it_forwards(clinic: Clinic) -> None:
    rtc = Rtc(addresses=(INNER,), public_address=PUBLIC)
    assert "cannot be seen from inside" in clinic.check(rtc)
    clinic.network.nft(
        f"table ip nat {{ chain out {{ type nat hook output priority -100; ip daddr {PUBLIC} dnat to {INNER}; }}; }}"
    )
    clinic.network.ip(f"route add default via {DNS}")
    turnserver = [find_turnserver(), "-c", Places.of(clinic.settings).turnserver_conf, "--allow-loopback-peers"]
    with clinic.network.start(*turnserver, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as coturn:
        eventually(lambda: f"coturn answers at {PUBLIC}: the router forwards" in clinic.check(rtc))
        coturn.terminate()
