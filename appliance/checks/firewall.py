"""The firewall holds what was configured, and keeps nobody out who administers the box."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime

from appliance import ssh
from appliance.box import Box
from appliance.checks.finding import Finding, error, note, ok, warning
from appliance.firewall import guard, nft
from appliance.firewall.rules import has_rules, rules_file
from appliance.install.firewalls import let_through, loose_rules, managed
from core.settings import Settings

_LOAD = "Run “wellhouse firewall load”."


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    settings = box.settings
    if not has_rules(settings):
        yield note(
            "There is no firewall of the box's own: every part runs as one account, and rules tell parts apart by it."
        )
        return
    closed = guard.shut_out(settings, ssh.of_this_session())
    if closed:
        ports = ", ".join(map(str, closed))
        yield error(
            f"SSH is on port {ports}, which the firewall closes.",
            f"Add {ports} to firewall.ssh_ports, run “wellhouse configure”, then “wellhouse firewall load”.",
        )
    if os.geteuid() != 0:
        yield warning("Only root can see what the firewall holds.", "Run this with sudo.")
        return
    match nft.compare(rules_file(settings)):
        case nft.Loaded.AS_WRITTEN:
            yield ok(f"The kernel has the rules of {rules_file(settings)}: coturn reaches the media port alone.")
        case nft.Loaded.DIFFERENT:
            yield error(f"The kernel's rules are not those of {rules_file(settings)}.", _LOAD)
        case nft.Loaded.ABSENT:
            yield error("The firewall is not loaded: a guest of coturn reaches more than the media port.", _LOAD)
    if not settings.firewall.incoming:
        yield from _others(settings)


def _others(settings: Settings) -> Iterator[Finding]:
    """Of whoever judges what comes in. From here nobody can see what they let through."""
    keepers = managed()
    for keeper in keepers:
        yield note(
            f"{keeper.name} judges what comes in (firewall.incoming is false). If people do not reach the site, let "
            f"them in: {'; '.join(keeper.commands(settings.ports))}"
        )
    needed = ", ".join(let_through(settings.ports))
    loose = loose_rules(keepers)
    if loose:
        yield note(
            f"Rules of somebody else's judge what comes in (firewall.incoming is false): {', '.join(loose)}. They have "
            f"to let in {needed}."
        )
    if not loose and not keepers:
        yield warning(
            "Nothing judges what comes in: firewall.incoming is false, and no other firewall is at work here.",
            "Run install.sh again with --firewall yes, or switch the other firewall on.",
        )
