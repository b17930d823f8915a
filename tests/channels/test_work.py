"""The worker: what it does besides what tests over real HTTP see of it."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from bot.answering.conversation import Conversation
from bot.channels.inbox import Work, receive
from bot.channels.message import Body, Channel, Delivery, Inbound, Kind, Outcome, Reply
from bot.channels.respond import Response
from bot.channels.work import SLOW, Worker
from bot.records.database import Store, database


def test_showing_that_a_reply_is_on_its_way_is_never_cancelled(tmp_path: Path) -> None:
    """httpx loses a connection of its pool now and then when a request is cancelled, until it has none left."""
    shown: list[str] = []

    async def show(_: Inbound) -> None:
        shown.append("begun")
        try:
            await asyncio.sleep(0.3)
        except asyncio.CancelledError:
            shown.append("cancelled")
            raise
        shown.append("ended")

    async def send(_chat: str, _reply_to: str, _body: Body) -> Delivery:
        sent.set()
        return Delivery(Outcome.SENT, "1")

    def slowly(_: Work) -> Response:
        time.sleep(SLOW + 0.1)
        return Response(Reply("126 xã, phường"), Conversation())

    async def main() -> None:
        store = Store(database(tmp_path))
        channel = Channel("thu", "1", lambda reply: ({"text": reply.text},), send, show)
        worker = Worker(store, [channel], slowly, lambda: True)
        message = Inbound("thu", "1", "k1", "c1", "c1", Kind.TEXT, datetime.now(UTC), "Bao nhiêu?")
        await store.run(receive, message, b"secret", time.time())
        running = asyncio.create_task(worker.run())
        await sent.wait()
        await asyncio.sleep(0.5)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        store.close()

    sent = asyncio.Event()
    asyncio.run(main())
    assert shown == ["begun", "ended"]
