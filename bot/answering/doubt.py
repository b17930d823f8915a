"""Reasons not to answer: the corpus does not hold what is asked, however near the best passages seem.

All but the first and the last, which are learned (likely.py), are rules that a person can check against the quotes.
What they catch and what they cost is measured in EXPERIMENTS.md.
"""

import functools
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import yaml

from bot.answering.asked import YEAR, Asked
from bot.answering.likely import Likelihood
from bot.answering.rank import UNKNOWN, Ranked, read, share, weighted
from corpus.language.normalize import fold, words, words_of
from corpus.language.values import Value
from index import tuned
from index.query import Query
from index.snapshot import Snapshot

NAMES = Path(__file__).parent / "names.yaml"
NEAR = 6  # units that an answer may be made of, at most
# Kinds of value that a question cannot do without: a price asked for is a price quoted, or no answer.
NEEDED = (Value.MONEY, Value.PERSON, Value.PHONE, Value.DATE, Value.PERCENT)

_WHERE = (Value.PLACE, Value.URL, Value.APP)
_SPAN = re.compile(r"\b((?:19|20)\d{2})\s?[-–]\s?((?:19|20)\d{2})\b")

_EMPTY = frozenset(
    words(
        """bài các chưa cho có của cụ đã đến được ghi hiện không là mà một nào này nay nêu nguồn nói phần rõ số thấy thể
        theo trong và về"""
    )
)
_SENTENCE = re.compile(r"(?<=[.;])\s+")
_CLAUSE = re.compile(r"[,.;:?!]\s+")


class Reason(StrEnum):
    FAR = "far"
    STATED = "stated"
    ELSEWHERE = "elsewhere"
    NAME = "name"
    YEAR = "year"
    VALUE = "value"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Doubt:
    """`what` is the missing name or year, or nothing; `stated` the unit that says the sources do not say."""

    reason: Reason
    what: str = ""
    stated: Ranked | None = None


def _threshold(language: str) -> float:
    return {"vi": tuned.THRESHOLD, "en": tuned.THRESHOLD_ENGLISH}.get(language, tuned.THRESHOLD_OTHER)


def doubt(query: Query, asked: Asked, ranked: Sequence[Ranked], likely: Likelihood, snapshot: Snapshot) -> Doubt | None:
    """The first reason against answering from the best of the ranked units."""
    near = [unit for unit in ranked[:NEAR] if unit.score > ranked[0].score - tuned.MARGIN]
    quoted = " ".join(_spoken(unit) for unit in near)
    finally_asked = _finally_asked(query)
    unquoted = _missing_name(finally_asked, quoted, "hanoi") or _missing_name(finally_asked, quoted, "procedures")
    least = _threshold(query.language) + (0 if snapshot.encoder.token_dim else tuned.OTHER_ENCODER)
    if likely.ours < least - (tuned.NAMED if unquoted else 0):
        return Doubt(Reason.FAR)
    if name := _missing_name(finally_asked, _spoken(ranked[0]), "elsewhere"):
        return Doubt(Reason.ELSEWHERE, name)
    if missing := [reference for reference in asked.references if reference not in snapshot.bm25.vocab_dict]:
        return Doubt(Reason.NAME, _as_typed(missing[0], query.plain))
    if stated := _stated(query, asked, ranked, snapshot):
        return Doubt(Reason.STATED, stated=stated)
    if unquoted:
        return Doubt(Reason.NAME, unquoted)
    if year := _missing_year(query.plain, asked.years, quoted):
        return Doubt(Reason.YEAR, year)
    wanted = _needed(asked)
    if wanted and all(wanted.isdisjoint(read(unit.unit).values) for unit in (*near, *_same_document(ranked))):
        return Doubt(Reason.VALUE)
    if likely.answered < tuned.NOT_HERE:
        named = _missing_name(finally_asked, "", "elsewhere")
        return Doubt(Reason.ELSEWHERE, named) if named else Doubt(Reason.UNSURE)
    return None


def _missing_year(question: str, years: Set[str], quoted: str) -> str:
    """The year or the span of years that the quotes lack; of several years that a question names one is enough."""
    spans = [tuple(span) for span in _SPAN.findall(question)]
    missing = [f"{first}-{last}" for first, last in spans if first not in quoted or last not in quoted]
    if missing or not years or any(year in quoted for year in years):
        return next(iter(missing), "")
    return min(years)


