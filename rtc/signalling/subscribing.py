"""The subscribe connection: the server offers what the participant is to receive, one ``m=`` line for each track.

A line whose track has ended rests, and is given to the next track of its kind once the browser has agreed that it
rests; so a long visit does not grow lines without end, and no line changes hands under the browser's feet.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import Conflict, Invalid
from rtc.rooms.track import Track
from rtc.signalling.codecs import EXTENSION_IDS, EXTENSIONS, OFFERED, common_codec
from rtc.signalling.messages import Subscribe, SubscribedTrack
from rtc.signalling.sdp import Section, media_kind, parse
from rtc.signalling.sdp_writing import Media, Origin, Stream, write
from rtc.transport.interface import Leg, MediaKind, OutgoingTrack, RemoteParameters, Route

LINES_MAX = 64  # an answer to so many still fits into one message


@dataclass(frozen=True)
class Wanted:
    """A track of somebody else that this participant is to receive."""

    participant: str
    track: Track


@dataclass
class Line:
    """One ``m=`` section of the offers. *free* once the browser has answered an offer in which it rests."""

    mid: str
    kind: MediaKind
    carries: Wanted | None = None
    ssrc: int = 0
    route: Route | None = None
    free: bool = False

    def let_go(self) -> None:
        self.carries = None
        if self.route is not None:
            self.route.close()
            self.route = None


class Subscription:
    """The lines of one subscribe connection, the offers made of them, and the routes that follow the answers."""

    def __init__(self, leg: Leg, *, first_number: int = 1) -> None:
        self.leg = leg
        self.next_number = first_number
        self.current: Subscribe | None = None  # the newest offer
        self.answered = True
        self._lines: list[Line] = []
        self._origin = Origin()
        self._ssrcs: set[int] = set()

    def want(self, wanted: Sequence[Wanted]) -> bool:
        """Give each of *wanted* a line and free those of others. True if that calls for a new offer."""
        tracks = {w.track for w in wanted}
        changed = False
        for line in self._lines:
            if line.carries is not None and line.carries.track not in tracks:
                line.let_go()
                line.free = False
                changed = True
        carried = {line.carries.track for line in self._lines if line.carries is not None}
        for one in wanted:
            free = None if one.track in carried else self._free_line(one.track.name.kind)
            if free is not None:
                # Never an SSRC twice: under one SRTP key the packet indices would repeat (RFC 3711, 9.1).
                free.carries, free.ssrc, free.free = one, self._new_ssrc(), False
                changed = True
        return changed

    def offer(self) -> Subscribe | None:
        """A new offer of all lines as they are now; None while there has never been anything to receive."""
        if not self._lines:
            return None
        sdp = write(self._origin, self.leg.local, "actpass", [_offered(line) for line in self._lines])
        tracks = tuple(
            SubscribedTrack(line.mid, line.carries.participant, line.carries.track.name)
            for line in self._lines
            if line.carries is not None
        )
        self.current = Subscribe(self.next_number, sdp, tracks)
        self.next_number += 1
        self.answered = False
        return self.current

    def take_answer(self, number: int, sdp: str) -> None:
        """Open the routes that the newest offer's answer agrees to. Invalid, and nothing changed, if it is unusable."""
        if self.current is None or number != self.current.number:
            return
        remote, sections = _read_answer(sdp, self._lines)
        self.leg.accept(remote)
        self.answered = True
        for line, section in zip(self._lines, sections, strict=True):
            if line.carries is None:
                line.free = True
            elif line.route is None and section.receives:
                self._open_route(line, line.carries, section)

    def close(self) -> None:
        """End all routes and the connection."""
        for line in self._lines:
            line.let_go()
        self.leg.close()

    def _open_route(self, line: Line, carries: Wanted, section: Section) -> None:
        codec = common_codec(section)
        if codec is None:
            return  # the browser refused our codec: it gets the rest
        agreed = section.extensions()
        extensions = tuple((uri, agreed[uri]) for uri in EXTENSIONS[line.kind] if uri in agreed)
        outgoing = OutgoingTrack(line.mid, line.kind, line.ssrc, carries.participant, (codec,), extensions)
        with contextlib.suppress(Conflict):  # the source has just ended: the offer without it is on its way
            line.route = self.leg.send(carries.track.source, outgoing)

    def _free_line(self, kind: MediaKind) -> Line | None:
        for line in self._lines:
            if line.free and line.kind is kind:
                return line
        if len(self._lines) == LINES_MAX:
            return None
        line = Line(str(len(self._lines)), kind)
        self._lines.append(line)
        return line

    def _new_ssrc(self) -> int:
        while (ssrc := secrets.randbelow(2**32 - 1) + 1) in self._ssrcs:
            pass
        self._ssrcs.add(ssrc)
        return ssrc


def _offered(line: Line) -> Media:
    codecs = (OFFERED[line.kind],)
    extensions = {uri: EXTENSION_IDS[uri] for uri in EXTENSIONS[line.kind]}
    if line.carries is None:
        return Media(line.kind, line.mid, "inactive", codecs, extensions)
    participant, name = line.carries.participant, line.carries.track.name
    # Camera and microphone are played in step; a shared screen has a clock of its own.
    group = f"{participant}-screen" if name == "screen" else participant
    stream = Stream(group, f"{participant}-{name}", line.ssrc, participant)
    return Media(line.kind, line.mid, "sendonly", codecs, extensions, stream)


def _read_answer(sdp: str, lines: Sequence[Line]) -> tuple[RemoteParameters, Sequence[Section]]:
    description = parse(sdp, sections_max=LINES_MAX)
    sections = description.sections
    if len(sections) != len(lines):
        raise Invalid("The answer has another number of sections than the offer.")
    for line, section in zip(lines, sections, strict=True):
        if media_kind(section) is not line.kind or section.mid not in (line.mid, ""):
            raise Invalid("The sections of the answer are not those of the offer.")
    description.require_rtcp_mux()
    if description.setup() != "active":
        raise Invalid("The browser must open the encrypted connection: a=setup:active is missing.")
    return description.remote(), sections
