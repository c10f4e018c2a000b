"""From texts to answers: what misses, what the defaults add, what is wrong, and what it all means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appliance.install import reading
from appliance.install.answers import Answers, Secret
from appliance.install.facts import Facts
from appliance.install.questions import BY_NAME, QUESTIONS, Question, Texts
from core.errors import Invalid


def missing(texts: Texts, facts: Facts) -> list[Question]:
    """Questions that apply, have no answer, and cannot be answered by default."""
    return [q for q in QUESTIONS if q.applies(texts, facts) and q.name not in texts and q.default(texts, facts) is None]


def completed(texts: Texts, facts: Facts) -> dict[str, str]:
    """*texts* with every default filled in, in the order of the questions, and what does not apply left out."""
    found: dict[str, str] = {}
    for question in QUESTIONS:
        if not question.applies(found, facts):
            continue
        text = texts.get(question.name)
        if text is None:
            text = question.default(found, facts)
        if text is None:
            raise Invalid(f"{question.title} has no answer.")
        found[question.name] = text
    kept_open = {
        *reading.ssh_ports(found["ssh-port"]),
        *facts.ssh_ports,
    }  # whoever sits at the other end is not shut out
    found["ssh-port"] = ",".join(map(str, sorted(kept_open)))
    return found


def faults(texts: Texts) -> dict[str, str]:
    """What is wrong with answers that cannot be understood, by the name of the question, all at once."""
    found = {}
    for question in QUESTIONS:
        if question.name in texts:
            try:
                question.read(texts[question.name])
            except Invalid as e:
                found[question.name] = e.sentence
    return found


def understand(texts: Texts, typed: Mapping[str, Secret]) -> Answers:
    """The answers that *texts*, complete ones, mean; *typed* are secrets by the name of their question.

    Invalid if a file that holds a secret cannot be read.
    """

    def of(name: str, without: Any = "") -> Any:
        return BY_NAME[name].read(texts[name]) if name in texts else without

    return Answers(
        hostname=of("hostname"),
        other_names=of("other-names"),
        email=of("email"),
        certificate=of("certificate"),
        acme_server=of("acme-server"),
        public_address=of("public-address"),
        database=of("database"),
        data_device=of("data-device"),
        protection=of("key-protection"),
        passphrase=_secret("passphrase-file", texts, typed),
        relay=of("smtp"),
        smtp_password=_secret("smtp-password-file", texts, typed),
        mail_from=of("mail-from"),
        backup=of("backup"),
        backup_credentials=_secret("backup-credentials", texts, typed),
        firewall=of("firewall"),
        ssh_ports=of("ssh-port"),
        time_sync=of("time-sync"),
        updates=of("updates"),
    )


def _secret(name: str, texts: Texts, typed: Mapping[str, Secret]) -> Secret | None:
    text = texts.get(name, reading.KEPT)
    if text == reading.KEPT:
        return None
    if text == reading.TYPED:
        return typed[name]
    file = reading.path(text)
    try:
        return Secret(file.read_text(encoding="utf-8").rstrip("\n"))
    except (OSError, UnicodeDecodeError) as e:
        why = e.strerror if isinstance(e, OSError) else "it is no text"
        raise Invalid(f"{file} cannot be read: {why}. Write it anew, or name another with --{name}.") from e
