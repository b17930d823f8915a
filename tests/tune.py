"""Measure every number of index/tuned.py: `make tune`. It writes nothing; what to set is for a person to decide.

Each number is moved to values around its own while the others stay. Questions are put into folds by the document that
answers them; the value that is best on the other folds is judged on the fold that was left out. A move that does not
gain there only fits the questions at hand.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from bot.answering.answer import ask
from bot.quality.evaluate import Item, Wording, read, run
from corpus.catalogue import read_folder
from index import tuned
from index.encode import OnnxEncoder
from index.snapshot import Snapshot, load

QUESTIONS = [Path(__file__).parent / "data" / name for name in ("questions-dev.jsonl", "questions-dev-2.jsonl")]
FOLDS = 5
TODAY = date(2026, 11, 1)
STEPS = (-0.3, -0.15, 0.15, 0.3)  # of a number's own size; cosines and shares move by less
FINE = frozenset(("STATED_SHARE", "SAMPLE_NEAR", "SAME", "ALIKE"))


@dataclass(frozen=True)
class Outcome:
    """Of each question, whether it was answered right; and how long the answers are, in the median."""

    right: Mapping[str, float]
    length: float


def main(
    data: Annotated[Path, typer.Option(envvar="HANOIDX_DATA")] = Path("data"),
    name: Annotated[list[str] | None, typer.Option(help="A number of index/tuned.py; all, if none is given.")] = None,
) -> None:
    snapshot = load(data, OnnxEncoder())
    texts = {document.entry.id: document.text for document in read_folder()}
    items = read(QUESTIONS, texts)
    folds = _folds(items)
    now = _outcome(items, texts, snapshot)
    table = Table("number", "value", "right", "left out", "characters", box=None)
    table.add_row("as it is", "", f"{_mean(now.right, folds):.3f}", "", f"{now.length:.0f}")
    for one, own in _numbers():
        if name and one not in name:
            continue
        outcomes = {value: _with(one, value, lambda: _outcome(items, texts, snapshot)) for value in _values(one, own)}
        outcomes[own] = now
        for value in sorted(outcomes):
            outcome = outcomes[value]
            is_own = value == own
            left_out = f"{_left_out(outcomes, folds):.3f}" if is_own else ""
            table.add_row(
                one if is_own else "",
                f"{value:g}",
                f"{_mean(outcome.right, folds):.3f}",
                left_out,
                f"{outcome.length:.0f}",
            )
    Console(highlight=False).print(table)


def _numbers() -> Iterator[tuple[str, float]]:
    yield from ((name, own) for name, own in vars(tuned).items() if isinstance(own, float))


def _values(name: str, own: float) -> list[float]:
    return [round(own * (1 + step / (5 if name in FINE else 1)), 4) for step in STEPS]


def _with(name: str, value: float, measure: Callable[[], Outcome]) -> Outcome:
    own = getattr(tuned, name)
    setattr(tuned, name, value)
    try:
        return measure()
    finally:
        setattr(tuned, name, own)


def _outcome(items: Sequence[Item], texts: Mapping[str, str], snapshot: Snapshot) -> Outcome:
    results = run(items, lambda question: ask(question, snapshot, TODAY, strict=True), texts).results
    asked = [result for result in results if result.wording is not Wording.TYPED]
    right = {item.id: float(np.mean([r.right for r in asked if r.item.id == item.id])) for item in items}
    return Outcome(right, float(np.median([len(result.answer.text) for result in asked if result.answer.citations])))


def _folds(items: Sequence[Item]) -> dict[str, int]:
    """The fold of each question, by its first document; questions without one are dealt out in turn."""
    documents = sorted({item.docs[0] for item in items if item.docs})
    np.random.default_rng(0).shuffle(documents)
    fold = {document: place % FOLDS for place, document in enumerate(documents)}
    return {item.id: fold[item.docs[0]] if item.docs else place % FOLDS for place, item in enumerate(items)}


def _mean(right: Mapping[str, float], ids: Mapping[str, int]) -> float:
    return float(np.mean([right[id_] for id_ in ids]))


def _left_out(outcomes: Mapping[float, Outcome], folds: Mapping[str, int]) -> float:
    """What the choice of the best value is worth on questions about documents that it was not chosen on."""
    right: list[float] = []
    for fold in range(FOLDS):
        others = {id_: of for id_, of in folds.items() if of != fold}
        best = max(outcomes.values(), key=lambda outcome: _mean(outcome.right, others))
        right += [best.right[id_] for id_, of in folds.items() if of == fold]
    return float(np.mean(right))


if __name__ == "__main__":
    typer.run(main)
