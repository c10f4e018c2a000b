"""The two media connections of one participant, kept over any number of websockets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.errors import Invalid
from rtc.rooms.track import SourceName, Track
from rtc.signalling.messages import Connection, PublishedTrack, Subscribe
from rtc.signalling.publishing import Offer, read_offer, write_answer
from rtc.signalling.sdp_writing import Origin
from rtc.signalling.subscribing import Subscription, Wanted
from rtc.transport.interface import IncomingTrack, Leg, Media, RemoteParameters


class Ear:
    """Hears of one leg for :class:`Connections`. A leg that has been put aside is no longer listened to."""

    def __init__(
        self, connection: Connection, changed: Callable[[], None], failed: Callable[[Connection, str], None]
    ) -> None:
        self.connection = connection
        self.alive = False
        self.failed = False
        self.listening = True
        self._changed = changed
        self._on_failure = failed

    def leg_connected(self) -> None:
        self._set(alive=True)

    def leg_silent(self, silent: bool) -> None:
        self._set(alive=not silent)

    def leg_failed(self, why: str) -> None:
        if self.listening and not self.failed:
            self.failed = True
            self._set(alive=False)
            self._on_failure(self.connection, why)

    def _set(self, *, alive: bool) -> None:
        if self.listening and alive != self.alive:
            self.alive = alive
            self._changed()


class Publishing:
    """The publish leg and what arrives on it."""

    def __init__(self, leg: Leg, ear: Ear) -> None:
        self.leg = leg
        self.ear = ear
        self.origin = Origin()
        self.remote: RemoteParameters | None = None
        self.tracks: dict[SourceName, tuple[IncomingTrack, Track]] = {}

    def begins_anew(self, offer: Offer) -> bool:
        """Whether the browser has another connection now: each of its connections has its own certificate."""
        return self.remote is not None and self.remote.fingerprints != offer.remote.fingerprints

    def take(self, offer: Offer) -> str:
        """Receive what *offer* announces and nothing else. Returns the answer."""
        if self.remote is not None and self.remote.ice_ufrag != offer.remote.ice_ufrag:
            self.leg.restart_ice()  # both sides change their credentials (RFC 8445, 9)
        self.leg.accept(offer.remote)
        self.remote = offer.remote
        for name, (incoming, track) in list(self.tracks.items()):
            if offer.tracks.get(name) != incoming:
                track.source.close()
                del self.tracks[name]
        for name, incoming in offer.tracks.items():
            if name not in self.tracks:
                self.tracks[name] = (incoming, Track(name, self.leg.receive(incoming), incoming.ssrcs))
        return write_answer(offer, self.leg.local, self.origin)

    def drop_tracks(self) -> None:
        for _, track in self.tracks.values():
            track.source.close()
        self.tracks.clear()

    def close(self) -> None:
        self.ear.listening = False
        self.drop_tracks()
        self.leg.close()


class Connections:
    """Owns both legs. *changed* is called when packets begin or cease to arrive, *failed* when a leg has ended."""

    def __init__(self, media: Media, changed: Callable[[], None], failed: Callable[[Connection, str], None]) -> None:
        """Unavailable if the media server has no room for two more legs."""
        self._media = media
        self._changed = changed
        self._failed = failed
        self._publishing = self._new_publishing()
        try:
            self._subscription, self._subscribe_ear = self._new_subscription(1)
        except BaseException:
            self._publishing.close()
            raise

    @property
    def alive(self) -> bool:
        """An authenticated packet came within 5 s on either connection."""
        return self._publishing.ear.alive or self._subscribe_ear.alive

    @property
    def ended(self) -> list[Connection]:
        """Connections that have failed: the browser must make them anew."""
        return [ear.connection for ear in (self._publishing.ear, self._subscribe_ear) if ear.failed]

    @property
    def tracks(self) -> list[Track]:
        """What the participant publishes."""
        return [track for _, track in self._publishing.tracks.values()]

    def publish(self, sdp: str, announced: Sequence[PublishedTrack], ssrcs_elsewhere: frozenset[int]) -> str | None:
        """The answer to the browser's offer; None if our end of its connection has failed and it must make a new one.

        Invalid, and nothing changed, if the offer cannot be used.
        """
        offer = read_offer(sdp, announced)
        if any(not ssrcs_elsewhere.isdisjoint(track.ssrcs) for track in offer.tracks.values()):
            raise Invalid("A stream of this description is known here as somebody else's. Please reload the page.")
        if self._publishing.begins_anew(offer):
            self.renew_publish()
        return None if self._publishing.ear.failed else self._publishing.take(offer)

    def renew_publish(self) -> None:
        """Forget the publish connection; the next offer finds a new one."""
        fresh = self._new_publishing()
        self._publishing.close()
        self._publishing = fresh
        self._changed()

    def renew_subscribe(self) -> None:
        """Forget the subscribe connection; the next offer is the first of a new one."""
        subscription, ear = self._new_subscription(self._subscription.next_number)
        self._subscribe_ear.listening = False
        self._subscription.close()
        self._subscription, self._subscribe_ear = subscription, ear
        self._changed()

    def want(self, wanted: Sequence[Wanted]) -> Subscribe | None:
        """The next subscribe offer if *wanted* differs from what is received now."""
        if self._subscribe_ear.failed or not self._subscription.want(wanted):
            return None
        return self._subscription.offer()

    def restart_subscribe(self) -> Subscribe | None:
        """An offer with new ICE credentials; None if the connection has ended and only a new one would do."""
        if self._subscribe_ear.failed:
            return None
        self._subscription.leg.restart_ice()
        return self._subscription.offer()

    def unanswered(self) -> Subscribe | None:
        """The current subscribe offer if its answer has not arrived."""
        if self._subscribe_ear.failed or self._subscription.answered:
            return None
        return self._subscription.current

    def take_answer(self, number: int, sdp: str) -> None:
        """The browser's answer to offer *number*; Invalid if it cannot be used."""
        if not self._subscribe_ear.failed:
            self._subscription.take_answer(number, sdp)

    def drop_tracks(self) -> None:
        """The publish connection has ended: nothing arrives on it any more."""
        self._publishing.drop_tracks()

    def close(self) -> None:
        """End both."""
        self._subscribe_ear.listening = False
        self._subscription.close()
        self._publishing.close()

    def _new_publishing(self) -> Publishing:
        ear = Ear(Connection.PUBLISH, self._changed, self._failed)
        return Publishing(self._media.open_leg(ear), ear)

    def _new_subscription(self, first_number: int) -> tuple[Subscription, Ear]:
        ear = Ear(Connection.SUBSCRIBE, self._changed, self._failed)
        return Subscription(self._media.open_leg(ear), first_number=first_number), ear
