"""How the documents spell: what a word was that was typed without its diacritics, or run together with the next.

Learnt by counting which word stands beside which in the documents, in their sample questions, and in everyday.txt,
because people do not speak as documents do. A word that may be several is read as its neighbours make likeliest.
"""

import functools
import math
import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corpus.language import telex
from corpus.language.detect import syllables
from corpus.language.normalize import clean, fold

EVERYDAY = Path(__file__).parent / "everyday.txt"
MARKED_SHARE = 0.25  # of a text's words have diacritics; with fewer it was typed without
LOST = 4.0  # log-odds against a word's having lost its diacritics where others kept theirs
SLIP = 4.0  # log-odds against a word's being a slip of the typing method
UNLIKELY = 8.0  # log-odds below the best reading so far at which another is given up
UNSEEN = 0.9  # of each pair's count goes to pairs that were never seen
LONGEST = 40  # characters that ran together and are still taken apart
SYLLABLE = 7  # letters of the longest syllable, "nghiêng"
PAIRS = 200_000  # the most frequent ones are kept
AT_ONCE = 2_000_000  # pairs that are gathered in memory before they are counted

PLAIN_D = str.maketrans("đð", "dd")
_WORD = re.compile(r"\S*\w[.@/]\w\S*|[^\W_]+")  # an address is one word
_ADDRESS = re.compile(r"\w[.@/]\w")
_PIECE = re.compile(r"[^\W_]+")
_TONE = re.compile("[\u0300\u0301\u0303\u0309\u0323]")

Pairs = Mapping[str, Mapping[str, int]]  # word -> the word after it -> how often; "" is before the first of a line
Shorthand = Mapping[str, Iterable[str]]  # as typed in small letters, d for đ -> what it may stand for
_Texts = dict[str, tuple[float, str]]  # a last word -> the likeliest text that ends with it: its log-likelihood, itself
_Words = dict[str, tuple[float, str]]  # a word that may come next -> the log-odds of its being typed so, how it looks


def is_bare(text: str) -> bool:
    """Whether a text was typed without diacritics."""
    spoken = [word for word in _PIECE.findall(text) if word.isalpha()]
    return sum(not word.isascii() for word in spoken) < MARKED_SHARE * len(spoken)


class PairCounts:
    """How often each word stands before another, in texts that can be added and taken away again.

    Words are numbered, and a pair is one number, because 16 bytes each is what millions of them can have.
    """

    def __init__(self, words: Iterable[str] = (), pairs: npt.NDArray[np.int64] | None = None) -> None:
        """`words` and `pairs` are what `counted` gave."""
        self._numbers = {word: number for number, word in enumerate(words)}
        self._counted = np.empty((2, 0), np.int64) if pairs is None else np.asarray(pairs)
        self._seen = {1: array("q"), -1: array("q")}

    def add(self, texts: Iterable[str], sign: int = 1) -> None:
        """Count texts, or with -1 take away what they had added; lines without diacritics teach nothing."""
        seen = self._seen[sign]
        for text in texts:
            for line in clean(text).lower().splitlines():
                if not is_bare(line):
                    self._see(line, seen)
            if len(seen) > AT_ONCE:
                self._gather()

    def _see(self, line: str, seen: "array[int]") -> None:
        numbers = self._numbers
        before = numbers.setdefault("", len(numbers))
        for part in line.split():
            if not _ADDRESS.search(part):
                for word in _PIECE.findall(part):
                    number = numbers.setdefault(word, len(numbers))
                    seen.append(before << 32 | number)
                    before = number

    def _gather(self) -> None:
        found = [self._counted]
        for sign, seen in self._seen.items():
            pairs, times = np.unique(np.array(seen, np.int64), return_counts=True)
            found.append(np.stack((pairs, sign * times)))
            del seen[:]
        both = np.hstack(found)
        both = both[:, np.argsort(both[0], kind="stable")]
        firsts = np.flatnonzero(np.diff(both[0], prepend=-1))
        sums = np.add.reduceat(both[1], firsts) if len(firsts) else both[1]
        self._counted = np.stack((both[0][firsts], sums))[:, sums != 0]

    def counted(self) -> tuple[list[str], npt.NDArray[np.int64]]:
        """The words in order, and each pair with its count: the same for the same texts, however they came."""
        self._gather()
        words = list(self._numbers)
        seconds, firsts = self._counted[0] & 0xFFFFFFFF, self._counted[0] >> 32
        kept = sorted((words[number], number) for number in np.union1d(firsts, seconds).tolist())
        numbers = np.zeros(len(words), np.int64)
        numbers[[number for _, number in kept]] = np.arange(len(kept))
        pairs = np.stack((numbers[firsts] << 32 | numbers[seconds], self._counted[1]))
        return [word for word, _ in kept], pairs[:, np.argsort(pairs[0])]


def frequent(words: Sequence[str], pairs: npt.NDArray[np.int64]) -> Pairs:
    """The most frequent pairs, of equally frequent ones the first in the order of their words."""
    found: dict[str, dict[str, int]] = {}
    best = pairs[:, np.lexsort((pairs[0], -pairs[1]))[:PAIRS]]
    for pair, times in best.T.tolist():
        found.setdefault(words[pair >> 32], {})[words[pair & 0xFFFFFFFF]] = times
    return found


