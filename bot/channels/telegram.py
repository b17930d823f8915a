"""Telegram, on python-telegram-bot's `Bot` for transport and errors: updates in, replies out, polling and webhook.

Nothing here needs Telegram to be there: it may be out of reach for hours. Updates are read as plain JSON, so that one
that PTB does not know cannot stop those behind it. Where a rule of Telegram's comes from is said as in "C1, D": the
section of our notes on the platforms; D is documented, C seen in source.
"""

import asyncio
import hmac
import html
import json
import logging
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from http import HTTPStatus
from typing import Any, NoReturn

import httpx
from telegram import Bot
from telegram.constants import MessageAttachmentType
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
)
from telegram.request import HTTPXRequest

from bot import messages
from bot.channels.message import Body, Button, Channel, Delivery, File, Inbound, Kind, NotFetched, Outcome, Reply
from bot.channels.split import split
from bot.messages import voice
from bot.render import list_sources, printable
from bot.settings import SettingsError, Telegram

Store = Callable[[Sequence[Inbound]], Awaitable[None]]

NAME = "telegram"
UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
LIMIT = 4000  # UTF-16 units of a message; Telegram's own is 4096 after entity parsing (C1, D)
LABEL = 60  # characters of a button; a phone shows about so many
COMMAND = 64  # bytes of what a button sends (C1, D)
ROW = 4  # short buttons beside each other on a phone
CONNECTIONS = 128
LATER = 5.0  # seconds until Telegram is tried again where it names no time
MENDED = 300.0  # seconds in which an operator may have mended something

_NOT_TEXT = frozenset({*map(str, MessageAttachmentType), "checklist"})
_STARTS = re.compile(r"/start(?:@\w+)?(?:\s|$)")
_TAG = re.compile(r"<[^>]*>")
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)

logger = logging.getLogger(__name__)


# --- What people did ----------------------------------------------------------------------------------------------


def received(update: Mapping[str, Any], account: str, username: str) -> Inbound | None:
    """What a person did; None for what is not for us, and for whatever is not shaped like an update.

    `username` is the bot's, without "@", to tell what is meant for it in a group; empty where it is not known yet.
    """
    if not isinstance(update, Mapping) or not (key := _id(update, "update_id")):
        return None
    if click := _part(update, "callback_query"):
        return _click(click, key, account)
    if change := _part(update, "my_chat_member"):
        return _left(change, key, account)
    edited = "edited_message" in update
    return _message(_part(update, "edited_message" if edited else "message"), key, account, username, edited=edited)


def _message(message: Mapping[str, Any], key: str, account: str, username: str, *, edited: bool) -> Inbound | None:
    chat, person, place = _part(message, "chat"), _part(message, "from"), _place(message)
    sent = _moment(message.get("edit_date" if edited else "date"))
    if not (_id(chat, "id") and _id(person, "id") and _id(message, "message_id") and sent and place):
        return None
    if person.get("is_bot") or "sender_chat" in message:  # sent in the name of a group or a channel
        return None
    text = _text(message, "text") or _text(message, "caption")
    if not text and (edited or message.keys().isdisjoint(_NOT_TEXT)):
        return None  # a service message; or an edit like each step of a live location (D)
    kind = Kind.TEXT if text else Kind.OTHER
    reply_to = ""
    if place == "group":
        ours = _without_our_name(message, text, account, username)
        if ours is None:
            return None
        text, reply_to = ours, _id(message, "message_id")
    elif _STARTS.match(text):
        text, kind = "", Kind.JOINED
    file = None if edited or place == "group" else _file(_part(message, "document"))
    return Inbound(NAME, account, key, _id(chat, "id"), _id(person, "id"), kind, sent, text, reply_to, file=file)


def _file(document: Mapping[str, Any]) -> File | None:
    name, reference, size = _text(document, "file_name"), _text(document, "file_id"), document.get("file_size")
    return File(name[:255], size if type(size) is int else 0, reference) if reference else None


def _click(click: Mapping[str, Any], key: str, account: str) -> Inbound | None:
    """A pressed button. It has no time of its own, and that of its message may be weeks ago."""
    message = _part(click, "message")
    chat, person, place = _id(_part(message, "chat"), "id"), _id(_part(click, "from"), "id"), _place(message)
    data, number = _text(click, "data"), click.get("id")
    if not (chat and person and place and data and isinstance(number, str)):
        return None
    reply_to = _id(message, "message_id") if place == "group" else ""
    return Inbound(NAME, account, key, chat, person, Kind.TEXT, datetime.now(UTC), data, reply_to, number)


