"""The page at the end of installing."""

from __future__ import annotations

import pytest

from appliance.install import closing
from appliance.install.firewalls import FIREWALLD, UFW, Firewall
from core.settings import Backup, Settings, Site

LINK = "https://clinic.example/setup?link=x"


def page(*firewalls: Firewall, certificate: str = "local") -> str:
    settings = Settings(site=Site(hostname="clinic.example"), backup=Backup(targets=("/mnt/nas",)))
    return closing.page(closing.Box(settings, certificate, "192.168.1.20", firewalls), LINK)


@pytest.mark.parametrize("other", [UFW, FIREWALLD])
def test_whoever_keeps_another_firewall_is_told_what_to_type(other: Firewall) -> None:
    told = page(other)
    for port in ("80/tcp", "443/tcp", "3478/tcp", "3478/udp", "3480/udp"):
        assert f"\n  sudo {other.allow.format(port=port)}\n" in f"{told}\n"
    assert f"Make the rules in {other.name} and the records in the DNS below" in told
    assert ("\n  sudo firewall-cmd --reload\n" in told) is (other is FIREWALLD)
    assert "22/tcp" not in told


def test_the_router_is_told_of_beside_another_firewall() -> None:
    assert "Make the rules in ufw and on the router and the records" in page(UFW, certificate="acme")


def test_an_authority_that_could_not_come_in_is_asked_again() -> None:
    assert "3480/udp\n  sudo wellhouse certificates renew\n" in page(UFW, certificate="acme")
    assert "certificates renew" not in page(UFW)


def test_without_another_firewall_none_is_spoken_of() -> None:
    assert "firewall" not in page()
