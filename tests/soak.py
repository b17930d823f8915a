"""The soak test of the durable path: people write while the real process is killed again and again.

`python tests/soak.py --channel all`, or `make soak`. The stand-ins for the platforms run in this process, `hanoidx
serve` (or `hanoidx telegram`) as a child that finds them over real HTTP and is sent SIGKILL at random moments. At the
end every message is accounted for, from what people saw on the platform and from the rows of the database. A second
round adds faults of the platform: refusals, errors, hangs, cuts, lost answers, repeated and reordered deliveries.

What is not acknowledged is delivered again as the platforms do it, but faster: Telegram until it is, an Official
Account five times. Whether Zalo Bot does so at all is not documented; here it does.
"""

import asyncio
import json
import os
import random
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, TypeVar

import httpx
import typer
from platforms import Cut, Json, Platform, Shown, broken_json, cut, drop, hang, http, refuse, reset, running
from rich.console import Console
from rich.table import Table
from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, create_engine, func, make_url, select, text
from sqlalchemy.pool import NullPool
from starlette.requests import Request
from starlette.responses import Response
from telegram_server import TelegramServer
from zalo_bot_server import WebhookPlatform, ZaloBotServer
from zalo_oa_server import ZaloOAServer

from bot.channels.inbox import LEASE, PER_MINUTE, hashed
from bot.channels.message import Kind
from bot.privacy import mask
from bot.records.database import INBOX, RECEIPTS, SENDS, database, reading

TESTS = Path(__file__).parent
ROOT = TESTS.parent
QUESTIONS = ("questions-dev.jsonl", "questions-dev-2.jsonl")
TALK = ("xin chào", "cảm ơn bạn nhé", "bạn là ai vậy", "chao buoi sang", "tạm biệt", "ban giup duoc gi")
COMMANDS = ("/nguon", "/nguon 1", "/help", "/lienhe", "/moi", "/tot")
KINDS = ("echo", "echo", "echo", "echo", "question", "question", "question", "question", "talk", "command")
SECRET = "soak-secret"  # of the hashes and of the webhooks
LAG = 0.3  # seconds that a send takes to the platform at most, and its answer back: the moments worth a kill
RATE = 15.0  # messages a second
LIFE = 3.0  # seconds that a process lives on average
QUIET = 240.0  # seconds in which everything has to be answered once people are silent; a lost lease takes 15
ORDINARY = re.compile(r"\d{4}-\d\d-\d\d \S+ (?:INFO|WARNING) ")
ECHO = re.compile(r"/tin\d+-\d+")  # an unknown command, which the bot names in its reply

T = TypeVar("T")

console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


# --- Platforms ----------------------------------------------------------------------------------------------------


class Soaked(Platform):
    """A stand-in with what the soak asks of each. A send takes its time to get here, and its answer the way back.

    `in_order`: messages of one person are delivered in their order, whatever happens.
    """

    command = "serve"
    sending = "sendMessage"
    too_many = 429  # the code of a refusal for now
    in_order = False
    lag = 0.0

    @abstractmethod
    def environ(self, front: str) -> Mapping[str, str]:
        """What tells the bot of this platform, and the platform of the bot, whose webhooks are behind `front`."""

    @abstractmethod
    def chat(self, person: int) -> str: ...

    @abstractmethod
    def write(self, person: int, words: str) -> str:
        """Someone writes; the key under which the bot stores that, before it is hashed."""

    @abstractmethod
    def waiting(self, keys: Sequence[str]) -> int:
        """How many of these messages have not been acknowledged."""

    @abstractmethod
    def repeat_one(self, chance: random.Random) -> None:
        """Deliver a message again that was delivered lately."""

    @abstractmethod
    def hold_back(self) -> None:
        """Deliver nothing until `release_shuffled`."""

    @abstractmethod
    def release_shuffled(self, chance: random.Random) -> None: ...

    def is_open(self) -> bool:
        """Whether what people write now will be delivered."""
        return True

    async def answer(
        self, request: Request, method: str, arguments: Json, perform: Callable[[], Awaitable[Response]]
    ) -> Response:
        if method != self.sending or not self.lag:
            return await super().answer(request, method, arguments, perform)
        await asyncio.sleep(random.uniform(0, self.lag))
        if await request.is_disconnected():  # it has not got here
            return Cut()
        response = await super().answer(request, method, arguments, perform)
        await asyncio.sleep(random.uniform(0, self.lag))
        return response


