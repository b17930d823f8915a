"""Speed and memory, measured: `python tests/bench.py [--quick] [--json OUT]`, or `make bench`.

The whole takes 20 minutes on two cores, and some 9 GiB of memory and of disk for a million synthetic passages;
`--quick` takes 3 minutes and stops at 10,000.

Every figure is taken in a fresh process, so that its memory, caches and imports are its own; this one only starts
them and prints. It must stay small itself: Linux counts what a process held before `exec` into its peak memory.
"""

import dataclasses
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
import synthetic
import typer
from rich.console import Console
from rich.table import Table

from bot.__main__ import ONE_THREAD
from corpus.catalogue import DOCUMENTS, read_folder
from index.encode import OnnxEncoder, Progress, Vectors, WithoutTokens

if TYPE_CHECKING:
    from index.snapshot import Snapshot

TESTS = Path(__file__).parent
QUESTIONS = TESTS / "data" / "questions-dev.jsonl"
FIRST_QUESTION = "Hà Nội có bao nhiêu xã, phường?"
QUICK_SIZES, SIZES = "1000,10000", "1000,10000,100000,1000000"
THREADS = {1: "1 thread", 2: "2 threads"}  # of the encoder
K = 10
BLOCK = 10_000  # vectors compared at a time
MIB = 2**20

# The bars of DESIGN: milliseconds, milliseconds, seconds, MiB.
P50_BAR, P95_BAR, COLD_BAR, MEMORY_BAR = 10.0, 20.0, 1.5, 300.0

COMPARED = {"LangChain + FAISS": ("langchain", "langchain_community"), "txtai": ("txtai", "txtai")}

P = ParamSpec("P")
T = TypeVar("T")

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the first table. `best` is what remains of it when nothing else runs on the machine."""

    what: str
    unit: str
    value: float
    count: str
    best: float | None = None
    bar: float | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds: the medians of the rounds' p50 and p95, and both over each question's fastest time."""

    p50: float
    p95: float
    best_p50: float
    best_p95: float


@dataclass(frozen=True, slots=True)
class Built:
    """`edited` is the rate of a build that finds all but one edited document in the active snapshot."""

    passages: int
    units: int
    fresh: float
    edited: float


@dataclass(frozen=True, slots=True)
class Asked:
    """`one` and `two` are answers a second with that many askers at once; `peak` is MiB after each question once."""

    latency: Latency
    one: float
    two: float
    peak: float


@dataclass(frozen=True, slots=True)
class Searched:
    """`private` is the part of `peak` (both MiB) that is not pages of mapped files, which the system can take back.

    `loaded` are the seconds that reading and verifying a snapshot took that had just been `written`.
    """

    passages: int
    kind: str
    written: float
    loaded: float
    latency: Latency
    with_encoding: Latency
    peak: float
    private: float
    recall: float


