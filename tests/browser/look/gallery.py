"""Every component on a few pages with invented people, for pictures and checks. The portal does not contain it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Flask, Response, flash, g, render_template, request
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFProtect
from wtforms import BooleanField, EmailField, PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from webapp import ui
from webapp.ui.frame import Bar, Face, MenuItem, Reader, Role, Tab, Theme, Waiting

NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)  # 10:30 AM in Burlington, Vermont


def _face(name: str, tint: int) -> Face:
    return Face(UUID(int=6 * 7 + tint), name)


OKAFOR = _face("Dr. Amara Okafor", 5)
MAREN = _face("Maren Halvorsen", 1)
ROSA = _face("Rosa Delgado", 3)
HUONG = _face("Nguyễn Thị Hương", 0)
DESMOND = _face("Desmond Achebe", 1)
INES = _face("Ines Ferreira and Marco Ferreira", 4)
BART = _face("Bartholomew “Bart” Featherstonehaugh-Nakamura", 2)
LUZ = _face("Luz Marín", 4)
PEOPLE = (MAREN, ROSA, HUONG, DESMOND, INES, BART)

WAITING = (
    Waiting(MAREN, NOW - timedelta(minutes=3), NOW, "/admit/1", "/messages/1"),
    Waiting(LUZ, NOW - timedelta(minutes=1), NOW + timedelta(hours=1), "/admit/2"),
)


class EveryField(FlaskForm):
    """One of each."""

    email = EmailField("Email", [InputRequired("Write the address that the clinic knows.")])
    password = PasswordField("Password", [InputRequired("Write your password.")])
    name = StringField("Preferred name")
    state = SelectField(
        "Licensed in",
        choices=[SelectChoice("vt", "Vermont"), SelectChoice("ny", "New York")],
        validators=[InputRequired()],
    )
    code = StringField("Enter the 6-digit code it shows", [InputRequired("Write the six digits.")])
    note = TextAreaField("What would you like to talk about?", [Length(max=2000)])
    tax = RadioField(
        "Sales Tax calculation",
        choices=[SelectChoice("none", "None"), SelectChoice("one", "One rate"), SelectChoice("service", "By service")],
        validators=[InputRequired("Choose how tax is worked out.")],
    )
    new_clients = BooleanField("Accepting new clients")


def _tabs(role: Role, current: str) -> tuple[Tab, ...]:
    names = {
        Role.PROVIDER: [
            ("Today", "house-door", 0),
            ("Clients", "people", 0),
            ("Appointments", "calendar3", 0),
            ("Messages", "chat-left-text", 4),
            ("Directory", "search", 0),
        ],
        Role.ADMIN: [
            ("Practice", "building", 0),
            ("Colleagues", "people", 0),
            ("Services", "card-list", 0),
            ("Billing", "credit-card", 0),
            ("Directory", "search", 0),
            ("Safeguards", "shield-check", 0),
        ],
        Role.CLIENT: [
            ("Home", "house-door", 0),
            ("Appointments", "calendar3", 0),
            ("Messages", "chat-left-text", 1),
            ("Documents", "folder", 0),
            ("Billing", "credit-card", 1),
        ],
        Role.PUBLIC: [("Find a provider", "search", 0), ("About the practice", "house", 0)],
    }[role]
    return tuple(Tab(name, "#", icon, name == current, count, f"{count} unread") for name, icon, count in names)


MENU = (
    MenuItem("View Profile", "#", "person"),
    MenuItem("My Account", "#", "gear"),
    MenuItem("Switch to Admin role", "#", "arrow-left-right"),
    MenuItem("Help", "#", "question-circle"),
    MenuItem("Sign out", "/out", "box-arrow-right", post=True, apart=True),
)


def bar(role: Role, current: str, *, waiting: tuple[Waiting, ...] = ()) -> Bar:
    """The bar of *role* with its tab *current* on."""
    face = {Role.PROVIDER: OKAFOR, Role.ADMIN: OKAFOR, Role.CLIENT: MAREN}.get(role)
    return Bar(
        role=role,
        practice_name="Cedar Hollow Family Therapy" if role is Role.PUBLIC else "Cedar Hollow",
        tabs=_tabs(role, current),
        menu=MENU if face else (),
        face=face,
        phone="802-555-0100",
        contact_url="#",
        help_url="#",
        sign_in_url="#" if face is None else "",
        waiting=waiting,
        waiting_url="#",
        admit_all_url="/admit/all",
        live_url="/live" if role is Role.PROVIDER else "",
    )


PAGES: dict[str, Bar] = {
    "today": bar(Role.PROVIDER, "Today", waiting=WAITING),
    "clients": bar(Role.PROVIDER, "Clients", waiting=WAITING[:1]),
    "parts": bar(Role.PROVIDER, "Messages", waiting=WAITING),
    "forms": bar(Role.ADMIN, "Billing"),
    "money": bar(Role.ADMIN, "Billing"),
    "home": bar(Role.CLIENT, "Home"),
    "documents": bar(Role.CLIENT, "Documents"),
    "sign_in": bar(Role.PUBLIC, ""),
    "steps": Bar(),
    "find": bar(Role.PUBLIC, "Find a provider"),
    "before": bar(Role.CLIENT, ""),
}


def create_gallery() -> Flask:
    """The pages of PAGES at /<name>, errors at /error/<status>; ?theme=dark and ?wrong=1 change what is shown."""
    app = Flask("gallery", static_folder=None, template_folder=str(Path(__file__).parent / "templates"))
    app.config.update(SECRET_KEY=secrets.token_hex(), WTF_CSRF_CHECK_DEFAULT=False)
    CSRFProtect(app)

    @app.template_global()
    def csp_nonce() -> str:
        g.nonce = g.get("nonce") or secrets.token_urlsafe(18)
        return str(g.nonce)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'nonce-{csp_nonce()}' 'strict-dynamic'; style-src 'self'; "
            "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
            "require-trusted-types-for 'script'"
        )
        return response

    def reader() -> Reader:
        theme = Theme(request.args.get("theme", "system"))
        return Reader(ZoneInfo("America/New_York"), "en", theme)

    def page_bar() -> Bar:
        name = request.path.strip("/")
        return PAGES.get(name) or bar(Role.PROVIDER, "")

    ui.init_app(app, reader=reader, bar=page_bar, clock=lambda: NOW)

    @app.route("/<name>", methods=["GET", "POST"])
    def page(name: str) -> str:
        form = EveryField(
            tax="none", state="vt", name="Rosa", formdata=request.form if "wrong" not in request.args else None
        )
        if "wrong" in request.args:
            form.validate()
        if "toast" in request.args:
            flash("The note is saved.")
        if "refused" in request.args:
            flash("The upload stopped at 62%. It continues when you are back online.", "error")
        return render_template(
            f"{name}.html", form=form, people=PEOPLE, waiting=WAITING, now=NOW, hour=timedelta(hours=1), tab=Tab
        )

    @app.get("/live")
    def live() -> Response:
        # One event and the end: the browser comes back after a second and gets the next.
        after = int(request.headers.get("Last-Event-ID", "0")) + 1
        news = f'id: {after}\ndata: {{"id": {after}, "kind": "waiting", "thing": "visit"}}\n\n'
        return Response(f"retry: 1000\n\n{news}", mimetype="text/event-stream")

    @app.get("/error/<int:status>")
    def error(status: int) -> tuple[str, int]:
        return render_template("ui/error.html", status=status, sentence="", reference="7QK2-M8"), status

    return app
