"""Ranked units -> which of them make the answer: as many as answer nearly as well as the best, and fit.

write.py turns them into text. What has been superseded is led by what is newer, and what no longer holds is said.
"""

import itertools
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import date

from bot.answering.asked import YEAR, Asked, Form
from bot.answering.doubt import NEEDED, Doubt, Reason
from bot.answering.rank import Ranked, read
from bot.answering.write import Chosen, Style, Written, brief, clipped, whole, write
from corpus.document import Kind, Passage, Unit
from corpus.language.normalize import fold, words
from corpus.language.values import Value, find, kinds
from index import tuned
from index.search import Hit
from index.snapshot import Snapshot

LIMIT = 600  # characters of an answer's text; the contract of `hanoidx ask`
PASSAGES = 3
NEARBY = 330  # characters of what is shown when the documents do not say what was asked, its date and head included
HOTLINE_DOCUMENT = "kenh-lien-he-ho-tro"

_TIME_COLUMNS = frozenset(("nam", "ngay", "thoi diem", "moc", "giai doan", "ky danh gia", "thang"))
_CAVEAT = re.compile(
    r"\b(?:da cu|loi thoi|khong con|da het|het han|da qua|da ket thuc|het hieu luc|khong dung nua|so nay"
    r"|con so (?:nay|kia)|chua co|nen coi|dang tin|hien nay|nay la|nay do|tu nam 2\d{3})\b"
)
_OLD = re.compile(
    r"\b(?:(?:thong tin|so lieu) cu|khong dung nua|het han|het hieu luc|loi thoi)\b"
)  # a heading over what no longer holds
# How the documents say that their sources disagree: in a heading over all that stands below it.
_ATTRIBUTES = re.compile(r"\b(?:ghi|nguon|bao|tin|bai)\b")
_DISAGREE = re.compile(r"\b(?:khac nhau|chua thong nhat|mau thuan|can luu y giua cac nguon)\b")


class _Draft:
    """The text so far; `add` takes a group of units when the text stays within its bounds."""

    def __init__(self, asked: Asked, style: Style, opening: str, limit: int) -> None:
        self._asked, self._style, self._opening, self._limit = asked, style, opening, limit
        self.chosen: list[Chosen] = []
        self.written = Written(opening)

    def add(self, group: Sequence[Chosen], *, in_front: bool = False) -> bool:
        have = {one.key for one in self.chosen}
        new = [one for one in group if one.key not in have]
        extended = [*new, *self.chosen] if in_front else [*self.chosen, *new]
        longer = write(extended, self._style, self._asked, opening=self._opening)
        if not new or len(longer.text) > self._limit or len({one.hit.passage.id for one in extended}) > PASSAGES:
            return False
        self.chosen, self.written = extended, longer
        return True


def compose(
    ranked: Sequence[Ranked],
    asked: Asked,
    snapshot: Snapshot,
    style: Style,
    opening: str = "",
    *,
    doubtful: bool = False,
) -> Written:
    """The answer from units in the order of their scores; the best is always in it. `opening` is its first line.

    Where it is `doubtful`, it ends with whom to ask.
    """
    tail = _whom_to_ask(style.voice.doubtful, snapshot, style, first=1) if doubtful else Written("")
    limit = LIMIT - len(tail.text) - 1 if tail.text else LIMIT
    draft = _Draft(asked, style, opening, limit)
    best = _best(ranked, asked)
    scores = {(unit.hit.passage.id, unit.row): unit.score for unit in ranked}
    if not any(draft.add(group) for group in _groups(best, asked, scores)):
        around = len(write([whole(best.hit, best.row)], style, opening=opening).text) - len(best.unit.text)
        draft.add([clipped(best.hit, best.row, limit - around)])
    any(draft.add(group) for group in _announced(best, ranked, asked))
    for one in _companions(best, asked, style.today):
        draft.add([one])
    if newer := _newer(best, ranked):
        draft.add([newer], in_front=asked.current or not asked.years or asked.form is Form.YES_NO)
    for one in (*_instead(best, ranked), *_standing(ranked, asked)):
        draft.add([one])
    for one in _also_asked(draft.chosen, ranked, asked):
        draft.add([one])
    any(draft.add(group) for group in _disagreements(best, snapshot))
    for unit in _distinct(ranked):
        for group in _groups(unit, asked, scores):
            if best.score - unit.score <= _margin(draft, group, asked) and draft.add(group):
                for one in _companions(unit, asked, style.today):
                    draft.add([one])
                break
    if not tail.text:
        return draft.written
    first = len(draft.written.citations) + 1
    return _joined(draft.written, _whom_to_ask(style.voice.doubtful, snapshot, style, first))


