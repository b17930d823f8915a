"""Hits -> their units in the order in which they answer the question.

A unit's score is a weighted sum of a few readable features and of what reader.py, which compares it with the question
word by word, makes of it. ranking.json holds the weights: a logistic regression over questions that the reader has not
seen (`make train`, which also prints the cross-validated figures).
"""

import functools
import json
import math
import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.answering import reader
from bot.answering.asked import YEAR, Asked
from corpus.document import Entry, Kind, Unit
from corpus.language.normalize import fold, large_numbers, words
from corpus.language.values import Value, kinds
from index import tuned
from index.query import Query
from index.search import Hit, query_tokens
from index.snapshot import Snapshot

RANKING = Path(__file__).parent / "ranking.json"
FEATURES = (
    "passage_rank",
    "passage_score",
    "passage_dense",
    "unit_dense",
    "neighbour_dense",
    "sample_dense",
    "coverage",
    "wide_coverage",
    "heading_coverage",
    "value_first",
    "value_other",
    "value_missing",
    "year_same",
    "year_other",
    "says_unknown",
    "is_row",
    "is_lead",
)

# What is left to the reader: beside its score these gain nothing, and their weights would fit one encoder alone.
_READ = ("passage_score", "passage_dense", "unit_dense", "neighbour_dense")
WEIGHED = tuple(name for name in (*FEATURES, "reader") if name not in _READ)

