"""What takes long and an admin has asked for in the chat: a command of `hanoidx`, run beside the server.

Each is a file in DATA/jobs until its result is old. When it has ended, a message comes in, as if the admin had sent it,
that asks for the result; so it is answered like any other message, once, and after a crash as well.
"""

import asyncio
import contextlib
import json
import logging
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from string import ascii_lowercase

from bot.channels.message import Inbound, Kind
from corpus.durable import write
from corpus.lock import alone

FOLDER = "jobs"
LONGEST = 3600.0  # seconds; a build of half a million passages takes less with vectors that are known
KEPT = 7 * 86400.0  # seconds that a result is kept
INTERRUPTED = -1
RESULT = "/ket_qua"

logger = logging.getLogger(__name__)

Receive = Callable[[Sequence[Inbound]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended; `code` is its exit status, INTERRUPTED where the server was stopped meanwhile."""

    code: int
    output: str
    errors: str

    @property
    def said(self) -> str:
        """The last line of its errors, which says what to do."""
        lines = self.errors.strip().splitlines()
        return lines[-1].removeprefix("hanoidx: ") if lines else ""


@dataclass(frozen=True, slots=True)
class Job:
    """A command that was begun. The chat is where its result goes."""

    id: str
    command: tuple[str, ...]
    who: str
    channel: str
    account: str
    chat: str
    started: float
    ended: Ended | None = None


class Jobs:
    """Use from the event loop, but for `find`."""

    def __init__(self, data: Path, receive: Receive, environ: Mapping[str, str]) -> None:
        self._data, self._receive, self._environ = data, receive, environ
        self._folder = data / FOLDER
        self._tasks: dict[asyncio.Task[None], Job] = {}

    def is_running(self, kind: str) -> bool:
        return any(job.command[:2] == tuple(kind.split()) for job in self._tasks.values())

    def start(self, message: Inbound, who: str, command: Sequence[str], clean_up: Callable[[], None]) -> None:
        """Begin a command; `clean_up` is called when it has ended, however it did."""
        made = "".join(secrets.choice(ascii_lowercase) for _ in range(12))  # a number would be masked in its message
        job = Job(made, tuple(command), who, message.channel, message.account, message.chat, time.time())
        task = asyncio.create_task(self._run(job, clean_up))
        self._tasks[task] = job
        task.add_done_callback(self._tasks.pop)

    def find(self, job_id: str) -> Job | None:
        try:
            fields = json.loads((self._folder / f"{job_id}.json").read_bytes())
        except (OSError, ValueError):
            return None
        ended = Ended(**fields.pop("ended")) if fields["ended"] else fields.pop("ended")
        return Job(**fields | {"command": tuple(fields["command"])}, ended=ended)

    async def resume(self) -> None:
        """Tell of those that a crash or a restart ended, and forget those that are old.

        What has been told of before is known by its key, and not told again.
        """
        for file in sorted(self._folder.glob("*.json")):
            job = self.find(file.stem)
            if job is None or (job.ended and job.started < time.time() - KEPT):
                file.unlink(missing_ok=True)
            elif job.ended:
                await self._receive([asking(job)])
            else:
                with contextlib.suppress(_IsRunning), self._alone(job):
                    await self._end(job, Ended(INTERRUPTED, "", ""))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, job: Job, clean_up: Callable[[], None]) -> None:
        try:
            with self._alone(job):
                self._write(job)
                await self._end(job, await run(job.command, self._data, job.who, LONGEST, self._environ))
        except asyncio.CancelledError:  # the next server tells of it
            raise
        except Exception:
            logger.exception("the result of `hanoidx %s` could not be kept", " ".join(job.command[:2]))
        finally:
            clean_up()

    @contextlib.contextmanager
    def _alone(self, job: Job) -> Iterator[None]:
        """Held by the server that runs the job, until that ends, however it does."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self._folder / f".{job.id}.lock"
        with alone(lock, lambda _: _IsRunning()):
            yield
            lock.unlink()

    async def _end(self, job: Job, ended: Ended) -> None:
        self._write(replace(job, ended=ended))
        await self._receive([asking(job)])

    def _write(self, job: Job) -> None:
        write(self._folder / f"{job.id}.json", json.dumps(asdict(job), ensure_ascii=False))


class _IsRunning(Exception):
    """Another server runs the job."""


def asking(job: Job) -> Inbound:
    """The message that asks for a job's result."""
    now, text = datetime.now(UTC), f"{RESULT} {job.id}"
    return Inbound(job.channel, job.account, f"job/{job.id}", job.chat, job.chat, Kind.TEXT, now, text)


async def run(command: Sequence[str], data: Path, who: str, timeout: float, environ: Mapping[str, str]) -> Ended:
    """`hanoidx` with these arguments, as `who` for the record of what admins do."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL,
        env={**os.environ, **environ, "HANOIDX_DATA": str(data), "HANOIDX_WHO": who, "PYTHONUTF8": "1"},
    )
    try:
        async with asyncio.timeout(timeout):
            output, errors = await process.communicate()
    except TimeoutError:
        return Ended(INTERRUPTED, "", f"it took more than {timeout:.0f} seconds")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode or 0, output.decode("utf-8", "replace"), errors.decode("utf-8", "replace"))
