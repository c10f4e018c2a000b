"""The relay lets the box in, and mail leaves. Nothing is sent to find out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from appliance import portal_steps
from appliance.box import Box
from appliance.checks.finding import Finding, error, ok, unless_demo, warning


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    mail, demo = box.settings.mail, box.settings.site.demo
    if not mail.host:
        finding = warning(
            "There is no mail relay: invitations are shown as links to pass on, and nobody is told when the box needs "
            "a look.",
            "Name the clinic's relay under [mail] in the settings.",
        )
        yield unless_demo(finding, demo=demo)
        return
    if not mail.sender:
        yield error("mail.sender is empty: no relay takes such mail.", "Name the address that mails come from.")
    if not mail.alerts_to:
        yield warning("Nobody is told when the box needs a look.", "Name the address of clinic IT in mail.alerts_to.")
    answer = portal_steps.run("look-at-mail", box.settings, box.config)
    where = f"{mail.host}, port {mail.port},"
    if answer["fault"]:
        yield error(f"The mail relay {where} {answer['fault']}", "Put [mail] right in the settings, or ask its keeper.")
    else:
        yield ok(f"The mail relay {where} lets the box in ({_how(mail.security)}).")
    if answer["waiting"]:
        yield warning(
            f"{answer['waiting']} mails have waited for more than an hour.",
            "They go out when the relay takes them; worker.log says what it answered.",
        )


def _how(security: str) -> str:
    return "not encrypted" if security == "none" else "encrypted, with a certificate that is trusted"
