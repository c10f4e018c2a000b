"""The audit record: one MAC-chained row for each change and each opening of somebody's content."""
