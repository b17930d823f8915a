"""Which language a question is in. Vietnamese is recognised by its syllables, with or without diacritics."""

import functools
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus.language.normalize import fold

_INITIALS = ("", *re.findall(r"\w+", "b c ch d g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"))
_RIMES = re.findall(
    r"\w+",
    """a ac ach ai am an ang anh ao ap at au ay e ec ech em en eng enh eo ep et eu i ia ich iec iem ien ieng iep iet
    ieu im in inh ip it iu o oa oac oach oai oam oan oang oanh oao oap oat oay oc oe oen oeo oet oi om on ong ooc
    oong op ot u ua uan uang uat uay uc ue uech uen uenh ui um un ung uo uoc uoi uom uon uong uop uot uou up ut uu
    uy uya uych uyen uyet uyn uynh uyp uyt uyu y yem yen yet yeu""",
)
_WORD = re.compile(r"[^\W\d_]+")
_ADDRESS = re.compile(r"\w[.@/]\w")
_VOWEL = re.compile(r"[^\x00-\x7f]|[aeiouy]")
_MARKED = re.compile(r"[ăâđêôơưĂÂĐÊÔƠƯ\u0300\u0301\u0303\u0309\u0323]")
_HURRIED = frozenset({"attt", "bnhieu", "bnhiu", "onl", "onli", "ubnd"})  # Vietnamese, though no syllables
# Said in every language that people ask in: they tell nothing, and langdetect takes "Hanoi" for Italian.
_EVERYWHERE = frozenset(
    re.findall(
        r"\w+",
        """ai app camera chatbot email facebook google hanoi hotline ict ihanoi index internet link metro online qr shop
        sms viettel vietnam vneid vnpt vssid web website wifi zalo""",
    )
)
# Words that neither Vietnamese without diacritics nor hurried typing has.
_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        """about are because been before could did does from had has have how into is should their there these they this
        those through was we were what when where whether which who why will with would you your""",
    )
)
_ENGLISH_OPENINGS = {("can", "i"), ("do", "i"), ("may", "i"), ("must", "i")}  # each word is a Vietnamese syllable too
_SCRIPTS = {
    "ARABIC": "ar",
    "CJK": "zh",
    "CYRILLIC": "ru",
    "DEVANAGARI": "hi",
    "GREEK": "el",
    "HANGUL": "ko",
    "HEBREW": "he",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "KHMER": "km",
    "LAO": "lo",
    "MYANMAR": "my",
    "THAI": "th",
}
_LATIN = ("en", "fr", "de", "es", "it", "pt", "nl")
# What hurried Vietnamese without diacritics looks like to langdetect.
_TAKEN_FOR_VIETNAMESE = ("vi", "et", "hr", "id", "ro", "so", "sq", "sw", "tl")
_SHORT = 3  # words up to which langdetect cannot tell English from French or Italian without accents
_VIETNAMESE_SHARE = 0.6  # of a text's words that are Vietnamese syllables; English sentences reach about 0.4


@functools.cache
def syllables() -> frozenset[str]:
    """Every syllable that Vietnamese spelling allows, folded: initial and rime together."""
    return frozenset(initial + rime for initial in _INITIALS for rime in _RIMES)


def language(text: str) -> str:
    """An ISO 639-1 code of a clean text; "vi" where nothing speaks against it, as in a bare number or a lone emoji."""
    said = _words(text)
    words = [word for word in said if fold(word) not in _EVERYWHERE]
    if not words:
        return "vi"
    if script := _script(words):
        return script
    folded = [fold(word) for word in words]
    known = sum(map(_is_vietnamese, folded)) / len(words)
    marked = sum(bool(_MARKED.search(unicodedata.normalize("NFD", word))) for word in words)
    english = sum(word in _ENGLISH for word in folded) + (tuple(folded[:2]) in _ENGLISH_OPENINGS)
    if english * 12 >= len(words) > marked * 2:
        return "en"
    foreign = any(not word.isascii() and not _is_vietnamese(fold(word)) for word in words)  # "signé", or a slip
    if known >= _VIETNAMESE_SHARE and not foreign:
        return "vi"
    if known >= 0.4 and marked >= len(words) / 3 and "đ" in text.lower():
        return "vi"
    return _detected(" ".join(words)) if len(said) > 2 else "vi"


def _words(text: str) -> list[str]:
    """The words of a text, those of web addresses left out."""
    return [word for part in text.split() if not _ADDRESS.search(part) for word in _WORD.findall(part)]


def _is_vietnamese(folded: str) -> bool:
    """A syllable, or an abbreviation without vowels: "dc", "dvc", "sdt"."""
    return folded in syllables() or folded in _HURRIED or not _VOWEL.search(folded)


def _script(words: Sequence[str]) -> str | None:
    counts: dict[str, int] = {}
    letters = "".join(words)
    for character in letters:
        if not character.isascii():
            code = _SCRIPTS.get(unicodedata.name(character, "").split(" ")[0])
            if code:
                counts[code] = counts.get(code, 0) + 1
    if not counts or sum(counts.values()) * 2 < len(letters):
        return None
    return "ja" if "ja" in counts else max(counts, key=lambda code: counts[code])


def _detected(text: str) -> str:
    from langdetect import LangDetectException

    detector = _detectors().create()
    detector.append(text.lower())  # capitals look German to it
    try:
        found = str(detector.detect())
    except LangDetectException:
        return "vi"
    if found not in _LATIN:
        return "vi"
    return "en" if text.isascii() and text.count(" ") < _SHORT else found


@functools.cache
def _detectors() -> Any:
    """Langdetect with the languages that matter here, which load in 0.04 s where all 55 take 0.3 s.

    Its own factory is not used: it is shared while it is still being filled, so that two first questions at once fail.
    """
    from langdetect import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    factory.set_seed(0)
    profiles = (Path(PROFILES_DIRECTORY, code) for code in (*_LATIN, *_TAKEN_FOR_VIETNAMESE))
    factory.load_json_profile([profile.read_text("utf-8") for profile in profiles])
    return factory
