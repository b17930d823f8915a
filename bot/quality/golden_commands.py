"""`hanoidx golden`: the questions that are asked before a new snapshot is activated."""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.settings import Settings
from corpus.catalogue import ADDED, DOCUMENTS
from corpus.intake.audit import record
from index.__main__ import Corpus, Data

if TYPE_CHECKING:
    from bot.quality.evaluate import Item

app = typer.Typer(
    help="Golden questions: what has to be answered well before a new snapshot is activated.", no_args_is_help=True
)


@app.command("add")
def add_question(
    question: Annotated[str | None, typer.Argument(help="As a person would ask it.")] = None,
    answer_id: Annotated[
        str | None,
        typer.Option("--from", metavar="ID", help="Take the question and its answer from a receipt; see --yes."),
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(help="How it has to end: answer, outdated, abstain, offtopic, refuse or smalltalk."),
    ] = None,
    docs: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A document that answers it; may be repeated.")
    ] = None,
    answers: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help='What the answer has to say, other ways to put it after "|"; if repeated, it has to say all of them.',
        ),
    ] = None,
    kind: Annotated[str | None, typer.Option(help="The kind it is counted with; own, unless given.")] = None,
    typed: Annotated[str | None, typer.Option(metavar="TEXT", help="The same, as typed in a hurry.")] = None,
    id_: Annotated[str, typer.Option("--id", help="Its id; the next free one, unless given.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="With --from: take what is proposed.")] = False,
    data: Data = Path("data"),
    corpus: Corpus = DOCUMENTS,
) -> None:
    """Add a golden question, checked against the documents."""
    if (question is None) == (answer_id is None):
        raise typer.BadParameter("give either a question or --from ID")

    from bot.quality.evaluate import Item
    from bot.quality.golden import KIND, add, drafted
    from bot.records.receipts import known
    from corpus.catalogue import read_folder

    if answer_id is None:
        draft = Item(id_, KIND, "answer", question or "", None, (), (), (), (), None)
    else:
        draft = drafted(known(answer_id, data, Settings.from_env(os.environ).database_url))
    if expect not in (None, draft.expect):
        draft = dataclasses.replace(draft, answers=())  # it is to end otherwise than it did
    said = tuple(tuple(one.strip() for one in text.split("|")) for text in answers or ())
    item = dataclasses.replace(
        draft,
        id=id_,
        kind=kind or draft.kind,
        expect=expect or draft.expect,
        typed=typed,
        docs=tuple(docs or draft.docs),
        answers=said or draft.answers,
    )
    if answer_id and not (said or yes):
        _show(item)
        typer.echo("\nnothing is added yet; repeat with --yes, or with --answers for what it has to say instead")
        return
    item = add(item, data, {document.entry.id: document.text for document in read_folder(corpus, data / ADDED)})
    record(data, "golden add", item.id, after=item.question)
    _show(item)


@app.command("list")
def list_questions(
    id_: Annotated[str | None, typer.Argument(metavar="ID", help="Show only this one, in full.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Also those that come with the program.")] = False,
    data: Data = Path("data"),
) -> None:
    """List your own golden questions, or all."""
    from bot.quality.golden import named, own, questions

    everything = questions(data)
    if id_:
        _show(named(id_, everything))
        return
    for item in everything if all_ else own(data):
        typer.echo(f"{item.id}\t{item.kind}\t{item.expect}\t{item.question}")
    mine = len(own(data))
    typer.echo(f"{mine} of your own, {len(everything) - mine} that come with the program", err=True)


@app.command("remove")
def remove_question(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `hanoidx golden list` shows it.")],
    data: Data = Path("data"),
) -> None:
    """Remove one of your own golden questions."""
    from bot.quality.golden import remove

    item = remove(id_, data)
    record(data, "golden remove", item.id, before=item.question)
    typer.echo(f"removed    {item.id}")


def _show(item: "Item") -> None:
    for name, value in (
        ("id", item.id or "–"),
        ("kind", item.kind),
        ("expect", item.expect),
        *(("after", turn) for turn in item.turns),
        ("question", item.question),
        *([("typed", item.typed)] if item.typed else []),
        *(("docs", document_id) for document_id in item.docs),
        *(("answers", " | ".join(accepted)) for accepted in item.answers),
    ):
        typer.echo(f"{name:<10} {value}")
