"""What is looked at before anything is changed: each with a machine that will do and one that will not."""

from __future__ import annotations

import http.server
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from appliance.checks.finding import Level
from appliance.install.answers import Relay
from appliance.install.checks import backup, changes, clock, firewall, keys, mail, names, ports, storage, system, visits
from appliance.install.facts import own_address
from appliance.install.firewalls import FIREWALLD, UFW, Firewall
from core.settings import Ports
from tests.appliance.folder import free_base
from tests.appliance.install.plans import AT, FACTS, plan, told
from tests.appliance.standins import serving

# Addresses for documentation are not global in the eyes of Python; nothing is sent to these.
LINE, OTHER_LINE, ELSEWHERE = "198.41.0.4", "198.41.0.5", "192.168.77.77"


def test_a_small_machine_is_refused_with_what_it_needs(tmp_path: Path) -> None:
    small = told(system.check(plan(tmp_path, replace(FACTS, memory_bytes=1024**3, cores=1))))
    assert "1.0 GiB of memory" in small[Level.ERROR]
    assert "one processor core" in small[Level.WARNING]
    assert Level.ERROR not in told(system.check(plan(tmp_path)))


def test_rooms_that_share_a_disk_are_counted_together(tmp_path: Path) -> None:
    status = os.statvfs(tmp_path)
    free = status.f_bavail * status.f_frsize
    both = {tmp_path / "code": free // 2, tmp_path / "data": free}
    assert "GiB are needed" in told(system.room(both))[Level.ERROR]
    assert Level.ERROR not in told(system.room({tmp_path / "code": free // 2}))


def test_a_disk_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "disk"
    file.write_bytes(b"")
    assert "is no disk or partition" in told(storage.judge(file, known=False))[Level.ERROR]
    assert "There is no" in told(storage.judge(tmp_path / "absent", known=False))[Level.ERROR]


def test_postgresql_without_a_disk_of_its_own_is_told_what_that_means(tmp_path: Path) -> None:
    assert "unencrypted" in told(storage.check(plan(tmp_path, database="postgresql")))[Level.WARNING]
    assert told(storage.check(plan(tmp_path))) == {}


def test_a_tpm2_that_is_not_there_cannot_be_chosen(tmp_path: Path) -> None:
    without = replace(FACTS, tpm2=False)
    assert "no TPM2" in told(keys.check(plan(tmp_path, without, key_protection="tpm2")))[Level.ERROR]
    assert Level.ERROR not in told(keys.check(plan(tmp_path, key_protection="tpm2")))
    assert "steals" in told(keys.check(plan(tmp_path, key_protection="file")))[Level.WARNING]


def test_a_box_in_use_keeps_its_database_and_its_disk(tmp_path: Path) -> None:
    before = {"database": "sqlite", "data-device": "/dev/sdb", "hostname": "old.clinic.example"}
    assert told(changes.check(plan(tmp_path, before=before, database="postgresql"))) == {}
    (tmp_path / "data").mkdir()
    (tmp_path / "data/wellhouse.db").touch()
    found = told(changes.check(plan(tmp_path, before=before, database="postgresql")))
    assert "another database: sqlite, not postgresql" in found[Level.ERROR]
    assert "another disk for the data: /dev/sdb, not none" in found[Level.ERROR]
    assert "security keys" in found[Level.WARNING]


class MediaServer(http.server.BaseHTTPRequestHandler):
    """With two people in a visit."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"rooms": 1, "participants": 2}')

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_visits_that_are_on_are_told_before_the_box_is_started_anew(tmp_path: Path) -> None:
    running = plan(tmp_path)
    assert told(visits.check(running)) == {}
    control = running.settings.paths.control_socket
    control.parent.mkdir(parents=True)
    with serving(control, MediaServer):
        assert "2 people are in visits now" in told(visits.check(running))[Level.WARNING]


@contextmanager
def archive(headers: dict[str, str]) -> Iterator[str]:
    """A package archive that answers with *headers*."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("off_s", "level"), [(0, Level.OK), (45, Level.OK), (-90, Level.ERROR), (7200, Level.ERROR)])
def test_the_clock_is_compared_with_the_package_archives(
    monkeypatch: pytest.MonkeyPatch, off_s: int, level: Level
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with archive({"Date": format_datetime(AT + timedelta(seconds=off_s), usegmt=True)}) as url:
        assert list(told(clock.compared(AT, url))) == [level]


def test_a_clock_that_cannot_be_compared_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with archive({"Date": format_datetime(AT, usegmt=True), "Age": "300"}) as from_a_cache:
        assert list(told(clock.compared(AT, from_a_cache))) == [Level.WARNING]
    with archive({}) as without_date:
        assert list(told(clock.compared(AT, without_date))) == [Level.WARNING]
    assert list(told(clock.compared(AT, without_date))) == [Level.WARNING]  # nobody is there any more


def test_archives_are_found_in_both_of_apts_forms(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "# deb http://old.example x\ndeb [signed-by=/k] http://one.example/debian x main\n"
    )
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/two.sources").write_text("Types: deb\nURIs: https://two.example/debian\n")
    (tmp_path / "sources.list.d/three.save").write_text("deb http://three.example x\n")
    assert list(clock.archives(tmp_path)) == ["http://one.example/debian", "https://two.example/debian"]


def test_names_that_lead_here_are_well(tmp_path: Path) -> None:
    by_acme = {"certificate": "acme", "public_address": LINE}
    assert list(told(names.check(plan(tmp_path, **by_acme), lambda _name: (LINE,)))) == [Level.OK]
    assert list(told(names.check(plan(tmp_path), lambda _name: (own_address(),)))) == [Level.OK]


@pytest.mark.parametrize(("certificate", "level"), [("acme", Level.ERROR), ("local", Level.WARNING)])
def test_a_name_that_dns_does_not_know_is_told_with_the_record_to_make(
    tmp_path: Path, certificate: str, level: Level
) -> None:
    found = told(names.check(plan(tmp_path, certificate=certificate), lambda _name: ()))
    assert "DNS does not know care.clinic.example" in found[level]
    assert "care.clinic.example. A 192.168.1.20" in found[level]
    assert "DNS does not know turn.care.clinic.example" in found[level]


def test_a_name_that_leads_to_another_machine_is_refused(tmp_path: Path) -> None:
    found = told(names.check(plan(tmp_path), lambda _name: (ELSEWHERE,)))
    assert f"leads to {ELSEWHERE}, which is another machine" in found[Level.ERROR]


def test_a_name_that_leads_to_another_line_is_refused(tmp_path: Path) -> None:
    given = plan(tmp_path, certificate="acme", public_address=OTHER_LINE)
    found = told(names.check(given, lambda _name: (LINE,)))
    assert f"should be {OTHER_LINE}" in found[Level.ERROR]


def test_the_machines_own_hosts_file_proves_nothing(tmp_path: Path) -> None:
    found = told(names.check(plan(tmp_path), lambda _name: ("127.0.1.1",)))
    assert "own hosts file" in found[Level.WARNING]


def listening(kind: socket.SocketKind) -> socket.socket:
    held = socket.socket(socket.AF_INET, kind)
    held.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        held.listen()
    return held


def free_ports() -> Ports:
    base = free_base()
    return Ports(base, base + 1, base + 2, base + 3, relay_first=1, relay_last=2)


def test_a_port_that_is_held_is_told_with_its_holder(tmp_path: Path) -> None:
    given = plan(tmp_path)
    free = free_ports()
    assert Level.ERROR not in told(ports.held(replace(given, settings=replace(given.settings, ports=free))))
    with listening(socket.SOCK_STREAM) as web, listening(socket.SOCK_DGRAM) as media:
        busy = replace(free, https=web.getsockname()[1], media=media.getsockname()[1])
        found = told(ports.held(replace(given, settings=replace(given.settings, ports=busy))))[Level.ERROR]
    assert f"Port {busy.https}/tcp is held by " in found
    assert f"(process {os.getpid()})" in found
    assert "brings a web server of its own" in found
    assert f"Port {busy.media}/udp is held by " in found
    assert "ports.media" in found
    assert "ports.turn" not in found


def test_another_web_server_that_starts_with_the_machine_is_named(tmp_path: Path) -> None:
    wants = tmp_path / "multi-user.target.wants"
    wants.mkdir()
    (wants / "apache2.service").symlink_to("/lib/systemd/system/apache2.service")
    (wants / "ssh.service").symlink_to("/lib/systemd/system/ssh.service")
    (wants / "coturn.service").symlink_to("/lib/systemd/system/coturn.service")
    (tmp_path / "coturn.service").symlink_to("/dev/null")
    assert ports.waiting_rivals(tmp_path) == ["apache2"]


@pytest.mark.parametrize("other", [UFW, FIREWALLD])
def test_beside_another_keeper_of_the_firewall_the_clinic_decides(tmp_path: Path, other: Firewall) -> None:
    facts = replace(FACTS, firewalls=(other,))
    by_itself = told(firewall.check(plan(tmp_path, facts)))
    assert list(by_itself) == [Level.WARNING]
    for port in ("80/tcp", "443/tcp", "3478/tcp", "3478/udp", "3480/udp"):
        assert f"sudo {other.allow.format(port=port)}" in by_itself[Level.WARNING]
    assert "22/tcp" not in by_itself[Level.WARNING], "SSH may be open to a few only, and stays so"
    assert "two keepers" in told(firewall.check(plan(tmp_path, facts, firewall="yes")))[Level.ERROR]


def test_rules_of_somebody_elses_are_told_and_are_no_obstacle(tmp_path: Path) -> None:
    found = told(firewall.check(plan(tmp_path, replace(FACTS, loose_rules=("ip filter INPUT",)))))
    assert "ip filter INPUT" in found[Level.WARNING]
    assert Level.ERROR not in found


def test_ssh_stays_open_on_every_port_that_is_in_use(tmp_path: Path) -> None:
    given = plan(tmp_path, replace(FACTS, ssh_ports=(22, 2200)), ssh_port="2222")
    assert given.answers.ssh_ports == (22, 2200, 2222)
    assert "22 and 2200 and 2222" in told(firewall.check(given))[Level.OK]


def test_a_backup_inside_the_data_is_refused_and_one_beside_them_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert backup.folder(data / "copies", data, has_own_disk=False).level is Level.ERROR
    assert backup.folder(tmp_path / "copies", data, has_own_disk=False).level is Level.WARNING
    assert backup.folder(tmp_path / "copies", data, has_own_disk=True).level is Level.OK
    assert backup.folder(Path("/proc"), data, has_own_disk=False).level is Level.OK  # a file system of its own


@pytest.mark.parametrize("target", ["/home/it/backup", "/tmp/backup", "/var/tmp/b", "/root"])  # noqa: S108  # refused
def test_a_backup_where_the_appliance_is_kept_away_is_refused(tmp_path: Path, target: str) -> None:
    assert "is kept away from" in told(backup.check(plan(tmp_path, backup=target)))[Level.ERROR]


def test_a_folder_of_somebody_elses_is_told_with_what_to_do(tmp_path: Path) -> None:
    (there := tmp_path / "nas").mkdir(mode=0o755)
    (finding,) = backup.writable(there)
    assert f"as {there}/wellhouse, which is then made" in finding.then
    assert f"sudo chown wellhouse: {there}" in finding.then
    assert not list(backup.writable(there / "wellhouse"))
    there.chmod(0o777)
    assert not list(backup.writable(there))


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("sftp:box@nas.example:/wellhouse", ("nas.example", 22)),
        ("sftp://box@nas.example:2222//wellhouse", ("nas.example", 2222)),
        ("s3:https://s3.example/bucket", ("s3.example", 443)),
        ("s3:http://s3.example:9000/bucket", ("s3.example", 9000)),
        ("s3:s3.example/bucket", ("s3.example", 443)),
        ("rest:https://nas.example:8000/w", ("nas.example", 8000)),
    ],
)
def test_where_a_target_is_reached(target: str, place: tuple[str, int]) -> None:
    assert backup.host_of(target) == place


def test_a_target_and_a_relay_that_do_not_answer_are_only_told() -> None:
    with listening(socket.SOCK_STREAM) as server:
        port = server.getsockname()[1]
        assert backup.reached(f"s3:http://127.0.0.1:{port}/b").level is Level.OK
    assert backup.reached(f"s3:http://127.0.0.1:{port}/b").level is Level.WARNING
    assert mail.tried(Relay("127.0.0.1", port, "none"), None).level is Level.WARNING
