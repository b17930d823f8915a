"""How good the answers are: question files -> every question asked in three wordings -> figures beside their bars.

`read`, `run`, then `print_table`, `to_json` or `to_html`. What is right is defined in one place, `shortcomings`,
and the bars in another, `BARS`. Nothing here knows how an answer is made; `ask` is a function it is given.
"""

import functools
import io
import json
import operator
import re
import reprlib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.answer import Ask
from bot.dialogue import Answer, Question, Status
from corpus.document import Passage

MAX_LENGTH = 600  # characters of an answer's text
ANSWERABLE = ("answer", "outdated")
NOT_VIETNAMESE = ("english", "otherlang")
SHOWN_HITS = 5

_STATUSES = {  # expect -> how the status of a right answer begins
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


class EvaluationError(Exception):
    """What an operator must fix before an evaluation; its text is one line that says how."""


class QuestionsError(EvaluationError):
    def __init__(self, problems: Sequence[str]) -> None:
        more = f" (and {len(problems) - 1} more like it)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")
        self.problems = tuple(problems)


class MissingExtra(EvaluationError):
    def __init__(self, module: str) -> None:
        super().__init__(f"the page needs {module}, which is not installed: pip install 'hanoidx[evaluate]'")


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
class Bar:
    """What a figure has to reach in the named runs; `sign` is `>=` or `<=`."""

    sign: str
    limit: float
    runs: tuple[str, ...] = ("clean",)

    def met(self, figure: Figure) -> bool:
        compare = operator.ge if self.sign == ">=" else operator.le
        return bool(compare(round(figure.value, 9), self.limit))  # .88 - .84 is a little more than .04


BARS = {  # shared/DESIGN.md, "Bars"
    "right.answer": Bar(">=", 0.88),
    "right.outdated": Bar(">=", 0.80),
    "right.abstain": Bar(">=", 0.80),
    "right.offtopic": Bar(">=", 0.95),
    "right.refuse": Bar(">=", 0.95),
    "right.smalltalk": Bar(">=", 0.95),
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
    "english": "tiếng Anh",
    "otherlang": "tiếng khác",
    "followup": "hỏi tiếp",
    "abstain": "tài liệu không có",
    "offtopic": "ngoài chủ đề",
    "smalltalk": "chào hỏi",
    "refuse": "phải từ chối",
}
_ROWS = {  # section -> figure -> label; the second section has the kinds of the file
    "Đúng theo việc": {
        "right.all": "tất cả",
        "right.answer": "trả lời",
        "right.outdated": "nói rõ tin đã cũ",
        "right.abstain": "nói là không có",
        "right.offtopic": "biết ngoài chủ đề",
        "right.refuse": "từ chối",
        "right.smalltalk": "chào hỏi",
        "right.answerable": "trả lời + tin đã cũ",
        "drop.right": "kém viết đúng, điểm",
    },
    "Đúng theo loại câu": {},
    "Tìm thấy bằng chứng": {
        "recall@1": "ở hạng 1",
        "recall@5": "trong 5 hạng đầu",
        "drop.recall@5": "kém viết đúng, điểm",
        "recall@1.vietnamese": "tiếng Việt, hạng 1",
        "recall@5.vietnamese": "tiếng Việt, 5 hạng",
    },
    "Nhầm": {"false_answers": "trả lời nhầm", "false_refusals": "từ chối nhầm"},
    "Độ dài câu trả lời": {
        "length.median": "trung vị",
        "length.p90": "90% không quá",
        "length.max": "dài nhất",
    },
    "Thời gian, mili giây": {"latency.p50": "50% không quá", "latency.p95": "95% không quá"},
    "Trích dẫn hỏng": {"citations.bad_numbers": "số [n]", "citations.bad_quotes": "lời trích"},
}


# Reading question files


