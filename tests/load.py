"""How many messages a second one `hanoidx serve` bears: `make load`. It prints a table and exits 1 if a bar is missed.

Messages arrive as webhooks at random moments (Poisson) at rising rates, for Zalo Bot and Telegram in turn, each from
another of many people; the platforms' servers are here too, as small as they can be, because they share the machine's
cores with what is measured. `--messages` sends that many at `--rate` and watches memory instead.
"""

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs

import numpy as np
import typer
import uvloop
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
QUESTIONS = HERE / "data" / "questions-dev.jsonl"
SECRET = "a-secret-for-the-load-test"
PEOPLE = 4000  # so that nobody comes near the limit of messages a minute
PROMPT = 1.0  # seconds from receipt to sent in which 95 % of the replies are wanted
ACKNOWLEDGED = 0.2  # seconds in which 99 % of the webhooks are to be acknowledged
BAR = 80  # messages a second
MEMORY = 350  # MB


@dataclass
class Platform:
    """Takes every message it is given, and remembers when."""

    port: int = 0
    waiting: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    took: list[float] = field(default_factory=list)  # seconds from webhook to reply
    sent: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
                reply = self._reply(head.split(b" ", 2)[1].decode(), head, body)
                writer.write(_http(b"HTTP/1.1 200 OK", reply))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _reply(self, path: str, head: bytes, body: bytes) -> bytes:
        if path.endswith("/getMe"):
            user = {"id": 1, "is_bot": True, "first_name": "Bot", "username": "load_bot"}
            return json.dumps({"ok": True, "result": user}).encode()
        if not path.endswith("/sendMessage"):
            return b'{"ok":true,"result":true}'
        chat = json.loads(body)["chat_id"] if b"json" in head.lower() else parse_qs(body.decode())["chat_id"][0]
        self.sent += 1
        if self.waiting[str(chat)]:
            self.took.append(time.perf_counter() - self.waiting[str(chat)].popleft())
        message = {"message_id": self.sent, "date": 1, "chat": {"id": 1, "type": "private"}}
        return json.dumps({"ok": True, "result": message}).encode()


