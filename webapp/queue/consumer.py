"""Running the schedule: huey for jobs, a thread for each follower."""

from __future__ import annotations

import threading
from typing import Any

from huey import crontab
from huey.contrib.sql_huey import SqlHuey
from playhouse.postgres_ext import Psycopg3Database
from playhouse.sqlcipher_ext import SqlCipherDatabase
from psycopg.conninfo import conninfo_to_dict

from core.log import EventLog
from core.settings import Settings
from webapp.crypto.keyring import Keyring
from webapp.db.database import db
from webapp.queue.schedule import FOLLOWERS, JOBS, Follower, Job

log = EventLog("wellhouse.worker")

AFTER_FAULT_S = 5.0  # a follower that failed is tried again, but does not spin


def open_queue(settings: Settings, keyring: Keyring) -> SqlHuey:
    """Huey on an encrypted file of its own, or in PostgreSQL."""
    if settings.database.engine == "postgresql":
        where = conninfo_to_dict(settings.database.dsn)
        database: Any = Psycopg3Database(where.pop("dbname", "wellhouse"), **where)
    else:
        database = SqlCipherDatabase(
            str(settings.paths.queue_file), passphrase=keyring.queue_key(), pragmas={"journal_mode": "wal"}
        )
    queue = SqlHuey("wellhouse", database=database, utc=True)
    for job in JOBS:
        _register(queue, job, settings)
    return queue


def follow(settings: Settings, stop: threading.Event) -> list[threading.Thread]:
    """Start a thread for each follower; they end soon after *stop* is set."""
    threads = [
        threading.Thread(target=_keep_running, args=(follower, settings, stop), name=follower.name, daemon=True)
        for follower in FOLLOWERS
    ]
    for thread in threads:
        thread.start()
    return threads


def _register(queue: SqlHuey, job: Job, settings: Settings) -> None:
    def run() -> None:
        with db.connection_context():
            job.run(settings)

    run.__name__ = job.name.replace(" ", "_")
    queue.periodic_task(crontab(minute=job.minute, hour=job.hour))(run)


def _keep_running(follower: Follower, settings: Settings, stop: threading.Event) -> None:
    pause_s = follower.pause_s
    while not stop.wait(pause_s):
        try:
            with db.connection_context():
                follower.run(settings)
            pause_s = follower.pause_s
        except Exception:  # the thread must outlive any fault of one round; it is logged and tried again
            log.exception("worker.follower_failed", follower=follower.name)
            pause_s = max(AFTER_FAULT_S, follower.pause_s)
