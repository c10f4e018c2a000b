"""What happens to a clinic's key and its data disk: a power cut, a theft, a new machine, a forgotten passphrase."""

from __future__ import annotations

import secrets
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from tests.system.clean_machine import RehearsalFailed
from tests.system.machine.box import KEY_ON_SHEET
from tests.system.vm import search
from tests.system.vm.guest import Guest, Hardware, power_on
from tests.system.vm.image import Bootable, copy_disk, empty_disk

WELLHOUSE = "/usr/local/bin/wellhouse"
WORDS = "gravel lantern oblique Tuesday"
STARTS_WITHIN_S = 600.0  # an emulated processor is some thirty times slower
DATA_GIB = 2
LETTER = "/var/lib/wellhouse/documents/letter"
EDGE_OF_DATA = "head -c 32M /dev/vdb | sha256sum"
CLOSED_PAGE = "curl -sk -D - https://127.0.0.1/ | tr '\\n' ' ' | grep -q ' 503 .*We are not open yet'"
OPEN = "systemctl is-active wellhouse-unlock && systemctl is-active wellhouse-storage && mountpoint /var/lib/wellhouse"


@dataclass(frozen=True)
class Box:
    """A clinic's machine in the story, and a folder for what QEMU leaves."""

    hardware: Hardware
    folder: Path

    @property
    def data(self) -> Path:
        return self.hardware.disks[0]


@dataclass(frozen=True)
class Secret:
    """What is written on the data disk, unsealed, and what opens it: the printed sheet, the master key's digits."""

    letter: str
    sheet: str
    digits: str


