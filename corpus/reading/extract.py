"""What a reader of one format hands over, and what it says when it cannot.

Text that a person would not see in the file, though a program finds it, is kept apart with its place.
"""

import contextlib
import resource
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from corpus.reading import legacy
from corpus.reading.layout import Block

TINY = 2.0  # points; nobody reads smaller letters
NEAR = 24  # of 255; colours no further apart than this in red, green and blue look the same
PAGES = 1000  # more pages than any act has; 500 take about a minute to read

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Hidden:
    """Words left out of the text: where ("page 3", "cell Phí!B7"), and how ("white", "tiny", "slanted" …)."""

    text: str
    place: str
    how: str


@dataclass(frozen=True, slots=True)
class Unread:
    """What a file has and its reader cannot read, or not for sure: its `kind` is one of corpus.intake.examine.Kind."""

    kind: str
    found: str
    why: str


@dataclass(frozen=True, slots=True)
class Extract:
    """`pages` is 0 for a format without pages; `flows` is false where a page is a slide of its own."""

    blocks: list[Block]
    hidden: list[Hidden] = field(default_factory=list)
    pages: int = 0
    flows: bool = True
    unread: list[Unread] = field(default_factory=list)


def missing(what: str, place: str) -> Unread:
    """What a person sees in the file and its reader could not turn into words: what it is, and where."""
    return Unread("unread", what, f"{place}: it is not in the text")


class Refused(Exception):
    """Why a file cannot be read and how to mend that; corpus.read adds which file it is."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(found, mend)
        self.found = found
        self.mend = mend


@contextlib.contextmanager
def room_for_programs() -> Iterator[None]:
    """Let LibreOffice and tesseract, while they are started and waited for, have more memory than a reader may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def alike(colour: Colour, background: Colour) -> bool:
    return all(abs(a - b) <= NEAR for a, b in zip(colour, background, strict=True))


def from_hex(value: str | None) -> Colour | None:
    """A colour written as six digits, "#" before them or not; None for "auto" and the like."""
    digits = (value or "").removeprefix("#")
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        return None
    return red, green, blue


def gathered(hidden: Iterable[Hidden]) -> list[Hidden]:
    """Neighbours with one place and one reason as one; without those that are only white space."""
    joined: list[Hidden] = []
    for part in hidden:
        if joined and (joined[-1].place, joined[-1].how) == (part.place, part.how):
            joined[-1] = Hidden(joined[-1].text + part.text, part.place, part.how)
        else:
            joined.append(part)
    return [
        Hidden(" ".join(legacy.released(part.text).split()), part.place, part.how)
        for part in joined
        if part.text.strip()
    ]


def xml(content: bytes) -> Any:
    """The root of an XML part; entities and addresses in it are left alone."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(content, parser)
