"""What all legs of one media port share."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from OpenSSL import SSL

from rtc.dataplane.interface import Engine, Path
from rtc.transport.interface import Candidate

HANDSHAKES_MOST = 50  # half-open DTLS at a time; a browser asks again after a second


@dataclass
class Port:
    """*clock* gives seconds on a steady clock; everything below is handed the time. *numbers* never repeat."""

    engine: Engine
    clock: Callable[[], float]
    context: SSL.Context
    fingerprint: str
    candidates: tuple[Candidate, ...]
    numbers: Iterator[int] = field(default_factory=itertools.count)
    fragments: dict[str, int] = field(default_factory=dict)  # our ICE user name fragment: number of the leg
    holders: dict[Path, int] = field(default_factory=dict)  # number of the leg that has proved a path
    handshakes: set[int] = field(default_factory=set)  # numbers of the legs in one
