"""One treatment of Vietnamese text: what people type alike must be alike."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.language.normalize import clean, fold, references, terms, words

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
VIETNAMESE = st.text("aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạằắẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ ĐÀỘƯ09")


@pytest.mark.parametrize(
    "typed", ["hoà", "hòa", "hoa", "HOÀ", "Hòa", "ｈｏà", "ho\u200bà", "hoa\u0300", "ho\u00adà", "𝐡𝐨𝐚"]
)
def test_however_hoa_is_typed_it_is_one_word(typed: str) -> None:
    assert fold(typed) == "hoa"


@pytest.mark.parametrize("typed", ["Đống Đa", "đống đa", "Ðống Ða", "ðống ða", "Ɖống Ɖa", "DONG DA", "dong da"])
def test_every_letter_that_looks_like_d_with_a_stroke_is_d(typed: str) -> None:
    assert fold(typed) == "dong da"


def test_decomposed_text_folds_like_composed_text() -> None:
    text = "Chuyển đổi số, dịch vụ công trực tuyến ở phường Hoàn Kiếm"
    assert fold(unicodedata.normalize("NFD", text)) == fold(text) == fold(text.upper())
    assert fold(text) == "chuyen doi so, dich vu cong truc tuyen o phuong hoan kiem"


def test_controls_and_overrides_part_words_and_zero_width_characters_do_not() -> None:
    assert words("Hà\x00Nội\u202ecó\u2066xã\u3000phường") == ["ha", "noi", "co", "xa", "phuong"]
    assert words("Hà\u200b N\ufeffội") == ["ha", "noi"]
    assert fold("ha\x00noi\r\n") == fold("hà\x00nội\r\n") == "ha noi\n"


def test_full_width_and_other_forms_of_digits_and_letters_are_ordinary() -> None:
    assert words("１２６ｘã") == ["126xa"]
    assert words("m² và №5") == ["m2", "va", "no5"]


def test_punctuation_emoji_and_underscores_are_no_words() -> None:
    assert words("17,34% – iHanoi_app 🎉☎️ (5G)!") == ["17", "34", "ihanoi", "app", "5g"]
    assert words("🎉🎉 … \x00") == []
    assert fold("1\ufe0f\u20e3") == "1"


def test_clean_keeps_diacritics_case_and_lines() -> None:
    assert clean("Ho\u0300a\r\nBình\r１\t\u202eĐ\x07") == "Hòa\nBình\n1\t Đ "


@pytest.mark.parametrize(
    "written",
    ["18-NQ/TU", "NQ 18", "nq18", "NQ-18", "nghị quyết 18", "Nghị quyết số 18-NQ/TU", "nghi quyet so 18", "NQ số: 18"],
)
def test_a_document_number_has_one_term_however_it_is_written(written: str) -> None:
    assert set(references(fold(written))) == {"#nq18"}
    assert "#nq18" in terms(written)


@pytest.mark.parametrize("written", ["07/2023/NQ-HĐND", "Nghị quyết số 7/2023/NQ-HĐND", "nghị quyết 7", "NQ 07"])
def test_leading_zeros_and_years_do_not_change_a_document_number(written: str) -> None:
    assert set(references(fold(written))) == {"#nq7"}


def test_numbers_of_different_kinds_of_document_differ() -> None:
    assert set(references(fold("Kế hoạch 57/KH-UBND và Nghị quyết 57-NQ/TW"))) == {"#kh57", "#nq57"}
    assert not set(references(fold("57 phường, 126 xã")))


@pytest.mark.parametrize(
    "written",
    [
        *("3/9/2025", "03/09/2025", "3-9-2025", "3.9.2025", "3 / 9 / 2025"),
        *("ngày 3 tháng 9 năm 2025", "NGAY 03 THANG 09 NAM 2025", "3 tháng 9, năm 2025"),
    ],
)
def test_a_date_has_one_term_however_it_is_written(written: str) -> None:
    assert {"@3/9/2025", "@3/9"} <= set(terms(written))


@pytest.mark.parametrize("written", ["ngày 3/9", "3-9", "ngày 3 tháng 9", "3/9/25"])
def test_a_date_without_a_full_year_is_a_day_and_a_month(written: str) -> None:
    assert [term for term in terms(written) if term.startswith("@")] == ["@3/9"]


@pytest.mark.parametrize(
    "written", ["40/63", "1/34", "1.837", "17,34", "0,8241", "2025-09-03", "3 tháng 123", "32/1/2025"]
)
def test_what_only_looks_like_a_date_is_none(written: str) -> None:
    assert not [term for term in terms(written) if term.startswith("@")]


def test_terms_are_words_and_pairs_of_neighbours() -> None:
    assert terms("Hà Nội số") == ["ha", "noi", "so", "ha noi", "noi so"]
    assert terms("") == []


@given(ANY_TEXT)
@settings(deadline=None)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=60))
@settings(deadline=None)
def test_composed_and_decomposed_text_fold_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@given(ANY_TEXT)
@settings(deadline=None)
def test_any_text_has_words_and_terms_without_diacritics(text: str) -> None:
    assert set(words(text)) <= set(terms(text))
    for word in words(text):
        assert word == word.lower()
        assert not any(unicodedata.combining(character) for character in unicodedata.normalize("NFD", word))


@given(VIETNAMESE)
@settings(deadline=None)
def test_vietnamese_folds_to_ascii_of_the_same_length(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert fold(composed).isascii()
    assert len(fold(composed)) == len(composed)


@given(ANY_TEXT)
@settings(deadline=None)
def test_cleaning_leaves_nfc_without_invisible_characters(text: str) -> None:
    cleaned = clean(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t" for c in cleaned)
    assert clean(cleaned) == cleaned


def test_numbers_too_long_for_a_document_or_a_date_are_only_words() -> None:
    digits = "1" * 5000
    assert terms(f"nghị quyết {digits}") == ["nghi", "quyet", digits, "nghi quyet", f"quyet {digits}"]
    assert terms(f"{digits}-NQ/TU")[:3] == [digits, "nq", "tu"]
