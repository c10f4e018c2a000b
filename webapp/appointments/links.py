"""Addresses of an appointment, for mails and for features that lie below."""

from __future__ import annotations

import uuid


def appointment_path(appointment: uuid.UUID) -> str:
    """Its page, with “Join” while it can be entered."""
    return f"/appointments/{appointment}"


def visit_path(appointment: uuid.UUID) -> str:
    """The door of its visit."""
    return f"/appointments/{appointment}/visit"
