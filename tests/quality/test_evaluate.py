import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot.dialogue import Answer, Citation, Question, Status, Timings
from bot.errors import MissingExtra
from bot.quality.evaluate import (
    BARS,
    Bar,
    Evaluation,
    EvaluationError,
    Figure,
    Item,
    QuestionsError,
    Result,
    Wording,
    read,
    read_history,
    remember,
    run,
    shortcomings,
    strip_diacritics,
    to_json,
)
from bot.quality.evaluation_page import print_table, to_html, trade_off
from corpus.document import Entry, Kind, Passage, Unit
from index.search import Hit

TEXTS = {
    "xa-phuong": "Thành phố có **126** xã, phường [3].\nTrước đó có 526 đơn vị\ncấp xã [1][2].",
    "ihanoi": "Ứng dụng iHanoi dùng được tại Đường Hoà Bình.",
}
QUESTION = {
    "id": "q-1",
    "kind": "fact-number",
    "question": "Hà Nội có bao nhiêu xã, phường?",
    "expect": "answer",
    "docs": ["xa-phuong"],
    "evidence": [{"doc": "xa-phuong", "quote": "**126** xã, phường [3]"}],
    "answers": [["126", "một trăm hai mươi sáu"]],
}
DECLINED: dict[str, Any] = {"docs": [], "evidence": [], "answers": []}


def line(**fields: Any) -> dict[str, Any]:
    return QUESTION | fields


def written(folder: Path, *lines: object) -> Path:
    file = folder / "questions.jsonl"
    file.write_text("\n".join(entry if isinstance(entry, str) else json.dumps(entry) for entry in lines), "utf-8")
    return file


def items(folder: Path, *lines: object) -> tuple[Item, ...]:
    return read([written(folder, *lines)], TEXTS)


def citation(
    document_id: str = "xa-phuong", quote: str = "Thành phố có **126** xã, phường.", number: int = 1
) -> Citation:
    return Citation(
        number, f"{document_id}#mo-dau", document_id, "Tên", (), "UBND", None, None, "2025", "còn hiệu lực", None, quote
    )


def hit(document_id: str, start: int, end: int) -> Hit:
    unit = Unit(Kind.SENTENCE, start, end, TEXTS[document_id][start:end], TEXTS[document_id][start:end])
    entry = Entry(document_id, "Tên", "UBND", None, "bài viết", None, "2025", "còn hiệu lực", (), (), ())
    return Hit(1, Passage(f"{document_id}#mo-dau", document_id, (), (unit,)), entry, 1.0, 0.9, 3.0, (0.9,), (0.0,), 0)


EVIDENCE_HIT = hit("xa-phuong", 0, 36)
OTHER_HIT = hit("ihanoi", 0, 20)
RIGHT = Answer(
    "a1",
    Question(""),
    Status.ANSWERED,
    "vi",
    "Thành phố có 126 xã, phường [1]",
    citations=(citation(),),
    hits=(EVIDENCE_HIT,),
    confidence=0.9,
    timings=Timings(total=4.0),
)
REFUSED = Answer("a2", Question(""), Status.UNANSWERABLE_NO_PASSAGE, "vi", "Tài liệu không có.", confidence=0.2)


def always(answer: Answer) -> Callable[[Question], Answer]:
    return lambda question: replace(answer, question=question)


def by_text(answers: dict[str, Answer]) -> Callable[[Question], Answer]:
    return lambda question: answers[question.text]


def evaluated(folder: Path, answers: Sequence[Answer], **fields: Any) -> Evaluation:
    """Question number i, in any wording, gets answer i."""
    lines = [line(id=f"q-{i}", question=f"câu {i}", **fields) for i in range(len(answers))]
    return run(items(folder, *lines), lambda question: answers[int(question.text.split()[1])], TEXTS)


def is_right(folder: Path, answer: Answer, **fields: Any) -> bool:
    (item,) = items(folder, line(**fields))
    return not list(shortcomings(item, answer))


# Right and wrong


def test_an_answer_with_an_accepted_string_and_a_wanted_document_is_right(tmp_path: Path) -> None:
    assert is_right(tmp_path, RIGHT)
    assert is_right(tmp_path, RIGHT, expect="outdated")


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.ANSWERED])
def test_an_answerable_question_with_any_other_status_is_wrong(tmp_path: Path, status: Status) -> None:
    assert not is_right(tmp_path, replace(RIGHT, status=status))


