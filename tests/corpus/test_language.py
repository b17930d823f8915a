"""The language of a question, as people type it: a wrong one loses the words that the search counts."""

import json
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.quality.evaluate import strip_diacritics
from corpus.language.detect import language, syllables
from corpus.language.normalize import clean

QUESTIONS = Path(__file__).parents[1] / "data" / "questions-dev.jsonl"
ENGLISH = ("How many wards and communes are there in Hanoi?", "Where can I apply for a driving licence online?")


def asked(kind: str) -> list[str]:
    """The dev questions in a language; the "otherlang" ones, and one English line to be refused, are in neither."""
    lines = map(json.loads, QUESTIONS.read_text("utf-8").splitlines())
    if kind == "english":
        return [line["question"] for line in lines if line["kind"] == "english"]
    other = ("english", "otherlang")
    found = [line for line in lines if line["kind"] not in other and "previous instructions" not in line["question"]]
    return [text for line in found for text in (line["question"], line.get("typed")) if text]


@pytest.mark.parametrize(
    "text",
    [
        "Hà Nội có bao nhiêu phường?",
        "ha noi co bao nhieu phuong",
        "HA NOI CO BAO NHIEU PHUONG",
        "HÀ NỘI CÓ BAO NHIÊU PHƯỜNG",
        "ha nội co bao nhiêu phuong",
        "dvc onl mat tien ko",
        "dvc onl",
        "mien phi dvc onl",
        "hn dung nhat ict index",
        "sdt hotline cua ubnd",
        "tra cuu qua zalo dc ko ad",
        "app iHanoi là gì",
        "app VNeID update bi loi",
        "wifi free o dau",
        "check in metro the nao",
        "chuyển đổi số là gì what is it",
        "dichvucong.hanoi.gov.vn sao vao ko dc",
        "https://dichvucong.gov.vn/p/home/dvc-trang-chu.html bị lỗi",
        "xin chao",
        "Đà Nẵng",
        "NQ 18",
        "18-NQ/TU",
    ],
)
def test_vietnamese_is_recognised_however_it_is_typed(text: str) -> None:
    assert language(text) == "vi"
    assert language(clean(unicodedata.normalize("NFD", text))) == "vi"


@pytest.mark.parametrize(
    "text", ["", "   ", "126", "1022", "🎉🎉", "?!", "iHanoi", "https://dichvucong.gov.vn", "\x00"]
)
def test_what_has_no_language_is_taken_for_vietnamese(text: str) -> None:
    assert language(text) == "vi"


@pytest.mark.parametrize(
    "text",
    [
        *ENGLISH,
        "What is iHanoi",
        "what is DTI",
        "WHAT DAY DOES VIETNAM'S LAW ON DIGITAL TRANSFORMATION COME INTO FORCE?",
        "Where is Hoàn Kiếm ward?",
        "How do I contact UBND phường Hoàn Kiếm",
        "Do I need to pay a fee?",
        "pay fees online",
        "digital transformation in Hanoi",
        "iHanoi login error",
        "Tell me about Hanoi",
    ],
)
def test_english_is_recognised_in_capitals_and_with_vietnamese_names_too(text: str) -> None:
    assert language(text) == "en"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("À quelle date l'application iHanoi a-t-elle été mise en service ?", "fr"),
        ("À QUELLE DATE L'APPLICATION IHANOI A-T-ELLE ÉTÉ MISE EN SERVICE ?", "fr"),
        ("Comment payer les frais en ligne à Hanoï ?", "fr"),
        ("Wie viele Bezirke hat die Stadt Hanoi heute?", "de"),
        ("¿Cuántos distritos tiene Hanói?", "es"),
        ("Quanti distretti ha la città di Hanoi?", "it"),
        ("河内有多少个坊？", "zh"),
        ("VNeID 是什么", "zh"),
        ("하노이에는 몇 개의 동이 있나요?", "ko"),
        ("iHanoi 앱이란?", "ko"),
        ("ハノイ市の人口は？", "ja"),
        ("ﾊﾉｲ ﾉ ｼﾞﾝｺｳ", "ja"),
        ("ฮานอยมีกี่แขวง", "th"),
        ("ຮ່າໂນ້ຍມີຈັກເມືອງ", "lo"),
        ("តើហាណូយមានប៉ុន្មាន", "km"),
        ("Сколько районов в Ханое?", "ru"),
        ("كم عدد الأحياء في هانوي", "ar"),
        ("हनोई में कितने वार्ड हैं", "hi"),
    ],
)
def test_other_languages_are_recognised_by_their_script_or_their_words(text: str, code: str) -> None:
    assert language(clean(text)) == code
    assert language(clean(unicodedata.normalize("NFD", text))) == code


