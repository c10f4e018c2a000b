"""The one file of settings: what each means, its default, and a clear word when one is wrong.

Everything that runs on the box reads ``wellhouse.toml`` through :func:`load`. A setting is a field with prose;
docs/SETTINGS.md is made from these fields.
"""

from __future__ import annotations

import difflib
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from core.setting_rules import SettingError as SettingError
from core.setting_rules import is_address as is_address
from core.setting_rules import judge

DEFAULT_FILE = Path("/etc/wellhouse/wellhouse.toml")


def setting(prose: str, default: Any = MISSING) -> Any:
    """A field of a section, with the sentence that the documentation shows for it."""
    if isinstance(default, list | dict):
        raise TypeError("defaults are immutable: use a tuple")
    if default is MISSING:
        return field(metadata={"prose": prose})
    return field(default=default, metadata={"prose": prose})


@dataclass(frozen=True)
class Site:
    """How people reach the box."""

    hostname: str = setting("The name people type into the browser; mail and links use only this one.", "localhost")
    other_names: tuple[str, ...] = setting("More names or addresses that the site answers to, as on the LAN.", ())
    turn_hostname: str = setting(
        "The name under which guests behind strict firewalls reach TURN over TLS on the https port; it needs a DNS "
        "entry and a place in the certificate. Empty: turn. followed by the hostname.",
        "",
    )
    certificate: str = setting("File of the certificate chain (PEM). Empty: a self-signed one is made.", "")
    certificate_key: str = setting("File of the certificate's private key (PEM).", "")
    demo: bool = setting("A demonstration with invented people; every page says so.", False)


@dataclass(frozen=True)
class Certificates:
    """Where the site's certificate comes from, and who renews it."""

    source: str = setting(
        "acme (an authority such as Let's Encrypt, asked anew by the box), local (the box's own authority, for a site "
        "that only the LAN reaches), or own (brought with “wellhouse certificates use”). Empty: the files that [site] "
        "names, or a self-signed one.",
        "",
    )
    email: str = setting("For acme: address that the authority may write to. Empty: mail.alerts_to.", "")
    server: str = setting("For acme: the authority's directory, https. Empty: Let's Encrypt.", "")


@dataclass(frozen=True)
class Users:
    """The system's accounts that the parts run as. Empty: the account that starts the appliance."""

    portal: str = setting("Runs the portal and its worker, and owns the database and the keys.", "")
    rtc: str = setting("Runs the media server; its own group is the portal account's.", "")
    turn: str = setting("Runs coturn.", "")
    web: str = setting("Runs nginx's workers, in the portal account's group.", "")
    certificates: str = setting("Asks a certificate authority on the Internet, and owns nothing else.", "")


@dataclass(frozen=True)
class Ports:
    """Where the box listens."""

    https: int = setting("TCP port of the site, and of TURN over TLS.", 443)
    http: int = setting("TCP port that only redirects to https; 0 for none.", 80)
    turn: int = setting("UDP and TCP port of coturn.", 3478)
    media: int = setting("The UDP port of the media server: all sound and pictures.", 3480)
    relay_first: int = setting("First UDP port that coturn may use for relaying.", 49152)
    relay_last: int = setting("Last UDP port that coturn may use for relaying.", 49951)


@dataclass(frozen=True)
class Paths:
    """Where things lie on disk. Keys never lie inside data."""

    etc: str = setting("Rendered configuration of nginx, coturn and supervisor.", "/etc/wellhouse")
    data: str = setting("The database and the sealed documents.", "/var/lib/wellhouse")
    keys: str = setting("The master key and what is derived for other processes.", "/etc/wellhouse/keys")
    run: str = setting("Sockets and process ids.", "/run/wellhouse")
    log: str = setting("Logs; they hold ids, never names.", "/var/log/wellhouse")

    @property
    def database_file(self) -> Path:
        return Path(self.data) / "wellhouse.db"

    @property
    def queue_file(self) -> Path:
        return Path(self.data) / "queue.db"

    @property
    def room_event_spool(self) -> Path:
        return Path(self.data) / "rtc" / "events.jsonl"

    @property
    def certificates(self) -> Path:
        """The pair that the site shows, where [site] names no other files."""
        return Path(self.etc) / "certificates"

    @property
    def plain_master_key(self) -> Path:
        """The master key as a file, where nothing better protects it."""
        return Path(self.keys) / "master.key"

    @property
    def sealed_master_key(self) -> Path:
        """The master key as only the TPM2 or the passphrase opens it. Where this is, it is what counts."""
        return Path(self.keys) / "master.sealed"

    @property
    def opened_master_key(self) -> Path:
        """In memory, from unlocking until the machine stops: what was sealed."""
        return Path(self.run) / "keys" / "master.key"

    @property
    def master_key(self) -> Path:
        """Where the key can be read once the box is open; webapp.crypto.keyring reads it from here."""
        return self.opened_master_key if self.sealed_master_key.exists() else self.plain_master_key

    @property
    def grant_keys(self) -> Path:
        """Public keys by id, as JSON: all that the media server knows of the portal."""
        return Path(self.keys) / "grant-keys.json"

    @property
    def portal_socket(self) -> Path:
        # Each part's sockets lie in a folder of its own: nobody else can put one in their place.
        return Path(self.run) / "portal" / "portal.sock"

    @property
    def signalling_socket(self) -> Path:
        return Path(self.run) / "rtc" / "signalling.sock"

    @property
    def relay_guests(self) -> Path:
        """Whom coturn lets in: the portal writes it, coturn reads it."""
        return Path(self.run) / "turn-guests" / "guests.db"

    @property
    def control_socket(self) -> Path:
        return Path(self.run) / "rtc" / "control.sock"