@dataclass(frozen=True, slots=True)
class Compared:
    """`cold` in seconds, `peak` in MiB."""

    name: str
    version: str
    latency: Latency
    cold: float
    peak: float


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds, and no more than 10,000 passages.")] = False,
    json_: Annotated[Path | None, typer.Option("--json", help="Write all figures there.")] = None,
    sizes: Annotated[str, typer.Option(help=f"Synthetic passages, like {SIZES}.")] = "",
    compare: Annotated[bool, typer.Option(help="Measure LangChain and txtai beside, where installed.")] = True,
    questions: Annotated[Path, typer.Option(help="The questions to ask.")] = QUESTIONS,
    documents: Annotated[Path, typer.Option(help="The documents to build from.")] = DOCUMENTS,
) -> None:
    """Measure how fast hanoidx is and how much memory it takes, and hold the figures against their bars."""
    rounds, cold_runs = (2, 3) if quick else (5, 7)
    machine = {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }
    console.print(
        "{date} · {processor}, {cores} cores, load {load} before the start · Python {python}".format(**machine)
    )
    with tempfile.TemporaryDirectory(prefix="hanoidx-bench-") as temporary:
        data = Path(temporary)
        _say("building the snapshot, then once more after an edit")
        built = alone(measure_build, documents, data)
        asked = {}
        for threads, named in THREADS.items():
            _say(f"asking {questions.name}, {named}")
            asked[threads] = alone(measure_ask, data, questions, threads, rounds)
        _say("starting from cold")
        cold, cold_peak = measure_cold(data, cold_runs)
        figures = list(_figures(built, asked, cold, cold_peak, len(_read_questions(questions)), rounds))
        console.print(_figures_table(figures))

        searched = []
        for size in map(int, (sizes or (QUICK_SIZES if quick else SIZES)).split(",")):
            _say(f"{size:,} synthetic passages: writing the snapshot")
            snapshot_id, written = alone(write_synthetic, data, size)
            _say(f"{size:,} synthetic passages: searching")
            searched.append(alone(measure_search, data, snapshot_id, questions, written, rounds))
            shutil.rmtree(data / "snapshots" / snapshot_id)
        console.print(_sizes_table(searched, len(_read_questions(questions)), rounds))

        ours = Compared("hanoidx", "", asked[2].latency, statistics.median(cold), asked[2].peak)
        compared = list(_compare(data, questions, quick=quick)) if compare else []
        if compared:
            console.print(_compared_table([ours, *compared]))
    if json_:
        figures_ = {"machine": machine, "quick": quick, "built": built, "asked": asked, "cold": cold}
        figures_ |= {"figures": figures, "sizes": searched, "compared": [ours, *compared]}
        json_.write_text(json.dumps(figures_, default=dataclasses.asdict, ensure_ascii=False, indent=2), "utf-8")


def alone(measure: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *args, **kwargs).result()


def measure_build(documents: Path, data: Path) -> Built:
    """Build and activate a snapshot in `data`; build again after an edit, and leave that one inactive."""
    from index.activation import activate
    from index.build import build

    read, encoder = read_folder(documents), OnnxEncoder()
    started = time.perf_counter()
    manifest = build(read, encoder, data)
    fresh = time.perf_counter() - started
    activate(manifest.id, data)
    edited = (*read[:-1], dataclasses.replace(read[-1], text=f"{read[-1].text}\nMột câu vừa được thêm vào.\n"))
    started = time.perf_counter()
    again = build(edited, encoder, data)
    seconds = time.perf_counter() - started
    return Built(manifest.passages, manifest.units, manifest.passages / fresh, again.passages / seconds)


def measure_ask(data: Path, questions: Path, threads: int, rounds: int) -> Asked:
    """From question to cited answer, warm: the first round of all questions is not counted."""
    from bot.answering.answer import ask
    from bot.dialogue import Question
    from index.snapshot import load

    snapshot = load(data, OnnxEncoder(threads=threads))
    today = datetime.now(UTC).date()
    asked = [Question(item["question"], tuple(item.get("turns", ()))) for item in _read_questions(questions)]

    def answer(question: Question) -> float:
        started = time.perf_counter()
        answered = ask(question, snapshot, today)
        took = (time.perf_counter() - started) * 1000
        _refuse_errors(question.text, answered.status)
        return took

    def together(askers: int) -> float:
        started = time.perf_counter()
        with ThreadPoolExecutor(askers) as pool:
            list(pool.map(answer, asked))
        return len(asked) / (time.perf_counter() - started)

    for question in asked:
        answer(question)
    peak = _memory("VmHWM")
    latency = _latency([[answer(question) for question in asked] for _ in range(rounds)])
    one, two = (statistics.median(together(askers) for _ in range(rounds)) for askers in (1, 2))
    return Asked(latency, one, two, peak)


def measure_cold(data: Path, runs: int) -> tuple[list[float], float]:
    """Seconds of each whole `hanoidx ask`, and the greatest peak memory in MiB. One more run fills the disk cache."""
    command = [sys.executable, "-m", "bot", "ask", FIRST_QUESTION, "--json"]
    measured = [_run(command, {"HANOIDX_DATA": str(data)}) for _ in range(runs + 1)][1:]
    for _, _, output in measured:
        _refuse_errors(FIRST_QUESTION, json.loads(output)["status"])
    return [seconds for seconds, _, _ in measured], max(peak for _, peak, _ in measured)


