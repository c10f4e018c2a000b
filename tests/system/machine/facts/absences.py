"""What must not be there."""

from __future__ import annotations

from tests.system.machine.facts.fact import Fact, fact, none

KEY = "$(cat /etc/wellhouse/keys/master.key)"


def _finds(name: str, command: str) -> Fact:
    return none(name, lambda look: look.says(command))


FACTS: tuple[Fact, ...] = (
    _finds("no default site of nginx is served", "grep -rl sites-enabled /etc/wellhouse"),
    fact(
        "coturn has no console", lambda look: "no-cli" in look.says("cat /etc/wellhouse/turnserver.conf").splitlines()
    ),
    fact(
        "coturn relays no TCP",
        lambda look: "no-tcp-relay" in look.says("cat /etc/wellhouse/turnserver.conf").splitlines(),
    ),
    fact(
        "coturn reaches no groups of addresses",
        lambda look: "no-multicast-peers" in look.says("cat /etc/wellhouse/turnserver.conf").splitlines(),
    ),
    _finds("coturn tells strangers no version", "grep -L no-software-attribute /etc/wellhouse/turnserver.conf"),
    _finds(
        "there is no demonstration",
        "ls -d /var/lib/wellhouse-demo /etc/systemd/system/wellhouse-demo.service 2>/dev/null",
    ),
    fact("the site is not marked as a demonstration", lambda look: not look.settings["site"].get("demo", False)),
    _finds("the release holds no tests", "ls -d /opt/wellhouse/current/source/tests 2>/dev/null"),
    _finds("the release holds no history", "ls -d /opt/wellhouse/current/source/.git 2>/dev/null"),
    _finds(
        "the release has no tools for tests",
        "ls /opt/wellhouse/current/venv/bin/pytest /opt/wellhouse/current/venv/bin/playwright 2>/dev/null",
    ),
    _finds("no compiler was installed", "command -v gcc cc make"),
    _finds("the master key stands in no log", f"grep -rlsF {KEY} /var/log"),
    _finds(
        "the master key stands in no file but its own",
        f"grep -rlsF {KEY} /etc /opt /srv /var/lib /var/tmp /tmp /root --exclude=master.key",
    ),
    _finds("the journal does not know the master key", f"journalctl --no-pager -o cat | grep -F {KEY} | head -1"),
    _finds(
        "no log holds an address of a visitor",
        "grep -rlsF 192.0.2.2 /var/log/wellhouse/nginx.log /var/log/wellhouse/portal.log",
    ),
    _finds(
        "no memory was written to the disk",
        "find / -xdev -name 'core.[0-9]*' -o -path /var/lib/systemd/coredump/core* 2>/dev/null | head -3",
    ),
    _finds("nothing was left in /tmp", "ls -A /tmp | grep -v ^systemd-private- | grep -i wellhouse"),
    _finds(
        "no unfinished file lies about",
        "find /etc/wellhouse /var/lib/wellhouse -name '*.partial' -o -name '.*.new' | head",
    ),
    _finds("no timer or job of others was made", "grep -rls wellhouse /etc/cron* /var/spool/cron 2>/dev/null"),
)
