"""Opening a sealed master key for this boot."""

from __future__ import annotations

from datetime import datetime

from appliance.keys import change, passphrase, place, tpm2
from appliance.keys.envelope import Protection
from appliance.keys.place import State
from core.errors import Refused
from core.settings import Settings
from webapp.crypto.keyring import Keyring, Locked


def at_boot(settings: Settings) -> bool:
    """Open what opens without a person; whether there was something to open. Locked if a passphrase is needed."""
    found = place.look(settings)
    if found.state is not State.LOCKED:
        return False
    if found.protection is Protection.PASSPHRASE:
        raise Locked
    tpm2.wait_for_device()
    _hand_over(settings, tpm2.unseal(place.sealed_key(settings)))
    return True


def with_passphrase(settings: Settings, words: str) -> None:
    """Open the key with its passphrase; WrongPassphrase if it is not the one."""
    _hand_over(settings, passphrase.unseal(place.sealed_key(settings), words))


def with_recovery_key(settings: Settings, keyring: Keyring, *, at: datetime) -> Protection:
    """Open the box with the key of its recovery sheet, whatever protects it; how it is protected from now on.

    A sealed key stays as it is. Where none can be read, the key from the sheet becomes the box's own.
    """
    paths = settings.paths
    try:
        sealed = place.sealed_key(settings) if paths.sealed_master_key.exists() else None
    except Refused:
        sealed = None  # damaged: it is put aside
    present = sealed.fingerprint if sealed else _plain_fingerprint(settings)
    if present not in ("", keyring.fingerprint()):
        raise Refused(
            f"That is the recovery key {keyring.fingerprint()}, and this box has the key {present}. Look for a typing "
            "error, or for the sheet of this box."
        )
    if sealed is None:
        return change.adopt(settings, keyring, at=at)
    _hand_over(settings, keyring)
    return sealed.protection


def _plain_fingerprint(settings: Settings) -> str:
    """The name of the key in the plain file; empty if there is none, or it is damaged."""
    try:
        return Keyring.load(settings.paths.plain_master_key).fingerprint()
    except Refused:
        return ""


def _hand_over(settings: Settings, keyring: Keyring) -> None:
    with place.alone(settings):
        if not settings.paths.sealed_master_key.exists():
            return  # somebody made it a file in the meantime, which needs no opening
        place.put_opened(settings, keyring)
        # A change of protection that was cut off may have left the key's file; another key's is not ours to remove.
        if change.holds(settings.paths.plain_master_key, keyring, settings):
            place.remove_plain(settings)
        place.remove_left_over(settings)
