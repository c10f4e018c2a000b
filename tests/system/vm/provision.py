"""A tree with Wellhouse installed on it by the playbook, in a container: without hardware's help a virtual machine is
some twenty times slower. What the box made of its own (keys, data) is taken away again; the virtual machine makes it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tests.system.checkout import put_checkout
from tests.system.clean_machine import clean_disk, running

CHECKOUT = Path("/srv/wellhouse")
HOSTNAME = "clinic.example"
SETTINGS = f"""\
[site]
hostname = "{HOSTNAME}"

[portal]
workers = 1

[users]
portal = "wellhouse"
rtc = "wellhouse-rtc"
turn = "wellhouse-turn"
web = "wellhouse-web"

[rtc]
addresses = ["10.0.2.15"]

[backup]
targets = ["/mnt/carry/backup"]
"""
INSTALL = {
    "wellhouse_checkout": str(CHECKOUT),
    "wellhouse_database": "sqlite",
    "wellhouse_data_device": "",
    "wellhouse_certificate": "local",
    "wellhouse_acme_email": "",
    "wellhouse_acme_server": "",
    "wellhouse_key_protection": "file",
    "wellhouse_firewall": True,
    "wellhouse_ssh_ports": [22],
    "wellhouse_time_sync": False,
    "wellhouse_updates": False,
}
PLAY = (
    "set -e; cd {checkout}; LOG=/var/log/wellhouse-install.log; source ./install.sh; : >>$LOG; install_python; "
    "install_ansible; ANSIBLE_CONFIG=$PWD/ansible/ansible.cfg $PROVISION/bin/ansible-playbook "
    "--extra-vars @/etc/wellhouse/install.json ansible/appliance.yml"
)
OWN = ("etc/wellhouse/keys", "etc/wellhouse/storage.json", "etc/wellhouse/turnserver.conf", "var/lib/wellhouse")


def provisioned_tree(base: Path, target: Path) -> Path:
    """*base* with the present files of this checkout installed, at *target*; made at the first call."""
    if target.exists():
        return target
    partial = target.with_suffix(".partial")
    with clean_disk(base, partial) as disk:
        put_checkout(disk.root / CHECKOUT.relative_to("/"))
        etc = disk.root / "etc/wellhouse"
        etc.mkdir()
        (etc / "wellhouse.toml").write_text(SETTINGS)
        (etc / "install.json").write_text(json.dumps(INSTALL))
        with running(disk, systemd=True) as machine:
            machine.must("ip address add 10.0.2.15/32 dev lo")  # the address that the virtual machine will have
            machine.must(PLAY.format(checkout=CHECKOUT), show=True)
            machine.must("systemctl disable --now wellhouse")  # it would begin before there is a volume
        for name in OWN:
            own = disk.root / name
            if own.is_dir():
                for entry in own.iterdir():
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            else:
                own.unlink(missing_ok=True)
        subprocess.run(["cp", "--archive", "--reflink=auto", str(disk.root), str(target)], check=True)
    return target
