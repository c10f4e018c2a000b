"""A source and its routes, as those above the packet path know them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from core.errors import Invalid
from rtc.dataplane.interface import RouteSettings, SourceSettings
from rtc.media.extensions import AUDIO_LEVEL_URI, MID_URI
from rtc.media.keyframes import KeyframeRequests
from rtc.media.nack import NackRequests
from rtc.media.reception import ReceiverReports
from rtc.media.remb import ViewerEstimates
from rtc.media.renumber import FIRST_INDEX_LEAST, FIRST_INDEX_MOST
from rtc.media.ring import RING_PACKETS
from rtc.media.rtcp import Nack, PictureLoss, RtcpPacket, build_compound
from rtc.media.sender_clock import SenderClock
from rtc.transport.interface import IncomingTrack, MediaKind, OutgoingTrack
from rtc.transport.port import Port

LEVEL_FRESH_S = 1.0
VP8 = "vp8"
# Sound that is two seconds late is not played any more.
_KEPT = {MediaKind.AUDIO: 128, MediaKind.VIDEO: RING_PACKETS}


class MediaSource:
    """Fulfils `interface.Source`. *leg* and *feedback_ssrc* are its leg's number and the SSRC of our RTCP there.

    *estimates* are those of the viewers of its leg; *beside* are its leg's sources by mid, of which it is one.
    """

    def __init__(
        self,
        port: Port,
        leg: int,
        feedback_ssrc: int,
        track: IncomingTrack,
        estimates: ViewerEstimates,
        beside: dict[str, MediaSource],
    ) -> None:
        self.number = next(port.numbers)
        self.leg = leg
        self.track = track
        self.routes: dict[int, MediaRoute] = {}
        self.reports = ReceiverReports()
        self.clock = SenderClock(track.codecs[0].clock_rate)
        self.estimates = estimates
        self.closed = False
        self._beside = beside
        self._port = port
        self._feedback_ssrc = feedback_ssrc
        self._keyframes = KeyframeRequests()
        self._nacks = NackRequests(port.clock())
        port.engine.open_source(leg, self.number, _source_settings(track))
        self._bind_signalled()
        beside[track.mid] = self

    def change(self, track: IncomingTrack) -> None:
        """Take over what a newer SDP says of the same track."""
        if track == self.track:
            return
        self.track = track
        self._port.engine.change_source(self.number, _source_settings(track))
        self._bind_signalled()
        for route in list(self.routes.values()):
            route.follow()

    def _bind_signalled(self) -> None:
        for ssrc in self.track.ssrcs:
            self.bind(ssrc)

    def bind(self, ssrc: int) -> None:
        """Take packets of *ssrc* on this leg as this source's; past the leg's limit nothing happens."""
        self._port.engine.bind(self.number, ssrc)

    @property
    def is_video(self) -> bool:
        return self.track.kind is MediaKind.VIDEO

    @property
    def takes_remb(self) -> bool:
        return any("goog-remb" in codec.feedback for codec in self.track.codecs)

    @property
    def ssrc(self) -> int | None:
        """The SSRC under which it is heard, once it was."""
        if self.closed:
            return None
        reception = self._port.engine.source_counters(self.number).reception
        return reception.ssrc if reception is not None else None

    def audio_level(self) -> int | None:
        if self.closed:
            return None
        counters = self._port.engine.source_counters(self.number)
        return counters.level if self._port.clock() - counters.level_at <= LEVEL_FRESH_S else None

    def request_keyframe(self) -> None:
        if self.is_video and not self.closed and self._keyframes.request(self._port.clock()):
            self._ask_keyframe()

    def keyframe_came(self) -> None:
        self._keyframes.came()

    def tick(self, at: float) -> None:
        """Ask again for a keyframe that has not come. Call about ten times a second."""
        if self._keyframes.due(at):
            self._ask_keyframe()

    def _ask_keyframe(self) -> None:
        ssrc = self.ssrc
        if ssrc is not None:
            self._send_feedback(PictureLoss(self._feedback_ssrc, ssrc))

    def ask_again_for(self, sequences: list[int], at: float) -> None:
        """Pass a viewer's request for lost packets (the source's numbers) on to the sender."""
        ssrc = self.ssrc
        asked = self._nacks.pass_on(sequences, at)
        if ssrc is not None and asked:
            self._send_feedback(Nack(self._feedback_ssrc, ssrc, asked))

    def _send_feedback(self, packet: RtcpPacket) -> None:
        self._port.engine.send_rtcp(self.leg, build_compound((packet,)))

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        for route in list(self.routes.values()):
            route.close()
        if self._beside.get(self.track.mid) is self:
            del self._beside[self.track.mid]
        self._port.engine.close_source(self.number)


class MediaRoute:
    """Fulfils `interface.Route`. *leg* is the viewer's; *beside* are its routes by SSRC, of which this is one."""

    def __init__(
        self, port: Port, source: MediaSource, leg: int, track: OutgoingTrack, beside: dict[int, MediaRoute]
    ) -> None:
        settings = _route_settings(source.track, track)
        self.number = next(port.numbers)
        self.source = source
        self.leg = leg
        self.track = track
        self.closed = False
        self._beside = beside
        self._port = port
        port.engine.open_route(self.number, source.number, leg, settings)
        source.routes[self.number] = self
        beside[track.ssrc] = self

    def follow(self) -> None:
        """Take over a change of the source's track; without a codec in common that is the end of the route."""
        try:
            settings = _route_settings(self.source.track, self.track)
        except Invalid:
            self.close()
        else:
            self._port.engine.change_route(self.number, settings)

    def resend(self, sequences: Sequence[int], at: float) -> None:
        """Answer a viewer that misses *sequences* (the route's numbers)."""
        missing = self._port.engine.resend(self.number, sequences)
        if missing:
            self.source.ask_again_for(missing, at)

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self.source.routes.pop(self.number, None)
        if self._beside.get(self.track.ssrc) is self:
            del self._beside[self.track.ssrc]
        sender = self.source.leg
        if not any(route.source.leg == sender and route.source.is_video for route in self._beside.values()):
            self.source.estimates.forget(self.leg)
        self._port.engine.close_route(self.number)


