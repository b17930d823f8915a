"""Vectors that come with the program are those that the encoder would make, and spare a first build its encoding."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from corpus.catalogue import read_folder
from index.__main__ import app
from index.activation import activate
from index.build import build, passage_text, unit_text
from index.encode import Encoder, OnnxEncoder, Progress, Tokens, Vectors
from index.shipped import ShippedEncoder, write
from index.snapshot import load


class Counting:
    """An encoder that counts the texts it is given."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.digest, self.dim, self.token_dim = encoder.name, encoder.digest, encoder.dim, encoder.token_dim
        self.query_tokens = encoder.query_tokens
        self.encoder = encoder
        self.texts: list[str] = []

    def encode_query(self, text: str) -> Vectors:
        self.texts.append(text)
        return self.encoder.encode_query(text)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.texts += texts
        return self.encoder.encode_passages(texts, progress)

    def encode_units(self, texts: Sequence[str], progress: Progress | None = None) -> tuple[Vectors, Tokens]:
        self.texts += texts
        return self.encoder.encode_units(texts, progress)


def test_a_first_build_of_the_bundled_documents_encodes_nothing(encoder: OnnxEncoder, tmp_path: Path) -> None:
    counting = Counting(encoder)
    build(read_folder(), ShippedEncoder(counting), tmp_path)
    assert counting.texts == [], "run `make vectors`"


def test_the_command_uses_them_and_says_so(tmp_path: Path) -> None:
    built = CliRunner().invoke(app, ["build", "--data", str(tmp_path)])
    assert built.exit_code == 0, built.output
    assert "\nvectors      0 encoded, " in built.stdout


def test_a_shipped_vector_is_the_encoders_own(encoder: OnnxEncoder, small_documents: Path, tmp_path: Path) -> None:
    activate(build(read_folder(small_documents), encoder, tmp_path).id, tmp_path)
    snapshot = load(tmp_path, encoder)
    write(snapshot, tmp_path / "vectors")
    shipped = ShippedEncoder(Counting(encoder), tmp_path / "vectors")
    for row in range(len(snapshot)):
        passage = snapshot.passage(row)
        entry = snapshot.entries[passage.document_id]
        texts = [passage_text(entry, passage), *(unit_text(entry, passage, unit) for unit in passage.units)]
        ours, own = shipped.encode_passages(texts), encoder.encode_passages(texts)
        assert (ours * own).sum(axis=1).min() > 0.9999
        assert np.abs(np.linalg.norm(ours, axis=1) - 1).max() < 1e-6
        units = texts[1:]
        assert (shipped.encode_units(units)[1] == encoder.encode_units(units)[1]).all()
        assert (shipped.encode_units(units)[0] == ours[1:]).all()


def test_a_text_that_was_changed_is_encoded_and_keeps_its_place(
    encoder: OnnxEncoder, small_documents: Path, tmp_path: Path
) -> None:
    activate(build(read_folder(small_documents), encoder, tmp_path).id, tmp_path)
    snapshot = load(tmp_path, encoder)
    write(snapshot, tmp_path / "vectors")
    counting = Counting(encoder)
    shipped = ShippedEncoder(counting, tmp_path / "vectors")
    passage = snapshot.passage(0)
    known = passage_text(snapshot.entries[passage.document_id], passage)
    heard: list[int] = []
    vectors = shipped.encode_passages(["một câu mới", known, "một câu nữa"], heard.append)
    assert counting.texts == ["một câu mới", "một câu nữa"]
    assert sum(heard) == 3
    assert shipped.spared == 1
    assert (vectors * encoder.encode_passages(["một câu mới", known, "một câu nữa"])).sum(axis=1).min() > 0.9999
    assert shipped.encode_query("một câu mới") @ encoder.encode_query("một câu mới") > 0.9999
    assert counting.texts[2:] == ["một câu mới"]


def test_vectors_of_another_encoder_are_not_used(hash_encoder: Encoder) -> None:
    counting = Counting(hash_encoder)
    shipped = ShippedEncoder(counting)
    for document in read_folder()[:1]:
        shipped.encode_passages([document.text])
    assert len(counting.texts) == 1
    assert shipped.spared == 0