def _best(ranked: Sequence[Ranked], asked: Asked) -> Ranked:
    """What leads: neither what is not known nor what sources disagree about, where a unit near it gives the answer."""
    known = next((unit for unit in ranked if not read(unit.unit).unknown), ranked[0])
    best = known if known.score > ranked[0].score - tuned.MARGIN else ranked[0]
    if not _DISAGREE.search(fold(" ".join(best.hit.passage.headings[-1:]))):
        return best
    agreed = (
        unit
        for unit in ranked
        if unit.hit.entry is best.hit.entry
        and unit.hit.passage.id != best.hit.passage.id
        and unit.score > best.score - tuned.MARGIN_AGREED
        and not read(unit.unit).values.isdisjoint(asked.values)
    )
    return next(agreed, best)


def compose_unknown(
    reason: Doubt, ranked: Sequence[Ranked], snapshot: Snapshot, style: Style, *, nearby: bool = True
) -> Written:
    """What we say instead of an answer: that the documents do not say, what they say `nearby`, and whom to ask."""
    voice = style.voice
    if reason.reason is Reason.FAR:
        return Written(voice.off_topic)
    if reason.reason is Reason.ELSEWHERE:
        return Written(voice.elsewhere.format(what=reason.what))
    not_said = {Reason.NAME: voice.not_said_of, Reason.YEAR: voice.not_said_of_year}.get(reason.reason, voice.not_said)
    opening = not_said.format(what=reason.what)
    whom = _whom_to_ask(voice.hotline, snapshot, style, first=2)
    room = min(NEARBY, LIMIT - sum(len(text) + 1 for text in (opening, voice.nearest, whom.text)))
    candidates = [reason.stated] if reason.stated else ranked if nearby else []
    said_anyway = {one.key for one in _hotline(snapshot)}
    said = next(_short_of(candidates, said_anyway, style, room), write([], style))
    heads = (opening, voice.nearest if said.text and not reason.stated else "", said.text)
    opened = Written("\n".join(filter(None, heads)), said.citations, grounds=said.grounds)
    return _joined(opened, _whom_to_ask(voice.hotline, snapshot, style, len(said.citations) + 1))


def _whom_to_ask(head: str, snapshot: Snapshot, style: Style, first: int) -> Written:
    """The hotline under a head, its citations numbered from `first`; nothing where no document has it."""
    whom = write(_hotline(snapshot), style, first=first, heads=False)
    return Written(f"{head}\n{whom.text}", whom.citations, grounds=whom.grounds) if whom.text else whom


def _joined(one: Written, tail: Written) -> Written:
    text = "\n".join(filter(None, (one.text, tail.text)))
    return Written(text, (*one.citations, *tail.citations), one.bold, (*one.grounds, *tail.grounds))


def compose_contacts(snapshot: Snapshot, style: Style) -> Written:
    return write(_hotline(snapshot), style, heads=False)


def _short_of(units: Iterable[Ranked], but: Set[tuple[str, int]], style: Style, room: int) -> Iterator[Written]:
    """Units of at most `room` characters, each written by itself; none of those that are said anyway."""
    for unit in units:
        one = whole(unit.hit, unit.row)
        written = write([one], style)
        if len(written.text) <= room and one.key not in but:
            yield written


def _hotline(snapshot: Snapshot) -> list[Chosen]:
    """The rows of the contact document that give the hotline for procedures and the Zalo number."""
    for passage in snapshot.passages_of(HOTLINE_DOCUMENT):
        hit = quoted_hit(passage, snapshot)
        rows = [row for row, unit in enumerate(passage.units) if Value.PHONE in kinds(unit.text)]
        zalo = [row for row in rows if "Zalo" in passage.units[row].text]
        if rows:
            return [whole(hit, row) for row in dict.fromkeys((*rows[:1], *zalo[:1]))]
    return []


