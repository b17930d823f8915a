"""Chosen units -> text with numbered citations: runs of neighbours, the lines they hang on, dates, bold values."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from textwrap import shorten

from bot import messages
from bot.answering.asked import Asked
from bot.dialogue import Citation
from bot.messages import Voice
from corpus.document import Entry, Kind, Unit
from corpus.language.normalize import fold, words
from corpus.language.values import Value, find
from index.search import Hit

TELLING = 5  # words from which a heading tells what it is about
QUOTES = 560  # characters of all bare quotes together
LEAD = 200  # characters up to which a lead is repeated above what hangs on it
TITLE = 16  # characters from which the beginning of a title does

_ARTICLE = re.compile(
    r"dieu-(?P<article>\d{1,3}[a-z]?)(?:~\d+)?(?:\.(?P<clause>\d{1,3}[a-z]?)(?:~\d+)?)?(?P<rest>\+\d+)?"
)
_DRAFT = re.compile(r"\bdu thao\b")
_TARGET = re.compile(r"\b(?:muc tieu|chi tieu)\b")
_PLAN = re.compile(r"\b(?:ke hoach|du kien|lo trinh|dinh huong)\b")
_OUTCOME = re.compile(r"\b(?:ket qua|thuc te|da (?:dat|lam|co|thuc hien|ban hanh))\b")


@dataclass(frozen=True, slots=True)
class Written:
    """A text with its citations and, for each of them, all that the lines which cite it may draw on."""

    text: str
    citations: tuple[Citation, ...] = ()
    bold: tuple[tuple[int, int], ...] = ()
    grounds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """A unit that goes into the text. `shown` is what is shown of it: all of its text, or less of a long one."""

    hit: Hit
    row: int
    shown: str

    @property
    def unit(self) -> Unit:
        return self.hit.passage.units[self.row]

    @property
    def key(self) -> tuple[str, int]:
        return self.hit.passage.id, self.row


def whole(hit: Hit, row: int) -> Chosen:
    return Chosen(hit, row, hit.passage.units[row].text)


def brief(hit: Hit, row: int) -> Chosen:
    """A row's subject, or what an item says before its colon, so that a long list can come whole."""
    unit = hit.passage.units[row]
    if unit.kind is Kind.ROW:
        return Chosen(hit, row, unit.cells[0] if len(words(unit.cells[0])) >= 3 else unit.text)
    return Chosen(hit, row, unit.text.partition(": ")[0])


