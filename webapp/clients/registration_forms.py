"""The forms of registering, and of deciding about it."""

from __future__ import annotations

import uuid

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, RadioField, SelectField, StringField, TelField
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from core.errors import Invalid
from webapp.account.actions import NAME_MAX, tidy_email


def _tidy(text: str | None) -> str:
    return " ".join((text or "").split())


def _at_most(characters: int) -> Length:
    return Length(max=characters, message=lazy_gettext("Please take at most %(max)d characters."))


class RegisterForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Who somebody is. *company* is for scripts: people neither see nor reach it."""

    name = StringField(
        lazy_gettext("Full name"),
        [DataRequired(lazy_gettext("Please write your name.")), _at_most(NAME_MAX)],
        filters=[_tidy],
    )
    email = EmailField(
        lazy_gettext("Email"),
        [DataRequired(lazy_gettext("Please write your e-mail address.")), _at_most(254)],
        filters=[_tidy],
    )
    phone = TelField(lazy_gettext("Phone"), [_at_most(40)], filters=[_tidy])
    company = StringField(lazy_gettext("Leave this empty"))

    def validate_email(self, field: EmailField) -> None:
        try:
            field.data = tidy_email(field.data)
        except Invalid as e:
            raise ValidationError(e.sentence) from e


class ProveForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """*link* is the token from the address."""

    link = HiddenField()


class ApproveForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Whose client they become; *same_as* only where somebody was written down with the same address."""

    same_as = RadioField(lazy_gettext("Who is it?"), [Optional()], default="")
    provider = SelectField(lazy_gettext("Who cares for them?"), [Optional()])

    @property
    def chosen_client(self) -> uuid.UUID | None:
        """The client who was written down before, or None for a new one."""
        return uuid.UUID(self.same_as.data) if self.same_as.data else None

    @property
    def chosen_provider(self) -> uuid.UUID:
        """Invalid (field “provider”) if none was chosen."""
        if not self.provider.data:
            raise Invalid(gettext("Choose a colleague from the list."), field="provider")
        return uuid.UUID(self.provider.data)
