"""Every end of the audit record that is remembered outside the database: beside the settings, and in the backups."""

from __future__ import annotations

from appliance import audit_anchor
from appliance.backup import manifest
from appliance.backup.make import repository
from appliance.backup.state import read_state
from core.errors import WellhouseError
from core.settings import Settings
from webapp.audit.anchor import Anchor
from webapp.crypto.keyring import Keyring


def remembered_ends(settings: Settings, keyring: Keyring) -> tuple[list[Anchor], list[str]]:
    """What is remembered, and a sentence for each target that could not be asked."""
    here = audit_anchor.remembered(settings, keyring)
    ends, unread = [here] if here else [], []
    since = read_state(settings).since
    for target in settings.backup.targets:
        try:
            place = repository(target, settings, keyring)
            newer = [snapshot for snapshot in place.snapshots() if snapshot.number > since]
            if newer:
                signed = place.file(newer[-1].id, manifest.FILE)
                ends.append(manifest.read_signed(signed.decode(), keyring).audit)
        except WellhouseError as e:
            unread.append(e.sentence)
    return ends, unread
