"""A question as it is searched: cleaned, its abbreviations written out, its BM25 terms counted."""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from corpus.normalize import clean, fold, terms

ABBREVIATIONS = Path(__file__).parent / "abbreviations.yaml"
MAX_LENGTH = 1_000  # characters; nobody asks a longer question, and the encoder reads 512 pieces

_TOKEN = re.compile(r"[^\W_]+(?:&[^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Query:
    """`encoded` goes to the encoder, `terms` to BM25."""

    text: str
    encoded: str
    terms: tuple[str, ...]


def parse(text: str) -> Query:
    """Never fails: any text is a query, an empty one finds nothing by words."""
    text = " ".join(clean(text).split())[:MAX_LENGTH]
    expanded = expand(text)
    return Query(text, expanded, tuple(dict.fromkeys((*terms(text), *terms(expanded)))))


def expand(text: str) -> str:
    """The text with its abbreviations written out: "dvc onl có mất tiền ko" -> "dịch vụ công trực tuyến có …"."""
    return _TOKEN.sub(lambda match: _abbreviations().get(fold(match[0]).replace("&", ""), match[0]), text)


@functools.cache
def _abbreviations() -> dict[str, str]:
    table: dict[str, str] = yaml.safe_load(ABBREVIATIONS.read_text("utf-8"))
    return {fold(short): full for short, full in table.items()}
