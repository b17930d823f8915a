"""Text -> vectors: the bundled encoder on onnxruntime, or any sentence-transformers model an admin names.

The serving path uses `OnnxEncoder` alone, and never imports torch. Vectors are float32, one row a text, of length 1.
The bundled encoder also gives a vector for each token of a text, by which bot/answering/reader.py compares a question
with a unit word by word.
"""

import contextlib
import ctypes
import functools
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from index.errors import UnknownEncoder

Vectors = npt.NDArray[np.float32]
Tokens = npt.NDArray[np.int8]
Progress = Callable[[int], None]

MODEL = Path(__file__).parent / "model"
QUERIES_KEPT = 64  # some 10 KB each
BATCH = 8  # texts that a sentence-transformers model is given at once
MAX_PIECES = 512
TOKENS = 96  # of a unit, that are kept; 96 of 100 units have no more
GRAPH, WEIGHTS = "model.onnx", "model.safetensors"  # index/graph.py makes the one from the other
MODEL_SUFFIXES = (".safetensors", ".bin", ".json", ".model", ".txt")


class Encoder(Protocol):
    """`name` and `digest` say which model made a vector: vectors of two digests must never meet."""

    name: str
    digest: str
    dim: int
    token_dim: int  # numbers a token has; 0 for an encoder that gives none

    def encode_query(self, text: str) -> Vectors:
        """One vector, shape (dim,)."""
        ...

    def query_tokens(self, text: str) -> Vectors:
        """One vector a token, shape (tokens, token_dim), each of length 1."""
        ...

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Shape (len(texts), dim), in the order of `texts`; `progress` hears of each finished batch's size."""
        ...

    def encode_units(self, texts: Sequence[str], progress: Progress | None = None) -> tuple[Vectors, Tokens]:
        """What `encode_passages` gives, and of each text its first tokens, shape (len(texts), TOKENS, token_dim).

        Of a token its direction is kept, the largest number at 127; where a text has no more tokens, there are zeros.
        """
        ...


class WithoutTokens:
    """What an encoder that tells no tokens apart has of them."""

    token_dim = 0

    def query_tokens(self, _text: str) -> Vectors:
        return np.empty((0, 0), np.float32)

    def encode_units(self: Encoder, texts: Sequence[str], progress: Progress | None = None) -> tuple[Vectors, Tokens]:
        return self.encode_passages(texts, progress), np.empty((len(texts), TOKENS, 0), np.int8)


class OnnxEncoder:
    """A folder with the encoder's graph and weights (index/graph.py), `tokenizer.json`, and the two prompts."""

    def __init__(self, folder: Path = MODEL, threads: int = 0) -> None:
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # or it calls its maker, and keeps an id of this machine in ~/.cache
        import onnxruntime  # a quarter of a second that `--help` need not wait for
        from tokenizers import Tokenizer

        self.name = "onnx:e5-small-vi" if folder == MODEL else f"onnx:{folder.name}"
        model, weights, tokenizer = folder / GRAPH, folder / WEIGHTS, folder / "tokenizer.json"
        config = folder / "config_sentence_transformers.json"
        for file in (model, weights, tokenizer, config):
            if not file.is_file():
                raise UnknownEncoder(f"onnx:{folder}", f"{file} is not there")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            prompts = json.loads(config.read_text("utf-8"))["prompts"]
            self._query_prompt, self._passage_prompt = str(prompts["query"]), str(prompts["passage"])
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
            self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
            shapes = {output.name: output.shape for output in self._session.get_outputs()}
            self.dim, self.token_dim = int(shapes["embedding"][1]), int(shapes["tokens"][2])
        except Exception as error:  # onnxruntime and tokenizers raise types of their own, or plain Exception
            raise UnknownEncoder(f"onnx:{folder}", f"it cannot be loaded ({_first_line(error)})") from error
        _give_memory_back()
        self._tokenizer.enable_truncation(MAX_PIECES)
        self._tokenizer.no_padding()
        self.digest = _digest(model, weights, tokenizer, config)
        # A question's vector is wanted first, and its tokens when it is known what to compare them with.
        self._query = functools.lru_cache(QUERIES_KEPT)(self._encode)

    def encode_query(self, text: str) -> Vectors:
        return self._query(self._query_prompt + text)[0].copy()

    def query_tokens(self, text: str) -> Vectors:
        return self._query(self._query_prompt + text)[1].copy()

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        return self.encode_units(texts, progress)[0]

    def encode_units(self, texts: Sequence[str], progress: Progress | None = None) -> tuple[Vectors, Tokens]:
        vectors = np.empty((len(texts), self.dim), np.float32)
        kept = np.zeros((len(texts), TOKENS, self.token_dim), np.int8)
        for row, text in enumerate(texts):
            vectors[row], tokens = self._encode(self._passage_prompt + text)
            tokens = tokens[:TOKENS]
            kept[row, : len(tokens)] = np.rint(127 * tokens / np.abs(tokens).max(axis=1, keepdims=True))
            if progress:
                progress(1)
        return vectors, kept

    def unit_tokens(self, text: str) -> Vectors:
        """All the tokens of one unit."""
        return self._encode(self._passage_prompt + text)[1]

    def _encode(self, text: str) -> tuple[Vectors, Vectors]:
        """One text at a time, which takes no longer than eight at once and needs no padding."""
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        embedding, tokens = self._session.run(["embedding", "tokens"], {"input_ids": ids})
        return np.asarray(embedding[0], np.float32), np.asarray(tokens[0], np.float32)