def say(line: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {line}\n")
    sys.stdout.flush()


def play(fresh: Bootable, scratch: Path) -> None:
    """All stories, one after the other, on the same clinic's disk."""
    box = machine("clinic", fresh, scratch)
    secret = install(box)
    power_cut(box, secret)
    grep_disks(box, secret)
    thief_of_the_disks(box, scratch, secret)
    data_disk_alone(box, fresh, scratch, secret)
    passphrase(box, secret)
    grep_disks(box, secret)


def machine(name: str, fresh: Bootable, scratch: Path) -> Box:
    """A machine with a TPM2, its own system disk, and an empty one for data."""
    folder = scratch / name
    folder.mkdir()
    boots = replace(fresh, root=copy_disk(fresh.root, folder / "root.img"))
    return Box(Hardware(boots, folder / "tpm", (empty_disk(folder / "data.img", size_gib=DATA_GIB),)), folder)


def install(box: Box) -> Secret:
    """The key is sealed and the volume made, by the commands of the roles keys and storage; then the lights go out."""
    letter = f"Dear canary{secrets.token_hex(12)}, we look forward to seeing you."
    with power_on(box.hardware, box.folder) as guest:
        guest.must(f"{WELLHOUSE} keys protect --with tpm2")
        _require(guest.must("ls -A /etc/wellhouse/keys") == "master.sealed\n", "a key lies beside the sealed one")
        guest.must(f"{WELLHOUSE} storage use /dev/vdb")
        again = guest.must(f"{WELLHOUSE} storage use /dev/vdb")
        _require(again.strip() == "nothing to change", f"a second storage use changed something: {again}")
        dumped = guest.must("cryptsetup luksDump /dev/vdb")
        for word in ("Version:       \t2", "cipher: aes-xts-plain64", "Label:         \twellhouse-data"):
            _require(word in dumped, f"the volume is not what it should be, {word!r}: {dumped}")
        guest.must(f"{WELLHOUSE} configure")  # the page for visitors has its certificate from here
        guest.must(f"mkdir {Path(LETTER).parent} && cat >{LETTER} && sync", given=letter)
        sheet = guest.must(f"{WELLHOUSE} recovery-sheet")
        digits = guest.must("cat /run/wellhouse/keys/master.key").strip()
    say("the key is sealed to the TPM2, and the data disk is a LUKS2 volume")
    return Secret(letter, sheet, digits)


def power_cut(box: Box, secret: Secret) -> None:
    """The lights go on again, and nobody comes."""
    with power_on(box.hardware, box.folder) as guest:
        guest.eventually(OPEN, within_s=STARTS_WITHIN_S)
        _require_letter(guest, secret)
    say("power cut: key and data are open again, with nobody's help")


def grep_disks(box: Box, secret: Secret) -> None:
    """No disk of the box shows its key, or a word of what it keeps."""
    disks = (box.hardware.boots.root, *box.hardware.disks)
    needles = {
        "the letter": secret.letter.encode(),
        "the key's digits": secret.digits.encode(),
        "the key": bytes.fromhex(secret.digits),
    }
    for disk in disks:
        found = search.found(disk, needles)
        _require(not found, f"{disk.name} holds {', '.join(found)} in clear")
    control = box.folder / "control"
    control.write_bytes(b"\0" * (search.READ_BYTES - 10) + secret.letter.encode())
    _require(search.found(control, needles) == ["the letter"], "the search finds nothing even where something is")
    say(f"{len(disks)} raw disks: neither the letter nor the key")


def thief_of_the_disks(box: Box, scratch: Path, secret: Secret) -> None:
    """All disks of the box in another machine: shut. The same is a dead mainboard: the sheet opens them."""
    folder = scratch / "elsewhere"
    folder.mkdir()
    boots = replace(box.hardware.boots, root=copy_disk(box.hardware.boots.root, folder / "root.img"))
    elsewhere = Box(Hardware(boots, folder / "tpm", (copy_disk(box.data, folder / "data.img"),)), folder)
    with power_on(elsewhere.hardware, elsewhere.folder) as guest:
        _require_locked(guest)
        refused = guest.run(f"{WELLHOUSE} unlock")
        _require("does not open the key" in refused.output, f"another TPM2 opened the key: {refused.output}")
        say("the disks in another machine: locked, and visitors see why")
        opened = guest.must(f"{WELLHOUSE} unlock --recovery-key-file /dev/stdin", given=_key_on(secret.sheet))
        _require("keys protect --with tpm2" in opened, f"nothing says how to seal it anew: {opened}")
        _require_letter(guest, secret)
    say("the recovery sheet opened them there")


def data_disk_alone(box: Box, fresh: Bootable, scratch: Path, secret: Secret) -> None:
    """The data disk alone in somebody else's Wellhouse, which has a key of its own; and with the sheet."""
    stranger = machine("stranger", fresh, scratch)
    stolen = copy_disk(box.data, stranger.folder / "stolen.img")
    with power_on(replace(stranger.hardware, disks=(stolen,)), stranger.folder) as guest:
        before = guest.must(EDGE_OF_DATA)
        guest.must(f"{WELLHOUSE} keys protect --with tpm2")
        refused = guest.run(f"{WELLHOUSE} storage use /dev/vdb")
        said = all(words in refused.output for words in ("it holds crypto_LUKS", "Nothing was changed"))
        _require(refused.status == 2 and said, f"a stranger's box takes the disk: {refused.output}")
        tried = guest.run(
            "head -c 32 /run/wellhouse/keys/master.key | "
            "cryptsetup open --test-passphrase --key-file - --keyfile-size 32 /dev/vdb"
        )
        _require("No key available" in tried.output, f"another key opens the disk: {tried.output}")
        _require(not _has_mapper(guest), "the disk was opened")
        _require(guest.must(EDGE_OF_DATA) == before, "a stranger's box changed the disk")
        say("the data disk alone, in a stranger's box: refused, unchanged")
        # From here on as docs/INSTALL.md says.
        guest.must("mkdir -m 700 /root/empty-practice && mv /etc/wellhouse/keys/master.* /root/empty-practice/")
        guest.must("rm -rf /run/wellhouse/keys")
        opened = guest.must(f"{WELLHOUSE} unlock --recovery-key-file /dev/stdin", given=_key_on(secret.sheet))
        _require("nothing was started" in opened, f"an empty practice may have been begun: {opened}")
        guest.must(f"{WELLHOUSE} storage use /dev/vdb")
        _require_letter(guest, secret)
    say("with the recovery sheet, the data disk goes on in another machine")


def passphrase(box: Box, secret: Secret) -> None:
    """The TPM2 gives way to a passphrase: after a power cut the box waits for somebody who knows it."""
    with power_on(box.hardware, box.folder) as guest:
        guest.eventually(OPEN, within_s=STARTS_WITHIN_S)
        guest.must(f"{WELLHOUSE} keys protect --with passphrase --passphrase-file /dev/stdin && sync", given=WORDS)
    with power_on(box.hardware, box.folder) as guest:
        _require_locked(guest)
        wrong = guest.run(f"{WELLHOUSE} unlock --passphrase-file /dev/stdin", given="seven wooden clouds remember")
        right = wrong.status == 2 and "does not open the key" in wrong.output
        _require(right, f"a wrong passphrase says: {wrong.output}")
        guest.must(f"{WELLHOUSE} unlock --passphrase-file /dev/stdin", given=WORDS)
        _require_letter(guest, secret)
    say("with a passphrase: locked after a power cut, open once it was typed")


def _require_letter(guest: Guest, secret: Secret) -> None:
    read = guest.must(f"cat {LETTER}")
    _require(read == secret.letter, f"the letter is not what was written: {read}")


def _require_locked(guest: Guest) -> None:
    guest.eventually("systemctl is-failed wellhouse-unlock", within_s=STARTS_WITHIN_S)
    guest.eventually(CLOSED_PAGE, within_s=STARTS_WITHIN_S)
    status = guest.run(f"{WELLHOUSE} status")
    _require(status.status == 3 and "locked" in status.output, f"the box is not locked: {status.output}")
    _require(not _has_mapper(guest), "the data volume is open")
    lying = guest.must("ls -A /var/lib/wellhouse; find /run/wellhouse /etc/wellhouse/keys -name '*.key'")
    _require(not lying, f"the box is locked, and there lies: {lying}")
    _require(guest.run("systemctl is-active wellhouse").status != 0, "the appliance runs although the box is locked")


def _has_mapper(guest: Guest) -> bool:
    return guest.run("test -e /dev/mapper/wellhouse-data").status == 0


def _key_on(sheet: str) -> str:
    """The groups of digits on a recovery sheet, as a person would type them."""
    return "\n".join(KEY_ON_SHEET.findall(sheet))


def _require(true: bool, sentence: str) -> None:
    if not true:
        raise RehearsalFailed(sentence)
