"""The JSON that the visit's page sends."""

from __future__ import annotations

import uuid
from typing import TypeVar

import msgspec
from flask import request
from flask_babel import gettext

from core.errors import Invalid


class WaitForm(msgspec.Struct, frozen=True):
    """From the lobby; absent when a page only comes back."""

    place: str | None = None
    phone: str | None = None


class PersonForm(msgspec.Struct, frozen=True):
    """Whom to let in: the id of their attendance."""

    person: uuid.UUID


class ChatForm(msgspec.Struct, frozen=True):
    """A line of chat with the id that the page made for it."""

    id: uuid.UUID
    body: str


T = TypeVar("T", bound=msgspec.Struct)


def read_json(form: type[T]) -> T:
    """The request's body as *form*; Invalid if it is something else."""
    try:
        return msgspec.json.decode(request.get_data() or b"{}", type=form)
    except msgspec.MsgspecError as e:
        raise Invalid(gettext("We could not understand that. Reload the page and try again.")) from e
