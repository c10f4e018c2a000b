"""Many people doing the same at the same moment, each with a connection of their own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from core.errors import WellhouseError
from webapp.db.database import db


def at_once(people: int, act: Callable[[int], object]) -> Counter[str]:
    """How often *act* succeeded ("done") and which errors it met, by name. Anything else ends the test."""
    outcomes: list[str] = []
    faults: list[BaseException] = []
    start = threading.Barrier(people)

    def run(number: int) -> None:
        with db.connection_context():
            start.wait()
            try:
                act(number)
                outcomes.append("done")
            except WellhouseError as e:
                outcomes.append(type(e).__name__)
            except BaseException as e:  # noqa: BLE001  # a thread's fault must fail the test, not only end the thread
                faults.append(e)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return Counter(outcomes)
