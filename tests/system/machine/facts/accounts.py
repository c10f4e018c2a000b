"""Who there is on the machine."""

from __future__ import annotations

from tests.system.machine.facts.fact import Fact, equal, fact, none
from tests.system.machine.look import Look

USERS = {
    "wellhouse": "the portal",
    "wellhouse-rtc": "the media server",
    "wellhouse-turn": "coturn",
    "wellhouse-web": "nginx's workers",
}


def _of(user: str, of: str) -> list[Fact]:
    return [
        equal(f"the account of {of} has no shell", lambda look: look.accounts[user][6], "/usr/sbin/nologin"),
        equal(f"the account of {of} has no home", lambda look: look.accounts[user][5], "/nonexistent"),
        fact(
            f"the account of {of} is a system account",
            lambda look: 0 < int(look.accounts[user][2]) < 1000,
            lambda look: look.accounts[user][2],
        ),
        fact(
            f"nobody can sign in as {of} with a password",
            lambda look: _password(look, user).startswith(("!", "*")),
            lambda _look: "its field of /etc/shadow is open",
        ),
    ]


def _password(look: Look, user: str) -> str:
    return look.says(f"getent shadow {user}").split(":")[1]


FACTS: tuple[Fact, ...] = (
    *(each for user, of in USERS.items() for each in _of(user, of)),
    equal("the portal is in no group but its own", lambda look: look.groups_of("wellhouse"), {"wellhouse"}),
    equal("the media server is in the portal's group", lambda look: look.groups_of("wellhouse-rtc"), {"wellhouse"}),
    equal("coturn is in no group but its own", lambda look: look.groups_of("wellhouse-turn"), {"wellhouse-turn"}),
    equal("the web server's account has no group", lambda look: look.groups_of("wellhouse-web"), {"wellhouse-web"}),
    none("no account of the appliance may use sudo", lambda look: look.says("grep -rhs wellhouse /etc/sudoers*")),
    equal("only root has the number 0", lambda look: [n for n, a in look.accounts.items() if a[2] == "0"], ["root"]),
)
