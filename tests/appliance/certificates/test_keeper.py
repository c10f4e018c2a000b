"""The keeper's looks: what it does by itself, and what clinic IT reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from appliance import portal_steps
from appliance.box import Box
from appliance.certificates import acme, place
from appliance.certificates.files import certificate_files, read_certificate
from appliance.certificates.keeper import Once, look
from appliance.certificates.memory import memory_file, remember
from appliance.certificates.place import Pair
from appliance.certificates.self_signed import self_signed
from appliance.configure import root as folder
from appliance.configure.apply import apply
from core.settings import Settings, load
from tests.appliance.certificates import made
from tests.appliance.certificates.made import NOW
from tests.appliance.folder import free_base, wellhouse
from webapp.app import prepare
from webapp.db.database import db
from webapp.outbox import mailer
from webapp.outbox.models import Mail

DAY = timedelta(days=1)


def box_of(root: Path, source: str) -> Box:
    """A folder's appliance that does not run."""
    base = folder.wanted(root, folder.Wishes(https_port=free_base()), None)
    settings = replace(
        base,
        site=replace(base.site, hostname="clinic.example", other_names=()),
        certificates=replace(base.certificates, source=source, email="it@clinic.example"),
        ports=replace(base.ports, http=base.ports.https + 5),
        mail=replace(base.mail, alerts_to="it@clinic.example", sender="box@clinic.example"),
    )
    config = folder.settings_file(root)
    config.parent.mkdir()
    config.write_text(folder.as_toml(settings))
    apply(settings, config, at=NOW)
    return Box(config, load(config))


def bring(settings: Settings, *, days: int) -> None:
    """A certificate by somebody, which ends in *days*."""
    key = made.ec.generate_private_key(made.ec.SECP256R1())
    chain = made.leaf(made.root(), key, made.NAMES, starts_at=NOW + (days - 90) * DAY)
    place.put(Pair(chain, made.key_pem(key)), settings, at=NOW)


class Told:
    """What clinic IT was sent."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.reachable = True

    def __call__(self, _box: Box, sentence: str) -> bool:
        if self.reachable:
            self.sentences.append(sentence)
        return self.reachable


def test_it_alerts_before_the_end_and_says_what_to_do(box_root: Path) -> None:
    box, told = box_of(box_root, "own"), Told()
    bring(box.settings, days=22)
    for day in range(24):
        look(box, told, at=NOW + day * DAY + timedelta(hours=1))
    assert told.sentences == [
        f"The certificate of clinic.example {when} Ask your authority for a new one, then run “wellhouse certificates "
        "use CHAIN KEY”."
        for when in (
            "ends on 2026-12-14, in 20 days.",
            "ends on 2026-12-14, in 6 days.",
            "ends on 2026-12-14, within a day.",
            "ended on 2026-12-14, so browsers refuse the site.",
        )
    ]


def test_what_was_told_is_remembered_across_restarts(box_root: Path) -> None:
    box, told = box_of(box_root, "own"), Told()
    bring(box.settings, days=5)
    look(box, told, at=NOW)
    look(Box(box.config, load(box.config)), told, at=NOW + timedelta(hours=1))
    assert len(told.sentences) == 1
    assert memory_file(box.settings).stat().st_mode & 0o777 == 0o600


def test_what_could_not_be_told_is_told_at_the_next_look(box_root: Path) -> None:
    box, told = box_of(box_root, "own"), Told()
    bring(box.settings, days=5)
    told.reachable = False
    look(box, told, at=NOW)
    told.reachable = True
    look(box, told, at=NOW + timedelta(minutes=1))
    look(box, told, at=NOW + timedelta(minutes=2))
    assert len(told.sentences) == 1


def test_an_authority_that_says_no_is_in_the_alert(box_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box, told = box_of(box_root, "acme"), Told()
    bring(box.settings, days=15)

    def refuse(_settings: Settings) -> acme.Issued:
        raise acme.NotIssued("The authority does not answer.")

    monkeypatch.setattr(acme, "obtain", refuse)
    look(box, told, at=NOW)
    assert "in 15 days. Renewing it fails: The authority does not answer. Try it at the console" in told.sentences[0]
    assert remember(box.settings).failures == 1
    look(box, told, at=NOW + timedelta(minutes=5))
    assert remember(box.settings).failures == 1  # not asked again so soon
    look(box, told, at=NOW + timedelta(minutes=10))
    assert remember(box.settings).failures == 2
    assert len(told.sentences) == 1


def test_on_a_full_disk_no_authority_is_asked_and_clinic_it_hears_of_the_end(
    box_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each certificate that could not be kept would count at the authority, which gives five of a kind in a week."""
    box, told, asked = box_of(box_root, "acme"), Told(), list[Settings]()
    bring(box.settings, days=15)
    tell = Once(told)

    def issue(settings: Settings) -> acme.Issued:
        asked.append(settings)
        return acme.Issued(self_signed(made.NAMES, at=NOW))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(acme, "obtain", issue)
    monkeypatch.setattr(os, "fsync", full)
    for minute in range(30):
        look(box, tell, at=NOW + timedelta(hours=1, minutes=minute))
    assert asked == []
    assert len(told.sentences) == 1


