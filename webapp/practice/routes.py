"""The admin's page about the practice."""

from __future__ import annotations

import dataclasses
from typing import Any

from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from core.clock import utcnow
from core.errors import Invalid
from webapp.access.actor import Actor
from webapp.access.route import Feature, nothing
from webapp.access.rules import by_role
from webapp.access.table import Act, Resource
from webapp.audit.events import Action
from webapp.practice import actions, queries
from webapp.practice.actions import PracticeWords
from webapp.practice.forms import PracticeForm
from webapp.ui.refusal import show_refusal

practice = Feature("practice", __name__)


@practice.get(
    "/practice",
    allow=by_role(Resource.PRACTICE, Act.READ),
    records=nothing("what the practice says of itself in public"),
)
def show(_actor: Actor) -> ResponseReturnValue:
    return _page(PracticeForm(formdata=None, obj=queries.current()))


@practice.post("/practice", allow=by_role(Resource.PRACTICE, Act.UPDATE), records=Action.PRACTICE_SAVED)
def save(actor: Actor) -> ResponseReturnValue:
    form = PracticeForm()
    if not form.validate_on_submit():
        return _page(form)
    fields: dict[str, Any] = {
        field.name: form[field.name].data or field.default for field in dataclasses.fields(PracticeWords)
    }
    try:
        actions.save(actor, PracticeWords(**fields), at=utcnow())
    except Invalid as e:
        show_refusal(form, e)
        return _page(form)
    flash(gettext("Saved."))
    return redirect(url_for("practice.show"))


def _page(form: PracticeForm) -> str:
    has_mail = bool(current_app.extensions["wellhouse.settings"].mail.host)
    return render_template("practice/show.html", form=form, has_mail=has_mail)
