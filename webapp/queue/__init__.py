"""The worker: periodic jobs (huey) and followers. It is only the ticker; what must not be lost is a table row."""