class Telegram(Soaked, TelegramServer):
    in_order = True

    def environ(self, front: str) -> Mapping[str, str]:
        self.pace = 0.25  # 0, 2, 4, … s until what was not taken is delivered again become 0, 0.5, 1, …
        return {
            "TELEGRAM_TOKEN": self.token,
            "TELEGRAM_API_BASE": self.url,
            "TELEGRAM_SECRET": SECRET,
            "PUBLIC_URL": front,
        }

    def chat(self, person: int) -> str:
        return str(1000 + person)

    def write(self, person: int, words: str) -> str:
        return str(self.text(1000 + person, words)["update_id"])

    def waiting(self, keys: Sequence[str]) -> int:
        answer = httpx.get(f"{self.url}/bot{self.token}/getWebhookInfo", trust_env=False)
        return int(answer.json()["result"]["pending_update_count"])

    def repeat_one(self, chance: random.Random) -> None:
        with self.lock:
            if self._recent:
                self.repeat(chance.choice(list(self._recent)[-50:]).id)

    def hold_back(self) -> None:
        self.hold()

    def release_shuffled(self, chance: random.Random) -> None:
        with self.lock:
            held = [pending.id for pending in self._held or ()]
            chance.shuffle(held)
            self.release(held or None)


class TelegramPolling(Telegram):
    command = "telegram"

    def is_open(self) -> bool:
        return bool(self.calls("getMe"))

    def repeat_one(self, chance: random.Random) -> None:
        """Telegram itself does, whatever was not confirmed before the process was killed."""


class Webhooks(Soaked, WebhookPlatform):
    @abstractmethod
    def key(self, event: Json) -> str: ...

    def chat(self, person: int) -> str:
        return f"nguoi-{person}"

    def waiting(self, keys: Sequence[str]) -> int:
        acknowledged = {self.key(json.loads(each.body)) for each in self.deliveries() if each.status == 200}
        return sum(key not in acknowledged for key in keys)

    def repeat_one(self, chance: random.Random) -> None:
        with self.lock:
            if self._recent:
                self.repeat(chance.randint(1, min(50, len(self._recent))))

    def hold_back(self) -> None:
        self.hold()

    def release_shuffled(self, chance: random.Random) -> None:
        with self.lock:
            held = list(range(len(self._held or ())))
            chance.shuffle(held)
            self.release(held or None)


class ZaloBot(Webhooks, ZaloBotServer):
    def environ(self, front: str) -> Mapping[str, str]:
        self.allow_local = True
        self.delays = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # whether the real platform tries again is not documented
        return {
            "ZALO_BOT_TOKEN": self.token,
            "ZALO_BOT_API_BASE": self.url,
            "ZALO_BOT_SECRET": SECRET,
            "PUBLIC_URL": front,
        }

    def write(self, person: int, words: str) -> str:
        return self.key(self.text(self.chat(person), words))

    def key(self, event: Json) -> str:
        message = event.get("result", event)["message"]
        return f"{message['chat']['id']}/{message['message_id']}" if message else ""  # the probe says nothing

    def is_open(self) -> bool:
        return bool(self.webhook)


