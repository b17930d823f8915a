"""What can be wrong with an index.

IndexingError
├── UnknownEncoder     HANOIDX_ENCODER names nothing we can load
├── NoSnapshot         nothing has been built or activated yet
├── UnknownSnapshot    an id that no snapshot has
├── BuildUnderWay      another build holds the lock
├── DamagedSnapshot    a file is missing, cut short or altered
└── ForeignSnapshot    built by another encoder or another version of the format
"""

from pathlib import Path


class IndexingError(Exception):
    """Something about the index that an operator has to mend; its text is one line that says how."""


class UnknownEncoder(IndexingError):
    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"encoder «{name}»: {reason}; name `onnx`, `onnx:FOLDER`, "
            "`sentence-transformers:FOLDER` or `sentence-transformers:ORGANISATION/NAME`"
        )


class NoSnapshot(IndexingError):
    def __init__(self, data: Path) -> None:
        super().__init__(f"no active snapshot in {data}; build one with `hanoidx index build`")


class UnknownSnapshot(IndexingError):
    def __init__(self, snapshot_id: str, data: Path) -> None:
        super().__init__(
            f"there is no snapshot {snapshot_id[:100]!r} in {data}; `hanoidx index list` shows those there are, "
            "`hanoidx index activate ID` takes one, `hanoidx index build` makes one"
        )


class BuildUnderWay(IndexingError):
    def __init__(self, lock: Path) -> None:
        super().__init__(f"another build is running (it holds {lock}); wait until it has ended")


class DamagedSnapshot(IndexingError):
    def __init__(self, snapshot: Path, reason: str) -> None:
        super().__init__(
            f"snapshot {snapshot.name} is damaged: {reason}; "
            "go back with `hanoidx index activate ID` or build anew with `hanoidx index build`"
        )
        self.reason = reason


class ForeignSnapshot(IndexingError):
    def __init__(self, snapshot: Path, found: str, expected: str) -> None:
        super().__init__(
            f"snapshot {snapshot.name} was made with {found}, this program expects {expected}; "
            "build anew with `hanoidx index build`"
        )
        self.reason = f"made with {found}, {expected} is expected"
