from flask import Flask

from webapp.access.actor import SYSTEM
from webapp.audit import chain
from webapp.audit.events import Action, Event
from webapp.db.unit import unit


def test_portal_answers_on_both_databases(app: Flask) -> None:
    answer = app.test_client().get("/healthz", base_url="https://localhost")
    assert answer.status_code == 200
    with unit(Event(Action.DEMO_SEEDED, SYSTEM)):
        pass
    assert chain.verify() == chain.Verdict(1, "")
