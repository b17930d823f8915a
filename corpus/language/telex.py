"""Words typed with Telex or VNI where the keyboard did not turn them into Vietnamese: "ddieemr", "quye6t".

A word that no Vietnamese syllable is spelled like, and that is one when its keys are read, is such a slip; all else
is left alone.
"""

import re
import unicodedata

from corpus.language.detect import syllables
from corpus.language.normalize import fold

LONGEST = 12  # keys of a syllable: "nghieeengx" and a little more
_MARKS = "\u0301\u0300\u0309\u0303\u0323"  # in the order of the keys
_TONES = dict(zip("sfrxj12345", 2 * _MARKS, strict=True))
_SHAPES = (
    (re.compile("(uo|[aou])([cghmnpt]+)w"), r"\1w\2"),
    (re.compile("^d[d9]|^d(?=.*d$)"), "đ"),
    (re.compile("(?<=^đ)(.+)d$"), r"\1"),
    (re.compile("a[a6]"), "â"),
    (re.compile("e[e6]"), "ê"),
    (re.compile("o[o6]"), "ô"),
    (re.compile("u[w7]?o[w7]|[uw][w7]o"), "ươ"),
    (re.compile("a[w8]"), "ă"),
    (re.compile("o[w7]"), "ơ"),
    (re.compile("u[w7]|(?<![aeiouyăâêôơư])w"), "ư"),
)
_TONE = re.compile(  # after a vowel or its key, anywhere in the rime; "test" and "here" are no slips
    r"(?<=[aeiouyăâêôơưw6-8])([bcghmnpt]*)(?:([fjrx1-5])|(s)(?:(?!t$)|(?<=(?:aa|ee|oo|.w)s)))(?=[aiouyăâêôơưw6-9]|[bcghmnpt]*[6-8d]?$)"
)
_MARK = re.compile(f"[{_MARKS}]")
_STOPPED = re.compile("(?:[cpt]|ch)$")
_PARTS = re.compile("(qu|gi(?=[aeiouyăâêôơư])|[^aeiouyăâêôơư]*)([aeiouyăâêôơư]+)(.*)")
# As slips these would be syllables too.
_LOANWORDS = frozenset(re.findall(r"\w+", "chips maps news taxi tests tips user users visa"))
_SHORT = re.compile("^dd|[fj]$|w[sfrxj]$|uw$")  # "bus", "gas" and "par" are no slips


def repair(word: str) -> str:
    """The syllable that was meant, in small letters, if the word is a slip of the typing method; else the word."""
    folded = fold(word)
    if len(folded) < 3 or folded in syllables() or folded in _LOANWORDS or folded.isdigit():
        return word
    if (len(folded) == 3 and not _SHORT.search(folded)) or (folded[:-1].isalpha() and folded[-1].isdigit()):
        return word  # "lop1" is a class
    return read(word) or word


def read(word: str) -> str | None:
    """The syllable that a word's keys spell in Telex or VNI; none where they spell none, or where it has no such keys.

    >>> read("quyeets")
    'quyết'
    """
    if len(word) > LONGEST:
        return None
    letters = unicodedata.normalize("NFC", _MARK.sub("", unicodedata.normalize("NFD", word.lower())))
    tones = {match[2] or match[3] for match in _TONE.finditer(letters)}
    shaped = _TONE.sub(r"\1", letters)
    for keys, letter in _SHAPES:
        shaped = keys.sub(letter, shaped)
    if shaped == letters or len(tones) > 1 or fold(shaped) not in syllables():
        return None
    tone = tones.pop() if tones else ""
    if tone and _STOPPED.search(shaped) and tone not in "sj15":  # "left" is no slip
        return None
    return _toned(shaped, _TONES[tone]) if tone else shaped


def _toned(syllable: str, tone: str) -> str:
    """The tone stands where the documents write it: hòa, hoàn, quý, người."""
    parts = _PARTS.fullmatch(syllable)
    if parts is None:
        return syllable
    onset, vowels, end = parts.groups()
    shaped = [place for place, vowel in enumerate(vowels) if not vowel.isascii()]
    place = shaped[-1] if shaped else int(len(vowels) > 2 or (len(vowels) == 2 and bool(end)))
    toned = vowels[: place + 1] + tone + vowels[place + 1 :]
    return unicodedata.normalize("NFC", onset + toned + end)
