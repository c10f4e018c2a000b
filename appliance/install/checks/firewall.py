"""Firewalls that are here already. Wellhouse's own table stands beside them: what either refuses stays outside."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.checks.finding import Finding, error, ok, warning
from appliance.install.checks.plan import Plan
from appliance.install.firewalls import let_through


def check(plan: Plan) -> Iterator[Finding]:
    ports = (*(f"{number}/tcp" for number in plan.answers.ssh_ports), *let_through(plan.settings.ports))
    for firewall in plan.facts.firewalls:
        if plan.answers.firewall:
            yield error(
                f"{firewall.name} is at work here, and two keepers of one door do not see each other's rules.",
                f"Keep {firewall.name} (--firewall no) and let in what Wellhouse needs, or switch {firewall.name} off.",
            )
        else:
            yield warning(
                f"{firewall.name} stays this machine's firewall, and lets in what it lets in now.",
                f"Let people in, before or afterwards: {'; '.join(firewall.commands(plan.settings.ports))}",
            )
    if plan.facts.loose_rules:
        yield warning(
            f"Other rules here judge what comes in, and stay as they are: {', '.join(plan.facts.loose_rules)}.",
            f"See that they let in {', '.join(ports)}.",
        )
    if plan.answers.firewall and not plan.facts.firewalls:
        numbers = " and ".join(map(str, plan.answers.ssh_ports))
        yield ok(f"The firewall will let in {', '.join(ports)}. SSH stays open on {numbers}.")
    if not plan.answers.firewall and not plan.facts.firewalls and not plan.facts.loose_rules:
        yield warning("No firewall will stand on this machine.", "Take Wellhouse's own: --firewall yes")
