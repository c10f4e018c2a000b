"""The form about the practice."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField, TelField, TextAreaField
from wtforms.validators import InputRequired, Length

from webapp.account.zones import zone_choices


class PracticeForm(FlaskForm):  # type: ignore[misc]  # untyped base
    name = StringField(
        _l("Name of the practice"), validators=[InputRequired(_l("Please give the practice a name.")), Length(max=100)]
    )
    phone = TelField(_l("Phone"), validators=[Length(max=40)])
    address = TextAreaField(_l("Address"), validators=[Length(max=300)])
    time_zone = SelectField(
        _l("Time zone"),
        choices=zone_choices,
        validate_choice=False,
        validators=[InputRequired(_l("Please choose a time zone from the list."))],
    )
    waiting_text = TextAreaField(_l("Waiting room"), validators=[Length(max=600)])
    introduction = TextAreaField(_l("About the practice"), validators=[Length(max=4000)])
    registration_open = BooleanField(_l("People may register themselves"))
