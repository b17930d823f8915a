"""What answers the messages that wait: takes them up, has each replied to, sends the parts, records how that ended.

Conversations are served in parallel, the messages of one in their order. The network is a channel's `send`; whatever
becomes of it, the row says so before anything else is done.
"""

import asyncio
import contextlib
import dataclasses
import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection

from bot import messages, metrics
from bot.channels import inbox
from bot.channels.inbox import Part, TakenOver, Work
from bot.channels.message import Body, Channel, Delivery, Inbound, Outcome, Reply
from bot.channels.respond import Response, erased, with_doubt
from bot.records.database import Store, reason, writable
from bot.records.receipts import insert

AT_ONCE = 32  # conversations served at once; most of them wait for a platform
ANSWERING = 3  # threads that make replies; one encodes while another ranks
LOOK = 1.0  # seconds after which to look for work that nobody announced: put off, or left by another process
GIVE_UP = 24 * 3600.0  # seconds after which a reply is no longer sent; by then nobody waits for it
SLOW = 0.3  # seconds after which it is shown that a reply is on its way; most are there by then
TYPING = 4.0  # seconds after which that is shown again; the platforms show it for 5
FINISH = 10.0  # seconds given to what is in flight when the process ends

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
Respond = Callable[[Work], Response]


@dataclass(slots=True)
class Health:
    """What /readyz tells of a channel: when its platform last took a message, and what an operator has to mend."""

    last_sent: float | None = None
    broken: str = ""


