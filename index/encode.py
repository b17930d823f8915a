"""Text -> vectors: the bundled encoder on onnxruntime, or any sentence-transformers model an admin names.

The serving path uses `OnnxEncoder` alone, and never imports torch. Vectors are float32, one row a text, of length 1.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from index.errors import UnknownEncoder

Vectors = npt.NDArray[np.float32]
Progress = Callable[[int], None]

MODEL = Path(__file__).parent / "model"
BATCH = 32
MAX_PIECES = 512


class Encoder(Protocol):
    """`name` and `digest` say which model made a vector: vectors of two digests must never meet."""

    name: str
    digest: str
    dim: int

    def encode_query(self, text: str) -> Vectors:
        """One vector, shape (dim,)."""
        ...

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Shape (len(texts), dim), in the order of `texts`; `progress` hears of each finished batch's size."""
        ...


class OnnxEncoder:
    """A folder with `onnx/*.onnx` that pools and normalises by itself, `tokenizer.json`, and the two prompts."""

    def __init__(self, folder: Path = MODEL, threads: int = 0) -> None:
        import onnxruntime  # half a second that `--help` need not wait for
        from tokenizers import Tokenizer

        model = folder / "onnx" / "model_qint8.onnx"
        for file in (model, folder / "tokenizer.json", folder / "config_sentence_transformers.json"):
            if not file.is_file():
                raise UnknownEncoder(f"onnx:{folder}", f"{file} is not there")
        prompts = json.loads((folder / "config_sentence_transformers.json").read_text("utf-8"))["prompts"]
        self._query_prompt, self._passage_prompt = prompts["query"], prompts["passage"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_PIECES)
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.name = "onnx:e5-small-vi" if folder == MODEL else f"onnx:{folder.name}"
        self.digest = _digest(model, folder / "tokenizer.json", folder / "config_sentence_transformers.json")
        self.dim = int(self._session.get_outputs()[0].shape[1])

    def encode_query(self, text: str) -> Vectors:
        vector: Vectors = self._encode([self._tokenizer.encode(self._query_prompt + text).ids])[0]
        return vector

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        pieces = [encoding.ids for encoding in self._tokenizer.encode_batch([self._passage_prompt + t for t in texts])]
        vectors = np.empty((len(texts), self.dim), np.float32)
        by_length = sorted(range(len(texts)), key=lambda row: len(pieces[row]))
        for first in range(0, len(texts), BATCH):
            rows = by_length[first : first + BATCH]
            vectors[rows] = self._encode([pieces[row] for row in rows])
            if progress:
                progress(len(rows))
        return vectors

    def _encode(self, pieces: list[list[int]]) -> Vectors:
        ids = np.zeros((len(pieces), max(map(len, pieces))), np.int64)
        mask = np.zeros_like(ids)
        for row, text in enumerate(pieces):
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        output = self._session.run(["embedding"], {"input_ids": ids, "attention_mask": mask})[0]
        return np.asarray(output, np.float32)


class SentenceTransformerEncoder:
    """Any sentence-transformers model, by folder or hub name; for building with another encoder, and for checks."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer  # brings torch: seconds and a gigabyte

        try:
            self._model = SentenceTransformer(name, device="cpu")
        except (OSError, ValueError) as error:
            raise UnknownEncoder(f"sentence-transformers:{name}", str(error).splitlines()[0]) from error
        self.name = f"sentence-transformers:{name}"
        state = hashlib.sha256()
        for key, tensor in sorted(self._model.state_dict().items()):
            state.update(key.encode())
            state.update(tensor.detach().float().cpu().numpy().tobytes())
        state.update(json.dumps(self._model.prompts, sort_keys=True).encode())
        self.digest = state.hexdigest()
        self.dim = len(self.encode_query("a"))

    def encode_query(self, text: str) -> Vectors:
        return np.asarray(self._model.encode_query(text, normalize_embeddings=True), np.float32)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.empty((len(texts), self.dim), np.float32)
        by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        for first in range(0, len(texts), BATCH):
            rows = by_length[first : first + BATCH]
            encoded = self._model.encode_document([texts[row] for row in rows], normalize_embeddings=True)
            vectors[rows] = np.asarray(encoded, np.float32)
            if progress:
                progress(len(rows))
        return vectors


ENCODERS: dict[str, Callable[[str], Encoder]] = {
    "onnx": lambda argument: OnnxEncoder(Path(argument) if argument else MODEL),
    "sentence-transformers": SentenceTransformerEncoder,
}


def load_encoder(name: str) -> Encoder:
    """The encoder that `HANOIDX_ENCODER` names, like `onnx` or `sentence-transformers:FOLDER_OR_NAME`."""
    kind, _, argument = name.partition(":")
    if kind not in ENCODERS or (kind == "sentence-transformers" and not argument):
        raise UnknownEncoder(name, "there is no such kind")
    return ENCODERS[kind](argument)


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
