from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from core.settings import SettingError, Settings, load, parse


def refusal(table: dict[str, Any]) -> str:
    with pytest.raises(SettingError) as caught:
        parse(table)
    return caught.value.sentence


def test_no_file_content_means_defaults() -> None:
    assert parse({}) == Settings()
    assert parse({}).ports.media == 3480


def test_every_setting_has_prose() -> None:
    sections = [f.default_factory() for f in fields(Settings) if callable(f.default_factory)]
    assert len(sections) >= 8
    assert all(is_dataclass(section) and section.__doc__ for section in sections)
    silent = [f.name for section in sections for f in fields(section) if len(f.metadata.get("prose", "")) < 5]
    assert silent == []


def _acme(*, hostname: str = "clinic.example", email: str = "it@clinic.example", server: str = "") -> dict[str, Any]:
    certificates = {"source": "acme", "email": email, "server": server}
    return {"site": {"hostname": hostname}, "certificates": certificates}


def test_a_certificate_from_acme_or_from_the_box_itself_lies_where_the_box_keeps_it() -> None:
    assert parse(_acme()).certificates.source == "acme"
    folder = "/etc/wellhouse/certificates"
    named = {"certificate": f"{folder}/chain.pem", "certificate_key": f"{folder}/key.pem"}
    assert parse({"certificates": {"source": "local"}, "site": named}).site.certificate == named["certificate"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"ports": {"medai": 1}}, "ports.medai is not a setting. Did you mean media?"),
        ({"prots": {}}, "[prots] is not a section. Did you mean ports?"),
        ({"ports": 5}, "ports must be a section: write [ports]."),
        ({"ports": {"media": "3480"}}, "ports.media must be a whole number"),
        ({"ports": {"media": True}}, "ports.media must be a whole number"),
        ({"site": {"demo": 1}}, "site.demo must be true or false"),
        ({"rtc": {"addresses": "192.0.2.7"}}, "rtc.addresses must be a list of texts"),
        ({"rtc": {"addresses": ["clinic"]}}, "is not an IP address"),
        ({"ports": {"media": 70000}}, "between 1 and 65535"),
        ({"ports": {"relay_first": 50000, "relay_last": 49999}}, "relay_first must not exceed"),
        ({"ports": {"media": 49200}}, "belong to coturn"),
        ({"ports": {"media": 3478}}, "need different ones"),
        ({"firewall": {"ssh_ports": ["22"]}}, "firewall.ssh_ports must be a list of whole numbers"),
        ({"firewall": {"ssh_ports": [0]}}, "a port lies between 1 and 65535"),
        ({"firewall": {"open_ports": ["9100"]}}, "write a port and its kind, as 9100/tcp"),
        ({"firewall": {"open_ports": ["70000/udp"]}}, "write a port and its kind, as 9100/tcp"),
        ({"rtc": {"public_address": "the clinic"}}, "rtc.public_address must be an address or a name"),
        ({"rtc": {"public_resolver": "dns.example"}}, "is not an IP address"),
        ({"portal": {"idle_minutes": 90}}, "between 5 and 60"),
        ({"database": {"engine": "postgresql"}}, "database.dsn is needed"),
        ({"paths": {"data": "/srv/w", "keys": "/srv/w/keys"}}, "must not lie inside"),
        ({"paths": {"run": "/r" + "x" * 100}}, "too long"),
        ({"paths": {"log": "/var/log;x"}}, "paths.log must start with /"),
        ({"passwords": {"breached_file": "hashes.txt"}}, "passwords.breached_file must start with /"),
        ({"site": {"hostname": "Clinic Example"}}, "is not a host name"),
        ({"certificates": {"source": "letsencrypt"}}, "must be acme, local or own"),
        (_acme(hostname="192.0.2.7"), "needs a name that the whole Internet knows, and 192.0.2.7 is none"),
        (_acme(hostname="clinic"), "needs a name that the whole Internet knows"),
        (_acme(email=""), "needs certificates.email"),
        (_acme(email="nobody"), "needs certificates.email"),
        (_acme(server="http://ca.example"), "must be an address that starts with https://"),
        (_acme() | {"ports": {"http": 0}}, "needs ports.http"),
        (
            {"certificates": {"source": "local"}, "site": {"certificate": "/a.pem", "certificate_key": "/a.key"}},
            "site.certificate lies outside /etc/wellhouse/certificates",
        ),
    ],
)
def test_wrong_setting_is_named_with_what_would_be_right(table: dict[str, Any], words: str) -> None:
    assert words in refusal(table)


@pytest.mark.parametrize(
    ("table", "origins"),
    [
        ({"site": {"hostname": "clinic.example"}}, {"https://clinic.example"}),
        (
            {"site": {"hostname": "a.example", "other_names": ["192.0.2.7", "2001:db8::7"]}, "ports": {"https": 8443}},
            {"https://a.example:8443", "https://192.0.2.7:8443", "https://[2001:db8::7]:8443"},
        ),
    ],
)
def test_origins_are_written_as_browsers_write_them(table: dict[str, Any], origins: set[str]) -> None:
    assert parse(table).origins == origins
    assert parse(table).origin in origins


def test_file_is_named_in_what_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "wellhouse.toml"
    with pytest.raises(SettingError, match="There is no settings file"):
        load(file)
    file.write_text("[ports\n")
    with pytest.raises(SettingError, match=r"wellhouse\.toml is not valid TOML"):
        load(file)
    file.write_text("[ports]\nhttpz = 1\n")
    with pytest.raises(SettingError, match=r"wellhouse\.toml: ports\.httpz"):
        load(file)
    file.write_text("[ports]\nhttps = 8443\n")
    assert load(file).ports.https == 8443
