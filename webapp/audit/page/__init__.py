"""The audit record for people: the admins' page, its export, and what clients see of who opened their record."""
