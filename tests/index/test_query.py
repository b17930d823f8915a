"""A question as it is searched: what is written out, translated and counted, and what is left alone."""

import time
import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import index.query
from corpus.language.normalize import clean, fold, terms, words
from corpus.language.spelling import Spelling, count
from index.query import MAX_LENGTH, expand, parse, written_out

TABLES = Path(index.query.__file__).parent
QUESTIONS = Path(__file__).parents[1] / "data" / "questions-dev.jsonl"
PIECES = [
    *(
        "dvc",
        "onl",
        "NQ 18",
        "18-NQ/TU",
        "TT&TT",
        "CA",
        "ai",
        "cả",
        "k",
        "how",
        "fee",
        "河内",
        "hoà",
        "🎉",
        "\x00",
        "\u202e",
    )
]


def table(name: str) -> dict[str, str]:
    loaded: dict[str, str] = yaml.safe_load((TABLES / name).read_text("utf-8"))
    return loaded


ABBREVIATIONS, SYNONYMS = table("abbreviations.yaml"), table("synonyms.yaml")
SHORTHAND = table("shorthand.yaml")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dvc onl có mất tiền ko", "dịch vụ công trực tuyến có mất tiền không"),
        ("CĐS là gì", "chuyển đổi số là gì"),
        ("cđs", "chuyển đổi số"),
        ("cds", "chuyển đổi số"),
        ("TP.HCM, tphn.", "thành phố.Hồ Chí Minh, thành phố Hà Nội."),
        ("Sở TT&TT", "Sở Thông tin và Truyền thông"),
        ("sở tttt", "sở Thông tin và Truyền thông"),
        ("GD&ĐT", "Giáo dục và Đào tạo"),
        ("UBND tp HN", "UBND Ủy ban nhân dân thành phố Hà Nội"),
        ("sđt của ca", "số điện thoại của ca"),
        ("sđt của CA", "số điện thoại của Công an"),
        ("đk tk onl đc k?", "đăng ký tài khoản trực tuyến được không?"),
        ("Ðc ko", "được không"),
        ("gọi AI", "gọi AI trí tuệ nhân tạo"),
        ("DVC ONL KO MAT TIEN", "dịch vụ công trực tuyến không MAT TIEN"),
    ],
)
def test_abbreviations_are_written_out(typed: str, meant: str) -> None:
    assert expand(typed) == meant
    assert expand(clean(unicodedata.normalize("NFD", typed))) == meant


@pytest.mark.parametrize(
    "text",
    [
        "cả nhà ai cũng mà",
        "ai ký",
        "ca nhan",
        "ct nao",
        "nd gi",
        "Bệnh viện K ở đâu",
        "Cả Hà Nội",
        "5G, 24h, H2O",
        "hàng hoá, hỏng",
        "wifi hong",
        "57-NQ/TW",
        "07/2023/NQ-HĐND",
        "1656/NQ-UBTVQH15",
        "https://dichvucong.gov.vn",
    ],
)
def test_words_and_document_numbers_are_left_alone(text: str) -> None:
    assert expand(text) == text
    assert expand(clean(unicodedata.normalize("NFD", text))) == text


@pytest.mark.parametrize("key", [key for key in ABBREVIATIONS if key.isupper()])
def test_a_key_in_capitals_is_found_in_capitals_only(key: str) -> None:
    assert expand(f"hỏi {key} nhé") == f"hỏi {ABBREVIATIONS[key]} nhé"
    assert expand(f"hỏi {key.lower()} nhé") == f"hỏi {key.lower()} nhé"


@pytest.mark.parametrize("typed", SHORTHAND)
def test_shorthand_is_left_to_the_words_beside_it(typed: str) -> None:
    assert written_out(f"hỏi {typed} nhé", keep=SHORTHAND)[1] == f"hỏi {typed} nhé"
    assert all(meaning.strip() == meaning and meaning for meaning in SHORTHAND[typed].split(" | "))
    assert typed == fold(typed)


def test_raw_telex_is_vietnamese() -> None:
    query = parse("thanhf phoos coos bao nhieeu phuwowngf xax")
    assert query.language == "vi"
    assert {"thanh", "pho", "nhieu", "phuong"} <= set(query.terms)
    assert parse("There are more documents here, where are the users left?").language == "en"


def test_capitals_and_drawn_out_letters_are_not_encoded() -> None:
    assert parse("NỘP HỒ SƠ Ở ĐÂU").encoded == ("nộp hồ sơ ở đâu",)
    assert parse("có mất tiền khôngggg").encoded == ("có mất tiền không",)
    assert parse("UBND iHanoi VNeID").encoded[0].split()[-2:] == ["iHanoi", "VNeID"]
    assert parse("khóa XIII, www").encoded == ("khóa XIII, www",)


