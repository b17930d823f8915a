"""Slips of Telex and VNI become the syllables that were meant; every other word is left alone."""

import pytest

from corpus.telex import repair


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ddieemr", "diem"),
        ("nghij", "nghi"),
        ("quyeets", "quyet"),
        ("thanhf", "thanh"),
        ("phoos", "pho"),
        ("dduwowcj", "duoc"),
        ("chisnh", "chinh"),
        ("trajm", "tram"),
        ("nguôij", "nguoi"),
        ("DDAATS", "dat"),
        ("quye6t", "quyet"),
        ("tha2nh", "thanh"),
    ],
)
def test_a_slip_becomes_the_syllable_that_was_meant(typed: str, meant: str) -> None:
    assert repair(typed) == meant


@pytest.mark.parametrize(
    "word",
    [
        "thành",
        "thanh",
        "online",
        "test",
        "par",
        "H2O",
        "5G",
        "lop1",
        "iHanoi",
        "VNeID",
        "Viettel",
        "robot",
        "a",
        "",
        "😀",
    ],
)
def test_a_word_that_is_no_slip_is_left_alone(word: str) -> None:
    assert repair(word) == word
