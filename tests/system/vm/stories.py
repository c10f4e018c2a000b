"""What happens to a clinic's box: power cuts, thieves, a dead mainboard, a forgotten passphrase, a fire."""

from __future__ import annotations

import json
import secrets
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from tests.system.clean_machine import RehearsalFailed
from tests.system.machine.box import KEY_ON_SHEET, RECAP
from tests.system.vm import search
from tests.system.vm.guest import Guest, Hardware, power_on
from tests.system.vm.image import Bootable, copy_disk, empty_disk

WELLHOUSE = "/usr/local/bin/wellhouse"
WORDS = "gravel lantern oblique Tuesday"
UP_WITHIN_S = 900.0  # an emulated processor is some twenty times slower
HEAD_OF_DATA = "head -c 32M /dev/vdb | sha256sum"
DATA_GIB, CARRY_GIB = 2, 1
CLOSED_PAGE = "curl -sk -D - https://127.0.0.1/ | tr '\\n' ' ' | grep -q ' 503 .*We are not open yet'"

# The roles that protect the key and make the volume, with the answers of a clinic that wants both.
PLAYBOOK = "- hosts: localhost\n  roles: [keys, storage]\n"
ANSWERS = '{"wellhouse_key_protection": "tpm2", "wellhouse_data_device": "/dev/vdb"}'
PLAY = (
    # The packages are there, and the archives cannot be reached from here: their lists pass for fresh.
    "touch /var/lib/apt/lists /var/lib/apt/periodic/update-success-stamp 2>/dev/null; "
    "cd /srv/wellhouse && cat >/run/play.yml && ANSIBLE_CONFIG=ansible/ansible.cfg ANSIBLE_ROLES_PATH=ansible/roles "
    "/opt/wellhouse/provision/bin/ansible-playbook --inventory ansible/inventory/local.yml "
    f"--extra-vars @/etc/wellhouse/install.json --extra-vars '{ANSWERS}' /run/play.yml"
)
RECORDS = (
    "cd / && umask 077 && runuser --user=wellhouse -- env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/srv/wellhouse "
    "/opt/wellhouse/current/venv/bin/python -m tests.system.vm.records"
)


@dataclass(frozen=True)
class Record:
    """What is written into the box. The canary stands in each of it; the last of the names is in no backup."""

    canary: str

    @classmethod
    def new(cls) -> Record:
        return cls(f"canary{secrets.token_hex(12)}")

    @property
    def backed_up(self) -> list[str]:
        return [f"{self.canary} {number}" for number in range(2)]

    @property
    def names(self) -> list[str]:
        return [*self.backed_up, f"{self.canary} afterwards"]

    @property
    def letter(self) -> str:
        return f"Dear {self.canary}, we look forward to seeing you."


@dataclass(frozen=True)
class Secret:
    """What opens the box: its printed sheet, and the digits of its master key."""

    sheet: str
    digits: str


@dataclass(frozen=True)
class Box:
    """A clinic's machine in the story, and a folder for what QEMU leaves."""

    hardware: Hardware
    folder: Path

    @property
    def data(self) -> Path:
        return self.hardware.disks[0]


