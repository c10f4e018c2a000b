"""The clinic's box on a clean machine: installed and removed again, cut off, and in surroundings of several kinds."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import nullcontext

from tests.system.clean_machine import Disk, RehearsalFailed, running
from tests.system.machine.guest import MACHINE_ADDRESS, MACHINE_INTERFACE, PREFIX, Guest, neighbour
from tests.system.rehearsal import CHECKOUT, Rehearsal, cut_off, require, say, with_checkout
from tests.system.surroundings import CERTIFICATES, Beside, Clinic, Source, beside

BOX_NAME = "care.clinic.example"
BOX = f"--hostname {BOX_NAME} --email it@clinic.example --smtp none --key-protection file"
BACKUPS = "/var/backups/wellhouse"
BOX_KEPT = "/etc/wellhouse/keys/master.key /etc/wellhouse/wellhouse.toml /etc/wellhouse/certificates/chain.pem"
BOX_CUT_OFF_AT = (
    "Installing Ansible",
    "packages : Install the packages",
    "code : Install the libraries",
    "firewall : Hold the rules",
    "supervisor : Have the appliance write",
    "supervisor : Start it",
)
OTHER_ADDRESS = "192.0.2.9"
TRUSTED_WITHIN_S = 120.0  # lego asks every five seconds, and half of its questions are refused
BACKUP_WITHIN_S = 60.0
FOLLOWS_WITHIN_S = 60.0


def rehearse_box(
    title: str, disk: Disk, *, systemd: bool, certificate: str = "local", firewall: str = "", backups: str = BACKUPS
) -> None:
    """*certificate* is where it comes from, *firewall* one that is there already, *backups* where those go."""
    with neighbour() as guest, with_checkout(disk, systemd=systemd, at_power_on=guest.plug_in) as rehearsal:
        machine = rehearsal.machine
        clinic = Clinic(machine, disk, guest, disk.root.parent, (BOX_NAME, f"turn.{BOX_NAME}"))
        nobody = machine.run(f"cd {rehearsal.checkout} && ./install.sh", user=rehearsal.user)
        require(nobody.status == 2 and "--hostname NAME" in nobody.output, "missing answers are not named")
        require(machine.run("test -e /etc/wellhouse").status != 0, "something was changed before it was answered")
        with CERTIFICATES[certificate](clinic) as source:
            other = beside(clinic, firewall) if firewall else None
            with other.untouched() if other else nullcontext():
                _, page = rehearsal.box(title, f"{BOX} {source.options} --backup {backups}")
            if other:
                _let_people_in(title, other, page)
            _show_certificates(title, clinic, source)
            changed, _ = rehearsal.box(title, "")
            require(changed == 0, f"the second run changed {changed} things")
            _await_backup(title, clinic)
            _change_address(title, clinic)
            with other.untouched() if other else nullcontext():
                if not other:
                    _remove_and_install_again(title, rehearsal)
                _remove(title, rehearsal)
            require(not other or clinic.reaches(22), "after the removal SSH is shut")


def rehearse_box_cut_off(title: str, disk: Disk, *, systemd: bool) -> None:
    with with_checkout(disk, systemd=systemd) as rehearsal:
        pass
    options = f"{BOX} --certificate local --backup {BACKUPS}"
    cut_off(title, disk, rehearsal, options, BOX_CUT_OFF_AT, systemd=systemd)
    with running(disk, systemd=systemd) as machine:
        last = Rehearsal(machine, rehearsal.user, rehearsal.checkout)
        last.box(f"{title}, after the cuts", "")
        changed, _ = last.box(title, "")
        require(changed == 0, f"after the cuts, the run after the whole one changed {changed} things")


def _let_people_in(title: str, other: Beside, page: str) -> None:
    """Beside another firewall: nobody comes in but by SSH, until its owner types what the page at the end says."""
    clinic = other.clinic
    require(clinic.reaches(22), "SSH is shut")
    require(not clinic.reaches(443), "the site is reached through a firewall that lets nobody in")
    commands = other.commands(page)
    require(len(commands) >= 5, f"the page at the end does not say what to type: {page}")
    checked = clinic.machine.run("wellhouse check firewall").output
    for command in commands:
        is_own = "wellhouse" in command
        require(is_own or command in checked, f"wellhouse check does not name `{command}`: {checked}")
        clinic.machine.must(f"unset SSL_CERT_FILE; {command}")
    for port in (22, 80, 443, 3478):
        require(clinic.reaches(port), f"port {port} is shut though all was typed")
    require(_turn_answers(clinic.guest, MACHINE_ADDRESS), "coturn is not reached over UDP though all was typed")
    say(f"{title}: reached after: {'; '.join(commands)}")


def _show_certificates(title: str, clinic: Clinic, source: Source) -> None:
    """What is shown under every name is trusted, and the next one is shown as soon as it is there."""
    first, took_s = _await_trust(clinic, source, "")
    say(f"{title}: {first} is shown and trusted {took_s:.0f} s after")
    source.renew()
    second, took_s = _await_trust(clinic, source, first)
    say(f"{title}: renewed, {second} is shown and trusted {took_s:.0f} s after")


def _await_trust(clinic: Clinic, source: Source, before: str) -> tuple[str, float]:
    """Another serial number than *before*, and the seconds until it was shown."""
    began = time.monotonic()
    while True:
        serials = {clinic.trusted_serial(source.root, name) for name in clinic.names}
        if len(serials) == 1 and not serials & {"", before}:
            return serials.pop(), time.monotonic() - began
        if time.monotonic() - began > TRUSTED_WITHIN_S:
            said = clinic.machine.run("wellhouse certificates; tail -n 5 /var/log/wellhouse/certificates.log").output
            raise RehearsalFailed(f"no trusted certificate is shown within {TRUSTED_WITHIN_S:.0f} s:\n{said}")
        time.sleep(1)


def _await_backup(title: str, clinic: Clinic) -> None:
    """The appliance itself takes the first one, in the confines of its unit."""
    began = time.monotonic()
    while "The newest backup at" not in (said := clinic.machine.run("wellhouse check backup").output):
        require(time.monotonic() - began < BACKUP_WITHIN_S, f"there is no backup:\n{said}")
        time.sleep(1)
    say(f"{title}: the hourly backup has begun: {said.strip().splitlines()[0].strip()}")


def _change_address(title: str, clinic: Clinic) -> None:
    """The machine gets another lease: coturn is reached there, and relays there."""
    began = time.monotonic()
    _lease(clinic, OTHER_ADDRESS)
    said = ""
    while not _turn_answers(clinic.guest, OTHER_ADDRESS) or "error" in said or OTHER_ADDRESS not in said:
        require(time.monotonic() - began < FOLLOWS_WITHIN_S, f"coturn does not follow the machine's address:\n{said}")
        time.sleep(1)
        said = clinic.machine.run("wellhouse check turn media").output
    say(f"{title}: coturn and the media server are at the new address {time.monotonic() - began:.0f} s after")
    _lease(clinic, MACHINE_ADDRESS)


def _lease(clinic: Clinic, address: str) -> None:
    there = ["nsenter", f"--net=/proc/{clinic.machine.leader}/ns/net", "ip"]
    words = (["address", "flush", "dev", MACHINE_INTERFACE, "scope", "global"],)
    for line in (*words, ["address", "add", f"{address}/{PREFIX}", "dev", MACHINE_INTERFACE]):
        subprocess.run([*there, *line], check=True, stdin=subprocess.DEVNULL)


def _turn_answers(guest: Guest, address: str) -> bool:
    program = (
        "import sys; from appliance import health; from core.settings import Settings; "
        f"sys.exit(not health.turn_answers(Settings(), host={address!r}, timeout_s=1))"
    )
    return guest.run("env", f"--chdir={CHECKOUT}", sys.executable, "-c", program).returncode == 0


def _remove_and_install_again(title: str, rehearsal: Rehearsal) -> None:
    machine = rehearsal.machine
    link = machine.must("wellhouse setup-link").output
    require(link.startswith(f"https://{BOX_NAME}/setup?link="), f"the set-up link is {link}")
    before = machine.must(f"sha256sum {BOX_KEPT}").output
    rehearsal.must_leave("--uninstall")
    require(machine.must(f"sha256sum {BOX_KEPT}").output == before, "removing it changed what should stay")
    rehearsal.box(title, "")
    require(machine.must(f"sha256sum {BOX_KEPT}").output == before, "installing it again made another box")
    machine.must("wellhouse audit verify")
    say(f"{title}: removed, and installed over its data")


def _remove(title: str, rehearsal: Rehearsal) -> None:
    machine = rehearsal.machine
    wrong = machine.run(f"cd {rehearsal.checkout} && ./install.sh --uninstall --and-data --hostname a.example")
    require(wrong.status == 1, "another name erases the data")
    rehearsal.must_leave(f"--uninstall --and-data --hostname {BOX_NAME}")
    left = machine.run("ls -d /etc/wellhouse /var/lib/wellhouse /var/log/wellhouse; getent passwd | grep ^wellhouse")
    require(not [line for line in left.output.splitlines() if "cannot access" not in line], f"left: {left.output}")
    say(f"{title}: removed with its data")
