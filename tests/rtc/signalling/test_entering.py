from __future__ import annotations

import base64
import json
import random

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.grants import CONTEXT, GrantRefused
from rtc.rooms.entry import Doorkeeper, Keys
from rtc.rooms.moment import Moment
from tests.rtc.signalling.house import ORIGIN, House, browsers, control, house, open_house


async def refusal(place: House, **credentials: str) -> str:
    """The error's id; the websocket must close with 4001."""
    async with browsers(place, 1) as (browser,):
        answer = await browser.hello(**credentials)
        assert answer["type"] == "error", answer
        assert len(answer["sentence"]) > 20
        assert await browser.closed() == 4001
        return str(answer["id"])


async def test_grant_lets_its_holder_in_and_shows_who_is_there() -> None:
    async with open_house(2) as (place, _, (anna, ben)):
        first = await anna.hello(grant=place.grant("anna"))
        assert first["type"] == "welcome"
        assert (first["room"], first["participant"], first["resumed"]) == ("room-1", "anna", False)
        assert first["people"] == []
        assert first["resume_s"] == 120
        await anna.publish("microphone", "camera")
        await anna.send(type="mute", source="camera", muted=True)
        await anna.quiet()
        second = await ben.hello(grant=place.grant("ben"))
        assert second["people"] == [
            {"participant": "anna", "muted": ["camera"], "sources": ["camera", "microphone"], "away": False}
        ]
        assert (await anna.expect("joined"))["participant"] == "ben"


async def test_grant_opens_once() -> None:
    async with open_house(1) as (place, _, (anna,)):
        grant = place.grant("anna")
        await anna.hello(grant=grant)
        assert await refusal(place, grant=grant) == "grant.used"
        assert await anna.quiet() == [], "the one inside noticed nothing"


async def test_expired_and_foreign_grants_are_refused() -> None:
    async with open_house(0) as (place, _, _):
        assert await refusal(place, grant=place.grant("anna", issued_at=1000, expires_at=1060)) == "grant.expired"
        place.key = Ed25519PrivateKey.generate()
        assert await refusal(place, grant=place.grant("anna")) == "grant.signature"
        assert await refusal(place, grant="x.y") == "grant.malformed"
        assert await refusal(place, resume="x" * 43) == "resume.unknown"


async def test_removed_person_cannot_use_a_grant_from_before() -> None:
    async with open_house(1) as (place, _, (anna,)):
        grant = place.grant("anna")
        status, _ = await control(place, "DELETE", "/v1/rooms/room-1/participants/anna")
        assert status == 204
        assert await refusal(place, grant=grant) == "grant.withdrawn"
        assert (await anna.hello(grant=place.grant("ben")))["type"] == "welcome", "others may still enter"


async def test_key_that_was_added_while_running_is_read_when_it_is_needed() -> None:
    async with open_house(1) as (place, _, (anna,)):
        old, place.key = place.key, Ed25519PrivateKey.generate()
        assert await refusal(place, grant=place.grant("anna", key="key-2")) == "grant.signature"
        place.write_keys({"key-1": old, "key-2": place.key})
        assert (await anna.hello(grant=place.grant("anna", key="key-2")))["type"] == "welcome"


async def test_full_room_says_so_and_leaves_the_grant_good() -> None:
    async with open_house(3, participants_max=2) as (place, _, (anna, ben, cleo)):
        await anna.hello(grant=place.grant("anna"))
        await ben.hello(grant=place.grant("ben"))
        grant = place.grant("cleo")
        assert await refusal(place, grant=grant) == "room.full"
        await ben.send(type="leave")
        assert await ben.closed() == 1000
        assert (await cleo.hello(grant=grant))["type"] == "welcome"


@pytest.mark.parametrize(
    ("first", "error"),
    [
        ('{"type":"ping","number":1}', "hello.expected"),
        ("not JSON", "hello.expected"),
        ('{"type":"hello","version":1}', "hello.expected"),
        ('{"type":"hello","version":1,"grant":"a.b","resume":"c"}', "hello.expected"),
        ('{"type":"hello","version":2,"grant":"a.b"}', "hello.version"),
    ],
)
async def test_websocket_that_does_not_begin_with_hello_is_closed(first: str, error: str) -> None:
    async with open_house(1) as (_, _, (browser,)):
        await browser.connect()
        await browser.socket.send_str(first)
        assert (await browser.next())["id"] == error
        assert await browser.closed() == 4001


