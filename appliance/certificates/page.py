"""The page that helps phones and computers to trust the box's own authority, as files for nginx.

It is reached without encryption, since a phone that needs it cannot trust the site yet. So somebody in the middle could
hand out another authority: the page insists on the fingerprint that clinic IT printed at the console.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from appliance.certificates.authority import authority_file, fingerprint, names_it_may
from appliance.certificates.files import read_certificate
from appliance.configure.render import Places, trust_page
from core.settings import Settings, host_in_url

CERTIFICATE = "wellhouse.crt"  # DER; nginx's table of types calls it application/x-x509-ca-cert, which phones install


@dataclass(frozen=True)
class PageFile:
    path: Path
    content: bytes


def page_files(settings: Settings) -> list[PageFile]:
    """The page and the certificate to download; none where the site's certificate comes from elsewhere."""
    if settings.certificates.source != "local" or not authority_file(settings).is_file():
        return []
    authority = read_certificate(authority_file(settings))
    text = trust_page(
        settings,
        file=CERTIFICATE,
        name=authority_name(authority),
        names=names_it_may(authority),
        sha256=fingerprint(authority, hashes.SHA256()),
        sha1=fingerprint(authority, hashes.SHA1()),  # noqa: S303  # Windows shows no other; nothing is proved by it
    )
    place = Places.of(settings).trust
    return [
        PageFile(place / "index.html", text.encode()),
        PageFile(place / CERTIFICATE, authority.public_bytes(serialization.Encoding.DER)),
    ]


def page_address(settings: Settings) -> str:
    """Where devices find the page: without encryption where there is such a port."""
    host = host_in_url(settings.site.hostname)
    if not settings.ports.http:
        return f"{settings.origin}/trust/"
    return f"http://{host}" + ("" if settings.ports.http == 80 else f":{settings.ports.http}") + "/trust/"


def authority_name(authority: x509.Certificate) -> str:
    """As it stands in a device's list."""
    return str(authority.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
