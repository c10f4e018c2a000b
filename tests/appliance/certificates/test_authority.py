"""The box's own authority: who believes it and about what, and the page on which devices learn to."""

from __future__ import annotations

import html
import http.client
import re
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.certificates import authority
from appliance.certificates.files import certificate_files, names_of, read_certificate, wanted_names
from appliance.certificates.page import page_address
from appliance.certificates.provide import provide_certificate
from appliance.certificates.self_signed import alternative_names, common_name
from appliance.configure import root as folder
from appliance.configure.apply import apply
from appliance.configure.keys import load_keyring
from appliance.configure.programs import find_nginx
from appliance.configure.render import Places
from appliance.health import nginx_answers
from core.addresses import LOOPBACK
from core.settings import Settings, load
from tests.appliance.folder import eventually, free_base, wellhouse

NOW = datetime.now(UTC).replace(microsecond=0)
NAMES = ("wellhouse.lan", "192.0.2.7")


def settings_of(root: Path, hostname: str = "wellhouse.lan", others: tuple[str, ...] = ("192.0.2.7",)) -> Settings:
    """A folder's appliance that only the LAN reaches, written down."""
    made = folder.wanted(root, folder.Wishes(https_port=free_base()), None)
    settings = replace(
        made,
        site=replace(made.site, hostname=hostname, other_names=others),
        certificates=replace(made.certificates, source="local"),
        ports=replace(made.ports, http=made.ports.https + 5),
    )
    config = folder.settings_file(root)
    config.parent.mkdir(exist_ok=True)
    config.write_text(folder.as_toml(settings))
    return load(config)


@pytest.fixture
def settings(box_root: Path) -> Settings:
    made = settings_of(box_root)
    apply(made, folder.settings_file(box_root), at=NOW)
    return made


def provide(settings: Settings, *, at: datetime = NOW) -> list[Path]:
    return provide_certificate(settings, load_keyring(settings), at=at)


def verified(settings: Settings, chain: Path, name: str) -> str:
    """What OpenSSL says when a device that trusts the authority is shown *chain* as *name*; empty if it believes it."""
    kind = "-verify_ip" if name[0].isdigit() else "-verify_hostname"
    told = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", kind, name,
         "-CAfile", authority.authority_file(settings), chain],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if told.returncode == 0 else told.stdout + told.stderr


@pytest.mark.parametrize("name", ["wellhouse.lan", "turn.wellhouse.lan", "192.0.2.7"])
def test_who_trusts_the_authority_believes_the_site_under_each_of_its_names(settings: Settings, name: str) -> None:
    assert verified(settings, certificate_files(settings).chain, name) == ""


@pytest.mark.parametrize("name", ["bank.example", "lan", "evilwellhouse.lan", "192.0.2.8", "2001:db8::1"])
def test_the_authority_is_believed_about_nothing_else_even_if_its_key_is_stolen(
    settings: Settings, tmp_path: Path, name: str
) -> None:
    assert "permitted subtree violation" in verified(settings, forged(settings, tmp_path, name), name)


def test_without_addresses_of_its_own_it_is_believed_about_no_address(box_root: Path, tmp_path: Path) -> None:
    made = settings_of(box_root, others=())
    apply(made, folder.settings_file(box_root), at=NOW)
    assert verified(made, certificate_files(made).chain, "wellhouse.lan") == ""
    for address in ("192.0.2.7", "2001:db8::1"):
        assert "excluded subtree violation" in verified(made, forged(made, tmp_path, address), address)


