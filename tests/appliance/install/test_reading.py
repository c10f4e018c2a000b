"""What somebody may type for an answer, and what it means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.install import reading
from appliance.install.answers import Certificate, CertificateKind, Relay
from core.errors import Invalid


@pytest.mark.parametrize(
    ("read", "text", "meant"),
    [
        (reading.hostname, " Care.Clinic.Example. ", "care.clinic.example"),
        (reading.names, "192.0.2.7, lan.clinic.example", ("192.0.2.7", "lan.clinic.example")),
        (reading.certificate, "acme", Certificate(CertificateKind.ACME)),
        (
            reading.certificate,
            "/etc/ssl/c.pem,/etc/ssl/k.pem",
            Certificate(CertificateKind.OWN, Path("/etc/ssl/c.pem"), Path("/etc/ssl/k.pem")),
        ),
        (
            reading.certificate,
            "/etc/ssl/both.pem",
            Certificate(CertificateKind.OWN, Path("/etc/ssl/both.pem"), Path("/etc/ssl/both.pem")),
        ),
        (reading.public_address, "none", ""),
        (reading.public_address, "203.0.113.9", "203.0.113.9"),
        (reading.public_address, "Line.Clinic.Example", "line.clinic.example"),
        (reading.data_device, "none", ""),
        (reading.data_device, "/dev/disk/by-id/wwn-0x5000", "/dev/disk/by-id/wwn-0x5000"),
        (reading.relay, "none", None),
        (reading.relay, "relay.example", Relay("relay.example", 587, "starttls")),
        (reading.relay, "it@clinic.example@relay.example:465", Relay("relay.example", 465, "tls", "it@clinic.example")),
        (reading.relay, "localhost:25", Relay("localhost", 25, "none")),
        (reading.backup, "none", ()),
        (reading.backup, "/mnt/nas, sftp:box@nas:/w,/mnt/nas", ("/mnt/nas", "sftp:box@nas:/w")),
        (reading.ssh_ports, "2222,22", (22, 2222)),
        (reading.yes_or_no, "Yes", True),
        (reading.yes_or_no, "n", False),
    ],
)
def test_an_answer_means(read: Callable[[str], object], text: str, meant: object) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("read", "text", "why"),
    [
        (reading.hostname, "192.0.2.7", "is an address"),
        (reading.hostname, "https://care.clinic.example", "only the name"),
        (reading.hostname, "clinic", "not a full host name"),
        (reading.hostname, "care_clinic.example", "not a full host name"),
        (reading.email, "it at clinic.example", "not an e-mail address"),
        (reading.certificate, "letsencrypt", "answer acme, local"),
        (reading.certificate, "/etc/ssl/c.pem,k.pem", "answer acme, local"),
        (reading.certificate, "/etc/ssl/c;rm.pem", "use a path without"),
        (reading.public_address, "2001:db8::1", "IPv6"),
        (reading.data_device, "sdb", "is not a disk"),
        (reading.data_device, "/dev/../etc/passwd", "is not a disk"),
        (reading.email, "{{lookup('pipe','id')}}@clinic.example", "not an e-mail address"),
        (reading.email, '"it"@clinic.example', "not an e-mail address"),
        (reading.email, "--server=x@clinic.example", "not an e-mail address"),
        (reading.email, "it@clinic.example\nBcc: x@elsewhere.example", "not an e-mail address"),
        (reading.hostname, "klinik-münchen.example", "is not a full host name"),
        (reading.hostname, "-care.clinic.example", "is not a full host name"),
        (reading.hostname, "care.clinic.example\nx", "is not a full host name"),
        (reading.url, "https://acme.example/{{ lookup('pipe', 'id') }}", "https://"),
        (reading.url, "https://acme.example/a b", "https://"),
        (reading.backup, "sftp:box@nas:/well\nhouse", "line breaks"),
        (reading.backup, "s3:https://s3.example/a\x00b", "line breaks"),
        (reading.relay, "relay.example:²", "is not a port"),
        (reading.ssh_ports, "²", "is not a port"),
        (reading.relay, "relay.example:smtp", "is not a port"),
        (reading.relay, "me:secret@relay.example", "Leave the password out"),
        (reading.backup, "", "Name a folder"),
        (reading.backup, "mnt/nas", "begin with /"),
        (reading.backup, "rest:https://me:secret@nas/w", "must not hold a password"),
        (reading.ssh_ports, "ssh", "is not a port"),
        (reading.ssh_ports, "70000", "is not a port"),
        (reading.yes_or_no, "perhaps", "answer yes or no"),
        (reading.url, "http://acme.example/dir", "https://"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_reason(read: Callable[[str], object], text: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        read(text)
