"""A question as it is searched: its language, its abbreviations written out, its terms and what it asks for.

Three tables, each a readable file: abbreviations.yaml (what people type), synonyms.yaml (what people say),
english.yaml (the programme's words in English).
"""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from corpus.language import language
from corpus.normalize import clean, terms, words

MAX_LENGTH = 1_000  # characters; nobody asks a longer question, and the encoder reads 512 pieces

_TABLES = Path(__file__).parent
_TOKEN = re.compile(r"[^\W_]+(?:&[^\W_]+)*")
_PLAIN_D = str.maketrans("đĐ", "dD", "&")
_NAME = re.compile(r"\b\w*(?:\d|[a-z][A-Z]|[A-Z]{2})[\w/-]*")


@dataclass(frozen=True, slots=True)
class Query:
    """`text` is as typed, `plain` has its abbreviations written out; `encoded` goes to the encoder, `terms` to BM25."""

    text: str
    plain: str
    language: str
    encoded: str
    terms: tuple[str, ...]


def parse(text: str) -> Query:
    """Never fails: any text is a query; one without words finds nothing."""
    text = " ".join(clean(text).split())[:MAX_LENGTH]
    spoken = language(text)
    if spoken == "vi":
        plain = expand(text)
        counted = (*terms(text), *terms(plain), *(term for more in _synonyms(plain) for term in terms(more)))
        return Query(text, plain, spoken, plain, tuple(dict.fromkeys(counted)))
    # Words of other languages are left out of BM25: "Vietnam", "day" and "in" are syllables of Vietnamese too.
    translated = " ".join(_translated(text)) if spoken == "en" else ""
    names = " ".join(_NAME.findall(text))
    encoded = f"{text} {translated}".strip()
    counted = (*terms(translated), *terms(names))
    return Query(text, text, spoken, encoded, tuple(dict.fromkeys(counted)))


def expand(text: str) -> str:
    """The text with its abbreviations written out: "dvc onl có mất tiền ko" -> "dịch vụ công trực tuyến có …"."""
    return _TOKEN.sub(lambda match: _written_out(match[0]), text)


def _written_out(token: str) -> str:
    """ "cả" and "ai" are words: only a token typed without diacritics (đ apart) can be an abbreviation."""
    table = _abbreviations()
    bare = token.translate(_PLAIN_D)
    return table.get(bare) or table.get(bare.lower()) or token


def _synonyms(plain: str) -> list[str]:
    spaced = f" {' '.join(words(plain))} "
    return [official for said, official in _phrases("synonyms.yaml").items() if f" {said} " in spaced]


def _translated(text: str) -> list[str]:
    """The Vietnamese of the programme's terms in an English text, in its order; a longer term hides those inside it."""
    rest = f" {' '.join(words(text))} "
    found: list[tuple[int, str]] = []
    for term, vietnamese in _phrases("english.yaml").items():
        match = re.search(rf" {term}(?:s|es|ed|ing)? ", rest)
        if match:
            found.append((match.start(), vietnamese))
            rest = f"{rest[: match.start()]} {'·' * (len(match[0]) - 2)} {rest[match.end() :]}"
    return [vietnamese for _, vietnamese in sorted(found)]


@functools.cache
def _abbreviations() -> dict[str, str]:
    return _table("abbreviations.yaml")


@functools.cache
def _phrases(name: str) -> dict[str, str]:
    """Folded phrases, longest first."""
    folded = {" ".join(words(phrase)): meaning for phrase, meaning in _table(name).items()}
    return dict(sorted(folded.items(), key=lambda item: -len(item[0])))


def _table(name: str) -> dict[str, str]:
    table: dict[str, str] = yaml.safe_load((_TABLES / name).read_text("utf-8"))
    return table
