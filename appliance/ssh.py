"""The ports by which people reach this machine's console from elsewhere: the firewall keeps every one of them open."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from appliance import listeners
from appliance.asking_programs import ask

_SERVERS = ("sshd", "dropbear")


def ports(environment: Mapping[str, str], *, pid: int) -> tuple[int, ...]:
    """Every port that an ssh server is set to, listens on, or serves the caller *pid* by.

    Several sources, as each has its blind spot: a changed configuration that was not reloaded, a socket that systemd
    holds, a connection that sudo made forget its variables.
    """
    found = configured(_said("sshd", "-T")) | listened(_said("systemctl", "show", "--property=Listen", "ssh.socket"))
    for server in _SERVERS:
        found |= listeners.listening_ports(listeners.named(server))
    above = [above for above in listeners.ancestors(pid) if listeners.name_of(above).startswith(_SERVERS)]
    found |= listeners.connected_ports(above)
    # client's address, client's port, own address, own port (ssh(1))
    connection = environment.get("SSH_CONNECTION", "").split()
    if len(connection) == 4 and connection[3].isdigit():
        found.add(int(connection[3]))
    return tuple(sorted(found))


def configured(effective: str) -> set[int]:
    """Ports in what ``sshd -T`` prints."""
    found = {int(number) for number in re.findall(r"^port (\d+)$", effective, re.MULTILINE)}
    return found | {int(number) for number in re.findall(r"^listenaddress \S*:(\d+)$", effective, re.MULTILINE)}


def listened(shown: str) -> set[int]:
    """Ports of a socket unit in what ``systemctl show --property=Listen`` prints: Listen=[::]:22 (Stream)."""
    return {int(number) for number in re.findall(r"^Listen=\S*?:?(\d+) \(Stream\)$", shown, re.MULTILINE)}


def _said(program: str, *arguments: str) -> str:
    said = ask(program, *arguments)
    return said.output if said and said.status == 0 else ""


def of_this_session() -> tuple[int, ...]:
    """:func:`ports` for this process."""
    return ports(os.environ, pid=os.getpid())
