"""`hanoidx telegram` and `hanoidx zalo`: what people did is asked for, so no address of ours has to be reachable."""

import asyncio
import dataclasses
import signal
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.channels import telegram, zalo_bot
from bot.channels.service import Answering, open_service, open_store, until_done
from bot.settings import Settings, SettingsError


async def run_telegram(settings: Settings, data: Path, answering: Answering) -> None:
    """Serve the Telegram bot until SIGTERM or SIGINT."""
    if not settings.telegram:
        raise SettingsError("set HANOIDX_TELEGRAM_TOKEN to the token from @BotFather's message")
    ours = dataclasses.replace(settings.telegram, public_url="")
    async with (
        open_store(settings, data) as store,
        telegram.open_channel(ours) as (channel, bot),
        open_service(settings, data, store, [channel], answering) as service,
    ):
        setting_up = asyncio.create_task(until_done(lambda: telegram.set_up(bot, ours)))
        await _until_stopped(telegram.poll(bot, channel.account, service.receive))
        setting_up.cancel()


async def run_zalo(settings: Settings, data: Path, answering: Answering) -> None:
    """Serve the Zalo bot until SIGTERM or SIGINT; for development, because Zalo keeps nothing for those who poll."""
    ours = settings.zalo_bot
    if not ours:
        raise SettingsError("set HANOIDX_ZALO_BOT_TOKEN to the token from Zalo Bot Manager's message")
    async with (
        open_store(settings, data) as store,
        zalo_bot.open_channel(ours) as channel,
        open_service(settings, data, store, [channel], answering) as service,
    ):
        await _until_stopped(zalo_bot.poll(ours, lambda message: service.receive([message])))


async def _until_stopped(polling: Coroutine[Any, Any, Any]) -> None:
    task = asyncio.create_task(polling)
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
