"""BM25 over the passages' terms: the files that bm25s reads, made from counts that the next build can take over.

bm25s would hold every term of every passage in memory, and forget how often each stands where. Here the counts of new
passages go to a scratch file; they are merged with those of unchanged passages a range of terms at a time, and scored
as `bm25s.BM25().index` scores them. Terms are numbered in their own order, so that the same passages give the same
files, whatever they are made from.
"""

import itertools
import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import bm25s
import numpy as np
import numpy.typing as npt

from index.encode import Progress

BLOCK = 2_000_000  # counts that are sorted at a time; they take some 100 MB
_MOST = np.iinfo(np.uint16).max  # more of a term in one passage would not move its score
_COUNT = 10  # bytes of a count in the scratch file: its term and row in 8, how often in 2

Ints = npt.NDArray[np.int64]
Times = npt.NDArray[np.uint16]
Write = Callable[[npt.NDArray[Any]], object]
Score = Callable[[Ints, Times], npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each term stands where: those of term i are [starts[i], starts[i + 1]). `lengths` are in terms."""

    terms: Sequence[str]
    starts: Ints
    rows: npt.NDArray[np.int32]
    times: Times
    lengths: npt.NDArray[np.int32]


class Lexicon:
    """The terms of passages, counted one passage after the other. `scratch` holds the counts; it begins empty."""

    def __init__(self, scratch: BinaryIO) -> None:
        self._scratch = scratch
        self._numbers: dict[str, int] = {}
        self._sizes: list[int] = []  # of the blocks in the scratch file
        self._keys, self._times = array("q"), array("H")
        self._rows, self._lengths = array("q"), array("i")

    def add(self, row: int, terms: Sequence[str]) -> None:
        numbers = self._numbers
        counted = Counter(terms)
        self._keys.extend([numbers.setdefault(term, len(numbers)) << 32 | row for term in counted])
        self._times.extend([min(times, _MOST) for times in counted.values()])
        self._rows.append(row)
        self._lengths.append(len(terms))
        if len(self._keys) >= BLOCK:
            self._flush()

    def write(self, folder: Path, parts: Path, old: Counts | None, moved: Ints, size: int, progress: Progress) -> None:
        """Write bm25s's files for `size` passages into `folder`, and into `parts` what it would forget.

        `old` are counts of which passage i is now `moved[i]`, or gone where that is -1; `progress` hears of passages.
        """
        self._flush()
        lengths = np.zeros(size, np.int32)
        lengths[np.asarray(self._rows)] = self._lengths
        if old:
            lengths[moved[moved >= 0]] = old.lengths[moved >= 0]
        living = _living(old, moved) if old else np.zeros(0, np.int64)
        vocabulary, old_numbers = self._renumber(old.terms if old else (), living)
        blocks = list(self._blocks())
        found = np.zeros(len(vocabulary), np.int64)  # passages that have the term
        for keys, _ in blocks:
            found += np.bincount(keys >> 32, minlength=len(found))
        np.add.at(found, old_numbers, living)
        starts = np.concatenate(([0], np.cumsum(found)))
        _save_empty(folder, vocabulary, size)
        save(folder / "indptr.csc.index.npy", starts)
        save(parts / "lengths.npy", lengths)
        score = _scorer(found, lengths)
        with (
            npy(folder / "data.csc.index.npy", np.float32, (int(starts[-1]),)) as write_scores,
            npy(folder / "indices.csc.index.npy", np.int32, (int(starts[-1]),)) as write_rows,
            npy(parts / "term_counts.npy", np.uint16, (int(starts[-1]),)) as write_times,
        ):
            told = 0
            for first, last in _ranges(starts):
                pieces = [_between(keys, times, first, last) for keys, times in blocks]
                if old:
                    pieces.append(_kept(old, moved, old_numbers, first, last))
                keys = np.concatenate([keys for keys, _ in pieces])
                times = np.concatenate([times for _, times in pieces])
                order = np.argsort(keys, kind="stable")
                keys, times = keys[order], times[order]
                write_scores(score(keys, times))
                write_rows((keys & 0xFFFFFFFF).astype(np.int32))
                write_times(times)
                done = size * last // len(vocabulary)
                progress(done - told)
                told = done

    def _flush(self) -> None:
        if self._keys:
            padding = bytes(_room(len(self._keys)) - _COUNT * len(self._keys))
            self._scratch.write(self._keys.tobytes() + self._times.tobytes() + padding)
            self._sizes.append(len(self._keys))
            self._keys, self._times = array("q"), array("H")

    def _renumber(self, old: Sequence[str], living: Ints) -> tuple[list[str], Ints]:
        """All terms in order, and the numbers there of the old ones; this lexicon's own numbers become them too."""
        kept = list(itertools.compress(old, (living > 0).tolist()))
        known = set(kept)
        terms = sorted(kept + sorted(term for term in self._numbers if term not in known))  # two runs: merged
        numbers = dict(zip(terms, range(len(terms)), strict=True))
        self._final = np.fromiter((numbers[term] for term in self._numbers), np.int64, len(self._numbers))
        of_old = np.fromiter((numbers.get(term, 0) for term in old), np.int64, len(old))
        return terms, np.maximum.accumulate(of_old)  # one that is gone takes the number before its own: they still rise

    def _blocks(self) -> Iterator[tuple[Ints, Times]]:
        """Each block of the scratch file, sorted there by term and row, mapped into memory."""
        self._scratch.flush()
        offset = 0
        for size in self._sizes:
            self._scratch.seek(offset)
            keys = np.frombuffer(self._scratch.read(8 * size), np.int64)
            times = np.frombuffer(self._scratch.read(2 * size), np.uint16)
            keys = self._final[keys >> 32] << 32 | keys & 0xFFFFFFFF
            order = np.argsort(keys)
            self._scratch.seek(offset)
            self._scratch.write(keys[order].tobytes() + times[order].tobytes())
            self._scratch.flush()
            yield (
                np.memmap(self._scratch, np.int64, "r", offset, size),
                np.memmap(self._scratch, np.uint16, "r", offset + 8 * size, size),
            )
            offset += _room(size)


def _room(size: int) -> int:
    """Bytes of a block in the scratch file: so many that the next begins where numbers of 8 bytes may stand."""
    return -(-_COUNT * size // 8) * 8


@contextmanager
def npy(file: Path, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> Iterator[Write]:
    """An array's file, written piece by piece. A full disk is an OSError, where a mapped file would end the process."""
    with file.open("wb") as stream:
        header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        yield lambda values: stream.write(np.ascontiguousarray(values, dtype).tobytes())


def save(file: Path, values: npt.NDArray[Any]) -> None:
    """As numpy would, which does not notice if the last bytes have no room."""
    with npy(file, values.dtype, values.shape) as write:
        write(values)


def _living(old: Counts, moved: Ints) -> Ints:
    """In how many passages that are still there each old term stands."""
    found = np.diff(old.starts)
    for first in range(0, len(old.rows), BLOCK):
        dead = first + np.flatnonzero(moved[old.rows[first : first + BLOCK]] < 0)
        found -= np.bincount(np.searchsorted(old.starts, dead, "right") - 1, minlength=len(found))
    return found


def _ranges(starts: Ints) -> Iterator[tuple[int, int]]:
    """Ranges of terms with about BLOCK counts each."""
    first, terms = 0, len(starts) - 1
    while first < terms:
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + BLOCK, "right")) - 1)
        yield first, last
        first = last


