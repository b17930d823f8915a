"""What passes between a platform and the durable path: messages in, replies out, and how a send ended.

A channel is a record of functions. A pressed button comes back as the command in it ("/nguon 1 0123456789ab"), so
that pressing and typing are one thing.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.dialogue import Citation

Body = Mapping[str, Any]  # one message as its platform's API takes it, without its address; JSON


class Kind(StrEnum):
    """What a person did; or, where so much was done that it is not looked at, how much."""

    TEXT = "text"  # wrote something, or pressed a button
    JOINED = "joined"  # opened the bot for the first time, or follows the account (again)
    LEFT = "left"  # blocked the bot, or no longer follows the account: nothing can be sent
    OTHER = "other"  # sent a sticker, a photo, a voice message, a contact, a file, …
    HIDDEN = "hidden"  # wrote something that the platform does not let us see
    ERASE = "erase"  # asked to have all that is kept of them erased, which was done
    TOO_MANY = "too_many"  # wrote more in a minute than is answered
    OVERLOAD = "overload"  # wrote when more was waiting, from all people, than is answered in good time


@dataclass(frozen=True, slots=True)
class File:
    """A file that somebody sent. `reference` is what the platform gives it out for: an id, an address."""

    name: str
    size: int  # bytes; 0 where that is not said
    reference: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a person did on a channel; whatever else an update says is not kept.

    `account` is the id of our bot or Official Account, `key` the platform's own number of the update, unique on that
    account. `chat` is where to reply, `person` who wrote: the same, but in a group. `reply_to` is the message to reply
    to, where it should be shown (groups); `click` is the platform's id of a pressed button, which expects a sign.
    `file` is kept for admins alone.
    """

    channel: str
    account: str
    key: str
    chat: str
    person: str
    kind: Kind
    sent: datetime
    text: str = ""
    reply_to: str = ""
    click: str = ""
    file: File | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """`command` is what comes back when it is pressed; ASCII, at most 64 bytes."""

    label: str
    command: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person is to read, on any channel: plain text, with spans to show in bold.

    `sources` are listed below the text, `suggestions` offered after it, `choices` are already numbered in it; a number
    typed later picks one of them. `answer_id` is what their commands name. `buttons` stand by themselves; those for
    sources, suggestions and choices follow from the other fields, and so do thumbs, which need sources to judge.
    """

    text: str
    bold: tuple[tuple[int, int], ...] = ()
    language: str = "vi"
    sources: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    answer_id: str = ""
    buttons: tuple[Button, ...] = ()


class Outcome(StrEnum):
    """How an attempt to send ended."""

    SENT = "sent"
    UNKNOWN = "unknown"  # it may have arrived: a timeout, a cut connection, an error of the platform's own
    FAILED = "failed"  # it has not arrived and never will
    LATER = "later"  # it has not arrived, and may be tried again


@dataclass(frozen=True, slots=True)
class Delivery:
    """`wait` is in seconds, for LATER. `unreachable`: nothing can be sent to this person any more.

    `broken` says what an operator must mend (a token, a permission), and holds no secret. `error` is for the log.
    """

    outcome: Outcome
    message_id: str = ""
    error: str = ""
    wait: float = 0.0
    unreachable: bool = False
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """A platform account of ours. `present` writes a reply as the platform's messages, in the order to send them.

    `send` takes where to (chat, reply_to) and what, and never raises. `show_working` shows that a reply is on its way
    (typing, or the sign a pressed button waits for); whether that worked is nobody's concern, and it never raises
    either. `fetch` gives the content of a file that somebody sent, of at most so many bytes, or raises NotFetched; it
    is None where the platform delivers no files.
    """

    name: str
    account: str
    present: Callable[[Reply], tuple[Body, ...]]
    send: Callable[[str, str, Body], Coroutine[Any, Any, Delivery]]
    show_working: Callable[[Inbound], Coroutine[Any, Any, None]]
    fetch: Callable[[File, int], Coroutine[Any, Any, bytes]] | None = None


class NotFetched(Exception):
    """A file cannot be had; why, in words that hold no secret."""
