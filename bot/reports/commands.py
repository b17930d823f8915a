"""`hanoidx report`: how the bot was used, what was asked in vain, what people thought of it, what it cites.

What takes long to import is imported inside the commands, because `hanoidx` loads this file for every command.
"""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.messages import HANOI
from bot.settings import Settings
from index.__main__ import PIPE_WIDTH, Commands, Data, EncoderName

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.reports.figures import Feedback, Period, Sources, Unanswered, Usage

Report = TypeVar("Report", "Feedback", "Sources", "Unanswered", "Usage")
Since = Annotated[
    str, typer.Option(metavar="TIME", help="Hours, days or weeks like 24h, 7d, 4w, or a day like 2026-11-01, in Hanoi.")
]
Html = Annotated[Path | None, typer.Option("--html", metavar="OUT", help="Write a page with plots here.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]

app = typer.Typer(
    cls=Commands,
    help="Report what people asked and how it went: tables, JSON, or a page with plots.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def usage(since: Since = "7d", html: Html = None, json_: Json = False, data: Data = Path("data")) -> None:
    """Report how much was asked, when, on which channel, how it ended and how long it took."""
    from bot.reports.figures import usage

    _report(usage, since, html, data, json_=json_)


@app.command()
def unanswered(
    since: Since = "7d",
    html: Html = None,
    json_: Json = False,
    export: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Add the clusters to this file of questions, as drafts of golden questions."),
    ] = None,
    cluster: Annotated[
        list[int] | None,
        typer.Option(min=1, metavar="N", help="Of the clusters, export only this one; may be given again."),
    ] = None,
    data: Data = Path("data"),
    encoder: EncoderName = "onnx",
) -> None:
    """Report what was asked in vain, wordings of one question together, the most frequent first."""
    if cluster and not export:
        raise typer.BadParameter("--cluster goes with --export, the file to add it to")
    from bot.reports.figures import append, unanswered
    from index.encode import load_encoder

    def make(connection: "Connection", period: "Period") -> "Unanswered":
        return unanswered(connection, period, load_encoder(encoder))

    report = _report(make, since, html, data, json_=json_)
    if export:
        wanted = set(cluster or range(1, len(report.clusters) + 1))
        if unknown := wanted - {one.number for one in report.clusters}:
            raise typer.BadParameter(f"there is no cluster {min(unknown)}, they are 1 to {len(report.clusters)}")
        added = append((one for one in report.clusters if one.number in wanted), export)
        typer.echo(f"{export}: {added} drafts added, {len(wanted) - added} were there", err=True)


@app.command()
def feedback(since: Since = "7d", html: Html = None, json_: Json = False, data: Data = Path("data")) -> None:
    """Report thumbs by document and reason, and the answers that were disliked."""
    from bot.reports.figures import feedback

    _report(feedback, since, html, data, json_=json_)


@app.command()
def sources(since: Since = "7d", html: Html = None, json_: Json = False, data: Data = Path("data")) -> None:
    """Report how often each document of the active snapshot is cited, and which never are."""
    from bot.reports.figures import sources
    from index.snapshot import entries

    def make(connection: "Connection", period: "Period") -> "Sources":
        return sources(connection, period, entries(data))

    _report(make, since, html, data, json_=json_)


def _report(
    make: "Callable[[Connection, Period], Report]", since: str, html: Path | None, data: Path, *, json_: bool
) -> "Report":
    """Make a report and show it as is wanted."""
    from rich.console import Console
    from sqlalchemy.exc import SQLAlchemyError

    from bot.errors import NoDatabase
    from bot.records.database import FILE, database, reading, unreadable
    from bot.reports import page
    from bot.reports.figures import period, to_json
    from bot.reports.pages import page as paged
    from bot.reports.pages import show, to_html

    try:
        time = period(since, datetime.now(HANOI))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from error
    url = Settings.from_env(os.environ).database_url
    if not url and not (data / FILE).exists():
        raise NoDatabase(data / FILE)
    try:
        with reading(database(data, url)) as connection:
            report = make(connection, time)
    except SQLAlchemyError as error:
        raise unreadable(data, url, error) from error
    if html:
        page.write(to_html(paged(report)), html)
    if json_:
        typer.echo(to_json(report))
    else:
        console = Console(markup=False, emoji=False, highlight=False)
        if not console.is_terminal:
            console.width = PIPE_WIDTH
        show(paged(report), console)
    return report
