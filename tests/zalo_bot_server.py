"""A strict local stand-in for the Zalo Bot Platform over real HTTP, for the tests and the load generator.

Refusals come as HTTP 200 with ok:false. What the documentation leaves open stands in one named place each ("unknown:").
`python tests/zalo_bot_server.py --port 0` serves alone and prints its address.
"""

import argparse
import asyncio
import heapq
import ipaddress
import itertools
import json
import re
import secrets
import socket
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from platforms import BadBody, Json, Platform, Refused, answer_json, read_arguments, run_alone
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

TOKEN = "12345689:abc-xyz"
MAX_TEXT, MAX_CAPTION = 2000, 2000
SECRET = range(8, 257)  # the lengths a webhook's secret may have
BUFFERED = 10.0  # seconds without a poller that a message outlives
DEFAULT_POLL = 30.0
PROBE_SECONDS = 5.0
IDLE_SECONDS = 2.0  # well below the 5 s after which uvicorn closes an idle connection, perhaps as we write to it
DESCRIPTIONS = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Internal server error",  # the platform's own pairing
    404: "Not found",
    408: "Request timeout",
    429: "Quota exceeded",
}


def length(text: str) -> int:
    """In UTF-16 units, the strictest reading of "characters". Unknown: the unit of Zalo's limits."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def as_bytes(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


# Webhooks: what this stand-in shares with that of the Official Account


class Poster:
    """POST over kept connections, for the status alone: 0.25 ms of processor time each, where httpx takes 1.9 ms."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, str], list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]]] = {}

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> int:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        async with asyncio.timeout(seconds):
            reader, writer = await self._connect(parts.scheme, parts.netloc)
            kept = False
            try:
                writer.write("\r\n".join([*lines, "", ""]).encode() + body)
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                # A body of unknown length is not read, and its connection not used again.
                if size := re.search(r"\r\ncontent-length: *(\d+)", head):
                    await reader.readexactly(int(size[1]))
                    kept = "\r\nconnection: close" not in head
                status = int(head.split(" ", 2)[1][:3])
            finally:
                if kept:
                    idle = self._idle.setdefault((parts.scheme, parts.netloc), [])
                    idle.append((time.monotonic(), reader, writer))
                else:
                    writer.transport.abort()
        return status

    async def _connect(self, scheme: str, place: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        idle = self._idle.get((scheme, place), [])
        while idle:
            since, reader, writer = idle.pop()
            if time.monotonic() - since < IDLE_SECONDS and not reader.at_eof():
                return reader, writer
            writer.transport.abort()
        parts = urlsplit(f"//{place}")
        secure = scheme == "https"
        port = parts.port or (443 if secure else 80)
        return await asyncio.open_connection(parts.hostname, port, ssl=True if secure else None)

    async def close(self) -> None:
        for _, _, writer in itertools.chain.from_iterable(self._idle.values()):
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


@dataclass(frozen=True, slots=True)
class Event:
    """An event on its way to the webhook; those of one chat go one after another."""

    chat: str
    name: str
    body: Json


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try at posting an event, numbered from 1. `status` is 0 where no answer came; `note` says what went wrong."""

    at: float
    chat: str
    event: str
    attempt: int
    status: int
    seconds: float
    note: str
    body: str


class WebhookPlatform(Platform):
    """Posts events: each chat's first tries in turn, later ones by the clock, so that one failure holds nobody up."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        super().__init__(routes)
        self.webhook = ""
        self.copies = 1  # how many times each event is posted, all at once
        self.delays: Sequence[float] = ()  # seconds before each further try
        self.retry_on: Sequence[str] = ("failure", "status")  # no answer, one other than 200; "slow" is a late 200
        self.deadline = 2.0  # an answer that takes longer is noted as slow
        self.post_timeout = 10.0  # real seconds for any answer
        self.switches |= {"copies", "delays", "retry_on", "deadline", "post_timeout"}
        self.controls |= {
            "hold": self.hold,
            "release": self.release,
            "repeat": self.repeat,
            "deliveries": self.deliveries,
        }
        self._deliveries: list[Delivery] = []
        self._held: list[Event] | None = None
        self._recent: deque[Event] = deque(maxlen=1000)  # what `repeat` can repeat
        self._lines: dict[str, deque[Event]] = {}
        self._retries: list[tuple[float, int, Event, int]] = []
        self._order = itertools.count()
        self._ids = itertools.count(1)
        self._prefix = secrets.token_hex(6)  # a receiver that outlives this server must not know its ids already
        self._poster = Poster()

    @abstractmethod
    def prepare(self, event: Event, attempt: int) -> tuple[Mapping[str, str], bytes]:
        """Headers and the exact bytes of one try."""

    def closed(self) -> str:
        """Why nothing can be posted now."""
        return "" if self.webhook else "no webhook"

    def given_up(self, event: Event) -> None:
        """The last try has failed."""

    def new_id(self) -> str:
        return f"{self._prefix}{next(self._ids):08x}"

    def stamp(self) -> int:
        return int(self.now() * 1000)

    def deliveries(self, since: int = 0) -> list[Delivery]:
        """Every finished try, in order."""
        return self._deliveries[since:]

    def hold(self) -> None:
        """Keep events back until `release`."""
        with self.lock:
            self._held = self._held or []

    def release(self, order: Sequence[int] | None = None) -> None:
        """Post the held events, numbered from 0; with an `order`, strictly one after another, across chats too."""
        with self.lock:
            held, self._held = self._held or [], None
            if order is None:
                for event in held:
                    self.take(event)
                return
            if sorted(order) != list(range(len(held))):
                self._held = held
                raise ValueError(f"held are {len(held)} events")
            line = f"released {next(self._order)}"
            for number in order:
                self.take(held[number], line)

    def repeat(self, back: int = 1) -> None:
        """Post an event once more: the last, or the one so many back."""
        if not 0 < back <= len(self._recent):
            raise LookupError(f"{len(self._recent)} events can be repeated")
        self.take(self._recent[-back])

    def deliver(self, event: Event) -> None:
        """Send a new event on its way. For any thread, as all of the above."""
        with self.lock:
            self._recent.append(event)
            if self._held is not None:
                self._held.append(event)
                return
        self.take(event)

    def take(self, event: Event, line: str | None = None) -> None:
        if self._loop is None:
            raise RuntimeError("the server does not run")
        self._loop.call_soon_threadsafe(self._enqueue, event.chat if line is None else line, event)

    def _enqueue(self, line: str, event: Event) -> None:
        waiting = self._lines.get(line)
        if waiting is not None:
            waiting.append(event)
            return
        self._lines[line] = deque([event])
        self.spawn(self._work_off(line))

    async def _work_off(self, line: str) -> None:
        waiting = self._lines[line]
        while waiting:
            event = waiting.popleft()
            if self.copies == 1:
                await self._attempt(event, 1)
            else:
                await asyncio.gather(*(self._attempt(event, 1) for _ in range(self.copies)))
        del self._lines[line]

    async def _attempt(self, event: Event, attempt: int) -> None:
        if reason := self.closed():
            self.record(Delivery(self.now(), event.chat, event.name, attempt, 0, 0.0, reason, ""))
            return
        delivery = await self.post(self.webhook, event, attempt)
        failed = "failure" if not delivery.status else "status" if delivery.status != 200 else ""
        if not failed and delivery.seconds > self.deadline:
            failed = "slow"
        if failed in self.retry_on and self.delays:
            if attempt <= len(self.delays):
                self._try_again(event, attempt + 1, self.delays[attempt - 1])
            else:
                self.given_up(event)
                delivery = replace(delivery, note=f"{delivery.note}; given up".lstrip("; "))
        self.record(delivery)

    async def post(self, url: str, event: Event, attempt: int) -> Delivery:
        headers, body = self.prepare(event, attempt)
        at, started, status, note = self.now(), time.perf_counter(), 0, ""
        try:
            status = await self._poster.post(url, headers, body, self.post_timeout)
        except (OSError, EOFError, ValueError) as error:  # TimeoutError is an OSError
            note = f"{type(error).__name__} {error}".rstrip()
        seconds = time.perf_counter() - started
        if seconds > self.deadline:
            note = f"slow {note}".rstrip()
        return Delivery(at, event.chat, event.name, attempt, status, seconds, note, body.decode())

    def record(self, delivery: Delivery) -> None:
        with self.lock:
            self._deliveries.append(delivery)
        self.wake()

    def _try_again(self, event: Event, attempt: int, delay: float) -> None:
        heapq.heappush(self._retries, (self.now() + delay * self.pace, next(self._order), event, attempt))
        if len(self._retries) == 1:
            self.spawn(self._wait_to_try())

    async def _wait_to_try(self) -> None:
        # One task for all retries: as many that each wait for `changed` would all wake at every call.
        while self._retries:
            if (left := self._retries[0][0] - self.now()) > 0:
                await self.changed(left)
                continue
            _, _, event, attempt = heapq.heappop(self._retries)
            self.spawn(self._attempt(event, attempt))

    async def serve(self, listening: socket.socket, started: Callable[[], None], stop: asyncio.Event) -> None:
        # Connections inherit it. asyncio sets it only on sockets that name TCP as their protocol, and without it every
        # answer waits 40 ms for the client's delayed acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        closing = asyncio.Event()
        serving = asyncio.create_task(super().serve(listening, started, closing))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
            # Before Python 3.12 a connection accepted just as the server closes is leaked, with a warning.
            asyncio.get_running_loop().remove_reader(listening)
            await asyncio.sleep(0)
            closing.set()
            await serving
        finally:
            stopping.cancel()
            await self._poster.close()


# Arguments


def bad(description: str) -> Refused:
    return Refused(400, f"Bad request: {description}")


def _string(arguments: Json, name: str, longest: int = MAX_TEXT) -> str:
    value = arguments.get(name)
    if not isinstance(value, str):
        raise bad(f"{name} must be a String")
    if not value.strip():
        raise bad(f"{name} must not be empty")
    if length(value) > longest:
        raise bad(f"{name} must not exceed {longest} characters")
    return value


def _web_address(arguments: Json, name: str) -> str:
    value = _string(arguments, name)
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad(f"{name} must be a URL")
    return value


def _seconds(arguments: Json) -> float:
    """`timeout` is documented as a String, and sent as a number in the sample."""
    value = arguments.get("timeout", DEFAULT_POLL)
    if isinstance(value, str) and re.fullmatch(r"\d{1,5}", value):
        return float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    raise bad("timeout must be a number of seconds")


def _check_styling(arguments: Json, text: str) -> None:
    mode = arguments.get("parse_mode")
    if mode not in (None, "markdown", "html"):
        raise bad("parse_mode must be markdown or html")
    if mode == "markdown":
        rest, found = text, 1
        while found:  # {red}…{/red}: a brace that belongs to no such pair fails the send
            rest, found = re.subn(r"\{([a-z]+)\}((?:(?!\{\1\}).)*?)\{/\1\}", r"\2", rest, flags=re.DOTALL)
        if "{" in rest or "}" in rest:
            raise bad("can't parse text")
    styles = arguments.get("text_styles", [])
    if isinstance(styles, str):
        try:
            styles = json.loads(styles)
        except ValueError:
            raise bad("text_styles is not JSON") from None
    if not isinstance(styles, list):
        raise bad("text_styles must be an Array")
    for style in styles:
        if not isinstance(style, dict) or set(style) != {"start", "len", "st"} or not isinstance(style["st"], str):
            raise bad("text_styles must hold objects of start, len and st")
        start, size = style["start"], style["len"]
        if type(start) is not int or type(size) is not int or start < 0 or size < 1 or start + size > length(text):
            raise bad("text_styles must lie within the text")


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


# Every method with the parameters it takes; any other is refused, for what the platform ignores we should not send.
METHODS: Mapping[str, frozenset[str]] = {
    "getMe": frozenset(),
    "getUpdates": frozenset({"timeout"}),
    "setWebhook": frozenset({"url", "secret_token"}),
    "deleteWebhook": frozenset(),
    "getWebhookInfo": frozenset(),
    "sendMessage": frozenset({"chat_id", "text", "parse_mode", "text_styles"}),
    "sendPhoto": frozenset({"chat_id", "photo", "caption"}),
    "sendSticker": frozenset({"chat_id", "sticker"}),
    "sendVoice": frozenset({"chat_id", "voice_url"}),
    "sendChatAction": frozenset({"chat_id", "action"}),
}


# The server


class ZaloBotServer(WebhookPlatform):
    def __init__(self, token: str = TOKEN, name: str = "Bot HanoiDX") -> None:
        super().__init__([Route("/bot{token}/{method}", self._bot, methods=["GET", "POST"])])
        self.token = token
        self.me: Json = {
            "id": token.partition(":")[0],
            "account_name": name,
            "account_type": "BASIC",
            "can_join_groups": False,
        }
        self.mirror_status = False  # whether a refusal's code is its HTTP status too
        self.allow_local = False  # whether setWebhook takes http and addresses of this machine
        self.photo_field = "photo"  # documented; "photo_url" is what was seen live
        self.quota: int | None = None  # how many messages can still be sent; None: any number
        self.buffer: float | None = BUFFERED  # None: a message waits for a poller for ever
        self.lost = 0  # messages that waited too long for a poller
        self.switches |= {"mirror_status", "allow_local", "photo_field", "quota", "buffer"}
        self.controls |= {
            "person": self.person,
            "text": self.text,
            "image": self.image,
            "sticker": self.sticker,
            "voice": self.voice,
            "unsupported": self.unsupported,
            "other": self.other,
            "update": self.update,
            "lost": lambda: self.lost,
        }
        self._people: dict[str, str] = {}  # names by id
        self._chats: set[str] = set()
        self._secret = ""
        self._webhook_set = 0
        self._queue: deque[tuple[float, Json]] = deque()  # for a poller, with when it came
        self._polled = self.now()  # when the last poll ended
        self._perform: dict[str, Callable[[Json], Json]] = {
            "getMe": lambda arguments: {"result": self.me},
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": lambda arguments: {"result": self._webhook_info()},
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendSticker": self._send_sticker,
            "sendVoice": self._send_voice,
            "sendChatAction": self._send_action,
        }

    # What people do. Each returns the event. A chat whose id begins with "zgr-" is a group, where `sender` writes.

    def person(self, chat: str, name: str = "Lan") -> None:
        """Someone who has written before, to whom the bot can write."""
        with self.lock:
            self._people[chat] = name
            self._chats.add(chat)

    def text(self, chat: str, text: str, *, sender: str = "") -> Json:
        return self._say(chat, "message.text.received", {"text": text}, text, sender)

    def image(self, chat: str, url: str = "https://anh.example/1.jpg", *, caption: str = "", sender: str = "") -> Json:
        content = {self.photo_field: url} | ({"caption": caption} if caption else {})
        return self._say(chat, "message.image.received", content, caption or "[image]", sender)

    def sticker(self, chat: str, sticker: str = "bfe458bf", *, sender: str = "") -> Json:
        content = {"sticker": sticker, "url": f"https://sticker.example/{sticker}.png"}
        return self._say(chat, "message.sticker.received", content, "[sticker]", sender)

    def voice(self, chat: str, url: str = "https://voice.example/1.aac", *, sender: str = "") -> Json:
        return self._say(chat, "message.voice.received", {"voice_url": url}, "[voice]", sender)

    def unsupported(self, chat: str, *, bare: bool = True, sender: str = "") -> Json:
        """What the platform does not pass on, in place of anything that someone in a protected group sends.

        Only `chat.id` is certain, and all there is of a `bare` one.
        """
        if not bare:
            return self._say(chat, "message.unsupported.received", {}, "[unsupported]", sender)
        with self.lock:
            self._chats.add(chat)
            self.show(chat, "person", "message", "[unsupported]")
        return self.update({"event_name": "message.unsupported.received", "message": {"chat": {"id": chat}}})

    def other(self, chat: str, event_name: str = "message.location.received", content: Json | None = None) -> Json:
        """An event whose name nobody has heard of."""
        return self._say(chat, event_name, content or {}, f"[{event_name}]", "")

    def _say(self, chat: str, event_name: str, content: Json, seen: str, sender: str) -> Json:
        group = chat.startswith("zgr-")
        if group and not sender:
            raise ValueError("who writes in the group?")
        who = sender if group else chat
        with self.lock:
            self._chats.add(chat)
            name = self._people.setdefault(who, "Lan")
            message_id = self.new_id()
            self.show(chat, "person", "message", seen, message_id)
        message = {
            "from": {"id": who, "display_name": name, "is_bot": False},
            "chat": {"id": chat, "chat_type": "GROUP" if group else "PRIVATE"},
            **content,
            "message_id": message_id,
            "date": self.stamp(),
        }
        return self.update({"event_name": event_name, "message": message})

    def update(self, event: Json) -> Json:
        """Send the bot any event, or the same one again."""
        message = event.get("message")
        chat = message.get("chat") if isinstance(message, dict) else None
        line = str(chat.get("id", "")) if isinstance(chat, dict) else ""
        self.deliver(Event(line, str(event.get("event_name", "")), event))
        return event

    def take(self, event: Event, line: str | None = None) -> None:
        if self.webhook:
            super().take(event, line)
            return
        with self.lock:
            self._queue.append((self.now(), event.body))
        self.wake()

    def prepare(self, event: Event, attempt: int) -> tuple[Mapping[str, str], bytes]:
        headers = {"Content-Type": "application/json", "X-Bot-Api-Secret-Token": self._secret}
        return headers, as_bytes({"ok": True, "result": event.body})

    # What the bot does

    async def _bot(self, request: Request) -> Response:
        token, method = request.path_params["token"], request.path_params["method"]
        arguments: Json = {}
        refused: Refused | None = None
        try:
            arguments = await read_arguments(request)
        except BadBody as error:
            refused = bad(str(error))
        if token != self.token:
            refused = Refused(401)
        elif method not in METHODS:
            refused = bad(f"there is no method {method}")  # 400 is "path or API name" in the list of codes
        elif refused is None and (unknown := sorted(arguments.keys() - METHODS[method])):
            refused = bad(f"unknown parameter {unknown[0]}")

        async def perform() -> Response:
            if refused:
                raise refused
            if method == "getUpdates":
                return answer_json({"ok": True, "result": await self._get_updates(arguments, request)})
            if method == "setWebhook":
                return answer_json({"ok": True, "result": await self._set_webhook(arguments)})
            with self.lock:
                return answer_json({"ok": True} | self._perform[method](arguments))

        return await self.answer(request, method, arguments, perform)

    def refusal(self, refused: Refused) -> Response:
        code = refused.code
        body = {"ok": False, "description": refused.description or DESCRIPTIONS.get(code, "Error"), "error_code": code}
        return answer_json(body, code if self.mirror_status else 200)

    async def _get_updates(self, arguments: Json, request: Request) -> Json:
        until = self.now() + _seconds(arguments)
        self._forget_missed()
        try:
            while True:
                # An event is given once: none may go to a poller that has left.
                if await request.is_disconnected():
                    raise Refused(408)
                if self.webhook:
                    raise bad("getUpdates cannot be used while a webhook is set")  # unknown: the code
                if self._queue:
                    return self._queue.popleft()[1]
                if (left := until - self.now()) <= 0:
                    raise Refused(408)
                await self.changed(left)
        finally:
            self._polled = self.now()

    def _forget_missed(self) -> None:
        """A short gap between polls is bridged; what came before a longer one's last seconds is gone."""
        if self.buffer is None or self.now() - self._polled <= self.buffer:
            return
        with self.lock:
            while self._queue and self.now() - self._queue[0][0] > self.buffer:
                self._queue.popleft()
                self.lost += 1

    async def _set_webhook(self, arguments: Json) -> Json:
        url, secret = _web_address(arguments, "url"), _string(arguments, "secret_token")
        parts = urlsplit(url)
        if parts.scheme != "https" and not self.allow_local:
            raise bad("url must be https")
        if _is_local(parts.hostname or "") and not self.allow_local:
            raise bad("url must be public")
        if length(secret) not in SECRET:
            raise bad(f"secret_token must have {SECRET[0]} to {SECRET[-1]} characters")
        verification = await self._probe(url, secret)
        self.webhook, self._secret, self._webhook_set = url, secret, self.stamp()
        return {**self._webhook_info(), "verification": verification}

    async def _probe(self, url: str, secret: str) -> Json:
        """Unknown: what the platform posts to a new address, and its words for outcomes."""
        headers = {"Content-Type": "application/json", "X-Bot-Api-Secret-Token": secret}
        body = as_bytes({"ok": True, "result": {"event_name": "webhook.verification", "message": {}}})
        try:
            status = await self._poster.post(url, headers, body, min(self.post_timeout, PROBE_SECONDS))
        except TimeoutError:
            return {"ok": False, "url": url, "outcome": "timeout", "hint": "The server must answer sooner"}
        except (OSError, EOFError, ValueError):
            return {"ok": False, "url": url, "outcome": "unreachable", "hint": "The server must be reachable"}
        if status != 200:
            return {"ok": False, "url": url, "outcome": f"http_{status}", "hint": "The server must answer 200"}
        return {"ok": True, "url": url, "outcome": "ok", "hint": ""}

    def _delete_webhook(self, arguments: Json) -> Json:
        self.webhook, self._secret, self._webhook_set = "", "", self.stamp()
        return {"result": self._webhook_info()}

    def _webhook_info(self) -> Json:
        return {"url": self.webhook, "updated_at": self._webhook_set}

    def _chat(self, arguments: Json) -> str:
        chat = _string(arguments, "chat_id")
        if chat not in self._chats:
            raise bad("chat not found")  # unknown: the code
        return chat

    def _send(self, chat: str, what: str, text: str, **details: object) -> Json:
        if self.quota is not None:
            if self.quota < 1:
                raise Refused(429)
            self.quota -= 1
        message_id = self.new_id()
        self.show(chat, "bot", what, text, message_id, **details)
        return {"result": {"message_id": message_id, "date": self.stamp()}}

    def _send_message(self, arguments: Json) -> Json:
        chat, text = self._chat(arguments), _string(arguments, "text")
        _check_styling(arguments, text)
        styling = {name: arguments[name] for name in ("parse_mode", "text_styles") if name in arguments}
        return self._send(chat, "message", text, **styling)

    def _send_photo(self, arguments: Json) -> Json:
        chat, photo = self._chat(arguments), _web_address(arguments, "photo")
        caption = _string(arguments, "caption", MAX_CAPTION) if "caption" in arguments else ""
        return self._send(chat, "photo", caption, photo=photo)

    def _send_sticker(self, arguments: Json) -> Json:
        return self._send(self._chat(arguments), "sticker", "", sticker=_string(arguments, "sticker"))

    def _send_voice(self, arguments: Json) -> Json:
        chat, voice = self._chat(arguments), _web_address(arguments, "voice_url")
        if not urlsplit(voice).path.endswith(".aac"):
            raise bad("voice_url must be an .aac file")
        if chat.startswith("zgr-"):
            raise bad("voice can be sent to one person only")
        return self._send(chat, "voice", "", voice_url=voice)

    def _send_action(self, arguments: Json) -> Json:
        chat = self._chat(arguments)
        if arguments.get("action") != "typing":
            raise bad("action must be typing")
        self.show(chat, "bot", "typing", "")
        return {}


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a stand-in for the Zalo Bot Platform until interrupted.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--allow-local", action="store_true", help="let setWebhook take an address of this machine")
    options = parser.parse_args()
    server = ZaloBotServer(options.token)
    server.allow_local = options.allow_local
    run_alone(server, options.port)


if __name__ == "__main__":
    main()