def _is_nacked(track: IncomingTrack) -> bool:
    return any("nack" in codec.feedback for codec in track.codecs)


def _source_settings(track: IncomingTrack) -> SourceSettings:
    return SourceSettings(
        clock_rate=track.codecs[0].clock_rate,
        vp8_payload_types=frozenset(codec.payload_type for codec in track.codecs if codec.name.lower() == VP8),
        level_extension=dict(track.extensions).get(AUDIO_LEVEL_URI) if track.kind is MediaKind.AUDIO else None,
        stored_packets=_KEPT[track.kind] if _is_nacked(track) else 0,
    )


def _route_settings(incoming: IncomingTrack, outgoing: OutgoingTrack) -> RouteSettings:
    """Codecs pair by name and clock rate, extensions by URI. Raises Invalid if no codec pairs."""
    types = {(codec.name.lower(), codec.clock_rate): codec.payload_type for codec in reversed(outgoing.codecs)}
    pairs = tuple(
        (codec.payload_type, types[codec.name.lower(), codec.clock_rate])
        for codec in incoming.codecs
        if (codec.name.lower(), codec.clock_rate) in types
    )
    if not pairs:
        raise Invalid("The browser cannot play what this participant sends. Please update the browser.")
    numbers = dict(outgoing.extensions)
    mid = numbers.pop(MID_URI, None)
    return RouteSettings(
        ssrc=outgoing.ssrc,
        payload_types=pairs,
        extensions=tuple((number, numbers[uri]) for uri, number in incoming.extensions if uri in numbers),
        mid=(mid, outgoing.mid.encode()) if mid is not None else None,
        # Only where every picture's start is recognised: otherwise a viewer would wait for ever.
        from_keyframe=incoming.kind is MediaKind.VIDEO and all(codec.name.lower() == VP8 for codec in incoming.codecs),
        first_index=FIRST_INDEX_LEAST + secrets.randbelow(FIRST_INDEX_MOST - FIRST_INDEX_LEAST),
    )
