"""The durable path's rows: a message is stored, taken up, answered, and each of its sends recorded.

Everything here happens in the transaction of the connection it is given. A message is `waiting` until the last of its
sends is no longer pending; a conversation is taken up by one process at a time, and its messages in their order. Before
each attempt to send, the attempt is recorded: what is pending with an attempt after a crash may have arrived.
"""

import hashlib
import hmac
import logging
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Float,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from bot.answering.conversation import Conversation
from bot.channels.message import Body, Delivery, File, Inbound, Kind, Outcome
from bot.privacy import mask
from bot.records.database import CONVERSATIONS, FEEDBACK, INBOX, RECEIPTS, SENDS

PER_MINUTE = 20  # messages of one person that are answered
SAME = 10.0  # seconds in which the same words, not answered yet, are taken for one message
LEASE = 15.0  # seconds after which what was taken up is free again, unless its process lives and renews it
LONGEST_WAIT = 3600.0  # seconds; what is due later than that was put off by a clock that has since been set back
LONGEST_TEXT = 4096  # characters of a message that are kept; the platforms allow no more

logger = logging.getLogger(__name__)

_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

# What every message goes through, in words that both databases know: SQLAlchemy 2.0 compiles a Core statement with ON
# CONFLICT anew each time, which takes 1 ms.
_COUNTED = text(
    """
    INSERT INTO conversations
        (channel, account, who, memory, waiting, served, due, owned_until, minute, count, doubtful)
    VALUES (:channel, :account, :who, :memory, 1, 0, 0, 0, :now, 1, false)
    ON CONFLICT (channel, account, who) DO UPDATE SET
        waiting = conversations.waiting + 1,
        count = CASE WHEN conversations.minute > excluded.minute - 60 AND conversations.minute <= excluded.minute
            THEN conversations.count + 1 ELSE 1 END,
        minute = CASE WHEN conversations.minute > excluded.minute - 60 AND conversations.minute <= excluded.minute
            THEN conversations.minute ELSE excluded.minute END
    RETURNING id, count
    """
).bindparams(bindparam("memory", type_=JSON))
_STORED = text(
    """
    INSERT INTO inbox
        (channel, account, key, conversation_id, kind, text, chat, reply_to, click, file, sent, received, state)
    VALUES (:channel, :account, :key, :conversation_id, :kind, :text, :chat, :reply_to, :click, :file, :sent, :received,
        CASE WHEN EXISTS (
            SELECT 1 FROM inbox
            WHERE conversation_id = :conversation_id AND state = 'waiting'
                AND kind = CAST(:kind AS VARCHAR) AND text = CAST(:text AS VARCHAR) AND received > :since
        ) THEN 'passed_over' ELSE 'waiting' END)
    ON CONFLICT (channel, account, key) DO NOTHING
    RETURNING id, state
    """
).bindparams(bindparam("file", type_=JSON(none_as_null=True)))