def write_synthetic(data: Path, size: int) -> tuple[str, float]:
    """Build a snapshot of about `size` passages of tests/synthetic.py: its id, and the seconds it took.

    A vector is a real one, drawn at random, plus Gaussian noise with the covariance of the real ones, so that neither
    the clusters nor the questions' similarities become those of a space nobody searches. Nothing is encoded.
    """
    from corpus.catalogue import drafts
    from index.build import build
    from index.snapshot import load

    drawn = Drawn(load(data, OnnxEncoder()))
    with tempfile.TemporaryDirectory(dir=data) as folder:
        for number in range(round(size / synthetic.PASSAGES)):
            synthetic.write(Path(folder), number)
        started = time.perf_counter()
        return build(drafts(Path(folder)), drawn, data).id, time.perf_counter() - started


class Drawn(WithoutTokens):
    """Passes for the encoder of a snapshot, and draws vectors around its passages' and units'."""

    def __init__(self, real: "Snapshot") -> None:
        self.name, self.digest, self.dim = real.encoder.name, real.encoder.digest, real.encoder.dim
        vectors = real.vectors.reconstruct_n(0, len(real))
        self._real = np.concatenate((vectors, real.unit_vectors.astype(np.float32)))
        self._random = np.random.default_rng(1)

    def encode_query(self, text: str) -> Vectors:
        vector: Vectors = self.encode_passages([text])[0]
        return vector

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        if progress:
            progress(len(texts))
        return _around(self._real, self._random.integers(len(self._real), size=len(texts)), self._random)


def measure_search(data: Path, snapshot_id: str, questions: Path, written: float, rounds: int) -> Searched:
    """The bot's own search over one snapshot, without and with the time that encoding the question takes."""
    from index.query import parse
    from index.search import query_vector, search
    from index.snapshot import load

    encoder = TimedEncoder(threads=1)
    started = time.perf_counter()
    snapshot = load(data, encoder, snapshot_id)
    loaded = time.perf_counter() - started
    queries = [parse(item["question"]) for item in _read_questions(questions)]
    whole, encoding = np.empty((2, rounds + 1, len(queries)))
    for number in range(rounds + 1):  # the first fills the disk cache, and is not counted
        for place, query in enumerate(queries):
            started = time.perf_counter()
            search(snapshot, query, K)
            whole[number, place] = (time.perf_counter() - started) * 1000
            encoding[number, place] = encoder.took
    peak, private = _memory("VmHWM"), _memory("RssAnon")
    flat = not hasattr(snapshot.vectors, "hnsw")
    vectors = np.array([query_vector(encoder, query) for query in queries])
    return Searched(
        passages=len(snapshot),
        kind="flat" if flat else "HNSW",
        written=written,
        loaded=loaded,
        latency=_latency((whole - encoding)[1:]),
        with_encoding=_latency(whole[1:]),
        peak=peak,
        private=private,
        recall=1.0 if flat else _recall(snapshot, vectors),
    )


class TimedEncoder(OnnxEncoder):
    """`took` is how many milliseconds the last question's encoding took."""

    took = 0.0

    def encode_query(self, text: str) -> Vectors:
        started = time.perf_counter()
        vector = super().encode_query(text)
        self.took = (time.perf_counter() - started) * 1000
        return vector


