"""The forms of account pages."""

from __future__ import annotations

from functools import cache

from babel import Locale
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, HiddenField, PasswordField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from webapp import ui
from webapp.account.zones import zone_choices


@cache
def language_choices() -> list[SelectChoice]:
    """The portal's languages, each in its own words."""
    return [SelectChoice(code, (Locale.parse(code).display_name or code).capitalize()) for code in ui.LANGUAGES]


class SignInForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """*next* is where to go afterwards."""

    email = EmailField(_l("Email"), validators=[InputRequired(_l("Please write your e-mail address."))])
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Please write your password."))])
    next = HiddenField()


_PASSWORD_MISSING = _l("Please choose a password.")


class NewPasswordForm(FlaskForm):  # type: ignore[misc]  # untyped base
    password = PasswordField(_l("New password"), validators=[InputRequired(_PASSWORD_MISSING)])


class ChoosePasswordForm(NewPasswordForm):
    """*link* is the token from the address."""

    link = HiddenField()


class ForgotForm(FlaskForm):  # type: ignore[misc]  # untyped base
    email = EmailField(_l("Email"), validators=[InputRequired(_l("Please write your e-mail address."))])


class AddressForm(FlaskForm):  # type: ignore[misc]  # untyped base
    email = EmailField(_l("New address"), validators=[InputRequired(_l("Please write your e-mail address."))])


class LinkForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """*link* is the token from the address."""

    link = HiddenField()


class NotificationsForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """A field for each MailKind, by its value."""

    appointment = BooleanField(_l("News about my appointments"))


class InfoForm(FlaskForm):  # type: ignore[misc]  # untyped base
    name = StringField(_l("Name"), validators=[InputRequired(_l("Please write a name."))])
    time_zone = SelectField(_l("Time zone"), choices=zone_choices, validate_choice=False, validators=[InputRequired()])
    locale = SelectField(_l("Language"), choices=language_choices, validators=[InputRequired()])
    theme = RadioField(
        _l("How pages look"),
        choices=[
            SelectChoice("", _l("As my device")),
            SelectChoice("light", _l("Light")),
            SelectChoice("dark", _l("Dark")),
        ],
    )
