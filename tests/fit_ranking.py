"""Fit bot/answering/ranking.json to the dev questions: `make fit`. First those that rank units, then those
that tell a question for the documents from one about something else.

A unit is right when it overlaps a question's evidence. Each question counts once, well spelled and once more without
diacritics. Printed beside the fit: how often the first units are right on questions about documents that were
left out (5 folds), which is the figure to believe.
"""

import json
import random
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from bot.answering.answer import K
from bot.answering.asked import asked
from bot.answering.conversation import in_context
from bot.answering.rank import FEATURES, RANKING, features
from corpus.catalogue import read_folder
from index.encode import OnnxEncoder
from index.query import parse
from index.search import search
from index.snapshot import Snapshot, load

QUESTIONS = tuple(Path(__file__).parent / "data" / name for name in ("questions-dev.jsonl", "questions-dev-2.jsonl"))
FOLDS = 5
ANSWERABLE = ("answer", "outdated")

Matrix = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]


def main(
    data: Annotated[Path, typer.Option(envvar="HANOIDX_DATA")] = Path("data"),
    write: Annotated[bool, typer.Option(help="Write bot/answering/ranking.json.")] = True,
) -> None:
    snapshot = load(data, OnnxEncoder())
    texts = {document.entry.id: document.text for document in read_folder()}
    everything = [json.loads(line) for file in QUESTIONS for line in file.read_text("utf-8").splitlines()]
    items = [item for item in everything if item["expect"] in ANSWERABLE]
    examples = {
        (item["id"], wording): _example(item, question, snapshot, texts)
        for item in items
        for wording, question in _wordings(item)
    }
    documents = sorted({item["docs"][0] for item in items})
    random.Random(0).shuffle(documents)
    fold_of = {item["id"]: documents.index(item["docs"][0]) % FOLDS for item in items}
    first: dict[tuple[str, int], list[bool]] = {}
    for fold in range(FOLDS):
        held_out = {id_ for id_, of in fold_of.items() if of == fold}
        weights, bias = _fit([example for (id_, _), example in examples.items() if id_ not in held_out])
        for (id_, wording), (matrix, right) in examples.items():
            if id_ in held_out:
                order = np.argsort(-(matrix @ weights + bias))
                for count in (1, 2, 3):
                    first.setdefault((wording, count), []).append(bool(right[order[:count]].any()))
    for (wording, count), found in sorted(first.items()):
        print(f"left out, {wording}: right unit among the first {count}: {np.mean(found):.3f} of {len(found)}")
    weights, bias = _fit(list(examples.values()))
    ranking: dict[str, Any] = {"units": _rounded(FEATURES, weights, bias)}
    asked_about = [item for item in everything if item["expect"] in (*ANSWERABLE, "offtopic")]
    ranking["confidence"] = _fit_confidence(asked_about, snapshot, weights, bias)
    text = json.dumps(ranking, indent=2) + "\n"
    print(text)
    if write:
        RANKING.write_text(text, "utf-8")


def _rounded(names: Sequence[str], weights: Matrix, bias: float) -> dict[str, float]:
    rounded = {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}
    return rounded | {"bias": round(bias, 4)}


def _fit_confidence(
    items: list[dict[str, Any]], snapshot: Snapshot, weights: Matrix, bias: float
) -> dict[str, dict[str, float]]:
    nearest, about = [], []
    for item in items:
        if item["kind"] in ("english", "otherlang"):
            continue
        for _, question in _wordings(item):
            query = parse(question, snapshot.spelling)
            hits = search(snapshot, query, K)
            score = float((features(query, asked(query), hits, snapshot) @ weights + bias).max())
            sample = max(cosine for hit in hits for cosine in hit.samples)
            nearest.append((score, max(cosine for hit in hits for cosine in hit.units), sample))
            about.append(item["expect"] in ANSWERABLE)
    found = {}
    for kind, columns in (("with_samples", [0, 1, 2]), ("without_samples", [0, 1])):
        model = LogisticRegression(C=1000, max_iter=10_000).fit(np.array(nearest)[:, columns], about)
        filled = np.zeros(3)
        filled[columns] = model.coef_[0]
        found[kind] = _rounded(("score", "unit", "sample"), filled, float(model.intercept_[0]))
    return found


def _wordings(item: dict[str, Any]) -> list[tuple[str, str]]:
    full = in_context(parse(item["question"]), item.get("turns") or ())
    return [("well spelled", full), ("no diacritics", _stripped(full))]


def _stripped(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _example(item: dict[str, Any], question: str, snapshot: Snapshot, texts: dict[str, str]) -> tuple[Matrix, Marks]:
    query = parse(question, snapshot.spelling)
    hits = search(snapshot, query, K)
    spans = [
        (evidence["doc"], start, start + len(evidence["quote"]))
        for evidence in item["evidence"]
        for start in [texts[evidence["doc"]].index(evidence["quote"])]
    ]
    right = [
        any(hit.entry.id == document and unit.start < end and unit.end > start for document, start, end in spans)
        for hit in hits
        for unit in hit.passage.units
    ]
    return features(query, asked(query), hits, snapshot), np.array(right)


def _fit(examples: list[tuple[Matrix, Marks]]) -> tuple[Matrix, float]:
    """Weights on the features as they are; each question weighs the same however many units its hits have."""
    found = [(matrix, right) for matrix, right in examples if right.any()]
    matrix = np.vstack([matrix for matrix, _ in found])
    right = np.concatenate([right for _, right in found])
    share = np.concatenate([np.full(len(marks), 1 / len(marks)) for _, marks in found])
    scaler = StandardScaler().fit(matrix)
    model = LogisticRegression(max_iter=1000).fit(
        scaler.transform(matrix), right, sample_weight=share * len(share) / share.sum()
    )
    weights = model.coef_[0] / scaler.scale_
    return weights, float(model.intercept_[0] - weights @ scaler.mean_)


if __name__ == "__main__":
    typer.run(main)