def test_a_query_is_mended_as_the_documents_spell() -> None:
    spelling = Spelling(count(["người dân nộp hồ sơ tại phường Hoàn Kiếm", "làm được bao nhiêu hồ sơ"]))
    mended = parse("nguoi dan nophoso tai p hoan kiem", spelling)
    assert mended.encoded == (mended.plain,) == ("người dân nộp hồ sơ tại phường hoàn kiếm",)
    assert {"nop ho", "ho so", "phuong hoan"} <= set(mended.terms)
    assert parse("NGUOI DAN NOP HO SO", spelling).plain == "người dân nộp hồ sơ"
    assert parse("How do I apply?", spelling) == parse("How do I apply?")


def test_capitals_tell_nothing_in_a_sentence_of_capitals() -> None:
    assert expand("AI LÀ CHỦ TỊCH") == "AI LÀ CHỦ TỊCH"
    assert expand("CA NHAN NOP O DAU") == "CA NHAN NOP O DAU"
    assert expand("HỎI CẢ AI NỮA ĐC KO") == "HỎI CẢ AI NỮA được không"


@pytest.mark.parametrize(
    "asked", ["NQ 18", "nq18", "nghị quyết 18", "nghi quyet so 18", "18-NQ/TU", "18-nq/tu", "NQ-18 là gì"]
)
def test_a_document_number_reaches_the_terms_in_one_spelling(asked: str) -> None:
    assert "#nq18" in parse(asked).terms


def test_a_document_number_is_encoded_as_it_is_written() -> None:
    assert parse("57-NQ/TW là gì").encoded == ("57-NQ/TW là gì",)


def test_synonyms_are_counted_and_neither_encoded_nor_said() -> None:
    query = parse("làm ở trang nào, có mất tiền không?")
    assert {"cong", "dia chi", "le phi"} <= set(query.terms)
    assert query.text == query.plain == "làm ở trang nào, có mất tiền không?"
    assert query.encoded == (query.plain,)


def test_synonyms_are_found_behind_abbreviations_and_without_diacritics() -> None:
    assert "tong dai" in parse("sđt nao").terms
    assert "le phi" in parse("co mat tien ko").terms


def test_both_spellings_of_a_tone_are_one_query() -> None:
    new, old = (
        parse("Uỷ ban số hoá hồ sơ sức khoẻ ở toà nhà THUỶ Hoà"),
        parse("Ủy ban số hóa hồ sơ sức khỏe ở tòa nhà THỦY Hòa"),
    )
    assert (new.encoded, new.plain, new.terms) == (old.encoded, old.plain, old.terms)
    assert parse("quý, hoàn toàn, khoản, khuỷu, QUỸ").plain == "quý, hoàn toàn, khoản, khuỷu, QUỸ"


def test_an_english_question_is_encoded_as_it_is_and_in_vietnamese() -> None:
    query = parse("How many fees are there?")
    assert query.language == "en"
    assert query.plain == "bao nhiêu phí lệ phí"
    assert query.encoded == ("How many fees are there?", "bao nhiêu phí lệ phí")
    assert query.terms == tuple(dict.fromkeys(terms("bao nhiêu phí lệ phí")))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("河内有多少个坊?", "Hà Nội bao nhiêu phường"),
        ("하노이에는 몇 개의 동이 있나요?", "Hà Nội bao nhiêu có … không"),
        ("Où sont les services en ligne ?", "ở đâu dịch vụ công trực tuyến"),
    ],
)
def test_another_language_is_encoded_and_counted_in_vietnamese(text: str, plain: str) -> None:
    query = parse(text)
    assert query.plain == plain
    assert query.encoded == (plain,)
    assert query.terms == tuple(dict.fromkeys(terms(plain)))


def test_a_language_without_a_table_is_encoded_as_it_is_and_its_words_are_not_counted() -> None:
    """ "Vietnam", "in" and "das" are no words of Vietnamese, or others."""
    query = parse("Wie viele Bezirke hat die Stadt heute?")
    assert query.encoded == ("Wie viele Bezirke hat die Stadt heute?",)
    assert query.plain == ""
    assert query.terms == ()
    assert parse("Wie funktioniert die Anwendung iHanoi heute?").terms == ("ihanoi",)


def test_a_foreign_question_may_be_typed_in_capitals_or_decomposed() -> None:
    text = "À quelle date l'application iHanoi a-t-elle été mise en service ?"
    assert parse(unicodedata.normalize("NFD", text)) == parse(text)
    assert parse("HOW MANY WARDS ARE THERE IN HANOI?").plain == "bao nhiêu phường Hà Nội"


