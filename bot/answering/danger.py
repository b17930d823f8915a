"""Whether a message is of a person in danger, or of fraud under way, and of which kind. Asked before all else.

Models look at the message's words, its letters, what its words mean (danger.yaml) and its vector: a linear one and a
small network, of which the mean is taken, tell danger from none; another linear one tells its kind. Their weights,
danger.npz, are fitted to tests/data/danger.yaml (`make fit`) and hold for the encoder they were fitted with alone.
When unsure, it is danger: a card too many costs a reader a moment, a card too few may cost a life.
"""

import functools
import itertools
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bot.answering.conversation import is_follow_up
from bot.answering.intent import intent
from corpus.language.normalize import clean, fold
from index.encode import Encoder, Vectors
from index.query import Query, parse
from index.search import query_vector

TABLE = Path(__file__).parent / "danger.yaml"
WEIGHTS = Path(__file__).parent / "danger.npz"
NONE = "none"
BOXES = 1 << 14  # that words, and letters, are counted in
LETTERS = (3, 4, 5)  # of a run of letters that counts
LONGEST = 120  # words that are read; who needs help says so sooner
PHRASE = 5  # words of the longest meaning
MEANING, VECTOR = 2.5, 3.0  # how long these parts are, where words and letters are 1
CERTAIN = 0.9  # from which a message is danger even where it is also taken for small talk or something refused
SURE = 0.3  # from which a message is danger, by cross-validation: EXPERIMENTS has what other thresholds give

_WORD = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Model:
    """`alarm` tells danger from none, as does `hidden`, whose columns `alarm_of_hidden` weighs; `weights` tell kinds.

    `alarm`, `hidden` and `weights` have a row for each feature.
    """

    kinds: tuple[str, ...]
    alarm: Vectors
    alarm_bias: float
    hidden: Vectors
    hidden_bias: Vectors
    alarm_of_hidden: Vectors
    alarm_of_hidden_bias: float
    weights: Vectors
    bias: Vectors
    encoder_digest: str


def danger(query: Query, vector: Vectors, encoder: Encoder, turns: Sequence[str] = ()) -> str | None:
    """The kind of danger that a message speaks of, or that its conversation does: "giờ gọi số nào?", "tạm biệt"."""
    if found := recognised(query, vector, encoder):
        return found
    for turn in reversed(turns if _leans(query) else ()):
        said = parse(turn)
        if found := recognised(said, query_vector(encoder, said), encoder):
            return found
        if not _leans(said):
            return None
    return None


def recognised(query: Query, vector: Vectors, encoder: Encoder, least: float = SURE) -> str | None:
    """What a message says by itself, if that is at least so likely; with another encoder only what phrases say."""
    if found := phrased(query.text):
        return found
    model = _model()
    if encoder.digest != model.encoder_digest:
        return None
    seen = features(query, vector)
    if likely(model, seen) < least:
        return None
    there = np.flatnonzero(seen)
    return model.kinds[int((seen[there] @ model.weights[there] + model.bias).argmax())]


def likely(model: Model, seen: Vectors) -> float:
    """How likely a message with these features is to be danger: between what the two models say."""
    there = np.flatnonzero(seen)  # a few hundred of 34,000
    straight = float(seen[there] @ model.alarm[there]) + model.alarm_bias
    hidden = np.maximum(seen[there] @ model.hidden[there] + model.hidden_bias, 0)
    bent = float(hidden @ model.alarm_of_hidden) + model.alarm_of_hidden_bias
    return float(1 / (1 + np.exp(-(straight + bent) / 2)))


def phrased(text: str) -> str | None:
    """The kind whose phrase of danger.yaml stands in a clean text."""
    phrases = _phrases()
    return next((phrases[gram] for gram in _grams(text) if gram in phrases), None)


