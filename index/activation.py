"""Which snapshot answers: one is made active, the one before is taken back, and what nobody needs is deleted.

DATA/current                  the active id and, on a second line, the id that was active before it
DATA/snapshots/.activating    held while `current` changes, or while it is decided what to delete
               .pruned-ID     a snapshot that is being deleted; what a killed process left, the next prune removes
"""

import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from corpus.durable import flush, write
from corpus.lock import alone
from index import verdict
from index.errors import (
    ActivatedMeanwhile,
    ActivationUnderWay,
    BuildUnderWay,
    IndexingError,
    KeptSnapshot,
    NoPredecessor,
    NoSnapshot,
    RefusedSnapshot,
    UnknownSnapshot,
)
from index.snapshot import active, snapshot_ids, verify

ANY = ""
_PRUNED = ".pruned-"


def activate(snapshot_id: str, data: Path, *, force: bool = False, instead_of: str | None = ANY) -> str | None:
    """Make a snapshot the active one, in one atomic replacement, and return the id that was active until then.

    It is verified first, and refused if the gate refused it, unless `force`; also where another than `instead_of` has
    become active, if that is given.
    """
    _known(snapshot_id, data)
    with alone(data / "snapshots" / ".activating", ActivationUnderWay):
        verify(data / "snapshots" / snapshot_id)
        judged = verdict.kept(data, snapshot_id)
        if judged and judged.reasons and not force:
            raise RefusedSnapshot(snapshot_id, judged.reasons, verdict.page(data, snapshot_id))
        before = active(data)
        if instead_of not in (ANY, before):
            raise ActivatedMeanwhile(snapshot_id, before)
        others = (one for one in (before, previous(data)) if one != snapshot_id and one in snapshot_ids(data))
        predecessor = next(others, None)
        write(data / "current", "".join(f"{one}\n" for one in (snapshot_id, predecessor) if one))
    return before


def previous(data: Path) -> str | None:
    """The id that was active before the active one, if `current` holds it."""
    try:
        lines = (data / "current").read_text("utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return None
    return (lines[1].strip() or None) if len(lines) > 1 else None


def rollback(data: Path) -> str:
    """Return to the snapshot that was active before, and return its id; a second rollback comes back.

    It has answered before, so that the gate is not asked.
    """
    before = previous(data)
    if before is None or before not in snapshot_ids(data):
        raise NoPredecessor(data)
    activate(before, data, force=True)
    return before


def prunable(data: Path, needed: Collection[str], dropped: Collection[str] = ()) -> tuple[str, ...]:
    """The snapshots that nobody needs, oldest first: see `prune`."""
    current = active(data)
    if current is None:
        raise NoSnapshot(data)
    _known(current, data)  # without it, nothing says what is older and what is newer
    staying = dict.fromkeys(needed, "gave answers that are kept") | {current: "is active"}
    if before := previous(data):
        staying[before] = "was active before"
    for snapshot_id in dropped:
        _known(snapshot_id, data)
        if snapshot_id in staying:
            raise KeptSnapshot(snapshot_id, staying[snapshot_id])
    others = sorted(snapshot_ids(data) - staying.keys())
    return tuple(one for one in others if one < current or one in dropped or not _waits(one, data))


def prune(data: Path, needed: Collection[str], dropped: Collection[str] = ()) -> tuple[str, ...]:
    """Delete the snapshots that nobody needs, and return their ids.

    What stays: the active one, the one before it, those that are `needed`, and what was built since and may still be
    activated. `dropped` will not be.
    """
    snapshots = data / "snapshots"
    if active(data) is None:
        raise NoSnapshot(data)
    with alone(snapshots / ".lock", BuildUnderWay):
        with alone(snapshots / ".activating", ActivationUnderWay):
            pruned = prunable(data, needed, dropped)
            for snapshot_id in pruned:
                (snapshots / snapshot_id).rename(snapshots / f"{_PRUNED}{snapshot_id}")
        flush(snapshots)
        for folder in snapshots.glob(f"{_PRUNED}*"):
            shutil.rmtree(folder)
        for file in _verdicts_without_snapshot(data):
            file.unlink()
    return pruned


def _known(snapshot_id: str, data: Path) -> None:
    if snapshot_id not in snapshot_ids(data):
        raise UnknownSnapshot(snapshot_id, data)


def _waits(snapshot_id: str, data: Path) -> bool:
    """Whether a snapshot that is newer than the active one may still be activated."""
    judged = verdict.kept(data, snapshot_id)
    if judged and judged.reasons:
        return False
    try:
        verify(data / "snapshots" / snapshot_id)
    except IndexingError:
        return False
    return True


def _verdicts_without_snapshot(data: Path) -> Iterator[Path]:
    ids = snapshot_ids(data)
    for snapshot_id in {file.stem for file in (data / "gates").glob("[!.]*")} - ids:
        yield from (data / "gates").glob(f"{snapshot_id}.*")
