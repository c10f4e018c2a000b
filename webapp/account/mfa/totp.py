"""Time-based one-time codes (RFC 6238), each good once: the step it belongs to is remembered."""

from __future__ import annotations

import uuid
from datetime import datetime

import pyotp
import segno

from webapp.account.mfa.models import AuthenticatorApp

STEP_S = 30
WINDOW_STEPS = 1  # one step early or late, for clocks and slow fingers
SKEW_LOOK_STEPS = 20  # how far a wrong code is compared, only to tell somebody that a clock is off


def new_seed() -> str:
    """160 random bits in base32, as authenticator apps read them (RFC 4226, 4)."""
    return pyotp.random_base32(32)


def provisioning_uri(seed: str, *, account_name: str, issuer: str) -> str:
    """The ``otpauth://`` address that a QR code carries."""
    return pyotp.TOTP(seed).provisioning_uri(name=account_name, issuer_name=issuer)


def qr_picture(uri: str) -> str:
    """The address as a QR code: an SVG in a ``data:`` URI, dark on white in every theme, as cameras want it."""
    return segno.make(uri, error="m").svg_data_uri(scale=5, border=3, dark="#18221e", light="#ffffff")


def step_of(at: datetime) -> int:
    """The number of the 30-second step that *at* lies in."""
    return int(at.timestamp()) // STEP_S


def matching_step(seed: str, code: str, *, at: datetime, window: int = WINDOW_STEPS) -> int | None:
    """The step within *window* of now to which *code* belongs, or None."""
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    totp, now = pyotp.TOTP(seed), step_of(at)
    for distance in range(window + 1):
        for step in {now - distance, now + distance}:
            if pyotp.utils.strings_equal(totp.generate_otp(step), digits):
                return step
    return None


def accept(app_id: uuid.UUID, seed: str, code: str, *, at: datetime) -> bool:
    """Use *code* up: true once for each step, whoever else tries it at the same time. Inside a unit."""
    step = matching_step(seed, code, at=at)
    if step is None:
        return False
    taken = AuthenticatorApp.update(last_step=step, last_used_at=at).where(
        (AuthenticatorApp.id == app_id) & (AuthenticatorApp.last_step < step)
    )
    return int(taken.execute()) == 1


def minutes_off(seed: str, code: str, *, at: datetime) -> int | None:
    """By how many minutes the app's clock seems to be ahead (or behind, negative); None if *code* is simply wrong."""
    step = matching_step(seed, code, at=at, window=SKEW_LOOK_STEPS)
    return None if step is None else round((step - step_of(at)) * STEP_S / 60)