@dataclass
class Sender:
    """Posts webhooks on connections that stay open."""

    port: int
    platform: Platform
    free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    refused: int = 0

    async def post(self, number: int, text: str) -> None:
        chat = str(1000 + number % PEOPLE)
        path, header, update = _telegram(number, chat, text) if number % 2 else _zalo(number, chat, text)
        body = json.dumps(update, ensure_ascii=False).encode()
        started = time.perf_counter()
        self.platform.waiting[chat].append(started)
        request = _http(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{header}: {SECRET}".encode(), body)
        while True:
            reader, writer = self.free.pop() if self.free else await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(request)
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                break
            except (asyncio.IncompleteReadError, ConnectionError):  # it was idle for too long
                writer.close()
        await reader.readexactly(_length(head))
        self.acknowledged.append(time.perf_counter() - started)
        if b" 200 " not in head[:20]:
            self.refused += 1
            self.platform.waiting[chat].pop()
        self.free.append((reader, writer))


def main(
    rates: Annotated[str, typer.Option(help="Messages a second, one stretch each.")] = "20,40,60,80,100,120,300",
    seconds: Annotated[float, typer.Option(help="Length of a stretch.")] = 20.0,
    messages: Annotated[int, typer.Option(help="Send so many at --rate, and watch memory.")] = 0,
    rate: Annotated[float, typer.Option()] = 80.0,
    data: Annotated[Path, typer.Option(envvar="HANOIDX_DATA")] = Path("data"),
    database_url: Annotated[str, typer.Option(envvar="HANOIDX_DATABASE_URL")] = "",
) -> None:
    stretches = [(rate, messages / rate / 10)] * 10 if messages else [(float(one), seconds) for one in rates.split(",")]
    sys.exit(uvloop.run(_run(stretches, data, database_url, for_memory=bool(messages))))


async def _run(stretches: Sequence[tuple[float, float]], data: Path, url: str, *, for_memory: bool) -> int:
    questions = _questions()
    table = Table(
        "offered/s", "sent/s", "messages", "acknowledged", "p99", "sent", "p95", "p99", "left", "MB", "CPU", box=None
    )
    console, reached, memory, lost = Console(highlight=False), 0.0, [], 0
    async with _serving(data, url) as (process, port, platform):
        number = 0
        sender = Sender(port, platform)
        await _stretch(sender, 10, 3, number, questions)  # until everything is loaded
        number += 1000
        for rate, seconds in stretches:
            platform.took.clear()
            sender.acknowledged.clear()
            busy, began = _cpu(process.pid), time.perf_counter()
            count = await _stretch(sender, rate, seconds, number, questions)
            number += count
            offered_for = time.perf_counter() - began
            in_time = len(platform.took)
            left = sum(map(len, platform.waiting.values()))
            cpu = (_cpu(process.pid) - busy) / offered_for
            await _quiet(platform)
            lost = sum(map(len, platform.waiting.values()))
            memory.append(_memory(process.pid))
            acked, took = np.percentile(sender.acknowledged, [50, 99]), np.percentile(platform.took, [50, 95, 99])
            if acked[1] <= ACKNOWLEDGED and took[1] <= PROMPT:
                reached = max(reached, rate)
            times = [f"{1000 * one:.0f}" for one in (*acked, *took)]
            rest = (str(left), f"{memory[-1]:.0f}", f"{cpu:.2f}")
            table.add_row(f"{rate:.0f}", f"{in_time / offered_for:.1f}", str(count), *times, *rest)
        refused = sender.refused
    console.print(table)
    console.print(
        f"lost {lost}, not acknowledged {refused}; within {ACKNOWLEDGED * 1000:.0f} ms "
        f"(acknowledged, p99) and {PROMPT:g} s (sent, p95) up to {reached:.0f} messages/s (bar {BAR}); "
        f"memory {memory[0]:.0f} → {memory[-1]:.0f} MB (bar {MEMORY})"
    )
    is_fast = reached >= BAR or (for_memory and reached > 0)
    return int(bool(lost or refused) or not is_fast or memory[-1] > MEMORY)


async def _stretch(sender: Sender, rate: float, seconds: float, first: int, questions: Sequence[str]) -> int:
    """Send for so many seconds; how many that were."""
    chance = random.Random(first)
    tasks: set[asyncio.Task[None]] = set()
    began, due, number = time.perf_counter(), 0.0, first
    while (due := due + chance.expovariate(rate)) < seconds:
        await asyncio.sleep(began + due - time.perf_counter())
        task = asyncio.create_task(sender.post(number, chance.choice(questions)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        number += 1
    await asyncio.gather(*tasks)
    return number - first


async def _quiet(platform: Platform) -> None:
    """Until everything is answered, or nothing has been for 30 seconds."""
    last, since = platform.sent, time.perf_counter()
    while any(platform.waiting.values()) and time.perf_counter() - since < 30:
        await asyncio.sleep(0.1)
        if platform.sent != last:
            last, since = platform.sent, time.perf_counter()


@asynccontextmanager
async def _serving(data: Path, url: str) -> AsyncIterator[tuple[Any, int, Platform]]:
    platform = Platform()
    server = await asyncio.start_server(platform.serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "data"
        shutil.copytree(data, own, ignore=shutil.ignore_patterns("hanoidx.db*", "secret", "*.lock"))
        settings = {
            "DATA": str(own), "DATABASE_URL": url, "SECRET": "load", "QUEUE_LIMIT": "2000",
            "TELEGRAM_TOKEN": "1:load", "TELEGRAM_SECRET": SECRET, "TELEGRAM_API_BASE": address,
            "ZALO_BOT_TOKEN": "2:load", "ZALO_BOT_SECRET": SECRET, "ZALO_BOT_API_BASE": address,
        }  # fmt: skip
        environ = os.environ | {f"HANOIDX_{name}": value for name, value in settings.items()}
        command = [sys.executable, "-m", "bot", "serve", "--port", "0"]
        process = subprocess.Popen(command, env=environ, cwd=HERE.parent, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            line = await asyncio.to_thread(process.stdout.readline)
            yield process, int(line.rpartition(":")[2]), platform
        finally:
            process.terminate()
            process.wait(30)
            server.close()


def _questions() -> list[str]:
    items = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    return [text for item in items for text in (item["question"], item.get("typed")) if text]


def _telegram(number: int, chat: str, text: str) -> tuple[str, str, dict[str, Any]]:
    person = {"id": int(chat), "is_bot": False, "first_name": "Lan"}
    message = {"message_id": number, "date": int(time.time()), "chat": {"id": int(chat), "type": "private"}}
    update = {"update_id": number, "message": message | {"from": person, "text": text}}
    return "/telegram", "X-Telegram-Bot-Api-Secret-Token", update


def _zalo(number: int, chat: str, text: str) -> tuple[str, str, dict[str, Any]]:
    message = {
        "from": {"id": chat, "display_name": "Lan", "is_bot": False},
        "chat": {"id": chat, "chat_type": "PRIVATE"},
        "text": text,
        "message_id": f"m{number}",
        "date": int(time.time() * 1000),
    }
    event = {"ok": True, "result": {"event_name": "message.text.received", "message": message}}
    return "/zalo-bot", "X-Bot-Api-Secret-Token", event


def _http(head: bytes, body: bytes) -> bytes:
    return head + b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


def _memory(pid: int) -> float:
    """What the process holds, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _cpu(pid: int) -> float:
    """Seconds of processor time that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    typer.run(main)
