"""From the command to answers on disk: asking, looking at the machine, and only then writing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime

from appliance.checks.finding import Finding, Level
from appliance.install import checks, record, remembered, terminal
from appliance.install.answers import Answers, Secret
from appliance.install.checks.plan import Plan
from appliance.install.facts import look
from appliance.install.given import options
from appliance.install.log import Log
from appliance.install.questions import BY_NAME, Texts
from appliance.install.understood import completed, faults, missing, understand
from core.errors import Invalid

_MARKS = {Level.WARNING: "note", Level.ERROR: "STOP"}


def prepare(
    arguments: Sequence[str],
    places: record.Places,
    log: Log,
    *,
    now: Callable[[], datetime],
    look_for: Callable[[Plan], list[Finding]] = checks.findings,
) -> int:
    """0 when every answer is on disk and nothing stands in the way; 1 with all that does. Invalid: a wrong option."""
    given = options(arguments)
    if wrong := faults(given):
        raise Invalid("\n".join(f"--{name}: {sentence}" for name, sentence in wrong.items()))
    before = remembered.texts(places)
    # What was changed by hand into something unusable is asked again.
    before = {name: text for name, text in before.items() if name not in faults(before)}
    texts, typed, facts = {**before, **given}, dict[str, Secret](), look()

    def looked_at(whole: Texts) -> Answers | None:
        for name, text in whole.items():
            log.line(f"{BY_NAME[name].title}: {text or 'none'}")
        try:
            answers = understand(whole, typed)
            _, settings = record.merged(answers, places)
        except Invalid as e:
            print(f"\n  STOP  {e.sentence}")
            return None
        print("\nLooking at this machine and at what you named …")
        found = look_for(Plan(answers, settings, facts, places, before, now()))
        return answers if _tell(found, log) else None

    if sys.stdin.isatty() and sys.stdout.isatty():
        answers = terminal.confirm(texts, typed, facts, looked_at)
    else:
        if lacking := missing(texts, facts):
            asked = [(f"--{question.name} {question.placeholder}", question.title) for question in lacking]
            width = max(len(option) for option, _ in asked) + 3
            lines = [f"  {option:<{width}}{title}" for option, title in asked]
            raise Invalid("Nobody can be asked here, and these answers are missing:\n\n" + "\n".join(lines))
        found = looked_at(completed(texts, facts))
        if found is None:
            print("\nNothing was changed. Put right what stands above, then run the same command again.")
            return 1
        answers = found
    for file in record.write(answers, places):
        log.line(f"wrote {file}")
    if answers.passphrase is not None:
        record.hand_over(answers.passphrase, places)
    return 0


def _tell(found: Sequence[Finding], log: Log) -> bool:
    """Say what is worth knowing; whether nothing stands in the way."""
    for finding in found:
        log.line(f"{finding.level}: {finding.sentence} {finding.then}".rstrip())
        if finding.level in _MARKS:
            print(f"\n  {_MARKS[finding.level]}  {finding.sentence}\n        {finding.then}")
    return all(finding.level is not Level.ERROR for finding in found)