def test_an_answer_of_600_characters_is_right_and_of_601_wrong(tmp_path: Path) -> None:
    assert is_right(tmp_path, replace(RIGHT, text="126".ljust(600, ".")))
    assert not is_right(tmp_path, replace(RIGHT, text="126".ljust(601, ".")))


def test_every_inner_list_needs_one_of_its_strings(tmp_path: Path) -> None:
    assert is_right(tmp_path, RIGHT, answers=[["999", "126"], ["xã", "thôn"]])
    assert not is_right(tmp_path, RIGHT, answers=[["126"], ["thôn"]])


@pytest.mark.parametrize(
    ("accepted", "text"),
    [
        ("THÀNH PHỐ", "Thành phố"),
        ("Tha\u0300nh pho\u0302\u0301", "Thành phố"),
        ("Thành phố", "Tha\u0300nh pho\u0302\u0301"),
        ("thành phố", "Thành\n phố"),
        ("thành\u00a0phố", "Thành phố"),
    ],
)
def test_case_composition_and_white_space_do_not_matter(tmp_path: Path, accepted: str, text: str) -> None:
    assert is_right(tmp_path, replace(RIGHT, text=text), answers=[[accepted]])


def test_diacritics_do_matter(tmp_path: Path) -> None:
    assert not is_right(tmp_path, replace(RIGHT, text="thanh pho"), answers=[["thành phố"]])


def test_an_answer_without_a_citation_from_a_wanted_document_is_wrong(tmp_path: Path) -> None:
    other = citation("ihanoi", "Ứng dụng iHanoi")
    assert not is_right(tmp_path, replace(RIGHT, citations=()))
    assert not is_right(tmp_path, replace(RIGHT, citations=(other,)))
    assert is_right(tmp_path, replace(RIGHT, citations=(other, replace(citation(), number=2))))


@pytest.mark.parametrize(
    ("expect", "right"),
    [
        ("abstain", {s for s in Status if s.startswith("unanswerable")}),
        ("offtopic", {s for s in Status if s.startswith("unanswerable")}),
        ("refuse", {Status.REFUSED, *(s for s in Status if s.startswith("unanswerable"))}),
        ("smalltalk", {Status.SMALL_TALK}),
    ],
)
def test_what_should_not_be_answered_is_judged_by_its_status_alone(
    tmp_path: Path, expect: str, right: set[Status]
) -> None:
    (item,) = items(tmp_path, line(expect=expect, **DECLINED))
    long = replace(REFUSED, text="x" * 700)
    assert {status for status in Status if not list(shortcomings(item, replace(long, status=status)))} == right


# Wordings


def test_stripping_takes_all_diacritics_and_the_stroke_but_leaves_other_scripts() -> None:
    assert strip_diacritics("Đường Hoà Bình, đặng Thị Ngữ Ưỡn") == "Duong Hoa Binh, dang Thi Ngu Uon"
    assert strip_diacritics("Hoa\u0300 Bình") == "Hoa Binh"
    assert strip_diacritics("ガイド 한국 中文 café") == "ガイド 한국 中文 cafe"


def test_every_question_is_asked_clean_then_stripped_and_typed_where_it_can_be(tmp_path: Path) -> None:
    asked: list[Question] = []

    def ask(question: Question) -> Answer:
        asked.append(question)
        return RIGHT

    followup = line(id="q-2", question="Thế còn đường phố?", typed="the con dg pho", turns=["Hà Nội ở đâu?"])
    run(items(tmp_path, line(), followup), ask, TEXTS)
    assert asked == [
        Question("Hà Nội có bao nhiêu xã, phường?"),
        Question("Thế còn đường phố?", ("Hà Nội ở đâu?",)),
        Question("Ha Noi co bao nhieu xa, phuong?"),
        Question("The con duong pho?", ("Ha Noi o dau?",)),
        Question("the con dg pho", ("Hà Nội ở đâu?",)),
    ]


