"""Reads a browser's session description (RFC 8866, JSEP RFC 9429) without trusting a word of it.

Only what this server uses is understood; other lines are passed over. Whatever the text, the one error is Invalid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import Invalid
from rtc.transport.interface import Codec, MediaKind, RemoteParameters

BYTES_MAX = 64 * 1024
SECTIONS_MAX = 20
LINES_MAX = 5000  # Chrome writes about 130 for a camera; reading as many takes a few milliseconds
PROTOCOLS = frozenset({"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP"})  # JSEP, 5.1.2
HASHES = frozenset({"sha-256", "sha-384", "sha-512"})  # weaker ones say nothing about the peer

MID_EXTENSION = "urn:ietf:params:rtp-hdrext:sdes:mid"
AUDIO_LEVEL_EXTENSION = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SEND_TIME_EXTENSION = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

_MID = re.compile(r"[!#-'*+\-.0-9A-Z^-~]{1,16}")  # token (RFC 8866, 9) of a length the header extension may carry
_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")  # RFC 8839, 5.4
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31,63}")
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


@dataclass(frozen=True)
class Attributes:
    """The ``a=`` lines of one part: the values of each name in their order."""

    values: Mapping[str, Sequence[str]]

    def every(self, name: str) -> Sequence[str]:
        return self.values.get(name, ())

    def first(self, name: str) -> str | None:
        return next(iter(self.every(name)), None)

    def has(self, name: str) -> bool:
        return name in self.values


@dataclass(frozen=True)
class Section:
    """One ``m=`` section. *mid* is empty in a section that was never given one."""

    kind: str
    port: int
    protocol: str
    formats: tuple[int, ...]
    mid: str
    direction: str
    attributes: Attributes

    @property
    def rejected(self) -> bool:
        """Port 0: the section is only a place holder (RFC 3264, 8.2), or will use another's port (RFC 9143, 6)."""
        return self.port == 0 and not self.attributes.has("bundle-only")

    @property
    def sends(self) -> bool:
        return not self.rejected and self.direction in ("sendrecv", "sendonly")

    @property
    def receives(self) -> bool:
        return not self.rejected and self.direction in ("sendrecv", "recvonly")

    def codec(self, name: str, clock_rate: int, channels: int) -> Codec | None:
        """The first payload type that is mapped to this codec, with its parameters and feedback."""
        wanted = f"{name}/{clock_rate}" + (f"/{channels}" if channels > 1 else "")
        mapped = dict(self._by_payload_type("rtpmap"))
        for payload_type in self.formats:
            if mapped.get(payload_type, "").lower() == wanted.lower():
                parameters = dict(self._by_payload_type("fmtp")).get(payload_type, "")
                feedback = tuple(v for number, v in self._by_payload_type("rtcp-fb") if number in (payload_type, None))
                return Codec(payload_type, name, clock_rate, channels, parameters, feedback)
        return None

    def extensions(self) -> dict[str, int]:
        """Ids of the header extensions by URI; only those that fit the one-byte form (RFC 8285, 4.2)."""
        found: dict[str, int] = {}
        for value in self.attributes.every("extmap"):
            number, _, rest = value.partition(" ")
            extension_id = _number(number.partition("/")[0], 1, 14)
            uri = rest.partition(" ")[0]
            if extension_id is not None and uri:
                found.setdefault(uri, extension_id)
        return found

    def ssrcs(self) -> tuple[int, ...]:
        """SSRCs that are named here, without those of retransmissions (RFC 5576, RFC 4588)."""
        repairs: set[int] = set()
        for value in self.attributes.every("ssrc-group"):
            semantics, *members = value.split()
            if semantics in ("FID", "FEC-FR"):
                repairs.update(number for m in members[1:] if (number := _number(m, 0, 2**32 - 1)) is not None)
        named = {_number(value.partition(" ")[0], 0, 2**32 - 1): None for value in self.attributes.every("ssrc")}
        return tuple(number for number in named if number is not None and number not in repairs)

    def _by_payload_type(self, name: str) -> list[tuple[int | None, str]]:
        """(payload type, rest) of each such line; None stands for ``*``."""
        found: list[tuple[int | None, str]] = []
        for value in self.attributes.every(name):
            number, _, rest = value.partition(" ")
            if number == "*":
                found.append((None, rest.strip()))
            elif (payload_type := _number(number, 0, 127)) is not None:
                found.append((payload_type, rest.strip()))
        return found


