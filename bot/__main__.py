"""The command `hanoidx`: wires the parts together, and is the only place that does.

Start-up is part of every answer's time, so what takes long to import is imported inside the commands.
"""

import io
import json
import os
import secrets
import sys
from collections.abc import Callable, Coroutine, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import corpus.__main__ as corpus_commands
import index.__main__ as index_commands
from bot import messages
from bot.errors import BotError
from bot.messages import HANOI
from bot.quality import golden_commands, question_commands
from bot.reports import commands as report_commands
from bot.settings import Settings, SettingsError
from corpus.catalogue import ADDED, DOCUMENTS
from index.__main__ import Corpus, Data, EncoderName, Hooks

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from bot.answering.answer import Ask, Rewrite
    from bot.channels.service import Answering
    from bot.dialogue import Answer, Question, Receipt
    from bot.repl import Keep, Replay
    from index.build import Start
    from index.snapshot import Snapshot, Suggestion
    from index.verdict import Verdict

# The matrices of one question are small: on a second thread they wait for each other. 37 in place of 86 ms a question
# on two cores (EXPERIMENTS.md).
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
BROKEN_PIPE = 141  # what a shell reports of a program whose output nobody reads any more

Today = Annotated[
    date | None,
    typer.Option(parser=date.fromisoformat, envvar="HANOIDX_TODAY", hidden=True, help="Answer as of this day."),
]


class Commands(index_commands.Commands):
    """An output that nobody reads any more is no error, and ends the command without a word."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it closes it
            raise typer.Exit(BROKEN_PIPE) from error
        except (BotError, SettingsError) as error:
            typer.echo(f"hanoidx: {error}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=Commands,
    help="Answers questions about Hanoi's digital transformation, in Vietnamese, with citations and dates.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(corpus_commands.app, name="corpus")
app.add_typer(index_commands.app, name="index")
app.add_typer(golden_commands.app, name="golden")
app.add_typer(question_commands.app, name="questions")
app.add_typer(report_commands.app, name="report")


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a locale without Vietnamese letters is no reason to stop
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")  # read when numpy and faiss are imported, which is later
    app()


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"hanoidx {version('hanoidx')}")
        raise typer.Exit


@app.callback()
def hanoidx(
    context: typer.Context,
    _: Annotated[bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")] = False,
) -> None:
    """Nothing of its own; the help text is the application's."""
    context.obj = Hooks(_suggestions, _verdict, _needed)


@app.command()
def ask(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="QUESTION", help="The question; quotes around it are optional.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
    jsonl: Annotated[
        bool,
        typer.Option(
            "--jsonl",
            help='Read {"id", "question", "turns"} a line from stdin, print one JSON object a line with the same id. '
            "A line that cannot be read gets status error_bad_input (its number stands for a missing id), "
            "the others are answered, and the exit code is 0. Empty lines are passed over.",
        ),
    ] = False,
    id_: Annotated[str | None, typer.Option("--id", help="The id in the JSON object; drawn at random if none.")] = None,
    data: Data = Path("data"),
    encoder: EncoderName = "onnx",
    today: Today = None,
) -> None:
    """Answer one question, or a file of them."""
    if jsonl and (words or json_ or id_):
        raise typer.BadParameter("--jsonl reads its questions and their ids from stdin; give it no other")
    if not jsonl and words is None:
        raise typer.BadParameter('give a question, like hanoidx ask "Hà Nội có bao nhiêu xã, phường?"')
    if id_ and not json_:
        raise typer.BadParameter("--id goes with --json")
    snapshot = _load(data, encoder)
    answer = _ask(snapshot, today)
    if jsonl:
        _answer_lines(sys.stdin.buffer, answer, snapshot.id, _keep(data))
        return

    from bot.dialogue import Question, as_json

    answered = answer(Question(os.fsencode(" ".join(words or ())).decode("utf-8", "replace")))
    if json_:
        typer.echo(_json(as_json(answered, id_ or secrets.token_hex(6))))
    else:
        from rich.console import Console

        from bot.render import show, styled

        show(Console(highlight=False), styled(answered))
    _keep(data)(answered)