class Worker:
    """Serves the messages of `channels`. `respond` makes a reply, in a thread, as soon as `is_ready`.

    `trouble` is what is wrong with the database; empty if nothing is.
    """

    def __init__(
        self, store: Store, channels: Sequence[Channel], respond: Respond, is_ready: Callable[[], bool]
    ) -> None:
        self.owner = secrets.token_hex(6)
        self.health = {channel.name: Health() for channel in channels}
        self.trouble = ""
        self._store = store
        self._channels: Mapping[tuple[str, str], Channel] = {(one.name, one.account): one for one in channels}
        self._respond = respond
        self._is_ready = is_ready
        self._threads = ThreadPoolExecutor(ANSWERING, "answer")
        self._wake = asyncio.Event()
        self._is_behind = False  # whether more may wait than was taken up
        self._tasks: dict[asyncio.Task[None], int] = {}  # with the conversation that each serves
        self._signs: set[asyncio.Task[None]] = set()

    @property
    def accounts(self) -> list[tuple[str, str]]:
        return list(self._channels)

    def wake(self) -> None:
        """Something waits that did not before."""
        self._wake.set()

    async def run(self) -> None:
        """Serve until cancelled; then what is in flight is finished or left as it can be resumed."""
        renewing = asyncio.create_task(self._renew())
        try:
            while True:
                self._wake.clear()
                if not await self._take_up():
                    with contextlib.suppress(TimeoutError):  # wait_for would now and then swallow a cancellation
                        async with asyncio.timeout(LOOK):
                            await self._wake.wait()
        finally:
            renewing.cancel()
            await self._finish()

    async def _take_up(self) -> bool:
        free = AT_ONCE - len(self._tasks)
        if not free or not self._is_ready():
            return False
        try:
            busy = tuple(self._tasks.values())
            works = await self._store.run(inbox.claim, self.accounts, self.owner, time.time(), free, busy)
            if self.trouble and not works:  # to find nothing, nothing had to be written
                await self._store.run(writable)
        except SQLAlchemyError as error:
            self.tell(error)
            await asyncio.sleep(LOOK)
            return False
        self.tell(None)
        self._is_behind = len(works) == free
        for work in works:
            task = asyncio.create_task(self._serve(work))
            self._tasks[task] = work.conversation_id
            task.add_done_callback(self._served)
        return bool(works)

    def _served(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        if self._is_behind:
            self._wake.set()

    async def _serve(self, work: Work) -> None:
        channel = self._channels[work.message.channel, work.message.account]
        try:
            parts = work.parts if work.is_answered else await self._reply(channel, work)
            for place, part in enumerate(parts):
                is_recorded = place == 0 and not work.is_answered
                delivery = await self._send(channel, work, part, is_recorded=is_recorded)
                now = time.time()
                self._note(channel, work, delivery, now)
                if delivery.outcome is Outcome.LATER:
                    wait = min(max(delivery.wait, LOOK), inbox.LONGEST_WAIT / 2)
                    await self._record(inbox.put_off, work, part, self.owner, now + wait)
                    return
                ended = parts[place:] if delivery.unreachable else (part,)
                is_last = place + len(ended) == len(parts)
                more = await self._record(_end, work, ended, delivery, self.owner, now, is_last=is_last)
                if is_last:
                    break
            else:
                more = await self._record(inbox.done, work, self.owner)
            if more:
                self.wake()
        except TakenOver:
            logger.warning("a message was taken over by another process, because this one was too slow")
        except Exception:
            logger.exception("a message is given up")
            await self._record(inbox.done, work, self.owner, "failed")

    async def _reply(self, channel: Channel, work: Work) -> tuple[Part, ...]:
        metrics.STAGES.labels("wait").observe(max(0.0, time.time() - work.received))
        is_made = self._show_working(channel, work.message)
        try:
            response = await asyncio.get_running_loop().run_in_executor(self._threads, self._respond, work)
            parts = await self._record(_write, work, self.owner, response, channel.present, time.time())
        except TakenOver:
            raise
        except Exception:
            logger.exception("a message could not be replied to")
            apology = Response(Reply(messages.VIETNAMESE.internal_error), work.conversation)
            return await self._record(_write, work, self.owner, apology, channel.present, time.time())
        finally:
            is_made.set()
        if response.answer:
            metrics.count_answer(channel.name, response.answer)
        return parts

    def _show_working(self, channel: Channel, message: Inbound) -> asyncio.Event:
        """At once for a pressed button, which waits for it; else when a reply takes long, until the event is set.

        It is not cancelled: that may cost httpx one of its connections, for good.
        """
        is_made = asyncio.Event()

        async def show() -> None:
            if message.click:
                await channel.show_working(message)
                return
            wait = SLOW
            while not await _is_set_within(is_made, wait):
                await channel.show_working(message)
                wait = TYPING

        sign = asyncio.create_task(show())
        self._signs.add(sign)
        sign.add_done_callback(self._signs.discard)
        return is_made

    async def _send(self, channel: Channel, work: Work, part: Part, *, is_recorded: bool) -> Delivery:
        """Send a part, its attempt recorded before; what was attempted by somebody who did not record it is not."""
        if part.attempted:
            return Delivery(Outcome.UNKNOWN, error="the process ended while it was sent")
        if not is_recorded:
            await self._record(inbox.attempt, work, part, self.owner, time.time())
        started = time.perf_counter()
        delivery = await channel.send(work.message.chat, work.message.reply_to, part.body)
        metrics.STAGES.labels("send").observe(time.perf_counter() - started)
        if delivery.outcome is Outcome.LATER and time.time() - work.received > GIVE_UP:
            return dataclasses.replace(delivery, outcome=Outcome.FAILED)
        return delivery

    def _note(self, channel: Channel, work: Work, delivery: Delivery, now: float) -> None:
        metrics.SENDS.labels(channel.name, delivery.outcome.value).inc()
        health = self.health[channel.name]
        if delivery.broken and delivery.broken != health.broken:
            logger.error("%s: %s", channel.name, delivery.broken)
        if delivery.outcome is Outcome.SENT:
            metrics.STAGES.labels("all").observe(max(0.0, now - work.received))
            health.last_sent, health.broken = now, ""
        elif delivery.broken:
            health.broken = delivery.broken
        elif delivery.error:
            logger.warning("%s: a message was not sent (%s): %s", channel.name, delivery.outcome, delivery.error)

    async def _record(self, what: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write to the database, again and again if it cannot be written: what has happened must be recorded."""
        wait = 0.1
        while True:
            try:
                result = await self._store.run(what, *args, **kwargs)
            except (OperationalError, InterfaceError, NoConnection) as error:
                self.tell(error)
                await asyncio.sleep(wait)
                wait = min(2 * wait, 5.0)
            else:
                self.tell(None)
                return result

    def tell(self, error: Exception | None) -> None:
        """Log what is wrong with the database when that changes."""
        trouble = reason(error) if error else ""
        if trouble and trouble != self.trouble:
            logger.error(
                "the database cannot be written: %s; messages wait until it can",
                trouble,
            )
        elif self.trouble and not trouble:
            logger.info("the database can be written again")
        self.trouble = trouble

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(inbox.LEASE / 3)
            try:
                await self._store.run(inbox.renew, self.owner, tuple(self._tasks.values()), time.time())
            except SQLAlchemyError as error:
                self.tell(error)

    async def _finish(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=FINISH)
        for task in (*self._tasks, *self._signs):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._signs, return_exceptions=True)
        try:
            await self._store.run(inbox.release, self.accounts, self.owner)
        except SQLAlchemyError as error:
            self.tell(error)
        self._threads.shutdown(wait=False, cancel_futures=True)


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def _write(
    connection: Connection,
    work: Work,
    owner: str,
    response: Response,
    present: Callable[[Reply], tuple[Body, ...]],
    now: float,
) -> tuple[Part, ...]:
    """One transaction: what is erased, the reply, what to remember, the receipt, the thumbs."""
    reply = erased(inbox.erase(connection, work)) if response.erase else response.reply
    if reply and work.doubtful:
        reply = with_doubt(reply)
    parts = inbox.answered(connection, work, owner, present(reply) if reply else (), now)
    if parts and parts[0].attempted:  # by a commit that we have not heard of; all the rest is written then
        return tuple(dataclasses.replace(part, attempted=False) for part in parts)
    answer_id = response.answer.answer_id if response.answer else None
    inbox.remember(connection, work, response.conversation, answer_id, doubtful=work.doubtful and reply is None)
    if response.answer:
        insert(connection, response.answer, work.conversation_id)
    if response.verdict:
        verdict = response.verdict
        inbox.judge(connection, work, verdict.answer_id, verdict.verdict, verdict.reason, now)
    return parts


def _end(
    connection: Connection,
    work: Work,
    parts: Sequence[Part],
    delivery: Delivery,
    owner: str,
    now: float,
    *,
    is_last: bool,
) -> bool:
    """Record how parts ended; after the last one the message is done. Whether more of its conversation wait."""
    for part in parts:
        inbox.ended(connection, work, part, delivery, now)
    return inbox.done(connection, work, owner) if is_last else False
