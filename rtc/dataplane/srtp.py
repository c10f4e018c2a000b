"""Sealing and opening of single packets: AES_CM_128_HMAC_SHA1_80 (RFC 3711) and AEAD_AES_128_GCM (RFC 7714).

No memory of packets: indexes are given, and replays are `replay.py`'s to find. An index of RTP is
round << 16 | sequence (48 bits), one of RTCP has 31 bits. The ciphers themselves are OpenSSL's.
"""

from __future__ import annotations

import hmac
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

from rtc.dataplane.srtp_keys import MasterKey, Profile, SessionKeys, rtcp_keys, rtp_keys

RTCP_HEADER_BYTES = 8
INDEX_BYTES = 4  # E flag and SRTCP index
ENCRYPTED_FLAG = 0x80000000
GCM_TAG_BYTES = 16
SHA1_TAG_BYTES = 10


class SrtpCipher(Protocol):
    """One direction of one leg."""

    def seal_rtp(self, header: bytes, payload: bytes, ssrc: int, index: int) -> bytes:
        """The packet for the wire. Never call it for two different packets of the same *ssrc* and *index*."""

    def open_rtp(self, packet: bytes, header_bytes: int, ssrc: int, index: int) -> bytes | None:
        """The payload of *packet*, or None if it is not authentic."""

    def seal_rtcp(self, compound: bytes, index: int) -> bytes:
        """The compound for the wire; *index* must never repeat."""

    def open_rtcp(self, packet: bytes) -> tuple[int, bytes] | None:
        """(index, compound), or None if *packet* is not authentic."""


def make_cipher(profile: Profile, master: MasterKey) -> SrtpCipher:
    """The cipher of *profile* with session keys from *master*."""
    kind = GcmCipher if profile is Profile.AEAD_AES_128_GCM else CounterModeCipher
    return kind(rtp_keys(master), rtcp_keys(master))


class GcmCipher:
    """AEAD_AES_128_GCM (RFC 7714, 8 and 9)."""

    __slots__ = ("_rtcp", "_rtcp_salt", "_rtp", "_rtp_salt")

    def __init__(self, rtp: SessionKeys, rtcp: SessionKeys) -> None:
        self._rtp = AESGCM(rtp.encryption)
        self._rtp_salt = int.from_bytes(rtp.salt, "big")
        self._rtcp = AESGCM(rtcp.encryption)
        self._rtcp_salt = int.from_bytes(rtcp.salt, "big")

    def seal_rtp(self, header: bytes, payload: bytes, ssrc: int, index: int) -> bytes:
        nonce = ((ssrc << 48 | index) ^ self._rtp_salt).to_bytes(12, "big")
        return header + self._rtp.encrypt(nonce, payload, header)

    def open_rtp(self, packet: bytes, header_bytes: int, ssrc: int, index: int) -> bytes | None:
        nonce = ((ssrc << 48 | index) ^ self._rtp_salt).to_bytes(12, "big")
        try:
            return self._rtp.decrypt(nonce, packet[header_bytes:], packet[:header_bytes])
        except InvalidTag:
            return None

    def seal_rtcp(self, compound: bytes, index: int) -> bytes:
        header = compound[:RTCP_HEADER_BYTES]
        word = (ENCRYPTED_FLAG | index).to_bytes(INDEX_BYTES, "big")
        sealed = self._rtcp.encrypt(self._rtcp_nonce(header, index), compound[RTCP_HEADER_BYTES:], header + word)
        return header + sealed + word

    def open_rtcp(self, packet: bytes) -> tuple[int, bytes] | None:
        if len(packet) < RTCP_HEADER_BYTES + GCM_TAG_BYTES + INDEX_BYTES:
            return None
        header, sealed, word = packet[:RTCP_HEADER_BYTES], packet[RTCP_HEADER_BYTES:-INDEX_BYTES], packet[-INDEX_BYTES:]
        flagged = int.from_bytes(word, "big")
        # A compound that is authenticated only (RFC 7714, 9.3) is sent by no browser.
        if not flagged & ENCRYPTED_FLAG:
            return None
        index = flagged ^ ENCRYPTED_FLAG
        try:
            return index, header + self._rtcp.decrypt(self._rtcp_nonce(header, index), sealed, header + word)
        except InvalidTag:
            return None

    def _rtcp_nonce(self, header: bytes, index: int) -> bytes:
        ssrc = int.from_bytes(header[4:8], "big")
        return ((ssrc << 48 | index) ^ self._rtcp_salt).to_bytes(12, "big")


