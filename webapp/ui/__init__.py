"""The look of the portal: base pages, macros, style sheets and small behaviours. ``README.md`` shows each in use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import cast

from flask import Blueprint, Flask, current_app, g, has_request_context, request
from flask_babel import Babel, get_locale
from flask_bootstrap import Bootstrap5

from core.clock import utcnow
from webapp.static_addresses import static_root
from webapp.ui import people, times
from webapp.ui.fields import field_attrs
from webapp.ui.frame import Bar, Reader
from webapp.ui.icons import icon
from webapp.ui.trouble import trouble_of

_HERE = Path(__file__).parent
_STYLES = (
    "tokens",
    "mapping",
    "type",
    "layout",
    "bar",
    "buttons",
    "forms",
    "choices",
    "people",
    "lists",
    "notices",
    "dialogs",
    "plain",
)
LANGUAGES = ("en",)

blueprint = Blueprint(
    "ui", __name__, static_folder="static/ui", static_url_path=f"{static_root()}/ui", template_folder="templates"
)


@dataclass(frozen=True)
class _Frame:
    reader: Callable[[], Reader]
    bar: Callable[[], Bar]
    clock: Callable[[], datetime]


def init_app(
    app: Flask,
    *,
    reader: Callable[[], Reader] = Reader,
    bar: Callable[[], Bar] = Bar,
    clock: Callable[[], datetime] = utcnow,
) -> None:
    """Give *app* the base pages, filters and languages.

    *reader* says for whom a page is written and *bar* what its bar holds; each is asked at most once in a request.
    """
    app.static_url_path = static_root()  # the app has no folder of its own; the package's addresses begin with this
    app.extensions["ui"] = _Frame(reader=reader, bar=bar, clock=clock)
    Bootstrap5(app)
    Babel(
        app,
        default_locale="en",
        default_translation_directories=str(_HERE / "translations"),
        locale_selector=_language,
        timezone_selector=lambda: _reader().zone.key,
    )
    app.register_blueprint(blueprint)
    env = app.jinja_env
    env.filters.update(
        when=_when,
        from_when=_from_when,
        short_when=_short_when,
        record_when=lambda at: times.record_when(at, _reader().zone),
        day=lambda at: times.day(at, _reader().zone, now=_now()),
        clock_time=lambda at, with_zone=False: times.clock_time(at, _reader().zone, with_zone=with_zone),
        zone_short=lambda at: times.zone_short(at, _reader().zone),
        zone_long=lambda at: times.zone_long(at, _reader().zone),
        calendar_date=_calendar_date,
        minutes_since=lambda since: times.minutes_since(since, now=_now()),
        length_min=times.length_min,
        initials=people.initials,
        tint=people.tint,
    )
    # setdefault: the portal gives the real nonce and token; a page drawn without them still draws.
    env.globals.setdefault("csp_nonce", lambda: "")
    env.globals.setdefault("csrf_token", lambda: "")
    env.globals.update(
        icon=icon,
        page_bar=_bar,
        page_reader=_reader,
        page_now=_now,
        page_language=lambda: str(get_locale()).replace("_", "-"),
        trouble_of=trouble_of,
        field_attrs=field_attrs,
        Bar=Bar,
        ui_styles=_STYLES,
        ui_fonts=any((_HERE / "static/ui/fonts").glob("*.woff2")),
    )


def _frame() -> _Frame:
    return cast(_Frame, current_app.extensions["ui"])


def _reader() -> Reader:
    if "ui_reader" not in g:
        g.ui_reader = _frame().reader()
    return cast(Reader, g.ui_reader)


def _language() -> str | None:
    if not has_request_context():  # the worker writes mail in the default language unless it forces another
        return None
    return _reader().locale or request.accept_languages.best_match(LANGUAGES)


def _bar() -> Bar:
    if "ui_bar" not in g:
        g.ui_bar = _frame().bar()
    return cast(Bar, g.ui_bar)


def _now() -> datetime:
    """One present for the whole page, so that two sentences on it cannot disagree."""
    if "ui_now" not in g:
        g.ui_now = _frame().clock()
    return cast(datetime, g.ui_now)


def _when(at: datetime, with_zone: bool = True) -> str:
    return times.when(at, _reader().zone, now=_now(), with_zone=with_zone)


def _from_when(at: datetime, with_zone: bool = True) -> str:
    return times.from_when(at, _reader().zone, now=_now(), with_zone=with_zone)


def _short_when(at: datetime) -> str:
    return times.short_when(at, _reader().zone, now=_now())


def _calendar_date(on: date) -> str:
    return times.calendar_date(on)
