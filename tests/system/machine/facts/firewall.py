"""The firewall's table, and that it is only ours."""

from __future__ import annotations

from tests.system.machine.facts.fact import Fact, equal, fact
from tests.system.machine.look import Look, Skip

THEIRS = "clinic_own"  # a table that was there before the installation


def _rules(look: Look) -> str:
    if not look.answers["wellhouse_firewall"]:
        raise Skip("the clinic's own firewall does this, by its answer")
    return look.says("nft list table inet wellhouse")


def _chain(look: Look, name: str) -> str:
    """The rules of one chain."""
    found = _rules(look).partition(f"chain {name} {{")[2]
    return found.partition("\n\t}")[0]


def _has(name: str, chain: str, *words: str) -> Fact:
    return fact(
        name,
        lambda look: any(all(word in line for word in words) for line in _chain(look, chain).splitlines()),
        lambda look: _chain(look, chain),
    )


FACTS: tuple[Fact, ...] = (
    _has("what nobody allowed does not come in", "incoming", "hook input", "policy drop"),
    _has("answers come in", "incoming", "established"),
    _has("the machine speaks with itself", "incoming", 'iif "lo" accept'),
    _has("SSH comes in, so that nobody is locked out", "incoming", "tcp dport 22 accept"),
    _has("the site and TURN over TCP come in", "incoming", "tcp dport", "80", "443", "3478", "accept"),
    _has("TURN and media come in", "incoming", "udp dport", "3478", "3480", "accept"),
    _has("floods do not", "floods", "limit rate over", "drop"),
    _has("what coturn sends is looked at", "outgoing", "meta skuid", "goto from_turn"),
    _has("coturn reaches the media port", "from_turn", "udp dport 3480 accept"),
    _has("coturn reaches nothing else", "from_turn", "reject"),
    fact(
        "coturn has at most three ways out",
        lambda look: _chain(look, "from_turn").count("accept") <= 3,
        lambda look: _chain(look, "from_turn"),
    ),
    equal(
        "a table that somebody else had made is as it was",
        lambda look: (
            look.says(f"cat /etc/clinic-own.nft >/dev/null && nft list table inet {THEIRS} | tr -s '\\t\\n ' ' '")
            if look.says("test -e /etc/clinic-own.nft && echo there")
            else "not planted"
        ),
        f"table inet {THEIRS} {{ chain kept {{ type filter hook input priority 70; policy accept; }} }}",
    ),
)
