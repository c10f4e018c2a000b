"""Connectivity checks: who is answered, where media go, consent, restarts."""

from __future__ import annotations

import secrets
import socket

import pytest
from aioice import stun

from rtc.dataplane.interface import Path
from rtc.transport.ice import CONSENT_S, PATHS_MOST, IceAgent
from rtc.transport.leg import CHECKS_PER_S as CHECKS_PER_SECOND
from rtc.transport.leg import SILENT_S
from rtc.transport.strangers import BURST, CHECKS_PER_S, PAIRS_MOST, Strangers
from rtc.transport.stun import peek_username
from tests.rtc.transport.peer import HandClock, Peer, Watcher, connected, media_server
from tests.rtc.transport.tracks import heard, microphone, sound


def path(port: int) -> Path:
    return Path(0, ("192.0.2.1", port))


def request(agent: IceAgent, theirs: str = "them", *, nominate: bool = False, ours: str = "", pwd: str = "") -> bytes:
    message = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.REQUEST,
        attributes={"USERNAME": f"{ours or agent.credentials.ufrag}:{theirs}", "PRIORITY": 1},
    )
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity((pwd or agent.credentials.pwd).encode())
    return bytes(message)


def check(agent: IceAgent, port: int, at: float = 0.0, *, nominate: bool = False) -> bool:
    """Whether a check from *port* was answered."""
    datagram = request(agent, nominate=nominate)
    return agent.check(agent.credentials.ufrag, "them", datagram, path(port), at) is not None


@pytest.fixture
def agent() -> IceAgent:
    agent = IceAgent()
    agent.accept("them")
    return agent


def test_the_newest_nomination_counts(agent: IceAgent) -> None:
    assert check(agent, 1)
    assert agent.send_to == path(1)
    assert check(agent, 2, nominate=True)
    assert check(agent, 1)
    assert agent.send_to == path(2)
    assert check(agent, 1, nominate=True)
    assert agent.send_to == path(1)


def test_paths_are_bounded_and_the_nominated_one_stays(agent: IceAgent) -> None:
    assert check(agent, 1, nominate=True)
    for port in range(2, 100):
        assert check(agent, port)
    assert len(agent.paths) == PATHS_MOST
    assert agent.send_to == path(1)
    assert path(99) in agent.paths


def test_a_path_without_checks_is_forgotten_after_30_seconds(agent: IceAgent) -> None:
    check(agent, 1, 0.0, nominate=True)
    check(agent, 2, 10.0)
    assert not agent.expire(CONSENT_S)
    assert agent.expire(CONSENT_S + 1)
    assert agent.paths == [path(2)]
    assert agent.send_to == path(2)
    assert agent.expire(CONSENT_S + 11)
    assert agent.send_to is None


def test_an_overheard_check_from_elsewhere_draws_no_media(agent: IceAgent) -> None:
    datagram = request(agent, nominate=True)
    ours = agent.credentials.ufrag
    assert agent.check(ours, "them", datagram, path(1), 0.0)
    assert agent.check(ours, "them", datagram, path(1), 0.1)  # a repetition
    assert agent.check(ours, "them", datagram, path(2), 0.2) is None
    assert agent.paths == [path(1)]


def test_a_check_that_is_repeated_brings_nothing_back(agent: IceAgent) -> None:
    overheard = request(agent, nominate=True)
    ours = agent.credentials.ufrag
    assert agent.check(ours, "them", overheard, path(1), 0.0)
    assert check(agent, 2, 10.0, nominate=True)  # it has moved
    assert agent.check(ours, "them", overheard, path(1), 20.0)
    assert agent.send_to == path(2)
    assert agent.expire(CONSENT_S + 1)
    assert agent.paths == [path(2)]


def test_old_credentials_are_good_until_the_new_ones_were_used(agent: IceAgent) -> None:
    old = agent.credentials
    check(agent, 1)
    agent.restart()
    agent.accept("them, restarted")

    def good(ours: str, pwd: str, theirs: str) -> bool:
        datagram = request(agent, theirs, ours=ours, pwd=pwd)
        return agent.check(ours, theirs, datagram, path(1), 0.0) is not None

    new = agent.credentials
    assert new.ufrag != old.ufrag
    assert good(old.ufrag, old.pwd, "them")
    assert not good(new.ufrag, old.pwd, "them, restarted")
    assert good(old.ufrag, old.pwd, "them")
    assert good(new.ufrag, new.pwd, "them, restarted")
    assert not good(old.ufrag, old.pwd, "them")
    assert agent.fragments == [new.ufrag]


