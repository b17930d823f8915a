"""Fit bot/answering/danger.npz to the messages of tests/data/danger.yaml: `make fit`.

Messages of other sorts (tests/data/messages.yaml, the dev questions, sample questions) are examples of `none`. Each
counts as it is typed and once more without diacritics. Printed beside the fit, for each threshold: what is made of
messages that were left out (4 folds). The figure to believe is that of tests/data/danger-held-out.yaml, whose
situations are others (tests/answering/test_danger.py).
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
import yaml
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from bot.answering.danger import NONE, TABLE, WEIGHTS, features
from corpus.catalogue import read_folder
from corpus.language.normalize import fold
from index.encode import Encoder, OnnxEncoder
from index.query import parse
from index.search import query_vector

DATA = Path(__file__).parent / "data"
EXAMPLES = DATA / "danger.yaml"
QUESTIONS = ("questions-dev.jsonl", "questions-dev-2.jsonl")
NAMES_BESIDE = ("abuse", "forgery", "politics")  # of messages.yaml: some of these are threats
EVERY = 4  # which of the sample questions counts
WEIGHT = 0.3  # of a message of another sort
FOLDS = 4
THRESHOLDS = (0.7, 0.6, 0.5, 0.4, 0.3, 0.2)


def main(write: Annotated[bool, typer.Option(help="Write bot/answering/danger.npz.")] = True) -> None:
    encoder = OnnxEncoder()
    own = examples(EXAMPLES)
    others = _others({fold(text) for _, text in own})
    texts = [*(text for _, text in own), *others]
    kinds = np.array([*(kind for kind, _ in own), *[NONE] * len(others)])
    weights = np.array([*[1.0] * len(own), *[WEIGHT] * len(others)])
    spelled = [_features(spelling, encoder) for spelling in (texts, list(map(fold, texts)))]
    part = np.random.default_rng(0).integers(FOLDS, size=len(texts))
    likely = np.empty((len(spelled), len(texts)))
    for left_out in range(FOLDS):
        learned = part != left_out
        model = _fit([matrix[learned] for matrix in spelled], kinds[learned], weights[learned])
        for matrix, of_spelling in zip(spelled, likely, strict=True):
            none = list(model.classes_).index(NONE)
            of_spelling[~learned] = 1 - model.predict_proba(matrix[~learned])[:, none]
    own_rows = np.arange(len(texts)) < len(own)
    print("left out, as typed / no diacritics: recall; false alarms of look-alikes; of other messages")
    for threshold in THRESHOLDS:
        rows = (kinds != NONE, own_rows & (kinds == NONE), ~own_rows)
        shares = (" / ".join(f"{np.mean(of[row] >= threshold):.4f}" for of in likely) for row in rows)
        print(f"{threshold}: {'; '.join(shares)}")
    if write:
        model = _fit(spelled, kinds, weights)
        np.savez_compressed(
            WEIGHTS,
            kinds=model.classes_,
            weights=model.coef_.astype(np.float16),
            bias=model.intercept_.astype(np.float32),
            encoder_digest=np.array(encoder.digest),
            examples_digest=np.array(digest()),
        )


def examples(file: Path) -> list[tuple[str, str]]:
    """Each message of a file with its kind."""
    kinds: dict[str, dict[str, str]] = yaml.safe_load(file.read_text("utf-8"))
    return [(kind, text) for kind, of in kinds.items() for texts in of.values() for text in texts.splitlines()]


def digest() -> str:
    return hashlib.sha256(EXAMPLES.read_bytes() + TABLE.read_bytes()).hexdigest()


def _others(own: set[str]) -> list[str]:
    named: dict[str, list[str]] = yaml.safe_load((DATA / "messages.yaml").read_text("utf-8"))
    said = [text for name, texts in named.items() if name not in NAMES_BESIDE for text in texts]
    items = [json.loads(line) for name in QUESTIONS for line in (DATA / name).read_text("utf-8").splitlines()]
    asked = [text for item in items if not item.get("turns") for text in (item["question"], item.get("typed")) if text]
    samples = [text for document in read_folder() for one in document.questions for text in one.questions]
    return [text for text in (*said, *asked, *samples[::EVERY]) if fold(text) not in own]


def _features(texts: Sequence[str], encoder: Encoder) -> Any:
    queries = map(parse, texts)
    rows = (sparse.csr_matrix(features(query, query_vector(encoder, query))) for query in queries)
    return sparse.vstack(list(rows), format="csr")


def _fit(spelled: Sequence[Any], kinds: Any, weights: Any) -> LogisticRegression:
    model = LogisticRegression(C=10, max_iter=300, tol=1e-3)
    times = len(spelled)
    return model.fit(sparse.vstack(list(spelled)), np.tile(kinds, times), sample_weight=np.tile(weights, times))


if __name__ == "__main__":
    typer.run(main)
