"""wellhouse configure: make the box's files what its settings say, and its database what this version expects."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from appliance import health, portal_steps
from appliance.box import Box
from appliance.certificates.reloading import reload, shown_is_older
from appliance.commands.target import target
from appliance.configure.apply import apply
from appliance.firewall import guard, nft
from appliance.firewall.rules import rules_file
from appliance.supervisor import control
from core.clock import utcnow

HELP = "write nginx's, coturn's and supervisor's configuration, make missing keys, bring the database up to date"


def add(_parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(given: argparse.Namespace) -> int:
    """Prints one line for each change; “nothing to change” if there was none. A running nginx is told of its own."""
    box = target(given)
    applied = apply(box.settings, box.config, at=utcnow())
    for path in applied.changed:
        print(f"changed {path}")
    if applied.made_master_key:
        print(
            f"{box.settings.paths.master_key} is new, and nothing opens without it: print “wellhouse recovery-sheet”."
        )
    migrations = portal_steps.run("migrate", box.settings, box.config)
    for name in migrations:
        print(f"changed the database: {name}")
    told = _tell_nginx(box, applied.changed)
    told |= _tell_firewall(box, applied.changed)
    if not (applied.changed or migrations or told):
        print("nothing to change")
    return 0


def _tell_firewall(box: Box, changed: tuple[Path, ...]) -> bool:
    """Have the kernel take changed rules, if it has any of ours: whoever put them there wants them up to date."""
    file = rules_file(box.settings)
    if file not in changed or os.geteuid() != 0 or nft.compare(file) is not nft.Loaded.DIFFERENT:
        return False
    guard.refuse_to_lock_out(box.settings)
    nft.load(file)
    print(f"changed the firewall: the kernel has the rules of {file}")
    return True


def _tell_nginx(box: Box, changed: tuple[Path, ...]) -> bool:
    """Have a running nginx read its configuration anew if that, or the certificate, is no longer what it uses."""
    if not health.nginx_answers(box.settings) or not (box.places.nginx_conf in changed or shown_is_older(box)):
        return False
    try:
        control.parts(box.places.supervisor_socket)
    except control.NotRunning:
        return False  # another appliance's nginx holds the port; the checks say so
    reload(box)
    print("changed nginx: it reads its configuration and certificate anew, and no call is dropped")
    return True
