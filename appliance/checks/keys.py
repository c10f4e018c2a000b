"""The keys: only for their owners, away from the data, and what protects them if the disk is stolen."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from appliance.box import Box
from appliance.certificates.files import certificate_files
from appliance.checks.devices import on_encrypted_device, plain_swap
from appliance.checks.finding import Finding, error, ok, unless_demo, warning
from appliance.keys import place, tpm2
from appliance.keys.envelope import Protection
from appliance.keys.place import KeyPlace, State
from core.errors import Refused
from core.settings import Settings


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    settings, paths = box.settings, box.settings.paths
    own = (paths.plain_master_key, paths.sealed_master_key, paths.opened_master_key, certificate_files(settings).key)
    # coturn, in a group of its own, reads whom it lets in.
    secret = {**dict.fromkeys(own, 0o400), paths.relay_guests: 0o640}
    bad = False
    for file, most in secret.items():
        if not file.exists():
            continue  # the subjects that need it say so
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077 & ~most:
            bad = True
            yield error(f"{file} can be read by others (mode {mode:04o}).", f"Run: chmod {most:04o} {file}")
    folder = Path(paths.keys)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o027:
        bad = True
        yield error(f"{folder} is open to others (mode {mode:04o}).", f"Run: chmod o-rwx,g-w {folder}")
    data = Path(paths.data)
    if any(file.is_file() and _same_content(file, paths.master_key) for file in data.rglob("*.key")):
        bad = True
        yield error(f"A copy of the master key lies inside {data}: a copy of the data would open.", "Remove that copy.")
    if not bad:
        yield ok("The keys are readable by their owners only, and lie outside the data.")
    yield from _protection(settings, place.look(settings))


def _protection(settings: Settings, found: KeyPlace) -> Iterator[Finding]:
    if found.state is State.LOCKED:
        yield error("The box is locked: nobody can sign in.", "Run: sudo wellhouse unlock")
    wanted = Protection(settings.keys.protection)
    if wanted is not found.protection and found.state is not State.ABSENT:
        yield warning(
            f"The settings want the master key protected by {wanted}, and it is by {found.protection}.",
            f"Run: sudo wellhouse keys protect --with {wanted}",
        )
    if found.protection is Protection.FILE:
        yield from _plain(settings)
        return
    if settings.paths.plain_master_key.exists() or place.left_over(settings):
        yield error(
            f"A plain file of a master key lies in {settings.paths.keys}, beside the sealed one.",
            f"Run: sudo wellhouse keys protect --with {found.protection}, which removes it.",
        )
    if found.protection is Protection.TPM2:
        yield from _tpm2(settings)
    else:
        yield ok("A passphrase protects the master key: a stolen disk or machine stays shut.")
    if swap := plain_swap():
        yield warning(
            f"{', '.join(swap)} holds swapped-out memory without encryption: an opened key can end up there.",
            "Turn swap off (swapoff --all, and its lines in /etc/fstab), or put it on an encrypted volume.",
        )


def _plain(settings: Settings) -> Iterator[Finding]:
    folder = Path(settings.paths.keys)
    if on_encrypted_device(folder):
        yield ok(f"The master key is a file, and {folder} lies on an encrypted volume.")
        return
    better = "passphrase" if tpm2.missing() else "tpm2"
    finding = warning(
        "The master key is a file on a disk that is not encrypted: who steals the disk can open the record.",
        f"Run: sudo wellhouse keys protect --with {better}",
    )
    yield unless_demo(finding, demo=settings.site.demo)


def _tpm2(settings: Settings) -> Iterator[Finding]:
    if os.geteuid() == 0:  # only root may ask the TPM
        try:
            tpm2.unseal(place.sealed_key(settings))
        except Refused as e:
            yield error(
                f"After the next start this box would stay locked. {e.sentence}",
                "While it is open, run: sudo wellhouse keys protect --with tpm2",
            )
            return
    yield ok("The master key is sealed to this machine's TPM2: its disk elsewhere stays shut.")


def _same_content(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes().strip() == other.read_bytes().strip()