def test_typed_wordings_stand_beside_the_clean_wordings_of_the_same_questions(tmp_path: Path) -> None:
    questions = items(
        tmp_path,
        line(id="q-1", question="một", typed="mot!"),
        line(id="q-2", question="hai", typed="hai!"),
        line() | {"id": "q-3", "question": "ba"},
    )
    ask = by_text({"một": RIGHT, "mot": RIGHT, "mot!": RIGHT, "hai": RIGHT, "hai!": REFUSED, "ba": REFUSED})
    runs = run(questions, ask, TEXTS).runs
    assert runs["clean"]["right.all"] == Figure(2 / 3, 3)
    assert runs["paired"]["right.all"] == Figure(1.0, 2)
    assert runs["typed"]["right.all"] == Figure(0.5, 2)
    assert runs["typed"]["drop.right"] == Figure(0.5, 2)
    assert runs["typed"]["drop.recall@5"] == Figure(0.5, 2)


def test_the_stripped_run_drops_by_what_it_gets_wrong_more_often(tmp_path: Path) -> None:
    questions = items(tmp_path, line(id="q-1", question="một"), line(id="q-2", question="đá"))
    ask = by_text({"một": RIGHT, "mot": RIGHT, "đá": RIGHT, "da": replace(RIGHT, text="?", hits=())})
    runs = run(questions, ask, TEXTS).runs
    assert runs["stripped"]["drop.right"] == Figure(0.5, 2)
    assert runs["stripped"]["drop.recall@5"] == Figure(0.5, 2)
    assert "drop.right" not in runs["clean"]


# Figures


def test_accuracy_is_counted_for_what_is_expected_and_for_each_kind(tmp_path: Path) -> None:
    questions = items(
        tmp_path,
        line(id="q-1", question="1", kind="list"),
        line(id="q-2", question="2", kind="howto"),
        line(id="q-3", question="3", kind="outdated", expect="outdated"),
        line(id="q-4", question="4", kind="abstain", expect="abstain", **DECLINED),
    )
    figures = run(questions, by_text({"1": RIGHT, "2": REFUSED, "3": RIGHT, "4": REFUSED}), TEXTS).runs["clean"]
    assert figures["right.answer"] == Figure(0.5, 2)
    assert figures["right.outdated"] == Figure(1.0, 1)
    assert figures["right.answerable"] == Figure(2 / 3, 3)
    assert figures["right.abstain"] == Figure(1.0, 1)
    assert figures["kind.list"] == Figure(1.0, 1)
    assert figures["kind.howto"] == Figure(0.0, 1)
    assert "right.refuse" not in figures


def test_a_passage_holds_the_evidence_when_a_unit_overlaps_the_quote(tmp_path: Path) -> None:
    (item,) = items(tmp_path, line())
    start = TEXTS["xa-phuong"].index("**126**")
    end = start + len("**126** xã, phường [3]")
    assert item.evidence[0].spans == ((start, end),)
    assert item.holds(hit("xa-phuong", 0, start + 1).passage)
    assert item.holds(hit("xa-phuong", end - 1, end + 5).passage)
    assert not item.holds(hit("xa-phuong", 0, start).passage)
    assert not item.holds(hit("xa-phuong", end, end + 5).passage)
    assert not item.holds(hit("ihanoi", start, end).passage)


def test_recall_counts_questions_with_evidence_among_the_first_hits(tmp_path: Path) -> None:
    first = replace(RIGHT, hits=(EVIDENCE_HIT, OTHER_HIT))
    fifth = replace(RIGHT, hits=(*[OTHER_HIT] * 4, EVIDENCE_HIT))
    sixth = replace(RIGHT, hits=(*[OTHER_HIT] * 5, EVIDENCE_HIT))
    evaluation = evaluated(tmp_path, [first, fifth, sixth, replace(RIGHT, hits=())])
    assert [result.rank for result in evaluation.of(Wording.CLEAN)] == [1, 5, 6, None]
    assert evaluation.runs["clean"]["recall@1"] == Figure(0.25, 4)
    assert evaluation.runs["clean"]["recall@5"] == Figure(0.5, 4)


