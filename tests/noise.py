"""Vectors turned at random, by as much as another form of the encoder's weights may turn them: decisions bear it.

What is turned is decided by a seed and the text, so that the same text has the same vector wherever it stands.
"""

import copy
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from index.build import vector_index
from index.encode import Encoder, Progress, Tokens, Vectors
from index.encodings import digest
from index.far import measure, texts
from index.snapshot import Snapshot

COSINE = 0.998  # between a vector and what becomes of it; int8 weights with int8 arithmetic gave .999 (EXPERIMENTS.md)
SEEDS = (1, 2)
PASSAGE = 1_000  # added to the seed, because "query: …" and "passage: …" are two texts


class NoisyEncoder:
    """Another encoder whose vectors are turned. It says that it is the other, so that fitted weights hold for it."""

    def __init__(self, encoder: Encoder, seed: int) -> None:
        self.name, self.digest, self.dim, self.token_dim = encoder.name, encoder.digest, encoder.dim, encoder.token_dim
        self._encoder, self._seed = encoder, seed

    def encode_query(self, text: str) -> Vectors:
        return np.asarray(_turned(self._encoder.encode_query(text)[None], [digest(text)], self._seed)[0], np.float32)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = self._encoder.encode_passages(texts, progress)
        return _turned(vectors, map(digest, texts), self._seed + PASSAGE)

    def query_tokens(self, text: str) -> Vectors:
        return _turned_tokens(self._encoder.query_tokens(text), digest(text), self._seed)

    def encode_units(self, texts: Sequence[str], progress: Progress | None = None) -> tuple[Vectors, Tokens]:
        vectors, tokens = self._encoder.encode_units(texts, progress)
        digests = list(map(digest, texts))
        seed = self._seed + PASSAGE
        return _turned(vectors, digests, seed), _turned_units(tokens, digests, seed)


def noisy(snapshot: Snapshot, encoder: Encoder, seed: int) -> Snapshot:
    """A snapshot as `NoisyEncoder` would have built it, but for its suggestions. The other stays as it is."""
    turned = copy.copy(snapshot)
    turned.encoder = NoisyEncoder(encoder, seed)
    turned.vectors = _turned_index(snapshot, snapshot.vectors, "passage", seed + PASSAGE)
    turned.questions = _turned_index(snapshot, snapshot.questions, "question", seed)
    units = snapshot.unit_vectors.astype(np.float32)
    turned.unit_vectors = _turned(units, _digests(snapshot, "unit"), seed + PASSAGE).astype(np.float16)
    turned.unit_tokens = _turned_units(snapshot.unit_tokens, _digests(snapshot, "unit"), seed + PASSAGE)
    turned.far = measure(
        np.array([turned.encoder.encode_query(text) for text in texts()]), turned.unit_vectors, turned.questions
    )
    return turned


def _turned_index(snapshot: Snapshot, index: Any, kind: str, seed: int) -> Any:
    turned = vector_index(index.ntotal, index.d)
    turned.add(_turned(index.reconstruct_n(0, index.ntotal), _digests(snapshot, kind), seed))
    return turned


def _digests(snapshot: Snapshot, kind: str) -> Iterable[bytes]:
    return map(bytes, np.load(snapshot.folder / "parts" / f"{kind}_digests.npy"))


def _turned_units(units: Tokens, digests: Iterable[bytes], seed: int) -> Tokens:
    """Each token of each unit; the zeros behind them stay."""
    turned = np.zeros_like(units)
    for row, one in enumerate(digests):
        said = units[row, units[row].any(axis=1)].astype(np.float32)
        tokens = _turned_tokens(said, one, seed)
        turned[row, : len(tokens)] = np.rint(127 * tokens / np.abs(tokens).max(axis=1, keepdims=True))
    return turned


def _turned_tokens(tokens: Vectors, text: bytes, seed: int) -> Vectors:
    random = np.random.Generator(np.random.SFC64([seed, *text]))
    return _away(tokens, random.standard_normal(tokens.shape, np.float32))


def _turned(vectors: Vectors, digests: Iterable[bytes], seed: int) -> Vectors:
    return _away(vectors, np.stack([_direction(one, seed, vectors.shape[1]) for one in digests]))


def _away(vectors: Vectors, away: Vectors) -> Vectors:
    """Each vector turned towards another one."""
    length = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    straight = vectors / length
    away -= straight * (away * straight).sum(axis=1, keepdims=True)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    return np.asarray(length * (COSINE * straight + (1 - COSINE**2) ** 0.5 * away), np.float32)


def _direction(text: bytes, seed: int, dim: int) -> Vectors:
    random = np.random.Generator(np.random.SFC64([seed, *text]))
    return random.standard_normal(dim, np.float32)
