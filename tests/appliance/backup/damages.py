"""Fifty ways in which a backup can be damaged, each named. ``python -m tests.appliance.backup.damages`` plays them all.

Whatever somebody, or a failing disk, did to a target: a restore refuses it and touches nothing that is there.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from appliance.backup import manifest
from appliance.backup.make import back_up, repository, stage
from appliance.backup.restore import Wanted, restore
from appliance.backup.sqlite_set import SQLITE_FILE
from core.errors import WellhouseError
from core.settings import load
from tests.appliance.backup.cheap_key import make_cheap
from tests.appliance.backup.conftest import AT, MASTER, Small, small_box
from webapp.crypto.keyring import Keyring
from webapp.db.database import db

KEY_OF_ANOTHER = Keyring(bytes(range(32)))


@dataclass(frozen=True)
class Scene:
    """*repo* holds sets 1 and 2 of a box; *older* is the repository as it was with set 1 alone, *foreign* another
    box's. *dice* are the same in each run.
    """

    repo: Path
    older: Path
    foreign: Path
    small: Small
    dice: random.Random


Damage = Callable[[Scene], None]


def prepare_scene(folder: Path) -> Scene:
    """Two boxes and their backups; the copies that each damage works on are made of it by :func:`copied`."""
    other = small_box(folder / "other-box", str(folder / "foreign"))
    back_up(other.settings, other.config, other.keyring, at=AT)
    make_cheap(folder / "foreign", other.keyring.backup_password())
    db.obj.close_all()
    small = small_box(folder / "box", str(folder / "repo"))
    (Path(small.settings.paths.data) / "documents").mkdir()
    (Path(small.settings.paths.data) / "documents/one").write_bytes(os.urandom(300_000))
    back_up(small.settings, small.config, small.keyring, at=AT)
    make_cheap(folder / "repo", small.keyring.backup_password())
    shutil.copytree(folder / "repo", folder / "older")
    (Path(small.settings.paths.data) / "documents/two").write_bytes(os.urandom(300_000))
    back_up(small.settings, small.config, small.keyring, at=AT)
    db.obj.close_all()
    return Scene(folder / "repo", folder / "older", folder / "foreign", small, random.Random(7))


def refused(scene: Scene, damage: Damage, work: Path, seed: int) -> str:
    """Do *damage* to a copy of the repository and try to restore from it; the sentence of the refusal.

    An AssertionError if it is not refused, or if anything of the living box changed.
    """
    repo = work / "repo"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(scene.repo, repo)
    damage(replace(scene, repo=repo, dice=random.Random(seed)))
    settings = scene.small.settings
    before = _living(settings.paths.data), _living(settings.paths.keys), scene.small.config.read_bytes()
    try:
        restore(Wanted(str(repo), MASTER, replace=True), scene.small.config, at=AT, say=lambda _step: None)
    except WellhouseError as e:
        after = _living(settings.paths.data), _living(settings.paths.keys), scene.small.config.read_bytes()
        assert after == before, "it was refused, and yet something changed"
        return e.sentence
    raise AssertionError("it was not refused")


def _living(folder: str) -> dict[str, str]:
    return {
        str(file): manifest.digest(file)
        for file in Path(folder).rglob("*")
        if file.is_file() and "backup" not in file.relative_to(folder).parts
    }


# What a disk, or somebody without the key, does to the repository's files.


def _files(scene: Scene, kind: str) -> list[Path]:
    return sorted(path for path in (scene.repo / kind).rglob("*") if path.is_file())


def _largest_pack(scene: Scene) -> Path:
    return max(_files(scene, "data"), key=lambda path: path.stat().st_size)


def _write(file: Path, content: bytes) -> None:
    file.chmod(0o600)
    file.write_bytes(content)


def _flip(kind: str, at: float) -> Damage:
    def damage(scene: Scene) -> None:
        for file in _files(scene, kind):
            raw = bytearray(file.read_bytes())
            raw[min(len(raw) - 1, int(at * len(raw)))] ^= 1 << scene.dice.randrange(8)
            _write(file, bytes(raw))

    return damage


def _cut(kind: str, keep: float) -> Damage:
    def damage(scene: Scene) -> None:
        for file in _files(scene, kind):
            raw = file.read_bytes()
            _write(file, raw[: int(keep * len(raw))])

    return damage


def _zero(kind: str) -> Damage:
    def damage(scene: Scene) -> None:
        for file in _files(scene, kind):
            _write(file, bytes(file.stat().st_size))

    return damage


def _remove(kind: str) -> Damage:
    def damage(scene: Scene) -> None:
        for file in _files(scene, kind):
            file.unlink()

    return damage


def _foreign(kind: str) -> Damage:
    """Another box's files, under the names of this one's."""

    def damage(scene: Scene) -> None:
        others = sorted(path for path in (scene.foreign / kind).rglob("*") if path.is_file())
        for file, other in zip(_files(scene, kind), others * 9, strict=False):
            _write(file, other.read_bytes())

    return damage


def _lengthen(kind: str) -> Damage:
    def damage(scene: Scene) -> None:
        for file in _files(scene, kind):
            _write(file, file.read_bytes() + b"\0" * 512)

    return damage


def _flip_largest(scene: Scene) -> None:
    file = _largest_pack(scene)
    raw = bytearray(file.read_bytes())
    raw[scene.dice.randrange(len(raw) // 2)] ^= 1
    _write(file, bytes(raw))


def _swap_packs(scene: Scene) -> None:
    first, second, *_ = sorted(_files(scene, "data"), key=lambda path: -path.stat().st_size)
    one, two = first.read_bytes(), second.read_bytes()
    _write(first, two)
    _write(second, one)


def _remove_largest(scene: Scene) -> None:
    _largest_pack(scene).unlink()


def _remove_new_packs(scene: Scene) -> None:
    old = {path.name for path in (scene.older / "data").rglob("*")}
    for file in _files(scene, "data"):
        if file.name not in old:
            file.unlink()


def _older_repository(scene: Scene) -> None:
    """The whole target as it was before the last set: a snapshot of the NAS put back, or somebody hiding a day."""
    shutil.rmtree(scene.repo)
    shutil.copytree(scene.older, scene.repo)


def _newest_set_removed(scene: Scene) -> None:
    old = {path.name for path in (scene.older / "snapshots").iterdir()}
    for file in _files(scene, "snapshots"):
        if file.name not in old:
            file.unlink()


def _flip_newest_snapshot(scene: Scene) -> None:
    """restic lists what it can read: the older set would pass for the newest."""
    old = {path.name for path in (scene.older / "snapshots").iterdir()}
    (newest,) = [file for file in _files(scene, "snapshots") if file.name not in old]
    raw = bytearray(newest.read_bytes())
    raw[len(raw) // 2] ^= 1
    _write(newest, bytes(raw))


def _old_packs_only(scene: Scene) -> None:
    """New sets named, old bytes there."""
    shutil.rmtree(scene.repo / "data")
    shutil.copytree(scene.older / "data", scene.repo / "data")


def _old_index_only(scene: Scene) -> None:
    shutil.rmtree(scene.repo / "index")
    shutil.copytree(scene.older / "index", scene.repo / "index")


def _foreign_repository(scene: Scene) -> None:
    shutil.rmtree(scene.repo)
    shutil.copytree(scene.foreign, scene.repo)


def _emptied(scene: Scene) -> None:
    shutil.rmtree(scene.repo)
    scene.repo.mkdir()


def _gone(scene: Scene) -> None:
    shutil.rmtree(scene.repo)


# What somebody could do who has the repository's password: a set is altered, or signed with another key, and saved
# by restic as if it were right.


def _saved(alter: Callable[[Path, Scene], None]) -> Damage:
    def damage(scene: Scene) -> None:
        small = scene.small
        folder = stage(small.settings, small.config, small.keyring, number=3, at=AT)
        alter(folder, scene)
        repository(str(scene.repo), small.settings, small.keyring).save(folder, number=3)
        shutil.rmtree(folder)

    return damage


def _flip_in(name: str) -> Callable[[Path, Scene], None]:
    def alter(folder: Path, scene: Scene) -> None:
        raw = bytearray((folder / name).read_bytes())
        raw[scene.dice.randrange(len(raw))] ^= 1 << scene.dice.randrange(8)
        _replace(folder / name, bytes(raw))

    return alter


def _cut_in(name: str) -> Callable[[Path, Scene], None]:
    def alter(folder: Path, _scene: Scene) -> None:
        raw = (folder / name).read_bytes()
        _replace(folder / name, raw[: len(raw) // 2])

    return alter


def _replace(file: Path, content: bytes) -> None:
    file.unlink()  # it may be the living box's own file under a second name
    file.write_bytes(content)


def _drop(name: str) -> Callable[[Path, Scene], None]:
    return lambda folder, _scene: (folder / name).unlink()


def _add(name: str) -> Callable[[Path, Scene], None]:
    def alter(folder: Path, _scene: Scene) -> None:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text("more")

    return alter


def _swap_documents(folder: Path, _scene: Scene) -> None:
    one, two = folder / "documents/one", folder / "documents/two"
    one.rename(folder / "documents/x")
    two.rename(one)
    (folder / "documents/x").rename(two)


def _rename_document(folder: Path, _scene: Scene) -> None:
    (folder / "documents/one").rename(folder / "documents/three")


def _in_manifest(**values: object) -> Callable[[Path, Scene], None]:
    """Other values, and the old signature."""

    def alter(folder: Path, _scene: Scene) -> None:
        file = folder / manifest.FILE
        signed = json.loads(file.read_text())
        signed["manifest"] = json.dumps(json.loads(signed["manifest"]) | values)
        file.write_text(json.dumps(signed))

    return alter


def _signed_by_another(folder: Path, scene: Scene) -> None:
    manifest.write(folder, manifest.read(folder, scene.small.keyring), KEY_OF_ANOTHER)


def _unsigned(folder: Path, _scene: Scene) -> None:
    signed = json.loads((folder / manifest.FILE).read_text())
    (folder / manifest.FILE).write_text(json.dumps({"manifest": signed["manifest"], "mac": ""}))


def _no_words(text: str) -> Callable[[Path, Scene], None]:
    def alter(folder: Path, _scene: Scene) -> None:
        (folder / manifest.FILE).write_text(text)

    return alter


def _with(**values: object) -> Callable[[Path, Scene], None]:
    """Signed rightly, as by a faulty version of this program: the set itself must still fit."""

    def alter(folder: Path, scene: Scene) -> None:
        right = manifest.read(folder, scene.small.keyring)
        manifest.write(folder, msgspec.structs.replace(right, **values), scene.small.keyring)

    return alter


def _manifest_of_set_two(folder: Path, scene: Scene) -> None:
    """Rightly signed, and of another set."""
    small = scene.small
    place = repository(str(scene.repo), small.settings, small.keyring)
    (folder / "documents/four").write_text("since then")
    (folder / manifest.FILE).write_bytes(place.file(place.snapshots()[-1].id, manifest.FILE))


def _plain_database(folder: Path, _scene: Scene) -> None:
    _replace(folder / SQLITE_FILE, b"")
    with sqlite3.connect(folder / SQLITE_FILE) as plain:
        plain.execute("CREATE TABLE audit_event (sequence INTEGER)")
    plain.close()


DAMAGES: dict[str, Damage] = {
    **{
        f"a bit flipped in each file of {kind}, {where}": _flip(kind, at)
        for kind in ("snapshots", "index", "keys", "data")
        for where, at in (("first", 0.0), ("middle", 0.5), ("last", 1.0))
        # A pack ends with a list that only repairing needs: the drill finds that damage, and a restore is not held up.
        if (kind, where) != ("data", "last")
    },
    **{f"each file of {kind} cut to half": _cut(kind, 0.5) for kind in ("snapshots", "index", "keys", "data")},
    **{f"each file of {kind} emptied": _cut(kind, 0.0) for kind in ("index", "data")},
    **{f"each file of {kind} overwritten with zeros": _zero(kind) for kind in ("snapshots", "data")},
    **{f"all of {kind} removed": _remove(kind) for kind in ("snapshots", "index", "keys", "data")},
    **{f"another box's {kind}": _foreign(kind) for kind in ("snapshots", "index", "keys", "data")},
    "the description of the repository removed": lambda scene: (scene.repo / "config").unlink(),
    "the largest pack with one bit flipped": _flip_largest,
    "two packs swapped": _swap_packs,
    "the largest pack missing": _remove_largest,
    "the packs that came with the last set missing": _remove_new_packs,
    "the packs of before the last set": _old_packs_only,
    "the index of before the last set": _old_index_only,
    "a bit flipped in the newest set's name": _flip_newest_snapshot,
    "the whole target of before the last set": _older_repository,
    "the newest set taken out": _newest_set_removed,
    "another box's repository": _foreign_repository,
    "an empty folder": _emptied,
    "nothing there": _gone,
    "set: a bit flipped in the database": _saved(_flip_in(SQLITE_FILE)),
    "set: the database cut to half": _saved(_cut_in(SQLITE_FILE)),
    "set: the database missing": _saved(_drop(SQLITE_FILE)),
    "set: a database that is not encrypted": _saved(_plain_database),
    "set: a bit flipped in a document": _saved(_flip_in("documents/one")),
    "set: a document missing": _saved(_drop("documents/two")),
    "set: two documents swapped": _saved(_swap_documents),
    "set: a document renamed": _saved(_rename_document),
    "set: a file that does not belong to it": _saved(_add("documents/more")),
    "set: the settings changed": _saved(_flip_in("wellhouse.toml")),
    "set: the manifest missing": _saved(_drop(manifest.FILE)),
    "set: the manifest empty": _saved(_no_words("")),
    "set: the manifest of another shape": _saved(_no_words("[1, 2]")),
    "set: the manifest signed with another key": _saved(_signed_by_another),
    "set: the manifest not signed": _saved(_unsigned),
    "set: a higher number in the manifest": _saved(_in_manifest(number=99)),
    "set: other rows in the manifest": _saved(_in_manifest(rows={})),
    "set: the manifest of another set": _saved(_manifest_of_set_two),
    "set: of a format that is not known": _saved(_with(format=99)),
    "set: of the other kind of database": _saved(_with(engine="postgresql")),
    "set: rightly signed, with other rows": _saved(_with(rows={"audit_event": 1})),
    "set: rightly signed, older than one that is known": _saved(_with(number=1)),
}


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="wh-damages-") as name:
        scene = prepare_scene(Path(name))
        bad = 0
        for number, (what, damage) in enumerate(DAMAGES.items(), start=1):
            try:
                told = refused(scene, damage, Path(name) / "work", number)
            except AssertionError as e:
                bad += 1
                told = f"NOT GOOD: {e}"
            print(f"{number:3} {what:55} {told.replace(name, '…')}", flush=True)  # noqa: T201
        print(f"{len(DAMAGES) - bad} of {len(DAMAGES)} refused, with nothing touched")  # noqa: T201
        assert load(scene.small.config) == scene.small.settings
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
