"""`hanoidx index`: build a snapshot, list and activate them, look at what a question finds.

What takes long to import is imported inside the commands, because `hanoidx` loads this file for every command.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from corpus.catalogue import ADDED, DOCUMENTS
from corpus.errors import CorpusError
from index.errors import DamagedSnapshot, IndexingError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from index.build import Start
    from index.snapshot import Snapshot, Suggestion

Data = Annotated[Path, typer.Option("--data", envvar="HANOIDX_DATA", help="Folder of the snapshots.")]
Corpus = Annotated[Path, typer.Option("--corpus", envvar="HANOIDX_CORPUS", help="Folder of the documents.")]
EncoderName = Annotated[
    str,
    typer.Option(
        "--encoder", envvar="HANOIDX_ENCODER", help="onnx, onnx:FOLDER, or sentence-transformers:FOLDER_OR_NAME."
    ),
]

# What `hanoidx` puts into the context: it makes the suggestions of a snapshot, which was made from the other.
MakeSuggestions = Callable[["Snapshot", "Snapshot | None", "Start"], "Iterable[Suggestion]"]

PIPE_WIDTH = 240  # where no terminal says how wide it is, ids stay whole


class Commands(TyperGroup):
    """What an operator has to mend is one line on stderr and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except (CorpusError, IndexingError) as error:
            typer.echo(f"hanoidx: {error}", err=True)
            raise typer.Exit(1) from error
        except OSError as error:
            found = ": ".join(filter(None, (error.filename and str(error.filename), error.strerror or str(error))))
            typer.echo(f"hanoidx: {found}; check the path, its permissions and the room on its disk", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=Commands,
    help="Build, list and activate snapshots of the documents; look at what a question finds.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command("build")
def build_snapshot(
    context: typer.Context,
    data: Data = Path("data"),
    corpus: Corpus = DOCUMENTS,
    encoder: EncoderName = "onnx",
    activated: Annotated[bool, typer.Option("--activate/--no-activate", help="Make it the active one.")] = True,
) -> None:
    """Build a snapshot of the documents.

    The active one stays as it is until the new one is complete; what it has of unchanged documents is taken from it.
    A build that was stopped or killed goes on where it was encoding.
    """
    from corpus.catalogue import drafts
    from index.build import build
    from index.encode import Progress as Advance
    from index.encode import load_encoder
    from index.snapshot import activate

    documents = drafts(corpus, data / ADDED)
    loaded = load_encoder(encoder)
    encoded = 0
    progress = _progress()
    make_suggestions: MakeSuggestions | None = context.obj

    def show(stage: str, size: int) -> Advance:
        task = progress.add_task(stage, total=size)
        return lambda count: progress.advance(task, count)

    def start(stage: str, size: int) -> Advance:
        nonlocal encoded
        encoded += size * (stage in ("passages", "units", "questions"))
        return show(stage, size)

    suggest = (lambda snapshot, previous: make_suggestions(snapshot, previous, show)) if make_suggestions else None
    started = time.perf_counter()
    with progress:
        manifest = build(documents, loaded, data, start, suggest)
    seconds = time.perf_counter() - started
    vectors = manifest.passages + manifest.units + manifest.questions
    if activated:
        activate(manifest.id, data)
    typer.echo(
        f"snapshot     {manifest.id}\n"
        f"documents    {manifest.documents:,}\n"
        f"passages     {manifest.passages:,}\n"
        f"units        {manifest.units:,}\n"
        f"questions    {manifest.questions:,}\n"
        f"suggestions  {manifest.suggestions:,}\n"
        f"vectors      {encoded:,} encoded, {vectors - encoded:,} reused\n"
        f"time         {seconds:.1f} s, {manifest.passages / seconds:,.0f} passages/s\n"
        f"active       {'yes' if activated else f'no; hanoidx index activate {manifest.id}'}"
    )


@app.command("list")
def list_snapshots(data: Data = Path("data")) -> None:
    """List the snapshots, newest first.

    Each is read and compared with its digests, so that what is damaged is seen.
    """
    from rich.table import Table

    from index.snapshot import Manifest, active, manifests

    found = manifests(data)
    current = active(data)
    table = Table("id", "created", "encoder", box=None)
    for column in ("documents", "passages", "size"):
        table.add_column(column, justify="right")
    table.add_column("state")
    for snapshot_id, manifest in found.items():
        state = "active" if snapshot_id == current else ""
        size = f"{_size(data / 'snapshots' / snapshot_id) / 1e6:,.1f} MB"
        if isinstance(manifest, Manifest):
            counts = (f"{manifest.documents:,}", f"{manifest.passages:,}")
            table.add_row(snapshot_id, manifest.created, manifest.encoder, *counts, size, state)
        else:
            damage = f"{'damaged' if isinstance(manifest, DamagedSnapshot) else 'foreign'}: {manifest.reason}"
            table.add_row(snapshot_id, "", "", "", "", size, f"{state}, {damage}".removeprefix(", "))
    if found:
        _console().print(table)
    if current not in found:
        named = f"the active snapshot {current[:100]!r} is not there" if current else "no snapshot is active"
        typer.echo(f"{named}; `hanoidx index build` makes one", err=True)


@app.command("activate")
def activate_snapshot(
    snapshot_id: Annotated[str, typer.Argument(metavar="ID", help="As `hanoidx index list` shows it.")],
    data: Data = Path("data"),
) -> None:
    """Make a snapshot the active one.

    It is compared with its digests first. This is also the way back to an older one.
    """
    from index.snapshot import activate

    activate(snapshot_id, data)
    typer.echo(f"active     {snapshot_id}")


@app.command("search")
def search_passages(
    question: Annotated[str, typer.Argument(help="As a person would type it.")],
    k: Annotated[int, typer.Option("-k", min=1, help="How many passages.")] = 10,
    data: Data = Path("data"),
    encoder: EncoderName = "onnx",
) -> None:
    """Show the passages that a question finds, with their scores."""
    from rich.table import Table

    from index.encode import load_encoder
    from index.query import parse
    from index.search import search
    from index.snapshot import load

    snapshot = load(data, load_encoder(encoder))
    table = Table(box=None)
    for column in ("rank", "score", "dense", "bm25", "unit"):
        table.add_column(column, justify="right")
    table.add_column("passage", overflow="fold")
    table.add_column("begins", no_wrap=True, overflow="ellipsis")
    for hit in search(snapshot, parse(question, snapshot.spelling), k):
        scores = (f"{score:.3f}" for score in (hit.score, hit.dense, hit.bm25, max(hit.units)))
        table.add_row(str(hit.rank), *scores, hit.passage.id, " ".join(hit.passage.text.split())[:80])
    _console().print(table)


def _console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    console = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


def _progress() -> "Progress":
    """How far the encoding is, with its rate and the time left; nothing where stderr is not a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:,.0f}/s" if speed else "")

    console = _console(stderr=True)
    columns = (TextColumn("{task.description:11}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeLeft())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


if __name__ == "__main__":
    app()
