"""A question -> hits: vectors and BM25 propose candidates, their standardised scores and the best unit's decide.

The same `Query` serves the bot, `hanoidx index search` and the evaluation, so that they cannot differ.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corpus.document import Entry, Passage
from index import tuned
from index.encode import Encoder, Vectors
from index.query import Query
from index.snapshot import Snapshot

CANDIDATES = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found. `dense` is its cosine, `bm25` its BM25 score, `units` its units' cosines; rank starts at 1.

    `samples` are, unit by unit, the cosine of the nearest sample question; 0 where none is among the nearest.
    `first_unit` is the row of its first unit among the snapshot's units.
    """

    rank: int
    passage: Passage
    entry: Entry
    score: float
    dense: float
    bm25: float
    units: tuple[float, ...]
    samples: tuple[float, ...]
    first_unit: int


def search(snapshot: Snapshot, query: Query, k: int, vector: Vectors | None = None) -> tuple[Hit, ...]:
    """The `k` best passages, best first; equal scores keep the order of the documents.

    `vector` is the query's, where it is at hand.
    """
    if vector is None:
        vector = query_vector(snapshot.encoder, query)
    lexical = bm25_scores(snapshot, query.terms)
    samples = _samples(snapshot, vector)
    rows = _candidates(snapshot, vector, lexical, samples)
    dense = snapshot.vectors.reconstruct_batch(rows) @ vector
    units = _unit_cosines(snapshot, rows, vector)
    floor = min((cosine for of_units in samples.values() for cosine in of_units.values()), default=0.0)
    nearest = np.array([max(samples.get(int(row), {-1: floor}).values()) for row in rows], np.float32)
    score = (
        _standardised(dense)
        + _standardised(lexical[rows])
        + tuned.UNIT_WEIGHT * _standardised(np.array([scores.max() for scores in units], np.float32))
        + tuned.SAMPLE_WEIGHT * _standardised(nearest)
    )
    best = sorted(range(len(rows)), key=lambda i: (-score[i], rows[i]))[:k]
    return tuple(
        _hit(
            snapshot,
            rank,
            int(rows[i]),
            samples,
            score=score[i],
            dense=dense[i],
            lexical=lexical[rows[i]],
            units=units[i],
        )
        for rank, i in enumerate(best, 1)
    )


def query_vector(encoder: Encoder, query: Query) -> Vectors:
    """The mean direction of what is encoded of a query."""
    vector = np.sum([encoder.encode_query(text) for text in query.encoded], axis=0)
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


def query_tokens(encoder: Encoder, query: Query) -> Vectors:
    """The tokens of all that is encoded of a query, shape (tokens, token_dim)."""
    return np.concatenate([encoder.query_tokens(text) for text in query.encoded])


def _unit_cosines(snapshot: Snapshot, rows: npt.NDArray[np.int64], vector: Vectors) -> list[Vectors]:
    """The cosines of each passage's units, gathered in one go."""
    firsts, ends = snapshot.unit_rows[rows], snapshot.unit_rows[rows + 1]
    places = np.concatenate([np.arange(first, end) for first, end in zip(firsts, ends, strict=True)])
    cosines = snapshot.unit_vectors[places].astype(np.float32) @ vector
    return np.split(cosines, np.cumsum(ends - firsts)[:-1])


def _hit(
    snapshot: Snapshot,
    rank: int,
    row: int,
    samples: dict[int, dict[int, float]],
    *,
    score: float,
    dense: float,
    lexical: float,
    units: Vectors,
) -> Hit:
    passage = snapshot.passage(row)
    return Hit(
        rank=rank,
        passage=passage,
        entry=snapshot.entries[passage.document_id],
        score=float(score),
        dense=float(dense),
        bm25=float(lexical),
        units=tuple(map(float, units)),
        samples=tuple(samples.get(row, {}).get(place, 0.0) for place in range(len(passage.units))),
        first_unit=int(snapshot.unit_rows[row]),
    )


def _samples(snapshot: Snapshot, vector: Vectors) -> dict[int, dict[int, float]]:
    """The nearest sample questions: passage -> unit in it -> cosine of its nearest one."""
    count = min(CANDIDATES, snapshot.questions.ntotal)
    found: dict[int, dict[int, float]] = {}
    if count:
        cosines, questions = snapshot.questions.search(vector[None, :], count)
        for cosine, question in zip(cosines[0], questions[0], strict=True):
            if question >= 0:
                row, place = map(int, snapshot.question_units[question])
                found.setdefault(row, {}).setdefault(place, float(cosine))  # nearest first
    return found


def bm25_scores(snapshot: Snapshot, terms: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """One score a passage; words that no passage has count nothing."""
    known = [term for term in terms if term in snapshot.bm25.vocab_dict]
    if not known:
        return np.zeros(len(snapshot), np.float32)
    return np.asarray(snapshot.bm25.get_scores(known), np.float32)


def _candidates(
    snapshot: Snapshot, vector: Vectors, lexical: npt.NDArray[np.float32], samples: Collection[int]
) -> npt.NDArray[np.int64]:
    count = min(CANDIDATES, len(snapshot))
    _, nearest = snapshot.vectors.search(vector[None, :], count)
    best = np.argpartition(-lexical, count - 1)[:count]
    rows = np.union1d(np.union1d(nearest[0], best[lexical[best] > 0]), np.array(list(samples), np.int64))
    return rows[rows >= 0]


def _standardised(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    deviation = scores.std()
    return (scores - scores.mean()) / deviation if deviation > 0 else np.zeros_like(scores)
