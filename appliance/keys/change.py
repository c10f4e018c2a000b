"""Changing what protects the master key, in steps between which the power may fail.

At every moment one copy on disk opens, and which copy counts is decided by one rename: while there is a sealed key, it
counts; else the plain file does. What an interruption leaves over is removed by the next unlocking or change.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path

from appliance.configure.change_setting import change_setting
from appliance.keys import envelope, passphrase, place, tpm2
from appliance.keys.envelope import Cost, Envelope, Protection
from appliance.keys.place import State
from appliance.storage import volume
from core.errors import Refused
from core.settings import Settings, load
from webapp.crypto.keyring import MASTER_BYTES, Keyring


def make_master_key(settings: Settings) -> Keyring:
    """A new random key for a new box, kept nowhere yet.

    Refused if there is a database: a new key would open nothing, and hide that the old one is missed.
    """
    paths = settings.paths
    existing = [path for path in (paths.database_file, paths.queue_file) if path.exists()]
    if existing:
        raise Refused(
            f"{existing[0]} exists, but its key {paths.plain_master_key} is gone. Restore the key from the recovery "
            f"sheet: {envelope.FROM_SHEET}"
        )
    return Keyring(secrets.token_bytes(MASTER_BYTES))


def protect(
    settings: Settings, config: Path, wanted: Protection, *, words: str = "", at: datetime, cost: Cost = passphrase.COST
) -> bool:
    """Have the master key protected as *wanted*; whether the key is new. *words*: the passphrase, where it is one.

    Locked while the box is; Refused, with nothing changed, if this machine cannot do it.
    """
    with place.alone(settings):
        is_new = place.look(settings).state is State.ABSENT
        keyring = make_master_key(settings) if is_new else Keyring.of(settings.paths)
        if wanted is Protection.FILE:
            _keep_plain(settings, keyring)
        else:
            place.refuse_unless_in_memory(settings)
            sealed = _seal(settings, keyring, wanted, words, at=at, cost=cost)
            _keep_sealed(settings, keyring, sealed)
        if config.exists() and load(config).keys.protection != wanted:
            change_setting(config, "keys", "protection", wanted)
        return is_new


def provide(settings: Settings, *, at: datetime) -> bool:
    """Make the master key if the box is new, protected as the settings say; whether one was made."""
    if place.look(settings).state is not State.ABSENT:
        return False
    with place.alone(settings):
        return place.look(settings).state is State.ABSENT and _provide(settings, at=at)


def _provide(settings: Settings, *, at: datetime) -> bool:
    wanted = Protection(settings.keys.protection)
    if wanted is Protection.PASSPHRASE:
        make_master_key(settings)  # if there is a database, that is the sentence to read first
        raise Refused("The key is to have a passphrase. Run “wellhouse keys protect --with passphrase” first.")
    keyring = make_master_key(settings)
    if wanted is Protection.TPM2:
        place.refuse_unless_in_memory(settings)
        _keep_sealed(settings, keyring, _seal(settings, keyring, Protection.TPM2, "", at=at, cost=passphrase.COST))
    else:
        _keep_plain(settings, keyring)
    return True


def adopt(settings: Settings, keyring: Keyring, *, at: datetime) -> Protection:
    """Make *keyring*, from a recovery sheet, the box's own; how it is protected now.

    A TPM2 takes it if the settings want that and there is one; else it is a file, until somebody protects it. Another
    key that lies here is kept aside: it may be all that opens other data.
    """
    with place.alone(settings):
        return _adopt(settings, keyring, at=at)


def _adopt(settings: Settings, keyring: Keyring, *, at: datetime) -> Protection:
    sealed = None
    if settings.keys.protection == Protection.TPM2 and not tpm2.missing():
        place.refuse_unless_in_memory(settings)
        sealed = _seal(settings, keyring, Protection.TPM2, "", at=at, cost=passphrase.COST)
    former = volume.present_key(settings)
    volume.let_in(settings, keyring)
    for file in (settings.paths.sealed_master_key, settings.paths.plain_master_key):
        if file.exists() and not holds(file, keyring, settings):
            file.rename(file.with_name(f"{file.name}.before-{at:%Y%m%d-%H%M%S}"))
    if sealed is None:
        _keep_plain(settings, keyring)
    else:
        _keep_sealed(settings, keyring, sealed)
    volume.keep_out_others(settings, former)
    return Protection.FILE if sealed is None else Protection.TPM2


def _seal(
    settings: Settings, keyring: Keyring, wanted: Protection, words: str, *, at: datetime, cost: Cost
) -> Envelope:
    """The sealed key, proved to open."""
    if wanted is Protection.TPM2:
        sealed = tpm2.seal(keyring, made_at=at.timestamp())
        opened = tpm2.unseal(sealed)
    else:
        passphrase.refuse_weak(words, *settings.names)
        sealed = passphrase.seal(keyring, words, made_at=at.timestamp(), cost=cost)
        opened = passphrase.unseal(sealed, words)
    if opened.master_digits != keyring.master_digits:
        raise Refused("What was sealed does not give the key back. Nothing was changed.")
    return sealed


def _keep_sealed(settings: Settings, keyring: Keyring, sealed: Envelope) -> None:
    place.put_opened(settings, keyring)  # first: with the sealed key in place, this is where everything reads
    settings.paths.sealed_master_key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    envelope.put(settings.paths.sealed_master_key, sealed)
    place.remove_plain(settings)


def _keep_plain(settings: Settings, keyring: Keyring) -> None:
    place.put_plain(settings, keyring)
    place.remove(settings.paths.sealed_master_key)  # from here on the plain file counts
    place.remove(settings.paths.opened_master_key)
    place.remove_left_over(settings)


def holds(file: Path, keyring: Keyring, settings: Settings) -> bool:
    """Whether *file*, the sealed or the plain one, is of the same key."""
    try:
        if file == settings.paths.sealed_master_key:
            return envelope.read(file).fingerprint == keyring.fingerprint()
        return Keyring.load(file).master_digits == keyring.master_digits
    except Refused:
        return False
