"""How a large corpus is built and searched: `python tests/scale.py [--sizes 50000,500000]`, or `make scale`.

The documents are made by tests/synthetic.py. Where encoding all of them with the bundled encoder would take too long,
vectors are sums of words' vectors instead, and the bundled encoder's rate on a sample stands beside. Every figure is
taken in a process of its own, whose peak memory is then its own: that of its own data, and with what it has mapped of
files, which the system takes back when it needs the room.
"""

import itertools
import os
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import numpy as np
import synthetic
import typer
from rich.console import Console
from rich.table import Table

from index.encode import Encoder, OnnxEncoder, Progress, Vectors, WithoutTokens

SAMPLE = 240  # texts by which the bundled encoder is timed
PATIENCE = 600.0  # seconds of encoding that are waited for
BAR = 3.0  # seconds of a build after a change in one of a thousand documents, encoding aside
KILLED = 50_000  # passages up to which a build is killed, too
QUESTIONS = 400
K = 10

P = ParamSpec("P")
T = TypeVar("T")

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


class WordSums(WithoutTokens):
    """Texts are near each other as far as they share words; some 30,000 texts a second."""

    name, digest, dim = "word sums", "0" * 64, 384
    boxes = 8_192

    def __init__(self) -> None:
        self._of_words = np.random.default_rng(1).standard_normal((self.boxes, self.dim), np.float32)

    def encode_query(self, text: str) -> Vectors:
        boxes = [zlib.crc32(word.encode()) % self.boxes for word in text.lower().split()]
        vector = self._of_words[boxes].sum(axis=0)
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.array([self.encode_query(text) for text in texts]).reshape(-1, self.dim)
        if progress:
            progress(len(texts))
        return vectors


class Timed(WithoutTokens):
    """Another encoder, which is timed and which may end the process after so many texts."""

    def __init__(self, encoder: Encoder, last: int = 0) -> None:
        self.name, self.digest, self.dim = encoder.name, encoder.digest, encoder.dim
        self._encoder, self._last = encoder, last
        self.took, self.texts = 0.0, 0

    def encode_query(self, text: str) -> Vectors:
        return self._timed(1, lambda: self._encoder.encode_query(text))

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        return self._timed(len(texts), lambda: self._encoder.encode_passages(texts, progress))

    def _timed(self, count: int, encode: Callable[[], Vectors]) -> Vectors:
        if self._last and self.texts >= self._last:
            os.kill(os.getpid(), signal.SIGKILL)
        started = time.perf_counter()
        vectors = encode()
        self.took += time.perf_counter() - started
        self.texts += count
        return vectors


@dataclass
class Built:
    """Seconds, and of them those of encoding and of each stage; MiB. `processor` is seconds of all cores."""

    id: str = ""
    passages: int = 0
    units: int = 0
    encoded: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    encoding: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    own: float = 0.0
    peak: float = 0.0
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Searched:
    loaded: float
    own: float
    resident: float
    p50: float
    p95: float


def main(
    sizes: Annotated[str, typer.Option(help="About how many passages, like 50000,500000.")] = "50000",
    suggestions: Annotated[bool, typer.Option(help="Make suggestions too; it asks 20,000 questions.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Work in this folder, which has the room.")] = None,
) -> None:
    """Build synthetic corpora, search them, change a document, kill a build, and print what it takes."""
    rate = alone(measure_rate)
    console.print(f"The bundled encoder: {rate:,.0f} texts/s (passages and units in equal parts, {SAMPLE})")
    columns: dict[str, dict[str, str]] = {}  # size -> figure -> how it reads
    missed = False
    for size in map(int, sizes.split(",")):
        with tempfile.TemporaryDirectory(prefix="hanoidx-scale-", dir=folder) as temporary:
            figures = list(measure(Path(temporary), size, rate, suggestions=suggestions))
        columns[f"{size:,}"] = {name: text for name, text, _ in figures}
        missed |= size <= 50_000 and any(name == AFTER_A_CHANGE and value > BAR for name, _, value in figures)
        console.print(_table(columns))
    if missed:
        console.print(f"bar missed: {AFTER_A_CHANGE} within {BAR:g} s for 50,000 passages")
    raise typer.Exit(missed)


