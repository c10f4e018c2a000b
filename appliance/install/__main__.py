"""What install.sh calls: python3 -m appliance.install STEP LOG [OPTION …]."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from appliance.install import closing, leaving
from appliance.install.given import options
from appliance.install.log import Log
from appliance.install.preparing import prepare
from appliance.install.record import Places
from core.clock import utcnow
from core.errors import Invalid, Refused, WellhouseError

STOPPED, USER_ERROR, BY_CTRL_C = 1, 2, 130
AND_DATA = 10  # exit code of “leaving”: the data go too


def main(arguments: Sequence[str], places: Places) -> int:
    """Run one step; its exit code."""
    step, log, *rest = arguments
    return told_in_words(lambda: _run(step, Log(Path(log), utcnow), rest, places))


def told_in_words(step: Callable[[], int]) -> int:
    """The exit code of *step*. What a person got wrong is said, never shown as a traceback."""
    try:
        return step()
    except Invalid as e:
        print(f"install.sh: {e.sentence}", file=sys.stderr)
        return USER_ERROR
    except WellhouseError as e:
        print(f"install.sh: {e.sentence}", file=sys.stderr)
        return STOPPED
    except (KeyboardInterrupt, EOFError):
        print("\nStopped. Nothing was changed.", file=sys.stderr)
        return BY_CTRL_C


def _run(step: str, log: Log, rest: Sequence[str], places: Places) -> int:
    match step:
        case "options":
            options(rest)
        case "prepare":
            return prepare(rest, places, log, now=utcnow)
        case "closing":
            try:
                setup = closing.set_up(at_terminal=sys.stdout.isatty())
            except Refused as e:
                setup = e.sentence
            print(f"\n{closing.page(closing.read(places), setup)}\n")
        case "leaving":
            return AND_DATA if leaving.agreed(rest, places) else 0
        case _:
            raise Invalid(f"There is no step {step}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Places()))
