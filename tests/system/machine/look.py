"""What can be seen of the machine, each thing looked at once: facts are judged by this and by nothing else."""

from __future__ import annotations

import functools
import json
import re
import shlex
import subprocess
import tomllib
from dataclasses import dataclass, field
from typing import Any

from tests.system.clean_machine import CleanMachine
from tests.system.machine.guest import MACHINE_ADDRESS, Guest

PLACES = ("/etc/wellhouse", "/run/wellhouse", "/var/lib/wellhouse", "/var/log/wellhouse", "/run/wellhouse-postgresql")


class Skip(Exception):
    """What this machine's kernel does not let us see, as a reason."""


class NotAsked(Exception):
    """A fact about something that this machine was not to have."""


@dataclass(frozen=True)
class Entry:
    """A file or folder: *kind* as find's %y has it (f, d, l, s), *mode* in octal digits."""

    kind: str
    mode: str
    owner: str
    group: str

    def __str__(self) -> str:
        return f"{self.kind} {self.mode} {self.owner}:{self.group}"


@dataclass(frozen=True)
class Process:
    """*status* has the lines of /proc/PID/status by name."""

    pid: int
    user: str
    command: str
    status: dict[str, str]
    environment: str


@dataclass(frozen=True)
class Answer:
    """What the site answered: its status, its headers by small-letter name (cookies apart), its body."""

    status: int
    headers: dict[str, str]
    cookies: tuple[str, ...]
    body: str


@dataclass(frozen=True)
class Port:
    """Somebody listens: *transport* is tcp or udp."""

    transport: str
    address: str
    number: int
    program: str

    @property
    def on_loopback(self) -> bool:
        return self.address.strip("[]") == "::1" or self.address.startswith("127.")


@dataclass(frozen=True)
class Look:
    """One machine at one moment. Nothing is asked twice."""

    machine: CleanMachine
    guest: Guest
    told: dict[str, str] = field(default_factory=dict)

    def says(self, command: str) -> str:
        """What *command* prints in the machine, stripped; also if it fails."""
        if command not in self.told:
            self.told[command] = self.machine.run(command).output.strip()
        return self.told[command]

    def at_guest(self, *command: str) -> str:
        """What *command* prints at the neighbour's, with its complaints."""
        key = "guest$ " + shlex.join(command)
        if key not in self.told:
            done = self.guest.run(*command)
            self.told[key] = done.stdout + done.stderr
        return self.told[key]

    @functools.cached_property
    def settings(self) -> dict[str, Any]:
        return tomllib.loads(self.says("cat /etc/wellhouse/wellhouse.toml"))

    @functools.cached_property
    def answers(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.says("cat /etc/wellhouse/install.json"))
        return found

    @property
    def name(self) -> str:
        return str(self.settings["site"]["hostname"])

    @functools.cached_property
    def entries(self) -> dict[str, Entry]:
        listed = self.says(
            f"find {' '.join(PLACES)} -path '*/postgresql/*' -prune -o -printf '%p\\t%y\\t%m\\t%u\\t%g\\n'"
        )
        rows = (line.split("\t") for line in listed.splitlines() if line.count("\t") == 4)
        return {row[0]: Entry(*row[1:]) for row in rows}

    def entry(self, path: str) -> Entry | None:
        """The file at *path*, wherever it lies."""
        if path in self.entries:
            return self.entries[path]
        found = self.says(f"find {shlex.quote(path)} -maxdepth 0 -printf '%y\\t%m\\t%u\\t%g' 2>/dev/null")
        return Entry(*found.split("\t")) if found else None

    @functools.cached_property
    def accounts(self) -> dict[str, list[str]]:
        """Lines of the account database by name, split at the colons."""
        lines = self.says("getent passwd").splitlines()
        return {line.split(":")[0]: line.split(":") for line in lines}

    def groups_of(self, user: str) -> set[str]:
        return set(self.says(f"id --groups --name {user}").split())

    def unit(self, name: str) -> dict[str, str]:
        """Properties of a unit."""
        return dict(line.split("=", 1) for line in self.says(f"systemctl show {name}").splitlines() if "=" in line)

    @functools.cached_property
    def processes(self) -> list[Process]:
        told = self.says(
            "for p in /proc/[0-9]*; do test -r $p/status || continue; "
            "printf '\\001%s\\002%s\\002' ${p#/proc/} \"$(stat -c %U $p)\"; tr '\\0' ' ' < $p/cmdline; printf '\\002'; "
            "cat $p/status; printf '\\002'; tr '\\0' ' ' < $p/environ; done 2>/dev/null"
        )
        found = []
        for record in told.split("\001")[1:]:
            pid, user, command, status, environment = record.split("\002")
            lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
            found.append(
                Process(int(pid), user, command.strip(), {k: v.strip() for k, v in lines.items()}, environment)
            )
        return found

    def part(self, name: str) -> list[Process]:
        """The processes of one part, by a word that only its command line has."""
        word = {
            "portal": "webapp.wsgi:app",
            "worker": "-m webapp.queue",
            "rtc": "-m rtc ",
            "coturn": "turnserver",
            "backup": "appliance.backup.keeper",
            "nginx": "nginx:",
            "supervisord": "supervisor.supervisord",
        }[name]
        # nginx's program name alone would also be its master's launcher.
        return [process for process in self.processes if word in process.command]

    @functools.cached_property
    def ports(self) -> list[Port]:
        """Who listens, as this side of the machine's network sees it."""
        listed = subprocess.run(
            ["nsenter", f"--net=/proc/{self.machine.leader}/ns/net", "ss", "--no-header", "-lntup"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        found = []
        for row in (line.split() for line in listed.splitlines()):
            address, _, number = row[4].rpartition(":")
            program = re.search(r'\(\("([^"]+)"', row[-1])
            found.append(Port(row[0], address.partition("%")[0], int(number), program[1] if program else "?"))
        return found

    def get(self, path: str, *options: str, host: str = "", scheme: str = "https") -> Answer:
        """What the neighbour's curl gets for *path*; status 0 if there is no answer."""
        name = host or self.name
        port = 443 if scheme == "https" else 80
        resolve = ["--resolve", f"{name}:{port}:{MACHINE_ADDRESS}"]
        curl = ["curl", "--silent", "--insecure", "--include", "--http1.1", "--max-time", "10"]
        said = self.at_guest(*curl, *resolve, *options, f"{scheme}://{name}{path}")
        head, _, body = said.replace("\r\n", "\n").partition("\n\n")
        lines = head.splitlines()
        if not lines or not lines[0].startswith("HTTP/"):
            return Answer(0, {}, (), said)
        pairs = [line.split(": ", 1) for line in lines[1:] if ": " in line]
        cookies = tuple(value for name_, value in pairs if name_.lower() == "set-cookie")
        headers = {name_.lower(): value for name_, value in pairs if name_.lower() != "set-cookie"}
        return Answer(int(lines[0].split()[1]), headers, cookies, body)

    def greets(self, *options: str, name: str = "") -> str:
        """What openssl's client says of a TLS greeting to the site."""
        given = ["-connect", f"{MACHINE_ADDRESS}:443", "-servername", name or self.name, *options]
        return self.at_guest("sh", "-c", f"echo | timeout 10 openssl s_client {shlex.join(given)} 2>&1")

    def reaches(self, port: int) -> bool:
        """Whether a TCP connection from the neighbour comes about."""
        told = self.at_guest("timeout", "3", "bash", "-c", f": </dev/tcp/{MACHINE_ADDRESS}/{port} && echo open")
        return "open" in told
