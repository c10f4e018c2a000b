"""A real PostgreSQL for the tests: initdb in a folder, a unix socket, no TCP."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

TEMPLATE = "template"  # the migrated database of which each test gets a copy
MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of random name is made in it
ROOM_BYTES = 2 * 1024**3  # a run needs a tenth of it


def programs() -> Path:
    """The folder of the newest installed server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise RuntimeError("PostgreSQL's server is not installed. Run: make setup")
    return found[-1]


@contextmanager
def server() -> Iterator[str]:
    """Start a server and yield its connection string without a database name."""
    # PostgreSQL refuses to run as root; socket paths must be short. A database for each test is many small files, with
    # which a busy disk takes long; in containers there may be hardly any room in memory.
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    folder = Path(tempfile.mkdtemp(prefix="wh-pg-", dir=MEMORY if roomy else None))
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    bin_ = programs()
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    data = folder / "data"
    subprocess.run(
        [bin_ / "initdb", "-D", data, "-U", "wellhouse", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True, capture_output=True, env=environment, cwd="/", **as_owner,
    )  # fmt: skip
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c max_connections=200"
    control = [bin_ / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    subprocess.run(
        [*control, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, env=environment, cwd="/", **as_owner
    )
    try:
        yield f"host={folder} user=wellhouse"
    finally:
        subprocess.run(
            [*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd="/", **as_owner
        )
        shutil.rmtree(folder)


def execute(dsn: str, statement: str) -> None:
    """Run one statement outside a transaction in the maintenance database."""
    with psycopg.connect(f"{dsn} dbname=postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


@contextmanager
def copied(server: str, name: str) -> Iterator[str]:
    """A copy of TEMPLATE while it is used; its connection string."""
    # Copying files takes a third of the time of PostgreSQL's own choice, which writes each page to its log.
    execute(server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    yield f"{server} dbname={name}"
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")