class ZaloOA(Webhooks, ZaloOAServer):
    sending = "message/cs"
    too_many = -32

    def environ(self, front: str) -> Mapping[str, str]:
        self.pace = 0.1  # 30 s, 5 min, … until what was not taken is delivered again become 3 s, 30 s, …
        self.webhook = f"{front}/zalo-oa"
        return {
            "ZALO_OA_ID": self.oa_id,
            "ZALO_OA_APP_ID": self.app_id,
            "ZALO_OA_APP_SECRET": self.app_secret,
            "ZALO_OA_SECRET_KEY": self.oa_secret,
            "ZALO_OA_REFRESH_TOKEN": self.refresh.value,
            "ZALO_OA_API_BASE": self.url,
            "ZALO_OAUTH_BASE": self.url,
        }

    def write(self, person: int, words: str) -> str:
        return self.key(self.text(self.chat(person), words))

    def key(self, event: Json) -> str:
        return f"{event['event_name']}/{event['message']['msg_id']}"


PLATFORMS: Mapping[str, Callable[[], Soaked]] = {
    "telegram": Telegram,
    "zalo-bot": ZaloBot,
    "zalo-oa": ZaloOA,
    "telegram-polling": TelegramPolling,
}


# --- Processes ----------------------------------------------------------------------------------------------------


class Front:
    """One address before processes that come and go, as a proxy would be. With nobody behind it, it hangs up."""

    def __init__(self) -> None:
        self.url = ""
        self.ports: list[int] = []
        self._turn = 0
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="front", daemon=True)

    def __enter__(self) -> "Front":
        self._thread.start()
        assert self._listening.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        tasks = set[asyncio.Task[None]]()

        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(task := asyncio.create_task(self._join(reader, writer)))
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(accepted, "127.0.0.1", 0, backlog=512)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._listening.set()
        await self._stop.wait()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = await self._connect()
        try:
            if behind:
                ways = _pump(reader, behind[1]), _pump(behind[0], writer)
                pumps = [asyncio.create_task(way) for way in ways]
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()
                    await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            for each in (writer, *(behind or ())[1:]):
                each.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        ports = list(self.ports)
        self._turn += 1
        for place in range(len(ports)):
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", ports[(self._turn + place) % len(ports)])
        return None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while content := await reader.read(65536):
            writer.write(content)
            await writer.drain()


class Process:
    """The process under test, again and again. `log` is what all of them wrote."""

    def __init__(self, command: str, environ: Mapping[str, str], front: Front) -> None:
        self.log: list[str] = []
        self.port = 0  # of the one that runs, once it listens
        self._arguments = [sys.executable, "-m", "bot", command, *(["--port", "0"] if command == "serve" else [])]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HANOIDX_")}
        self._environ = kept | {f"HANOIDX_{name}": value for name, value in environ.items()}
        self._front = front
        self._popen: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []
        self._sent, self._sent_before = 0, 0

    @property
    def pid(self) -> int:
        assert self._popen
        return self._popen.pid

    def start(self) -> None:
        self._popen = popen = subprocess.Popen(
            self._arguments, cwd=ROOT, env=self._environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._readers = [threading.Thread(target=read, args=(popen,)) for read in (self._read_address, self._read_log)]
        for reader in self._readers:
            reader.start()

    def kill(self) -> None:
        self.sent()
        self._end(signal.SIGKILL, 10)

    def stop(self) -> int:
        """As an operator does; the exit code, 0 if it has stopped before."""
        self.sent()
        return self._end(signal.SIGTERM, 40) if self._popen else 0

    def freeze(self) -> None:
        """As when a whole machine is paused, to move it."""
        if self._popen:
            self._popen.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._popen:
            self._popen.send_signal(signal.SIGCONT)

    def ask(self, path: str, timeout: float = 5.0) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=timeout, trust_env=False)

    def is_listening(self) -> bool:
        """Raises RuntimeError if it has ended instead."""
        if self._popen is None or self._popen.poll() is not None:
            raise RuntimeError("\n".join(["the process has ended:", *self.log]))
        return self.port != 0 or "serve" not in self._arguments

    def sent(self) -> int:
        """How many messages have been sent, as it counts them itself; what was sent just before a kill is not in it."""
        if self.port:
            with suppress(httpx.HTTPError):
                counts = re.findall(
                    r'^hanoidx_sends_total{.*outcome="sent"} (\d+)', self.ask("/metrics", 1.0).text, re.MULTILINE
                )
                self._sent = sum(map(int, counts))
        return self._sent_before + self._sent

    def _end(self, number: signal.Signals, seconds: float) -> int:
        assert self._popen
        popen, self._popen = self._popen, None
        popen.send_signal(number)
        try:
            code = popen.wait(seconds)
        except subprocess.TimeoutExpired:
            popen.kill()
            code = popen.wait()
        for reader in self._readers:
            reader.join()
        if self.port:
            self._front.ports.remove(self.port)
        self.port, self._sent, self._sent_before = 0, 0, self._sent_before + self._sent
        return code

    def _read_address(self, popen: subprocess.Popen[str]) -> None:
        assert popen.stdout
        with popen.stdout as lines:
            for line in lines:
                if line.startswith("hanoidx serve: "):
                    self.port = int(line.rpartition(":")[2])
                    self._front.ports.append(self.port)

    def _read_log(self, popen: subprocess.Popen[str]) -> None:
        assert popen.stderr
        with popen.stderr as lines:
            for line in lines:
                self.log.append(line.rstrip())


