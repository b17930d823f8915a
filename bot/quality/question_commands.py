"""`hanoidx questions`: sample questions for a document, proposed for a person to keep, change or drop."""

import dataclasses
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.settings import Settings
from corpus.catalogue import ADDED, DOCUMENTS
from corpus.intake.audit import record
from index.__main__ import Corpus, Data

if TYPE_CHECKING:
    from corpus.document import Document, SampleQuestions

app = typer.Typer(help="Sample questions: what people may ask of a document.", no_args_is_help=True)


@app.callback()
def questions() -> None:
    """Keeps `draft` a command of its own while it is the only one."""


@app.command("draft")
def draft_questions(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `hanoidx corpus list` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Keep all without asking.")] = False,
    data: Data = Path("data"),
    corpus: Corpus = DOCUMENTS,
) -> None:
    """Propose questions for what has none yet; in a terminal each is asked about, elsewhere they are printed."""
    from corpus.catalogue import files, read_one
    from corpus.questions import path_of, written

    document = read_one(id_, corpus, data / ADDED)
    have = {beginning for sample in document.questions for beginning in sample.answered_by}
    proposed = [
        sample
        for sample in _proposed(document)
        if not any(one.startswith(mine) or mine.startswith(one) for one in sample.answered_by for mine in have)
    ]
    if not yes and not sys.stdin.isatty():
        typer.echo(written(proposed), nl=False)
        return
    kept = proposed if yes else list(_reviewed(proposed))
    count = sum(len(sample.questions) for sample in kept)
    file = path_of(files(corpus, data / ADDED)[id_])
    if kept:
        file.parent.mkdir(exist_ok=True)
        before = file.read_text("utf-8") if file.is_file() else ""
        file.write_text(before + ("\n" if before and not before.endswith("\n") else "") + written(kept), "utf-8")
        record(data, "questions draft", id_, after=f"{count} questions")
    typer.echo(f"{count} questions kept in {file}; `hanoidx index build` takes them in" if kept else "nothing is kept")


def _proposed(document: "Document") -> "list[SampleQuestions]":
    from bot.answering.generate import Unusable
    from bot.quality.drafts import drafts, generated

    generator = Settings.from_env(os.environ).generator
    if generator:
        try:
            return generated(document, generator)
        except Unusable as unusable:
            typer.echo(f"the generator is of no use ({unusable}); these are made by rule", err=True)
    return drafts(document)


def _reviewed(proposed: "Sequence[SampleQuestions]") -> "Iterator[SampleQuestions]":
    """What a person keeps of it, as they word it. Who stops in between has kept what they have seen."""
    typer.echo("Enter keeps a question, - drops it, anything else takes its place; Ctrl-D stops here.")
    for sample in proposed:
        typer.echo("\n" + "\n".join(f"«{beginning}…»" for beginning in sample.answered_by))
        kept: list[str] = []
        try:
            for question in sample.questions:
                said = typer.prompt(f"  {question}\n ", default="", show_default=False, prompt_suffix="> ").strip()
                kept += [] if said == "-" else [said or question]
        except typer.Abort:
            if kept:
                yield dataclasses.replace(sample, questions=tuple(kept))
            return
        if kept:
            yield dataclasses.replace(sample, questions=tuple(kept))
