"""The practice: its name and what it says of itself."""
