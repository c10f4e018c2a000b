"""What must run inside the portal's own account, each in a process of its own: ``python -m appliance.portal_steps``.

The database and the keys belong to that account, and a step ends with its process: no connection, no key and no
half-imported portal stays behind in the command that asked for it.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from appliance.backup.audit_ends import remembered_ends
from appliance.backup.drill import drill
from appliance.backup.make import back_up, repository
from appliance.backup.state import read_state
from appliance.configure.render import source_folder
from core.clock import utcnow
from core.errors import Refused, WellhouseError
from core.settings import Settings, load
from webapp.crypto.keyring import Keyring

REFUSED = 3  # exit code: the answer is the sentence that says why


def run(step: str, settings: Settings, config: Path, *about: str) -> Any:
    """The answer of *step*; Refused with its own sentence if it could not be done. *about*: whom it is about."""
    user, group = None, None
    data = Path(settings.paths.data).stat()  # the portal's; a file that root made there would lock the portal out
    if os.geteuid() == 0 and data.st_uid != 0:
        user, group = data.st_uid, pwd.getpwuid(data.st_uid).pw_gid
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if source := source_folder():
        environment["PYTHONPATH"] = source
    done = subprocess.run(  # noqa: S603  # our own module
        [sys.executable, "-m", "appliance.portal_steps", step, str(config), *about],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,  # root's terminal is not the portal's to read
        cwd="/",
        env=environment,
        user=user,
        group=group,
        extra_groups=[] if user is not None else None,
        umask=0o077,
        start_new_session=True,  # Ctrl-C is for the command, which waits for the step to be complete
    )
    if done.returncode == REFUSED:
        # On standard error libraries may have said something of their own.
        raise Refused(json.loads(done.stdout)["refused"])
    if done.returncode != 0:
        raise Refused(f"The step “{step}” failed. It said:\n{done.stderr.strip()}")
    return json.loads(done.stdout)


def _migrate(settings: Settings) -> Any:
    from webapp.app import migrate_database  # the portal is heavy; the asking command does without

    return migrate_database(settings)


def _open_database(settings: Settings) -> Any:
    from webapp.app import prepare
    from webapp.db.database import db
    from webapp.db.migrate import refuse_if_behind

    prepare(settings)
    refuse_if_behind(db.obj)
    return True


def _verify_audit(settings: Settings) -> Any:
    from webapp.app import prepare
    from webapp.audit import chain
    from webapp.db.database import db

    keyring = prepare(settings)
    ends, unread = remembered_ends(settings, keyring)
    with db.connection_context():
        verdict = chain.verify(ends)
    return {**asdict(verdict), "ends": len(ends), "unread": unread}


def _demo(settings: Settings) -> Any:
    from webapp.demo import seed

    return seed(settings, at=utcnow())


def _setup_link(settings: Settings) -> Any:
    from webapp.app import prepare
    from webapp.db.database import db
    from webapp.setup import link

    prepare(settings)
    with db.connection_context():
        return link.make(settings, at=utcnow())


def _look_at_mail(settings: Settings) -> Any:
    from webapp.app import prepare
    from webapp.db.database import db
    from webapp.outbox import relay_check

    prepare(settings)
    with db.connection_context():
        return {"fault": relay_check.fault(settings.mail), "waiting": relay_check.waiting(at=utcnow())}


def _alert(settings: Settings, sentence: str) -> Any:
    from appliance.alerts import alert

    return alert(settings, sentence, utcnow())


def _test_mail(settings: Settings, address: str) -> Any:
    from webapp.access.actor import SYSTEM
    from webapp.app import prepare
    from webapp.db.database import db
    from webapp.outbox.trial import send_test

    prepare(settings)
    with db.connection_context():
        return asdict(send_test(settings, address, actor=SYSTEM, at=utcnow()))


def _recover_account(settings: Settings, email: str) -> Any:
    from webapp.account.recovering import recover
    from webapp.app import prepare
    from webapp.db.database import db

    prepare(settings)
    with db.connection_context():
        return recover(email, settings, at=utcnow())


def _backup_now(settings: Settings, config: Path) -> Any:
    answers = back_up(settings, config, Keyring.of(settings.paths), at=utcnow())
    number = read_state(settings).number
    return [
        _told(a.target, [f"saved as {a.snapshot[:8]}, number {number}"] if a.snapshot else [], a.fault) for a in answers
    ]


def _backup_list(settings: Settings) -> Any:
    keyring = Keyring.of(settings.paths)

    def lines(target: str) -> list[str]:
        found = repository(target, settings, keyring).snapshots(unreadable_too=True)
        return [
            f"{snapshot.id[:8]}  {snapshot.taken_at:%Y-%m-%d %H:%M} UTC  number {snapshot.number}"
            for snapshot in reversed(found)
        ]

    return _of_each_target(settings, lines)


def _backup_verify(settings: Settings, *how: str) -> Any:
    keyring = Keyring.of(settings.paths)

    def lines(target: str) -> list[str]:
        done = drill(target, settings, keyring, at=utcnow(), all_bytes="all-bytes" in how)
        return [f"number {done.number} of {done.made_at:%Y-%m-%d %H:%M} UTC is whole: {done.rows} rows"]

    return _of_each_target(settings, lines)


def _of_each_target(settings: Settings, lines: Callable[[str], list[str]]) -> list[dict[str, Any]]:
    answers = []
    for target in settings.backup.targets:
        try:
            answers.append(_told(target, lines(target)))
        except WellhouseError as e:
            answers.append(_told(target, [], e.sentence))
    return answers


def _told(target: str, lines: list[str], fault: str = "") -> dict[str, Any]:
    return {"target": target, "lines": lines, "fault": fault}


_STEPS = {
    "backup-list": _backup_list,
    "look-at-mail": _look_at_mail,
    "migrate": _migrate,
    "open-database": _open_database,
    "verify-audit": _verify_audit,
    "demo": _demo,
    "setup-link": _setup_link,
}

# These need to know where the settings came from.
_STEPS_WITH_CONFIG = {"backup-now": _backup_now}

# These are told more.
_STEPS_ABOUT: dict[str, Callable[..., Any]] = {
    "alert": _alert,
    "backup-verify": _backup_verify,
    "recover-account": _recover_account,
    "test-mail": _test_mail,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m appliance.portal_steps", description=__doc__)
    parser.add_argument("step", choices=sorted([*_STEPS, *_STEPS_WITH_CONFIG, *_STEPS_ABOUT]))
    parser.add_argument("config", type=Path)
    parser.add_argument("about", nargs="*")
    given = parser.parse_args()
    try:
        settings = load(given.config)
        if given.step in _STEPS_WITH_CONFIG:
            answer = _STEPS_WITH_CONFIG[given.step](settings, given.config)
        elif given.step in _STEPS_ABOUT:
            answer = _STEPS_ABOUT[given.step](settings, *given.about)
        else:
            answer = _STEPS[given.step](settings)
    except WellhouseError as e:
        print(json.dumps({"refused": e.sentence}))
        return REFUSED
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
