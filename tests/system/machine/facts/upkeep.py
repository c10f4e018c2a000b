"""What keeps the machine well without anybody: time, updates, logs, backups, and what wellhouse itself finds."""

from __future__ import annotations

from tests.system.machine.facts.fact import Fact, equal, fact, none
from tests.system.machine.look import Look, Skip

SOCKET_BUFFER_BYTES = 4 << 20


def _setting(name: str) -> Fact:
    return equal(
        f"apt: {name} is on",
        lambda look: look.says(f"apt-config dump {name}").split('"')[1::2],
        ["1"],
    )


def _buffer(which: str) -> Fact:
    def seen(look: Look) -> str:
        told = look.says(f"cat /proc/sys/net/core/{which}_max 2>/dev/null || echo none")
        if not told.isdigit():
            raise Skip("this kernel gives a container no socket limits of its own: the host's hold")
        return "" if int(told) >= SOCKET_BUFFER_BYTES else told

    return Fact(f"a socket may hold 4 MiB of media ({which}_max)", seen)


def _clock(look: Look) -> str:
    if look.says("systemd-detect-virt --container") != "none":
        raise Skip("in a container the host keeps the clock")
    return "" if look.says("timedatectl show -P NTP") == "yes" else "nothing keeps it"


def _disk(look: Look) -> str:
    if look.answers["wellhouse_data_device"]:
        return "" if "crypt" in look.says("lsblk -rno TYPE /dev/mapper/wellhouse-data") else "not encrypted"
    raise Skip("no disk was given: this kernel has no dm-crypt")


def _errors(look: Look) -> list[str]:
    return [line for line in look.says("wellhouse check").splitlines() if line.startswith("error")]


FACTS: tuple[Fact, ...] = (
    _setting("APT::Periodic::Update-Package-Lists"),
    _setting("APT::Periodic::Unattended-Upgrade"),
    equal(
        "updates never restart the machine",
        lambda look: look.says("apt-config dump Unattended-Upgrade::Automatic-Reboot"),
        'Unattended-Upgrade::Automatic-Reboot "false";',
    ),
    equal("updates have their hour", lambda look: look.says("systemctl is-enabled apt-daily-upgrade.timer"), "enabled"),
    Fact("something keeps the clock right", _clock),
    Fact("the data lie on an encrypted volume", _disk),
    _buffer("rmem"),
    _buffer("wmem"),
    fact(
        "the journal has an end",
        lambda look: "SystemMaxUse=500M" in look.says("cat /etc/systemd/journald.conf.d/wellhouse.conf"),
    ),
    equal(
        "the installation's log is rotated",
        lambda look: look.says("logrotate --debug /etc/logrotate.d/wellhouse >/dev/null 2>&1; echo $?"),
        "0",
    ),
    none("wellhouse check finds nothing broken", _errors),
    equal(
        "wellhouse status says that all parts run", lambda look: look.says("wellhouse status >/dev/null; echo $?"), "0"
    ),
    equal(
        "wellhouse configure has nothing to change", lambda look: look.says("wellhouse configure"), "nothing to change"
    ),
    equal("there is one release", lambda look: look.says("ls /opt/wellhouse/releases | wc -l"), "1"),
    fact("a backup was taken by itself", lambda look: bool(look.says("ls -A /srv/backup/snapshots"))),
)
