"""Closed sets without leftovers, and settings that explain themselves."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from core.settings import Settings, setting
from tests.rules.source import ROOT, texts
from webapp.audit.events import Action
from webapp.outbox.models import MailTemplate, NoticeKind


def everywhere() -> list[tuple[str, str]]:
    """The modules of the packages that may write into the database."""
    return [*texts(".py"), *texts(".py", ROOT / "appliance")]


def unused(names: Iterable[str], sources: Iterable[tuple[str, str]], *, enum: str, home: str) -> set[str]:
    """Members of *enum* that nothing outside its *home* names."""
    everything = "\n".join(text for path, text in sources if path != home)
    used = set(re.findall(rf"\b{enum}\.([A-Z_]+)\b", everything))
    return set(names) - used


def test_every_kind_of_event_is_recorded_somewhere() -> None:
    where = {"enum": "Action", "home": "webapp/audit/events.py"}
    assert unused(["PLANTED", "SIGNED_IN"], everywhere(), **where) == {"PLANTED"}
    assert unused(Action.__members__, everywhere(), **where) == set()


def test_every_kind_of_notice_is_sent_somewhere() -> None:
    where = {"enum": "NoticeKind", "home": "webapp/outbox/models.py"}
    assert unused(NoticeKind.__members__, everywhere(), **where) == set()


def test_every_mail_is_posted_somewhere_and_has_its_words() -> None:
    where = {"enum": "MailTemplate", "home": "webapp/outbox/models.py"}
    assert unused(MailTemplate.__members__, everywhere(), **where) == set()
    files = {file.stem for file in (ROOT / "webapp/outbox/mails").glob("*.txt")}
    assert files == {template.value for template in MailTemplate}


def without_prose(root: type) -> list[str]:
    """Settings of the sections of *root* that no sentence explains."""
    found = []
    for section in dataclasses.fields(root):
        kind = section.default_factory
        assert isinstance(kind, type)
        if not (kind.__doc__ or "").strip() or (kind.__doc__ or "").startswith(f"{kind.__name__}("):
            found.append(section.name)
        for field in dataclasses.fields(kind):
            prose = field.metadata.get("prose", "")
            if not prose.endswith(".") or len(prose) < len("Lanes."):
                found.append(f"{section.name}.{field.name}")
    return found


def test_every_setting_has_its_sentence() -> None:
    @dataclasses.dataclass(frozen=True)
    class Section:
        good: str = setting("What this setting is for.", "")
        bad: str = dataclasses.field(default="")

    @dataclasses.dataclass(frozen=True)
    class Planted:
        section: Section = dataclasses.field(default_factory=Section)

    assert without_prose(Planted) == ["section", "section.bad"]
    assert without_prose(Settings) == []
