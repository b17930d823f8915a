"""A Zalo Official Account: signed webhooks in, replies with buttons out.

What a rule comes from is said as in bot/channels/zalo_bot.py, which has what both platforms share.
"""

import asyncio
import hashlib
import hmac
import json
import time
import unicodedata
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bot import messages
from bot.channels.message import Body, Channel, Delivery, File, Inbound, Kind, NotFetched, Outcome, Reply
from bot.channels.split import split, utf16
from bot.channels.tokens import CHANNEL, NoToken, Tokens
from bot.channels.zalo_bot import (
    MENDED,
    Response,
    client,
    inner,
    moment,
    number,
    opaque,
    pause,
    request,
    sources,
    storable,
    texts,
)
from bot.render import printable
from bot.settings import ZALO_OA, ZaloOA
from corpus.errors import CorpusError

NAME = CHANNEL
BUTTONS, TITLE, PAYLOAD = 5, 100, 1000  # of a message; characters of a button and of what it sends (B3, C R)
SUGGESTIONS = 3  # of the buttons
LATE = timedelta(hours=2)  # a repeated delivery keeps its time, and the last comes after 1 h 50 min (B2, R)
HOLD = 5.0  # seconds without sends once none are left for this minute

_EXPIRED = frozenset({-216, -220})
_UNREACHABLE = frozenset({-213, -217, -227, -244})
_LATER = {-32: 5.0, -200: 2.0, -211: 60.0, -234: MENDED, -216: 60.0, -220: 60.0}  # seconds, at first
_BROKEN = {
    -204: "it is not there or not active",
    -205: "it is not there or not active",
    -209: "the app is not active",
    -212: "the app has not registered this API",
    -219: "the app has been removed",
    -221: "it has not been verified",
    -223: "it has not authorised the app",
    -224: "its package is too low for this API",
    -242: "the call lacks a valid proof of the app secret",
    -320: "billing is not in order",
    -321: "billing is not in order",
}
_ADDRESS = "HANOIDX_ZALO_OA_API_BASE, if set, has to be Zalo's"


# --- What people did ----------------------------------------------------------------------------------------------


def authentic(raw: bytes, headers: Mapping[str, str], settings: ZaloOA, now: datetime) -> bool:
    """Whether Zalo has signed a webhook's body for our app, and not long ago (B2, D). `headers` know no case."""
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        return False
    if not isinstance(event, Mapping) or opaque(event.get("app_id")) != settings.app_id or not settings.secret_key:
        return False
    given = (headers.get("x-zevent-signature") or "").strip().lower().removeprefix("mac=")
    for stamp in _stamps(event, headers):
        sent = moment(stamp)
        is_signed = hmac.compare_digest(
            given.encode("utf-8", "surrogatepass"), _signature(raw, stamp, settings).encode()
        )
        if is_signed and sent and abs(now - sent) <= LATE:
            return True
    return False


def _stamps(event: Mapping[str, Any], headers: Mapping[str, str]) -> tuple[str, ...]:
    """That of the body is documented (B2, R), that of a header seen in source (C)."""
    return opaque(event.get("timestamp")), headers.get("x-zevent-timestamp") or ""


def _signature(raw: bytes, stamp: str, settings: ZaloOA) -> str:
    """Plain SHA-256, not HMAC (B2, D). Whether the key is the webhook's or the app's is a setting (R C)."""
    signed = settings.app_id.encode() + raw + stamp.encode("utf-8", "surrogatepass") + settings.secret_key.encode()
    return hashlib.sha256(signed).hexdigest()


def is_probe(raw: bytes) -> bool:
    """What Zalo posts, unsigned, when the address is saved; it wants 200 (B2, C)."""
    return raw.strip() == b"{}"