# The others are built once, for the same reason: to build one takes longer than to run it.
_NOW, _LATE = bindparam("now", type_=Float), bindparam("late", type_=Float)
_C = CONVERSATIONS.c
_IDLE = _C.id.not_in(bindparam("busy", expanding=True))
_FREE = and_(_IDLE, or_(_C.owner.is_(None), _C.owned_until < _NOW, _C.owned_until > _LATE))
_NEXT = (
    select(CONVERSATIONS)
    .where(_C.waiting > 0, _FREE, or_(_C.due <= _NOW, _C.due > _LATE))
    .where(tuple_(_C.channel, _C.account).in_(bindparam("accounts", expanding=True)))
    .order_by(_C.served, _C.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_TAKE = (
    update(CONVERSATIONS)
    .where(_C.id.in_(bindparam("ids", expanding=True)))
    .values(owner=bindparam("by"), owned_until=bindparam("until"), served=bindparam("now"))
)
# The oldest waiting message of each conversation, with what was made of it before.
_OLDEST = (
    select(INBOX, SENDS.c.part, SENDS.c.state.label("send"), SENDS.c.body, SENDS.c.attempted)
    .join_from(INBOX, SENDS, isouter=True)
    .where(
        INBOX.c.id.in_(
            select(func.min(INBOX.c.id))
            .where(INBOX.c.conversation_id.in_(bindparam("ids", expanding=True)), INBOX.c.state == "waiting")
            .group_by(INBOX.c.conversation_id)
        )
    )
    .order_by(SENDS.c.part)
)


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a reply. `attempted`: it may have been sent, by somebody who did not live to record it."""

    number: int
    body: Body
    attempted: bool


@dataclass(frozen=True, slots=True)
class Work:
    """A message that was taken up. `parts` are those of its reply still pending; none if it has no reply yet.

    `who` is the hash that stands for its sender. `doubtful`: a reply of this conversation may not have arrived, and the
    person has not been told so.
    """

    id: int
    conversation_id: int
    message: Inbound
    who: str
    received: float
    conversation: Conversation
    doubtful: bool
    is_answered: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows of a person were erased, and how many are left: none, if all is well."""

    messages: int
    answers: int
    thumbs: int
    left: int


@dataclass(frozen=True, slots=True)
class Queue:
    """How many messages wait, and how long the oldest of them has, in seconds."""

    depth: int
    age: float


class TakenOver(Exception):
    """Another process has taken this message up meanwhile, because this one was too slow."""


def hashed(secret: bytes, *parts: str) -> str:
    """What stands for a person, or for a platform's number that may hold one."""
    return hmac.new(secret, "\0".join(parts).encode(errors="replace"), hashlib.sha256).hexdigest()[:32]


def receive(
    connection: Connection,
    message: Inbound,
    secret: bytes,
    now: float,
    *,
    overload: bool = False,
    admins: Collection[str] = (),
) -> bool:
    """Store a message, with what is personal in it masked; False if it was stored before.

    `admins` are the hashes of those who may send as much as they like, and are answered whatever waits.
    """
    who = hashed(secret, message.channel, message.account, message.chat, message.person)
    person = {"channel": message.channel, "account": message.account, "who": who}
    counted = connection.execute(_COUNTED, person | {"memory": _memory(Conversation()), "now": now})
    conversation_id, count = counted.one()
    row = {
        "channel": message.channel,
        "account": message.account,
        "key": hashed(secret, "key", message.key),
        "conversation_id": conversation_id,
        "kind": message.kind.value,
        "text": mask(message.text[: 2 * LONGEST_TEXT])[:LONGEST_TEXT],  # cut after it, lest half a number be left
        "chat": message.chat,
        "reply_to": message.reply_to,
        "click": message.click,
        "file": asdict(message.file) if message.file else None,
        "sent": message.sent.timestamp(),
        "received": now,
    }
    inserted = connection.execute(_STORED, row | {"since": now - SAME}).first()
    if inserted is None:
        _uncount(connection, conversation_id, 1)
        return False
    if who in admins:
        count, overload = 0, False
    if inserted.state == "passed_over" or count > PER_MINUTE + 1:
        nothing = {"state": "passed_over", "text": "", "chat": None, "reply_to": None, "click": None, "file": None}
        connection.execute(update(INBOX).where(INBOX.c.id == inserted.id).values(nothing))
        _uncount(connection, conversation_id, 1 if inserted.state == "passed_over" else 0)
    elif count == PER_MINUTE + 1 or overload:
        kind = Kind.OVERLOAD if count <= PER_MINUTE else Kind.TOO_MANY
        connection.execute(update(INBOX).where(INBOX.c.id == inserted.id).values(kind=kind.value, text=""))
    return True


def claim(
    connection: Connection,
    accounts: Collection[tuple[str, str]],
    owner: str,
    now: float,
    limit: int,
    busy: Collection[int] = (),
) -> tuple[Work, ...]:
    """Take up the next message of at most `limit` conversations: first of those that were served longest ago.

    `busy` are the conversations that this process serves: they are not free, even after an outage or a leap of the
    clock that ended their lease.
    """
    sought: dict[str, Any] = {"accounts": list(accounts), "now": now, "late": now + LONGEST_WAIT, "limit": limit}
    sought["busy"] = list(busy)
    found = connection.execute(_NEXT, sought).all()
    if not found:
        return ()
    ids = [row.id for row in found]
    connection.execute(_TAKE, {"ids": ids, "by": owner, "until": now + LEASE, "now": now})
    rows = connection.execute(_OLDEST, {"ids": ids}).all()
    of = {one.id: [row for row in rows if row.conversation_id == one.id] for one in found}
    for one in found:
        if not of[one.id]:
            logger.error("conversation %d says that something waits, and nothing does; that is set right", one.id)
            _change(connection, one.id, waiting=0, owner=None)
    return tuple(_work(one, of[one.id]) for one in found if of[one.id])


def answered(connection: Connection, work: Work, owner: str, bodies: Sequence[Body], now: float) -> tuple[Part, ...]:
    """Record a message's reply, the first part of it as about to be sent. Raises TakenOver.

    A reply that was recorded before stands: this may be tried again when it is not known whether a commit succeeded.
    """
    _still_mine(connection, work, owner)
    if not bodies:
        return ()
    recorded = connection.execute(select(SENDS).where(SENDS.c.inbox_id == work.id).order_by(SENDS.c.part)).all()
    if recorded:
        return _pending(recorded)
    rows = [
        {
            "inbox_id": work.id,
            "part": number,
            "state": "pending",
            "body": body,
            "attempted": now if number == 0 else None,
        }
        for number, body in enumerate(bodies)
    ]
    connection.execute(SENDS.insert(), rows)
    return tuple(Part(number, body, attempted=False) for number, body in enumerate(bodies))


def remember(
    connection: Connection, work: Work, conversation: Conversation, answer_id: str | None, *, doubtful: bool
) -> None:
    """Record what the next message may refer to, and which answer was given."""
    _change(connection, work.conversation_id, memory=_memory(conversation), doubtful=doubtful)
    if answer_id:
        connection.execute(update(INBOX).where(INBOX.c.id == work.id).values(answer_id=answer_id))


def attempt(connection: Connection, work: Work, part: Part, owner: str, now: float) -> None:
    """Record that a part is about to be sent; again, with the same `now`, if need be. Raises TakenOver."""
    _still_mine(connection, work, owner)
    free = or_(SENDS.c.attempted.is_(None), SENDS.c.attempted == now)
    attempted = update(SENDS).where(_is(work, part), SENDS.c.state == "pending", free)
    if connection.execute(attempted.values(attempted=now)).rowcount != 1:
        raise TakenOver


def ended(connection: Connection, work: Work, part: Part, delivery: Delivery, now: float) -> None:
    """Record how a part's attempt ended; not for LATER."""
    connection.execute(
        update(SENDS)
        .where(_is(work, part))
        .values(
            state=delivery.outcome.value,
            body=None,
            finished=now,
            message_id=delivery.message_id,
            error=delivery.error[:500],
        )
    )
    if delivery.outcome is Outcome.UNKNOWN:
        _change(connection, work.conversation_id, doubtful=True)


def put_off(connection: Connection, work: Work, part: Part, owner: str, until: float) -> None:
    """Record that a part's attempt came to nothing and is to be made again."""
    connection.execute(update(SENDS).where(_is(work, part)).values(attempted=None))
    _release(connection, work, owner, due=until)


def done(connection: Connection, work: Work, owner: str, state: str = "done") -> bool:
    """Record that a message needs nothing more; where to reply to it is forgotten, and so is who was erased.

    Whether more messages of its conversation wait.
    """
    finished = update(INBOX).where(INBOX.c.id == work.id, INBOX.c.state == "waiting").returning(INBOX.c.kind)
    kind = connection.execute(finished.values(state=state, chat=None, reply_to=None, click=None, file=None)).scalar()
    more = _release(connection, work, owner, due=0.0, waiting=CONVERSATIONS.c.waiting - (1 if kind else 0))
    if kind == Kind.ERASE:
        connection.execute(update(INBOX).where(INBOX.c.id == work.id).values(conversation_id=None))
        nothing = and_(CONVERSATIONS.c.id == work.conversation_id, CONVERSATIONS.c.waiting == 0)
        connection.execute(delete(CONVERSATIONS).where(nothing))
    return more


def release(connection: Connection, accounts: Collection[tuple[str, str]], owner: str | None = None) -> None:
    """Free what `owner` has taken up; all that anybody has, where none is given."""
    c = CONVERSATIONS.c
    whose = c.owner == owner if owner else c.owner.is_not(None)
    mine = tuple_(c.channel, c.account).in_(list(accounts))
    connection.execute(update(CONVERSATIONS).where(whose, mine).values(owner=None))


def renew(connection: Connection, owner: str, busy: Collection[int], now: float) -> None:
    """What `owner` has taken up without knowing it, because it has not heard of a commit, gets free in time."""
    mine = and_(CONVERSATIONS.c.owner == owner, CONVERSATIONS.c.id.in_(list(busy)))
    connection.execute(update(CONVERSATIONS).where(mine).values(owned_until=now + LEASE))


def queue(connection: Connection, now: float) -> Queue:
    depth = connection.execute(select(func.coalesce(func.sum(CONVERSATIONS.c.waiting), 0))).scalar_one()
    oldest = connection.execute(select(func.min(INBOX.c.received)).where(INBOX.c.state == "waiting")).scalar()
    return Queue(int(depth), max(0.0, now - oldest) if oldest else 0.0)


def judge(connection: Connection, work: Work, answer_id: str, verdict: str, reason: str | None, now: float) -> bool:
    """Record thumbs for an answer of this conversation; the last word counts. False if it has no such answer."""
    asked = select(RECEIPTS.c.answer_id).where(
        RECEIPTS.c.answer_id == answer_id, RECEIPTS.c.conversation_id == work.conversation_id
    )
    if connection.execute(asked).first() is None:
        return False
    values = {"verdict": verdict, "reason": reason, "created": now}
    row = {"answer_id": answer_id, "channel": work.message.channel, "conversation_id": work.conversation_id}
    connection.execute(
        _insert(connection, FEEDBACK)
        .values(row | values)
        .on_conflict_do_update(index_elements=["answer_id"], set_=values)
    )
    return True


def erase(connection: Connection, work: Work) -> Erased:
    """Erase what is kept of a person, but for the keys that keep old messages from being answered again.

    The conversation itself is left, with nothing in it, for the reply that says so; `done` deletes it then.
    """
    mine = INBOX.c.conversation_id == work.conversation_id
    others = and_(mine, INBOX.c.id != work.id, INBOX.c.state != "waiting")
    connection.execute(delete(SENDS).where(SENDS.c.inbox_id.in_(select(INBOX.c.id).where(others))))
    forgotten = {"conversation_id": None, "text": "", "answer_id": None}
    messages = connection.execute(update(INBOX).where(others).values(forgotten)).rowcount
    connection.execute(update(INBOX).where(INBOX.c.id == work.id).values(text="", kind=Kind.ERASE.value))
    _change(connection, work.conversation_id, memory=_memory(Conversation()))
    answers = connection.execute(delete(RECEIPTS).where(RECEIPTS.c.conversation_id == work.conversation_id)).rowcount
    thumbs = connection.execute(delete(FEEDBACK).where(FEEDBACK.c.conversation_id == work.conversation_id)).rowcount
    left = sum(
        connection.execute(select(func.count()).select_from(table).where(rows)).scalar_one()
        for table, rows in (
            (INBOX, and_(mine, INBOX.c.text != "", INBOX.c.state != "waiting")),
            (RECEIPTS, RECEIPTS.c.conversation_id == work.conversation_id),
            (FEEDBACK, FEEDBACK.c.conversation_id == work.conversation_id),
        )
    )
    return Erased(messages, answers, thumbs, left)


def purge(connection: Connection, before: float) -> int:
    """Delete what is older than `before`, and conversations of which nothing is left. How many rows that were."""
    old = and_(INBOX.c.received < before, INBOX.c.state != "waiting")
    created = datetime.fromtimestamp(before, UTC).isoformat()
    empty = and_(
        CONVERSATIONS.c.waiting == 0,
        CONVERSATIONS.c.served < before,
        CONVERSATIONS.c.id.not_in(select(INBOX.c.conversation_id).where(INBOX.c.conversation_id.is_not(None))),
    )
    return sum(
        connection.execute(statement).rowcount
        for statement in (
            delete(SENDS).where(SENDS.c.inbox_id.in_(select(INBOX.c.id).where(old))),
            delete(INBOX).where(old),
            delete(RECEIPTS).where(RECEIPTS.c.created < created),
            delete(FEEDBACK).where(FEEDBACK.c.created < before),
            delete(CONVERSATIONS).where(empty),
        )
    )


def _insert(connection: Connection, table: Table) -> Any:
    """An INSERT that may say what to do on a conflict, which each dialect has of its own."""
    return _INSERT[connection.dialect.name](table)


def _uncount(connection: Connection, conversation_id: int, count: int) -> None:
    """One message less that waits, and `count` less that came in this minute."""
    c = CONVERSATIONS.c
    _change(connection, conversation_id, waiting=c.waiting - 1, count=c.count - count)


def _work(conversation: Any, rows: Sequence[Any]) -> Work:
    message = rows[0]
    sends = [row for row in rows if row.part is not None]
    return Work(
        id=message.id,
        conversation_id=conversation.id,
        message=Inbound(
            channel=message.channel,
            account=message.account,
            key=message.key,
            chat=message.chat,
            person="",
            kind=Kind(message.kind),
            sent=datetime.fromtimestamp(message.sent, UTC),
            text=message.text,
            reply_to=message.reply_to,
            click=message.click,
            file=File(**message.file) if message.file else None,
        ),
        who=conversation.who,
        received=message.received,
        conversation=_conversation_from(conversation.memory),
        doubtful=conversation.doubtful,
        is_answered=bool(sends),
        parts=tuple(Part(row.part, row.body, row.attempted is not None) for row in sends if row.send == "pending"),
    )


def _pending(sends: Sequence[Any]) -> tuple[Part, ...]:
    return tuple(Part(send.part, send.body, send.attempted is not None) for send in sends if send.state == "pending")


def _memory(conversation: Conversation) -> dict[str, Any]:
    memory = asdict(conversation)
    return memory | {"last": conversation.last.isoformat() if conversation.last else None}


def _conversation_from(memory: dict[str, Any]) -> Conversation:
    last = datetime.fromisoformat(memory["last"]) if memory["last"] else None
    return Conversation(
        tuple(memory["turns"]), tuple(memory["offered"]), memory["is_choice"], last, memory["answer_id"]
    )


def _is(work: Work, part: Part) -> Any:
    return and_(SENDS.c.inbox_id == work.id, SENDS.c.part == part.number)


def _still_mine(connection: Connection, work: Work, owner: str) -> None:
    mine = (
        select(CONVERSATIONS.c.id)
        .where(CONVERSATIONS.c.id == work.conversation_id, CONVERSATIONS.c.owner == owner)
        .with_for_update()
    )
    if connection.execute(mine).first() is None:
        raise TakenOver


def _change(connection: Connection, conversation_id: int, **values: Any) -> None:
    connection.execute(update(CONVERSATIONS).where(CONVERSATIONS.c.id == conversation_id).values(values))


def _release(connection: Connection, work: Work, owner: str, **values: Any) -> bool:
    """Free a conversation, if it is still `owner`'s; whether messages of it wait."""
    c = CONVERSATIONS.c
    free = case((c.owner == owner, None), else_=c.owner)
    released = update(CONVERSATIONS).where(c.id == work.conversation_id).values(owner=free, **values)
    return bool(connection.execute(released.returning(c.waiting)).scalar())
