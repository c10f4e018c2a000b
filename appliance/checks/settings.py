"""The settings, and whether the files made from them are up to date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from appliance.box import Box
from appliance.checks.finding import Finding, error, ok
from appliance.configure.apply import configuration_files
from core.addresses import interface_addresses, relay_address
from webapp.account.breached import BreachedList, Unusable


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    stale = [file.path for file in configuration_files(box.settings, box.config) if file.stale]
    if stale:
        names = ", ".join(path.name for path in stale)
        yield error(f"{names}: not what the settings ask for.", "Run “wellhouse configure” and restart the appliance.")
    else:
        yield ok(f"{box.config} is understood, and every file made from it is up to date.")
    yield from _addresses(box)
    mail = box.settings.mail
    if mail.password_file and not Path(mail.password_file).is_file():
        yield error(f"mail.password_file names {mail.password_file}, which is not there.", "Put the password there.")
    if box.settings.passwords.breached_file:
        try:
            BreachedList(Path(box.settings.passwords.breached_file)).judge()
        except Unusable as e:
            yield error(e.sentence, "Until then nobody can choose a new password.")


def _addresses(box: Box) -> Iterator[Finding]:
    own = {*interface_addresses(), "127.0.0.1", "::1"}
    foreign = [
        address for address in (*box.settings.rtc.addresses, relay_address(box.settings.rtc)) if address not in own
    ]
    for address in dict.fromkeys(foreign):
        yield error(
            f"[rtc] names {address}, which is not an address of this machine: visits would have no sound or picture.",
            f"Use one of {', '.join(sorted(own))}, or leave the setting out, and run “wellhouse configure”.",
        )
