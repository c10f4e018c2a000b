"""The application that gunicorn serves: ``webapp.wsgi:app``, with the settings file in ``WELLHOUSE_CONFIG``."""

from __future__ import annotations

import os
from pathlib import Path

from core.log import start_logging
from core.settings import DEFAULT_FILE, load
from webapp.app import create_app

start_logging()
app = create_app(load(Path(os.environ.get("WELLHOUSE_CONFIG", DEFAULT_FILE))))
