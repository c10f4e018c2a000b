"""Security keys and passkeys (WebAuthn). fido2 checks signatures; challenges and counters are ours to keep."""

from __future__ import annotations

import logging
import struct
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from flask_babel import gettext

from core.errors import Conflict, Invalid
from core.settings import Settings
from webapp.account import throttle
from webapp.account.mfa.models import Ceremony, Purpose, SecurityKey
from webapp.db.unit import current_unit, housekeeping

logging.getLogger("fido2").setLevel(logging.WARNING)  # it logs credential ids at INFO

CHALLENGE_LIFE = timedelta(minutes=5)
STRANGERS_MAX = 60  # open challenges of one address: a clinic's whole staff in the morning, but no flood of rows
ALGORITHMS = frozenset({-7, -8, -257})  # ES256, EdDSA, RS256 (COSE)

# What fido2 lets out when a hostile answer is no such JSON or CBOR: it reads both without looking first, and into any
# depth. An InvalidSignature is a ValueError there.
MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, struct.error)


class ClonedKey(Invalid):
    """The counter of *key* went backwards: two keys hold the same secret (WebAuthn 7.2, step 22)."""

    def __init__(self, key: uuid.UUID, account: uuid.UUID) -> None:
        super().__init__(
            gettext("This key may have been copied, so it was refused. Sign in another way and tell the clinic.")
        )
        self.key, self.account = key, account


class SpentChallenge(Invalid):
    """It was ours, and was answered already or too late: an answer that somebody has kept."""


@dataclass(frozen=True)
class Begun:
    """*id* names the ceremony; *options* go to ``navigator.credentials`` as JSON."""

    id: uuid.UUID
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Challenge:
    """What was asked of the browser; claim() hands it out once."""

    state: Any


