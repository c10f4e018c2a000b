"""“wellhouse up”: the whole appliance in a folder, started, hurt and stopped."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import ssl
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from appliance import health
from appliance.box import Box
from appliance.certificates.files import certificate_files
from appliance.checks import turn
from appliance.checks.finding import Level
from appliance.configure import root as folder
from appliance.leftovers import leftovers
from appliance.ports import needed, refuse_if_busy
from appliance.supervisor import relaying
from core.addresses import LOOPBACK, relay_address
from core.clock import utcnow
from core.settings import Backup, Settings, load
from tests.appliance.folder import configured, eventually, free_base, last_words, members, start, up, wellhouse

WITHOUT_BACKUPS = {"supervisord", "rtc", "coturn", "portal", "worker", "nginx"}
ALL_PARTS = WITHOUT_BACKUPS | {"backup"}


@dataclass(frozen=True)
class Running:
    root: Path
    settings: Settings


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="wh-") as name:
        root = Path(name)
        _with_backups(root)
        with up(root):
            yield Running(root, load(folder.settings_file(root)))


def _with_backups(root: Path) -> None:
    """Settings that name a target, so that the keeper of backups runs too."""
    settings = folder.provide(root, folder.Wishes(https_port=free_base()))
    with_target = replace(settings, backup=Backup(targets=(str(root / "backups"),)))
    folder.settings_file(root).write_text(folder.KEPT_UP + folder.as_toml(with_target), encoding="utf-8")


def well(settings: Settings) -> bool:
    return (
        health.site_answers(settings, timeout_s=1)
        and health.turn_tls_answers(settings, timeout_s=1)
        and health.media_health(settings, timeout_s=1) is not None
    )


def test_every_part_answers_the_way_its_users_reach_it(running: Running) -> None:
    assert well(running.settings)
    assert health.turn_answers(running.settings)
    assert health.turn_tcp_answers(running.settings)
    assert set(members(running.root)) == ALL_PARTS


def test_status_shows_the_parts_and_where_they_listen(running: Running) -> None:
    told = wellhouse("status", "--root", running.root)
    assert told.returncode == 0
    rows = {line.split()[0]: line for line in told.stdout.splitlines() if " running " in line}
    assert set(rows) == ALL_PARTS - {"supervisord"}
    assert f"{running.settings.ports.https}/tcp" in rows["nginx"]
    assert f"{running.settings.ports.media}/udp" in rows["rtc"]


def test_configuring_again_changes_nothing(running: Running) -> None:
    told = wellhouse("configure", "--root", running.root)
    assert (told.returncode, told.stdout) == (0, "nothing to change\n")


def test_a_new_certificate_is_shown_at_once_and_drops_no_call(running: Running) -> None:
    before = health.shown_certificate(running.settings)
    files = certificate_files(running.settings)
    binding = struct.pack("!HHI12s", 0x0001, 0, 0x2112A442, b"12-byte-name")
    context = ssl.create_default_context(cafile=str(files.chain))
    with (
        socket.create_connection((LOOPBACK, running.settings.ports.https), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="turn.localhost") as guest,
    ):
        guest.sendall(binding)
        assert guest.recv(1000)[8:20] == b"12-byte-name"
        files.chain.unlink()
        told = wellhouse("configure", "--root", running.root)
        assert "changed nginx: it reads its configuration and certificate anew" in told.stdout
        eventually(lambda: health.shown_certificate(running.settings) not in (None, before))
        guest.sendall(binding)
        assert guest.recv(1000)[8:20] == b"12-byte-name"
    assert wellhouse("configure", "--root", running.root).stdout == "nothing to change\n"


def test_a_second_one_in_the_same_folder_is_refused(running: Running) -> None:
    told = wellhouse("up", "--root", running.root)
    assert told.returncode == 2
    assert "This appliance is running already (process " in told.stderr
    assert well(running.settings)


def test_check_finds_nothing_that_is_broken(running: Running) -> None:
    told = wellhouse("check", "--root", running.root)
    assert told.returncode in (0, 1), told.stdout
    assert "error" not in told.stdout
    assert "All parts run." in told.stdout


def test_coturn_is_started_again_when_the_address_that_it_relays_to_is_gone(running: Running) -> None:
    box = Box(folder.settings_file(running.root), running.settings)
    before, peer = members(running.root)["coturn"], relay_address(running.settings.rtc)
    assert relaying.follow(box, peer) == peer
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relaying, "interface_addresses", lambda: ())
        assert relaying.follow(box, "192.0.2.99") == "192.0.2.99"  # a cable that is out may be put back
    assert members(running.root)["coturn"] == before
    assert relaying.follow(box, "192.0.2.99") == peer
    eventually(lambda: set(members(running.root).get("coturn", before)).isdisjoint(before))
    eventually(lambda: health.turn_answers(running.settings))


def test_an_address_on_which_coturn_does_not_listen_is_named(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "interface_addresses", lambda: (LOOPBACK, "127.0.0.9"))
    box = Box(folder.settings_file(running.root), running.settings)
    told = [finding.sentence for finding in turn.check(box, utcnow()) if finding.level is Level.WARNING]
    assert told == ["coturn does not answer at 127.0.0.9, which this machine got after coturn had started."]


def test_secrets_stand_in_no_command_line_and_no_environment(running: Running) -> None:
    key = running.settings.paths.master_key.read_text().strip()
    for pids in members(running.root).values():
        for pid in pids:
            process = psutil.Process(pid)
            shown = " ".join([*process.cmdline(), *process.environ().values()])
            assert shown
            assert key not in shown


@pytest.mark.parametrize("part", ["nginx", "portal", "worker", "rtc", "coturn"])
def test_a_killed_part_is_back_by_itself_and_leaves_no_orphans(running: Running, part: str) -> None:
    eventually(lambda: set(members(running.root)) == ALL_PARTS and well(running.settings))
    before = members(running.root)[part]
    master = min(before, key=lambda pid: psutil.Process(pid).create_time())
    os.kill(master, signal.SIGKILL)
    eventually(lambda: set(members(running.root).get(part, before)).isdisjoint(before))
    eventually(lambda: well(running.settings))
    eventually(lambda: len(members(running.root)[part]) == len(before))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_is_clean(box_root: Path, number: signal.Signals) -> None:
    base = free_base()
    with up(box_root, "--https-port", str(base)) as process:
        groups = members(box_root)
        process.send_signal(number)
        said = last_words(process)
    assert process.returncode == 0
    assert "Wellhouse has stopped." in said
    assert set(groups) == WITHOUT_BACKUPS
    assert not any(psutil.pid_exists(pid) for pids in groups.values() for pid in pids)
    for port in needed(load(folder.settings_file(box_root)).ports):
        refuse_if_busy(port)


def test_the_demonstrations_file_is_there_while_it_runs_with_a_visit_made_afresh(box_root: Path) -> None:
    file, base = box_root / "demo.json", free_base()
    told = []
    for _ in range(2):
        file.write_text("{}")  # as a crash would leave an older one
        with up(box_root, "--demo", "--https-port", str(base)) as process:
            assert file.stat().st_mode & 0o777 == 0o600
            told.append(json.loads(file.read_text()))
            process.terminate()
            said = last_words(process)
        assert not file.exists()
        for account in told[-1]["accounts"]:
            assert f"{account['email']} " in said
            assert account["password"] in said
    first, second = told
    assert first["url"] == f"https://localhost:{base}"
    assert first["appointment_url"].startswith(first["url"])
    assert first["appointment_url"] != second["appointment_url"]
    assert first["accounts"] == second["accounts"]
    roles = [set(account["role"]) for account in first["accounts"]]
    assert {"provider", "admin"} in roles
    assert {"client"} in roles


def test_a_stop_before_it_is_ready_is_clean_too(box_root: Path) -> None:
    process = start(box_root, "--https-port", str(free_base()))
    assert process.stdout is not None
    for line in process.stdout:
        if "database" in line:
            break
    process.send_signal(signal.SIGINT)
    said = last_words(process)
    assert process.returncode == 0
    assert "Wellhouse has stopped." in said
    assert not members(box_root)


def test_when_the_command_itself_is_killed_everything_ends(box_root: Path) -> None:
    with up(box_root, "--https-port", str(free_base())) as process:
        process.kill()
        eventually(lambda: not members(box_root), within_s=60)


def test_what_a_crash_left_running_is_ended_by_the_next_start(box_root: Path) -> None:
    with up(box_root, "--https-port", str(free_base())) as process:
        supervisord = leftovers(box_root / "run/parts/supervisord.json")
        nginx = leftovers(box_root / "run/parts/nginx/nginx.json")
        for pid in (*supervisord, process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait(10)
        assert leftovers(box_root / "run/parts/nginx/nginx.json") == nginx
    with up(box_root) as process:
        assert set(members(box_root)) == WITHOUT_BACKUPS
        assert not set(members(box_root)["nginx"]) & set(nginx)


def test_a_busy_port_is_named_with_the_process_that_holds_it(box_root: Path) -> None:
    base = free_base()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind((LOOPBACK, base + 1))
        told = wellhouse("up", "--root", box_root, "--https-port", str(base))
    assert told.returncode == 2
    assert f"Port {base + 1}/udp, which coturn needs, is held by" in told.stderr
    assert f"(process {os.getpid()})" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_wrong_key_is_refused_and_the_database_is_untouched(box_root: Path) -> None:
    settings = configured(box_root)
    assert wellhouse("configure", "--root", box_root).returncode == 0
    before = settings.paths.database_file.read_bytes()
    settings.paths.master_key.unlink()
    settings.paths.master_key.write_text(secrets.token_hex(32))
    settings.paths.master_key.chmod(0o400)
    told = wellhouse("up", "--root", box_root)
    assert told.returncode == 2
    assert f"The key in use does not open {settings.paths.database_file}." in told.stderr
    assert settings.paths.database_file.read_bytes() == before


def test_a_lost_key_is_never_replaced_beside_a_database(box_root: Path) -> None:
    settings = configured(box_root)
    settings.paths.database_file.touch()
    settings.paths.master_key.unlink()
    told = wellhouse("up", "--root", box_root)
    assert told.returncode == 2
    assert f"its key {settings.paths.master_key} is gone" in told.stderr
    assert not settings.paths.master_key.exists()


def test_a_part_that_cannot_start_is_named_with_its_last_words(box_root: Path) -> None:
    settings = configured(box_root)
    file = folder.settings_file(box_root)
    own = file.read_text().removeprefix(folder.KEPT_UP)
    # An address that no interface has: nothing can listen there.
    file.write_text(own + '\n[rtc]\naddresses = ["127.0.0.1"]\nrelay_address = "203.0.113.9"\n')
    told = wellhouse("up", "--root", box_root)
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert "wellhouse: rtc cannot start. It said:\n" in told.stderr
    assert not members(box_root)
    assert settings.ports.https == load(file).ports.https
