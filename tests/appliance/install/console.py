"""The questions as install.sh asks them, run by the system's own Python in a terminal of the tests.

    python3 console.py FOLDER [OPTION …]

Everything is written below FOLDER. The machine's own troubles are not asked for: while FOLDER/in-the-way exists, its
text stands in the way, else nothing does.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from appliance.checks.finding import Finding, error, ok
from appliance.install.__main__ import told_in_words
from appliance.install.checks.plan import Plan
from appliance.install.log import Log
from appliance.install.preparing import prepare
from appliance.install.record import Places
from core.clock import utcnow

FOLDER = Path(sys.argv[1])


def look_for(_plan: Plan) -> list[Finding]:
    in_the_way = FOLDER / "in-the-way"
    return [error(in_the_way.read_text(), "Take it away.")] if in_the_way.exists() else [ok("All is well.")]


def run() -> int:
    places = Places(FOLDER / "etc", FOLDER / "run", FOLDER / "run/passphrase")
    return prepare(sys.argv[2:], places, Log(FOLDER / "log", utcnow), now=utcnow, look_for=look_for)


sys.exit(told_in_words(run))
