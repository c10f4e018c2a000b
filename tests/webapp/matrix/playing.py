"""Playing one cell: which address, who may, and what an answer shows without what is random in it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from functools import cached_property

from flask import Flask
from werkzeug.routing import Rule as UrlRule
from werkzeug.test import TestResponse

from core.ids import new_id
from tests.rules.crawling import fingerprints
from tests.webapp.matrix.scene import MISSING, Scene, Who, make_scene
from tests.webapp.people import Browser
from webapp.access.actor import Role
from webapp.access.route import declared_for
from webapp.access.rules import On
from webapp.access.table import Principal, Resource, Row, may, row_of
from webapp.app import FEATURES
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent

# Written by every request of somebody who is signed in: that they are there, and what was recorded.
BOOKKEEPING = {"audit_event", "audit_head"}
# Judged by the active role alone, though their addresses name something.
OF_THE_PRACTICE = {"opening_id", "registration_id", "account_id"}
STREAMS = {"outbox.live"}

ALONE = {
    Role.ANONYMOUS: Principal.ANONYMOUS,
    Role.CLIENT: Principal.CLIENT_SELF,
    Role.PROVIDER: Principal.PROVIDER_ASSIGNED,
    Role.ADMIN: Principal.ADMIN,
}
STRANGER = {
    Role.ANONYMOUS: Principal.ANONYMOUS,
    Role.CLIENT: Principal.CLIENT_OTHER,
    Role.PROVIDER: Principal.PROVIDER_UNASSIGNED,
    Role.ADMIN: Principal.ADMIN,
}


def guarded() -> list[str]:
    """Every endpoint that is not open to strangers, as the features declare them."""
    return [
        f"{feature.name}.{name}"
        for feature in FEATURES
        for name, declared in feature._declared.items()
        if isinstance(declared.allow, On)
    ]


@dataclass
class Place:
    """An endpoint: its address, its row of the table, and how it is asked."""

    rule: UrlRule
    row: Row
    json: bool

    @property
    def endpoint(self) -> str:
        return self.rule.endpoint

    @property
    def names(self) -> list[str]:
        return re.findall(r"<(?:[^:<>]*:)?(\w+)>", self.rule.rule)

    @property
    def is_get(self) -> bool:
        return "GET" in (self.rule.methods or ())

    @property
    def ids(self) -> list[str]:
        """Those of its parts that name something; a role is a word."""
        return [name for name in self.names if name != "role"]

    @property
    def is_own(self) -> bool:
        return self.row.resource is Resource.OWN and bool(self.ids)

    @property
    def is_by_role(self) -> bool:
        """Nobody's in particular: the active role decides."""
        return set(self.ids) <= OF_THE_PRACTICE or self.row.resource is Resource.OWN

    def allows(self, who: Who) -> bool:
        """What the table says of *who* and the things of their own scene."""
        principal = ALONE[who.role] if self.is_by_role else who.principal
        return may(principal, self.row.resource, self.row.act)

    def allows_stranger(self, who: Who) -> bool:
        """What it says of *who* and the things of another scene."""
        if self.is_own:
            return False
        principal = ALONE[who.role] if self.is_by_role else STRANGER[who.role]
        return may(principal, self.row.resource, self.row.act)

    def address(self, things: dict[str, object]) -> str:
        """The address of these things."""
        return re.sub(r"<(?:[^:<>]*:)?(\w+)>", lambda part: str(things[part[1]]), self.rule.rule)

    def real(self, scene: Scene, who: Who) -> dict[str, object]:
        """Things that exist: the person's own where it is about those, else the scene's."""
        source: dict[str, object] = {
            **scene.things,
            **(scene.own[who] if who in scene.own else scene.own[Who.ASSIGNED]),
        }
        return {name: source[name] for name in self.names}

    def ready(self, scene: Scene, who: Who) -> dict[str, object]:
        """The same, or others of the same people where the act needs them in another state."""
        found = self.real(scene, who)
        match self.endpoint:
            case "appointments.cancel" | "appointments.move":
                return {"appointment_id": scene.others["coming"]}
            case "clients.invite":
                return {"client_id": scene.others["newcomer"]}
            case "appointments.invite":
                return {"client_id": scene.others["newcomer"], "appointment_id": scene.others["first"]}
            case "colleagues.invite_again":
                return {"account_id": scene.others["colleague"]}
        return found

    def body(self, scene: Scene) -> dict[str, object]:
        """What is sent along: something for the acts that need it, of which the others take no notice."""
        said = {
            "person": scene.things["person"],
            "id": new_id(),
            "body": "Hello",
            "reason": "For a test",
            "provider": "y",
        }
        if self.endpoint in ("clients.add_colleague", "clients.remove_colleague"):
            said["provider"] = scene.others["colleague"]
        if self.endpoint.startswith("drafts."):
            return {"place": "/clients/new", "fields": {"name": "Rosa"}}
        if self.endpoint == "registration.approve":
            said["provider"] = scene.accounts[Who.ASSIGNED].id
        return {name: str(value) for name, value in said.items()}

    def missing(self) -> dict[str, object]:
        """Things that do not exist."""
        return {name: MISSING.get(name, new_id()) for name in self.names}


