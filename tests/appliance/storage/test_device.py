"""Only an empty disk is taken. Files stand in for disks; the kernel need not be able to open anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.storage import device as disks
from appliance.storage import luks
from core.errors import Refused
from webapp.crypto.keyring import Keyring

ONE, OTHER = Keyring(bytes(range(32))).volume_key(), Keyring(bytes(range(1, 33))).volume_key()

needs_cryptsetup = pytest.mark.skipif(shutil.which("cryptsetup") is None, reason="cryptsetup is not installed")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Two gigabytes of nothing, which take no place."""
    (made := tmp_path / "disk").touch()
    os.truncate(made, 2 * disks.BYTES_MIN)
    return made


def test_an_empty_disk_is_taken(disk: Path) -> None:
    disks.refuse_unless_empty(disk)


@pytest.mark.parametrize("command", [["mkfs.ext4", "-q"], ["mkswap"], ["mkfs.ext4", "-q", "-b", "1024"]])
def test_a_file_system_or_swap_is_refused_by_its_name(disk: Path, command: list[str]) -> None:
    subprocess.run(
        [*command, str(disk)], check=True, capture_output=True, env={**os.environ, "PATH": "/usr/sbin:/sbin"}
    )
    before = disk.read_bytes()[: 1024**2]
    with pytest.raises(Refused, match=r"not empty: it holds (ext4|swap).*Nothing was changed.*blkdiscard"):
        disks.refuse_unless_empty(disk)
    assert disk.read_bytes()[: 1024**2] == before


@pytest.mark.parametrize("place", [0, 4096, disks.EDGE_BYTES, 2 * disks.BYTES_MIN - 1], ids=str)
def test_a_single_byte_is_noticed_at_the_edges_and_where_samples_are_taken(disk: Path, place: int) -> None:
    with disk.open("r+b") as opened:
        opened.seek(place)
        opened.write(b"\1")
    with pytest.raises(Refused, match="something was written to it once"):
        disks.refuse_unless_empty(disk)


@pytest.mark.parametrize("start", range(100, 2000, 271))
def test_sixteen_megabytes_of_noise_anywhere_are_noticed(disk: Path, start: int) -> None:
    with disk.open("r+b") as opened:
        opened.seek(start * 1024**2)
        opened.write(os.urandom(1024**2) * 16)
    with pytest.raises(Refused, match="may be an encrypted volume"):
        disks.refuse_unless_empty(disk)


def test_a_disk_too_small_for_a_year_is_refused(tmp_path: Path) -> None:
    (small := tmp_path / "disk").write_bytes(b"\0" * 1024**2)
    with pytest.raises(Refused, match="too small"):
        disks.refuse_unless_empty(small)


@pytest.mark.parametrize("name", ["/dev/null", "/dev/nothing-of-this-name", "/usr"])
def test_what_is_no_disk_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="lsblk"):
        disks.refuse_unless_disk(Path(name))


def _root_disk() -> Path | None:
    found = subprocess.run(["findmnt", "--noheadings", "--output", "SOURCE", "/"], capture_output=True, text=True)
    device = Path(found.stdout.strip())
    return device if device.is_block_device() else None


@pytest.mark.skipif(_root_disk() is None, reason="this machine's root is no disk, or is hidden")
def test_the_systems_own_disk_is_refused() -> None:
    disk = _root_disk()
    assert disk is not None
    if not os.access(disk, os.R_OK):
        pytest.skip("only root may look at disks")
    with pytest.raises(Refused, match=r"in use|has partitions"):
        disks.refuse_unless_disk(disk)


@pytest.fixture
def volume(disk: Path) -> Path:
    luks.format_volume(disk, ONE, label="wellhouse-data")
    return disk


@needs_cryptsetup
def test_a_volume_opens_with_its_key_alone(volume: Path) -> None:
    assert luks.opens(volume, ONE)
    assert not luks.opens(volume, OTHER)
    assert luks.uuid_of(volume) is not None


@needs_cryptsetup
def test_a_volume_is_no_empty_disk(volume: Path) -> None:
    with pytest.raises(Refused, match="it holds crypto_LUKS"):
        disks.refuse_unless_empty(volume)


@needs_cryptsetup
def test_a_volume_has_one_slot_with_a_key_that_is_not_stretched(volume: Path) -> None:
    said = subprocess.run(["cryptsetup", "luksDump", str(volume)], capture_output=True, text=True, check=True).stdout
    assert said.count(": luks2") == 1, said
    for line in (
        "Version:       \t2",
        "aes-xts-plain64",
        "PBKDF:      pbkdf2",
        "Iterations: 1000",
        "Label:         \tw",
    ):
        assert line in said, said


@needs_cryptsetup
def test_a_new_key_is_let_in_before_the_former_is_kept_out(volume: Path) -> None:
    luks.add_key(volume, ONE, OTHER)
    assert luks.opens(volume, ONE)
    assert luks.opens(volume, OTHER)
    luks.remove_key(volume, ONE)
    assert not luks.opens(volume, ONE)
    assert luks.opens(volume, OTHER)


@needs_cryptsetup
def test_a_strangers_key_lets_nobody_in(volume: Path) -> None:
    with pytest.raises(Refused, match="luksAddKey failed"):
        luks.add_key(volume, OTHER, OTHER)
    assert not luks.opens(volume, OTHER)


@needs_cryptsetup
def test_what_is_no_volume_has_no_name(disk: Path) -> None:
    assert luks.uuid_of(disk) is None
