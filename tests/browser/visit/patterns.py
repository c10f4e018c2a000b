"""What the fake cameras and microphones send: each person has a colour and a tone of their own."""

from __future__ import annotations

import math
import struct
import wave
from dataclasses import dataclass
from pathlib import Path

WIDTH, HEIGHT, FRAMES = 320, 240, 10
RATE_HZ = 48_000
TONE_S = 2


@dataclass(frozen=True)
class Pattern:
    """*rgb* fills the picture but for a moving bar; *tone_hz* comes in bursts: noise suppression eats a steady one."""

    rgb: tuple[int, int, int]
    tone_hz: int

    def camera_file(self, folder: Path) -> Path:
        """A Y4M file that Chromium plays in a loop as the camera."""
        file = folder / f"{self.tone_hz}.y4m"
        y, u, v = _yuv(self.rgb)
        with file.open("wb") as out:
            out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F15:1 Ip A1:1 C420\n".encode())
            for number in range(FRAMES):
                out.write(b"FRAME\n")
                row = bytearray([y]) * WIDTH
                left = number * WIDTH // FRAMES
                row[left : left + 8] = bytes([255 - y]) * len(row[left : left + 8])
                out.write(bytes(row) * HEIGHT)
                out.write(bytes([u]) * (WIDTH * HEIGHT // 4) + bytes([v]) * (WIDTH * HEIGHT // 4))
        return file

    def microphone_file(self, folder: Path) -> Path:
        """A WAV file that Chromium plays in a loop as the microphone."""
        file = folder / f"{self.tone_hz}.wav"
        with wave.open(str(file), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE_HZ)
            samples = (self._sample(n / RATE_HZ) for n in range(RATE_HZ * TONE_S))
            out.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
        return file

    def _sample(self, t: float) -> int:
        sounding = (t * 4) % 1 < 0.6
        return int(14_000 * math.sin(2 * math.pi * self.tone_hz * t)) if sounding else 0


GREEN = Pattern((40, 160, 90), 440)
PURPLE = Pattern((150, 60, 170), 900)
ORANGE = Pattern((220, 130, 40), 1500)


def _yuv(rgb: tuple[int, int, int]) -> tuple[int, int, int]:
    """BT.601, studio range, as cameras deliver it."""
    r, g, b = rgb
    return (
        round(16 + 0.257 * r + 0.504 * g + 0.098 * b),
        round(128 - 0.148 * r - 0.291 * g + 0.439 * b),
        round(128 + 0.439 * r - 0.368 * g - 0.071 * b),
    )
