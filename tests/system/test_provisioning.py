"""Ansible's playbooks, the templates they fill in, and the Vagrantfile, as far as they can be judged without a machine.

What they do to one is rehearsed: ``make rehearse``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

CHECKOUT = Path(__file__).parents[2]
ANSIBLE = CHECKOUT / "ansible"
TOOLS = Path("/opt/wellhouse/provision/bin")


def _run(*arguments: str, cwd: Path = ANSIBLE) -> subprocess.CompletedProcess[str]:
    assert TOOLS.is_dir(), "Ansible is not here. Bring it with: make setup"
    environment = {**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}", "NO_COLOR": "1"}
    environment["ANSIBLE_CONFIG"] = str(ANSIBLE / "ansible.cfg")
    return subprocess.run(arguments, cwd=cwd, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return _run("ansible-lint", "--offline", "--profile", "production", "--project-dir", str(folder), cwd=folder)


def test_playbooks_and_roles_are_free_of_what_ansible_lint_warns_of(tmp_path: Path) -> None:
    folder = tmp_path / "ansible"  # its caches belong in no checkout
    shutil.copytree(ANSIBLE, folder)
    done = _lint(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failure(s), 0 warning(s)" in done.stderr

    (folder / "roles/demo/tasks/main.yml").write_text("- shell: touch /tmp/made\n")
    assert _lint(folder).returncode != 0


@pytest.mark.parametrize("playbook", sorted(path.name for path in ANSIBLE.glob("*.yml")))
def test_playbook_is_understood(playbook: str) -> None:
    done = _run("ansible-playbook", "--syntax-check", playbook)
    assert done.returncode == 0, done.stdout + done.stderr


def test_background_program_is_free_of_what_shellcheck_warns_of(tmp_path: Path) -> None:
    folder = ANSIBLE / "roles/demo/templates"
    templates = Environment(loader=FileSystemLoader(folder), undefined=StrictUndefined)  # noqa: S701  # no page
    program = tmp_path / "wellhouse-demo"
    program.write_text(
        templates.get_template("wellhouse-demo.sh.j2").render(
            ansible_managed="Ansible", demo_root="/var/lib/wellhouse-demo", code_release="/opt/wellhouse/releases/0123"
        )
    )
    done = subprocess.run(["shellcheck", str(program)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_vagrantfile_is_ruby() -> None:
    done = subprocess.run(["ruby", "-wc", "Vagrantfile"], cwd=CHECKOUT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "Syntax OK", "")


@pytest.mark.skipif(shutil.which("vagrant") is None, reason="vagrant is not installed")
def test_vagrantfile_describes_a_machine(tmp_path: Path) -> None:
    shutil.copy(CHECKOUT / "Vagrantfile", tmp_path)
    environment = {**os.environ, "VAGRANT_HOME": str(tmp_path / "home"), "VAGRANT_CHECKPOINT_DISABLE": "1"}
    done = subprocess.run(
        ["vagrant", "validate", "--ignore-provider"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