@app.command()
def repl(data: Data = Path("data"), encoder: EncoderName = "onnx", today: Today = None) -> None:
    """Talk with the assistant, at a terminal or through a pipe."""
    snapshot = _load(data, encoder)

    from rich.console import Console

    from bot.repl import pipe, prompt, run

    interactive = sys.stdin.isatty()
    read = prompt(data / "repl-history") if interactive else pipe(sys.stdin.buffer)
    console = Console(highlight=False) if interactive else Console(highlight=False, force_terminal=False)
    answer = _ask(snapshot, today)
    now = lambda: datetime.now(HANOI)
    run(answer, snapshot, read, console, now, _keep(data), _replay(data, answer), interactive=interactive)


@app.command()
def replay(
    answer_id: Annotated[
        str, typer.Argument(metavar="ID", help="An answer's id: answer_id in JSON, or what /vi_sao shows in the REPL.")
    ],
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
    data: Data = Path("data"),
    encoder: EncoderName = "onnx",
    today: Today = None,
) -> None:
    """Show what an answer was made of, answer its question anew, and say what has changed."""
    receipt = _find(answer_id, data)
    anew = _ask(_load(data, encoder), today)(receipt.question)

    from rich.console import Console

    from bot.quality.replay import replay_json, replayed
    from bot.render import show
    from index.snapshot import snapshot_ids

    if json_:
        typer.echo(_json(replay_json(receipt, anew, snapshot_ids(data))))
    else:
        show(Console(highlight=False), replayed(receipt, anew, snapshot_ids(data), datetime.now(HANOI)))


@app.command()
def evaluate(
    questions: Annotated[
        list[Path],
        typer.Option(
            exists=True, dir_okay=False, metavar="FILE", help="Questions, one JSON object a line; may be given again."
        ),
    ],
    json_: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the figures and every result here.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write a page with plots and every wrong answer here.")
    ] = None,
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Earlier evaluations, which the page shows beside this one.")
    ] = None,
    change: Annotated[
        str, typer.Option(metavar="TEXT", help="What has changed: add this evaluation to the history as that.")
    ] = "",
    data: Data = Path("data"),
    corpus: Corpus = DOCUMENTS,
    encoder: EncoderName = "onnx",
    today: Today = None,
) -> None:
    """Measure how good the answers to a file of questions are."""
    if change and not history:
        raise typer.BadParameter("--change goes with --history, the file to add it to")
    from rich.console import Console

    from bot.quality.evaluate import read, read_history, remember, run, to_json
    from bot.quality.evaluation_page import print_table, to_html
    from corpus.catalogue import read_folder
    from index.tuned import THRESHOLD

    texts = {document.entry.id: document.text for document in read_folder(corpus, data / ADDED)}
    earlier = read_history(history) if history else ()
    evaluation = run(read(questions, texts), _ask(_load(data, encoder), today, strict=True), texts)
    print_table(evaluation, Console(highlight=False))
    if json_:
        json_.write_text(to_json(evaluation), "utf-8")
    if html:
        html.write_text(to_html(evaluation, THRESHOLD, earlier), "utf-8")
    if history and change:
        remember(evaluation, history, change, datetime.now(HANOI).date())


@golden_commands.app.command("check")
def check_golden(data: Data = Path("data"), encoder: EncoderName = "onnx", today: Today = None) -> None:
    """Ask all golden questions of the active snapshot, and list those that are answered wrongly."""
    from rich.console import Console

    from bot.quality.evaluate import Wording, run
    from bot.quality.gate import concerns, faults
    from bot.quality.golden import questions

    snapshot = _load(data, encoder)
    items = [item for item in questions(data) if concerns(item, snapshot)]
    results = run(items, _ask(snapshot, today, strict=True), {}).of(Wording.CLEAN)
    console = Console(highlight=False, soft_wrap=True)
    for result in results:
        if not result.right:
            console.print(faults(result))
    typer.echo(f"{sum(result.right for result in results)} of {len(results)} golden questions are answered well")