def test_a_second_restart_leaves_the_credentials_in_use_good(agent: IceAgent) -> None:
    first = agent.credentials
    for _ in range(5):
        agent.restart()
        datagram = request(agent, ours=first.ufrag, pwd=first.pwd)
        assert agent.check(first.ufrag, "them", datagram, path(1), 0.0)
    assert len(agent.fragments) == 3
    assert check(agent, 1)
    assert agent.fragments == [agent.credentials.ufrag]


def test_only_the_browser_that_was_accepted_is_answered() -> None:
    agent = IceAgent()
    agent.accept("somebody")
    assert not check(agent, 1)
    agent.accept("them")
    assert check(agent, 1)


def test_a_check_may_overtake_the_browsers_description() -> None:
    agent = IceAgent()
    assert check(agent, 1, nominate=True)
    assert agent.check(agent.credentials.ufrag, "x", request(agent, "x", nominate=True), path(2), 0.0)
    assert not agent.check(agent.credentials.ufrag, "them", request(agent, pwd="guessed"), path(3), 0.0)
    agent.accept("them")
    assert agent.paths == [path(1)]  # what another had proved is not the browser's
    assert agent.send_to == path(1)
    assert not agent.check(agent.credentials.ufrag, "x", request(agent, "x"), path(2), 0.0)


def test_early_paths_are_bounded_too() -> None:
    agent = IceAgent()
    for port in range(100):
        assert check(agent, port)
    assert len(agent.paths) == PATHS_MOST
    agent.accept("another")
    assert agent.paths == []
    assert agent.send_to is None


@pytest.mark.parametrize(
    "datagram",
    [
        bytes.fromhex("0101000021 12a442") + bytes(12),  # a response
        bytes.fromhex("0001000021 12a442") + bytes(12),  # no user name
        bytes.fromhex("000100ff21 12a442") + bytes(12),  # another length
        bytes.fromhex("0001000821 12a442") + bytes(12) + bytes.fromhex("0006000461626364"),  # no colon
        bytes.fromhex("0001000821 12a442") + bytes(12) + bytes.fromhex("0006fff461623a63"),  # past the end
    ],
)
def test_what_names_no_user_is_dropped_at_once(datagram: bytes) -> None:
    assert peek_username(datagram) is None


def test_a_user_is_named_after_other_attributes(agent: IceAgent) -> None:
    message = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.REQUEST,
        attributes={"SOFTWARE": "x", "USERNAME": "ours:theirs"},
    )
    assert peek_username(bytes(message)) == ("ours", "theirs")


def test_strangers_have_a_bucket_each_and_the_table_is_bounded() -> None:
    strangers = Strangers()
    assert sum(strangers.may_ask("192.0.2.1", 7, 0.0) for _ in range(1000)) == BURST
    assert strangers.may_ask("192.0.2.2", 7, 0.0)
    assert strangers.may_ask("192.0.2.1", 8, 0.0)  # somebody else behind the same relay
    assert sum(strangers.may_ask("192.0.2.1", 7, 1.0) for _ in range(1000)) == CHECKS_PER_S
    for host in range(2 * PAIRS_MOST):
        assert strangers.may_ask(str(host), 7, 1.0)
    assert len(strangers) == PAIRS_MOST


async def test_only_an_authentic_check_is_answered() -> None:
    async with media_server() as server:
        leg = server.open_leg(Watcher())
        peer = Peer()
        peer.local = leg.local
        await peer.open()
        assert not await peer.is_answered(peer.check(password="guessed" * 4))
        leg.accept(peer.remote)
        good = peer.check()
        assert not await peer.is_answered(peer.check(password="guessed" * 4))
        assert not await peer.is_answered(good[:-32] + bytes(32))
        bare = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.REQUEST,
            attributes={"USERNAME": f"{leg.local.ice_ufrag}:{peer.ufrag}", "USE-CANDIDATE": None},
        )
        assert not await peer.is_answered(bytes(bare))
        peer.ufrag = "other"
        assert not await peer.is_answered(peer.check())
        assert leg.ice.paths == []
        assert await peer.is_answered(good)


async def test_an_answer_tells_the_address_and_is_no_longer_than_the_question() -> None:
    async with media_server(("127.0.0.1", "::1")) as server:
        for position, address in enumerate(("127.0.0.1", "::1")):
            leg = server.open_leg(Watcher())
            peer = Peer()
            leg.accept(peer.remote)
            peer.local = leg.local
            await peer.open(address, candidate=position)
            reply = await peer.send_check()
            assert reply.attributes["XOR-MAPPED-ADDRESS"] == peer.address
            assert "FINGERPRINT" in reply.attributes
            assert len(bytes(reply)) <= len(peer.check())


