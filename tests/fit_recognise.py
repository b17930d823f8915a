"""Fit bot/answering/recognise.npz to the messages of tests/data/messages.yaml: `make train`.

Questions to the documents are also the dev questions and the sample questions. Each message counts as it is typed and
once more without diacritics. Printed beside the fit: what is made of messages that were left out (3 folds), which is
the figure to believe beside that of tests/data/messages-held-out.yaml.
"""

import functools
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

from bot.answering.intent import INTENTS
from bot.answering.recognise import QUESTION, WEIGHTS, features
from corpus.catalogue import read_folder
from corpus.language.normalize import fold
from index import tuned
from index.encode import OnnxEncoder
from index.query import parse
from index.search import query_vector
from index.snapshot import Snapshot, load

MESSAGES = Path(__file__).parent / "data" / "messages.yaml"
QUESTIONS = tuple(Path(__file__).parent / "data" / name for name in ("questions-dev.jsonl", "questions-dev-2.jsonl"))
SAMPLES = 8  # one sample question in so many is an example: about half as many as there are messages
SAMPLES_WEIGHT = 0.2  # of a dev or sample question
FOLDS = 3


def main(
    data: Annotated[Path, typer.Option(envvar="HANOIDX_DATA")] = Path("data"),
    write: Annotated[bool, typer.Option(help="Write bot/answering/recognise.npz.")] = True,
) -> None:
    snapshot = load(data, OnnxEncoder())
    messages: dict[str, list[str]] = yaml.safe_load(MESSAGES.read_text("utf-8"))
    texts = [text for of_name in messages.values() for text in of_name]
    names = [name for name, of_name in messages.items() for _ in of_name]
    samples = [*_dev_questions(), *_sample_questions()]
    rows = np.array([*names, *[QUESTION] * len(samples)])
    weights = np.array([*[1.0] * len(texts), *[SAMPLES_WEIGHT] * len(samples)])
    spelled = [_features(spelling, snapshot) for spelling in ([*texts, *samples], list(map(fold, [*texts, *samples])))]
    part = np.random.default_rng(0).integers(FOLDS, size=len(rows))
    part[len(texts) :] = -1  # always learned from
    found = [np.empty(len(texts), "<U20") for _ in spelled]
    for left_out in range(FOLDS):
        learned = part != left_out
        model = _fit([matrix[learned] for matrix in spelled], rows[learned], weights[learned])
        for matrix, of_spelling in zip(spelled, found, strict=True):
            of_spelling[~learned[: len(texts)]] = _kinds(model, matrix[~learned])
    right = np.array([_kind(name) for name in names])
    for spelling, of_spelling in zip(("as typed", "no diacritics"), found, strict=True):
        shares = (f"{kind} {np.mean(of_spelling[right == kind] == kind):.3f}" for kind in np.unique(right))
        print(f"left out, {spelling}, right: {', '.join(shares)}")
    model = _fit(spelled, rows, weights)
    if write:
        np.savez_compressed(
            WEIGHTS,
            names=model.classes_,
            refused=np.isin(model.classes_, list(_table()["refused"])),
            weights=model.coef_.astype(np.float16),
            bias=model.intercept_.astype(np.float32),
            encoder_digest=np.array(snapshot.encoder.digest),
            messages_digest=np.array(hashlib.sha256(MESSAGES.read_bytes()).hexdigest()),
        )


def _dev_questions() -> list[str]:
    """Those that stand alone: a follow-up is not told from small talk by its own words."""
    items = [json.loads(line) for file in QUESTIONS for line in file.read_text("utf-8").splitlines()]
    asked = [item for item in items if item["expect"] not in ("smalltalk", "refuse") and not item.get("turns")]
    return [text for item in asked for text in (item["question"], item.get("typed")) if text]


def _sample_questions() -> list[str]:
    samples = (sample for document in read_folder() for sample in document.questions)
    return [text for sample in samples for text in sample.questions][::SAMPLES]


def _features(texts: Sequence[str], snapshot: Snapshot) -> Any:
    queries = (parse(text, snapshot.spelling) for text in texts)
    return sparse.vstack(
        [sparse.csr_matrix(features(query, query_vector(snapshot.encoder, query))) for query in queries], format="csr"
    )


def _fit(spelled: Sequence[Any], names: Any, weights: Any) -> LogisticRegression:
    model = LogisticRegression(C=30, max_iter=1000)
    times = len(spelled)
    return model.fit(sparse.vstack(spelled), np.tile(names, times), sample_weight=np.tile(weights, times))


def _kinds(model: LogisticRegression, matrix: Any) -> list[str]:
    """As bot.answering.recognise tells them apart where nothing in the documents is near."""
    kinds = np.array([_kind(name) for name in model.classes_])
    likely = model.predict_proba(matrix)
    sums = {kind: likely[:, kinds == kind].sum(axis=1) for kind in np.unique(kinds)}
    asks = np.log(1 / sums[QUESTION] - 1) < tuned.SURE
    refused = sums["refused"] > sums["small_talk"]
    return list(np.where(asks, QUESTION, np.where(refused, "refused", "small_talk")))


def _kind(name: str) -> str:
    return next((kind for kind in ("small_talk", "refused") if name in _table()[kind]), QUESTION)


@functools.cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load(INTENTS.read_text("utf-8"))
    return table


if __name__ == "__main__":
    typer.run(main)
