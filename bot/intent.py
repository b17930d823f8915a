"""What a message is when it is no question to the documents: small talk, or something we do not do.

bot/intents.yaml holds the phrases. Small talk must fit as a whole, because "chào bạn, nộp hồ sơ ở đâu?" is a question;
what we refuse is recognised anywhere in a message.
"""

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from corpus.normalize import words
from index.query import expand

INTENTS = Path(__file__).parent / "intents.yaml"

_FAMILY_NAMES = (
    "nguyen|tran|le|pham|hoang|huynh|phan|vu|vo|dang|bui|do|ho|ngo|duong|ly|truong|dinh|mai|trinh|dao|luu|cao|ta|ha"
)


@dataclass(frozen=True, slots=True)
class Intent:
    """`name` is a key of messages.SMALL_TALK or messages.REFUSED."""

    name: str
    refused: bool


def intent(text: str) -> Intent | None:
    """What a message is, if it is no question to the documents."""
    spoken = words(expand(text))
    said = " ".join(spoken)
    tables = _tables()
    if not tables.unless.search(said):
        for name, pattern in tables.refused:
            if pattern.search(said):
                return Intent(name, refused=True)
    chat = tables.small_talk.get(said) or tables.small_talk.get(tables.filler.sub("", said).strip())
    return Intent(chat, refused=False) if chat else None


@dataclass(frozen=True, slots=True)
class _Tables:
    filler: re.Pattern[str]
    small_talk: dict[str, str]
    refused: tuple[tuple[str, re.Pattern[str]], ...]
    unless: re.Pattern[str]


@functools.cache
def _tables() -> _Tables:
    table: dict[str, Any] = yaml.safe_load(INTENTS.read_text("utf-8"))
    filler = re.compile(rf"\b(?:{_alternatives(table['filler'])})\b ?")
    small_talk: dict[str, str] = {}
    for name, phrases in table["small_talk"].items():
        for phrase in phrases:
            said = " ".join(words(phrase))
            for form in (said, filler.sub("", said).strip()):
                if form:
                    small_talk.setdefault(form, name)
    refused = tuple(
        (
            name,
            re.compile(r"\b" + r"\b.*?\b".join(f"(?:{_alternatives(group.split('|'))})" for group in groups) + r"\b"),
        )
        for name, lines in table["refused"].items()
        for groups in lines
    )
    return _Tables(filler, small_talk, refused, re.compile(rf"\b(?:{_alternatives(table['unless'])})\b"))


def _alternatives(phrases: list[str]) -> str:
    """Longest first, so that "hôm nay" is taken out before "nay"."""
    folded = sorted({" ".join(words(phrase)) for phrase in phrases if phrase != "<name>"}, key=len, reverse=True)
    names = [_FAMILY_NAMES] if "<name>" in phrases else []
    return "|".join((*folded, *names))
