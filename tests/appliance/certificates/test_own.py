"""A certificate that the clinic brings is looked at before it takes the place of one that works."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance.box import Box
from appliance.certificates.files import certificate_files, vouches_for_itself
from appliance.certificates.own import judge
from appliance.configure import root as folder
from core.errors import Refused
from tests.appliance.certificates import made
from tests.appliance.certificates.made import NAMES, NOW, Signer, key_pem, leaf
from tests.appliance.folder import free_base, wellhouse

KEY = ec.generate_private_key(ec.SECP256R1())
ROOT = made.root()
INTERMEDIATE = made.below(ROOT)


def test_a_good_one_is_taken_as_it_is() -> None:
    chain = leaf(INTERMEDIATE, KEY) + INTERMEDIATE.pem
    judged = judge(chain, key_pem(KEY), NAMES, at=NOW)
    assert judged.pair.chain == chain
    assert judged.pair.key == key_pem(KEY)
    assert judged.warnings == ()


def test_rsa_and_the_older_way_of_writing_a_key_are_fine() -> None:
    key = rsa.generate_private_key(65537, 2048)
    old = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    assert judge(leaf(INTERMEDIATE, key) + INTERMEDIATE.pem, old, NAMES, at=NOW).warnings == ()


def test_a_chain_in_any_order_is_put_right_and_what_does_not_belong_is_left_out() -> None:
    lower = made.below(INTERMEDIATE, "Lower")
    stranger = made.root()
    mine = leaf(lower, KEY)
    shuffled = ROOT.pem + stranger.pem + INTERMEDIATE.pem + mine + lower.pem + INTERMEDIATE.pem
    assert judge(shuffled, key_pem(KEY), NAMES, at=NOW).pair.chain == mine + lower.pem + INTERMEDIATE.pem


def test_a_star_covers_one_level() -> None:
    chain = leaf(INTERMEDIATE, KEY, ("clinic.example", "*.clinic.example")) + INTERMEDIATE.pem
    assert judge(chain, key_pem(KEY), NAMES, at=NOW).warnings == ()
    deeper = judge(chain, key_pem(KEY), (*NAMES, "a.b.clinic.example"), at=NOW)
    assert "It is not for a.b.clinic.example" in deeper.warnings[0]


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        (b"", "The first file holds no certificate in PEM form"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificate in PEM form"),
        (key_pem(KEY), "It is a private key: the certificate comes first"),
        (x509.load_pem_x509_certificate(ROOT.pem).public_bytes(serialization.Encoding.DER), "is in binary form"),
        (leaf(INTERMEDIATE, ec.generate_private_key(ec.SECP256R1())), "The key does not belong to the certificate"),
        (leaf(INTERMEDIATE, KEY, starts_at=NOW - timedelta(days=91)), "The certificate ended on 2026-11-21"),
        (leaf(INTERMEDIATE, KEY, starts_at=NOW + timedelta(hours=2)), "good only from 2026-11-22 14:00 UTC on"),
        (leaf(INTERMEDIATE, KEY, ("turn.clinic.example",)), "The certificate is not for clinic.example"),
        (leaf(INTERMEDIATE, KEY, ("*.clinic.example",)), "The certificate is not for clinic.example"),
        (leaf(INTERMEDIATE, KEY, purpose=ExtendedKeyUsageOID.EMAIL_PROTECTION), "not for a website"),
    ],
)
def test_a_certificate_of_no_use_is_refused_in_words(chain: bytes, words: str) -> None:
    with pytest.raises(Refused) as caught:
        judge(chain, key_pem(KEY), NAMES, at=NOW)
    assert words in caught.value.sentence


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (key_pem(KEY, b"secret"), "The key is protected by a password"),
        (b"nothing", "The second file holds no private key in PEM form"),
        (key_pem(rsa.generate_private_key(65537, 1024)), "The key has 1024 bits"),  # noqa: S505  # the very point
        (key_pem(ec.generate_private_key(ec.SECP521R1())), "not every browser takes"),
        (
            ed25519.Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
            "not every browser takes",
        ),
    ],
)
def test_a_key_that_nginx_or_browsers_cannot_use_is_refused_in_words(key: bytes, words: str) -> None:
    with pytest.raises(Refused) as caught:
        judge(leaf(INTERMEDIATE, KEY), key, NAMES, at=NOW)
    assert words in caught.value.sentence


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        (leaf(INTERMEDIATE, KEY), "The file holds no intermediate certificate"),
        (leaf(INTERMEDIATE, KEY, ("clinic.example",)) + INTERMEDIATE.pem, "It is not for turn.clinic.example"),
        (leaf(INTERMEDIATE, KEY, lasts=timedelta(days=15)) + INTERMEDIATE.pem, "It ends on 2026-12-06 already"),
        (leaf(Signer(ROOT.certificate, KEY), KEY, ("clinic.example", NAMES[1])), "no intermediate"),
    ],
)
def test_what_does_not_keep_a_certificate_from_use_is_said(chain: bytes, words: str) -> None:
    assert words in " ".join(judge(chain, key_pem(KEY), NAMES, at=NOW).warnings)


def test_it_is_brought_at_the_console_before_the_first_start_and_again_without_a_change(box_root: Path) -> None:
    box = _box(box_root, source="own")
    assert wellhouse("configure", "--root", box_root).returncode == 0
    files = certificate_files(box.settings)
    stands_in = x509.load_pem_x509_certificate(files.chain.read_bytes())
    assert vouches_for_itself(stands_in)
    told = wellhouse("check", "--root", box_root, "certificate").stdout
    assert "still waits for the clinic's own certificate" in told
    chain, key = box_root / "chain.pem", box_root / "key.pem"
    names = (*box.settings.names, "turn.localhost")
    chain.write_bytes(leaf(INTERMEDIATE, KEY, names, lasts=timedelta(days=90)) + INTERMEDIATE.pem)
    key.write_bytes(key_pem(KEY, b"secret"))
    refused = wellhouse("certificates", "use", "--root", box_root, chain, key)
    assert (refused.returncode, "protected by a password" in refused.stderr) == (2, True)
    assert x509.load_pem_x509_certificate(files.chain.read_bytes()) == stands_in
    key.write_bytes(key_pem(KEY))
    told_used = wellhouse("certificates", "use", "--root", box_root, chain, key)
    assert "In its place: Intermediate, good until 2027-02-" in told_used.stdout, told_used.stderr
    assert files.chain.read_bytes() == chain.read_bytes()
    assert files.key.stat().st_mode & 0o777 == 0o400
    again = wellhouse("certificates", "use", "--root", box_root, chain, key)
    assert "nothing to change" in again.stdout
    assert "brought by the clinic" in wellhouse("certificates", "--root", box_root).stdout


def test_it_does_not_displace_one_that_comes_from_elsewhere(box_root: Path) -> None:
    _box(box_root, source="local")
    told = wellhouse("certificates", "use", "--root", box_root, "chain.pem", "key.pem")
    assert told.returncode == 2
    assert 'Write source = "own" under [certificates]' in told.stderr


def _box(root: Path, *, source: str) -> Box:
    config = folder.settings_file(root)
    config.parent.mkdir()
    config.write_text(
        folder.as_toml(folder.wanted(root, folder.Wishes(https_port=free_base()), None))
        + f'\n[certificates]\nsource = "{source}"\n'
    )
    return Box(config, folder.provide(root, folder.Wishes()))
