"""Ranked units -> the text of an answer with its numbered citations.

The best unit leads; others follow while they answer nearly as well and the text stays short. Neighbours of one
passage stand together in the document's order and share a citation, whose quote is the document's exact words.
"""

import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot import messages
from bot.asked import Asked, Form
from bot.dialogue import Citation
from bot.doubt import Doubt, Reason
from bot.rank import MARGIN, Ranked, read
from corpus.document import Entry, Kind, Unit
from corpus.normalize import fold, words
from corpus.values import Value, find, kinds
from index.search import Hit
from index.snapshot import Snapshot

LIMIT = 600  # characters of an answer's text; the contract of `hanoidx ask`
MARGIN_LIST = 3.0  # log-odds below the best unit at which a list no longer joins, where a list is asked for
MARGIN_WHOLE = 2.5  # log-odds by which a list's mean may be below its best unit for the list to come whole
MARGIN_NEWER = 6.0  # the same for a unit of a document that supersedes the best unit's
MARGIN_LATEST = 5.0  # the same for the latest unit, where a question asks whether something still holds
MARGIN_OTHER = 6.0  # the same for the best unit of a second document, where two are compared
PASSAGES = 3
TELLING = 5  # words from which a heading tells what it is about
TITLE = 16  # characters from which the beginning of a title does
NEARBY = 250  # characters of a unit that is shown when the documents do not say what was asked
HOTLINE_DOCUMENT = "kenh-lien-he-ho-tro"
_NOT_SAID = {
    Reason.STATED: messages.NOT_SAID,
    Reason.VALUE: messages.NOT_SAID,
    Reason.NAME: messages.NOT_SAID_OF,
    Reason.YEAR: messages.NOT_SAID_OF_YEAR,
}
_SAME = 0.8  # share of words from which two units say the same

_TIME_COLUMNS = frozenset(("nam", "ngay", "thoi diem", "moc", "giai doan", "ky danh gia", "thang"))
_CAVEAT = re.compile(
    r"\b(?:da cu|loi thoi|khong con|da het|het han|da qua|da ket thuc|het hieu luc|khong dung nua|so nay"
    r"|con so (?:nay|kia)|chua co|nen coi|dang tin|hien nay|nay la|nay do|tu nam 2\d{3})\b"
)


@dataclass(frozen=True, slots=True)
class Composed:
    text: str
    citations: tuple[Citation, ...]
    bold: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A unit that goes into the text; `brief` shows only its subject, so that a long list can come whole."""

    hit: Hit
    row: int
    brief: bool = False

    @property
    def unit(self) -> Unit:
        return self.hit.passage.units[self.row]


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring units of one passage, in the document's order and without gaps; they share one citation."""

    hit: Hit
    units: tuple[Chosen, ...]