def _between(keys: Ints, times: Times, first: int, last: int) -> tuple[Ints, Times]:
    begin, end = np.searchsorted(keys, (first << 32, last << 32))
    return keys[begin:end], times[begin:end]


def _kept(old: Counts, moved: Ints, numbers: Ints, first: int, last: int) -> tuple[Ints, Times]:
    """The old counts of a range of terms, under the terms' and rows' numbers of now."""
    of_terms = slice(*np.searchsorted(numbers, (first, last)))
    starts = old.starts[of_terms.start : of_terms.stop + 1]
    rows = moved[old.rows[starts[0] : starts[-1]]]
    keys = np.repeat(numbers[of_terms], np.diff(starts)) << 32 | rows
    return keys[rows >= 0], old.times[starts[0] : starts[-1]][rows >= 0]


def _scorer(found: Ints, lengths: npt.NDArray[np.int32]) -> Score:
    """bm25s's default method, "lucene", in the same arithmetic, so that not a bit differs."""
    model = bm25s.BM25()
    sizes, which = np.unique(found, return_inverse=True)
    all_, k1, b = len(lengths), model.k1, model.b
    idf = np.array([math.log(1 + (all_ - size + 0.5) / (size + 0.5)) for size in sizes.tolist()], np.float32)[which]
    norm = k1 * ((1 - b) + b * lengths / lengths.mean())

    def score(keys: Ints, times: Times) -> npt.NDArray[np.float32]:
        return np.asarray(idf[keys >> 32] * (times / (norm[keys & 0xFFFFFFFF] + times)), np.float32)

    return score


def _save_empty(folder: Path, vocabulary: Sequence[str], size: int) -> None:
    """What bm25s writes besides the arrays, which are put in their place afterwards."""
    model = bm25s.BM25()
    model.vocab_dict = dict(zip(vocabulary, range(len(vocabulary)), strict=True))
    model.nonoccurrence_array = None
    none = np.empty(0, np.float32)
    model.scores = {"data": none, "indices": none, "indptr": none, "num_docs": size}
    model.save(folder, show_progress=False)