def read(files: Iterable[Path], texts: Mapping[str, str]) -> tuple[Item, ...]:
    """The questions of all files, in order; `texts` maps a document's id to its full text.

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


def _item(fields: Any, texts: Mapping[str, str]) -> Item:
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
        evidence=tuple(_evidence(entry, texts) for entry in _list(fields.get("evidence", []), "evidence")),
        answers=tuple(_texts(entry, "answers") for entry in _list(fields.get("answers", []), "answers")),
        notes=_text(fields, "notes") if fields.get("notes") is not None else None,
    )
    if item.expect not in _STATUSES:
        raise _Malformed(f"«expect» is {item.expect!r}, expected one of {', '.join(_STATUSES)}")
    if item.expect in ANSWERABLE and not (item.docs and item.answers and all(item.answers)):
        raise _Malformed(f"expect «{item.expect}» needs «docs» and «answers» (lists of accepted strings), none empty")
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
    plain = functools.cache(lambda document_id: _folded(_MARKER.sub("", texts.get(document_id, ""))))
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
    if not answer.status.startswith(_STATUSES[item.expect]):
        yield f"trạng thái {answer.status}, cần {' hoặc '.join(_STATUSES[item.expect])}"
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
    lengths = [len(result.answer.text) for result in results if _answered(result)]
    times = [result.answer.timings.total for result in results]
    figures = {
        "right.all": _share(result.right for result in results),
        "right.answerable": _share(result.right for result in answerable),
        **{f"right.{expect}": _share(r.right for r in results if r.item.expect == expect) for expect in _STATUSES},
        **{f"kind.{kind}": _share(r.right for r in results if r.item.kind == kind) for kind in _kinds(results)},
        **{f"recall@{k}": _share(_found(r, k) for r in with_evidence) for k in (1, 5)},
        **{f"recall@{k}.vietnamese": _share(_found(r, k) for r in vietnamese) for k in (1, 5)},
        "false_answers": _share(_answered(result) for result in others),
        "false_refusals": _share(not _answered(result) for result in answerable),
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


def _answered(result: Result) -> bool:
    return result.answer.status is Status.ANSWERED


def _found(result: Result, k: int) -> bool:
    return result.rank is not None and result.rank <= k


def _kinds(results: Iterable[Result]) -> list[str]:
    """The kinds of the file, in its order."""
    return list(dict.fromkeys(result.item.kind for result in results))


def _share(outcomes: Iterable[bool]) -> Figure:
    counted = list(outcomes)
    return Figure(sum(counted) / len(counted) if counted else 0.0, len(counted))


def _percentile(values: Sequence[float], percent: float) -> Figure:
    return Figure(float(np.percentile(values, percent)) if values else 0.0, len(values))


# On the terminal and as JSON


def print_table(evaluation: Evaluation, console: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("")
    for label in (*RUNS.values(), "mốc"):
        table.add_column(label, justify="right", no_wrap=True)
    for section, rows in _sections(evaluation).items():
        table.add_row(f"[bold]{section}[/]")
        for name, label in rows.items():
            cells = (_cell(name, run, figures) for run, figures in evaluation.runs.items())
            table.add_row(f"  {escape(label)}", *cells, _bar_text(name))
    console.print(table)
    states = [met for name in BARS for run in RUNS if (met := _met(name, run, evaluation.runs[run])) is not None]
    console.print(f"Đạt {sum(states)}/{len(states)} mốc. [dim]Số mờ: đếm trên mấy câu. {RUNS_NOTE}.[/]")


def _sections(evaluation: Evaluation) -> dict[str, dict[str, str]]:
    """The rows of the table that have a figure, under their sections."""
    kinds = {f"kind.{kind}": KINDS.get(kind, kind) for kind in _kinds(evaluation.results)}
    return {
        section: {
            name: label
            for name, label in (rows or kinds).items()
            if any(name in figures for figures in evaluation.runs.values())
        }
        for section, rows in _ROWS.items()
    }


def _cell(name: str, run: str, figures: Figures) -> str:
    if name not in figures:
        return "[dim]–[/]"
    mark = {None: "", True: "[green]✓[/] ", False: "[red]✗[/] "}[_met(name, run, figures)]
    return f"{mark}{_value_text(name, figures[name].value)} [dim]{figures[name].n:>3}[/]"


def _met(name: str, run: str, figures: Figures) -> bool | None:
    """Whether the figure reaches its bar; None where there is no bar or no figure."""
    bar, figure = BARS.get(name), figures.get(name)
    return bar.met(figure) if bar and figure and run in bar.runs else None


def _bar_text(name: str) -> str:
    bar = BARS.get(name)
    return f"{'≥' if bar.sign == '>=' else '≤'} {_value_text(name, bar.limit).replace(',0', '')}" if bar else ""


def _value_text(name: str, value: float) -> str:
    family = name.partition(".")[0]
    if family in ("length", "citations"):
        return f"{value:.0f}"
    if family not in ("latency", "drop"):
        return f"{value * 100:.1f}%".replace(".", ",")
    return f"{value * (100 if family == 'drop' else 1):.1f}".replace(".", ",")


def to_json(evaluation: Evaluation) -> str:
    """Every figure with its count, bar and whether it is met, then one record a question asked."""
    figures = {
        run: {
            name: {"value": round(figure.value, 6), "n": figure.n}
            | ({"bar": f"{BARS[name].sign} {BARS[name].limit:g}", "ok": ok} if ok is not None else {})
            for name, figure in of_run.items()
            for ok in [_met(name, run, of_run)]
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


# As one page


@dataclass(frozen=True, slots=True)
class _Card:
    """A question with something wrong; answers that are alike stand once, with all the wordings that got them."""

    item: Item
    wordings: Mapping[str, bool]
    blocks: tuple[tuple[str, Result], ...]


def to_html(evaluation: Evaluation, threshold: float | None = None) -> str:
    """One page that loads nothing; `threshold` is what `Answer.confidence` is compared with."""
    try:
        import jinja2
        import markupsafe
    except ImportError as error:
        raise MissingExtra("jinja2") from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cards = [card for card in _cards(evaluation) if not all(card.wordings.values())]
    clean, sections = evaluation.of(Wording.CLEAN), _sections(evaluation)
    bars = [
        (section, label, name, run, evaluation.runs[run][name], met)
        for section, rows in sections.items()
        for name, label in rows.items()
        for run in RUNS
        if (met := _met(name, run, evaluation.runs[run])) is not None
    ]
    return environment.get_template("report.html").render(
        runs=evaluation.runs,
        run_labels=RUNS,
        runs_note=RUNS_NOTE,
        sections=sections,
        bars=bars,
        missed=[bar[:-1] for bar in bars if not bar[-1]],
        met=_met,
        value_text=_value_text,
        bar_text=_bar_text,
        plots=[(title, note, markupsafe.Markup(svg)) for title, note, svg in _plots(evaluation, threshold)],  # noqa: S704 - matplotlib's, not a person's
        groups=[
            (KINDS.get(kind, kind), of_kind, sum(result.item.kind == kind for result in clean))
            for kind in _kinds(clean)
            if (of_kind := [card for card in cards if card.item.kind == kind])
        ],
        faults=[
            (result.item.id, RUNS[result.wording], fault)
            for result in evaluation.results
            for fault in (*result.bad_numbers, *result.bad_quotes)
        ],
        asked=len(clean),
        wrong=sum(not result.right for result in clean),
        snapshots=sorted({r.answer.snapshot_id for r in clean if r.answer.snapshot_id}),
        threshold=threshold,
        shown_hits=SHOWN_HITS,
    )


def _cards(evaluation: Evaluation) -> Iterator[_Card]:
    of_item: dict[str, list[Result]] = {}
    for result in evaluation.results:
        of_item.setdefault(result.item.id, []).append(result)
    for results in of_item.values():
        alike: dict[tuple[Status, str], list[Result]] = {}
        for result in results:
            if not result.right:
                alike.setdefault((result.answer.status, result.answer.text), []).append(result)
        yield _Card(
            item=results[0].item,
            wordings={RUNS[result.wording].rstrip("*"): result.right for result in results},
            blocks=tuple((", ".join(RUNS[r.wording].rstrip("*") for r in same), same[0]) for same in alike.values()),
        )


# Plots. They are drawn in the colours of the page's light theme, then given the names of its CSS variables.

_COLOURS = {"ink": "#1c2733", "faint": "#8a97a3", "good": "#14786a", "bad": "#c4492d", "other": "#5a64c8"}
_WIDTH = 4.4  # inches; 317 points, about a phone's width, so that 9-point text stays readable there


def _plots(evaluation: Evaluation, threshold: float | None) -> Iterator[tuple[str, str, str]]:
    """Title, note and SVG of each plot that has something to show."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure as Drawing
    except ImportError as error:
        raise MissingExtra("matplotlib") from error
    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "text.parse_math": False,
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), _COLOURS["ink"]),
        **dict.fromkeys(("axes.edgecolor", "grid.color"), _COLOURS["faint"]),
        **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor"), "none"),
        "legend.frameon": False,
    }
    plots = {"kinds": _plot_kinds, "scores": _plot_scores, "trade-off": _plot_trade_off, "latency": _plot_latency}
    for name, plot in plots.items():
        with mpl.rc_context(style | {"svg.hashsalt": name}):
            drawing = Drawing(layout="constrained")
            texts = plot(drawing, evaluation, threshold)
            if texts:
                yield *texts, _svg(drawing, name, *texts)


