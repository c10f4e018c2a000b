"""The forms of the first run."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField, RadioField, SelectField, StringField, TelField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from webapp.account.mfa.models import Whom
from webapp.account.zones import zone_choices


class AdminForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """*link* is the token from the address."""

    link = HiddenField()
    name = StringField(_l("Your name"), validators=[InputRequired(_l("Please write your name."))])
    email = EmailField(_l("Email"), validators=[InputRequired(_l("Please write your e-mail address."))])
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Please choose a password."))])


class PracticeForm(FlaskForm):  # type: ignore[misc]  # untyped base
    name = StringField(
        _l("Name of the practice"),
        validators=[InputRequired(_l("Please give the practice a name.")), Length(max=100)],
    )
    phone = TelField(_l("Phone"), validators=[Length(max=40)])
    time_zone = SelectField(
        _l("Time zone"),
        choices=lambda: [SelectChoice("", _l("Choose…")), *zone_choices()],
        validate_choice=False,
        validators=[InputRequired(_l("Please choose a time zone from the list."))],
    )


class FactorsForm(FlaskForm):  # type: ignore[misc]  # untyped base
    whom = RadioField(
        _l("Who must have a second factor?"),
        coerce=Whom,
        choices=[
            SelectChoice(Whom.STAFF, _l("Providers and admins")),
            SelectChoice(Whom.EVERYONE, _l("Everybody, clients too")),
            SelectChoice(Whom.NOBODY, _l("Everybody chooses for themselves")),
        ],
        validators=[InputRequired(_l("Please choose one."))],
    )
