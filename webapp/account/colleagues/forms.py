"""The forms about colleagues."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from webapp.access.actor import Role
from webapp.account.mfa.models import Whom
from webapp.ui.fields import DayField


class RolesForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """Which of the two roles somebody has."""

    provider = BooleanField(_l("Provider: sees clients"))
    admin = BooleanField(_l("Admin: looks after the practice and its people"))

    @property
    def roles(self) -> frozenset[Role]:
        chosen = {Role.PROVIDER: self.provider.data, Role.ADMIN: self.admin.data}
        return frozenset(role for role, ticked in chosen.items() if ticked)


class InviteForm(RolesForm):
    name = StringField(_l("Name"), validators=[InputRequired(_l("Please write a name."))])
    email = EmailField(_l("Email"), validators=[InputRequired(_l("Please write an e-mail address."))])


class ResetForm(FlaskForm):  # type: ignore[misc]  # untyped base
    factors = RadioField(
        _l("What is lost?"),
        choices=[
            SelectChoice("stay", _l("Only the password")),
            SelectChoice("go", _l("The phone or key too")),
        ],
        validators=[InputRequired(_l("Please choose what is lost."))],
    )
    note = TextAreaField(
        _l("How did you make sure that it is them?"),
        validators=[InputRequired(_l("Please write how you made sure that it is them.")), Length(max=500)],
    )


class ClientResetForm(ResetForm):
    email = EmailField(_l("Email"), validators=[InputRequired(_l("Please write an e-mail address."))])


class RequirementForm(FlaskForm):  # type: ignore[misc]  # untyped base
    whom = RadioField(
        _l("Who must have a second factor?"),
        coerce=Whom,
        choices=[
            SelectChoice(Whom.NOBODY, _l("Everybody chooses for themselves")),
            SelectChoice(Whom.STAFF, _l("Providers and admins")),
            SelectChoice(Whom.EVERYONE, _l("Everybody, clients too")),
        ],
        validators=[InputRequired(_l("Please choose one."))],
    )
    first_day = DayField(_l("From this day on"), validators=[Optional()])  # required unless it is nobody

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first_day.flags.required = True  # so that its label does not say “optional”
