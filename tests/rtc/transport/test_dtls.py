"""The handshake: for whom there are keys, and what strangers can do to it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time

import pytest
from OpenSSL import SSL

from core.clock import utcnow
from core.errors import Conflict, Invalid
from rtc.transport.certificate import HASHES, make_identity
from rtc.transport.dtls import MTU_BYTES, DtlsAssociation, DtlsRefusedError, server_context, split_flight
from rtc.transport.interface import RemoteParameters
from rtc.transport.leg import HANDSHAKE_BURST, HANDSHAKE_S
from rtc.transport.port import HANDSHAKES_MOST
from tests.rtc.transport.peer import HandClock, Peer, Watcher, connected, media_server
from tests.rtc.transport.tracks import heard, microphone, sound


def record(length: int, kind: int = 22) -> bytes:
    return bytes([kind]) + b"\xfe\xfd" + bytes(8) + length.to_bytes(2, "big") + bytes(length)


@pytest.mark.parametrize("lengths", [[], [10], [1100, 80, 30], [600, 600, 600], [1187], [1500, 10], [1] * 200])
def test_a_flight_is_cut_between_records(lengths: list[int]) -> None:
    flight = b"".join(record(length) for length in lengths)
    datagrams = split_flight(flight)
    assert b"".join(datagrams) == flight
    for datagram in datagrams:
        at = 0
        records = 0
        while at < len(datagram):
            at += 13 + int.from_bytes(datagram[at + 11 : at + 13], "big")
            records += 1
        assert at == len(datagram)
        assert len(datagram) <= MTU_BYTES or records == 1


class Client:
    """The other side of one association, in memory."""

    def __init__(self) -> None:
        self.identity = make_identity(utcnow())
        context = SSL.Context(SSL.DTLS_CLIENT_METHOD)
        context.set_options(SSL.OP_NO_QUERY_MTU)
        context.use_certificate(self.identity.certificate)
        context.use_privatekey(self.identity.key)
        context.set_tlsext_use_srtp(b"SRTP_AEAD_AES_128_GCM")
        self.connection = SSL.Connection(context, None)
        self.connection.set_ciphertext_mtu(MTU_BYTES)
        self.connection.set_connect_state()

    def fingerprints(self, *names: str) -> tuple[tuple[str, str], ...]:
        return tuple((name, self.identity.fingerprint(name)) for name in names)

    def flight(self) -> list[bytes]:
        """Go on, and take what is to be sent."""
        with contextlib.suppress(SSL.WantReadError):
            self.connection.do_handshake()
        try:
            return split_flight(self.connection.bio_read(65536))
        except SSL.WantReadError:
            return []

    def talk_to(self, association: DtlsAssociation) -> None:
        """Exchange flights until neither has anything to say."""
        while flight := self.flight():
            for datagram in flight:
                for reply in association.receive(datagram):
                    self.connection.bio_write(reply)


@pytest.fixture(scope="module")
def context() -> SSL.Context:
    return server_context(make_identity(utcnow()))


@pytest.mark.parametrize("name", HASHES)
def test_the_signalled_fingerprint_opens_the_door(context: SSL.Context, name: str) -> None:
    client = Client()
    association = DtlsAssociation(context, client.fingerprints(name))
    client.talk_to(association)
    assert association.keys is not None
    assert association.keys.inbound.key == client.connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 56)[:16]


@pytest.mark.parametrize(
    "signalled",
    [
        (),
        (("sha-256", "AB:CD"),),
        (("md5", "AB:CD"),),
        (("sha-256", make_identity(utcnow()).fingerprint()),),
    ],
)
def test_any_other_certificate_gets_no_keys(context: SSL.Context, signalled: tuple[tuple[str, str], ...]) -> None:
    client = Client()
    association = DtlsAssociation(context, signalled)
    with pytest.raises(DtlsRefusedError):
        client.talk_to(association)
    assert association.keys is None
    [alert] = association.close()
    assert alert[0] == 21


def test_junk_and_plain_alerts_do_not_end_a_handshake(context: SSL.Context) -> None:
    client = Client()
    association = DtlsAssociation(context, client.fingerprints("sha-256"))
    [hello] = client.flight()
    fatal = bytes([21]) + b"\xfe\xfd" + bytes(7) + b"\x09" + b"\0\2" + b"\2\x28"
    for junk in (fatal, record(40, kind=22), record(3, kind=20), b"\x16" * 200, hello[:60]):
        association.receive(junk)
    for datagram in association.receive(hello):
        client.connection.bio_write(datagram)
    association.receive(fatal)
    client.talk_to(association)
    assert association.keys is not None


def test_a_lost_flight_is_sent_again(context: SSL.Context) -> None:
    client = Client()
    association = DtlsAssociation(context, client.fingerprints("sha-256"))
    [hello] = client.flight()
    assert association.receive(hello)  # what it answers is lost
    again: list[bytes] = []
    until = time.monotonic() + 5
    while not again and time.monotonic() < until:  # the timer is OpenSSL's own, and set to a second
        time.sleep(0.02)
        again = association.retransmit()
    for datagram in again:
        client.connection.bio_write(datagram)
    client.talk_to(association)
    assert association.keys is not None


def test_records_for_data_channels_are_all_read_and_forgotten(context: SSL.Context) -> None:
    client = Client()
    association = DtlsAssociation(context, client.fingerprints("sha-256"))
    client.talk_to(association)
    for _ in range(20):
        for _ in range(30):
            client.connection.send(b"data")
        assert association.receive(client.connection.bio_read(65536)) == []
    assert not association.closed
    client.connection.shutdown()
    association.receive(client.connection.bio_read(65536))
    assert association.closed  # it was not behind 570 others


async def test_a_wrong_fingerprint_is_refused_before_there_are_keys() -> None:
    async with media_server() as server:
        watcher = Watcher()
        leg = server.open_leg(watcher)
        peer = Peer()
        leg.accept(RemoteParameters(peer.ufrag, peer.pwd, Peer().remote.fingerprints))
        with pytest.raises(SSL.Error):
            await peer.connect(leg.local)
        assert not watcher.connected.is_set()
        assert len(watcher.failures) == 1
        assert not leg.connected


async def test_the_handshake_is_taken_from_proven_addresses_only() -> None:
    async with media_server() as server:
        watcher = Watcher()
        leg = server.open_leg(watcher)
        peer, stranger = Peer(), Peer()
        leg.accept(peer.remote)
        peer.local = stranger.local = leg.local
        await peer.open()
        await stranger.open()
        peer.begin_handshake()  # before its check
        stranger.begin_handshake()
        await peer.send_check()
        assert peer.dtls.empty()
        stranger.begin_handshake()
        peer.begin_handshake()
        await peer.finish_handshake()
        await asyncio.wait_for(watcher.connected.wait(), 2)
        assert stranger.dtls.empty()


async def test_a_hello_that_overtakes_the_browsers_description_is_kept_for_it() -> None:
    async with media_server() as server:
        leg = server.open_leg(Watcher())
        peer, meddler = Peer(), Peer()
        peer.local = meddler.local = leg.local
        for one in (meddler, peer):
            await one.open()
            await one.send_check()
            one.begin_handshake()
        await peer.send_check()
        assert peer.dtls.empty()  # nothing is said before it is known to whom
        leg.accept(peer.remote)
        await peer.finish_handshake()
        assert meddler.dtls.empty()


async def test_a_handshake_that_begins_anew_for_ever_is_slowed_down() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server:
        leg = server.open_leg(Watcher())
        peer = Peer()
        leg.accept(peer.remote)
        peer.local = leg.local
        await peer.open()
        await peer.send_check()
        finished = bytes([20]) + bytes(3) + b"\0\1" + bytes(6)  # as the second message, where a certificate belongs
        out_of_turn = bytes([22]) + b"\xfe\xfd" + bytes(7) + b"\x07" + len(finished).to_bytes(2, "big") + finished
        for _ in range(2 * HANDSHAKE_BURST):
            peer.begin_handshake()
            peer.send_raw(out_of_turn)
            await peer.send_check()
            clock.now += 0.001
        assert peer.dtls.qsize() <= HANDSHAKE_BURST


async def test_half_open_handshakes_are_bounded_and_end() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server:
        watchers = []
        peers = []
        for _ in range(HANDSHAKES_MOST + 1):
            watchers.append(Watcher())
            leg = server.open_leg(watchers[-1])
            peer = Peer()
            leg.accept(peer.remote)
            peer.local = leg.local
            peers.append(peer)
            await peer.open()
            await peer.send_check()
            clock.now += 0.02  # all of them are one address: each check takes from its bucket
            peer.begin_handshake()
        last = peers[-1]
        await last.send_check()
        assert last.dtls.empty()
        clock.now += HANDSHAKE_S - 2
        server.tick()
        assert not any(watcher.failures for watcher in watchers)
        clock.now += 5
        server.tick()
        assert all(watcher.failures for watcher in watchers[:-1])
        last.begin_handshake()
        await last.finish_handshake()


async def test_a_browser_that_says_goodbye_is_gone() -> None:
    async with media_server() as server, connected(server) as browser:
        browser.peer.say_goodbye()
        await browser.peer.is_answered(browser.peer.check())
        assert browser.watcher.failures == ["The browser has closed this connection."]
        assert not browser.leg.connected


async def test_closing_a_leg_says_goodbye() -> None:
    async with media_server() as server, connected(server) as browser:
        browser.leg.close()
        browser.leg.close()
        assert await browser.peer.hears_goodbye()
        assert browser.watcher.failures == []
        with pytest.raises(Conflict):
            browser.leg.receive(microphone(1))


async def test_the_certificate_cannot_change_under_a_connection() -> None:
    async with media_server() as server, connected(server) as browser:
        browser.leg.accept(browser.peer.remote)
        with pytest.raises(Invalid, match="new connection"):
            browser.leg.accept(RemoteParameters("abcd", "p" * 22, Peer().remote.fingerprints))
        with pytest.raises(Invalid, match="SHA-256"):
            browser.leg.accept(RemoteParameters("abcd", "p" * 22, (("sha-1", "AB:CD"),)))


async def test_spoiled_dtls_does_not_end_a_running_call() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        alert = bytes([21]) + b"\xfe\xfd" + b"\0\1" + bytes(6) + b"\0\x1a" + bytes(26)
        for junk in (alert, record(40), record(3, kind=20), b"\x16" * 200, record(1, kind=21)):
            speaker.peer.send_raw(junk)
        speaker.peer.begin_handshake()  # a second handshake on a leg that has had its one
        speaker.peer.send_rtp(sound(1001, 1, b"still here"))
        assert (await viewer.peer.next_rtp()).endswith(b"still here")
        assert speaker.watcher.failures == []


@pytest.mark.parametrize("seed", range(40))
def test_damaged_flights_raise_nothing_but_a_refusal(context: SSL.Context, seed: int) -> None:
    whims = random.Random(seed)
    client = Client()
    association = DtlsAssociation(context, client.fingerprints("sha-256"))
    with contextlib.suppress(DtlsRefusedError, SSL.Error):  # SSL.Error is the client's
        while flight := client.flight():
            for datagram in flight:
                damaged = bytearray(datagram)
                for _ in range(whims.randint(0, 3)):
                    damaged[whims.randrange(len(damaged))] = whims.randrange(256)
                for reply in association.receive(bytes(damaged)) + association.receive(datagram):
                    client.connection.bio_write(reply)
    unhurt = Client()
    other = DtlsAssociation(context, unhurt.fingerprints("sha-256"))
    unhurt.talk_to(other)
    assert other.keys is not None  # what they share has come to no harm
