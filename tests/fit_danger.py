"""Fit bot/answering/danger.npz to the messages of tests/data/danger.yaml: `make fit`.

Messages of other sorts (tests/data/messages.yaml, the dev questions, the sample questions of the documents) are
examples of `none`. Each counts as it is typed and once more without diacritics. Printed beside the fit, for each
threshold: what is made of messages whose whole situation was left out (4 folds), which is harder than what people
will say, and which the threshold of danger.py was chosen by. The figure to believe is that of
tests/data/danger-held-out.yaml, whose situations are others (tests/answering/test_danger.py).
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

from bot.answering.card import SHEET
from bot.answering.danger import NONE, TABLE, WEIGHTS, features, phrased
from corpus.catalogue import read_folder
from corpus.language.normalize import fold
from index.encode import Encoder, OnnxEncoder
from index.query import parse
from index.search import query_vector

DATA = Path(__file__).parent / "data"
EXAMPLES = DATA / "danger.yaml"
QUESTIONS = ("questions-dev.jsonl", "questions-dev-2.jsonl")
WEIGHT = 0.3  # of a message of another sort
TOGETHER = 12  # of those that are left out at once, for want of situations
FOLDS = 4
STRICT = 5  # C of the logistic regression
THRESHOLDS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)


def main(write: Annotated[bool, typer.Option(help="Write bot/answering/danger.npz.")] = True) -> None:
    encoder = OnnxEncoder()
    own = situations(EXAMPLES)
    others = _others({fold(text) for _, _, text in own})
    texts = [*(text for _, _, text in own), *others]
    kinds = np.array([*(kind for kind, _, _ in own), *[NONE] * len(others)])
    weights = np.array([*[1.0] * len(own), *[WEIGHT] * len(others)])
    groups = [*(f"{kind}: {name}" for kind, name, _ in own), *(str(n // TOGETHER) for n in range(len(others)))]
    spelled = [_features(spelling, encoder) for spelling in (texts, list(map(fold, texts)))]
    _cross_validate(spelled, kinds, weights, groups, len(own))
    if write:
        alarm = _fit(spelled, kinds != NONE, weights)
        told = kinds != NONE
        kind = _fit([matrix[told] for matrix in spelled], kinds[told], weights[told])
        np.savez_compressed(
            WEIGHTS,
            kinds=kind.classes_,
            weights=kind.coef_.astype(np.float16),
            bias=kind.intercept_.astype(np.float32),
            alarm=alarm.coef_[0].astype(np.float16),
            alarm_bias=alarm.intercept_[0].astype(np.float32),
            encoder_digest=np.array(encoder.digest),
            examples_digest=np.array(digest()),
        )


def situations(file: Path) -> list[tuple[str, str, str]]:
    """Each message of a file behind its kind and its situation."""
    kinds: dict[str, dict[str, str]] = yaml.safe_load(file.read_text("utf-8"))
    return [
        (kind, name, text) for kind, of in kinds.items() for name, texts in of.items() for text in texts.splitlines()
    ]


def digest() -> str:
    return hashlib.sha256(EXAMPLES.read_bytes() + TABLE.read_bytes()).hexdigest()


def _others(own: set[str]) -> list[str]:
    named: dict[str, list[str]] = yaml.safe_load((DATA / "messages.yaml").read_text("utf-8"))
    said = [text for texts in named.values() for text in texts if phrased(parse(text).text) is None]  # no threats
    items = [json.loads(line) for name in QUESTIONS for line in (DATA / name).read_text("utf-8").splitlines()]
    asked = [text for item in items if not item.get("turns") for text in (item["question"], item.get("typed")) if text]
    documents = [document for document in read_folder() if document.entry.id != SHEET]
    samples = [text for document in documents for one in document.questions for text in one.questions]
    return [text for text in (*said, *asked, *samples) if fold(text) not in own]


def _cross_validate(spelled: Sequence[Any], kinds: Any, weights: Any, groups: Sequence[str], own: int) -> None:
    """Print, for each threshold, what is made of messages whose situation was left out."""
    names = sorted(set(groups))
    parts = dict(zip(names, np.random.default_rng(0).integers(FOLDS, size=len(names)).tolist(), strict=True))
    part = np.array([parts[name] for name in groups])
    likely = np.empty((len(spelled), len(kinds)))
    for left_out in range(FOLDS):
        learned = part != left_out
        model = _fit([matrix[learned] for matrix in spelled], kinds[learned] != NONE, weights[learned])
        for matrix, of_spelling in zip(spelled, likely, strict=True):
            of_spelling[~learned] = model.predict_proba(matrix[~learned])[:, 1]
    is_own = np.arange(len(kinds)) < own
    print("left out, as typed / no diacritics: recall; false alarms of look-alikes; of other messages")
    for threshold in THRESHOLDS:
        rows = (kinds != NONE, is_own & (kinds == NONE), ~is_own)
        shares = (" / ".join(f"{np.mean(of[row] >= threshold):.4f}" for of in likely) for row in rows)
        print(f"{threshold}: {'; '.join(shares)}")


def _features(texts: Sequence[str], encoder: Encoder) -> Any:
    queries = map(parse, texts)
    rows = (sparse.csr_matrix(features(query, query_vector(encoder, query))) for query in queries)
    return sparse.vstack(list(rows), format="csr")


def _fit(spelled: Sequence[Any], kinds: Any, weights: Any) -> LogisticRegression:
    model = LogisticRegression(C=STRICT, max_iter=300, tol=1e-3)
    times = len(spelled)
    return model.fit(sparse.vstack(list(spelled)), np.tile(kinds, times), sample_weight=np.tile(weights, times))


if __name__ == "__main__":
    typer.run(main)
