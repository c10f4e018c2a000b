"""The playbook of the clinic's box, as far as it can be judged without a machine: what it is told, and its unit.

What it does to one is rehearsed: ``make test-machine``.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from appliance import notify
from core.settings import Paths, Settings
from tests.appliance.install.test_unattended import COMPLETE, NO_BACKUP, install

CHECKOUT = Path(__file__).parents[2]
ANSIBLE = CHECKOUT / "ansible"
TOOLS = Path("/opt/wellhouse/provision/bin")
PLAYBOOK = """\
- hosts: localhost
  gather_subset: ["!all", min]
  roles:
    - role: validate
"""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What install.sh writes for Ansible."""
    with tempfile.TemporaryDirectory() as name:
        done = install(Path(name), *COMPLETE, *NO_BACKUP)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads((Path(name) / "etc/install.json").read_text())
    return found


def judged(folder: Path, told: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Play the role that judges *told*, and nothing else."""
    (folder / "play.yml").write_text(PLAYBOOK)
    settings = folder / "wellhouse.toml"
    settings.touch()
    variables = {"wellhouse_checkout": str(CHECKOUT), "validate_settings_file": str(settings), **told}
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    environment["ANSIBLE_ROLES_PATH"] = str(ANSIBLE / "roles")
    return subprocess.run(
        [TOOLS / "ansible-playbook", "-i", ANSIBLE / "inventory/local.yml", "-e", json.dumps(variables), "play.yml"],
        cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_what_the_installer_writes_is_what_the_roles_ask_for(tmp_path: Path, told: dict[str, Any]) -> None:
    done = judged(tmp_path, told)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"wellhouse_database": "mysql"}, "wellhouse_database is “mysql” and must be one of: sqlite, postgresql."),
        ({"wellhouse_data_device": "sdb; reboot"}, "must be a disk or partition as /dev/sdb, or empty."),
        ({"wellhouse_data_device": "/dev/null"}, "/dev/null is no disk or partition of this machine"),
        ({"wellhouse_firewall": "perhaps"}, "wellhouse_firewall must be true or false."),
        ({"wellhouse_ssh_ports": [22, 70000]}, "wellhouse_ssh_ports must list the ports"),
        ({"validate_settings_file": "/nowhere/wellhouse.toml"}, "There is no /nowhere/wellhouse.toml."),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_changed(
    tmp_path: Path, told: dict[str, Any], changed: dict[str, Any], sentence: str
) -> None:
    done = judged(tmp_path, {**told, **changed})
    said = " ".join(done.stdout.split())
    assert done.returncode != 0
    assert sentence in said
    assert "Nothing was changed." in said
    assert "changed=0" in said


def test_what_is_missing_is_named(tmp_path: Path, told: dict[str, Any]) -> None:
    told = {name: value for name, value in told.items() if name != "wellhouse_time_sync"}
    done = judged(tmp_path, told)
    assert done.returncode != 0
    assert "wellhouse_time_sync is missing in install.json." in " ".join(done.stdout.split())


ERASING = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: uninstall
        tasks_from: data.yml
"""


@pytest.mark.parametrize(("there", "erased"), [(True, "cryptsetup erase --batch-mode /dev/xdb\n"), (False, "")])
def test_only_the_boxs_own_volume_is_erased_whatever_its_disk_is_called_now(
    tmp_path: Path, there: bool, erased: str
) -> None:
    """Another box's volume may stand by the name that install.sh was once told."""
    programs, record, said = tmp_path / "bin", tmp_path / "storage.json", tmp_path / "said"
    programs.mkdir()
    record.write_text('{"uuid": "5d2c1f7e-0000-4000-8000-000000000001", "made_at": 1}')
    said.touch()
    find = f'test "$1" = UUID=5d2c1f7e-0000-4000-8000-00000000000{1 if there else 2} && echo /dev/xdb'
    for name, script in (("findfs", find), ("cryptsetup", f'echo "cryptsetup $*" >> {said}'), ("wipefs", ":")):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    (tmp_path / "play.yml").write_text(ERASING)
    (tmp_path / "data").mkdir()
    known = {
        "uninstall_storage_record": str(record),
        "uninstall_cluster": {"stdout": ""},
        "uninstall_kept": [str(tmp_path / "data")],
        "wellhouse_data_device": "/dev/sdb",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    environment = {**os.environ, "ANSIBLE_ROLES_PATH": str(ANSIBLE / "roles"), "ANSIBLE_NOCOLOR": "1"}
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    done = subprocess.run(
        [TOOLS / "ansible-playbook", "-i", ANSIBLE / "inventory/local.yml", "-e", json.dumps(known), "play.yml"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert said.read_text() == erased
    assert (done.returncode == 0, (tmp_path / "data").exists()) == (there, not there), done.stdout


def unit(role: str = "supervisor", name: str = "wellhouse", **given: Any) -> str:
    folder = ANSIBLE / "roles" / role / "templates"
    templates = Environment(loader=FileSystemLoader(folder), undefined=StrictUndefined, trim_blocks=True)  # noqa: S701
    known = {
        "ansible_managed": "Ansible",
        "wellhouse_database": "sqlite",
        "code_current": "/opt/wellhouse/current",
        "supervisor_settings": "/etc/wellhouse/wellhouse.toml",
        "supervisor_start_within_s": 240,
        "supervisor_inputs": "{ true; }",
        "supervisor_backup_folders": {"stdout_lines": ["/srv/backup"]},
    }
    return templates.get_template(f"{name}.service.j2").render(known | given)


def test_the_unit_lets_the_appliance_write_where_the_settings_say_and_where_backups_go() -> None:
    lines = [
        shlex.split(line.removeprefix("ReadWritePaths=")) for line in unit().splitlines() if "ReadWritePaths=" in line
    ]
    writable = {path.removeprefix("-") for paths in lines for path in paths}
    for path in (*astuple(Paths()), "/srv/backup"):
        assert any(Path(path).is_relative_to(folder) for folder in writable), path
    assert "/" not in writable
    assert Settings().paths == Paths()


def test_the_unit_lets_backups_go_to_a_folder_with_spaces_in_its_name() -> None:
    told = unit(supervisor_backup_folders={"stdout_lines": ["/mnt/my nas/wellhouse"]})
    assert [line for line in told.splitlines() if "/mnt/my" in line] == ['ReadWritePaths="-/mnt/my nas/wellhouse"']


def test_the_unit_wants_postgresql_and_does_not_end_with_it() -> None:
    with_it = unit(wellhouse_database="postgresql", database_unit="postgresql@15-wellhouse.service")
    assert "Wants=postgresql@15-wellhouse.service" in with_it
    assert "Requires=postgresql" not in with_it
    assert "postgresql" not in unit()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_understands_every_line_of_the_units(tmp_path: Path) -> None:
    units = [
        ("supervisor", "wellhouse"),
        ("keys", "wellhouse-unlock"),
        ("keys", "wellhouse-closed"),
        ("storage", "wellhouse-storage"),
        ("firewall", "wellhouse-firewall"),
    ]
    files = [tmp_path / f"{name}.service" for _, name in units]
    for file, (role, name) in zip(files, units, strict=True):
        # The program is not on this machine; whether it would start is for make test-machine.
        text = unit(role, name, code_current="/").replace("//venv/bin/wellhouse", "/bin/true")
        file.write_text(re.sub(r"/usr/local/bin/wellhouse\b", "/bin/true", text))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True)
    assert not [line for line in done.stderr.splitlines() if "wellhouse" in line], done.stderr


def test_systemd_is_told_once_that_everything_answers_and_no_part_can_say_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        listener = notify.take_listener()
        assert "NOTIFY_SOCKET" not in os.environ
        notify.ready(listener)
        assert b"READY=1" in systemd.recv(1000).splitlines()
    notify.ready(notify.take_listener())  # without systemd there is nobody to tell
