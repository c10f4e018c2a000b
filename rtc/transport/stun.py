"""Connectivity checks on the wire: what a browser asks and what it is answered (RFC 8489; RFC 8445, 7)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from aioice import stun

_HEADER = struct.Struct("!HH4x12x")
_ATTRIBUTE = struct.Struct("!HH")
BINDING_REQUEST = 0x0001
USERNAME = 0x0006
USERNAME_LONGEST = 512  # RFC 8489, 14.3 allows 508; two ICE fragments of 256 and a colon are cut here


@dataclass(frozen=True)
class Check:
    """An authentic connectivity check."""

    transaction_id: bytes
    nominates: bool


def peek_username(datagram: bytes) -> tuple[str, str] | None:
    """(our fragment, their fragment) of a binding request, without a look at anything else; None if it is none.

    Costs little, so that a flood of requests with invented names costs little.
    """
    kind, length = _HEADER.unpack_from(datagram)
    end = len(datagram)
    if kind != BINDING_REQUEST or length + stun.HEADER_LENGTH != end:
        return None
    at = stun.HEADER_LENGTH
    while at + 4 <= end:
        attribute, size = _ATTRIBUTE.unpack_from(datagram, at)
        at += 4
        if attribute == USERNAME:
            if size > USERNAME_LONGEST or at + size > end:
                return None
            ours, colon, theirs = datagram[at : at + size].decode("ascii", "replace").partition(":")
            return (ours, theirs) if colon else None
        at += (size + 3) & ~3
    return None


def read_check(datagram: bytes, password: str) -> Check | None:
    """The check in *datagram*, or None unless it carries MESSAGE-INTEGRITY made with *password*."""
    try:
        message = stun.parse_message(datagram)
    except (ValueError, struct.error):
        return None
    if not message.check_message_integrity(password.encode()):
        return None
    return Check(transaction_id=message.transaction_id, nominates="USE-CANDIDATE" in message.attributes)


def answer(check: Check, password: str, remote: tuple[str, int]) -> bytes:
    """The success response to *check*, which came from *remote*. Shorter than any authentic request."""
    message = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.RESPONSE,
        transaction_id=check.transaction_id,
        attributes={"XOR-MAPPED-ADDRESS": remote},
    )
    message.add_message_integrity(password.encode())
    return bytes(message)