def received(event: Mapping[str, Any], settings: ZaloOA, now: datetime | None = None) -> Inbound | None:
    """What a person did; None for what is not for us, such as our own messages, whatever its shape."""
    if not isinstance(event, Mapping):
        return None
    called, message = opaque(event.get("event_name")), inner(event, "message")
    follows = called in ("follow", "unfollow")
    account = opaque(event.get("oa_id") if follows else inner(event, "recipient").get("id"))
    person = opaque(inner(event, "follower" if follows else "sender").get("id"))
    key = f"{person}/{opaque(event.get('timestamp'))}" if follows else opaque(message.get("msg_id"))
    if account != settings.account or not person or not key or not (follows or called.startswith("user_send_")):
        return None
    kind, text, file = Kind.OTHER, "", None
    if follows:
        kind = Kind.JOINED if called == "follow" else Kind.LEFT
    elif called == "user_send_text":
        kind, text = Kind.TEXT, _typed(message)
    elif called == "user_send_file":
        file = _file(message)
    sent = moment(event.get("timestamp")) or now or datetime.now(UTC)
    return Inbound(NAME, account, f"{called}/{key}", person, person, kind, sent, text, file=file)


def _file(message: Mapping[str, Any]) -> File | None:
    """Its name and size are said by some accounts of the API only (B2, R)."""
    attachments = message.get("attachments")
    first = attachments[0] if isinstance(attachments, list) and attachments else {}
    payload = inner(first, "payload") if isinstance(first, Mapping) else {}
    reference = storable(payload.get("url"))
    name, size = storable(payload.get("name")), number(payload.get("size"))
    return File(name[:255], size or 0, reference) if reference else None


def _typed(message: Mapping[str, Any]) -> str:
    """A pressed button is believed to come as a text, that of its payload (B2, M)."""
    return storable(message.get("text"))


# --- What people read ---------------------------------------------------------------------------------------------


def present(reply: Reply) -> tuple[Body, ...]:
    """The text with its sources; the buttons are below the last part."""
    bodies: list[dict[str, Any]] = [{"text": text} for text in texts(reply.text, sources(reply))]
    if bodies and (buttons := _buttons(reply)):
        bodies[-1]["attachment"] = {"type": "template", "payload": {"buttons": buttons}}
    return tuple(bodies)


def _buttons(reply: Reply) -> list[dict[str, str]]:
    """As many as a message takes. What finds no room can be typed: the number of a choice, "/nguon", "/gop_y"."""
    vietnamese = reply.language == "vi"
    buttons = [_button(each.label, each.command) for each in reply.buttons]
    # Without an answer to find it by, a suggestion is asked in its own words.
    for place, text in enumerate(reply.suggestions[:SUGGESTIONS], 1):
        buttons.append(_button(text, f"/hoi {place} {reply.answer_id}" if reply.answer_id else text))
    for place, text in enumerate(reply.choices, 1):
        buttons.append(_button(f"{place}. {text}", f"/hoi {place} {reply.answer_id}".rstrip()))
    if reply.sources:
        title = messages.ZALO_SOURCES if vietnamese else messages.ZALO_SOURCES_ENGLISH
        buttons.append(_button(title, f"/nguon {reply.answer_id}".rstrip()))
    if reply.answer_id and reply.sources:
        title = messages.ZALO_THUMBS if vietnamese else messages.ZALO_THUMBS_ENGLISH
        buttons.append(_button(title, f"/gop_y {reply.answer_id}"))
    return buttons[:BUTTONS]


def _button(title: str, payload: str) -> dict[str, str]:
    title = unicodedata.normalize("NFC", " ".join(printable(title).split()))
    if utf16(title) > TITLE:
        start, end = split(title, TITLE - 1)[0]
        title = f"{title[start:end]}…"
    return {"title": title or "…", "type": "oa.query.hide", "payload": printable(payload)[:PAYLOAD]}