def test_it_signs_no_authorities(settings: Settings, tmp_path: Path) -> None:
    below, key = signed(settings, ("wellhouse.lan",), authority_below=True)
    leaf = sign_with(below, key, ("wellhouse.lan",))
    (tmp_path / "chain.pem").write_bytes(pem(leaf))
    (tmp_path / "below.pem").write_bytes(pem(below))
    told = subprocess.run(
        ["openssl", "verify", "-CAfile", authority.authority_file(settings), "-untrusted", tmp_path / "below.pem",
         tmp_path / "chain.pem"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "path length constraint exceeded" in told.stderr


def test_its_key_is_nowhere_on_disk(settings: Settings, box_root: Path) -> None:
    ours = read_certificate(authority.authority_file(settings))
    for file in box_root.rglob("*"):
        if file.is_file() and b"PRIVATE KEY" in (content := file.read_bytes()):
            key = serialization.load_pem_private_key(content, password=None)
            assert key.public_key() != ours.public_key()


def test_the_recovery_key_alone_brings_it_back_on_another_machine(settings: Settings, tmp_path: Path) -> None:
    trusted = authority.authority_file(settings).read_bytes()
    elsewhere = settings_of(tmp_path)
    keys = Path(elsewhere.paths.keys)
    keys.mkdir(mode=0o700)
    elsewhere.paths.master_key.write_bytes(settings.paths.master_key.read_bytes())
    elsewhere.paths.master_key.chmod(0o400)
    apply(elsewhere, folder.settings_file(tmp_path), at=NOW)
    # What phones have is the authority of before; they are shown a certificate of the machine of now.
    authority.authority_file(settings).chmod(0o600)
    authority.authority_file(settings).write_bytes(trusted)
    assert verified(settings, certificate_files(elsewhere).chain, "wellhouse.lan") == ""


def test_the_site_gets_the_next_certificate_in_time_and_the_authority_stays(settings: Settings) -> None:
    ours = authority.authority_file(settings).read_bytes()
    end = read_certificate(certificate_files(settings).chain).not_valid_after_utc
    assert provide(settings) == []
    assert provide(settings, at=end - authority.LEAF_RENEWED_BEFORE - timedelta(minutes=1)) == []
    at = end - authority.LEAF_RENEWED_BEFORE
    assert provide(settings, at=at) == [certificate_files(settings).chain, certificate_files(settings).key]
    assert provide(settings, at=at) == []
    assert authority.authority_file(settings).read_bytes() == ours


def test_in_the_authoritys_last_days_the_site_is_not_given_one_certificate_after_the_other(settings: Settings) -> None:
    end = read_certificate(authority.authority_file(settings)).not_valid_after_utc
    assert provide(settings, at=end - timedelta(days=20)) != []
    assert provide(settings, at=end - timedelta(days=19)) == []


def test_more_names_wait_for_a_new_authority_as_every_device_must_be_told(settings: Settings, box_root: Path) -> None:
    more = replace(settings, site=replace(settings.site, other_names=("192.0.2.7", "192.0.2.8")))
    folder.settings_file(box_root).write_text(folder.as_toml(more))
    before = authority.authority_file(settings).read_bytes()
    assert provide(more) == []
    told = wellhouse("check", "--root", box_root, "certificate").stdout
    assert "The box's own authority may not vouch for 192.0.2.8" in told
    assert "wellhouse certificates new-authority" in told
    done = wellhouse("certificates", "new-authority", "--root", box_root)
    assert "Every phone and computer must trust it anew" in done.stdout, done.stderr
    assert authority.authority_file(settings).read_bytes() != before
    assert verified(more, certificate_files(more).chain, "192.0.2.8") == ""
    assert "192.0.2.8" in (Places.of(more).trust / "index.html").read_text()


def test_another_hostname_gets_another_authority_at_once(settings: Settings) -> None:
    moved = replace(settings, site=replace(settings.site, hostname="other.lan"))
    provide(moved)
    assert names_of(read_certificate(certificate_files(moved).chain)) == set(wanted_names(moved))


def test_the_console_shows_a_picture_for_phones_and_the_fingerprint_for_paper(
    settings: Settings, box_root: Path
) -> None:
    told = wellhouse("certificates", "--root", box_root).stdout
    ours = read_certificate(authority.authority_file(settings))
    assert ours.fingerprint(hashes.SHA256()).hex(" ").upper() in told
    assert page_address(settings) == f"http://wellhouse.lan:{settings.ports.http}/trust/"
    assert page_address(settings) in told
    assert "▄" in told or "█" in told
    assert "vouches for 192.0.2.7, turn.wellhouse.lan, wellhouse.lan and nothing else" in told


@pytest.fixture(scope="module")
def serving() -> Iterator[Settings]:
    """nginx alone, with the site's certificate by the box's own authority."""
    with tempfile.TemporaryDirectory(prefix="wh-") as name:
        root = Path(name)
        settings = settings_of(root)
        apply(settings, folder.settings_file(root), at=NOW)
        places = Places.of(settings)
        words = [find_nginx().program, "-e", "stderr", "-p", places.nginx_run, "-c", places.nginx_conf]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            eventually(lambda: nginx_answers(settings))
            yield settings
            process.terminate()


def ask(settings: Settings, path: str, host: str = "wellhouse.lan") -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(LOOPBACK, settings.ports.http, timeout=10)
    connection.request("GET", path, headers={"Host": host, "Connection": "close"})
    return connection.getresponse()


@pytest.mark.parametrize("host", ["wellhouse.lan", "192.0.2.7", "10.1.2.3"])
def test_a_phone_that_trusts_nothing_yet_finds_the_page_by_name_and_by_address(serving: Settings, host: str) -> None:
    with ask(serving, "/trust/", host) as answer:
        page = html.unescape(answer.read().decode())
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html")
    ours = read_certificate(authority.authority_file(serving))
    assert ours.fingerprint(hashes.SHA256()).hex(" ").upper() in page
    for device in ("iPhone and iPad", "Android", "Windows", "Mac", "Firefox"):
        assert f"<summary>{device}" in page
    with ask(serving, "/trust/page.css", host) as style:
        assert (style.status, style.headers["Content-Type"]) == (200, "text/css")
    href = re.search(r'href="(/trust/[^"]+\.crt)"', page)
    assert href is not None
    with ask(serving, href[1], host) as answer:
        assert answer.headers["Content-Type"] == "application/x-x509-ca-cert"  # what makes phones offer to install it
        assert x509.load_der_x509_certificate(answer.read()) == ours


def test_everything_else_on_that_port_goes_to_the_secure_site_or_nowhere(serving: Settings) -> None:
    with ask(serving, "/clients") as answer:
        assert answer.headers["Location"] == f"https://wellhouse.lan:{serving.ports.https}/clients"
    with pytest.raises(http.client.RemoteDisconnected):
        ask(serving, "/clients", "10.1.2.3")
    assert ask(serving, "/.well-known/acme-challenge/x").status == 301


def test_a_device_that_was_told_to_trust_it_opens_the_site_without_a_warning(serving: Settings) -> None:
    trusting = ssl.create_default_context(cafile=str(authority.authority_file(serving)))
    plain = socket.create_connection((LOOPBACK, serving.ports.https), timeout=10)
    with trusting.wrap_socket(plain, server_hostname="wellhouse.lan") as opened:
        opened.sendall(b"GET /trust/ HTTP/1.1\r\nHost: wellhouse.lan\r\nConnection: close\r\n\r\n")
        assert opened.recv(4096).startswith(b"HTTP/1.1 200")


def forged(settings: Settings, place: Path, name: str) -> Path:
    """A certificate for somebody else's name, by the authority's real key."""
    certificate, _ = signed(settings, (name,))
    file = place / "forged.pem"
    file.write_bytes(pem(certificate))
    return file


def signed(
    settings: Settings, names: tuple[str, ...], *, authority_below: bool = False
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    ours = read_certificate(authority.authority_file(settings))
    key = load_keyring(settings).authority_key(" ".join(authority.names_it_may(ours)))
    assert key.public_key() == ours.public_key()
    return _issue(ours, key, names, authority_below=authority_below)


def sign_with(signer: x509.Certificate, key: ec.EllipticCurvePrivateKey, names: tuple[str, ...]) -> x509.Certificate:
    return _issue(signer, key, names)[0]


def _issue(
    signer: x509.Certificate,
    signer_key: ec.EllipticCurvePrivateKey,
    names: tuple[str, ...],
    *,
    authority_below: bool = False,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    built = (
        x509.CertificateBuilder()
        .subject_name(common_name(f"signed for {names[0]}"))
        .issuer_name(signer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=90))
        .add_extension(x509.BasicConstraints(ca=authority_below, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(alternative_names(names), critical=False)
    )
    return built.sign(signer_key, hashes.SHA256()), key


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
