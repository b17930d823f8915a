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

    Who says "luật" may mean any law that was found, however near one of them came: the words do not tell which.
    `answers` tells whether a question is answered from a document.
    """
    entries = {unit.hit.entry.id: unit.hit.entry for unit in ranked}
    sort = sort_named(query)
    meant = [entry for entry in entries.values() if sort and sort in fold(entry.title)]
    if len(meant) < 2 or ranked[0].hit.entry not in meant:
        least = ranked[0].score - tuned.MARGIN_CHOICE
        near = {unit.hit.entry.id for unit in ranked if unit.score > least}
        meant = [entry for entry in entries.values() if entry.id in near]
    if len(meant) < 2:
        return ()
    found: list[Choice] = []
    for entry in meant:
        title = short_title(entry.title)
        about = f"{title}: {query.text[:1].lower()}{query.text[1:]}"
        if len(found) < CHOICES and answers(about, entry.id):
            found.append(Choice(title if len(title) <= LABEL else title[: LABEL - 1].rpartition(" ")[0] + "…", about))
    return tuple(found) if len(found) > 1 else ()
