"""Asking an authority on the Internet for a certificate (ACME, RFC 8555), by the distribution's lego.

lego gets a request that is signed already and a folder to put its answers to the authority into: it never sees the
site's key, and runs in an account that owns nothing else.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.certificates.files import wanted_names
from appliance.certificates.place import Pair
from appliance.certificates.self_signed import alternative_names, common_name, private_pem
from appliance.configure.files import Owner, folder, owner, write
from appliance.configure.render import Places
from core.errors import Refused
from core.settings import Settings, is_address

WITHIN_S = 300.0  # an authority that validates from several places takes a minute

# Names of this machine or this LAN, which no public authority vouches for (RFC 6761, 6762, 8375, 9476).
_PRIVATE = ("localhost", "local", "lan", "home", "internal", "home.arpa", "test", "invalid", "onion", "alt")
# lego's last words, one line for each name: [turn.clinic.example] acme: error: 400 :: urn:…:error:dns :: …
_FAILED_NAME = re.compile(
    r"^\[(?P<name>[^]]+)\] acme: error: \d+ :: (?:urn:ietf:params:acme:error:)?(?P<why>.+)$", re.M
)
_LOG_MARK = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ")


@dataclass(frozen=True)
class Issued:
    """*left_out*: names that the authority could not reach, and why; the certificate is not for them."""

    pair: Pair
    left_out: dict[str, str] = field(default_factory=dict)


class NotIssued(Refused):
    """The authority, or the way to it, said no."""


def public_names(settings: Settings) -> tuple[str, ...]:
    """Those of the site's names that a public authority can vouch for, the hostname first."""
    return tuple(name for name in wanted_names(settings) if _is_public(name))


def obtain(settings: Settings) -> Issued:
    """A certificate for every public name, by a fresh key. NotIssued says what the authority said.

    A name that the authority cannot reach, as one that was forgotten in the DNS, does not keep the others from theirs;
    the hostname does.
    """
    names = public_names(settings)
    try:
        return Issued(_ask(settings, names))
    except _NamesFailed as e:
        left_out = {name: why for name, why in e.names.items() if name in names}
        if settings.site.hostname in left_out or not left_out:
            raise
        reached = tuple(name for name in names if name not in left_out)
        return Issued(_ask(settings, reached), left_out)


class _NamesFailed(NotIssued):
    def __init__(self, names: dict[str, str]) -> None:
        listed = "; ".join(f"{name}: {why}" for name, why in names.items())
        super().__init__(f"The authority could not make sure that these names lead here. {listed}")
        self.names = names


def _ask(settings: Settings, names: tuple[str, ...]) -> Pair:
    program = shutil.which("lego", path="/usr/bin:/bin:/usr/local/bin")
    if program is None:
        raise NotIssued("There is no lego on this machine. Install the package lego: sudo apt install lego")
    own = owner(settings.users.certificates)
    home, webroot = settings.paths.certificates / "acme", Places.of(settings).acme
    folder(settings.paths.certificates, mode=0o755)
    folder(home, mode=0o700, own=own)
    folder(webroot, mode=0o755, own=own)
    shutil.rmtree(home / "certificates", ignore_errors=True)
    key = ec.generate_private_key(ec.SECP256R1())
    request = home / "request.csr"
    write(request, _request(key, names), mode=0o400, own=own)
    said = _run(program, settings, home, webroot, request, own)
    if failed := {match["name"]: _plain(match["why"]) for match in _FAILED_NAME.finditer(said)}:
        raise _NamesFailed(failed)
    found = [file for file in (home / "certificates").glob("*.crt") if not file.name.endswith(".issuer.crt")]
    if len(found) != 1:
        raise NotIssued(f"The authority gave no certificate. lego said: {_last_words(said)}")
    chain = found[0].read_bytes()
    if x509.load_pem_x509_certificates(chain)[0].public_key() != key.public_key():
        raise NotIssued("The authority gave a certificate for another key. Nothing was changed.")
    return Pair(chain, private_pem(key))


def _run(program: str, settings: Settings, home: Path, webroot: Path, request: Path, own: Owner) -> str:
    server = ["--server", settings.certificates.server] if settings.certificates.server else []
    known = ("SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy")
    words = [
        *(program, "--path", str(home), "--email", settings.certificates.email or settings.mail.alerts_to),
        *("--accept-tos", *server, "--http", "--http.webroot", str(webroot)),
        *("--csr", str(request), "--cert.timeout", "90", "run"),
    ]
    environment = {name: os.environ[name] for name in known if name in os.environ} | {"HOME": str(home)}
    said = _as(own, words, environment)
    # lego leaves the key of its account there open to whoever gets into the folder.
    _as(own, ["/usr/bin/find", str(home / "accounts"), "-name", "*.key", "-exec", "chmod", "0400", "{}", "+"], {})
    return said


def _as(own: Owner, words: list[str], environment: dict[str, str]) -> str:
    """What the command says when it runs in the account *own*: root touches nothing that this account could swap."""
    try:
        done = subprocess.run(  # noqa: S603  # packaged programs with words of our own
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=WITHIN_S,
            cwd="/",
            env=environment,
            user=own.uid if own.uid != -1 else None,
            group=own.gid if own.gid != -1 else None,
            extra_groups=[] if own.uid != -1 else None,
            umask=0o022,  # nginx's workers read what is put into the webroot
        )
    except subprocess.TimeoutExpired as e:
        raise NotIssued(f"The authority did not answer within {WITHIN_S:.0f} seconds.") from e
    return done.stdout


def _request(key: ec.EllipticCurvePrivateKey, names: tuple[str, ...]) -> bytes:
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(common_name(names[0]) if len(names[0]) <= 64 else x509.Name([]))  # X.520's limit
        .add_extension(alternative_names(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    return request.public_bytes(serialization.Encoding.PEM)


def _is_public(name: str) -> bool:
    private = any(name == ending or name.endswith(f".{ending}") for ending in _PRIVATE)
    return "." in name and not is_address(name) and not private


def _plain(why: str) -> str:
    kind, _, detail = why.partition(" :: ")
    return f"{detail or kind} ({kind})" if detail else kind


def _last_words(said: str) -> str:
    lines = [_LOG_MARK.sub("", line).strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:400] if lines else "nothing"
