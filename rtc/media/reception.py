"""How well a source arrives, and what a receiver report says of it (RFC 3550, 6.4.1 and A.3, A.8)."""

from __future__ import annotations

from typing import NamedTuple

from rtc.media.rtcp import ReportBlock


class ReceptionState(NamedTuple):
    """Counters of one SSRC since its first packet. Indexes are 48-bit; jitter is in units of the clock rate."""

    ssrc: int
    first_index: int
    highest_index: int
    packets: int
    jitter: float


class Reception:
    """Counts the packets of one SSRC. Duplicates must have been dropped before."""

    __slots__ = ("_clock_rate", "_first_index", "_highest_index", "_jitter", "_packets", "_ssrc", "_transit")

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self._ssrc = ssrc
        self._clock_rate = clock_rate
        self._first_index = -1
        self._highest_index = -1
        self._packets = 0
        self._jitter = 0.0
        self._transit: float | None = None

    def count(self, index: int, timestamp: int, at: float) -> None:
        """Count a packet that arrived at *at* seconds on a steady clock."""
        self._packets += 1
        if self._first_index < 0:
            self._first_index = self._highest_index = index
        elif index > self._highest_index:
            self._highest_index = index
        transit = at * self._clock_rate - timestamp
        if self._transit is not None:
            difference = abs(transit - self._transit)
            # Over a second apart: a new start of the timestamps or their wrap-around, not jitter.
            if difference < self._clock_rate:
                self._jitter += (difference - self._jitter) / 16
        self._transit = transit

    def state(self) -> ReceptionState | None:
        """The counters, or None before the first packet."""
        if self._first_index < 0:
            return None
        return ReceptionState(self._ssrc, self._first_index, self._highest_index, self._packets, self._jitter)


class ReceiverReports:
    """Makes the report blocks of one SSRC, each about the time since the one before."""

    __slots__ = ("_expected", "_packets", "_report_at", "_report_ntp", "_ssrc")

    def __init__(self) -> None:
        self._ssrc = -1
        self._expected = 0
        self._packets = 0
        self._report_ntp = 0
        self._report_at = 0.0

    def sender_report(self, ntp: int, at: float) -> None:
        """Note the sender's last report: its 64-bit NTP time and when it arrived."""
        self._report_ntp = ntp
        self._report_at = at

    def block(self, state: ReceptionState, at: float) -> ReportBlock:
        """The report block for *state*, which must be newer than that of the call before."""
        if state.ssrc != self._ssrc:
            self._ssrc = state.ssrc
            self._expected = self._packets = 0
        expected = state.highest_index - state.first_index + 1
        lost = max(-0x800000, min(0x7FFFFF, expected - state.packets))
        expected_since = expected - self._expected
        lost_since = expected_since - (state.packets - self._packets)
        self._expected, self._packets = expected, state.packets
        fraction = min(255, (lost_since << 8) // expected_since) if expected_since > 0 and lost_since > 0 else 0
        delay = 0
        if self._report_ntp:
            delay = min(0xFFFFFFFF, max(0, int((at - self._report_at) * 65536)))
        return ReportBlock(
            ssrc=state.ssrc,
            fraction_lost=fraction,
            packets_lost=lost,
            highest_sequence=state.highest_index & 0xFFFFFFFF,
            jitter=min(0xFFFFFFFF, int(state.jitter)),
            last_report=(self._report_ntp >> 16) & 0xFFFFFFFF,
            delay_since_last_report=delay,
        )
