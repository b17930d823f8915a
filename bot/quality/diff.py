"""What the next build would change: documents and passages, facts that are superseded, citations that would vanish."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from bot.records.database import RECEIPTS
from corpus.document import MARKER, Document, Entry, Passage
from corpus.split import split
from index.snapshot import Snapshot

_FIELDS = ("title", "issuer", "number", "doc_type", "issued", "as_of", "status", "note", "expires")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Change:
    """A document that is added, changed or removed, with the ids of its passages that are; `fields` say otherwise."""

    document_id: str
    title: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vanishing:
    """Exact words that an answer which is kept has quoted, and that no document would hold any more."""

    answer_id: str
    document_id: str
    quote: str


@dataclass(frozen=True, slots=True)
class Difference:
    """`superseded` are documents with those that supersede them now."""

    added: tuple[Change, ...]
    changed: tuple[Change, ...]
    removed: tuple[Change, ...]
    superseded: Mapping[str, tuple[str, ...]]
    vanishing: tuple[Vanishing, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.removed)


def compare(snapshot: Snapshot, documents: Sequence[Document], connection: Connection | None) -> Difference:
    """The documents as they are now beside those of a snapshot; `connection` is to the answers that are kept."""
    now = {document.entry.id: document for document in documents}
    then = snapshot.entries
    changes = {
        document_id: _change(then.get(document_id), snapshot.passages_of(document_id), now.get(document_id))
        for document_id in sorted(then.keys() | now.keys())
    }
    superseded = {
        document_id: new
        for document_id, document in now.items()
        if (new := _newly(document.entry.superseded_by, then.get(document_id)))
    }
    return Difference(
        added=tuple(change for document_id, change in changes.items() if document_id not in then),
        changed=tuple(
            change
            for document_id, change in changes.items()
            if document_id in then
            and document_id in now
            and (change.added or change.changed or change.removed or change.fields)
        ),
        removed=tuple(change for document_id, change in changes.items() if document_id not in now),
        superseded=superseded,
        vanishing=tuple(_vanishing(connection, snapshot, changes, now)) if connection else (),
    )


def lines(difference: Difference) -> Iterator[str]:
    for sign, changes in (("+", difference.added), ("~", difference.changed), ("-", difference.removed)):
        for one in changes:
            counts = (f"+{len(one.added)}", f"~{len(one.changed)}", f"-{len(one.removed)}")
            fields = f"; {', '.join(one.fields)}" if one.fields else ""
            yield f"{sign} {one.document_id} ({one.title}): passages {' '.join(counts)}{fields}"
            if sign == "~":
                for mark, ids in (("+", one.added), ("~", one.changed), ("-", one.removed)):
                    yield from (f"    {mark} {passage_id}" for passage_id in ids)
    for document_id, by in difference.superseded.items():
        yield f"! {document_id} is superseded by {', '.join(by)} now"
    for lost in difference.vanishing:
        yield f'? answer {lost.answer_id} quotes words of {lost.document_id} that would vanish: "{lost.quote[:100]}"'
    if difference.is_empty:
        yield "nothing has changed since the active snapshot"


def _change(old: Entry | None, passages: Sequence[Passage], document: Document | None) -> Change:
    before = {passage.id: passage for passage in passages}
    after = {passage.id: passage for passage in split(document)} if document else {}
    entry = document.entry if document else old
    assert entry, "a document is in the snapshot, or in the corpus, or in both"
    fields = [name for name in _FIELDS if old and document and getattr(old, name) != getattr(document.entry, name)]
    return Change(
        document_id=entry.id,
        title=entry.title,
        added=tuple(one for one in after if one not in before),
        changed=tuple(one for one in after if one in before and _words(after[one]) != _words(before[one])),
        removed=tuple(one for one in before if one not in after),
        fields=tuple(fields),
    )


def _words(passage: Passage) -> tuple[object, ...]:
    """What people read of a passage; where it stands in its file does not matter."""
    return passage.headings, tuple((unit.quote, unit.lead, unit.columns, unit.questions) for unit in passage.units)


def _newly(superseded_by: Iterable[str], old: Entry | None) -> tuple[str, ...]:
    return tuple(one for one in superseded_by if old and one not in old.superseded_by)


def _vanishing(
    connection: Connection, snapshot: Snapshot, changes: Mapping[str, Change], now: Mapping[str, Document]
) -> Iterator[Vanishing]:
    touched = {one for one, change in changes.items() if one in snapshot.entries and (change.changed or change.removed)}
    texts = {one: _plain(now[one].text) for one in touched & now.keys()}
    if not touched:
        return
    for row in connection.execute(select(RECEIPTS.c.answer_id, RECEIPTS.c.citations).order_by(RECEIPTS.c.created)):
        for citation in row.citations:
            document_id, quote = citation["document_id"], citation["quote"]
            if document_id in touched and _plain(quote) not in texts.get(document_id, ""):
                yield Vanishing(row.answer_id, document_id, quote)


def _plain(text: str) -> str:
    return _SPACE.sub(" ", MARKER.sub("", text)).strip()
