"""Questions in other languages: what is made of them in Vietnamese, and whether the right documents are found by it."""

import json
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import index.translate
from bot.answering.asked import asked
from corpus.language.normalize import terms, words
from corpus.language.values import Value
from index.query import parse
from index.search import search
from index.snapshot import Snapshot
from index.translate import translate

pytestmark = pytest.mark.noise

LANGUAGES = {"en": "english", "fr": "french", "ja": "japanese", "ko": "korean", "zh": "chinese"}
DATA = Path(__file__).parents[1] / "data"
# Lower than measured (1.00 and 1.00), so that a document more does not fail it.
RECALL = {"english": 0.95, "otherlang": 0.9}


def lines(language: str) -> list[str]:
    path = Path(index.translate.__file__).with_name(f"{LANGUAGES[language]}.yaml")
    return [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]


def table(language: str) -> dict[str, str]:
    loaded: dict[str, str] = yaml.safe_load("\n".join(lines(language)))
    return loaded


def questions(kind: str, name: str = "questions-foreign.jsonl") -> list[dict[str, object]]:
    items = [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]
    return [item for item in items if item["kind"] == kind]


@pytest.mark.parametrize(
    ("question", "vietnamese"),
    [
        ("What is digital transformation?", "chuyển đổi số"),
        ("What is the digital transformation index?", "chỉ số đánh giá chuyển đổi số DTI"),
        ("How many fees are there?", "bao nhiêu phí lệ phí"),
        ("Which cities and wards merged?", "thành phố nào phường hợp nhất sáp nhập"),
        ("They were submitting parents' applications", "nộp hồ sơ phụ huynh hồ sơ"),
        ("How do cameras feed it?", "camera"),
        ("Who chairs the people's committees?", "ai làm trưởng UBND Ủy ban nhân dân"),
    ],
)
def test_the_longest_english_term_is_found_in_any_form(question: str, vietnamese: str) -> None:
    assert translate(question, "en") == vietnamese


@pytest.mark.parametrize(
    ("question", "language", "vietnamese"),
    [
        ("signatures numériques gratuites", "fr", "chữ ký số miễn phí"),
        ("Signature numerique", "fr", "chữ ký số"),
        ("デジタル署名は無料ですか", "ja", "chữ ký số miễn phí không"),
        ("하노이의 전자 서명 수수료", "ko", "Hà Nội chữ ký số chữ ký điện tử phí lệ phí"),
        ("河内的数字签名要交费吗", "zh", "Hà Nội chữ ký số trả phí lệ phí không"),
    ],
)
def test_other_languages_have_their_tables(question: str, language: str, vietnamese: str) -> None:
    assert translate(question, language) == vietnamese


@pytest.mark.parametrize(
    ("date", "language", "vietnamese"),
    [
        ("July 1, 2025", "en", "1/7/2025"),
        ("July 1st 2025", "en", "1/7/2025"),
        ("1 July 2025", "en", "1/7/2025"),
        ("September 3", "en", "3/9"),
        ("July 2025", "en", "tháng 7/2025"),
        ("July", "en", "tháng 7"),
        ("1er juillet 2025", "fr", "1/7/2025"),
        ("2 août", "fr", "2/8"),
        ("2025年7月1日", "zh", "1/7/2025"),
        ("2025年12月", "ja", "tháng 12/2025"),
        ("2025년 7월 1일", "ko", "1/7/2025"),
        ("1/7/2025", "en", "1/7/2025"),
    ],
)
def test_dates_are_put_in_the_order_of_the_documents(date: str, language: str, vietnamese: str) -> None:
    assert translate(date, language) == vietnamese
    assert set(terms(vietnamese)) <= set(terms(translate(date, language)))


def test_names_and_numbers_stay_as_they_are() -> None:
    question = "Does iHanoi follow 18-NQ/TU in Hoàn Kiếm or on the Cat Linh - Ha Dong line, with 1,837 cameras and 5G?"
    assert translate(question, "en") == "có iHanoi 18-NQ/TU Hoàn Kiếm Cat Linh Ha Dong 1.837 camera 5G không"
    assert {"ihanoi", "#nq18", "hoan kiem", "cat linh", "ha dong", "=1837"} <= set(parse(question).terms)
    assert translate("iHanoi应用和VNeID", "zh") == "iHanoi ứng dụng VNeID"
    assert "#nq57" in parse("Who signed Resolution No. 57?").terms


def test_in_a_sentence_of_capitals_they_make_no_name() -> None:
    assert translate("WHERE IS THE TRAFFIC CENTRE OF HANOI", "en") == "ở đâu Trung tâm điều khiển giao thông Hà Nội"


def test_what_no_table_knows_is_nothing() -> None:
    assert translate("blah blah", "en") == ""
    assert translate("Где это?", "ru") == ""
    assert translate("", "zh") == ""


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("How many wards are there?", Value.NUMBER),
        ("Which number can I text about procedures?", Value.PHONE),
        ("À quelle date la loi entre-t-elle en vigueur ?", Value.DATE),
        ("Qui a signé la résolution 57 ?", Value.PERSON),
        ("哪个应用可以查罚款？", Value.APP),
        ("交通控制中心在哪里？", Value.PLACE),
        ("하노이 순위는 몇 위인가요?", Value.RANK),
        ("手数料はいくらですか？", Value.MONEY),
    ],
)
def test_what_is_asked_for_is_read_from_the_translation(question: str, value: Value) -> None:
    assert value in asked(parse(question)).values[:2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_of_a_table_is_reached(language: str) -> None:
    entries = table(language)
    assert [term for term in entries if translate(term, language) != entries[term]] == []
    assert [term for term in entries if entries[term] not in translate(f"x, {term}, x", language)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entry_of_a_table_is_text_and_stands_there_once(language: str) -> None:
    """YAML keeps the last of two equal keys without a word, and takes "no" and "true" for truth values."""
    entries = table(language)
    assert all(isinstance(term, str) and isinstance(meaning, str) and meaning for term, meaning in entries.items())
    assert len(lines(language)) == len(entries)
    assert len(index.translate._table(language)[0]) == len(entries)


def test_no_english_word_is_counted() -> None:
    """ "Day", "in", "to" and "can" are syllables of Vietnamese, and would find what has nothing to do with them."""
    meant = {word for meaning in table("en").values() for word in words(meaning)} | {"co", "khong"}
    plain = {"day", "in", "to", "can", "do", "the", "it", "on", "as", "an", "may", "so", "me", "them"} - meant
    counted = {word for item in questions("english") for word in words(parse(str(item["question"])).plain)}
    assert counted & plain == set()


@pytest.mark.parametrize("kind", RECALL)
def test_the_right_document_is_among_the_first_five(kind: str, snapshot: Snapshot) -> None:
    items = questions(kind)
    assert len(items) >= 40
    found = [
        not {hit.entry.id for hit in search(snapshot, parse(str(item["question"])), 5)}.isdisjoint(item["docs"])  # type: ignore[arg-type]
        for item in items
    ]
    assert sum(found) >= RECALL[kind] * len(items)


@given(st.text(st.characters(exclude_categories=())), st.sampled_from([*LANGUAGES, "de"]))
@settings(deadline=None)
def test_any_text_can_be_translated(text: str, language: str) -> None:
    assert isinstance(translate(text, language), str)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_question_takes_no_long_time(language: str) -> None:
    translate("", language)  # reads the table
    started = time.process_time()
    for piece in ("how many ", "河内", "하노이 ", "1 ", "A. ", "July "):
        translate(piece * (1_000 // len(piece)), language)
    assert time.process_time() - started < 0.5
