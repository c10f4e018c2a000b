"""Asking at a terminal: one question after the other, then everything on one page that any answer can be changed on.

A wrong answer is asked again with the reason; nothing that was typed before is lost. Ctrl-C leaves by KeyboardInterrupt
and the end of input by EOFError, both with nothing changed.
"""

from __future__ import annotations

import getpass
import textwrap
from collections.abc import Callable, Mapping

from appliance.install import reading
from appliance.install.answers import Answers, Secret
from appliance.install.facts import Facts
from appliance.install.questions import QUESTIONS, Asked, Question
from appliance.install.understood import completed
from core.errors import Invalid

_WELCOME = """
A few questions, then a look at this machine; nothing on it is changed before you have seen and agreed to everything.
Enter takes the answer in brackets. Ctrl-C stops at any time. docs/INSTALL.md says more about each."""


def ask_what_is_new(texts: Mapping[str, str], typed: dict[str, Secret], facts: Facts) -> dict[str, str]:
    """*texts* with the answers to all questions that have none yet; *typed* gets what was typed unseen."""
    found = dict(texts)
    new = [question for question in QUESTIONS if question.asked is not Asked.NO and question.name not in found]
    if len(new) == len([question for question in QUESTIONS if question.asked is not Asked.NO]):
        print(_WELCOME)
    for question in new:
        if question.applies(found, facts):
            ask(question, found, typed, facts)
    return found


def ask(question: Question, texts: dict[str, str], typed: dict[str, Secret], facts: Facts) -> None:
    """Ask until the answer can be used, and put it into *texts*, or unseen into *typed*."""
    print(f"\n{question.title}")
    print(textwrap.indent(question.why, "  "))
    for line in question.hints(facts):
        print(f"  {line}")
    offered = texts.get(question.name) or question.offered(texts, facts)
    while True:
        try:
            texts[question.name] = _answer(question, offered, typed)
        except Invalid as e:
            print(f"  {e.sentence}")
        else:
            return


def confirm(
    texts: dict[str, str],
    typed: dict[str, Secret],
    facts: Facts,
    looked_at: Callable[[Mapping[str, str]], Answers | None],
) -> Answers:
    """Ask what is new, show everything, and let any answer be changed until Enter is pressed with nothing in the way.

    *looked_at* tells what the machine says to the answers of the moment, and gives them if it can be gone on.
    """
    while True:
        texts.update(ask_what_is_new(texts, typed, facts))
        whole = completed(texts, facts)
        shown = [question for question in QUESTIONS if question.name in whole]
        width = max(len(question.title) for question in shown) + 2
        print("\nThis is what will be done:\n")
        for number, question in enumerate(shown, start=1):
            print(f"  {number:>2}  {question.title:<{width}}{whole[question.name] or reading.NONE}")
        answers = looked_at(whole)
        chosen = _choice(len(shown), can_go_on=answers is not None)
        if chosen is not None:
            question = shown[chosen]
            texts[question.name] = whole[question.name]
            ask(question, texts, typed, facts)
        elif answers is not None:
            return answers


def _choice(count: int, *, can_go_on: bool) -> int | None:
    """Place of the answer to change, from 0; None for Enter."""
    enter = "Enter to install" if can_go_on else "Enter to look again once you have put that right"
    while True:
        said = input(f"\n{enter}, a number to change an answer, Ctrl-C to stop (nothing was changed yet): ").strip()
        if not said:
            return None
        if said.isdigit() and 1 <= int(said) <= count:
            return int(said) - 1
        print(f"  {said!r} is not a number from 1 to {count}.")


def _answer(question: Question, offered: str | None, typed: dict[str, Secret]) -> str:
    if question.asked is Asked.HIDDEN:
        return _unseen(question, offered, typed)
    said = input(f"  [{offered}] " if offered else "  > ").strip()
    if not said and offered is None:
        raise Invalid("This needs an answer.")
    text = said or offered or ""
    question.read(text)
    return text


def _unseen(question: Question, offered: str | None, typed: dict[str, Secret]) -> str:
    keep = offered if offered in (reading.TYPED, reading.KEPT) else None
    said = getpass.getpass(f"  [{keep}] " if keep else "  (not shown) ")
    if not said:
        if keep is None:
            raise Invalid("This needs an answer.")
        return keep
    if question.twice and getpass.getpass("  Once more: ") != said:
        raise Invalid("The two differ. Please type it again.")
    typed[question.name] = Secret(said)
    return reading.TYPED
