"""Answer -> what a person reads: plain text for pipes, rich text for terminals, and the list of sources for both.

Words of documents and of people go into `Text` objects as they are, never into markup strings.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.text import Text

from bot.dialogue import Answer, Citation, Status
from bot.messages import Voice, date, voice

# A terminal would obey these or show the line reversed; half a surrogate pair cannot be written as UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text without characters that a terminal would obey; of the same length, so that spans keep their places."""
    return _UNPRINTABLE.sub("\ufffd", text)


def styled(answer: Answer) -> Text:
    """The answer with the value asked for in bold, its sources and its suggestions."""
    text = Text(printable(answer.text))
    for start, end in answer.bold:
        text.stylize("bold", start, end)
    if answer.citations:
        text.append("\n\n").append(list_sources(answer.citations, voice(answer.language)), "dim")
    if answer.suggestions and answer.status is not Status.UNANSWERABLE_AMBIGUOUS:  # its text has them already
        text.append("\n\n").append(list_suggestions(answer.suggestions, voice(answer.language)))
    return text


def list_sources(citations: Sequence[Citation], voice: Voice) -> str:
    """One source a line, its address on the next: number, title, document number, place, dates."""
    return "\n".join((voice.sources, *(_source(citation, voice) for citation in citations)))


def list_suggestions(suggestions: Sequence[str], voice: Voice) -> str:
    lines = (f"{number}. {printable(suggestion)}" for number, suggestion in enumerate(suggestions, 1))
    return "\n".join((voice.suggestions, *lines))


def facts(*named: tuple[str, str | None]) -> Text:
    """One fact a line behind its name; those that are not known are left out."""
    lines = (Text().append(f"{name + ':':15}", "dim").append(printable(value)) for name, value in named if value)
    return Text("\n").join(lines)


def moment(created: datetime, now: datetime) -> str:
    """When, in the time zone of `now`, and how long ago: "03:00 ngày 23/11/2026 (9 giờ trước)"."""
    local = created.astimezone(now.tzinfo)
    return f"{local:%H:%M} ngày {date(f'{local:%Y-%m-%d}')} ({age(created, now)})"


def age(created: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that counts at least one."""
    minutes = int((now - created).total_seconds() // 60)
    for length, unit in ((24 * 60, "ngày"), (60, "giờ"), (1, "phút")):
        if minutes >= length:
            return f"{minutes // length} {unit} trước"
    return "vừa xong"


def show(console: Console, text: Text) -> None:
    """Print `text`: as it is on a pipe, wrapped at words on a terminal, where an address stays whole to be clicked."""
    if not console.is_terminal:
        console.file.write(f"{text.plain}\n")
        console.file.flush()
        return
    for line in text.split("\n", allow_blank=True):
        console.print(line, soft_wrap=bool(text.no_wrap) or "://" in line.plain)


def _source(citation: Citation, voice: Voice) -> str:
    facts = [citation.title]
    if citation.document_number:
        facts.append(voice.source_number.format(number=citation.document_number))
    if citation.place:
        facts.append(citation.place)
    if citation.issued:
        facts.append(voice.source_issued.format(date=date(citation.issued)))
    if citation.as_of != citation.issued:
        facts.append(voice.source_as_of.format(date=date(citation.as_of)))
    line = f"[{citation.number}] {', '.join(facts)}"
    return printable(f"{line}\n    {citation.url}" if citation.url else line)
