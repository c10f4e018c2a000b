"""Columns. There is no neutral text column: content is sealed, and what is not sealed says why."""

from __future__ import annotations

import enum
import json
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

import peewee

from core.ids import new_id
from webapp.crypto import seal
from webapp.crypto.keyring import Keyring
from webapp.db.database import db

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_keyring: Keyring | None = None

# What the present request has unsealed of clients' content, as table.column; the guard looks at it afterwards.
opened_of_clients: ContextVar[set[str] | None] = ContextVar("opened_of_clients", default=None)


class Of(enum.Enum):
    """Whose content a sealed column holds; what is of a client may not be read without an access event."""

    CLIENT = "client"
    ACCOUNT = "account"
    PRACTICE = "practice"


def use_keyring(keyring: Keyring) -> None:
    """The keyring with which sealed columns of this process open and close."""
    global _keyring
    _keyring = keyring


class SealedText(peewee.BlobField):
    """Text under AES-256-GCM, bound to its table and column. Cannot be searched or sorted, which is the point."""

    def __init__(self, *, of: Of, null: bool = False) -> None:
        super().__init__(null=null)
        self.of = of

    @property
    def place(self) -> str:
        return f"{self.model._meta.table_name}.{self.column_name}"

    def db_value(self, value: str | None) -> Any:
        if value is None:
            return None
        sealed = seal.seal(_ring(), value.encode(), place=self.place)
        return super().db_value(sealed)  # type: ignore[no-untyped-call]  # peewee's stub leaves it open

    def python_value(self, value: Any) -> str | None:
        if value is None:
            return None
        opened = opened_of_clients.get()
        if opened is not None and self.of is Of.CLIENT:
            opened.add(self.place)
        return seal.unseal(_ring(), bytes(value), place=self.place).decode()


class PlainText(peewee.TextField):
    """Text that lies readable inside the encrypted database; *why* says what needs it so."""

    def __init__(self, *, why: str, **options: Any) -> None:
        if not why:
            raise TypeError("say why this text is not sealed")
        super().__init__(**options)
        self.why = why


class PlainJson(PlainText):
    """A small JSON value with the same demand as PlainText."""

    def db_value(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)

    def python_value(self, value: str | None) -> Any:
        return None if value is None else json.loads(value)


class Choice(peewee.TextField):
    """A member of a closed StrEnum."""

    def __init__(self, of: type[enum.StrEnum], **options: Any) -> None:
        super().__init__(**options)
        self.enum = of

    def db_value(self, value: Any) -> str | None:
        return None if value is None else self.enum(value).value

    def python_value(self, value: str | None) -> enum.StrEnum | None:
        return None if value is None else self.enum(value)


class Moment(peewee.BigIntegerField):
    """An aware UTC time, kept as microseconds since 1970: the same order and arithmetic on both databases."""

    def db_value(self, value: datetime | None) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return (value - _EPOCH) // timedelta(microseconds=1)

    def python_value(self, value: int | None) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Row(peewee.Model):
    """A table with a random id. Foreign keys to other rows are UUIDs too."""

    id: Any = peewee.UUIDField(primary_key=True, default=new_id)

    class Meta:
        database = db
        legacy_table_names = False
        only_save_dirty = True


def _ring() -> Keyring:
    if _keyring is None:
        raise RuntimeError("use_keyring was not called in this process")
    return _keyring
