"""The Zalo Bot Platform: its events in, replies out, webhook and polling.

What a rule comes from is said as in "A3, D": our notes on the platforms, section A3; D documented, R read elsewhere,
F and C seen to happen or in source, M from memory. What the Official Account needs as well stands first.
"""

import asyncio
import functools
import hmac
import json
import logging
import random
import re
import ssl
import time
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import quote

import httpx

from bot import messages
from bot.channels.message import Body, Channel, Delivery, Inbound, Kind, Outcome, Reply
from bot.channels.split import split
from bot.messages import voice
from bot.render import list_sources, list_suggestions, printable
from bot.settings import SettingsError, ZaloBot

Store = Callable[[Inbound], Awaitable[None]]

NAME = "zalo_bot"
LIMIT = 1900  # UTF-16 units; Zalo takes 2000 characters (A2, D), and does not say how it counts
TIMEOUT = 30.0  # seconds of one request in all
MENDED = 300.0  # seconds in which an operator may have mended something

_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # a database refuses them
_ADDRESS = re.compile(r"\S*/bot\S*")
_ANSWER_ID = re.compile(r" [0-9a-f]{12}$")

logger = logging.getLogger(__name__)


# --- What the Official Account needs as well ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Response:
    """What came of a request: the JSON object in the answer, or in `error` why there is none.

    `unsent`: not a byte of the request was written. `status` is 0 where no answer came.
    """

    status: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)  # may be tokens
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    unsent: bool = False


def client() -> httpx.AsyncClient:
    """Connections are dropped before servers usually do, lest a request be written to one that is being closed."""
    return httpx.AsyncClient(
        verify=_tls(), limits=httpx.Limits(max_connections=128, max_keepalive_connections=16, keepalive_expiry=30.0)
    )


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()  # takes 40 ms


async def request(http: httpx.AsyncClient, method: str, url: str, timeout: float = TIMEOUT, **content: Any) -> Response:
    """One request; never raises. An error is told by the name of its class, since its text may hold the address.

    One that takes too long in all is left to end by itself: cancelled, it may cost httpx a connection for good.
    """
    limits = httpx.Timeout(timeout, connect=min(timeout, 10.0), pool=min(timeout, 10.0))
    call = asyncio.create_task(http.request(method, url, timeout=limits, **content))
    call.add_done_callback(lambda done: done.cancelled() or done.exception())  # or asyncio would complain of it
    try:
        done, _ = await asyncio.wait({call}, timeout=timeout)
        if not done:
            raise TimeoutError
        answer = call.result()
    except _UNSENT as error:
        return Response(error=type(error).__name__, unsent=True)
    except Exception as error:  # noqa: BLE001 - whatever it was, the request may have been written
        return Response(error=type(error).__name__)
    try:
        fields = json.loads(answer.content)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, Mapping):
        return Response(answer.status_code, {}, answer.headers, f"HTTP {answer.status_code} without a JSON object")
    return Response(answer.status_code, fields, answer.headers)


def pause(failures: int, first: float, longest: float) -> float:
    """Seconds to wait after so many failures in a row, but not the same for everyone who waits."""
    return min(longest, first * 2.0 ** min(failures, 20)) * random.uniform(0.75, 1.0)  # noqa: S311


def texts(*blocks: str) -> tuple[str, ...]:
    """The blocks, an empty line between them, in as many messages as they need."""
    text = unicodedata.normalize("NFC", printable("\n\n".join(filter(None, blocks))))
    return tuple(text[start:end] for start, end in split(text, LIMIT))


def sources(reply: Reply) -> str:
    return list_sources(reply.sources, voice(reply.language)) if reply.sources else ""


