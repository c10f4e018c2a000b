"""Showing what an action could not use, at the field it is about."""

from __future__ import annotations

from flask_wtf import FlaskForm

from core.errors import Conflict, Invalid


def show_refusal(form: FlaskForm, error: Invalid | Conflict) -> None:
    """Write the error's sentence under its field of *form*, or above the form if it names none of them."""
    field = error.field if isinstance(error, Invalid) else None
    if field in form:
        form[field].errors = [*form[field].errors, error.sentence]
    else:
        form.form_errors = [*form.form_errors, error.sentence]
