"""What an earlier run left in /etc/wellhouse, as answers: only what is new is asked again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from appliance.install import reading
from appliance.install.answers import CertificateKind, Protection
from appliance.install.record import Places, read_table
from core.errors import Invalid


def texts(places: Places) -> dict[str, str]:
    """Texts by question; Invalid if a file there cannot be read."""
    table, ansible = read_table(places.settings), _for_ansible(places)
    found: dict[str, str | None] = {
        "hostname": _text(table, "site", "hostname"),
        "other-names": _list(table, "site", "other_names"),
        "email": _text(table, "mail", "alerts_to") or None,
        "certificate": _certificate(ansible),
        "public-address": _or_none(_text(table, "rtc", "public_address")),
        "database": _text(table, "database", "engine"),
        "key-protection": _text(table, "keys", "protection"),
        "smtp": _relay(table),
        "mail-from": _text(table, "mail", "sender") or None,
        "backup": _or_none(_list(table, "backup", "targets")),
        "passphrase-file": _passphrase(table, places),
        "smtp-password-file": reading.KEPT if places.smtp_password.exists() else None,
        "backup-credentials": reading.KEPT if places.backup_credentials.exists() else None,
        "data-device": _or_none(ansible.get("wellhouse_data_device")),
        "acme-server": _or(reading.USUAL, ansible.get("wellhouse_acme_server")),
        "firewall": _yes_or_no(ansible.get("wellhouse_firewall")),
        "ssh-port": ",".join(map(str, ansible.get("wellhouse_ssh_ports", []))) or None,
        "time-sync": _yes_or_no(ansible.get("wellhouse_time_sync")),
        "updates": _yes_or_no(ansible.get("wellhouse_updates")),
    }
    return {name: text for name, text in found.items() if text is not None}


def _for_ansible(places: Places) -> dict[str, Any]:
    try:
        found = json.loads(places.for_ansible.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as e:
        raise Invalid(f"{places.for_ansible} is damaged: {e}. Move it away; its questions are then asked again.") from e
    return found if isinstance(found, dict) else {}


def _text(table: dict[str, dict[str, Any]], section: str, key: str) -> str | None:
    value = table.get(section, {}).get(key)
    return None if value is None else str(value)


def _list(table: dict[str, dict[str, Any]], section: str, key: str) -> str | None:
    value = table.get(section, {}).get(key)
    return None if value is None else ",".join(map(str, value))


def _or_none(text: str | None) -> str | None:
    return _or(reading.NONE, text)


def _or(word: str, text: str | None) -> str | None:
    return word if text == "" else text


def _yes_or_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _certificate(ansible: dict[str, Any]) -> str | None:
    kind = ansible.get("wellhouse_certificate")
    if kind != CertificateKind.OWN:
        return kind
    return f"{ansible['wellhouse_certificate_chain']},{ansible['wellhouse_certificate_key']}"


def _passphrase(table: dict[str, dict[str, Any]], places: Places) -> str | None:
    # Once something is sealed with it, only a box that is locked asks for it again.
    sealed = Path(_text(table, "paths", "keys") or places.etc / "keys") / "master.sealed"
    opened = Path(_text(table, "paths", "run") or places.run) / "keys" / "master.key"
    is_set = _text(table, "keys", "protection") == Protection.PASSPHRASE and sealed.exists() and opened.exists()
    return reading.KEPT if is_set else None


def _relay(table: dict[str, dict[str, Any]]) -> str | None:
    mail = table.get("mail", {})
    if "host" not in mail:
        return None
    if not mail["host"]:
        return reading.NONE
    account = f"{mail['username']}@" if mail.get("username") else ""
    return f"{account}{mail['host']}:{mail.get('port', 587)}"
