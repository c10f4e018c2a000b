from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from rtc.rooms.track import SourceName
from rtc.signalling.messages import PublishedTrack
from rtc.signalling.publishing import read_offer, write_answer
from rtc.signalling.sdp import MID_EXTENSION, SEND_TIME_EXTENSION, parse
from rtc.signalling.sdp_writing import Origin
from rtc.transport.interface import Candidate, LocalParameters
from tests.rtc.signalling.texts import REMOTE, chrome_offer, firefox_offer, safari_offer

LOCAL = LocalParameters(
    "ours",
    "p" * 24,
    ":".join(["0A"] * 32),
    (Candidate("192.0.2.7", 3480, 2130706431, "host"), Candidate("198.51.100.7", 3480, 1694498815, "srflx")),
)
BOTH = (PublishedTrack("0", SourceName.MICROPHONE), PublishedTrack("1", SourceName.CAMERA))


def sections(sdp: str) -> list[str]:
    return re.split(r"(?=^m=)", sdp, flags=re.MULTILINE)[1:]


def refused(sdp: str, tracks: tuple[PublishedTrack, ...] = BOTH) -> str:
    with pytest.raises(Invalid) as caught:
        read_offer(sdp, tracks)
    return caught.value.sentence


def test_chrome_publishes_opus_and_vp8_with_the_streams_it_names() -> None:
    offer = read_offer(chrome_offer(), BOTH)
    microphone, camera = offer.tracks[SourceName.MICROPHONE], offer.tracks[SourceName.CAMERA]
    assert [c.payload_type for c in microphone.codecs + camera.codecs] == [111, 96]
    assert microphone.ssrcs == (1001,)
    assert camera.ssrcs == (1011,), "the retransmission stream is not one of pictures"
    assert camera.codecs[0].feedback == ("goog-remb", "nack", "nack pli")
    assert dict(camera.extensions) == {MID_EXTENSION: 4, SEND_TIME_EXTENSION: 2}
    assert offer.remote == REMOTE


def test_firefox_publishes_with_its_own_numbers_and_shared_fingerprint() -> None:
    offer = read_offer(firefox_offer(), BOTH)
    assert offer.remote == REMOTE
    assert [t.codecs[0].payload_type for t in offer.tracks.values()] == [109, 120]
    assert offer.tracks[SourceName.CAMERA].ssrcs == (3002,)


def test_firefoxs_picture_shares_the_port_of_its_sound() -> None:
    assert "m=video 0 " in firefox_offer()
    answer = write_answer(read_offer(firefox_offer(), BOTH), LOCAL, Origin())
    assert "m=video 9 UDP/TLS/RTP/SAVPF 120\r\n" in answer
    assert "a=group:BUNDLE 0 1\r\n" in answer
    assert answer.count("a=recvonly") == 2


def test_a_picture_without_port_and_bundle_is_no_longer_there() -> None:
    stopped = re.sub(r"a=bundle-only\r\n", "", firefox_offer())
    assert "not one that sends" in refused(stopped)
    alone = re.sub(r"BUNDLE 0 1", "BUNDLE 0", firefox_offer())
    assert "outside the BUNDLE" in refused(alone)


def test_what_belongs_to_the_connection_may_stand_in_its_first_section_only() -> None:
    first, mark, second = firefox_offer().partition("m=video")
    second = re.sub(r"a=(ice-pwd|ice-ufrag|setup|rtcp-mux|rtcp-rsize).*?\r\n", "", second)
    offer = read_offer(first + mark + second, BOTH)
    assert offer.remote == REMOTE
    assert len(offer.tracks) == 2


def test_safari_is_asked_for_vp8_which_it_offers_last() -> None:
    offer = read_offer(safari_offer(), BOTH)
    assert [t.codecs[0].payload_type for t in offer.tracks.values()] == [111, 104]
    assert offer.tracks[SourceName.CAMERA].ssrcs == (4002,)
    assert offer.tracks[SourceName.CAMERA].codecs[0].feedback == ("goog-remb", "nack", "nack pli")
    answer = write_answer(offer, LOCAL, Origin())
    assert "m=video 9 UDP/TLS/RTP/SAVPF 104\r\n" in answer
    assert "H26" not in answer


def test_answer_takes_what_is_announced_and_lets_the_rest_be_inactive() -> None:
    answer = write_answer(read_offer(chrome_offer(), BOTH[:1]), LOCAL, Origin())
    sound, picture = sections(answer)
    assert "a=recvonly" in sound
    assert "a=inactive" in picture
    assert "a=group:BUNDLE 0 1\r\n" in answer
    assert "a=ice-lite\r\n" in answer
    assert "a=setup:passive" in sound
    assert "typ host" in sound
    assert "192.0.2.7" not in picture, "one bundle has one set of candidates"


@pytest.mark.parametrize("absent", ["transport-cc", "transport-wide-cc", "rtx", "red", "H264", "simulcast", "ccm fir"])
def test_answer_does_not_agree_to_what_the_server_does_not_do(absent: str) -> None:
    answer = write_answer(read_offer(chrome_offer(), BOTH), LOCAL, Origin())
    assert "VP8" in answer
    assert absent not in answer


