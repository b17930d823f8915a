"""What the gate says of a snapshot, kept beside it, because snapshots themselves are never written to.

    DATA/gates/ID.json    the verdict
               ID.html    the same as a page, for people

The gate asks golden questions, so it is above this package; here is what `index activate` needs to know of it.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from corpus.durable import write


@dataclass(frozen=True, slots=True)
class Given:
    """The answer that one snapshot gives. `sources` are its cited passages, each with its state and date."""

    status: str
    text: str
    sources: tuple[str, ...]
    right: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A golden question that is answered differently. `why` says what makes the new answer wrong.

    `note` names a document that was withdrawn, replaced or added, where that may be the cause.
    """

    question_id: str
    kind: str
    question: str
    before: Given
    after: Given
    why: tuple[str, ...]
    note: str

    @property
    def became_wrong(self) -> bool:
        return self.before.right and not self.after.right


@dataclass(frozen=True, slots=True)
class Verdict:
    """A snapshot judged beside the one that was active, `against`. It is refused if there are `reasons`.

    `asked` golden questions were put to both; `passed_over` are about documents that neither holds.
    """

    snapshot_id: str
    against: str
    asked: int
    passed_over: int
    reasons: tuple[str, ...]
    changes: tuple[Change, ...]


def page(data: Path, snapshot_id: str) -> Path:
    return data / "gates" / f"{snapshot_id}.html"


def keep(verdict: Verdict, html: str, data: Path) -> None:
    file = page(data, verdict.snapshot_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    write(file, html)
    write(file.with_suffix(".json"), json.dumps(asdict(verdict), ensure_ascii=False, indent=1) + "\n")


def kept(data: Path, snapshot_id: str) -> Verdict | None:
    """None where the gate never judged the snapshot. A verdict that cannot be read refuses it."""
    file = page(data, snapshot_id).with_suffix(".json")
    try:
        fields = json.loads(file.read_text("utf-8"))
        changes = tuple(_change(change) for change in fields.pop("changes"))
        return Verdict(**fields | {"reasons": tuple(fields["reasons"]), "changes": changes})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError):
        return Verdict(snapshot_id, "", 0, 0, (f"{file} cannot be read",), ())


def _change(fields: dict[str, Any]) -> Change:
    before, after = (_given(fields.pop(side)) for side in ("before", "after"))
    return Change(**fields | {"before": before, "after": after, "why": tuple(fields["why"])})


def _given(fields: dict[str, Any]) -> Given:
    return Given(**fields | {"sources": tuple(fields["sources"])})
