"""Every job that the worker does by itself, on one page.

A *job* runs at most once a minute under huey. A *follower* runs again as soon as it has come back, in a thread of its
own: for what people wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.clock import utcnow
from core.settings import Settings
from webapp.account import devices, links, throttle
from webapp.account.drafts import actions as drafts
from webapp.account.mfa import actions as mfa
from webapp.account.mfa import pending, security_keys
from webapp.appointments.visit import follow as visits
from webapp.appointments.visit import putting_out, right_ended
from webapp.clients import registering
from webapp.outbox import mailer, purge


@dataclass(frozen=True)
class Job:
    """*minute* and *hour* as in crontab."""

    name: str
    run: Callable[[Settings], object]
    minute: str
    hour: str = "*"


@dataclass(frozen=True)
class Follower:
    """*run* returns when it has nothing more to do; it is called again *pause_s* later."""

    name: str
    run: Callable[[Settings], object]
    pause_s: float


JOBS = (
    Job("forget told notices", lambda _settings: purge.old_notices(at=utcnow()), minute="7", hour="*/6"),
    Job("forget sent mail", lambda _settings: purge.sent_mails(at=utcnow()), minute="37", hour="3"),
    Job("forget old tries at signing in", lambda _settings: throttle.forget_old(at=utcnow()), minute="17", hour="3"),
    Job("forget apps that were not added", lambda _settings: mfa.forget_unfinished(at=utcnow()), minute="37"),
    Job("forget old challenges", lambda _settings: security_keys.forget_expired(at=utcnow()), minute="*/10"),
    Job("forget halves of sign-ins", lambda _settings: pending.forget_expired(at=utcnow()), minute="*/10"),
    Job("forget old links", lambda _settings: links.forget_old(at=utcnow()), minute="47", hour="3"),
    Job("forget old drafts", lambda _settings: drafts.forget_old(at=utcnow()), minute="57", hour="3"),
    Job("forget old registrations", lambda _settings: registering.forget_old(at=utcnow()), minute="7", hour="3"),
    Job("forget unused browsers", lambda _settings: devices.forget_old(at=utcnow()), minute="27", hour="3"),
)

FOLLOWERS = (
    Follower("send mail", lambda settings: mailer.send_due(settings, at=utcnow()), pause_s=2.0),
    # Waits at the media server for the next event, so a pause is only breath.
    Follower("take over room events", visits.take_over_events, pause_s=0.2),
    Follower("close ended rooms", lambda settings: visits.close_ended_rooms(settings, at=utcnow()), pause_s=5.0),
    Follower("put out who has to leave", putting_out.put_out_waiting, pause_s=2.0),
    # Within five seconds of the end of a right (ASVS 8.3.2), with room for a slow answer.
    Follower(
        "end places of those whose right is over",
        lambda settings: right_ended.put_out_ended(settings, at=utcnow()),
        pause_s=2.0,
    ),
    Follower("forget who left the waiting room", lambda _settings: visits.forget_silent(at=utcnow()), pause_s=10.0),
)