@corpus_commands.app.command("diff")
def diff(
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
    data: Data = Path("data"),
    corpus: Corpus = DOCUMENTS,
    encoder: EncoderName = "onnx",
) -> None:
    """Show what the next build would change: documents, passages, facts, and citations that answers hold."""
    from dataclasses import asdict

    from bot.quality.diff import compare, lines
    from bot.records.database import FILE, database, reading
    from corpus.catalogue import read_folder

    documents, snapshot = read_folder(corpus, data / ADDED), _load(data, encoder)
    url = Settings.from_env(os.environ).database_url
    if url or (data / FILE).exists():
        with reading(database(data, url)) as connection:
            difference = compare(snapshot, documents, connection)
    else:
        difference = compare(snapshot, documents, None)
    if json_:
        typer.echo(_json({"snapshot_id": snapshot.id} | asdict(difference)))
        return
    for line in lines(difference):
        typer.echo(line)


@app.command()
def audit(
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object an action.")] = False,
    data: Data = Path("data"),
) -> None:
    """List what admins have done, from terminals and chats, oldest first; it is checked that nothing was altered."""
    from dataclasses import asdict

    from corpus.intake.audit import read

    for action in read(data):
        if json_:
            typer.echo(_json(asdict(action)))
            continue
        change = f" {action.before or '–'} → {action.after or '–'}" if action.before or action.after else ""
        reason = f" ({action.reason})" if action.reason else ""
        typer.echo(f"{action.at}  {action.who}  {action.what} {action.subject}{change}{reason}".rstrip())


Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 for any that is free.")]


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    data: Data = Path("data"),
    encoder: EncoderName = "onnx",
    today: Today = None,
) -> None:
    """Answer on every channel that is set up, by webhooks: Zalo OA, Zalo Bot, Telegram."""
    from bot.channels.serve import run

    _serve(lambda settings: run(settings, data, _answering(data, encoder, today), host, port))


@app.command()
def telegram(data: Data = Path("data"), encoder: EncoderName = "onnx", today: Today = None) -> None:
    """Answer on Telegram by polling, which needs no public address."""
    from bot.channels.polling import run_telegram

    _serve(lambda settings: run_telegram(settings, data, _answering(data, encoder, today)))


@app.command()
def zalo(data: Data = Path("data"), encoder: EncoderName = "onnx", today: Today = None) -> None:
    """Answer a Zalo bot by polling, to try things out; in service Zalo wants webhooks (hanoidx serve)."""
    from bot.channels.polling import run_zalo

    _serve(lambda settings: run_zalo(settings, data, _answering(data, encoder, today)))


def _serve(run: "Callable[[Settings], Coroutine[Any, Any, None]]") -> None:
    import uvloop

    from bot.log import configure

    settings = Settings.from_env(os.environ)
    configure(settings)
    sys.setswitchinterval(0.001)  # a webhook waits five times as long for the threads that answer with the default
    uvloop.run(run(settings))


def _answering(data: Path, encoder: str, today: date | None) -> "Answering":
    from bot.answering.answer import ask, contacts
    from bot.channels.service import Answering
    from index.encode import load_encoder
    from index.snapshot import load

    rewrite = _rewrite()
    loaded = load_encoder(encoder, threads=1)  # several questions at once use the cores better than one on all

    def day() -> date:
        return today or datetime.now(HANOI).date()

    return Answering(
        load=lambda: load(data, loaded),
        ask=lambda question, snapshot: ask(question, snapshot, day(), rewrite),
        contacts=lambda snapshot: contacts(snapshot, day()),
        now=lambda: datetime.now(HANOI),
        environ={"HANOIDX_ENCODER": encoder},
    )


def _load(data: Path, encoder: str) -> "Snapshot":
    from index.encode import load_encoder
    from index.snapshot import load

    return load(data, load_encoder(encoder))


def _ask(snapshot: "Snapshot", today: date | None, *, strict: bool = False) -> "Ask":
    from bot.answering.answer import ask

    rewrite = _rewrite()
    return lambda question: ask(question, snapshot, today or datetime.now(HANOI).date(), rewrite, strict=strict)


