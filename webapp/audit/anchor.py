"""What somebody outside the database remembers of the audit record's end.

The record's own head is a row like others: who puts an older, genuine one back together with the rows up to it hides
that the end was cut off. A backup's manifest and a file of root's remember a row that was there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Anchor:
    """Row *sequence* was there at *at* (Unix seconds) and had the MAC *mac* (hex). 0 stands before the first row."""

    sequence: int = 0
    mac: str = ""
    at: float = 0.0


def sign(anchor: Anchor, key: bytes) -> str:
    """*anchor* as a line of JSON that :func:`read` takes."""
    return json.dumps({**asdict(anchor), "signed": _signature(anchor, key)}) + "\n"


def read(text: str, key: bytes) -> Anchor | None:
    """The anchor in *text*; None if it was not written by :func:`sign` with this key."""
    try:
        raw = json.loads(text)
        signed = str(raw.pop("signed"))
        anchor = Anchor(int(raw["sequence"]), str(raw["mac"]), float(raw["at"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return anchor if hmac.compare_digest(signed, _signature(anchor, key)) else None


def _signature(anchor: Anchor, key: bytes) -> str:
    text = f"audit anchor {anchor.sequence} {anchor.mac} {anchor.at!r}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
