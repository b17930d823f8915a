"""Fit bot/answering/likely.json and topic.npz: the third part of `make train`, once units are ranked.

Whether a question is one for these documents is told from messages about anything else; whether they answer it, from
questions that they do not: the sample questions that nothing answers, the dev questions to be refused, the dev
questions once more with their documents out of the index, as if nobody had written them, and asked of a few documents
about something else.

Printed beside the fit: the share of each kind that is taken for one of ours, and for answered. What the topic was
learned from is measured with one that has not seen it (5 folds).
"""

import itertools
import json
import random
import tempfile
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from fit_ranking import ANSWERABLE, QUESTIONS, wordings
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from train_reader import Without, samples_of

from bot.answering.answer import K
from bot.answering.asked import asked
from bot.answering.likely import TOPIC, WEIGHTS, figures
from bot.answering.rank import rank
from corpus.catalogue import read_folder
from index import far
from index.build import build
from index.encode import Encoder, OnnxEncoder, Vectors
from index.query import parse
from index.search import query_vector, search
from index.shipped import ShippedEncoder
from index.snapshot import Snapshot, load

ALL = ("read", "unit", "sample", "topic")
SETS = [
    tuple(name for name in ALL if name not in left_out)
    for left_out in itertools.chain.from_iterable(
        itertools.combinations(("read", "sample", "topic"), count) for count in range(4)
    )
]  # that there may be
FOLDS = 5
FEW = 4  # documents of a small corpus
# What tells the two apart: kinds of messages that are, and that are not, each with its part of the weight.
FITS: dict[str, tuple[Mapping[str, float], Mapping[str, float]]] = {
    "ours": ({"answered": 0.5, "no answer": 0.5}, {"far": 0.9, "off topic": 0.1}),
    "answered": ({"answered": 1}, {"no answer": 0.25, "refused": 0.25, "absent": 0.25, "elsewhere": 0.25}),
}

Matrix = npt.NDArray[np.float64]


def main(
    data: Annotated[Path, typer.Option(envvar="HANOIDX_DATA")] = Path("data"),
    write: Annotated[bool, typer.Option(help="Write bot/answering/likely.json and topic.npz.")] = True,
) -> None:
    snapshot = load(data, OnnxEncoder())
    samples = snapshot.questions.reconstruct_n(0, snapshot.questions.ntotal)
    found, vectors = _found(snapshot)
    topic = _fit_topic(samples, vectors["no answer"], vectors["far"])
    rows = {name: np.column_stack([found[name], vectors[name] @ topic["direction"] + topic["bias"]]) for name in found}
    for fold in range(FOLDS):
        learned = {name: np.arange(len(vectors[name])) % FOLDS != fold for name in ("no answer", "far")}
        part = _fit_topic(samples, *(vectors[name][rows_] for name, rows_ in learned.items()))
        for name, rows_ in learned.items():
            rows[name][~rows_, -1] = vectors[name][~rows_] @ part["direction"] + part["bias"]
    weights = {of: {" ".join(names): _fit(of, names, rows) for names in SETS} for of in FITS}
    if write:
        np.savez(TOPIC, encoder_digest=snapshot.encoder.digest, **topic)
        WEIGHTS.write_text(json.dumps(weights, indent=2) + "\n", "utf-8")


def _found(snapshot: Snapshot) -> tuple[dict[str, Matrix], dict[str, Vectors]]:
    """By kind of message, one row each: its figures but for the topic, and its vector."""
    items = [json.loads(line) for file in QUESTIONS for line in file.read_text("utf-8").splitlines()]
    items = [item for item in items if item["kind"] not in ("english", "otherlang")]
    answered = [item for item in items if item["expect"] in ANSWERABLE]
    nothing = frozenset[str]()
    asked_ = {
        "answered": [(text, nothing) for item in answered for text in wordings(item)],
        "absent": [(text, frozenset(item["docs"])) for item in answered for text in wordings(item)],
        "no answer": [(text, nothing) for text in _no_answer()],
        "refused": [(text, nothing) for item in items if item["expect"] == "abstain" for text in wordings(item)],
        "off topic": [(text, nothing) for item in items if item["expect"] == "offtopic" for text in wordings(item)],
        "far": [(text, nothing) for text in far.texts()],
    }
    samples = samples_of(snapshot)
    index = Without(snapshot.questions)
    snapshot.questions = index  # type: ignore[assignment]

    def read(text: str, without: frozenset[str]) -> tuple[list[float], Vectors]:
        index.out = set[int]().union(*(samples.get(one, ()) for one in without))
        return _read(text, snapshot, without)

    found = {name: [read(text, without) for text, without in track(of_name, name)] for name, of_name in asked_.items()}
    found["elsewhere"] = list(_elsewhere(answered, snapshot.encoder))
    return (
        {name: np.array([read for read, _ in of_name]) for name, of_name in found.items()},
        {name: np.array([vector for _, vector in of_name]) for name, of_name in found.items()},
    )