# --- What people write --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A message, the `place`th of its person. `key` is what it is stored under, before that is hashed."""

    person: int
    place: int
    words: str
    key: str

    @property
    def stored_key(self) -> str:
        return hashed(SECRET.encode(), "key", self.key)

    def __str__(self) -> str:
        return f"person {self.person}, message {self.place}"


@cache
def _asked() -> Sequence[str]:
    """Questions as they are, and as they are typed in haste."""
    files = [(TESTS / "data" / name).read_text("utf-8") for name in QUESTIONS]
    asked = [json.loads(line) for text in files for line in text.splitlines()]
    return sorted({one.get("typed", one["question"]) for one in asked})


def write_texts(chance: random.Random, person: int, count: int) -> list[str]:
    """What someone writes: questions, small talk and commands, all different."""
    kinds = [kind for _ in range(0, count, len(KINDS)) for kind in chance.sample(KINDS, len(KINDS))][:count]
    supply = {
        "question": chance.sample(_asked(), count),
        "talk": chance.sample(TALK, len(TALK)),
        "command": chance.sample(COMMANDS, len(COMMANDS)),
        "echo": [f"/tin{person}-{place}" for place in range(count)],
    }
    return [supply[kind].pop() for kind in kinds]


# --- What became of it --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unknowable:
    """A send whose outcome the bot does not know. `seen`: the person got it all the same."""

    said: Said
    part: int
    seen: bool
    error: str


@dataclass(slots=True)
class Judgement:
    """What became of a round's messages; every line in the lists is a defect, but for those of `unknowable`.

    `mixed` are replies to something else than what was said, `trouble` what was logged as an error or did not end.
    """

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    unknowable: list[Unknowable] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.twice or self.mixed or self.disorder or self.trouble)


def judge(connection: Connection, platform: Soaked, said: Sequence[Said], *, in_order: bool) -> Judgement:
    """Compare what was said, what the database tells of it, and what people saw."""
    rows = {row.key: row for row in connection.execute(select(INBOX))}
    receipts = {row.answer_id: row for row in connection.execute(select(RECEIPTS))}
    sends: dict[int, list[Row[Any]]] = {}
    for send in connection.execute(select(SENDS).order_by(SENDS.c.inbox_id, SENDS.c.part)):
        sends.setdefault(send.inbox_id, []).append(send)
    stored = {one: rows[one.stored_key].id for one in said if one.stored_key in rows}
    judgement = Judgement(lost=[f"{one}: never stored" for one in said if one not in stored])
    for person in sorted({one.person for one in said}):
        by_id = {row_id: one for one, row_id in stored.items() if one.person == person}
        if in_order and platform.in_order and sorted(by_id) != list(by_id):
            judgement.disorder.append(f"person {person}: stored in another order than said")
        seen = platform.shown(platform.chat(person), "bot", "message")
        _judge_person(judgement, by_id, {row.id: row for row in rows.values()}, sends, seen, receipts)
    return judgement


