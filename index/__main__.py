"""`hanoidx index`: build a snapshot, list, activate and delete them, look at what a question finds.

What takes long to import is imported inside the commands, because `hanoidx` loads this file for every command.
"""

import json
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from corpus.catalogue import ADDED, DOCUMENTS
from corpus.errors import CorpusError
from corpus.intake.audit import record
from index.errors import DamagedSnapshot, IndexingError, RefusedSnapshot, UnreadReceipts

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress

    from index.build import Start
    from index.encode import Encoder
    from index.snapshot import Manifest, Snapshot, Suggestion
    from index.verdict import Verdict

Data = Annotated[Path, typer.Option("--data", envvar="HANOIDX_DATA", help="Folder of the snapshots.")]
Corpus = Annotated[Path, typer.Option("--corpus", envvar="HANOIDX_CORPUS", help="Folder of the documents.")]
EncoderName = Annotated[
    str,
    typer.Option(
        "--encoder", envvar="HANOIDX_ENCODER", help="onnx, onnx:FOLDER, or sentence-transformers:FOLDER_OR_NAME."
    ),
]

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the record of actions.")]
Force = Annotated[bool, typer.Option("--force", help="Activate it though the gate refuses it; needs --reason.")]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What `hanoidx` puts into the context, because it takes answers, of which nothing here knows.

    `judge` is given the data folder, the active snapshot and a new one; it keeps the verdict, and returns it with what
    a terminal shows of it. `needed` are the ids of the snapshots that gave the answers which are kept.
    """

    suggest: Callable[["Snapshot", "Snapshot | None", "Start"], "Iterable[Suggestion]"]
    judge: Callable[[Path, "Snapshot", "Snapshot", "Start"], "tuple[Verdict, RenderableType]"]
    needed: Callable[[Path], Collection[str]]


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
    force: Force = False,
    reason: Reason = "",
    html: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write the page with the answers that changed here, too.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Build a snapshot of the documents, and activate it if it answers the golden questions no worse.

    The active one stays as it is until then; what it has of unchanged documents is taken from it. A build that was
    stopped or killed goes on where it was encoding.
    """
    _check_force(force, reason)
    if force and not activated:
        raise typer.BadParameter("--force is about activating; it does not go with --no-activate")
    from corpus.catalogue import drafts
    from index.activation import activate
    from index.build import build
    from index.encode import Progress as Advance
    from index.encode import load_encoder
    from index.shipped import ShippedEncoder
    from index.snapshot import active

    documents = drafts(corpus, data / ADDED)
    loaded = ShippedEncoder(load_encoder(encoder))
    encoded = 0
    progress = _progress()
    hooks: Hooks | None = context.obj

    def show(stage: str, size: int) -> Advance:
        task = progress.add_task(stage, total=size)
        return lambda count: progress.advance(task, count)

    def start(stage: str, size: int) -> Advance:
        nonlocal encoded
        encoded += size * (stage in ("passages", "units", "questions", "far messages"))
        return show(stage, size)

    suggest = (lambda snapshot, previous: hooks.suggest(snapshot, previous, show)) if hooks else None
    started = time.perf_counter()
    with progress:
        manifest = build(documents, loaded, data, start, suggest)
        encoded -= loaded.spared
        seconds = time.perf_counter() - started
        before = active(data)
        judged = _judge(hooks, manifest, before, data, loaded, show)
    refused = bool(judged.verdict and judged.verdict.reasons)
    activated = activated and (force or not refused)
    if activated:
        activate(manifest.id, data, force=force, instead_of=before)
    why = reason or ("the gate refused it" if refused else "")
    record(data, "index build", manifest.id, before=before, after=active(data), reason=why)
    if html and judged.verdict:
        html.write_bytes(_page(data, manifest.id).read_bytes())
    if json_:
        typer.echo(json.dumps(_as_json(manifest, judged, seconds, data, activated=activated), ensure_ascii=False))
    else:
        if judged.shown:
            _console().print(judged.shown)
        typer.echo(_summary(manifest, judged, encoded, seconds, activated=activated, refused=refused))
    if refused and judged.verdict and not force:
        raise RefusedSnapshot(manifest.id, judged.verdict.reasons, _page(data, manifest.id))
    if activated and hooks:
        _prune(hooks, data, reason="after a build")


@dataclass(frozen=True, slots=True)
class _Judged:
    """What came of the gate: a verdict, or why there is none. `unchanged`: the files are those of the active one."""

    verdict: "Verdict | None" = None
    shown: "RenderableType | None" = None
    none_because: str = ""
    unchanged: bool = False


def _judge(
    hooks: Hooks | None, manifest: "Manifest", before: str | None, data: Path, encoder: "Encoder", start: "Start"
) -> _Judged:
    from index.snapshot import load

    if hooks is None:
        return _Judged(none_because="nobody asked; `hanoidx index build` asks the golden questions")
    if before is None:
        return _Judged(none_because="nothing to compare with, no snapshot was active")
    try:
        old = load(data, encoder, before)
    except IndexingError as error:
        return _Judged(none_because=f"nothing to compare with: {error}")
    verdict, shown = hooks.judge(data, old, load(data, encoder, manifest.id), start)
    ours, others = (dict(one.files) for one in (old.manifest, manifest))
    for files in (ours, others):
        files.pop("suggestions.jsonl", None)  # which may depend on the day
    return _Judged(verdict, shown, unchanged=ours == others)


