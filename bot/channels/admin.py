"""What admins do in the chat: look, rebuild, activate, go back, take documents in, see what people asked in vain.

Whatever changes something is a command of `hanoidx`, run as it would be at a terminal, so that both do the same and
leave the same record. To everybody else these commands are not there.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select

from bot import messages
from bot.channels.inbox import queue
from bot.channels.jobs import INTERRUPTED, Ended, Job
from bot.channels.message import Button, File, NotFetched, Reply
from bot.records.database import RECEIPTS, reading
from bot.render import moment, printable
from corpus.catalogue import QUARANTINE
from corpus.intake import names
from corpus.language.normalize import clean, fold
from index.snapshot import Snapshot, active
from index.verdict import kept

LARGEST_FILE = 20 << 20  # bytes; what Telegram gives out to bots
SHOWN = 8  # lines of a list; a chat is no place for more
WORDS = 200  # characters of a question, or of a concern

# What a document seldom says of itself, each with a code that is short enough for a button.
_STATUSES = {"hl": "còn hiệu lực", "td": "thông tin tại thời điểm", "hhl": "hết hiệu lực"}
_FIELDS = {fold(label): name for name, label in messages.FIELDS.items()} | {name: name for name in messages.FIELDS}
_OPTIONS = {"doc_type": "--type", "as_of": "--as-of"}
_JOB = re.compile(r"[a-z]{12}")


@dataclass(frozen=True, slots=True)
class Office:
    """What an admin's commands work with. `who` stands for the admin in the record of what admins do.

    `run` is for a command of `hanoidx` that takes a second, `start` for one that takes longer: its result comes as a
    message of its own, and the file that it reads is deleted then. `fetch` brings a file that was sent.
    """

    who: str
    data: Path
    snapshot: Snapshot
    engine: Engine
    now: Callable[[], datetime]
    run: Callable[[Sequence[str]], Ended]
    start: Callable[[Sequence[str], Path | None], None]
    is_running: Callable[[str], bool]
    find_job: Callable[[str], Job | None]
    fetch: Callable[[File], Path]


Do = Callable[[Office, str], Reply]


def command(text: str) -> tuple[Do, str] | None:
    """The command that a text begins with, and what stands behind it. "/trang thai" and "/Trạng_thái" are one."""
    text = clean(text)
    folded = fold(text)
    for pattern, do in _COMMANDS:
        if found := pattern.match(folded):
            words = text.split(maxsplit=len(found[0].split()))
            return do, " ".join(words[len(found[0].split()) :])
    return None


def take_in(office: Office, file: File) -> Reply:
    """A file that was sent is read and held, until the admin says what is to become of it."""
    name = names.safe(file.name)
    if names.is_left_over(name):
        return Reply(messages.ADMIN_FILE_LEFT_OVER.format(name=printable(name)))
    if names.is_sidecar(Path(name)):
        return Reply(messages.ADMIN_FILE_SIDECAR.format(name=printable(name)))
    if file.size > LARGEST_FILE:
        return Reply(messages.ADMIN_FILE_TOO_LARGE.format(limit=LARGEST_FILE >> 20))
    try:
        path = office.fetch(file)
    except NotFetched as error:
        return Reply(messages.ADMIN_FILE_NOT_FETCHED.format(error=printable(str(error))))
    office.start(("corpus", "add", str(path), "--hold", "--json"), path)
    return Reply(messages.ADMIN_FILE_READING.format(name=printable(path.name)))


def _state(office: Office, _: str) -> Reply:
    now, manifest = office.now(), office.snapshot.manifest
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC).isoformat()
    today = select(func.count()).select_from(RECEIPTS).where(RECEIPTS.c.created >= midnight)
    with reading(office.engine) as connection:
        answers = connection.execute(today).scalar_one()
        waiting = queue(connection, now.timestamp())
        vain = connection.execute(today.where(RECEIPTS.c.status.like("unanswerable%"))).scalar_one()
    held = sum(1 for _ in (office.data / QUARANTINE).glob("[!.]*/held.json"))
    return Reply(
        messages.ADMIN_STATE.format(
            snapshot=manifest.id,
            built=moment(datetime.fromisoformat(manifest.created), now),
            documents=manifest.documents,
            passages=manifest.passages,
            answers=answers,
            vain=vain,
            waiting=max(0, waiting.depth - 1),  # but for this one
            oldest=round(waiting.age),
            held=held,
        )
    )


def _update(office: Office, _: str) -> Reply:
    if office.is_running("index build"):
        return Reply(messages.ADMIN_UPDATE_UNDER_WAY)
    office.start(("index", "build", "--no-activate", "--json"), None)
    return Reply(messages.ADMIN_UPDATE_BEGUN)


def _roll_back(office: Office, _: str) -> Reply:
    ended = office.run(("index", "rollback"))
    return _told(ended, messages.ADMIN_ROLLED_BACK.format(snapshot=active(office.data)))


def _activate(office: Office, snapshot_id: str) -> Reply:
    if not snapshot_id:
        return Reply(messages.ADMIN_WHICH_SNAPSHOT)
    return _told(
        office.run(("index", "activate", "--", snapshot_id)), messages.ADMIN_ACTIVATED.format(snapshot=snapshot_id)
    )


def _drop(office: Office, snapshot_id: str) -> Reply:
    if not snapshot_id:
        return Reply(messages.ADMIN_WHICH_SNAPSHOT)
    ended = office.run(("index", "prune", f"--drop={snapshot_id}", f"--reason={messages.BUTTON_DROP}"))
    return _told(ended, messages.ADMIN_DROPPED.format(snapshot=snapshot_id))


def _accept(office: Office, argument: str) -> Reply:
    """Behind the id stand fields, like "ngày ban hành: 2026-03-12", and a reason, with semicolons between."""
    document_id, _, rest = argument.partition(" ")
    if not document_id:
        return Reply(messages.ADMIN_WHICH_DOCUMENT)
    fields, reasons = [], []
    for part in filter(None, map(str.strip, rest.split(";"))):
        label, colon, value = part.partition(":")
        if part in _STATUSES:
            fields.append(f"--status={_STATUSES[part]}")
        elif colon and (name := _FIELDS.get(fold(label).strip())):
            fields.append(f"{_OPTIONS.get(name, f'--{name}')}={value.strip()}")
        else:
            reasons.append(part)
    ended = office.run(("corpus", "release", *fields, f"--reason={'; '.join(reasons)}", "--", document_id))
    return _told(ended, messages.ADMIN_ACCEPTED.format(document=document_id))


def _reject(office: Office, argument: str) -> Reply:
    document_id, _, reason = argument.partition(" ")
    if not document_id:
        return Reply(messages.ADMIN_WHICH_DOCUMENT)
    ended = office.run(("corpus", "reject", f"--reason={reason.strip()}", "--", document_id))
    return _told(ended, messages.ADMIN_REJECTED.format(document=document_id))


def _in_vain(office: Office, _: str) -> Reply:
    office.start(("report", "unanswered", "--since", "7d", "--json"), None)
    return Reply(messages.ADMIN_IN_VAIN_BEGUN)


def _result(office: Office, job_id: str) -> Reply:
    """Of what was begun earlier. The message that asks for it comes by itself."""
    job = office.find_job(job_id) if _JOB.fullmatch(job_id) else None
    if job is None or job.ended is None:
        return Reply(messages.ADMIN_NO_RESULT)
    if job.ended.code == INTERRUPTED:
        return Reply(messages.ADMIN_INTERRUPTED)
    try:
        fields = json.loads(job.ended.output)
    except ValueError:
        return Reply(messages.ADMIN_FAILED.format(error=printable(job.ended.said)))
    return _RESULTS[job.command[0]](office, fields)


def _built(office: Office, fields: Mapping[str, Any]) -> Reply:
    """What a build has brought, and the golden questions that it answers differently."""
    snapshot_id, verdict = fields["snapshot_id"], kept(office.data, fields["snapshot_id"])
    counts = {name: fields[name] for name in ("documents", "passages", "asked", "changed")}
    lines = [messages.ADMIN_BUILT.format(snapshot=snapshot_id, **counts)]
    if verdict and verdict.reasons:
        lines += [messages.ADMIN_UPDATE_REFUSED, *(f"– {reason}" for reason in verdict.reasons[:SHOWN])]
    changes = sorted(verdict.changes, key=lambda one: not one.became_wrong)[:SHOWN] if verdict else []
    for change in changes:
        lines.append(messages.ADMIN_CHANGED_WORSE if change.became_wrong else messages.ADMIN_CHANGED)
        lines[-1] = lines[-1].format(
            question=change.question, before=_short(change.before.text), after=_short(change.after.text)
        )
    buttons = [Button(messages.BUTTON_DROP, f"/bo_ban {snapshot_id}")]
    if fields["verdict"] == "refused":
        lines.append(messages.ADMIN_UPDATE_FORCE.format(snapshot=snapshot_id))
    else:
        buttons.insert(0, Button(messages.BUTTON_ACTIVATE, f"/kich_hoat {snapshot_id}"))
    return Reply(printable("\n".join(lines)), buttons=tuple(buttons))


def _short(text: str) -> str:
    return text if len(text) <= WORDS else f"{text[:WORDS]}…"


def _read_in(_: Office, fields: Mapping[str, Any]) -> Reply:
    """What was proposed for a file, and what was found in it."""
    known = (f"{messages.FIELDS[name]}: {value}" for name, value in fields["fields"].items() if value)
    lines = [messages.ADMIN_FILE_HELD.format(name=fields["name"], document=fields["id"]), *known]
    if fields["missing"]:
        lacking = [messages.FIELDS[name] for name in fields["missing"]]
        example = "; ".join(f"{label}: …" for label in lacking)
        lacks = messages.ADMIN_FILE_LACKS.format(fields=", ".join(lacking), document=fields["id"], example=example)
        lines.append(lacks)
    if fields["concerns"]:
        lines.append(messages.ADMIN_FILE_CONCERNS)
        for one in fields["concerns"][:SHOWN]:
            kind, found = messages.CONCERNS[one["kind"]], _short(one["found"])
            place = messages.ADMIN_FILE_LINE.format(line=one["line"]) if one["line"] else ""
            lines.append(messages.ADMIN_FILE_CONCERN.format(place=place, kind=kind, found=found))
        lines.append(messages.ADMIN_FILE_RELEASE.format(document=fields["id"]))
    buttons = [Button(messages.BUTTON_REJECT, f"/bo {fields['id']}")]
    if not fields["concerns"] and fields["missing"] == ["status"]:
        for code, status in reversed(_STATUSES.items()):
            buttons.insert(0, Button(messages.BUTTON_ACCEPT_AS.format(status=status), f"/nhan {fields['id']} {code}"))
    elif not fields["concerns"] and not fields["missing"]:
        buttons.insert(0, Button(messages.BUTTON_ACCEPT, f"/nhan {fields['id']}"))
    return Reply(printable("\n".join(lines)), buttons=tuple(buttons))


def _asked_in_vain(_: Office, fields: Mapping[str, Any]) -> Reply:
    clusters = fields["clusters"][:SHOWN]
    if not clusters:
        return Reply(messages.ADMIN_NOTHING_IN_VAIN)
    lines = (
        messages.ADMIN_IN_VAIN_LINE.format(count=one["count"], question=one["central"]["text"][:WORDS])
        for one in clusters
    )
    return Reply(printable("\n".join((messages.ADMIN_IN_VAIN, *lines))))


_RESULTS = {"index": _built, "corpus": _read_in, "report": _asked_in_vain}


def _told(ended: Ended, done: str) -> Reply:
    return Reply(done) if ended.code == 0 else Reply(messages.ADMIN_FAILED.format(error=printable(ended.said)))


# "/trangthai", "/trang_thai", "/trang-thai" and "/trạng thái" are one.
_COMMANDS: tuple[tuple[re.Pattern[str], Do], ...] = tuple(
    (re.compile(rf"/\s*{'[ _-]?'.join(words.split())}(?![\w-])"), do)
    for words, do in {
        "trang thai": _state,
        "cap nhat": _update,
        "quay lai": _roll_back,
        "kich hoat": _activate,
        "bo ban": _drop,
        "nhan": _accept,
        "bo": _reject,
        "chua tra loi": _in_vain,
        "ket qua": _result,
    }.items()
)