def _judge_person(
    judgement: Judgement,
    said: Mapping[int, Said],
    rows: Mapping[int, Row[Any]],
    sends: Mapping[int, Sequence[Row[Any]]],
    seen: Sequence[Shown],
    receipts: Mapping[str, Row[Any]],
) -> None:
    """By the id of its row: what a person said, and what was sent to it."""

    def fits(send: Row[Any], text: str) -> int:
        one, row = said[send.inbox_id], rows[send.inbox_id]
        if any(_mixed(one, row, {send.part: text}, receipts)):
            return 0
        return 2 if row.answer_id or ECHO.fullmatch(one.words) else 1

    parts = [send for row_id in sorted(said) for send in sends.get(row_id, ())]
    places = attributed(seen, parts, fits)
    shown: dict[int, dict[int, str]] = {}
    for each, place in zip(seen, places, strict=True):
        if place is None:
            judgement.twice.append(f"{each.text[:60]!r} in chat {each.chat}, which was recorded nowhere")
        else:
            shown.setdefault(parts[place].inbox_id, {})[parts[place].part] = each.text
    known = [place for place in places if place is not None]
    for earlier, later in pairwise(known):
        if later < earlier:
            one, other = said[parts[later].inbox_id], said[parts[earlier].inbox_id]
            judgement.disorder.append(f"{one}: its reply came behind that to {other}")
    for place, send in enumerate(parts):
        if send.state == "unknown":
            judgement.unknowable.append(Unknowable(said[send.inbox_id], send.part, place in known, send.error or ""))
    message_ids = {each.message_id for each in seen}
    for row_id, one in said.items():
        judgement.lost += [f"{one}: {what}" for what in _missing(rows[row_id], sends.get(row_id, ()), message_ids)]
        judgement.mixed += [f"{one}: {what}" for what in _mixed(one, rows[row_id], shown.get(row_id, {}), receipts)]


def attributed(
    seen: Sequence[Shown], parts: Sequence[Row[Any]], fits: Callable[[Row[Any], str], int]
) -> list[int | None]:
    """Which part each message is. One that the bot knows nothing of may be a part of unknown outcome that `fits` best.

    What fits has its place in the order between those that are known.
    """
    known = {each.message_id: place for place, each in enumerate(parts) if each.state == "sent"}
    places = [known.get(each.message_id) for each in seen]
    free = {place for place, each in enumerate(parts) if each.state == "unknown"}
    for number, each in enumerate(seen):
        if places[number] is None:
            before = max((place for place in places[:number] if place is not None), default=-1)
            after = min((place for place in places[number:] if place is not None), default=len(parts))
            between = sorted(place for place in free if before < place < after)
            best = max(between, key=lambda place: fits(parts[place], each.text), default=None)
            if best is not None and fits(parts[best], each.text):
                places[number] = best
                free.remove(best)
    return places


def _missing(row: Row[Any], sent: Sequence[Row[Any]], message_ids: Collection[str]) -> Iterator[str]:
    if row.state != "done":
        yield f"{row.state}, not done"
    elif not sent:
        yield "no reply"
    for each in sent:
        if each.state not in ("sent", "unknown"):
            yield f"part {each.part} {each.state}: {each.error}"
        elif each.state == "sent" and each.message_id not in message_ids:
            yield f"part {each.part} is recorded as sent, but nobody has seen it"


