"""One module for each command; each has ``add(parser)`` and ``run(given) -> exit code``."""
