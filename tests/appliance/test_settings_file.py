"""wellhouse.toml: what is wrong in it is said in one sentence that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.commands.settings import document
from core.settings import SettingError, Settings, load, parse
from tests.appliance.folder import CHECKOUT, wellhouse


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[ports]\nhtps = 1", "ports.htps is not a setting. Did you mean https?"),
        ("[prots]\nhttps = 1", "[prots] is not a section. Did you mean ports?"),
        ("[site]\nxyzzy = 1", "site.xyzzy is not a setting. Known are: certificate"),
        ("[ports]\nhttps = '443'", "ports.https must be a whole number, not '443'."),
        ("[ports]\nhttps = true", "ports.https must be a whole number, not True."),
        ("[ports]\nhttps = 70000", "ports.https must lie between 1 and 65535, not 70000."),
        ("[ports]\nturn = 443", "ports.https and ports.turn are both 443: they need different ones."),
        ("[ports]\nmedia = 49160", "ports.media lies between ports.relay_first and relay_last"),
        ("[ports]\nrelay_first = 50000", "ports.relay_first must not exceed ports.relay_last."),
        ("[site]\nhostname = 'Clinic One'", "'Clinic One' in [site] is not a host name"),
        ("[site]\nother_names = ['a_b']", "'a_b' in [site] is not a host name"),
        ("[site]\nother_names = 'one.example'", "site.other_names must be a list of texts"),
        ("[site]\ncertificate = '/a.pem'", "site.certificate and site.certificate_key belong together"),
        ("[rtc]\nrelay_address = 'lan'", "'lan' in [rtc] is not an IP address."),
        ("[paths]\nrun = 'run'", "paths.run must start with /"),
        ("[paths]\ndata = '/srv/a;b'", "paths.data must start with / and hold no"),
        ("[paths]\nkeys = '/var/lib/wellhouse/keys'", "paths.keys must not lie inside paths.data"),
        (f"[paths]\nrun = '/{'x' * 100}'", "paths.run is too long: sockets in it would need 121 bytes"),
        ("[database]\nengine = 'mysql'", "database.engine must be sqlite or postgresql."),
        ("[backup]\ntargets = ['/mnt/a\"b']", "backup.targets holds '/mnt/a\"b': write a folder"),
        ('[backup]\ntargets = ["sftp:a@b:/x\\ny"]', "without line breaks"),
        ("site = 1", "site must be a section: write [site]."),
        ("[site", "is not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named(text: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "wellhouse.toml"
    file.write_text(text)
    with pytest.raises(SettingError) as refused:
        load(file)
    assert sentence in refused.value.sentence
    assert str(file) in refused.value.sentence


def test_the_command_says_it_on_standard_error_and_exits_with_2(tmp_path: Path) -> None:
    file = tmp_path / "wellhouse.toml"
    file.write_text("[ports]\nhtps = 1")
    for command in ("status", "check", "configure", "up"):
        done = wellhouse(command, "--config", file)
        assert done.returncode == 2
        assert done.stderr == f"wellhouse: {file}: ports.htps is not a setting. Did you mean https?\n"


def test_a_missing_settings_file_is_named(tmp_path: Path) -> None:
    done = wellhouse("--config", tmp_path / "none.toml", "status")
    assert (done.returncode, done.stderr) == (
        2,
        f"wellhouse: There is no settings file {tmp_path}/none.toml. Name the right one with --config.\n",
    )


def test_ipv6_names_stand_in_brackets_in_origins() -> None:
    settings = parse({"site": {"hostname": "clinic.example", "other_names": ["fd00::5"]}, "ports": {"https": 8443}})
    assert settings.origins == {"https://clinic.example:8443", "https://[fd00::5]:8443"}


@pytest.mark.parametrize(
    ("site", "name"),
    [
        ({"hostname": "clinic.example"}, "turn.clinic.example"),
        ({"hostname": "clinic.example", "turn_hostname": "relay.example"}, "relay.example"),
        ({"hostname": "192.0.2.7"}, ""),
    ],
)
def test_turn_over_tls_has_a_name_of_its_own(site: dict[str, str], name: str) -> None:
    assert parse({"site": site}).turn_tls_name == name


def test_the_settings_page_is_what_the_settings_say() -> None:
    assert (CHECKOUT / "docs/SETTINGS.md").read_text() == document()
    assert wellhouse("settings").stdout == document()
    assert f'| `hostname` | `"{Settings().site.hostname}"` |' in document()
