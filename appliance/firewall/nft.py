"""The nft program: trying rules, loading them, and what the kernel holds."""

from __future__ import annotations

import enum
import shutil
import subprocess
from pathlib import Path

from appliance.firewall.rules import TABLE
from core.errors import Refused

_SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # sbin is not on an ordinary user's PATH
_WITHIN_S = 30


class Loaded(enum.Enum):
    """How the kernel's rules compare with a file."""

    AS_WRITTEN = enum.auto()
    DIFFERENT = enum.auto()
    ABSENT = enum.auto()


def refuse_faulty(rules: str) -> None:
    """Refused says what nft and the kernel would not take of *rules*; nothing is changed."""
    answer = _nft("--check", "--file", "-", given=rules)
    if answer.returncode != 0:
        raise Refused(f"nft does not take the rules: {_reason(answer)}")


def load(file: Path) -> None:
    """Have the kernel take *file*, all of it or nothing. Refused says what nft thinks of it."""
    answer = _nft("--file", str(file))
    if answer.returncode != 0:
        raise Refused(f"nft does not take {file}: {_reason(answer)}")


def remove() -> None:
    """Take our table out of the kernel, if it is there; nobody else's."""
    if _listed() is not None:
        _nft("delete", "table", "inet", TABLE)


def compare(file: Path) -> Loaded:
    """Whether the kernel's rules are those of *file*. Needs root.

    The kernel lists rules in its own words: the file's are listed from a network of their own, which vanishes again.
    """
    present = _listed()
    if present is None:
        return Loaded.ABSENT
    program = _program()
    script = 'exec 2>&1; "$0" --file "$1" && exec "$0" --stateless --terse list table inet "$2"'
    answer = _run("/usr/bin/unshare", "--net", "/bin/sh", "-c", script, program, str(file), TABLE)
    if answer.returncode != 0:
        raise Refused(f"nft does not take {file}: {_reason(answer)}")
    return Loaded.AS_WRITTEN if answer.stdout == present else Loaded.DIFFERENT


def _listed() -> str | None:
    """Our table as the kernel has it, without counts; None if it is not there. Refused if it may not be seen."""
    answer = _nft("--stateless", "--terse", "list", "table", "inet", TABLE)
    if answer.returncode == 0:
        return answer.stdout
    if "No such file or directory" in answer.stderr:
        return None
    raise Refused(f"The kernel's rules cannot be seen: {_reason(answer)}")


def _nft(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return _run(_program(), *arguments, given=given)


def _run(*command: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # a program of the system, our own words
        command,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=_WITHIN_S,
        env={"LC_ALL": "C", "PATH": _SEARCH},
    )


def _program() -> str:
    found = shutil.which("nft", path=_SEARCH)
    if found is None:
        raise Refused("There is no nft on this machine. Install the package nftables: sudo apt install nftables")
    return found


def _reason(answer: subprocess.CompletedProcess[str]) -> str:
    """The first line that nft or the kernel said."""
    said = (answer.stderr or answer.stdout).strip().splitlines()
    return f"{said[0].rstrip('.')}." if said else "it does not say why."
