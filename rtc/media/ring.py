"""The last packets of a source, from which viewers' requests for lost ones are answered."""

from __future__ import annotations

from typing import NamedTuple

from rtc.media.rtp import RtpHeader

RING_PACKETS = 512  # at 720p about two seconds


class StoredPacket(NamedTuple):
    """One opened packet: its 48-bit index, header, header-extension block (without head) and payload."""

    packet_index: int
    header: RtpHeader
    extension: bytes
    payload: bytes


class Ring:
    """Keeps the newest packets by index; each place is taken over by the packet ``size`` later."""

    __slots__ = ("_mask", "_newest", "_places")

    def __init__(self, size: int = RING_PACKETS) -> None:
        if size & (size - 1):
            raise ValueError("The size of a ring must be a power of two.")
        self._mask = size - 1
        self._newest = -1
        self._places: list[StoredPacket | None] = [None] * size

    def put(self, packet: StoredPacket) -> None:
        self._places[packet.packet_index & self._mask] = packet
        self._newest = max(self._newest, packet.packet_index)

    def get(self, index: int) -> StoredPacket | None:
        packet = self._places[index & self._mask]
        return packet if packet is not None and packet.packet_index == index else None

    def never_came(self, index: int) -> bool:
        """Whether *index* is missing because the source's packet was lost, and not because it was too long ago."""
        return self._newest - len(self._places) < index < self._newest and self.get(index) is None

    def clear(self) -> None:
        """Forget all: the source goes on under numbers that have nothing to do with these."""
        self._newest = -1
        self._places = [None] * len(self._places)
