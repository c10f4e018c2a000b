"""The packet path in Python: the reference for every engine, and the one in use until there is a faster one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from core.log import EventLog
from rtc.dataplane.demux import Datagram, classify
from rtc.dataplane.interface import (
    SSRCS_MOST,
    LegCounters,
    Path,
    RouteCounters,
    RouteSettings,
    SocketAddress,
    SourceCounters,
    SourceSettings,
    Upward,
)
from rtc.dataplane.replay import RtpWindow
from rtc.dataplane.route import Route
from rtc.dataplane.srtp import make_cipher
from rtc.dataplane.srtp_keys import LegKeys
from rtc.dataplane.tables import LegState, SourceState
from rtc.media.extensions import audio_level, read_block
from rtc.media.ring import StoredPacket
from rtc.media.rtp import RtpHeader, parse_header
from rtc.media.vp8 import starts_keyframe

log = EventLog("rtc.dataplane")

BATCH = 64  # datagrams read before other events get their turn
READ_BYTES = 2048  # more than is ever accepted, so that a longer one is seen as such
OTHER_SSRC_AFTER_S = 0.5  # silence of the SSRC in use before another bound one takes over


class ReferenceEngine:
    """Fulfils `interface.Engine` on *sockets*, which it owns from now on. *clock*: seconds, steady."""

    def __init__(self, sockets: Sequence[socket.socket], upward: Upward, clock: Callable[[], float]) -> None:
        self._sockets: list[socket.socket] = []
        self._upward = upward
        self._clock = clock
        self._legs: dict[int, LegState] = {}
        self._by_path: list[dict[SocketAddress, LegState]] = []
        self._sources: dict[int, SourceState] = {}
        self._routes: dict[int, Route] = {}
        self.junk = 0  # datagrams that were nobody's
        self.unsent = 0  # datagrams that the network did not take
        self._loop = asyncio.get_running_loop()
        for opened in sockets:
            self.add_socket(opened)

    def add_socket(self, opened: socket.socket) -> int:
        self._sockets.append(opened)
        self._by_path.append({})
        number = len(self._sockets) - 1
        self._loop.add_reader(opened, self._readable, number)
        return number

    def close_socket(self, number: int) -> None:
        opened = self._sockets[number]
        if opened.fileno() >= 0:  # a second call finds it closed
            self._loop.remove_reader(opened)
            opened.close()

    def close(self) -> None:
        for number in range(len(self._sockets)):
            self.close_socket(number)

    # Datagrams in

    def _readable(self, number: int) -> None:
        receive = self._sockets[number].recvfrom
        at = self._clock()
        for _ in range(BATCH):
            try:
                datagram, remote = receive(READ_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                # The network reports that something sent earlier did not arrive: it concerns no datagram to come.
                continue
            try:
                self._datagram(number, datagram, remote, at)
            except Exception:  # noqa: BLE001 - whatever a datagram provokes ends with it, or one leg could end all calls
                self._fault(number, remote)

    def _fault(self, number: int, remote: SocketAddress) -> None:
        leg = self._by_path[number].get(remote)
        if leg is None:
            self.junk += 1
            return
        leg.faults += 1
        if leg.faults == 1:  # the first says enough, and a flood of them must not fill the disk
            log.exception("packet.fault", leg=leg.number)

    def _datagram(self, number: int, datagram: bytes, remote: SocketAddress, at: float) -> None:
        kind = classify(datagram)
        if kind is Datagram.STUN:
            self._upward.stun(Path(number, remote), datagram, at)
            return
        leg = self._by_path[number].get(remote)
        if leg is None or kind is Datagram.JUNK:
            self.junk += 1
            return
        if leg.allowance.looks < 1:
            leg.dropped += 1
            return
        leg.allowance.looks -= 1
        leg.received += 1
        if kind is Datagram.RTP:
            self._rtp(leg, datagram, at)
        elif kind is Datagram.RTCP:
            self._rtcp(leg, datagram, at)
        else:
            self._upward.dtls(leg.number, Path(number, remote), datagram, at)

    def _rtcp(self, leg: LegState, packet: bytes, at: float) -> None:
        opened = leg.inbound.open_rtcp(packet) if leg.inbound is not None else None
        if opened is None or not leg.allowance.take_rtcp(len(packet)):
            leg.dropped += 1
            return
        index, compound = opened
        if not leg.rtcp_window(int.from_bytes(compound[4:8], "big")).fresh(index):
            leg.dropped += 1
            return
        leg.heard_at = at
        self._upward.rtcp(leg.number, compound, at)

    def _rtp(self, leg: LegState, packet: bytes, at: float) -> None:
        header = parse_header(packet)
        if header is None or leg.inbound is None:
            leg.dropped += 1
            return
        ssrc = header.ssrc
        source = leg.sources.get(ssrc)
        if source is None:
            # Costs an opening for nothing: only so often.
            if leg.allowance.asks < 1:
                leg.dropped += 1
                return
            leg.allowance.asks -= 1
        known = leg.windows.get(ssrc)
        window = known if known is not None else RtpWindow()
        index = window.guess(header.sequence)
        payload = leg.inbound.open_rtp(packet, header.payload_offset, ssrc, index) if index is not None else None
        if index is None or payload is None or not leg.allowance.take_rtp(len(packet)):
            leg.dropped += 1
            return
        if source is None:
            source = self._claimed(leg, header, packet)
            if source is None:
                leg.dropped += 1
                return
        window.accept(index)
        if known is None:
            leg.keep_window(ssrc, window)
        leg.heard_at = at
        extension = b""
        if header.extension_bytes:
            extension = packet[header.extension_offset : header.extension_offset + header.extension_bytes]
        self._forward(source, StoredPacket(index, header, extension, payload), at)

    def _claimed(self, leg: LegState, header: RtpHeader, packet: bytes) -> SourceState | None:
        """Ask whose the SSRC of an authentic packet is."""
        mid = None
        if leg.mid_extension and header.extension_bytes:
            start = header.extension_offset
            for number, value in read_block(header.extension_profile, packet[start : start + header.extension_bytes]):
                if number == leg.mid_extension:
                    mid = value.decode("ascii", "replace")
        self._upward.new_ssrc(leg.number, header.ssrc, header.payload_type, mid)
        return leg.sources.get(header.ssrc)

    # Forwarding

    def _forward(self, source: SourceState, packet: StoredPacket, at: float) -> None:
        header = packet.header
        if header.ssrc != source.ssrc:
            if at - source.heard_at < OTHER_SSRC_AFTER_S:
                return
            source.go_on_as(header.ssrc)
            for route in source.routes.values():
                route.restart()
        source.heard_at = at
        if source.reception is not None:
            source.reception.count(packet.packet_index, header.timestamp, at)
        settings = source.settings
        if source.ring is not None:
            source.ring.put(packet)
        if settings.level_extension is not None and packet.extension:
            self._note_level(source, packet, at)
        keyframe = header.payload_type in settings.vp8_payload_types and starts_keyframe(packet.payload)
        for route in source.routes.values():
            leg = self._legs[route.leg]
            if leg.outbound is None or leg.send_to is None:
                continue
            if route.waits_for_keyframe:
                if not keyframe:
                    continue
                route.waits_for_keyframe = False
            if route.restarts:
                route.restarts = False
                route.renumber.start(packet.packet_index, header.timestamp)
            self._send(leg, route, packet, again=False)
        if keyframe:
            self._upward.keyframe(source.leg.number, source.number)

    def _note_level(self, source: SourceState, packet: StoredPacket, at: float) -> None:
        for number, value in read_block(packet.header.extension_profile, packet.extension):
            if number == source.settings.level_extension:
                level = audio_level(value)
                if level is not None:
                    source.level, source.level_at = level, at

    def _send(self, leg: LegState, route: Route, packet: StoredPacket, *, again: bool) -> None:
        mapped = route.renumber.index(packet.packet_index)
        if mapped is None or leg.outbound is None or leg.send_to is None:
            return
        timestamp = route.renumber.timestamp(packet.header.timestamp)
        header = route.rewrite(packet, mapped, timestamp)
        if header is None:
            return
        if not again:
            route.renumber.sent(mapped, timestamp)
            route.packets += 1
            route.octets += len(packet.payload)
        self._emit(leg, leg.outbound.seal_rtp(header, packet.payload, route.ssrc, mapped))

    def _emit(self, leg: LegState, datagram: bytes) -> None:
        if leg.send_to is not None:
            leg.sent += 1
            self.send(leg.send_to, datagram)

    def send(self, path: Path, datagram: bytes) -> None:
        try:
            self._sockets[path.socket].sendto(datagram, path.remote)
        except OSError:
            # The buffer is full or the address cannot be reached now. UDP loses it; consent decides about the leg.
            self.unsent += 1

    def send_rtcp(self, leg: int, compound: bytes) -> None:
        state = self._legs.get(leg)
        if state is not None and state.outbound is not None:
            self._emit(state, state.outbound.seal_rtcp(compound, state.next_rtcp_index()))

    def resend(self, route: int, sequences: Sequence[int]) -> list[int]:
        missing: list[int] = []
        found = self._routes.get(route)
        ring = self._sources[found.source].ring if found is not None else None
        if found is None or ring is None:
            return missing
        for sequence in sequences:
            index = found.renumber.back(sequence)
            if index is None:
                continue
            packet = ring.get(index)
            if packet is not None:
                self._send(self._legs[found.leg], found, packet, again=True)
            elif ring.never_came(index):
                missing.append(index & 0xFFFF)
        return missing

    # Tables

    def open_leg(self, leg: int) -> None:
        self._legs[leg] = LegState(leg)

    def close_leg(self, leg: int) -> None:
        state = self._legs.get(leg)
        if state is None:
            return
        self.set_paths(leg, (), None)
        for source in [number for number, known in self._sources.items() if known.leg is state]:
            self.close_source(source)
        for route in list(state.routes):
            self.close_route(route)
        del self._legs[leg]

    def set_paths(self, leg: int, accepted: Collection[Path], send_to: Path | None) -> None:
        state = self._legs[leg]
        for path in state.paths.difference(accepted):
            if self._by_path[path.socket].get(path.remote) is state:
                del self._by_path[path.socket][path.remote]
        for path in accepted:
            self._by_path[path.socket][path.remote] = state
        state.paths = set(accepted)
        state.send_to = send_to

    def set_keys(self, leg: int, keys: LegKeys) -> None:
        state = self._legs[leg]
        state.inbound = make_cipher(keys.profile, keys.inbound)
        state.outbound = make_cipher(keys.profile, keys.outbound)

    def set_mid_extension(self, leg: int, number: int) -> None:
        self._legs[leg].mid_extension = number

    def open_source(self, leg: int, source: int, settings: SourceSettings) -> None:
        self._sources[source] = SourceState(source, self._legs[leg], settings)

    def change_source(self, source: int, settings: SourceSettings) -> None:
        self._sources[source].settings = settings

    def bind(self, source: int, ssrc: int) -> bool:
        state = self._sources[source]
        sources = state.leg.sources
        if ssrc not in sources and len(sources) >= SSRCS_MOST:
            return False
        sources[ssrc] = state
        return True

    def close_source(self, source: int) -> None:
        state = self._sources.pop(source, None)
        if state is None:
            return
        for ssrc in [ssrc for ssrc, bound in state.leg.sources.items() if bound is state]:
            del state.leg.sources[ssrc]
        for route in list(state.routes):
            self.close_route(route)

    def open_route(self, route: int, source: int, leg: int, settings: RouteSettings) -> None:
        last = self._legs[leg].ended.get(settings.ssrc)
        if last is not None:
            settings = replace(settings, first_index=last + 1)
        opened = Route(source, leg, settings)
        self._routes[route] = self._sources[source].routes[route] = self._legs[leg].routes[route] = opened

    def change_route(self, route: int, settings: RouteSettings) -> None:
        self._routes[route].change(settings)

    def close_route(self, route: int) -> None:
        closed = self._routes.pop(route, None)
        if closed is None:
            return
        leg = self._legs[closed.leg]
        leg.routes.pop(route, None)
        leg.note_end(closed)
        source = self._sources.get(closed.source)
        if source is not None:
            source.routes.pop(route, None)

    def source_counters(self, source: int) -> SourceCounters:
        return self._sources[source].counters()

    def route_counters(self, route: int) -> RouteCounters:
        return self._routes[route].counters()

    def leg_counters(self, leg: int) -> LegCounters:
        return self._legs[leg].counters()

    def refill(self, elapsed_s: float) -> None:
        for leg in self._legs.values():
            leg.allowance.refill(elapsed_s)
