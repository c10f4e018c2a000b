"""The one-time link."""

from __future__ import annotations

from webapp.db.fields import Moment, PlainText, Row


class SetupLink(Row):
    """Lets whoever holds it make the first admin, once. Only the hash of its token is kept."""

    token_hash = PlainText(why="looked up when the link is opened; a hash", unique=True)
    created_at = Moment()
    expires_at = Moment()
    used_at = Moment(null=True)
