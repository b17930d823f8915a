"""How good the answers are: question files -> every question asked in three wordings -> figures beside their bars.

`read`, `run`, then `to_json` here, `print_table` or `to_html` in evaluation_page.py. What is right is defined in one
place, `shortcomings`, and the bars in another, `BARS`. Nothing here knows how an answer is made; `ask` is given.
"""

import functools
import json
import operator
import re
import reprlib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from bot.answering.answer import Ask
from bot.dialogue import Answer, Question, Status
from bot.errors import BotError
from corpus.document import PAGE, Passage

MAX_LENGTH = 600  # characters of an answer's text
ANSWERABLE = ("answer", "outdated")
NOT_VIETNAMESE = ("english", "otherlang")

STATUSES = {  # expect -> how the status of a right answer begins
    "answer": ("answered",),
    "outdated": ("answered",),
    "abstain": ("unanswerable",),
    "offtopic": ("unanswerable",),
    "refuse": ("refused", "unanswerable"),
    "smalltalk": ("small_talk",),
}
_NUMBER = re.compile(r"\[(\d+)\]")
_MARKER = re.compile(r"\s*\[\d+\]")
_DIACRITIC = re.compile("[\u0300-\u036f]")
_STROKED_D = str.maketrans("đĐ", "dD")


class EvaluationError(BotError):
    """What an operator must fix before an evaluation; its text is one line that says how."""


class QuestionsError(EvaluationError):
    def __init__(self, problems: Sequence[str]) -> None:
        more = f" (and {len(problems) - 1} more like it)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")
        self.problems = tuple(problems)


class HistoryError(EvaluationError):
    def __init__(self, file: Path, line: int) -> None:
        super().__init__(
            f"{file}:{line}: no step of a history; expected {{change, day, figures}} as --change writes it"
        )


class Wording(StrEnum):
    CLEAN = "clean"
    STRIPPED = "stripped"
    TYPED = "typed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Exact words of a document, its markers included, and every `[start, end)` where they stand in its text."""

    document_id: str
    quote: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a question file; shared/eval/README.md describes the fields."""

    id: str
    kind: str
    expect: str
    question: str
    typed: str | None
    turns: tuple[str, ...]
    docs: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    answers: tuple[tuple[str, ...], ...]
    notes: str | None

    def holds(self, passage: Passage) -> bool:
        """Does a unit of the passage overlap a quote of the evidence?"""
        return any(
            unit.start < end and start < unit.end
            for evidence in self.evidence
            if evidence.document_id == passage.document_id
            for start, end in evidence.spans
            for unit in passage.units
        )


@dataclass(frozen=True, slots=True)
class Result:
    """One question asked once. `rank` is that of the first hit with evidence; `why` says what made it wrong.

    `bad_numbers` and `bad_quotes` are the faults of its citations, in words.
    """

    item: Item
    wording: Wording
    answer: Answer
    why: tuple[str, ...]
    rank: int | None
    bad_numbers: tuple[str, ...]
    bad_quotes: tuple[str, ...]

    @property
    def right(self) -> bool:
        return not self.why


@dataclass(frozen=True, slots=True)
class Figure:
    """A value and the number of questions (or, of citations, quotes and numbers) it was counted over."""

    value: float
    n: int


Figures = Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`runs`: `clean`, `stripped`, `paired` (the clean wordings of the questions that have a typed one), `typed`."""

    results: tuple[Result, ...]
    runs: Mapping[str, Figures]

    def of(self, wording: Wording) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.wording is wording)


