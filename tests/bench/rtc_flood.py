"""A call of two while strangers flood the media port: does it go on, what does it lose, and does the server grow.

``python -m tests.bench.rtc_flood --rate 50000 --seconds 60`` (``make bench-flood``) starts the real media server on
loopback. Sound goes from one to the other at 50 packets a second, first in quiet and then under junk and checks that
are not authentic. Exits with 1 if the call did not survive or strangers were sent more than they sent.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from rtc.media.rtp import parse_header
from tests.bench.junk import Tally
from tests.rtc.signalling.house import Browser, House, browsers, house, local_parameters
from tests.rtc.signalling.test_process import free_port, ready, running, write_settings
from tests.rtc.transport.tracks import sound

PACKET_S = 0.02
REST_S = 0.5  # for what is still under way
SSRC = 1001
_STAMP = struct.Struct("!d")


@dataclass(frozen=True)
class Heard:
    """One way of the call over some seconds. Delays are in ms, from one end to the other."""

    sent: int
    came: int
    delay_p50_ms: float
    delay_p95_ms: float

    @property
    def loss(self) -> float:
        return 1 - self.came / self.sent

    def __str__(self) -> str:
        return (
            f"{self.came} of {self.sent} packets ({self.loss:.2%} lost), "
            f"delay p50 {self.delay_p50_ms:.1f} ms, p95 {self.delay_p95_ms:.1f} ms"
        )


class Voice:
    """Somebody who speaks without a pause, heard by somebody else."""

    def __init__(self, speaker: Browser, listener: Browser) -> None:
        self._speaker = speaker.publish_peer
        self._listener = listener.subscribe_peer
        self._sequence = 0

    async def speak(self, seconds: float) -> Heard:
        """At the pace of the clock, whatever else this machine has to do."""
        began, sent = time.monotonic(), 0
        delays: list[float] = []
        while (passed := time.monotonic() - began) < seconds:
            while sent * PACKET_S < passed:
                self._sequence += 1
                sent += 1
                stamp = _STAMP.pack(time.monotonic())
                self._speaker.send_rtp(sound(SSRC, self._sequence, stamp + bytes(80)))
            self._listen(delays)
            await asyncio.sleep(0.002)
        await asyncio.sleep(REST_S)
        self._listen(delays)
        ordered = sorted(delays) or [float("inf")]
        return Heard(sent, len(delays), statistics.median(ordered), ordered[int(len(ordered) * 0.95)])

    def _listen(self, delays: list[float]) -> None:
        at = time.monotonic()
        while not self._listener.rtp.empty():
            packet = self._listener.rtp.get_nowait()
            header = parse_header(packet)
            if header is not None:
                delays.append((at - _STAMP.unpack_from(packet, header.payload_offset)[0]) * 1000)


async def keep_up(people: list[Browser]) -> None:
    """What browsers do meanwhile: checks every two seconds, pings every five."""
    for number in range(1_000_000):
        for person in people:
            for peer in (person.publish_peer, person.subscribe_peer):
                peer.send_raw(peer.check())
            if number % 2 == 0:
                await person.send(type="ping", number=number)
        await asyncio.sleep(2)


async def join(place: House, people: list[Browser]) -> None:
    """Both enter, speak and hear."""
    for name, person in zip(("anna", "ben"), people, strict=True):
        await person.hello(grant=place.grant(name))
    for speaker, listener, ssrc in ((*people, SSRC), (*reversed(people), SSRC + 1)):
        answer = await speaker.publish("microphone", ssrc=ssrc)
        await speaker.publish_peer.connect(local_parameters(answer["sdp"]))
        offer = await listener.expect("subscribe")
        await listener.answer(offer)
        await listener.subscribe_peer.connect(local_parameters(offer["sdp"]))


def dropped_by_the_kernel(port: int) -> int:
    """Datagrams for which the socket's buffer had no room."""
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{port:04X}"):
            return int(fields[-1])
    return 0


async def measure(rate_per_s: int, seconds: float) -> bool:
    """Print what was seen; whether it was as it should be."""
    port = free_port()
    with house() as place:
        config, log = write_settings(place, port), place.folder / "log" / "rtc.log"
        log.touch()
        async with running(config, log) as process, browsers(place, 2) as made:
            await ready(log)
            people = list(made)
            await join(place, people)
            keeping = asyncio.create_task(keep_up(people))
            voice = Voice(*people)
            server = psutil.Process(process.pid)
            quiet = await voice.speak(min(seconds, 5))
            memory, cpu, dropped = server.memory_info().rss, server.cpu_times(), dropped_by_the_kernel(port)
            local = people[0].publish_peer.local
            assert local is not None
            strangers = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.bench.junk", str(port), str(rate_per_s), str(seconds)),
                local.ice_ufrag,
                stdout=asyncio.subprocess.PIPE,
            )
            flooded = await voice.speak(seconds)
            tally = Tally(**json.loads((await strangers.communicate())[0]))
            after = await voice.speak(1)
            grown = server.memory_info().rss - memory
            used = server.cpu_times()
            busy = (used.user + used.system - cpu.user - cpu.system) / (seconds + 2 * REST_S + 1)
            dropped = dropped_by_the_kernel(port) - dropped
            keeping.cancel()
            survived = (
                after.came > 0
                and not any(person.socket.closed for person in people)
                and "leg.failed" not in log.read_text()
            )
    amplified = tally.reply_bytes > tally.request_bytes
    print(f"in quiet      {quiet}")  # noqa: T201
    print(f"under flood   {flooded}")  # noqa: T201
    print(f"just after    {after}")  # noqa: T201
    print(f"strangers     {tally.rate_per_s:.0f} datagrams/s of {rate_per_s} asked for, {dropped} met a full buffer")  # noqa: T201
    print(f"their bytes   {tally.request_bytes} sent, {tally.reply_bytes} came back")  # noqa: T201
    print(f"the server    {grown / 1e6:+.1f} MB of memory, {busy:.0%} of a core")  # noqa: T201
    print(f"the call      {'goes on' if survived else 'HAS ENDED'}")  # noqa: T201
    return survived and not amplified


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rtc_flood", description=__doc__)
    parser.add_argument("--rate", type=int, default=50_000, help="datagrams a second from strangers")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long they go on")
    given = parser.parse_args()
    return 0 if asyncio.run(measure(given.rate, given.seconds)) else 1


if __name__ == "__main__":
    sys.exit(main())
