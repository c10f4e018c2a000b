"""What the site shows when the appliance starts: there is always a certificate, if only one that vouches for itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from appliance.certificates import authority, place
from appliance.certificates.files import certificate_files, names_of, read_certificate, wanted_names
from appliance.certificates.self_signed import self_signed
from appliance.configure.files import folder, write
from core.errors import Refused
from core.settings import Settings
from webapp.crypto.keyring import Keyring

REMAKE_BEFORE = timedelta(days=14)


def provide_certificate(settings: Settings, keyring: Keyring, *, at: datetime) -> list[Path]:
    """Make sure that nginx finds a certificate; the files that were made anew.

    One that the clinic keeps elsewhere must be there: Refused says which file is not. One that comes over the Internet
    or by hand has a self-signed one in its place until it comes.
    """
    files = certificate_files(settings)
    source = settings.certificates.source
    if source == "local":
        return authority.provide(settings, keyring, at=at)
    if source:
        if files.chain.is_file() and files.key.is_file():
            return []
        place.put(self_signed(wanted_names(settings), at=at), settings, at=at)
        return [files.chain, files.key]
    if settings.site.certificate:
        for file in (files.chain, files.key):
            if not file.is_file():
                raise Refused(f"There is no {file}, which site.certificate names. Put it there or correct the setting.")
        return []
    folder(files.chain.parent, mode=0o700)
    if files.key.is_file() and _still_good(files.chain, wanted_names(settings), at=at):
        return []
    pair = self_signed(wanted_names(settings), at=at)
    write(files.key, pair.key, mode=0o400)
    write(files.chain, pair.chain, mode=0o444)
    return [files.chain, files.key]


def _still_good(file: Path, names: tuple[str, ...], *, at: datetime) -> bool:
    try:
        certificate = read_certificate(file)
    except (FileNotFoundError, Refused):
        return False
    same = names_of(certificate) == frozenset(names)
    return same and certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc - REMAKE_BEFORE
