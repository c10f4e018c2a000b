"""What the machine itself is asked: who listens, where SSH is, which firewalls there are, what a certificate says."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from appliance import listeners, ssh
from appliance.certificates.self_signed import self_signed
from appliance.checks.finding import Level
from appliance.install import facts, firewalls
from appliance.install.checks import certificate
from appliance.install.firewalls import judging_chains, let_through, ufw_enabled
from appliance.listeners import Transport
from core.settings import Ports
from tests.appliance.install.plans import AT, plan, told

HOSTNAME, TURN = "care.clinic.example", "turn.care.clinic.example"

# Listens, tells its port, serves one connection: a child that looks at its ancestors.
SERVER = """
import socket, subprocess, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    port = server.getsockname()[1]
    print(port, flush=True)
    if sys.argv[1:]:
        connection, _ = server.accept()
        server.close()
        with connection:
            print(subprocess.run(sys.argv[1:], capture_output=True, text=True, check=True).stdout, flush=True)
    else:
        sys.stdin.read()
"""


@contextmanager
def program_named(folder: Path, name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A server that runs under that name, as the kernel sees it."""
    program = folder / name
    program.symlink_to(Path(sys.executable).resolve())
    with subprocess.Popen(
        [program, "-c", SERVER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_who_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listeners.listening(port, Transport.TCP) == [os.getpid()]
        assert f"(process {os.getpid()})" in listeners.described([os.getpid()])
        with socket.create_connection(("127.0.0.1", port)) as client:
            own = client.getsockname()[1]
            assert listeners.listening(own, Transport.TCP) == []
            assert own in listeners.connected_ports([os.getpid()])
    assert listeners.listening(port, Transport.TCP) == []
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as media:
        media.bind(("::1", 0))
        assert listeners.listening(media.getsockname()[1], Transport.UDP) == [os.getpid()]


def test_ancestors_go_up_to_the_first_process() -> None:
    above = list(listeners.ancestors(os.getpid()))
    assert above[0] == os.getppid()
    assert os.getpid() in listeners.with_ancestors([os.getpid()])
    assert list(listeners.ancestors(above[-1])) == []


def test_the_port_of_a_running_ssh_server_is_found(tmp_path: Path) -> None:
    with program_named(tmp_path, "sshd") as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        assert port in ssh.ports({}, pid=os.getpid())
    assert port not in ssh.ports({}, pid=os.getpid())


def test_the_port_that_serves_this_session_is_found_though_nobody_listens_any_more(tmp_path: Path) -> None:
    code = "import os; from appliance import ssh; print(*ssh.ports({}, pid=os.getpid()))"
    with program_named(tmp_path, "sshd-session", sys.executable, "-c", code) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)):
            assert port in map(int, server.stdout.readline().split())


def test_ports_are_read_from_what_sshd_systemd_and_the_session_say() -> None:
    effective = "port 22\nport 2200\naddressfamily any\nlistenaddress 0.0.0.0:22\nlistenaddress [::]:2201\n"
    assert ssh.configured(effective) == {22, 2200, 2201}
    assert ssh.listened("Listen=0.0.0.0:22 (Stream)\nListen=[::]:2022 (Stream)\n") == {22, 2022}
    assert ssh.listened("Listen=/run/x.sock (Stream)\nListen=2222 (Stream)\n") == {2222}
    assert 2345 in ssh.ports({"SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 2345"}, pid=os.getpid())


def chain(table: str, name: str, **more: object) -> dict[str, object]:
    return {"chain": {"family": "inet", "table": table, "name": name, **more}}


def test_only_chains_that_judge_what_comes_in_count_as_a_firewall() -> None:
    rule = {"family": "inet", "expr": []}
    listed = [
        {"metainfo": {"version": "1.0.6"}},
        chain("docker", "FORWARD", hook="forward", policy="drop"),
        chain("empty", "input", hook="input", policy="accept"),
        chain("wellhouse", "input", hook="input", policy="drop"),
        chain("firewalld", "filter_INPUT", hook="input", policy="accept"),
        {"rule": {**rule, "table": "firewalld", "chain": "filter_INPUT"}},
        chain("clinic", "in", hook="input", policy="drop"),
        chain("filter", "INPUT", hook="input", policy="accept"),
        {"rule": {**rule, "table": "filter", "chain": "INPUT"}},
    ]
    assert judging_chains(json.dumps({"nftables": listed})) == ("inet clinic in", "inet filter INPUT")
    assert judging_chains("") == ()


