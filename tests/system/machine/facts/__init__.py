"""What must be true of a machine after ./install.sh, after the same again, and after a power cut."""

from __future__ import annotations

from tests.system.machine.facts import (
    absences,
    accounts,
    answers,
    database,
    files,
    firewall,
    network,
    processes,
    units,
    upkeep,
)
from tests.system.machine.facts.fact import Fact

FACTS: tuple[Fact, ...] = (
    *accounts.FACTS,
    *files.FACTS,
    *processes.FACTS,
    *network.FACTS,
    *answers.FACTS,
    *firewall.FACTS,
    *units.FACTS,
    *database.FACTS,
    *upkeep.FACTS,
    *absences.FACTS,
)