async def test_media_follow_a_browser_that_moves() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        speaker.peer.send_rtp(sound(1001, 1))
        await viewer.peer.next_rtp()

        await viewer.peer.open()
        await viewer.peer.send_check()
        speaker.peer.send_rtp(sound(1001, 2))
        await viewer.peer.next_rtp()

        await speaker.peer.open()
        speaker.peer.send_rtp(sound(1001, 3))  # not before it has proved its address
        await speaker.peer.send_check()
        speaker.peer.send_rtp(sound(1001, 4))
        packet = await viewer.peer.next_rtp()
        assert int.from_bytes(packet[4:8], "big") == 960 * 4
        assert speaker.watcher.failures == []


async def test_a_participant_cannot_take_the_address_of_another() -> None:
    async with (
        media_server() as server,
        connected(server) as speaker,
        connected(server) as viewer,
        connected(server) as thief,
    ):
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        # As one can who writes another's address on its datagrams: its own credentials, from the speaker's socket.
        assert not await speaker.peer.is_answered(thief.peer.check())
        speaker.peer.send_rtp(sound(1001, 1, b"still here"))
        assert (await viewer.peer.next_rtp()).endswith(b"still here")
        speaker.leg.close()
        assert await speaker.peer.is_answered(thief.peer.check())  # nobody's any more


async def test_an_ice_restart_does_not_interrupt_the_call() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        fresh = viewer.leg.restart_ice()
        await viewer.peer.send_check()  # with the old ones
        viewer.peer.ufrag, viewer.peer.pwd = secrets.token_hex(4), secrets.token_hex(16)
        viewer.leg.accept(viewer.peer.remote)
        old = viewer.peer.local
        viewer.peer.local = fresh
        await viewer.peer.send_check()
        speaker.peer.send_rtp(sound(1001, 1, b"through"))
        assert (await viewer.peer.next_rtp()).endswith(b"through")
        viewer.peer.local = old
        assert not await viewer.peer.is_answered(viewer.peer.check())


async def test_silence_is_told_after_5_seconds_and_the_end_after_30() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as browser:
        clock.now += SILENT_S
        server.tick()
        assert browser.watcher.silences == []
        clock.now += 0.1
        server.tick()
        server.tick()
        assert browser.watcher.silences == [True]
        await browser.peer.send_check()
        assert browser.watcher.silences == [True, False]

        clock.now += CONSENT_S
        server.tick()
        assert browser.watcher.failures == []
        clock.now += 0.1
        server.tick()
        assert len(browser.watcher.failures) == 1
        assert "30 seconds" in browser.watcher.failures[0]
        assert not browser.leg.connected
        assert not await browser.peer.is_answered(browser.peer.check())


async def test_media_end_a_silence_too() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as browser, connected(server) as viewer:
        viewer.leg.send(browser.leg.receive(microphone(1001)), heard(2001))
        clock.now += SILENT_S + 1
        server.tick()
        browser.peer.send_rtp(sound(1001, 1))
        await viewer.peer.next_rtp()
        server.tick()
        assert browser.watcher.silences == [True, False]


async def test_one_who_floods_keeps_nobody_behind_the_same_address_out() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server:
        leg, flooded = server.open_leg(Watcher()), server.open_leg(Watcher())
        flooder, newcomer = Peer(), Peer()
        flooded.accept(flooder.remote)
        leg.accept(newcomer.remote)
        flooder.local, newcomer.local = flooded.local, leg.local
        await flooder.open()
        await newcomer.open()
        for _ in range(2 * BURST):
            flooder.send_raw(flooder.check(password="guessed" * 4))
        await newcomer.send_check()


async def test_a_hundred_forged_checks_do_not_cost_a_browser_its_own() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as browser:
        for _ in range(200):
            browser.peer.send_raw(browser.peer.check(password="guessed" * 4))
        await browser.peer.send_check()


async def test_checks_beyond_the_limits_are_dropped() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as browser, connected(server) as other:
        for number in range(BURST + CHECKS_PER_SECOND + 50):
            browser.peer.send_raw(browser.peer.check())
            if number % 50 == 49:
                await other.peer.send_check()  # once it is answered, what was sent before has been read
        assert await browser.peer.count_replies() <= BURST + CHECKS_PER_SECOND
        assert not await browser.peer.is_answered(browser.peer.check())
        clock.now += 1
        assert await browser.peer.is_answered(browser.peer.check())


async def test_a_taken_port_is_refused_and_a_free_one_is_found() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match="in use"):
            async with media_server(port=taken.getsockname()[1]):
                pass
    async with media_server(("127.0.0.1", "::1")) as server:
        assert server.port > 0
