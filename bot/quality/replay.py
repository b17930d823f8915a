"""A receipt explained, and its question answered anew: what the answer was made of, and what has changed since."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from rich.text import Text

from bot import messages
from bot.dialogue import Answer, Citation, Receipt, as_json
from bot.privacy import is_masked
from bot.render import facts, list_sources, moment, printable


@dataclass(frozen=True, slots=True)
class Difference:
    """`text` is a unified diff, line by line; citations are the same when they quote the same with the same dates."""

    text: tuple[str, ...]
    no_longer_cited: tuple[Citation, ...]
    newly_cited: tuple[Citation, ...]
    other_status: bool
    other_snapshot: bool

    @property
    def same_answer(self) -> bool:
        return not (self.text or self.no_longer_cited or self.newly_cited or self.other_status)


def compare(then: Receipt, now: Answer) -> Difference:
    return Difference(
        text=tuple(
            difflib.unified_diff(
                then.text.splitlines(),
                now.text.splitlines(),
                messages.REPLAY_THEN,
                messages.REPLAY_NOW,
                lineterm="",
            )
        ),
        no_longer_cited=_missing(then.citations, now.citations),
        newly_cited=_missing(now.citations, then.citations),
        other_status=then.status is not now.status,
        other_snapshot=then.snapshot_id != now.snapshot_id,
    )


def explain(receipt: Receipt) -> Text:
    """The passages that were found with their scores, how the question ended, and how long it took."""
    text = Text()
    if receipt.hits:
        text.append(f"{'Hạng':>4} {'Điểm':>7} {'Dense':>7} {'BM25':>7} {'Ý':>7}  Đoạn\n", "bold")
        for hit in receipt.hits:
            unit = max(hit.units, default=0.0)
            text.append(
                f"{hit.rank:>4} {hit.score:>7.3f} {hit.dense:>7.3f} {hit.bm25:>7.2f} {unit:>7.3f}  {hit.passage_id}\n"
            )
    else:
        text.append(f"{messages.REPL_NO_HITS}\n")
    timings = receipt.timings
    text.append(f"Kết quả: {receipt.status}, mã trả lời {receipt.answer_id}")
    text.append("" if receipt.confidence is None else f", độ tin cậy {receipt.confidence:.3f}")
    text.append("" if receipt.generated is None else f", mô hình viết lại: {receipt.generated}")
    return text.append(
        f"\nThời gian: tìm {timings.search:.1f} ms, soạn {timings.compose:.1f} ms, tổng cộng {timings.total:.1f} ms"
    )


def replayed(then: Receipt, now: Answer, snapshot_ids: set[str], at: datetime) -> Text:
    """All that is kept of an answer, and the answer of today; `snapshot_ids` are there, `at` is the reader's time."""
    text = facts(
        ("Câu hỏi", then.question.text),
        ("Các câu trước", " | ".join(then.question.turns)),
        ("Đã trả lời", moment(then.created, at)),
        ("Tính đến ngày", _day(then.as_of_day)),
        ("Bản dữ liệu", then.snapshot_id and f"{then.snapshot_id} ({_state(then, now, snapshot_ids)})"),
    )
    if any(map(is_masked, (then.question.text, *then.question.turns))):
        text.append(f"\n{messages.REPLAY_MASKED}")
    text.append("\n\n").append(explain(then))
    if then.citations:
        text.append(f"\n\n{messages.REPLAY_CHOSEN}", "bold")
        for citation in then.citations:
            text.append(f"\n[{citation.number}] {citation.passage_id}: {'; '.join(_units(citation, then))}")
            text.append(f"\n    “{printable(citation.quote)}”", "dim")
    text.append(f"\n\n{messages.REPLAY_TEXT}", "bold").append(f"\n{printable(then.text)}")
    if then.citations:
        text.append(f"\n\n{list_sources(then.citations, messages.voice(then.language))}", "dim")
    anew = messages.REPLAY_ANEW.format(day=_day(now.as_of_day), snapshot=now.snapshot_id)
    text.append(f"\n\n{anew} ", "bold")
    return text.append(_told(then, now))


def replay_json(then: Receipt, now: Answer, snapshot_ids: set[str]) -> dict[str, Any]:
    """The object of `hanoidx replay --json`; `then` has all that is kept, `now` the fields of `hanoidx ask --json`."""
    difference = compare(then, now)
    anew = as_json(now, then.answer_id)
    del anew["id"], anew["answer_id"]  # nothing is kept of this answer
    return {
        "then": asdict(then)
        | {
            "created": then.created.isoformat(),
            "as_of_day": then.as_of_day and then.as_of_day.isoformat(),
            "snapshot_is_there": then.snapshot_id in snapshot_ids,
        },
        "now": anew,
        "difference": asdict(difference) | {"same_answer": difference.same_answer},
    }


def _told(then: Receipt, now: Answer) -> Text:
    difference = compare(then, now)
    if difference.same_answer:
        return Text(messages.REPLAY_SAME)
    lines = [messages.REPLAY_DIFFERENT]
    if difference.other_status:
        lines.append(f"Kết quả: {then.status} → {now.status}")
    lines += difference.text
    for heading, citations in (
        (messages.REPLAY_NO_LONGER_CITED, difference.no_longer_cited),
        (messages.REPLAY_NEWLY_CITED, difference.newly_cited),
    ):
        if citations:
            lines.append(heading)
        for citation in citations:
            dates = f"{citation.status}, thông tin đến {messages.date(citation.as_of)}"
            lines.append(f"[{citation.number}] {citation.passage_id} ({dates}): “{citation.quote}”")
    return Text(printable("\n".join(lines)))


def _day(day: date | None) -> str | None:
    return None if day is None else messages.date(day.isoformat())


def _state(then: Receipt, now: Answer, snapshot_ids: set[str]) -> str:
    if then.snapshot_id == now.snapshot_id:
        return messages.REPLAY_SNAPSHOT_ACTIVE
    return messages.REPLAY_SNAPSHOT_KEPT if then.snapshot_id in snapshot_ids else messages.REPLAY_SNAPSHOT_GONE


def _units(citation: Citation, receipt: Receipt) -> Iterator[str]:
    """The quoted units by their place from 1, with their cosines where their passage was found by the search."""
    hit = next((hit for hit in receipt.hits if hit.passage_id == citation.passage_id), None)
    for place in citation.units:
        sample = f", câu hỏi mẫu {hit.samples[place]:.3f}" if hit and hit.samples[place] else ""
        yield f"ý {place + 1}" + (f" ({hit.units[place]:.3f}{sample})" if hit else "")


def _missing(citations: Sequence[Citation], others: Sequence[Citation]) -> tuple[Citation, ...]:
    there = {replace(other, number=0, units=(), place="") for other in others}
    return tuple(citation for citation in citations if replace(citation, number=0, units=(), place="") not in there)
