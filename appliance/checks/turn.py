"""coturn answers by each of the ways that guests take, and relays to the media server alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from appliance import health
from appliance.box import Box
from appliance.checks.finding import Finding, error, ok, warning
from appliance.turn_guest import TurnGuest
from core.addresses import LOOPBACK, interface_addresses, relay_address
from core.errors import Unavailable
from core.ids import new_id
from core.settings import Settings
from webapp.appointments.visit import relay_guests
from webapp.appointments.visit.credentials import TURN_LIFE, IceServer, ice_servers

FOREIGN = ("10.0.0.1", "192.168.1.1", "169.254.169.254", "127.0.0.1", "8.8.8.8")  # of each kind one


def check(box: Box, at: datetime) -> Iterator[Finding]:
    port = box.settings.ports.turn
    for way, answers in (("UDP", health.turn_answers), ("TCP", health.turn_tcp_answers)):
        if answers(box.settings):
            yield ok(f"coturn answers over {way} on port {port}.")
        else:
            yield error(f"coturn does not answer over {way} on port {port}.", "Look at its log, coturn.log.")
    if not box.settings.turn_tls_name:
        yield warning(
            "There is no name for TURN over TLS, as the site's own is a bare address: some firewalls keep guests out.",
            "Give the site a name in site.hostname, or TURN one in site.turn_hostname.",
        )
    elif health.turn_tls_answers(box.settings):
        yield ok(f"coturn answers over TLS as {box.settings.turn_tls_name} on port {box.settings.ports.https}.")
    else:
        yield error(
            f"coturn does not answer over TLS as {box.settings.turn_tls_name}.",
            "Run “wellhouse configure” and restart the appliance; nginx.log and coturn.log say more.",
        )
    yield from _deaf(box)
    yield from _relays(box, at)


def _deaf(box: Box) -> Iterator[Finding]:
    """Addresses that came after coturn started, on which it does not listen. IPv6 ones change by themselves daily."""
    if not health.turn_answers(box.settings):
        return  # said above
    for address in interface_addresses():
        if ":" not in address and not health.turn_answers(box.settings, host=address):
            yield warning(
                f"coturn does not answer at {address}, which this machine got after coturn had started.",
                "Restart the appliance when no visit is on: sudo systemctl restart wellhouse",
            )


@contextmanager
def _let_in(settings: Settings, at: datetime) -> Iterator[IceServer]:
    """A guest's credential, good until it was tried."""
    me = new_id()
    secret = relay_guests.let_in(settings, me, until=at + TURN_LIFE, at=at)
    (server,) = ice_servers(settings, secret, host=LOOPBACK, participant=me, at=at)
    try:
        yield server
    finally:
        relay_guests.turn_away(settings, [me])


def _relays(box: Box, at: datetime) -> Iterator[Finding]:
    """Asked as a guest with a good credential: the running coturn may have another configuration than the file says."""
    settings, peer = box.settings, relay_address(box.settings.rtc)
    try:
        with (
            _let_in(settings, at) as server,
            TurnGuest(settings.ports.turn, server.username, server.credential) as guest,
        ):
            if guest.allocate() != 0:
                yield error("coturn does not take the portal's credentials.", "Run “wellhouse configure” and restart.")
                return
            reached = [address for address in FOREIGN if address != peer and guest.permit(address, 80) == 0]
            to_media = guest.permit(peer, settings.ports.media) == 0
    except Unavailable:
        yield error(
            f"The list of coturn's guests, {settings.paths.relay_guests}, cannot be written.",
            "Run “wellhouse configure” and restart the appliance.",
        )
        return
    except OSError:
        return  # it does not answer, which is said above
    if reached:
        yield error(
            f"coturn relays its guests to {', '.join(reached)}, and with that into the clinic's network.",
            "Run “wellhouse configure” and restart the appliance.",
        )
    if to_media and not reached:
        yield ok(f"coturn relays to the media server at {peer}, and refuses every other address that was tried.")
    if not to_media:
        yield error(f"coturn does not relay to the media server at {peer}.", "Run “wellhouse configure” and restart.")
