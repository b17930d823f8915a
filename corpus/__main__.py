"""The commands about documents: `hanoidx corpus check` and `hanoidx corpus show ID`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from corpus.catalogue import ADDED, DOCUMENTS, check, read_folder, read_one
from corpus.document import Document, Passage, Unit
from corpus.errors import CorpusError
from corpus.split import split

app = typer.Typer(help="Check the documents, or look at one.", no_args_is_help=True)

Folder = Annotated[
    Path, typer.Option("--documents", envvar="HANOIDX_CORPUS", metavar="FOLDER", help="Folder of the documents.")
]
Data = Annotated[
    Path, typer.Option("--data", envvar="HANOIDX_DATA", metavar="FOLDER", help="Folder with the added documents.")
]


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