def test_the_chains_of_a_firewall_that_was_named_are_not_named_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firewalls, "_judges", lambda: ("ip filter INPUT", "inet clinic in"))
    assert firewalls.loose_rules((firewalls.UFW,)) == ("inet clinic in",)
    assert firewalls.loose_rules(()) == ("ip filter INPUT", "inet clinic in")


def test_ufw_is_at_work_only_if_it_says_so(tmp_path: Path) -> None:
    file = tmp_path / "ufw.conf"
    assert not ufw_enabled(file)
    file.write_text("# ENABLED=yes\nENABLED=no\n")
    assert not ufw_enabled(file)
    file.write_text("ENABLED=yes\nLOGLEVEL=low\n")
    assert ufw_enabled(file)


def test_what_must_be_let_in_follows_the_settings() -> None:
    assert let_through(Ports(http=0, media=4000)) == ("443/tcp", "3478/tcp", "3478/udp", "4000/udp")


def test_own_addresses_are_told_from_others() -> None:
    assert facts.is_ours("127.0.0.1")
    assert not facts.is_ours("192.0.2.99")
    found = facts.look()
    assert found.cores >= 1
    assert found.memory_bytes > 0


def test_a_certificate_that_fits_is_well(tmp_path: Path) -> None:
    chain, key = pair(tmp_path, (HOSTNAME, TURN))
    assert list(told(certificate.judge(chain, key, HOSTNAME, TURN, at=AT))) == [Level.OK]
    both = tmp_path / "both.pem"
    both.write_bytes(chain.read_bytes() + key.read_bytes())
    assert list(told(certificate.judge(both, both, HOSTNAME, TURN, at=AT))) == [Level.OK]


def test_files_that_were_removed_once_they_were_copied_stand_in_nobodys_way(tmp_path: Path) -> None:
    gone = f"{tmp_path}/gone.pem,{tmp_path}/gone.key"
    asked = plan(tmp_path, certificate=gone)
    assert "There is no" in told(certificate.check(asked))[Level.ERROR]
    placed = asked.places.etc / "certificates"
    placed.mkdir(parents=True)
    chain, key = pair(tmp_path, (asked.answers.hostname, asked.answers.turn_name))
    chain.rename(placed / "chain.pem"), key.rename(placed / "key.pem")
    again = plan(tmp_path, before={"certificate": gone}, certificate=gone)
    assert list(told(certificate.check(again))) == [Level.OK]


@pytest.mark.parametrize(
    ("after", "why"), [(timedelta(days=-1), "is good only from"), (timedelta(days=500), "ended on")]
)
def test_a_certificate_of_another_time_is_refused(tmp_path: Path, after: timedelta, why: str) -> None:
    chain, key = pair(tmp_path, (HOSTNAME, TURN))
    assert why in told(certificate.judge(chain, key, HOSTNAME, TURN, at=AT + after))[Level.ERROR]


def test_a_certificate_that_ends_soon_is_told(tmp_path: Path) -> None:
    chain, key = pair(tmp_path, (HOSTNAME, TURN))
    assert "ends on" in told(certificate.judge(chain, key, HOSTNAME, TURN, at=AT + timedelta(days=380)))[Level.WARNING]


def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    chain, key = pair(tmp_path, ("other.clinic.example",))
    found = told(certificate.judge(chain, key, HOSTNAME, TURN, at=AT))
    assert "not for care.clinic.example but for other.clinic.example" in found[Level.ERROR]
    chain, key = pair(tmp_path, (HOSTNAME,))
    found = told(certificate.judge(chain, key, HOSTNAME, TURN, at=AT))
    assert Level.ERROR not in found
    assert f"is not for {TURN}" in found[Level.WARNING]
    assert certificate.covered("care.clinic.example", {"*.clinic.example"})
    assert not certificate.covered("turn.care.clinic.example", {"*.clinic.example"})


def test_files_that_are_no_pair_are_refused(tmp_path: Path) -> None:
    chain, key = pair(tmp_path, (HOSTNAME, TURN))
    (tmp_path / "other").mkdir()
    _, other_key = pair(tmp_path / "other", (HOSTNAME, TURN))
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing\n")
    assert "is not the key of" in told(certificate.judge(chain, other_key, HOSTNAME, TURN, at=AT))[Level.ERROR]
    assert "no certificate and key in PEM" in told(certificate.judge(nothing, key, HOSTNAME, TURN, at=AT))[Level.ERROR]
    assert "There is no" in told(certificate.judge(tmp_path / "absent", key, HOSTNAME, TURN, at=AT))[Level.ERROR]


def pair(folder: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    """A fresh certificate, good from *AT* on, and its key."""
    made = self_signed(names, at=AT)
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.chain)
    key.write_bytes(made.key)
    return chain, key
