"""Which language a question is in. Vietnamese is recognised by its syllables, with or without diacritics."""

import functools
import re
import unicodedata

from corpus.normalize import fold

_INITIALS = ("", *re.findall(r"\w+", "b c ch d g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"))
_RIMES = re.findall(
    r"\w+",
    """a ac ach ai am an ang anh ao ap at au ay e ec ech em en eng enh eo ep et eu i ia ich iec iem ien ieng iep iet
    ieu im in inh ip it iu o oa oac oach oai oam oan oang oanh oao oap oat oay oc oe oen oeo oet oi om on ong ooc
    oong op ot u ua uan uang uat uay uc ue uech uen uenh ui um un ung uo uoc uoi uom uon uong uop uot uou up ut uu
    uy uya uych uyen uyet uyn uynh uyp uyt uyu y yem yen yet yeu""",
)
_WORD = re.compile(r"[^\W\d_]+")
_MARKED = re.compile(r"[ăâđêôơưĂÂĐÊÔƠƯ\u0300\u0301\u0303\u0309\u0323]")
_SCRIPTS = {"HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "CYRILLIC": "ru", "THAI": "th"}
# What langdetect may answer. Hurried Vietnamese without diacritics looks to it like Croatian, Tagalog or Indonesian.
_LATIN = ("en", "fr", "de", "es", "it", "pt", "nl")
_VIETNAMESE_SHARE = 0.6  # of a text's words that are Vietnamese syllables; English sentences reach about 0.4


@functools.cache
def syllables() -> frozenset[str]:
    """Every syllable that Vietnamese spelling allows, folded: initial and rime together."""
    return frozenset(initial + rime for initial in _INITIALS for rime in _RIMES)


def language(text: str) -> str:
    """An ISO 639-1 code; "vi" where nothing speaks against it, as in a bare number or a lone emoji."""
    script = _script(text)
    if script:
        return script
    words = _WORD.findall(text)
    if not words:
        return "vi"
    known = sum(fold(word) in syllables() for word in words) / len(words)
    marked = sum(bool(_MARKED.search(unicodedata.normalize("NFD", word))) for word in words)
    if known >= _VIETNAMESE_SHARE or (known >= 0.4 and marked >= len(words) / 3 and "đ" in text.lower()):
        return "vi"
    return _detected(text) if len(words) > 2 else "vi"


def _script(text: str) -> str | None:
    counts: dict[str, int] = {}
    letters = [character for character in text if character.isalpha()]
    for character in letters:
        if not character.isascii():
            code = _SCRIPTS.get(unicodedata.name(character, "").split(" ")[0])
            if code:
                counts[code] = counts.get(code, 0) + 1
    if not counts or sum(counts.values()) * 2 < len(letters):
        return None
    return "ja" if "ja" in counts else max(counts, key=lambda code: counts[code])


def _detected(text: str) -> str:
    from langdetect import DetectorFactory, LangDetectException, detect  # its profiles take 0.3 s to load

    DetectorFactory.seed = 0
    try:
        found = str(detect(text))
    except LangDetectException:
        return "vi"
    return found if found in _LATIN else "vi"
