"""A whole appliance in one folder: its settings file, with every port counted from one base."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from core.addresses import LOOPBACK, interface_addresses
from core.errors import Refused
from core.setting_rules import SOCKET_PATH_MAX
from core.settings import (
    Paths,
    Ports,
    SettingError,
    Settings,
    load,
    parse,
)

HTTPS_PORT = 8443
PORTS_APART = 50  # bases this far apart can run side by side
KEPT_UP = "# Kept up to date by “wellhouse up”. Remove this line and the file is yours: it is then left as it is.\n"

_RELAY_OFFSETS = (10, 49)


@dataclass(frozen=True)
class Wishes:
    """What the command line says of a folder's appliance; None where it says nothing."""

    https_port: int | None = None
    hostname: str | None = None
    demo: bool = False


def settings_file(root: Path) -> Path:
    return root / "etc" / "wellhouse.toml"


def provide(root: Path, wishes: Wishes) -> Settings:
    """The settings of the appliance in *root*, absolute; the file is written if missing or kept up by us.

    Refused if the wishes contradict a file that a person has made their own, or would turn a real practice into a
    demonstration.
    """
    file = settings_file(root)
    before = load(file) if file.exists() else None
    if before and wishes.demo and not before.site.demo and before.paths.database_file.exists():
        raise Refused(
            f"{root} holds a practice that is not a demonstration. Choose another folder, as --root var/demo."
        )
    if before and not file.read_text(encoding="utf-8").startswith(KEPT_UP):
        _refuse_contradiction(file, before, wishes)
        return before
    settings = wanted(root, wishes, before)
    text = KEPT_UP + as_toml(settings)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(file)
    return load(file)


def wanted(root: Path, wishes: Wishes, before: Settings | None) -> Settings:
    """Settings for *root*: what is wished, else what was before, else the defaults of a folder."""
    https = before.ports.https if before else HTTPS_PORT
    if wishes.https_port is not None:
        https = wishes.https_port
    hostname = wishes.hostname or (before.site.hostname if before else "localhost")
    highest = 65535 - _RELAY_OFFSETS[1]
    if not 1 <= https <= highest:
        raise SettingError(f"--https-port must lie between 1 and {highest}: the other ports are counted up from it.")
    base = before or Settings()
    return replace(
        base,
        site=replace(
            base.site,
            hostname=hostname,
            other_names=_machine_names(hostname),
            demo=wishes.demo or base.site.demo,
        ),
        ports=Ports(
            https=https,
            http=0,
            turn=https + 1,
            media=https + 2,
            relay_first=https + _RELAY_OFFSETS[0],
            relay_last=https + _RELAY_OFFSETS[1],
        ),
        paths=Paths(
            etc=str(root / "etc"),
            data=str(root / "data"),
            keys=str(root / "keys"),
            run=str(_run_folder(root)),
            log=str(root / "log"),
        ),
    )


def as_toml(settings: Settings) -> str:
    """The settings that differ from their defaults, as wellhouse.toml has them."""
    lines: list[str] = []
    for section in fields(Settings):
        values, default = getattr(settings, section.name), getattr(Settings(), section.name)
        changed = [f for f in fields(values) if getattr(values, f.name) != getattr(default, f.name)]
        if changed:
            lines += ["", f"[{section.name}]", *(f"{f.name} = {_value(getattr(values, f.name))}" for f in changed)]
    return "\n".join([*lines, ""])


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return json.dumps(value)  # TOML's texts, whole numbers and booleans are written as JSON's


def _refuse_contradiction(file: Path, before: Settings, wishes: Wishes) -> None:
    for option, wish, present, name in (
        ("--https-port", wishes.https_port, before.ports.https, "ports.https"),
        ("--hostname", wishes.hostname, before.site.hostname, "site.hostname"),
        ("--demo", wishes.demo or None, before.site.demo, "site.demo"),
    ):
        if wish is not None and wish != present:
            raise Refused(f"{option} contradicts {file}, where {name} is {present}. Change it there, or leave it out.")


def _machine_names(hostname: str) -> tuple[str, ...]:
    """Names under which phones on the LAN and browsers here may open a folder's appliance. Nobody types IPv6."""
    found = []
    addresses = (address for address in interface_addresses() if ":" not in address)
    for name in (hostname, "localhost", LOOPBACK, socket.gethostname().lower(), *addresses):
        try:
            parse({"site": {"hostname": name}})
        except SettingError:
            continue  # a machine may have a name that is none in DNS, as with an underscore
        found.append(name)
    return tuple(name for name in dict.fromkeys(found) if name != hostname)


def _run_folder(root: Path) -> Path:
    """``root/run``, or a short folder under /tmp or XDG_RUNTIME_DIR where its sockets' paths would be too long."""
    usual = root / "run"
    if len(os.fsencode(Paths(run=str(usual)).signalling_socket)) <= SOCKET_PATH_MAX:
        return usual
    name = "wellhouse-" + hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / name
    short = Path(f"/tmp/{name}-{os.getuid()}")  # noqa: S108  # made and checked below
    short.mkdir(mode=0o700, exist_ok=True)
    status = short.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise Refused(f"{short} belongs to somebody else. Remove it, or choose a --root with a shorter path.")
    return short
