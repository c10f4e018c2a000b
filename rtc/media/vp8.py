"""What must be seen of a VP8 payload (RFC 7741, 4.2 and 4.3)."""

from __future__ import annotations


def starts_keyframe(payload: bytes) -> bool:
    """Whether *payload* begins a picture that decodes by itself."""
    length = len(payload)
    if length < 1:
        return False
    first = payload[0]
    # S set and partition 0: the payload header follows the descriptor only here.
    if not first & 0x10 or first & 0x0F:
        return False
    at = 1
    if first & 0x80:
        if length < 2:
            return False
        second = payload[1]
        at = 2
        if second & 0x80:  # picture id, in one or two octets
            if length < 3:
                return False
            at += 2 if payload[2] & 0x80 else 1
        if second & 0x40:  # TL0PICIDX
            at += 1
        if second & 0x30:  # TID or KEYIDX
            at += 1
    return at < length and not payload[at] & 0x01
