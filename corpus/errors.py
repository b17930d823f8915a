"""What can be wrong with documents.

CorpusError
├── UnreadableDocument   one file cannot become a Document
├── UnfetchableUrl       an address on the web that gives no document
├── UnknownDocument      an id that no document has
├── DocumentIsThere      one that comes in has the id, or is made from the file, of another
├── NotHeld              an id that nothing held has
├── IncomingUnderWay     another process changes the documents
└── AlteredAudit         the record of what admins have done is not as it was written
"""

import difflib
from collections.abc import Collection
from pathlib import Path


class CorpusError(Exception):
    """Something about the documents that an operator has to mend; its text is one line that says how."""


class UnreadableDocument(CorpusError):
    """`line` is 0 where it is about the file as a whole."""

    def __init__(self, path: Path, line: int, found: str, mend: str) -> None:
        super().__init__(f"{path}{f':{line}' if line else ''}: {found} — {mend}")
        self.path = path
        self.line = line
        self.found = found
        self.mend = mend


class UnfetchableUrl(CorpusError):
    def __init__(self, url: str, found: str, mend: str) -> None:
        super().__init__(f"{url}: {found} — {mend}")
        self.url = url
        self.found = found
        self.mend = mend


class UnknownDocument(CorpusError):
    def __init__(self, document_id: str, ids: Collection[str], folder: Path) -> None:
        near = difflib.get_close_matches(document_id, ids)
        hint = f"did you mean {' or '.join(near)}?" if near else "the ids are the names of the files there"
        super().__init__(f"no document {document_id!r} in {folder}; {hint}")
        self.document_id = document_id


class DocumentIsThere(CorpusError):
    def __init__(self, document_id: str, path: Path) -> None:
        super().__init__(
            f"there is a document {document_id!r} already, {path} — give another --id, or --replace that one"
        )


class NotHeld(CorpusError):
    def __init__(self, held_id: str, ids: Collection[str]) -> None:
        near = difflib.get_close_matches(held_id, ids)
        hint = f"did you mean {' or '.join(near)}?" if near else "`hanoidx corpus list` shows the ids"
        super().__init__(f"there is no {held_id[:100]!r}; {hint}")


class IncomingUnderWay(CorpusError):
    def __init__(self, lock: Path) -> None:
        super().__init__(f"another process changes the documents (it holds {lock}); wait until it has ended")


class AlteredAudit(CorpusError):
    def __init__(self, file: Path, line: int) -> None:
        super().__init__(
            f"{file}:{line}: this line, or one before it, is not as it was written; keep the file as evidence under "
            "another name, and a new one is begun"
        )
