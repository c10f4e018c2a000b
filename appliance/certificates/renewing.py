"""Getting the next certificate, from wherever this one comes, and showing it; one at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from appliance import health
from appliance.box import Box
from appliance.certificates import acme, authority, place, schedule
from appliance.certificates.files import certificate_files, not_covered, read_certificate, vouches_for_itself
from appliance.certificates.memory import remember, write_down
from appliance.certificates.provide import provide_certificate
from appliance.certificates.reloading import reload, shown_is_older
from appliance.certificates.schedule import Life
from appliance.configure.keys import load_keyring
from core.errors import Refused


@dataclass(frozen=True)
class Renewed:
    """*changed*: another lies on disk now. *left_out*: names that the authority could not reach, and why."""

    changed: bool
    left_out: dict[str, str]


def life(box: Box) -> Life:
    """The certificate on disk, as the schedule looks at it."""
    certificate = read_certificate(certificate_files(box.settings).chain)
    stands_in = box.settings.certificates.source in ("acme", "own") and vouches_for_itself(certificate)
    return Life(
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        certificate.serial_number,
        real=not stands_in,
    )


def lacks_a_name(box: Box) -> bool:
    """Whether the certificate is not for a name for which an authority on the Internet could vouch."""
    return bool(not_covered(acme.public_names(box.settings), read_certificate(certificate_files(box.settings).chain)))


def renew(box: Box, *, at: datetime) -> Renewed:
    """Get a certificate now and show it, and remember how that went. Refused, or NotIssued, says why it could not be.

    Refused, too, while another process is at it, and where the certificate is the clinic's affair.
    """
    with _alone(box):
        settings = box.settings
        if settings.certificates.source == "acme":
            return _ask_authority(box, at=at)
        if settings.certificates.source == "own" or settings.site.certificate:
            raise Refused(
                "This certificate is the clinic's own. When the authority has sent a new one, run “wellhouse "
                "certificates use CHAIN KEY”."
            )
        changed = provide_certificate(settings, load_keyring(settings), at=at)
        _show(box)
        return Renewed(bool(changed), {})


def bring_anew(box: Box, *, at: datetime) -> None:
    """Make a new authority of the box's own and show a certificate by it. Every device must trust it anew."""
    with _alone(box):
        if box.settings.certificates.source != "local":
            raise Refused("This box has no authority of its own: certificates.source in its settings is not local.")
        authority.make_anew(box.settings, load_keyring(box.settings), at=at)
        _show(box)


def use(box: Box, pair: place.Pair, *, at: datetime) -> None:
    """Put the clinic's own *pair* in its place and show it."""
    with _alone(box):
        place.put(pair, box.settings, at=at)
        _show(box)


def _ask_authority(box: Box, *, at: datetime) -> Renewed:
    memory = remember(box.settings)
    # Noted before it is asked: after a power cut, or on a disk that is full, it would else be asked every minute, and
    # refuse the name for a week.
    write_down(schedule.after_failure(memory, "The box was cut off while it asked the authority.", at=at), box.settings)
    try:
        issued = acme.obtain(box.settings)
    except acme.NotIssued as e:
        write_down(schedule.after_failure(memory, e.sentence, at=at), box.settings)
        raise
    place.put(issued.pair, box.settings, at=at)
    write_down(schedule.after_success(memory, issued.left_out, at=at), box.settings)
    _show(box)
    return Renewed(True, issued.left_out)


def _show(box: Box) -> None:
    if health.nginx_answers(box.settings) and shown_is_older(box):
        reload(box)


@contextmanager
def _alone(box: Box) -> Iterator[None]:
    file = box.places.run / "certificates.lock"
    with file.open("a", encoding="ascii") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            raise Refused("The box is asking for a certificate at this moment. Look again in a minute.") from e
        yield
