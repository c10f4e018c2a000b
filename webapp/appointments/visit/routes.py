"""The visit's page and what its scripts ask."""

from __future__ import annotations

from flask import current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import utcnow
from core.settings import Settings
from webapp.access.actor import Actor
from webapp.access.headers import may_use_camera
from webapp.access.route import Feature, nothing
from webapp.access.sessions import touch_visit
from webapp.appointments.visit import actions, forms, page, policy, queries
from webapp.appointments.visit.credentials import ice_servers, room_grant
from webapp.appointments.visit.policy import Door, Guest
from webapp.appointments.visit.queries import Me
from webapp.audit.events import Action
from webapp.crypto.keyring import Keyring

visit = Feature("visit", __name__)

may_use_camera("visit.show")

_AT = "/appointments/<uuid:appointment_id>/visit"


@visit.get(_AT, allow=policy.come_to, records=Action.LOBBY_OPENED, in_visit=True)
def show(actor: Actor, door: Door) -> ResponseReturnValue:
    shown = page.page(actor, door, _settings(), host=request.host, at=utcnow())
    return render_template("visit/visit.html", page=shown)


@visit.get(
    f"{_AT}/state",
    allow=policy.come_to,
    records=nothing("names, but no content"),
    in_visit=True,
    activity=False,
    json=True,
)
def state(actor: Actor, door: Door) -> ResponseReturnValue:
    """Asked every few seconds while one waits or is inside: that counts as presence, for the visit."""
    at = utcnow()
    stands = queries.state(door, at=at)
    if stands.me is not Me.OUT and actor.session is not None:
        touch_visit(actor.session, at=at)
    return jsonify(page.state_json(stands))


@visit.post(f"{_AT}/wait", allow=policy.come_to, records=Action.WAITING_STARTED, in_visit=True, json=True)
def wait(actor: Actor, door: Door) -> ResponseReturnValue:
    form = forms.read_json(forms.WaitForm)
    actions.enter_waiting_room(actor, door, place=form.place, phone=form.phone, at=utcnow())
    return _state_now(actor, door)


@visit.post(
    f"{_AT}/still-here",
    allow=policy.come_to,
    records=nothing("says every few seconds that the page is still open"),
    in_visit=True,
    activity=False,
    json=True,
)
def still_here(actor: Actor, door: Door) -> ResponseReturnValue:
    actions.say_still_here(door, at=utcnow())
    return state(actor, door)


@visit.post(f"{_AT}/stop-waiting", allow=policy.come_to, records=Action.WAITING_LEFT, in_visit=True, json=True)
def stop_waiting(actor: Actor, door: Door) -> ResponseReturnValue:
    actions.leave_waiting_room(actor, door, at=utcnow())
    return "", 204


@visit.post(f"{_AT}/admit", allow=policy.keep_door, records=Action.ADMITTED, in_visit=True, json=True)
def admit(actor: Actor, door: Door) -> ResponseReturnValue:
    form = forms.read_json(forms.PersonForm)
    actions.admit(actor, policy.guest(door, form.person), at=utcnow())
    return _state_now(actor, door, with_about=True)


@visit.post(f"{_AT}/people/<uuid:person>/admit", allow=policy.let_in, records=Action.ADMITTED, in_visit=True)
def admit_and_join(actor: Actor, guest: Guest) -> ResponseReturnValue:
    """From Today or the banner: let in, and come along."""
    actions.admit(actor, guest, at=utcnow())
    return redirect(url_for("visit.show", appointment_id=guest.door.appointment_id), 303)


@visit.post(f"{_AT}/admit-all", allow=policy.keep_door, records=Action.ADMITTED, in_visit=True)
def admit_all(actor: Actor, door: Door) -> ResponseReturnValue:
    actions.admit_all(actor, door, at=utcnow())
    return redirect(url_for("visit.show", appointment_id=door.appointment_id), 303)


@visit.post(
    f"{_AT}/people/<uuid:person>/send-back", allow=policy.let_in, records=Action.SENT_BACK, in_visit=True, json=True
)
def send_back(actor: Actor, guest: Guest) -> ResponseReturnValue:
    actions.send_back(actor, guest, _settings(), at=utcnow())
    return _state_now(actor, guest.door)


@visit.post(f"{_AT}/entry", allow=policy.come_to, records=Action.ENTRY_GRANTED, in_visit=True, json=True)
def enter(actor: Actor, door: Door) -> ResponseReturnValue:
    settings, keyring, at = _settings(), _keyring(), utcnow()
    entered = actions.enter_room(actor, door, settings, at=at)
    row, mine = entered.visit, entered.mine
    grant = room_grant(keyring, room=row.room, participant=mine.participant, session=actor.session or actor.id, at=at)
    host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
    relays = ice_servers(settings, entered.relay_secret, host=host.strip("[]"), participant=mine.participant, at=at)
    now = policy.come_to(actor, door.appointment_id)
    return jsonify(
        page.entry_json(grant, relays, row, mine, queries.state(now, at=at), queries.about_client(now), at=at)
    )


@visit.get(f"{_AT}/chat", allow=policy.come_to, records=Action.CHAT_READ, in_visit=True, activity=False, json=True)
def chat(_actor: Actor, door: Door) -> ResponseReturnValue:
    return jsonify(page.chat_json(queries.chat(door, after=request.args.get("after", 0, type=int))))


@visit.post(f"{_AT}/chat", allow=policy.come_to, records=Action.CHAT_SENT, in_visit=True, json=True)
def send_chat(actor: Actor, door: Door) -> ResponseReturnValue:
    form = forms.read_json(forms.ChatForm)
    actions.send_chat(actor, door, form.id, form.body, at=utcnow())
    return "", 204


@visit.post(f"{_AT}/leave", allow=policy.come_to, records=Action.VISIT_LEFT, in_visit=True, json=True)
def leave(actor: Actor, door: Door) -> ResponseReturnValue:
    actions.leave(actor, door)
    return "", 204


@visit.post(f"{_AT}/end", allow=policy.keep_door, records=Action.VISIT_ENDED, in_visit=True, json=True)
def end(actor: Actor, door: Door) -> ResponseReturnValue:
    actions.end_visit(actor, door, _settings(), at=utcnow())
    return "", 204


def _state_now(actor: Actor, door: Door, *, with_about: bool = False) -> ResponseReturnValue:
    now = policy.come_to(actor, door.appointment_id)
    about = queries.about_client(now) if with_about else None
    return jsonify(page.state_json(queries.state(now, at=utcnow()), about))


def _settings() -> Settings:
    settings: Settings = current_app.extensions["wellhouse.settings"]
    return settings


def _keyring() -> Keyring:
    keyring: Keyring = current_app.extensions["wellhouse.keyring"]
    return keyring
