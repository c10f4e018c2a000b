"""Where a hello becomes a visitor: a fresh grant lets somebody in, a resume secret brings somebody back."""

from __future__ import annotations

from core.errors import NotFound, Unavailable
from core.grants import GrantRefused
from rtc.rooms.member import Member
from rtc.rooms.moment import Moment
from rtc.rooms.room import Room
from rtc.rooms.rooms import RoomFull, Rooms
from rtc.signalling import messages
from rtc.signalling.messages import ErrorId, FromBrowser
from rtc.signalling.visitor import Visitor, Wire
from rtc.transport.interface import Media


class HelloRefused(Exception):
    """Ends the websocket with an error and code 4001."""

    def __init__(self, error: ErrorId, sentence: str) -> None:
        super().__init__(sentence)
        self.error = error
        self.sentence = sentence


class Reception:
    """Keeps the visitor of each member, so that a resume finds the same media connections."""

    def __init__(self, rooms: Rooms, media: Media) -> None:
        self._rooms = rooms
        self._media = media
        self._visitors: dict[Member, Visitor] = {}

    def welcome(self, hello: FromBrowser, wire: Wire, moment: Moment) -> Visitor:
        """The visitor whom *hello* names, attached to *wire*; HelloRefused if there is none."""
        if not isinstance(hello, messages.Hello) or (hello.grant is None) == (hello.resume is None):
            raise HelloRefused(ErrorId.HELLO_EXPECTED, "The first message must be a hello. Please reload the page.")
        if hello.version != messages.VERSION:
            raise HelloRefused(ErrorId.HELLO_VERSION, "The visit has a newer version. Please reload the page.")
        if hello.grant is not None:
            visitor, secret = self._enter(hello.grant, moment)
        else:
            visitor, secret = self._resume(hello.resume or "", moment)
        visitor.attach(wire, secret, moment, resumed=hello.resume is not None)
        return visitor

    def _enter(self, grant: str, moment: Moment) -> tuple[Visitor, str]:
        visitors: list[Visitor] = []

        def observe(member: Member, room: Room) -> Visitor:
            visitors.append(Visitor(member, room, self._rooms, self._media, lambda: self._forget(member), moment))
            return visitors[0]

        try:
            member, secret = self._rooms.enter(grant, observe, moment)
        except GrantRefused as e:
            raise HelloRefused(ErrorId(f"grant.{e.reason}"), e.sentence) from e
        except RoomFull as e:
            raise HelloRefused(ErrorId.ROOM_FULL, e.sentence) from e
        except Unavailable as e:
            raise HelloRefused(ErrorId.SERVER_FULL, e.sentence) from e
        self._visitors[member] = visitors[0]
        return visitors[0], secret

    def _forget(self, member: Member) -> None:
        self._visitors.pop(member, None)

    def _resume(self, secret: str, moment: Moment) -> tuple[Visitor, str]:
        try:
            member, newer = self._rooms.resume(secret, moment)
        except NotFound as e:
            raise HelloRefused(ErrorId.RESUME_UNKNOWN, e.sentence) from e
        return self._visitors[member], newer