def _mixed(one: Said, row: Row[Any], texts: Mapping[int, str], receipts: Mapping[str, Row[Any]]) -> Iterator[str]:
    """What belongs to something else in those parts of a reply that were seen."""
    if not texts:
        return
    if row.kind != Kind.TEXT:
        yield f"it was taken for {row.kind}"
    echoes = [found[0] for text in texts.values() if (found := ECHO.search(text))]
    expected = [one.words] if ECHO.fullmatch(one.words) else []
    if echoes != expected:
        yield f"the reply is to {echoes}"
    if not row.answer_id:
        return
    receipt = receipts.get(row.answer_id)
    if receipt is None:
        yield "there is no receipt"
    elif 0 in texts and _start(receipt.text) not in unicodedata.normalize("NFC", texts[0]):
        yield f"the reply is not what the receipt has: {texts[0][:60]!r}"
    elif receipt.question != mask(one.words) and not one.words.startswith("/"):
        yield "the receipt is of another question"


def _start(text: str) -> str:
    return unicodedata.normalize("NFC", text)[:30]


# --- The stage ----------------------------------------------------------------------------------------------------


class Stage:
    """A platform, the processes that serve it, from a folder of their own, and what people said there."""

    def __init__(self, platform: Soaked, processes: Sequence[Process], data: Path, engine: Engine) -> None:
        self.platform, self.processes, self.data, self.engine = platform, processes, data, engine
        self.said: list[Said] = []
        self._codes: list[int] = []

    def say(self, person: int, words: str) -> None:
        place = sum(one.person == person for one in self.said)
        self.said.append(Said(person, place, words, self.platform.write(person, words)))

    def is_quiet(self) -> bool:
        """Whether everything has been acknowledged and is done with."""
        if self.platform.waiting([one.key for one in self.said]):
            return False
        with reading(self.engine) as connection:
            return connection.execute(_count(INBOX.c.state == "waiting")).scalar_one() == 0

    def is_sending(self) -> bool:
        """Whether a send is under way, or was when its process was killed."""
        with reading(self.engine) as connection:
            attempted = SENDS.c.attempted.is_not(None)
            return connection.execute(_count(SENDS.c.state == "pending", attempted)).scalar_one() > 0

    def stop(self, process: Process) -> None:
        self._codes.append(process.stop())

    def restart(self, process: Process) -> None:
        until(process.is_listening, 30)  # before, nothing catches the signal
        self.stop(process)
        process.start()

    def end(self, *, in_order: bool = True) -> Judgement:
        """Wait until it is quiet, stop the processes, and judge."""
        trouble = []
        try:
            until(self.is_quiet, QUIET)
        except TimeoutError as error:
            trouble = [f"not everything has been answered: {error}"]
        for process in self.processes:
            self.stop(process)
        trouble += [f"a process ended with {code} at SIGTERM" for code in self._codes if code]
        trouble += [line for process in self.processes for line in process.log if not ORDINARY.match(line)]
        with reading(self.engine) as connection:
            judgement = judge(connection, self.platform, self.said, in_order=in_order)
        judgement.trouble += trouble
        return judgement


def _count(*conditions: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(func.count()).where(*conditions)


@contextmanager
def on_stage(channel: str, data: Path, database_url: str = "", processes: int = 1) -> Iterator[Stage]:
    """With a copy of `data`, and with a part of the database at `database_url`, if that is not empty."""
    with ExitStack() as stack:
        front = stack.enter_context(Front())
        platform = stack.enter_context(running(PLATFORMS[channel]()))
        copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hanoidx-soak-"))) / "data"
        shutil.copytree(data, copy, ignore=shutil.ignore_patterns("hanoidx.db*", "secret", "*.lock"))
        url = stack.enter_context(own_schema(database_url)) if database_url else ""
        environ = {"DATA": str(copy), "SECRET": SECRET, "DATABASE_URL": url, **platform.environ(front.url)}
        started = [Process(platform.command, environ, front) for _ in range(processes)]
        for process in started:
            process.start()
            stack.callback(process.stop)
        until(lambda: platform.is_open() and all(map(Process.is_listening, started)), 60)
        engine = database(copy, url)
        stack.callback(engine.dispose)
        yield Stage(platform, started, copy, engine)


@contextmanager
def own_schema(url: str) -> Iterator[str]:
    """The address of a part of this database, empty at first and dropped at the end."""
    name = f"soak_{secrets.token_hex(6)}"
    address = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    try:
        yield address.update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))


