"""Bringing the box's files into the state that its settings ask for. Running it again changes nothing."""

from __future__ import annotations

import os
import pwd
import re
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from appliance.certificates.page import page_files
from appliance.certificates.provide import provide_certificate
from appliance.configure import keys, render
from appliance.configure.files import Owner, folder, owner, write
from appliance.configure.parts import EVERY_PART
from appliance.configure.programs import find_nginx, find_turnserver
from appliance.firewall.rules import has_rules, rules, rules_file
from appliance.keys import change
from appliance.storage import volume
from core.errors import Refused
from core.settings import Settings
from webapp.account.breached import BreachedList
from webapp.appointments.visit import relay_guests

_CONFIG_PATH = re.compile(r"/[^\x00-\x1f\"'\\$%;{}#`*?]*")  # the parts get it on their command lines


@dataclass(frozen=True)
class Applied:
    """What :func:`apply` changed."""

    changed: tuple[Path, ...]
    made_master_key: bool


def apply(settings: Settings, config: Path, *, at: datetime) -> Applied:
    """Make folders, keys, certificate and the configuration of nginx, coturn and supervisor.

    *config* is the settings file, absolute. Refused says what is missing on the machine, in one sentence.
    """
    if _CONFIG_PATH.fullmatch(str(config)) is None:
        raise Refused(f"{config}: use a path without quotes, line breaks or any of \\ $ % ; {{ }} # ` * ?")
    refuse_foreign_box(settings)
    volume.refuse_if_closed(settings)
    if settings.passwords.breached_file:
        BreachedList(Path(settings.passwords.breached_file)).judge()
    find_nginx(), find_turnserver()  # before anything is made
    changed = _folders(settings) + _relay_guests(settings)
    made_key = change.provide(settings, at=at)
    if made_key:
        changed.append(settings.paths.master_key)
    keyring = keys.load_keyring(settings)
    changed += keys.write_grant_keys(settings, keyring)
    changed += provide_certificate(settings, keyring, at=at)

    for file in configuration_files(settings, config):
        if write(file.path, file.content, mode=file.mode, own=file.own):
            changed.append(file.path)
    return Applied(tuple(changed), made_key)


@dataclass(frozen=True)
class ConfigurationFile:
    """A file made from the settings, as it should be."""

    path: Path
    content: bytes
    mode: int
    own: Owner

    @property
    def stale(self) -> bool:
        """Whether the file on disk is absent or says something else."""
        return not self.path.is_file() or self.path.read_bytes() != self.content


def configuration_files(settings: Settings, config: Path) -> list[ConfigurationFile]:
    """Everything that nginx, coturn and supervisor read, for these settings and this machine."""
    nginx, places = find_nginx(), render.Places.of(settings)
    supervisord = render.supervisord_conf(settings, config=config, nginx=nginx, turnserver=find_turnserver())
    coturn = render.turnserver_conf(settings)
    pages = files("appliance.configure") / "templates/nginx/pages"
    return [
        ConfigurationFile(places.nginx_conf, render.nginx_conf(settings, nginx).encode(), 0o644, Owner()),
        ConfigurationFile(places.closed_conf, render.closed_conf(settings).encode(), 0o644, Owner()),
        ConfigurationFile(places.turnserver_conf, coturn.encode(), 0o400, owner(settings.users.turn)),
        ConfigurationFile(places.supervisord_conf, supervisord.encode(), 0o600, Owner()),
        *_firewall(settings),
        *(ConfigurationFile(places.pages / page.name, page.read_bytes(), 0o644, Owner()) for page in pages.iterdir()),
        *(ConfigurationFile(page.path, page.content, 0o644, Owner()) for page in page_files(settings)),
    ]


def _firewall(settings: Settings) -> list[ConfigurationFile]:
    if not has_rules(settings):
        return []
    return [ConfigurationFile(rules_file(settings), rules(settings).encode(), 0o600, Owner())]


def refuse_foreign_box(settings: Settings) -> None:
    """Refused if the appliance was made by another account: files made by this one would lock it out."""
    uid = render.starter(settings)
    if uid != os.geteuid():
        name = pwd.getpwuid(uid).pw_name
        raise Refused(
            f"This appliance belongs to the account {name}. Run the command as that: sudo -u {name} wellhouse …"
        )


def _relay_guests(settings: Settings) -> list[Path]:
    """The list of coturn's guests, empty until somebody is let into a visit."""
    file, users = settings.paths.relay_guests, settings.users
    if file.exists():
        return []
    relay_guests.make(file)
    own = owner(users.portal, group_of=users.turn)
    os.chown(file, own.uid, own.gid)
    file.chmod(0o640)
    return [file]


def _folders(settings: Settings) -> list[Path]:
    users, places = settings.users, render.Places.of(settings)
    several = any((users.portal, users.rtc, users.turn, users.web, users.certificates))
    portal, rtc = owner(users.portal), owner(users.rtc)
    spool = owner(users.rtc, group_of=users.portal)
    in_group = owner("", group_of=users.portal)
    # PostgreSQL's own account passes through to its folder in here, and can list nothing; all else in it is closed.
    data_mode = 0o711 if settings.database.engine == "postgresql" else 0o710
    # The others run as the portal's account.
    part_owner = {"rtc": rtc, "coturn": owner(users.turn), "nginx": Owner(), "certificates": Owner()}
    for given in (places.etc, places.log.parent, places.run.parent):
        given.mkdir(parents=True, exist_ok=True)
    wanted = [
        (places.pages, 0o755, Owner()),
        *([(places.trust, 0o755, Owner())] if settings.certificates.source == "local" else []),
        (Path(settings.paths.keys), 0o750 if several else 0o700, in_group),
        # The media server passes through to its spool, and can list nothing.
        (Path(settings.paths.data), data_mode if several else 0o700, portal),
        # The media server's own; backups, which are the portal's, copy what is in it.
        (settings.paths.room_event_spool.parent, 0o750 if several else 0o700, spool),
        (places.log, 0o750, Owner()),
        # Root's own locks and sockets, and a folder for each part. Were it the group's, one part could put its socket
        # in another's place, or a link where root writes.
        (places.run, 0o711 if several else 0o700, Owner()),
        # The group connects to the sockets in these.
        (settings.paths.portal_socket.parent, 0o750 if several else 0o700, portal),
        (settings.paths.control_socket.parent, 0o750 if several else 0o700, spool),
        (places.nginx_run, 0o700, owner(users.web)),
        (places.acme, 0o755, owner(users.certificates)),
        (places.turn_run, 0o700, owner(users.turn)),
        # The portal writes who may be relayed; coturn, which strangers talk to, can only read it.
        (settings.paths.relay_guests.parent, 0o2750 if several else 0o700, owner(users.portal, group_of=users.turn)),
        (places.records, 0o755, Owner()),
        *((places.record(part).parent, 0o700, part_owner.get(part, portal)) for part in EVERY_PART),
    ]
    return [path for path, mode, own in wanted if folder(path, mode=mode, own=own)]
