"""Who owns what, and who may read it."""

from __future__ import annotations

from tests.system.machine.facts.fact import Fact, equal, fact, none
from tests.system.machine.look import Look, NotAsked

ETC, KEYS, DATA = "/etc/wellhouse", "/etc/wellhouse/keys", "/var/lib/wellhouse"
RUN, LOG = "/run/wellhouse", "/var/log/wellhouse"


def _is(path: str, what: str, kind: str, mode: str, owner: str, group: str = "") -> Fact:
    wanted = f"{kind} {mode} {owner}:{group or owner}"
    return equal(f"{path}: {what}", lambda look: str(look.entry(path)), wanted)


def _on(engine: str, wanted: Fact) -> Fact:
    def seen(look: Look) -> str:
        if look.answers["wellhouse_database"] != engine:
            raise NotAsked(f"this machine's database is not {engine}")
        return wanted.seen(look)

    return Fact(wanted.name, seen)


def _open_secrets(look: Look) -> list[str]:
    public = {f"{ETC}/pages", f"{ETC}/nginx.conf", f"{ETC}/wellhouse.toml"}
    return [
        f"{path} {entry}"
        for path, entry in look.entries.items()
        if path.startswith((KEYS, f"{ETC}/secrets", f"{ETC}/certificates", DATA, LOG))
        and path not in public
        and entry.kind == "f"
        and entry.mode[-1] != "0"
        and not path.endswith((".crt", ".pem"))
    ]


def _mode(look: Look, path: str) -> str:
    return look.entries[path].mode[-3:]


FACTS: tuple[Fact, ...] = (
    _is(ETC, "the settings' folder is root's", "d", "755", "root"),
    _is(f"{ETC}/wellhouse.toml", "only root changes the settings", "f", "644", "root"),
    fact(
        f"{ETC}/install.json: only root changes what the installation was told",
        lambda look: str(look.entry(f"{ETC}/install.json")) in ("f 600 root:root", "f 644 root:root"),
        lambda look: look.entry(f"{ETC}/install.json"),
    ),
    _is(KEYS, "the keys' folder is closed to all but the portal's group", "d", "750", "root", "wellhouse"),
    _is(f"{KEYS}/master.key", "only the portal reads the master key", "f", "400", "wellhouse"),
    _is(f"{KEYS}/grant-keys.json", "the group reads the public keys, nobody writes", "f", "440", "root", "wellhouse"),
    _is(f"{ETC}/nginx.conf", "only root changes nginx's configuration", "f", "644", "root"),
    _is(f"{ETC}/supervisord.conf", "supervisord's configuration is root's", "f", "600", "root"),
    _is(f"{ETC}/turnserver.conf", "only coturn reads its configuration", "f", "400", "wellhouse-turn"),
    _is(f"{ETC}/pages", "nginx's own pages are root's", "d", "755", "root"),
    _on("sqlite", _is(DATA, "the data are the portal's; the group passes through", "d", "710", "wellhouse")),
    _on("postgresql", _is(DATA, "the data are the portal's; PostgreSQL passes through", "d", "711", "wellhouse")),
    _on("sqlite", _is(f"{DATA}/wellhouse.db", "only the portal reads the database", "f", "600", "wellhouse")),
    _on("sqlite", _is(f"{DATA}/queue.db", "only the portal reads the worker's queue", "f", "600", "wellhouse")),
    _is(f"{DATA}/rtc", "the events' folder is the media server's", "d", "750", "wellhouse-rtc", "wellhouse"),
    _is(f"{DATA}/rtc/events.jsonl", "the events are copied by the group", "f", "640", "wellhouse-rtc", "wellhouse"),
    _is(f"{DATA}/backup", "the backups' workplace is the portal's", "d", "700", "wellhouse"),
    _is(LOG, "the logs' folder is root's", "d", "750", "root"),
    *(
        _is(f"{LOG}/{part}.log", f"only root reads what {part} says", "f", "600", "root")
        for part in ("rtc", "coturn", "portal", "worker", "backup", "nginx", "supervisord")
    ),
    _is(RUN, "nobody puts a socket in another's place", "d", "711", "root", "root"),
    _is(f"{RUN}/portal", "the portal's sockets are its own", "d", "750", "wellhouse", "wellhouse"),
    _is(f"{RUN}/portal/portal.sock", "the group reaches the portal", "s", "770", "wellhouse"),
    _is(f"{RUN}/rtc", "the media server's sockets are its own", "d", "750", "wellhouse-rtc", "wellhouse"),
    _is(f"{RUN}/rtc/signalling.sock", "the group reaches signalling", "s", "660", "wellhouse-rtc", "wellhouse"),
    _is(f"{RUN}/rtc/control.sock", "the group reaches the control socket", "s", "660", "wellhouse-rtc", "wellhouse"),
    _is(f"{RUN}/supervisor.sock", "only root tells supervisord anything", "s", "700", "root", "root"),
    _is(f"{RUN}/nginx", "nginx's folder is its own", "d", "700", "wellhouse-web"),
    _is(f"{RUN}/turn-guests", "coturn looks whom it may let in", "d", "2750", "wellhouse", "wellhouse-turn"),
    _is(f"{RUN}/turn-guests/guests.db", "coturn reads it and cannot write", "f", "640", "wellhouse", "wellhouse-turn"),
    _is(f"{RUN}/turn", "coturn's folder is its own", "d", "700", "wellhouse-turn"),
    _is("/opt/wellhouse", "the programs' folder is root's", "d", "755", "root"),
    _is("/opt/wellhouse/current", "a link says which release runs", "l", "777", "root"),
    _is("/usr/local/bin/wellhouse", "the command is on everybody's path", "l", "777", "root"),
    _is("/etc/systemd/system/wellhouse.service", "only root changes the unit", "f", "644", "root"),
    _is("/var/log/wellhouse-install.log", "only root reads the installation's log", "f", "600", "root"),
    none("no secret, record or log is open to everybody", _open_secrets),
    none(
        "nothing under the settings, sockets, data and logs can be written by everybody",
        lambda look: [
            f"{path} {entry}"
            for path, entry in look.entries.items()
            if entry.kind in "fd" and entry.mode[-1] in "2367" and not path.startswith("/run/wellhouse-postgresql")
        ],
    ),
    none(
        "no account of the appliance can change the programs",
        lambda look: look.says("find /opt/wellhouse /usr/local/bin ! -user root -o ! -type l -perm /022 | head"),
    ),
    none(
        "the programs hold no file that runs as somebody else",
        lambda look: look.says("find /opt/wellhouse /usr/local -type f -perm /6000 | head"),
    ),
)
