"""Declaring URLs. A route without a cell of the table and a word on what it records cannot be written down.

    appointments = Feature("appointments")

    @appointments.get("/appointments/<uuid:id>", allow=policy.read_appointment, records=Action.APPOINTMENT_VIEWED)
    def show(actor, appointment): ...

The view gets the actor, and, where the URL has parts, what the rule loaded for them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, g
from flask.sansio.app import App
from flask.typing import ResponseReturnValue

from webapp.access.rules import On, Public, Rule
from webapp.access.step_up import StepUp
from webapp.audit.events import Action
from webapp.static_addresses import static_root

View = Callable[..., ResponseReturnValue]


@dataclass(frozen=True)
class Nothing:
    """The route records nothing, for *reason*."""

    reason: str


def nothing(reason: str) -> Nothing:
    """For routes that neither change anything nor show a client's content."""
    if not reason:
        raise TypeError("say why this route records nothing")
    return Nothing(reason)


@dataclass(frozen=True)
class Declared:
    """What a route promises: one of *records* is written, *json* answers are JSON.

    *activity*: a request counts as somebody being there. *step_up* asks for a fresh proof that it is really them.
    *while_owing*: open to somebody who must add a second factor, or choose a longer password, before anything else.
    *in_visit*: belongs to a running visit, which goes on in a session that has been idle for too long.
    """

    allow: Rule
    records: tuple[Action, ...] | Nothing
    activity: bool
    json: bool
    step_up: StepUp | None = None
    in_visit: bool = False
    while_owing: bool = False


_RULES = "wellhouse.rules"


class Feature(Blueprint):
    """A feature's routes. Templates lie in its templates/<name>/, static files in its static/<name>/.

    *while_owing*: what its routes promise, unless they say otherwise.
    """

    def __init__(self, name: str, import_name: str, *, while_owing: bool = False) -> None:
        super().__init__(
            name,
            import_name,
            template_folder="templates",
            static_folder=f"static/{name}",
            static_url_path=f"{static_root()}/{name}",
        )
        self._while_owing = while_owing
        open_files = "scripts, styles and pictures: the same for everybody"
        self._declared = {"static": Declared(Public(open_files), Nothing(open_files), activity=False, json=False)}

    def get(self, rule: str, **promise: Any) -> Callable[[View], View]:  # type: ignore[override]  # demands allow, records
        """A page or a stream. A GET changes nothing; *records* is the access event that the guard writes."""
        return self._route(rule, "GET", **promise)

    def post(self, rule: str, **promise: Any) -> Callable[[View], View]:  # type: ignore[override]  # demands allow, records
        """An act. *records* is the event that the called action writes; the guard looks that it did."""
        return self._route(rule, "POST", **promise)

    def route(self, rule: str, **options: Any) -> Any:  # noqa: ARG002  # Flask's signature
        raise TypeError("declare routes by get() or post(), with allow= and records=")

    def _route(
        self,
        rule: str,
        method: str,
        *,
        allow: Rule,
        records: Action | tuple[Action, ...] | Nothing,
        activity: bool = True,
        json: bool = False,
        step_up: StepUp | None = None,
        in_visit: bool = False,
        while_owing: bool | None = None,
    ) -> Callable[[View], View]:
        if not isinstance(allow, On | Public):
            raise TypeError(f"name the cell of the table (webapp.access.table) by which {rule} is allowed")
        loads = "<" in rule

        def declare(view: View) -> View:
            @functools.wraps(view)
            def call(**_view_args: Any) -> ResponseReturnValue:
                return view(g.actor, g.loaded) if loads else view(g.actor)

            endpoint = view.__name__
            if endpoint in self._declared:
                raise TypeError(f"{self.name}.{endpoint} is declared twice")
            self._declared[endpoint] = Declared(
                allow,
                (records,) if isinstance(records, Action) else records,
                activity,
                json,
                step_up,
                in_visit,
                self._while_owing if while_owing is None else while_owing,
            )
            self.add_url_rule(rule, endpoint, call, methods=[method])
            return view

        return declare

    def register(self, app: App, options: dict[str, Any]) -> None:
        rules = app.extensions.setdefault(_RULES, {})
        for endpoint, declared in self._declared.items():
            rules[f"{self.name}.{endpoint}"] = declared
        super().register(app, options)


def declare_foreign(app: Flask, endpoint: str, reason: str) -> None:
    """A public endpoint that a library registered by itself (its static files)."""
    app.extensions.setdefault(_RULES, {})[endpoint] = Declared(
        Public(reason), Nothing(reason), activity=False, json=False
    )


def declared_for(app: Flask, endpoint: str | None) -> Declared | None:
    """The promise of *endpoint*, or None: then the guard refuses it."""
    rules: dict[str, Declared] = app.extensions.get(_RULES, {})
    return rules.get(endpoint or "")
