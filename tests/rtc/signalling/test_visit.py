"""What happens in a visit, seen by browsers on real websockets and real media connections."""

from __future__ import annotations

import asyncio
import json

import aiohttp

from rtc.media.rtp import parse_header
from rtc.signalling.sdp import parse
from tests.rtc.signalling import texts
from tests.rtc.signalling.house import Browser, House, control, local_parameters, open_house
from tests.rtc.transport.peer import Peer
from tests.rtc.transport.tracks import KEYFRAME, picture, sound


async def enter(place: House, *names: str, browsers: tuple[Browser, ...] | list[Browser]) -> None:
    for name, browser in zip(names, browsers, strict=True):
        assert (await browser.hello(grant=place.grant(name)))["type"] == "welcome"


async def connect_publish(browser: Browser, *names: str, ssrc: int = 1001) -> None:
    answer = await browser.publish(*names, ssrc=ssrc)
    assert answer["type"] == "published", answer
    await browser.publish_peer.connect(local_parameters(answer["sdp"]))


async def connect_subscribe(browser: Browser, offer: dict[str, object]) -> None:
    await browser.answer(offer)
    await browser.subscribe_peer.connect(local_parameters(str(offer["sdp"])))


async def heard(viewer: Browser, speaker: Browser, sequence: int, payload: bytes) -> int:
    """Let *speaker* say *payload* until *viewer* has it; the SSRC under which it came."""
    for n in range(50):
        speaker.publish_peer.send_rtp(sound(1001, sequence + n, payload))
        try:
            packet = await asyncio.wait_for(viewer.subscribe_peer.rtp.get(), 0.1)
        except TimeoutError:
            continue
        header = parse_header(packet)
        if header is not None and packet[header.payload_offset :] == payload:
            return header.ssrc
    raise AssertionError("nothing was heard")


async def call(place: House, anna: Browser, ben: Browser) -> dict[str, object]:
    """Anna is heard by Ben. Returns the offer that Ben answered."""
    await enter(place, "anna", "ben", browsers=[anna, ben])
    await connect_publish(anna, "microphone", "camera")
    offer = await ben.expect("subscribe")
    await connect_subscribe(ben, offer)
    await heard(ben, anna, 1, b"hello")
    return offer


async def test_two_people_hear_and_see_each_other() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        offer = await call(place, anna, ben)
        assert "a=rtcp-fb:111 nack\r\n" in str(offer["sdp"]), "lost sound may be asked for"
        assert [(t["participant"], t["source"]) for t in offer["tracks"]] == [  # type: ignore[attr-defined]
            ("anna", "microphone"),
            ("anna", "camera"),
        ]
        while not ben.subscribe_peer.rtp.empty():
            ben.subscribe_peer.rtp.get_nowait()
        anna.publish_peer.send_rtp(picture(1011, 1, KEYFRAME))
        packet = await ben.subscribe_peer.next_rtp()
        header = parse_header(packet)
        assert header is not None
        assert packet[header.payload_offset :] == KEYFRAME
        await connect_publish(ben, "microphone", ssrc=7001)
        back = await anna.expect("subscribe")
        assert [t["participant"] for t in back["tracks"]] == ["ben"]


async def test_what_one_browser_says_of_itself_never_reaches_the_other() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        offer = str((await call(place, anna, ben))["sdp"])
        remote = anna.publish_peer.remote
        for secret in (remote.ice_ufrag, remote.ice_pwd, remote.fingerprints[0][1], "1001", "invented"):
            assert secret in texts.chrome_offer(remote)
            assert secret not in offer


async def test_dropped_websocket_resumes_and_media_never_stop() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await call(place, anna, ben)
        before = await heard(ben, anna, 100, b"before")
        await ben.drop()
        assert await heard(ben, anna, 200, b"meanwhile") == before
        welcome = await ben.hello(resume=ben.resume_secret)
        assert welcome["resumed"] is True
        assert [p["participant"] for p in welcome["people"]] == ["anna"]
        assert await ben.quiet() == [], "the offer was answered, so it is not repeated"
        assert await heard(ben, anna, 300, b"after") == before
        assert [m["type"] for m in await anna.quiet()] == [], "nobody else noticed"


