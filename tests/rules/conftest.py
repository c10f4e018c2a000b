from tests.webapp.conftest import (  # the portal's fixtures, for the rules about it
    app,
    compiled_once,
    database,
    log_corpus,
    master_key,
    migrated_postgres,
    migrated_sqlite,
    settings,
)

__all__ = [
    "app",
    "compiled_once",
    "database",
    "log_corpus",
    "master_key",
    "migrated_postgres",
    "migrated_sqlite",
    "settings",
]
