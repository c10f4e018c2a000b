"""An appliance in one folder: its ports, names and paths follow from few wishes."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from appliance.configure.root import KEPT_UP, Wishes, as_toml, provide, settings_file, wanted
from core.errors import Refused
from core.setting_rules import SOCKET_PATH_MAX
from core.settings import SettingError, Settings, parse


def test_every_port_follows_the_https_port() -> None:
    ports = wanted(Path("/r"), Wishes(https_port=9000), None).ports
    assert (ports.https, ports.http, ports.turn, ports.media) == (9000, 0, 9001, 9002)
    assert (ports.relay_first, ports.relay_last) == (9010, 9049)


def test_two_folders_fifty_ports_apart_share_none() -> None:
    def used(https: int) -> set[int]:
        ports = wanted(Path("/r"), Wishes(https_port=https), None).ports
        return {ports.https, ports.turn, ports.media, *range(ports.relay_first, ports.relay_last + 1)}

    assert not used(9000) & used(9050)


@pytest.mark.parametrize("port", [0, -1, 65500])
def test_a_port_that_leaves_no_room_for_the_others_is_refused(port: int) -> None:
    with pytest.raises(SettingError, match="--https-port must lie between 1 and 65486"):
        wanted(Path("/r"), Wishes(https_port=port), None)


def test_the_file_reads_back_as_what_was_written(tmp_path: Path) -> None:
    settings = provide(tmp_path, Wishes(https_port=9000, hostname="clinic.example", demo=True))
    assert settings.site.hostname == "clinic.example"
    assert settings.site.demo
    assert settings_file(tmp_path).read_text().startswith(KEPT_UP)
    assert provide(tmp_path, Wishes()) == settings


def test_every_kind_of_value_survives_the_file() -> None:
    given = {
        "site": {"hostname": "clinic.example", "other_names": ["a.example", "::1"], "demo": True},
        "portal": {"workers": 3},
        "mail": {"sender": "Praxis „Wellhouse“ <hello@clinic.example>"},
    }
    settings = parse(given)
    assert parse(tomllib.loads(as_toml(settings))) == settings
    assert settings != Settings()


def test_a_later_start_keeps_the_ports_and_may_change_them(tmp_path: Path) -> None:
    provide(tmp_path, Wishes(https_port=9000))
    assert provide(tmp_path, Wishes()).ports.https == 9000
    assert provide(tmp_path, Wishes(https_port=9100)).ports.media == 9102


def test_a_file_that_somebody_made_their_own_is_left_alone(tmp_path: Path) -> None:
    provide(tmp_path, Wishes(https_port=9000))
    file = settings_file(tmp_path)
    own = file.read_text().replace(KEPT_UP, "") + "\n[portal]\nworkers = 3\n"
    file.write_text(own)
    assert provide(tmp_path, Wishes(https_port=9000)).portal.workers == 3
    with pytest.raises(Refused, match=r"--https-port contradicts .*wellhouse.toml, where ports.https is 9000"):
        provide(tmp_path, Wishes(https_port=9100))
    assert file.read_text() == own


def test_a_real_practice_never_becomes_a_demonstration(tmp_path: Path) -> None:
    settings = provide(tmp_path, Wishes(https_port=9000))
    settings.paths.database_file.parent.mkdir()
    settings.paths.database_file.touch()
    with pytest.raises(Refused, match="holds a practice that is not a demonstration"):
        provide(tmp_path, Wishes(demo=True))
    assert not provide(tmp_path, Wishes()).site.demo


def test_a_deep_folder_gets_a_short_one_for_its_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    deep = tmp_path / ("deep/" * 20)
    run = Path(provide(deep, Wishes(https_port=9000)).paths.run)
    assert run.parent == tmp_path
    assert len(os.fsencode(run / "rtc/signalling.sock")) <= SOCKET_PATH_MAX
    assert Path(provide(deep, Wishes()).paths.run) == run
