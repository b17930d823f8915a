"""Slips of Telex and VNI become the syllables that were meant; every other word is left alone."""

import pytest

from corpus.language.telex import repair


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ddieemr", "điểm"),
        ("nghij", "nghị"),
        ("quyeets", "quyết"),
        ("thanhf", "thành"),
        ("phoos", "phố"),
        ("dduwowcj", "được"),
        ("chisnh", "chính"),
        ("trajm", "trạm"),
        ("nguôij", "nguội"),
        ("DDAATS", "đất"),
        ("quye6t", "quyêt"),
        ("tha2nh", "thành"),
        ("pho61", "phố"),
        ("d9u7o7c5", "được"),
        ("ddwowcj", "được"),
        ("nhuw", "như"),
        ("ddi", "đi"),
        ("haf", "hà"),
        ("quyeest", "quyết"),
        ("hoafn", "hoàn"),
        ("truwowngf", "trường"),
        ("thuongw", "thương"),
        ("naof", "nào"),
        ("giaays", "giấy"),
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
        "thanh2",
        "CO2",
        "bus",
        "gas",
        "taxi",
        "visa",
        "2026",
        "x" * 10_000,
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
