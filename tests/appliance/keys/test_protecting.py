"""Changing what protects the master key, and opening it: on a box in a folder, with the power failing in between."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from appliance.configure.change_setting import change_setting
from appliance.keys import change, place, tpm2, unlock
from appliance.keys.envelope import Cost, Protection
from appliance.keys.place import IN_MEMORY, State, file_system
from core.errors import Refused
from core.settings import Settings, load
from tests import box
from webapp.crypto.keyring import Keyring, Locked

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CHEAP = Cost(memory_kib=64, passes=1, lanes=1)
WORDS, OTHER_WORDS = "gravel lantern oblique Tuesday", "seven wooden clouds remember"


def protect(settings: Settings, wanted: Protection, words: str = "", config: Path = Path("/nonexistent")) -> bool:
    return change.protect(settings, config, wanted, words=words, at=AT, cost=CHEAP)


def restarted(settings: Settings) -> None:
    """What a power cut leaves of the run folder."""
    shutil.rmtree(settings.paths.opened_master_key.parent, ignore_errors=True)


def test_sealed_key_is_read_from_memory_and_gone_from_disk(settings: Settings) -> None:
    digits = Keyring.of(settings.paths).master_digits
    protect(settings, Protection.PASSPHRASE, WORDS)
    assert not settings.paths.plain_master_key.exists()
    assert settings.paths.master_key == settings.paths.opened_master_key
    assert settings.paths.opened_master_key.stat().st_mode & 0o777 == 0o400
    assert Keyring.of(settings.paths).master_digits == digits
    keys = Path(settings.paths.keys)
    assert all(digits.encode() not in file.read_bytes() for file in keys.iterdir())


def test_after_a_restart_the_box_is_locked_until_the_passphrase_is_given(settings: Settings) -> None:
    digits = Keyring.of(settings.paths).master_digits
    protect(settings, Protection.PASSPHRASE, WORDS)
    restarted(settings)
    assert place.look(settings).state is State.LOCKED
    with pytest.raises(Locked, match="sudo wellhouse unlock"):
        Keyring.of(settings.paths)
    with pytest.raises(Locked):
        unlock.at_boot(settings)
    with pytest.raises(Refused, match="does not open the key"):
        unlock.with_passphrase(settings, OTHER_WORDS)
    assert place.is_locked(settings)
    unlock.with_passphrase(settings, WORDS)
    assert Keyring.of(settings.paths).master_digits == digits


def test_a_locked_key_cannot_be_protected_in_another_way(settings: Settings) -> None:
    protect(settings, Protection.PASSPHRASE, WORDS)
    restarted(settings)
    for wanted in (Protection.FILE, Protection.PASSPHRASE):
        with pytest.raises(Locked):
            protect(settings, wanted, OTHER_WORDS)
    unlock.with_passphrase(settings, WORDS)


def test_a_new_passphrase_takes_the_place_of_the_old(settings: Settings) -> None:
    protect(settings, Protection.PASSPHRASE, WORDS)
    protect(settings, Protection.PASSPHRASE, OTHER_WORDS)
    restarted(settings)
    with pytest.raises(Refused):
        unlock.with_passphrase(settings, WORDS)
    unlock.with_passphrase(settings, OTHER_WORDS)


def test_two_changes_at_once_leave_a_key_that_opens(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each removes what the other has just put in its place, if they do not wait for one another."""
    digits = Keyring.of(settings.paths).master_digits
    protect(settings, Protection.PASSPHRASE, WORDS)
    other = threading.Thread(target=protect, args=(settings, Protection.PASSPHRASE, OTHER_WORDS))
    remove = place.remove

    def in_the_middle(file: Path) -> None:
        if other.ident is None:
            other.start()
            other.join(timeout=1.0)  # it waits for us, or is done by now
        remove(file)

    monkeypatch.setattr(place, "remove", in_the_middle)
    protect(settings, Protection.FILE)
    other.join()
    assert Keyring.of(settings.paths).master_digits == digits
    restarted(settings)
    unlock.with_passphrase(settings, OTHER_WORDS)


def test_a_file_again(settings: Settings) -> None:
    digits = Keyring.of(settings.paths).master_digits
    protect(settings, Protection.PASSPHRASE, WORDS)
    protect(settings, Protection.FILE)
    restarted(settings)
    assert place.look(settings) == place.KeyPlace(Protection.FILE, State.OPEN, None)
    assert settings.paths.plain_master_key.stat().st_mode & 0o777 == 0o400
    assert Keyring.of(settings.paths).master_digits == digits


def test_a_new_boxs_key_is_sealed_before_it_ever_lies_on_disk(settings: Settings) -> None:
    settings.paths.plain_master_key.unlink()
    assert protect(settings, Protection.PASSPHRASE, WORDS)
    assert [file.name for file in Path(settings.paths.keys).iterdir()] == ["master.sealed"]


