"""PostgreSQL's part of a set: a plain dump of one moment, counted without a server, and put back all or nothing."""

from __future__ import annotations

import os
import pwd
import re
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from appliance.backup.sqlite_set import LAST_AUDIT_ROW, anchor_of
from core.errors import Refused, Unavailable
from core.settings import Settings
from webapp.audit.anchor import Anchor

SQL_FILE = "wellhouse.sql"
ASIDE = "before_restore_"  # followed by when: the schemas that hold what a restore replaced

_COPY = re.compile(rb'COPY public\."?([a-z_0-9]+)"? .*FROM stdin;\n')
_COPY_END = b"\\.\n"


@dataclass(frozen=True)
class Dumped:
    """*rows* counts each table in the dump; *audit* is the last row of its audit record."""

    rows: dict[str, int]
    audit: Anchor


def dump(settings: Settings, target: Path) -> Dumped:
    """Write the database of *settings*, as it is at one moment, to *target*. Unavailable says what PostgreSQL says."""
    try:
        with psycopg.connect(settings.database.dsn) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            exported = connection.execute("SELECT pg_export_snapshot()").fetchone()
            if exported is None:
                raise Unavailable("PostgreSQL did not hand out a snapshot.")
            rows = count_rows(connection)
            last: Any = connection.execute(LAST_AUDIT_ROW.encode()).fetchone()
            # Plain and uncompressed: restic finds the unchanged parts again, and compresses by itself.
            with target.open("wb") as written:
                _run_client(
                    "pg_dump", settings, "--no-owner", "--no-privileges", f"--exclude-schema={ASIDE}*",
                    f"--snapshot={exported[0]}", stdout=written,
                )  # fmt: skip
    except psycopg.Error as e:
        raise Unavailable(f"PostgreSQL could not be copied: {e}") from e
    return Dumped(rows, anchor_of(last))


def count_rows(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Rows of each table that *connection* sees."""
    names = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    ).fetchall()
    counted = {}
    for (name,) in names:
        row = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier("public", name))).fetchone()
        counted[name] = int(row[0]) if row else 0
    return counted


def count_dumped(dumped: Path) -> dict[str, int]:
    """Rows of each table in a dump, so that a set can be proved where no PostgreSQL runs."""
    counted: dict[str, int] = {}
    table = ""
    with dumped.open("rb") as lines:
        for line in lines:
            if table:
                if line == _COPY_END:
                    table = ""
                else:
                    counted[table] += 1
            elif (found := _COPY.fullmatch(line)) is not None:
                table = found[1].decode()
                counted[table] = 0
    return dict(sorted(counted.items()))


def is_empty(settings: Settings) -> bool:
    """Whether the database of *settings* has no table. Refused if it does not answer."""
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    return _run_client("psql", settings, "--no-psqlrc", "--tuples-only", f"--command={tables}").strip() == b"0"


def load(settings: Settings, dumped: Path, *, at: datetime) -> str:
    """Put a dump into the database of *settings*, all or nothing; the schema in which what was there now lies.

    Refused, with nothing changed, if PostgreSQL does not take it.
    """
    aside = "" if is_empty(settings) else f"{ASIDE}{at:%Y%m%d_%H%M%S}"
    begin = [f"--command=ALTER SCHEMA public RENAME TO {aside}", "--command=CREATE SCHEMA public"] if aside else []
    with dumped.open("rb") as read:
        _run_client(
            "psql", settings, "--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1",
            *begin, "--file=-", stdin=read,
        )  # fmt: skip
    return aside


def _run_client(
    program: str,
    settings: Settings,
    *arguments: str,
    stdin: BinaryIO | int = subprocess.DEVNULL,
    stdout: BinaryIO | int = subprocess.PIPE,
) -> bytes:
    """What *program* said, run as the portal's account: PostgreSQL knows who asks by that, and by its group who may.

    Files are handed over open, as that account may not reach them.
    """
    where = conninfo_to_dict(settings.database.dsn)
    environment = {"PATH": "/usr/bin:/bin", "PGDATABASE": str(where.get("dbname", "wellhouse"))}
    for name, variable in (("host", "PGHOST"), ("port", "PGPORT"), ("user", "PGUSER"), ("password", "PGPASSWORD")):
        if name in where:
            environment[variable] = str(where[name])  # not on the command line, which everybody may read
    portal = pwd.getpwnam(settings.users.portal) if settings.users.portal and os.geteuid() == 0 else None
    try:
        done = subprocess.run(  # noqa: S603  # fixed programs
            [program, *arguments],
            env=environment,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
            user=portal.pw_uid if portal else None,
            group=portal.pw_gid if portal else None,
            extra_groups=[] if portal else None,
            cwd="/",
        )
    except FileNotFoundError as e:
        raise Refused(f"{program} is not installed. Install it with: apt-get install postgresql-client") from e
    if done.returncode != 0:
        said = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        raise Refused(f"{program} failed: {said[0].strip() if said else 'it gave no reason'}")
    return done.stdout or b""
