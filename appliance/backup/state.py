"""What this box remembers of its backups, in its workplace, and the lock that keeps two of them apart."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from appliance.configure.files import write
from core.errors import Conflict
from core.settings import Settings


@dataclass(frozen=True)
class Kept:
    """The last set that a target took. *snapshot* is its id or the beginning of it, *forgot_at* when old ones were
    last dropped there.
    """

    number: int
    snapshot: str
    saved_at: datetime
    forgot_at: datetime


@dataclass(frozen=True)
class State:
    """*number* is the last set's, *targets* who took which. Sets up to *since* are from before a restore: what they
    remember of the audit record's end need not be true of this box.
    """

    number: int = 0
    targets: dict[str, Kept] = field(default_factory=dict)
    since: int = 0

    @property
    def newest(self) -> int:
        """The highest number of a set that is known to lie somewhere: the last one made may have reached no target."""
        return max([self.since, *(kept.number for kept in self.targets.values())])


def workplace(settings: Settings) -> Path:
    """Where sets are staged and restic keeps its cache; not itself backed up."""
    return Path(settings.paths.data) / "backup"


def read_state(settings: Settings) -> State:
    """What the box remembers; nothing yet on a new one."""
    file = workplace(settings) / "state.json"
    return msgspec.json.decode(file.read_bytes(), type=State) if file.exists() else State()


def write_state(settings: Settings, state: State) -> None:
    """Remember *state*."""
    workplace(settings).mkdir(parents=True, exist_ok=True, mode=0o700)
    write(workplace(settings) / "state.json", msgspec.json.encode(state), mode=0o600)


def tries_file(settings: Settings) -> Path:
    """Where the keeper notes when it last tried what."""
    return workplace(settings) / "keeper.json"


def troubles_file(settings: Settings) -> Path:
    """Where the keeper notes what is wrong."""
    return workplace(settings) / "troubles.json"


def begin_anew(settings: Settings, newest: int) -> None:
    """After a restore: numbers go on from *newest*, and what failed on this machine before does not count."""
    write_state(settings, State(number=newest, since=newest))
    for file in (tries_file(settings), troubles_file(settings)):
        file.unlink(missing_ok=True)


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Be the only one who stages, drills or drops. Conflict if somebody else does."""
    workplace(settings).mkdir(parents=True, exist_ok=True, mode=0o700)
    with (workplace(settings) / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            raise Conflict("A backup is being taken or proved at this moment. Try again in some minutes.") from e
        yield