@dataclass(frozen=True)
class Keys:
    """What protects the master key while the box is off. “wellhouse keys protect” changes it."""

    protection: str = setting(
        "tpm2 (sealed to this machine: it comes back alone after a power cut, a stolen disk stays shut), passphrase "
        "(after each start somebody runs wellhouse unlock) or file (a stolen disk opens).",
        "file",
    )


@dataclass(frozen=True)
class Database:
    """Where rows are kept."""

    engine: str = setting("sqlite (encrypted by SQLCipher) or postgresql.", "sqlite")
    dsn: str = setting("For postgresql: connection string, as host=/run/postgresql dbname=wellhouse.", "")


@dataclass(frozen=True)
class Portal:
    """The web application."""

    workers: int = setting("Processes that answer pages.", 2)
    idle_minutes: int = setting("Minutes without activity until somebody is signed out (5 to 60).", 30)
    session_hours: int = setting("Hours until somebody must sign in again, whatever they do (1 to 12).", 12)


@dataclass(frozen=True)
class Passwords:
    """Cost of the argon2id hash (the defaults exceed OWASP's floor), and which passwords may not be chosen."""

    memory_kib: int = setting("Memory of one hash in KiB.", 65536)
    time_cost: int = setting("Passes over that memory.", 3)
    parallelism: int = setting("Lanes.", 1)
    breached_file: str = setting(
        "File of breached passwords' SHA-1 hashes, one a line and ordered, as Have I Been Pwned gives it out; a "
        "password in it cannot be chosen. Empty for none.",
        "",
    )


@dataclass(frozen=True)
class Rtc:
    """The media server."""

    addresses: tuple[str, ...] = setting(
        "Addresses of this machine that are offered for media. Empty: all that its interfaces have.", ()
    )
    public_address: str = setting(
        "The clinic's address on the Internet, or a name that leads to it, if the router forwards the media port.", ""
    )
    public_resolver: str = setting(
        "Address of a name server that knows the name in public_address as the Internet does: where the clinic's own "
        "answers with the inner address (split DNS). Empty: the machine's name servers.",
        "",
    )
    relay_address: str = setting("Address at which coturn reaches the media server. Empty: the first of the above.", "")
    relay_only: bool = setting(
        "Send all sound and pictures through coturn, so that browsers neither use nor show a path of their own.", False
    )
    participants_max: int = setting("People in one room.", 12)


@dataclass(frozen=True)
class Firewall:
    """The box's own rules, in a table of their own beside whatever else the machine has."""

    incoming: bool = setting(
        "Shut every port that is not named here or in [ports]. false where another firewall (ufw, firewalld) judges "
        "what comes in: then only what coturn, the media server and nginx may send is held.",
        True,
    )
    ssh_ports: tuple[int, ...] = setting("TCP ports of SSH, which stay open.", (22,))
    open_ports: tuple[str, ...] = setting(
        "More ports that stay open, as 9100/tcp or 161/udp: for what else the clinic runs on this machine.", ()
    )


@dataclass(frozen=True)
class Mail:
    """The clinic's SMTP relay; without one, invitations are shown as links to pass on."""

    host: str = setting("Name of the relay; empty for none.", "")
    port: int = setting("TCP port of the relay.", 587)
    security: str = setting("starttls, tls or none (only for a relay on this machine).", "starttls")
    username: str = setting("Account at the relay.", "")
    password_file: str = setting("File that holds the account's password.", "")
    sender: str = setting("Address that mails come from.", "")
    alerts_to: str = setting("Address of clinic IT, told when the box needs a look; empty for none.", "")


