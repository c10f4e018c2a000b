"""A browser's network half for tests: real STUN, DTLS and SRTP from other people's libraries over loopback UDP."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from aioice import stun
from OpenSSL import SSL
from pylibsrtp import Error as SrtpError
from pylibsrtp import Policy, Session

from core.clock import utcnow
from rtc.media.rtcp import RtcpPacket, parse_compound
from rtc.transport.certificate import make_identity
from rtc.transport.interface import LocalParameters, RemoteParameters
from rtc.transport.leg import MediaLeg
from rtc.transport.server import MediaServer

GCM = "SRTP_AEAD_AES_128_GCM"
SHA1 = "SRTP_AES128_CM_SHA1_80"
ANSWER_S = 2.0
NO_ANSWER_S = 0.1

_sockets: list[socket.socket] = []  # of all peers of the running test


@dataclass
class Watcher:
    """Keeps what a leg tells its observer."""

    connected: asyncio.Event = field(default_factory=asyncio.Event)
    silences: list[bool] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def leg_connected(self) -> None:
        self.connected.set()

    def leg_silent(self, silent: bool) -> None:
        self.silences.append(silent)

    def leg_failed(self, why: str) -> None:
        self.failures.append(why)


class HandClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextlib.asynccontextmanager
async def media_server(
    addresses: tuple[str, ...] = ("127.0.0.1",), *, port: int = 0, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[MediaServer]:
    """A server on loopback, on a free port unless one is given. Sockets of peers are closed with it."""
    server = await MediaServer.start(port=port, addresses=addresses, clock=clock)
    try:
        yield server
    finally:
        await server.close()
        for opened in _sockets:
            if opened.fileno() >= 0:
                asyncio.get_running_loop().remove_reader(opened)
                opened.close()
        _sockets.clear()


class Peer:
    """One peer connection. What arrives lies in queues; nothing is repeated, as loopback loses nothing."""

    def __init__(self, profiles: str = f"{GCM}:{SHA1}") -> None:
        self.ufrag = secrets.token_hex(4)
        self.pwd = secrets.token_hex(16)
        self.stun_replies: asyncio.Queue[bytes] = asyncio.Queue()
        self.dtls: asyncio.Queue[bytes] = asyncio.Queue()
        self.rtp: asyncio.Queue[bytes] = asyncio.Queue()
        self.rtcp: asyncio.Queue[bytes] = asyncio.Queue()
        self.undecipherable = 0
        self.local: LocalParameters | None = None
        self.selected = ""
        self._identity = make_identity(utcnow())
        self._profiles = profiles
        self._socket: socket.socket | None = None
        self._connection: SSL.Connection | None = None
        self._in: Session | None = None
        self._out: Session | None = None

    @property
    def remote(self) -> RemoteParameters:
        """What this peer's SDP would say."""
        return RemoteParameters(self.ufrag, self.pwd, (("sha-256", self._identity.fingerprint()),))

    # Datagrams

    async def open(self, address: str = "127.0.0.1", *, candidate: int = 0) -> None:
        """Open a socket towards a *candidate*; again: move to another one, as a phone that changes its network."""
        self.close_socket()
        assert self.local is not None
        there = self.local.candidates[candidate]
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        _sockets.append(self._socket)
        self._socket.setblocking(False)
        self._socket.bind((address, 0))
        self._socket.connect((there.address, there.port))
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    @property
    def address(self) -> tuple[str, int]:
        """Where this peer is now."""
        assert self._socket is not None
        host, port = self._socket.getsockname()[:2]
        return (host, port)

    def close_socket(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._socket is not None:
                self._sort(self._socket.recv(2048))

    def _sort(self, datagram: bytes) -> None:
        if datagram[0] < 4:
            self.stun_replies.put_nowait(datagram)
        elif datagram[0] < 64:
            self.dtls.put_nowait(datagram)
        elif self._in is not None:
            control = 191 < datagram[1] < 224
            try:
                opened = self._in.unprotect_rtcp(datagram) if control else self._in.unprotect(datagram)
            except SrtpError:
                self.undecipherable += 1
                return
            (self.rtcp if control else self.rtp).put_nowait(opened)

    def send_raw(self, datagram: bytes) -> None:
        assert self._socket is not None
        self._socket.send(datagram)

    # ICE

    def check(self, *, password: str | None = None, nominate: bool = True) -> bytes:
        """A connectivity check as a controlling agent writes it."""
        assert self.local is not None
        message = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.REQUEST,
            attributes={
                "USERNAME": f"{self.local.ice_ufrag}:{self.ufrag}",
                "PRIORITY": 1853824767,
                "ICE-CONTROLLING": secrets.randbits(64),
            },
        )
        if nominate:
            message.attributes["USE-CANDIDATE"] = None
        message.add_message_integrity((password or self.local.ice_pwd).encode())
        return bytes(message)

    async def send_check(self, *, nominate: bool = True) -> stun.Message:
        """Send a check; its authentic answer."""
        self.send_raw(self.check(nominate=nominate))
        reply = stun.parse_message(await asyncio.wait_for(self.stun_replies.get(), ANSWER_S))
        assert self.local is not None
        assert reply.check_message_integrity(self.local.ice_pwd.encode())
        return reply

    async def is_answered(self, datagram: bytes) -> bool:
        """Whether anything of STUN comes back for *datagram*."""
        self.send_raw(datagram)
        try:
            await asyncio.wait_for(self.stun_replies.get(), NO_ANSWER_S)
        except TimeoutError:
            return False
        return True

    async def count_replies(self) -> int:
        """How many answers come until none comes any more."""
        count = 0
        while True:
            try:
                await asyncio.wait_for(self.stun_replies.get(), NO_ANSWER_S)
            except TimeoutError:
                return count
            count += 1

    # DTLS

    def begin_handshake(self) -> None:
        """Send the first flight."""
        context = SSL.Context(SSL.DTLS_CLIENT_METHOD)
        context.set_options(SSL.OP_NO_QUERY_MTU)
        context.use_certificate(self._identity.certificate)
        context.use_privatekey(self._identity.key)
        context.set_verify(SSL.VERIFY_NONE, lambda *_: True)
        context.set_tlsext_use_srtp(self._profiles.encode())
        self._connection = SSL.Connection(context, None)
        self._connection.set_ciphertext_mtu(1200)
        self._connection.set_connect_state()
        self._step()

    def _step(self) -> bool:
        assert self._connection is not None
        finished = True
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            finished = False
        self._flush()
        return finished

    def _flush(self) -> None:
        assert self._connection is not None
        with contextlib.suppress(SSL.WantReadError):
            while True:
                self.send_raw(self._connection.bio_read(65536))

    async def finish_handshake(self) -> None:
        """Answer until there are keys. Raises SSL.Error if the server refuses."""
        assert self._connection is not None
        while True:
            self._connection.bio_write(await asyncio.wait_for(self.dtls.get(), ANSWER_S))
            if self._step():
                break
        self.selected = self._connection.get_selected_srtp_profile().decode()
        salt = 12 if self.selected == GCM else 14
        exported = self._connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (16 + salt))
        self._out = self._session(exported[:16] + exported[32 : 32 + salt], Policy.SSRC_ANY_OUTBOUND)
        self._in = self._session(exported[16:32] + exported[32 + salt :], Policy.SSRC_ANY_INBOUND)

    def _session(self, key: bytes, kind: int) -> Session:
        profile = (
            Policy.SRTP_PROFILE_AEAD_AES_128_GCM if self.selected == GCM else Policy.SRTP_PROFILE_AES128_CM_SHA1_80
        )
        policy = Policy(key=key, ssrc_type=kind, srtp_profile=profile)
        policy.allow_repeat_tx = True
        policy.window_size = 1024
        return Session(policy)

    async def connect(self, local: LocalParameters) -> None:
        """All the way to SRTP."""
        self.local = local
        await self.open("::1" if ":" in local.candidates[0].address else "127.0.0.1")
        await self.send_check()
        self.begin_handshake()
        await self.finish_handshake()

    def say_goodbye(self) -> None:
        """DTLS close_notify."""
        assert self._connection is not None
        self._connection.shutdown()
        self._flush()

    async def hears_goodbye(self) -> bool:
        """Whether the server's close_notify comes."""
        assert self._connection is not None
        while True:
            self._connection.bio_write(await asyncio.wait_for(self.dtls.get(), ANSWER_S))
            try:
                self._connection.recv(1)
            except SSL.WantReadError:
                continue
            except SSL.ZeroReturnError:
                return True
            return False

    # Media

    def protect_rtp(self, packet: bytes) -> bytes:
        assert self._out is not None
        protected: bytes = self._out.protect(packet)
        return protected

    def send_rtp(self, packet: bytes) -> None:
        self.send_raw(self.protect_rtp(packet))

    def protect_rtcp(self, compound: bytes) -> bytes:
        assert self._out is not None
        protected: bytes = self._out.protect_rtcp(compound)
        return protected

    def send_rtcp(self, compound: bytes) -> None:
        self.send_raw(self.protect_rtcp(compound))

    async def next_rtp(self) -> bytes:
        return await asyncio.wait_for(self.rtp.get(), ANSWER_S)

    async def next_rtcp(self) -> bytes:
        return await asyncio.wait_for(self.rtcp.get(), ANSWER_S)

    async def drain_rtcp(self) -> list[RtcpPacket]:
        """All RTCP packets that the server has sent up to now."""
        await self.send_check()  # its answer is behind them
        packets: list[RtcpPacket] = []
        while not self.rtcp.empty():
            packets += parse_compound(self.rtcp.get_nowait())
        return packets


@dataclass
class Connected:
    peer: Peer
    leg: MediaLeg
    watcher: Watcher


@contextlib.asynccontextmanager
async def connected(server: MediaServer, profiles: str = f"{GCM}:{SHA1}") -> AsyncIterator[Connected]:
    """A leg with its peer, after the handshake."""
    watcher = Watcher()
    leg = server.open_leg(watcher)
    peer = Peer(profiles)
    leg.accept(peer.remote)
    await peer.connect(leg.local)
    await asyncio.wait_for(watcher.connected.wait(), ANSWER_S)
    yield Connected(peer, leg, watcher)
