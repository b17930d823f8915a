"""The reader in numpy computes what was trained in torch."""

import numpy as np
import pytest
import torch
from train_reader import Reader

from bot.answering import reader
from bot.answering.rank import FEATURES
from index.encode import TOKENS

ASKED, UNITS, COLUMNS, TOKEN_DIM = 7, 5, 17, 96


@pytest.fixture
def tokens() -> np.ndarray:
    """Five units of one token to the most that are kept; zeros behind the last."""
    random = np.random.default_rng(0)
    units = random.integers(-127, 128, (UNITS, TOKENS, TOKEN_DIM)).astype(np.int8)
    for unit, length in zip(units, (1, 2, 40, TOKENS - 1, TOKENS), strict=True):
        unit[length:] = 0
    return units


def test_what_is_served_is_what_was_trained(tokens: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    random = np.random.default_rng(1)
    features = random.random((UNITS, COLUMNS)).astype(np.float32)
    columns = np.concatenate([features, features - features.max(axis=0)], axis=1)
    trained = Reader(TOKEN_DIM, columns).eval()
    for weight in trained.parameters():
        torch.nn.init.normal_(weight, std=0.1) if weight.ndim == 2 else None
    question = random.normal(size=(ASKED, TOKEN_DIM)).astype(np.float32)
    units = torch.from_numpy(tokens)
    with torch.no_grad():
        expected, _ = trained(
            torch.from_numpy(question)[None],
            torch.ones(1, ASKED, dtype=torch.bool),
            trained.units(units.float()),
            units.any(-1),
            torch.arange(UNITS)[None],
            torch.from_numpy(columns)[None],
        )
        expected = expected[0] - trained.null
    weights = {name: value.numpy() for name, value in trained.state_dict().items()}
    monkeypatch.setattr(reader, "_weights", lambda: weights)
    assert reader.scores(question, tokens, features.astype(np.float64)) == pytest.approx(expected.numpy(), abs=1e-3)


def test_of_an_encoder_without_tokens_the_nearest_unit_comes_first() -> None:
    features = np.random.default_rng(2).random((UNITS, COLUMNS))
    scores = reader.scores(np.empty((0, 0), np.float32), np.empty((UNITS, TOKENS, 0), np.int8), features)
    nearest = features[:, FEATURES.index("unit_dense")]
    assert scores.argsort().tolist() == nearest.argsort().tolist()
    assert scores.max() == 0


def test_where_no_document_has_sample_questions_their_cosines_tell_nothing(tokens: np.ndarray) -> None:
    question = np.random.default_rng(3).normal(size=(ASKED, TOKEN_DIM)).astype(np.float32)
    features = np.random.default_rng(4).random((UNITS, COLUMNS))
    sample = FEATURES.index("sample_dense")
    weights = np.load(reader.WEIGHTS)
    features[:, sample] = 0
    without = reader.scores(question, tokens, features)
    with_distance = [weights["fmean"][sample], weights["fmean"][COLUMNS + sample]]
    features[:, sample] = with_distance[0]
    usual = reader.scores(question, tokens, features)
    shift = weights["feat.weight"][0, COLUMNS + sample] * with_distance[1] / weights["fstd"][COLUMNS + sample]
    assert without == pytest.approx(usual + shift, abs=0.02)
