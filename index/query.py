"""A question as it is searched: its language, its abbreviations written out, its terms and what it asks for.

Three tables, each a readable file: abbreviations.yaml (what people type), shorthand.yaml (what they type for several
things), synonyms.yaml (what people say). Other languages have theirs, which index/translate.py reads.
"""

import functools
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from corpus.language import telex
from corpus.language.detect import language
from corpus.language.normalize import clean, fold, terms, terms_of, words_of
from corpus.language.spelling import Spelling
from index.translate import translate

MAX_LENGTH = 1_000  # characters; nobody asks a longer question, and the encoder reads 512 pieces

_TABLES = Path(__file__).parent
_TOKEN = re.compile(
    r"((?<![\w-])(?<!\w\.)(?:[\w-]+\.)+(?:vn|com|org|net)\b(?:/\S*)?"  # nothing in an address is an abbreviation,
    r"|(?<![\d/])\d+(?:/\d+)*[/-][^\W\d_][\w/-]*"  # nor in "18-NQ/TU"
    r"|[^\W_]+(?:&[^\W_]+)*)"
)
_PLAIN_D = str.maketrans("đĐðÐɖƉ", "dDdDdD", "&")
# "Hoà" and "hòa" are spelled as the documents spell them, because the encoder takes them for two words.
_TONES = dict(
    zip(
        re.findall(r"\w+", "oà oá oả oã oạ oè oé oẻ oẽ oẹ uỳ uý uỷ uỹ uỵ"),
        re.findall(r"\w+", "òa óa ỏa õa ọa òe óe ỏe õe ọe ùy úy ủy ũy ụy"),
        strict=True,
    )
)
_TONE = re.compile(rf"(?<!q)(?:{'|'.join(_TONES)})(?![^\W\d_])", re.IGNORECASE)
_MARKUP = re.compile(r"(?<=\])\(\S*?\)|[`|\[\]]|\*\*|(?<!\S)#+(?!\S)")  # of Markdown, pasted with a question
_DRAWN_OUT = re.compile(r"(?<=[^\W\d_])([^\W\d_A-Z])\1{2,}")  # "khônggg"


@dataclass(frozen=True, slots=True)
class Query:
    """A question as it was read: once, where it comes in, and handed on from there. Nobody reads its text again.

    `typed` is all of it but what cannot be seen, `text` as much as is searched, `said` the folded words of that.
    `expanded` is `typed` with abbreviations written out and `bare` that, folded. `plain` is `text` mended and without
    abbreviations, or what is known of it in Vietnamese; `folded` and `words` are of `plain`.

    `terms` go to BM25, `encoded` to the encoder: the search is by the mean of their vectors.
    """

    typed: str
    text: str
    said: tuple[str, ...]
    expanded: str
    bare: str
    plain: str
    folded: str
    words: tuple[str, ...]
    language: str
    encoded: tuple[str, ...]
    terms: tuple[str, ...]


def parse(text: str, spelling: Spelling | None = None) -> Query:
    """Never fails: any text is a query; one without words finds nothing. `spelling` mends what was typed in a hurry."""
    typed = " ".join(clean(text).split())
    text = typed[:MAX_LENGTH]
    spoken = language(text)
    if spoken != "vi" and _is_telex(text):
        spoken = "vi"
    keep = _shorthand() if spelling else ()
    expanded, plain = written_out(_tidy(typed), keep)
    if text != typed:
        _, plain = written_out(_tidy(text), keep)
    if spoken != "vi":
        plain = translate(text, spoken)
    else:
        if _is_shouted(text):
            plain = plain.lower()
        if spelling:
            plain = spelling.mend(plain, _shorthand())
    folded = {one: fold(one) for one in {text.lower(), expanded.lower(), plain.lower()}}
    said, meant = folded[text.lower()], folded[plain.lower()]
    words = {one: tuple(words_of(one)) for one in dict.fromkeys((said, meant))}
    counted = [term for one in words if spoken == "vi" or one == meant for term in terms_of(one, words[one])]
    counted += (term for more in _synonyms(words[meant]) for term in terms(more))
    return Query(
        typed=typed,
        text=text,
        said=words[said],
        expanded=expanded,
        bare=folded[expanded.lower()],
        plain=plain,
        folded=meant,
        words=words[meant],
        language=spoken,
        encoded=_encoded(text, plain, spoken),
        terms=tuple(dict.fromkeys(counted)),
    )


