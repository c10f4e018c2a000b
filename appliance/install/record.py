"""The answers on disk: wellhouse.toml, install.json for Ansible, and a file for each secret.

They are the installer's memory too. Settings that somebody added by hand stay.
"""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from appliance.install import reading
from appliance.install.answers import Answers, CertificateKind, Engine, Secret
from core.errors import Invalid
from core.settings import DEFAULT_FILE, Settings, parse

# The system's accounts that Ansible makes, by the setting that names each.
_USERS = {
    "portal": "wellhouse",
    "rtc": "wellhouse-rtc",
    "turn": "wellhouse-turn",
    "web": "wellhouse-web",
    "certificates": "wellhouse-certificates",
}
_DSN = "host=/run/wellhouse-postgresql dbname=wellhouse user=wellhouse"  # the folder of the cluster's role


@dataclass(frozen=True)
class Places:
    """Where the answers lie; another *etc* than the usual is for trying things out."""

    etc: Path = DEFAULT_FILE.parent
    run: Path = Path("/run/wellhouse")
    handed_over: Path = Path("/run/wellhouse-install/passphrase")  # in memory; install.sh removes it

    @property
    def settings(self) -> Path:
        return self.etc / DEFAULT_FILE.name

    @property
    def for_ansible(self) -> Path:
        return self.etc / "install.json"

    @property
    def secrets(self) -> Path:
        return self.etc / "secrets"

    @property
    def smtp_password(self) -> Path:
        return self.secrets / "smtp-password"

    @property
    def backup_credentials(self) -> Path:
        return self.secrets / "backup-credentials"


def settings_of(answers: Answers, places: Places) -> dict[str, dict[str, Any]]:
    """What the answers say of wellhouse.toml, by section."""
    relay, acme = answers.relay, answers.certificate.kind is CertificateKind.ACME
    return {
        "site": {
            "hostname": answers.hostname,
            "other_names": list(answers.other_names),
        },
        "certificates": {
            "source": str(answers.certificate.kind),
            "email": answers.email if acme else "",
            "server": answers.acme_server,
        },
        "users": dict(_USERS),
        "database": {
            "engine": str(answers.database),
            "dsn": _DSN if answers.database is Engine.POSTGRESQL else "",
        },
        "keys": {"protection": str(answers.protection)},
        "rtc": {"public_address": answers.public_address},
        "firewall": {"incoming": answers.firewall, "ssh_ports": list(answers.ssh_ports)},
        "mail": {
            "host": relay.host if relay else "",
            "port": relay.port if relay else 587,
            "security": relay.security if relay else "starttls",
            "username": relay.username if relay else "",
            "password_file": str(places.smtp_password) if relay and relay.username else "",
            "sender": answers.mail_from,
            "alerts_to": answers.email,
        },
        "backup": {
            "targets": list(answers.backup),
            "credentials_file": str(places.backup_credentials) if _has_credentials(answers, places) else "",
        },
    }


def for_ansible(answers: Answers) -> dict[str, Any]:
    """What Ansible needs besides the settings, complete."""
    acme = answers.certificate.kind is CertificateKind.ACME
    return {
        "wellhouse_database": str(answers.database),
        "wellhouse_data_device": answers.data_device,
        "wellhouse_certificate": str(answers.certificate.kind),
        "wellhouse_certificate_chain": str(answers.certificate.chain or ""),
        "wellhouse_certificate_key": str(answers.certificate.key or ""),
        "wellhouse_acme_email": answers.email if acme else "",
        "wellhouse_acme_server": answers.acme_server,
        "wellhouse_key_protection": str(answers.protection),
        "wellhouse_firewall": answers.firewall,
        "wellhouse_ssh_ports": list(answers.ssh_ports),
        "wellhouse_time_sync": answers.time_sync,
        "wellhouse_updates": answers.updates,
    }


def merged(answers: Answers, places: Places) -> tuple[dict[str, dict[str, Any]], Settings]:
    """The settings file's table with the answers in it, and what it means; SettingError if something in it is wrong."""
    table = read_table(places.settings)
    for section, values in settings_of(answers, places).items():
        table[section] = {**table.get(section, {}), **values}
    return table, parse(table)


def write(answers: Answers, places: Places) -> list[Path]:
    """Put everything in its place, secrets first; the files that are new or other than before."""
    table, _ = merged(answers, places)
    changed = []
    places.etc.mkdir(mode=0o755, parents=True, exist_ok=True)
    for file, secret in (
        (places.smtp_password, answers.smtp_password),
        (places.backup_credentials, answers.backup_credentials),
    ):
        if secret is not None:
            _folder_of_secrets(places)
            changed += _put(file, f"{secret.text}\n", mode=0o400)
    if table != read_table(places.settings):
        if places.settings.exists():
            # Whoever wrote comments into it finds them there.
            _put(places.settings.with_suffix(".toml.before"), places.settings.read_text(encoding="utf-8"), mode=0o600)
        changed += _put(places.settings, toml(table), mode=0o644)
    ansible = json.dumps(for_ansible(answers), indent=2) + "\n"
    return [*changed, *_put(places.for_ansible, ansible, mode=0o600)]


def hand_over(passphrase: Secret, places: Places) -> None:
    """Put the passphrase where Ansible's key role reads it once, in memory only."""
    places.handed_over.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _put(places.handed_over, f"{passphrase.text}\n", mode=0o400)


def read_table(file: Path) -> dict[str, dict[str, Any]]:
    """The table in a settings file; empty if there is none. Invalid if it cannot be read as one."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise Invalid(f"{file} is not valid TOML: {e}. Put that line right, or move the file away.") from e
    return {name: value for name, value in table.items() if isinstance(value, dict)}


def toml(table: dict[str, dict[str, Any]]) -> str:
    """*table* as a settings file, each setting under the sentence that explains it."""
    sections = {f.name: f.default_factory for f in fields(Settings)}
    lines = [
        "# Wellhouse's settings. install.sh wrote this and writes it again when an answer changes; what you add stays."
    ]
    for name, values in table.items():
        kind = sections[name]
        prose = {f.name: f.metadata["prose"] for f in fields(kind)}  # type: ignore[arg-type]  # each is a dataclass
        lines += ["", f"[{name}]"]
        for key, value in values.items():
            lines += [f"# {prose[key]}", f"{key} = {_toml_value(value)}"]
    return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    # JSON's texts, numbers, booleans and lists are TOML's too; only TOML forbids the bare DEL that JSON lets through.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def _has_credentials(answers: Answers, places: Places) -> bool:
    remote = any(target.startswith(reading.TARGETS_WITH_ACCOUNT) for target in answers.backup)
    return remote and (answers.backup_credentials is not None or places.backup_credentials.exists())


def _folder_of_secrets(places: Places) -> None:
    places.secrets.mkdir(mode=0o700, exist_ok=True)


def _put(file: Path, text: str, *, mode: int) -> list[Path]:
    """Write *file* whole or not at all, with *mode*; the file if that changed anything. Its owner stays."""
    content, owner = text.encode(), None
    try:
        status = file.stat()
        owner = status.st_uid, status.st_gid
        if file.read_bytes() == content:
            return []
    except FileNotFoundError:
        pass
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # 0600 until it is complete
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            if owner is not None:
                os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return [file]
