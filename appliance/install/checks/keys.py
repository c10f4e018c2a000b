"""What protects the master key: that the machine has it, and that a passphrase is long enough to be taken."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.checks.finding import Finding, error, ok, warning
from appliance.install.answers import Protection
from appliance.install.checks.plan import Plan

PASSPHRASE_SIGNS = 12  # as wellhouse keys protect asks for; it judges the words themselves too


def check(plan: Plan) -> Iterator[Finding]:
    protection = plan.answers.protection
    if protection is Protection.TPM2 and not plan.facts.tpm2:
        yield error(
            "This machine shows no TPM2, to which the master key should be sealed.",
            "Switch it on in the firmware's set-up (a virtual machine: add one), or take passphrase or file.",
        )
    elif protection is Protection.FILE:
        yield warning(
            "The master key will lie in a file: whoever steals the system's disk can open the record.",
            "Take tpm2 where there is one, or passphrase. “wellhouse keys protect” changes it later too.",
        )
    else:
        yield ok(f"The master key will be protected by {protection}.")
    secret = plan.answers.passphrase
    if secret is not None and len(secret.text) < PASSPHRASE_SIGNS:
        yield error(
            "The passphrase is short.", f"Take {PASSPHRASE_SIGNS} signs or more; five words at random are good."
        )
