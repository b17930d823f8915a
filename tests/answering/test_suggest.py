"""Which suggestions come after an answer: from the real corpus."""

import json
import time
import unicodedata
from datetime import date
from pathlib import Path

import pytest

from bot import messages
from bot.answering.answer import ask
from bot.answering.suggest import SUGGESTIONS, quotes, suggestions_for
from bot.dialogue import Answer, Question, Status
from corpus.language.normalize import fold, words
from index.query import parse
from index.snapshot import Snapshot, Suggestion

pytestmark = pytest.mark.noise

TODAY = date(2026, 11, 23)
LAW = "Luật Chuyển đổi số có hiệu lực từ ngày nào?"
WARDS = "Hà Nội có bao nhiêu xã, phường?"
QUESTIONS = [
    json.loads(line)["question"]
    for line in (Path(__file__).parents[1] / "data" / "questions-dev.jsonl").read_text("utf-8").splitlines()[::4]
]


@pytest.fixture(scope="module")
def answers(snapshot: Snapshot) -> list[Answer]:
    """Of Vietnamese questions that were asked of the documents."""
    every = (ask(Question(text), snapshot, TODAY) for text in QUESTIONS)
    statuses = (Status.ANSWERED, Status.UNANSWERABLE_NO_PASSAGE)
    return [answer for answer in every if answer.language == "vi" and answer.status in statuses]


@pytest.fixture(scope="module")
def units(snapshot: Snapshot) -> dict[str, Suggestion]:
    return {one.question: one for own in snapshot.suggestions.values() for one in own if one.passage_id}


def test_nearly_every_answer_has_three_suggestions_and_none_more(answers: list[Answer]) -> None:
    counts = [len(answer.suggestions) for answer in answers]
    assert max(counts) == SUGGESTIONS
    assert sum(count == SUGGESTIONS for count in counts) >= 0.95 * len(counts)


def test_no_suggestion_asks_what_was_asked_or_what_the_answer_has_said(
    answers: list[Answer], units: dict[str, Suggestion]
) -> None:
    for answer in answers:
        quoted = [(hit.passage, row) for hit in answer.hits for row in range(len(hit.passage.units))]
        said = {(passage.id, row) for passage, row in quoted if quotes(answer, passage, row)}
        asked = set(words(answer.question.text))
        for suggestion in answer.suggestions:
            assert (units[suggestion].passage_id, units[suggestion].unit) not in said
            both = asked & set(words(suggestion))
            assert len(both) < 0.6 * max(len(asked), len(set(words(suggestion))))


def test_the_suggestions_of_an_answer_are_of_different_units(
    answers: list[Answer], units: dict[str, Suggestion]
) -> None:
    for answer in answers:
        of = {(units[suggestion].passage_id, units[suggestion].unit) for suggestion in answer.suggestions}
        assert len(of) == len(answer.suggestions)


def test_suggestions_stay_with_what_was_asked(snapshot: Snapshot, units: dict[str, Suggestion]) -> None:
    for text in (LAW, fold(LAW), unicodedata.normalize("NFD", LAW)):
        suggested = ask(Question(text), snapshot, TODAY).suggestions
        assert len(suggested) == SUGGESTIONS
        assert units[suggested[0]].passage_id.startswith("luat-chuyen-doi-so-2025#")
        assert all("luat" in units[one].passage_id for one in suggested)


def test_a_suggestion_that_was_picked_is_not_offered_again(snapshot: Snapshot) -> None:
    turns: tuple[str, ...] = (WARDS,)
    for _ in range(4):
        suggested = ask(Question(turns[-1], turns[:-1]), snapshot, TODAY).suggestions
        assert not {fold(one) for one in suggested} & set(map(fold, turns))
        turns = (*turns, suggested[0])


def test_where_the_documents_do_not_say_the_nearest_questions_are_offered(snapshot: Snapshot) -> None:
    answer = ask(Question("Lệ phí cấp giấy phép xây dựng nhà là bao nhiêu tiền?"), snapshot, TODAY)
    assert answer.status is Status.UNANSWERABLE_NO_PASSAGE
    assert len(answer.suggestions) == SUGGESTIONS
    assert any(word in suggestion for suggestion in answer.suggestions for word in ("tiền", "phí", "giấy phép")), answer


@pytest.mark.parametrize("text", ["chào bạn", "chao ban", "bạn là ai", "bạn giúp được gì"])
def test_who_says_hello_is_told_what_to_ask(snapshot: Snapshot, text: str) -> None:
    answer = ask(Question(text), snapshot, TODAY)
    assert answer.status is Status.SMALL_TALK
    assert answer.suggestions == messages.FIRST_QUESTIONS


def test_who_has_asked_one_of_them_is_told_the_others(snapshot: Snapshot) -> None:
    first, *others = messages.FIRST_QUESTIONS
    assert ask(Question("chào bạn", (first,)), snapshot, TODAY).suggestions == tuple(others)


@pytest.mark.parametrize("text", ["cảm ơn bạn", "tạm biệt", "Cách nấu phở?", "đồ ngu", "", "?!", "😀"])
def test_where_nothing_was_asked_of_the_documents_nothing_is_offered(snapshot: Snapshot, text: str) -> None:
    assert ask(Question(text), snapshot, TODAY).suggestions == ()


def test_vietnamese_questions_are_not_offered_to_who_asks_in_english(snapshot: Snapshot) -> None:
    for text in ("What can you do?", "How many wards does Hanoi have?"):
        assert ask(Question(text), snapshot, TODAY).suggestions == ()


def test_the_choices_of_an_ambiguous_question_stay_the_only_suggestions(snapshot: Snapshot) -> None:
    answer = ask(Question("Luật có mấy điều?"), snapshot, TODAY)
    assert answer.status is Status.UNANSWERABLE_AMBIGUOUS
    assert all(f"{number}. " in answer.text for number, _ in enumerate(answer.suggestions, 1))
    assert suggestions_for(answer, parse(answer.question.text), snapshot) == ()


@pytest.mark.parametrize("turns", [("",), ("😀", "?!")])
def test_turns_without_words_keep_no_suggestion_back(snapshot: Snapshot, turns: tuple[str, ...]) -> None:
    assert ask(Question(WARDS, turns), snapshot, TODAY).suggestions == ask(Question(WARDS), snapshot, TODAY).suggestions


def test_choosing_takes_well_under_a_millisecond(snapshot: Snapshot, answers: list[Answer]) -> None:
    queries = [parse(answer.question.text) for answer in answers]
    started = time.thread_time()
    for answer, query in zip(answers, queries, strict=True):
        suggestions_for(answer, query, snapshot)
    assert (time.thread_time() - started) / len(answers) < 0.001
