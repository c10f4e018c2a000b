"""The recovery sheet: the one piece of paper with which another machine opens everything."""

from __future__ import annotations

from datetime import datetime

from core.settings import Settings
from webapp.crypto.keyring import Keyring

GROUP_SIGNS, GROUPS_A_LINE = 4, 8


def recovery_sheet(settings: Settings, *, at: datetime) -> str:
    """The sheet's text, with the master key in groups of four. Whoever reads it can open every backup."""
    keyring = Keyring.of(settings.paths)
    digits = keyring.master_digits
    groups = [digits[i : i + GROUP_SIGNS] for i in range(0, len(digits), GROUP_SIGNS)]
    lines = [" ".join(groups[i : i + GROUPS_A_LINE]) for i in range(0, len(groups), GROUPS_A_LINE)]
    key = "\n".join(f"    {line}" for line in lines)
    targets = "\n".join(f"    {target}" for target in settings.backup.targets) or "    (none set yet)"
    return f"""\
WELLHOUSE RECOVERY SHEET                                      {at:%Y-%m-%d}

Keep this on paper, in a locked place that is not the server room.
Whoever has it can open this box and every backup of it.

The box      {settings.site.hostname}
Its key      {keyring.fingerprint()} (the name of the key below, as “wellhouse keys” shows it)

Recovery key
{key}

Backups lie in
{targets}

Besides this sheet you need what opens the target: the disk itself, the SSH key
or the storage's access key. Write here where that is kept:
    ______________________________________________________________

When the box is lost
 1. Install Debian or Ubuntu on another machine and get Wellhouse.
 2. Run:  wellhouse restore TARGET
    (with --credentials-file FILE if the target needs a key)
 3. Type the recovery key when it asks.

When the box is there and does not open (a TPM2 cleared or replaced, a passphrase forgotten)
    sudo wellhouse unlock --recovery-key

Without Wellhouse the program restic opens the backups, with this password:
    {keyring.backup_password()}
"""
