"""A document, and the passages and citable units it is cut into.

Offsets are in characters of `Document.text`, so that any quote leads back to its place in the file.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MARKER = re.compile(r"(?<!\s)\s*\[([0-9]{1,4})\](?!\()")  # "[3]", with the space before it; "[3](…)" is a link
PAGE = re.compile(r"[ \t]*<!-- trang ([1-9][0-9]{0,4}) -->[ \t]*")  # a line; what follows it is on that page


@dataclass(frozen=True, slots=True)
class Source:
    """A publication that a document's `[n]` markers name."""

    n: int
    title: str
    url: str
    publisher: str
    date: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What the catalogue knows of one document. Dates are YYYY, YYYY-MM or YYYY-MM-DD, as far as known.

    `expires` is the last day on which it holds, where the document says so itself.
    """

    id: str
    title: str
    issuer: str
    number: str | None
    doc_type: str
    issued: str | None
    as_of: str
    status: str
    supersedes: tuple[str, ...]
    superseded_by: tuple[str, ...]
    sources: tuple[Source, ...]
    note: str | None = None
    expires: str | None = None

    def has_expired(self, today: date) -> bool:
        """Whether its last day, month or year is over."""
        return bool(self.expires) and today.isoformat()[: len(self.expires or "")] > (self.expires or "")


class Kind(StrEnum):
    SENTENCE = "sentence"
    ITEM = "item"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest thing that is quoted: a sentence, a list item or a table row.

    `start` and `end` span it in the document; `quote` is those words without their `[n]` markers.
    `text` is how a person reads it: no markup, a row's cells beside their headers.
    `lead` is the line, or the item, that an item or a row hangs on.
    `columns` and `cells` are a row's, without its sources. `questions` are sample questions that it answers.
    `page` is where it begins, in a document with pages.
    """

    kind: Kind
    start: int
    end: int
    quote: str
    text: str
    lead: str = ""
    columns: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    sources: tuple[int, ...] = ()
    questions: tuple[str, ...] = ()
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """What is encoded, searched and cited: neighbouring units under one heading.

    `id` is structural (`ung-dung-ihanoi#chuc-nang.2`): edits under other headings leave it alone.
    """

    id: str
    document_id: str
    headings: tuple[str, ...]
    units: tuple[Unit, ...]

    @property
    def text(self) -> str:
        """The passage as a person reads it, without its headings."""
        lines: list[str] = []
        for unit in self.units:
            if unit.lead and unit.lead not in " ".join(lines):  # a lead of several sentences is there as several units
                lines.append(unit.lead)
            lines.append(unit.text)
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class SampleQuestions:
    """Questions that an editor wrote for the units whose texts begin with `answered_by`, best first.

    None of the document's units answers them where it is empty.
    """

    answered_by: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its catalogue entry and its whole text, front matter included, in NFC."""

    entry: Entry
    text: str
    body: int
    questions: tuple[SampleQuestions, ...] = ()
