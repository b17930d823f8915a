"""What a message is when no phrase of intents.yaml says it: small talk, something we do not do, or a question.

A linear model looks at the message's words and its vector. Its weights, recognise.npz, are fitted to examples of
all three (tests/data/messages.yaml, `make train`) and hold for the encoder they were fitted with alone.
"""

import functools
import itertools
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.answering.intent import Intent, excused
from index import tuned
from index.encode import Encoder, Vectors
from index.query import Query

WEIGHTS = Path(__file__).parent / "recognise.npz"
QUESTION = "question"
BOXES = 1 << 13  # that words and pairs of words are counted in
VECTOR = 1.5  # how much longer a message's vector is than its words' boxes
LANGUAGES = ("vi", "en")  # of the examples

_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Model:
    """One row of weights and one bias a name: those of messages.SMALL_TALK and messages.REFUSED, and QUESTION."""

    names: tuple[str, ...]
    refused: npt.NDArray[np.bool_]
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    encoder_digest: str


def recognise(query: Query, vector: Vectors, encoder: Encoder, confidence: float) -> Intent | None:
    """What a message is, if it is hardly a question; `confidence` is that of doubt.py, in the conversation."""
    model = _model()
    if encoder.digest != model.encoder_digest or query.language not in LANGUAGES:
        return None
    scores = model.weights @ features(query, vector) + model.bias
    likely = np.exp(scores - scores.max())
    question = model.names.index(QUESTION)
    asks, likely[question] = likely[question], 0
    refused = bool(2 * likely[model.refused].sum() > likely.sum())
    # What is far from the documents is off topic, which is an answer to what is refused, but none to small talk.
    doubtful = abs(confidence) if refused else max(confidence, 0)
    if np.log(likely.sum() / asks) < tuned.SURE + tuned.WARY * doubtful:
        return None
    name = model.names[np.where(model.refused == refused, likely, 0).argmax()]
    return None if refused and excused(name, query) else Intent(name, refused)


def features(query: Query, vector: Vectors) -> Vectors:
    """The boxes of the message's words and pairs of words, of length 1, then its vector. A digit stands for any."""
    said = query.words if query.language == "vi" else query.said
    spoken = ["^", *(_DIGIT.sub("0", word) for word in said), "$"]
    boxes = np.zeros(BOXES, np.float32)
    for gram in (*spoken, *map(" ".join, itertools.pairwise(spoken))):
        boxes[zlib.crc32(gram.encode()) % BOXES] = 1
    return np.concatenate([boxes / np.linalg.norm(boxes), VECTOR * vector])


@functools.cache
def _model() -> Model:
    with np.load(WEIGHTS) as stored:
        return Model(
            names=tuple(stored["names"].tolist()),
            refused=stored["refused"],
            weights=stored["weights"].astype(np.float32),
            bias=stored["bias"],
            encoder_digest=str(stored["encoder_digest"]),
        )
