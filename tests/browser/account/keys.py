"""A security key that exists only inside Chromium: plugged in, touched and unlocked by the test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import CDPSession, Page

PAGE_IDS = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}


@dataclass(frozen=True)
class Key:
    """A virtual authenticator of one page (the DevTools protocol's domain WebAuthn)."""

    cdp: CDPSession
    id: str

    def credentials(self) -> list[dict[str, Any]]:
        """What it holds, private keys included."""
        answer = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        held: list[dict[str, Any]] = answer["credentials"]
        return held

    def take_over(self, credential: dict[str, Any]) -> None:
        """Hold a copy of another key's credential."""
        self.cdp.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})

    def unlock(self, unlocked: bool) -> None:
        """Whether its owner is known to it (fingerprint, PIN)."""
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": unlocked})

    def unplug(self) -> None:
        self.cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})


def plug_in(page: Page, **options: Any) -> Key:
    """A new, empty, unlocked key for *page*. It touches itself when asked."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    wanted = {**PAGE_IDS, "isUserVerified": True, "automaticPresenceSimulation": True, **options}
    return Key(cdp, cdp.send("WebAuthn.addVirtualAuthenticator", {"options": wanted})["authenticatorId"])