def _left(change: Mapping[str, Any], key: str, account: str) -> Inbound | None:
    """Someone who blocked the bot. Out of a group it may be thrown by anyone; a send will tell."""
    chat, person = _id(_part(change, "chat"), "id"), _id(_part(change, "from"), "id")
    sent = _moment(change.get("date"))
    if not (chat and person and sent and _place(change) == "private"):
        return None
    if _part(change, "new_chat_member").get("status") != "kicked":
        return None
    return Inbound(NAME, account, key, chat, person, Kind.LEFT, sent)


def _without_our_name(message: Mapping[str, Any], text: str, account: str, username: str) -> str | None:
    """A group's message without the mention of the bot; None where it is neither mentioned nor replied to."""
    name = f"@{username}".casefold()
    units = text.encode("utf-16-le", "surrogatepass")  # entities count in UTF-16 units (D)
    cuts = []
    entities = message.get("entities" if "text" in message else "caption_entities")
    for entity in entities if isinstance(entities, list) else ():
        if not isinstance(entity, Mapping):
            continue
        offset, length = entity.get("offset"), entity.get("length")
        if not (isinstance(offset, int) and isinstance(length, int) and offset >= 0 and length > 0):
            continue
        start, end = 2 * offset, 2 * (offset + length)
        said = units[start:end].decode("utf-16-le", "replace").casefold()
        match entity.get("type"):
            case "text_mention" if _id(_part(entity, "user"), "id") == account:
                cuts.append((start, end))
            case "mention" if username and said == name:
                cuts.append((start, end))
            case "bot_command" if username and said.endswith(name):
                cuts.append((end - 2 * len(name), end))
    if not cuts and _id(_part(_part(message, "reply_to_message"), "from"), "id") != account:
        return None
    for start, end in sorted(cuts, reverse=True):
        units = units[:start] + units[end:]
    return units.decode("utf-16-le", "surrogatepass").strip()


def _place(message: Mapping[str, Any]) -> str:
    """Private or group; empty for channels, and where it is not said."""
    kind = _part(message, "chat").get("type")
    return {"private": "private", "group": "group", "supergroup": "group"}.get(
        kind if isinstance(kind, str) else "", ""
    )


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, Mapping) else {}


def _id(whole: Mapping[str, Any], name: str) -> str:
    number = whole.get(name)
    return str(number) if type(number) is int and abs(number) < 2**63 else ""


def _text(whole: Mapping[str, Any], name: str) -> str:
    text = whole.get(name)
    return text if isinstance(text, str) else ""