def say(line: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {line}\n")
    sys.stdout.flush()


def play(fresh: Bootable, scratch: Path) -> None:
    """All stories, one after the other, on the same clinic's data."""
    record = Record.new()
    box = machine("clinic", fresh, scratch)
    install(box)
    secret = fill(box, record)
    power_cut(box, record)
    grep_disks(box, record, secret)
    thief_of_the_disks(box, scratch, record, secret)
    data_disk_alone(box, fresh, scratch, record, secret)
    fire(box, fresh, scratch, record, secret)
    install_again(box)
    passphrase(box, record, secret)


def machine(name: str, fresh: Bootable, scratch: Path) -> Box:
    """A machine with its own system disk, an empty one for data, and one to carry backups away."""
    folder = scratch / name
    folder.mkdir()
    boots = replace(fresh, root=copy_disk(fresh.root, folder / "root.img"))
    disks = (
        empty_disk(folder / "data.img", size_gib=DATA_GIB),
        empty_disk(folder / "carry.img", size_gib=CARRY_GIB),
    )
    return Box(Hardware(boots, folder / "tpm", disks), folder)


def install(box: Box) -> None:
    """The box gets its key and its volume by the commands of the playbook's roles; then the lights go out."""
    with power_on(box.hardware, box.folder) as guest:
        guest.must("mkfs.ext4 -q -L carry /dev/vdc && mkdir -p /mnt/carry && mount /dev/vdc /mnt/carry")
        guest.must("mkdir -p /mnt/carry/backup && chown wellhouse: /mnt/carry/backup")
        guest.must(f"{WELLHOUSE} keys protect --with tpm2")
        guest.must(f"{WELLHOUSE} storage use /dev/vdb")
        guest.must(f"{WELLHOUSE} configure && systemctl enable wellhouse && sync")
        say("the key is sealed to the TPM2, and the volume is made")


def install_again(box: Box) -> None:
    """The playbook's roles, told of the TPM2 and the device, find nothing to do."""
    with power_on(box.hardware, box.folder) as guest:
        _await_up(guest)
        played = guest.must(PLAY, given=PLAYBOOK, timeout_s=2 * UP_WITHIN_S)
        counted = RECAP.search(played)
        _require(counted is not None and counted[1] == "0", f"the roles changed something:\n{played[-4000:]}")
    say("installing again changed nothing")


def fill(box: Box, record: Record) -> Secret:
    """The practice begins, is backed up, goes on, and loses its power."""
    with power_on(box.hardware, box.folder) as guest:
        guest.must("mount /dev/vdc /mnt/carry")
        _must_not_say(guest, "ls -A /etc/wellhouse/keys", "master.key")
        took_s = _await_up(guest)
        say(f"the appliance was up for the first time after {took_s:.0f} s")
        _write(guest, record.backed_up, letter=record.letter)
        check = guest.run(f"{WELLHOUSE} check keys storage").output
        for sentence in ("sealed to this machine's TPM2", "lies on an encrypted volume"):
            _require(sentence in check, f"check does not say “{sentence}”: {check}")
        dumped = guest.must("cryptsetup luksDump /dev/vdb")
        for word in ("Version:       \t2", "aes-xts-plain64", "wellhouse-data"):
            _require(word in dumped, f"the volume is not what it should be, {word!r}: {dumped}")
        saved = guest.must(f"{WELLHOUSE} backup now")
        _require("saved as" in saved, f"no backup was taken: {saved}")
        secret = Secret(
            guest.must(f"{WELLHOUSE} recovery-sheet"), guest.must("cat /run/wellhouse/keys/master.key").strip()
        )
        _write(guest, record.names[-1:])
        guest.must("sync -f /mnt/carry")  # what was just written to the volume is left to the appliance's own care
    return secret


def power_cut(box: Box, record: Record) -> None:
    """The lights go on again, and nobody comes."""
    with power_on(box.hardware, box.folder) as guest:
        took_s = _await_up(guest)
        _require_record(guest, record.names, record.letter)
        guest.must(f"{WELLHOUSE} audit verify")
        say(f"power cut: the box came back alone after {took_s:.0f} s with all {len(record.names)} records")


def grep_disks(box: Box, record: Record, secret: Secret) -> None:
    """No disk of the box shows its key, or a word of its record."""
    disks = (box.hardware.boots.root, *box.hardware.disks)
    needles = {
        "the canary": record.canary.encode(),
        "the key's digits": secret.digits.encode(),
        "the key": bytes.fromhex(secret.digits),
    }
    for disk in disks:
        found = search.found(disk, needles)
        _require(not found, f"{disk.name} holds {', '.join(found)} in clear")
    control = box.folder / "control"
    control.write_bytes(b"\0" * (search.READ_BYTES - 10) + b"x" + record.canary.encode())
    _require(search.found(control, needles) == ["the canary"], "the search finds nothing even where something is")
    say(f"{len(disks)} raw disks: 0 canaries, 0 keys")


def thief_of_the_disks(box: Box, scratch: Path, record: Record, secret: Secret) -> None:
    """All disks of the box in another machine: shut. The same is a dead mainboard: the sheet opens them."""
    folder = scratch / "elsewhere"
    folder.mkdir()
    boots = replace(box.hardware.boots, root=copy_disk(box.hardware.boots.root, folder / "root.img"))
    disks = tuple(copy_disk(disk, folder / disk.name) for disk in box.hardware.disks)
    elsewhere = Box(Hardware(boots, folder / "tpm", disks), folder)
    with power_on(elsewhere.hardware, folder) as guest:
        guest.eventually("systemctl is-failed wellhouse-unlock", within_s=UP_WITHIN_S)
        guest.eventually(CLOSED_PAGE, within_s=UP_WITHIN_S)
        _require_locked(guest)
        refused = guest.run(f"{WELLHOUSE} unlock")
        _require("does not open the key" in refused.output, f"another TPM2 opened the key: {refused.output}")
        say("the disks in another machine: locked, and visitors see why")
        opened = guest.must(f"{WELLHOUSE} unlock --recovery-key-file /dev/stdin", given=_key_on(secret.sheet))
        _require("keys protect --with tpm2" in opened, f"nothing says how to seal it anew: {opened}")
        _await_up(guest)
        _require_record(guest, record.names, record.letter)
        guest.must(f"{WELLHOUSE} keys protect --with tpm2")
    with power_on(elsewhere.hardware, folder) as guest:
        took_s = _await_up(guest)
        _require_record(guest, record.names, record.letter)
    say(f"the recovery sheet opened them there; sealed anew, they came back alone after {took_s:.0f} s")


def data_disk_alone(box: Box, fresh: Bootable, scratch: Path, record: Record, secret: Secret) -> None:
    """The data disk alone in somebody else's Wellhouse, which has a key of its own; and with the sheet."""
    stranger = machine("stranger", fresh, scratch)
    stolen = copy_disk(box.data, stranger.folder / "stolen.img")
    theirs = replace(stranger, hardware=replace(stranger.hardware, disks=(stolen,)))
    with power_on(theirs.hardware, theirs.folder) as guest:
        before = guest.must(HEAD_OF_DATA)
        guest.must(f"{WELLHOUSE} keys protect --with tpm2")
        refused = guest.run(f"{WELLHOUSE} storage use /dev/vdb")
        _require(
            refused.status == 2
            and "it holds crypto_LUKS" in refused.output
            and "Nothing was changed" in refused.output,
            f"a stranger's box takes the disk: {refused.output}",
        )
        tried = guest.run(
            "head -c 32 /run/wellhouse/keys/master.key | "
            "cryptsetup open --test-passphrase --key-file - --keyfile-size 32 /dev/vdb"
        )
        _require("No key available" in tried.output, f"another key opens the disk: {tried.output}")
        _require(not _has_mapper(guest), "the disk was opened")
        _require(guest.must(HEAD_OF_DATA) == before, "a stranger's box changed the disk")
        say("the data disk alone, in a stranger's box: refused, unchanged")
        _await_up(guest, start=True)  # a new, empty practice; from here on as docs/INSTALL.md says
        guest.must("systemctl stop wellhouse")
        guest.must("mkdir -m 700 /root/empty-practice")
        guest.must("mv /etc/wellhouse/keys/master.* /var/lib/wellhouse/* /root/empty-practice/")
        guest.must("rm -rf /run/wellhouse/keys")
        opened = guest.must(f"{WELLHOUSE} unlock --recovery-key-file /dev/stdin", given=_key_on(secret.sheet))
        _require("nothing was started" in opened, f"an empty practice may have been begun: {opened}")
        guest.must(f"{WELLHOUSE} storage use /dev/vdb && systemctl start wellhouse")
        _await_up(guest)
        _require_record(guest, record.names, record.letter)
    say("with the recovery sheet, the data disk goes on in another machine")


def fire(box: Box, fresh: Bootable, scratch: Path, record: Record, secret: Secret) -> None:
    """Nothing is left but a backup and the sheet: another machine, with its own key, TPM2 and empty disk."""
    second = machine("second", fresh, scratch)
    carried = copy_disk(box.hardware.disks[1], second.folder / "carry.img")
    second = replace(second, hardware=replace(second.hardware, disks=(second.data, carried)))
    with power_on(second.hardware, second.folder) as guest:
        guest.must("mkdir -p /mnt/carry && mount /dev/vdc /mnt/carry")
        guest.must(f"{WELLHOUSE} keys protect --with tpm2 && {WELLHOUSE} storage use /dev/vdb")
        guest.must("systemctl enable wellhouse")
        _await_up(guest, start=True)  # a new, empty practice, as after install.sh
        guest.must("systemctl stop wellhouse")
        own = guest.must("cat /run/wellhouse/keys/master.key")
        guest.must(
            f"{WELLHOUSE} restore /mnt/carry/backup --replace --recovery-key-file /dev/stdin",
            given=_key_on(secret.sheet),
            timeout_s=UP_WITHIN_S,
        )
        _require(guest.must("cat /run/wellhouse/keys/master.key") != own, "the box still has its own key")
        _await_up(guest, start=True)
        _require_record(guest, record.backed_up, record.letter)
        guest.must(f"{WELLHOUSE} audit verify")
        slots = guest.must("cryptsetup luksDump /dev/vdb | grep -c ': luks2'").strip()
        _require(slots == "1", f"the volume has {slots} keys")
    with power_on(second.hardware, second.folder) as guest:
        took_s = _await_up(guest)
        _require_record(guest, record.backed_up, record.letter)
    say(f"restored on a second machine with the sheet alone; after a power cut it came back alone in {took_s:.0f} s")


def passphrase(box: Box, record: Record, secret: Secret) -> None:
    with power_on(box.hardware, box.folder) as guest:
        _await_up(guest)
        guest.must(f"{WELLHOUSE} keys protect --with passphrase --passphrase-file /dev/stdin", given=WORDS)
        guest.must("sync")
    with power_on(box.hardware, box.folder) as guest:
        guest.eventually("systemctl is-failed wellhouse-unlock", within_s=UP_WITHIN_S)
        guest.eventually(CLOSED_PAGE, within_s=UP_WITHIN_S)
        _require_locked(guest)
        wrong = guest.run(f"{WELLHOUSE} unlock --passphrase-file /dev/stdin", given="seven wooden clouds remember")
        _require(
            wrong.status == 2 and "does not open the key" in wrong.output, f"a wrong passphrase says: {wrong.output}"
        )
        _require_locked(guest)
        guest.must(f"{WELLHOUSE} unlock --passphrase-file /dev/stdin", given=WORDS)
        took_s = _await_up(guest)
        _require_record(guest, record.names, record.letter)
        guest.must("sync")
    grep_disks(box, record, secret)
    say(f"with a passphrase: locked after a power cut; {took_s:.0f} s after unlocking everything ran")


def _await_up(guest: Guest, *, start: bool = False) -> float:
    """Seconds until every part of the appliance runs, with nobody's help unless *start* is given."""
    if start:
        guest.must("systemctl start --no-block wellhouse")
    took_s = guest.eventually("systemctl is-active wellhouse", within_s=UP_WITHIN_S)
    guest.must(f"{WELLHOUSE} status")
    guest.must("curl -sk --fail --resolve clinic.example:443:127.0.0.1 https://clinic.example/healthz")
    return took_s


def _write(guest: Guest, names: list[str], *, letter: str = "") -> None:
    guest.must(RECORDS, given=json.dumps({"names": names, "letter": letter}))


def _require_record(guest: Guest, names: list[str], letter: str) -> None:
    found = json.loads(guest.must(RECORDS, given=json.dumps({"names": [], "letter": ""})).splitlines()[-1])
    _require(found == {"names": sorted(names), "letter": letter}, f"{len(names)} records were to be there: {found}")


def _require_locked(guest: Guest) -> None:
    status = guest.run(f"{WELLHOUSE} status")
    _require(status.status == 3 and "locked" in status.output, f"the box is not locked: {status.output}")
    _require(not _has_mapper(guest), "the data volume is open")
    _must_not_say(guest, "ls -A /var/lib/wellhouse /run/wellhouse", "master.key")
    _require(guest.run("systemctl is-active wellhouse").status != 0, "the appliance runs although the box is locked")


def _has_mapper(guest: Guest) -> bool:
    return guest.run("test -e /dev/mapper/wellhouse-data").status == 0


def _must_not_say(guest: Guest, command: str, word: str) -> None:
    said = guest.must(command)
    _require(word not in said, f"`{command}` says {word}: {said}")


def _key_on(sheet: str) -> str:
    """The groups of digits on a recovery sheet, as a person would type them."""
    return "\n".join(KEY_ON_SHEET.findall(sheet))


def _require(true: bool, sentence: str) -> None:
    if not true:
        raise RehearsalFailed(sentence)
