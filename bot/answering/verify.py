"""Numbers are checked before an answer is sent: whatever stands in a line must stand in what the line cites.

A line of an answer is a quote in a readable form, with a heading above it and a date behind it. What it may draw on is
its `grounds`: the quote, what the quote hangs on in its document, and the document's entry in the catalogue.
"""

import re

from bot.answering.write import Written

_CITED = re.compile(r"\[(\d+)\]")
_NUMBER = re.compile(r"\d+(?:[.,/]\d+)*")


def unsupported(written: Written, asked: str = "") -> tuple[str, ...]:
    """The numbers, dates and amounts of a text that nothing it cites has, in their order.

    A line with citations may draw on these alone, a line without, like a heading, on those of the next line that has.
    `asked` is what an answer that says "this is not known" may repeat of its question.
    """
    grounds = {
        citation.number: set(_numbers(ground))
        for citation, ground in zip(written.citations, written.grounds, strict=True)
    }
    faults: list[str] = []
    waiting: list[str] = []
    for line in written.text.split("\n"):
        cited = [int(number) for number in _CITED.findall(line)]
        waiting.extend(_numbers(_CITED.sub("", line)))
        if cited:
            known = set().union(*(grounds.get(number, set()) for number in cited))
            faults.extend(number for number in waiting if number not in known)
            waiting = []
    repeated = set(_numbers(asked))
    return tuple(number for number in (*faults, *waiting) if number not in repeated)


def _numbers(text: str) -> list[str]:
    """Numbers as they are compared: "01/07/2025" and "1/7/2025" are one date."""
    return ["/".join(part.lstrip("0") or "0" for part in found.split("/")) for found in _NUMBER.findall(text)]