def until(condition: Callable[[], T], seconds: float) -> T:
    """The first true value of it; TimeoutError if there is none."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(0.1)
    return value


# --- A round ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """`people` write `messages` in `span` seconds, in which processes are killed `kills` times in all.

    `faults`: what may go wrong on the platform's side does, and `hang` is how long a send takes then at most; a process
    is stopped as an operator does, and of several, one is frozen for longer than it may keep what it has taken up.
    With a `database_url`, the round has a part of that database for itself.
    """

    channel: str
    messages: int
    people: int
    kills: int
    span: float
    data: Path
    faults: bool = False
    hang: float = 35.0
    database_url: str = ""
    processes: int = 1
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """`caught`: how many of the kills came while something was being sent; `sent`: how much each process has sent."""

    plan: Plan
    judgement: Judgement
    caught: int
    seconds: float
    sent: Sequence[int]


def soak(plan: Plan) -> Outcome:
    if plan.messages > PER_MINUTE * plan.people:
        raise ValueError(f"of one person, {PER_MINUTE} messages a minute are answered; let more people write")
    chance, caught = random.Random(plan.seed), 0
    with on_stage(plan.channel, plan.data, plan.database_url, plan.processes) as stage:

        def kill() -> None:
            nonlocal caught
            process = chance.choice(stage.processes)
            process.kill()
            caught += stage.is_sending()
            process.start()

        texts = [write_texts(chance, person, _share(plan, person)) for person in range(plan.people)]
        stage.say(0, texts[0].pop(0))
        until(lambda: stage.platform.said(stage.platform.chat(0)), 30)
        stage.platform.lag = LAG
        acts: list[tuple[float, Callable[[], None]]] = [
            (moment, partial(stage.say, person, words))
            for person, said in enumerate(texts)
            for moment, words in zip(sorted(chance.uniform(0, plan.span) for _ in said), said, strict=True)
        ]
        acts += [(chance.uniform(0, plan.span), kill) for _ in range(plan.kills)]
        if plan.faults:
            acts += _faults(plan, stage, chance)
        began = time.monotonic()
        for moment, act in sorted(acts, key=lambda each: each[0]):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            act()
        stage.platform.faults.clear()
        judgement = stage.end(in_order=not plan.faults)
        sent = [process.sent() for process in stage.processes]
        return Outcome(plan, judgement, caught, time.monotonic() - began, sent)


def _share(plan: Plan, person: int) -> int:
    return (plan.messages + plan.people - 1 - person) // plan.people


def _faults(plan: Plan, stage: Stage, chance: random.Random) -> Iterator[tuple[float, Callable[[], None]]]:
    """Order what goes wrong with sends; what goes wrong with deliveries and with processes, and when."""
    platform, process = stage.platform, stage.processes[0]
    for fault, times, share in (
        (refuse(platform.too_many, retry_after=1), None, 0.04),
        (http(502, "<html>Bad Gateway</html>"), None, 0.02),
        (http(500, "{}"), None, 0.01),
        (broken_json(), None, 0.01),
        (cut(), None, 0.02),
        (reset(), None, 0.01),
        (drop(), None, 0.02),
        (hang(plan.hang), 3, 0.02),
    ):
        platform.faults.order(platform.sending, fault, times, chance=share, seed=chance.randrange(1000))
    for _ in range(plan.messages // 20):
        yield chance.uniform(0, plan.span), partial(platform.repeat_one, chance)
    for place in (0.2, 0.5, 0.8):
        yield plan.span * place, platform.hold_back
        yield plan.span * place + 1.5, partial(platform.release_shuffled, chance)
    yield plan.span * 0.3, partial(setattr, platform, "copies", 2)  # each delivery twice at once, where there are any
    yield plan.span * 0.6, partial(setattr, platform, "copies", 1)
    yield plan.span * 0.75, partial(stage.restart, process)
    if len(stage.processes) > 1:
        yield plan.span * 0.4, process.freeze
        yield plan.span * 0.4 + LEASE + 3, process.thaw


# --- The command --------------------------------------------------------------------------------------------------


def main(
    channel: Annotated[str, typer.Option(help=f"One of {', '.join(PLATFORMS)}; or all.")] = "all",
    messages: Annotated[int, typer.Option(help="How many messages a round has.")] = 1000,
    people: Annotated[int, typer.Option(help="How many people write them.")] = 100,
    kills: Annotated[int, typer.Option(help="How often a process is killed in a round.")] = 20,
    database_url: Annotated[str, typer.Option(help="A PostgreSQL server; SQLite if none is given.")] = "",
    processes: Annotated[int, typer.Option(help="How many serve at once; more than one needs PostgreSQL.")] = 1,
    seed: Annotated[int, typer.Option(help="Of all that is left to chance, but for how fast things are.")] = 1,
    data: Annotated[Path, typer.Option(envvar="HANOIDX_DATA", help="A data folder with a snapshot.")] = Path("data"),
) -> None:
    """Kill the bot again and again while people write to it, and account for every message."""
    if channel not in (*PLATFORMS, "all"):
        raise typer.BadParameter(f"--channel is one of {', '.join(PLATFORMS)}; or all")
    if processes > 1 and not database_url:
        raise typer.BadParameter("several processes need --database-url")
    span = max(kills * LIFE, messages / RATE)
    outcomes = []
    for name in PLATFORMS if channel == "all" else [channel]:
        for faults in (False, True):
            count = processes if PLATFORMS[name] is not TelegramPolling else 1  # Telegram lets only one ask
            plan = Plan(name, messages, people, kills, span, data, faults, 35.0, database_url, count, seed)
            outcomes.append(outcome := soak(plan))
            tell(outcome)
    console.print(table(outcomes))
    raise typer.Exit(not all(outcome.judgement.is_good for outcome in outcomes))


def tell(outcome: Outcome) -> None:
    plan, judgement = outcome.plan, outcome.judgement
    console.print(f"{plan.channel}, {'kills and faults' if plan.faults else 'kills'}:", style="bold")
    for name in ("lost", "twice", "mixed", "disorder", "trouble"):
        for line in getattr(judgement, name):
            console.print(f"  {name}: {line}", markup=False)
    for each in judgement.unknowable:
        arrived = "arrived" if each.seen else "did not arrive"
        console.print(f"  unknowable: {each.said}, part {each.part}: {arrived} ({each.error[:70]})", markup=False)
    if any(outcome.sent):
        console.print(f"  sent by each process, as far as it could still be asked: {list(outcome.sent)}", markup=False)


def table(outcomes: Sequence[Outcome]) -> Table:
    shown = Table("channel", "round")
    for name in ("messages", "kills", "in a send", "lost", "twice", "mixed up", "out of order"):
        shown.add_column(name, justify="right")
    shown.add_column("unknowable: arrived / not", justify="right")
    shown.add_column("seconds", justify="right")
    for each in outcomes:
        plan, judged = each.plan, each.judgement
        arrived = sum(one.seen for one in judged.unknowable)
        figures = (
            plan.messages, plan.kills, each.caught,
            len(judged.lost), len(judged.twice), len(judged.mixed), len(judged.disorder),
            f"{arrived} / {len(judged.unknowable) - arrived}", f"{each.seconds:.0f}",
        )  # fmt: skip
        shown.add_row(plan.channel, "kills, faults" if plan.faults else "kills", *map(str, figures))
    return shown


if __name__ == "__main__":
    typer.run(main)
