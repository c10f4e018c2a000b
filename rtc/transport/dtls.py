"""DTLS in the server's role over memory buffers: one handshake, whose only fruit are the SRTP keys (RFC 5764)."""

from __future__ import annotations

import contextlib
import hmac

from OpenSSL import SSL, crypto

from rtc.dataplane.srtp_keys import EXPORTER_LABEL, LegKeys, Profile, server_keys
from rtc.transport.certificate import HASHES, DtlsIdentity, fingerprint

MTU_BYTES = 1200  # passes every path a browser is found on, with room for TURN and IPv6
DTLS_1_2 = 0xFEFD
RECORD_HEADER_BYTES = 13
ALERT = 21
CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384"
    b":ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA"
)


class DtlsRefusedError(Exception):
    """The handshake cannot succeed. The first argument is a sentence for the log."""


def server_context(identity: DtlsIdentity) -> SSL.Context:
    """What all handshakes of this process have in common."""
    context = SSL.Context(SSL.DTLS_SERVER_METHOD)
    # The record format of later versions is another one, and no browser needs them.
    context.set_min_proto_version(DTLS_1_2)
    context.set_max_proto_version(DTLS_1_2)
    context.set_options(SSL.OP_NO_QUERY_MTU | SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_cipher_list(CIPHERS)
    context.use_certificate(identity.certificate)
    context.use_privatekey(identity.key)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _verify)
    context.set_tlsext_use_srtp(":".join(profile.value for profile in Profile).encode())
    return context


def _verify(connection: SSL.Connection, certificate: crypto.X509, _error: int, depth: int, _ok: int) -> bool:
    """Judge the browser's certificate by the signalled fingerprint; it is self-signed, so nothing else counts."""
    association = connection.get_app_data()
    if not isinstance(association, DtlsAssociation):
        return False
    return depth > 0 or association.judge(certificate)


class DtlsAssociation:
    """One DTLS connection. What its methods return is to be sent, one datagram each.

    *fingerprints* are (hash name in lower case, ``AB:CD:…``) pairs, of which one must match.
    """

    def __init__(self, context: SSL.Context, fingerprints: tuple[tuple[str, str], ...]) -> None:
        self.keys: LegKeys | None = None
        self.closed = False  # by either side
        self.trouble = "nothing more came"  # why there are no keys yet
        self._context = context
        self._fingerprints = fingerprints
        self._wrong_certificate = False
        self._connection = self._new_connection()

    def _new_connection(self) -> SSL.Connection:
        connection = SSL.Connection(self._context, None)
        connection.set_app_data(self)
        connection.set_ciphertext_mtu(MTU_BYTES)
        connection.set_accept_state()
        return connection

    def judge(self, certificate: crypto.X509) -> bool:
        """Whether *certificate* has the signalled fingerprint. One that has not ends the association."""
        # Only its octets count. Parsing them could raise, here in the middle of OpenSSL, where nobody would catch it.
        der = crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
        expected = any(
            hash_name in HASHES and hmac.compare_digest(fingerprint(der, hash_name).encode(), value.upper().encode())
            for hash_name, value in self._fingerprints
        )
        self._wrong_certificate = self._wrong_certificate or not expected
        return expected

    def receive(self, datagram: bytes) -> list[bytes]:
        """Take a datagram in. ``keys`` and ``closed`` may have changed after it. Raises DtlsRefusedError."""
        if self.keys is None and _has_plain_alert(datagram):
            # Anybody could have written it. A browser that gave up says so by signalling.
            return []
        self._connection.bio_write(datagram)
        if self.keys is None:
            self._go_on()
        else:
            self._read_end()
        return self._outgoing()

    def retransmit(self) -> list[bytes]:
        """What is due to be sent again; call a few times a second until there are keys."""
        if self.keys is not None or self._connection.DTLSv1_get_timeout() != 0:
            return []
        try:
            self._connection.DTLSv1_handle_timeout()
        except SSL.Error as error:
            raise DtlsRefusedError("The browser did not answer the DTLS handshake.") from error
        return self._outgoing()

    def close(self) -> list[bytes]:
        """The close_notify of a connection, or the alert that says why there is none."""
        if self.closed:
            return []
        self.closed = True
        if self.keys is not None:
            # What is broken already needs no goodbye.
            with contextlib.suppress(SSL.Error):
                self._connection.shutdown()
        return self._outgoing()

    def _go_on(self) -> None:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return
        except SSL.Error as error:
            self.trouble = _reasons(error)
            if self._wrong_certificate:
                raise DtlsRefusedError("The certificate is not the one whose fingerprint was signalled.") from error
            # Nothing before the certificate is authentic: what broke this attempt may be nobody's. The next hello
            # finds a fresh one; time is what limits them.
            self._connection = self._new_connection()
            return
        certificate = self._connection.get_peer_certificate(as_cryptography=False)
        # Once more, where the keys are made: they must never exist for anybody else.
        if certificate is None or not self.judge(certificate):
            raise DtlsRefusedError("The certificate is not the one whose fingerprint was signalled.")
        name = self._connection.get_selected_srtp_profile().decode()
        if not name:
            raise DtlsRefusedError("The browser offered no SRTP profile that is known here.")
        profile = Profile(name)
        exported = self._connection.export_keying_material(EXPORTER_LABEL, profile.exported_bytes)
        self.keys = server_keys(profile, exported)

    def _read_end(self) -> None:
        try:
            while True:  # there may be many records in a datagram, and what is not read is kept
                self._connection.recv(MTU_BYTES)  # there are no data channels: what comes is forgotten
        except SSL.WantReadError:
            return
        except (SSL.ZeroReturnError, SSL.SysCallError):
            self.closed = True
        except SSL.Error:
            return  # a forged record; DTLS goes on (RFC 6347, 4.1.2.7)

    def _outgoing(self) -> list[bytes]:
        flight = bytearray()
        while True:
            try:
                flight += self._connection.bio_read(65536)
            except SSL.WantReadError:
                return split_flight(bytes(flight))


def split_flight(flight: bytes) -> list[bytes]:
    """Cut *flight* between records, which a datagram must hold whole, into datagrams of at most MTU_BYTES."""
    datagrams: list[bytes] = []
    start = at = 0
    while at < len(flight):
        after = at + RECORD_HEADER_BYTES + int.from_bytes(flight[at + 11 : at + 13], "big")
        if after - start > MTU_BYTES and at > start:
            datagrams.append(flight[start:at])
            start = at
        at = after
    if start < len(flight):
        datagrams.append(flight[start:])
    return datagrams


def _has_plain_alert(datagram: bytes) -> bool:
    return datagram[0] == ALERT and datagram[3:5] == b"\0\0"


def _reasons(error: SSL.Error) -> str:
    reasons = error.args[0] if error.args else None
    if isinstance(reasons, list):
        return ", ".join(str(reason[-1]) for reason in reasons)
    return "no reason given"