def _moment(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if type(seconds) is int and 0 < seconds < 2**37 else None


def authentic(header: str | None, settings: Telegram) -> bool:
    """Whether a webhook's X-Telegram-Bot-Api-Secret-Token is ours; without a secret of ours, nothing is."""
    expected = settings.secret.encode()
    return hmac.compare_digest((header or "").encode("utf-8", "surrogatepass"), expected) and expected != b""


# --- What people read ---------------------------------------------------------------------------------------------


def present(reply: Reply) -> tuple[Body, ...]:
    """The arguments of one sendMessage after the other; the buttons are below the last."""
    text, marks = _with_sources(reply)
    bodies: list[dict[str, Any]] = [
        {"text": _html(text, marks, start, end), "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}
        for start, end in split(text, LIMIT)
    ]
    if bodies and (rows := _keyboard(reply)):
        bodies[-1]["reply_markup"] = {"inline_keyboard": rows}
    return tuple(bodies)


def _with_sources(reply: Reply) -> tuple[str, list[tuple[int, int, str, str]]]:
    """The plain text with its sources below, and the spans of it that stand between two tags."""
    text = printable(reply.text)
    marks = [(start, end, "<b>", "</b>") for start, end in sorted(reply.bold)]
    if reply.sources:
        text += f"\n\n{voice(reply.language).sources}"
    for citation in reply.sources:
        line = list_sources((replace(citation, url=None),), voice(reply.language)).partition("\n")[2]
        start = len(text) + len(f"\n[{citation.number}] ")
        if citation.url and citation.url.lower().startswith(("http://", "https://")):
            opening = f'<a href="{html.escape(printable(citation.url))}">'
            marks.append((start, start + len(citation.title), opening, "</a>"))
        text += f"\n{line}"
    return text, marks


def _html(text: str, marks: Sequence[tuple[int, int, str, str]], start: int, end: int) -> str:
    """From `start` to `end`; of a marked span, what lies in there."""
    parts = []
    for first, last, opening, closing in marks:
        first, last = max(first, start), min(last, end)
        if first < last:
            inner = html.escape(text[first:last], quote=False)
            parts += [html.escape(text[start:first], quote=False), opening, inner, closing]
            start = last
    return "".join((*parts, html.escape(text[start:end], quote=False)))


def _keyboard(reply: Reply) -> list[list[dict[str, str]]]:
    def button(label: str, command: str) -> Button:
        return Button(label, f"{command} {reply.answer_id}".rstrip())

    source = messages.TELEGRAM_SOURCE if reply.language == "vi" else messages.TELEGRAM_SOURCE_ENGLISH
    sources = [button(source.format(number=each.number), f"/nguon {each.number}") for each in reply.sources]
    offered = [button(text, f"/hoi {number}") for number, text in enumerate(reply.suggestions, 1)]
    choices = [button(f"{number}. {text}", f"/hoi {number}") for number, text in enumerate(reply.choices, 1)]
    thumbs = [button("👍", "/tot"), button("👎", "/chua_tot")] if reply.answer_id and reply.sources else []
    rows = [sources[place : place + ROW] for place in range(0, len(sources), ROW)]
    rows += [[each] for each in (*offered, *choices, *reply.buttons)]
    # For one button that it does not take, Telegram refuses the whole message.
    taken = [[_button(each) for each in row if len(each.command.encode()) <= COMMAND] for row in (*rows, thumbs)]
    return [row for row in taken if row]


def _button(button: Button) -> dict[str, str]:
    label = " ".join(printable(button.label).split())
    if len(label) > LABEL:
        start, end = split(label, LABEL - 1)[0]
        label = f"{label[start:end]}…"
    return {"text": label or "…", "callback_data": button.command}


# --- Calls --------------------------------------------------------------------------------------------------------


class _TooMany(TelegramError):
    __slots__ = ("wait",)

    def __init__(self, payload: bytes) -> None:
        super().__init__("Too Many Requests")
        try:
            self.wait = float(json.loads(payload)["parameters"]["retry_after"])
        except (LookupError, TypeError, ValueError):
            self.wait = LATER


class _Request(HTTPXRequest):
    """PTB's, which warns of its own future at each 429, and logs what it cannot read: that may be people's words."""

    async def do_request(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        code, payload = await super().do_request(*args, **options)
        if code == HTTPStatus.TOO_MANY_REQUESTS:
            raise _TooMany(payload)
        return code, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        try:
            return json.loads(payload)
        except ValueError:
            raise TelegramError("the answer is no JSON") from None


class _Bot(Bot):
    def __repr__(self) -> str:
        return "Bot()"  # PTB's shows the token


@asynccontextmanager
async def open_channel(settings: Telegram, timeout: float = 20.0) -> AsyncIterator[tuple[Channel, Bot]]:
    """The channel, and the bot that polling and setting up need. No call is made, so Telegram need not be there.

    `timeout` is how many seconds Telegram may take to answer.
    """
    requests = _request(settings, CONNECTIONS, timeout), _request(settings, 1, timeout)
    bot = _Bot(
        settings.token,
        base_url=f"{settings.api_base}/bot",
        base_file_url=f"{settings.file_base}/bot",
        request=requests[0],
        get_updates_request=requests[1],
    )
    try:
        send, show, fetch = partial(_send, bot), partial(_show_working, bot), partial(_fetch, bot)
        yield Channel(NAME, settings.account, present, send, show, fetch), bot
    finally:
        await asyncio.gather(*(request.shutdown() for request in requests))


def _request(settings: Telegram, connections: int, timeout: float) -> _Request:
    try:
        return _Request(
            connections,
            connect_timeout=5.0,
            write_timeout=10.0,
            read_timeout=timeout,
            pool_timeout=5.0,
            proxy=settings.proxy or None,
            httpx_kwargs={"trust_env": False, "verify": _tls()},  # a proxy is set here or nowhere
        )
    except (RuntimeError, ValueError, httpx.InvalidURL):  # their texts may hold the proxy's password
        raise SettingsError(
            "HANOIDX_TELEGRAM_PROXY is no address of a proxy that can be used; give one like http://10.0.0.1:3128, or "
            "socks5://10.0.0.1:1080 after: pip install 'httpx[socks]'"
        ) from None


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)  # takes 40 ms


async def _call(bot: Bot, method: str, arguments: Mapping[str, Any], **timeouts: Any) -> Any:
    """The plain result of a method.

    PTB's public methods make objects of results, and fail on those that have another shape than PTB knows;
    `do_api_request` warns of every method that has such a name. Both do nothing else than this.
    """
    return await bot._post(method, dict(arguments), **timeouts)


async def _send(bot: Bot, chat: str, reply_to: str, body: Body) -> Delivery:
    try:
        arguments: dict[str, Any] = {"chat_id": chat, **body}
        if reply_to:
            arguments["reply_parameters"] = {"message_id": int(reply_to), "allow_sending_without_reply": True}
        try:
            message = await _call(bot, "sendMessage", arguments)
        except (BadRequest, ChatMigrated) as error:
            message = await _call(bot, "sendMessage", _mended(arguments, error))
        return Delivery(Outcome.SENT, str(message["message_id"]))
    except Exception as error:  # noqa: BLE001 - an answer may have any shape
        return _failure(error, bot)


def _mended(arguments: Mapping[str, Any], error: BadRequest | ChatMigrated) -> Mapping[str, Any]:
    """What may be sent instead, once; where there is nothing, the error goes on."""
    if isinstance(error, ChatMigrated):  # a group has become a supergroup, whose messages have other numbers (D)
        kept = {name: value for name, value in arguments.items() if name != "reply_parameters"}
        return {**kept, "chat_id": error.new_chat_id}
    if "can't parse entities" in error.message.casefold() and "parse_mode" in arguments:  # C1, D
        kept = {name: value for name, value in arguments.items() if name != "parse_mode"}
        return {**kept, "text": html.unescape(_TAG.sub("", arguments["text"]))}
    raise error


def _failure(error: Exception, bot: Bot) -> Delivery:
    said = _said(error, bot)
    match error:
        case _TooMany():
            return Delivery(Outcome.LATER, error=said, wait=error.wait)
        case InvalidToken() | Conflict():
            return Delivery(Outcome.LATER, error=said, wait=MENDED, broken=_broken(error, said))
        case Forbidden():  # blocked, thrown out of a group, or the account is no more (C2, C)
            return Delivery(Outcome.FAILED, error=said, unreachable=True)
        case BadRequest() | ChatMigrated():
            return Delivery(Outcome.FAILED, error=said, unreachable="chat not found" in said.casefold())
        case NetworkError() if isinstance(error.__cause__, _UNSENT):
            return Delivery(Outcome.LATER, error=said, wait=LATER)
    return Delivery(Outcome.UNKNOWN, error=said)


def _said(error: Exception, bot: Bot) -> str:
    """One line without the token, which stands in every address."""
    return " ".join(f"{error or type(error).__name__}".replace(bot.token, "…").split())[:200]


def _broken(error: InvalidToken | Conflict, said: str) -> str:
    if isinstance(error, Conflict):
        return f"Telegram says {said!r}; let only one server, or either polling or a webhook, use this bot"
    return (
        f"Telegram says {said!r} to the token; set HANOIDX_TELEGRAM_TOKEN to what @BotFather shows for the bot, "
        "and see that HANOIDX_TELEGRAM_API_BASE, if set, is Telegram's"
    )


async def _show_working(bot: Bot, inbound: Inbound) -> None:
    try:
        if inbound.click:
            await _call(bot, "answerCallbackQuery", {"callback_query_id": inbound.click}, read_timeout=5.0)
        else:
            await _call(bot, "sendChatAction", {"chat_id": inbound.chat, "action": "typing"}, read_timeout=5.0)
    except Exception as error:  # noqa: BLE001 - nobody waits for it
        logger.debug("Telegram did not show that we are working: %s", _said(error, bot))


async def _fetch(bot: Bot, file: File, limit: int) -> bytes:
    try:
        found = await bot.get_file(file.reference, read_timeout=20.0)
        if (found.file_size or 0) > limit:
            raise NotFetched(f"it has {found.file_size} bytes")
        return bytes(await found.download_as_bytearray(read_timeout=60.0))
    except TelegramError as error:  # such as "file is too big", from 20 MB (C1, D)
        raise NotFetched(_said(error, bot)) from None


# --- Updates ------------------------------------------------------------------------------------------------------


async def poll(
    bot: Bot, account: str, store: Store, *, timeout: int = 30, first_wait: float = 1.0, longest_wait: float = 30.0
) -> NoReturn:
    """Have what people did stored, batch after batch, until cancelled; SettingsError for a token that does not work.

    A batch is confirmed, by asking for the next, once it is stored; a batch may come twice. `timeout` is how many
    seconds Telegram waits for something to happen, 50 at most.
    """
    offset, wait, warned = 0, first_wait, ""
    while True:
        try:
            offset = await _next_batch(bot, account, store, offset, timeout)
        except InvalidToken as error:
            raise SettingsError(_broken(error, _said(error, bot))) from None
        except Exception as error:  # noqa: BLE001 - the database, the network, or no answer of Telegram's
            trouble = _trouble(error, bot)
            if trouble != warned:
                logger.warning("%s; it is tried again until it works", trouble)
            warned = trouble
            await asyncio.sleep(max(wait, error.wait) if isinstance(error, _TooMany) else wait)
            wait = min(2 * wait, longest_wait)
        else:
            if warned:
                logger.info("Telegram's updates come in again")
            wait, warned = first_wait, ""


class _NotStored(Exception):
    """Carries its cause's type alone: a database's text holds what people wrote."""


async def _next_batch(bot: Bot, account: str, store: Store, offset: int, timeout: int) -> int:
    """The offset that confirms the batch; 0 where all is confirmed: after a silent week numbers start anew (D)."""
    if not username(bot):
        await bot.get_me()
    arguments = {"offset": offset, "timeout": timeout, "allowed_updates": UPDATES}
    updates = await _call(bot, "getUpdates", arguments, read_timeout=timeout + 10.0)
    inbounds = [inbound for update in updates if (inbound := received(update, account, username(bot)))]
    if inbounds:
        try:
            await store(inbounds)
        except Exception as error:  # noqa: BLE001 - whatever the database raises
            raise _NotStored(type(error).__name__) from None
    return max((update["update_id"] + 1 for update in updates), default=0)


def _trouble(error: Exception, bot: Bot) -> str:
    said = _said(error, bot)
    if isinstance(error, _NotStored):
        return f"what Telegram delivered could not be stored ({said})"
    if isinstance(error, Conflict) and "webhook" in said.casefold():  # C2, C
        return "this Telegram bot has a webhook, perhaps another program's; polling gets nothing until it is removed"
    if isinstance(error, Conflict):
        return "another program polls the same Telegram bot; stop it, or give it a bot of its own"
    return f"Telegram's updates do not come in ({said})"


def username(bot: Bot) -> str:
    """Empty until Telegram has been reached once; what groups say by that name goes unheard till then."""
    try:
        return bot.username or ""
    except RuntimeError:
        return ""


async def set_up(bot: Bot, settings: Telegram) -> bool:
    """Set the webhook, or none where we poll, and the menu of commands; False where it is to be tried again later."""
    commands = [{"command": name, "description": said} for name, said in messages.TELEGRAM_COMMANDS]
    try:
        await bot.get_me()
        if settings.public_url:
            url = f"{settings.public_url.rstrip('/')}/telegram"
            hook = {"url": url, "secret_token": settings.secret, "allowed_updates": UPDATES}
            await _call(bot, "setWebhook", hook)
        else:
            await _call(bot, "deleteWebhook", {"drop_pending_updates": False})
        for language in ({"language_code": "vi"}, {}):  # {}: for everyone whose Telegram is in another language (C1, D)
            if await _call(bot, "getMyCommands", language) != commands:
                await _call(bot, "setMyCommands", {"commands": commands, **language})
    except Exception as error:  # noqa: BLE001 - nothing that happens here may stop the others
        said = _said(error, bot)
        logger.warning("Telegram is not set up: %s", _broken(error, said) if isinstance(error, InvalidToken) else said)
        return False
    return True
