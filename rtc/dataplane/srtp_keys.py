"""SRTP protection profiles and the keys that come from one DTLS handshake (RFC 5764, 4; RFC 3711, 4.3)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY_BYTES = 16  # both profiles are AES-128
AUTHENTICATION_BYTES = 20  # HMAC-SHA1
EXPORTER_LABEL = b"EXTRACTOR-dtls_srtp"


class Profile(enum.Enum):
    """Named as OpenSSL names them; the better one first."""

    AEAD_AES_128_GCM = "SRTP_AEAD_AES_128_GCM"
    AES128_CM_SHA1_80 = "SRTP_AES128_CM_SHA1_80"

    @property
    def salt_bytes(self) -> int:
        return 12 if self is Profile.AEAD_AES_128_GCM else 14

    @property
    def exported_bytes(self) -> int:
        """How much keying material to export for both directions."""
        return 2 * (KEY_BYTES + self.salt_bytes)


@dataclass(frozen=True)
class MasterKey:
    """Master key and salt of one direction. Never logged: it has no repr of its content."""

    key: bytes
    salt: bytes

    def __repr__(self) -> str:
        return "MasterKey(…)"


@dataclass(frozen=True)
class LegKeys:
    """What one handshake gave: *inbound* opens what the browser sends, *outbound* seals what it gets."""

    profile: Profile
    inbound: MasterKey
    outbound: MasterKey


def server_keys(profile: Profile, exported: bytes) -> LegKeys:
    """Cut *exported* keying material as the DTLS server: client key, server key, client salt, server salt."""
    salts = 2 * KEY_BYTES
    salt_bytes = profile.salt_bytes
    client = MasterKey(exported[:KEY_BYTES], exported[salts : salts + salt_bytes])
    server = MasterKey(exported[KEY_BYTES:salts], exported[salts + salt_bytes : salts + 2 * salt_bytes])
    return LegKeys(profile, inbound=client, outbound=server)


class Label(enum.IntEnum):
    """What a session key is for (RFC 3711, 4.3.1 and 4.3.2)."""

    RTP_ENCRYPTION = 0
    RTP_AUTHENTICATION = 1
    RTP_SALT = 2
    RTCP_ENCRYPTION = 3
    RTCP_AUTHENTICATION = 4
    RTCP_SALT = 5


@dataclass(frozen=True)
class SessionKeys:
    """What one protocol (RTP or RTCP) of one direction uses; *authentication* is unused where the cipher does both."""

    encryption: bytes
    authentication: bytes
    salt: bytes

    def __repr__(self) -> str:
        return "SessionKeys(…)"


def rtp_keys(master: MasterKey) -> SessionKeys:
    """The keys of RTP. The salt is as long as the master salt."""
    return SessionKeys(
        derive(master, Label.RTP_ENCRYPTION, KEY_BYTES),
        derive(master, Label.RTP_AUTHENTICATION, AUTHENTICATION_BYTES),
        derive(master, Label.RTP_SALT, len(master.salt)),
    )


def rtcp_keys(master: MasterKey) -> SessionKeys:
    """The keys of RTCP. The salt is as long as the master salt."""
    return SessionKeys(
        derive(master, Label.RTCP_ENCRYPTION, KEY_BYTES),
        derive(master, Label.RTCP_AUTHENTICATION, AUTHENTICATION_BYTES),
        derive(master, Label.RTCP_SALT, len(master.salt)),
    )


def derive(master: MasterKey, label: Label, length: int) -> bytes:
    """The session key *label* of *length* octets, with a key derivation rate of zero.

    A salt of 12 octets counts as followed by two zero octets (RFC 7714, 11).
    """
    salt = int.from_bytes(master.salt.ljust(14, b"\0"), "big")
    start = ((salt ^ (label << 48)) << 16).to_bytes(16, "big")
    keystream = Cipher(algorithms.AES(master.key), modes.CTR(start)).encryptor()
    return keystream.update(bytes(length))
