"""``python -m webapp.queue --config FILE``: the worker process."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from core.errors import WellhouseError
from core.log import start_logging
from core.settings import DEFAULT_FILE, load
from webapp.app import prepare
from webapp.queue.consumer import follow, open_queue


def main() -> int:
    parser = argparse.ArgumentParser(description="The worker of Wellhouse: mail, followers and periodic jobs.")
    parser.add_argument("--config", type=Path, default=DEFAULT_FILE)
    arguments = parser.parse_args()
    start_logging()
    try:
        settings = load(arguments.config)
        keyring = prepare(settings)
        queue = open_queue(settings, keyring)
    except WellhouseError as e:
        sys.stderr.write(f"{e.sentence}\n")
        return 2
    stop = threading.Event()
    follow(settings, stop)
    queue.create_consumer(workers=1, periodic=True, initial_delay=0.5, max_delay=2.0).run()
    stop.set()
    return 0


if __name__ == "__main__":
    sys.exit(main())
