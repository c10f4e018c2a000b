"""The page at the end: what to do next, what the router and the DNS must know, and where the two secrets are had.

The recovery key is not shown: consoles remember, and so do those who record them. The set-up link, good for a day and
once, is shown at a terminal only.
"""

from __future__ import annotations

import ipaddress
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from appliance.install.answers import CertificateKind, Protection
from appliance.install.facts import own_address
from appliance.install.firewalls import Firewall, managed
from appliance.install.record import Places
from core.errors import Refused
from core.settings import Settings, load

COMMAND = Path("/usr/local/bin/wellhouse")


@dataclass(frozen=True)
class Box:
    """What the page is about.

    *address* is this machine's on its network; *certificate* is the kind of it; *firewalls* are others' that judge what
    comes in.
    """

    settings: Settings
    certificate: str
    address: str
    firewalls: tuple[Firewall, ...] = ()

    @property
    def behind_router(self) -> bool:
        """Whether people outside come in through a router that must be told."""
        own = self.address and ipaddress.ip_address(self.address).is_global
        from_outside = self.settings.rtc.public_address or self.certificate == CertificateKind.ACME
        return bool(from_outside) and not own


def read(places: Places) -> Box:
    """The box as its files describe it."""
    ansible = json.loads(places.for_ansible.read_text(encoding="utf-8"))
    return Box(load(places.settings), ansible["wellhouse_certificate"], own_address(), managed())


def page(box: Box, setup: str) -> str:
    """The whole page; *setup* is the link, or the sentence in its place."""
    parts = [f"Wellhouse runs on {box.settings.origin}", _next_three(box, setup)]
    parts += [_let_in(firewall, box) for firewall in box.firewalls]
    if box.behind_router:
        parts.append(router_rules(box))
    parts += [dns_records(box), _later(box)]
    return "\n\n".join(parts)


def set_up(*, at_terminal: bool) -> str:
    """The one-time link, or what to do for one, or that it is not needed any more."""
    if not at_terminal:
        return (
            "sudo wellhouse setup-link   (prints a link that is good for a day; not here, where it might be recorded)"
        )
    done = subprocess.run([COMMAND, "setup-link"], capture_output=True, text=True, check=False)  # noqa: S603  # our own
    if done.returncode != 0:
        raise Refused(done.stderr.strip().removeprefix("wellhouse: "))
    return done.stdout.strip()


def _next_three(box: Box, setup: str) -> str:
    third = "Look whether all is well, now and whenever something seems odd:\n       sudo wellhouse check"
    if not box.settings.backup.targets:
        third = (
            "Name a place for backups; without one a broken disk takes everything:\n"
            "       sudo ./install.sh --backup /mnt/nas"
        )
    elif box.behind_router or box.firewalls:
        rules = [f"in {firewall.name}" for firewall in box.firewalls] + ["on the router"] * box.behind_router
        third = f"Make the rules {' and '.join(rules)} and the records in the DNS below. Then: sudo wellhouse check"
    return f"""\
Next three things

  1. Print the recovery sheet, and lock the paper away outside the server room. Without it nobody opens the
     backups when this machine is lost. It is not shown here, because consoles remember:
       sudo wellhouse recovery-sheet | lp
  2. Set up the practice, as its first administrator:
       {setup}
  3. {third}"""


def _let_in(firewall: Firewall, box: Box) -> str:
    lines = [f"  {command}" for command in firewall.commands(box.settings.ports)]
    if box.certificate == CertificateKind.ACME:
        # The authority could not come in to look; the box itself would ask again only in ten minutes.
        lines.append("  sudo wellhouse certificates renew")
    name = firewall.name
    head = f"{name} is this machine's firewall, and was left as it was. Let people in, or nobody reaches the site"
    return f"{head}\n\n" + "\n".join(lines)


def router_rules(box: Box) -> str:
    """The table of ports that the router passes on."""
    ports = box.settings.ports
    rows = [
        ("TCP", ports.https, "the site, and calls through strict firewalls"),
        ("TCP", ports.http, "certificates, and people who type http://"),
        ("UDP", ports.media, "sound and pictures"),
        ("UDP", ports.turn, "calls through narrow networks"),
        ("TCP", ports.turn, "the same, where UDP is closed"),
    ]
    here = box.address or "this machine"
    lines = [f"  {protocol}  {port:<6} →  {here}:{port:<6}  {what}" for protocol, port, what in rows if port]
    return f"On the router: give {here} a fixed lease, and pass on to it\n\n" + "\n".join(lines)


def dns_records(box: Box) -> str:
    """The records of the LAN's own DNS, so that people inside come straight here."""
    names = [name for name in (box.settings.site.hostname, box.settings.turn_tls_name) if name]
    width = max(map(len, names)) + 2
    lines = [f"  {name + '.':<{width}} A  {box.address or '(this machine)'}" for name in names]
    return "In the DNS of the LAN (split DNS), so that people inside come straight here\n\n" + "\n".join(lines)


def _later(box: Box) -> str:
    lines = ["Later"]
    if box.settings.keys.protection == Protection.PASSPHRASE:
        lines.append("  After each start of this machine somebody types the passphrase: sudo wellhouse unlock")
    if box.certificate == CertificateKind.LOCAL:
        lines.append("  Phones and computers are told once to trust this box: sudo wellhouse certificates shows how")
    if not box.settings.mail.host:
        lines.append("  Name a mail relay when there is one: sudo ./install.sh --smtp relay.example:587")
    lines.append("  Change an answer, or bring a new version: run install.sh again. All of it: docs/INSTALL.md")
    return "\n".join(lines)
