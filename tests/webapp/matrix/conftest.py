"""One application and one populated database for all cells of the matrix, on SQLCipher and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import box, postgres
from tests.webapp.matrix.playing import World
from webapp.app import create_app
from webapp.appointments.visit import rtc_control
from webapp.db.database import db


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, master_key: str) -> Iterator[World]:
    root = tmp_path_factory.mktemp("matrix")
    with ExitStack() as stack:
        if request.param == "sqlite":
            settings = box.make_settings(root, master=master_key)
            template: Path = request.getfixturevalue("migrated_sqlite")
            shutil.copy(template, settings.paths.database_file)
        else:
            server = request.getfixturevalue("migrated_postgres")
            dsn = stack.enter_context(postgres.copied(server, f"matrix{id(root)}"))
            settings = box.make_settings(root, dsn=dsn, master=master_key)
        app = create_app(settings, testing=True)
        db.connect(reuse_if_open=True)
        with pytest.MonkeyPatch.context() as patch:
            # The media server is not what is asked here.
            patch.setattr(rtc_control, "remove_participant", lambda *_what: None)
            patch.setattr(rtc_control, "close_room", lambda *_what: None)
            yield World(app)
        if not db.is_closed():
            db.close()
        db.obj.close_all()