class _Draft:
    """The text so far; `add` takes a group of units when the text stays within its bounds."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.chosen: list[Chosen] = []
        self.composed = _write([], asked)

    def add(self, group: Sequence[Chosen], *, whatever_its_length: bool = False) -> bool:
        have = {(one.hit.passage.id, one.row) for one in self.chosen}
        new = [one for one in group if (one.hit.passage.id, one.row) not in have]
        extended = [*self.chosen, *new]
        longer = _write(_runs(extended), self._asked)
        fits = len(longer.text) <= LIMIT and len({one.hit.passage.id for one in extended}) <= PASSAGES
        if not new or not (fits or whatever_its_length):
            return False
        self.chosen, self.composed = extended, longer
        return True


def compose(ranked: Sequence[Ranked], asked: Asked) -> Composed:
    """The answer from units in the order of their scores; the best is always in it."""
    draft = _Draft(asked)
    best = ranked[0]
    scores = {(unit.hit.passage.id, unit.row): unit.score for unit in ranked}
    if not any(draft.add(group) for group in _groups(best, asked, scores)):
        draft.add([Chosen(best.hit, best.row)], whatever_its_length=True)
    for one in (*_companions(best, asked), *_newer(ranked, asked)):
        draft.add([one])
    for unit in _distinct(ranked):
        for group in _groups(unit, asked, scores):
            if best.score - unit.score <= _margin(draft, group, asked) and draft.add(group):
                for one in _companions(unit, asked):
                    draft.add([one])
                break
    return draft.composed


def compose_unknown(reason: Doubt, ranked: Sequence[Ranked], snapshot: Snapshot) -> Composed:
    """What we say instead of an answer: that the documents do not say, what they say nearby, and whom to ask."""
    if reason.reason is Reason.FAR:
        return Composed(messages.OFF_TOPIC, (), ())
    if reason.reason is Reason.ELSEWHERE:
        return Composed(messages.ELSEWHERE.format(what=reason.what), (), ())
    nearby = [reason.stated] if reason.stated else [unit for unit in ranked if len(unit.unit.text) <= NEARBY][:1]
    runs = _runs([Chosen(unit.hit, unit.row) for unit in nearby])
    hotline = _hotline(snapshot)
    lines = [_NOT_SAID[reason.reason].format(what=reason.what)]
    if not reason.stated and runs:
        lines.append(messages.NEAREST)
    lines.append(_write(runs, None).text)
    if hotline:
        lines.append(messages.HOTLINE)
        lines.extend(
            f"• {one.unit.text} [{len(runs) + number}]" for number, run in enumerate(hotline, 1) for one in run.units
        )
    citations = tuple(cite(number, run) for number, run in enumerate((*runs, *hotline), 1))
    return Composed("\n".join(filter(None, lines)), citations, ())


def _hotline(snapshot: Snapshot) -> list[Run]:
    """The rows of the contact document that give the hotline for procedures and the Zalo number."""
    for passage in snapshot.passages_of(HOTLINE_DOCUMENT):
        none = (0.0,) * len(passage.units)
        hit = Hit(1, passage, snapshot.entries[HOTLINE_DOCUMENT], 0.0, 0.0, 0.0, none, none)
        rows = [row for row, unit in enumerate(passage.units) if Value.PHONE in kinds(unit.text)]
        zalo = [row for row in rows if "Zalo" in passage.units[row].text]
        if rows:
            return _runs([Chosen(hit, row) for row in dict.fromkeys((*rows[:1], *zalo[:1]))])
    return []


def _margin(draft: _Draft, group: Sequence[Chosen], asked: Asked) -> float:
    """How far below the best unit a group may be and still join."""
    documents = {one.hit.entry.id for one in draft.chosen}
    if asked.form is Form.COMPARE and len(documents) == 1 and group[0].hit.entry.id not in documents:
        return MARGIN_OTHER
    if asked.form in (Form.LIST, Form.STEPS) and len(group) > 1:
        return MARGIN_LIST
    return MARGIN


def _distinct(ranked: Sequence[Ranked]) -> Iterator[Ranked]:
    """The units near the best, without those that say again what a better one says."""
    said: list[frozenset[str]] = []
    for unit in ranked:
        if unit.score < ranked[0].score - max(MARGIN, MARGIN_LIST, MARGIN_OTHER):
            return
        mine = read(unit.unit).words
        if any(len(mine & other) >= _SAME * min(len(mine), len(other)) for other in said):
            continue
        said.append(mine)
        yield unit


def _newer(ranked: Sequence[Ranked], asked: Asked) -> Iterator[Chosen]:
    """What a person who asks how things are, or whether they still are so, has to be told beside the best unit."""
    if asked.years and not asked.current and asked.form is not Form.YES_NO:
        return
    best = ranked[0]
    later = set(best.hit.entry.superseded_by)
    for unit in ranked:
        if unit.hit.entry.id in later and unit.score >= best.score - MARGIN_NEWER and not read(unit.unit).unknown:
            yield Chosen(unit.hit, unit.row)
            break
    if asked.holds:
        near = [unit for unit in ranked if unit.score >= best.score - MARGIN_LATEST and not read(unit.unit).unknown]
        if numbered := next((unit for unit in ranked if asked.numbers & read(unit.unit).words), None):
            yield Chosen(numbered.hit, numbered.row)
        latest = max(near, key=lambda unit: (max(read(unit.unit).years, default=""), unit.score), default=best)
        if max(read(latest.unit).years, default="") > max(read(best.unit).years, default=""):
            yield Chosen(latest.hit, latest.row)


def _groups(unit: Ranked, asked: Asked, scores: Mapping[tuple[str, int], float]) -> Iterator[list[Chosen]]:
    """What to add for a unit, the fullest first: its whole list, the list in brief, the unit alone.

    A list comes whole when it answers as a whole: a table that merely has one row to the point gives that row.
    """
    rows = _block(unit, asked)
    whole = statistics.fmean(scores[unit.hit.passage.id, row] for row in rows)
    if len(rows) > 1 and (unit.unit.text.endswith(":") or whole >= unit.score - MARGIN_WHOLE):
        yield [Chosen(unit.hit, row) for row in rows]
        if asked.form is Form.LIST:
            yield [Chosen(unit.hit, row, brief=True) for row in rows]
    yield [Chosen(unit.hit, unit.row)]


def _block(unit: Ranked, asked: Asked) -> list[int]:
    """The rows that belong with a unit: a lead's items; all of its list or table where several things are asked for."""
    units = unit.hit.passage.units
    if unit.unit.text.endswith(":"):
        return [row for row, other in enumerate(units) if row == unit.row or other.lead == unit.unit.text]
    if asked.form not in (Form.LIST, Form.STEPS, Form.COMPARE) or unit.unit.kind is Kind.SENTENCE:
        return [unit.row]

    def belongs(row: int) -> bool:
        other = units[row]
        return other.kind is unit.unit.kind and other.lead == unit.unit.lead and other.columns == unit.unit.columns

    first = last = unit.row
    while first > 0 and belongs(first - 1):
        first -= 1
    while last + 1 < len(units) and belongs(last + 1):
        last += 1
    return list(range(first, last + 1))


