"""Changing one setting in wellhouse.toml and leaving every other line, and every comment, as a person wrote it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from appliance.configure.files import Owner, write
from core.errors import Refused

_SECTION = re.compile(r"^\s*\[([^\[\]]+)\]\s*(#.*)?$")


def change_setting(file: Path, section: str, name: str, value: str) -> bool:
    """Have *file* say ``name = "value"`` in *section*; whether it said something else before.

    Refused, with the file untouched, if its form is one in which the line cannot be found.
    """
    text = file.read_text(encoding="utf-8")
    before = tomllib.loads(text)
    if before.get(section, {}).get(name) == value:
        return False
    wanted = {**before, section: {**before.get(section, {}), name: value}}
    changed = _with_line(text, section, name, f"{name} = {json.dumps(value)}")
    try:
        understood = tomllib.loads(changed) == wanted
    except tomllib.TOMLDecodeError:
        understood = False
    if not understood:
        raise Refused(
            f"{file} is written in an unusual form. Put {name} = {json.dumps(value)} into [{section}] yourself."
        )
    status = file.stat()
    return write(file, changed.encode(), mode=status.st_mode & 0o7777, own=Owner(status.st_uid, status.st_gid))


def _with_line(text: str, section: str, name: str, line: str) -> str:
    lines, inside, heading = text.splitlines(), False, None
    assignment = re.compile(rf"^\s*{re.escape(name)}\s*=")
    for number, present in enumerate(lines):
        if found := _SECTION.match(present):
            inside = found[1].strip() == section
            heading = number if inside else heading
        elif inside and assignment.match(present):
            lines[number] = line
            return "\n".join(lines) + "\n"
    if heading is None:
        return "\n".join([*lines, "", f"[{section}]", line]) + "\n"
    return "\n".join([*lines[: heading + 1], line, *lines[heading + 1 :]]) + "\n"