def inner(fields: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = fields.get(key)
    return value if isinstance(value, Mapping) else {}


def opaque(value: object) -> str:
    """An id; empty where it is none."""
    return str(value) if isinstance(value, str | int) and str(value).isprintable() else ""


def number(value: object) -> int | None:
    """A whole number, which Zalo may write as a string."""
    try:
        return int(value) if isinstance(value, str | int) else None
    except ValueError:
        return None


def moment(milliseconds: object) -> datetime | None:
    """Counted from 1970."""
    counted = number(milliseconds)
    try:
        return datetime.fromtimestamp(counted / 1000, UTC) if counted else None
    except (ValueError, OverflowError, OSError):
        return None


def storable(value: object) -> str:
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else ""


# --- What people did ----------------------------------------------------------------------------------------------


def authentic(header: str | None, settings: ZaloBot) -> bool:
    """Whether a webhook's X-Bot-Api-Secret-Token is ours (A3, D); without a secret of ours, nothing is."""
    expected = settings.secret.encode()
    return hmac.compare_digest((header or "").encode("utf-8", "surrogatepass"), expected) and expected != b""


def received(update: Mapping[str, Any], account: str, now: datetime | None = None) -> Inbound | None:
    """What a person did, from a webhook or from getUpdates; None for what is not for us, whatever its shape."""
    event = (inner(update, "result") or update) if isinstance(update, Mapping) else {}
    message = inner(event, "message")
    kind, text = _content(event.get("event_name"), message)
    chat, sender = inner(message, "chat"), inner(message, "from")
    if kind is None or not _is_private(chat) or sender.get("is_bot") is True:
        return None
    now = now or datetime.now(UTC)
    place, person = opaque(chat.get("id")), opaque(sender.get("id"))
    key = opaque(message.get("message_id")) or opaque(message.get("date"))
    if not key and kind is Kind.HIDDEN:
        key = f"{now:%Y%m%d%H}"  # it may name its chat and nothing else (A3, D): one an hour is answered
    if not key:
        return None
    sent = moment(message.get("date")) or now
    return Inbound(NAME, account, f"{place}/{key}", place, person or place, kind, sent, text)


def _content(event_name: object, message: Mapping[str, Any]) -> tuple[Kind | None, str]:
    match event_name:
        case "message.text.received":
            text = storable(message.get("text"))
            return Kind.TEXT if text else None, text
        case "message.image.received":
            caption = storable(message.get("caption"))
            return Kind.TEXT if caption.strip() else Kind.OTHER, caption
        case "message.sticker.received" | "message.voice.received":  # voice: A3, R
            return Kind.OTHER, ""
        case "message.unsupported.received":
            return Kind.HIDDEN, ""
    return None, ""


def _is_private(chat: Mapping[str, Any]) -> bool:
    """A group is "GROUP", and its id begins with "zgr-" (A3, R F). What is unsupported may not say."""
    place = opaque(chat.get("id"))
    return place != "" and not place.startswith("zgr-") and chat.get("chat_type") in (None, "PRIVATE")


# --- What people read ---------------------------------------------------------------------------------------------


def present(reply: Reply) -> tuple[Body, ...]:
    """Plain text: a stray brace in a styled one can fail the send (A2, R F). Buttons become commands to type."""
    vietnamese = reply.language == "vi"
    command = messages.ZALO_COMMAND if vietnamese else messages.ZALO_COMMAND_ENGLISH
    how_sources = messages.ZALO_HOW_SOURCES if vietnamese else messages.ZALO_HOW_SOURCES_ENGLISH
    how_thumbs = messages.ZALO_HOW_THUMBS if vietnamese else messages.ZALO_HOW_THUMBS_ENGLISH
    offers = reply.suggestions and not reply.choices  # these stand in the text
    hints = (
        how_sources.format(number=reply.sources[0].number) if reply.sources else "",
        how_thumbs if reply.answer_id and reply.sources else "",
    )
    blocks = (
        reply.text,
        sources(reply),
        list_suggestions(reply.suggestions, voice(reply.language)) if offers else "",
        "\n".join(command.format(label=each.label, command=_typed(each.command)) for each in reply.buttons),
        " ".join(filter(None, hints)),
    )
    return tuple({"text": text} for text in texts(*blocks))


def _typed(command: str) -> str:
    """Without the id of an answer, which nobody would type; the last one is meant then."""
    return _ANSWER_ID.sub("", command)


# --- Calls --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def open_channel(settings: ZaloBot) -> AsyncIterator[Channel]:
    failures = 0  # sends in a row that may be tried again

    async def send(chat: str, _reply_to: str, body: Body) -> Delivery:
        nonlocal failures
        delivery = _delivery(await _call(http, settings, "sendMessage", {"chat_id": chat, **body}), failures)
        failures = failures + 1 if delivery.outcome is Outcome.LATER else 0
        return delivery

    async def show_working(inbound: Inbound) -> None:
        await _call(http, settings, "sendChatAction", {"chat_id": inbound.chat, "action": "typing"}, 5.0)

    async with client() as http:
        yield Channel(NAME, settings.account, present, send, show_working)


async def _call(
    http: httpx.AsyncClient, settings: ZaloBot, method: str, arguments: Mapping[str, Any], timeout: float = TIMEOUT
) -> Response:
    url = f"{settings.api_base}/bot{quote(settings.token, ':')}/{method}"
    return await request(http, "POST", url, timeout, json=arguments)


def _delivery(response: Response, failures: int) -> Delivery:
    if response.unsent:
        return Delivery(Outcome.LATER, error=response.error, wait=pause(failures, 1, 30))
    if _is_done(response):
        return Delivery(Outcome.SENT, opaque(inner(response.fields, "result").get("message_id")))
    code, said = _code(response), _said(response)
    if code == 429:  # the quota and when it begins anew are not published (A4, D)
        return Delivery(Outcome.LATER, error=said, wait=pause(failures, 5, 300))
    if code in (401, 404):
        return Delivery(Outcome.LATER, error=said, wait=MENDED, broken=_broken(said))
    if code in (403, 408) or not 400 <= code < 500:  # 403 is "Internal server error" (A4, D)
        return Delivery(Outcome.UNKNOWN, error=said)
    return Delivery(Outcome.FAILED, error=said)


def _is_done(response: Response) -> bool:
    return response.fields.get("ok") is True


def _code(response: Response) -> int:
    """Errors come with HTTP 200 and a code in the body (A2, F); those of a proxy on the way with a status alone."""
    code = number(response.fields.get("error_code"))
    return response.status if code is None else code


def _said(response: Response) -> str:
    """One line, without whatever could be an address with the token in it."""
    description = response.fields.get("description")
    if response.error or not isinstance(description, str):
        return response.error or f"error {_code(response)}"
    return f"{_code(response)} {_ADDRESS.sub('…', printable(description))}"[:200]


def _broken(said: str) -> str:
    return (
        f"Zalo says {said!r} to the bot's token; set HANOIDX_ZALO_BOT_TOKEN to what Zalo Bot Manager sent for the bot, "
        "and see that HANOIDX_ZALO_BOT_API_BASE, if set, is Zalo's"
    )


# --- Updates ------------------------------------------------------------------------------------------------------


async def set_up(settings: ZaloBot) -> bool:
    """Set the webhook; False, and one line in the log, where it is to be tried again later.

    Zalo saves an address even where it could not reach it (A2, R C), so the server has to be listening by then.
    """
    hook = {"url": f"{settings.public_url.rstrip('/')}/zalo-bot", "secret_token": settings.secret}
    async with client() as http:
        response = await _call(http, settings, "setWebhook", hook)
    verification = inner(inner(response.fields, "result"), "verification")
    if not _is_done(response):
        said = _broken(_said(response)) if _code(response) in (401, 404) else _said(response)
    elif verification.get("ok") is False:
        found = (verification.get("outcome"), verification.get("hint"))
        said = f"it could not reach {hook['url']}: {'; '.join(printable(str(each))[:200] for each in found if each)}"
    else:
        return True
    logger.warning("Zalo does not deliver to the bot's webhook: %s", said)
    return False


async def poll(settings: ZaloBot, store: Store, *, timeout: int = 30, first_wait: float = 1.0) -> NoReturn:
    """Have what people did stored, one event after the other, until cancelled; SettingsError if Zalo refuses the bot.

    For development: Zalo removes the webhook for it, and does not keep what nobody asks for (A4, D F).
    """
    failures = 0
    async with client() as http:
        await _call(http, settings, "deleteWebhook", {})
        while True:
            began = time.monotonic()
            response = await _call(http, settings, "getUpdates", {"timeout": timeout}, timeout + 5.0)
            code, said = _code(response), _said(response)
            if _is_done(response) or code == 408:  # nothing has come (A2, F C)
                failures = 0
                if inbound := received(response.fields, settings.account):
                    await _keep(inbound, store, first_wait)
                else:  # an answer that comes at once must not make this spin
                    await asyncio.sleep(max(0.0, began + 1 - time.monotonic()))
                continue
            if code in (401, 404):
                raise SettingsError(_broken(said))
            if code == 400:  # what Zalo says where there is a webhook is not known
                raise SettingsError(
                    f"Zalo says {said!r} and gives out no events; if another server has set a webhook for this bot, "
                    "stop that server, or let this one use another bot"
                )
            wait = pause(failures, 5, 300) if code == 429 else pause(failures, first_wait, 30)
            failures += 1
            logger.warning("Zalo's events do not come in (%s); asked again in %.0f s", said, wait)
            await asyncio.sleep(wait)


async def _keep(inbound: Inbound, store: Store, first_wait: float) -> None:
    """Until it is stored, because Zalo has given it out and will not again."""
    failures = 0
    while True:
        try:
            await store(inbound)
        except Exception as error:  # noqa: BLE001 - whatever the database raises; its text holds what people wrote
            logger.warning("what Zalo delivered could not be stored (%s); it is tried again", type(error).__name__)
            await asyncio.sleep(pause(failures, first_wait, 30))
            failures += 1
        else:
            return