def test_an_authority_is_not_asked_again_at_once_after_the_power_failed_in_between(
    box_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    def cut(_settings: Settings) -> acme.Issued:
        raise PowerCut

    box = box_of(box_root, "acme")
    bring(box.settings, days=15)
    monkeypatch.setattr(acme, "obtain", cut)
    with pytest.raises(PowerCut):
        look(box, Told(), at=NOW)
    look(box, Told(), at=NOW + timedelta(minutes=5))
    assert remember(box.settings).failures == 1


def test_a_box_that_gets_no_first_certificate_says_so_once(box_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box, told = box_of(box_root, "acme"), Told()

    def refuse(_settings: Settings) -> acme.Issued:
        raise acme.NotIssued("Port 80 does not lead here.")

    monkeypatch.setattr(acme, "obtain", refuse)
    for minute in range(0, 600, 10):
        look(box, told, at=NOW + timedelta(minutes=minute))
    assert len(told.sentences) == 1
    assert (
        "clinic.example has no certificate yet that browsers believe. Port 80 does not lead here." in told.sentences[0]
    )


def test_the_boxs_own_authority_renews_without_anybody(box_root: Path) -> None:
    box, told = box_of(box_root, "local"), Told()
    before = read_certificate(certificate_files(box.settings).chain)
    look(box, told, at=NOW + 300 * DAY)
    assert read_certificate(certificate_files(box.settings).chain) == before
    look(box, told, at=NOW + 340 * DAY)
    assert read_certificate(certificate_files(box.settings).chain) != before
    assert told.sentences == []


@pytest.fixture
def migrated(box_root: Path) -> Iterator[Box]:
    box = box_of(box_root, "own")
    assert wellhouse("configure", "--root", box_root).returncode == 0
    yield box
    db.obj.close_all()


def test_an_alert_becomes_a_mail_to_clinic_it(migrated: Box) -> None:
    portal_steps.run("alert", migrated.settings, migrated.config, "The certificate ends tomorrow.")
    prepare(migrated.settings)
    with db.connection_context():
        (mail,) = Mail.select()
        message = mailer.compose(mail, migrated.settings, at=NOW)
    assert message["To"] == "it@clinic.example"
    assert "The certificate ends tomorrow." in message.get_content()


def test_chain_and_key_change_in_one_moment(box_root: Path) -> None:
    """Whoever reads the two between any two steps of the change reads a pair."""
    settings = box_of(box_root, "own").settings
    files, seen = certificate_files(settings), set()

    for number in range(5):
        place.put(self_signed((f"n{number}.example",), at=NOW), settings, at=NOW + timedelta(seconds=number))
        assert files.chain.resolve().parent == files.key.resolve().parent
        seen.add(files.chain.resolve().parent)
        key = made.serialization.load_pem_private_key(files.key.read_bytes(), password=None)
        assert key.public_key() == read_certificate(files.chain).public_key()
    assert len(seen) == 5
    kept = [one for one in settings.paths.certificates.iterdir() if one.is_dir() and not one.is_symlink()]
    assert len(kept) == 2  # the one in use and the one before
