"""What can be wrong with an index.

IndexingError
├── UnknownEncoder     HANOIDX_ENCODER names nothing we can load
├── NoSnapshot         nothing has been built or activated yet
├── UnknownSnapshot    an id that no snapshot has
├── BuildUnderWay      another build holds the lock
├── ActivationUnderWay another process changes which snapshot is active
├── ActivatedMeanwhile a snapshot was judged beside one that is no longer the active one
├── RefusedSnapshot    the gate has found answers that became wrong
├── NoPredecessor      nothing was active before that one could go back to
├── KeptSnapshot       somebody still needs what is to be deleted
├── UnreadReceipts     nothing here knows which snapshots the kept answers need
├── DamagedSnapshot    a file is missing, cut short or altered
└── ForeignSnapshot    built by another encoder or another version of the format
"""

from collections.abc import Sequence
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


class ActivationUnderWay(IndexingError):
    def __init__(self, lock: Path) -> None:
        super().__init__(f"another process is changing which snapshot is active (it holds {lock}); try again")


class ActivatedMeanwhile(IndexingError):
    def __init__(self, snapshot_id: str, found: str | None) -> None:
        super().__init__(
            f"snapshot {snapshot_id} was compared with one that is no longer active: {found or 'none'} is; "
            f"`hanoidx index build` compares again, `hanoidx index activate {snapshot_id}` takes it all the same"
        )


class RefusedSnapshot(IndexingError):
    def __init__(self, snapshot_id: str, reasons: Sequence[str], page: Path) -> None:
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        super().__init__(
            f"the gate refused snapshot {snapshot_id}: {reasons[0]}{more}; see {page}, mend the documents and build "
            f"anew, or take it with `hanoidx index activate {snapshot_id} --force --reason TEXT`"
        )


class NoPredecessor(IndexingError):
    def __init__(self, data: Path) -> None:
        super().__init__(
            f"no snapshot in {data} was active before this one; `hanoidx index list` shows those there are, "
            "`hanoidx index activate ID` takes one"
        )


class KeptSnapshot(IndexingError):
    def __init__(self, snapshot_id: str, why: str) -> None:
        super().__init__(f"snapshot {snapshot_id} {why}, so it is not deleted; drop one that waits for activation")


class UnreadReceipts(IndexingError):
    def __init__(self) -> None:
        super().__init__("only `hanoidx index prune` knows which snapshots the kept answers need; run that")


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