@dataclass(frozen=True)
class Backup:
    """Copies of everything, encrypted by restic before they leave the box."""

    targets: tuple[str, ...] = setting(
        "Where copies go, as restic writes it: a folder, sftp:user@nas:/wellhouse, or s3:https://…/bucket.", ()
    )
    credentials_file: str = setting(
        "File of NAME=value lines that open the targets, as AWS_ACCESS_KEY_ID=… or SSH_KEY=…; below a line [target] "
        "for that one alone. Empty for none.",
        "",
    )
    append_only: tuple[str, ...] = setting(
        "Those of the targets at which this box may only add. It then drops no old copies there: whoever breaks in "
        "cannot either. docs/BACKUP.md says how.",
        (),
    )
    keep_hourly: int = setting("How many hourly copies are kept.", 48)
    keep_daily: int = setting("How many daily copies are kept.", 30)
    keep_weekly: int = setting("How many weekly copies are kept.", 12)
    keep_monthly: int = setting("How many monthly copies are kept.", 24)


@dataclass(frozen=True)
class Settings:
    """All sections of wellhouse.toml."""

    site: Site = field(default_factory=Site)
    certificates: Certificates = field(default_factory=Certificates)
    users: Users = field(default_factory=Users)
    ports: Ports = field(default_factory=Ports)
    paths: Paths = field(default_factory=Paths)
    keys: Keys = field(default_factory=Keys)
    database: Database = field(default_factory=Database)
    portal: Portal = field(default_factory=Portal)
    passwords: Passwords = field(default_factory=Passwords)
    rtc: Rtc = field(default_factory=Rtc)
    firewall: Firewall = field(default_factory=Firewall)
    mail: Mail = field(default_factory=Mail)
    backup: Backup = field(default_factory=Backup)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name and address that the site answers to, its own first."""
        return tuple(dict.fromkeys((self.site.hostname, *self.site.other_names)))

    @property
    def origin(self) -> str:
        """``https://name[:port]``, as browsers write it."""
        return self._origin_of(self.site.hostname)

    @property
    def origins(self) -> frozenset[str]:
        """Every origin that the site answers to."""
        return frozenset(self._origin_of(name) for name in self.names)

    @property
    def turn_tls_name(self) -> str:
        """Name in ``turns:`` addresses, on the https port; empty if there is none, as on a bare IP address."""
        if self.site.turn_hostname or is_address(self.site.hostname):
            return self.site.turn_hostname
        return f"turn.{self.site.hostname}"

    def _origin_of(self, name: str) -> str:
        return f"https://{host_in_url(name)}" + ("" if self.ports.https == 443 else f":{self.ports.https}")


def host_in_url(name: str) -> str:
    """*name* as it stands in a URL: IPv6 addresses in brackets (RFC 3986, 3.2.2)."""
    return f"[{name}]" if ":" in name else name


def load(file: Path) -> Settings:
    """Read *file*; SettingError names what is unknown or unusable and the nearest known setting."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as e:
        raise SettingError(f"There is no settings file {file}. Name the right one with --config.") from e
    try:
        return parse(tomllib.loads(text))
    except tomllib.TOMLDecodeError as e:
        raise SettingError(f"{file} is not valid TOML: {e}.") from e
    except SettingError as e:
        raise SettingError(f"{file}: {e.sentence}") from e


def parse(table: Mapping[str, Any]) -> Settings:
    """Settings from a table of tables."""
    sections = {f.name: f.default_factory for f in fields(Settings)}
    for name in table:
        if name not in sections:
            raise SettingError(f"[{name}] is not a section.{_nearest(name, sections)}")
    settings = Settings(**{name: _section(name, kind, table.get(name, {})) for name, kind in sections.items()})
    judge(settings)
    return settings


def _section(name: str, kind: Any, given: Any) -> Any:
    if not isinstance(given, Mapping):
        raise SettingError(f"{name} must be a section: write [{name}].")
    hints = typing.get_type_hints(kind)
    known = {f.name for f in fields(kind)}
    values = {}
    for key, value in given.items():
        if key not in known:
            raise SettingError(f"{name}.{key} is not a setting.{_nearest(key, known)}")
        values[key] = _value(f"{name}.{key}", hints[key], value)
    return kind(**values)


def _value(name: str, hint: Any, value: Any) -> Any:
    words = {str: "text in quotes", int: "a whole number", bool: "true or false"}
    if isinstance(hint, types.GenericAlias):  # tuple[str, ...] or tuple[int, ...]
        kind = typing.get_args(hint)[0]
        if isinstance(value, list) and all(type(item) is kind for item in value):
            return tuple(value)
        raise SettingError(f"{name} must be a list of {'texts' if kind is str else 'whole numbers'}, not {value!r}.")
    if type(value) is not hint:
        raise SettingError(f"{name} must be {words[hint]}, not {value!r}.")
    return value


def _nearest(name: str, known: typing.Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else f" Known are: {', '.join(sorted(known))}."
