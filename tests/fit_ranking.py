"""Fit bot/answering/ranking.json: the second part of `make train`, once the reader is trained.

The weights by which units are ranked, the reader's score among them, are fitted to the dev questions, well spelled and
once more without diacritics, and to questions of the bank about documents that the reader has not seen. A unit is right
when it overlaps a question's evidence; each question counts once.

Printed beside the fit: how often the first units are right on questions about documents that were left out (5 folds),
which is the figure to believe.
"""

import json
import pickle
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from train_reader import DATA, unseen_file

from bot.answering.answer import K
from bot.answering.asked import asked
from bot.answering.conversation import in_context
from bot.answering.rank import FEATURES, RANKING, WEIGHED, read_features
from bot.quality.evaluate import strip_diacritics
from corpus.catalogue import read_folder
from index.encode import OnnxEncoder
from index.query import parse
from index.search import search
from index.snapshot import Snapshot, load

QUESTIONS = (DATA / "questions-dev.jsonl", DATA / "questions-dev-2.jsonl")
FOLDS = 5
ANSWERABLE = ("answer", "outdated")
BANK = 0.1  # what a question of the bank counts beside a dev question (EXPERIMENTS.md)
COLUMNS = [column for column, name in enumerate((*FEATURES, "reader")) if name in WEIGHED]

Matrix = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Seen:
    """A question with what was found: one row of `features` a unit, one column of WEIGHED; and the `right` ones."""

    document: str
    wording: str
    features: Matrix
    right: Marks


def main(
    data: Annotated[Path, typer.Option(envvar="HANOIDX_DATA")] = Path("data"),
    write: Annotated[bool, typer.Option(help="Write bot/answering/ranking.json.")] = True,
) -> None:
    snapshot = load(data, OnnxEncoder())
    items = [json.loads(line) for file in QUESTIONS for line in file.read_text("utf-8").splitlines()]
    items = [item for item in items if item["kind"] not in ("english", "otherlang")]
    answerable = [item for item in items if item["expect"] in ANSWERABLE]
    bank = [
        Seen(document, "bank", features[:, COLUMNS], right)
        for document, features, right in pickle.loads(unseen_file(data).read_bytes())
    ]
    found = [one for one in (*_dev(answerable, snapshot), *bank) if one.right.any()]
    _report(found)
    weights, bias = _fit(found)
    rounded = {name: round(float(weight), 4) for name, weight in zip(WEIGHED, weights, strict=True)}
    text = json.dumps(rounded | {"bias": round(bias, 4)}, indent=2) + "\n"
    print(text)
    if write:
        RANKING.write_text(text, "utf-8")


# Which unit


def _dev(items: Sequence[dict[str, Any]], snapshot: Snapshot) -> Iterator[Seen]:
    texts = {document.entry.id: document.text for document in read_folder()}
    for item in track(items, "questions"):
        spans = [
            (evidence["doc"], start, start + len(evidence["quote"]))
            for evidence in item["evidence"]
            for start in [texts[evidence["doc"]].index(evidence["quote"])]
        ]
        for wording, question in zip(("well spelled", "no diacritics"), wordings(item), strict=True):
            query = parse(question, snapshot.spelling)
            hits = search(snapshot, query, K)
            right = [
                any(hit.entry.id == of and unit.start < end and unit.end > start for of, start, end in spans)
                for hit in hits
                for unit in hit.passage.units
            ]
            features = read_features(query, asked(query), hits, snapshot)
            yield Seen(item["docs"][0], wording, features[:, COLUMNS], np.array(right))


def wordings(item: dict[str, Any]) -> tuple[str, str]:
    """Well spelled and without diacritics, in its conversation."""
    full = in_context(parse(item["question"]), item.get("turns") or ())
    return full, strip_diacritics(full)


def _report(found: Sequence[Seen]) -> None:
    documents = sorted({one.document for one in found})
    random.Random(0).shuffle(documents)
    first: dict[str, list[list[bool]]] = {}
    for fold in range(FOLDS):
        out = set(documents[fold::FOLDS])
        weights, bias = _fit([one for one in found if one.document not in out])
        for one in found:
            if one.document in out:
                right = one.right[np.argsort(-(one.features @ weights + bias))]
                first.setdefault(one.wording, []).append([bool(right[:count].any()) for count in (1, 2, 3)])
    for wording, of_wording in sorted(first.items()):
        shares = " / ".join(f"{share:.3f}" for share in np.mean(of_wording, axis=0))
        print(f"left out, {wording}: right unit first / among two / among three: {shares} of {len(of_wording)}")


def _fit(found: Sequence[Seen]) -> tuple[Matrix, float]:
    """Weights on the features as they are; each question weighs the same however many units its hits have."""
    matrix = np.vstack([one.features for one in found])
    right = np.concatenate([one.right for one in found])
    shares = [(BANK if one.wording == "bank" else 1) / len(one.right) for one in found]
    share = np.repeat(shares, [len(one.right) for one in found])
    scaler = StandardScaler().fit(matrix)
    model = LogisticRegression(max_iter=1000).fit(
        scaler.transform(matrix), right, sample_weight=share * len(share) / share.sum()
    )
    weights = model.coef_[0] / scaler.scale_
    return weights, float(model.intercept_[0] - weights @ scaler.mean_)


if __name__ == "__main__":
    typer.run(main)
