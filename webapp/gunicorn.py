"""gunicorn's configuration: ``gunicorn -c python:webapp.gunicorn webapp.wsgi:app``."""

from __future__ import annotations

import os
from pathlib import Path

from core.settings import DEFAULT_FILE, load

_settings = load(Path(os.environ.get("WELLHOUSE_CONFIG", DEFAULT_FILE)))

_run = _settings.paths.portal_socket.parent
_run.mkdir(mode=0o750, exist_ok=True)  # where nobody has configured the box, as in tests

bind = f"unix:{_settings.paths.portal_socket}"
umask = 0o007  # the socket is for nginx's group
workers = _settings.portal.workers
worker_class = "gevent"
worker_connections = 2000  # an open page holds one for its live stream
timeout = 60  # a worker whose hub stood still this long is replaced
graceful_timeout = 10
keepalive = 75  # above nginx's keepalive_timeout to upstreams
worker_tmp_dir = str(_run)  # heartbeats beside the sockets, not on a slow disk
accesslog = None  # nginx keeps it, without query strings
errorlog = "-"
forwarded_allow_ips = "*"  # only nginx can reach a unix socket
proc_name = "wellhouse-portal"