async def test_resume_repeats_the_offer_that_was_not_answered() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await enter(place, "anna", "ben", browsers=[anna, ben])
        await connect_publish(anna, "microphone")
        lost = await ben.expect("subscribe")
        await ben.drop()
        await ben.hello(resume=ben.resume_secret)
        again = await ben.expect("subscribe")
        assert again == lost
        await connect_subscribe(ben, again)
        await heard(ben, anna, 1, b"hello")


async def test_resume_secret_works_once_it_was_used_to_come_back() -> None:
    async with open_house(1) as (place, _, (anna,)):
        await anna.hello(grant=place.grant("anna"))
        first = anna.resume_secret
        await anna.drop()
        await anna.hello(resume=first)
        await anna.quiet()  # the server has heard that the new secret arrived
        await anna.drop()
        assert (await anna.hello(resume=first))["id"] == "resume.unknown"


async def test_lost_welcome_does_not_cost_the_place() -> None:
    async with open_house(1) as (place, _, (anna,)):
        await anna.hello(grant=place.grant("anna"))
        kept = anna.resume_secret
        for _ in range(3):
            assert (await anna.hello(resume=kept))["type"] == "welcome"
            await anna.drop()


async def test_second_entry_replaces_the_first_and_ends_its_media() -> None:
    async with open_house(3) as (place, _, (anna, ben, second)):
        await call(place, anna, ben)
        assert (await second.hello(grant=place.grant("anna")))["type"] == "welcome"
        assert (await anna.expect("replaced")) == {"type": "replaced"}
        assert await anna.closed() == 4002
        left = await ben.expect("left")
        assert (left["participant"], left["reason"]) == ("anna", "replaced")
        assert (await ben.expect("joined"))["participant"] == "anna"
        assert anna.publish_peer.stun_replies.empty()
        assert not await anna.publish_peer.is_answered(anna.publish_peer.check())
        assert (await second.hello(resume=anna.resume_secret))["id"] == "resume.unknown"


async def test_removal_ends_websocket_media_and_resume_at_once() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await call(place, anna, ben)
        assert (await control(place, "DELETE", "/v1/rooms/room-1/participants/anna"))[0] == 204
        await anna.expect("removed")
        assert await anna.closed() == 4003
        assert not await anna.publish_peer.is_answered(anna.publish_peer.check())
        assert (await anna.hello(resume=anna.resume_secret))["id"] == "resume.unknown"
        left = await ben.expect("left")
        assert (left["participant"], left["reason"]) == ("anna", "removed")


async def test_end_of_the_visit_reaches_everybody() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await enter(place, "anna", "ben", browsers=[anna, ben])
        assert (await control(place, "DELETE", "/v1/rooms/room-1"))[0] == 204
        await anna.expect("joined")
        for browser in (anna, ben):
            assert await browser.next() == {"type": "ended"}, "and not a row of people who leave"
            assert await browser.closed() == 4004
        assert (await control(place, "GET", "/v1/rooms/room-1"))[0] == 404


async def test_line_of_an_ended_track_is_given_to_the_next_of_its_kind() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        first = await call(place, anna, ben)
        await anna.publish("microphone")
        without = await ben.expect("subscribe")
        assert [t["mid"] for t in without["tracks"]] == ["0"]
        assert "a=inactive" in without["sdp"]
        await ben.answer(without)
        await anna.publish("microphone", "screen")
        then = await ben.expect("subscribe")
        assert [(t["mid"], t["source"]) for t in then["tracks"]] == [("0", "microphone"), ("1", "screen")]
        assert len(parse(then["sdp"]).sections) == len(parse(str(first["sdp"])).sections)
        assert parse(then["sdp"]).sections[1].ssrcs() != parse(str(first["sdp"])).sections[1].ssrcs()


async def test_line_is_not_reused_before_the_browser_agreed_that_it_rests() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await call(place, anna, ben)
        await anna.publish("microphone")
        await ben.expect("subscribe")
        await anna.publish("microphone", "screen")
        then = await ben.expect("subscribe")
        assert [(t["mid"], t["source"]) for t in then["tracks"]] == [("0", "microphone"), ("2", "screen")]


