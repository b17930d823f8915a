"""A question -> hits: vectors and BM25 propose candidates, their standardised scores and the best unit's decide.

The same `Query` serves the bot, `hanoidx index search` and the evaluation, so that they cannot differ.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corpus.document import Entry, Passage
from index.encode import Vectors
from index.query import Query
from index.snapshot import Snapshot

CANDIDATES = 50
UNIT_WEIGHT = 0.5  # of the best unit's similarity, beside 1 for the passage's and 1 for BM25; see EXPERIMENTS.md


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found. `dense` is its cosine, `bm25` its BM25 score, `units` its units' cosines; rank starts at 1."""

    rank: int
    passage: Passage
    entry: Entry
    score: float
    dense: float
    bm25: float
    units: tuple[float, ...]


def search(snapshot: Snapshot, query: Query, k: int) -> tuple[Hit, ...]:
    """The `k` best passages, best first; equal scores keep the order of the documents."""
    vector = snapshot.encoder.encode_query(query.encoded)
    lexical = bm25_scores(snapshot, query.terms)
    rows = _candidates(snapshot, vector, lexical)
    dense = np.array([snapshot.vectors.reconstruct(int(row)) @ vector for row in rows], np.float32)
    units = [
        snapshot.unit_vectors[snapshot.unit_rows[r] : snapshot.unit_rows[r + 1]].astype(np.float32) @ vector
        for r in rows
    ]
    best_unit = np.array([scores.max() for scores in units], np.float32)
    score = _standardised(dense) + _standardised(lexical[rows]) + UNIT_WEIGHT * _standardised(best_unit)
    best = sorted(range(len(rows)), key=lambda i: (-score[i], rows[i]))[:k]
    return tuple(
        _hit(rank, snapshot, int(rows[i]), score[i], dense[i], lexical[rows[i]], units[i])
        for rank, i in enumerate(best, 1)
    )


def _hit(rank: int, snapshot: Snapshot, row: int, score: float, dense: float, bm25: float, units: Vectors) -> Hit:
    passage = snapshot.passage(row)
    entry = snapshot.entries[passage.document_id]
    return Hit(rank, passage, entry, float(score), float(dense), float(bm25), tuple(map(float, units)))


def bm25_scores(snapshot: Snapshot, terms: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """One score a passage; words that no passage has count nothing."""
    known = [term for term in terms if term in snapshot.bm25.vocab_dict]
    if not known:
        return np.zeros(len(snapshot), np.float32)
    return np.asarray(snapshot.bm25.get_scores(known), np.float32)


def _candidates(snapshot: Snapshot, vector: Vectors, lexical: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    count = min(CANDIDATES, len(snapshot))
    _, nearest = snapshot.vectors.search(vector[None, :], count)
    best = np.argpartition(-lexical, count - 1)[:count]
    rows = np.union1d(nearest[0], best[lexical[best] > 0])
    return rows[rows >= 0]


def _standardised(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    deviation = scores.std()
    return (scores - scores.mean()) / deviation if deviation > 0 else np.zeros_like(scores)
