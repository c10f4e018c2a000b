"""A box whose certificate comes from an authority by ACME: the first one, renewals, and what may go wrong."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509

from appliance import health
from appliance.box import Box
from appliance.certificates.acme import public_names
from appliance.certificates.files import certificate_files, names_of, read_certificate, vouches_for_itself
from appliance.certificates.memory import remember
from appliance.configure import root as folder
from core.addresses import LOOPBACK
from core.settings import Settings, load, parse
from tests.appliance.certificates import pebble
from tests.appliance.certificates.pebble import Pebble
from tests.appliance.folder import eventually, free_base, up, wellhouse

FIRST_WITHIN_S = 90.0  # lego asks every five seconds whether it was believed, and half of its questions are refused


@dataclass(frozen=True)
class Asking:
    """A running box and the authority that it asks."""

    box: Box
    authority: Pebble

    def shown(self) -> x509.Certificate:
        der = health.shown_certificate(self.box.settings)
        assert der is not None
        return x509.load_der_x509_certificate(der)

    def wellhouse(self, *words: str) -> tuple[int, str]:
        done = wellhouse(*words, "--config", self.box.config)
        return done.returncode, done.stdout + done.stderr


def settings_of(root: Path, base: int, directory: str) -> Settings:
    """A folder's appliance in a clinic's name, whose certificate comes from *directory*."""
    made = folder.wanted(root, folder.Wishes(https_port=base), None)
    site = replace(made.site, hostname="clinic.example", other_names=("www.clinic.example", "localhost", LOOPBACK))
    certificates = replace(made.certificates, source="acme", email="it@clinic.example", server=directory)
    return replace(made, site=site, certificates=certificates, ports=replace(made.ports, http=base + 5))


@pytest.fixture(scope="module")
def asking() -> Iterator[Asking]:
    with tempfile.TemporaryDirectory(prefix="wh-") as name, pytest.MonkeyPatch.context() as patch:
        root, base = Path(name), free_base()
        with pebble.running(root, base + 5) as authority:
            patch.setenv("SSL_CERT_FILE", str(authority.root))
            config = folder.settings_file(root)
            config.parent.mkdir()
            config.write_text(folder.as_toml(settings_of(root, base, authority.directory)))
            with up(root):
                yield Asking(Box(config, load(config)), authority)


def test_a_new_box_starts_with_a_certificate_of_its_own_and_soon_has_a_real_one(asking: Asking) -> None:
    files = certificate_files(asking.box.settings)
    seen = [asking.shown()]  # a process of nginx that is about to end may once more show the old one

    def has_another() -> bool:
        seen.append(asking.shown())
        return not vouches_for_itself(seen[-1])

    eventually(has_another, within_s=FIRST_WITHIN_S)
    assert "Pebble" in seen[-1].issuer.rfc4514_string()
    assert names_of(seen[-1]) == {"clinic.example", "www.clinic.example", "turn.clinic.example"}
    assert len(x509.load_pem_x509_certificates(files.chain.read_bytes())) == 2  # and the one that signed it
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o400
    account = list((asking.box.settings.paths.certificates / "acme").glob("accounts/*/*/keys/*.key"))
    assert [stat.S_IMODE(file.stat().st_mode) for file in account] == [0o400]


def test_renewing_shows_the_new_certificate_and_keeps_what_is_connected(asking: Asking) -> None:
    before = asking.shown().serial_number
    with relayed(asking.box.settings) as guest:
        code, said = asking.wellhouse("certificates", "renew")
        assert (code, "Renewed: good until" in said) == (0, True), said
        assert asking.shown().serial_number != before
        assert answers(guest)


def test_a_name_that_the_authority_cannot_reach_does_not_keep_the_others_from_theirs(asking: Asking) -> None:
    asking.authority.lose("turn.clinic.example")
    try:
        # What was proved a moment ago need not be proved again, at every other try.
        said = next(told for _ in range(12) for code, told in [asking.wellhouse("certificates", "renew")] if code == 1)
    finally:
        asking.authority.find("turn.clinic.example")
    assert "It is not for turn.clinic.example, which the authority could not reach: " in said
    assert names_of(asking.shown()) == {"clinic.example", "www.clinic.example"}
    _, told = asking.wellhouse("check", "certificate")
    assert "not for turn.clinic.example, as the authority could not reach it" in told
    assert "Point turn.clinic.example at this box in the DNS" in told
    assert "not for  127.0.0.1, localhost, turn.clinic.example" in asking.wellhouse("certificates")[1]


def test_when_nothing_answers_on_port_80_what_works_is_left_as_it_is(asking: Asking) -> None:
    before = certificate_files(asking.box.settings).chain.read_bytes()
    unreachable = replace(asking.box.settings, site=replace(asking.box.settings.site, hostname="lost.example"))
    config = asking.box.config.with_name("lost.toml")
    config.write_text(folder.as_toml(unreachable))
    asking.authority.lose("lost.example")
    told = wellhouse("certificates", "renew", "--config", config)
    assert told.returncode == 2
    assert "could not make sure that these names lead here. lost.example: " in told.stderr
    assert certificate_files(asking.box.settings).chain.read_bytes() == before
    assert remember(asking.box.settings).failures == 1


def test_an_authority_that_is_away_is_told_and_tried_again(asking: Asking) -> None:
    serial = asking.shown().serial_number
    asking.authority.process.kill()
    code, said = asking.wellhouse("certificates", "renew")
    assert code == 2
    assert "The authority gave no certificate. lego said: Could not create client" in said
    assert asking.shown().serial_number == serial
    assert "The last try to renew it failed: The authority gave no" in asking.wellhouse("certificates")[1]


def test_port_80_shows_the_answers_to_the_authority_and_nothing_else(asking: Asking) -> None:
    place = asking.box.places.acme / ".well-known/acme-challenge"
    place.mkdir(parents=True, exist_ok=True)
    (place / "token-1_A").write_text("token.print")
    (place / "secret.txt").write_text("no")
    assert plain(asking, "clinic.example", "/.well-known/acme-challenge/token-1_A")[-1] == "token.print"
    assert plain(asking, "turn.clinic.example", "/.well-known/acme-challenge/token-1_A")[-1] == "token.print"
    for path in ("/.well-known/acme-challenge/secret.txt", "/.well-known/acme-challenge/../acme-challenge/secret.txt"):
        assert plain(asking, "clinic.example", path)[0] == "HTTP/1.1 301 Moved Permanently"
    assert plain(asking, "turn.clinic.example", "/") == [""]


def test_only_names_of_the_internet_are_asked_for() -> None:
    others = ["192.0.2.7", "wellhouse.lan", "box", "box.local", "www.clinic.example", "clinic.home.arpa"]
    settings = parse({"site": {"hostname": "clinic.example", "other_names": others}})
    assert public_names(settings) == ("clinic.example", "www.clinic.example", "turn.clinic.example")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives the client an account of its own")
def test_the_client_runs_in_an_account_of_its_own_and_never_sees_the_sites_key(box_root: Path) -> None:
    with pebble.running(box_root, free_base()) as authority, pytest.MonkeyPatch.context() as patch:
        box_root.chmod(0o755)
        authority.root.chmod(0o644)
        patch.setenv("SSL_CERT_FILE", str(authority.root))
        users = {"portal": "daemon", "web": "www-data", "certificates": "games"}
        own = settings_of(box_root, free_base(), authority.directory)
        settings = replace(own, users=replace(own.users, **users))
        config = folder.settings_file(box_root)
        config.parent.mkdir()
        config.write_text(folder.as_toml(settings))
        told = wellhouse("configure", "--config", config)
        assert told.returncode == 0, told.stderr
        told = wellhouse("certificates", "renew", "--config", config)
        assert "could not make sure that these names lead here" in told.stderr  # nothing listens
    home = settings.paths.certificates / "acme"
    assert {file.owner() for file in [home, *home.rglob("*")]} == {"games"}
    assert b"PRIVATE" not in (home / "request.csr").read_bytes()
    files = certificate_files(settings)
    assert files.key.owner() == "root"
    assert vouches_for_itself(read_certificate(files.chain))


def relayed(settings: Settings) -> closing[ssl.SSLSocket]:
    """A guest connected to coturn through nginx, as in a visit behind a strict firewall."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain_socket = socket.create_connection((LOOPBACK, settings.ports.https), timeout=10)
    return closing(context.wrap_socket(plain_socket, server_hostname=settings.turn_tls_name))


def answers(guest: ssl.SSLSocket) -> bool:
    """Whether coturn answers a STUN binding request (RFC 8489, 5) over this very connection."""
    guest.sendall(bytes.fromhex("000100002112a442") + os.urandom(12))
    return guest.recv(2048)[:2] == b"\x01\x01"


def plain(asking: Asking, host: str, path: str) -> list[str]:
    """Lines of the answer over http; one empty line if there is none."""
    with socket.create_connection((LOOPBACK, asking.box.settings.ports.http), timeout=10) as opened:
        opened.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: opened.recv(4096), b"")).decode().split("\r\n")
