"""From what somebody typed to what is meant. Each function raises Invalid with the reason, so it can be asked again."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from appliance.install.answers import Certificate, CertificateKind, Relay
from core.errors import Invalid
from core.settings import is_address

NONE = "none"
USUAL = "usual"
# What stands in an answer's place when it is a secret that lies in no file of the person's.
TYPED = "as typed"
KEPT = "as before"

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})+")
# No address that is in use begins with a dash, which programs take for an option, or holds quotes or braces, in which
# Ansible would look for something to work out.
_EMAIL = re.compile(r"(?!-)[^@\s\"'\\{}]+@[^@\s\"'\\{}]+\.[^@\s\"'\\{}]+")
_URL_REFUSES = re.compile(r"[\x00-\x20\x7f\"'\\{}]")  # none stands in an address as it is (RFC 3986, 2)
_TARGET_REFUSES = re.compile(r"[\x00-\x1f\x7f\"'\\]")
TARGETS_WITH_ACCOUNT = ("s3:", "rest:")
REMOTE_TARGETS = ("sftp:", *TARGETS_WITH_ACCOUNT)
_PATH_REFUSES = re.compile(r"[\x00-\x1f\"'\\$%;{}#`*?]")  # what nginx and supervisor would read as something else

# Ports of mail relays and how they are spoken to (RFC 8314, 3.3; RFC 6409).
_TLS_PORT, _SUBMISSION_PORT = 465, 587
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")


def hostname(text: str) -> str:
    """A full name with a dot in it, in small letters."""
    name = text.strip().lower().removesuffix(".")
    if is_address(name):
        raise Invalid(
            f"{name} is an address. People, certificates and security keys need a name, as care.clinic.example."
        )
    if "://" in name or "/" in name:
        raise Invalid(f"{text.strip()!r}: only the name, without https:// and without anything after it.")
    if _NAME.fullmatch(name) is None:
        raise Invalid(
            f"{text.strip()!r} is not a full host name. It has letters, digits and dots, as care.clinic.example."
        )
    return name


def names(text: str) -> tuple[str, ...]:
    """More names or addresses, separated by commas."""
    found = []
    for part in _parts(text):
        found.append(part if is_address(part) else hostname(part))
    return tuple(found)


def email(text: str) -> str:
    """One address."""
    if _EMAIL.fullmatch(text.strip()) is None:
        raise Invalid(f"{text.strip()!r} is not an e-mail address, as it@clinic.example.")
    return text.strip()


def certificate(text: str) -> Certificate:
    """``acme``, ``local``, or ``FILE[,KEYFILE]``."""
    given = text.strip()
    if given in (CertificateKind.ACME, CertificateKind.LOCAL):
        return Certificate(CertificateKind(given))
    chain, _, key = given.partition(",")
    if not chain.startswith("/") or (key and not key.strip().startswith("/")):
        raise Invalid(f"{given!r}: answer acme, local, or the certificate's file with its whole path (FILE,KEYFILE).")
    return Certificate(CertificateKind.OWN, path(chain), path(key or chain))


def path(text: str) -> Path:
    """An absolute path that every part can be told."""
    given = text.strip()
    if not given.startswith("/"):
        raise Invalid(f"{given!r} is not a whole path: begin with /.")
    if _PATH_REFUSES.search(given):
        raise Invalid(f"{given!r}: use a path without quotes, line breaks or any of \\ $ % ; {{ }} # ` * ?")
    return Path(given)


def secret(text: str) -> str:
    """The file that holds a secret, or one of the words above."""
    return text if text in (TYPED, KEPT) else str(path(text))


def url(text: str) -> str:
    """The directory of a certificate authority; empty for the usual one."""
    given = text.strip()
    if given == USUAL:
        return ""
    parts = urlsplit(given)
    if parts.scheme != "https" or not parts.hostname or _URL_REFUSES.search(given):
        raise Invalid(f"{given!r} is not an https:// address of a certificate authority's directory, or {USUAL}.")
    return given


def public_address(text: str) -> str:
    """An IPv4 address or a name that leads to it; empty for none."""
    given = text.strip().lower()
    if given == NONE:
        return ""
    if is_address(given):
        if ":" in given:
            raise Invalid(f"{given} is IPv6, which routers do not translate. Give the line's IPv4 address, or none.")
        return given
    return hostname(given)


def data_device(text: str) -> str:
    """``/dev/…``; empty for none."""
    given = text.strip()
    if given == NONE:
        return ""
    if re.fullmatch(r"/dev/[A-Za-z0-9/_.:+-]+", given) is None or ".." in given:
        raise Invalid(
            f"{given!r} is not a disk. Disks are called /dev/sdb, /dev/vdb or /dev/disk/by-id/…; or answer none."
        )
    return given


def relay(text: str) -> Relay | None:
    """``[USER@]HOST[:PORT]``, or none. The port says how it is spoken to: 465 TLS at once, else STARTTLS."""
    given = text.strip()
    if given == NONE:
        return None
    username, _, place = given.rpartition("@")  # accounts are often e-mail addresses
    host, colon, number = place.rpartition(":")
    if not colon:
        host, number = place, str(_SUBMISSION_PORT)
    if not _is_port(number):
        raise Invalid(f"{number!r} in {given!r} is not a port. Write the relay as relay.example:587.")
    if host not in _OWN_MACHINE and not is_address(host) and _NAME.fullmatch(host) is None:
        raise Invalid(
            f"{host!r} is not the name of a mail relay. Write it as relay.example:587 or user@relay.example:465."
        )
    if ":" in username:
        raise Invalid(
            "Leave the password out: it would stand in the list of processes. It is asked for, or read from a file."
        )
    port = int(number)
    security = "none" if host in _OWN_MACHINE else "tls" if port == _TLS_PORT else "starttls"
    return Relay(host, port, security, username)


def backup(text: str) -> tuple[str, ...]:
    """Targets as restic writes them, separated by commas, or none."""
    if text.strip() == NONE:
        return ()
    found = _parts(text)
    if not found:
        raise Invalid("Name a folder, sftp:user@nas:/wellhouse, or s3:https://…/bucket; or answer none.")
    for target in found:
        if target.startswith(REMOTE_TARGETS):
            if _TARGET_REFUSES.search(target):
                raise Invalid(f"{target!r}: write the backup's target without quotes, backslashes or line breaks.")
            if re.search(r"//[^/@]*:[^/@]*@", target):
                raise Invalid(
                    "A backup target must not hold a password: everybody on the machine could read it. "
                    "Put it into a file of NAME=value lines (--backup-credentials)."
                )
        else:
            path(target)
    return tuple(dict.fromkeys(found))


def ssh_ports(text: str) -> tuple[int, ...]:
    """Numbers, separated by commas."""
    found = _parts(text)
    if not found or not all(_is_port(part) for part in found):
        raise Invalid(f"{text.strip()!r} is not a port. Write one number, or several with commas between.")
    return tuple(sorted({int(part) for part in found}))


def yes_or_no(text: str) -> bool:
    """yes or no."""
    given = text.strip().lower()
    if given in ("yes", "y", "true"):
        return True
    if given in ("no", "n", "false"):
        return False
    raise Invalid(f"{text.strip()!r}: answer yes or no.")


def _is_port(text: str) -> bool:
    # More signs than these ten count as digits in Unicode.
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and 1 <= int(text) <= 65535


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
