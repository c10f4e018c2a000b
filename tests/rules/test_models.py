"""Tables: nothing neutral in them, the same in models and migrations, and their safeguards in place."""

from __future__ import annotations

import ast
import dataclasses
import importlib
from collections.abc import Iterable
from typing import Any

import peewee
import pytest

from core.errors import Refused
from core.settings import Settings
from tests.rules.source import modules
from webapp.app import MODEL_MODULES, import_models
from webapp.db import fields, migrate, triggers
from webapp.db.database import db, writing

# A Choice holds a word of a closed set; the others have said why they are not sealed.
MAY_HOLD_TEXT = (fields.PlainText, fields.Choice)


def tables() -> list[type[peewee.Model]]:
    """Every model that the portal has, by its table's name."""
    import_models()
    found: list[type[peewee.Model]] = []
    for name in MODEL_MODULES:
        for thing in vars(importlib.import_module(name)).values():
            own = isinstance(thing, type) and issubclass(thing, peewee.Model) and thing.__module__ == name
            if own and thing not in found:
                found.append(thing)
    return sorted(found, key=lambda model: model._meta.table_name)


def bare_texts(models: Iterable[type[peewee.Model]]) -> list[str]:
    """Columns for text or bytes that are neither sealed nor say why not."""
    bare = (peewee.TextField, peewee.CharField, peewee.FixedCharField, peewee.BlobField)
    return [
        f"{model.__name__}.{field.name}"
        for model in models
        for field in model._meta.sorted_fields
        if isinstance(field, bare)
        and not isinstance(field, (*MAY_HOLD_TEXT, fields.SealedText))
        and (model.__name__, field.name) not in PLAIN_BYTES
    ]


# Bytes that are nobody's content, and why they lie open.
PLAIN_BYTES = {
    ("AuditEvent", "mac"): "a MAC",
    ("AuditHead", "mac"): "a MAC",
    ("SecurityKey", "credential"): "a public id, looked up at sign-in",
}


@pytest.mark.parametrize("field", [peewee.TextField, peewee.CharField, peewee.BlobField])
def test_planted_bare_column_is_found(field: type[peewee.Field]) -> None:
    class Planted(peewee.Model):
        words = field()

    assert bare_texts([Planted]) == ["Planted.words"]


def test_every_text_is_sealed_or_says_why_not() -> None:
    assert bare_texts(tables()) == []


def unlisted_models() -> list[str]:
    """Modules that define a table and are not in MODEL_MODULES, so that nothing watches them."""
    bases = {"Row", "Model"}
    return [
        path
        for path, tree in modules()
        for node in ast_classes(tree)
        if {base.rsplit(".", 1)[-1] for base in node[1]} & bases
        and not path.startswith(("webapp/db/",))
        and path.removesuffix(".py").replace("/", ".") not in MODEL_MODULES
    ]


def ast_classes(tree: ast.Module) -> list[tuple[str, list[str]]]:
    return [
        (node.name, [ast.unparse(base) for base in node.bases])
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]


def test_every_module_with_tables_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unlisted_models() == []
    monkeypatch.setattr("tests.rules.test_models.MODEL_MODULES", MODEL_MODULES[:-1])
    assert unlisted_models() != []


@dataclasses.dataclass(frozen=True)
class Shape:
    """A table as the database sees it."""

    columns: frozenset[tuple[str, str, bool, bool]]
    indexes: frozenset[tuple[tuple[str, ...], bool]]
    references: frozenset[tuple[Any, ...]]


def shape(table: str) -> Shape:
    columns = {(c.name, c.data_type.lower(), c.null, c.primary_key) for c in db.get_columns(table)}
    indexes = {(tuple(i.columns), bool(i.unique)) for i in db.get_indexes(table)}
    if isinstance(db.obj, peewee.PostgresqlDatabase):
        references = {(k.column, k.dest_table, k.dest_column) for k in db.get_foreign_keys(table)}
    else:  # with what happens on deletion
        rows = db.execute_sql(f'PRAGMA foreign_key_list("{table}")').fetchall()
        references = {(row[3], row[2], row[4], row[5], row[6]) for row in rows}
    return Shape(frozenset(columns), frozenset(indexes), frozenset(references))


def differences(models: Iterable[type[peewee.Model]], migrated: dict[str, Shape]) -> list[str]:
    """Tables that differ between the models and what the migrations made. Makes the models' tables anew."""
    found = []
    for model in models:
        made, name = shape(model._meta.table_name), model._meta.table_name
        for part in ("columns", "indexes", "references"):
            ours, theirs = getattr(made, part), getattr(migrated.get(name, EMPTY), part)
            if ours != theirs:
                found.append(f"{name} {part}: only in the model {ours - theirs}, only migrated {theirs - ours}")
    return found


EMPTY = Shape(frozenset(), frozenset(), frozenset())


def test_models_and_migrations_make_the_same_tables(database: Settings) -> None:
    models = tables()
    names = set(db.get_tables())
    migrated = {name: shape(name) for name in names}
    unknown = names - {model._meta.table_name for model in models}
    assert unknown == {"schema_migration"}  # the list of applied migrations
    token, cascade = writing.set(True), " CASCADE"
    if not isinstance(db.obj, peewee.PostgresqlDatabase):
        db.execute_sql("PRAGMA foreign_keys = 0")
        cascade = ""
    try:
        for name in names - unknown:
            db.execute_sql(f'DROP TABLE "{name}"{cascade}')
        db.create_tables(models)
    finally:
        writing.reset(token)
    assert differences(models, migrated) == []

    class Planted(fields.Row):
        words = fields.PlainText(why="planted")

    db.create_tables([Planted])
    assert differences([Planted], migrated) != []


def test_lost_trigger_stops_the_portal_from_starting(database: Settings) -> None:
    triggers.verify()
    lost = triggers.declared()[0]
    on = f' ON "{lost.table}"' if isinstance(db.obj, peewee.PostgresqlDatabase) else ""
    db.execute_sql(f"DROP TRIGGER {lost.name}{on}")
    with pytest.raises(Refused, match=lost.name):
        migrate.refuse_if_behind(db.obj)


@pytest.mark.parametrize("trigger", [pytest.param(t, id=t.name) for t in (import_models(), triggers.declared())[1]])
def test_every_trigger_is_about_a_table_and_columns_that_exist(trigger: triggers.Trigger) -> None:
    by_name = {model._meta.table_name: model for model in tables()}
    assert trigger.table in by_name
    assert set(trigger.columns) <= set(by_name[trigger.table]._meta.columns)
