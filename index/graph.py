"""The encoder's weights -> the graph that serves them: `index/model/model.onnx`, beside `model.safetensors`.

The graph holds no weights of its own: it names places in the safetensors file, which is therefore what is trained, what
sentence-transformers loads and what is served. Weights are stored as float16 and become float32 when the graph is
loaded, so that a text has the same vectors on every processor. `make graph` writes it; only that needs `onnx`.

The tokens of a text are given by fewer numbers than the encoder has for them: those along the directions in which the
tokens of the bundled documents differ most, each divided by the fourth root of its variance, so that the first few do
not drown the others. `tokens.npz` holds them; without that file, `make graph` finds them.
"""

import json
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from corpus.catalogue import read_folder
from corpus.split import split
from index.build import unit_text
from index.encode import GRAPH, MODEL, WEIGHTS, OnnxEncoder, Vectors

DIRECTIONS = "tokens.npz"
TOKEN_DIM = 96
OPSET = 20  # the first with Gelu
IR_VERSION = 10  # what onnxruntime 1.20 reads


class Directions(NamedTuple):
    """`middle` (dim,) is the mean of all tokens; `axes` (TOKEN_DIM, dim), the one of the largest variance first."""

    middle: Vectors
    axes: Vectors


class _Graph:
    """The nodes and initialisers of a BERT, in the order in which they are computed."""

    def __init__(self, weights: Path) -> None:
        with weights.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            self.stored: dict[str, Any] = json.loads(stream.read(length))
        self.file = weights.name
        self.first_byte = 8 + length
        self.nodes: list[NodeProto] = []
        self.tensors: list[TensorProto] = []

    def node(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, name: str, value: Any) -> str:
        self.tensors.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def half(self, name: str) -> str:
        """A tensor of the safetensors file, as it is stored."""
        first, end = self.stored[name]["data_offsets"]
        if self.stored[name]["dtype"] != "F16":
            raise ValueError(f"{self.file}: {name} is {self.stored[name]['dtype']}, not F16")
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT16, data_location=TensorProto.EXTERNAL)
        tensor.dims.extend(self.stored[name]["shape"])
        places = {"location": self.file, "offset": str(self.first_byte + first), "length": str(end - first)}
        for key, value in places.items():
            tensor.external_data.add(key=key, value=value)
        self.tensors.append(tensor)
        return name

    def weight(self, name: str) -> str:
        return self.node("Cast", [self.half(name)], f"{name}.float", to=TensorProto.FLOAT)

    def dense(self, inputs: str, layers: list[str], name: str) -> str:
        """One product for several layers that read the same; their outputs stand side by side."""
        turned = [
            self.node("Transpose", [self.weight(f"{one}.weight")], f"{one}.turned", perm=[1, 0]) for one in layers
        ]
        biases = [self.weight(f"{one}.bias") for one in layers]
        matrix = self.node("Concat", turned, f"{name}.weight", axis=1)
        bias = self.node("Concat", biases, f"{name}.bias", axis=0)
        return self.node("Add", [self.node("MatMul", [inputs, matrix], f"{name}.product"), bias], name)

    def norm(self, inputs: list[str], layer: str, name: str, epsilon: float) -> str:
        total = inputs[0]
        for place, more in enumerate(inputs[1:]):
            total = self.node("Add", [total, more], f"{name}.sum{place}")
        scale = [self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias")]
        return self.node("LayerNormalization", [total, *scale], name, axis=-1, epsilon=epsilon)


def graph(weights: Path, config: dict[str, Any], directions: Directions | None = None) -> ModelProto:
    """`input_ids` (1, length) -> `embedding` (1, dim), the tokens' mean, and `tokens`, all at length 1.

    Tokens are (1, length, TOKEN_DIM) along `directions`; where there are none, (1, length, dim), as the encoder has
    them.

    One text at a time, so there is neither padding nor a mask.
    """
    made = _Graph(weights)
    dim, heads, epsilon = config["hidden_size"], config["num_attention_heads"], config["layer_norm_eps"]
    size = dim // heads
    made.constant("zero", np.array([0], np.int64))
    made.constant("one", np.array([1], np.int64))
    made.constant("by_head", np.array([0, 0, heads, size], np.int64))
    made.constant("as_one", np.array([0, 0, dim], np.int64))
    made.constant("scale", np.float32(size**-0.5))
    pieces = made.node("Gather", [made.half("embeddings.word_embeddings.weight"), "input_ids"], "pieces.half")
    pieces = made.node("Cast", [pieces], "pieces", to=TensorProto.FLOAT)
    length = made.node("Shape", ["input_ids"], "length", start=1)
    places = made.node("Slice", [made.weight("embeddings.position_embeddings.weight"), "zero", length], "places")
    kind = made.node("Slice", [made.weight("embeddings.token_type_embeddings.weight"), "zero", "one"], "kind")
    state = made.norm([pieces, places, kind], "embeddings.LayerNorm", "embedded", epsilon)
    for number in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        read = made.dense(
            state, [f"{layer}.attention.self.{one}" for one in ("query", "key", "value")], f"read{number}"
        )
        parts = [f"{one}{number}" for one in ("query", "key", "value")]
        made.nodes.append(helper.make_node("Split", [read], parts, axis=2, num_outputs=3))
        turns = ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])
        query, key, value = (
            made.node(
                "Transpose", [made.node("Reshape", [part, "by_head"], f"{part}.split")], f"{part}.heads", perm=turn
            )
            for part, turn in zip(parts, turns, strict=True)
        )
        near = made.node("Mul", [made.node("MatMul", [query, key], f"near{number}"), "scale"], f"near{number}.scaled")
        share = made.node("Softmax", [near], f"share{number}", axis=-1)
        heard = made.node(
            "Transpose", [made.node("MatMul", [share, value], f"heard{number}")], f"heard{number}.back", perm=turns[0]
        )
        heard = made.node("Reshape", [heard, "as_one"], f"heard{number}.flat")
        out = made.dense(heard, [f"{layer}.attention.output.dense"], f"out{number}")
        state = made.norm([out, state], f"{layer}.attention.output.LayerNorm", f"attended{number}", epsilon)
        wide = made.node(
            "Gelu", [made.dense(state, [f"{layer}.intermediate.dense"], f"wide{number}")], f"wide{number}.gelu"
        )
        narrow = made.dense(wide, [f"{layer}.output.dense"], f"narrow{number}")
        state = made.norm([narrow, state], f"{layer}.output.LayerNorm", f"state{number}", epsilon)
    mean = made.node("ReduceMean", [state, "one"], "mean", keepdims=0)
    made.node("LpNormalization", [mean], "embedding", axis=-1, p=2)
    if directions:
        token_dim = len(directions.axes)
        made.constant("middle", directions.middle)
        made.constant("axes", np.ascontiguousarray(directions.axes.T))
        away = made.node("Sub", [state, "middle"], "away")
        made.node("LpNormalization", [made.node("MatMul", [away, "axes"], "along")], "tokens", axis=-1, p=2)
    else:
        token_dim = dim
        made.node("Identity", [state], "tokens")
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "length"])]
    outputs = [
        helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, dim]),
        helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [1, "length", token_dim]),
    ]
    whole = helper.make_graph(made.nodes, "encoder", inputs, outputs, made.tensors)
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def principal(tokens: Vectors) -> Directions:
    """The directions in which tokens, one a row, differ most."""
    middle = tokens.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov((tokens - middle).T))
    largest = slice(-1, -TOKEN_DIM - 1, -1)
    scaled = axes.T[largest] / variances[largest, None] ** 0.25
    return Directions(middle.astype(np.float32), scaled.astype(np.float32))


def _unit_tokens(folder: Path) -> Vectors:
    """The tokens of the bundled documents' units, as the encoder has them."""
    encoder = OnnxEncoder(folder)
    units = (
        encoder.unit_tokens(unit_text(document.entry, passage, unit))
        for document in read_folder()
        for passage in split(document)
        for unit in passage.units
    )
    return np.concatenate(list(units))


def main(folder: Path = MODEL) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))

    def write(directions: Directions | None) -> None:
        (folder / GRAPH).write_bytes(graph(folder / WEIGHTS, config, directions).SerializeToString(deterministic=True))

    file = folder / DIRECTIONS
    if not file.exists():
        write(None)
        np.savez(file, **principal(_unit_tokens(folder))._asdict())
    with np.load(file) as stored:
        write(Directions(stored["middle"], stored["axes"]))


if __name__ == "__main__":
    main()
