"""Copies of everything that cannot be made again: taken, proved, and put back on a bare machine."""
