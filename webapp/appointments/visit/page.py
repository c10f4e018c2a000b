"""What the visit's page shows, and the JSON that its scripts read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from flask import url_for
from flask_babel import gettext

from core.settings import Settings
from webapp.access.actor import Actor
from webapp.appointments.links import appointment_path
from webapp.appointments.visit import queries, words
from webapp.appointments.visit.credentials import IceServer
from webapp.appointments.visit.models import Attendance, Visit
from webapp.appointments.visit.policy import Door
from webapp.appointments.visit.queries import Me
from webapp.appointments.visit.times import reader_zone
from webapp.appointments.window import Entry
from webapp.practice import queries as practice
from webapp.ui import people, times

_STATIC = Path(__file__).parent / "static/visit"
_VISIT = {Entry.OPEN: "open", Entry.NOT_YET: "early", Entry.OVER: "over", Entry.CANCELLED: "over"}


@dataclass(frozen=True)
class Record:
    """A client's record, to be shown beside the visit."""

    name: str
    url: str


@dataclass(frozen=True)
class Page:
    """The whole page, drawn once; its scripts then move between the stages lobby, waiting, room, over."""

    stage: str
    role: str
    title: str
    greeting: str
    where: str
    waiting_where: str
    other_name: str
    initials: str
    place: str
    phone: str
    waiting_text: str
    call_back: str
    nobody_here: str
    back_words: str
    records: tuple[Record, ...]
    modules: tuple[str, ...]
    config: dict[str, Any]


def page(actor: Actor, door: Door, settings: Settings, *, host: str, at: datetime) -> Page:
    """The page for the person at *door*, who reached the site as *host* (with its port)."""
    read, stands = door.read, queries.state(door, at=at)
    starts = times.clock_time(read.appointment.starts_at, reader_zone(), with_zone=True)
    other = _other_name(door)
    mine = read.client.called if read.client and read.is_own else actor.name
    said = queries.About("", "") if door.is_staff else queries.said_before(door)
    stage = _stage(stands)
    return Page(
        stage=stage,
        role=read.role.value,
        title=gettext("Visit with %(name)s", name=other),
        greeting=gettext("Ready when you are, %(name)s", name=mine),
        where=gettext("Visit with %(name)s, %(time)s", name=other, time=starts),
        waiting_where=gettext("Waiting room, %(time)s", time=starts),
        other_name=other,
        initials=people.initials(actor.name),
        place=said.place,
        phone=said.phone,
        waiting_text=practice.current().waiting_text,
        call_back=_call_back(door, said.phone),
        nobody_here=_nobody_here(door, other),
        back_words=gettext("Back to the appointment"),
        records=_records(door),
        modules=modules(),
        config=_config(door, settings, stage, mine, other, stands, host),
    )


def state_json(stands: queries.State, about: queries.About | None = None) -> dict[str, Any]:
    """``VisitState`` of static/visit/types.js."""
    return {
        "visit": _VISIT[stands.entry],
        "me": stands.me.value,
        "sentence": stands.sentence,
        "waiting": [
            {
                "person": str(one.person),
                "initials": people.initials(one.name),
                "sentence": gettext("%(name)s is waiting", name=one.name),
            }
            for one in stands.waiting
        ],
        "people": _people_json(stands),
        "about": asdict(about) if about else None,
    }


def entry_json(
    grant: str,
    relays: tuple[IceServer, ...],
    visit: Visit,
    mine: Attendance,
    stands: queries.State,
    about: queries.About | None,
    *,
    at: datetime,
) -> dict[str, Any]:
    """``Entry`` of static/visit/types.js."""
    return {
        "grant": grant,
        "participant": str(mine.participant),
        "ice_servers": [asdict(relay) for relay in relays],
        "people": _people_json(stands),
        "elapsed_s": (at - visit.began_at).total_seconds() if visit.began_at else 0,
        "about": asdict(about) if about else None,
    }


def chat_json(lines: tuple[queries.Line, ...]) -> dict[str, Any]:
    """``ChatLine`` of static/visit/types.js for each."""
    zone = reader_zone()
    return {
        "lines": [
            {
                "number": line.number,
                "mine": line.mine,
                "name": gettext("You") if line.mine else line.name,
                "time": times.clock_time(line.at, zone),
                "body": line.body,
            }
            for line in lines
        ]
    }


@cache
def modules() -> tuple[str, ...]:
    """Every script of the page, so that the browser fetches them at once and not one after the other."""
    return tuple(sorted(file.name for file in _STATIC.glob("*.js") if file.name != "types.js"))


def _stage(stands: queries.State) -> str:
    if stands.entry is not Entry.OPEN:
        return "over"
    if stands.me is Me.ADMITTED:
        return "room"
    return "waiting" if stands.me is Me.WAITING else "lobby"


def _other_name(door: Door) -> str:
    if not door.is_staff:
        return str(door.read.appointment.provider.name)
    names = [client.name for client in door.read.clients]
    if len(names) == 1:
        return str(names[0])
    return gettext("%(name)s and %(more)s more", name=names[0], more=len(names) - 1)


def _records(door: Door) -> tuple[Record, ...]:
    if not door.is_staff:
        return ()
    return tuple(Record(client.name, url_for("clients.beside", client_id=client.id)) for client in door.read.clients)


def _call_back(door: Door, phone: str) -> str:
    """What to do when the connection stays away."""
    if not door.is_staff and phone:
        return gettext("If something goes wrong, we will call %(phone)s.", phone=phone)
    clinic = practice.current().phone
    if not door.is_staff and clinic:
        return gettext("If something goes wrong, call the clinic: %(phone)s.", phone=clinic)
    return ""


def _nobody_here(door: Door, other: str) -> str:
    if door.is_staff:
        return gettext("%(name)s is not here yet. You will hear it when somebody waits.", name=other)
    return gettext("%(name)s is coming.", name=other)


def _people_json(stands: queries.State) -> list[dict[str, str]]:
    return [
        {
            "participant": str(one.participant),
            "name": one.name,
            "initials": people.initials(one.name),
            "role": one.role.value,
        }
        for one in stands.people
    ]


def _config(
    door: Door, settings: Settings, stage: str, name: str, other: str, stands: queries.State, host: str
) -> dict[str, Any]:
    """``VisitConfig`` of static/visit/types.js."""
    said = words.for_scripts(other=other)
    if stands.sentence:
        said["over_sentence"] = stands.sentence
    if stands.entry is Entry.NOT_YET:
        said["over_title"] = said["early_title"]

    def to(endpoint: str) -> str:
        return url_for(f"visit.{endpoint}", appointment_id=door.appointment_id)

    return {
        "role": door.read.role.value,
        "appointment": str(door.appointment_id),
        "stage": stage,
        "name": name,
        "signalling_url": f"wss://{host}/rtc/v1",
        "relay_only": settings.rtc.relay_only,
        "urls": {
            "state": to("state"),
            "entry": to("enter"),
            "wait": to("wait"),
            "still_here": to("still_here"),
            "stop_waiting": to("stop_waiting"),
            "admit": to("admit"),
            "chat": to("chat"),
            "leave": to("leave"),
            "end": to("end"),
            "back": appointment_path(door.appointment_id),
            "idle": url_for("account.idle"),
            "stay": url_for("account.still_here"),
            "unlock": url_for("unlock.show"),
        },
        "words": said,
    }
