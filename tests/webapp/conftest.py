"""Every test of the portal that names ``app`` or ``database`` runs on SQLCipher and on PostgreSQL."""

from __future__ import annotations

import itertools
import secrets
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from core.settings import Settings
from tests import box, postgres
from tests.log_corpus import LogCorpus, listening
from tests.webapp import made_once
from webapp.app import create_app, migrate_database, prepare
from webapp.db.database import db

_numbers = itertools.count()


@pytest.fixture(scope="session", autouse=True)
def log_corpus() -> Iterator[LogCorpus]:
    """Whatever the tests of this run do: nothing that no log may hold stands in what was logged."""
    with listening() as corpus:
        yield corpus
    assert corpus.faults == []


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    with made_once.templates_and_addresses():
        yield


@pytest.fixture(scope="session")
def master_key() -> str:
    return secrets.token_hex(32)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory, master_key: str) -> Path:
    return box.migrated_file(tmp_path_factory.mktemp("template"), master_key)


@pytest.fixture(scope="session")
def migrated_postgres(tmp_path_factory: pytest.TempPathFactory, master_key: str) -> Iterator[str]:
    """A server with the migrated database ``template``; yields its connection string."""
    with postgres.server() as dsn:
        postgres.execute(dsn, f"CREATE DATABASE {postgres.TEMPLATE}")
        root = tmp_path_factory.mktemp("template-pg")
        migrate_database(box.make_settings(root, dsn=f"{dsn} dbname={postgres.TEMPLATE}", master=master_key))
        db.obj.close_all()
        yield dsn


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, master_key: str) -> Iterator[Settings]:
    """A box with an empty, migrated database."""
    if request.param == "sqlite":
        made = box.make_settings(tmp_path, master=master_key)
        shutil.copy(request.getfixturevalue("migrated_sqlite"), made.paths.database_file)
        yield made
        return
    server = request.getfixturevalue("migrated_postgres")
    with postgres.copied(server, f"test{next(_numbers)}") as dsn:
        yield box.make_settings(tmp_path, dsn=dsn, master=master_key)


@pytest.fixture
def database(settings: Settings) -> Iterator[Settings]:
    """The database of ``settings``, connected for this test."""
    prepare(settings)
    db.connect()
    yield settings
    db.close()
    db.obj.close_all()


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The portal on ``settings``, with a connection open for the test's own look into the database."""
    application = create_app(settings, testing=True)
    db.connect(reuse_if_open=True)
    yield application
    _await_watchers()
    if not db.is_closed():
        db.close()
    db.obj.close_all()


def _await_watchers() -> None:
    # Connections must not be closed under the thread that follows the notices; it ends soon after the last stream.
    for thread in threading.enumerate():
        if thread.name == "live-watcher":
            thread.join(timeout=5)
            assert not thread.is_alive(), "a test left a live stream open: close its answer"
