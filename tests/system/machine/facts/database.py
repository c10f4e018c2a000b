"""The database: encrypted, or PostgreSQL with the least rights."""

from __future__ import annotations

from collections.abc import Callable

from tests.system.machine.facts.fact import Fact, equal, fact, none
from tests.system.machine.look import Look, NotAsked

AS_POSTGRES = "runuser -u postgres -- psql -X -A -t -h /run/wellhouse-postgresql"


def _asked(sql: str, database: str = "postgres") -> Callable[[Look], str]:
    def ask(look: Look) -> str:
        _require_postgresql(look)
        return look.says(f'{AS_POSTGRES} -d {database} -c "{sql}"')

    return ask


def _require_postgresql(look: Look) -> None:
    if look.answers["wellhouse_database"] != "postgresql":
        raise NotAsked("this machine's database is SQLCipher")


def _first_bytes(look: Look) -> str:
    if look.answers["wellhouse_database"] != "sqlite":
        raise NotAsked("this machine's database is PostgreSQL")
    return look.says("head -c 15 /var/lib/wellhouse/wellhouse.db | od -An -c | tr -d ' '")


def _lets_in(account: str, role: str, database: str) -> Callable[[Look], bool]:
    def tried(look: Look) -> bool:
        _require_postgresql(look)
        command = f"psql -X -A -t -h /run/wellhouse-postgresql -U {role} -d {database} -c 'SELECT 41 + 1'"
        return look.says(f"runuser -u {account} -- {command}") == "42"

    return tried


def _refuses(account: str, role: str, database: str) -> Fact:
    tried = _lets_in(account, role, database)
    return fact(f"PostgreSQL does not let {account} in as {role} to {database}", lambda look: not tried(look))


FACTS: tuple[Fact, ...] = (
    fact("the database's file is encrypted from its first byte", lambda look: "SQLite" not in _first_bytes(look)),
    none(
        "no file of the data is an open SQLite database",
        lambda look: look.says("grep -rlas 'SQLite format 3' /var/lib/wellhouse --include='*.db*' | head"),
    ),
    equal("PostgreSQL has no address", _asked("SHOW listen_addresses"), ""),
    equal("PostgreSQL keeps checksums", _asked("SHOW data_checksums"), "on"),
    equal("PostgreSQL logs no statement", _asked("SHOW log_statement"), "none"),
    equal("PostgreSQL logs no statement that failed", _asked("SHOW log_min_error_statement"), "panic"),
    equal("PostgreSQL's data lie with the other data", _asked("SHOW data_directory"), "/var/lib/wellhouse/postgresql"),
    equal(
        "the portal's role has no right beyond its database",
        _asked(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles "
            "WHERE rolname = 'wellhouse'"
        ),
        "f|f|f|f|f",
    ),
    equal(
        "there are two roles: PostgreSQL's own and the portal's",
        _asked("SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles WHERE rolcanlogin"),
        "postgres,wellhouse",
    ),
    equal(
        "the portal's role has no password", _asked("SELECT count(*) FROM pg_authid WHERE rolpassword IS NOT NULL"), "0"
    ),
    equal(
        "nobody else may connect to the database",
        _asked("SELECT has_database_privilege('public', 'wellhouse', 'CONNECT')"),
        "f",
    ),
    equal(
        "two lines say who may come in, and how",
        lambda look: (
            _require_postgresql(look),
            look.says("grep -hvE '^(#|$)' /etc/postgresql/*/wellhouse/pg_hba.conf | wc -l"),
        )[1],
        "2",
    ),
    fact("PostgreSQL lets the portal in", _lets_in("wellhouse", "wellhouse", "wellhouse")),
    _refuses("wellhouse-rtc", "wellhouse", "wellhouse"),
    _refuses("wellhouse-web", "wellhouse", "wellhouse"),
    _refuses("wellhouse-turn", "wellhouse", "wellhouse"),
    _refuses("wellhouse", "postgres", "postgres"),
    _refuses("wellhouse", "wellhouse", "postgres"),
)
