"""What a browser needs to enter a room: the signed grant, and how to reach the relay."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.grants import LIFETIME_S, Grant, Kind, Right, sign
from core.ids import new_id, token_hash
from core.settings import Settings, host_in_url
from webapp.crypto.keyring import Keyring

TURN_LIFE = timedelta(hours=8)  # the only peer is the media server, and an ICE restart works while the portal is down


@dataclass(frozen=True)
class IceServer:
    """As RTCPeerConnection takes it."""

    urls: tuple[str, ...]
    username: str
    credential: str


def room_grant(keyring: Keyring, *, room: uuid.UUID, participant: uuid.UUID, session: uuid.UUID, at: datetime) -> str:
    """Leave for *participant* to enter *room* once, within a minute, signed."""
    key_id, key = keyring.grant_key()
    issued_at = int(at.timestamp())
    grant = Grant(
        id=str(new_id()),
        kind=Kind.ROOM,
        key=key_id,
        room=str(room),
        participant=str(participant),
        leg=token_hash(str(session)),
        rights=(Right.PUBLISH, Right.SUBSCRIBE),
        issued_at=issued_at,
        expires_at=issued_at + LIFETIME_S,
    )
    return sign(grant, key)


def ice_servers(
    settings: Settings, secret: str, *, host: str, participant: uuid.UUID, at: datetime
) -> tuple[IceServer, ...]:
    """The box's relay under *host*, the name by which the browser reached the site (its own, or one of the LAN).

    The user name carries its end as Unix seconds; the password is base64(HMAC-SHA1(secret, user name)), the scheme
    of draft-uberti-behave-turn-rest that coturn checks. *secret* is the participant's own (``relay_guests``).
    """
    username = f"{int((at + TURN_LIFE).timestamp())}:{participant}"
    digest = hmac.digest(secret.encode(), username.encode(), hashlib.sha1)
    relay = f"turn:{host_in_url(host)}:{settings.ports.turn}"
    urls = [f"{relay}?transport=udp", f"{relay}?transport=tcp"]
    if settings.turn_tls_name:
        urls.append(f"turns:{host_in_url(settings.turn_tls_name)}:{settings.ports.https}?transport=tcp")
    return (IceServer(tuple(urls), username, base64.b64encode(digest).decode()),)
