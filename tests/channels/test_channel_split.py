"""Where a long text is cut for a platform: nothing lost, no part too long, and citations by what they prove."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.split import split, utf16

PIECES = st.sampled_from(
    [
        "nước",
        "số",
        " ",
        "\n",
        "\n\n",
        ".",
        " [1]",
        "[12]",
        "\n[3]",
        "\n[4] Luật",
        "1.",
        "👍🏽",
        "🇻🇳",
        "e\u0323\u0302",
        "👨\u200d👩",
    ]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=200)


def parts(text: str, limit: int) -> list[str]:
    return [text[start:end] for start, end in split(text, limit)]


def test_length_is_counted_in_utf16_units() -> None:
    assert [utf16(text) for text in ("", "số", "👍", "👍🏽")] == [0, 2, 2, 4]


@given(TEXTS, st.integers(2, 50))
def test_nothing_is_lost_and_no_part_is_too_long(text: str, limit: int) -> None:
    spans = split(text, limit)
    places = [0, *(place for span in spans for place in span), len(text)]
    assert places == sorted(places)
    assert not "".join(text[end:start] for end, start in zip(places[::2], places[1::2], strict=True)).strip()
    assert all(0 < utf16(text[start:end]) <= limit for start, end in spans)


@given(TEXTS, st.integers(20, 50))
def test_a_citation_is_never_cut_from_the_word_before_it(text: str, limit: int) -> None:
    for _, end in split(text, limit):
        after = re.match(r"[^\S\n]*(?:\[\d+\])+", text[end:])
        crowd = re.search(r"(?:\s*\[\d+\]\W*){3,}$", text[:end])  # so many that they do not fit with a word
        assert not after or not text[:end] or crowd, (text[:end], text[end:])
        assert not re.search(r"\[\d*$", text[:end]) or not re.match(r"\d*\]", text[end:])


@given(TEXTS, st.integers(20, 50))
def test_what_is_shown_as_one_character_stays_one(text: str, limit: int) -> None:
    for start, _ in split(text, limit)[1:]:
        assert not text[start:].startswith(("🏽", "\u0323", "\u0302", "\u200d"))
        assert not text[:start].endswith("\u200d")


@given(TEXTS)
def test_what_fits_is_one_part(text: str) -> None:
    assert parts(text, max(2, utf16(text))) == [text.strip()] * bool(text.strip())


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Một hai ba.\n\nBốn. Năm", 20, ["Một hai ba.", "Bốn. Năm"]),
        ("Một hai ba.\nBốn. Năm sáu", 20, ["Một hai ba.", "Bốn. Năm sáu"]),
        ("Một hai ba. Bốn năm", 15, ["Một hai ba.", "Bốn năm"]),
        ("Ông nói: “Một hai.” Bốn năm", 22, ["Ông nói: “Một hai.”", "Bốn năm"]),
        ("một hai ba bốn", 9, ["một hai", "ba bốn"]),
        ("một hai", 7, ["một hai"]),
        ("một hai", 6, ["một", "hai"]),
        ("A.\n\nMột hai ba bốn năm.", 18, ["A.\n\nMột hai ba bốn", "năm."]),  # too short a part for a paragraph
        ("Các câu: 1. Ba bốn", 14, ["Các câu: 1. Ba", "bốn"]),
        ("thutuchanhchinh", 6, ["thutuc", "hanhch", "inh"]),
        ("👍👍👍", 5, ["👍👍", "👍"]),
    ],
)
def test_the_cut_is_where_a_reader_would_pause(text: str, limit: int, expected: list[str]) -> None:
    assert parts(text, limit) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Có 126 xã, phường [1]. Từ 1/7", 20, ["Có 126 xã,", "phường [1]. Từ 1/7"]),
        ("Có 126 xã, phường [1][2]. Từ", 26, ["Có 126 xã, phường [1][2].", "Từ"]),
        ("Có 126 xã, phường\n[1]. [2]\nTừ 1/7", 19, ["Có 126 xã,", "phường\n[1]. [2]", "Từ 1/7"]),
        ("Nguồn:\n[1] Luật A\n[2] Luật B", 17, ["Nguồn:\n[1] Luật A", "[2] Luật B"]),
        ("chuyendoiso[12]", 12, ["chuyendois", "o[12]"]),
        ("[1][2][3][4]", 7, ["[1][2]", "[3][4]"]),
        ("[1234567]", 5, ["[1234", "567]"]),  # no citation
    ],
)
def test_a_citation_stays_with_its_statement(text: str, limit: int, expected: list[str]) -> None:
    assert parts(text, limit) == expected


@pytest.mark.parametrize(
    "piece", [" ", "\n", "[1]", " [1]", "\n[1]", "[", ".", "\u0323", "🇻🇳", "a\u200d", "a ", "a\n\n"]
)
def test_the_time_grows_with_the_length(piece: str) -> None:
    began = time.perf_counter()
    split("a" + piece * (40_000 // len(piece)), 1900)
    assert time.perf_counter() - began < 1
