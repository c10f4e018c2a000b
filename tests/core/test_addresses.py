from __future__ import annotations

import ipaddress

from core.addresses import LOOPBACK, interface_addresses, media_addresses, relay_address
from core.settings import Rtc


def test_configured_addresses_are_taken_as_they_are() -> None:
    rtc = Rtc(addresses=("192.0.2.7", "2001:db8::7"))
    assert media_addresses(rtc) == ("192.0.2.7", "2001:db8::7")
    assert relay_address(rtc) == "192.0.2.7"
    assert relay_address(Rtc(addresses=("192.0.2.7",), relay_address="10.0.0.1")) == "10.0.0.1"


def test_found_addresses_are_those_that_others_can_reach() -> None:
    found = [ipaddress.ip_address(address) for address in interface_addresses()]
    assert not [a for a in found if a.is_loopback or a.is_link_local or a.is_unspecified]
    assert [a.version for a in found] == sorted(a.version for a in found), "IPv4 first"
    assert media_addresses(Rtc()) == (tuple(str(a) for a in found) or (LOOPBACK,))
