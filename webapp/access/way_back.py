"""Where a page leads back to: the nearest address above it that has a page."""

from __future__ import annotations

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from webapp.access.route import declared_for

HOME = "/"


def page_at(path: str) -> str:
    """*path* if there is a page, else the nearest above it that is one: of ``…/<id>/remove`` that of ``…/<id>``."""
    while path.count("/") > 1 and _endpoint(path) is None:
        path = path.rpartition("/")[0]
    return path if _endpoint(path) is not None else HOME


def page_above(path: str) -> str:
    """The nearest page above *path* that opens without a fresh proof, for somebody who does not want to give one."""
    while path.count("/") > 1:
        path = path.rpartition("/")[0]
        endpoint = _endpoint(path)
        declared = declared_for(current_app, endpoint) if endpoint else None
        if declared is not None and declared.step_up is None:
            return path
    return HOME


def _endpoint(path: str) -> str | None:
    try:
        endpoint, _values = current_app.url_map.bind("localhost").match(path, "GET")
    except (HTTPException, RequestRedirect):
        return None
    return str(endpoint)
