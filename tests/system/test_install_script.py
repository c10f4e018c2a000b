"""install.sh as the person at the console meets it, up to the point where it would change the machine."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
SCRIPT = CHECKOUT / "install.sh"

SUPPORTED = {
    "debian-12": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
    "debian-13": "PRETTY_NAME='Debian GNU/Linux 13 (trixie)'\nVERSION_ID='13'\nID=debian\n",
    "ubuntu-24.04": 'PRETTY_NAME="Ubuntu 24.04.3 LTS"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n',
}
UNSUPPORTED = {
    "Debian GNU/Linux 11 (bullseye)": 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nVERSION_ID="11"\nID=debian\n',
    "Debian GNU/Linux forky/sid": 'PRETTY_NAME="Debian GNU/Linux forky/sid"\nID=debian\n',
    "Ubuntu 22.04.5 LTS": 'PRETTY_NAME="Ubuntu 22.04.5 LTS"\nVERSION_ID="22.04"\nID=ubuntu\nID_LIKE=debian\n',
    "Linux Mint 22": 'PRETTY_NAME="Linux Mint 22"\nVERSION_ID="22"\nID=linuxmint\nID_LIKE="ubuntu debian"\n',
    "a system that does not say what it is": None,
}
# Every program by which the script changes a machine.
CHANGING = ("sudo", "apt-get", "dpkg", "dpkg-query", "runuser", "mkdir", "flock")


class Console:
    """Calls the script's functions with their files in *folder*; what would change the machine can be a recorder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "install.log"
        self.called = folder / "called"
        self._programs = folder / "programs"
        self._programs.mkdir()

    def record_changes(self) -> None:
        for name in CHANGING:
            program = self._programs / name
            # Fails, so that the script goes no further than to its first change.
            program.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.called}\nexit 1\n')
            program.chmod(0o755)

    def run(self, commands: str, os_release: str | None = SUPPORTED["debian-12"]) -> subprocess.CompletedProcess[str]:
        release = self.folder / "os-release"
        if os_release is not None:
            release.write_text(os_release)
        places = (
            f"OS_RELEASE={release} LOG={self.log} LOCK={self.folder / 'lock'} PROVISION={self.folder / 'provision'}"
        )
        return subprocess.run(
            ["bash", "-c", f"source {SCRIPT}\n{places}\n{commands}"],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={"PATH": f"{self._programs}:/usr/sbin:/usr/bin:/sbin:/bin"},
        )


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return Console(tmp_path)


def test_scripts_are_free_of_what_shellcheck_warns_of() -> None:
    done = subprocess.run(
        ["shellcheck", str(SCRIPT), str(CHECKOUT / ".ci/run")], capture_output=True, text=True, cwd=CHECKOUT
    )
    assert done.stdout == ""
    assert done.returncode == 0


def test_help_says_on_one_screen_what_it_can_do(console: Console) -> None:
    console.record_changes()
    done = console.run("main --help")
    assert done.returncode == 0
    for word in ("--answers", "--uninstall", "--and-data", "--demo", "--test", "--setup", "Debian 12 or 13"):
        assert word in done.stdout
    lines = done.stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 120
    assert not console.called.exists()


def test_an_unknown_option_is_named(console: Console) -> None:
    console.record_changes()
    done = console.run("main --production")
    assert done.returncode == 2
    assert "--production" in done.stderr
    assert not console.called.exists()


def test_demo_takes_no_other_option(console: Console) -> None:
    console.record_changes()
    done = console.run("main --demo --hostname care.clinic.example")
    assert done.returncode == 2
    assert "takes no other options" in done.stderr
    assert not console.called.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="asks for root first")
def test_where_nobody_can_be_asked_all_missing_answers_are_named(console: Console) -> None:
    done = console.run("main --email it@clinic.example")
    assert done.returncode == 2
    for option in ("--hostname NAME", "--certificate", "--smtp", "--backup TARGET"):
        assert option in done.stderr
    assert "--email" not in done.stderr
    assert "stopped while" not in done.stderr
    assert not (console.folder / "provision").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="asks for root first")
