"""Which of several documents a question means, where it does not say: "Luật có mấy điều?".

Only what can be answered is offered: each choice has been asked before a person sees it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.answering.conversation import sort_named
from bot.answering.rank import Ranked
from bot.answering.write import short_title
from corpus.language.normalize import fold
from index import tuned
from index.query import Query

CHOICES = 4
LABEL = 60  # characters; what a button shows on the narrowest channel


@dataclass(frozen=True, slots=True)
class Choice:
    """A document by a short name, and the question about it alone."""

    label: str
    question: str


def choices(query: Query, ranked: Sequence[Ranked], answers: Callable[[str, str], bool]) -> tuple[Choice, ...]:
    """What a question without a subject may mean, the likeliest first; none where one reading is clearly likelier.

    `answers` tells whether a question is answered from a document.
    """
    near = {unit.hit.entry.id for unit in ranked if unit.score > ranked[0].score - tuned.MARGIN_CHOICE}
    if len(near) < 2:
        return ()
    entries = {unit.hit.entry.id: unit.hit.entry for unit in ranked}
    sort = sort_named(query)
    of_sort = [entry for entry in entries.values() if sort and sort in fold(entry.title)]
    found: list[Choice] = []
    for entry in of_sort if len(of_sort) > 1 else (entries[id_] for id_ in entries if id_ in near):
        title = short_title(entry.title)
        about = f"{title}: {query.text[:1].lower()}{query.text[1:]}"
        if len(found) < CHOICES and answers(about, entry.id):
            found.append(Choice(title if len(title) <= LABEL else title[: LABEL - 1].rpartition(" ")[0] + "…", about))
    return tuple(found) if len(found) > 1 else ()
