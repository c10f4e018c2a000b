"""First run: from the installer's one-time link to the first admin and the practice."""
