"""One participant as signalling sees them: what they say is done, what happens in the room is told to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from core.errors import Conflict, Invalid, Refused, Unavailable
from core.grants import Right
from core.log import EventLog
from core.room_events import LeaveReason
from rtc.media.limits import TokenBucket
from rtc.rooms.member import RESUME_S, Member
from rtc.rooms.moment import Moment
from rtc.rooms.room import Room
from rtc.rooms.rooms import Rooms
from rtc.rooms.spool import Quality as Measured
from rtc.rooms.track import SourceName
from rtc.signalling import messages
from rtc.signalling.connections import Connections
from rtc.signalling.messages import CloseCode, Connection, ErrorId, FromBrowser, FromServer
from rtc.signalling.rate import MessageRate
from rtc.signalling.subscribing import Wanted
from rtc.transport.interface import Media

log = EventLog(__name__)

# Each change of what one publishes makes all the others' browsers agree on a new description.
CHANGES_PER_S = 2.0
CHANGES_BURST = 20.0


class Wire(Protocol):
    """The way to the browser as long as one websocket lives. Neither call waits."""

    def send(self, message: FromServer) -> None: ...

    def close(self, code: CloseCode) -> None: ...


_FAREWELLS: dict[LeaveReason, tuple[FromServer | None, CloseCode]] = {
    LeaveReason.LEFT: (None, CloseCode.LEFT),
    LeaveReason.LOST: (None, CloseCode.SILENT),
    LeaveReason.REPLACED: (messages.Replaced(), CloseCode.REPLACED),
    LeaveReason.REMOVED: (messages.Removed(), CloseCode.REMOVED),
    LeaveReason.ENDED: (messages.Ended(), CloseCode.ENDED),
}


class Visitor:
    """Keeps the media connections of *member* over any number of websockets. Observes the room for them."""

    def __init__(
        self, member: Member, room: Room, rooms: Rooms, media: Media, gone: Callable[[], None], moment: Moment
    ) -> None:
        """*gone* is called when the participant is out. Unavailable if the media server is full."""
        self.member = member
        self.rate = MessageRate(moment.tick)
        self._changes = TokenBucket(CHANGES_PER_S, CHANGES_BURST, moment.tick)
        self._room = room
        self._rooms = rooms
        self._connections = Connections(media, self._media_changed, self._media_failed)
        self._gone = gone
        self._wire: Wire | None = None

    def attach(self, wire: Wire, secret: str, moment: Moment, *, resumed: bool) -> None:
        """Speak to the browser over *wire* from now on; one that was there before is closed."""
        if self._wire is not None:
            self._wire.close(CloseCode.SILENT)
        self._wire = wire
        self.member.heard(moment)
        people = tuple(
            messages.Person(m.id, tuple(sorted(m.muted)), tuple(sorted(m.tracks)), m.away)
            for m in self._room.others(self.member.id)
        )
        self._tell(messages.Welcome(messages.VERSION, self._room.id, self.member.id, resumed, secret, RESUME_S, people))
        for connection in self._connections.ended:
            self._tell(messages.Renew(connection))
        if (offer := self._connections.unanswered()) is not None:
            self._tell(offer)
        self.tracks_changed()

    def detach(self, wire: Wire, moment: Moment) -> None:
        """*wire* is gone. The place and the media are kept, unless a newer wire has taken over."""
        if self._wire is wire:
            self._wire = None
            self.member.lost(moment)

    def handle(self, message: FromBrowser, wire: Wire, moment: Moment) -> None:
        """Do what the browser asks. What cannot be done is answered with an error; then nothing has changed.

        What still comes over a wire that is no longer ours is passed over: its sender is out, or has resumed.
        """
        if wire is not self._wire:
            return
        self.member.heard(moment)
        self._rooms.confirm(self.member)
        match message:
            case messages.Ping(number):
                self._tell(messages.Pong(number))
            case messages.Publish() | messages.Subscribed() | messages.Restart() | messages.Renew():
                self._negotiate(message, moment)
            case messages.Mute(source, muted):
                self._room.mute(self.member, source, muted)
            case messages.Quality(span_s, round_trip_ms, loss_up, loss_down):
                self._rooms.quality(self.member, Measured(span_s, round_trip_ms, loss_up, loss_down), moment)
            case messages.Leave():
                self._rooms.leave(self.member, LeaveReason.LEFT, moment)
            case messages.Hello():
                self._refuse(ErrorId.MESSAGE_MALFORMED, "The visit has begun already; hello is the first message only.")

    # What the room tells

    def joined(self, participant: str) -> None:
        self._tell(messages.Joined(participant))

    def left(self, participant: str, reason: LeaveReason) -> None:
        self._tell(messages.Left(participant, reason))

    def away(self, participant: str, away: bool) -> None:
        self._tell(messages.Away(participant) if away else messages.Back(participant))

    def muted(self, participant: str, source: SourceName, muted: bool) -> None:
        self._tell(messages.Muted(participant, source, muted))

    def speaking(self, participants: tuple[str, ...]) -> None:
        self._tell(messages.Speaking(participants))

    def tracks_changed(self) -> None:
        if not self.member.may(Right.SUBSCRIBE):
            return
        wanted = [Wanted(m.id, track) for m in self._room.others(self.member.id) for track in m.tracks.values()]
        wanted.sort(key=lambda w: w.track.name is not SourceName.MICROPHONE)  # voices first, should lines run out
        if (offer := self._connections.want(wanted)) is not None:
            self._tell(offer)

    def out(self, reason: LeaveReason) -> None:
        self._connections.close()
        self._gone()
        farewell, code = _FAREWELLS[reason]
        if self._wire is not None:
            if farewell is not None:
                self._wire.send(farewell)
            self._wire.close(code)
            self._wire = None

    # Media

    def _negotiate(
        self, message: messages.Publish | messages.Subscribed | messages.Restart | messages.Renew, moment: Moment
    ) -> None:
        if not isinstance(message, messages.Subscribed) and not self._changes.take(moment.tick):
            self._refuse(ErrorId.SDP_REFUSED, "That were too many changes at once. Please wait a moment.")
            return
        try:
            match message:
                case messages.Publish(sdp, tracks):
                    self._publish(sdp, tracks)
                case messages.Subscribed(number, sdp):
                    self._connections.take_answer(number, sdp)
                case messages.Restart():
                    self._restart()
                case messages.Renew(connection):
                    self._renew(connection)
        except (Invalid, Refused, Conflict) as e:
            self._refuse(ErrorId.SDP_REFUSED, e.sentence)
        except Unavailable as e:
            self._refuse(ErrorId.SERVER_FULL, e.sentence)

    def _publish(self, sdp: str, tracks: tuple[messages.PublishedTrack, ...]) -> None:
        if not self.member.may(Right.PUBLISH):
            raise Refused("You are here to watch and listen; sound and pictures of yours are not taken.")
        elsewhere = frozenset(
            ssrc for m in self._room.others(self.member.id) for track in m.tracks.values() for ssrc in track.ssrcs
        )
        answer = self._connections.publish(sdp, tracks, elsewhere)
        self._tell(messages.Renew(Connection.PUBLISH) if answer is None else messages.Published(answer))
        self._room.publish(self.member, self._connections.tracks)

    def _restart(self) -> None:
        if Connection.SUBSCRIBE in self._connections.ended:
            self._tell(messages.Renew(Connection.SUBSCRIBE))
        elif (offer := self._connections.restart_subscribe()) is not None:
            self._tell(offer)

    def _renew(self, connection: Connection) -> None:
        if connection is Connection.PUBLISH:
            self._connections.renew_publish()
            self._room.publish(self.member, ())
        else:
            self._connections.renew_subscribe()
            self.tracks_changed()

    def _media_changed(self) -> None:
        self.member.media_alive = self._connections.alive

    def _media_failed(self, connection: Connection, why: str) -> None:
        # The browser is told when it asks for this connection: it may be making a new one at this very moment, and
        # what we have heard is only the farewell of the old one.
        log.info("connection.failed", participant=self.member.id, connection=connection, why=why)
        if connection is Connection.PUBLISH:
            self._connections.drop_tracks()
            self._room.publish(self.member, ())

    def _tell(self, message: FromServer) -> None:
        if self._wire is not None:
            self._wire.send(message)

    def _refuse(self, error: ErrorId, sentence: str) -> None:
        self._tell(messages.Error(error, sentence))