def _table(columns: dict[str, dict[str, str]]) -> Table:
    table = Table("", box=None)
    for size in columns:
        table.add_column(size, justify="right")
    fullest = max(columns.values(), key=len)
    for name in dict.fromkeys(itertools.chain(fullest, *columns.values())):
        table.add_row(name, *(column.get(name, "") for column in columns.values()))
    return table


AFTER_A_CHANGE = "built after a change in one document, encoding aside, s"


def measure(folder: Path, size: int, rate: float, *, suggestions: bool) -> Iterator[tuple[str, str, float]]:
    """Each figure: its name, how it reads, its number."""
    documents, data = folder / "documents", folder / "data"
    count = round(size / synthetic.PASSAGES)
    _say(f"{size:,} passages: writing {count:,} documents")
    for number in range(count):
        synthetic.write(documents, number)
    stand_in = 3.5 * size / rate > PATIENCE  # a passage has two and a half units
    _say(f"{size:,} passages: building")
    full = alone(measure_build, documents, data, stand_in, suggestions, activated=True)
    _say(f"{size:,} passages: searching")
    searched = alone(measure_search, data, stand_in)
    _say(f"{size:,} passages: changing a document")
    synthetic.write(documents, count // 2, version=1)
    changed = alone(measure_build, documents, data, stand_in, suggestions, activated=False)
    resumed = None
    if size <= KILLED:
        _say(f"{size:,} passages: killing a build, and going on")
        other = folder / "killed"
        with suppress(BrokenProcessPool):
            alone(measure_build, documents, other, stand_in, False, activated=False, last=full.encoded // 2)
        resumed = alone(measure_build, documents, other, stand_in, False, activated=False)

    def figure(name: str, value: float, text: str = "{:,.1f}") -> tuple[str, str, float]:
        return name, text.format(value), value

    yield figure("documents", count, "{:,.0f}")
    yield figure("passages", full.passages, "{:,.0f}")
    yield figure("units", full.units, "{:,.0f}")
    yield "vectors made by", "word sums" if stand_in else "the bundled encoder", 0
    yield figure("bundled encoder for all of them, minutes", full.encoded / rate / 60, "{:,.0f}")
    yield figure("built, s", full.seconds)
    yield figure("  of it processor time", full.processor)
    for stage, seconds in full.stages.items():
        yield figure(f"  {stage}", seconds)
    yield figure("passages/s, encoding aside", full.passages / (full.seconds - full.encoding), "{:,.0f}")
    yield figure("peak memory of the build, MiB", full.peak, "{:,.0f}")
    yield figure("  its own data", full.own, "{:,.0f}")
    yield figure("snapshot on the disk, MiB", full.size, "{:,.0f}")
    yield figure("loaded, s", searched.loaded)
    yield figure("memory of a loaded snapshot after searches, MiB", searched.resident, "{:,.0f}")
    yield figure("  of it its own data", searched.own, "{:,.0f}")
    yield figure("search p50, encoding aside, ms", searched.p50)
    yield figure("search p95, encoding aside, ms", searched.p95)
    yield figure("built after a change in one document, s", changed.seconds)
    yield figure(AFTER_A_CHANGE, changed.seconds - changed.encoding - changed.stages.get("suggestions", 0.0), "{:,.2f}")
    yield figure("  processor time of that build", changed.processor)
    yield figure("  texts that it encoded", changed.encoded, "{:,.0f}")
    yield figure("  its peak memory, MiB", changed.peak, "{:,.0f}")
    for stage in ("graph", "suggestions"):
        if stage in changed.stages:
            yield figure(f"  its {stage}", changed.stages[stage])
    if resumed:
        yield figure("built after a kill amid encoding, s", resumed.seconds)
        yield figure("  texts encoded after the kill", resumed.encoded, "{:,.0f}")


def alone(measured: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, *args, **kwargs).result()


def measure_rate() -> float:
    """Texts a second on all cores, from the processor's time, because other work slows the clock's."""
    from corpus.catalogue import drafts
    from corpus.split import split
    from index.build import passage_text, unit_text

    with tempfile.TemporaryDirectory() as folder:
        for number in range(SAMPLE // 80):
            synthetic.write(Path(folder), number)
        documents = [draft.read() for draft in drafts(Path(folder))]
    passages = [(document.entry, passage) for document in documents for passage in split(document)]
    texts = [passage_text(*one) for one in passages][: SAMPLE // 2]
    texts += [unit_text(*one, unit) for one in passages for unit in one[1].units][: SAMPLE - len(texts)]
    encoder = OnnxEncoder()
    started = time.process_time()
    encoder.encode_passages(texts)
    return len(texts) * len(os.sched_getaffinity(0)) / (time.process_time() - started)


def measure_build(
    documents: Path, data: Path, stand_in: bool, suggestions: bool, *, activated: bool, last: int = 0
) -> Built:
    from bot.answering.candidates import suggestions as make_suggestions
    from corpus.catalogue import drafts
    from index.activation import activate
    from index.build import build

    encoder = Timed(WordSums() if stand_in else OnnxEncoder(), last)
    built = Built()
    began: list[tuple[str, float]] = [("what is there already", time.perf_counter())]

    def start(stage: str, _size: int) -> Progress:
        began.append((stage, time.perf_counter()))
        return lambda _: None

    def suggest(snapshot: Any, previous: Any) -> Any:
        return make_suggestions(snapshot, previous, _today(), start)

    with _watched(built):
        manifest = build(drafts(documents), encoder, data, start, suggest if suggestions else None)
    ended = [*(moment for _, moment in began[1:]), time.perf_counter()]
    for (stage, moment), end in zip(began, ended, strict=True):
        built.stages[stage] = built.stages.get(stage, 0.0) + end - moment
    built.id, built.passages, built.units = manifest.id, manifest.passages, manifest.units
    built.encoded, built.encoding = encoder.texts, encoder.took
    files = (data / "snapshots" / manifest.id).rglob("*")
    built.size = sum(file.stat().st_size for file in files if file.is_file()) / 2**20
    if activated:
        activate(manifest.id, data)
    else:
        shutil.rmtree(data / "snapshots" / manifest.id)
    return built


def measure_search(data: Path, stand_in: bool) -> Searched:
    from index.query import parse
    from index.search import search
    from index.snapshot import load

    encoder = Timed(WordSums() if stand_in else OnnxEncoder(threads=1))
    started = time.perf_counter()
    snapshot = load(data, encoder)
    loaded = time.perf_counter() - started
    queries = [parse(text, snapshot.spelling) for text in synthetic.questions(QUESTIONS)]
    took = []
    for number, query in enumerate(2 * queries):  # the first round fills the caches
        encoding, started = encoder.took, time.perf_counter()
        search(snapshot, query, K)
        if number >= QUESTIONS:
            took.append(1000 * (time.perf_counter() - started - (encoder.took - encoding)))
    p95 = statistics.quantiles(took, n=20)[-1]
    return Searched(loaded, _memory("RssAnon"), _memory("VmRSS"), statistics.median(took), p95)


def _today() -> Any:
    from datetime import date

    return date(2026, 11, 1)


@contextmanager
def _watched(built: Built) -> Iterator[None]:
    """Fills in time and memory; what it holds of its own is looked at every 50 ms."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            built.own = max(built.own, _memory("RssAnon"))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    started, busy = time.perf_counter(), time.process_time()
    yield
    built.seconds, built.processor = time.perf_counter() - started, time.process_time() - busy
    ended.set()
    watcher.join()
    built.peak = _memory("VmHWM")


def _memory(name: str) -> float:
    """Of this process, in MiB."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def _say(what: str) -> None:
    if console.is_terminal:
        console.print(f"… {what}", style="dim")


if __name__ == "__main__":
    typer.run(main)
