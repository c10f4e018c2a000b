"""The publish connection: the browser offers what it sends, the server answers with what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import Invalid
from rtc.rooms.track import SourceName
from rtc.signalling.codecs import EXTENSIONS, chosen_codec, common_codec
from rtc.signalling.messages import PublishedTrack
from rtc.signalling.sdp import PROTOCOLS, Description, Section, media_kind, parse
from rtc.signalling.sdp_writing import Media, Origin, write
from rtc.transport.interface import IncomingTrack, LocalParameters, RemoteParameters

SSRCS_MAX = 16  # of one connection


@dataclass(frozen=True)
class Offer:
    """A publish offer that can be answered: *tracks* by the source they come from."""

    description: Description
    remote: RemoteParameters
    tracks: dict[SourceName, IncomingTrack]


def read_offer(sdp: str, announced: Sequence[PublishedTrack]) -> Offer:
    """What the browser offers to send, as it announced it; Invalid if the two do not fit or nothing can be done."""
    description = parse(sdp)
    bundled = description.bundled()
    for section in description.sections:
        media_kind(section)
        _judge(section, bundled)
    description.require_rtcp_mux()
    if description.setup() not in ("actpass", "active"):
        raise Invalid("The browser must open the encrypted connection: a=setup:actpass or active is missing.")
    sections = {section.mid: section for section in description.sections if section.sends}
    tracks: dict[SourceName, IncomingTrack] = {}
    mids: set[str] = set()
    for track in announced:
        if track.mid not in sections:
            raise Invalid(f"The section of the {track.source} is not one that sends.")
        if track.source in tracks or track.mid in mids:
            raise Invalid(f"The {track.source} is there twice.")
        mids.add(track.mid)
        tracks[track.source] = _incoming(track.source, sections[track.mid])
    if sum(len(track.ssrcs) for track in tracks.values()) > SSRCS_MAX:
        raise Invalid(f"One connection may name at most {SSRCS_MAX} streams.")
    return Offer(description, description.remote(), tracks)


def write_answer(offer: Offer, local: LocalParameters, origin: Origin) -> str:
    """The answer: the announced tracks are received, everything else in the offer rests."""
    taken = {track.mid: track for track in offer.tracks.values()}
    sections = [_answered(section, taken.get(section.mid)) for section in offer.description.sections]
    return write(origin, local, "passive", sections)


def _judge(section: Section, bundled: Sequence[str]) -> None:
    if section.rejected:
        return
    if section.protocol not in PROTOCOLS:
        raise Invalid("Only encrypted media are carried here (UDP/TLS/RTP/SAVPF).")
    if section.mid not in bundled:
        raise Invalid("A section of the media description lies outside the BUNDLE group.")


def _incoming(source: SourceName, section: Section) -> IncomingTrack:
    if media_kind(section) is not source.kind:
        raise Invalid(f"The section of the {source} is of another kind.")
    offered = section.extensions()
    extensions = tuple((uri, offered[uri]) for uri in EXTENSIONS[source.kind] if uri in offered)
    return IncomingTrack(section.mid, source.kind, (chosen_codec(section),), extensions, section.ssrcs())


def _answered(section: Section, track: IncomingTrack | None) -> Media:
    resting = None if section.rejected else common_codec(section)
    if track is not None:
        extensions = dict(track.extensions)
        return Media(section.kind, section.mid, "recvonly", track.codecs, extensions, protocol=section.protocol)
    if resting is not None:
        return Media(section.kind, section.mid, "inactive", (resting,), protocol=section.protocol)
    return Media(
        section.kind, section.mid, "inactive", rejected=True, protocol=section.protocol, formats=section.formats
    )