def test_no_term_is_counted_twice() -> None:
    query = parse("dvc dvc dịch vụ công dich vu cong nq 18 nghị quyết 18")
    assert len(query.terms) == len(set(query.terms))


def test_a_very_long_question_is_cut() -> None:
    query = parse("hà nội có bao nhiêu phường " * 4_000)
    assert len(query.text) == MAX_LENGTH
    cut = parse(query.text)
    assert (query.plain, query.said, query.words, query.terms) == (cut.plain, cut.said, cut.words, cut.terms)
    assert len(parse("x" * 100_000).text) == MAX_LENGTH


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00", "\u202e\u2066", "🎉🎉", "?!…", "\u200b\ufeff", "\ud800"])
def test_a_text_without_words_counts_nothing(text: str) -> None:
    assert parse(text).terms == ()


def test_what_cannot_be_seen_changes_no_query() -> None:
    seen = parse("Hà Nội có bao nhiêu phường?")
    assert parse("Hà\x00Nội \u202ecó\u00a0bao\n\tnhi\u200bêu phường?") == seen
    assert parse(unicodedata.normalize("NFD", "  Hà Nội có bao nhiêu phường? ")) == seen
    assert parse("Hà Nội có bao nhiêu phường🎉?").terms == seen.terms


@given(st.one_of(st.text(st.characters(exclude_categories=())), st.lists(st.sampled_from(PIECES)).map(" ".join)))
@settings(deadline=None, max_examples=300)
def test_any_text_is_a_query(text: str) -> None:
    query = parse(text)
    assert query.text == " ".join(query.text.split())
    assert len(query.text) <= MAX_LENGTH
    assert len(set(query.terms)) == len(query.terms)
    assert all(term == fold(term) for term in query.terms)
    assert parse(unicodedata.normalize("NFD", text)) == parse(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    "piece", ["1", "1/", "1-a", "a-", "Aa ", "AA", "k ", "ko", "oà", "&", "how fee ", "\u0300", "a_"]
)
def test_ten_thousand_characters_take_no_long_time(piece: str) -> None:
    started = time.process_time()
    parse(piece * (10_000 // len(piece)))
    expand(piece * (10_000 // len(piece)))
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("name", ["abbreviations.yaml", "shorthand.yaml", "synonyms.yaml"])
def test_every_entry_of_a_table_is_text_and_stands_there_once(name: str) -> None:
    """YAML keeps the last of two equal keys without a word, and takes "no" and "on" for truth values."""
    lines = [line for line in (TABLES / name).read_text("utf-8").splitlines() if line and not line.startswith("#")]
    entries = table(name)
    assert all(isinstance(key, str) and isinstance(value, str) and key and value for key, value in entries.items())
    assert len(lines) == len(entries)
    assert all(unicodedata.is_normalized("NFC", line) for line in lines)


@pytest.mark.parametrize("key", ABBREVIATIONS)
def test_every_abbreviation_is_reached(key: str) -> None:
    assert expand(f"hỏi {key} nhé") == f"hỏi {ABBREVIATIONS[key]} nhé"


def test_no_abbreviation_hides_another() -> None:
    assert [key for key in ABBREVIATIONS if key != key.lower() and key.lower() in ABBREVIATIONS] == []
    assert [key for key, meaning in ABBREVIATIONS.items() if fold(meaning) == key] == []


def test_every_phrase_has_a_folded_form_of_its_own() -> None:
    folded = [" ".join(words(phrase)) for phrase in SYNONYMS]
    assert len(set(folded)) == len(folded)


@pytest.mark.parametrize("said", SYNONYMS)
def test_every_synonym_is_reached_and_adds_something(said: str) -> None:
    """One folded syllable means too many things, and what an abbreviation is written out of is never seen."""
    assert len(words(said)) >= 2
    query = parse(f"cho hỏi {said} nhé")
    assert query.plain == f"cho hỏi {said} nhé"
    assert set(terms(SYNONYMS[said])) <= set(query.terms)
    assert not set(terms(SYNONYMS[said])) <= set(terms(said))


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("# **Hà Nội** có `bao nhiêu` [phường](https://x.y)?", "Hà Nội có bao nhiêu phường ?"),
        ("| nộp hồ sơ | ở đâu |", "nộp hồ sơ ở đâu"),
        ("bấm *101# để làm gì", "bấm *101# để làm gì"),
    ],
)
def test_markdown_that_was_pasted_is_no_word(typed: str, plain: str) -> None:
    assert parse(typed).plain == plain
