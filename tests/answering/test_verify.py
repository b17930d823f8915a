"""No number is sent that the cited words do not have."""

import dataclasses
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import messages
from bot.answering.answer import ask
from bot.answering.verify import unsupported
from bot.answering.write import Written, quoted
from bot.dialogue import Citation, Question, Status
from index.snapshot import Snapshot

pytestmark = pytest.mark.noise

CITATION = Citation(
    1, "a#b", "a", "Phí", (), "UBND", "07/2023/NQ-HĐND", "2023-07-04", "2025-07-01", "còn hiệu lực", None, "Phí 8.000."
)
OTHER = dataclasses.replace(CITATION, number=2, quote="Có 126 xã, phường từ 01/07/2025.")
WORDS = ["phí", "số", "2024", "2025", "xã", "iHanoi", "hạng", "mục tiêu", "kinh tế", "5G", "DTI", "bao nhiêu"]
GROUNDS = ("Phí 8.000 đồng. 07/2023/NQ-HĐND 1/7/2025", "Có 126 xã, phường từ 01/07/2025.")


def written(text: str) -> Written:
    return Written(text, (CITATION, OTHER), (), GROUNDS)


@pytest.mark.parametrize(
    "text",
    [
        "Phí 8.000 đồng. [1] (tính đến 1/7/2025)",
        "Theo 07/2023/NQ-HĐND:\n• Phí 8.000 đồng. [1]\nCó 126 xã, phường từ 1/7/2025. [2]",
        "Có 126, phí 8.000. [1] [2]",
        "Không có số nào. [1]",
    ],
)
def test_numbers_of_what_is_cited_may_be_said(text: str) -> None:
    assert unsupported(written(text)) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Phí 9.000 đồng. [1]", ("9.000",)),
        ("Phí 8.000 đồng từ 2/7/2025. [1]", ("2/7/2025",)),
        ("Có 126 xã. [1]", ("126",)),  # the other document says so
        ("Năm 2024:\n• Phí 8.000 đồng. [1]", ("2024",)),
        ("Phí 8.000. [1]\nGọi 1022 nhé.", ("1022",)),
        ("Tăng 80.00 lần. [1]", ("80.00",)),
        ("Nghị quyết 08/2023/NQ-HĐND [1]", ("8/2023",)),
        ("Phí 8.000 đồng. [3]", ("8.000",)),
    ],
)
def test_a_number_that_the_cited_words_lack_is_found(text: str, found: tuple[str, ...]) -> None:
    assert unsupported(written(text)) == found


def test_what_was_asked_for_may_be_repeated_when_it_is_not_known() -> None:
    text = "Tài liệu tôi có không nêu thông tin này của năm 2031.\nPhí 8.000 đồng. [1]"
    assert unsupported(written(text)) == ("2031",)
    assert unsupported(written(text), asked="2031") == ()


def test_bare_quotes_hold_every_citation_and_fit() -> None:
    long = dataclasses.replace(CITATION, quote="lời " * 400)
    text = quoted((long, dataclasses.replace(OTHER, quote="lời " * 400)))
    assert len(text) <= 600
    assert "[1]" in text
    assert "[2]" in text


def test_an_answer_with_a_wrong_number_is_an_error_in_tests_and_bare_quotes_in_service(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = dataclasses.replace(messages.VIETNAMESE, as_of="tính đến 31/12/2099, nguồn {date}")
    monkeypatch.setattr(messages, "VIETNAMESE", wrong)
    question, today = Question("Hà Nội có bao nhiêu xã, phường?"), date(2026, 11, 1)
    strict = ask(question, snapshot, today, strict=True)
    served = ask(question, snapshot, today)
    assert strict.status is Status.ERROR_UNSUPPORTED
    assert served.status is Status.ANSWERED
    assert "2099" not in served.text
    assert all(f"“{citation.quote[:20]}" in served.text for citation in served.citations)


@settings(max_examples=40, deadline=None)
@given(
    words=st.lists(
        st.sampled_from(
            [
                "phí",
                "số",
                "2024",
                "2025",
                "xã",
                "phường",
                "iHanoi",
                "hạng",
                "mục",
                "tiêu",
                "kinh",
                "tế",
                "5G",
                "DTI",
                "bao",
                "nhiêu",
            ]
        )
    )
)
def test_whatever_is_asked_every_number_is_supported(snapshot: Snapshot, words: list[str]) -> None:
    answer = ask(Question(" ".join(words)), snapshot, date(2026, 11, 1), strict=True)
    assert not answer.status.startswith("error_")
