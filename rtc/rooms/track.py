"""What a participant publishes, by the name that people know it by."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from rtc.transport.interface import MediaKind, Source


class SourceName(enum.StrEnum):
    """Where a track comes from; each participant has at most one of each."""

    MICROPHONE = "microphone"
    CAMERA = "camera"
    SCREEN = "screen"

    @property
    def kind(self) -> MediaKind:
        return MediaKind.AUDIO if self is SourceName.MICROPHONE else MediaKind.VIDEO


@dataclass(frozen=True, eq=False)
class Track:
    """One published source. Compared by identity: a new connection makes a new track of the same name.

    *ssrcs* are those that the browser named for it; they are never shown to anybody else.
    """

    name: SourceName
    source: Source
    ssrcs: tuple[int, ...] = ()
