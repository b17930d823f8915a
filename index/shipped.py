"""Vectors that come with the program: those of the bundled documents and their sample questions, a file a document.

They spare a first build most of its time. Each is found by what was encoded, so a text that is changed is encoded
again, and with another encoder none is used. `make vectors` writes the files anew; those of documents that have not
changed come out the same.
"""

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corpus.catalogue import drafts
from index import far
from index.build import build, passage_text, unit_text
from index.encode import MODEL, TOKENS, Encoder, Progress, Tokens, Vectors, load_encoder
from index.encodings import DIGEST, digest
from index.query import parse
from index.snapshot import Snapshot

Codes = npt.NDArray[np.int8]

VECTORS = MODEL / "vectors"


class ShippedEncoder:
    """Another encoder, spared the texts whose vectors are in a folder; they are off by less than .0001 of cosine.

    `spared` counts those texts.
    """

    def __init__(self, encoder: Encoder, folder: Path = VECTORS) -> None:
        self.name, self.digest, self.dim, self.token_dim = encoder.name, encoder.digest, encoder.dim, encoder.token_dim
        self.query_tokens = encoder.query_tokens
        self.spared = 0
        self._encoder = encoder
        self._known: dict[bytes, tuple[Codes, np.float32]] = {}
        self._tokens: dict[bytes, Codes] = {}
        for file in sorted(folder.glob("*.npz")):
            with np.load(file) as stored:
                if str(stored["encoder_digest"]) == encoder.digest:
                    of_text = zip(stored["codes"], stored["scales"], strict=True)
                    self._known.update(zip(stored["digests"].tolist(), of_text, strict=True))
                    tokens = np.split(stored["tokens"], stored["token_ends"])[:-1]
                    self._tokens.update(zip(stored["unit_digests"].tolist(), tokens, strict=True))

    def encode_query(self, text: str) -> Vectors:
        known = self._vector("query", text)
        return self._encoder.encode_query(text) if known is None else known

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        known = [self._vector("passage", text) for text in texts]
        missing = [text for text, vector in zip(texts, known, strict=True) if vector is None]
        encoded = iter(self._encoder.encode_passages(missing, progress) if missing else ())
        if progress and len(missing) < len(texts):
            progress(len(texts) - len(missing))
        vectors = [next(encoded) if vector is None else vector for vector in known]
        return np.array(vectors, np.float32).reshape(len(texts), self.dim)

    def encode_units(self, texts: Sequence[str], progress: Progress | None = None) -> tuple[Vectors, Tokens]:
        known = [self._tokens.get(_key("passage", text)) for text in texts]
        missing = [text for text, tokens in zip(texts, known, strict=True) if tokens is None]
        vectors, kept = self._encoder.encode_units(missing, progress)
        encoded = zip(vectors, kept, strict=True)
        if progress and len(missing) < len(texts):
            progress(len(texts) - len(missing))
        units = [
            next(encoded) if codes is None else (self._vector("passage", text), _padded(codes))
            for text, codes in zip(texts, known, strict=True)
        ]
        tokens = np.array([tokens for _, tokens in units], np.int8).reshape(len(texts), TOKENS, self.token_dim)
        return np.array([vector for vector, _ in units], np.float32).reshape(len(texts), self.dim), tokens

    def _vector(self, kind: str, text: str) -> Vectors | None:
        if (known := self._known.get(_key(kind, text))) is None:
            return None
        self.spared += 1
        codes, scale = known
        vector = codes.astype(np.float32) * scale
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


def write(snapshot: Snapshot, folder: Path = VECTORS) -> None:
    """Keep the vectors of a snapshot, with the tokens of its units, and those of the messages of index/far.py."""
    folder.mkdir(exist_ok=True)
    for file in folder.glob("*.npz"):
        file.unlink()
    messages = [(_key("query", text), snapshot.encoder.encode_query(text), None) for text in far.texts()]
    _save(folder / "_far.npz", snapshot, messages)
    for document_id, found in itertools.groupby(_texts(snapshot), lambda one: one[0]):
        _save(folder / f"{document_id}.npz", snapshot, [(key, vector, tokens) for _, key, vector, tokens in found])


def _save(file: Path, snapshot: Snapshot, texts: Sequence[tuple[bytes, Vectors, Codes | None]]) -> None:
    """Vectors by their keys, eight bits a number with the largest of each at 127; and tokens, where there are some."""
    known = {key: vector for key, vector, _ in texts}
    tokens = {key: codes for key, _, codes in texts if codes is not None}
    keys, units = sorted(known), sorted(tokens)
    vectors = np.array([known[key] for key in keys], np.float32)
    scales: npt.NDArray[np.float32] = np.abs(vectors).max(axis=1) / 127
    np.savez(
        file,
        encoder_digest=snapshot.manifest.encoder_digest,
        digests=np.array(keys, DIGEST),
        codes=np.rint(vectors / scales[:, None]).astype(np.int8),
        scales=scales,
        unit_digests=np.array(units, DIGEST),
        token_ends=np.cumsum([len(tokens[key]) for key in units], dtype=np.int64),
        tokens=np.concatenate([np.empty((0, snapshot.encoder.token_dim), np.int8), *(tokens[key] for key in units)]),
    )


def _texts(snapshot: Snapshot) -> Iterator[tuple[str, bytes, Vectors, Codes | None]]:
    """What was encoded of a snapshot: its document, its key, its vector, and the tokens of a unit."""
    passages = snapshot.vectors.reconstruct_n(0, len(snapshot))
    questions = iter(snapshot.questions.reconstruct_n(0, snapshot.questions.ntotal))
    for row in range(len(snapshot)):
        passage = snapshot.passage(row)
        entry = snapshot.entries[passage.document_id]
        yield entry.id, _key("passage", passage_text(entry, passage)), passages[row], None
        for place, unit in enumerate(passage.units, snapshot.unit_rows[row]):
            vector, tokens = snapshot.unit_vectors[place].astype(np.float32), snapshot.unit_tokens[place]
            yield entry.id, _key("passage", unit_text(entry, passage, unit)), vector, tokens[tokens.any(axis=1)]
            for question in unit.questions:
                yield (
                    entry.id,
                    _key("query", " ".join(parse(question, snapshot.spelling).encoded)),
                    next(questions),
                    None,
                )


def _padded(codes: Codes) -> Tokens:
    tokens = np.zeros((TOKENS, codes.shape[1]), np.int8)
    tokens[: len(codes)] = codes
    return tokens


def _key(kind: str, text: str) -> bytes:
    """As `DIGEST` gives it back: without the zeros at its end."""
    return digest(f"{kind}: {text}").rstrip(b"\0")


def main() -> None:
    """Encode the bundled documents and their sample questions, and write the files."""
    with tempfile.TemporaryDirectory() as folder:
        encoder = load_encoder("onnx")
        manifest = build(drafts(), encoder, Path(folder))
        write(Snapshot(Path(folder) / "snapshots" / manifest.id, manifest, encoder))


if __name__ == "__main__":
    main()
