"""One peer connection of one participant: ICE, DTLS, and the sources and routes on it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from core.errors import Conflict, Invalid
from core.log import EventLog
from rtc.dataplane.interface import Path
from rtc.media.extensions import MID_URI
from rtc.media.limits import TokenBucket
from rtc.media.remb import ViewerEstimates
from rtc.transport.certificate import HASHES
from rtc.transport.dtls import DtlsAssociation, DtlsRefusedError
from rtc.transport.ice import IceAgent
from rtc.transport.interface import (
    IncomingTrack,
    LegObserver,
    LocalParameters,
    OutgoingTrack,
    RemoteParameters,
    Source,
)
from rtc.transport.port import HANDSHAKES_MOST, Port
from rtc.transport.source import MediaRoute, MediaSource

log = EventLog("rtc.transport")

SILENT_S = 5.0
HANDSHAKE_S = 20.0
# Datagrams of DTLS. A handshake has about ten, and each that begins anew costs us a signature; later there are none.
HANDSHAKE_PER_S = 50
HANDSHAKE_BURST = 100
EARLY_HELLO_MOST = 4  # datagrams: a hello, and one that was sent again
RESENDS_PER_S = 500  # packets sent again to one viewer: half of a full picture's
# From paths that have proved themselves. A browser sends about 20 while it starts; the rest is room for what somebody
# else writes in its name, as a check that is not looked at could be the one that keeps the call.
CHECKS_PER_S = 1000


class MediaLeg:
    """Fulfils `interface.Leg`. Methods with *path* or *at* are the server's, who hands in what arrives."""

    def __init__(self, port: Port, observer: LegObserver) -> None:
        self.number = next(port.numbers)
        self.ice = IceAgent()
        self.feedback_ssrc = 1 + secrets.randbelow(0xFFFFFFFF)
        self.cname = secrets.token_hex(8)
        self.sources: dict[str, MediaSource] = {}  # by mid
        self.routes: dict[int, MediaRoute] = {}  # by the SSRC that we send
        self.estimates = ViewerEstimates()  # of those who view this leg's sources
        self.resends = TokenBucket(RESENDS_PER_S, RESENDS_PER_S, port.clock())
        self.report_at = 0.0  # when the next reports are due
        self.closed = False
        self._port = port
        self._observer = observer
        self._fragments: list[str] = []  # as the port knows them
        self._held: tuple[Path, ...] = ()  # likewise
        self._fingerprints: tuple[tuple[str, str], ...] = ()
        self._dtls: DtlsAssociation | None = None
        self._early_hello: list[tuple[Path, bytes]] = []
        self._handshake = TokenBucket(HANDSHAKE_PER_S, HANDSHAKE_BURST, port.clock())
        self._handshake_began_at = 0.0
        self._silent = False
        self._checks = TokenBucket(CHECKS_PER_S, CHECKS_PER_S, port.clock())
        port.engine.open_leg(self.number)
        self._register_fragments()

    # For the rooms

    @property
    def local(self) -> LocalParameters:
        credentials = self.ice.credentials
        return LocalParameters(credentials.ufrag, credentials.pwd, self._port.fingerprint, self._port.candidates)

    @property
    def connected(self) -> bool:
        return not self.closed and self._dtls is not None and self._dtls.keys is not None

    def accept(self, remote: RemoteParameters) -> None:
        self._require_open()
        known = tuple((name.lower(), value) for name, value in remote.fingerprints if name.lower() in HASHES)
        if not known:
            raise Invalid("The offer has no certificate fingerprint by SHA-256 or better.")
        if self._dtls is not None and set(known) != set(self._fingerprints):
            raise Invalid("The certificate of this connection has changed. Please open a new connection.")
        self._fingerprints = known
        self.ice.accept(remote.ice_ufrag)
        self._register_paths()
        early, self._early_hello = self._early_hello, []
        for path, datagram in early:
            if self.ice.knows(path):
                self.dtls(path, datagram, self._port.clock())

    def restart_ice(self) -> LocalParameters:
        self._require_open()
        self.ice.restart()
        self._register_fragments()
        return self.local

    def receive(self, track: IncomingTrack) -> MediaSource:
        self._require_open()
        if not track.codecs:
            raise Invalid("None of the codecs of this track is known here.")
        mid_extension = dict(track.extensions).get(MID_URI)
        if mid_extension is not None:
            self._port.engine.set_mid_extension(self.number, mid_extension)
        source = self.sources.get(track.mid)
        if source is not None and source.track.kind is track.kind:
            source.change(track)
            return source
        if source is not None:
            source.close()
        return MediaSource(self._port, self.number, self.feedback_ssrc, track, self.estimates, self.sources)

    def send(self, source: Source, track: OutgoingTrack) -> MediaRoute:
        self._require_open()
        if not isinstance(source, MediaSource) or source.closed:
            raise Conflict("This participant has just stopped sending.")
        replaced = self.routes.get(track.ssrc)
        if replaced is not None:
            replaced.close()
        route = MediaRoute(self._port, source, self.number, track, self.routes)
        if self.connected:
            source.request_keyframe()
        return route

    def close(self) -> None:
        if self.closed:
            return
        path = self.ice.send_to
        if self._dtls is not None and path is not None:
            for datagram in self._dtls.close():
                self._port.engine.send(path, datagram)
        self.closed = True
        self._port.handshakes.discard(self.number)
        for route in list(self.routes.values()):
            route.close()
        for source in list(self.sources.values()):
            source.close()
        self._hold(())
        self._port.engine.close_leg(self.number)
        self._register_fragments()

    def _register_fragments(self) -> None:
        good = [] if self.closed else self.ice.fragments
        if good == self._fragments:
            return
        for fragment in self._fragments:
            del self._port.fragments[fragment]
        for fragment in good:
            self._port.fragments[fragment] = self.number
        self._fragments = good

    def _register_paths(self) -> None:
        self._hold(self.ice.paths)
        self._port.engine.set_paths(self.number, self.ice.paths, self.ice.send_to)

    def _hold(self, paths: Iterable[Path]) -> None:
        for path in self._held:
            del self._port.holders[path]
        self._held = tuple(paths)
        for path in self._held:
            self._port.holders[path] = self.number

    def _require_open(self) -> None:
        if self.closed:
            raise Conflict("This connection has ended. Please open a new one.")

    # For the server

    def knows(self, path: Path, at: float) -> bool:
        """Whether *path* has proved itself, and has not asked too often since."""
        return self.ice.knows(path) and self._checks.take(at)

    def check(self, ours: str, theirs: str, datagram: bytes, path: Path, at: float) -> None:
        """Take in a connectivity check of the user ``ours:theirs``; answer it if it is authentic."""
        if self._port.holders.get(path, self.number) != self.number:
            # A participant who writes somebody else's address on its checks may not take that one's packets away.
            return
        reply = self.ice.check(ours, theirs, datagram, path, at)
        if reply is None:
            return
        self._register_fragments()
        self._register_paths()
        self._port.engine.send(path, reply)
        self._hear()

    def dtls(self, path: Path, datagram: bytes, at: float) -> None:
        """Take in a DTLS datagram from one of the accepted paths."""
        if not self._handshake.take(at):
            return
        if not self._fingerprints:
            # The check has overtaken the description, and the hello follows it closely.
            if len(self._early_hello) < EARLY_HELLO_MOST:
                self._early_hello.append((path, datagram))
            return
        if self._dtls is None:
            if len(self._port.handshakes) >= HANDSHAKES_MOST:
                return
            self._port.handshakes.add(self.number)
            self._handshake_began_at = at
            self._dtls = DtlsAssociation(self._port.context, self._fingerprints)
        association = self._dtls
        was_connected = association.keys is not None
        try:
            replies = association.receive(datagram)
        except DtlsRefusedError as error:
            self.fail(str(error))
            return
        for reply in replies:
            self._port.engine.send(path, reply)
        if association.keys is not None and not was_connected:
            self._port.handshakes.discard(self.number)
            self._port.engine.set_keys(self.number, association.keys)
            self.report_at = at + 1
            self._hear()
            self._observer.leg_connected()
            for route in list(self.routes.values()):
                route.source.request_keyframe()
        elif association.closed:
            self.fail("The browser has closed this connection.")

    def tick(self, at: float) -> None:
        """Let time pass: retransmissions, consent, silence, and keyframes that have not come."""
        if self.ice.expire(at):
            if not self.ice.paths:
                self.fail("Nothing has been heard from the browser for 30 seconds.")
                return
            self._register_paths()
        if self._dtls is not None and self._dtls.keys is None:
            self._tick_handshake(self._dtls, at)
        if self.connected and not self._silent and at - self._heard_at() > SILENT_S:
            self._silent = True
            self._observer.leg_silent(True)
        elif self._silent and at - self._heard_at() <= SILENT_S:
            self._hear()
        for source in self.sources.values():
            source.tick(at)

    def _tick_handshake(self, association: DtlsAssociation, at: float) -> None:
        if at - self._handshake_began_at > HANDSHAKE_S:
            self.fail(f"The DTLS handshake was not finished: {association.trouble}.")
            return
        try:
            replies = association.retransmit()
        except DtlsRefusedError as error:
            self.fail(str(error))
            return
        path = self.ice.send_to
        if path is not None:
            for reply in replies:
                self._port.engine.send(path, reply)

    def _heard_at(self) -> float:
        return max(self.ice.heard_at, self._port.engine.leg_counters(self.number).heard_at)

    def _hear(self) -> None:
        if self._silent:
            self._silent = False
            self._observer.leg_silent(False)

    def fail(self, why: str) -> None:
        """Close it and say so."""
        if self.closed:
            return
        log.info("leg.failed", leg=self.number, why=why)
        self.close()
        self._observer.leg_failed(why)