def _svg(drawing: Any, name: str, title: str, note: str) -> str:
    """An inline SVG with a name and a description, ids of its own, and the colours of the page."""
    stream = io.StringIO()
    drawing.savefig(stream, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = stream.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg).replace("xlink:href", "href")
    for variable, colour in _COLOURS.items():
        svg = svg.replace(colour, f"var(--{variable})")
    box = re.search(r'viewBox="[^"]*"', svg)
    assert box, "matplotlib writes a viewBox"
    head = (
        f'<svg {box[0]} role="img" aria-labelledby="{name}-title {name}-note">'
        f'<title id="{name}-title">{title}</title><desc id="{name}-note">{note}</desc>'
    )
    return head + svg[svg.index(">") + 1 :]


def _plot_kinds(drawing: Any, evaluation: Evaluation, _: float | None) -> tuple[str, str]:
    clean, stripped = evaluation.runs["clean"], evaluation.runs["stripped"]
    names = [name for name in clean if name.startswith("kind.")]
    drawing.set_size_inches(_WIDTH, 0.5 + 0.24 * len(names))
    axes = drawing.subplots()
    axes.barh(range(len(names)), [clean[name].value for name in names], height=0.66, color=_COLOURS["good"], alpha=0.8)
    axes.plot(
        [stripped[name].value for name in names],
        range(len(names)),
        linestyle="none",
        marker="o",
        markersize=5,
        markerfacecolor="none",
        markeredgecolor=_COLOURS["ink"],
        clip_on=False,
    )
    for row, name in enumerate(names):
        figure = clean[name]
        axes.text(1.04, row, f"{round(figure.value * figure.n)}/{figure.n}", va="center")
    axes.set_yticks(range(len(names)), [KINDS.get(name[5:], name[5:]) for name in names])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    _percent_axis(axes.xaxis, axes.set_xlim)
    return "Tỉ lệ đúng theo loại câu hỏi", "Thanh: viết đúng chính tả. Vòng tròn: cùng câu ấy bỏ dấu. Số: đúng/tổng."


