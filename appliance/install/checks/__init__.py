"""Everything that can be known to go wrong, looked at before anything is changed, and told all at once.

Each finding is a sentence and what to do about it. An error stands in the way; a warning is said and gone past.
"""

from __future__ import annotations

from appliance.checks.finding import Finding
from appliance.install.checks import (
    backup,
    certificate,
    changes,
    clock,
    firewall,
    keys,
    mail,
    names,
    ports,
    storage,
    system,
    visits,
)
from appliance.install.checks.plan import Plan

_SUBJECTS = (system, storage, keys, changes, clock, names, ports, firewall, certificate, mail, backup, visits)


def findings(plan: Plan) -> list[Finding]:
    """What all subjects have to say, in their order."""
    return [finding for subject in _SUBJECTS for finding in subject.check(plan)]
