"""The forms of second factors."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired

_CODE_MISSING = _l("Please write the code.")


class CodeForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """*next* is where to go afterwards, *need* what is being confirmed."""

    code = StringField(_l("6-digit code"), validators=[InputRequired(_CODE_MISSING)])
    next = HiddenField()
    need = HiddenField()


class RecoveryCodeForm(FlaskForm):  # type: ignore[misc]  # untyped base
    # An id of its own: it stands on one page with the 6-digit code, and a label leads to an id.
    code = StringField(_l("Recovery code"), id="recovery-code", validators=[InputRequired(_CODE_MISSING)])
    next = HiddenField()
    need = HiddenField()


class PasswordForm(FlaskForm):  # type: ignore[misc]  # untyped base
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Please write your password."))])
    next = HiddenField()
    need = HiddenField()


class NewAppForm(FlaskForm):  # type: ignore[misc]  # untyped base
    code = StringField(_l("6-digit code"), validators=[InputRequired(_CODE_MISSING)])
    name = StringField(_l("Description name"), validators=[InputRequired(_l("Please give it a name."))])


class NameForm(FlaskForm):  # type: ignore[misc]  # untyped base
    name = StringField(_l("Description name"), validators=[InputRequired(_l("Please give it a name."))])