class CounterModeCipher:
    """AES_CM_128_HMAC_SHA1_80 (RFC 3711, 4.1.1 and 4.2.1)."""

    __slots__ = ("_rtcp", "_rtcp_hmac", "_rtcp_salt", "_rtp", "_rtp_hmac", "_rtp_salt")

    def __init__(self, rtp: SessionKeys, rtcp: SessionKeys) -> None:
        self._rtp = _counter_mode(rtp.encryption)
        self._rtp_salt = int.from_bytes(rtp.salt, "big") << 16
        self._rtp_hmac = HMAC(rtp.authentication, hashes.SHA1())  # noqa: S303 - the profile's own
        self._rtcp = _counter_mode(rtcp.encryption)
        self._rtcp_salt = int.from_bytes(rtcp.salt, "big") << 16
        self._rtcp_hmac = HMAC(rtcp.authentication, hashes.SHA1())  # noqa: S303 - the profile's own

    def seal_rtp(self, header: bytes, payload: bytes, ssrc: int, index: int) -> bytes:
        self._rtp.reset_nonce((self._rtp_salt ^ (ssrc << 64 | index << 16)).to_bytes(16, "big"))
        packet = header + self._rtp.update(payload)
        return packet + self._rtp_tag(packet, index)

    def open_rtp(self, packet: bytes, header_bytes: int, ssrc: int, index: int) -> bytes | None:
        if len(packet) < header_bytes + SHA1_TAG_BYTES:
            return None
        if not hmac.compare_digest(self._rtp_tag(packet[:-SHA1_TAG_BYTES], index), packet[-SHA1_TAG_BYTES:]):
            return None
        self._rtp.reset_nonce((self._rtp_salt ^ (ssrc << 64 | index << 16)).to_bytes(16, "big"))
        return self._rtp.update(packet[header_bytes:-SHA1_TAG_BYTES])

    def _rtp_tag(self, packet: bytes, index: int) -> bytes:
        signer = self._rtp_hmac.copy()
        signer.update(packet)
        signer.update((index >> 16).to_bytes(4, "big"))
        return signer.finalize()[:SHA1_TAG_BYTES]

    def seal_rtcp(self, compound: bytes, index: int) -> bytes:
        header = compound[:RTCP_HEADER_BYTES]
        self._rtcp.reset_nonce(self._rtcp_start(header, index))
        packet = header + self._rtcp.update(compound[RTCP_HEADER_BYTES:])
        packet += (ENCRYPTED_FLAG | index).to_bytes(INDEX_BYTES, "big")
        return packet + self._rtcp_tag(packet)

    def open_rtcp(self, packet: bytes) -> tuple[int, bytes] | None:
        if len(packet) < RTCP_HEADER_BYTES + INDEX_BYTES + SHA1_TAG_BYTES:
            return None
        signed = packet[:-SHA1_TAG_BYTES]
        if not hmac.compare_digest(self._rtcp_tag(signed), packet[-SHA1_TAG_BYTES:]):
            return None
        flagged = int.from_bytes(signed[-INDEX_BYTES:], "big")
        index = flagged & ~ENCRYPTED_FLAG
        header, body = signed[:RTCP_HEADER_BYTES], signed[RTCP_HEADER_BYTES:-INDEX_BYTES]
        if flagged & ENCRYPTED_FLAG:
            self._rtcp.reset_nonce(self._rtcp_start(header, index))
            body = self._rtcp.update(body)
        return index, header + body

    def _rtcp_tag(self, packet: bytes) -> bytes:
        signer = self._rtcp_hmac.copy()
        signer.update(packet)
        return signer.finalize()[:SHA1_TAG_BYTES]

    def _rtcp_start(self, header: bytes, index: int) -> bytes:
        ssrc = int.from_bytes(header[4:8], "big")
        return (self._rtcp_salt ^ (ssrc << 64 | index << 16)).to_bytes(16, "big")


def _counter_mode(key: bytes) -> CipherContext:
    # One context for all packets: a new one for each would cost five times as much as the encryption.
    return Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()
