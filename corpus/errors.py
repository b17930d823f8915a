"""What can be wrong with documents.

CorpusError
├── UnreadableDocument   one file cannot become a Document
└── UnknownDocument      an id that no document has
"""

from pathlib import Path


class CorpusError(Exception):
    """Something about the documents that an operator has to mend; its text is one line that says how."""


class UnreadableDocument(CorpusError):
    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


class UnknownDocument(CorpusError):
    def __init__(self, document_id: str, folder: Path) -> None:
        super().__init__(f"no document «{document_id}» in {folder}; `hanoidx corpus check` lists those there are")
        self.document_id = document_id
