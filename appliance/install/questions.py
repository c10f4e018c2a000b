"""The questions, one table: the options of install.sh, the keys of its answers file and the prompts are made of it.

Until everything is known an answer is a text, whoever gave it: the person, an option, a file, or an earlier run.
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from appliance.install import reading
from appliance.install.answers import CertificateKind, Engine, Protection
from appliance.install.facts import Facts, is_ours, resolved
from core.errors import Invalid

Texts = Mapping[str, str]


class Asked(enum.Enum):
    YES = enum.auto()
    HIDDEN = enum.auto()  # asked without showing what is typed
    NO = enum.auto()  # the default serves nearly everybody; the summary shows it


@dataclass(frozen=True)
class Question:
    """*name* is the option and, with or without its dashes, the key of the answers file.

    *default* gives the answer of somebody who has no wish, or None: then it must be given. *offer* is proposed at a
    terminal only. *applies* says whether it is a question at all, by the answers before it. *twice*: a slip would not
    be noticed. *hints* are lines about this machine.
    """

    name: str
    title: str
    why: str
    read: Callable[[str], object]
    default: Callable[[Texts, Facts], str | None]
    asked: Asked = Asked.YES
    applies: Callable[[Texts, Facts], bool] = lambda _texts, _facts: True
    offer: Callable[[Texts, Facts], str | None] | None = None
    placeholder: str = "…"
    twice: bool = False
    hints: Callable[[Facts], list[str]] = lambda _facts: []

    def offered(self, texts: Texts, facts: Facts) -> str | None:
        """What Enter alone answers at a terminal; None if it needs a word."""
        return (self.offer or self.default)(texts, facts)


def _needs_word(_texts: Texts, _facts: Facts) -> str | None:
    return None


def _always(text: str) -> Callable[[Texts, Facts], str]:
    return lambda _texts, _facts: text


def _public_address(texts: Texts, facts: Facts) -> str | None:
    if texts.get("certificate") == CertificateKind.LOCAL or facts.on_the_internet:
        return reading.NONE
    addresses = [address for address in resolved(texts.get("hostname", "")) if ":" not in address]
    if any(ipaddress.ip_address(address).is_global and not is_ours(address) for address in addresses):
        return texts["hostname"]  # followed by the media server when the line's address changes
    return None


def _protection(_texts: Texts, facts: Facts) -> str:
    return Protection.TPM2 if facts.tpm2 else Protection.FILE


def _mail_from(texts: Texts, _facts: Facts) -> str:
    relay = reading.relay(texts["smtp"])
    # Many relays take mail only from the account's own address.
    return relay.username if relay and "@" in relay.username else f"wellhouse@{texts['hostname']}"


def _has_relay(texts: Texts, _facts: Facts) -> bool:
    return texts.get("smtp", reading.NONE) != reading.NONE


def _has_account(texts: Texts, _facts: Facts) -> bool:
    relay = reading.relay(texts.get("smtp", reading.NONE))
    return relay is not None and bool(relay.username)


def _needs_credentials(texts: Texts, _facts: Facts) -> bool:
    return any(
        target.startswith(reading.TARGETS_WITH_ACCOUNT) for target in reading.backup(texts.get("backup", reading.NONE))
    )


def _needs_passphrase(texts: Texts, _facts: Facts) -> bool:
    return texts.get("key-protection") == Protection.PASSPHRASE


def _disks(facts: Facts) -> list[str]:
    if not facts.unused_disks:
        return ["No empty disk was found on this machine."]
    return [f"Empty: {disk.device}, {disk.size}" for disk in facts.unused_disks]


def _tpm(facts: Facts) -> list[str]:
    return ["This machine has a TPM2." if facts.tpm2 else "This machine has no TPM2."]


def _ssh_ports(_texts: Texts, facts: Facts) -> str:
    return ",".join(map(str, facts.ssh_ports)) or "22"  # open for the day on which somebody brings a server


def _firewall(_texts: Texts, facts: Facts) -> str:
    return "no" if facts.firewalls else "yes"


def _time_sync(_texts: Texts, facts: Facts) -> str:
    return "no" if facts.time_service or facts.container else "yes"


def _one_of(kind: type[enum.StrEnum]) -> Callable[[str], object]:
    def read(text: str) -> object:
        try:
            return kind(text.strip())
        except ValueError as e:
            raise Invalid(f"{text.strip()!r}: answer {' or '.join(kind)}.") from e

    return read


QUESTIONS = (
    Question(
        "hostname", "Name of the site",
        "What people type into the browser, as care.clinic.example. Mails, links and security keys are bound to it.",
        reading.hostname, _needs_word, placeholder="NAME",
    ),
    Question(
        "other-names", "More names or addresses",
        "By which the site may also be reached, as on the LAN; separated by commas.",
        reading.names, _always(""), asked=Asked.NO, placeholder="NAME,…",
    ),
    Question(
        "email", "E-mail address of clinic IT",
        "Hears when the box needs a look, and when a certificate is about to end.",
        reading.email, _needs_word, placeholder="ADDRESS",
    ),
    Question(
        "certificate", "Certificate",
        "acme: issued and renewed by itself, by Let's Encrypt and on its terms; the name must lead here from the\n"
        "Internet, on ports 80 and 443.\n"
        "local: for a clinic that is reached on its own LAN only; each phone must be told once to trust it.\n"
        "Or the clinic's own: the chain's file, a comma, the key's file.",
        reading.certificate, _needs_word, offer=_always(CertificateKind.ACME), placeholder="acme|local|FILE[,KEYFILE]",
    ),
    Question(
        "acme-server", "Certificate authority",
        "Address of its ACME directory. usual: Let's Encrypt.",
        reading.url, _always(reading.USUAL), asked=Asked.NO, placeholder="URL",
        applies=lambda texts, _facts: texts.get("certificate") == CertificateKind.ACME,
    ),
    Question(
        "public-address", "Address on the Internet",
        "The address that the clinic's line has, or a name that leads to it from everywhere: sound and pictures of\n"
        "people outside come to it, and the router passes them on. none: nobody calls from outside.",
        reading.public_address, _public_address, placeholder="ADDRESS|NAME|none",
    ),
    Question(
        "database", "Database",
        "sqlite serves a practice on one machine, encrypted. postgresql is for many providers at once.",
        _one_of(Engine), _always(Engine.SQLITE), placeholder="sqlite|postgresql",
    ),
    Question(
        "data-device", "Disk for the data",
        "A disk or partition of its own, empty, becomes one encrypted volume for everything that is kept: whoever\n"
        "takes it away reads nothing. none: the data lies on the system's disk, where only the database and the\n"
        "documents are encrypted.",
        reading.data_device, _always(reading.NONE), placeholder="/dev/…|none", hints=_disks,
    ),
    Question(
        "key-protection", "The master key is kept",
        "tpm2: sealed to this machine's chip; it comes back by itself after a power cut, a stolen disk stays shut.\n"
        "passphrase: somebody types it at the console after each start.\n"
        "file: in a file that only root and the portal read; whoever steals the whole disk can open it.",
        _one_of(Protection), _protection, placeholder="tpm2|passphrase|file", hints=_tpm,
    ),
    Question(
        "passphrase-file", "Passphrase of the master key",
        "Twelve signs or more; five words at random are good. It is kept nowhere: whoever starts the box types it.\n"
        "On a box that has one and is locked: that one.",
        reading.secret, _needs_word, asked=Asked.HIDDEN, applies=_needs_passphrase, twice=True, placeholder="FILE",
    ),
    Question(
        "smtp", "Mail relay",
        "Sends invitations, reminders and alerts: relay.example:587, or user@relay.example:465 with an account.\n"
        "none: invitations are shown as links to pass on, and nobody is alerted.",
        reading.relay, _needs_word, placeholder="[USER@]HOST[:PORT]|none",
    ),
    Question(
        "smtp-password-file", "Password at the relay",
        "It is kept in a file that only the portal reads.",
        reading.secret, _needs_word, asked=Asked.HIDDEN, applies=_has_account, placeholder="FILE",
    ),
    Question(
        "mail-from", "Mails come from",
        "An address that the relay lets this box use.",
        reading.email, _mail_from, applies=_has_relay, placeholder="ADDRESS",
    ),
    Question(
        "backup", "Backups go to",
        "Encrypted copies every hour: a folder on another disk or a NAS that is mounted, sftp:user@nas:/wellhouse, or\n"
        "s3:https://…/bucket; several with commas between. none: a broken disk then takes everything with it.",
        reading.backup, _needs_word, placeholder="TARGET",
    ),
    Question(
        "backup-credentials", "Account at the backup's target",
        "A file of NAME=value lines for restic, as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. It is copied.",
        reading.secret, _needs_word, applies=_needs_credentials, placeholder="FILE",
    ),
    Question(
        "firewall", "Wellhouse's own firewall",
        "Lets in the site, sound and pictures, and SSH, and nothing else. Other rules here stay as they are.",
        reading.yes_or_no, _firewall, placeholder="yes|no",
        asked=Asked.NO,
    ),
    Question(
        "ssh-port", "SSH stays open on",
        "Ports of this machine's SSH server. Those that are in use are always kept open too.",
        reading.ssh_ports, _ssh_ports, asked=Asked.NO, placeholder="PORT",
    ),
    Question(
        "time-sync", "Keep the clock by a time server",
        "Codes from authenticator apps and entries to visits go by it. no: something else keeps it.",
        reading.yes_or_no, _time_sync, asked=Asked.NO, placeholder="yes|no",
    ),
    Question(
        "updates", "Install the system's security updates by itself",
        "The distribution's own, every night; nothing is restarted during the day.",
        reading.yes_or_no, _always("yes"), asked=Asked.NO, placeholder="yes|no",
    ),
)  # fmt: skip

BY_NAME = {question.name: question for question in QUESTIONS}