def quoted_hit(passage: Passage, snapshot: Snapshot) -> Hit:
    """A passage that is quoted though no search found it."""
    none = (0.0,) * len(passage.units)
    return Hit(0, passage, snapshot.entries[passage.document_id], 0.0, 0.0, 0.0, none, none, -1)


def _is_past(row: Unit, today: date) -> bool:
    """Whether a row of a time series speaks of a time that has come."""
    return max(read(row).years, default="") <= str(today.year)


def _margin(draft: _Draft, group: Sequence[Chosen], asked: Asked) -> float:
    """How far below the best unit a group may be and still join."""
    documents = {one.hit.entry.id for one in draft.chosen}
    if asked.form is Form.COMPARE and len(documents) == 1 and group[0].hit.entry.id not in documents:
        return tuned.MARGIN_OTHER
    if asked.form in (Form.LIST, Form.STEPS) and len(group) > 1:
        return tuned.MARGIN_LIST
    return tuned.MARGIN


def _distinct(ranked: Sequence[Ranked]) -> Iterator[Ranked]:
    """The units near the best, without those that say again what a better one says."""
    said: list[frozenset[str]] = []
    for unit in ranked:
        if unit.score < ranked[0].score - max(tuned.MARGIN, tuned.MARGIN_LIST, tuned.MARGIN_OTHER):
            return
        mine = read(unit.unit).words
        if any(len(mine & other) >= tuned.SAME * min(len(mine), len(other)) for other in said):
            continue
        said.append(mine)
        yield unit


def _newer(best: Ranked, ranked: Sequence[Ranked]) -> Chosen | None:
    """What a newer document says, where the best unit's has been superseded."""
    later = set(best.hit.entry.superseded_by)
    for unit in ranked:
        if unit.hit.entry.id in later and unit.score >= best.score - tuned.MARGIN_NEWER and not read(unit.unit).unknown:
            return whole(unit.hit, unit.row)
    return None


def _instead(best: Ranked, ranked: Sequence[Ranked]) -> Iterator[Chosen]:
    """Where a document lists the best unit as old, what comes nearest to it there that is not."""
    if _is_old(best):
        least = best.score - tuned.MARGIN_INSTEAD
        here = (unit for unit in ranked if unit.hit.entry is best.hit.entry and unit.score > least)
        found = next((unit for unit in here if not _is_old(unit) and not read(unit.unit).unknown), None)
        if found:
            yield whole(found.hit, found.row)


def _is_old(unit: Ranked) -> bool:
    return bool(_OLD.search(fold(" ".join(unit.hit.passage.headings[-1:]))))


def _standing(ranked: Sequence[Ranked], asked: Asked) -> Iterator[Chosen]:
    """What a person who asks whether something still holds has to be told: of the number they name, and the latest."""
    if not asked.holds:
        return
    best = ranked[0]
    if numbered := next((unit for unit in ranked if asked.numbers & read(unit.unit).words), None):
        yield whole(numbered.hit, numbered.row)
    near = [unit for unit in ranked if unit.score >= best.score - tuned.MARGIN_LATEST and not read(unit.unit).unknown]
    latest = max(near, key=lambda unit: (max(read(unit.unit).years, default=""), unit.score), default=best)
    if max(read(latest.unit).years, default="") > max(read(best.unit).years, default=""):
        yield whole(latest.hit, latest.row)


def _also_asked(chosen: Sequence[Chosen], ranked: Sequence[Ranked], asked: Asked) -> Iterator[Chosen]:
    """A unit for each further kind of value a question asks for: "ai ký, ngày nào?" wants a name and a day."""
    have = {kind for one in chosen for kind in read(one.unit).values}
    for kind in asked.values:
        if kind in NEEDED and kind not in have:
            near = (unit for unit in ranked if unit.score >= ranked[0].score - tuned.MARGIN_ALSO)
            if found := next((unit for unit in near if kind in read(unit.unit).values), None):
                yield whole(found.hit, found.row)


