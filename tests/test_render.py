import dataclasses
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot import messages
from bot.dialogue import Answer, Citation, Question, Status
from bot.render import list_sources, list_suggestions, printable, show, styled

URL = "https://nld.com.vn/chi-tiet-126-phuong-xa-o-ha-noi-sau-sap-nhap-196250616193322249.htm"

DISTRICTS = Citation(
    number=1,
    passage_id="chinh-quyen-hai-cap-126-xa-phuong#dieu-quan-trong-nhat",
    document_id="chinh-quyen-hai-cap-126-xa-phuong",
    title="Hà Nội: chính quyền hai cấp và 126 xã, phường",
    headings=("Điều quan trọng nhất",),
    issuer="Ủy ban Thường vụ Quốc hội",
    document_number="1656/NQ-UBTVQH15",
    issued="2025-06-16",
    as_of="2025-07-01",
    status="còn hiệu lực",
    url=URL,
    quote="Thành phố có **126** xã, phường.",
)
UNDATED = Citation(
    number=2,
    passage_id="kenh#duong-day",
    document_id="kenh",
    title="Kênh liên hệ",
    headings=(),
    issuer="UBND thành phố Hà Nội",
    document_number=None,
    issued=None,
    as_of="2026-01",
    status="thông tin tại thời điểm",
    url=None,
    quote="1022",
)


def answer(
    text: str, *citations: Citation, bold: tuple[int, int] = (0, 0), suggestions: tuple[str, ...] = ()
) -> Answer:
    question = Question("Hà Nội có bao nhiêu phường?")
    return Answer("r", question, Status.ANSWERED, "vi", text, citations, (bold,), suggestions)


def shown(answered: Answer, *, terminal: bool, width: int = 60) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, color_system="standard" if terminal else None)
    show(console, styled(answered))
    return out.getvalue()


@pytest.mark.parametrize(
    ("date", "read"),
    [("2025-07-01", "1/7/2025"), ("2025-12-31", "31/12/2025"), ("2025-07", "7/2025"), ("2025", "2025")],
)
def test_dates_are_written_as_people_here_write_them(date: str, read: str) -> None:
    assert messages.date(date) == read


def test_a_source_is_listed_with_number_title_document_number_dates_and_address() -> None:
    assert list_sources([DISTRICTS], messages.VIETNAMESE) == (
        "Nguồn:\n"
        "[1] Hà Nội: chính quyền hai cấp và 126 xã, phường, số 1656/NQ-UBTVQH15, ban hành 16/6/2025, "
        f"thông tin đến 1/7/2025\n    {URL}"
    )


def test_a_source_without_document_number_issue_date_and_address_is_listed_without_them() -> None:
    assert list_sources([UNDATED], messages.VIETNAMESE) == "Nguồn:\n[2] Kênh liên hệ, thông tin đến 1/2026"


def test_a_source_is_listed_with_the_place_of_its_quote() -> None:
    placed = dataclasses.replace(DISTRICTS, place="Điều 5, khoản 2, trang 3", url=None)
    assert list_sources([placed], messages.VIETNAMESE) == (
        "Nguồn:\n[1] Hà Nội: chính quyền hai cấp và 126 xã, phường, số 1656/NQ-UBTVQH15, Điều 5, khoản 2, trang 3, "
        "ban hành 16/6/2025, thông tin đến 1/7/2025"
    )


def test_suggestions_are_numbered() -> None:
    assert list_suggestions(["VNeID là gì?", "iHanoi là gì?"], messages.VIETNAMESE) == (
        "Anh/chị có thể hỏi tiếp:\n1. VNeID là gì?\n2. iHanoi là gì?"
    )


def test_on_a_pipe_there_are_the_plain_words_and_no_escape_sequences() -> None:
    answered = answer("Thành phố có 126 xã, phường [1].", UNDATED, bold=(13, 16), suggestions=("VNeID là gì?",))
    assert shown(answered, terminal=False, width=10) == (
        "Thành phố có 126 xã, phường [1].\n\n"
        "Nguồn:\n[2] Kênh liên hệ, thông tin đến 1/2026\n\n"
        "Anh/chị có thể hỏi tiếp:\n1. VNeID là gì?\n"
    )


def test_on_a_terminal_the_value_asked_for_is_bold_and_nothing_else_is() -> None:
    screen = shown(answer("Thành phố có 126 xã, phường [1].", bold=(13, 16)), terminal=True)
    assert screen == "Thành phố có \x1b[1m126\x1b[0m xã, phường [1].\n"


def test_a_long_answer_is_wrapped_at_words_and_an_address_is_not() -> None:
    lines = shown(answer("Thành phố có 126 xã, phường từ ngày 1/7/2025 [1].", DISTRICTS), terminal=True, width=30)
    lines = re.sub(r"\x1b\[[\d;]*m", "", lines)
    assert lines.startswith("Thành phố có 126 xã, phường từ")
    assert f"    {URL}\n" in lines
    assert all(len(line) <= 30 for line in lines.split("\n") if "://" not in line)


@pytest.mark.parametrize("terminal", [True, False])
def test_markup_in_a_text_is_printed_as_it_is(terminal: bool) -> None:
    text = "[bold]x[/] <b>y</b> **z** [/nope] :smile:"
    assert shown(answer(text), terminal=terminal) == f"{text}\n"


@pytest.mark.parametrize("terminal", [True, False])
def test_what_a_terminal_would_obey_is_not_sent_to_it(terminal: bool) -> None:
    screen = shown(answer("a\x1b[2Jb\x07\u202ec\ud800"), terminal=terminal)
    assert screen == "a\ufffd[2Jb\ufffd\ufffdc\ufffd\n"


@given(st.text(st.characters(exclude_categories=())))
def test_printable_text_keeps_its_length_and_can_always_be_written(text: str) -> None:
    assert len(printable(text)) == len(text)
    assert "\x1b" not in printable(text).encode().decode()


def test_the_choices_of_an_ambiguous_question_are_shown_once() -> None:
    text = "Anh/chị muốn hỏi về nội dung nào?\n1. Luật A\n2. Luật B"
    answer = Answer(
        "r", Question("luật có mấy điều"), Status.UNANSWERABLE_AMBIGUOUS, "vi", text, suggestions=("a", "b")
    )
    assert styled(answer).plain == text
