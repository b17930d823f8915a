"""Golden questions: those that come with the program, and an installation's own in DATA/golden.jsonl.

The gate asks them before a new snapshot is activated. Both files are read as `hanoidx evaluate` reads question files.
"""

import itertools
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from bot.dialogue import Receipt, Status
from bot.errors import BadGoldenQuestion, GoldenUnderWay
from bot.privacy import is_masked, mask
from bot.quality.evaluate import ANSWERABLE, STATUSES, Item, read
from corpus import durable
from corpus.language.normalize import words
from corpus.language.values import find
from corpus.lock import alone

BUNDLED = Path(__file__).with_name("golden.jsonl")
FILE = "golden.jsonl"  # in the data folder
LOCK = ".golden.lock"
KIND = "own"

_EXPECTED = {  # of an answer that is to stay as it is
    Status.ANSWERED: "answer",
    Status.UNANSWERABLE_NO_PASSAGE: "abstain",
    Status.UNANSWERABLE_OFF_TOPIC: "offtopic",
    Status.REFUSED: "refuse",
    Status.SMALL_TALK: "smalltalk",
}
_MARKER = re.compile(r"\s*\[\d+\]")
_QUOTED = re.compile(r"“([^”]+)”|«([^»]+)»")


def questions(data: Path) -> tuple[Item, ...]:
    """All golden questions, the bundled ones first."""
    return read([BUNDLED, *_own_file(data)], None)


def own(data: Path) -> tuple[Item, ...]:
    return read(_own_file(data), None)


def add(item: Item, data: Path, texts: Mapping[str, str]) -> Item:
    """Take a question in, under the next free id if it has none; `texts` are the documents by their ids."""
    _check(item, texts)
    data.mkdir(parents=True, exist_ok=True)
    with alone(data / LOCK, GoldenUnderWay):
        there = questions(data)
        for other in there:
            if other.id == item.id:
                raise BadGoldenQuestion(f"id {item.id!r} is taken", "give another, or none")
            if (_folded(other.question), other.turns) == (_folded(item.question), item.turns):
                raise BadGoldenQuestion(f"{other.id} asks the same", f"see it with `hanoidx golden list {other.id}`")
        item = _with_id(item, {other.id for other in there})
        _write((*own(data), item), data)
    return item


def remove(item_id: str, data: Path) -> Item:
    """Take one of the installation's own questions out, and return it."""
    item = named(item_id, questions(data))
    with alone(data / LOCK, GoldenUnderWay):
        mine = own(data)
        if item not in mine:
            mend = "only your own can be removed"
            raise BadGoldenQuestion(f"golden question {item_id!r} comes with the program", mend)
        _write([one for one in mine if one != item], data)
    return item


def named(item_id: str, items: Sequence[Item]) -> Item:
    for item in items:
        if item.id == item_id:
            return item
    raise BadGoldenQuestion(f"there is no golden question {item_id[:100]!r}", "`hanoidx golden list` shows your own")


def drafted(receipt: Receipt) -> Item:
    """The golden question that an answer would make: it is to be answered so again.

    What it has to say are the values and quotations of its text that its sources hold too.
    """
    if receipt.status not in _EXPECTED:
        mend = "answer it well first, or give the question itself with --expect, --docs and --answers"
        raise BadGoldenQuestion(f"answer {receipt.answer_id} has status {receipt.status}", mend)
    quotes = " ".join(citation.quote for citation in receipt.citations)
    text = _MARKER.sub("", receipt.text)
    values = [text[found.start : found.end] for found in find(text)]
    strings = [one or other for one, other in _QUOTED.findall(text)]
    expect = _EXPECTED[receipt.status]
    return Item(
        id="",
        kind=KIND,
        expect=expect,
        question=receipt.question.text,
        typed=None,
        turns=receipt.question.turns,
        docs=tuple(dict.fromkeys(citation.document_id for citation in receipt.citations)),
        evidence=(),
        answers=tuple((one,) for one in dict.fromkeys(values + strings) if _holds(quotes, one))
        if expect in ANSWERABLE
        else (),
        notes=None,
    )


def _check(item: Item, texts: Mapping[str, str]) -> None:
    said = (item.question, *item.turns, *filter(None, [item.typed]))
    if not all(words(text) for text in said):
        raise BadGoldenQuestion("the question is empty", "write what a person would ask")
    if any(is_masked(text) for text in said):
        raise BadGoldenQuestion(
            "something personal was masked in this question, so that it is not what was asked",
            "write the question anew, without anything personal",
        )
    if any(_folded(mask(text)) != _folded(text) for text in said):
        raise BadGoldenQuestion("the question holds something personal", "write it without numbers that are somebody's")
    if item.expect not in STATUSES:
        raise BadGoldenQuestion(f"--expect is {item.expect!r}", f"it is one of: {', '.join(STATUSES)}")
    for document_id in item.docs:
        if document_id not in texts:
            raise BadGoldenQuestion(f"there is no document {document_id!r}", "give ids of documents with --docs")
    if item.expect not in ANSWERABLE:
        if item.answers:
            raise BadGoldenQuestion(f"--answers does not go with --expect {item.expect}", "leave it out")
        return
    if not item.docs:
        raise BadGoldenQuestion("no document is given that answers the question", "name one or more with --docs")
    if not item.answers:
        raise BadGoldenQuestion("nothing is given that the answer has to say", "give it with --answers")
    for accepted in item.answers:
        if not all(words(one) for one in accepted):
            raise BadGoldenQuestion("one of --answers is empty", "write what the answer has to say")
        if not any(_holds(texts[document_id], one) for one in accepted for document_id in item.docs):
            found = f"{' | '.join(accepted)!r} is in none of {', '.join(item.docs)}"
            raise BadGoldenQuestion(found, "give the words of a document, or another document")


def _holds(text: str, part: str) -> bool:
    return _folded(part) in _folded(_MARKER.sub("", text))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _with_id(item: Item, taken: set[str]) -> Item:
    free = (drawn for number in itertools.count(1) if (drawn := f"{KIND}-{number:03}") not in taken)
    return item if item.id else replace(item, id=next(free))


def _own_file(data: Path) -> list[Path]:
    file = data / FILE
    return [file] if file.exists() and file.stat().st_size else []


def _write(items: Sequence[Item], data: Path) -> None:
    lines = ({name: value for name, value in asdict(item).items() if value} for item in items)
    durable.write(data / FILE, "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines))