def _plot_scores(drawing: Any, evaluation: Evaluation, threshold: float | None) -> tuple[str, str] | None:
    scored = [r for r in evaluation.of(Wording.CLEAN) if r.answer.confidence is not None]
    if not scored:
        return None
    groups = (
        ("trả lời đúng", "good", [r for r in scored if r.item.expect in ANSWERABLE and r.right]),
        ("đáng lẽ trả lời được mà sai", "bad", [r for r in scored if r.item.expect in ANSWERABLE and not r.right]),
        ("không nên trả lời", "other", [r for r in scored if r.item.expect not in ANSWERABLE]),
    )
    bins = np.histogram_bin_edges([r.answer.confidence or 0.0 for r in scored], bins=30)
    drawing.set_size_inches(_WIDTH, 3.9)
    rows = drawing.subplots(len(groups), 1, sharex=True)
    for axes, (label, colour, results) in zip(rows, groups, strict=True):
        axes.hist([r.answer.confidence for r in results], bins=bins, color=_COLOURS[colour], alpha=0.8)
        axes.set_title(f"{label} ({len(results)} câu)", loc="left", fontsize=9)
        axes.yaxis.get_major_locator().set_params(integer=True, nbins=3)
        if threshold is not None:
            axes.axvline(threshold, color=_COLOURS["ink"], linestyle="--", linewidth=1)
    mark = f" (gạch đứng: ngưỡng {_decimal(threshold)})" if threshold is not None else ""
    rows[-1].xaxis.set_major_formatter(lambda value, _: _decimal(value))
    rows[-1].set_xlabel(f"điểm tin cậy{mark}")
    return "Điểm tin cậy", "Số câu theo điểm. Ngưỡng tốt để ít câu đúng bên trái, ít câu không nên trả lời bên phải."


