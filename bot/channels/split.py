"""A long text into the parts that a platform takes: where to cut it, and how its length is counted there."""

import re
import unicodedata

_SPACE = re.compile(r"\s+")
_CITATION = re.compile(r"\[[0-9]{1,3}\]")
# A citation with the last character it stands behind and the punctuation after it; but "[1] Title" that begins a line
# is a source in a list, and stands by itself.
_CITED = re.compile(
    rf"\S(?:[^\S\n]*+{_CITATION.pattern}[^\w\s\[]*+)++|\S\s++(?:{_CITATION.pattern}[^\w\n\[]*+)++$", re.MULTILINE
)
_SENTENCE_END = re.compile(r"[^0-9][.!?…]|[.!?…][”\")\]]")  # not "1." of a list
_EXTENDS = re.compile("[\u200d\U0001f3fb-\U0001f3ff]")  # emojis are joined by the one, coloured by the others
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")


def utf16(text: str) -> int:
    """The length in UTF-16 units, in which the platforms count."""
    return len(text) + sum(character > "\uffff" for character in text)


def split(text: str, limit: int) -> tuple[tuple[int, int], ...]:
    """Spans of at most `limit` UTF-16 units (2 or more) that leave out nothing but white space between them.

    A cut is made at the end of a paragraph, else of a line, else of a sentence, where one is in the second half of
    what fits, else at a space, else anywhere. A citation stays with the words before it unless they do not fit.
    """
    inside = {place for mark in _CITATION.finditer(text) for place in range(mark.start() + 1, mark.end())}
    whole = inside | {place for cited in _CITED.finditer(text) for place in range(cited.start() + 1, cited.end())}
    stop = len(text.rstrip())
    spans = []
    start = stop - len(text[:stop].lstrip())
    while start < stop:
        end = _reach(text, start, stop, limit)
        if end < stop:
            end = _space(text, start, end, whole) or _anywhere(text, start, end, whole, inside)
        spans.append((start, end))
        start = space.end() if (space := _SPACE.match(text, end)) else end
    return tuple(spans)


def _reach(text: str, start: int, stop: int, limit: int) -> int:
    """How far `limit` units go."""
    units = 0
    for place in range(start, min(start + limit, stop)):
        units += 1 + (text[place] > "\uffff")
        if units > limit:
            return place
    return min(start + limit, stop)


def _space(text: str, start: int, end: int, whole: set[int]) -> int:
    """The best white space to cut at; 0 where there is none."""
    last = [0, 0, 0, 0]  # paragraph, line, sentence, word
    for space in _SPACE.finditer(text, start):
        if (place := space.start()) > end:
            break
        if place not in whole:
            lines = space[0].count("\n")
            ends_sentence = _SENTENCE_END.fullmatch(text, place - 2, place)
            last[0 if lines > 1 else 1 if lines else 2 if ends_sentence else 3] = place
    return next((place for place in last[:3] if 2 * (place - start) >= end - start), max(last))


def _anywhere(text: str, start: int, end: int, whole: set[int], inside: set[int]) -> int:
    for kept in (whole, inside, set[int]()):
        for place in range(end, start, -1):
            if place not in kept and not _joins(text[place - 1], text[place]):
                return place
    return end


def _joins(left: str, right: str) -> bool:
    """Whether two characters are shown as one."""
    return (
        unicodedata.category(right)[0] == "M"
        or left == "\u200d"
        or bool(_EXTENDS.match(right) or _FLAG.match(left + right))
    )
