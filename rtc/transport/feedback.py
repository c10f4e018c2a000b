"""What a browser's RTCP changes. A leg can speak only of its own: its sources, and its routes by our SSRCs."""

from __future__ import annotations

from rtc.media.rtcp import (
    FullIntraRequest,
    MalformedRtcp,
    Nack,
    PictureLoss,
    Remb,
    SenderReport,
    parse_compound,
)
from rtc.transport.leg import MediaLeg


def take_rtcp(leg: MediaLeg, compound: bytes, at: float) -> None:
    """Act on an authentic *compound* of *leg*. What it says of others' media changes nothing."""
    try:
        packets = parse_compound(compound)
    except MalformedRtcp:
        return
    for packet in packets:
        match packet:
            case SenderReport(ssrc=ssrc, ntp=ntp, rtp=rtp):
                for source in leg.sources.values():
                    if source.ssrc == ssrc:
                        source.reports.sender_report(ntp, at)
                        source.clock.sender_report(ssrc, ntp, rtp, at)
            case Nack(media=media, sequences=sequences):
                if media in leg.routes:
                    leg.routes[media].resend([n for n in sequences if leg.resends.take(at)], at)
            case PictureLoss(media=media):
                _request_keyframe(leg, media)
            case FullIntraRequest(targets=targets):
                for media, _ in targets:
                    _request_keyframe(leg, media)
            case Remb(bitrate_bps=bitrate_bps):
                for route in leg.routes.values():
                    if route.source.is_video:
                        route.source.estimates.note(leg.number, bitrate_bps, at)
            case _:
                # Receiver reports are about our hop, names are ours to give, and who leaves is signalled.
                pass


def _request_keyframe(leg: MediaLeg, media: int) -> None:
    route = leg.routes.get(media)
    if route is not None:
        route.source.request_keyframe()
