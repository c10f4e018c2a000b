"""Backups of a box on PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from appliance.backup import postgres_set
from appliance.backup.drill import drill
from appliance.backup.make import back_up, stage
from appliance.backup.postgres_set import SQL_FILE
from appliance.backup.prove import prove
from appliance.backup.restore import Wanted, restore
from core.errors import Refused, Unavailable
from core.settings import load
from tests import postgres
from tests.appliance.backup.conftest import AT, ROWS, Small, record, small_box, write_config
from webapp.app import prepare
from webapp.audit import chain
from webapp.db.database import db


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.server() as dsn:
        yield dsn


@pytest.fixture
def on_postgres(server: str, tmp_path: Path, empty_target: Path) -> Iterator[Small]:
    """A box on an otherwise empty database, with one backup."""
    postgres.execute(server, "DROP DATABASE IF EXISTS box")
    postgres.execute(server, "CREATE DATABASE box")
    shutil.copytree(empty_target, tmp_path / "target")
    small = small_box(tmp_path / "box", str(tmp_path / "target"), dsn=f"{server} dbname=box")
    assert [answer.fault for answer in back_up(small.settings, small.config, small.keyring, at=AT)] == [""]
    yield small
    db.obj.close_all()


def rows_of(small: Small) -> int:
    prepare(load(small.config))
    with db.connection_context():
        verdict = chain.verify()
    db.obj.close_all()
    assert verdict.fault == ""
    return verdict.rows


def test_lost_box_comes_back(on_postgres: Small, server: str) -> None:
    assert drill(on_postgres.target, on_postgres.settings, on_postgres.keyring, at=AT).number == 1
    db.obj.close_all()
    shutil.rmtree(on_postgres.settings.paths.data)
    postgres.execute(server, "DROP DATABASE box")
    postgres.execute(server, "CREATE DATABASE box")
    wanted = Wanted(on_postgres.target, on_postgres.recovery_key)
    done = restore(wanted, on_postgres.config, at=AT, say=lambda _: None)
    assert (done.manifest.rows["audit_event"], done.aside) == (ROWS, "")
    assert rows_of(on_postgres) == ROWS


def test_replaced_rows_are_kept_in_a_schema_and_never_backed_up(on_postgres: Small) -> None:
    record(5)
    db.obj.close_all()
    wanted = Wanted(on_postgres.target, on_postgres.recovery_key)
    with pytest.raises(Refused, match="not empty"):
        restore(wanted, on_postgres.config, at=AT, say=lambda _: None)
    wanted = Wanted(on_postgres.target, on_postgres.recovery_key, replace=True)
    done = restore(wanted, on_postgres.config, at=AT, say=lambda _: None)
    assert done.aside == "the schema before_restore_20260312_030000"
    assert rows_of(on_postgres) == ROWS
    with psycopg.connect(on_postgres.settings.database.dsn) as connection:
        kept = connection.execute("SELECT count(*) FROM before_restore_20260312_030000.audit_event").fetchone()
    assert kept == (ROWS + 5,)
    folder = stage(on_postgres.settings, on_postgres.config, on_postgres.keyring, number=2, at=AT)
    assert "before_restore" not in (folder / SQL_FILE).read_text()
    assert prove(folder, on_postgres.keyring).rows["audit_event"] == ROWS


def test_dump_that_postgresql_does_not_take_changes_nothing(on_postgres: Small, tmp_path: Path) -> None:
    record(5)
    db.obj.close_all()
    folder = stage(on_postgres.settings, on_postgres.config, on_postgres.keyring, number=2, at=AT)
    text = (folder / SQL_FILE).read_text()
    (folder / SQL_FILE).write_text(text + "\nSELECT 1/0;\n")
    with pytest.raises(Refused, match="division by zero"):
        postgres_set.load(on_postgres.settings, folder / SQL_FILE, at=AT)
    assert rows_of(on_postgres) == ROWS + 5


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another account")
def test_root_loads_as_the_portals_account_with_its_group_and_what_only_root_may_read(
    on_postgres: Small, server: str
) -> None:
    """As on a clinic's box: only the common group reaches the socket."""
    box = on_postgres.settings
    dumped = stage(box, on_postgres.config, on_postgres.keyring, number=2, at=AT) / SQL_FILE
    assert (dumped.stat().st_uid, stat.S_IMODE(dumped.parent.stat().st_mode) & 0o077) == (0, 0)
    db.obj.close_all()
    own = replace(box, users=replace(box.users, portal="daemon"))
    sockets = Path(str(conninfo_to_dict(server)["host"]))
    before = sockets.stat()
    os.chown(sockets, before.st_uid, pwd.getpwnam("daemon").pw_gid)
    sockets.chmod(0o750)
    try:
        assert not postgres_set.is_empty(own)
        assert postgres_set.load(own, dumped, at=AT).startswith(postgres_set.ASIDE)
    finally:
        os.chown(sockets, before.st_uid, before.st_gid)
        sockets.chmod(stat.S_IMODE(before.st_mode))
    assert rows_of(on_postgres) == ROWS


def test_rows_are_counted_in_the_dump_as_in_the_database(on_postgres: Small) -> None:
    folder = stage(on_postgres.settings, on_postgres.config, on_postgres.keyring, number=2, at=AT)
    with psycopg.connect(on_postgres.settings.database.dsn) as connection:
        assert postgres_set.count_dumped(folder / SQL_FILE) == postgres_set.count_rows(connection)


def test_database_that_does_not_answer_is_said(on_postgres: Small) -> None:
    write_config(on_postgres.settings, targets=[on_postgres.target])
    away = on_postgres.config.read_text().replace("dbname=box", "dbname=away")
    on_postgres.config.write_text(away)
    with pytest.raises(Unavailable, match="PostgreSQL could not be copied"):
        back_up(load(on_postgres.config), on_postgres.config, on_postgres.keyring, at=AT)