def test_lost_sound_may_be_asked_for_where_the_browser_offers_it() -> None:
    assert "a=rtcp-fb:111 nack\r\n" in write_answer(read_offer(chrome_offer(), BOTH), LOCAL, Origin())
    assert "a=rtcp-fb:109" not in write_answer(read_offer(firefox_offer(), BOTH), LOCAL, Origin())


def test_answer_mirrors_silence_suppression_and_refuses_stereo() -> None:
    answer = write_answer(read_offer(firefox_offer(), BOTH), LOCAL, Origin())
    assert "a=fmtp:109 minptime=10;useinbandfec=1;stereo=0;usedtx=1\r\n" in answer
    assert "usedtx" not in write_answer(read_offer(chrome_offer(), BOTH), LOCAL, Origin())


def test_each_answer_of_a_connection_has_a_higher_version() -> None:
    origin, offer = Origin(), read_offer(chrome_offer(), BOTH)
    lines = [re.search(r"o=- (\d+) (\d+)", write_answer(offer, LOCAL, origin)) for _ in range(2)]
    (first, one), (second, two) = [line.groups() for line in lines if line]
    assert first == second
    assert int(two) == int(one) + 1


@pytest.mark.parametrize(
    ("pattern", "replacement", "words"),
    [
        (r"a=group:BUNDLE 0 1", "a=group:LS 0 1", "BUNDLE"),
        (r"a=group:BUNDLE 0 1", "a=group:BUNDLE 0", "outside the BUNDLE"),
        (r"a=rtcp-mux\r\n", "", "rtcp-mux"),
        (r"a=setup:actpass", "a=setup:passive", "a=setup"),
        (r"a=fingerprint:sha-256 .*?\r\n", "", "fingerprint"),
        (r"a=fingerprint:sha-256", "a=fingerprint:sha-1", "fingerprint"),
        (r"a=ice-pwd:.*?\r\n", "a=ice-pwd:short\r\n", "ICE password"),
        (r"UDP/TLS/RTP/SAVPF", "RTP/AVP", "encrypted"),
        (r"VP8/90000", "VP7/90000", "VP8"),
        (r"a=mid:1", "a=mid:0", "same mid"),
        (r"m=video 9", "m=video port", "port"),
        (r"m=video 9 UDP/TLS/RTP/SAVPF [\d ]+", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "data channels"),
        (r"v=0", "v=1", "v=0"),
        (r"a=sendonly", "a=recvonly", "not one that sends"),
    ],
)
def test_unusable_offer_is_refused_with_a_sentence(pattern: str, replacement: str, words: str) -> None:
    changed = re.sub(pattern, replacement, chrome_offer())
    assert changed != chrome_offer()
    assert words in refused(changed)


def test_more_than_twenty_sections_are_refused() -> None:
    assert "more than 20" in refused(chrome_offer(kinds=["audio"] * 21))
    parse(chrome_offer(kinds=["audio"] * 20))


def test_more_than_64_kb_are_refused() -> None:
    assert "64 KB" in refused(chrome_offer() + "a=x:" + "y" * 65_536)


def test_camera_cannot_pass_for_a_microphone_nor_be_there_twice() -> None:
    assert "another kind" in refused(chrome_offer(), (PublishedTrack("1", SourceName.MICROPHONE),))
    twice = (PublishedTrack("1", SourceName.CAMERA), PublishedTrack("1", SourceName.SCREEN))
    assert "twice" in refused(chrome_offer(), twice)


def test_too_many_named_streams_are_refused() -> None:
    many = "".join(f"a=ssrc:{n} cname:x\r\n" for n in range(5000, 5020))
    assert "streams" in refused(chrome_offer() + many)


def test_candidates_of_the_browser_are_passed_over() -> None:
    trickled = chrome_offer() + "a=candidate:1 1 udp 2122194687 192.0.2.99 58607 typ host\r\n" * 60
    assert read_offer(trickled, BOTH) is not None
    assert "192.0.2.99" not in write_answer(read_offer(trickled, BOTH), LOCAL, Origin())


LINES = st.sampled_from([*chrome_offer().split("\r\n"), *firefox_offer().split("\r\n"), *safari_offer().split("\r\n")])


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(), st.lists(st.one_of(LINES, st.text(max_size=20)), max_size=80).map("\r\n".join)))
def test_no_text_raises_anything_but_invalid(text: str) -> None:
    with contextlib.suppress(Invalid):
        write_answer(read_offer("v=0\r\n" + text, ()), LOCAL, Origin())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_damaged_offer_raises_anything_but_invalid(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([chrome_offer(), firefox_offer(), safari_offer()]))
    for _ in range(data.draw(st.integers(1, 4))):
        at, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        text = text[:at] + data.draw(st.text(max_size=8)) + text[min(end, at + 40) :]
    with contextlib.suppress(Invalid):
        write_answer(read_offer(text, BOTH), LOCAL, Origin())
