"""The forms about a client."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from flask_babel import get_locale, gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from core.clock import utcnow
from core.errors import Invalid
from webapp.account.actions import NAME_MAX, tidy_email
from webapp.account.zones import zone_choices
from webapp.clients.families import Terms
from webapp.clients.models import Relation
from webapp.clients.values import ClientValues, Details
from webapp.ui.fields import DayField

REASON_MIN = 10  # “urgent” tells nobody anything
REASON_MAX = 1000

# Languages that people ask an interpreter for; the names come from CLDR in the reader's own language.
LANGUAGES = (
    "en", "es", "am", "ar", "de", "fa", "fr", "hi", "ht", "it", "ja", "ko", "ne", "pl", "pt", "ru", "so", "sw", "tl",
    "uk", "ur", "vi", "zh",
)  # fmt: skip


def _at_most(characters: int) -> Length:
    return Length(max=characters, message=lazy_gettext("Please take at most %(max)d characters."))


def _tidy(text: str | None) -> str:
    return " ".join((text or "").split())


def _trim(text: str | None) -> str:
    return (text or "").strip()


class ContactForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Name and contact of a client: all that an admin writes down."""

    name = StringField(
        lazy_gettext("Full name"),
        [DataRequired(lazy_gettext("Please write a name.")), _at_most(NAME_MAX)],
        filters=[_tidy],
    )
    family_name = StringField(lazy_gettext("Family name"), [_at_most(NAME_MAX)], filters=[_tidy])
    preferred_name = StringField(lazy_gettext("Preferred name"), [_at_most(NAME_MAX)], filters=[_tidy])
    pronouns = StringField(lazy_gettext("Pronouns"), [_at_most(40)], filters=[_tidy])
    email = StringField(lazy_gettext("Email"), [_at_most(254)], filters=[_tidy])
    phone = StringField(lazy_gettext("Phone"), [_at_most(40)], filters=[_tidy])
    language = SelectField(lazy_gettext("Language"), [InputRequired()])
    time_zone = SelectField(lazy_gettext("Time zone"), [InputRequired()])

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.language.choices = language_choices()
        self.time_zone.choices = zone_choices()

    def validate_email(self, field: StringField) -> None:
        if not field.data:
            return
        try:
            field.data = tidy_email(field.data)
        except Invalid as e:
            raise ValidationError(e.sentence) from e

    def contact(self) -> dict[str, Any]:
        """The fields of ClientValues that this form has, as they were written."""
        return {part.name: self[part.name].data for part in fields(ClientValues) if part.name in self}


class NewContactForm(ContactForm):
    """A client whom an admin writes down, and the provider who is to care for them."""

    provider = SelectField(lazy_gettext("Provider"), [InputRequired(lazy_gettext("Choose a colleague from the list."))])


class ClientForm(ContactForm):
    """Name, contact and details of a client."""

    birth_date = DateField(lazy_gettext("Birth date"), [Optional()])
    address = TextAreaField(lazy_gettext("Address"), [_at_most(400)], filters=[_trim])
    emergency_name = StringField(lazy_gettext("Emergency contact"), [_at_most(200)], filters=[_tidy])
    emergency_phone = StringField(lazy_gettext("Emergency phone"), [_at_most(40)], filters=[_tidy])

    def validate_birth_date(self, field: DateField) -> None:
        if field.data and not field.data.year >= 1900:
            raise ValidationError(gettext("Please look at the year again."))
        if field.data and field.data > utcnow().date():
            raise ValidationError(gettext("This day is still to come."))

    def details(self) -> dict[str, Any]:
        """The fields of Details that this form has, as they were written."""
        return {part.name: self[part.name].data or part.default for part in fields(Details) if part.name in self}


class OwnForm(ClientForm):
    """What clients change of their own: the clinic keeps name and birth date, which documents bear."""

    name = None
    family_name = None
    birth_date = None


class FamilyTermsForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """What somebody may do for a client, and until when."""

    relation = SelectField(lazy_gettext("Relation"), [InputRequired()])
    joins_visits = BooleanField(lazy_gettext("May join visits and write in their chat"))
    last_day = DayField(lazy_gettext("Last day"), [Optional()])

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.relation.choices = [(relation.value, relation_name(relation)) for relation in Relation]

    def terms(self, zone: ZoneInfo) -> Terms:
        """What was chosen; the last day ends with it, on a clock in *zone*."""
        ends_at = None
        if self.last_day.data:
            following = self.last_day.data + timedelta(days=1)
            ends_at = datetime.combine(following, time.min, tzinfo=zone).astimezone(UTC)
        return Terms(Relation(self.relation.data), bool(self.joins_visits.data), ends_at)


class FamilyForm(FamilyTermsForm):
    """Somebody who is to act for a client."""

    name = StringField(
        lazy_gettext("Full name"),
        [DataRequired(lazy_gettext("Please write a name.")), _at_most(NAME_MAX)],
        filters=[_tidy],
    )
    email = StringField(
        lazy_gettext("Email"),
        [DataRequired(lazy_gettext("Please write an e-mail address.")), _at_most(254)],
        filters=[_tidy],
    )

    def validate_email(self, field: StringField) -> None:
        try:
            field.data = tidy_email(field.data)
        except Invalid as e:
            raise ValidationError(e.sentence) from e


class EmergencyForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Why a record has to be opened now."""

    reason = TextAreaField(
        lazy_gettext("Reason"),
        [
            DataRequired(lazy_gettext("Please write why. Admins and the care team read it.")),
            Length(min=REASON_MIN, message=lazy_gettext("A few more words, please: what has happened?")),
            _at_most(REASON_MAX),
        ],
        filters=[_trim],
    )


class ResetForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Why a client is let in again, and what they have lost."""

    note = TextAreaField(
        lazy_gettext("How did you make sure that it is them?"),
        [DataRequired(lazy_gettext("Please write how you made sure that it is them.")), _at_most(500)],
        filters=[_trim],
    )
    factors = RadioField(
        lazy_gettext("What is lost?"),
        [InputRequired(lazy_gettext("Please choose what is lost."))],
        choices=[
            SelectChoice("stay", lazy_gettext("Only the password")),
            SelectChoice("go", lazy_gettext("The phone or key too")),
        ],
    )


class PasswordForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """The password that an invited person chooses."""

    password = PasswordField(lazy_gettext("Password"), [DataRequired(lazy_gettext("Please choose a password."))])


def relation_name(relation: Relation) -> str:
    """What somebody is to the client, in words."""
    return {
        Relation.PARENT: gettext("Parent"),
        Relation.GUARDIAN: gettext("Guardian"),
        Relation.PARTNER: gettext("Partner"),
        Relation.CHILD: gettext("Grown-up child"),
        Relation.OTHER: gettext("Somebody else"),
    }[relation]


def language_choices() -> list[tuple[str, str]]:
    """Codes and names, by name."""
    names = get_locale() or Locale("en")
    return sorted(
        ((code, language_name(code)) for code in LANGUAGES), key=lambda pair: (pair[0] != names.language, pair[1])
    )


def language_name(code: str) -> str:
    """“Vietnamese”, in the reader's language."""
    return Locale.parse(code).get_display_name(get_locale() or "en") or code
