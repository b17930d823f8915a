"""Which of a snapshot's suggestions come after an answer: questions that the documents surely answer.

candidates.py made and asked them when the snapshot was built. The passages that were found for the question are
near it already, so that nothing has to be searched again.
"""

from collections.abc import Iterable, Set

from bot import messages
from bot.dialogue import Answer, Status
from corpus.document import Passage
from corpus.language.normalize import words
from index import tuned
from index.query import Query
from index.snapshot import ANYWHERE, Snapshot

SUGGESTIONS = 3

_GREETED = frozenset(messages.VIETNAMESE.small_talk[name] for name in ("greeting", "ability", "who"))


def suggestions_for(answer: Answer, query: Query, snapshot: Snapshot) -> tuple[str, ...]:
    """Questions about what the answer does not quote, the nearest to what was asked, if they can of its documents.

    They are Vietnamese, and so for who asks in Vietnamese.
    """
    asked = (query.said, *map(words, answer.question.turns))
    if answer.text in _GREETED:
        return _different((suggestion.question for suggestion in snapshot.suggestions.get(ANYWHERE, ())), asked)
    if answer.language != "vi":
        return ()
    if answer.status is Status.ANSWERED:
        cited = {citation.document_id for citation in answer.citations}
    elif answer.status is Status.UNANSWERABLE_NO_PASSAGE:
        cited = set()
    else:
        return ()
    near = [
        (hit.units[suggestion.unit] + tuned.CITED * (hit.entry.id in cited), suggestion.question)
        for hit in answer.hits
        for suggestion in snapshot.suggestions.get(hit.passage.id, ())
        if not quotes(answer, hit.passage, suggestion.unit)
    ]
    return _different((question for _, question in sorted(near, reverse=True)), asked)


def quotes(answer: Answer, passage: Passage, row: int) -> bool:
    """Whether an answer quotes a unit."""
    quote = f"\n{passage.units[row].quote}\n"
    return any(one.passage_id == passage.id and quote in f"\n{one.quote}\n" for one in answer.citations)


def _different(questions: Iterable[str], asked: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """The first few that ask neither what was asked, in these words, nor the same as one another."""
    said = list(map(frozenset, asked))
    chosen: list[str] = []
    for question in questions:
        mine = frozenset(words(question))
        if len(chosen) < SUGGESTIONS and not any(_alike(mine, other) for other in said):
            said.append(mine)
            chosen.append(question)
    return tuple(chosen)


def _alike(one: Set[str], other: Set[str]) -> bool:
    return len(one & other) >= tuned.ALIKE * max(len(one), len(other))
