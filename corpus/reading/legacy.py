"""The old Vietnamese encodings, in which "Điều" was typed "§iÒu" and a font drew it right.

viparse has their letters; which encoding a text is in, is told by its font, or by how many of its words with
diacritics are Vietnamese syllables once they are converted. All old encodings are letters up to U+00FF here, as a file
in Windows' Latin gives them, or the signs (“, ‡, œ …) that Windows' Latin has for 0x80 to 0x9F.
"""

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

from corpus.language.detect import syllables
from corpus.language.normalize import fold

if TYPE_CHECKING:
    from viparse.normalize.tables import Charmap

ENCODINGS = ("tcvn3", "vni", "viscii", "vps")
SOUND = 0.85  # of the words with diacritics of a text in an old encoding are syllables; names are the others
CLEARLY = 0.1  # by which one encoding must be sounder than the text as it stands
SAMPLE = 20_000  # characters by which an encoding is told

_FONT = re.compile(r"(?:[A-Z]{6}\+)?(\.vn|vni|vi(?= )|vps)", re.IGNORECASE)  # a PDF puts six letters before a name
_FONTS = {".vn": "tcvn3", "vni": "vni", "vi": "viscii", "vps": "vps"}
_CAPITAL_FONT = re.compile(r"(?:[A-Z]{6}\+)?(?:\.[Vv]n.*H$|(?i:vi |vps).*\bhoa\b)")  # ".VnTimeH", "VPS Times Hoa"
_UNICODE_ONLY = re.compile("[\u0102\u0103\u0110\u0111\u0128\u0129\u0168\u0169\u01a0\u01a1\u01af\u01b0\u0300-\u0323Ạ-ỹ]")
_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
_CONTROL = re.compile(r"[\x02-\x06\x10-\x1e]")  # letters of VPS and VISCII
_VOWEL = re.compile(r"[^\x00-\x7f]|[aeiouy]")
_WORD = re.compile(r"[^\W\d_]+")


def possible(text: str) -> bool:
    """Whether text can be in an old encoding: none gives letters such as "ộ", and ASCII is the same in all."""
    is_plain = text.isascii() and not _CONTROL.search(text)
    return not is_plain and not _UNICODE_ONLY.search(text) and not _INVISIBLE.search(text)


def sure(text: str) -> str:
    """Text that is certainly Unicode, kept apart from letters of an old encoding around it until `released`."""
    return text.translate(_KEPT)


def released(text: str) -> str:
    return text.translate(_RELEASED)


_KEPT = {code: 0xF0000 + code for code in range(0x80, 0x100)}  # into a private plane, which no encoding touches
_RELEASED = {kept: code for code, kept in _KEPT.items()}


def of_font(name: str | None) -> str | None:
    found = _FONT.match(name or "")
    return _FONTS[found[1].lower()] if found else None


def is_capital(name: str | None) -> bool:
    """Whether a font draws small letters as capitals, as those do whose encodings lack capitals with diacritics."""
    return bool(_CAPITAL_FONT.match(name or ""))


def of_text(text: str) -> str | None:
    """The encoding of a text, if it is an old one."""
    sample = text[:SAMPLE]
    sound = {encoding: soundness(to_unicode(sample, encoding)) for encoding in ENCODINGS}
    best = max(ENCODINGS, key=lambda encoding: sound[encoding])
    return best if sound[best] >= max(SOUND, soundness(sample) + CLEARLY) else None


def to_unicode(text: str, encoding: str | None) -> str:
    """Text in NFC; white space stays."""
    if encoding is None or (text.isascii() and not _CONTROL.search(text)):
        return text
    from viparse.normalize.tables import convert

    if encoding in ("viscii", "vps"):  # which have letters where Windows' Latin has signs
        text = _TOKEN.sub(lambda match: _bytes_back(match[0], encoding), text.translate(_UNDEFINED))
    converted = convert(text, _charmap(encoding))
    return "\n".join(map(_capitals, converted.split("\n"))) if encoding == "tcvn3" else converted


@functools.cache
def _charmap(encoding: str) -> "Charmap":
    from viparse.normalize.encodings import get_charmap
    from viparse.normalize.tables import build_charmap

    charmap = get_charmap(encoding)
    if charmap is None:
        raise LookupError(encoding)
    if encoding != "vni":
        return charmap
    pairs = dict(charmap.pairs)
    # Letters that no text had from which viparse's table was made, and a mark in another case than its letter's.
    pairs |= {"aú": "ẳ", "AÚ": "Ẳ", "î": "ỵ", "Î": "Ỵ"}
    for typed, shown in list(pairs.items()):
        if len(typed) == 2:
            pairs.setdefault(typed[0] + typed[1].swapcase(), shown)
    return build_charmap("vni", pairs.items())


_SIGNS = {  # of Windows' Latin -> the byte, as a letter
    bytes([code]).decode("cp1252"): chr(code)
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_UNDEFINED = {0xF100 + code: code for code in range(0x80, 0xA0)}  # as LibreOffice gives bytes that it has no sign for
_SIGN = str.maketrans(_SIGNS)
_TOKEN = re.compile(rf"\S*[{re.escape(''.join(_SIGNS))}]\S*")
_QUOTED = re.compile(r"([“‘„«(]*)(.*?)([”’…»).,;:!?–—]*)", re.DOTALL)


def _bytes_back(token: str, encoding: str) -> str:
    """A word whose signs are letters as far as that makes it a Vietnamese one; quotation marks around it stay."""
    quoted = _QUOTED.fullmatch(token)
    head, inner, tail = quoted.groups() if quoted else ("", token, "")
    for before, word, after in (("", token, ""), (head, inner + tail, ""), ("", head + inner, tail)):
        if _is_vietnamese(word.translate(_SIGN), encoding):
            return before + word.translate(_SIGN) + after
    if not any(map(str.isalpha, inner)):
        return token
    return head + inner.translate(_SIGN) + tail


def _is_vietnamese(word: str, encoding: str) -> bool:
    from viparse.normalize.tables import convert

    said = _WORD.findall(convert(word, _charmap(encoding)))
    return len(said) > 0 and all(map(_is_syllable, said)) and len("".join(said)) > 1


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
