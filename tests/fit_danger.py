"""Fit bot/answering/danger.npz to the messages of tests/data/danger.yaml: `make train`.

Messages of other sorts (tests/data/messages.yaml, the dev questions, the sample questions of the documents) are
examples of `none`. Each counts as it is typed, without diacritics, and as the active snapshot mends that, because what
is mended wrongly has to be recognised as well. Printed beside the fit, for each threshold: what is made of messages
whose whole situation was left out (4 folds), which is harder than what people will say, and which the threshold of
danger.py was chosen by. The figure to believe is that of tests/data/danger-held-out.yaml, whose situations are others
(tests/answering/test_danger.py).
"""

import hashlib
import json
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
import yaml
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from bot.answering.card import SHEET
from bot.answering.danger import NONE, TABLE, WEIGHTS, features, phrased
from corpus.catalogue import read_folder
from corpus.language.normalize import fold
from index.encode import Encoder, OnnxEncoder
from index.query import Query, parse
from index.search import query_vector
from index.snapshot import load

DATA = Path(__file__).parent / "data"
EXAMPLES = DATA / "danger.yaml"
ORDINARY = "ordinary"  # a kind of the file: nothing of danger, and nothing that sounds so
QUESTIONS = ("questions-dev.jsonl", "questions-dev-2.jsonl")
WEIGHT = 0.3  # of a message of another sort
TOGETHER = 12  # of those that are left out at once, for want of situations
FOLDS = 4
STRICT = 5  # C of the logistic regression
HIDDEN, ROUNDS = 32, 5  # of the network
THRESHOLDS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)


@dataclass(frozen=True, slots=True)
class Alarms:
    """The two models that tell danger from none."""

    straight: LogisticRegression
    bent: MLPClassifier

    def likely(self, rows: Any) -> Any:
        chances = (model.predict_proba(rows)[:, 1].astype(np.float64) for model in (self.straight, self.bent))
        odds = sum(np.log(one / (1 - one)) for one in (np.clip(chance, 1e-9, 1 - 1e-9) for chance in chances))
        return 1 / (1 + np.exp(-odds / 2))


def main(
    data: Annotated[Path, typer.Option(envvar="HANOIDX_DATA")] = Path("data"),
    write: Annotated[bool, typer.Option(help="Write bot/answering/danger.npz.")] = True,
) -> None:
    encoder = OnnxEncoder()
    spelling = load(data, encoder).spelling
    own = situations(EXAMPLES)
    others = _others({fold(text) for _, _, text in own})
    texts = [*(text for _, _, text in own), *others]
    kinds = np.array([*(NONE if kind == ORDINARY else kind for kind, _, _ in own), *[NONE] * len(others)])
    weights = np.array([*[1.0] * len(own), *[WEIGHT] * len(others)])
    groups = [
        *(f"{kind}: {name} {n // TOGETHER if kind == ORDINARY else ''}" for n, (kind, name, _) in enumerate(own)),
        *(str(n // TOGETHER) for n in range(len(others))),
    ]
    bare = list(map(fold, texts))
    spelled = [
        _features(map(parse, texts), encoder),
        _features(map(parse, bare), encoder),
        _features((parse(text, spelling) for text in bare), encoder),
    ]
    sorts = np.array([*(kind for kind, _, _ in own), *["other"] * len(others)])
    _cross_validate(spelled, kinds, weights, groups, sorts)
    if write:
        alarms = _fit_alarms(spelled, kinds != NONE, weights)
        told = kinds != NONE
        kind = _fit([matrix[told] for matrix in spelled], kinds[told], weights[told])
        hidden = alarms.bent.coefs_[0] * (sparse.vstack(spelled).getnnz(axis=0) > 0)[:, None]  # never seen: no weight
        step = np.abs(hidden).max(axis=0) / 127
        np.savez_compressed(
            WEIGHTS,
            kinds=kind.classes_,
            weights=kind.coef_.astype(np.float16),
            bias=kind.intercept_.astype(np.float32),
            alarm=alarms.straight.coef_[0].astype(np.float16),
            alarm_bias=alarms.straight.intercept_[0].astype(np.float32),
            hidden=np.rint(hidden / step).astype(np.int8),
            hidden_step=step.astype(np.float32),
            hidden_bias=alarms.bent.intercepts_[0].astype(np.float32),
            alarm_of_hidden=alarms.bent.coefs_[1][:, 0].astype(np.float32),
            alarm_of_hidden_bias=alarms.bent.intercepts_[1][0].astype(np.float32),
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


def _cross_validate(spelled: Sequence[Any], kinds: Any, weights: Any, groups: Sequence[str], sorts: Any) -> None:
    """Print, for each threshold, what is made of messages whose situation was left out."""
    names = sorted(set(groups))
    parts = dict(zip(names, np.random.default_rng(0).integers(FOLDS, size=len(names)).tolist(), strict=True))
    part = np.array([parts[name] for name in groups])
    likely = np.empty((len(spelled), len(kinds)))
    for left_out in range(FOLDS):
        learned = part != left_out
        alarms = _fit_alarms([matrix[learned] for matrix in spelled], kinds[learned] != NONE, weights[learned])
        for matrix, of_spelling in zip(spelled, likely, strict=True):
            of_spelling[~learned] = alarms.likely(matrix[~learned])
    is_danger = kinds != NONE
    shown = {
        "recall": is_danger,
        "of fraud": sorts == "fraud",
        "look-alikes": sorts == NONE,
        "ordinary": sorts == ORDINARY,
        "other": sorts == "other",
    }
    print(f"left out, as typed / no diacritics / mended: {', '.join(shown)}")
    for threshold in THRESHOLDS:
        shares = (" / ".join(f"{np.mean(of[rows] >= threshold):.4f}" for of in likely) for rows in shown.values())
        print(f"{threshold}: {'; '.join(shares)}")


def _features(queries: Iterable[Query], encoder: Encoder) -> Any:
    rows = (sparse.csr_matrix(features(query, query_vector(encoder, query))) for query in queries)
    return sparse.vstack(list(rows), format="csr")


def _fit_alarms(spelled: Sequence[Any], is_danger: Any, weights: Any) -> Alarms:
    network = MLPClassifier(
        (HIDDEN,),
        learning_rate_init=0.003,
        batch_size=256,
        max_iter=ROUNDS,
        n_iter_no_change=ROUNDS,
        random_state=0,
    )
    times = len(spelled)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is stopped early, so as not to learn by heart
        network.fit(sparse.vstack(list(spelled)), np.tile(is_danger, times), sample_weight=np.tile(weights, times))
    return Alarms(_fit(spelled, is_danger, weights), network)


def _fit(spelled: Sequence[Any], kinds: Any, weights: Any) -> LogisticRegression:
    model = LogisticRegression(C=STRICT, max_iter=300, tol=1e-3)
    times = len(spelled)
    return model.fit(sparse.vstack(list(spelled)), np.tile(kinds, times), sample_weight=np.tile(weights, times))


if __name__ == "__main__":
    typer.run(main)