@dataclass(frozen=True, slots=True)
class Step:
    """An earlier evaluation of the same questions: what had changed, when, and its figures by run."""

    change: str
    day: str
    figures: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure has to reach in the named runs; `sign` is `>=` or `<=`."""

    sign: str
    limit: float
    runs: tuple[str, ...] = ("clean",)

    def met(self, figure: Figure) -> bool:
        compare = operator.ge if self.sign == ">=" else operator.le
        return bool(compare(round(figure.value, 9), self.limit))  # .88 - .84 is a little more than .04


BARS = {  # of the project's design
    "right.answer": Bar(">=", 0.88),
    "right.outdated": Bar(">=", 0.80),
    "right.abstain": Bar(">=", 0.80),
    "right.offtopic": Bar(">=", 0.95),
    "right.refuse": Bar(">=", 0.95),
    "right.smalltalk": Bar(">=", 0.95),
    "kind.followup": Bar(">=", 0.80),
    "kind.english": Bar(">=", 0.75),
    "drop.right": Bar("<=", 0.04, ("stripped", "typed")),
    "recall@5": Bar(">=", 0.95),
    "drop.recall@5": Bar("<=", 0.02, ("stripped",)),
    "false_refusals": Bar("<=", 0.04),
    "length.median": Bar("<=", 300),
    "length.max": Bar("<=", MAX_LENGTH),
    "latency.p50": Bar("<=", 10),
    "latency.p95": Bar("<=", 20),
    "citations.bad_numbers": Bar("<=", 0, ("clean", "stripped", "typed")),
    "citations.bad_quotes": Bar("<=", 0, ("clean", "stripped", "typed")),
}

RUNS = {"clean": "viết đúng", "stripped": "bỏ dấu", "paired": "viết đúng*", "typed": "gõ vội*"}
RUNS_NOTE = "* chỉ những câu có cả bản gõ vội"
KINDS = {
    "fact-number": "con số",
    "fact-date": "ngày tháng",
    "document-number": "số văn bản",
    "howto": "cách làm",
    "list": "liệt kê",
    "outdated": "tin đã cũ",
    "compare": "so sánh",
    "colloquial": "lời nói thường",
    "own": "câu tự thêm",
    "english": "tiếng Anh",
    "otherlang": "tiếng khác",
    "followup": "hỏi tiếp",
    "abstain": "tài liệu không có",
    "offtopic": "ngoài chủ đề",
    "smalltalk": "chào hỏi",
    "refuse": "phải từ chối",
}
# Reading question files


def read(files: Iterable[Path], texts: Mapping[str, str] | None) -> tuple[Item, ...]:
    """The questions of all files, in order; `texts` maps a document's id to its full text.

    Without texts the documents may be any, and no evidence is read.
    Raises QuestionsError with the file and line of what is wrong, and how many more there are.
    """
    items: dict[str, Item] = {}
    problems: list[str] = []
    for file in files:
        found = len(items) + len(problems)
        for number, line in enumerate(_lines(file), 1):
            if not line.strip():
                continue
            try:
                item = _item(json.loads(line), texts)
                if item.id in items:
                    raise _Malformed(f"id «{item.id}» is taken; give every question its own")
                items[item.id] = item
            except json.JSONDecodeError as error:
                problems.append(f"{file}:{number}: not JSON: {error.msg}, column {error.colno}")
            except _Malformed as error:
                problems.append(f"{file}:{number}: {error}")
        if len(items) + len(problems) == found:
            problems.append(f"{file}: no questions; write one JSON object a line")
    if problems:
        raise QuestionsError(problems)
    return tuple(items.values())


class _Malformed(Exception):
    """One line of a question file cannot be used; the text says why."""


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise QuestionsError([f"{file}: {error.strerror}; name a file of questions, one JSON object a line"]) from error
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise QuestionsError([f"{file}:{line}: not UTF-8; save the file as UTF-8"]) from error


def _item(fields: Any, texts: Mapping[str, str] | None) -> Item:
    if not isinstance(fields, dict):
        raise _Malformed("not a JSON object; write {…} on one line")
    item = Item(
        id=_text(fields, "id"),
        kind=_text(fields, "kind"),
        expect=_text(fields, "expect"),
        question=_text(fields, "question"),
        typed=_text(fields, "typed") if fields.get("typed") is not None else None,
        turns=_texts(fields.get("turns", []), "turns"),
        docs=_texts(fields.get("docs", []), "docs"),
        evidence=tuple(
            _evidence(entry, texts) for entry in _list(fields.get("evidence", []), "evidence") if texts is not None
        ),
        answers=tuple(_texts(entry, "answers") for entry in _list(fields.get("answers", []), "answers")),
        notes=_text(fields, "notes") if fields.get("notes") is not None else None,
    )
    if item.expect not in STATUSES:
        raise _Malformed(f"«expect» is {item.expect!r}, expected one of {', '.join(STATUSES)}")
    if item.expect in ANSWERABLE and not (item.docs and item.answers and all(item.answers)):
        raise _Malformed(f"expect «{item.expect}» needs «docs» and «answers» (lists of accepted strings), none empty")
    if texts is not None:
        for document_id in item.docs:
            _known(document_id, texts)
    return item


def _text(fields: Mapping[str, Any], name: str) -> str:
    if name not in fields:
        raise _Malformed(f"«{name}» is missing")
    value = fields[name]
    if not isinstance(value, str) or not value.strip():
        raise _Malformed(f"«{name}» is {reprlib.repr(value)}, expected text")
    return value


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise _Malformed(f"«{name}» holds {reprlib.repr(value)}, expected a list")
    return value


def _texts(value: Any, name: str) -> tuple[str, ...]:
    for entry in _list(value, name):
        if not isinstance(entry, str) or not entry.strip():
            raise _Malformed(f"«{name}» holds {reprlib.repr(entry)}, expected text")
    return tuple(value)


def _evidence(fields: Any, texts: Mapping[str, str]) -> Evidence:
    if not isinstance(fields, dict):
        raise _Malformed(f"«evidence» holds {reprlib.repr(fields)}, expected {{doc, quote}}")
    document_id, quote = _text(fields, "doc"), unicodedata.normalize("NFC", _text(fields, "quote"))
    text = _known(document_id, texts)
    spans = tuple((match.start(), match.end()) for match in re.finditer(re.escape(quote), text))
    if not spans:
        raise _Malformed(f"evidence {reprlib.repr(quote)} is not in «{document_id}»; quote the document exactly")
    return Evidence(document_id, quote, spans)


def _known(document_id: str, texts: Mapping[str, str]) -> str:
    if document_id not in texts:
        raise _Malformed(f"no document «{document_id}»; correct the id")
    return texts[document_id]


# Asking and judging


def run(items: Sequence[Item], ask: Ask, texts: Mapping[str, str]) -> Evaluation:
    """Ask every question as written, without diacritics, and as typed in a hurry where such a wording is known."""
    plain = functools.cache(lambda document_id: _folded(PAGE.sub("", _MARKER.sub("", texts.get(document_id, "")))))
    results = tuple(
        _result(item, wording, ask(question), plain)
        for wording in Wording
        for item in items
        if (question := _worded(item, wording))
    )
    runs = {wording.value: [result for result in results if result.wording is wording] for wording in Wording}
    runs["paired"] = [result for result in runs["clean"] if result.item.typed is not None]
    figures = {name: _figures(of_run) for name, of_run in runs.items()}
    for name, beside in (("stripped", "clean"), ("typed", "paired")):
        figures[name] |= _drops(figures[name], figures[beside])
    return Evaluation(results, {name: figures[name] for name in RUNS})


def strip_diacritics(text: str) -> str:
    """ "Đường Hoà Bình" -> "Duong Hoa Binh"; marks of other scripts stay."""
    decomposed = unicodedata.normalize("NFD", text.translate(_STROKED_D))
    return unicodedata.normalize("NFC", _DIACRITIC.sub("", decomposed))


def _worded(item: Item, wording: Wording) -> Question | None:
    if wording is Wording.CLEAN:
        return Question(item.question, item.turns)
    if wording is Wording.STRIPPED:
        return Question(strip_diacritics(item.question), tuple(map(strip_diacritics, item.turns)))
    return Question(item.typed, item.turns) if item.typed is not None else None


def _result(item: Item, wording: Wording, answer: Answer, plain: Callable[[str], str]) -> Result:
    return Result(
        item=item,
        wording=wording,
        answer=answer,
        why=tuple(shortcomings(item, answer)),
        rank=next((rank for rank, hit in enumerate(answer.hits, 1) if item.holds(hit.passage)), None),
        bad_numbers=tuple(_bad_numbers(answer)),
        bad_quotes=tuple(_bad_quotes(answer, plain)),
    )


def shortcomings(item: Item, answer: Answer) -> Iterator[str]:
    """What keeps an answer from being right, in words for the page; nothing when it is right."""
    if not answer.status.startswith(STATUSES[item.expect]):
        yield f"trạng thái {answer.status}, cần {' hoặc '.join(STATUSES[item.expect])}"
        return
    if item.expect not in ANSWERABLE:
        return
    if len(answer.text) > MAX_LENGTH:
        yield f"dài {len(answer.text)} ký tự, quá {MAX_LENGTH}"
    text = _folded(answer.text).casefold()
    for accepted in item.answers:
        if not any(_folded(string).casefold() in text for string in accepted):
            yield f"thiếu {' / '.join(f'«{string}»' for string in accepted)}"
    if not {citation.document_id for citation in answer.citations} & set(item.docs):
        yield "không trích tài liệu nào trong số cần trích"


def _bad_numbers(answer: Answer) -> Iterator[str]:
    numbers = [citation.number for citation in answer.citations]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"trích dẫn đánh số {numbers}, không phải 1, 2, 3…"
    for number in sorted({int(match) for match in _NUMBER.findall(answer.text)} - set(numbers)):
        yield f"[{number}] không dẫn tới trích dẫn nào"


def _bad_quotes(answer: Answer, plain: Callable[[str], str]) -> Iterator[str]:
    for citation in answer.citations:
        quote = _folded(citation.quote)
        if not quote or quote not in plain(citation.document_id):
            yield f"lời trích [{citation.number}] không có nguyên văn trong {citation.document_id}"


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _figures(results: Sequence[Result]) -> dict[str, Figure]:
    """All figures of one run; those that would be counted over nothing are left out."""
    answerable = [result for result in results if result.item.expect in ANSWERABLE]
    others = [result for result in results if result.item.expect not in ANSWERABLE]
    with_evidence = [result for result in answerable if result.item.evidence]
    vietnamese = [result for result in with_evidence if result.item.kind not in NOT_VIETNAMESE]
    lengths = [len(result.answer.text) for result in results if answered(result)]
    times = [result.answer.timings.total for result in results]
    figures = {
        "right.all": share(result.right for result in results),
        "right.answerable": share(result.right for result in answerable),
        **{f"right.{expect}": share(r.right for r in results if r.item.expect == expect) for expect in STATUSES},
        **{f"kind.{kind}": share(r.right for r in results if r.item.kind == kind) for kind in kinds_of(results)},
        **{f"recall@{k}": share(_found(r, k) for r in with_evidence) for k in (1, 5)},
        **{f"recall@{k}.vietnamese": share(_found(r, k) for r in vietnamese) for k in (1, 5)},
        "false_answers": share(answered(result) for result in others),
        "false_refusals": share(not answered(result) for result in answerable),
        "length.median": _percentile(lengths, 50),
        "length.p90": _percentile(lengths, 90),
        "length.max": _percentile(lengths, 100),
        "latency.p50": _percentile(times, 50),
        "latency.p95": _percentile(times, 95),
        "citations.bad_numbers": Figure(sum(len(r.bad_numbers) for r in results), len(results)),
        "citations.bad_quotes": Figure(
            sum(len(r.bad_quotes) for r in results), sum(len(r.answer.citations) for r in results)
        ),
    }
    return {name: figure for name, figure in figures.items() if figure.n}


def _drops(figures: Figures, beside: Figures) -> dict[str, Figure]:
    pairs = {"drop.right": "right.answerable", "drop.recall@5": "recall@5"}
    return {
        drop: Figure(beside[name].value - figures[name].value, figures[name].n)
        for drop, name in pairs.items()
        if name in figures
    }


def answered(result: Result) -> bool:
    return result.answer.status is Status.ANSWERED


def _found(result: Result, k: int) -> bool:
    return result.rank is not None and result.rank <= k


def kinds_of(results: Iterable[Result]) -> list[str]:
    """The kinds of the file, in its order."""
    return list(dict.fromkeys(result.item.kind for result in results))


def share(outcomes: Iterable[bool]) -> Figure:
    counted = list(outcomes)
    return Figure(sum(counted) / len(counted) if counted else 0.0, len(counted))


def _percentile(values: Sequence[float], percent: float) -> Figure:
    return Figure(float(np.percentile(values, percent)) if values else 0.0, len(values))


# History


def read_history(file: Path) -> tuple[Step, ...]:
    """The steps of a file, oldest first; none where there is no such file."""
    if not file.exists():
        return ()
    steps = []
    for number, line in enumerate(_lines(file), 1):
        if line.strip():
            try:
                fields = json.loads(line)
                steps.append(Step(str(fields["change"]), str(fields["day"]), dict(fields["figures"])))
            except (ValueError, KeyError, TypeError) as error:
                raise HistoryError(file, number) from error
    return tuple(steps)


def remember(evaluation: Evaluation, file: Path, change: str, day: date) -> None:
    """Add an evaluation to a history, as what it is after `change`."""
    figures = {
        run: {name: round(figure.value, 4) for name, figure in of_run.items() if not name.startswith("latency")}
        for run, of_run in evaluation.runs.items()
    }
    with file.open("a", encoding="utf-8") as stream:
        stream.write(
            json.dumps({"change": change, "day": day.isoformat(), "figures": figures}, ensure_ascii=False) + "\n"
        )


# As JSON


def met(name: str, run: str, figures: Figures) -> bool | None:
    """Whether the figure reaches its bar; None where there is no bar or no figure."""
    bar, figure = BARS.get(name), figures.get(name)
    return bar.met(figure) if bar and figure and run in bar.runs else None


def to_json(evaluation: Evaluation) -> str:
    """Every figure with its count, bar and whether it is met, then one record a question asked."""
    figures = {
        run: {
            name: {"value": round(figure.value, 6), "n": figure.n}
            | ({"bar": f"{BARS[name].sign} {BARS[name].limit:g}", "ok": ok} if ok is not None else {})
            for name, figure in of_run.items()
            for ok in [met(name, run, of_run)]
        }
        for run, of_run in evaluation.runs.items()
    }
    items = [
        {
            "id": result.item.id,
            "kind": result.item.kind,
            "expect": result.item.expect,
            "wording": result.wording.value,
            "right": result.right,
            "why": list(result.why),
            "status": result.answer.status.value,
            "text": result.answer.text,
            "length": len(result.answer.text),
            "documents": list(dict.fromkeys(citation.document_id for citation in result.answer.citations)),
            "citation_faults": [*result.bad_numbers, *result.bad_quotes],
            "confidence": result.answer.confidence,
            "rank": result.rank,
            "ms": round(result.answer.timings.total, 2),
        }
        for result in evaluation.results
    ]
    return json.dumps({"figures": figures, "items": items}, ensure_ascii=False, indent=1) + "\n"
