"""Vectors by the digests of their texts: those that the active snapshot lends, and those encoded now.

What is encoded is on the disk before the next texts are, so that a build that was killed leaves it to the next.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.encode import Progress

AT_ONCE = 512  # texts that are encoded, and then written, at a time: with the bundled encoder some 10 to 40 seconds
DIGEST = np.dtype("S16")  # of 16 bytes none is lost, because none is cut off but zeros at the end

Digests = npt.NDArray[np.bytes_]
Places = npt.NDArray[np.int64]
Take = Callable[[Places], npt.NDArray[Any]]
Encode = Callable[[list[str], Progress], npt.NDArray[Any]]


def digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=DIGEST.itemsize).digest()


class Encodings:
    """The vectors of one kind of texts.

    A vector's place is its row in `lent`, or stands behind those, in the order in which they were encoded.
    """

    def __init__(self, folder: Path, kind: str, row: npt.NDArray[Any], lent: Digests, take: Take) -> None:
        """`row` is an empty vector, of the type that is kept; `take` gives the vectors of places in `lent`."""
        self._vectors, self._digests = folder / f"{kind}.vectors", folder / f"{kind}.digests"
        self._row = row
        self._lent, self._take = len(lent), take
        sizes = {self._digests: DIGEST.itemsize, self._vectors: row.nbytes}
        whole = min(file.stat().st_size // size if file.exists() else 0 for file, size in sizes.items())
        for file, size in sizes.items():
            if file.exists():
                os.truncate(file, whole * size)  # a build may have been killed in the middle of a write
        self._sort(lent)

    def find(self, digests: Digests) -> Places:
        """The place of each vector, -1 where there is none yet."""
        if not len(self._known):
            return np.full(len(digests), -1)
        at = np.searchsorted(self._known, digests, sorter=self._order).clip(max=len(self._known) - 1)
        places = self._order[at]
        return np.where(self._known[places] == digests, places, -1)

    def digests(self, places: Places) -> Digests:
        return self._known[places]

    def complete(
        self, digests: Digests, texts: Iterable[str], encode: Encode, start: Callable[[int], Progress]
    ) -> None:
        """Encode those texts that have no vector yet, each once; `digests` are those of `texts`."""
        missing = np.flatnonzero(self.find(digests) < 0)
        _, firsts = np.unique(digests[missing], return_index=True)
        if not len(firsts):
            return
        wanted = np.zeros(len(digests), bool)
        wanted[missing[firsts]] = True
        progress = start(len(firsts))
        waiting: list[str] = []
        for text, is_wanted in zip(texts, wanted.tolist(), strict=True):
            if is_wanted:
                waiting.append(text)
            if len(waiting) == AT_ONCE:
                self._append(waiting, encode(waiting, progress))
                waiting = []
        if waiting:
            self._append(waiting, encode(waiting, progress))
        self._sort(self._known[: self._lent])

    def take(self, places: Places) -> npt.NDArray[Any]:
        """The vectors at these places."""
        vectors = np.empty((len(places), *self._row.shape), self._row.dtype)
        is_lent = places < self._lent
        if is_lent.any():
            vectors[is_lent] = self._take(places[is_lent])
        if not is_lent.all():
            encoded = np.memmap(self._vectors, self._row.dtype, "r").reshape(-1, *self._row.shape)
            vectors[~is_lent] = encoded[places[~is_lent] - self._lent]
        return vectors

    def _sort(self, lent: Digests) -> None:
        encoded = np.fromfile(self._digests, DIGEST) if self._digests.exists() else np.empty(0, DIGEST)
        self._known = np.concatenate((lent, encoded))
        self._order = np.argsort(self._known, kind="stable")

    def _append(self, texts: list[str], vectors: npt.NDArray[Any]) -> None:
        """First the vectors, and when they are on the disk their digests, without which they are not there."""
        self._digests.parent.mkdir(parents=True, exist_ok=True)
        for file, content in (
            (self._vectors, vectors.astype(self._row.dtype).tobytes()),
            (self._digests, b"".join(map(digest, texts))),
        ):
            with file.open("ab") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