def begin_registration(settings: Settings, *, account: uuid.UUID, email: str, name: str, at: datetime) -> Begun:
    """Start adding a key to *account*. Keys it already has are left out by the browser."""
    user = PublicKeyCredentialUserEntity(id=account.bytes, name=email, display_name=name)
    options, state = _server(settings).register_begin(
        user,
        credentials=_credentials(account),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _keep(Purpose.REGISTER, account, options, state, at=at)


def finish_registration(
    settings: Settings, challenge: Challenge, answer: Mapping[str, Any], *, account: uuid.UUID, name: str, at: datetime
) -> SecurityKey:
    """Add the key that answered. Invalid if it does not fit, Conflict if somebody has it already. Inside a unit."""
    current_unit()
    try:
        data = _server(settings).register_complete(challenge.state, answer)
    except MALFORMED as e:
        raise Invalid(gettext("The key's answer does not fit this site. Start again and touch the key.")) from e
    credential = data.credential_data
    if credential is None or credential.public_key[3] not in ALGORITHMS:
        raise Invalid(gettext("This kind of key is not supported. Please use another one."))
    credential_id = websafe_encode(credential.credential_id)
    try:
        return SecurityKey.create(
            account=account,
            name=name,
            credential_id=credential_id,
            credential=bytes(credential),
            sign_count=data.counter,
            backup_eligible=_flag(data, AuthenticatorData.FLAG.BE),
            backed_up=_flag(data, AuthenticatorData.FLAG.BS),
            created_at=at,
        )
    except peewee.IntegrityError as e:  # ids of credentials are unique in the table
        raise Conflict(gettext("This key is already registered. Use another one.")) from e


def begin_use(settings: Settings, purpose: Purpose, *, account: uuid.UUID, at: datetime) -> Begun:
    """Ask for one of *account*'s keys."""
    options, state = _server(settings).authenticate_begin(
        _credentials(account), user_verification=UserVerificationRequirement.REQUIRED
    )
    return _keep(purpose, account, options, state, at=at)


def begin_by_stranger(settings: Settings, *, address: str, at: datetime) -> Begun:
    """Ask for any passkey that the device has for this site. TooManyTries if *address* asks again and again."""
    key = throttle.keys_of("", address, None).address
    asked = (Ceremony.address_key == key) & (Ceremony.expires_at > at)
    if Ceremony.select().where(asked).count() >= STRANGERS_MAX:
        raise throttle.TooManyTries(CHALLENGE_LIFE)
    options, state = _server(settings).authenticate_begin(user_verification=UserVerificationRequirement.REQUIRED)
    return _keep(Purpose.SIGN_IN, None, options, state, address_key=key, at=at)


def finish_use(
    settings: Settings, challenge: Challenge, answer: Mapping[str, Any], *, account: uuid.UUID | None, at: datetime
) -> SecurityKey:
    """The key that answered. Invalid if it is not one of them; ClonedKey if its counter went back. Inside a unit."""
    current_unit()
    refused = Invalid(gettext("This key does not open this account. Try another one, or another way to sign in."))
    try:
        parsed = AuthenticationResponse.from_dict(answer)
        key = SecurityKey.get_or_none(SecurityKey.credential_id == websafe_encode(parsed.raw_id))
        if key is None or (account is not None and key.account.id != account):
            raise refused
        handle = parsed.response.user_handle
        if handle and handle != key.account.id.bytes:  # a passkey also says whose it is (WebAuthn 7.2, step 6)
            raise refused
        _server(settings).authenticate_complete(
            challenge.state, [AttestedCredentialData(bytes(key.credential))], answer
        )
    except MALFORMED as e:
        raise refused from e
    data = parsed.response.authenticator_data
    _count(key, data, at=at)
    return key


def _count(key: SecurityKey, data: AuthenticatorData, *, at: datetime) -> None:
    # Passkeys that are synced between devices always say 0, which is allowed as long as it was 0 before.
    new = data.counter
    advanced = SecurityKey.update(
        sign_count=new, last_used_at=at, backed_up=_flag(data, AuthenticatorData.FLAG.BS)
    ).where(
        (SecurityKey.id == key.id) & ((SecurityKey.sign_count < new) | ((SecurityKey.sign_count == 0) & (new == 0)))
    )
    if int(advanced.execute()) != 1:
        raise ClonedKey(key.id, key.account.id)


def claim(ceremony: uuid.UUID, purpose: Purpose, *, account: uuid.UUID | None, at: datetime) -> Challenge:
    """Use the challenge up; SpentChallenge if it was used or is too old, Invalid if it is nobody's or somebody else's.

    Before the unit of work, not inside: an answer that is refused has used it up too.
    """
    with housekeeping("a challenge is good for one answer, right or wrong"):
        taken = (
            Ceremony.update(used_at=at)
            .where(
                (Ceremony.id == ceremony)
                & (Ceremony.purpose == purpose)
                & Ceremony.used_at.is_null()
                & (Ceremony.expires_at > at)
            )
            .execute()
        )
    row = Ceremony.get_or_none(Ceremony.id == ceremony)
    if row is None or int(taken) != 1 or row.account != account:
        ours = row is not None and row.account == account and row.purpose is purpose
        sentence = gettext("That took too long, or was used already. Please start again.")
        raise SpentChallenge(sentence) if ours else Invalid(sentence)
    return Challenge(row.state)


def forget_expired(*, at: datetime) -> int:
    """Remove ceremonies that are over; how many there were."""
    with housekeeping("challenges are worthless after five minutes"):
        return int(Ceremony.delete().where(Ceremony.expires_at < at).execute())


def _server(settings: Settings) -> Fido2Server:
    relying_party = PublicKeyCredentialRpEntity(id=settings.site.hostname, name="Wellhouse")
    return Fido2Server(relying_party, verify_origin=lambda origin: origin == settings.origin)


def _credentials(account: uuid.UUID) -> Sequence[AttestedCredentialData]:
    rows = SecurityKey.select().where(SecurityKey.account == account)
    return [AttestedCredentialData(bytes(row.credential)) for row in rows]


def _keep(
    purpose: Purpose,
    account: uuid.UUID | None,
    options: Any,
    state: Any,
    *,
    address_key: str | None = None,
    at: datetime,
) -> Begun:
    with housekeeping("a challenge is not yet an act"):
        row = Ceremony.create(
            account=account,
            purpose=purpose,
            state=dict(state),
            expires_at=at + CHALLENGE_LIFE,
            address_key=address_key,
        )
    return Begun(id=row.id, options=dict(options))


def _flag(data: AuthenticatorData, flag: AuthenticatorData.FLAG) -> bool:
    return bool(data.flags & flag)