def _elsewhere(items: Sequence[dict[str, Any]], encoder: Encoder) -> Iterator[tuple[list[float], Vectors]]:
    """Each question asked of one of many small corpora, none of whose documents answers it."""
    documents = list(read_folder())
    random.Random(0).shuffle(documents)
    corpora = [documents[first : first + FEW] for first in range(0, len(documents) - FEW, FEW)]
    shipped = ShippedEncoder(encoder)
    for place, corpus in enumerate(track(corpora, "elsewhere")):
        with tempfile.TemporaryDirectory() as folder:
            manifest = build(corpus, shipped, Path(folder))
            snapshot = Snapshot(Path(folder) / "snapshots" / manifest.id, manifest, encoder)
            for item in items[place :: len(corpora)]:
                if not {document.entry.id for document in corpus}.intersection(item["docs"]):
                    yield from (_read(text, snapshot) for text in wordings(item))


def _read(text: str, snapshot: Snapshot, without: Container[str] = ()) -> tuple[list[float], Vectors]:
    query = parse(text, snapshot.spelling)
    vector = query_vector(snapshot.encoder, query)
    hits = [hit for hit in search(snapshot, query, 3 * K, vector) if hit.entry.id not in without][:K]
    measured = figures(rank(query, asked(query), hits, snapshot), vector, snapshot)
    return [measured[name] for name in ALL[:-1]], vector


def _no_answer() -> list[str]:
    samples = (sample for document in read_folder() for sample in document.questions)
    return [text for sample in samples if not sample.answered_by for text in sample.questions]


def _fit_topic(samples: Vectors, no_answer: Vectors, others: Vectors) -> dict[str, Any]:
    """Fisher's discriminant, shrunk: the sample questions, answered and not, from messages about anything else."""
    ours, theirs = (samples.mean(axis=0) + no_answer.mean(axis=0)) / 2, others.mean(axis=0)
    spread = (np.cov(samples.T) + np.cov(no_answer.T)) / 4 + np.cov(others.T) / 2
    shrunk = spread + np.trace(spread) / len(spread) * np.eye(len(spread))
    direction = np.linalg.solve(shrunk, ours - theirs)
    return {"direction": direction.astype(np.float32), "bias": float(-direction @ (ours + theirs) / 2)}


def _fit(of: str, names: Sequence[str], rows: Mapping[str, Matrix]) -> dict[str, float]:
    are, are_not = FITS[of]
    columns = [ALL.index(name) for name in names]
    kinds = {**are, **are_not}
    matrix = np.vstack([rows[kind][:, columns] for kind in kinds])
    weights = np.concatenate([np.full(len(rows[kind]), share / len(rows[kind])) for kind, share in kinds.items()])
    labels = np.repeat([kind in are for kind in kinds], [len(rows[kind]) for kind in kinds])
    model = LogisticRegression().fit(matrix, labels, sample_weight=weights * len(matrix) / weights.sum())
    shares = {kind: (model.decision_function(rows[kind][:, columns]) > 0).mean() for kind in kinds}
    print(f"{of}, by {', '.join(names)}:", ", ".join(f"{kind} {share:.3f}" for kind, share in shares.items()))
    figures_ = dict(zip(names, model.coef_[0].tolist(), strict=True)) | {"bias": float(model.intercept_[0])}
    return {name: round(figure, 4) for name, figure in figures_.items()}


if __name__ == "__main__":
    typer.run(main)
