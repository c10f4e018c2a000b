"""The encrypted database: connections, fields, units of work, migrations, triggers."""
