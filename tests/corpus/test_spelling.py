"""A text typed in a hurry is mended as the words beside each other are spelled in the documents, or left as it is."""

import time
import unicodedata

import pytest

from corpus.language.normalize import fold, words
from corpus.language.spelling import EVERYDAY, PairCounts, Spelling, count, frequent

TEXT = """Người dân nộp hồ sơ dịch vụ công trực tuyến tại phường Hoàn Kiếm
Nghị quyết của thành phố Hà Nội về chuyển đổi số
Sở Khoa học và Công nghệ số hóa dữ liệu của quận
cho con vào lớp 1, con đường còn hỏng thì báo ở đâu
iHanoi và camera, facebook, 5G có từ năm 2025, bao nhiêu tiền
những sở nào, số nào, có thể làm được không
"""
SHORTHAND = {"q": ("quận",), "bn": ("bao nhiêu", "bạn"), "dk": ("đăng ký", "được")}


@pytest.fixture(scope="module")
def spelling() -> Spelling:
    return Spelling(count([TEXT]))


@pytest.mark.parametrize(
    "text",
    [
        "người dân nộp hồ sơ",
        "nghị quyết của thành phố Hà Nội về chuyển đổi số",
        "con đường còn hỏng thì báo ở đâu",
        "bao nhiêu tiền",
    ],
)
def test_a_text_without_diacritics_gets_them_back(spelling: Spelling, text: str) -> None:
    assert spelling.mend(fold(text), {}).lower() == text.lower()
    assert spelling.mend(text, {}) == text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("nophoso dichvucong", "nộp hồ sơ dịch vụ công"),
        ("nộphồ sơ dịchvụcông", "nộp hồ sơ dịch vụ công"),
        ("chuyểnđổisố của thànhpho", "chuyển đổi số của thành phố"),
        ("cho con vào lop1", "cho con vào lớp 1"),
    ],
)
def test_words_that_ran_together_are_taken_apart(spelling: Spelling, typed: str, meant: str) -> None:
    assert spelling.mend(typed, {}) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("nghi quyêt cua thành phô", "nghị quyết của thành phố"),
        ("dịch vu công trưc tuyến", "dịch vụ công trực tuyến"),
        ("cos theer làm được không", "có thể làm được không"),
        ("thanh2 pho61 hà no65i", "thành phố hà nội"),
    ],
)
def test_half_of_the_diacritics_are_completed(spelling: Spelling, typed: str, meant: str) -> None:
    assert spelling.mend(typed, {}) == meant


@pytest.mark.parametrize(
    "text",
    [
        "iHanoi",
        "VNeID và UBND",
        "dichvucong.hanoi.gov.vn",
        "18-NQ/TU",
        "camera facebook 5G",
        "laptop iphone",
        "qwerty",
        "số 57",
        "",
        " ?! ",
        "🎉",
    ],
)
def test_names_addresses_and_what_nobody_has_seen_stay_as_they_are(spelling: Spelling, text: str) -> None:
    assert spelling.mend(text, {}) == text


def test_the_words_beside_it_decide_what_a_word_was(spelling: Spelling) -> None:
    assert spelling.mend("nhung so nao", {}) in ("những sở nào", "những số nào")
    assert spelling.mend("ho so o dau", {}) == "hồ sơ ở đâu"
    assert spelling.mend("so khoa hoc va cong nghe", {}) == "sở khoa học và công nghệ"


def test_a_text_with_diacritics_keeps_its_words_without(spelling: Spelling) -> None:
    assert spelling.mend("cho con vào lớp", {}) == "cho con vào lớp"
    assert spelling.mend("báo con đường hỏng", {}) == "báo con đường hỏng"


def test_shorthand_is_written_out_where_the_words_beside_it_speak_for_it(spelling: Spelling) -> None:
    assert spelling.mend("phường q", {"q": ("quảng trường",)}) == "phường q"
    assert spelling.mend("dữ liệu của q", SHORTHAND) == "dữ liệu của quận"
    assert spelling.mend("bn tiền", SHORTHAND) == "bao nhiêu tiền"
    assert spelling.mend("làm đk không", SHORTHAND) == "làm được không"


def test_capitals_at_the_front_of_a_word_stay() -> None:
    assert Spelling(count([TEXT])).mend("Nghi quyet cua Ha Noi", {}) == "Nghị quyết của Hà Nội"


def test_lines_without_diacritics_teach_nothing() -> None:
    assert count(["nop ho so o dau"]) == {}
    assert Spelling({}).mend("nop ho so o dau", {}) == "nop ho so o dau"


def test_decomposed_text_teaches_the_same() -> None:
    assert count([unicodedata.normalize("NFD", TEXT)]) == count([TEXT])


def test_addresses_are_no_words() -> None:
    assert "dichvucong" not in count(["nộp hồ sơ ở dichvucong.gov.vn nhé"])["ở"]


@pytest.mark.parametrize("piece", ["a", "nophoso", "ho so ", "x1", "a.b/", "đ", "1"])
def test_a_thousand_characters_take_no_long_time(spelling: Spelling, piece: str) -> None:
    text = (piece * 1_000)[:1_000]
    started = time.process_time()
    assert words(spelling.mend(text, SHORTHAND)) is not None
    assert time.process_time() - started < 0.5


def test_everyday_phrases_are_spelled_with_diacritics_once() -> None:
    lines = EVERYDAY.read_text("utf-8").splitlines()
    assert len(set(lines)) == len(lines)
    assert all(unicodedata.is_normalized("NFC", line) and line == line.strip().lower() for line in lines)


def test_texts_that_are_taken_away_leave_no_trace() -> None:
    here, gone, later = "Hồ Hoàn Kiếm ở Hà Nội.", "Hồ Tây rộng lắm. Hồ Hoàn Kiếm nhỏ.", "Ở Hà Nội có hồ Bảy Mẫu."
    counts = PairCounts()
    counts.add([gone, here])
    counts = PairCounts(*counts.counted())
    counts.add([gone], -1)
    counts.add([later])
    fresh = PairCounts()
    fresh.add([later, here])
    words, pairs = counts.counted()
    fresh_words, fresh_pairs = fresh.counted()
    assert words == fresh_words == sorted(words)
    assert pairs.tolist() == fresh_pairs.tolist()
    assert frequent(words, pairs) == count([here, later])
    assert "tây" not in words


def test_many_texts_are_counted_bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"Phường số {number % 7} có hồ" for number in range(50)]
    whole = count(texts)
    monkeypatch.setattr("corpus.language.spelling.AT_ONCE", 3)
    assert count(texts) == whole
    assert whole["có"] == {"hồ": 50}


def test_of_equally_frequent_pairs_the_first_in_order_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpus.language.spelling.PAIRS", 3)
    assert count(["đỏ ửng", "ăn đỏ", "đỏ ửng"]) == {"": {"đỏ": 2, "ăn": 1}, "đỏ": {"ửng": 2}}
