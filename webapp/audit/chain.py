"""The chain: each row's HMAC-SHA256 covers the row and the one before, under a key that the database does not hold."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import peewee

from core.clock import from_unix
from webapp.audit.anchor import Anchor
from webapp.audit.events import Event
from webapp.audit.models import AuditEvent, AuditHead
from webapp.db.database import db

GENESIS = b"\x00" * 32
_HEAD = 1
_POSTGRES_LOCK = 0x77656C6C  # any fixed number: one appender at a time

_key: bytes | None = None


def use_key(key: bytes) -> None:
    """The MAC key of this process (Keyring.audit_key)."""
    global _key
    _key = key


def lock() -> None:
    """Become the only appender until the transaction ends. SQLite's writer is the only one already."""
    if isinstance(db.obj, peewee.PostgresqlDatabase):
        db.execute_sql("SELECT pg_advisory_xact_lock(%s)", (_POSTGRES_LOCK,))


def append(events: Iterable[Event], *, at: datetime) -> None:
    """Add *events* to the record inside the open transaction. Call lock() first."""
    head = AuditHead.get_or_none(AuditHead.id == _HEAD)
    sequence, mac = (head.sequence, bytes(AuditEvent.get_by_id(head.sequence).mac)) if head else (0, GENESIS)
    for event in events:
        sequence += 1
        values = _values(event, sequence=sequence, at=at)
        mac = _row_mac(mac, values)
        AuditEvent.insert(**values, mac=mac).execute()
    if head is None:
        AuditHead.insert(id=_HEAD, sequence=sequence, mac=_head_mac(sequence, mac)).execute()
    else:
        AuditHead.update(sequence=sequence, mac=_head_mac(sequence, mac)).where(AuditHead.id == _HEAD).execute()


@dataclass(frozen=True)
class Verdict:
    """*rows* were looked at; *fault* is a sentence naming the first bad one, or empty. *end* is the last good row."""

    rows: int
    fault: str
    end: Anchor = field(default=Anchor(), compare=False)


def verify(anchors: Iterable[Anchor] = ()) -> Verdict:
    """Walk the whole chain; name the first row that was edited, removed, inserted or moved.

    *anchors* were remembered outside the database: each must still be there.
    """
    mac, expected, end = GENESIS, 0, Anchor()
    remembered = {anchor.sequence: anchor for anchor in anchors if anchor.sequence}
    rows = iter(AuditEvent.select().order_by(AuditEvent.sequence).iterator())
    while True:
        try:
            row = next(rows, None)
        except ValueError:  # a word or value that this program never writes
            return Verdict(expected, f"Row {expected + 1} of the audit record was edited.")
        if row is None:
            break
        expected += 1
        if row.sequence != expected:
            return Verdict(
                expected - 1, f"Row {expected} of the audit record is missing: the next one is {row.sequence}."
            )
        values = {name: getattr(row, name) for name in _COVERED}
        mac = _row_mac(mac, values)
        if not hmac.compare_digest(mac, bytes(row.mac)):
            return Verdict(
                expected - 1,
                f"Row {expected} of the audit record was edited or moved ({row.at:%Y-%m-%d %H:%M:%S} UTC).",
            )
        end = Anchor(expected, mac.hex(), row.at.timestamp())
        if (anchor := remembered.get(expected)) and not hmac.compare_digest(anchor.mac, end.mac):
            return Verdict(expected - 1, _replaced(anchor))
    if beyond := [anchor for sequence, anchor in remembered.items() if sequence > expected]:
        return Verdict(expected, _cut_off(expected, max(beyond, key=lambda anchor: anchor.sequence)))
    return _judge_head(expected, mac, end)


def _judge_head(expected: int, mac: bytes, end: Anchor) -> Verdict:
    head = AuditHead.get_or_none(AuditHead.id == _HEAD)
    if head is None:
        fault = "" if expected == 0 else "The head of the audit record is missing."
        return Verdict(expected, fault, end)
    if head.sequence != expected or not hmac.compare_digest(_head_mac(expected, mac), bytes(head.mac)):
        return Verdict(expected, f"The audit record ends at row {expected}, but should end at row {head.sequence}.")
    return Verdict(expected, "", end)


def _cut_off(rows: int, anchor: Anchor) -> str:
    return (
        f"Row {rows + 1} of the audit record is missing, and all after it: row {anchor.sequence} "
        f"({from_unix(anchor.at):%Y-%m-%d %H:%M:%S} UTC) was there, and is remembered outside the database."
    )


def _replaced(anchor: Anchor) -> str:
    return (
        f"Row {anchor.sequence} of the audit record is not the one that was there "
        f"({from_unix(anchor.at):%Y-%m-%d %H:%M:%S} UTC): its end was cut off and written anew."
    )


_COVERED = ("sequence", "at", "action", "outcome", "account", "role", "session", "address", "client", "about")


def _values(event: Event, *, sequence: int, at: datetime) -> dict[str, Any]:
    actor = event.actor
    return {
        "sequence": sequence,
        "at": at,
        "action": event.action,
        "outcome": event.outcome,
        "account": actor.account,
        "role": actor.role.value,
        "session": actor.session,
        "address": actor.address,
        "client": event.client,
        # as it will be read back, or the MAC would differ
        "about": json.loads(json.dumps(dict(event.about), default=str)),
    }


def _row_mac(previous: bytes, values: dict[str, Any]) -> bytes:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=_spell)
    return hmac.new(_need_key(), previous + text.encode(), hashlib.sha256).digest()


def _head_mac(sequence: int, mac: bytes) -> bytes:
    return hmac.new(_need_key(), b"head" + sequence.to_bytes(8, "big") + mac, hashlib.sha256).digest()


def _spell(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _need_key() -> bytes:
    if _key is None:
        raise RuntimeError("use_key was not called in this process")
    return _key