def _companions(unit: Ranked, asked: Asked) -> Iterator[Chosen]:
    """What has to be said beside a unit: the latest row of its time series, and that it no longer holds."""
    units = unit.hit.passage.units
    if unit.unit.kind is Kind.ROW and " ".join(words(unit.unit.columns[0])) in _TIME_COLUMNS and not asked.years:
        latest = max(row for row, other in enumerate(units) if other.columns == unit.unit.columns)
        if asked.form is Form.YES_NO or asked.current:
            yield Chosen(unit.hit, latest)
    after = [row for row in range(unit.row + 1, len(units)) if units[row].kind is not Kind.ROW]
    if unit.unit.kind is not Kind.ROW:
        after = after[:1]
    caveat = next((row for row in after if _CAVEAT.search(fold(units[row].text))), None)
    if caveat is None and asked.holds and unit.unit.kind is Kind.SENTENCE:
        caveat = next(iter(after), None)
    if caveat is not None:
        yield Chosen(unit.hit, caveat)


def _runs(chosen: Sequence[Chosen]) -> list[Run]:
    """Passages in the order of their first unit, units in the document's order, split where a unit is left out."""
    passages: dict[str, list[Chosen]] = {}
    for one in chosen:
        passages.setdefault(one.hit.passage.id, []).append(one)
    runs: list[Run] = []
    for units in passages.values():
        for one in sorted(units, key=lambda one: one.row):
            if runs and runs[-1].hit is one.hit and _adjoin(runs[-1].units[-1], one):
                runs[-1] = Run(one.hit, (*runs[-1].units, one))
            else:
                runs.append(Run(one.hit, (one,)))
    return runs


def _adjoin(one: Chosen, other: Chosen) -> bool:
    """Whether nothing stands between two units in the document: no unit, and no header of a table."""
    return other.row == one.row + 1 and (other.unit.kind is not Kind.ROW or other.unit.columns == one.unit.columns)


def _write(runs: Sequence[Run], asked: Asked | None) -> Composed:
    lines: list[str] = []
    bold: list[tuple[int, int]] = []
    dated: set[str] = set()
    place = 0
    under: tuple[str, str] | None = None
    for number, run in enumerate(runs, 1):
        for one in run.units:
            head = _head(one)
            if head and (run.hit.passage.id, head) != under:
                lines.append(head)
                place += len(head) + 1
            under = (run.hit.passage.id, head)
            bullet = "• " if head else ""
            text = _brief(one.unit) if one.brief else one.unit.text
            label = f" [{number}]"
            if run.hit.entry.id not in dated:
                dated.add(run.hit.entry.id)
                label += f" ({messages.dated(run.hit.entry)})"
            lines.append(f"{bullet}{text}{label}")
            bold.extend((place + len(bullet) + s, place + len(bullet) + e) for s, e in _bold(text, asked))
            place += len(lines[-1]) + 1
    citations = tuple(cite(number, run) for number, run in enumerate(runs, 1))
    return Composed("\n".join(lines), citations, tuple(bold))


def _head(one: Chosen) -> str:
    """The line a list item or a table row hangs on: its lead, else its heading. A sentence stands by itself.

    A heading like "Nội dung" says nothing away from its document; there the document's title stands.
    """
    if one.unit.kind is Kind.SENTENCE:
        return ""
    if one.unit.lead:
        return one.unit.lead
    heading = one.hit.passage.headings[-1] if one.hit.passage.headings else ""
    if len(words(heading)) < TELLING and not any(map(str.isdigit, heading)):
        heading = _short(one.hit.entry.title)
    return heading if heading.endswith((":", "?")) else f"{heading}:"


def _short(title: str) -> str:
    """A title up to a colon or a bracket, where that leaves enough to know the document by."""
    ends = (match.start() for match in re.finditer(r":| \(", title))
    return title[: next((end for end in ends if end >= TITLE), len(title))]


def _brief(unit: Unit) -> str:
    """A row's subject, or what an item says before its colon."""
    if unit.kind is Kind.ROW:
        return unit.cells[0] if len(words(unit.cells[0])) >= 3 else unit.text
    subject, colon, _ = unit.text.partition(": ")
    return subject if colon else unit.text


def _bold(text: str, asked: Asked | None) -> list[tuple[int, int]]:
    wanted: tuple[Value, ...] = asked.values[:1] if asked else ()
    if wanted == (Value.NUMBER,):
        wanted = (Value.NUMBER, Value.PERCENT, Value.MONEY)
    return sorted((found.start, found.end) for found in find(text) if found.kind in wanted)


def cite(number: int, run: Run) -> Citation:
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
    )


def _address(entry: Entry, named: Sequence[int]) -> str | None:
    addresses = {source.n: source.url for source in entry.sources}
    return next((addresses[n] for n in named if n in addresses), next(iter(addresses.values()), None))
