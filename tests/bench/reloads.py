"""``python -m tests.bench.reloads [--times 100]``: new certificates under a call, one after the other.

One of the two people is straight on UDP, the other behind a firewall that lets only the web port through: their media
passes through nginx's TLS. Fails if a connection of the call ends.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from tests.bench.visit import visit_of_two
from tests.browser.visit.patterns import GREEN, PURPLE
from tests.browser.visit.person import until
from tests.browser.visit.reloads import reload_again_and_again


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what the call noticed; 1 if something ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    times = parser.parse_args(arguments).times
    with visit_of_two(client_path="relay-tls") as visit:
        provider, client = visit.provider, visit.client
        client.go(f"{visit.meeting.path}/visit")
        client.press("Enter waiting room")
        provider.go(f"{visit.meeting.path}/visit")
        provider.press("Admit")
        for person, other in ((provider, PURPLE), (client, GREEN)):
            until(lambda person=person, other=other: person.sees(other), "picture of the other")
        paths = [", ".join(sorted(set(person.stats().paths))) for person in (provider, client)]
        began = time.monotonic()
        disturbed = reload_again_and_again(visit.box, (provider, client), times)
    pauses = ", ".join(f"{pause:.2f} s" for pause in disturbed.pauses_s)
    sys.stdout.write(
        f"{times} reloads in {time.monotonic() - began:.0f} s under a call on {' and '.join(paths)}\n"
        f"connections that ended: {len(disturbed.ended)}\n"
        + "".join(f"  {sentence}\n" for sentence in disturbed.ended)
        + f"longest pause between two frames: {pauses}\n"
        f"nginx's workers: {max(disturbed.workers)} at most, {disturbed.workers[-1]} after the last reload\n"
    )
    return 1 if disturbed.ended else 0


if __name__ == "__main__":
    sys.exit(main())