def features(query: Query, vector: Vectors) -> Vectors:
    """Words and runs of two and three, letters, meanings and pairs of them, then the vector. A digit stands for any."""
    plain, own = (query.plain, query.words) if query.language == "vi" else (query.text, query.said)
    grams: set[str] = set()
    for read in {own, query.said}:
        spoken = ["^", *(_DIGIT.sub("0", word) for word in read[:LONGEST]), "$"]
        grams.update(*(map(" ".join, _runs(spoken, length)) for length in (1, 2, 3)))
    typed = _WORD.findall(plain.lower())[:LONGEST]
    grams.update(f"~{' '.join(run)}" for length in (1, 2) for run in _runs(typed, length) if not "".join(run).isascii())
    folded = f" {_DIGIT.sub('0', ' '.join(own[:LONGEST]))} "
    letters = {f"#{folded[at : at + length]}" for length in LETTERS for at in range(len(folded) - length + 1)}
    meant = _meant((query.text, plain))
    return np.concatenate([_boxes(grams), _boxes(letters), MEANING * meant, VECTOR * vector]).astype(np.float32)


def _leans(query: Query) -> bool:
    """Whether a message says nothing new: a follow-up, or a farewell, which after some messages is no small talk."""
    found = intent(query)
    return is_follow_up(query) if found is None else found.name == "goodbye"


def _runs(spoken: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(spoken[at:] for at in range(length)), strict=False)


def _boxes(grams: Iterable[str]) -> Vectors:
    boxes = np.zeros(BOXES, np.float32)
    boxes[[zlib.crc32(gram.encode()) % BOXES for gram in grams]] = 1
    return np.asarray(boxes / max(float(np.linalg.norm(boxes)), 1.0), np.float32)


def _meant(texts: Iterable[str]) -> Vectors:
    """A place for each meaning, and half a one for each pair of them; of length 1."""
    names, phrases = _meanings()
    found = sorted({place for text in texts for gram in _grams(text) for place in phrases.get(gram, ())})
    meant = np.zeros((len(names), len(names)), np.float32)
    meant[found, found] = 1
    for one, other in itertools.combinations(found, 2):
        meant[one, other] = 0.5
    flat = meant[np.triu_indices(len(names))]
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1.0), np.float32)


def _grams(text: str) -> Iterator[str]:
    """Runs of a clean text's words in lower case; one that has no diacritics stands for itself with any."""
    spoken = _WORD.findall(text.lower())[:LONGEST]
    for length in range(1, PHRASE + 1):
        for run in _runs(spoken, length):
            gram = " ".join(run)
            yield f"={gram}" if gram.isascii() else gram


def _keys(phrases: str) -> Iterator[str]:
    """How the phrases of a line stand among the runs of a text, typed with their diacritics or without any."""
    for phrase in phrases.split("|"):
        if said := " ".join(_WORD.findall(clean(phrase).lower())):
            yield f"={said}" if said.isascii() else said
            yield f"={fold(said)}"


@functools.cache
def table() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(TABLE.read_text("utf-8"))
    return read


@functools.cache
def _phrases() -> dict[str, str]:
    return {key: kind for kind, card in table()["kinds"].items() for key in _keys(card["says"])}


@functools.cache
def _meanings() -> tuple[tuple[str, ...], dict[str, set[int]]]:
    places: dict[str, set[int]] = {}
    for place, phrases in enumerate(table()["meanings"].values()):
        for key in _keys(phrases):
            places.setdefault(key, set()).add(place)
    return tuple(table()["meanings"]), places


@functools.cache
def _model() -> Model:
    with np.load(WEIGHTS) as stored:
        return Model(
            kinds=tuple(stored["kinds"].tolist()),
            alarm=stored["alarm"].astype(np.float32),
            alarm_bias=float(stored["alarm_bias"]),
            hidden=stored["hidden"].astype(np.float32) * stored["hidden_step"],
            hidden_bias=stored["hidden_bias"],
            alarm_of_hidden=stored["alarm_of_hidden"],
            alarm_of_hidden_bias=float(stored["alarm_of_hidden_bias"]),
            weights=np.ascontiguousarray(stored["weights"].astype(np.float32).T),
            bias=stored["bias"],
            encoder_digest=str(stored["encoder_digest"]),
        )