def _needed(asked: Asked) -> frozenset[Value]:
    """The kinds of value of which a quote must have one: what is asked for first, or where to find it."""
    if not asked.values or asked.values[0] not in NEEDED:
        return frozenset()
    return frozenset((asked.values[0], *(kind for kind in asked.values if kind in _WHERE)))


def _same_document(ranked: Sequence[Ranked]) -> Iterator[Ranked]:
    """Units further off that stand in the document of the best."""
    best, least = ranked[0], ranked[0].score - tuned.MARGIN_VALUE
    return (unit for unit in ranked if unit.hit.entry is best.hit.entry and unit.score > least)


def _spoken(unit: Ranked) -> str:
    entry, passage = unit.hit.entry, unit.hit.passage
    return " ".join((entry.title, entry.number or "", *passage.headings, unit.unit.lead, unit.unit.text))


def _stated(query: Query, asked: Asked, ranked: Sequence[Ranked], snapshot: Snapshot) -> Ranked | None:
    """The unit that says the sources do not say what is asked, if one does and is about as near as the best."""
    asked_words = {word for term in query.terms for word in term.split()}
    nearest = max(unit.hit.units[unit.row] for unit in ranked)
    best_known = max((unit.hit.samples[unit.row] for unit in ranked if not read(unit.unit).unknown), default=0.0)
    answers = max(unit.read for unit in ranked)
    least = answers - (tuned.STATED_READ if answers < tuned.STATED_SURE else tuned.STATED_READ_SURE)
    for unit in ranked:
        if not read(unit.unit).unknown or unit.read < least:
            continue
        nearest_sample = max(best_known + (tuned.SAMPLE_LEAD if query.text.isascii() else 0), tuned.SAMPLE_NEAR)
        text = unit.unit.text
        if unit.hit.samples[unit.row] >= nearest_sample and _says_little_else(text) and _same_years(asked.years, text):
            return unit
        if unit.hit.units[unit.row] < nearest - (0 if unit.unit.questions else tuned.STATED_GAP):
            continue
        for sentence in _SENTENCE.split(unit.unit.text):
            if UNKNOWN.search(fold(sentence)) and _same_years(asked.years, sentence):
                content = weighted((word for word in words(sentence) if word not in _EMPTY), snapshot)
                if share(content, asked_words) >= tuned.STATED_SHARE:
                    return unit
    return None


def _says_little_else(text: str) -> bool:
    """Whether that the sources do not say is most of what the unit says."""
    unknown = sum(len(sentence) for sentence in _SENTENCE.split(text) if UNKNOWN.search(fold(sentence)))
    return 2 * unknown >= len(text)


def _same_years(asked: frozenset[str], sentence: str) -> bool:
    """ "2022-2025" speaks of 2024; a sentence without a year speaks of any."""
    years = [int(year) for year in YEAR.findall(sentence)]
    return not asked or not years or any(min(years) <= int(year) <= max(years) for year in asked)


def _as_typed(reference: str, question: str) -> str:
    """ "#kh500" in "Kế hoạch 500/KH-UBND nói gì?" is "Kế hoạch 500/KH-UBND"."""
    number = "".join(filter(str.isdigit, reference))
    found = re.search(rf"(?:[^\W\d]+ ){{0,2}}0*{number}\b[\w/-]*", question)
    return found[0] if found else number


def _finally_asked(query: Query) -> Sequence[str]:
    """The words of a question's last clause of some length."""
    clauses = [clause for clause in _CLAUSE.split(query.folded) if len(clause.split()) >= 4]
    return query.words if not clauses or clauses[-1] == query.folded else words_of(clauses[-1])


def _missing_name(asked_words: Sequence[str], quoted: str, kind: str) -> str | None:
    """A name in what the question finally asks that the quotes do not have."""
    spoken = f" {' '.join(asked_words)} "
    found = f" {' '.join(words(quoted))} "
    return next(
        (
            name
            for name, spellings in _names(kind)
            if any(f" {one} " in spoken for one in spellings) and not any(f" {one} " in found for one in spellings)
        ),
        None,
    )


@functools.cache
def _names(kind: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each name with its spellings, folded."""
    table = yaml.safe_load(NAMES.read_text("utf-8"))
    spelled = (tuple(name.split(" = ")) for name in table[kind])
    return tuple((names[0], tuple(" ".join(words(name)) for name in names)) for names in spelled)