def count(texts: Iterable[str]) -> Pairs:
    """The most frequent pairs of neighbours in the texts."""
    counts = PairCounts()
    counts.add(texts)
    return frequent(*counts.counted())


class Spelling:
    """The pairs that were counted, ready to mend texts."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        words: Counter[str] = Counter()
        for seconds in pairs.values():
            words.update(seconds)
        total = max(words.total(), 1)
        self._share = {word: times / total for word, times in words.items()}
        self._unknown = 0.1 / total
        self._after = {first: (sum(seconds.values()), UNSEEN * len(seconds)) for first, seconds in pairs.items()}
        self._spellings: dict[str, list[str]] = {}
        for word in words:
            self._spellings.setdefault(fold(word), []).append(word)

    def mend(self, text: str, shorthand: Shorthand) -> str:
        """The text with the diacritics that were left out, and a space between words that ran together.

        Where `shorthand` has a word, what it may stand for is a reading too.
        Names like "iHanoi" and "UBND", and words that nobody has seen, stay as they are.
        """
        lost = 0.0 if is_bare(text) else LOST
        texts: _Texts = {"": (0.0, "")}
        end = 0
        for match in _WORD.finditer(text):
            gap = text[end : match.start()]
            texts = {word: (score, said + gap) for word, (score, said) in texts.items()}
            written_out = self._written_out(texts, shorthand.get(match[0].translate(PLAIN_D), ()))
            texts = self._read(texts, match[0], lost)
            _add(texts, written_out)
            end = match.end()
        return max(texts.values())[1] + text[end:]

    def _read(self, before: _Texts, token: str, lost: float) -> _Texts:
        word = token.lower()
        typed = {word: (0.0, token)}
        if token not in (word, word.capitalize()) or not word.isalnum() or len(word) > LONGEST:
            return self._continued(before, typed)
        texts = self._continued(before, typed | self._meant(token, lost))
        if fold(word) in self._spellings or word.isdigit():
            return texts
        if slip := telex.read(word):
            _add(texts, self._continued(before, self._meant(_cased(slip, token), SLIP)))
        if fold(word) not in syllables():
            _add(texts, self._apart(before, token))
        return texts

    def _written_out(self, before: _Texts, meanings: Iterable[str]) -> _Texts:
        texts: _Texts = {}
        for meaning in meanings:
            said = before
            for place, word in enumerate(meaning.split()):
                said = self._continued(said, {word: (0.0, f" {word}" if place else word)})
            _add(texts, said)
        return texts

    def _apart(self, before: _Texts, token: str) -> _Texts:
        """The texts in which the token is words that ran together."""
        ends: list[_Texts] = [before, *({} for _ in token)]
        for start in range(len(token)):
            texts = {word: (score, said + " " * (start > 0)) for word, (score, said) in ends[start].items()}
            for end in range(start + 1, min(start + SYLLABLE, len(token)) + 1):
                piece = token[start:end]
                if piece.isdigit() or fold(piece) in syllables():
                    _add(ends[end], self._continued(texts, self._meant(piece, 0.0)))
        return ends[-1]

    def _meant(self, token: str, lost: float) -> _Words:
        """The known words that look like the token, or would without some of their marks."""
        word = token.lower()
        if word in self._share and not word.isascii():
            return {word: (0.0, token)}
        return {
            known: (0.0 if known == word else -lost, _cased(known, token))
            for known in self._spellings.get(fold(word), ())
            if _may_be(word, known)
        }

    def _continued(self, before: _Texts, words: _Words) -> _Texts:
        texts: _Texts = {}
        best = max((score for score, _ in before.values()), default=0.0)
        likely = [(last, score, said) for last, (score, said) in before.items() if score > best - UNLIKELY]
        if not likely:
            return texts
        for word, (odds, look) in words.items():
            share = self._share.get(word) or self._unknown * 0.1 ** min(max(len(word) - SYLLABLE, 0), LONGEST)
            score, said = max((score + self._likelihood(last, word, share), said) for last, score, said in likely)
            texts[word] = (score + odds, said + look)
        return texts

    def _likelihood(self, last: str, word: str, share: float) -> float:
        if last not in self._after:
            return math.log(share)
        all_after, kept = self._after[last]
        return math.log((max(self.pairs[last].get(word, 0) - UNSEEN, 0.0) + kept * share) / all_after)


def _add(texts: _Texts, more: _Texts) -> None:
    for word, text in more.items():
        texts[word] = max(texts.get(word, text), text)


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[0].isupper() else word


@functools.lru_cache(maxsize=65_536)
def _may_be(typed: str, known: str) -> bool:
    """Whether a word was typed with no mark that the known one lacks: "quyêt" may be quyết, and not quyệt or quýt."""
    if typed.isascii():
        return True
    tones = [_TONE.findall(unicodedata.normalize("NFD", word)) for word in (typed, known)]
    shapes = [
        unicodedata.normalize("NFC", _TONE.sub("", unicodedata.normalize("NFD", word))) for word in (typed, known)
    ]
    return tones[0] in ([], tones[1]) and all(a == b or a == fold(b) for a, b in zip(*shapes, strict=True))
