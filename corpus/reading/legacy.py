"""The old Vietnamese encodings, in which "Điều" was typed "§iÒu" and a font drew it right.

viparse knows their letters and tells them apart in long texts; whether a short text was read rightly is told by its
syllables. All old encodings are letters up to U+00FF here, as a file in Windows' Latin gives them.
"""

import re
import unicodedata

from corpus.language.detect import syllables
from corpus.language.normalize import fold

ENCODINGS = ("tcvn3", "vni", "viscii")

_FONT = re.compile(r"(?:[A-Z]{6}\+)?(\.vn|vni)", re.IGNORECASE)  # a PDF puts six letters before a font's name
_UNICODE_ONLY = re.compile("[\u0102\u0103\u0110\u0111\u0128\u0129\u0168\u0169\u01a0\u01a1\u01af\u01b0\u0300-\u0323Ạ-ỹ]")
_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
_VOWEL = re.compile(r"[^\x00-\x7f]|[aeiouy]")
_WORD = re.compile(r"[^\W\d_]+")


def possible(text: str) -> bool:
    """Whether text can be in an old encoding: none gives letters such as "ộ", and ASCII is the same in all."""
    return not text.isascii() and not _UNICODE_ONLY.search(text) and not _INVISIBLE.search(text)


def of_font(name: str | None) -> str | None:
    found = _FONT.match(name or "")
    return {".vn": "tcvn3", "vni": "vni"}[found[1].lower()] if found else None


def of_text(text: str) -> str | None:
    """The encoding of a long text, if it is an old one."""
    import viparse

    found: str | None = viparse.detect_text_encoding(text)
    return found


def to_unicode(text: str, encoding: str | None) -> str:
    """Text in NFC; line breaks, and white space at its ends, stay."""
    if encoding is None or not text.strip():
        return text
    import viparse

    lead, tail = text[: len(text) - len(text.lstrip(" \t\n"))], text[len(text.rstrip(" \t\n")) :]
    converted = "\n".join(viparse.fix(line, encoding=encoding) for line in text.strip(" \t\n").split("\n"))
    return lead + ("\n".join(map(_capitals, converted.split("\n"))) if encoding == "tcvn3" else converted) + tail


def soundness(text: str) -> float:
    """The share of Vietnamese syllables among the words with diacritics; 0 for a text without such words.

    Abbreviations such as "QĐ" are no words.
    """
    words = _WORD.findall(unicodedata.normalize("NFC", text))
    marked = [word for word in words if not word.isascii() and _VOWEL.search(fold(word))]
    return sum(map(_is_syllable, marked)) / len(marked) if marked else 0.0


def _is_syllable(word: str) -> bool:
    """A syllable in Vietnamese letters, with capitals where a word may have them."""
    known = all(c.isascii() or c in "đĐ" or unicodedata.normalize("NFD", c)[0].isascii() for c in word)
    cased = word.islower() or word.isupper() or word.istitle()
    return known and cased and fold(word) in syllables()


def _capitals(line: str) -> str:
    """TCVN3 has no capitals with diacritics: its font ".VnTimeH" drew "CéNG HßA" so that one saw "CỘNG HÒA"."""
    words = line.split(" ")
    shouted = [_is_shouted(word) for word in words]
    if sum(shouted) > 1 and not any(c.isascii() and c.islower() for c in line):
        return line.upper()
    return " ".join(word.upper() if loud else word for word, loud in zip(words, shouted, strict=True))


def _is_shouted(word: str) -> bool:
    plain = [c for c in word if c.isascii() and c.isalpha()]
    return len(plain) > 1 and all(map(str.isupper, plain))