@pytest.mark.parametrize("origin", [None, "https://elsewhere.example", "http://clinic.example", "null"])
async def test_pages_of_other_sites_cannot_open_the_websocket(origin: str | None) -> None:
    async with open_house(0) as (place, _, _):
        connector = aiohttp.UnixConnector(str(place.settings.paths.signalling_socket))
        headers = {} if origin is None else {"Origin": origin}
        async with aiohttp.ClientSession(connector=connector) as sockets:
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await sockets.ws_connect("http://rtc/rtc/v1", headers=headers)
            assert caught.value.status == 403
            async with sockets.ws_connect("http://rtc/rtc/v1", headers={"Origin": ORIGIN}) as good:
                assert not good.closed


def test_of_ten_thousand_mutated_grants_none_is_accepted() -> None:
    chance = random.Random(7)
    with house() as place:
        door = doorkeeper(place)
        good = place.grant("anna")
        judged_at = json.loads(payload_of(good))["issued_at"] + 1.0
        accepted = 0
        for _ in range(10_000):
            mutated = mutate(good, chance)
            try:
                door.judge(mutated, Moment(judged_at, judged_at))
            except GrantRefused:
                continue
            accepted += mutated != good
        assert accepted == 0
        assert door.judge(good, Moment(judged_at, judged_at)).participant == "anna", "and yet the original is good"


@pytest.mark.parametrize(
    "changes",
    [
        {"room": "room-2"},
        {"participant": "ben"},
        {"rights": ["publish", "subscribe", "admin"]},
        {"expires_at": 4_000_000_000},
        {"kind": "probe"},
        {"key": "key-0"},
        {"key": "../keys/key-1"},
        {"alg": "none"},
        {"leg": 5},
    ],
)
def test_changed_claims_are_refused_whoever_else_signs_them(changes: dict[str, object]) -> None:
    with house() as place:
        door = doorkeeper(place)
        claims = json.loads(payload_of(place.grant("anna")))
        judged_at = claims["issued_at"] + 1.0
        changed = encode(json.dumps(claims | changes).encode())
        stranger = Ed25519PrivateKey.generate()
        signatures = [
            b"",
            b"\0" * 64,
            stranger.sign(CONTEXT + changed),
            place.key.sign(changed),  # by the right key, but not as a grant
            place.key.sign(CONTEXT + encode(json.dumps(claims).encode())),
        ]
        for signature in signatures:
            with pytest.raises(GrantRefused):
                door.judge(f"{changed.decode()}.{encode(signature).decode()}", Moment(judged_at, judged_at))


@pytest.mark.parametrize("name", ["a b", "a\r\nb", "", "x" * 65, "é", "../x", "a/b"])
def test_signed_ids_that_could_break_a_description_are_refused(name: str) -> None:
    with house() as place:
        door = doorkeeper(place)
        for grant in (
            place.grant(name, issued_at=100, expires_at=160),
            place.grant("anna", name, issued_at=100, expires_at=160),
        ):
            with pytest.raises(GrantRefused) as caught:
                door.judge(grant, Moment(101.0, 101.0))
            assert caught.value.reason == "malformed"


def doorkeeper(place: House) -> Doorkeeper:
    keys = Keys(place.settings.paths.grant_keys)
    assert keys.reread()
    return Doorkeeper(keys, Moment(0.0, 0.0))


def payload_of(grant: str) -> bytes:
    payload = grant.partition(".")[0]
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))


def encode(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def mutate(grant: str, chance: random.Random) -> str:
    """Change characters, or bits of either part."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= +/"
    if chance.random() < 0.5:
        at = chance.randrange(len(grant))
        return grant[:at] + chance.choice(alphabet) + grant[at + chance.randrange(3) :]
    parts = [bytearray(base64.urlsafe_b64decode(p + "=" * (-len(p) % 4))) for p in grant.split(".")]
    part = chance.choice(parts)
    part[chance.randrange(len(part))] ^= 1 << chance.randrange(8)
    return ".".join(encode(bytes(p)).decode() for p in parts)
