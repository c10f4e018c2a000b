"""What somebody was writing in a form: kept sealed, and offered when they come back to it."""
