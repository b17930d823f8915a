"""A question in another language -> its terms in Vietnamese, as far as a small table of that language knows them.

No grammar, only terms, names, numbers and dates in the order of the question: enough to search with, and to see what
is asked for. A new language is a new table.
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from corpus.language.detect import syllables
from corpus.language.normalize import fold

_TABLES = Path(__file__).parent
_LANGUAGES = {
    "en": "english.yaml",
    "fr": "french.yaml",
    "ja": "japanese.yaml",
    "ko": "korean.yaml",
    "zh": "chinese.yaml",
}
_WORD = re.compile(
    r"[a-z\d]+|[^\W_]"
)  # of letters without accents; a Chinese, Japanese or Korean sign is one by itself
_FRENCH_ENDING = re.compile(r"(?:e?s|x|e)$")
_ENGLISH_ENDINGS = (
    ("s", ""),
    ("es", ""),
    ("ies", "y"),
    ("ed", "e"),
    ("ed", ""),
    ("ied", "y"),
    ("ing", "e"),
    ("ing", ""),
)
_LETTER = r"A-Za-zĐđ\d"
_NAME_PART = rf"[{_LETTER}]*(?:\d|[a-z][A-Z]|[A-Z]{{2}})[{_LETTER}]*"
# What is spelled the same in every language: "iHanoi", "5G", "18-NQ/TU", "17.34%"; "Hoàn Kiếm", "Cat Linh".
_NAME = re.compile(rf"(?<![{_LETTER}]){_NAME_PART}(?:[/.,-]{_NAME_PART})*(?:\s?%)?")
_PROPER = re.compile(r"[^\W\d_a-z]\w+(?: [^\W\d_a-z]\w+)+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|er|e|ème)\b", re.IGNORECASE)
# An English question for a verdict: "Is it free?", "I moved here. Do I need VNeID?"
_WHETHER = re.compile(
    r"(?:^|[.?!,;]\s+(?:and\s+|but\s+|so\s+)?)"
    r"(?:are|am|can|could|did|do|does|had|has|have|is|may|must|should|was|were|will|would)\b",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:\b(\d{4}) )?(?:\b(\d{1,2}) )?\btháng (\d{1,2})(?: (\d{1,2})\b)?(?: (\d{4})\b)?")


def translate(text: str, language: str) -> str:
    """ "How many wards since July 1, 2025?" -> "bao nhiêu phường 1/7/2025"; empty where nothing is known."""
    if text.isupper() and len(text.split()) > 2:  # in a sentence of capitals they make no names
        text = text.lower()
    text = _ORDINAL.sub("", _THOUSANDS.sub(".", text))
    found: dict[int, str] = {}
    taken = bytearray(len(text))

    def take(start: int, end: int, piece: str) -> None:
        if not any(taken[start:end]):
            found[start] = piece
            taken[start:end] = b"\1" * (end - start)

    for match in _PROPER.finditer(text):
        if all(fold(word) in syllables() for word in match[0].split()):
            take(*match.span(), match[0])
    for start, end, meaning in _terms("".join(map(_plain, text)), language):
        take(start, end, meaning)
    for match in _NAME.finditer(text):
        take(*match.span(), match[0])
    translated = _DATE.sub(_date, " ".join(found[start] for start in sorted(found)))
    return f"có {translated} không" if translated and language == "en" and _WHETHER.search(text) else translated


def _plain(character: str) -> str:
    """A letter in lower case without accents, in the same place; those that have no such form stay as they are."""
    folded = fold(character)
    return folded[:1] if folded.isascii() and folded else character.lower()[:1]


def _date(match: re.Match[str]) -> str:
    """The parts of a date in Vietnamese order, whatever order they came in."""
    day, month, year = match[2] or match[4], match[3], match[1] or match[5]
    return "/".join(filter(None, (day, month if day else f"tháng {month}", year)))


def _terms(text: str, language: str) -> Iterator[tuple[int, int, str]]:
    """Where a term of the language's table stands in a plain text, and what it means; the longest at each place."""
    table, longest = _table(language)
    words = list(_WORD.finditer(text))
    place = 0
    while place < len(words):
        for count in range(min(longest, len(words) - place), 0, -1):
            said = [word[0] for word in words[place : place + count]]
            if meaning := next((table[form] for form in _forms(said, language) if form in table), None):
                yield words[place].start(), words[place + count - 1].end(), meaning
                break
        else:
            count = 1
        place += count


@functools.cache
def _table(language: str) -> tuple[dict[str, str], int]:
    """The terms of a language, each in its first form, with what they mean; and how many words the longest has."""
    if language not in _LANGUAGES:
        return {}, 0
    table: dict[str, str] = yaml.safe_load((_TABLES / _LANGUAGES[language]).read_text("utf-8"))
    words = {term: _WORD.findall("".join(map(_plain, term))) for term in table}
    return {next(_forms(words[term], language)): table[term] for term in table}, max(map(len, words.values()))


def _forms(words: list[str], language: str) -> Iterator[str]:
    """The forms in which a table may have some words: cities -> city, submitting -> submit, numériques -> numeriqu."""
    if language == "fr":
        yield " ".join(_FRENCH_ENDING.sub("", word) for word in words)
        return
    yield " ".join(words)
    if language == "en":
        yield from (" ".join((*words[:-1], base)) for base in _bases(words[-1]))


def _bases(word: str) -> Iterator[str]:
    for ending, instead in _ENGLISH_ENDINGS:
        base = word.removesuffix(ending) + instead
        if word.endswith(ending) and len(base) > 2 and not word.endswith("eed"):  # "feed" is no fee
            yield base
            if base[-1] == base[-2]:
                yield base[:-1]