async def test_one_who_changes_all_the_time_does_not_keep_the_others_busy() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await enter(place, "anna", "ben", browsers=[anna, ben])
        answers = [(await anna.publish(*["microphone", "camera"][: 1 + n % 2]))["type"] for n in range(38)]
        assert answers[:20] == ["published"] * 20
        assert answers.count("error") > 10
        offers = [message for message in await ben.quiet() if message["type"] == "subscribe"]
        assert len(offers) == answers.count("published")


async def test_answer_to_an_older_offer_is_ignored() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await enter(place, "anna", "ben", browsers=[anna, ben])
        await anna.publish("microphone")
        older = await ben.expect("subscribe")
        await anna.publish("microphone", "camera")
        newer = await ben.expect("subscribe")
        assert newer["number"] > older["number"]
        await ben.answer(older)
        assert await ben.quiet() == []
        await ben.drop()
        await ben.hello(resume=ben.resume_secret)
        assert (await ben.expect("subscribe"))["number"] == newer["number"]


async def test_ice_restart_of_publish_changes_both_sides_and_keeps_the_source() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await call(place, anna, ben)
        before = await heard(ben, anna, 100, b"before")
        first = anna.publish_peer.local
        anna.publish_peer.ufrag, anna.publish_peer.pwd = "newU", "n" * 24
        answer = await anna.publish("microphone", "camera")
        renewed = local_parameters(answer["sdp"])
        assert first is not None
        assert renewed.ice_ufrag != first.ice_ufrag
        anna.publish_peer.local = renewed
        await anna.publish_peer.open()
        await anna.publish_peer.send_check()
        assert await heard(ben, anna, 200, b"after") == before
        assert await ben.quiet() == []


async def test_repeated_offer_gets_the_same_answer() -> None:
    async with open_house(1) as (place, _, (anna,)):
        await anna.hello(grant=place.grant("anna"))
        answers = [local_parameters((await anna.publish("microphone"))["sdp"]) for _ in range(2)]
        assert answers[0] == answers[1]


async def test_restart_offers_subscribe_with_new_credentials() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        offer = await call(place, anna, ben)
        await ben.send(type="restart")
        again = await ben.expect("subscribe")
        assert local_parameters(again["sdp"]).ice_ufrag != local_parameters(str(offer["sdp"])).ice_ufrag
        assert again["tracks"] == offer["tracks"]
        ben.subscribe_peer.local = local_parameters(again["sdp"])
        await ben.answer(again)
        await ben.quiet()
        await ben.subscribe_peer.send_check()
        await heard(ben, anna, 100, b"still there")


async def test_renewed_subscribe_connection_starts_with_fresh_lines() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        offer = await call(place, anna, ben)
        ben.subscribe_peer.close_socket()
        ben.subscribe_peer = Peer()
        await ben.send(type="renew", connection="subscribe")
        fresh = await ben.expect("subscribe")
        assert fresh["number"] > int(str(offer["number"]))
        await connect_subscribe(ben, fresh)
        await heard(ben, anna, 100, b"hello again")


async def test_renewed_publish_connection_reaches_the_others_under_a_new_ssrc() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await call(place, anna, ben)
        before = await heard(ben, anna, 100, b"before")
        anna.publish_peer.say_goodbye()
        anna.publish_peer.close_socket()
        anna.publish_peer = Peer()
        await anna.send(type="renew", connection="publish")
        await connect_publish(anna, "microphone", "camera")
        while len((offer := await ben.expect("subscribe"))["tracks"]) < 2:
            await ben.answer(offer)
        await ben.answer(offer)
        assert await heard(ben, anna, 100, b"after") != before
        assert [m["type"] for m in await anna.quiet() if m["type"] == "renew"] == []


async def test_changed_certificate_makes_a_new_publish_connection() -> None:
    async with open_house(1) as (place, _, (anna,)):
        await anna.hello(grant=place.grant("anna"))
        await connect_publish(anna, "microphone")
        old, anna.publish_peer = anna.publish_peer, Peer()
        await connect_publish(anna, "microphone")
        assert not await old.is_answered(old.check())
        old.close_socket()


async def test_browser_is_told_to_renew_what_only_the_server_knows_to_be_gone() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await call(place, anna, ben)
        anna.publish_peer.say_goodbye()
        assert (await ben.expect("subscribe"))["tracks"] == [], "what came over it has ended for the others"
        assert (await anna.publish("microphone", "camera"))["type"] == "renew"
        ben.subscribe_peer.say_goodbye()
        for _ in range(30):
            await ben.send(type="restart")
            if (message := await ben.next())["type"] == "renew":
                break
            await asyncio.sleep(0.05)
        assert message == {"type": "renew", "connection": "subscribe"}
        await anna.drop()
        await anna.hello(resume=anna.resume_secret)
        assert (await anna.expect("renew"))["connection"] == "publish"


