"""The RTCP that each leg gets once a second: reports on what it sends, and on what it is sent."""

from __future__ import annotations

from rtc.dataplane.interface import Engine
from rtc.media.rtcp import (
    ReceiverReport,
    Remb,
    RtcpPacket,
    SenderReport,
    SourceDescription,
    build_compound,
)
from rtc.transport.leg import MediaLeg

REPORT_EVERY_S = 1.0
ROUTES_OF_ONE = 15  # sender reports with their names in a compound below 1200 octets


def send_reports(leg: MediaLeg, engine: Engine, at: float) -> None:
    """Send *leg* its receiver reports with the bitrate it may use, and the sender reports of its routes."""
    receiver = _receiver_reports(leg, engine, at)
    if receiver:
        engine.send_rtcp(leg.number, build_compound(receiver))
    senders = _sender_reports(leg, engine, at)
    for start in range(0, len(senders), ROUTES_OF_ONE):
        some = senders[start : start + ROUTES_OF_ONE]
        names = SourceDescription(tuple((report.ssrc, cname) for report, cname in some))
        engine.send_rtcp(leg.number, build_compound([*(report for report, _ in some), names]))


def _receiver_reports(leg: MediaLeg, engine: Engine, at: float) -> list[RtcpPacket]:
    blocks = []
    remb_ssrcs = []
    for source in leg.sources.values():
        if source.closed:
            continue
        reception = engine.source_counters(source.number).reception
        if reception is None:
            continue
        blocks.append(source.reports.block(reception, at))
        if source.is_video and source.takes_remb:
            remb_ssrcs.append(reception.ssrc)
    if not blocks:
        return []
    packets: list[RtcpPacket] = [
        ReceiverReport(leg.feedback_ssrc, tuple(blocks)),
        SourceDescription(((leg.feedback_ssrc, leg.cname),)),
    ]
    if remb_ssrcs:
        packets.append(Remb(leg.feedback_ssrc, leg.estimates.lowest_bps(at), tuple(remb_ssrcs)))
    return packets


def _sender_reports(leg: MediaLeg, engine: Engine, at: float) -> list[tuple[SenderReport, str]]:
    reports = []
    for route in leg.routes.values():
        ssrc = route.source.ssrc
        now = route.source.clock.now(ssrc, at) if ssrc is not None else None
        counters = engine.route_counters(route.number)
        if now is None or not counters.started:
            continue
        ntp, rtp = now
        report = SenderReport(
            ssrc=route.track.ssrc,
            ntp=ntp,
            rtp=(rtp + counters.timestamp_offset) & 0xFFFFFFFF,
            packets=counters.packets & 0xFFFFFFFF,
            octets=counters.octets & 0xFFFFFFFF,
        )
        reports.append((report, route.track.cname))
    return reports