def _around(real: Vectors, rows: Any, random: np.random.Generator) -> Vectors:
    """One vector of length 1 for each of `rows`: that row of `real`, plus noise with the covariance of `real`."""
    centred = real - real.mean(axis=0)
    sample = centred[random.permutation(len(real))[: real.shape[1]]]  # as many as there are dimensions say it all
    noise = random.standard_normal((len(rows), len(sample)), np.float32) @ sample / np.sqrt(len(sample))
    vectors: Vectors = real[rows] + noise.astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _recall(snapshot: "Snapshot", vectors: Vectors) -> float:
    """How many of the true ten nearest are among the first ten that the graph finds, as `search` asks it."""
    from index.search import CANDIDATES

    found = snapshot.vectors.search(vectors, CANDIDATES)[1][:, :K]
    scores = np.full((len(vectors), K), -np.inf, np.float32)
    rows = np.full((len(vectors), K), -1)
    for first in range(0, len(snapshot), BLOCK):
        block = snapshot.vectors.reconstruct_n(first, min(BLOCK, len(snapshot) - first))
        scores = np.hstack((scores, vectors @ block.T))
        rows = np.hstack((rows, np.broadcast_to(np.arange(first, first + len(block)), (len(vectors), len(block)))))
        best = np.argpartition(-scores, K - 1)[:, :K]
        scores, rows = np.take_along_axis(scores, best, 1), np.take_along_axis(rows, best, 1)
    return float(np.mean([len(set(a) & set(b)) / K for a, b in zip(found.tolist(), rows.tolist(), strict=True)]))