def _give_memory_back() -> None:
    """What the weights were read into is free once they are float32, but glibc keeps it: 185 of 364 MB."""
    with contextlib.suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


class RememberingEncoder:
    """Another encoder that is spared the queries whose vectors are known."""

    def __init__(self, encoder: Encoder, known: Mapping[str, Vectors]) -> None:
        self.name, self.digest, self.dim, self.token_dim = encoder.name, encoder.digest, encoder.dim, encoder.token_dim
        self.encode_passages, self.encode_units = encoder.encode_passages, encoder.encode_units
        self.query_tokens = encoder.query_tokens
        self._encoder, self._known = encoder, known

    def encode_query(self, text: str) -> Vectors:
        return self._known[text] if text in self._known else self._encoder.encode_query(text)


class SentenceTransformerEncoder(WithoutTokens):
    """Any sentence-transformers model, by folder or hub name; for building with another encoder, and for checks."""

    def __init__(self, name: str) -> None:
        self.name = f"sentence-transformers:{name}"
        try:
            self._model, folder = _sentence_transformer(name)
        except Exception as error:  # whatever torch, transformers or the network raise
            raise UnknownEncoder(self.name, f"it cannot be loaded ({_first_line(error)})") from error
        # Of the files, because weights that no file holds (a pooler that nothing uses) differ each time it is loaded
        self.digest = _digest(*sorted(file for file in folder.rglob("*") if file.suffix in MODEL_SUFFIXES))
        self.dim = len(self.encode_query("a"))
        # sentence-transformers itself prefers an empty "document" to the "passage" of e5 and its kin
        self._prompt = next((name for name in ("document", "passage", "corpus") if self._model.prompts.get(name)), None)

    def encode_query(self, text: str) -> Vectors:
        vector = self._model.encode_query(text, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vector, np.float32)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        return _by_length(texts, [len(text) for text in texts], self.dim, self._encode, progress)

    def _encode(self, texts: list[str]) -> Vectors:
        vectors = self._model.encode_document(
            texts, prompt_name=self._prompt, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, np.float32)


def _sentence_transformer(name: str) -> tuple[Any, Path]:
    """A model from this machine, or else from the hub, and the folder that it lies in.

    The hub is asked for a sign of life first, because without a network huggingface_hub retries for 70 seconds.
    """
    import torch
    from huggingface_hub import constants, get_session, snapshot_download
    from sentence_transformers import SentenceTransformer  # brings torch: seconds and a gigabyte

    torch.set_num_threads(os.cpu_count() or 1)  # whatever is set for the matrices of numpy
    if Path(name).is_absolute() or Path(name).is_dir():
        return SentenceTransformer(name, device="cpu", local_files_only=True), Path(name)
    with contextlib.suppress(OSError):
        model = SentenceTransformer(name, device="cpu", local_files_only=True)
        return model, Path(snapshot_download(name, local_files_only=True))
    unreachable = f"no such folder here, and {constants.ENDPOINT} cannot be reached"
    try:
        status = get_session().head(constants.ENDPOINT, timeout=5).status_code
    except Exception as error:
        raise ConnectionError(unreachable) from error
    if status >= 500:  # a proxy that answers for a hub it does not reach
        raise ConnectionError(unreachable)
    model = SentenceTransformer(name, device="cpu")
    return model, Path(snapshot_download(name, local_files_only=True))


ENCODERS: dict[str, Callable[[str, int], Encoder]] = {
    "onnx": lambda argument, threads: OnnxEncoder(Path(argument) if argument else MODEL, threads),
    "sentence-transformers": lambda argument, _: SentenceTransformerEncoder(argument),
}


def load_encoder(name: str, threads: int = 0) -> Encoder:
    """The encoder that `HANOIDX_ENCODER` names, like `onnx` or `sentence-transformers:FOLDER_OR_NAME`.

    `threads` for one text, where it is ours to say; 0 for as many as there are cores.
    """
    kind, _, argument = name.partition(":")
    if kind not in ENCODERS:
        raise UnknownEncoder(name, "there is no such kind")
    if kind == "sentence-transformers" and not argument:
        raise UnknownEncoder(name, "it says no folder and no model")
    return ENCODERS[kind](argument, threads)


def _by_length(
    texts: Sequence[str],
    lengths: Sequence[int],
    dim: int,
    encode: Callable[[list[str]], Vectors],
    progress: Progress | None,
) -> Vectors:
    """Batches of about equal lengths, so that little is padded; the rows come back in the order of `texts`."""
    vectors = np.empty((len(texts), dim), np.float32)
    order = sorted(range(len(texts)), key=lengths.__getitem__)
    for first in range(0, len(texts), BATCH):
        rows = order[first : first + BATCH]
        vectors[rows] = encode([texts[row] for row in rows])
        if progress:
            progress(len(rows))
    return vectors


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
