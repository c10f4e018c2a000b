"""Writes the server's session descriptions: ICE-lite, everything in one bundle, complete from the start."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rtc.transport.interface import Candidate, Codec, LocalParameters


@dataclass
class Origin:
    """The ``o=`` line of one peer connection: the same session, a version more each time (JSEP, 5.2.2)."""

    session: int = field(default_factory=lambda: secrets.randbits(62))
    version: int = 0

    def line(self) -> str:
        self.version += 1
        return f"o=- {self.session} {self.version} IN IP4 0.0.0.0"


@dataclass(frozen=True)
class Stream:
    """What we send in a section: *group* binds the tracks that are to be played in step."""

    group: str
    track: str
    ssrc: int
    cname: str


@dataclass(frozen=True)
class Media:
    """One section to write. *direction* is ours; a *rejected* one keeps only its place and *formats*."""

    kind: str
    mid: str
    direction: str
    codecs: tuple[Codec, ...] = ()
    extensions: Mapping[str, int] = field(default_factory=dict)
    stream: Stream | None = None
    rejected: bool = False
    protocol: str = "UDP/TLS/RTP/SAVPF"
    formats: tuple[int, ...] = ()


def write(origin: Origin, local: LocalParameters, setup: str, sections: Sequence[Media]) -> str:
    """The description's text. *setup* is ``actpass`` in offers and ``passive`` in answers (RFC 8842)."""
    bundled = [s.mid for s in sections if not s.rejected]
    lines = ["v=0", origin.line(), "s=-", "t=0 0", "a=ice-lite"]
    lines += [f"a=group:BUNDLE {' '.join(bundled)}", "a=msid-semantic: WMS *"]
    for section in sections:
        lines += _section(section, local, setup, with_candidates=bundled[:1] == [section.mid])
    return "\r\n".join(lines) + "\r\n"


def _section(section: Media, local: LocalParameters, setup: str, *, with_candidates: bool) -> list[str]:
    formats = " ".join(str(f) for f in section.formats or [c.payload_type for c in section.codecs]) or "0"
    if section.rejected:
        mid = [f"a=mid:{section.mid}"] if section.mid else []
        return [f"m={section.kind} 0 {section.protocol} {formats}", "c=IN IP4 0.0.0.0", *mid, "a=inactive"]
    # Port 9 and no address: the candidates say where we are (RFC 8839, 4.2.1.3 and RFC 8840, 4.1.1).
    lines = [f"m={section.kind} 9 {section.protocol} {formats}", "c=IN IP4 0.0.0.0", f"a=mid:{section.mid}"]
    lines += [f"a=ice-ufrag:{local.ice_ufrag}", f"a=ice-pwd:{local.ice_pwd}"]
    lines += [f"a=fingerprint:sha-256 {local.fingerprint}", f"a=setup:{setup}", "a=rtcp-mux", "a=rtcp-rsize"]
    lines += [f"a=extmap:{number} {uri}" for uri, number in section.extensions.items()]
    lines += [f"a={section.direction}"]
    for codec in section.codecs:
        lines += _codec(codec)
    if section.stream is not None:
        stream = section.stream
        lines += [f"a=msid:{stream.group} {stream.track}", f"a=ssrc:{stream.ssrc} cname:{stream.cname}"]
    if with_candidates:
        lines += [_candidate(number, c) for number, c in enumerate(local.candidates, 1)]
        lines += ["a=end-of-candidates"]
    return lines


def _codec(codec: Codec) -> list[str]:
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    lines = [f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}"]
    if codec.parameters:
        lines.append(f"a=fmtp:{codec.payload_type} {codec.parameters}")
    return lines + [f"a=rtcp-fb:{codec.payload_type} {value}" for value in codec.feedback]


def _candidate(foundation: int, candidate: Candidate) -> str:
    # RFC 8839, 5.1 wants a related address for reflexive candidates; ours is nobody's business.
    related = "" if candidate.kind == "host" else " raddr 0.0.0.0 rport 0"
    where = f"{candidate.priority} {candidate.address} {candidate.port}"
    return f"a=candidate:{foundation} 1 udp {where} typ {candidate.kind}{related}"
