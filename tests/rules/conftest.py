from tests.webapp.conftest import (  # the portal's fixtures, for the rules about it
    app,
    database,
    master_key,
    migrated_postgres,
    migrated_sqlite,
    settings,
)

__all__ = ["app", "database", "master_key", "migrated_postgres", "migrated_sqlite", "settings"]
