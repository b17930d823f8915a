"""What the local stand-ins for messaging platforms share: a real HTTP server, faults to order, a transcript, a clock.

It knows no platform. A `Platform` runs in a thread of the test (`running`) or in a process of its own (`run_alone`);
its `controls` answer under `/__ctl/` too, with the same names and arguments, for a caller in another process.
"""

import asyncio
import email.parser
import email.policy
import json
import random
import signal
import socket
import struct
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal, TypeVar, get_args
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

Json = dict[str, Any]
Who = Literal["bot", "person"]
Kind = Literal["refuse", "http", "hang", "cut", "reset", "drop"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Kind
    code: int = 0
    body: str = ""
    retry_after: int | None = None
    seconds: float = 0.0


def refuse(code: int, description: str = "", retry_after: int | None = None) -> Fault:
    """The platform's own error, in its own envelope; the action does not happen."""
    return Fault("refuse", code, description, retry_after)


def http(status: int, body: str = "", retry_after: int | None = None) -> Fault:
    """An answer as written, such as a proxy's 502 page; the action does not happen."""
    return Fault("http", status, body, retry_after)


def broken_json() -> Fault:
    return Fault("http", 200, '{"ok":true,"result":{"message_')


def hang(seconds: float) -> Fault:
    """Held for real seconds, then performed and answered as usual, unless the client has gone by then."""
    return Fault("hang", seconds=seconds)


def cut() -> Fault:
    """The connection is closed before any byte of an answer; the action does not happen."""
    return Fault("cut")


def reset() -> Fault:
    """As `cut`, but with a TCP reset."""
    return Fault("reset")


def drop(seconds: float = 0.0) -> Fault:
    """The action happens, and is in the transcript; after real seconds the connection is closed with no answer."""
    return Fault("drop", seconds=seconds)


@dataclass(slots=True)
class _Order:
    fault: Fault
    left: int | None
    chance: float
    random: random.Random


class Faults:
    """What is to go wrong, per method; `*` stands for any. Names are compared without case, as Telegram does."""

    def __init__(self) -> None:
        self._orders: dict[str, list[_Order]] = {}
        self._lock = threading.Lock()

    def order(
        self, method: str, fault: Fault, times: int | None = 1, *, chance: float = 1.0, seed: int | None = None
    ) -> None:
        """Give `fault` to the next `times` calls (None: to all), each with `chance`; orders are served in turn."""
        with self._lock:
            orders = self._orders.setdefault(method.casefold(), [])
            orders.append(_Order(fault, times, chance, random.Random(seed)))

    def clear(self) -> None:
        with self._lock:
            self._orders.clear()

    def next(self, method: str) -> Fault | None:
        if not self._orders:
            return None
        with self._lock:
            for name in (method.casefold(), "*"):
                for order in self._orders.get(name, ()):
                    if order.chance < 1 and order.random.random() >= order.chance:
                        continue
                    if order.left is not None:
                        order.left -= 1
                        if not order.left:
                            self._orders[name].remove(order)
                    return order.fault
        return None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart body."""

    name: str
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A finished call. `outcome` is "ok", the refusal, or empty where it was not performed; `fault` is a kind."""

    n: int
    at: float
    method: str
    arguments: Json
    outcome: str
    fault: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person saw happen in a chat: `what` is "message", "edit", "typing" and whatever else the platform has."""

    n: int
    at: float
    chat: str
    who: Who
    what: str
    text: str
    message_id: str
    details: Json


class Refused(Exception):
    """The platform says no. Raised by whatever performs a call, answered by `Platform.refusal`."""

    def __init__(self, code: int, description: str = "", retry_after: int | None = None) -> None:
        super().__init__(f"{code} {description}".rstrip())
        self.code, self.description, self.retry_after = code, description, retry_after


class BadBody(Exception):
    """A request body that cannot be read as its Content-Type says."""


class Cut(Response):
    """No response: the connection is closed, or reset, before its first byte."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__()
        self.reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport: asyncio.Transport = scope["state"]["transport"]
        if self.reset:  # close() with a linger time of 0 is how a socket sends RST rather than FIN
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        while (await receive())["type"] != "http.disconnect":  # else uvicorn would try to answer 500
            pass


def answer_json(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return Response(text.encode(), status, headers, "application/json")


def _plain(value: object) -> object:
    if isinstance(value, Upload):
        return {"name": value.name, "type": value.type, "size": len(value.content)}
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")


async def read_arguments(request: Request) -> Json:
    """The arguments of a call from its query and its body: form, multipart or JSON. All but JSON's are strings."""
    arguments: Json = dict(parse_qsl(request.url.query, keep_blank_values=True)) if request.url.query else {}
    body = await request.body()
    content_type = request.headers.get("content-type", "")
    if not body:
        return arguments
    try:
        match content_type.partition(";")[0].strip().lower():
            case "application/x-www-form-urlencoded":
                pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
                arguments.update(pairs)
            case "application/json":
                values = json.loads(body)
                if not isinstance(values, dict):
                    raise BadBody("JSON that is not an object")
                arguments.update(values)
            case "multipart/form-data":
                arguments.update(_multipart(content_type, body))
            case other:
                raise BadBody(f"Content-Type {other!r}")
    except ValueError as error:
        raise BadBody(str(error)) from error
    return arguments


def _multipart(content_type: str, body: bytes) -> Json:
    header = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(header + body)
    if not message.is_multipart():
        raise BadBody("multipart without parts")
    values: Json = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise BadBody("a part without a name")
        file_name = part.get_filename()
        values[name] = content.decode() if file_name is None else Upload(file_name, part.get_content_type(), content)
    return values


class Platform(ABC):
    """A server's state. Everything public may be called from any thread; what HTTP asks is done in the server's own."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self.url = ""  # known once it runs
        self.pace = 1.0  # what the platform's own waits (retries, backoff) are multiplied by
        self.faults = Faults()
        self.lock = threading.Condition()
        self.broken: list[BaseException] = []  # errors of the stand-in itself; `running` raises the first at its end
        self.switches = {"pace"}  # attributes that may be set from outside
        self.controls: dict[str, Callable[..., object]] = {
            "fault": self._order_fault,
            "clear_faults": self.faults.clear,
            "calls": self.calls,
            "shown": self.shown,
            "said": self.said,
            "forget": self.forget,
            "advance": self.advance,
            "set": self._set,
        }
        control = Route("/__ctl/{control}", self._control, methods=["GET", "POST"])
        self.app = Starlette(routes=[*routes, control])
        self._calls: list[Call] = []
        self._shown: list[Shown] = []
        self._shown_in: dict[str, list[Shown]] = {}
        self._offset = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Future[None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @abstractmethod
    def refusal(self, refused: Refused) -> Response:
        """The platform's envelope of an error; an empty description is for the platform to fill."""

    # The clock

    def now(self) -> float:
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the platform's clock; what waits by it wakes. Faults hang by the real one."""
        self._offset += seconds
        self.wake()

    # The transcript

    def calls(self, method: str | None = None, since: int = 0) -> list[Call]:
        """Finished calls in order, of one method (in any case) or all, from number `since`."""
        name = method and method.casefold()
        return [call for call in self._calls[since:] if name is None or call.method.casefold() == name]

    def shown(
        self, chat: str | int | None = None, who: Who | None = None, what: str | None = None, since: int = 0
    ) -> list[Shown]:
        """What was seen, in order, in one chat or all; `since` counts over all chats."""
        among = list(self._shown if chat is None else self._shown_in.get(str(chat), ()))
        return [it for it in among if it.n >= since and who in (None, it.who) and what in (None, it.what)]

    def said(self, chat: str | int | None = None) -> list[str]:
        """The texts of the bot's messages, as first sent."""
        return [shown.text for shown in self.shown(chat, "bot", "message")]

    def show(self, chat: str | int, who: Who, what: str, text: str, message_id: object = "", **details: object) -> None:
        with self.lock:
            key = str(chat)
            shown = Shown(len(self._shown), self.now(), key, who, what, text, str(message_id), details)
            self._shown.append(shown)
            self._shown_in.setdefault(key, []).append(shown)

    def forget(self) -> None:
        """Empty the transcript."""
        with self.lock:
            self._calls.clear()
            self._shown.clear()
            self._shown_in.clear()

    def wait_for(self, condition: Callable[[], T], seconds: float = 5.0) -> T:
        """The first true value of `condition`, tried again at every call and event; TimeoutError after real seconds."""
        with self.lock:
            value = self.lock.wait_for(condition, seconds)
        if not value:
            raise TimeoutError(f"not within {seconds} s; the last calls: {self._calls[-5:]}")
        return value

    # Calls

    async def answer(
        self, request: Request, method: str, arguments: Json, perform: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Perform one call, or what was ordered to happen to it instead, and write it down."""
        at, fault, outcome = self.now(), self.faults.next(method), ""
        response: Response = Cut()
        if fault and fault.kind == "hang":
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind == "refuse":
            response = self.refusal(Refused(fault.code, fault.body, fault.retry_after))
        elif fault and fault.kind == "http":
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            content_type = "text/html" if fault.body.startswith("<") else "application/json"
            response = Response(fault.body, fault.code, headers, content_type)
        elif fault and fault.kind in ("cut", "reset"):
            response = Cut(reset=fault.kind == "reset")
        elif not (fault and fault.kind == "hang" and await request.is_disconnected()):
            try:
                response, outcome = await perform(), "ok"
            except Refused as refused:
                response, outcome = self.refusal(refused), str(refused)
            except Exception as error:
                self.broken.append(error)
                response, outcome = Response("the stand-in broke", 500), repr(error)
        with self.lock:
            self._calls.append(Call(len(self._calls), at, method, arguments, outcome, fault.kind if fault else ""))
        self.wake()
        if fault and fault.kind == "drop":
            await asyncio.sleep(fault.seconds)
            response = Cut()
        return response

    def wake(self) -> None:
        """Let whatever waits, in any thread, look again. For after a change that `answer` does not make."""
        with self.lock:
            self.lock.notify_all()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def changed(self, seconds: float) -> None:
        """Return at the next `wake`, or after real seconds. What was true before the call must be looked at before it,
        with no `await` between.
        """
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait([future], timeout=seconds)
        finally:
            self._waiting.discard(future)

    async def sleep(self, seconds: float) -> None:
        """A wait of the platform's own, by its clock and at its pace."""
        until = self.now() + seconds * self.pace
        while (left := until - self.now()) > 0:
            await self.changed(left)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the calls until it ends or the server does. For the server's thread only."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.broken.append(error)

    # Control from another process

    async def _control(self, request: Request) -> Response:
        control = self.controls.get(request.path_params["control"])
        if control is None:
            return answer_json({"ok": False, "error": f"the controls are: {', '.join(sorted(self.controls))}"}, 404)
        try:
            arguments = await read_arguments(request)
            if request.method == "GET" and "since" in arguments:
                arguments["since"] = int(arguments["since"])
            return answer_json({"ok": True, "result": control(**arguments)})
        except (BadBody, LookupError, TypeError, ValueError) as error:
            return answer_json({"ok": False, "error": f"{type(error).__name__}: {error}"}, 400)

    def _order_fault(
        self, method: str, times: int | None = 1, chance: float = 1.0, seed: int | None = None, **fault: Any
    ) -> None:
        if fault.get("kind") not in get_args(Kind):
            raise ValueError(f"kind is one of {', '.join(get_args(Kind))}")
        self.faults.order(method, Fault(**fault), times, chance=chance, seed=seed)

    def _set(self, **switches: object) -> None:
        for name, value in switches.items():
            if name not in self.switches:
                raise LookupError(f"the switches are: {', '.join(sorted(self.switches))}")
            setattr(self, name, value)
        self.wake()

    # Serving

    async def serve(self, listening: socket.socket, started: Callable[[], None], stop: asyncio.Event) -> None:
        # The tests start a server each: uvicorn's own loop and shutdown look only ten times a second.
        config = uvicorn.Config(
            self.app, http=_Protocol, ws="none", lifespan="off", log_config=None, log_level="critical",
            access_log=False, timeout_keep_alive=60,
        )  # fmt: skip
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        self._loop = asyncio.get_running_loop()
        await server.startup([listening])
        started()
        await stop.wait()
        self._loop = None
        for listener in server.servers:
            listener.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        for task in [*self._tasks, *server.server_state.tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, *server.server_state.tasks, return_exceptions=True)


class _Protocol(H11Protocol):
    """Uvicorn's, which also hands the transport to `Cut`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


P = TypeVar("P", bound=Platform)


def _listen(platform: Platform, port: int) -> socket.socket:
    # Without the protocol named, asyncio leaves Nagle's algorithm on, and every answer takes 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(2048)
    platform.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    return listening


@contextmanager
def running(platform: P, port: int = 0) -> Iterator[P]:
    """Serve in a thread of this process; at the end, whatever broke inside the stand-in is raised."""
    started, stop = threading.Event(), asyncio.Event()
    loop: list[asyncio.AbstractEventLoop] = []
    listening = _listen(platform, port)

    async def serve() -> None:
        loop.append(asyncio.get_running_loop())
        await platform.serve(listening, started.set, stop)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name=type(platform).__name__, daemon=True)
    thread.start()
    if not started.wait(10):
        raise RuntimeError("the server did not start")
    try:
        yield platform
    finally:
        loop[0].call_soon_threadsafe(stop.set)
        thread.join(10)
    if platform.broken:
        raise platform.broken[0]


def run_alone(platform: Platform, port: int = 0) -> None:
    """Serve in this process until SIGINT or SIGTERM, having printed the URL as one line."""
    stop = asyncio.Event()

    async def serve() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await platform.serve(_listen(platform, port), lambda: print(platform.url, flush=True), stop)

    asyncio.run(serve())
    if platform.broken:
        sys.exit(f"the stand-in broke: {platform.broken[0]!r}")
