"""The scores are those that bm25s computes, to the last bit, from whatever counts they are made."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import bm25s
import numpy as np
import pytest

import index.lexicon
from index.lexicon import Counts, Lexicon


def passages(seed: int, count: int) -> list[list[str]]:
    """Terms as texts have them: few often, many once."""
    chance = Random(seed)
    return [[f"t{int(chance.paretovariate(0.7)) % 300}" for _ in range(chance.randint(1, 60))] for _ in range(count)]


def by_bm25s(texts: list[list[str]]) -> Any:
    vocabulary = {term: number for number, term in enumerate(sorted({term for text in texts for term in text}))}
    model = bm25s.BM25()
    numbers = [[vocabulary[term] for term in text] for text in texts]
    model.index((numbers, vocabulary), create_empty_token=False, show_progress=False)
    return model


def written(
    folder: Path, texts: Mapping[int, list[str]], size: int, old: Counts | None = None, moved: Sequence[int] = ()
) -> Any:
    """What bm25s loads when the texts of these rows were counted, and merged with the old counts."""
    for name in ("bm25", "parts"):
        (folder / name).mkdir(parents=True)
    told: list[int] = []
    with tempfile.TemporaryFile(dir=folder) as scratch:
        lexicon = Lexicon(scratch)
        for row, text in texts.items():
            lexicon.add(row, text)
        lexicon.write(folder / "bm25", folder / "parts", old, np.array(moved, np.int64), size, told.append)
    assert sum(told) == size
    return bm25s.BM25.load(folder / "bm25", mmap=True)


def assert_same(one: Any, other: Any) -> None:
    assert one.vocab_dict == other.vocab_dict
    assert one.scores["num_docs"] == other.scores["num_docs"]
    for name in ("data", "indices", "indptr"):
        assert np.array_equal(one.scores[name], other.scores[name]), name
        assert one.scores[name].dtype == other.scores[name].dtype, name


def counts_of(folder: Path, model: Any) -> Counts:
    return Counts(
        list(model.vocab_dict),
        model.scores["indptr"],
        model.scores["indices"],
        np.load(folder / "parts" / "term_counts.npy"),
        np.load(folder / "parts" / "lengths.npy"),
    )


@pytest.fixture(params=[40, 1_000_000])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything at once, and in blocks smaller than one term's rows."""
    monkeypatch.setattr(index.lexicon, "BLOCK", request.param)


@pytest.mark.usefixtures("block")
def test_the_scores_are_those_of_bm25s(tmp_path: Path) -> None:
    texts = passages(1, 200)
    model = written(tmp_path, dict(enumerate(texts)), 200)
    assert_same(model, by_bm25s(texts))
    assert model.get_scores(["t1", "t7"]).tolist() == by_bm25s(texts).get_scores(["t1", "t7"]).tolist()


@pytest.mark.usefixtures("block")
@pytest.mark.parametrize("seed", range(3))
def test_passages_that_were_counted_before_are_merged_with_new_ones(tmp_path: Path, seed: int) -> None:
    before = passages(seed, 120)
    model = written(tmp_path / "a", dict(enumerate(before)), 120)
    chance = Random(seed)
    rows = chance.sample(range(150), 150)
    moved = [rows[at] if chance.random() < 0.7 else -1 for at in range(120)]
    new = dict(zip(sorted({*range(150)} - {*moved}), passages(seed + 10, 150), strict=False))
    now = [new.get(row) or before[moved.index(row)] for row in range(150)]
    merged = written(tmp_path / "b", new, 150, counts_of(tmp_path / "a", model), moved)
    assert_same(merged, by_bm25s(now))
    assert np.load(tmp_path / "b" / "parts" / "lengths.npy").tolist() == [len(text) for text in now]


def test_what_is_counted_is_merged_though_nothing_is_new(tmp_path: Path) -> None:
    texts = passages(5, 50)
    model = written(tmp_path / "a", dict(enumerate(texts)), 50)
    moved = [-1, *range(49)]
    assert_same(written(tmp_path / "b", {}, 49, counts_of(tmp_path / "a", model), moved), by_bm25s(texts[1:]))
