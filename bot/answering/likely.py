"""How likely it is that a question is one for these documents, and that they answer it.

Both are log-odds, a weighted sum of four figures; likely.json holds the weights, a logistic regression each. `make
train` fits them to questions that are answered, the same with their documents taken away, questions that are not
answered, and messages about anything else.
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bot.answering.rank import Ranked
from index.encode import Encoder, Vectors
from index.snapshot import Snapshot

WEIGHTS = Path(__file__).parent / "likely.json"
TOPIC = Path(__file__).parent / "topic.npz"


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Log-odds that a question is one for these documents, whether or not they answer it; and that they answer it."""

    ours: float
    answered: float


def likelihood(ranked: Sequence[Ranked], vector: Vectors, snapshot: Snapshot) -> Likelihood:
    """`vector` is the question's, `ranked` what was found for it."""
    found = figures(ranked, vector, snapshot)
    return Likelihood(_log_odds("ours", found), _log_odds("answered", found))


def figures(ranked: Sequence[Ranked], vector: Vectors, snapshot: Snapshot) -> dict[str, float]:
    """What the two are told from.

    `read`: what the reader makes of the unit it likes best. `unit` and `sample`: by how many spreads a unit and a
    sample question are nearer than of the messages of index/far.yaml. `topic`: what the question sounds like. With an
    encoder without tokens there is no `read`, where no document has sample questions no `sample`, and with an encoder
    for which it was not learned no `topic`.
    """
    far = snapshot.far
    found = {}
    if snapshot.encoder.token_dim:
        found["read"] = max(unit.read for unit in ranked)
    found["unit"] = far.units_above(max(unit.hit.units[unit.row] for unit in ranked))
    if far.sample > 0:
        found["sample"] = far.samples_above(max(unit.hit.samples[unit.row] for unit in ranked))
    if (sounds := topic(vector, snapshot.encoder)) is not None:
        found["topic"] = sounds
    return found


def topic(vector: Vectors, encoder: Encoder) -> float | None:
    """Above 0, up to about 10, for what sounds like a question about public services, answered or not.

    How near the documents come does not tell "Thủ tục cải táng cần giấy tờ gì?", of which they say nothing, from "Luộc
    gà bao lâu thì chín?". A direction among the vectors of messages does: Fisher's linear discriminant between the
    sample questions, answered and not, and the messages of index/far.yaml.
    """
    direction, bias, encoder_digest = _direction()
    return float(vector @ direction + bias) if encoder.digest == encoder_digest else None


def _log_odds(of: str, found: dict[str, float]) -> float:
    """Each set of figures that there may be has weights of its own."""
    weights = _weights()[of][" ".join(found)]
    return float(weights["bias"] + sum(weights[name] * figure for name, figure in found.items()))


@functools.cache
def _weights() -> dict[str, Any]:
    weights: dict[str, Any] = json.loads(WEIGHTS.read_text("utf-8"))
    return weights


@functools.cache
def _direction() -> tuple[Vectors, float, str]:
    with np.load(TOPIC) as stored:
        return stored["direction"].astype(np.float32), float(stored["bias"]), str(stored["encoder_digest"])
