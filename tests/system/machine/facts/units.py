"""systemd: what starts, and what it lets the appliance do."""

from __future__ import annotations

import re

from tests.system.machine.facts.fact import Fact, equal, fact, none
from tests.system.machine.look import Look

UNIT = "wellhouse.service"
EXPOSURE_MAX = 3.0  # of systemd-analyze security, where 10 is everything
PROPERTIES = {
    "NoNewPrivileges": ("yes", "never gains rights"),
    "ProtectSystem": ("strict", "writes nowhere but where it is told"),
    "ProtectHome": ("yes", "sees nobody's home"),
    "PrivateTmp": ("yes", "has a /tmp of its own"),
    "PrivateDevices": ("yes", "reaches no device"),
    "ProtectKernelTunables": ("yes", "does not tune the kernel"),
    "ProtectKernelModules": ("yes", "loads no module"),
    "ProtectKernelLogs": ("yes", "does not read the kernel's log"),
    "ProtectControlGroups": ("yes", "does not change control groups"),
    "ProtectClock": ("yes", "does not set the clock"),
    "ProtectHostname": ("yes", "does not name the machine"),
    "LockPersonality": ("yes", "stays what it is"),
    "RestrictRealtime": ("yes", "does not take the processor for itself"),
    "RestrictSUIDSGID": ("yes", "makes no file that runs as somebody else"),
    "SystemCallArchitectures": ("native", "speaks one kind of system calls"),
    "LimitCORE": ("0", "never writes its memory to the disk"),
    "LimitNOFILE": ("65536", "has enough open files for a clinic"),
    "UMask": ("0077", "makes files for itself only"),
    "KillMode": ("mixed", "is asked before it is ended"),
    "Restart": ("always", "comes back"),
    "OOMPolicy": ("continue", "lives on when one part was out of memory"),
    "Type": ("notify", "says itself when it is ready"),
    "ActiveState": ("active", "runs"),
    "SubState": ("running", "runs as a whole"),
    "UnitFileState": ("enabled", "starts at every boot"),
    "NRestarts": ("0", "has not ended by itself"),
}
NEVER = ("cap_sys_admin", "cap_net_admin", "cap_net_raw", "cap_sys_ptrace", "cap_sys_module", "cap_dac_read_search")


def _exposure(look: Look) -> float:
    told = re.search(r"Overall exposure level.*?: ([0-9.]+)", look.says(f"systemd-analyze security {UNIT} --no-pager"))
    return float(told[1]) if told else 10.0


def _masked(name: str) -> Fact:
    return equal(
        f"the distribution's own {name} does not start by itself",
        lambda look: look.says(f"systemctl is-enabled {name}.service"),
        "masked",
    )


FACTS: tuple[Fact, ...] = (
    *(
        equal(f"the appliance {what} ({name})", lambda look, n=name: look.unit(UNIT).get(n), wanted)  # type: ignore[misc]
        for name, (wanted, what) in PROPERTIES.items()
    ),
    equal(
        "the appliance speaks no kinds of addresses but those it needs",
        lambda look: set(look.unit(UNIT)["RestrictAddressFamilies"].split()),
        {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK"},
    ),
    none(
        "root in the appliance keeps none of the rights that would own the machine",
        lambda look: set(look.unit(UNIT)["CapabilityBoundingSet"].split()) & set(NEVER),
    ),
    fact("its exposure is at most 3.0 of 10", lambda look: _exposure(look) <= EXPOSURE_MAX, _exposure),
    _masked("nginx"),
    _masked("coturn"),
    none("no unit has failed", lambda look: look.says("systemctl --failed --plain --no-legend --no-pager")),
    equal("the machine is up", lambda look: look.says("systemctl is-system-running"), "running"),
    equal(
        "the firewall is loaded before there is a network",
        lambda look: look.says("systemctl is-enabled wellhouse-firewall.service"),
        "enabled",
    ),
    fact(
        "the appliance waits for its keys and its storage",
        lambda look: {"wellhouse-unlock.service", "wellhouse-storage.service"} <= set(look.unit(UNIT)["After"].split()),
        lambda look: look.unit(UNIT)["After"],
    ),
)