def test_what_is_not_installed_is_not_uninstalled(console: Console) -> None:
    done = console.run(f"INSTALL_JSON={console.folder / 'install.json'}; main --uninstall")
    assert done.returncode == 1
    assert "there is no Wellhouse here" in done.stderr
    assert "Nothing was changed" in done.stderr


@pytest.mark.parametrize("option", ["", "--demo", "--test", "--setup", "--uninstall", "--hostname care.clinic.example"])
@pytest.mark.parametrize("name", UNSUPPORTED)
def test_an_unsupported_system_is_refused_before_anything_changes(console: Console, name: str, option: str) -> None:
    console.record_changes()
    done = console.run(f"main {option}", os_release=UNSUPPORTED[name])
    assert done.returncode == 1
    assert name in done.stderr
    assert "Nothing was changed" in done.stderr
    assert not console.called.exists()
    assert not console.log.exists()


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_supported_system_is_not_refused(console: Console, name: str) -> None:
    done = console.run("require_supported_system", os_release=SUPPORTED[name])
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unsupported_processor_is_refused(console: Console) -> None:
    console.record_changes()
    done = console.run("MACHINE=riscv64; main --demo")
    assert done.returncode == 1
    assert "riscv64" in done.stderr
    assert not console.called.exists()


def test_the_recorder_would_have_seen_a_change(console: Console) -> None:
    """Keeps the tests above honest: on a supported system the same call reaches for the machine."""
    console.record_changes()
    console.run("main --demo")
    assert console.called.exists()


def test_two_at_once_do_not_meet(console: Console) -> None:
    with (console.folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = console.run("alone")
    assert done.returncode == 1
    assert "another install.sh is at work" in done.stderr
    assert console.run("alone").returncode == 0


def test_a_second_one_leaves_the_first_its_passphrase(console: Console) -> None:
    handed = console.folder / "handed-over"
    handed.mkdir()
    (handed / "passphrase").write_text("copper lantern river seven orchid\n")
    with (console.folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = console.run(f"HANDED_OVER={handed}; trap farewell EXIT; alone")
    assert "another install.sh is at work" in done.stderr
    assert (handed / "passphrase").exists()
    assert console.run(f"HANDED_OVER={handed}; trap farewell EXIT; alone; exit 0").returncode == 0
    assert not handed.exists()


def test_its_lock_lies_where_only_root_can_put_something_else(console: Console) -> None:
    done = subprocess.run(["bash", "-c", f'source {SCRIPT}; echo "$LOCK"'], capture_output=True, text=True)
    assert Path(done.stdout.strip()).parent == Path("/run")  # /run/lock is everybody's


@pytest.mark.parametrize("name", ['a"b', "a{{ b }}", "a\\b", "a\nb"])
def test_a_checkout_whose_path_ansible_would_misread_is_refused(console: Console, tmp_path: Path, name: str) -> None:
    console.record_changes()
    odd = tmp_path / name
    odd.mkdir()
    (odd / "install.sh").write_text(SCRIPT.read_text())
    done = subprocess.run(["bash", str(odd / "install.sh"), "--demo"], capture_output=True, text=True, cwd=odd)
    assert done.returncode == 1
    assert "another folder" in done.stderr


def test_a_failure_shows_the_logs_end_and_what_to_do(console: Console) -> None:
    done = console.run("trap farewell EXIT; open_log --demo; step='fetching'; quietly sh -c 'echo no route; exit 100'")
    assert done.returncode == 100
    assert "stopped while fetching" in done.stderr
    assert "no route" in done.stderr
    assert "run the same command again" in done.stderr


def test_another_lock_makes_another_mark(console: Console) -> None:
    lock, other = console.folder / "a.lock", console.folder / "b.lock"
    lock.write_text("one==1\n")
    other.write_text("two==2\n")

    def mark() -> str:
        return console.run(f"mark_of {lock} {other}").stdout

    first = mark()
    assert first.strip()
    assert mark() == first
    other.write_text("two==3\n")
    assert mark() != first
