"""Answers that come with the command: options, and a file."""

from __future__ import annotations

import argparse
import difflib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from appliance.install.questions import QUESTIONS
from core.errors import Invalid

# The long texts are install.sh's own page, docs/INSTALL.md and the questions themselves.
_SEVERAL = ("backup", "other-names", "ssh-port")  # may be given more than once


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Invalid(f"{message}. ./install.sh --help shows what can be given.")


def options(arguments: Sequence[str]) -> dict[str, str]:
    """Texts by question from the options, which go before those of the --answers file; Invalid names a wrong one."""
    parser = _Parser(prog="install.sh", add_help=False, allow_abbrev=False)
    parser.add_argument("--answers", type=Path, metavar="FILE")
    for question in QUESTIONS:
        several = question.name in _SEVERAL
        parser.add_argument(f"--{question.name}", metavar=question.placeholder, action="append" if several else "store")
    parsed = vars(parser.parse_args(arguments))
    found = answers_file(parsed["answers"]) if parsed["answers"] else {}
    for question in QUESTIONS:
        value = parsed[question.name.replace("-", "_")]
        if value is not None:
            found[question.name] = ",".join(value) if isinstance(value, list) else value
    return found


def answers_file(file: Path) -> dict[str, str]:
    """Texts by question from a TOML file, its keys as the options are called; Invalid names what is wrong in it."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as e:
        why = e.strerror if isinstance(e, OSError) else "it is no text"
        raise Invalid(f"{file} cannot be read: {why}. Name the answers file with --answers.") from e
    except tomllib.TOMLDecodeError as e:
        raise Invalid(f'{file} is not valid TOML: {e}. A line in it is as  hostname = "care.clinic.example"') from e
    known = {question.name for question in QUESTIONS}
    found = {}
    for key, value in table.items():
        name = key.replace("_", "-")
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(sorted(known))}."
            raise Invalid(f"{file}: {key} is not a question. {hint}")
        found[name] = _text(file, key, value)
    return found


def _text(file: Path, key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, list) and all(type(item) in (str, int) for item in value):
        return ",".join(map(str, value))
    raise Invalid(f"{file}: {key} must be a text, a number, true or false, or a list of texts, not {value!r}.")