def test_recall_leaves_out_what_has_no_evidence_or_need_not_be_answered_and_tells_vietnamese_apart(
    tmp_path: Path,
) -> None:
    questions = items(
        tmp_path,
        line(id="q-1", question="1"),
        line(id="q-2", question="2", kind="english"),
        line(id="q-3", question="3", kind="otherlang"),
        line(id="q-4", question="4", evidence=[]),
        line(id="q-5", question="5", expect="abstain", docs=[], answers=[]),
    )
    missed = replace(RIGHT, hits=(OTHER_HIT,))
    figures = run(questions, by_text({"1": RIGHT, **dict.fromkeys("2345", missed)}), TEXTS).runs["clean"]
    assert figures["recall@5"] == Figure(1 / 3, 3)
    assert figures["recall@5.vietnamese"] == Figure(1.0, 1)


def test_false_answers_and_false_refusals_are_shares_of_opposite_questions(tmp_path: Path) -> None:
    questions = items(
        tmp_path,
        *(line(id=f"a{i}", question=f"a{i}") for i in range(4)),
        *(
            line(id=expect, question=expect, expect=expect, **DECLINED)
            for expect in ("abstain", "offtopic", "refuse", "smalltalk")
        ),
    )
    crashed = replace(REFUSED, status=Status.ERROR_INTERNAL)
    answers = {"a0": RIGHT, "a1": replace(RIGHT, text="sai"), "a2": REFUSED, "a3": crashed}
    answers |= {"abstain": RIGHT, "offtopic": REFUSED, "refuse": crashed, "smalltalk": REFUSED}
    figures = run(questions, by_text(answers), TEXTS).runs["clean"]
    assert figures["false_refusals"] == Figure(0.5, 4)
    assert figures["false_answers"] == Figure(0.25, 4)


def test_lengths_are_of_answered_questions_and_times_of_all(tmp_path: Path) -> None:
    answers = [replace(RIGHT, text="x" * n, timings=Timings(total=n)) for n in range(10, 120, 10)]
    figures = evaluated(tmp_path, [*answers, replace(REFUSED, timings=Timings(total=0.0))]).runs["clean"]
    assert figures["length.median"] == Figure(60.0, 11)
    assert figures["length.p90"] == Figure(100.0, 11)
    assert figures["length.max"] == Figure(110.0, 11)
    assert figures["latency.p50"] == Figure(55.0, 12)
    assert figures["latency.p95"].value == pytest.approx(104.5)


# Citations


def faults(folder: Path, answer: Answer) -> tuple[int, int]:
    (result,) = evaluated(folder, [answer]).of(Wording.CLEAN)
    return len(result.bad_numbers), len(result.bad_quotes)


def test_numbers_that_resolve_and_quotes_without_markers_are_in_order(tmp_path: Path) -> None:
    folded = citation(quote="Trước đó có 526 đơn vị cấp xã.", number=2)
    assert faults(tmp_path, replace(RIGHT, text="126 [1][2], 526 [2]", citations=(citation(), folded))) == (0, 0)
    assert faults(tmp_path, REFUSED) == (0, 0)


def test_a_number_without_a_citation_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, replace(RIGHT, text="126 [1], 526 [2] [2]")) == (1, 0)


@pytest.mark.parametrize("numbers", [(2,), (1, 3), (1, 1), (2, 1), (0, 1)])
def test_citations_not_numbered_from_one_without_gaps_are_a_fault(tmp_path: Path, numbers: tuple[int, ...]) -> None:
    answer = replace(RIGHT, text="126", citations=tuple(citation(number=number) for number in numbers))
    assert faults(tmp_path, answer) == (1, 0)


@pytest.mark.parametrize(
    ("document_id", "quote"),
    [
        ("xa-phuong", "Thành phố có 126 xã, phường."),
        ("xa-phuong", "Thành phố có **126** xã, phường [3]."),
        ("xa-phuong", "thành phố có **126** xã"),
        ("xa-phuong", " "),
        ("ihanoi", "Thành phố có **126** xã, phường."),
        ("no-such-document", "Thành phố"),
    ],
)
def test_a_quote_that_is_not_verbatim_is_a_fault(tmp_path: Path, document_id: str, quote: str) -> None:
    assert faults(tmp_path, replace(RIGHT, citations=(citation(document_id, quote),))) == (0, 1)