def test_no_new_key_hides_that_the_old_one_is_missed(settings: Settings) -> None:
    settings.paths.plain_master_key.unlink()
    settings.paths.database_file.touch()
    with pytest.raises(Refused, match=r"its key .* is gone"):
        protect(settings, Protection.PASSPHRASE, WORDS)


def test_configuring_waits_for_the_passphrase_that_the_settings_want(settings: Settings) -> None:
    wanting = box.make_settings(Path(settings.paths.etc).parent / "other", keys={"protection": "passphrase"})
    wanting.paths.plain_master_key.unlink()
    with pytest.raises(Refused, match="wellhouse keys protect --with passphrase"):
        change.provide(wanting, at=AT)
    assert place.look(wanting).state is State.ABSENT


def test_an_opened_key_goes_to_no_disk(settings: Settings, tmp_path: Path) -> None:
    if file_system(tmp_path) in IN_MEMORY:
        pytest.skip("the tests' own folder lies in memory")
    on_disk = box.make_settings(tmp_path / "box")
    before = on_disk.paths.plain_master_key.read_bytes()
    with pytest.raises(Refused, match=r"lies on a disk"):
        protect(on_disk, Protection.PASSPHRASE, WORDS)
    assert on_disk.paths.plain_master_key.read_bytes() == before
    assert not on_disk.paths.sealed_master_key.exists()


@pytest.mark.skipif(tpm2.DEVICE.exists(), reason="this machine has a TPM2")
def test_a_machine_without_a_tpm2_says_so_and_changes_nothing(settings: Settings) -> None:
    before = settings.paths.plain_master_key.read_bytes()
    with pytest.raises(Refused, match=r"no TPM2.*--with passphrase"):
        protect(settings, Protection.TPM2)
    assert settings.paths.plain_master_key.read_bytes() == before
    assert not settings.paths.sealed_master_key.exists()


def test_a_weak_passphrase_changes_nothing(settings: Settings) -> None:
    before = settings.paths.plain_master_key.read_bytes()
    with pytest.raises(Exception, match="12 signs"):
        protect(settings, Protection.PASSPHRASE, "too short")
    assert settings.paths.plain_master_key.read_bytes() == before


