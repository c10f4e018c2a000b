"""A virtual machine with QEMU and KVM, and a TPM2 of its own by swtpm. Its power can be cut at any moment."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.system.clean_machine import Outcome, RehearsalFailed
from tests.system.vm.image import Bootable

BOOTS_WITHIN_S = 600.0  # emulated, on a machine that does something else besides
MEMORY_MIB = 3072
# Some hosts show /dev/kvm and run only kernels made for them; these modules run any.
KVM_MODULES = ("kvm_intel", "kvm_amd")


@dataclass(frozen=True)
class Hardware:
    """What stays when the power is off. *tpm* is the folder with the TPM2's state; None: the machine has none."""

    boots: Bootable
    tpm: Path | None
    disks: tuple[Path, ...] = ()


@dataclass
class Guest:
    """A running one."""

    process: subprocess.Popen[bytes]
    console: Path
    port: socket.socket
    received: bytes = field(default=b"")

    def run(self, command: str, *, given: str = "", timeout_s: float = 900) -> Outcome:
        """Run a shell command in there as root, with *given* on its standard input."""
        began = time.monotonic()
        self.port.settimeout(timeout_s)
        self.port.sendall(json.dumps({"command": command, "given": given}).encode() + b"\n")
        while b"\n" not in self.received:
            try:
                got = self.port.recv(65536)
            except TimeoutError:
                raise RehearsalFailed(f"`{command}` took longer than {timeout_s:.0f} s: {self.last_words()}") from None
            if not got:
                raise RehearsalFailed(f"the machine went away during `{command}`: {self.last_words()}")
            self.received += got
        line, _, self.received = self.received.partition(b"\n")
        answer = json.loads(line)
        return Outcome(answer["status"], answer["output"], time.monotonic() - began)

    def must(self, command: str, *, given: str = "", timeout_s: float = 900) -> str:
        """What the command said; RehearsalFailed if it fails."""
        outcome = self.run(command, given=given, timeout_s=timeout_s)
        if outcome.status != 0:
            raise RehearsalFailed(f"`{command}` ended with {outcome.status}:\n{outcome.output[-4000:]}")
        return outcome.output

    def eventually(self, command: str, *, within_s: float) -> float:
        """Seconds until *command* succeeds."""
        began = time.monotonic()
        while (outcome := self.run(command)).status != 0:
            if time.monotonic() - began > within_s:
                raise RehearsalFailed(
                    f"`{command}` did not come true within {within_s:.0f} s: {outcome.output[-3000:]}"
                )
            time.sleep(0.3)
        return time.monotonic() - began

    def last_words(self) -> str:
        return self.console.read_text(errors="replace")[-2000:]


@contextmanager
def power_on(hardware: Hardware, folder: Path) -> Iterator[Guest]:
    """The machine, started and answering; leaving cuts its power. Its network leads nowhere."""
    folder.mkdir(parents=True, exist_ok=True)
    console, agent = folder / "console.log", folder / "agent.sock"
    agent.unlink(missing_ok=True)
    tpm = _start_tpm(hardware.tpm, folder) if hardware.tpm else None
    with console.open("ab") as out:
        process = subprocess.Popen(
            _arguments(hardware, console, agent, folder),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    port = socket.socket(socket.AF_UNIX)
    guest = Guest(process, console, port)
    try:
        _connect(guest, agent)
        yield guest
    finally:
        process.kill()  # as the plug being pulled: what the guest had not written is lost
        process.wait()
        port.close()
        if tpm is not None:
            tpm.wait(timeout=10)  # it ends with QEMU's connection


def _arguments(hardware: Hardware, console: Path, agent: Path, folder: Path) -> list[str]:
    boots = hardware.boots
    hardware_helps = any((Path("/sys/module") / module).exists() for module in KVM_MODULES)
    accelerator = ["-accel", "kvm", "-cpu", "host"] if hardware_helps else ["-accel", "tcg,thread=multi", "-cpu", "max"]
    arguments = ["qemu-system-x86_64", "-machine", "q35", *accelerator, "-smp", "2", "-m", str(MEMORY_MIB)]
    arguments += ["-nodefaults", "-display", "none", "-no-user-config", "-serial", f"file:{console}"]
    arguments += ["-kernel", str(boots.kernel), "-initrd", str(boots.initrd)]
    # What an emulated processor guards against is not what these stories are about.
    kernel = "root=LABEL=root rw console=ttyS0 net.ifnames=0 systemd.show_status=false mitigations=off no5lvl"
    arguments += ["-append", kernel]
    for number, disk in enumerate((boots.root, *hardware.disks)):
        arguments += ["-drive", f"file={disk},format=raw,if=none,id=disk{number},discard=unmap"]
        arguments += ["-device", f"virtio-blk-pci,drive=disk{number},serial=disk{number}"]
    arguments += ["-chardev", f"socket,path={agent},server=on,wait=off,id=agent", "-device", "virtio-serial-pci"]
    arguments += ["-device", "virtserialport,chardev=agent,name=agent", "-device", "virtio-rng-pci"]
    arguments += ["-netdev", "user,id=net,restrict=on", "-device", "virtio-net-pci,netdev=net"]
    if hardware.tpm:
        arguments += ["-chardev", f"socket,id=tpm,path={folder / 'tpm.sock'}", "-tpmdev", "emulator,id=tpm,chardev=tpm"]
        arguments += ["-device", "tpm-tis,tpmdev=tpm"]
    return arguments


def _start_tpm(state: Path, folder: Path) -> subprocess.Popen[bytes]:
    state.mkdir(exist_ok=True)
    control = folder / "tpm.sock"
    control.unlink(missing_ok=True)
    place = ["--tpmstate", f"dir={state}", "--ctrl", f"type=unixio,path={control}"]
    tpm = subprocess.Popen(
        ["swtpm", "socket", "--tpm2", "--flags", "startup-clear", "--terminate", *place],
        stdin=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 10
    while not control.exists():
        if tpm.poll() is not None or time.monotonic() > deadline:
            raise RehearsalFailed("swtpm did not start")
        time.sleep(0.02)
    return tpm


def _connect(guest: Guest, agent: Path) -> None:
    deadline = time.monotonic() + BOOTS_WITHIN_S
    while True:
        if guest.process.poll() is not None:
            raise RehearsalFailed(f"QEMU ended: {guest.last_words()}")
        try:
            guest.port.connect(str(agent))
            break
        except OSError:
            if time.monotonic() > deadline:
                raise RehearsalFailed(f"the machine did not start: {guest.last_words()}") from None
            time.sleep(0.05)
    # QEMU keeps what is sent until the agent opens its end.
    outcome = guest.run("true", timeout_s=BOOTS_WITHIN_S)
    if outcome.status != 0:
        raise RehearsalFailed(f"the machine's shell does not work: {outcome.output}")