# How the documents say that they do not know. Such a sentence near the top is the honest answer to a question.
# That something is not clear, or that sources disagree, is knowledge: it is quoted as an answer.
UNKNOWN = re.compile(
    r"nguon (?:hien co |nay )?(?:khong|chua) (?!noi ro|giai thich|xac nhan|thong nhat)"
    r"|(?:khong|chua) (?:co|thay|ro|duoc neu)(?: \S+){0,2} trong (?:cac )?nguon"
    r"|khong nguon nao|khong thay neu|khong ghi|chua ghi"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a unit says, read once and kept.

    `words` are its own and its lead's; `unknown`: it says that the sources do not say.
    """

    words: frozenset[str]
    values: frozenset[Value]
    years: frozenset[str]
    unknown: bool


@functools.lru_cache(maxsize=32_768)
def read(unit: Unit) -> Reading:
    spoken = f"{unit.lead} {unit.text}"
    folded = fold(unit.text)
    return Reading(
        words=frozenset((*words(spoken), *large_numbers(spoken))),
        values=kinds(unit.text),
        years=_years(unit),
        unknown=bool(UNKNOWN.search(folded)),
    )


def _years(unit: Unit) -> frozenset[str]:
    """The years a unit speaks of: a row of a time series of its own, whatever other years its cells mention."""
    own = YEAR.findall(f"{unit.lead} {unit.cells[0]}") if unit.kind is Kind.ROW else ()
    return frozenset(own or YEAR.findall(f"{unit.lead} {unit.text}"))


@functools.lru_cache(maxsize=8_192)
def _heading(entry: Entry, headings: tuple[str, ...]) -> frozenset[str]:
    return frozenset(words(" ".join((entry.title, *headings))))


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit of a hit. `score` ranks it; `read` is the reader's own, log-odds that it answers and not nothing here."""

    hit: Hit
    row: int
    score: float
    read: float

    @property
    def unit(self) -> Unit:
        return self.hit.passage.units[self.row]


def rank(query: Query, asked: Asked, hits: Sequence[Hit], snapshot: Snapshot) -> list[Ranked]:
    """All units of the hits, best first; equal scores keep the order of the hits."""
    weights, bias = _weights()
    measured = read_features(query, asked, hits, snapshot)
    pairs = [(hit, row) for hit in hits for row in range(len(hit.passage.units))]
    ranked = [
        Ranked(hit, row, float(columns @ weights + bias), float(columns[-1]))
        for (hit, row), columns in zip(pairs, measured, strict=True)
    ]
    return _year_first(sorted(ranked, key=lambda unit: -unit.score), asked)


def _year_first(ranked: list[Ranked], asked: Asked) -> list[Ranked]:
    """A question that names a year gets that year: where no unit near the best has it, one of its document leads."""
    if not ranked or not asked.years:
        return ranked
    best = ranked[0]
    near = [unit for unit in ranked if unit.score > best.score - tuned.MARGIN]
    headings = " ".join((best.hit.entry.title, *(heading for unit in near for heading in unit.hit.passage.headings)))
    if any(asked.years & read(unit.unit).years for unit in near) or any(year in headings for year in asked.years):
        return ranked
    of_year = (
        unit for unit in ranked if unit.hit.entry.id == best.hit.entry.id and asked.years & read(unit.unit).years
    )
    found = next(of_year, None)
    if found is None or found.score < best.score - tuned.MARGIN_YEAR:
        return ranked
    lead = replace(found, score=best.score)
    return [lead, *(unit for unit in ranked if unit is not found)]


def read_features(query: Query, asked: Asked, hits: Sequence[Hit], snapshot: Snapshot) -> npt.NDArray[np.float64]:
    """As `features`, with the reader's score of each unit as the last column."""
    measured = features(query, asked, hits, snapshot)
    rows = [np.arange(hit.first_unit, hit.first_unit + len(hit.passage.units)) for hit in hits]
    tokens = snapshot.unit_tokens[np.concatenate(rows)]
    scores = reader.scores(query_tokens(snapshot.encoder, query), tokens, measured)
    return np.column_stack([measured, scores])


def features(query: Query, asked: Asked, hits: Sequence[Hit], snapshot: Snapshot) -> npt.NDArray[np.float64]:
    """One row a unit, in the order of the hits and their units; one column a name in FEATURES."""
    question = weighted(query.words, snapshot)
    wide = weighted((term for term in query.terms if term.isalnum()), snapshot)
    floor = min((cosine for hit in hits for cosine in hit.samples if cosine), default=0.0)
    rows = []
    for hit in hits:
        heading = _heading(hit.entry, hit.passage.headings)
        for row, unit in enumerate(hit.passage.units):
            reading = read(unit)
            said, values, years = reading.words, reading.values, reading.years
            neighbours = hit.units[max(row - 1, 0) : row] + hit.units[row + 1 : row + 2]
            rows.append(
                (
                    1 / hit.rank,
                    hit.score,
                    hit.dense,
                    hit.units[row],
                    max(neighbours, default=0.0),
                    hit.samples[row] or floor,
                    share(question, said),
                    share(wide, said),
                    share(question, said | heading),
                    float(bool(asked.values) and asked.values[0] in values),
                    float(not values.isdisjoint(asked.values[1:])),
                    float(bool(asked.values) and values.isdisjoint(asked.values)),
                    float(not asked.years.isdisjoint(years)),
                    float(bool(asked.years and years) and asked.years.isdisjoint(years)),
                    float(reading.unknown),
                    float(unit.kind is Kind.ROW),
                    float(unit.text.endswith(":")),
                )
            )
    return np.array(rows, float).reshape(len(rows), len(FEATURES))


def weighted(terms: Iterable[str], snapshot: Snapshot) -> dict[str, float]:
    """Each word with its inverse document frequency, as in BM25; a word that no passage has weighs the most."""
    counts = snapshot.bm25.scores["indptr"]
    weights = {}
    for term in terms:
        column = snapshot.bm25.vocab_dict.get(term)
        found = 0 if column is None else int(counts[column + 1] - counts[column])
        weights[term] = math.log(1 + (len(snapshot) - found + 0.5) / (found + 0.5))
    return weights


def share(weights: dict[str, float], said: Set[str]) -> float:
    """The part of the words' weight that was said, from 0 to 1."""
    total = sum(weights.values())
    return sum(weight for word, weight in weights.items() if word in said) / total if total else 0.0


@functools.cache
def _weights() -> tuple[npt.NDArray[np.float64], float]:
    weights = json.loads(RANKING.read_text("utf-8"))
    return np.array([weights.get(name, 0) for name in (*FEATURES, "reader")], float), float(weights["bias"])
