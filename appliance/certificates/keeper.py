"""``python -m appliance.certificates.keeper --config FILE``: renews the site's certificate in time, has nginx show it,
and tells clinic IT 21, 7 and 1 days before one ends that could not be renewed.

It runs as whoever starts the appliance, since the key is that account's; what talks to the Internet (lego) and to the
database (the alert) runs in other accounts.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from appliance import portal_steps
from appliance.box import Box
from appliance.certificates import schedule
from appliance.certificates.memory import remember, write_down
from appliance.certificates.reloading import reload, shown_is_older
from appliance.certificates.renewing import lacks_a_name, life, renew
from core.clock import utcnow
from core.errors import WellhouseError
from core.log import EventLog, start_logging
from core.settings import DEFAULT_FILE, load

log = EventLog("wellhouse.certificates")

LOOK_EVERY_S = 60.0
FIRST_LOOK_AFTER_S = 5.0  # nginx is being started beside us, and must answer the authority

Tell = Callable[[Box, str], bool]  # whether the sentence is on its way


def look(box: Box, tell: Tell, *, at: datetime) -> None:
    """Do what is due at *at*; *tell* sends a sentence to clinic IT."""
    source = box.settings.certificates.source
    if source == "local":
        _renew(box, at=at)  # costs nothing where nothing is due
    elif source == "acme":
        due = schedule.asking_is_due(remember(box.settings), life(box), at=at, incomplete=lacks_a_name(box))
        if due:
            _renew(box, at=at)
    if shown_is_older(box):
        # Also one that somebody else's tool renewed, and one that was put there just before a power cut.
        _reload(box)
    _alert(box, tell, at=at)


def tell_it(box: Box, sentence: str) -> bool:
    """Have the portal's account send *sentence*: the outbox is in its database. Whether it is on its way."""
    try:
        return bool(portal_steps.run("alert", box.settings, box.config, sentence))
    except WellhouseError as e:
        log.warning("certificate.alert_failed", why=e.sentence)
        return False


class Once:
    """Tells each sentence once in this process's life, also on a full disk, where nothing can be remembered."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._told = set[str]()

    def __call__(self, box: Box, sentence: str) -> bool:
        if sentence not in self._told and self._tell(box, sentence):
            self._told.add(sentence)
        return sentence in self._told


def alert_sentence(box: Box, left: timedelta, fault: str) -> str:
    """What clinic IT reads, with what to do."""
    days = f"in {left.days} days" if left.days > 1 else "in a day" if left.days else "within a day"
    end = f"{life(box).ends_at:%Y-%m-%d}"
    when = f"ends on {end}, {days}." if left >= timedelta(0) else f"ended on {end}, so browsers refuse the site."
    why = f" Renewing it fails: {fault}" if fault else ""
    return f"The certificate of {box.settings.site.hostname} {when}{why} {what_to_do(box)}"


def what_to_do(box: Box) -> str:
    """The next step towards a new certificate, by where it comes from."""
    if box.settings.certificates.source == "acme":
        return "Try it at the console with “wellhouse certificates renew”, which says what is in the way."
    if box.settings.certificates.source == "local":
        return "Run “wellhouse certificates renew”."
    if box.settings.certificates.source == "own":
        return "Ask your authority for a new one, then run “wellhouse certificates use CHAIN KEY”."
    return "Renew it with the tool it came from; the box takes up the new files by itself."


def _renew(box: Box, *, at: datetime) -> None:
    try:
        renewed = renew(box, at=at)
    except WellhouseError as e:
        log.warning("certificate.not_renewed", why=e.sentence)
        return
    except OSError as e:  # a full disk must not keep the alert below from being sent
        log.warning("certificate.not_renewed", why=e.strerror)
        return
    if renewed.changed:
        log.info("certificate.renewed", ends=life(box).ends_at.isoformat())


def _reload(box: Box) -> None:
    try:
        reload(box)
    except WellhouseError as e:
        log.warning("certificate.not_shown", why=e.sentence)
    else:
        log.info("certificate.shown")


def _alert(box: Box, tell: Tell, *, at: datetime) -> None:
    memory, now = remember(box.settings), life(box)
    days = schedule.due_alert(memory, now, at=at, renews_itself=box.settings.certificates.source in ("acme", "local"))
    if days is not None:
        if tell(box, alert_sentence(box, now.left(at), memory.fault)):
            _note(schedule.after_alert(memory, now, days), box)
    elif schedule.none_must_be_told(memory, now):
        sentence = (
            f"{box.settings.site.hostname} has no certificate yet that browsers believe. {memory.fault} "
            f"The box goes on trying. {what_to_do(box)}"
        )
        if tell(box, sentence):
            _note(schedule.after_telling_of_none(memory), box)


def _note(memory: schedule.Memory, box: Box) -> None:
    try:
        write_down(memory, box.settings)
    except OSError as e:
        log.warning("certificate.not_noted", why=e.strerror)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m appliance.certificates.keeper", description=__doc__)
    parser.add_argument("--config", type=Path, default=DEFAULT_FILE)
    given = parser.parse_args()
    start_logging()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    wait_s, tell = FIRST_LOOK_AFTER_S, Once(tell_it)
    while not stop.wait(wait_s):
        wait_s = LOOK_EVERY_S
        try:
            look(Box(given.config, load(given.config)), tell, at=utcnow())
        except WellhouseError as e:
            log.warning("certificate.look_failed", why=e.sentence)  # half-written settings, a file that is missing
    return 0


if __name__ == "__main__":
    sys.exit(main())