# --- Calls --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def open_channel(settings: ZaloOA, tokens: Tokens) -> AsyncIterator[Channel]:
    failures, held = 0, 0.0  # sends in a row that may be tried again; until when none is tried

    async def send(chat: str, _reply_to: str, body: Body) -> Delivery:
        nonlocal failures, held
        if (wait := held - time.monotonic()) > 0:
            return Delivery(Outcome.LATER, error="no more messages in this minute", wait=wait)
        try:
            response = await _post(http, settings, tokens, {"recipient": {"user_id": chat}, "message": body})
        except NoToken as error:
            said = str(error)
            return Delivery(Outcome.LATER, error=said, wait=error.wait, broken=said if error.broken else "")
        except Exception as error:  # noqa: BLE001 - of the tokens' database; nothing has been sent
            return Delivery(Outcome.LATER, error=type(error).__name__, wait=HOLD)
        if number(response.headers.get("x-ratelimit-remain")) == 0:  # of all that the app may send (B4, R)
            held = time.monotonic() + HOLD
        delivery = _delivery(response, settings, failures)
        failures = failures + 1 if delivery.outcome is Outcome.LATER else 0
        return delivery

    async def show_working(_: Inbound) -> None:
        """No such action is known (B3, M)."""

    async def fetch(file: File, limit: int) -> bytes:
        """From some host of Zalo's (B2, R): which is not known, so that none inside this network is asked."""
        from corpus.reading.fetch import fetch as from_address  # for admins alone

        is_elsewhere = settings.api_base != ZALO_OA
        try:
            fetched = await asyncio.to_thread(from_address, file.reference, allow_private=is_elsewhere)
        except CorpusError as error:
            raise NotFetched(str(error)) from None
        if len(fetched.content) > limit:
            raise NotFetched(f"it has {len(fetched.content)} bytes")
        return fetched.content

    async with client() as http:
        yield Channel(NAME, settings.account, present, send, show_working, fetch)


async def _post(http: httpx.AsyncClient, settings: ZaloOA, tokens: Tokens, message: Body) -> Response:
    """With another token if Zalo refuses the one we have, once. Raises NoToken; then nothing has been sent."""
    url = f"{settings.api_base}/v3.0/oa/message/cs"
    token = await tokens.current()
    response = await request(http, "POST", url, json=message, headers={"access_token": token})
    if number(response.fields.get("error")) in _EXPIRED:
        token = await tokens.current(refused=token)
        response = await request(http, "POST", url, json=message, headers={"access_token": token})
    return response


def _delivery(response: Response, settings: ZaloOA, failures: int) -> Delivery:
    """Errors come with HTTP 200 and a code in the body; the classes of codes are B5's (R)."""
    if response.unsent:
        return Delivery(Outcome.LATER, error=response.error, wait=pause(failures, 1, 30))
    code, said = number(response.fields.get("error")), _said(response)
    if code == 0:
        return Delivery(Outcome.SENT, opaque(inner(response.fields, "data").get("message_id")))
    if code is None and response.status == 429:
        return Delivery(Outcome.LATER, error=said, wait=pause(failures, 5, 300))
    if code is None and 400 <= response.status < 500:
        return Delivery(Outcome.LATER, error=said, wait=MENDED, broken=_broken(settings, said, _ADDRESS))
    if code is None:
        return Delivery(Outcome.UNKNOWN, error=said)
    if code in _BROKEN:
        return Delivery(Outcome.LATER, error=said, wait=MENDED, broken=_broken(settings, said, _BROKEN[code]))
    if code in _LATER:
        return Delivery(Outcome.LATER, error=said, wait=pause(failures, _LATER[code], 300))
    return Delivery(Outcome.FAILED, error=said, unreachable=code in _UNREACHABLE)


def _said(response: Response) -> str:
    said = response.fields.get("message")
    error = number(response.fields.get("error"))
    return response.error or printable(f"error {error} {said if isinstance(said, str) else ''}"[:200].rstrip())


def _broken(settings: ZaloOA, said: str, why: str) -> str:
    return (
        f"Zalo lets the Official Account {settings.account} send nothing ({said}): {why}; "
        "see to it at oa.zalo.me or developers.zalo.me"
    )