def _summary(
    manifest: "Manifest", judged: _Judged, encoded: int, seconds: float, *, activated: bool, refused: bool
) -> str:
    from index import far

    vectors = manifest.passages + manifest.units + manifest.questions + len(far.texts())
    if judged.verdict:
        counts = f"{judged.verdict.asked:,} golden questions, {len(judged.verdict.changes):,} answered differently"
        gate = f"{'refused' if refused else 'passed'}; {counts}"
        if judged.unchanged:
            gate += "; documents, encoder and program are those of the active snapshot"
    else:
        gate = judged.none_because
    return (
        f"snapshot     {manifest.id}\n"
        f"documents    {manifest.documents:,}\n"
        f"passages     {manifest.passages:,}\n"
        f"units        {manifest.units:,}\n"
        f"questions    {manifest.questions:,}\n"
        f"suggestions  {manifest.suggestions:,}\n"
        f"vectors      {encoded:,} encoded, {vectors - encoded:,} reused\n"
        f"time         {seconds:.1f} s, {manifest.passages / seconds:,.0f} passages/s\n"
        f"gate         {gate}\n"
        f"active       {'yes' if activated else 'no' if refused else f'no; hanoidx index activate {manifest.id}'}"
    )


def _as_json(manifest: "Manifest", judged: _Judged, seconds: float, data: Path, *, activated: bool) -> dict[str, Any]:
    verdict = judged.verdict
    counts = ("documents", "passages", "units", "questions", "suggestions")
    return {
        "snapshot_id": manifest.id,
        **{name: getattr(manifest, name) for name in counts},
        "seconds": round(seconds, 1),
        "verdict": "none" if verdict is None else "refused" if verdict.reasons else "passed",
        "none_because": judged.none_because,
        "against": verdict and verdict.against,
        "asked": verdict.asked if verdict else 0,
        "changed": len(verdict.changes) if verdict else 0,
        "reasons": list(verdict.reasons) if verdict else [],
        "page": str(_page(data, manifest.id)) if verdict else None,
        "unchanged": judged.unchanged,
        "activated": activated,
    }


def _page(data: Path, snapshot_id: str) -> Path:
    from index.verdict import page

    return page(data, snapshot_id)


def _prune(hooks: Hooks, data: Path, dropped: Collection[str] = (), *, reason: str) -> tuple[str, ...]:
    from index.activation import prune

    gone = prune(data, hooks.needed(data), dropped)
    for snapshot_id in gone:
        record(data, "index prune", snapshot_id, reason=reason)
    return gone


def _check_force(force: bool, reason: str) -> None:
    if force and not reason.strip():
        raise typer.BadParameter("--force needs --reason TEXT, which is kept")


@app.command("list")
def list_snapshots(data: Data = Path("data")) -> None:
    """List the snapshots, newest first.

    Each is read and compared with its digests, so that what is damaged is seen.
    """
    from rich.table import Table

    from index.activation import previous
    from index.snapshot import Manifest, active, manifests
    from index.verdict import kept

    found = manifests(data)
    current, before = active(data), previous(data)
    table = Table("id", "created", "encoder", box=None)
    for column in ("documents", "passages", "size"):
        table.add_column(column, justify="right")
    table.add_column("state")
    for snapshot_id, manifest in found.items():
        state = {current: "active", before: "before it"}.get(snapshot_id, "")
        if not state and (verdict := kept(data, snapshot_id)) and verdict.reasons:
            state = "refused"
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
    force: Force = False,
    reason: Reason = "",
) -> None:
    """Make a snapshot the active one.

    It is compared with its digests first, and not taken if the gate refused it. This is also the way back to any older
    one.
    """
    _check_force(force, reason)
    from index.activation import activate

    before = activate(snapshot_id, data, force=force)
    record(data, "index activate", snapshot_id, before=before, after=snapshot_id, reason=reason)
    typer.echo(f"active     {snapshot_id}")


@app.command("rollback")
def roll_back(data: Data = Path("data"), reason: Reason = "") -> None:
    """Return to the snapshot that was active before; a second time, come back.

    It is compared with its digests first.
    """
    from index.activation import rollback
    from index.snapshot import active

    before = active(data)
    after = rollback(data)
    record(data, "index rollback", after, before=before, after=after, reason=reason)
    typer.echo(f"active     {after}\nbefore it  {before}")


@app.command("prune")
def prune_snapshots(
    context: typer.Context,
    data: Data = Path("data"),
    dropped: Annotated[
        list[str] | None,
        typer.Option("--drop", metavar="ID", help="A snapshot that waits and will not be activated; may be repeated."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be deleted.")] = False,
    reason: Reason = "",
) -> None:
    """Delete the snapshots that nobody needs.

    The active one stays, the one before it, those that kept answers came from, and those that wait for activation.
    """
    from index.activation import prunable
    from index.snapshot import snapshot_ids

    hooks: Hooks | None = context.obj
    if hooks is None:
        raise UnreadReceipts
    if dry_run:
        gone = prunable(data, hooks.needed(data), dropped or ())
    else:
        gone = _prune(hooks, data, dropped or (), reason=reason)
    for snapshot_id in gone:
        typer.echo(snapshot_id)
    left = len(snapshot_ids(data)) - (len(gone) if dry_run else 0)
    typer.echo(f"{len(gone)} {'would be ' if dry_run else ''}deleted, {left} {'would ' if dry_run else ''}stay")


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
