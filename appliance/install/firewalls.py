"""Firewalls that are here already. They are only looked at: what they let through stays their owner's affair."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.asking_programs import ask
from core.settings import Ports

OWN_TABLE = "wellhouse"
_UFW = Path("/etc/ufw/ufw.conf")


@dataclass(frozen=True)
class Firewall:
    """*allow* is the command by which it lets a {port} through, *then* what makes it so at once.

    *chains* are its own, as :func:`loose_rules` calls them.
    """

    name: str
    allow: str
    then: tuple[str, ...] = ()
    chains: tuple[str, ...] = ()

    def commands(self, ports: Ports) -> tuple[str, ...]:
        """What its owner types so that people reach Wellhouse. SSH is not among it: it is open as they have it."""
        return (*(f"sudo {self.allow.format(port=port)}" for port in let_through(ports)), *self.then)


UFW = Firewall(
    "ufw",
    "ufw allow {port}",
    chains=("ip filter INPUT", "ip6 filter INPUT", "iptables INPUT", "ip6tables INPUT"),
)
FIREWALLD = Firewall("firewalld", "firewall-cmd --permanent --add-port={port}", ("sudo firewall-cmd --reload",))


def managed() -> tuple[Firewall, ...]:
    """Firewalls with a keeper of their own that is at work."""
    found = []
    if ufw_enabled(_UFW):
        found.append(UFW)
    state = ask("firewall-cmd", "--state")
    if state is not None and state.status == 0:
        found.append(FIREWALLD)
    return tuple(found)


def ufw_enabled(file: Path) -> bool:
    """Whether ufw's own file says that it is on."""
    try:
        return re.search(r"^ENABLED=[\"']?yes", file.read_text(), re.MULTILINE | re.IGNORECASE) is not None
    except FileNotFoundError:
        return False


def loose_rules(keepers: tuple[Firewall, ...]) -> tuple[str, ...]:
    """Chains that judge what comes in and belong to none of *keepers*, as nft or iptables call them."""
    theirs = {chain for keeper in keepers for chain in keeper.chains}
    return tuple(chain for chain in _judges() if chain not in theirs)


def _judges() -> tuple[str, ...]:
    listed = ask("nft", "--json", "list", "ruleset")
    if listed is not None and listed.status == 0:
        return judging_chains(listed.output)
    # Debian brings iptables with some packages and nft with others.
    found = []
    for program in ("iptables", "ip6tables"):
        rules = ask(program, "--list-rules", "INPUT")
        if rules is not None and rules.status == 0 and rules.output.strip() != "-P INPUT ACCEPT":
            found.append(f"{program} INPUT")
    return tuple(found)


def judging_chains(listed: str) -> tuple[str, ...]:
    """Input chains in the JSON of ``nft list ruleset`` that can refuse something, without ours and the keepers'."""
    things: list[dict[str, Any]] = json.loads(listed)["nftables"] if listed.strip() else []
    ruled = {_chain_of(thing["rule"], "chain") for thing in things if "rule" in thing}
    found = []
    for thing in things:
        chain = thing.get("chain", {})
        if chain.get("hook") != "input" or chain["table"] in (OWN_TABLE, "firewalld"):
            continue
        if chain.get("policy") == "drop" or _chain_of(chain, "name") in ruled:
            found.append(f"{chain['family']} {chain['table']} {chain['name']}")
    return tuple(found)


def let_through(ports: Ports) -> tuple[str, ...]:
    """What any firewall has to let in for Wellhouse, as ufw and firewalld write it."""
    site = [f"{number}/tcp" for number in (ports.http, ports.https) if number]
    media = [f"{ports.turn}/tcp", f"{ports.turn}/udp", f"{ports.media}/udp"]
    return (*site, *media)


def _chain_of(thing: dict[str, Any], name: str) -> tuple[str, str, str]:
    return thing["family"], thing["table"], thing[name]