def clipped(hit: Hit, row: int, length: int) -> Chosen:
    """As many of a unit's words as `length` characters hold, and an ellipsis."""
    return Chosen(hit, row, hit.passage.units[row].text[: length - 1].rpartition(" ")[0] + "…")


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring units of one passage, in the document's order and without gaps; they share one citation."""

    hit: Hit
    units: tuple[Chosen, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """How a text is framed: in whose words, and on which day it is read."""

    voice: Voice
    today: date


def write(
    chosen: Sequence[Chosen],
    style: Style,
    asked: Asked | None = None,
    *,
    first: int = 1,
    heads: bool = True,
    opening: str = "",
) -> Written:
    """The text of units, passage by passage in the order of their first unit; citations are numbered from `first`."""
    runs = _runs(chosen)
    lines = [opening] if opening else []
    bold: list[tuple[int, int]] = []
    above: list[Entry] = []
    said: set[tuple[str, str]] = set()
    place = sum(len(line) + 1 for line in lines)
    under = ""
    for number, run in enumerate(runs, first):
        entry = run.hit.entry
        time = _time(entry, above, style.voice)
        above.append(entry)
        for one in run.units:
            head = _head(one)
            line = f"{time} {head}".strip() if heads else ""
            if line and (time or head != under):
                lines.append(line)
                place += len(line) + 1
            under, time = head, ""
            tags = [tag for tag in _tags(one, style) if (entry.id, tag) not in said]
            said.update((entry.id, tag) for tag in tags)
            bullet = "• " if head else ""
            lines.append(f"{bullet}{one.shown} [{number}]" + (f" ({'; '.join(tags)})" if tags else ""))
            bold.extend((place + len(bullet) + s, place + len(bullet) + e) for s, e in _bold(one.shown, asked))
            place += len(lines[-1]) + 1
    citations = tuple(_cite(number, run) for number, run in enumerate(runs, first))
    return Written("\n".join(lines), citations, tuple(bold), tuple(map(_ground, runs)))


def quoted(citations: Sequence[Citation]) -> str:
    """The bare quotes, when an answer made of them must not be trusted; a long one is cut at a word."""
    room = QUOTES // max(len(citations), 1)
    lines = (f"“{shorten(citation.quote, room, placeholder='…')}” [{citation.number}]" for citation in citations)
    return "\n".join(lines)


def _time(entry: Entry, above: Sequence[Entry], voice: Voice) -> str:
    """Whether a document is older or newer than one that is quoted above it, where the catalogue says so."""
    if entry in above:
        return ""
    if any(other.id in entry.superseded_by and other.as_of > entry.as_of for other in above):
        return voice.before.format(date=messages.date(entry.as_of))
    if any(entry.id in other.superseded_by and entry.as_of > other.as_of for other in above):
        return voice.now
    return ""


def _tags(one: Chosen, style: Style) -> Iterator[str]:
    """How a fact is to be taken: a draft or a plan, no longer in force, and when its document knew it."""
    if nature := _nature(one, style.voice):
        yield nature
    if standing := style.voice.standing(one.hit.entry, style.today):
        yield standing
    yield style.voice.known(one.hit.entry)


def _nature(one: Chosen, voice: Voice) -> str:
    """That a fact is one of a draft, a target or a plan, where neither it nor the line above it says so."""
    shown, headings = fold(f"{_head(one)} {one.shown}"), fold(" ".join(one.hit.passage.headings))
    if _DRAFT.search(f"{headings} {fold(one.hit.entry.title)}"):
        return "" if _DRAFT.search(shown) else voice.drafted
    if _OUTCOME.search(f"{headings} {shown}") or _TARGET.search(shown) or _PLAN.search(shown):
        return ""
    return voice.targeted if _TARGET.search(headings) else voice.planned if _PLAN.search(headings) else ""


def _runs(chosen: Sequence[Chosen]) -> list[_Run]:
    """Passages in the order of their first unit, units in the document's order, split where a unit is left out."""
    passages: dict[str, list[Chosen]] = {}
    for one in chosen:
        passages.setdefault(one.hit.passage.id, []).append(one)
    runs: list[_Run] = []
    for units in passages.values():
        for one in sorted(units, key=lambda one: one.row):
            if runs and runs[-1].hit is one.hit and _adjoin(runs[-1].units[-1], one):
                runs[-1] = _Run(one.hit, (*runs[-1].units, one))
            else:
                runs.append(_Run(one.hit, (one,)))
    return runs


def _adjoin(one: Chosen, other: Chosen) -> bool:
    """Whether nothing stands between two units in the document: no unit, and no header of a table."""
    return other.row == one.row + 1 and (other.unit.kind is not Kind.ROW or other.unit.columns == one.unit.columns)


def _head(one: Chosen) -> str:
    """The line a list item or a table row hangs on: its lead, else its heading. A sentence stands by itself.

    A heading like "Nội dung" says nothing away from its document; there the document's title stands.
    """
    if one.unit.kind is Kind.SENTENCE:
        return ""
    if 0 < len(one.unit.lead) <= LEAD:
        return one.unit.lead
    heading = one.hit.passage.headings[-1] if one.hit.passage.headings else ""
    if len(words(heading)) < TELLING and not any(map(str.isdigit, heading)):
        heading = short_title(one.hit.entry.title)
    return heading if heading.endswith((":", "?")) else f"{heading}:"


def short_title(title: str) -> str:
    """A title up to a colon or a bracket, where that leaves enough to know the document by."""
    ends = (match.start() for match in re.finditer(r":| \(", title))
    return title[: next((end for end in ends if end >= TITLE), len(title))]


def _bold(text: str, asked: Asked | None) -> list[tuple[int, int]]:
    wanted: tuple[Value, ...] = asked.values[:1] if asked else ()
    if wanted == (Value.NUMBER,):
        wanted = (Value.NUMBER, Value.PERCENT, Value.MONEY)
    return sorted((found.start, found.end) for found in find(text) if found.kind in wanted)


def _cite(number: int, run: _Run) -> Citation:
    """The citation of a run; its address is that of the first source the run itself names."""
    entry = run.hit.entry
    return Citation(
        number=number,
        passage_id=run.hit.passage.id,
        document_id=entry.id,
        title=entry.title,
        headings=run.hit.passage.headings,
        issuer=entry.issuer,
        document_number=entry.number,
        issued=entry.issued,
        as_of=entry.as_of,
        status=entry.status,
        url=_address(entry, [n for one in run.units for n in one.unit.sources]),
        quote="\n".join(one.unit.quote for one in run.units),
        units=tuple(one.row for one in run.units),
        place=_place(run),
    )


def _place(run: _Run) -> str:
    """Điều, Khoản and pages; the first two from the id of the passage, where corpus/split.py put them."""
    passage = run.hit.passage
    pages = sorted({one.unit.page for one in run.units if one.unit.page})
    parts = []
    if found := _ARTICLE.fullmatch(passage.id.partition("#")[2]):
        parts.append(messages.PLACE_ARTICLE.format(number=found["article"]))
        if found["clause"] and (found["rest"] or words(passage.units[0].text)[:1] == [found["clause"]]):
            parts.append(messages.PLACE_CLAUSE.format(number=found["clause"]))
    if pages:
        span = f"{pages[0]}–{pages[-1]}" if len(pages) > 1 else f"{pages[0]}"
        parts.append(messages.PLACE_PAGE.format(pages=span))
    return ", ".join(parts)


def _ground(run: _Run) -> str:
    entry, passage = run.hit.entry, run.hit.passage
    dates = (messages.date(day) for day in (entry.issued, entry.as_of, entry.expires) if day)
    over = (text for one in run.units for text in (one.unit.quote, one.unit.lead, *one.unit.columns))
    return "\n".join((entry.title, entry.number or "", *dates, *passage.headings, *over))


def _address(entry: Entry, named: Sequence[int]) -> str | None:
    addresses = {source.n: source.url for source in entry.sources}
    return next((addresses[n] for n in named if n in addresses), next(iter(addresses.values()), None))
