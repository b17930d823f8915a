"""A question and a unit, read together word by word: the log-odds that the unit answers it, not nothing here.

What the encoder says of each token of the question is compared with what it says of each token of the unit ("late
interaction", as in ColBERT). For each token of the question its nearest ones in the unit are gathered; a small layer
reads what they have in common and where they differ, another one lets the tokens of the question hear each other, so
that "mất" is read with "căn cước". To that the features of bot/answering/rank.py are added, each with a weight. The
result is one of the figures that rank.py weighs: this learns from ten thousand questions that were thought up for the
documents, and cannot know how far real ones lie from them.

`make train` learns the weights, reader.npz, with the same steps in torch (tests/train_reader.py).
"""

import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.encode import Tokens, Vectors

WEIGHTS = Path(__file__).parent / "reader.npz"
UNIT_DENSE, SAMPLE_DENSE = 3, 5  # the places of the unit's and its sample question's cosine among rank.py's features
STEEP = 20.0  # by which a cosine is multiplied that stands in for what is read
LONGEST = 40  # tokens of a question that are read
HEADS = 4
BRIGHT = 5.0  # by which token vectors of length 1 are stretched for the layers, which expect numbers about 1

Features = npt.NDArray[np.float64]


def scores(question: Vectors, units: Tokens, features: Features) -> Features:
    """One number a unit: above 0, it rather answers the question than nothing does.

    `question` (tokens, token_dim); `units` (units, tokens, token_dim), zeros behind the last token; `features` one row
    a unit. Of an encoder that gives no tokens the unit's cosine has to do: 0 for the nearest, less for the others.
    """
    if not units.shape[2]:
        nearest = features[:, UNIT_DENSE]
        return np.asarray(STEEP * (nearest - nearest.max()), np.float64)
    w = _weights()
    with_distance = np.concatenate([features, features - features.max(axis=0)], axis=1)
    measured = np.asarray((with_distance - w["fmean"]) / w["fstd"], np.float32)
    if not features[:, SAMPLE_DENSE].any():  # no document has any: they tell nothing, one way or the other
        measured[:, [SAMPLE_DENSE, features.shape[1] + SAMPLE_DENSE]] = 0
    found = _linear(measured, w, "feat")[:, 0]
    return np.asarray(found + _compared(question[:LONGEST], units, w) - w["null"], np.float64)


def _compared(question: Vectors, units: Tokens, w: Mapping[str, Vectors]) -> Vectors:
    known = np.asarray(units.any(axis=2))
    longest = int(known.sum(axis=1).max())
    known, units = known[:, :longest], units[:, :longest]
    typed = _linear(question, w, "pq")
    asked, said = _directions(typed), _directions(_linear(_directions(units.astype(np.float32)), w, "pu"))
    weight = _softmax(_linear(_normed(typed, w, "nq"), w, "weightq")[:, 0])
    near = np.where(known[:, None, :], asked @ said.transpose(0, 2, 1), np.float32(-1))  # unit, asked, said
    best = near.max(axis=2)
    similar = best @ weight
    gathered = BRIGHT * (_softmax(w["temp"] * near) @ said)
    one = BRIGHT * asked
    figures = np.stack([BRIGHT * best, np.broadcast_to(len(asked) * weight, best.shape)], axis=2)
    state = np.concatenate([gathered, one * gathered, np.abs(one - gathered), figures], axis=2)
    of_one, of_rest = np.split(
        w["mix.0.weight"], [one.shape[1]], axis=1
    )  # the question's part is the same for all units
    state = state @ of_rest.T + (one @ of_one.T + w["mix.0.bias"])
    state = _linear(np.maximum(state, 0), w, "mix.3")
    state = state + _heard(_normed(state, w, "enc.layers.0.norm1"), w)
    wide = np.maximum(_linear(_normed(state, w, "enc.layers.0.norm2"), w, "enc.layers.0.linear1"), 0)
    state = _normed(state + _linear(wide, w, "enc.layers.0.linear2"), w, "norm")
    telling = _softmax(_linear(state, w, "weigh")[:, :, 0])
    pooled = np.concatenate([(telling[:, None] @ state)[:, 0], state.mean(axis=1)], axis=1)
    return np.asarray(_linear(pooled, w, "out")[:, 0] + w["sim"] * (similar - np.float32(0.6)), np.float32)


def _heard(state: Vectors, w: Mapping[str, Vectors]) -> Vectors:
    """What each token of the question hears of the others (attention, of several heads)."""
    units, tokens, dim = state.shape
    together = state @ w["enc.layers.0.self_attn.in_proj_weight"].T + w["enc.layers.0.self_attn.in_proj_bias"]
    heads = together.reshape(units, tokens, 3, HEADS, dim // HEADS).transpose(2, 0, 3, 1, 4)
    query, key, value = heads
    share = _softmax(query @ key.transpose(0, 1, 3, 2) / np.float32((dim // HEADS) ** 0.5))
    heard = (share @ value).transpose(0, 2, 1, 3).reshape(units, tokens, dim)
    return _linear(heard, w, "enc.layers.0.self_attn.out_proj")


def _linear(values: Vectors, w: Mapping[str, Vectors], name: str) -> Vectors:
    return np.asarray(values @ w[f"{name}.weight"].T + w[f"{name}.bias"], np.float32)


def _normed(values: Vectors, w: Mapping[str, Vectors], name: str) -> Vectors:
    away = values - values.mean(axis=-1, keepdims=True)
    away /= np.sqrt((away**2).mean(axis=-1, keepdims=True) + np.float32(1e-5))
    return np.asarray(away * w[f"{name}.weight"] + w[f"{name}.bias"], np.float32)


def _directions(values: Vectors) -> Vectors:
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-12), np.float32)


def _softmax(values: Vectors) -> Vectors:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


@functools.cache
def _weights() -> dict[str, Vectors]:
    with np.load(WEIGHTS) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}