def _is_telex(text: str) -> bool:
    """Whether a text is Vietnamese once its slips of the typing method are mended, and has more than a stray one."""
    repaired = _TOKEN.sub(lambda match: telex.repair(match[0]), text)
    changed = sum(one != other for one, other in zip(text.split(), repaired.split(), strict=True))
    return changed > 1 and language(repaired) == "vi"


def _encoded(text: str, plain: str, spoken: str) -> tuple[str, ...]:
    """The encoder reads English as well; of other languages it knows too few words, so it gets their terms only."""
    if spoken == "en" and plain:
        return text, plain
    return (plain or text,)


def _tidy(text: str) -> str:
    return _DRAWN_OUT.sub(r"\1", _TONE.sub(_moved_tone, " ".join(_MARKUP.sub(" ", text).split())))


def _moved_tone(match: re.Match[str]) -> str:
    moved = _TONES[match[0].lower()]
    return "".join(new.upper() if old.isupper() else new for old, new in zip(match[0], moved, strict=True))


def expand(text: str) -> str:
    """A clean text with abbreviations written out and slips of Telex mended.

    "dvc onl có mất tiền ko" -> "dịch vụ công trực tuyến có mất tiền không".
    """
    return written_out(text)[0]


def written_out(text: str, keep: Container[str] = ()) -> tuple[str, str]:
    """A clean text as `expand` gives it, and the same with what `keep` holds left as it is."""
    shouted = _is_shouted(text)
    pieces = _TOKEN.split(text)  # every other one is a token
    written = [_written_out(piece, shouted) if place % 2 else piece for place, piece in enumerate(pieces)]
    kept = (piece if _key(piece, shouted) in keep else new for piece, new in zip(pieces, written, strict=True))
    return "".join(written), "".join(kept)


def _is_shouted(text: str) -> bool:
    """In a sentence of capitals they tell nothing: "AI" may be ai and "CA" cả."""
    return text.isupper() and len(text.split()) > 2


def _written_out(token: str, shouted: bool) -> str:
    """ "cả" and "ai" are words: only a token typed without diacritics (đ apart) can be an abbreviation."""
    table = _abbreviations()
    key = _key(token, shouted)
    if not shouted and len(key) == 1:
        return table.get(key, token)  # the K of "Bệnh viện K" is a name
    return table.get(key) or table.get(key.lower()) or telex.repair(token)


def _key(token: str, shouted: bool) -> str:
    """A token as the tables have it."""
    bare = token.translate(_PLAIN_D)
    return bare.lower() if shouted else bare


def _synonyms(spoken: Sequence[str]) -> list[str]:
    spaced = f" {' '.join(spoken)} "
    return [official for said, official in _phrases("synonyms.yaml").items() if f" {said} " in spaced]


@functools.cache
def _abbreviations() -> dict[str, str]:
    return _table("abbreviations.yaml")


@functools.cache
def _shorthand() -> dict[str, tuple[str, ...]]:
    return {typed: tuple(meanings.split(" | ")) for typed, meanings in _table("shorthand.yaml").items()}


@functools.cache
def _phrases(name: str) -> dict[str, str]:
    """Folded phrases, longest first."""
    folded = {" ".join(words_of(fold(phrase))): meaning for phrase, meaning in _table(name).items()}
    return dict(sorted(folded.items(), key=lambda item: -len(item[0])))


def _table(name: str) -> dict[str, str]:
    table: dict[str, str] = yaml.safe_load((_TABLES / name).read_text("utf-8"))
    return table
