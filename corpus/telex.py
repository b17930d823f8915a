"""Words typed with Telex or VNI where the keyboard did not turn them into Vietnamese: "ddieemr", "quye6t".

A word that no Vietnamese syllable is spelled like, and that would be one without the marks of the typing method,
is such a slip; all else is left alone.
"""

import re

from corpus.language import syllables
from corpus.normalize import fold

_DOUBLED = re.compile(r"(d)d|(a)a|(e)e|(o)o")
_HORN = re.compile(r"(?<=[aou])w")
_TONE = re.compile(r"(?<=[aeiouy])([bcghmnpt]*)(?:[frxj]|s(?!t$))(?=[aeiouy]|[bcghmnpt]*$)")  # "test" is no slip
_LAST_TONE = re.compile(r"[sfrxj]$")
_DIGIT = re.compile(r"(?<=[a-z])[0-9](?=[a-z])|(?<=[a-z][0-9][a-z])[0-9]$|(?<=[a-z][0-9][a-z]{2})[0-9]$")


def repair(word: str) -> str:
    """The word without diacritics if it is a slip of the typing method, else the word as it is."""
    folded = fold(word)
    if len(folded) < 4 or folded in syllables() or not folded.isalnum():
        return word
    for mended in _attempts(folded):
        if mended != folded and len(mended) > 1 and mended in syllables():
            return mended
    return word


def _attempts(folded: str) -> tuple[str, ...]:
    plain = _HORN.sub("", _DOUBLED.sub(lambda match: match[0][0], folded))
    within = _TONE.sub(r"\1", plain)
    vni = _DIGIT.sub("", folded) if len(folded) > 4 else folded  # "H2O" is no slip
    return plain, _LAST_TONE.sub("", plain), within, _LAST_TONE.sub("", within), vni
