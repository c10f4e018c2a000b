"""Sealing the master key to this machine's TPM2, by systemd-creds.

Bound to nothing that changes (docs/decisions/0010): a new kernel, firmware or boot loader must not lock the clinic out.
So the disk alone stays shut, and the whole machine opens by itself.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from appliance.keys.envelope import FROM_SHEET, Envelope, Protection
from core.errors import Refused
from webapp.crypto.keyring import Keyring

PROGRAM = "systemd-creds"
DEVICE = Path("/dev/tpmrm0")
NAME = "wellhouse-master-key"  # sealed with the key: one credential cannot be passed off as another
APPEARS_WITHIN_S = 20.0  # at boot; a box whose TPM2 is gone is told so after that
# Left to applications, zero from every start, extended by nothing in Debian or Ubuntu. None at all would be plainer,
# but systemd 252 (Debian 12) seals to no PCR and then refuses to open: "TPM2 PCR bank invalid or not supported".
PCR = 23
TAKES_AT_MOST_S = 60.0  # a slow TPM needs two


def missing() -> str:
    """What this machine lacks for sealing to a TPM2, as a sentence; empty if nothing."""
    if not DEVICE.exists():
        return "This machine has no TPM2, or it is switched off in the firmware's set-up."
    if shutil.which(PROGRAM) is None:
        return "This machine has a TPM2, but not the program systemd-creds (of systemd 250 or newer)."
    return ""


def wait_for_device() -> None:
    """Give a TPM2 that the kernel is still greeting the time to appear; it may have none."""
    deadline = time.monotonic() + APPEARS_WITHIN_S
    while not DEVICE.exists() and time.monotonic() < deadline:
        time.sleep(0.2)


def seal(keyring: Keyring, *, made_at: float) -> Envelope:
    """The master key, opened only by this machine's TPM2; Refused with the TPM's words if it does not do it."""
    if lack := missing():
        raise Refused(f"{lack} Choose a passphrase: “wellhouse keys protect --with passphrase”.")
    sealed = _ask(
        ["encrypt", "--with-key=tpm2", "--tpm2-device=auto", f"--tpm2-pcrs={PCR}", f"--name={NAME}", "-", "-"],
        keyring.master_digits.encode("ascii"),
    )
    return Envelope(Protection.TPM2, made_at, keyring.fingerprint(), "".join(sealed.decode("ascii").split()))


def unseal(envelope: Envelope) -> Keyring:
    """The keyring inside; Refused if this is not the TPM2 it was sealed to, or that was cleared."""
    try:
        digits = _ask(["decrypt", f"--name={NAME}", "--newline=no", "-", "-"], envelope.sealed.encode("ascii"))
        return Keyring(bytes.fromhex(digits.decode("ascii")))
    except (Refused, ValueError) as e:
        said = e.sentence if isinstance(e, Refused) else "it gave something that is no key"
        raise Refused(
            f"The TPM2 of this machine does not open the key ({said}). If it was cleared or replaced, open the "
            f"box from the recovery sheet: {FROM_SHEET}"
        ) from e


def _ask(arguments: list[str], given: bytes) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603  # a program of the system, with fixed arguments
            [PROGRAM, *arguments], input=given, capture_output=True, check=False, timeout=TAKES_AT_MOST_S
        )
    except FileNotFoundError as e:
        raise Refused(f"{PROGRAM} is not installed") from e
    except subprocess.TimeoutExpired as e:
        raise Refused(f"{PROGRAM} had no answer within {TAKES_AT_MOST_S:.0f} s") from e
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise Refused(lines[-1].rstrip(".") if lines else f"{PROGRAM} ended with {done.returncode}")
    return done.stdout