def _disagreements(best: Ranked, snapshot: Snapshot) -> Iterator[list[Chosen]]:
    """What a document says of sources that disagree about a value of the best unit; all of it, else the one unit."""
    values = _values(best.unit)
    for passage in snapshot.passages_of(best.hit.entry.id):
        if passage.id == best.hit.passage.id or not _DISAGREE.search(fold(" ".join(passage.headings[-1:]))):
            continue
        hit = quoted_hit(passage, snapshot)
        for row, unit in enumerate(passage.units):
            if values & _values(unit) and _ATTRIBUTES.search(fold(unit.text)):
                yield [whole(hit, every) for every in range(len(passage.units))]
                yield [whole(hit, row)]
                return


def _values(unit: Unit) -> frozenset[str]:
    """The telling values of a unit: numbers of three digits and more, and days."""
    found = (unit.text[one.start : one.end] for one in find(unit.text))
    return frozenset(value for value in found if sum(map(str.isdigit, value)) >= 3 and not YEAR.fullmatch(value))


def _groups(unit: Ranked, asked: Asked, scores: Mapping[tuple[str, int], float]) -> Iterator[list[Chosen]]:
    """What to add for a unit, the fullest first: its whole list, the list in brief, the unit alone.

    A list comes whole when it answers as a whole: a table that merely has one row to the point gives that row.
    """
    rows = _block(unit, asked)
    mean = statistics.fmean(scores[unit.hit.passage.id, row] for row in rows)
    if len(rows) > 1 and (unit.unit.text.endswith(":") or mean >= unit.score - tuned.MARGIN_WHOLE):
        yield [whole(unit.hit, row) for row in rows]
        if asked.form is Form.LIST:
            yield [brief(unit.hit, row) for row in rows]
    yield [whole(unit.hit, unit.row)]


def _block(unit: Ranked, asked: Asked) -> list[int]:
    """The rows that belong with a unit: a lead's items; all of its list or table where several things are asked for."""
    units = unit.hit.passage.units
    several = asked.form in (Form.LIST, Form.STEPS)
    if unit.unit.text.endswith(":") or (several and unit.unit.kind is Kind.SENTENCE):
        return [row for row, other in enumerate(units) if row == unit.row or unit.unit.text in other.lead]
    if not several or unit.unit.kind is Kind.SENTENCE:
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


def _announced(best: Ranked, ranked: Sequence[Ranked], asked: Asked) -> Iterator[list[Chosen]]:
    """The list that a sentence only counts ("thông qua 6 nghị quyết"), where its document has one of that length."""
    if asked.form is not Form.LIST or best.unit.kind is not Kind.SENTENCE:
        return
    counts = {int(word) for word in words(best.unit.text) if word.isdigit() and len(word) < 3} - {0, 1}
    here = dict.fromkeys(unit.hit for unit in ranked if unit.hit.entry is best.hit.entry)
    for hit in here:
        for rows in _lists(hit):
            if len(rows) in counts:
                yield [whole(hit, row) for row in rows]
                yield [brief(hit, row) for row in rows]
                return


def _lists(hit: Hit) -> Iterator[list[int]]:
    """The rows of each list and table of a passage."""
    units = enumerate(hit.passage.units)
    for (kind, _, _), rows in itertools.groupby(units, lambda one: (one[1].kind, one[1].lead, one[1].columns)):
        if kind is not Kind.SENTENCE:
            yield [row for row, _ in rows]


def _companions(unit: Ranked, asked: Asked, today: date) -> Iterator[Chosen]:
    """What has to be said beside a unit: the latest row of its time series, and that it no longer holds."""
    units = unit.hit.passage.units
    if unit.unit.kind is Kind.ROW and " ".join(words(unit.unit.columns[0])) in _TIME_COLUMNS:
        past = [row for row, other in enumerate(units) if other.columns == unit.unit.columns and _is_past(other, today)]
        if past and past[-1] > unit.row and (asked.form is Form.YES_NO or asked.current or asked.years):
            yield whole(unit.hit, past[-1])
    after = [row for row in range(unit.row + 1, len(units)) if units[row].kind is not Kind.ROW]
    if unit.unit.kind is not Kind.ROW:
        after = after[:1]
    caveat = next((row for row in after if _CAVEAT.search(fold(units[row].text))), None)
    if caveat is None and asked.holds and unit.unit.kind is Kind.SENTENCE:
        caveat = next(iter(after), None)
    if caveat is not None:
        yield whole(unit.hit, caveat)
