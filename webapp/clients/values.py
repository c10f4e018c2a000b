"""What is written down about a client, on its way from the form to the rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from webapp.clients.folding import digits, fold


@dataclass(frozen=True)
class Details:
    """What only the care team and the client know."""

    birth_date: date | None = None
    address: str = ""
    emergency_name: str = ""
    emergency_phone: str = ""


@dataclass(frozen=True)
class ClientValues:
    """Name and contact. *family_name* decides the order of lists; empty means the last word of *name*."""

    name: str
    time_zone: str
    family_name: str = ""
    preferred_name: str = ""
    pronouns: str = ""
    email: str = ""
    phone: str = ""
    language: str = "en"

    @property
    def listed_under(self) -> str:
        return self.family_name or self.name.split()[-1]

    @property
    def sort_key(self) -> str:
        return fold(f"{self.listed_under} {self.name}")

    @property
    def search(self) -> str:
        return " ".join(filter(None, (fold(f"{self.name} {self.preferred_name} {self.email}"), digits(self.phone))))
