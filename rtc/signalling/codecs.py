"""The codecs, feedback and header extensions that this server negotiates; nothing else is ever answered or offered."""

from __future__ import annotations

from dataclasses import replace

from core.errors import Invalid
from rtc.signalling.sdp import AUDIO_LEVEL_EXTENSION, MID_EXTENSION, SEND_TIME_EXTENSION, Section, media_kind
from rtc.transport.interface import Codec, MediaKind

# Single lost packets are mended by in-band FEC, and longer gaps by asking again. Speech in stereo would double the bit
# rate for nothing (RFC 7587, 6.1).
OPUS_PARAMETERS = "minptime=10;useinbandfec=1;stereo=0"
AUDIO_FEEDBACK = ("nack",)
VIDEO_FEEDBACK = ("goog-remb", "nack", "nack pli")

OFFERED = {
    MediaKind.AUDIO: Codec(111, "opus", 48000, 2, OPUS_PARAMETERS, AUDIO_FEEDBACK),
    MediaKind.VIDEO: Codec(96, "VP8", 90000, 1, "", VIDEO_FEEDBACK),
}
# In a subscribe offer the ids are ours to choose, and must not differ between the sections of a bundle.
EXTENSION_IDS = {MID_EXTENSION: 1, AUDIO_LEVEL_EXTENSION: 2, SEND_TIME_EXTENSION: 3}
EXTENSIONS = {
    MediaKind.AUDIO: (MID_EXTENSION, AUDIO_LEVEL_EXTENSION),
    MediaKind.VIDEO: (MID_EXTENSION, SEND_TIME_EXTENSION),
}


def common_codec(section: Section) -> Codec | None:
    """The browser's Opus or VP8 with what we understand of its feedback; None if it has neither."""
    ours = OFFERED[media_kind(section)]
    theirs = section.codec(ours.name, ours.clock_rate, ours.channels)
    if theirs is None:
        return None
    parameters = ours.parameters
    if ours.name == "opus" and "usedtx=1" in theirs.parameters.replace(" ", "").split(";"):
        parameters += ";usedtx=1"
    return replace(theirs, parameters=parameters, feedback=tuple(f for f in ours.feedback if f in theirs.feedback))


def chosen_codec(section: Section) -> Codec:
    """The same, but Invalid if the browser has neither."""
    codec = common_codec(section)
    if codec is None:
        name = OFFERED[media_kind(section)].name
        raise Invalid(f"This browser does not offer {name}, which visits need. Please update it or use another one.")
    return codec
