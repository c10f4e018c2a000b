"""What a page knows about its reader and its bar. Whoever knows the reader (``desk``) fills these in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo


class Role(StrEnum):
    """Which bar a page wears; the word is also written on it."""

    PROVIDER = "provider"
    ADMIN = "admin"
    CLIENT = "client"
    PUBLIC = "public"


class Theme(StrEnum):
    """The reader's stored choice. SYSTEM writes no attribute, so the style sheet follows the device."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Reader:
    """How to write for the person who reads the page."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    locale: str | None = None  # None: the best match of Accept-Language
    theme: Theme = Theme.SYSTEM


@dataclass(frozen=True)
class Tab:
    """A tab of the bar, or of a page. ``icon`` is used on phones, filled where current."""

    label: str
    url: str
    icon: str = ""
    current: bool = False
    count: int = 0
    count_label: str = ""  # what a screen reader says, "4 unread messages"


@dataclass(frozen=True)
class MenuItem:
    """A row of the user menu. ``post`` makes it a form with a token, as signing out must be; ``apart`` draws a line
    above it.
    """

    label: str
    url: str
    icon: str
    post: bool = False
    apart: bool = False


@dataclass(frozen=True)
class Face:
    """A person as an arch: photo, or initials on the tint of their id."""

    id: UUID
    name: str
    photo_url: str = ""


@dataclass(frozen=True)
class Waiting:
    """Somebody in a waiting room, for the banner. Times are aware."""

    face: Face
    since: datetime
    starts_at: datetime
    admit_url: str
    message_url: str = ""


@dataclass(frozen=True)
class Idle:
    """When somebody who does nothing is signed out, and where a page asks about it."""

    left_s: int
    url: str
    stay_url: str
    sign_out_url: str


@dataclass(frozen=True)
class Bar:
    """The bar, the banner under it, and what the footer needs. Empty URLs leave their link out."""

    role: Role = Role.PUBLIC
    practice_name: str = "Wellhouse"
    home_url: str = "/"
    tabs: tuple[Tab, ...] = ()
    menu: tuple[MenuItem, ...] = ()
    face: Face | None = None
    for_whom: str = ""  # for whom somebody acts, written in the bar
    phone: str = ""
    contact_url: str = ""
    help_url: str = ""
    sign_in_url: str = ""
    register_url: str = ""
    idle: Idle | None = None
    drafts_url: str = ""  # where forms keep what is being written
    live_url: str = ""  # the event stream; pages of signed-in people listen to it
    waiting: tuple[Waiting, ...] = ()
    waiting_url: str = ""
    admit_all_url: str = ""
    waiting_part_url: str = ""  # where the banner is drawn afresh; asking there is no sign of somebody being active