@dataclass
class World:
    """An application with one scene that nobody changes, and a browser for each person."""

    app: Flask
    scene: Scene = field(default_factory=make_scene)
    browsers: dict[Who, Browser] = field(init=False)

    def __post_init__(self) -> None:
        self.browsers = {who: self.scene.browser(self.app, who) for who in Who}
        for browser in self.browsers.values():
            browser.form_token()  # the cookie of forms is there, so that no answer brings it

    @cached_property
    def places(self) -> dict[str, Place]:
        found = {}
        for rule in self.app.url_map.iter_rules():
            declared = declared_for(self.app, rule.endpoint)
            if declared is not None and isinstance(declared.allow, On):
                row = row_of(declared.allow.resource, declared.allow.act)
                found[rule.endpoint] = Place(rule, row, declared.json)
        return found

    def ask(self, who: Who, place: Place, things: dict[str, object]) -> TestResponse:
        """One real request in this world, as a page or its scripts would make it."""
        return ask(self.browsers[who], place, things, place.body(self.scene))


def ask(browser: Browser, place: Place, things: dict[str, object], body: dict[str, object]) -> TestResponse:
    """One real request."""
    address = place.address(things)
    if place.is_get:
        return browser.get(address)
    return browser.send_json(address, body) if place.json else browser.send(address, body)


@dataclass(frozen=True)
class Answer:
    """An answer without what differs from one to the next: nonces, form tokens, the seconds until one is signed out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


def bare(answer: TestResponse) -> Answer:
    """What of *answer* could tell one address from another."""
    headers = tuple((name, _still(value)) for name, value in answer.headers.items() if name != "Date")
    return Answer(answer.status_code, headers, _still(answer.get_data(as_text=True)))


def _still(text: str) -> str:
    text = re.sub(r"nonce(?:-|=\")[\w-]+", "nonce", text)
    text = re.sub(r'data-left="\d+"', "data-left", text)
    return re.sub(r'((?:name="csrf_token"[^>]*value|data-token)=)"[^"]*"', r"\1", text)


def last_number() -> int:
    """How many rows the record has."""
    newest = AuditEvent.select().order_by(AuditEvent.sequence.desc()).first()
    return newest.sequence if newest else 0


def is_recorded(account: uuid.UUID, place: Place, things: dict[str, object]) -> bool:
    """Whether the record says that *account* was refused these things; what is repeated at once stands there once."""
    ids = {name: str(thing) for name, thing in things.items() if isinstance(thing, uuid.UUID)}
    refused = (AuditEvent.action == Action.ACCESS_DENIED) & (AuditEvent.account == account)
    return bool(AuditEvent.select().where(refused & (AuditEvent.about == {"endpoint": place.endpoint, **ids})).exists())


def denials_since(number: int) -> list[uuid.UUID | None]:
    """Whose requests were refused since then."""
    rows = AuditEvent.select().where((AuditEvent.sequence > number) & (AuditEvent.action == Action.ACCESS_DENIED))
    return [row.account for row in rows]


def kept() -> dict[str, str]:
    """A hash of every table but the bookkeeping."""
    return {table: hash_ for table, hash_ in fingerprints().items() if table not in BOOKKEEPING}
