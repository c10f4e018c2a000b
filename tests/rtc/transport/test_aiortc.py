"""A call between two peers of another WebRTC implementation, with real Opus and VP8."""

from __future__ import annotations

import asyncio

from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from rtc.rooms.track import SourceName
from rtc.signalling.connections import Ear, Publishing
from rtc.signalling.messages import Connection, PublishedTrack
from rtc.signalling.publishing import read_offer
from rtc.signalling.subscribing import Subscription, Wanted
from rtc.transport.server import MediaServer
from tests.rtc.transport.peer import media_server

FIRST_FRAME_S = 10


class Sides:
    """The publish and subscribe ends of one participant on the server."""

    def __init__(self, server: MediaServer) -> None:
        self.failures: list[tuple[Connection, str]] = []
        publish_ear, subscribe_ear = (
            Ear(connection, lambda: None, lambda *failure: self.failures.append(failure))
            for connection in (Connection.PUBLISH, Connection.SUBSCRIBE)
        )
        self.publishing = Publishing(server.open_leg(publish_ear), publish_ear)
        self.subscription = Subscription(server.open_leg(subscribe_ear))


async def test_aiortc_hears_and_sees_aiortc() -> None:
    async with media_server() as server:
        anna, ben = Sides(server), Sides(server)
        publisher, viewer = RTCPeerConnection(), RTCPeerConnection()
        tracks: list[MediaStreamTrack] = []
        viewer.on("track", tracks.append)
        publisher.addTrack(AudioStreamTrack())
        publisher.addTrack(VideoStreamTrack())
        try:
            await publisher.setLocalDescription(await publisher.createOffer())
            announced = [PublishedTrack("0", SourceName.MICROPHONE), PublishedTrack("1", SourceName.CAMERA)]
            answer = anna.publishing.take(read_offer(publisher.localDescription.sdp, announced))
            await publisher.setRemoteDescription(RTCSessionDescription(answer, "answer"))

            ben.subscription.want([Wanted("anna", track) for _, track in anna.publishing.tracks.values()])
            offer = ben.subscription.offer()
            assert offer is not None
            await viewer.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
            await viewer.setLocalDescription(await viewer.createAnswer())
            ben.subscription.take_answer(offer.number, viewer.localDescription.sdp)

            assert sorted(track.kind for track in tracks) == ["audio", "video"]
            frames = await asyncio.wait_for(asyncio.gather(*(track.recv() for track in tracks)), FIRST_FRAME_S)
            assert {type(frame).__name__ for frame in frames} == {"AudioFrame", "VideoFrame"}
            assert anna.failures == ben.failures == []
        finally:
            await publisher.close()
            await viewer.close()
