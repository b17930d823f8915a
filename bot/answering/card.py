"""What a person in danger reads, and a victim of fraud: two sentences, then whom to call, from the emergency sheet.

Every number is quoted from the snapshot's own document, so that an admin can correct it there. Where that document
has been withdrawn, the three numbers that every telephone knows are said without a source.
"""

import re
from collections.abc import Iterator

from bot import messages
from bot.answering.compose import quoted_hit
from bot.answering.danger import table
from bot.answering.write import Chosen, Style, Written, whole, write
from index.snapshot import Snapshot

SHEET = "so-dien-thoai-khan-cap"
THREAT = "threat"  # the writer's own, against others: no answer, but a calm word

_CALLED = re.compile(
    r"(?<![\d/.,])(?:0\d{2}[ .]?\d{3}[ .]?\d{4}|1[89]00[ .]?\d{4}|1[89]00[ .]\d{3}[ .]\d{3}|1\d{2}|\d{4})"
    r"(?![\d/]|[.,]\d)"
)


def card(kind: str, snapshot: Snapshot, style: Style) -> Written:
    """The card of a kind of danger.yaml; without citations where the snapshot lacks the sheet."""
    said = style.voice.danger[kind]
    chosen = list(_leads(kind, snapshot))
    if not chosen:
        return Written(f"{said}\n{style.voice.danger_calls}")
    written = [write([one], style, first=number, heads=False) for number, one in enumerate(chosen, 1)]
    lines = (f"• {_shown(one, style)} [{number}]" for number, one in enumerate(chosen, 1))
    citations = tuple(citation for one in written for citation in one.citations)
    return Written(
        "\n".join((said, *lines)), citations, grounds=tuple(ground for one in written for ground in one.grounds)
    )


def _leads(kind: str, snapshot: Snapshot) -> Iterator[Chosen]:
    for begins in table()["kinds"][kind]["leads"]:
        found = (
            whole(quoted_hit(passage, snapshot), row)
            for passage in snapshot.passages_of(SHEET)
            for row, unit in enumerate(passage.units)
            if unit.text.startswith(f"{begins}:")
        )
        if one := next(found, None):
            yield one


def _shown(one: Chosen, style: Style) -> str:
    """A unit as it stands; for who reads no Vietnamese what it is in their words, and its numbers."""
    lead = one.unit.text.partition(":")[0]
    if style.voice is messages.VIETNAMESE or lead not in messages.DANGER_LEADS:
        return one.shown
    called = " / ".join(dict.fromkeys(_CALLED.findall(one.unit.text)))
    return f"{messages.DANGER_LEADS[lead]}{': ' if called else ''}{called}"