def _rewrite() -> "Rewrite | None":
    """What asks the generator, if the operator wants one."""
    generator = Settings.from_env(os.environ).generator
    if generator is None:
        return None

    from bot.answering.generate import rewrite

    return lambda question, answer, day: rewrite(question, answer, day, generator)


def _suggestions(snapshot: "Snapshot", previous: "Snapshot | None", start: "Start") -> "Iterable[Suggestion]":
    from bot.answering.candidates import suggestions

    return suggestions(snapshot, previous, datetime.now(HANOI).date(), start)


def _verdict(data: Path, old: "Snapshot", new: "Snapshot", start: "Start") -> "tuple[Verdict, RenderableType]":
    from bot.answering.answer import ask
    from bot.quality.gate import judge, show, to_html
    from bot.quality.golden import questions
    from index.verdict import keep, page

    day = datetime.now(HANOI).date()
    verdict = judge(old, new, questions(data), lambda one, snapshot: ask(one, snapshot, day, strict=True), start)
    keep(verdict, to_html(verdict), data)
    return verdict, show(verdict, page(data, new.id))


def _needed(data: Path) -> frozenset[str]:
    from bot.records.receipts import snapshot_ids

    return snapshot_ids(data, Settings.from_env(os.environ).database_url)


def _keep(data: Path) -> "Keep":
    def keep(answer: "Answer") -> None:
        from bot.records.receipts import keep  # after the first answer, which need not wait for SQLAlchemy

        keep(answer, data, Settings.from_env(os.environ).database_url)

    return keep


def _find(answer_id: str, data: Path) -> "Receipt":
    from bot.records.receipts import known

    return known(answer_id, data, Settings.from_env(os.environ).database_url)


def _replay(data: Path, ask: "Ask") -> "Replay":
    def replay(answer_id: str) -> "Text":
        from bot.quality.replay import replayed
        from index.snapshot import snapshot_ids

        receipt = _find(answer_id, data)
        return replayed(receipt, ask(receipt.question), snapshot_ids(data), datetime.now(HANOI))

    return replay


def _answer_lines(lines: Iterable[bytes], ask: "Ask", snapshot_id: str, keep: "Keep") -> None:
    from bot.dialogue import Answer, Question, Status, as_json

    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        line_id, question = _read_line(line, str(number))
        if isinstance(question, Question):
            answer = ask(question)
        else:
            receipt, status = secrets.token_hex(6), Status.ERROR_BAD_INPUT
            answer = Answer(receipt, Question(""), status, "vi", question, snapshot_id=snapshot_id)
        typer.echo(_json(as_json(answer, "") | {"id": line_id}))  # echo flushes
        keep(answer)


def _read_line(line: bytes, number: str) -> "tuple[str | int, Question | str]":
    """The id of a line, and its question or what is wrong with it. `number` stands for an id that cannot be known."""
    from bot.dialogue import Question

    try:
        text, broken = line.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        text, broken = line.decode("utf-8-sig", "replace"), True
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return number, messages.LINE_NOT_UTF8 if broken else messages.LINE_NOT_JSON
    line_id, question, turns = fields.get("id"), fields.get("question"), fields.get("turns", [])
    if line_id is None or (broken and "\ufffd" in str(line_id)):
        line_id = number
    if broken:
        return line_id, messages.LINE_NOT_UTF8
    if type(line_id) not in (str, int):
        return number, messages.LINE_BAD_ID
    if not isinstance(question, str):
        return line_id, messages.LINE_NO_QUESTION
    if not isinstance(turns, list) or not all(isinstance(turn, str) for turn in turns):
        return line_id, messages.LINE_BAD_TURNS
    return line_id, Question(question, tuple(turns))


def _json(record: dict[str, Any]) -> bytes:
    try:
        return json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, in an id or a quoted question, can only be written escaped
        return json.dumps(record).encode()


if __name__ == "__main__":
    main()