def test_faults_are_counted_over_all_answers(tmp_path: Path) -> None:
    bad = replace(RIGHT, text="126 [1] [7]", citations=(citation(quote="bịa"),))
    figures = evaluated(tmp_path, [RIGHT, bad, bad]).runs["clean"]
    assert figures["citations.bad_numbers"] == Figure(2, 3)
    assert figures["citations.bad_quotes"] == Figure(2, 3)


# Bars


def test_a_bar_is_met_at_its_limit_in_its_direction() -> None:
    assert Bar(">=", 0.8).met(Figure(0.8, 1))
    assert not Bar(">=", 0.8).met(Figure(0.79, 1))
    assert Bar("<=", 0.04).met(Figure(0.88 - 0.84, 1))
    assert not Bar("<=", 0.04).met(Figure(0.041, 1))


def test_every_bar_belongs_to_a_figure_that_is_counted(tmp_path: Path) -> None:
    expects = ("abstain", "offtopic", "refuse", "smalltalk")
    declined = [line(id=expect, expect=expect, **DECLINED) for expect in expects]
    outdated = line(id="outdated", expect="outdated", typed="h co bn xa")
    of_kinds = [line(id=kind, kind=kind) for kind in ("followup", "english")]
    runs = run(items(tmp_path, line(), outdated, *declined, *of_kinds), always(RIGHT), TEXTS).runs
    assert not {(name, of_run) for name, bar in BARS.items() for of_run in bar.runs if name not in runs[of_run]}


def test_the_table_shows_figures_with_counts_and_bars_without_wrapping_at_80_columns(tmp_path: Path) -> None:
    console = Console(width=80, record=True, file=(tmp_path / "screen").open("w", encoding="utf-8"))
    evaluation = evaluated(tmp_path, [RIGHT, REFUSED], typed="câu 1")
    print_table(evaluation, console)
    screen = console.export_text()
    console.file.close()
    assert re.search(r"^  trả lời +✗ 50,0%   2 +50,0%   2 +50,0%   2 +0,0%   2 ≥ 88%$", screen, re.MULTILINE)
    assert re.search(r"^  kém viết đúng, điểm +– +✓ 0,0   2 +– +✗ 50,0   2 +≤ 4$", screen, re.MULTILINE)
    assert re.search(r"^  số \[n\] +✓ 0   2", screen, re.MULTILINE)
    assert re.search(r"^  con số +50,0%   2", screen, re.MULTILINE)
    assert "ngoài chủ đề" not in screen


def test_json_has_the_figures_with_their_bars_and_one_record_a_question_asked(tmp_path: Path) -> None:
    record = json.loads(to_json(evaluated(tmp_path, [RIGHT, REFUSED])))
    assert record["figures"]["clean"]["right.answer"] == {"value": 0.5, "n": 2, "bar": ">= 0.88", "ok": False}
    assert record["figures"]["stripped"]["right.answer"] == {"value": 0.5, "n": 2}
    assert [(item["id"], item["wording"]) for item in record["items"]] == [
        ("q-0", "clean"),
        ("q-1", "clean"),
        ("q-0", "stripped"),
        ("q-1", "stripped"),
    ]
    assert record["items"][0] == {
        "id": "q-0",
        "kind": "fact-number",
        "expect": "answer",
        "wording": "clean",
        "right": True,
        "why": [],
        "status": "answered",
        "text": RIGHT.text,
        "length": 31,
        "documents": ["xa-phuong"],
        "citation_faults": [],
        "confidence": 0.9,
        "rank": 1,
        "ms": 4.0,
    }


# The page