async def test_mute_is_shown_to_the_others_only() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await enter(place, "anna", "ben", browsers=[anna, ben])
        await anna.quiet()
        await anna.send(type="mute", source="microphone", muted=True)
        assert await anna.quiet() == []
        assert await ben.expect("muted") == {
            "type": "muted",
            "participant": "anna",
            "source": "microphone",
            "muted": True,
        }


async def test_refused_description_leaves_everything_as_it_was() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await call(place, anna, ben)
        await anna.send(type="publish", sdp="v=0\r\nnonsense", tracks=[])
        error = await anna.expect("error")
        assert error["id"] == "sdp.refused"
        await ben.send(type="subscribed", number=1, sdp="v=0\r\nnonsense")
        assert (await ben.expect("error"))["id"] == "sdp.refused"
        await heard(ben, anna, 100, b"still there")


async def test_stream_that_another_publishes_cannot_be_announced() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await enter(place, "anna", "ben", browsers=[anna, ben])
        await anna.publish("microphone", ssrc=4242)
        assert (await ben.publish("microphone", ssrc=4242))["id"] == "sdp.refused"
        assert (await ben.publish("microphone", ssrc=4243))["type"] == "published"


async def test_rights_in_the_grant_are_all_that_one_may() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await anna.hello(grant=place.grant("anna", rights=("publish",)))
        await ben.hello(grant=place.grant("ben", rights=("subscribe",)))
        assert (await anna.publish("microphone"))["type"] == "published"
        assert len((await ben.expect("subscribe"))["tracks"]) == 1
        assert (await ben.publish("microphone", ssrc=7001))["id"] == "sdp.refused"
        assert "subscribe" not in [m["type"] for m in await anna.quiet()]


async def test_flood_is_dropped_then_closed_and_the_others_are_not_disturbed() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await enter(place, "anna", "ben", browsers=[anna, ben])
        await anna.quiet()
        for n in range(400):
            await anna.send(type="ping", number=n)
        kinds: list[str] = []
        while (message := await anna.socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            kinds.append(json.loads(message.data).get("id", "pong"))
        assert anna.socket.close_code == 4008
        assert 30 <= kinds.count("pong") <= 60
        assert kinds.count("message.rate") >= 1
        assert await ben.quiet() == [], "the place is kept, so nobody has left"
        assert (await anna.hello(resume=anna.resume_secret))["resumed"] is True


async def test_message_that_is_none_is_answered_and_changes_nothing() -> None:
    async with open_house(1) as (place, _, (anna,)):
        await anna.hello(grant=place.grant("anna"))
        bad = [
            "[" * 60_000,
            '{"type":"mute"}',
            '{"type":"mute","source":"nose","muted":true}',
            '{"type":"ping","number":-1}',
            '{"type":"ping","number":1e400}',
            '{"type":"ping","number":1,"extra":1}',
            '{"type":"quality","span_s":10,"loss_up":2}',
            '{"type":"welcome"}',
            '"\\ud83d"',
            " " * 66_000 + "{}",
        ]
        for text in bad:
            await anna.socket.send_str(text)
            assert (await anna.next())["id"] == "message.malformed"
        await anna.socket.send_bytes(b'{"type":"ping","number":1}')
        assert (await anna.next())["id"] == "message.malformed"
        await anna.send(type="hello", version=1, grant=place.grant("anna"))
        assert (await anna.next())["id"] == "message.malformed"
        assert await anna.quiet() == []


async def test_messages_after_leaving_have_no_effect() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        await enter(place, "anna", "ben", browsers=[anna, ben])
        await ben.quiet()
        await anna.send(type="leave")
        await anna.send(type="mute", source="microphone", muted=True)
        await anna.send(type="publish", sdp=texts.chrome_offer(), tracks=[{"mid": "0", "source": "microphone"}])
        assert await anna.closed() == 1000
        assert [(m["type"], m.get("reason")) for m in await ben.quiet()] == [("left", "left")]
