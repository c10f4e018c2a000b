"""Wires the portal together and decides nothing."""

from __future__ import annotations

from importlib import import_module

from flask import Flask, Response, g
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from core.errors import Unavailable
from core.settings import Settings
from webapp import ui
from webapp.access import errors, guard, headers, sessions
from webapp.access.actor import Actor
from webapp.access.route import Feature, declare_foreign, nothing
from webapp.access.rules import public
from webapp.account import hashing, passwords, throttle
from webapp.account.colleagues.routes import colleagues
from webapp.account.drafts.routes import drafts
from webapp.account.mfa.routes import mfa
from webapp.account.mfa.second_step_routes import second
from webapp.account.mfa.unlock_routes import unlock
from webapp.account.password_routes import password
from webapp.account.queries import actor_of
from webapp.account.routes import account
from webapp.appointments.routes import appointments
from webapp.appointments.visit.putting_out import put_out
from webapp.appointments.visit.routes import visit
from webapp.audit import chain
from webapp.audit.page.routes import audit
from webapp.clients.emergency_routes import emergency
from webapp.clients.family_routes import family
from webapp.clients.registration_routes import registration
from webapp.clients.routes import clients
from webapp.crypto.keyring import Keyring
from webapp.db import fields, migrate
from webapp.db.database import db, open_database
from webapp.desk.bar import bar, reader
from webapp.desk.routes import desk
from webapp.outbox.routes import outbox
from webapp.practice import queries as practice_queries
from webapp.practice.routes import practice
from webapp.setup.routes import setup
from webapp.static_addresses import KEEP_S

# Every feature with tables, in the order of the imports between them.
MODEL_MODULES = (
    "webapp.audit.models",
    "webapp.access.sessions",
    "webapp.outbox.models",
    "webapp.account.models",
    "webapp.practice.models",
    "webapp.setup.models",
    "webapp.account.mfa.models",
    "webapp.account.drafts.models",
    "webapp.clients.models",
    "webapp.appointments.models",
    "webapp.appointments.visit.models",
)

box = Feature("box", __name__)


def import_models() -> None:
    """Load every table's model, and with it the triggers it declares."""
    for name in MODEL_MODULES:
        import_module(name)


def prepare(settings: Settings) -> Keyring:
    """Keys and database for this process; Refused with a sentence if one does not fit the other."""
    import_models()
    keyring = Keyring.of(settings.paths)
    fields.use_keyring(keyring)
    chain.use_key(keyring.audit_key())
    hashing.use_cost(settings.passwords)
    passwords.refuse_breached(settings.passwords.breached_file)
    throttle.use_key(keyring.hash_key("sign-in"))
    passwords.own_words_from(practice_queries.words)
    open_database(settings, keyring)
    return keyring


def migrate_database(settings: Settings) -> list[str]:
    """Bring the database up to date; the names of the migrations that were applied."""
    prepare(settings)
    return migrate.migrate(db.obj)


def create_app(settings: Settings, *, testing: bool = False) -> Flask:
    """The WSGI application over an already migrated database."""
    keyring = prepare(settings)
    migrate.refuse_if_behind(db.obj)
    app = Flask("webapp", static_folder=None, template_folder=None)
    app.config.update(
        TESTING=testing,
        SECRET_KEY=keyring.forms_key(),
        TRUSTED_HOSTS=[settings.site.hostname, *settings.site.other_names],
        MAX_CONTENT_LENGTH=1024 * 1024,  # forms; uploads raise it for themselves
        # Flask's own session holds the form token and nothing else; who is signed in is webapp.access.sessions.
        SESSION_COOKIE_NAME="__Host-form",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SEND_FILE_MAX_AGE_DEFAULT=KEEP_S,  # only static files are sent so, from addresses that name their content
        WTF_CSRF_TIME_LIMIT=None,  # as long as the cookie it belongs to
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, which we forbid; the guard looks at Origin instead
    )
    app.extensions["wellhouse.settings"] = settings
    app.extensions["wellhouse.keyring"] = keyring
    # nginx is the only one that reaches the portal's socket, and it sets these.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    _keep_connections(app)
    guard.install(
        app,
        settings,
        actor_of,
        sign_in_endpoint="account.sign_in",
        confirm_endpoint="mfa.confirm",
        enrol_endpoint="mfa.overview",
        password_endpoint="password.change",  # noqa: S106  # the name of an endpoint
        admin_endpoint="account.switch_to_admin",
    )
    sessions.tell_ended(lambda account, at: put_out(account, settings, at=at))
    CSRFProtect(app)
    headers.install(app, settings)
    errors.install(app)
    ui.init_app(app, reader=reader, bar=bar)
    declare_foreign(app, "ui.static", "scripts, styles and pictures: the same for everybody")
    declare_foreign(app, "bootstrap.static", "scripts and styles: the same for everybody")
    for feature in FEATURES:
        app.register_blueprint(feature)
    return app


@box.get("/healthz", allow=public("says only that the portal answers"), records=nothing("no content"), activity=False)
def healthz(_actor: Actor) -> ResponseReturnValue:
    if not db.execute_sql("SELECT 1").fetchone():
        raise Unavailable("The database does not answer.")
    return Response("ok\n", mimetype="text/plain")


FEATURES: tuple[Feature, ...] = (
    box,
    outbox,
    account,
    drafts,
    password,
    mfa,
    second,
    unlock,
    colleagues,
    practice,
    setup,
    clients,
    registration,
    family,
    emergency,
    appointments,
    visit,
    audit,
    desk,
)


def _keep_connections(app: Flask) -> None:
    """One pooled connection for each request; a stream that outlives its request opens its own."""

    @app.before_request
    def connect() -> None:
        db.connect(reuse_if_open=True)
        g.connected = True

    @app.teardown_request
    def disconnect(_error: BaseException | None) -> None:
        if g.pop("connected", False) and not db.is_closed():
            db.close()
