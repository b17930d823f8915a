"""A conversation on a terminal, or the lines of a pipe: each line is a question or a command that begins with `/`.

`run` is given a function that reads a line, and a console to print on, and knows neither prompt_toolkit nor pipes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from rich.console import Console
from rich.text import Text

from bot import messages
from bot.answering.answer import Ask
from bot.answering.conversation import Conversation, continued, understood
from bot.dialogue import Answer, Citation, receipt
from bot.errors import BotError, UnknownAnswer
from bot.messages import voice
from bot.privacy import mask
from bot.quality.replay import explain
from bot.render import facts, list_sources, moment, printable, show, styled
from corpus.language.normalize import fold
from index.snapshot import Manifest, Snapshot

Read = Callable[[], str]  # the next line; EOFError at the end, KeyboardInterrupt for Ctrl-C on an empty line
Keep = Callable[[Answer], None]
Replay = Callable[[str], Text]  # an answer's id -> its receipt, explained; UnknownAnswer or another BotError


@dataclass
class Session:
    """What the next line may refer to: the conversation so far and its last answer."""

    snapshot: Snapshot
    now: Callable[[], datetime]
    replay: Replay
    conversation: Conversation = field(default_factory=Conversation)
    answer: Answer | None = None


def run(
    ask: Ask,
    snapshot: Snapshot,
    read: Read,
    console: Console,
    now: Callable[[], datetime],
    keep: Keep,
    replay: Replay,
    *,
    interactive: bool,
) -> None:
    """Answer line after line until `read` or `/thoat` ends the conversation. `now` tells the reader's local time.

    `keep` is given each answer after it has been shown.
    """
    session = Session(snapshot, now, replay)
    if interactive:
        show(console, Text(messages.REPL_WELCOME))
    while True:
        try:
            line = read().strip()
            if line.startswith("/"):
                show(console, _obey(session, line).append("\n"))
            elif line:
                answer = _answer(session, ask, line)
                show(console, styled(answer).append("\n"))
                keep(answer)
        except EOFError:
            if interactive:
                show(console, Text(messages.REPL_GOODBYE))
            return
        except KeyboardInterrupt:
            if not interactive:
                raise
            show(console, Text(messages.REPL_HOW_TO_LEAVE))


def prompt(history: Path) -> Read:
    """Lines typed at a terminal, with Tab for commands, and `history` across sessions."""
    keys = KeyBindings()

    @keys.add("c-c")
    def clear_or_interrupt(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt())

    commands = WordCompleter([f"/{name}" for name in COMMANDS], sentence=True, match_middle=False)
    session: PromptSession[str] = PromptSession(
        messages.REPL_PROMPT,
        completer=commands,
        complete_while_typing=False,
        history=_history(history),
        key_bindings=keys,
    )
    return session.prompt


def pipe(stream: BinaryIO) -> Read:
    """Lines of a pipe; bytes that are not UTF-8 become replacement characters."""

    def read() -> str:
        line = stream.readline()
        if not line:
            raise EOFError
        return line.decode("utf-8", "replace")

    return read


def _history(file: Path) -> History:
    """Readable by its owner alone; where the data folder cannot be written, history lasts as long as the session."""
    try:
        file.touch(mode=0o600)
        file.chmod(0o600)
    except OSError:
        return InMemoryHistory()
    return _MaskedHistory(file)


class _MaskedHistory(FileHistory):
    def store_string(self, string: str) -> None:
        super().store_string(mask(string))


def _answer(session: Session, ask: Ask, line: str) -> Answer:
    session.answer = ask(understood(session.conversation, line, session.now()))
    session.conversation = continued(session.answer, session.now())
    return session.answer


def _obey(session: Session, line: str) -> Text:
    folded = fold(line)
    for name, (command, _) in COMMANDS.items():
        match = re.fullmatch(rf"/\s*{name.replace('_', '[ _-]?')}(?![a-z])\s*(.*)", folded, re.DOTALL)
        if match:
            return command(session, match[1])
    return Text(messages.REPL_UNKNOWN_COMMAND.format(command=printable(line.split(maxsplit=1)[0])[:40]))


def _sources(session: Session, argument: str) -> Text:
    if not session.answer:
        return Text(messages.REPL_NOTHING_ASKED)
    citations = session.answer.citations
    if not citations:
        return Text(messages.REPL_NO_SOURCES)
    if not argument:
        return Text(list_sources(citations, voice(session.answer.language)))
    for citation in citations:
        if argument.strip("[]") == str(citation.number):
            return _source(citation)
    return Text(messages.REPL_NO_SUCH_SOURCE.format(count=len(citations)))


def _source(citation: Citation) -> Text:
    return Text(f"[{citation.number}] “{printable(citation.quote)}”\n").append(
        facts(
            ("Văn bản", citation.title),
            ("Mục", " › ".join(citation.headings)),
            ("Số", citation.document_number),
            ("Nơi ban hành", citation.issuer),
            ("Ban hành", citation.issued and messages.date(citation.issued)),
            ("Thông tin đến", messages.date(citation.as_of)),
            ("Tình trạng", citation.status),
            ("Địa chỉ", citation.url),
            ("Mã đoạn", citation.passage_id),
        )
    )


def _why(session: Session, _: str) -> Text:
    if not session.answer:
        return Text(messages.REPL_NOTHING_ASKED)
    text = explain(receipt(session.answer, session.now()))
    text.no_wrap = True  # a table with its passages' long ids is easier to read cut by the terminal
    return text


def _replay(session: Session, argument: str) -> Text:
    answer_id = argument or (session.answer.answer_id if session.answer else "")
    if not answer_id:
        return Text(messages.REPL_NOTHING_ASKED)
    try:
        return session.replay(answer_id)
    except UnknownAnswer:
        return Text(messages.REPL_NO_RECEIPT.format(answer_id=printable(answer_id)[:40]))
    except BotError as error:
        return Text(messages.REPL_NO_RECEIPTS.format(error=error))


def _snapshot(session: Session, _: str) -> Text:
    return Text(describe(session.snapshot.manifest, session.now()))


def describe(manifest: Manifest, now: datetime) -> str:
    """A snapshot in the words of the person at the REPL, its time in the time zone of `now`."""
    return (
        f"Bản dữ liệu: {manifest.id}\n"
        f"Tạo lúc: {moment(datetime.fromisoformat(manifest.created), now)}\n"
        f"Bộ mã hoá: {manifest.encoder}\n"
        f"Gồm: {manifest.documents} văn bản, {manifest.passages} đoạn, {manifest.units} ý"
    )


def _start_anew(session: Session, _: str) -> Text:
    session.conversation, session.answer = Conversation(), None
    return Text(messages.REPL_NEW_CONVERSATION)


def _help(_: Session, __: str) -> Text:
    lines = (f"  /{name:10} {purpose}" for name, (_command, purpose) in COMMANDS.items())
    return Text("\n".join((messages.REPL_HELP, *lines, messages.REPL_HELP_SUGGESTIONS)))


def _leave(_: Session, __: str) -> Text:
    raise EOFError


COMMANDS: dict[str, tuple[Callable[[Session, str], Text], str]] = {
    "nguon": (_sources, messages.REPL_HELP_SOURCES),
    "vi_sao": (_why, messages.REPL_HELP_WHY),
    "replay": (_replay, messages.REPL_HELP_REPLAY),
    "snapshot": (_snapshot, messages.REPL_HELP_SNAPSHOT),
    "moi": (_start_anew, messages.REPL_HELP_NEW),
    "tro_giup": (_help, messages.REPL_HELP_HELP),
    "thoat": (_leave, messages.REPL_HELP_LEAVE),
}
