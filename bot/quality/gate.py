"""The gate before activation: every golden question is asked of the active snapshot and of the new one.

`judge` compares, `show` is what a terminal prints of the verdict, `to_html` the page. The new snapshot is refused where
a golden question becomes wrong, or where a kind of question, in one of its wordings, is answered worse by more than
MARGIN. The same program answers for both, so that only what is in the snapshots can make a difference.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot import messages
from bot.dialogue import Answer, Citation, Question
from bot.quality.evaluate import ANSWERABLE, KINDS, RUNS, Evaluation, Item, Result, Wording, kinds_of, run
from bot.render import printable
from bot.reports.page import rendered
from index.build import Start
from index.encode import Progress
from index.snapshot import Snapshot
from index.verdict import Change, Given, Verdict

# Most kinds of the bundled questions count 8 to 45, so that one question is 2 to 12 points of a kind. Where a document
# was added that nobody asked for, not one of 656 askings turned out otherwise; where one was withdrawn that five golden
# questions need, three or four of a kind became wrong in each wording.
MARGIN = 0.02  # by which the share of right answers of a kind may fall in a wording,
LEAST = 1  # and so many questions, whatever their share
SHOWN = 20  # changed answers in the terminal

AskOf = Callable[[Question, Snapshot], Answer]


def judge(old: Snapshot, new: Snapshot, items: Sequence[Item], ask: AskOf, start: Start) -> Verdict:
    """Ask all golden questions of both snapshots; `start` hears of the progress."""
    asked = [item for item in items if concerns(item, old, new)]
    progress = start("golden", 2 * sum(2 + (item.typed is not None) for item in asked))
    before, after = (_asked(asked, ask, snapshot, progress) for snapshot in (old, new))
    changes = tuple(
        _change(one, other, old, new)
        for one, other in zip(before.of(Wording.CLEAN), after.of(Wording.CLEAN), strict=True)
        if _given(one) != _given(other)
    )
    wrong = (one for one in changes if one.became_wrong)
    named = (
        messages.GATE_WRONG.format(id=one.question_id, question=one.question) + (one.note and f" ({one.note})")
        for one in wrong
    )
    return Verdict(
        snapshot_id=new.id,
        against=old.id,
        asked=len(asked),
        passed_over=len(items) - len(asked),
        reasons=(*named, *_falls(before, after)),
        changes=tuple(sorted(changes, key=lambda one: (not one.became_wrong, one.after.right))),
    )


def concerns(item: Item, *snapshots: Snapshot) -> bool:
    """Whether one of the snapshots holds a document that the question is about; some are about none."""
    return item.expect not in ANSWERABLE or any(one in snapshot.entries for one in item.docs for snapshot in snapshots)


def _asked(items: Sequence[Item], ask: AskOf, snapshot: Snapshot, progress: Progress) -> Evaluation:
    def answer(question: Question) -> Answer:
        answered = ask(question, snapshot)
        progress(1)
        return answered

    return run(items, answer, {})  # without texts: whether quotes are verbatim is no matter of the snapshot


def _falls(before: Evaluation, after: Evaluation) -> Iterator[str]:
    """What is answered worse as a whole, in words."""
    for wording in Wording:
        then, now = before.runs[wording], after.runs[wording]
        for kind in kinds_of(before.of(wording)):
            n = then[f"kind.{kind}"].n
            right, still = (round(figures[f"kind.{kind}"].value * n) for figures in (then, now))
            if right - still > max(LEAST, MARGIN * n):
                yield messages.GATE_FALL.format(
                    kind=KINDS.get(kind, kind), wording=RUNS[wording].rstrip("*"), before=right, after=still, n=n
                )


def _change(one: Result, other: Result, old: Snapshot, new: Snapshot) -> Change:
    return Change(
        question_id=one.item.id,
        kind=one.item.kind,
        question=one.item.question,
        before=_given(one),
        after=_given(other),
        why=other.why,
        note="; ".join(_notes(one, other, old, new)),
    )


def _given(result: Result) -> Given:
    answer = result.answer
    return Given(answer.status, answer.text, tuple(map(_source, answer.citations)), result.right)


def _source(citation: Citation) -> str:
    return f"[{citation.number}] {citation.passage_id}: {citation.status}, {messages.date(citation.as_of)}"


def _notes(one: Result, other: Result, old: Snapshot, new: Snapshot) -> Iterator[str]:
    """What was done to the documents, on purpose, that may well be the cause."""
    for document_id in dict.fromkeys((*one.item.docs, *_cited(one))):
        if document_id in old.entries and document_id not in new.entries:
            yield messages.GATE_WITHDRAWN.format(document=document_id)
        elif document_id in new.entries:
            by = set(new.entries[document_id].superseded_by)
            by -= set(old.entries[document_id].superseded_by) if document_id in old.entries else set()
            if by:
                yield messages.GATE_SUPERSEDED.format(document=document_id, by=", ".join(sorted(by)))
    if added := [document_id for document_id in _cited(other) if document_id not in old.entries]:
        yield messages.GATE_ADDED.format(documents=", ".join(added))


def _cited(result: Result) -> tuple[str, ...]:
    return tuple(dict.fromkeys(citation.document_id for citation in result.answer.citations))


# What people see of it


def show(verdict: Verdict, page: Path) -> Group:
    """The changed answers side by side, those that became wrong first, then the reasons to refuse."""
    table = Table(box=None, padding=(0, 2, 1, 0), show_header=bool(verdict.changes), header_style="bold")
    table.add_column(messages.GATE_QUESTION, ratio=2, overflow="fold")
    table.add_column(f"{messages.GATE_OLD}\n{verdict.against}", ratio=3, overflow="fold")
    table.add_column(f"{messages.GATE_NEW}\n{verdict.snapshot_id}", ratio=3, overflow="fold")
    for change in verdict.changes[:SHOWN]:
        question = Text(printable(change.question))
        question.append(printable(f"\n{change.question_id}, {_judged(change)}"), "dim")
        for line in filter(None, (*change.why, change.note)):
            question.append(printable(f"\n{line}"), "yellow")
        table.add_row(question, *_side_by_side(change))
    below = [Text(f"• {printable(reason)}", "red") for reason in verdict.reasons]
    if len(verdict.changes) > SHOWN:
        below.append(Text(messages.GATE_MORE.format(count=len(verdict.changes) - SHOWN)))
    if verdict.changes:
        below.append(Text(messages.GATE_PAGE.format(page=page)))
    return Group(table, *below)


def faults(result: Result) -> Text:
    """A golden question that is answered wrongly, and why."""
    text = Text(printable(f"{result.item.id}  {result.item.question}"))
    return text.append(printable("".join(f"\n    {why}" for why in result.why)), "yellow")


def _side_by_side(change: Change) -> Iterator[Text]:
    for given, parts, style in zip(
        (change.before, change.after), marked(change.before.text, change.after.text), ("red", "green"), strict=True
    ):
        text = Text()
        for part, differs in parts:
            text.append(printable(part), style if differs else "")
        yield text.append(printable("".join(f"\n{source}" for source in given.sources)), "dim")


def _judged(change: Change) -> str:
    return f"{messages.GATE_RIGHT[change.before.right]} → {messages.GATE_RIGHT[change.after.right]}"


def marked(before: str, after: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Both texts in parts, each with whether the other text lacks it."""
    one, other = (re.findall(r"\s*\S+\s*", text) for text in (before, after))
    left: list[tuple[str, bool]] = []
    right: list[tuple[str, bool]] = []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        for parts, words in ((left, one[i:j]), (right, other[k:m])):
            if words:
                parts.append(("".join(words), kind != "equal"))
    return left, right


def to_html(verdict: Verdict) -> str:
    """One page that loads nothing."""
    template = Path(__file__).with_name("gate.html")
    return rendered(template, verdict=verdict, marked=marked, kinds=KINDS, judged=_judged)
