"""Recovery codes: ten of them, shown once, each good once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from datetime import datetime

from webapp.account.mfa.models import RecoveryCode
from webapp.crypto.keyring import Keyring
from webapp.db.unit import current_unit

CODES = 10
# Without the letters and digits that are mistaken for each other. 18 of 31 signs are 89 bits (ASVS 6.5.2 asks for 80).
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, GROUP_SIGNS = 3, 6


def renew(account: uuid.UUID, keyring: Keyring) -> list[str]:
    """Ten new codes for *account*; the old ones are dead. Only their keyed hashes are kept. Inside a unit."""
    current_unit()
    RecoveryCode.delete().where(RecoveryCode.account == account).execute()
    codes = [_new_code() for _ in range(CODES)]
    for code in codes:
        RecoveryCode.create(account=account, code_hash=_hash(code, account, keyring))
    return codes


def accept(account: uuid.UUID, code: str, keyring: Keyring, *, at: datetime) -> bool:
    """Use *code* up: true once, whoever else tries it at the same time. Inside a unit."""
    used = RecoveryCode.update(used_at=at).where(
        (RecoveryCode.account == account)
        & (RecoveryCode.code_hash == _hash(code, account, keyring))
        & RecoveryCode.used_at.is_null()
    )
    return int(used.execute()) == 1


def forget(account: uuid.UUID) -> None:
    """*account* has no codes any more. Inside a unit."""
    current_unit()
    RecoveryCode.delete().where(RecoveryCode.account == account).execute()


def left(account: uuid.UUID) -> int:
    """How many codes are still good."""
    rows = RecoveryCode.select().where((RecoveryCode.account == account) & RecoveryCode.used_at.is_null())
    return int(rows.count())


def _new_code() -> str:
    signs = [secrets.choice(ALPHABET) for _ in range(GROUPS * GROUP_SIGNS)]
    return "-".join("".join(signs[i : i + GROUP_SIGNS]) for i in range(0, len(signs), GROUP_SIGNS))


def _hash(code: str, account: uuid.UUID, keyring: Keyring) -> str:
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return hmac.new(keyring.hash_key("recovery code"), f"{account} {plain}".encode(), hashlib.sha256).hexdigest()