def test_the_settings_file_says_what_is_so_and_keeps_its_comments(settings: Settings) -> None:
    config = Path(settings.paths.etc) / "wellhouse.toml"
    config.write_text('# ours\n[site]\nhostname = "clinic.example"  # on the door\n')
    protect(settings, Protection.PASSPHRASE, WORDS, config)
    assert load(config).keys.protection == "passphrase"
    assert config.read_text().startswith('# ours\n[site]\nhostname = "clinic.example"  # on the door\n')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '\n[keys]\nprotection = "file"\n'),
        ('[keys]\nprotection = "tpm2" # x\n[site]\n', '[keys]\nprotection = "file"\n[site]\n'),
        ("[keys]\n# why\n\n[site]\n", '[keys]\nprotection = "file"\n# why\n\n[site]\n'),
        ('[site]\nhostname = "a"', '[site]\nhostname = "a"\n\n[keys]\nprotection = "file"\n'),
    ],
)
def test_one_setting_changes_and_every_other_line_stays(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "wellhouse.toml"
    file.write_text(before)
    assert change_setting(file, "keys", "protection", "file")
    assert file.read_text() == after
    assert not change_setting(file, "keys", "protection", "file")


def test_a_settings_file_in_an_unusual_form_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "wellhouse.toml"
    file.write_text('keys = { protection = "tpm2" }\n')
    with pytest.raises(Refused, match="unusual form"):
        change_setting(file, "keys", "protection", "file")
    assert file.read_text() == 'keys = { protection = "tpm2" }\n'


def test_the_recovery_sheet_opens_a_box_whose_passphrase_was_forgotten(settings: Settings) -> None:
    keyring = Keyring.of(settings.paths)
    protect(settings, Protection.PASSPHRASE, WORDS)
    restarted(settings)
    with pytest.raises(Refused, match=f"recovery key {Keyring(b'x' * 32).fingerprint()}.*{keyring.fingerprint()}"):
        unlock.with_recovery_key(settings, Keyring(b"x" * 32), at=AT)
    assert unlock.with_recovery_key(settings, keyring, at=AT) is Protection.PASSPHRASE
    protect(settings, Protection.PASSPHRASE, OTHER_WORDS)
    restarted(settings)
    unlock.with_passphrase(settings, OTHER_WORDS)


def test_another_boxs_sheet_takes_no_key_away(settings: Settings) -> None:
    digits = Keyring.of(settings.paths).master_digits
    with pytest.raises(Refused, match="or for the sheet of this box"):
        unlock.with_recovery_key(settings, Keyring(b"x" * 32), at=AT)
    assert Keyring.of(settings.paths).master_digits == digits


def test_a_lost_key_comes_back_from_the_sheet(settings: Settings) -> None:
    keyring = Keyring.of(settings.paths)
    settings.paths.database_file.touch()
    settings.paths.plain_master_key.unlink()
    assert unlock.with_recovery_key(settings, keyring, at=AT) is Protection.FILE
    assert Keyring.of(settings.paths).master_digits == keyring.master_digits


@pytest.mark.parametrize("damage", [b"", b"{}", b"\0" * 300, b'{"format": 9}'])
def test_the_recovery_sheet_opens_a_box_whose_sealed_key_is_damaged(settings: Settings, damage: bytes) -> None:
    keyring = Keyring.of(settings.paths)
    protect(settings, Protection.PASSPHRASE, WORDS)
    restarted(settings)
    settings.paths.sealed_master_key.chmod(0o600)
    settings.paths.sealed_master_key.write_bytes(damage)
    with pytest.raises(Refused, match=r"recovery-key|does not know"):
        place.look(settings)
    assert unlock.with_recovery_key(settings, keyring, at=AT) is Protection.FILE
    assert Keyring.of(settings.paths).master_digits == keyring.master_digits
    assert next(Path(settings.paths.keys).glob("master.sealed.before-*")).read_bytes() == damage


def test_another_boxs_key_is_kept_aside_when_a_box_is_restored_here(settings: Settings) -> None:
    protect(settings, Protection.PASSPHRASE, WORDS)
    restarted(settings)
    restored = Keyring(b"r" * 32)
    assert change.adopt(settings, restored, at=AT) is Protection.FILE
    assert Keyring.of(settings.paths).master_digits == restored.master_digits
    assert [file.name for file in Path(settings.paths.keys).glob("*.before-*")] == [
        "master.sealed.before-20261122-120000"
    ]


STEPS_MAX = 60


def _cut_off(at_step: int, work: Callable[[], Any]) -> None:
    """Do *work*, and be gone at its *at_step*-th touch of the disk, as by a power cut."""
    touched = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal touched
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in ("os.rename", "os.remove", "os.chmod", "os.mkdir", "os.truncate"):
            touched += 1
            if touched > at_step:
                os._exit(9)

    sys.addaudithook(watch)
    work()
    os._exit(0)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (None, (Protection.PASSPHRASE, WORDS)),
        ((Protection.PASSPHRASE, WORDS), (Protection.PASSPHRASE, OTHER_WORDS)),
        ((Protection.PASSPHRASE, WORDS), (Protection.FILE, "")),
    ],
    ids=["file-to-passphrase", "passphrase-to-passphrase", "passphrase-to-file"],
)
def test_a_power_cut_in_the_change_leaves_a_copy_that_opens(
    root: Path, first: tuple[Protection, str] | None, then: tuple[Protection, str]
) -> None:
    fork = multiprocessing.get_context("fork")
    cut, step, outcomes = True, 0, set()
    while cut:
        settings = box.make_settings(root / str(step))
        config = Path(settings.paths.etc) / "wellhouse.toml"
        config.write_text('[site]\nhostname = "clinic.example"\n')
        digits = Keyring.of(settings.paths).master_digits
        if first:
            protect(settings, *first, config)
        child = fork.Process(
            target=_cut_off, args=(step, lambda settings=settings, config=config: protect(settings, *then, config))
        )
        child.start()
        child.join()
        cut = child.exitcode == 9
        assert cut or child.exitcode == 0
        restarted(settings)
        assert load(config).keys.protection in {"file", "passphrase"}
        outcomes.add(_opens_with(settings, {WORDS, OTHER_WORDS}, digits))
        # Whatever was left over is gone once the box is open and the change is made again.
        protect(settings, *then, config)
        assert [file.name for file in Path(settings.paths.keys).iterdir()] == [
            "master.key" if then[0] is Protection.FILE else "master.sealed"
        ]
        step += 1
        assert step < STEPS_MAX
    assert step > 5, "nothing was cut off"
    assert len(outcomes) == 2, "both the old and the new protection must have been seen"


def _opens_with(settings: Settings, passphrases: set[str], digits: str) -> str:
    if not place.is_locked(settings):
        assert Keyring.of(settings.paths).master_digits == digits
        return "file"
    for words in sorted(passphrases):
        try:
            unlock.with_passphrase(settings, words)
        except Refused:
            continue
        assert Keyring.of(settings.paths).master_digits == digits
        assert not settings.paths.plain_master_key.exists()
        return words
    raise AssertionError("nothing opens")
