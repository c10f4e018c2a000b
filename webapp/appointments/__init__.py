"""Appointments: booking them, and when they can be entered. The visit itself is the room ``visit``."""
