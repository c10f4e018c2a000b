"""Session descriptions as browsers write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rtc.transport.interface import RemoteParameters

REMOTE = RemoteParameters("Qm7t", "8hVnK0c+eWbXyQ2sDfGhJkLm", (("sha-256", ":".join(["5C"] * 32)),))

CHROME_AUDIO = """m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
{transport}
a=mid:{mid}
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=msid:- {mid}-microphone
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=rtcp-fb:111 nack
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:0 PCMU/8000
a=rtpmap:126 telephone-event/8000
a=ssrc:{ssrc} cname:invented
a=ssrc:{ssrc} msid:- {mid}-microphone"""

CHROME_VIDEO = """m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 45 98
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
{transport}
a=mid:{mid}
a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:13 urn:3gpp:video-orientation
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=sendonly
a=msid:- {mid}-camera
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:102 H264/90000
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102
a=rtpmap:45 AV1/90000
a=rtpmap:98 VP9/90000
a=ssrc-group:FID {ssrc} {repair}
a=ssrc:{ssrc} cname:invented
a=ssrc:{repair} cname:invented"""

FIREFOX = """v=0
o=mozilla...THIS_IS_SDPARTA-99.0 4611732345678901234 0 IN IP4 0.0.0.0
s=-
t=0 0
a=fingerprint:sha-256 {fingerprint}
a=group:BUNDLE 0 1
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 0.0.0.0
a=sendonly
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1;usedtx=1
a=fmtp:101 0-15
a=ice-pwd:{pwd}
a=ice-ufrag:{ufrag}
a=mid:0
a=msid:{{a}} {{b}}
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:109 opus/48000/2
a=rtpmap:9 G722/8000/1
a=rtpmap:101 telephone-event/8000/1
a=setup:actpass
a=ssrc:3001 cname:{{c}}
m=video 0 UDP/TLS/RTP/SAVPF 120 124 126 127
c=IN IP4 0.0.0.0
a=bundle-only
a=sendonly
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1
a=fmtp:120 max-fs=12288;max-fr=60
a=fmtp:124 apt=120
a=ice-pwd:b2a1c4e3d6f5a8b7c0d9e2f1a4b3c6d5
a=ice-ufrag:5fe10c22
a=mid:1
a=msid:{{a}} {{d}}
a=rtcp-fb:* ccm fir
a=rtcp-fb:120 nack
a=rtcp-fb:120 nack pli
a=rtcp-fb:120 goog-remb
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:120 VP8/90000
a=rtpmap:124 rtx/90000
a=rtpmap:126 H264/90000
a=setup:actpass
a=ssrc:3002 cname:{{c}}
a=ssrc:3003 cname:{{c}}
a=ssrc-group:FID 3002 3003
"""

SAFARI = """v=0
o=- 8205374118456397542 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 102 0 8 105 13 110 113 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
{transport}
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=msid:- 5D6C2E0A-3A04-4D3F-8C57-6F0A0F6B7A11
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:102 ILBC/8000
a=rtpmap:113 telephone-event/16000
a=ssrc:4001 cname:invented
a=ssrc:4001 msid:- 5D6C2E0A-3A04-4D3F-8C57-6F0A0F6B7A11
m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100 101 35 36 104 106 107 108
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
{transport}
a=mid:1
a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=msid:- 1B0F7C0E-6E55-4BB4-9A3C-0C5A37C9D7E2
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 H264/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:98 H264/90000
a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:99 rtx/90000
a=fmtp:99 apt=98
a=rtpmap:100 H265/90000
a=rtpmap:101 rtx/90000
a=fmtp:101 apt=100
a=rtpmap:35 VP9/90000
a=fmtp:35 profile-id=0
a=rtpmap:36 rtx/90000
a=fmtp:36 apt=35
a=rtpmap:104 VP8/90000
a=rtcp-fb:104 goog-remb
a=rtcp-fb:104 transport-cc
a=rtcp-fb:104 ccm fir
a=rtcp-fb:104 nack
a=rtcp-fb:104 nack pli
a=rtpmap:106 rtx/90000
a=fmtp:106 apt=104
a=rtpmap:107 red/90000
a=rtpmap:108 ulpfec/90000
a=ssrc-group:FID 4002 4003
a=ssrc:4002 cname:invented
a=ssrc:4003 cname:invented
"""


def transport(remote: RemoteParameters, setup: str = "actpass") -> str:
    """The lines that say with whom to speak."""
    name, digest = remote.fingerprints[0]
    return (
        f"a=ice-ufrag:{remote.ice_ufrag}\na=ice-pwd:{remote.ice_pwd}\na=ice-options:trickle\n"
        f"a=fingerprint:{name} {digest}\na=setup:{setup}"
    )


def chrome_offer(remote: RemoteParameters = REMOTE, kinds: Sequence[str] = ("audio", "video"), ssrc: int = 1001) -> str:
    """As Chrome, from our page, which adds that lost sound may be asked for. Section n sends SSRC *ssrc* + 10 n."""
    templates = {"audio": CHROME_AUDIO, "video": CHROME_VIDEO}
    parts = [
        "v=0\no=- 3249646450128197459 2 IN IP4 127.0.0.1\ns=-\nt=0 0",
        f"a=group:BUNDLE {' '.join(str(n) for n in range(len(kinds)))}",
        "a=extmap-allow-mixed\na=msid-semantic: WMS",
    ]
    for n, kind in enumerate(kinds):
        named = ssrc + 10 * n
        parts.append(templates[kind].format(transport=transport(remote), mid=n, ssrc=named, repair=named + 1))
    return crlf("\n".join(parts) + "\n")


def firefox_offer(remote: RemoteParameters = REMOTE) -> str:
    """As Firefox under max-bundle: the picture's section has port 0 and credentials that it will not use.

    And the fingerprint is for all sections at once, feedback for all payload types, and other numbers.
    """
    return crlf(FIREFOX.format(fingerprint=remote.fingerprints[0][1], pwd=remote.ice_pwd, ufrag=remote.ice_ufrag))


def safari_offer(remote: RemoteParameters = REMOTE) -> str:
    """As Safari: H.264 and H.265 before VP8."""
    return crlf(SAFARI.format(transport=transport(remote)))


def answer(offer: str, remote: RemoteParameters = REMOTE) -> str:
    """A browser's answer that takes all that *offer* of the server sends."""
    group = re.search(r"a=group:BUNDLE.*", offer)
    assert group is not None
    sections = re.split(r"(?=^m=)", offer.replace("\r\n", "\n"), flags=re.MULTILINE)[1:]
    parts = ["v=0\no=- 5378653378289251670 2 IN IP4 127.0.0.1\ns=-\nt=0 0", group.group().strip()]
    for section in sections:
        kept = [line for line in section.splitlines() if re.match(r"m=|c=|a=(mid|extmap|rtpmap|fmtp|rtcp)", line)]
        direction = "a=recvonly" if "a=sendonly" in section else "a=inactive"
        parts += [*kept, direction, transport(remote, "active")]
    return crlf("\n".join(parts) + "\n")


def crlf(text: str) -> str:
    return text.replace("\n", "\r\n")
