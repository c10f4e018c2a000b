"""The ports that Wellhouse listens on: free, or held by whom."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from appliance import listeners
from appliance.checks.finding import Finding, error, ok
from appliance.install.checks.plan import Plan
from appliance.ports import Needed, holders, needed, refuse_if_busy
from core.errors import Refused

_DEMO = b"/var/lib/wellhouse-demo"
_UNITS = Path("/etc/systemd/system")
# Services that take ports 80, 443 or 3478 for themselves when the machine starts.
_RIVALS = ("nginx", "apache2", "lighttpd", "caddy", "haproxy", "coturn")


def check(plan: Plan) -> Iterator[Finding]:
    yield from held(plan)
    for service in waiting_rivals(_UNITS):
        yield error(
            f"{service} is not running now, and would take Wellhouse's ports when the machine starts.",
            f"If nothing needs it: systemctl disable --now {service}. Else give Wellhouse a machine of its own.",
        )


def held(plan: Plan) -> Iterator[Finding]:
    """Which ports somebody else listens on, and who."""
    sentences = []
    for port in needed(plan.settings.ports):
        found = holders(port)
        if _belong_to(found, f"{plan.places.etc}/".encode()):
            continue
        try:
            refuse_if_busy(port)
        except Refused:
            sentences.append((_busy(port, found), _what_to_do(port, found)))
    yield from (error(sentence, then) for sentence, then in dict.fromkeys(sentences))
    if not sentences:
        yield ok("The ports that Wellhouse needs are free.")


def waiting_rivals(units: Path) -> list[str]:
    """Services of other web and TURN servers that start with the machine and do not run now."""
    found = {link.stem for wants in units.glob("*.wants") for link in wants.glob("*.service")}
    masked = {unit.stem for unit in units.glob("*.service") if unit.resolve() == Path(os.devnull)}
    return [service for service in _RIVALS if service in found - masked and not listeners.named(_program(service))]


def _program(service: str) -> str:
    return {"coturn": "turnserver"}.get(service, service)


def _busy(port: Needed, found: list[int]) -> str:
    return f"Port {port.number}/{port.transport} is held by {listeners.described(found)}."


def _what_to_do(port: Needed, found: list[int]) -> str:
    if _belong_to(found, _DEMO):
        return "That is the demonstration. End it: systemctl disable --now wellhouse-demo"
    if port.part == "nginx":
        return (
            "Wellhouse brings a web server of its own and needs this port. Stop and disable the other, move it to "
            "another machine, or give Wellhouse a virtual machine of its own."
        )
    return f"Stop it, or give {port.part} another port: {port.setting} in the settings file."


def _belong_to(found: list[int], mark: bytes) -> bool:
    """Whether the holders, or what started them, were started with something of *mark*."""
    return any(mark in _command(pid) for pid in listeners.with_ancestors(found))


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
