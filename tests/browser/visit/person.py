"""Somebody in a browser of their own, and what they see and hear."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tests.browser.program import chromium_program
from tests.browser.visit.patterns import Pattern
from webapp.access.sessions import COOKIE

WITNESS = Path(__file__).parent / "witness.js"
NEAR = 24  # how far a colour may be off after VP8
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
LOOK_EVERY_S = 0.1

T = TypeVar("T")

_PICTURE = """() => {
  const player = document.querySelector("[data-tile-player]");
  if (!player || !player.videoWidth) return null;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [player.videoWidth, player.videoHeight];
  const context = canvas.getContext("2d");
  context.drawImage(player, 0, 0);
  const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const points = [0.1, 0.3, 0.5, 0.7, 0.9].map(
    (x) => context.getImageData(x * canvas.width, canvas.height / 2, 1, 1).data);
  return [0, 1, 2].map((channel) => middle(points.map((point) => point[channel])));
}"""

_TONE = """async () => {
  const player = document.querySelector("[data-tile-player]");
  if (!player) return 0;
  const audio = new AudioContext();
  const analyser = new AnalyserNode(audio, { fftSize: 8192 });
  audio.createMediaStreamSource(player.srcObject).connect(analyser);
  const levels = new Float32Array(analyser.frequencyBinCount);
  let loudest = { level: -80, hz: 0 };
  for (let look = 0; look < 12; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    analyser.getFloatFrequencyData(levels);
    levels.forEach((level, bin) => {
      if (level > loudest.level) loudest = { level, hz: bin * audio.sampleRate / analyser.fftSize };
    });
  }
  await audio.close();
  return loudest.hz;
}"""

_STATS = """async () => {
  const counted = { framesDecoded: 0, audioEnergy: 0, paths: [] };
  for (const connection of window.witness.connections) {
    const entries = [];
    (await connection.getStats()).forEach((entry) => entries.push(entry));
    for (const entry of entries) {
      if (entry.type === "inbound-rtp" && entry.kind === "video") counted.framesDecoded += entry.framesDecoded;
      if (entry.type === "inbound-rtp" && entry.kind === "audio") counted.audioEnergy += entry.totalAudioEnergy;
      if (entry.type === "transport" && entry.selectedCandidatePairId && connection.connectionState === "connected") {
        const pair = entries.find((one) => one.id === entry.selectedCandidatePairId);
        const local = entries.find((one) => one.id === pair.localCandidateId);
        const relayed = local.candidateType === "relay";
        counted.paths.push(relayed ? `relay-${local.relayProtocol}` : `direct-${local.protocol}`);
      }
    }
  }
  return counted;
}"""


@dataclass(frozen=True)
class Stats:
    """*paths* has one entry for each connected peer connection."""

    frames_decoded: int
    audio_energy: float
    paths: tuple[str, ...]


class Person:
    """One page of one person. *sends* is what their camera and microphone give."""

    def __init__(self, page: Page, url: str, sends: Pattern) -> None:
        self.page = page
        self.url = url
        self.sends = sends

    def go(self, path: str) -> None:
        """Open a page of the box; its scripts are bound when this returns."""
        answer = self.page.goto(self.url + path)
        assert answer is not None
        assert answer.ok, f"{path} answered {answer.status}"
        self.page.wait_for_selector("html[data-bound]")

    def press(self, name: str) -> None:
        """Press the button of this name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def stage(self) -> str:
        """lobby, waiting, room or over."""
        return str(self.page.locator("main").get_attribute("data-stage"))

    def sees(self, other: Pattern) -> bool:
        """Whether the picture is the other's: in their colour, and not black, grey or one's own."""
        rgb = self.page.evaluate(_PICTURE)
        return rgb is not None and all(abs(a - b) <= NEAR for a, b in zip(rgb, other.rgb, strict=True))

    def hears(self, other: Pattern) -> bool:
        """Whether the loudest that arrives is the other's tone."""
        return abs(float(self.page.evaluate(_TONE)) - other.tone_hz) < 40

    def stats(self) -> Stats:
        """The browser's counters over all its connections."""
        counted = self.page.evaluate(_STATS)
        return Stats(counted["framesDecoded"], counted["audioEnergy"], tuple(counted["paths"]))

    def new_frames_arrive(self) -> bool:
        """Whether frames are decoded from now on, though not when those before came."""
        before = self.stats().frames_decoded
        return until(lambda: self.stats().frames_decoded > before + 5, "new frames", within_s=10)

    def write(self, words: str) -> None:
        """Send a line of chat; the panel is open or fixed."""
        field = self.page.get_by_label("Message", exact=True)
        field.fill(words)
        field.press("Enter")

    def reads(self) -> list[str]:
        """The lines of the chat."""
        return self.page.locator("[data-chat-body]").all_inner_texts()


def until(probe: Callable[[], T], what: str, *, within_s: float = 15) -> T:
    """The first true answer of *probe*."""
    ends = time.monotonic() + within_s
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < ends, f"no {what} within {within_s} s"
        time.sleep(LOOK_EVERY_S)


def launch(playwright: Playwright, sends: Pattern, folder: Path, *more: str, program: str | None = None) -> Browser:
    """A Chromium whose camera and microphone send *sends*; *more* are options of its command line.

    Started by another *program* than usual if one is given.
    """
    return playwright.chromium.launch(
        executable_path=program or chromium_program(),
        args=[
            "--no-sandbox",  # the tests may run as root
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={sends.camera_file(folder)}",
            f"--use-file-for-fake-audio-capture={sends.microphone_file(folder)}",
            "--ignore-certificate-errors",  # for TURN over TLS, which the context's own setting does not reach
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            *more,
        ],
    )


@contextlib.contextmanager
def visiting(
    browser: Browser, url: str, sends: Pattern, *, cookie: str = "", path: str = "direct", phone: bool = False,
    script: str = "", **context: Any,
) -> Iterator[Person]:  # fmt: skip
    """Somebody with a fresh profile; *path* is how media may go. A fault in the page's scripts fails the test."""
    opened: BrowserContext = browser.new_context(
        ignore_https_errors=True,
        permissions=["camera", "microphone"],
        viewport=PHONE if phone else DESKTOP,
        has_touch=phone,
        is_mobile=phone,
        **context,
    )
    try:
        opened.add_init_script(f"window.name = {path!r};")
        opened.add_init_script(path=WITNESS)
        if script:
            opened.add_init_script(script)
        if cookie:
            opened.add_cookies(
                [{"name": COOKIE, "value": cookie, "url": url, "secure": True, "httpOnly": True, "sameSite": "Lax"}]
            )
        page = opened.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield Person(page, url, sends)
        assert not faults, faults
    finally:
        opened.close()
