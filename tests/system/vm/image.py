"""The disks of virtual machines: a distribution's tree with a kernel, and empty ones. Needs root and mmdebstrap."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.system.clean_machine import System, kept_tree

PACKAGES = "systemd-sysv,dbus,udev,kmod,passwd,sudo,git,iproute2,curl,python3,ca-certificates,{kernel}"
KERNELS = {
    "debian-12": "linux-image-cloud-amd64",
    "debian-13": "linux-image-cloud-amd64",
    "ubuntu-24.04": "linux-virtual",
}
# QEMU's user network (its manual, "Network emulation"): one address for the guest, one for the way out.
ADDRESS, GATEWAY = "10.0.2.15/24", "10.0.2.2"

AGENT_UNIT = """\
[Unit]
Description=What the test types
DefaultDependencies=no
After=systemd-udevd.service systemd-remount-fs.service
[Service]
ExecStart=/usr/bin/python3 /usr/local/lib/agent.py
Restart=always
RestartSec=0.2
Environment=HOME=/root LANG=C.UTF-8
[Install]
WantedBy=sysinit.target
"""

# An emulated processor may need minutes for what takes a machine a second.
PATIENCE = "[Service]\nTimeoutStartSec=900\n"
PATIENT_UNITS = ("wellhouse", "wellhouse-unlock")

NETWORK_UNIT = f"""\
[Unit]
Description=The only network that there is
Before=network-online.target
Wants=network-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'd=$(ls /sys/class/net | grep -v lo) && ip link set $d up && ip address add {ADDRESS} dev $d \
&& ip route add default via {GATEWAY}'
[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Bootable:
    """A root file system, and what QEMU starts it with."""

    root: Path
    kernel: Path
    initrd: Path


def base_tree(system: System, roots: Path) -> Path:
    """The untouched tree of *system* with a kernel, under *roots*; made at the first call."""
    return kept_tree(system, roots / f"{system.name}-kernel", PACKAGES.format(kernel=KERNELS[system.name]))


def bootable(tree: Path, folder: Path, *, size_gib: int = 8) -> Bootable:
    """A disk in *folder* with *tree* on it, and the agent."""
    staged = folder / "tree"
    subprocess.run(["cp", "--archive", "--reflink=auto", str(tree), str(staged)], check=True)
    try:
        _furnish(staged)
        root = folder / "root.img"
        with root.open("wb") as made:
            made.truncate(size_gib * 1024**3)
        subprocess.run(["mkfs.ext4", "-q", "-L", "root", "-d", str(staged), str(root)], check=True)
        boot = staged / "boot"
        kernel, initrd = folder / "vmlinuz", folder / "initrd"
        shutil.copyfile(sorted(boot.glob("vmlinuz-*"))[-1], kernel)
        shutil.copyfile(sorted(boot.glob("initrd.img-*"))[-1], initrd)
        return Bootable(root, kernel, initrd)
    finally:
        shutil.rmtree(staged)


def empty_disk(file: Path, *, size_gib: int) -> Path:
    """A disk that nothing was ever written to; takes no place until something is."""
    with file.open("wb") as made:
        made.truncate(size_gib * 1024**3)
    return file


def copy_disk(source: Path, target: Path) -> Path:
    """The same bytes on another disk."""
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(source), str(target)], check=True)
    return target


def _furnish(root: Path) -> None:
    units = root / "etc/systemd/system"
    for name, unit, target in (
        ("agent.service", AGENT_UNIT, "sysinit.target.wants"),
        ("test-network.service", NETWORK_UNIT, "multi-user.target.wants"),
    ):
        (units / name).write_text(unit)
        (units / target).mkdir(exist_ok=True)
        (units / target / name).symlink_to(f"/etc/systemd/system/{name}")
    for name in PATIENT_UNITS:
        (units / f"{name}.service.d").mkdir()
        (units / f"{name}.service.d/emulated.conf").write_text(PATIENCE)
    shutil.copyfile(Path(__file__).with_name("agent.py"), root / "usr/local/lib/agent.py")
    (root / "etc/hostname").write_text("clinic\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1 clinic clinic.example turn.clinic.example\n")
    (root / "etc/fstab").write_text("LABEL=root / ext4 defaults 0 1\n")