def _compare(data: Path, questions: Path, *, quick: bool) -> Iterator[Compared]:
    installed = {name: names for name, names in COMPARED.items() if find_spec(names[1])}
    if len(installed) < len(COMPARED):
        absent = " and ".join(name for name in COMPARED if name not in installed)
        console.print(f"Not installed, so not compared: {absent}. `pip install 'hanoidx\\[compare]'` brings them.")
    if not installed:
        return
    folder = data / "compare"
    folder.mkdir()
    (folder / "passages.json").write_text(json.dumps(alone(_passage_texts, data)), "utf-8")
    texts = [FIRST_QUESTION, *(item["question"] for item in _read_questions(questions))]
    (folder / "questions.json").write_text(json.dumps(texts), "utf-8")
    environ = {"HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    for name, (library, _) in installed.items():
        _say(f"the same questions through {name}")
        command = [sys.executable, str(TESTS / "compare.py"), library]
        _run([*command, "build", str(folder)], environ)
        cold = [_run([*command, "first", str(folder)], environ)[0] for _ in range(2 if quick else 4)][1:]
        _, peak, output = _run([*command, "1" if quick else "3", str(folder)], environ)
        measured = json.loads(output.splitlines()[-1])
        yield Compared(name, measured["version"], _latency(measured["rounds"]), statistics.median(cold), peak)


def _passage_texts(data: Path) -> list[str]:
    from index.build import passage_text
    from index.snapshot import load

    snapshot = load(data, OnnxEncoder())
    passages = map(snapshot.passage, range(len(snapshot)))
    return [passage_text(snapshot.entries[passage.document_id], passage) for passage in passages]


def _run(command: Sequence[str], environ: dict[str, str]) -> tuple[float, float, str]:
    """Seconds, peak memory in MiB, and output of one process; what it complains of is shown when it fails.

    It has as many threads as it likes: that hanoidx does better with one is its own choice (bot/__main__.py).
    """
    kept = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env={**kept, **environ}, cwd=TESTS.parent, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        with process:
            assert process.stdout
            output = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{errors.read()}")
    return seconds, usage.ru_maxrss * 1024 / MIB, output


def _refuse_errors(question: str, status: str) -> None:
    """An apology is quickly made, and no figure of ours."""
    if status.startswith("error"):
        raise RuntimeError(f"«{question}» ended with {status}; the log above says why")


def _read_questions(questions: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in questions.read_text("utf-8").splitlines()]


def _latency(rounds: npt.ArrayLike) -> Latency:
    """Of milliseconds, one row a round."""
    times = np.asarray(rounds)
    p50, p95 = np.median(np.percentile(times, (50, 95), axis=1), axis=1).tolist()
    best_p50, best_p95 = np.percentile(times.min(axis=0), (50, 95)).tolist()
    return Latency(p50, p95, best_p50, best_p95)


def _memory(field: str) -> float:
    """MiB of this process: `VmHWM` is the peak, `RssAnon` what is private now."""
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / MIB
    raise RuntimeError(f"/proc/self/status has no {field}; the bench needs Linux")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _say(what: str) -> None:
    console.print(f"{datetime.now(UTC):%H:%M:%S} {what}", style="dim")


def _figures(
    built: Built, asked: dict[int, Asked], cold: list[float], cold_peak: float, questions: int, rounds: int
) -> Iterator[Figure]:
    counted = f"{questions} questions × {rounds}"
    for threads, of in asked.items():
        latency = of.latency
        yield Figure(
            f"question → answer, {THREADS[threads]}, p50", "ms", latency.p50, counted, latency.best_p50, P50_BAR
        )
        yield Figure(
            f"question → answer, {THREADS[threads]}, p95", "ms", latency.p95, counted, latency.best_p95, P95_BAR
        )
        yield Figure(f"answers a second, 1 asker, {THREADS[threads]}", "/s", of.one, counted)
        yield Figure(f"answers a second, 2 askers, {THREADS[threads]}", "/s", of.two, counted)
        yield Figure(
            f"peak memory, serving, {THREADS[threads]}", "MiB", of.peak, f"{questions} questions", bar=MEMORY_BAR
        )
    runs = f"{len(cold)} runs"
    yield Figure("cold start to first answer, whole process", "s", statistics.median(cold), runs, min(cold), COLD_BAR)
    yield Figure("peak memory, one cold answer", "MiB", cold_peak, runs, bar=MEMORY_BAR)
    whole = f"{built.passages} passages, {built.units} units"
    yield Figure("passages a second, all new", "/s", built.fresh, whole)
    yield Figure("passages a second, one document edited", "/s", built.edited, whole)


def _figures_table(figures: Sequence[Figure]) -> Table:
    table = Table(
        "What",
        title="Speed and memory: medians of the rounds; best: over each question's fastest round",
        title_justify="left",
    )
    for column in ("Figure", "Best", "Of", "Bar", ""):
        table.add_column(column, justify="right")
    for figure in figures:
        table.add_row(
            figure.what,
            f"{_number(figure.value)} {figure.unit}",
            "" if figure.best is None else f"{_number(figure.best)} {figure.unit}",
            figure.count,
            "" if figure.bar is None else f"≤ {figure.bar:g} {figure.unit}",
            "" if figure.bar is None else "[green]ok[/]" if figure.value <= figure.bar else "[red]over[/]",
        )
    return table


def _sizes_table(searched: Sequence[Searched], questions: int, rounds: int) -> Table:
    counted = f"{questions} questions × {rounds}, {THREADS[1]}"
    title = f"Search over synthetic passages, {counted}: ms p50 / p95, MiB, seconds"
    table = Table(title=title, title_justify="left")
    headings = ("Passages", "Vectors", "Search", "Best", "With encoding", "Peak (private)", "Recall@10")
    for column in (*headings, "Written / loaded"):
        table.add_column(column, justify="right")
    for size in searched:
        table.add_row(
            f"{size.passages:,}",
            size.kind,
            f"{_number(size.latency.p50)} / {_number(size.latency.p95)}",
            f"{_number(size.latency.best_p50)} / {_number(size.latency.best_p95)}",
            f"{_number(size.with_encoding.p50)} / {_number(size.with_encoding.p95)}",
            f"{_number(size.peak)} ({_number(size.private)})",
            f"{size.recall:.3f}",
            f"{_number(size.written)} / {_number(size.loaded)}",
        )
    return table


def _compared_table(compared: Sequence[Compared]) -> Table:
    title = "The same questions: hanoidx to a cited answer, 2 threads; the others encode and search alone"
    table = Table("", title=title, title_justify="left")
    for column in ("p50 ms", "p95 ms", "Cold start s", "Peak memory MiB"):
        table.add_column(column, justify="right")
    ours = _comparable(compared[0])
    for system in compared:
        cells = [_number(value) for value in _comparable(system)]
        if system is not compared[0]:
            cells = [
                f"{cell} (× {_number(value / own)})"
                for cell, value, own in zip(cells, _comparable(system), ours, strict=True)
            ]
        table.add_row(f"{system.name} {system.version}".strip(), *cells)
    return table


def _comparable(system: Compared) -> tuple[float, ...]:
    return system.latency.p50, system.latency.p95, system.cold, system.peak


def _number(value: float) -> str:
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


if __name__ == "__main__":
    typer.run(main)