def test_raising_the_threshold_trades_false_answers_for_false_refusals(tmp_path: Path) -> None:
    questions = items(
        tmp_path,
        *(line(id=f"a{i}", question=f"a{i}") for i in range(2)),
        *(line(id=f"b{i}", question=f"b{i}", expect="abstain", **DECLINED) for i in range(4)),
    )
    scores = {"a0": 0.4, "a1": 0.8, "b0": 0.1, "b1": 0.5, "b2": 0.5, "b3": None}
    answers = {name: replace(REFUSED, confidence=score) for name, score in scores.items()}
    results = run(questions, by_text(answers), TEXTS).of(Wording.CLEAN)
    assert trade_off(results, 0.0) == (0.0, 0.75)
    assert trade_off(results, 0.5) == (0.5, 0.5)
    assert trade_off(results, 0.6) == (0.5, 0.0)
    assert trade_off(results, 0.9) == (1.0, 0.0)


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    folder = tmp_path_factory.mktemp("page")
    questions = items(
        folder,
        line(id="fine", question="câu đúng"),
        line(
            id="bad",
            kind="<script>$",
            question="<script>alert(1)</script>",
            typed="<i>go voi</i>",
            turns=["<b>lượt trước</b>"],
        ),
        line(id="abs", question="ngoài", kind="abstain", expect="abstain", **DECLINED),
    )
    quote = citation(quote='<img src="https://example.org/x.png">')
    wrong = replace(RIGHT, text="<script>sai</script> [1]", citations=(quote,), hits=(OTHER_HIT, EVIDENCE_HIT))
    answers = {"câu đúng": RIGHT, "cau dung": RIGHT, "ngoài": REFUSED, "ngoai": REFUSED}
    return run(questions, lambda question: answers.get(question.text, wrong), TEXTS)


@pytest.fixture(scope="module")
def page(evaluation: Evaluation) -> str:
    return to_html(evaluation, threshold=0.5)


def test_an_evaluation_that_was_remembered_stands_on_later_pages(tmp_path: Path, evaluation: Evaluation) -> None:
    history = tmp_path / "history.jsonl"
    assert read_history(history) == ()
    remember(evaluation, history, "thêm <b>câu mẫu</b>", date(2026, 11, 23))
    remember(evaluation, history, "sửa lỗi gõ", date(2026, 11, 24))
    steps = read_history(history)
    assert [(step.change, step.day) for step in steps] == [
        ("thêm <b>câu mẫu</b>", "2026-11-23"),
        ("sửa lỗi gõ", "2026-11-24"),
    ]
    assert steps[0].figures["clean"]["right.answer"] == 0.5
    shown = to_html(evaluation, 0.5, steps)
    table = shown[shown.index('id="history"') :].partition("</table>")[0]
    assert "thêm &lt;b&gt;câu mẫu&lt;/b&gt;" in table
    assert table.count("50,0%") >= 3
    assert 'id="history"' not in to_html(evaluation, 0.5)


@pytest.mark.parametrize("line", ["{", "[]", '{"change": "a"}', '{"change": "a", "day": "b", "figures": 1}'])
def test_a_damaged_history_is_told_with_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text(f"\n{line}\n", "utf-8")
    with pytest.raises(EvaluationError, match=r"history\.jsonl:2: no step of a history"):
        read_history(file)


def test_the_page_shows_a_wrong_item_with_all_that_explains_it_and_everything_escaped(page: str) -> None:
    article = page[page.index('<article class="card" id="bad">') :].partition("</article>")[0]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in article
    assert "&lt;i&gt;go voi&lt;/i&gt;" in article
    assert "&lt;b&gt;lượt trước&lt;/b&gt;" in article
    assert "126 / một trăm hai mươi sáu" in article
    assert "**126** xã, phường [3]" in article
    assert "&lt;script&gt;sai&lt;/script&gt; [1]" in article
    assert "&lt;img src=" in article
    assert "<code>answered</code>" in article
    assert "bằng chứng ở hạng 2" in article
    assert article.count('class="answer"') == 1  # three wordings, one answer
    assert "&lt;script&gt;$</text>" in page  # the kind, beside its bar
    assert "<script" not in page


def test_the_page_leaves_out_what_is_right(page: str) -> None:
    assert 'id="fine"' not in page
    assert 'id="abs"' not in page


def test_the_page_loads_nothing(page: str) -> None:
    assert not re.search(r"<(script|link|img|iframe|object|embed|base|video|audio)\b", page)
    assert set(re.findall(r'\b(?:src|href|action|data|poster)="([^"#]?)', page)) == {""}
    assert not re.search(r"@import|url\((?!#)|srcset", page)


def test_every_plot_has_a_name_a_description_and_ids_of_its_own(page: str) -> None:
    assert page.count("<svg") == page.count('role="img"') == page.count("<desc") == 4
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\(|aria-labelledby=")#([^")]+)', page)) <= set(ids)
    assert "tài liệu không có</text>" in page
    assert "var(--good)" in page


