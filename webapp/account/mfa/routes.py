"""My Account > MFA, and confirming who one is. Signing in with a second factor is in second_step_routes."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Response, current_app, flash, g, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm

from core.clock import utcnow
from core.errors import Invalid
from core.settings import Settings
from webapp.access import guard
from webapp.access.actor import Actor
from webapp.access.route import Feature, nothing
from webapp.access.rules import signed_in
from webapp.access.step_up import StepUp
from webapp.access.way_back import page_above
from webapp.account import browser
from webapp.account.mfa import actions, confirming, policy, queries, requirement, totp
from webapp.account.mfa.answers import read_key_answer, slowed_json
from webapp.account.mfa.forms import CodeForm, NameForm, NewAppForm, PasswordForm, RecoveryCodeForm
from webapp.account.throttle import TooManyTries
from webapp.account.words import too_many
from webapp.audit.events import Action
from webapp.crypto.keyring import Keyring
from webapp.ui.refusal import show_refusal

mfa = Feature("mfa", __name__, while_owing=True)

OWN = "one's own account, no client's content"
TOO = StepUp.PASSWORD_TOO


def _settings() -> Settings:
    settings: Settings = current_app.extensions["wellhouse.settings"]
    return settings


def _keyring() -> Keyring:
    keyring: Keyring = current_app.extensions["wellhouse.keyring"]
    return keyring


# --- the MFA tab


@mfa.get("/account/mfa", allow=signed_in, records=nothing(OWN), step_up=TOO)
def overview(actor: Actor) -> ResponseReturnValue:
    asked_from = requirement.is_coming(actor.id, actor.roles)
    return render_template(
        "mfa/overview.html", mine=queries.my_factors(actor), asked_from=asked_from, owes=actor.owes_factor
    )


@mfa.post("/account/mfa/apps", allow=signed_in, records=Action.FACTOR_BEGUN, step_up=TOO)
def begin_app(actor: Actor) -> ResponseReturnValue:
    return redirect(url_for("mfa.new_app", app_id=actions.begin_app(actor, at=utcnow())))


@mfa.get("/account/mfa/apps/<uuid:app_id>", allow=policy.own_new_app, records=nothing(OWN), step_up=TOO)
def new_app(actor: Actor, app: policy.OwnApp) -> ResponseReturnValue:
    return _new_app_page(actor, queries.new_app(app), NewAppForm(formdata=None))


@mfa.post("/account/mfa/apps/<uuid:app_id>", allow=policy.own_new_app, records=Action.FACTOR_ADDED, step_up=TOO)
def add_app(actor: Actor, app: policy.OwnApp) -> ResponseReturnValue:
    form, new = NewAppForm(), queries.new_app(app)
    if not form.validate_on_submit():
        return _new_app_page(actor, new, form)
    try:
        codes = actions.add_app(
            actor,
            new.id,
            code=form.code.data,
            name=form.name.data,
            settings=_settings(),
            keyring=_keyring(),
            at=utcnow(),
        )
    except Invalid as e:
        show_refusal(form, e)
        return _new_app_page(actor, new, form)
    flash(gettext("The authenticator app is added. You are asked for its code when you sign in."))
    return _codes_page(codes, status=201) if codes else redirect(url_for("mfa.overview"))


@mfa.get("/account/mfa/keys/new", allow=signed_in, records=nothing(OWN), step_up=TOO)
def new_key(_actor: Actor) -> ResponseReturnValue:
    return render_template("mfa/new_key.html", form=NameForm(formdata=None))


@mfa.post(
    "/account/mfa/keys/options",
    allow=signed_in,
    records=nothing("a challenge is not yet an act"),
    json=True,
    step_up=TOO,
)
def begin_key(actor: Actor) -> ResponseReturnValue:
    begun = actions.begin_key(actor, _settings(), at=utcnow())
    return jsonify(ceremony=begun.id, options=begun.options)


@mfa.post("/account/mfa/keys", allow=signed_in, records=Action.FACTOR_ADDED, json=True, step_up=TOO)
def add_key(actor: Actor) -> ResponseReturnValue:
    given = read_key_answer()
    codes = actions.add_key(
        actor,
        given.ceremony,
        given.answer,
        name=given.name,
        settings=_settings(),
        keyring=_keyring(),
        at=utcnow(),
    )
    flash(gettext("The security key is added. You can sign in with it."))
    return jsonify(next=url_for("mfa.overview"), codes=codes)


@mfa.get("/account/mfa/<uuid:factor_id>", allow=policy.own_factor, records=nothing(OWN), step_up=TOO)
def factor(_actor: Actor, one: policy.OwnFactor) -> ResponseReturnValue:
    form = NameForm(formdata=None, data={"name": one.name})
    return render_template("mfa/factor.html", factor=queries.factor(one), form=form)


@mfa.post("/account/mfa/<uuid:factor_id>/name", allow=policy.own_factor, records=Action.FACTOR_RENAMED, step_up=TOO)
def rename(actor: Actor, one: policy.OwnFactor) -> ResponseReturnValue:
    form = NameForm()
    if form.validate_on_submit():
        try:
            actions.rename(actor, one, form.name.data)
        except Invalid as e:
            show_refusal(form, e)
        else:
            flash(gettext("Saved."))
            return redirect(url_for("mfa.overview"))
    return render_template("mfa/factor.html", factor=queries.factor(one), form=form)


@mfa.post("/account/mfa/<uuid:factor_id>/remove", allow=policy.own_factor, records=Action.FACTOR_REMOVED, step_up=TOO)
def remove(actor: Actor, one: policy.OwnFactor) -> ResponseReturnValue:
    actions.remove(actor, one, _settings(), at=utcnow())
    flash(gettext("It is removed and opens nothing any more."))
    return redirect(url_for("mfa.overview"))


@mfa.post("/account/mfa/recovery-codes", allow=signed_in, records=Action.RECOVERY_CODES_MADE, step_up=TOO)
def renew_codes(actor: Actor) -> ResponseReturnValue:
    return _codes_page(actions.renew_recovery_codes(actor, _keyring()), status=201)


def _new_app_page(actor: Actor, new: queries.NewApp, form: NewAppForm) -> str:
    uri = totp.provisioning_uri(new.seed, account_name=queries.email_of(actor), issuer=_settings().site.hostname)
    return render_template("mfa/new_app.html", new=new, form=form, uri=uri, picture=totp.qr_picture(uri))


def _codes_page(codes: list[str], *, status: int) -> Response:
    return make_response(render_template("mfa/codes.html", codes=codes), status)


# --- confirming who one is


@mfa.get("/account/confirm", allow=signed_in, records=nothing(OWN))
def confirm(actor: Actor) -> ResponseReturnValue:
    form = PasswordForm(
        formdata=None, data={"next": guard.safe_next(request.args.get("next")), "need": request.args.get("need")}
    )
    return _confirm_page(actor, form)


@mfa.post("/account/confirm/password", allow=signed_in, records=Action.CONFIRMED)
def confirm_password(actor: Actor) -> ResponseReturnValue:
    form = PasswordForm()
    return _confirm(actor, form, lambda: confirming.by_password(actor, g.session, form.password.data, at=utcnow()))


@mfa.post("/account/confirm/code", allow=signed_in, records=Action.CONFIRMED)
def confirm_code(actor: Actor) -> ResponseReturnValue:
    form = CodeForm()
    return _confirm(actor, form, lambda: confirming.by_code(actor, g.session, form.code.data, at=utcnow()))


@mfa.post("/account/confirm/recovery-code", allow=signed_in, records=Action.CONFIRMED)
def confirm_recovery_code(actor: Actor) -> ResponseReturnValue:
    form = RecoveryCodeForm()
    return _confirm(
        actor,
        form,
        lambda: confirming.by_recovery_code(actor, g.session, form.code.data, _keyring(), at=utcnow()),
    )


# Both in a visit, too: beside it, what has locked is unlocked by them (unlock_routes).
@mfa.post(
    "/account/confirm/key/options",
    allow=signed_in,
    records=nothing("a challenge is not yet an act"),
    in_visit=True,
    json=True,
)
def begin_confirm_key(actor: Actor) -> ResponseReturnValue:
    begun = confirming.begin_key(actor, _settings(), at=utcnow())
    return jsonify(ceremony=begun.id, options=begun.options)


@mfa.post("/account/confirm/key", allow=signed_in, records=Action.CONFIRMED, in_visit=True, json=True)
def confirm_key(actor: Actor) -> ResponseReturnValue:
    given = read_key_answer()
    try:
        token = confirming.by_key(actor, g.session, given.ceremony, given.answer, _settings(), at=utcnow())
    except TooManyTries as e:
        return slowed_json(e)
    answer = jsonify(next=guard.safe_next(given.next))
    browser.hand_over_session(answer, token, actor.role, keep_forms=True)
    return answer


def _confirm(actor: Actor, form: FlaskForm, prove: Callable[[], str]) -> ResponseReturnValue:
    if not form.validate_on_submit():
        return _confirm_page(actor, form)
    try:
        token = prove()
    except Invalid as e:
        show_refusal(form, e)
        return make_response(_confirm_page(actor, form), 403)
    except TooManyTries as e:
        answer = make_response(_confirm_page(actor, form, trouble=too_many(e)), 429)
        answer.headers["Retry-After"] = str(e.retry_after_s)
        return answer
    answer = make_response(redirect(guard.safe_next(form.next.data)))
    browser.hand_over_session(answer, token, actor.role, keep_forms=True)
    return answer


def _confirm_page(actor: Actor, form: FlaskForm, *, trouble: str = "") -> str:
    """The page for what is missing; a form that was refused is shown again as it is."""
    need = StepUp(form.need.data) if form.need.data in tuple(StepUp) else StepUp.CONFIRM
    asks_password = confirming.asks_password(actor, g.session, need, at=utcnow())
    carried = {"next": form.next.data, "need": need.value}
    target = urlsplit(guard.safe_next(form.next.data)).path
    return render_template(
        "mfa/confirm.html",
        password_form=_own_or_new(form, PasswordForm, carried) if asks_password else None,
        code_form=_own_or_new(form, CodeForm, carried),
        recovery_form=_own_or_new(form, RecoveryCodeForm, carried),
        has=queries.factors_of(actor.id),
        carried=carried,
        trouble=trouble,
        lead=_why_once_more(target),
        way_back=page_above(target),
    )


def _why_once_more(target: str) -> str:
    """What is about to be opened, where it is known here, and why that asks for more."""
    leads = {
        "/account/mfa": gettext(
            "Before you see or change your second factors we ask once more, "
            "so that nobody can do it on a screen you left open."
        ),
        "/account/password": gettext(
            "Before you change your password we ask for the old one, "
            "so that nobody can do it on a screen you left open."
        ),
        "/account/email": gettext(
            "Before you change your address we ask once more, so that nobody can do it on a screen you left open."
        ),
        "/account/role/admin": gettext(
            "Before you switch to the Admin role we ask once more, so that nobody can do it on a screen you left open."
        ),
    }
    known = next((lead for path, lead in leads.items() if target.startswith(path)), None)
    return known or gettext("Before this we ask once more, so that nobody can do it on a screen you left open.")


def _own_or_new(form: FlaskForm, kind: type[FlaskForm], carried: dict[str, str]) -> FlaskForm:
    return form if type(form) is kind else kind(formdata=None, data=carried)
