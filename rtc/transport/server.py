"""The media port: opens legs, hands each what arrives for it, and lets time pass for all."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import time
from collections.abc import Callable, Iterable, Sequence

from core.clock import utcnow
from core.errors import Unavailable
from core.log import EventLog
from rtc.dataplane.interface import Path
from rtc.dataplane.reference import ReferenceEngine
from rtc.dataplane.sockets import open_sockets
from rtc.transport.candidates import make_candidates, own_addresses
from rtc.transport.certificate import make_identity
from rtc.transport.dtls import server_context
from rtc.transport.feedback import take_rtcp
from rtc.transport.interface import Candidate, LegObserver
from rtc.transport.leg import MediaLeg
from rtc.transport.port import Port
from rtc.transport.reports import REPORT_EVERY_S, send_reports
from rtc.transport.source import MediaSource
from rtc.transport.strangers import Strangers
from rtc.transport.stun import peek_username

log = EventLog("rtc.transport")

TICK_S = 0.1
GONE_MOST = 16  # addresses that are kept open in case they come back; IPv6 brings new ones every day
LEGS_MOST = 1200  # 300 visits of two people, each with two connections


class MediaServer:
    """Fulfils `interface.Media`. Make it with `start`."""

    def __init__(self, addresses: Sequence[str], port: int, public_address: str, clock: Callable[[], float]) -> None:
        sockets = open_sockets(addresses, port)
        self.port: int = sockets[0].getsockname()[1]
        self._clock = clock
        self._public_address = public_address
        self._addresses = tuple(addresses)  # that are offered
        self._sockets = {address: number for number, address in enumerate(addresses)}
        self._legs: dict[int, MediaLeg] = {}
        self._strangers = Strangers()
        self._ticked_at = clock()
        identity = make_identity(utcnow())
        self._shared = Port(
            engine=ReferenceEngine(sockets, self, clock),
            clock=clock,
            context=server_context(identity),
            fingerprint=identity.fingerprint(),
            candidates=make_candidates(addresses, self.port, public_address),
        )
        self._ticking = asyncio.create_task(self._tick_for_ever())

    @classmethod
    async def start(
        cls,
        *,
        port: int,
        addresses: Sequence[str] = (),
        public_address: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> MediaServer:
        """Open *port* (0: any free one) on each of *addresses*, or on all that this machine has.

        *public_address* is where a router forwards the same port; *clock* gives seconds that never go back.
        Raises OSError if an address or the port cannot be had.
        """
        return cls(tuple(addresses) or own_addresses(), port, public_address, clock)

    async def close(self) -> None:
        """Close all legs, saying goodbye to their browsers, and the port."""
        self._ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._ticking
        for leg in list(self._legs.values()):
            leg.close()
        self._legs.clear()
        self._shared.engine.close()

    def open_leg(self, observer: LegObserver) -> MediaLeg:
        self._forget_closed()
        if len(self._legs) >= LEGS_MOST:
            raise Unavailable("No more visits fit on this server now. Please try again in a few minutes.")
        leg = MediaLeg(self._shared, observer)
        self._legs[leg.number] = leg
        return leg

    def candidates(self) -> Sequence[Candidate]:
        return self._shared.candidates

    def set_public_address(self, public_address: str) -> None:
        """Offer *public_address* from now on: the clinic's line has got another one."""
        self._public_address = public_address
        self._offer()

    def set_addresses(self, addresses: Sequence[str]) -> None:
        """Offer *addresses* of this machine from now on; what runs over others goes on.

        One that cannot be opened, as it is not quite there yet, is left out until the next call.
        """
        engine = self._shared.engine
        for address in addresses:
            if address in self._sockets:
                continue
            try:
                (opened,) = open_sockets((address,), self.port)
            except OSError as error:
                log.warning("address.unusable", why=errno.errorcode.get(error.errno or 0, "unknown"))
                continue
            self._sockets[address] = engine.add_socket(opened)
        gone = [address for address in self._sockets if address not in addresses]
        for address in gone[:-GONE_MOST]:
            engine.close_socket(self._sockets.pop(address))
        offered = tuple(address for address in addresses if address in self._sockets)
        if offered != self._addresses:
            log.info("addresses.changed", offered=len(offered))
            self._addresses = offered
            self._offer()

    def _offer(self) -> None:
        self._shared.candidates = make_candidates(self._addresses, self.port, self._public_address)

    # Time

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    def tick(self) -> None:
        """Let time pass for all legs. The server calls it ten times a second by itself."""
        at = self._clock()
        self._shared.engine.refill(max(0.0, at - self._ticked_at))
        self._ticked_at = at
        for leg in list(self._legs.values()):
            if leg.closed:
                continue
            try:
                leg.tick(at)
                if leg.connected and at >= leg.report_at:
                    leg.report_at = at + REPORT_EVERY_S
                    send_reports(leg, self._shared.engine, at)
            except Exception:  # what goes wrong in one leg must not end the others' calls
                log.exception("leg.fault", leg=leg.number)
                leg.fail("The media server met an error in this connection.")
        self._forget_closed()

    def _forget_closed(self) -> None:
        for number in [number for number, leg in self._legs.items() if leg.closed]:
            del self._legs[number]

    # What arrives: `dataplane.interface.Upward`

    def stun(self, path: Path, datagram: bytes, at: float) -> None:
        user = peek_username(datagram)
        if user is None:
            return
        ours, theirs = user
        leg = self._legs.get(self._shared.fragments.get(ours, -1))
        if leg is None:
            return
        if leg.knows(path, at) or self._strangers.may_ask(path.remote[0], leg.number, at):
            leg.check(ours, theirs, datagram, path, at)

    def dtls(self, leg: int, path: Path, datagram: bytes, at: float) -> None:
        self._legs[leg].dtls(path, datagram, at)

    def rtcp(self, leg: int, compound: bytes, at: float) -> None:
        take_rtcp(self._legs[leg], compound, at)

    def new_ssrc(self, leg: int, ssrc: int, payload_type: int, mid: str | None) -> None:
        sources = self._legs[leg].sources
        found = sources.get(mid) if mid is not None else _only_one_with(payload_type, sources.values())
        if found is not None:
            found.bind(ssrc)

    def keyframe(self, leg: int, source: int) -> None:
        for known in self._legs[leg].sources.values():
            if known.number == source:
                known.keyframe_came()


def _only_one_with(payload_type: int, sources: Iterable[MediaSource]) -> MediaSource | None:
    """The source that alone uses *payload_type* (RFC 8843, 9.2)."""
    found = [source for source in sources if payload_type in {codec.payload_type for codec in source.track.codecs}]
    return found[0] if len(found) == 1 else None