def test_the_page_is_the_same_every_time(evaluation: Evaluation, page: str) -> None:
    assert to_html(evaluation, threshold=0.5) == page


def test_a_page_without_scores_or_wrong_items_is_still_a_page(tmp_path: Path) -> None:
    page = to_html(evaluated(tmp_path, [replace(RIGHT, confidence=None, timings=Timings())]))
    assert "Không có câu nào sai." in page
    assert page.count("<svg") == 2


@pytest.mark.parametrize("module", ["matplotlib"])
def test_a_missing_extra_is_one_line_that_says_what_to_install(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=rf"^.*{module}.*: pip install 'hanoidx\[evaluate\]'$"):
        to_html(evaluation)


# Question files


def test_the_dev_questions_fit_the_documents() -> None:
    from corpus.catalogue import read_folder  # the real corpus, for this test alone

    texts = {document.entry.id: document.text for document in read_folder()}
    questions = read([Path(__file__).parents[1] / "data" / "questions-dev.jsonl"], texts)
    assert len(questions) == 283
    assert sum(question.typed is not None for question in questions) == 90


def test_several_files_are_read_in_order_and_blank_lines_do_not_count(tmp_path: Path) -> None:
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    first.write_text("\ufeff\n" + json.dumps(line(id="a")) + "\n\n", "utf-8")
    second.write_text(json.dumps(line(id="b")) + "\n", "utf-8")
    assert [item.id for item in read([first, second], TEXTS)] == ["a", "b"]


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ("{'id': 1}", "not JSON"),
        ("[1]", "not a JSON object"),
        ({key: value for key, value in QUESTION.items() if key != "expect"}, "«expect» is missing"),
        (line(id=7), "«id» is 7, expected text"),
        (line(question=" "), "«question» is ' ', expected text"),
        (line(expect="maybe"), "«expect» is 'maybe', expected one of answer, outdated, abstain"),
        (line(turns="trước"), "«turns» holds 'trước', expected a list"),
        (line(typed=3), "«typed» is 3, expected text"),
        (line(answers=["126"]), "«answers» holds '126', expected a list"),
        (line(answers=[]), "needs «docs» and «answers»"),
        (line(answers=[["126"], []]), "needs «docs» and «answers»"),
        (line(answers=[[""]]), "«answers» holds '', expected text"),
        (line(docs=[]), "needs «docs» and «answers»"),
        (line(docs=["no-such"]), "no document «no-such»"),
        (line(evidence=["126"]), "expected {doc, quote}"),
        (line(evidence=[{"doc": "xa-phuong"}]), "«quote» is missing"),
        (line(evidence=[{"doc": "xa-phuong", "quote": "127 xã"}]), "evidence '127 xã' is not in «xa-phuong»"),
        (line(id="first"), "id «first» is taken"),
    ],
)
def test_a_malformed_line_is_named_with_what_is_wrong(tmp_path: Path, broken: object, problem: str) -> None:
    file = written(tmp_path, line(id="first"), "", broken)
    with pytest.raises(QuestionsError) as caught:
        read([file], TEXTS)
    assert str(caught.value).startswith(f"{file}:3: ")
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_further_malformed_lines_are_counted(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match=r"jsonl:1: .*\(and 2 more like it\)$"):
        items(tmp_path, "{", "{", "{")


def test_a_file_that_is_absent_empty_or_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match=r"absent\.jsonl: No such file"):
        read([tmp_path / "absent.jsonl"], TEXTS)
    with pytest.raises(QuestionsError, match="no questions"):
        items(tmp_path, "", " ")
    (tmp_path / "tcvn3.jsonl").write_bytes(b"{}\n\xb5\xae")
    with pytest.raises(QuestionsError, match=r"tcvn3\.jsonl:2: not UTF-8"):
        read([tmp_path / "tcvn3.jsonl"], TEXTS)


def test_a_result_is_right_when_nothing_is_wrong_with_it(tmp_path: Path) -> None:
    (item,) = items(tmp_path, line())
    assert Result(item, Wording.CLEAN, RIGHT, (), 1, (), ()).right
    assert not Result(item, Wording.CLEAN, RIGHT, ("dài",), 1, (), ()).right
