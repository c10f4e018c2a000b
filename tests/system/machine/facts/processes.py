"""What runs, as whom, and with what rights."""

from __future__ import annotations

from tests.system.machine.facts.fact import Fact, equal, fact, none
from tests.system.machine.look import Look

RUNS_AS = {
    "portal": "wellhouse",
    "worker": "wellhouse",
    "backup": "wellhouse",
    "rtc": "wellhouse-rtc",
    "coturn": "wellhouse-turn",
}
ROOTS = {"supervisord": "supervisord", "nginx": "nginx's master"}


def _users(look: Look, part: str) -> set[str]:
    return {process.user for process in look.part(part)}


def _of(part: str, user: str) -> list[Fact]:
    return [
        equal(f"{part} runs as {user}", lambda look: _users(look, part), {user}),
        equal(
            f"{part} has no right of root's",
            lambda look: {process.status["CapEff"].strip("0") for process in look.part(part)},
            {""},
        ),
        _confined(part),
    ]


def _confined(part: str) -> Fact:
    # NoNewPrivs: no program that runs as somebody else gives it more; Seccomp 2: only the system calls that are listed.
    return equal(
        f"{part} can never gain rights, and its system calls are limited",
        lambda look: {(process.status["NoNewPrivs"], process.status["Seccomp"]) for process in look.part(part)},
        {("1", "2")},
    )


def _nginx_workers(look: Look) -> set[str]:
    return {process.user for process in look.part("nginx") if "worker process" in process.command}


FACTS: tuple[Fact, ...] = (
    *(each for part, user in RUNS_AS.items() for each in _of(part, user)),
    *(_confined(part) for part in ROOTS),
    equal("nginx's workers run as wellhouse-web", _nginx_workers, {"wellhouse-web"}),
    fact(
        "the portal has two workers and a master",
        lambda look: len(look.part("portal")) >= 3,
        lambda look: len(look.part("portal")),
    ),
    none(
        "no secret stands in a command line or an environment",
        lambda look: [
            process.pid
            for process in look.processes
            if (key := look.says("cat /etc/wellhouse/keys/master.key")) and key in process.command + process.environment
        ],
    ),
    none(
        "no part runs in debug mode",
        lambda look: [p.command for p in look.processes if "DEBUG" in p.environment or "--debug" in p.command],
    ),
    none(
        "the programs of the distribution's own nginx and coturn do not run beside ours",
        lambda look: [
            p.command
            for p in look.processes
            if ("/etc/nginx/nginx.conf" in p.command or "/etc/turnserver.conf" in p.command)
        ],
    ),
    none(
        "no part has ended and been started again",
        lambda look: look.says(
            "grep -hE 'exited: (rtc|coturn|portal|worker|backup|nginx)' /var/log/wellhouse/supervisord.log "
            "| grep -v 'expected' | head -3"
        ),
    ),
)
