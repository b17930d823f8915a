"""What admins have done: one line each in DATA/audit.jsonl, added and never changed.

Each line holds the digest of the one before it, so that a line that was altered or taken out is noticed.
"""

import fcntl
import getpass
import hashlib
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from corpus.errors import AlteredAudit

FILE = "audit.jsonl"


@dataclass(frozen=True, slots=True)
class Action:
    """`at` is UTC. `what` is the command, `subject` the document, snapshot or question; `who` holds no name of a chat.

    `before` and `after` are the active snapshot, or what else the action changed.
    """

    at: str
    who: str
    what: str
    subject: str
    before: str
    after: str
    reason: str


def record(
    data: Path,
    what: str,
    subject: str = "",
    *,
    who: str = "",
    before: str | None = "",
    after: str | None = "",
    reason: str = "",
) -> Action:
    """Add an action, on the disk when this returns. `who` is the terminal's user unless given."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    action = Action(now, who or _user(), what, subject, before or "", after or "", reason)
    data.mkdir(parents=True, exist_ok=True)
    with (data / FILE).open("a+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        lines = stream.read().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):  # a crash while it was written
            stream.truncate(sum(map(len, lines[:-1])))
            lines.pop()
        line = asdict(action) | {"previous": _digest(lines[-1]) if lines else ""}
        stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    return action


def read(data: Path) -> tuple[Action, ...]:
    """All actions, oldest first. Raises AlteredAudit where a line is not as it was written."""
    return tuple(_actions(data / FILE))


def _actions(file: Path) -> Iterator[Action]:
    previous = ""
    lines = file.read_bytes().splitlines(keepends=True) if file.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            fields = json.loads(line)
            is_next = fields.pop("previous") == previous and line.endswith(b"\n")
            action = Action(**fields)
        except (ValueError, KeyError, TypeError, AttributeError):
            is_next = False
        if not is_next:
            if number == len(lines) and not line.endswith(b"\n"):
                return
            raise AlteredAudit(file, number)
        previous = _digest(line)
        yield action


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _user() -> str:
    """HANOIDX_WHO is what the server sets for commands that it runs for an admin in a chat."""
    if who := os.environ.get("HANOIDX_WHO"):
        return who
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in a container
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
