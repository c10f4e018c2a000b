"""SRTP against the RFCs' own examples, and against libsrtp for everything else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Policy, Session

from rtc.dataplane.srtp import CounterModeCipher, GcmCipher, make_cipher
from rtc.dataplane.srtp_keys import Label, MasterKey, Profile, SessionKeys, derive, server_keys
from rtc.media.rtcp import PictureLoss, build_compound
from rtc.media.rtp import build_header

MASTER = MasterKey(bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139"), bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6"))
GCM_KEYS = SessionKeys(bytes(range(16)), b"", bytes.fromhex("517569642070726f2071756f"))
LIBSRTP_PROFILES = {
    Profile.AEAD_AES_128_GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    Profile.AES128_CM_SHA1_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
}


def test_key_derivation_gives_the_keys_of_rfc_3711_b_3() -> None:
    assert derive(MASTER, Label.RTP_ENCRYPTION, 16).hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
    assert derive(MASTER, Label.RTP_SALT, 14).hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"
    assert derive(MASTER, Label.RTP_AUTHENTICATION, 20).hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"


def test_counter_mode_gives_the_keystream_of_rfc_3711_b_2() -> None:
    keys = SessionKeys(
        bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C"), bytes(20), bytes.fromhex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD")
    )
    sealed = CounterModeCipher(keys, keys).seal_rtp(b"", bytes(48), 0, 0)
    assert sealed[:48].hex().upper() == (
        "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0"
    )


def test_gcm_seals_the_packet_of_rfc_7714_16_1_1() -> None:
    header = bytes.fromhex("8040f17b8041f8d35501a0b2")
    payload = b"Gallia est omnis divisa in partes tres"
    sealed = GcmCipher(GCM_KEYS, GCM_KEYS).seal_rtp(header, payload, 0x5501A0B2, 0xF17B)
    assert sealed.hex() == (
        "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d"
        "7f27beb16a9152cf765ee4390cce"
    )


def test_gcm_seals_the_compound_of_rfc_7714_17_1() -> None:
    compound = bytes.fromhex(
        "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
    )
    sealed = GcmCipher(GCM_KEYS, GCM_KEYS).seal_rtcp(compound, 0x5D4)
    assert sealed.hex() == (
        "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b"
        "c84aa45896cf4d2fc5abf87245d9eade800005d4"
    )


def session(profile: Profile, master: MasterKey, kind: int) -> Session:
    policy = Policy(key=master.key + master.salt, ssrc_type=kind, srtp_profile=LIBSRTP_PROFILES[profile])
    policy.window_size = 1024
    return Session(policy)


masters = st.builds(
    lambda key, salt: (key, salt), st.binary(min_size=16, max_size=16), st.binary(min_size=14, max_size=14)
)
profiles = st.sampled_from(Profile)


def master_for(profile: Profile, secret: tuple[bytes, bytes]) -> MasterKey:
    return MasterKey(secret[0], secret[1][: profile.salt_bytes])


def rtp_header(sequence: int, ssrc: int, extension: bytes = b"") -> bytes:
    return build_header(
        payload_type=96, marker=False, padding=False, sequence=sequence, timestamp=1, ssrc=ssrc, extension=extension
    )


@settings(max_examples=60, deadline=None)
@given(
    profiles,
    masters,
    st.integers(0, 2**32 - 1),
    st.integers(0, 0xFFFF),
    st.binary(max_size=1200),
    st.sampled_from([b"", bytes.fromhex("BEDE000110FF0000")]),
)
def test_libsrtp_opens_what_we_seal_and_we_open_what_it_seals(
    profile: Profile, secret: tuple[bytes, bytes], ssrc: int, sequence: int, payload: bytes, extension: bytes
) -> None:
    master = master_for(profile, secret)
    cipher = make_cipher(profile, master)
    header = rtp_header(sequence, ssrc, extension)
    sealed = cipher.seal_rtp(header, payload, ssrc, sequence)
    assert session(profile, master, Policy.SSRC_ANY_INBOUND).unprotect(sealed) == header + payload
    assert session(profile, master, Policy.SSRC_ANY_OUTBOUND).protect(header + payload) == sealed
    assert cipher.open_rtp(sealed, len(header), ssrc, sequence) == payload


@settings(max_examples=40, deadline=None)
@given(profiles, masters, st.integers(0, 2**32 - 1), st.integers(1, 20))
def test_compounds_pass_between_us_and_libsrtp(
    profile: Profile, secret: tuple[bytes, bytes], ssrc: int, count: int
) -> None:
    master = master_for(profile, secret)
    cipher = make_cipher(profile, master)
    compound = build_compound([PictureLoss(ssrc, n) for n in range(count)])
    theirs = session(profile, master, Policy.SSRC_ANY_OUTBOUND).protect_rtcp(compound)
    opened = cipher.open_rtcp(theirs)
    assert opened is not None
    assert opened[1] == compound
    ours = cipher.seal_rtcp(compound, 7)
    assert session(profile, master, Policy.SSRC_ANY_INBOUND).unprotect_rtcp(ours) == compound


@settings(max_examples=20, deadline=None)
@given(profiles, masters)
def test_rounds_go_on_as_libsrtp_counts_them(profile: Profile, secret: tuple[bytes, bytes]) -> None:
    master = master_for(profile, secret)
    cipher = make_cipher(profile, master)
    viewer = session(profile, master, Policy.SSRC_ANY_INBOUND)
    for index in range(0xFFF0, 0x10010):
        header = rtp_header(index & 0xFFFF, 5)
        assert viewer.unprotect(cipher.seal_rtp(header, b"x", 5, index)) == header + b"x"


@settings(max_examples=60, deadline=None)
@given(profiles, masters, st.data())
def test_a_changed_packet_is_not_authentic(profile: Profile, secret: tuple[bytes, bytes], data: st.DataObject) -> None:
    cipher = make_cipher(profile, master_for(profile, secret))
    header = rtp_header(1, 2)
    for sealed, opener in (
        (cipher.seal_rtp(header, b"payload", 2, 1), lambda packet: cipher.open_rtp(packet, 12, 2, 1)),
        (cipher.seal_rtcp(build_compound([PictureLoss(1, 2)]), 3), cipher.open_rtcp),
    ):
        assert opener(sealed) is not None
        place = data.draw(st.integers(0, len(sealed) - 1))
        changed = bytearray(sealed)
        changed[place] ^= 1 << data.draw(st.integers(0, 7))
        assert opener(bytes(changed)) is None
        assert opener(sealed[: data.draw(st.integers(12, len(sealed) - 1))]) is None


def test_a_packet_opens_only_under_its_own_round() -> None:
    cipher = make_cipher(Profile.AES128_CM_SHA1_80, MASTER)
    sealed = cipher.seal_rtp(rtp_header(1, 2), b"payload", 2, 1)
    assert cipher.open_rtp(sealed, 12, 2, 1 + 0x10000) is None


@pytest.mark.parametrize("profile", Profile)
def test_each_direction_has_its_own_keys(profile: Profile) -> None:
    exported = bytes(range(profile.exported_bytes))
    keys = server_keys(profile, exported)
    assert keys.inbound.key == exported[:16]
    assert keys.outbound.key == exported[16:32]
    assert keys.inbound.salt + keys.outbound.salt == exported[32:]
    assert len(keys.inbound.salt) == profile.salt_bytes


def test_keys_are_not_shown() -> None:
    keys = server_keys(Profile.AEAD_AES_128_GCM, bytes(range(56)))
    assert "\\x" not in repr(keys)
    assert "\\x" not in repr(GCM_KEYS)
