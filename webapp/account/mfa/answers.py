"""What the browser's script sends back from ``navigator.credentials``, hostile JSON until looked at; and one answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, jsonify, request
from flask_babel import gettext

from core.errors import Invalid
from webapp.account.throttle import TooManyTries
from webapp.account.words import too_many


@dataclass(frozen=True)
class KeyAnswer:
    """*ceremony* as it was begun, the key's *answer*, and the name typed for a new key."""

    ceremony: uuid.UUID
    answer: Mapping[str, Any]
    name: str
    next: str


def read_key_answer() -> KeyAnswer:
    """The present request's body; Invalid if it is not one."""
    body = request.get_json(silent=True)
    wrong = Invalid(gettext("The key's answer could not be read. Please start again."))
    if not isinstance(body, dict) or not isinstance(body.get("answer"), dict):
        raise wrong
    try:
        ceremony = uuid.UUID(str(body.get("ceremony")))
    except ValueError as e:
        raise wrong from e
    return KeyAnswer(ceremony, body["answer"], str(body.get("name", "")), str(body.get("next", "")))


def slowed_json(error: TooManyTries) -> Response:
    """What a script is answered that tried too often: when to try again."""
    answer = jsonify(error="429", sentence=too_many(error))
    answer.status_code, answer.headers["Retry-After"] = 429, str(error.retry_after_s)
    return answer
