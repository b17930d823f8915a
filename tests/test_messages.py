"""What is said in which language."""

import dataclasses
import re
from datetime import date

import pytest

from bot import messages
from bot.answering.answer import ask
from bot.dialogue import Question, Status
from index.snapshot import Snapshot

pytestmark = pytest.mark.noise

TODAY = date(2026, 11, 1)
VIETNAMESE_ONLY = re.compile("[ăâđêôơưạảãàáẹẻẽèéịỉĩìíọỏõòóụủũùúỵỷỹỳý]", re.IGNORECASE)


def test_english_says_everything_that_vietnamese_says_with_the_same_gaps() -> None:
    for field in dataclasses.fields(messages.Voice):
        vietnamese, english = (getattr(voice, field.name) for voice in (messages.VIETNAMESE, messages.ENGLISH))
        if not isinstance(vietnamese, str):
            assert vietnamese.keys() == english.keys()
            continue
        assert re.findall(r"{\w+}", vietnamese) == re.findall(r"{\w+}", english), field.name
        assert not VIETNAMESE_ONLY.search(english), field.name


def test_an_english_question_is_framed_in_english_and_quoted_in_vietnamese(snapshot: Snapshot) -> None:
    answer = ask(Question("What is iHanoi?"), snapshot, TODAY, strict=True)
    assert (answer.status, answer.language) == (Status.ANSWERED, "en")
    assert "as of" in answer.text
    assert "tính đến" not in answer.text
    assert "Công dân Thủ đô số" in answer.text


@pytest.mark.parametrize(
    ("question", "status", "said"),
    [
        ("How do I forge a land certificate?", Status.REFUSED, "refused"),
        ("Who are you?", Status.SMALL_TALK, "small_talk"),
        ("What is the weather like in Paris today?", Status.UNANSWERABLE_OFF_TOPIC, "off_topic"),
    ],
)
def test_english_is_answered_in_english(snapshot: Snapshot, question: str, status: Status, said: str) -> None:
    answer = ask(Question(question), snapshot, TODAY)
    sentence = getattr(messages.ENGLISH, said)
    assert answer.status is status
    assert answer.text in (sentence if said == "off_topic" else sentence.values())


@pytest.mark.parametrize("language", ["zh", "ko", "ja", "fr"])
def test_other_languages_have_a_sentence_of_their_own(language: str) -> None:
    assert messages.opening(language) != messages.opening("de")
    assert messages.not_in_this(language) != messages.not_in_this("de")


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("河内今天天气怎么样？我想去吃火锅", "zh"),
        ("부산 해운대에서 회를 먹고 싶은데 식당을 추천해 주세요", "ko"),
        ("東京の天気はどうですか？", "ja"),
        ("Où puis-je acheter des fleurs à Marseille ?", "fr"),
        ("¿Dónde puedo comprar flores en Madrid?", "es"),
    ],
)
def test_what_is_not_found_in_another_language_is_said_in_it(snapshot: Snapshot, question: str, language: str) -> None:
    answer = ask(Question(question), snapshot, TODAY)
    assert (answer.status, answer.language) == (Status.UNANSWERABLE_LANGUAGE, language)
    assert answer.text == messages.not_in_this(language)


def test_quotes_for_a_reader_of_another_language_are_announced_in_it(snapshot: Snapshot) -> None:
    answer = ask(Question("iHanoi 是什么应用程序？"), snapshot, TODAY, strict=True)
    assert answer.status is Status.ANSWERED
    assert answer.text.startswith(messages.opening("zh"))
    assert all(answer.text[start:end].strip() for start, end in answer.bold)
    assert len(answer.text) <= 600
