"""What a message is when it is no question to the documents: small talk, or something we do not do.

intents.yaml holds the phrases and says how they are written. Small talk must fit as a whole, because "chào bạn,
nộp hồ sơ ở đâu?" is a question; what we refuse is recognised anywhere in a message.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from corpus.language.normalize import fold
from index.query import Query

INTENTS = Path(__file__).parent / "intents.yaml"
CHAT = 20  # words; small talk is not longer
GAP = 6  # words that may stand between two groups of a line
LONGEST = 500  # words that are read; more do not fit into what is searched (index.query.MAX_LENGTH)

_WORD = re.compile(r"[^\W_]+")
_DRAWN_OUT = re.compile(r"(?<=\w)([^\W\d_])\1{2,}")  # "hellooo"
_TONES = {"\u0301": "1", "\u0300": "2", "\u0309": "3", "\u0303": "4", "\u0323": "5"}


@dataclass(frozen=True, slots=True)
class Intent:
    """`name` is a key of messages.SMALL_TALK or messages.REFUSED."""

    name: str
    refused: bool


def intent(query: Query) -> Intent | None:
    """What a message is, if it is no question to the documents."""
    tables = _tables()
    forms = _forms(query)
    for said in forms:
        for name, (says, unless) in tables.refused.items():
            if says.search(said) and not (unless and unless.search(said)):
                return Intent(name, refused=True)
    for said in forms:
        if said.count(" ") <= CHAT:
            for name, says in tables.small_talk.items():
                if says.search(said) and not _small_talk(name).sub("", said):
                    return Intent(name, refused=False)
    return None


def excused(name: str, query: Query) -> bool:
    """Whether a message has a phrase for which it is not refused under a name: "làm giả giấy tờ bị phạt bao nhiêu?"."""
    _, unless = _tables().refused[name]
    return unless is not None and any(unless.search(_spell(text)) for text in (query.typed, query.expanded))


def _forms(query: Query) -> list[str]:
    """The ways in which a message may be read: "bn" is bạn and bao nhiêu."""
    return [_spell(text) for text in dict.fromkeys((query.typed, query.expanded, query.plain))]


def _spell(text: str) -> str:
    """The words in lower case, a space before each, with their tone last: hoà and hòa are both " hoa2"."""
    spoken = _WORD.findall(_DRAWN_OUT.sub(r"\1", text.lower()))
    return "".join(f" {_tone_last(word)}" for word in spoken[:LONGEST])


def _tone_last(word: str) -> str:
    if word.isascii():
        return word
    letters = unicodedata.normalize("NFD", word)
    tone = "".join(_TONES.get(letter, "") for letter in letters)
    return unicodedata.normalize("NFC", "".join(letter for letter in letters if letter not in _TONES)) + tone


@dataclass(frozen=True, slots=True)
class _Tables:
    """By name: what small talk says, what a refused message says and what excuses it."""

    small_talk: dict[str, re.Pattern[str]]
    refused: dict[str, tuple[re.Pattern[str], re.Pattern[str] | None]]


@functools.cache
def _tables() -> _Tables:
    table = _read()
    return _Tables(
        small_talk={name: _lines(talk["says"]) for name, talk in table["small_talk"].items()},
        refused={
            name: (_lines(rule["says"]), _lines([rule["unless"]]) if "unless" in rule else None)
            for name, rule in table["refused"].items()
        },
    )


@functools.cache
def _small_talk(name: str) -> re.Pattern[str]:
    """All that a message of this name may consist of. Compiled when needed, because questions do not need it."""
    table = _read()
    talks = [table["small_talk"][one] for one in (name, *table["courtesy"])]
    says = [group for talk in talks for line in talk["says"] for group in line.split(", ")]
    return re.compile(_any([*says, *(talk["beside"] for talk in talks), table["filler"]]))


@functools.cache
def _read() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load(INTENTS.read_text("utf-8"))
    return table


@functools.cache
def _named(word: str) -> str:
    return _any([_read()["named"][word[1:-1]]])


def _lines(lines: Iterable[str]) -> re.Pattern[str]:
    between = rf"(?: \w+){{0,{GAP}}}?"
    return re.compile("|".join(between.join(_any([group]) for group in line.split(", ")) for line in lines))


def _any(groups: Iterable[str]) -> str:
    """The pattern of one of the phrases; the longest is tried first."""
    phrases = {" ".join(phrase.split()) for group in groups for phrase in group.split("|")}
    ordered = sorted(phrases, key=lambda phrase: (-phrase.count(" "), phrase))
    return rf"(?:{'|'.join(map(_phrase, ordered))})(?!\w)"


def _phrase(phrase: str) -> str:
    exact = phrase.startswith("=")
    return "".join(_word(word, exact=exact) for word in phrase.removeprefix("=").split())


def _word(word: str, *, exact: bool) -> str:
    if word.startswith("<"):
        return _named(word)
    spelled, bare = _tone_last(word), fold(word)
    return f" {spelled}" if exact or spelled == bare else f" (?:{spelled}|{bare})"
