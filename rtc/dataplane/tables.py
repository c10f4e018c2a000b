"""What the reference engine remembers of each leg and each source."""

from __future__ import annotations

from collections import OrderedDict

from rtc.dataplane.interface import SSRCS_MOST, LegCounters, Path, SourceCounters, SourceSettings
from rtc.dataplane.replay import RtcpWindow, RtpWindow
from rtc.dataplane.route import Route
from rtc.dataplane.srtp import SrtpCipher
from rtc.media.reception import Reception
from rtc.media.ring import Ring

# What is forged in a leg's name must not use up what is its own, so that only these are counted before it is opened:
LOOKS_PER_S = 10_000  # datagrams that are opened at all
ASKS_PER_S = 20  # how often an SSRC that nobody claims is opened and asked about
# A camera at 720p and a screen at 1080p with sound need half of this.
PACKETS_PER_S = 2000
OCTETS_PER_S = 1_250_000  # 10 Mb/s
# A browser that misses much asks 50 times a second. Many small packets in large compounds cost the most.
RTCP_PER_S = 200
RTCP_OCTETS_PER_S = 40_000
BURST_S = 1.0
ENDED_MOST = 4096  # SSRCs are chosen at random, and so many tracks no visit has
WINDOWS_MOST = 2 * SSRCS_MOST  # of SSRCs, also of those no longer bound
RTCP_WINDOWS_MOST = 128  # two for each line that a viewer may have


class Allowance:
    """What may still come in on a leg before the next refill."""

    __slots__ = ("asks", "looks", "octets", "packets", "rtcp", "rtcp_octets")

    def __init__(self) -> None:
        self.looks = self.asks = self.packets = self.octets = self.rtcp = self.rtcp_octets = 0.0
        self.refill(BURST_S)

    def refill(self, elapsed_s: float) -> None:
        self.looks = min(LOOKS_PER_S * BURST_S, self.looks + LOOKS_PER_S * elapsed_s)
        self.asks = min(ASKS_PER_S * BURST_S, self.asks + ASKS_PER_S * elapsed_s)
        self.packets = min(PACKETS_PER_S * BURST_S, self.packets + PACKETS_PER_S * elapsed_s)
        self.octets = min(OCTETS_PER_S * BURST_S, self.octets + OCTETS_PER_S * elapsed_s)
        self.rtcp = min(RTCP_PER_S * BURST_S, self.rtcp + RTCP_PER_S * elapsed_s)
        self.rtcp_octets = min(RTCP_OCTETS_PER_S * BURST_S, self.rtcp_octets + RTCP_OCTETS_PER_S * elapsed_s)

    def take_rtp(self, octets: int) -> bool:
        if self.packets < 1 or self.octets < octets:
            return False
        self.packets -= 1
        self.octets -= octets
        return True

    def take_rtcp(self, octets: int) -> bool:
        if self.rtcp < 1 or self.rtcp_octets < octets:
            return False
        self.rtcp -= 1
        self.rtcp_octets -= octets
        return True


class LegState:
    """One leg: its paths, keys and bound SSRCs."""

    __slots__ = (
        "allowance",
        "dropped",
        "ended",
        "faults",
        "heard_at",
        "inbound",
        "mid_extension",
        "number",
        "outbound",
        "paths",
        "received",
        "routes",
        "rtcp_index",
        "rtcp_windows",
        "send_to",
        "sent",
        "sources",
        "windows",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.paths: set[Path] = set()
        self.send_to: Path | None = None
        self.inbound: SrtpCipher | None = None
        self.outbound: SrtpCipher | None = None
        self.mid_extension = 0  # no valid id: none
        self.sources: dict[int, SourceState] = {}  # by SSRC
        self.windows: dict[int, RtpWindow] = {}
        self.rtcp_windows: OrderedDict[int, RtcpWindow] = OrderedDict()  # least recently heard first
        self.rtcp_index = 0
        self.routes: dict[int, Route] = {}  # to this leg
        self.ended: OrderedDict[int, int] = OrderedDict()  # SSRCs that it was sent: the last index of each
        self.allowance = Allowance()
        self.heard_at = float("-inf")
        self.received = 0
        self.dropped = 0
        self.sent = 0
        self.faults = 0

    def note_end(self, route: Route) -> None:
        """Remember where the numbers of *route*, which ends, must go on."""
        if route.renumber.started:
            self.ended[route.ssrc] = route.renumber.last_index
            if len(self.ended) > ENDED_MOST:
                self.ended.popitem(last=False)

    def keep_window(self, ssrc: int, window: RtpWindow) -> None:
        """Keep the replay window of *ssrc*, which outlives its source: a track that comes back opens no old packets."""
        if len(self.windows) >= WINDOWS_MOST and ssrc not in self.windows:
            # SSRCS_MOST of them are bound at most, so that one is always free.
            del self.windows[next(old for old in self.windows if old not in self.sources)]
        self.windows[ssrc] = window

    def rtcp_window(self, ssrc: int) -> RtcpWindow:
        """The replay window of compounds from *ssrc*, of which Firefox has one for each line, and each track one."""
        window = self.rtcp_windows.get(ssrc)
        if window is None:
            if len(self.rtcp_windows) >= RTCP_WINDOWS_MOST:
                self.rtcp_windows.popitem(last=False)
            window = self.rtcp_windows[ssrc] = RtcpWindow()
        self.rtcp_windows.move_to_end(ssrc)
        return window

    def next_rtcp_index(self) -> int:
        index = self.rtcp_index
        self.rtcp_index = (index + 1) & 0x7FFFFFFF
        return index

    def counters(self) -> LegCounters:
        return LegCounters(self.heard_at, self.received, self.dropped, self.sent)


class SourceState:
    """One source: its routes, the packets kept of it, and what was counted."""

    __slots__ = ("heard_at", "leg", "level", "level_at", "number", "reception", "ring", "routes", "settings", "ssrc")

    def __init__(self, number: int, leg: LegState, settings: SourceSettings) -> None:
        self.number = number
        self.leg = leg
        self.settings = settings
        self.routes: dict[int, Route] = {}
        self.ring = Ring(settings.stored_packets) if settings.stored_packets else None
        self.ssrc = -1  # the one heard now
        self.heard_at = float("-inf")
        self.reception: Reception | None = None
        self.level: int | None = None
        self.level_at = float("-inf")

    def go_on_as(self, ssrc: int) -> None:
        """Its packets come under *ssrc* from now on, with numbers unrelated to those before."""
        self.ssrc = ssrc
        self.reception = Reception(ssrc, self.settings.clock_rate)
        if self.ring is not None:
            self.ring.clear()

    def counters(self) -> SourceCounters:
        reception = self.reception.state() if self.reception is not None else None
        return SourceCounters(reception, self.level, self.level_at)