def test_a_foreign_word_in_a_vietnamese_sentence_does_not_make_it_foreign() -> None:
    assert language("chữ 河内 trong tiếng Trung nghĩa là gì") == "vi"
    assert language("thẻ Visa và Mastercard quẹt ở ga tàu điện được không") == "vi"


@pytest.mark.parametrize("change", [str, str.upper, strip_diacritics, lambda text: unicodedata.normalize("NFD", text)])
def test_every_vietnamese_dev_question_is_vietnamese(change: Callable[[str], str]) -> None:
    questions = asked("vietnamese")
    assert len(questions) > 300
    assert [text for text in questions if language(clean(change(text))) != "vi"] == []


@pytest.mark.parametrize("change", [str, str.upper, str.lower])
def test_every_english_dev_question_is_english(change: Callable[[str], str]) -> None:
    questions = asked("english")
    assert len(questions) == 12
    assert [text for text in questions if language(change(text)) != "en"] == []


def test_no_few_words_of_a_hurried_question_look_foreign() -> None:
    """Windows of 2 to 6 words: a question may be as short as that."""
    lines = map(json.loads, QUESTIONS.read_text("utf-8").splitlines())
    typed = [line["typed"].split() for line in lines if line.get("typed")]
    windows = {
        " ".join(ws[i : i + n]) for ws in typed for n in (2, 3, 4, 6) for i in range(0, max(len(ws) - n, 0) + 1, 2)
    }
    assert len(windows) > 1_000
    assert [text for text in sorted(windows) if language(text) != "vi"] == []


def test_the_same_text_has_the_same_language_each_time() -> None:
    """langdetect draws at random; short texts of words that are alike in several languages show it."""
    texts = ["digital transformation centre provincial", "metro line ticket info card", "provincial signature total"]
    assert len({tuple(map(language, texts)) for _ in range(20)}) == 1


def test_the_first_questions_may_come_at_once() -> None:
    program = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from corpus.language.detect import language
barrier = Barrier(4)
def first(text):
    barrier.wait()
    return language(text)
print(*ThreadPoolExecutor(4).map(first, ["Wie kann ich in Hanoi meine Rechnung online bezahlen?"] * 4))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["de"] * 4


def test_threads_get_what_one_thread_gets() -> None:
    texts = [*asked("english"), *asked("vietnamese")[:50]] * 3
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(language, texts)) == [language(text) for text in texts]


def test_syllables_are_those_that_vietnamese_spells() -> None:
    assert {"nghieng", "quyet", "phuong", "khuyu", "y", "oi"} <= syllables()
    assert not {"there", "online", "web", "street", "school"} & syllables()


def test_a_very_long_text_takes_no_long_time() -> None:
    assert language("ha noi co bao nhieu phuong " * 4_000) == "vi"
    assert language("a" * 100_000) in {"vi", "en"}
    assert language("a." * 50_000) == "vi"


@given(st.text(st.characters(exclude_categories=()), max_size=80))
@settings(deadline=None)
def test_any_text_has_a_language(text: str) -> None:
    assert len(language(text)) == 2


@given(
    st.lists(
        st.sampled_from(["ha", "noi", "dvc", "what", "is", "metro", "iHanoi", "über", "città", "河内", "🎉", "a.vn"])
    )
)
@settings(deadline=None)
def test_any_mixture_of_languages_has_one(mixture: list[str]) -> None:
    assert language(" ".join(mixture)) == language(" ".join(mixture))
