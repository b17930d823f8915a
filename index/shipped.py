"""Vectors that come with the program: those of the bundled documents and their sample questions.

They spare a first build most of its time. Each is found by what was encoded, so a text that is changed is encoded
again, and with another encoder none is used. `make vectors` writes the file anew.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corpus.catalogue import drafts
from index.build import build, passage_text, unit_text
from index.encode import MODEL, Encoder, Progress, Vectors, load_encoder
from index.encodings import DIGEST, digest
from index.query import parse
from index.snapshot import Snapshot

FILE = MODEL / "vectors.npz"


class ShippedEncoder:
    """Another encoder, spared the texts whose vectors are in a file; they are off by less than .0001 of cosine.

    `spared` counts those texts.
    """

    def __init__(self, encoder: Encoder, file: Path = FILE) -> None:
        self.name, self.digest, self.dim = encoder.name, encoder.digest, encoder.dim
        self.spared = 0
        self._encoder = encoder
        self._rows: Mapping[bytes, int] = {}
        if file.exists():
            with np.load(file) as stored:
                if str(stored["encoder_digest"]) == encoder.digest:
                    self._rows = {one: row for row, one in enumerate(stored["digests"].tolist())}
                    self._codes, self._scales = stored["codes"], stored["scales"]

    def encode_query(self, text: str) -> Vectors:
        row = self._rows.get(_key("query", text))
        return self._encoder.encode_query(text) if row is None else self._vector(row)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        rows = [self._rows.get(_key("passage", text)) for text in texts]
        missing = [text for text, row in zip(texts, rows, strict=True) if row is None]
        encoded = iter(self._encoder.encode_passages(missing, progress) if missing else ())
        if progress and len(missing) < len(texts):
            progress(len(texts) - len(missing))
        vectors = [next(encoded) if row is None else self._vector(row) for row in rows]
        return np.array(vectors, np.float32).reshape(len(texts), self.dim)

    def _vector(self, row: int) -> Vectors:
        self.spared += 1
        vector = self._codes[row].astype(np.float32) * self._scales[row]
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


def write(snapshot: Snapshot, file: Path = FILE) -> None:
    """Keep the vectors of a snapshot: eight bits a number, the largest of each vector at 127."""
    known = dict(_texts(snapshot))
    keys = sorted(known)
    vectors = np.array([known[key] for key in keys], np.float32)
    scales: npt.NDArray[np.float32] = np.abs(vectors).max(axis=1) / 127
    np.savez(
        file,
        encoder_digest=snapshot.manifest.encoder_digest,
        digests=np.array(keys, DIGEST),
        codes=np.rint(vectors / scales[:, None]).astype(np.int8),
        scales=scales,
    )


def _texts(snapshot: Snapshot) -> Iterator[tuple[bytes, Vectors]]:
    """What was encoded of a snapshot, by its key."""
    passages = snapshot.vectors.reconstruct_n(0, len(snapshot))
    questions = iter(snapshot.questions.reconstruct_n(0, snapshot.questions.ntotal))
    for row in range(len(snapshot)):
        passage = snapshot.passage(row)
        entry = snapshot.entries[passage.document_id]
        yield _key("passage", passage_text(entry, passage)), passages[row]
        for unit, vector in zip(
            passage.units, snapshot.unit_vectors[slice(*snapshot.unit_rows[row : row + 2])], strict=True
        ):
            yield _key("passage", unit_text(entry, passage, unit)), vector.astype(np.float32)
            for question in unit.questions:
                yield _key("query", " ".join(parse(question, snapshot.spelling).encoded)), next(questions)


def _key(kind: str, text: str) -> bytes:
    """As `DIGEST` gives it back: without the zeros at its end."""
    return digest(f"{kind}: {text}").rstrip(b"\0")


def main() -> None:
    """Encode the bundled documents and their sample questions, and write the file."""
    with tempfile.TemporaryDirectory() as folder:
        encoder = load_encoder("onnx")
        manifest = build(drafts(), encoder, Path(folder))
        write(Snapshot(Path(folder) / "snapshots" / manifest.id, manifest, encoder))


if __name__ == "__main__":
    main()
