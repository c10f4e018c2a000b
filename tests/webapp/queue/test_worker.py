"""The worker's jobs and followers: each can run on an empty box, and none takes the others down."""

from __future__ import annotations

import threading

import pytest

from core.settings import Settings
from webapp.crypto.keyring import Keyring
from webapp.db.database import PLAIN_SQLITE, db
from webapp.queue import consumer
from webapp.queue.schedule import FOLLOWERS, JOBS, Follower, Job


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_every_job_runs_on_an_empty_box(database: Settings, job: Job) -> None:
    job.run(database)


@pytest.mark.parametrize("follower", FOLLOWERS, ids=lambda follower: follower.name)
def test_every_follower_has_a_breath_between_its_rounds(follower: Follower) -> None:
    assert 0.1 <= follower.pause_s <= 60


def test_names_are_told_apart() -> None:
    names = [each.name for each in (*JOBS, *FOLLOWERS)]
    assert len(names) == len(set(names))


def test_every_job_is_handed_to_the_ticker_and_its_file_is_encrypted(database: Settings) -> None:
    queue = consumer.open_queue(database, Keyring.of(database.paths))
    assert len(queue._registry.periodic_tasks) == len(JOBS)
    queue.enqueue(queue._registry.periodic_tasks[0])
    if database.database.engine == "sqlite":
        assert not database.paths.queue_file.read_bytes().startswith(PLAIN_SQLITE)
    queue.storage.close()


def test_follower_goes_on_after_a_fault(
    database: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rounds, went_on, stop = [], threading.Event(), threading.Event()

    def run(_settings: Settings) -> None:
        rounds.append(db.is_closed())
        if len(rounds) == 1:
            raise ZeroDivisionError
        went_on.set()

    monkeypatch.setattr(consumer, "AFTER_FAULT_S", 0.01)
    monkeypatch.setattr(consumer, "FOLLOWERS", (Follower("planted", run, pause_s=0.01),))
    threads = consumer.follow(database, stop)
    assert went_on.wait(10)
    stop.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert "worker.follower_failed" in caplog.text
    assert not any(rounds), "a follower has a connection"
