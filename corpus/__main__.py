"""`hanoidx corpus`: take documents in, hold and release them, check them, look at one.

What takes long to import is imported inside the commands, because `hanoidx` loads this file for every command.
"""

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus.catalogue import ADDED, DOC_TYPES, DOCUMENTS, STATUSES, check, read_folder, read_one
from corpus.document import Document, Passage, Unit
from corpus.errors import CorpusError
from corpus.split import split

HANOI = timezone(timedelta(hours=7))

if TYPE_CHECKING:
    from rich.progress import Progress

    from corpus.intake.examine import Concern
    from corpus.intake.intake import Draft, Shelf

app = typer.Typer(help="Take documents in, check them, or look at one.", no_args_is_help=True)

Folder = Annotated[
    Path, typer.Option("--documents", envvar="HANOIDX_CORPUS", metavar="FOLDER", help="Folder of the documents.")
]
Data = Annotated[
    Path, typer.Option("--data", envvar="HANOIDX_DATA", metavar="FOLDER", help="Folder with the added documents.")
]


Title = Annotated[str | None, typer.Option(help="What citations call it.")]
Issuer = Annotated[str | None, typer.Option(help="Who has issued it.")]
Number = Annotated[str | None, typer.Option(help="Its số/ký hiệu, like 521/QĐ-UBND; empty for none.")]
DocType = Annotated[str | None, typer.Option("--type", help=f"One of: {', '.join(DOC_TYPES)}.")]
Issued = Annotated[str | None, typer.Option(help="When it was issued: YYYY-MM-DD, YYYY-MM or YYYY.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="The day of its latest information.")]
StatusOption = Annotated[str | None, typer.Option("--status", help=f"One of: {', '.join(STATUSES)}.")]
Expires = Annotated[str | None, typer.Option(help="The last day on which it holds.")]
Note = Annotated[str | None, typer.Option(help="What readers should know of it.")]
Id = Annotated[str | None, typer.Option("--id", help="Its id: a-z, 0-9 and hyphens.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the record of what admins do.")]
Replacing = Annotated[bool, typer.Option("--replace", help="Take the place of the document with this id.")]


@app.command("add")
def add_documents(
    sources: Annotated[list[str], typer.Argument(metavar="FILE|FOLDER|URL…", help="What to take in.")],
    id_: Id = None,
    title: Title = None,
    issuer: Issuer = None,
    number: Number = None,
    doc_type: DocType = None,
    issued: Issued = None,
    as_of: AsOf = None,
    status: StatusOption = None,
    expires: Expires = None,
    note: Note = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing; what lacks a required field is not taken in.")
    ] = False,
    hold: Annotated[bool, typer.Option("--hold", help="Hold it, whatever it is like, until it is released.")] = False,
    replacing: Replacing = False,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object a document; implies --yes.")] = False,
    documents: Folder = DOCUMENTS,
    data: Data = Path("data"),
) -> None:
    """Read documents of any kind, and add them to the corpus once their fields are confirmed.

    What a document says of itself is proposed; options state it otherwise, and so does a file FILE.yaml beside it. A
    document about which there is a concern is held: see `corpus list` and `corpus release`. The others of a folder are
    taken in even if one cannot be read; then the exit code is 1. `hanoidx index build` puts them to use.
    """
    from corpus.intake.intake import Shelf

    given = _given(id_, title, issuer, number, doc_type, issued, as_of, status, expires, note)
    shelf, ask = Shelf(data, documents), not (yes or json_)
    if ask and not _is_terminal():
        raise typer.BadParameter("there is no terminal to ask at; confirm with --yes, or hold with --hold")
    failed = 0
    files = list(_sources(sources))
    is_shown = len(files) > 1 and not ask and sys.stderr.isatty()
    progress = _progress(len(files)) if is_shown else None
    for source in files:
        try:
            with _reading(source, progress):
                made, outcome = _take_in(source, shelf, given, ask=ask, hold=hold, replacing=replacing)
        except CorpusError as error:
            failed += 1
            typer.echo(f"hanoidx: {error}", err=True)
            continue
        if json_:
            typer.echo(json.dumps(_as_json(made, outcome), ensure_ascii=False))
        else:
            typer.echo(outcome)
    if failed:
        raise typer.Exit(1)


@app.command("list")
def list_documents(documents: Folder = DOCUMENTS, data: Data = Path("data")) -> None:
    """List the documents that were added or withdrawn, and those that are held, with the reasons."""
    from corpus.intake.intake import Shelf, list_held

    shelf = Shelf(data, documents)
    for path in sorted(shelf.added.glob("*.md")):
        if not path.with_suffix(".withdrawn").exists():
            typer.echo(f"added      {path.stem}")
    for path in sorted(shelf.added.glob("*.withdrawn")):
        typer.echo(f"withdrawn  {path.stem}")
    for held_id, made in list_held(shelf).items():
        lacking = f"; it lacks {', '.join(made.missing)}" if made.missing else ""
        typer.echo(f"held       {held_id} ({made.name}){lacking}")
        for concern in made.concerns:
            typer.echo(f"           {_concern(concern)}")
    bundled = sum(1 for path in shelf.files.values() if path.parent == documents)
    typer.echo(f"{bundled} bundled documents, {len(shelf.files) - bundled} added")


@app.command("release")
def release_document(
    held_id: Annotated[str, typer.Argument(metavar="ID", help="As `hanoidx corpus list` shows it.")],
    reason: Reason = "",
    id_: Id = None,
    title: Title = None,
    issuer: Issuer = None,
    number: Number = None,
    doc_type: DocType = None,
    issued: Issued = None,
    as_of: AsOf = None,
    status: StatusOption = None,
    expires: Expires = None,
    note: Note = None,
    replacing: Replacing = False,
    documents: Folder = DOCUMENTS,
    data: Data = Path("data"),
) -> None:
    """Add a document that is held, in spite of what was found; the reason is kept."""
    from corpus.intake.audit import record
    from corpus.intake.intake import Shelf, release

    given = _given(id_, title, issuer, number, doc_type, issued, as_of, status, expires, note)
    entry = release(held_id, Shelf(data, documents), given, reason, replacing=replacing)
    record(data, "corpus release", entry.id, before=held_id, reason=reason)
    typer.echo(f"added      {entry.id}; `hanoidx index build` puts it to use")


@app.command("reject")
def reject_document(
    held_id: Annotated[str, typer.Argument(metavar="ID", help="As `hanoidx corpus list` shows it.")],
    reason: Reason = "",
    data: Data = Path("data"),
) -> None:
    """Forget a document that is held, with its file."""
    from corpus.intake.audit import record
    from corpus.intake.intake import Shelf, reject

    made = reject(held_id, Shelf(data))
    record(data, "corpus reject", held_id, before=made.digest, reason=reason)
    typer.echo(f"rejected   {held_id}")


@app.command("withdraw")
def withdraw_document(
    document_id: Annotated[str, typer.Argument(metavar="ID", help="A document's id, bundled or added.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the record of what admins do.")],
    documents: Folder = DOCUMENTS,
    data: Data = Path("data"),
) -> None:
    """Use a document no longer, from the next build on; its files stay."""
    from corpus.intake.audit import record
    from corpus.intake.intake import Shelf, withdraw

    withdraw(document_id, Shelf(data, documents))
    record(data, "corpus withdraw", document_id, reason=reason)
    typer.echo(f"withdrawn  {document_id}; it is in use until `hanoidx index build`")


@app.command("restore")
def restore_document(
    document_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a document that was withdrawn.")],
    reason: Reason = "",
    documents: Folder = DOCUMENTS,
    data: Data = Path("data"),
) -> None:
    """Use a document again that was withdrawn."""
    from corpus.intake.audit import record
    from corpus.intake.intake import Shelf, restore

    restore(document_id, Shelf(data, documents))
    record(data, "corpus restore", document_id, reason=reason)
    typer.echo(f"restored   {document_id}; `hanoidx index build` puts it to use")


@app.command("check")
def check_documents(documents: Folder = DOCUMENTS, data: Data = Path("data")) -> None:
    """List all that is wrong with the documents: where, what, and how to mend it."""
    findings = check(documents, data / ADDED)
    for finding in findings:
        typer.echo(str(finding))
    if findings:
        raise typer.Exit(1)
    read = read_folder(documents, data / ADDED)
    typer.echo(f"{len(read)} documents, {sum(len(split(document)) for document in read)} passages, nothing to mend")


@app.command()
def show(
    document_id: Annotated[str, typer.Argument(metavar="ID", help="A document's id: its file name without .md.")],
    documents: Folder = DOCUMENTS,
    data: Data = Path("data"),
) -> None:
    """Print what is known of a document, and the passages it is cut into."""
    from rich.console import Console  # the other commands do without it, and start faster
    from rich.text import Text

    try:
        document = read_one(document_id, documents, data / ADDED)
    except CorpusError as error:
        typer.echo(f"hanoidx: {error}", err=True)
        raise typer.Exit(1) from error
    console = Console(soft_wrap=True)
    for style, text in _lines(document):
        console.print(Text(text, style))


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _sources(sources: list[str]) -> Iterator[str]:
    """Each file of a folder, and what is none as it is.

    What systems leave behind is no document, nor are sidecars and sample questions; a sidecar that belongs to no file
    is handed on, to be told.
    """
    from corpus.intake import names

    for source in sources:
        folder = Path(source)
        if "://" in source or not folder.exists():
            yield source
            continue
        paths = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
        for path in paths:
            below = path.relative_to(folder).parts or (path.name,)
            if any(map(names.is_left_over, below)) or (path.is_dir() and not path.is_symlink()):
                continue
            is_questions = path.parent.name == "questions"
            if not names.is_sidecar(path) or (not is_questions and names.owner(path) is None):
                yield str(path)


def _progress(files: int) -> "Progress":
    """A bar at the terminal, which says which file is read; not where the outcomes go, which may be a file."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.table import Column

    name = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
    bar = Progress(
        BarColumn(20), MofNCompleteColumn(), name,
        console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False,
    )  # fmt: skip
    bar.add_task("", total=files)
    return bar


@contextlib.contextmanager
def _reading(source: str, progress: "Progress | None") -> Iterator[None]:
    """While a file is read, the bar is there; it makes room for what is said of the file."""
    if progress is None:
        yield
        return
    from corpus.intake.names import composed

    progress.update(progress.task_ids[0], description=composed(Path(source).name))
    try:
        with progress:
            yield
    finally:
        progress.advance(progress.task_ids[0])


def _take_in(
    source: str, shelf: "Shelf", given: dict[str, str], *, ask: bool, hold: bool, replacing: bool
) -> "tuple[Draft, str]":
    """What was read, and what became of it in words."""
    from corpus.intake import intake, names
    from corpus.intake.audit import record
    from corpus.reading.fetch import fetch

    if "://" not in source and names.is_sidecar(Path(source)):
        raise names.orphaned(Path(source))

    today = datetime.now(HANOI).date()
    with tempfile.TemporaryDirectory() as folder:
        if "://" in source:
            fetched = fetch(source)
            path = Path(folder) / "original"
            path.write_bytes(fetched.content)
            made = intake.draft(path, fetched.name, shelf, today, given, fetched.url)
        else:
            path = Path(source)
            made = intake.draft(path, path.name, shelf, today, intake.sidecar(path) | given)
        if ask:
            made, hold = _confirm(made, hold=hold)
        if not hold and made.missing:
            lacking = ", ".join(made.missing)
            raise CorpusError(f"{source}: the document does not say its {lacking} — state it by options or a sidecar")
        if hold or made.concerns:
            held_id = intake.hold(made, shelf)
            record(
                shelf.data, "corpus hold", held_id, after=made.digest, reason="; ".join(map(_concern, made.concerns))
            )
            concerns = "".join(f"\n           {_concern(concern)}" for concern in made.concerns)
            return made, f"held       {held_id} ({source}){concerns}"
        entry = intake.add(made, shelf, replacing=replacing)
        record(shelf.data, "corpus add", entry.id, after=made.digest, reason="replaced" if replacing else "")
    return made, f"added      {entry.id} ({source})"


def _confirm(made: "Draft", *, hold: bool) -> "tuple[Draft, bool]":
    """At the terminal: what is proposed is shown, what lacks is asked for. Whether it is to be held."""
    typer.echo(f"\n{made.name}: {len(made.markdown):,} characters")
    for name, value in made.fields.items():
        found = getattr(made.proposal, name)
        whence = "stated" if name in made.given else f"line {found.line}: {found.words}" if found else ""
        typer.echo(f"  {name:<9}{value or '–'}" + (f"   ({whence})" if whence else ""))
    for one in made.proposal.supersedes:
        typer.echo(f"  replaces {one.number} ({one.id or 'not in the catalogue'}, line {one.line}: {one.words})")
    for concern in made.concerns:
        typer.echo(f"  {_concern(concern)}")
    stated = {name: typer.prompt(f"  {name}").strip() for name in made.missing}
    made = replace(made, given={**made.given, **stated})
    if not hold and not made.concerns and not typer.confirm("  Add it?"):
        hold = typer.confirm("  Hold it, to state its fields later?")
        if not hold:
            raise CorpusError(f"{made.name}: not added")
    return made, hold


def _given(*values: str | None) -> dict[str, str]:
    from corpus.intake.intake import FIELDS

    return {name: value for name, value in zip(FIELDS, values, strict=True) if value is not None}


def _as_json(made: "Draft", outcome: str) -> dict[str, Any]:
    state, called = outcome.split(maxsplit=2)[:2]
    return {
        "id": called,
        "state": state,
        "name": made.name,
        "fields": made.fields,
        "missing": made.missing,
        "concerns": [asdict(concern) for concern in made.concerns],
    }


def _concern(concern: "Concern") -> str:
    return f"line {concern.line}: {concern.why}: {concern.found}"


def _lines(document: Document) -> Iterator[tuple[str, str]]:
    """What `show` prints, each line with its style."""
    entry = document.entry
    yield "bold", entry.title
    for name in ("id", "issuer", "number", "doc_type", "issued", "as_of", "status", "note"):
        yield "", f"{name:<14}{getattr(entry, name) or '–'}"
    yield "", f"{'supersedes':<14}{', '.join(entry.supersedes) or '–'}"
    yield "", f"{'superseded_by':<14}{', '.join(entry.superseded_by) or '–'}"
    for source in entry.sources:
        yield "", f"[{source.n}] {source.publisher}, {source.date or 'no date'}: {source.title}"
        yield "dim", f"    {source.url}"
    for passage in split(document):
        yield "", ""
        yield from _passage_lines(passage)


def _passage_lines(passage: Passage) -> Iterator[tuple[str, str]]:
    yield "bold cyan", passage.id
    if passage.headings:
        yield "dim", "  " + " › ".join(passage.headings)
    lead = ""
    for unit in passage.units:
        if unit.lead not in ("", lead):
            yield "dim", f"  {'under':<10}{unit.lead}"
        lead = unit.lead
        yield "", f"  {unit.kind:<10}{unit.text}{_markers(unit)}"


def _markers(unit: Unit) -> str:
    return "".join(f" [{n}]" for n in unit.sources)


if __name__ == "__main__":
    app()