def _plot_trade_off(drawing: Any, evaluation: Evaluation, threshold: float | None) -> tuple[str, str] | None:
    clean = evaluation.of(Wording.CLEAN)
    figures = evaluation.runs["clean"]
    if not {"false_refusals", "false_answers"} <= figures.keys() or all(r.answer.confidence is None for r in clean):
        return None
    scores = sorted({r.answer.confidence for r in clean if r.answer.confidence is not None})
    curve = [trade_off(clean, at) for at in (*scores, scores[-1] + 1)]
    drawing.set_size_inches(_WIDTH, 3.4)
    axes = drawing.subplots()
    axes.plot(*zip(*curve, strict=True), color=_COLOURS["other"], linewidth=1.6, label="khi ngưỡng thay đổi")
    if threshold is not None:
        label = f"ngưỡng {_decimal(threshold)}"
        axes.plot(*trade_off(clean, threshold), "o", color=_COLOURS["other"], markersize=7, label=label, clip_on=False)
    observed = figures["false_refusals"].value, figures["false_answers"].value
    axes.plot(*observed, "X", color=_COLOURS["bad"], markersize=7, label="bot hiện nay", clip_on=False)
    _percent_axis(axes.xaxis, axes.set_xlim)
    _percent_axis(axes.yaxis, axes.set_ylim)
    axes.set_xlabel(f"không trả lời câu nên trả lời (của {figures['false_refusals'].n} câu)")
    axes.set_ylabel(f"trả lời câu không nên (của {figures['false_answers'].n})")
    axes.legend(fontsize=8)
    return "Chọn ngưỡng", "Mỗi điểm là một ngưỡng: càng gần góc trái dưới càng tốt. Chỉ xét điểm tin cậy."


def trade_off(results: Sequence[Result], threshold: float) -> tuple[float, float]:
    """Shares of false refusals and of false answers, were every score at or above the threshold answered."""

    def answered(result: Result) -> bool:
        confidence = result.answer.confidence
        return _answered(result) if confidence is None else confidence >= threshold

    refusals = _share(not answered(result) for result in results if result.item.expect in ANSWERABLE)
    answers = _share(answered(result) for result in results if result.item.expect not in ANSWERABLE)
    return refusals.value, answers.value


def _plot_latency(drawing: Any, evaluation: Evaluation, _: float | None) -> tuple[str, str]:
    times = [result.answer.timings.total for result in evaluation.of(Wording.CLEAN)]
    figures = evaluation.runs["clean"]
    drawing.set_size_inches(_WIDTH, 2.6)
    axes = drawing.subplots()
    axes.ecdf(times, color=_COLOURS["good"])
    for name, share in (("latency.p50", 0.5), ("latency.p95", 0.95)):
        value = figures[name].value
        axes.plot(value, share, "o", color=_COLOURS["ink"], markersize=5)
        axes.annotate(
            f"{share:.0%}: {_value_text(name, value)} ms", (value, share), (7, -10), textcoords="offset points"
        )
    axes.set_xlim(0, 1.35 * max(figures["latency.p95"].value, 1e-3))
    _percent_axis(axes.yaxis, axes.set_ylim)
    axes.set_xlabel("mili giây")
    return "Thời gian trả lời", f"Phần câu hỏi được trả lời trong chừng ấy thời gian ({len(times)} câu viết đúng)."


def _percent_axis(axis: Any, set_limits: Callable[[float, float], object]) -> None:
    set_limits(0, 1)
    axis.set_ticks([0, 0.25, 0.5, 0.75, 1], ["0", "25%", "50%", "75%", "100%"])
    axis.grid(visible=True, linewidth=0.4, alpha=0.6)
    axis.axes.set_axisbelow(True)


def _decimal(value: float) -> str:
    return f"{value:.3g}".replace(".", ",")