@dataclass(frozen=True)
class Description:
    """A whole SDP."""

    attributes: Attributes
    sections: tuple[Section, ...]

    def bundled(self) -> tuple[str, ...]:
        """The mids of the one BUNDLE group (RFC 9143)."""
        groups = [value.split() for value in self.attributes.every("group")]
        bundles = [group[1:] for group in groups if group and group[0] == "BUNDLE"]
        if len(bundles) != 1:
            raise Invalid("Sound and pictures must share one connection: the description has no single BUNDLE group.")
        return tuple(bundles[0])

    def remote(self) -> RemoteParameters:
        """Credentials of the bundled transport; those of its first section count (RFC 9143, 7.1)."""
        section = self._tagged()
        parts = (section.attributes, self.attributes)
        return RemoteParameters(
            _matching(_UFRAG, _inherited("ice-ufrag", parts), "ICE user name"),
            _matching(_PASSWORD, _inherited("ice-pwd", parts), "ICE password"),
            _fingerprints(section.attributes.every("fingerprint") or self.attributes.every("fingerprint")),
        )

    def setup(self) -> str:
        """The DTLS role of the bundled transport (RFC 8842), or an empty string."""
        return _inherited("setup", (self._tagged().attributes, self.attributes)) or ""

    def require_rtcp_mux(self) -> None:
        """Invalid unless RTCP shares the port of the media (RFC 9143, 9.3)."""
        if not self._tagged().attributes.has("rtcp-mux"):
            raise Invalid("The media description lacks a=rtcp-mux.")

    def _tagged(self) -> Section:
        tag = next(iter(self.bundled()), None)
        section = next((s for s in self.sections if s.mid == tag and not s.rejected), None)
        if section is None:
            raise Invalid("The BUNDLE group names no section of the description.")
        return section


def parse(text: str, *, sections_max: int = SECTIONS_MAX) -> Description:
    """The description in *text*, or Invalid with a sentence that says what is wrong with it."""
    if len(text) > BYTES_MAX or len(text.encode("utf-8", "replace")) > BYTES_MAX:
        raise Invalid("The media description is longer than 64 KB.")
    if text.count("\n") > LINES_MAX:
        raise Invalid(f"The media description has more than {LINES_MAX} lines.")
    lines = [_line(line.removesuffix("\r")) for line in text.split("\n") if line not in ("", "\r")]
    if not lines or lines[0] != ("v", "0"):
        raise Invalid("The media description is not one that begins with v=0.")
    starts = [i for i, (kind, _) in enumerate(lines) if kind == "m"]
    if len(starts) > sections_max:
        raise Invalid(f"The media description has more than {sections_max} sections.")
    session = _attributes(lines[: starts[0] if starts else len(lines)])
    ends = [*starts[1:], len(lines)]
    sections = tuple(_section(lines[a:b], session) for a, b in zip(starts, ends, strict=False))
    mids = [s.mid for s in sections if s.mid]
    if len(set(mids)) != len(mids):
        raise Invalid("Two sections of the media description have the same mid.")
    return Description(session, sections)


def media_kind(section: Section) -> MediaKind:
    """Audio or video; data channels and anything else are refused."""
    try:
        return MediaKind(section.kind)
    except ValueError:
        raise Invalid("Only sound and pictures are carried here, no data channels.") from None


def _line(line: str) -> tuple[str, str]:
    if len(line) < 2 or line[1] != "=" or not "a" <= line[0] <= "z" or not line.isprintable():
        raise Invalid("A line of the media description is malformed.")
    return line[0], line[2:]


def _attributes(lines: list[tuple[str, str]]) -> Attributes:
    values: dict[str, list[str]] = {}
    for kind, value in lines:
        if kind == "a":
            name, _, rest = value.partition(":")
            values.setdefault(name, []).append(rest.strip())
    return Attributes(values)


def _section(lines: list[tuple[str, str]], session: Attributes) -> Section:
    words = lines[0][1].split()
    if len(words) < 4:
        raise Invalid("An m= line of the media description is malformed.")
    kind, port, protocol = words[0], _number(words[1].partition("/")[0], 0, 65535), words[2]
    if port is None:
        raise Invalid("An m= line of the media description names no port.")
    attributes = _attributes(lines[1:])
    mid = attributes.first("mid") or ""
    if mid and not _MID.fullmatch(mid):
        raise Invalid("A mid of the media description is malformed.")
    own = (name for name in _DIRECTIONS if attributes.has(name))
    shared = (name for name in _DIRECTIONS if session.has(name))
    direction = next(own, None) or next(shared, "sendrecv")
    # Formats of a data channel are words, and that section is refused later for what it is.
    formats = tuple(number for word in words[3:] if (number := _number(word, 0, 127)) is not None)
    return Section(kind, port, protocol, formats, mid, direction, attributes)


def _number(text: str, low: int, high: int) -> int | None:
    if not text or len(text) > 10 or not (text.isascii() and text.isdigit()):
        return None
    value = int(text)
    return value if low <= value <= high else None


def _inherited(name: str, parts: tuple[Attributes, ...]) -> str | None:
    return next((value for part in parts if (value := part.first(name)) is not None), None)


def _matching(pattern: re.Pattern[str], value: str | None, what: str) -> str:
    if value is None or not pattern.fullmatch(value):
        raise Invalid(f"The media description has no usable {what}.")
    return value


def _fingerprints(values: Sequence[str]) -> tuple[tuple[str, str], ...]:
    found = []
    for value in values:
        name, _, digest = value.partition(" ")
        if name.lower() in HASHES and _FINGERPRINT.fullmatch(digest.strip()):
            found.append((name.lower(), digest.strip().upper()))
    if not found:
        raise Invalid("The media description has no certificate fingerprint of SHA-256 or better.")
    return tuple(found)
