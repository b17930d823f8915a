"""Ranked units -> which of them make the answer: as many as answer nearly as well as the best, and fit.

bot/write.py turns them into text. What has been superseded is led by what is newer, and what no longer holds is said.
"""

import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from bot import messages
from bot.asked import Asked, Form
from bot.doubt import Doubt, Reason
from bot.rank import MARGIN, Ranked, read
from bot.write import Chosen, Written, brief, clipped, whole, write
from corpus.document import Kind
from corpus.normalize import fold, words
from corpus.values import Value, kinds
from index.search import Hit
from index.snapshot import Snapshot

LIMIT = 600  # characters of an answer's text; the contract of `hanoidx ask`
MARGIN_LIST = 3.0  # log-odds below the best unit at which a list no longer joins, where a list is asked for
MARGIN_WHOLE = 2.5  # log-odds by which a list's mean may be below its best unit for the list to come whole
MARGIN_NEWER = 6.0  # the same for a unit of a document that supersedes the best unit's
MARGIN_LATEST = 5.0  # the same for the latest unit, where a question asks whether something still holds
MARGIN_OTHER = 6.0  # the same for the best unit of a second document, where two are compared
PASSAGES = 3
NEARBY = 330  # characters of what is shown when the documents do not say what was asked, its date and head included
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


class _Draft:
    """The text so far; `add` takes a group of units when the text stays within its bounds."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.chosen: list[Chosen] = []
        self.written = write([], asked)

    def add(self, group: Sequence[Chosen], *, in_front: bool = False) -> bool:
        have = {one.key for one in self.chosen}
        new = [one for one in group if one.key not in have]
        extended = [*new, *self.chosen] if in_front else [*self.chosen, *new]
        longer = write(extended, self._asked)
        if not new or len(longer.text) > LIMIT or len({one.hit.passage.id for one in extended}) > PASSAGES:
            return False
        self.chosen, self.written = extended, longer
        return True


def compose(ranked: Sequence[Ranked], asked: Asked) -> Written:
    """The answer from units in the order of their scores; the best is always in it."""
    draft = _Draft(asked)
    best = ranked[0]
    scores = {(unit.hit.passage.id, unit.row): unit.score for unit in ranked}
    if not any(draft.add(group) for group in _groups(best, asked, scores)):
        around = len(write([whole(best.hit, best.row)]).text) - len(best.unit.text)
        draft.add([clipped(best.hit, best.row, LIMIT - around)])
    for one in _companions(best, asked):
        draft.add([one])
    if newer := _newer(ranked, asked):
        draft.add([newer], in_front=True)
    for one in _standing(ranked, asked):
        draft.add([one])
    for unit in _distinct(ranked):
        for group in _groups(unit, asked, scores):
            if best.score - unit.score <= _margin(draft, group, asked) and draft.add(group):
                for one in _companions(unit, asked):
                    draft.add([one])
                break
    return draft.written


def compose_unknown(reason: Doubt, ranked: Sequence[Ranked], snapshot: Snapshot) -> Written:
    """What we say instead of an answer: that the documents do not say, what they say nearby, and whom to ask."""
    if reason.reason is Reason.FAR:
        return Written(messages.OFF_TOPIC, (), ())
    if reason.reason is Reason.ELSEWHERE:
        return Written(messages.ELSEWHERE.format(what=reason.what), (), ())
    hotline = _hotline(snapshot)
    candidates = [reason.stated] if reason.stated else ranked
    said = next(_short_of(candidates, {one.key for one in hotline}), write([]))
    whom = write(hotline, first=len(said.citations) + 1, heads=False)
    lines = (
        _NOT_SAID[reason.reason].format(what=reason.what),
        messages.NEAREST if said.text and not reason.stated else "",
        said.text,
        messages.HOTLINE if whom.text else "",
        whom.text,
    )
    return Written("\n".join(filter(None, lines)), (*said.citations, *whom.citations), ())


def _short_of(units: Iterable[Ranked], but: Set[tuple[str, int]]) -> Iterator[Written]:
    """Units that leave room for whom to ask, each written by itself; none of those that are said anyway."""
    for unit in units:
        one = whole(unit.hit, unit.row)
        written = write([one])
        if len(written.text) <= NEARBY and one.key not in but:
            yield written


def _hotline(snapshot: Snapshot) -> list[Chosen]:
    """The rows of the contact document that give the hotline for procedures and the Zalo number."""
    for passage in snapshot.passages_of(HOTLINE_DOCUMENT):
        none = (0.0,) * len(passage.units)
        hit = Hit(1, passage, snapshot.entries[HOTLINE_DOCUMENT], 0.0, 0.0, 0.0, none, none)
        rows = [row for row, unit in enumerate(passage.units) if Value.PHONE in kinds(unit.text)]
        zalo = [row for row in rows if "Zalo" in passage.units[row].text]
        if rows:
            return [whole(hit, row) for row in dict.fromkeys((*rows[:1], *zalo[:1]))]
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


def _newer(ranked: Sequence[Ranked], asked: Asked) -> Chosen | None:
    """What a newer document says, where the best unit's has been superseded: it leads, unless a past year was asked."""
    if asked.years and not asked.current and asked.form is not Form.YES_NO:
        return None
    best = ranked[0]
    later = set(best.hit.entry.superseded_by)
    for unit in ranked:
        if unit.hit.entry.id in later and unit.score >= best.score - MARGIN_NEWER and not read(unit.unit).unknown:
            return whole(unit.hit, unit.row)
    return None


def _standing(ranked: Sequence[Ranked], asked: Asked) -> Iterator[Chosen]:
    """What a person who asks whether something still holds has to be told: of the number they name, and the latest."""
    if not asked.holds:
        return
    best = ranked[0]
    if numbered := next((unit for unit in ranked if asked.numbers & read(unit.unit).words), None):
        yield whole(numbered.hit, numbered.row)
    near = [unit for unit in ranked if unit.score >= best.score - MARGIN_LATEST and not read(unit.unit).unknown]
    latest = max(near, key=lambda unit: (max(read(unit.unit).years, default=""), unit.score), default=best)
    if max(read(latest.unit).years, default="") > max(read(best.unit).years, default=""):
        yield whole(latest.hit, latest.row)


def _groups(unit: Ranked, asked: Asked, scores: Mapping[tuple[str, int], float]) -> Iterator[list[Chosen]]:
    """What to add for a unit, the fullest first: its whole list, the list in brief, the unit alone.

    A list comes whole when it answers as a whole: a table that merely has one row to the point gives that row.
    """
    rows = _block(unit, asked)
    mean = statistics.fmean(scores[unit.hit.passage.id, row] for row in rows)
    if len(rows) > 1 and (unit.unit.text.endswith(":") or mean >= unit.score - MARGIN_WHOLE):
        yield [whole(unit.hit, row) for row in rows]
        if asked.form is Form.LIST:
            yield [brief(unit.hit, row) for row in rows]
    yield [whole(unit.hit, unit.row)]


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
            yield whole(unit.hit, latest)
    after = [row for row in range(unit.row + 1, len(units)) if units[row].kind is not Kind.ROW]
    if unit.unit.kind is not Kind.ROW:
        after = after[:1]
    caveat = next((row for row in after if _CAVEAT.search(fold(units[row].text))), None)
    if caveat is None and asked.holds and unit.unit.kind is Kind.SENTENCE:
        caveat = next(iter(after), None)
    if caveat is not None:
        yield whole(unit.hit, caveat)
