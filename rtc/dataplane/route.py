"""One route of the reference engine: how a source's packets become those of one viewer."""

from __future__ import annotations

from rtc.dataplane.interface import RouteCounters, RouteSettings
from rtc.media.extensions import Element, read_block, write_block
from rtc.media.renumber import Renumber
from rtc.media.ring import StoredPacket
from rtc.media.rtp import build_header


class Route:
    """Rewrites; it seals and sends nothing. *leg* and *source* are numbers."""

    __slots__ = (
        "_bare_extension",
        "_extensions",
        "_first_elements",
        "_from_keyframe",
        "_payload_types",
        "leg",
        "octets",
        "packets",
        "renumber",
        "restarts",
        "source",
        "ssrc",
        "waits_for_keyframe",
    )

    def __init__(self, source: int, leg: int, settings: RouteSettings) -> None:
        self.source = source
        self.leg = leg
        self.ssrc = settings.ssrc
        self._from_keyframe = settings.from_keyframe
        self.renumber = Renumber(settings.first_index)
        self.restart()
        self.packets = 0
        self.octets = 0
        self._take(settings)

    def _take(self, settings: RouteSettings) -> None:
        self._payload_types = dict(settings.payload_types)
        self._extensions = dict(settings.extensions)
        self._first_elements: list[Element] = [settings.mid] if settings.mid else []
        # Most packets carry nothing that is passed on: their block is always the same.
        self._bare_extension = write_block(self._first_elements)

    def change(self, settings: RouteSettings) -> None:
        """Rewrite by *settings* from now on; SSRC and numbers stay. What was sent before is not sent again."""
        self.renumber.close_past()
        self._take(settings)

    def restart(self) -> None:
        """Its numbers begin, or go on from where they are, with the next packet that it may send."""
        self.restarts = True
        self.waits_for_keyframe = self._from_keyframe

    def rewrite(self, packet: StoredPacket, mapped: int, timestamp: int) -> bytes | None:
        """The header under which *packet* goes out as index *mapped*; None if its payload type is not routed.

        The same packet always gets the same header: a packet sent again is the same to the last bit, as AES-GCM
        must never see two contents under one index.
        """
        header = packet.header
        payload_type = self._payload_types.get(header.payload_type)
        if payload_type is None:
            return None
        extension = self._bare_extension
        if packet.extension and self._extensions:
            extension = self._with_passed_on(header.extension_profile, packet.extension)
        return build_header(
            payload_type=payload_type,
            marker=header.marker,
            padding=header.padding,
            sequence=mapped & 0xFFFF,
            timestamp=timestamp,
            ssrc=self.ssrc,
            extension=extension,
        )

    def _with_passed_on(self, profile: int, block: bytes) -> bytes:
        elements = list(self._first_elements)
        for number, value in read_block(profile, block):
            mapped = self._extensions.get(number)
            if mapped is not None:
                elements.append((mapped, value))
        return write_block(elements)

    def counters(self) -> RouteCounters:
        return RouteCounters(self.packets, self.octets, self.renumber.timestamp(0), self.renumber.started)
