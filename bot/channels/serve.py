"""`hanoidx serve`: the webhooks of the channels that are set up, and what watches over the process.

A webhook is authenticated, read, stored, and only then acknowledged; what cannot be stored is not, so that its platform
sends it again. openapi.yaml describes every route.
"""

import asyncio
import functools
import json
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
import yaml
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot import metrics
from bot.channels import telegram, zalo_bot, zalo_oa
from bot.channels.message import Channel, Inbound
from bot.channels.service import Answering, Service, open_service, open_store, until_done
from bot.channels.tokens import NoToken, Tokens, open_tokens
from bot.records.database import Store, reason, writable
from bot.settings import Settings, SettingsError, Telegram, ZaloBot, ZaloOA

LARGEST = 256 * 1024  # bytes of a request's body; the platforms send a few KB
SLOWEST = 10.0  # seconds in which a body has to be here
DESCRIPTION = Path(__file__).with_name("openapi.yaml")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a platform posts events. `authentic` judges the raw body and the headers, before anything is read of it.

    `is_probe` knows a body that is acknowledged though nothing vouches for it, because it says nothing.
    """

    channel: str
    path: str
    authentic: Callable[[bytes, Mapping[str, str]], bool]
    received: Callable[[Mapping[str, Any]], Inbound | None]
    is_probe: Callable[[bytes], bool] = lambda _: False


@dataclass(frozen=True, slots=True)
class Served:
    """A channel as this process serves it. `set_up` tells its platform of us; False if it is to be tried again."""

    channel: Channel
    webhook: Webhook
    set_up: Callable[[], Awaitable[bool]] | None = None
    routes: tuple[Route, ...] = ()


async def run(settings: Settings, data: Path, answering: Answering, host: str, port: int) -> None:
    """Serve every channel that is set up, until SIGTERM or SIGINT. The address is printed once it listens."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings, data))
        served = [channel async for channel in _channels(settings, store, stack)]
        channels = [one.channel for one in served]
        service = await stack.enter_async_context(open_service(settings, data, store, channels, answering))
        for one in served:
            if one.set_up:
                stack.callback(asyncio.create_task(until_done(one.set_up)).cancel)
        await _listen(application(service, served), host, port)


def application(service: Service, served: Sequence[Served]) -> Starlette:
    webhooks = [
        Route(one.webhook.path, functools.partial(_webhook, service=service, webhook=one.webhook), methods=["POST"])
        for one in served
    ]
    return Starlette(
        routes=[
            *webhooks,
            *(route for one in served for route in one.routes),
            Route("/healthz", _health),
            Route("/readyz", functools.partial(_ready, service=service)),
            Route("/metrics", _metrics),
            Route("/openapi.json", _description),
        ]
    )


async def _listen(app: Starlette, host: str, port: int) -> None:
    """Requests under way when the signal comes are finished; what uvicorn raises anew afterwards is caught here."""
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, lambda: None)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=75,  # longer than a proxy keeps a connection that it will use again
        timeout_graceful_shutdown=10,
    )
    listener = _bound(host, port)
    shown = f"[{host}]" if ":" in host else host
    print(f"hanoidx serve: http://{shown}:{listener.getsockname()[1]}", flush=True)  # noqa: T201
    await uvicorn.Server(config).serve(sockets=[listener])


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # or asyncio delays small answers by 40 ms
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)  # before the address is printed; uvicorn's own number
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"cannot listen on {host} port {port}: {error.strerror}; name another with --port"
        ) from error
    return listener


async def _channels(settings: Settings, store: Store, stack: AsyncExitStack) -> AsyncIterator[Served]:
    """The channels that are set up, opened until `stack` is left."""
    if settings.telegram:
        yield await _telegram(settings.telegram, stack)
    if settings.zalo_bot:
        yield await _zalo_bot(settings.zalo_bot, stack)
    if settings.zalo_oa:
        yield await _zalo_oa(settings.zalo_oa, store, stack)
    if not (settings.telegram or settings.zalo_bot or settings.zalo_oa):
        raise SettingsError(
            "no channel is set up; set HANOIDX_ZALO_OA_ID, HANOIDX_ZALO_BOT_TOKEN or HANOIDX_TELEGRAM_TOKEN, "
            "as the README says"
        )


async def _telegram(settings: Telegram, stack: AsyncExitStack) -> Served:
    if not settings.secret:
        raise SettingsError("set HANOIDX_TELEGRAM_SECRET, which Telegram sends with each event; drawn at random")
    channel, bot = await stack.enter_async_context(telegram.open_channel(settings))
    webhook = Webhook(
        channel.name,
        "/telegram",
        lambda _, headers: telegram.authentic(headers.get("x-telegram-bot-api-secret-token"), settings),
        lambda event: telegram.received(event, channel.account, telegram.username(bot)),
    )
    return Served(channel, webhook, functools.partial(telegram.set_up, bot, settings) if settings.public_url else None)


async def _zalo_bot(settings: ZaloBot, stack: AsyncExitStack) -> Served:
    if not settings.secret:
        raise SettingsError("set HANOIDX_ZALO_BOT_SECRET, which Zalo sends with each event; drawn at random")
    channel = await stack.enter_async_context(zalo_bot.open_channel(settings))
    webhook = Webhook(
        channel.name,
        "/zalo-bot",
        lambda _, headers: zalo_bot.authentic(headers.get("x-bot-api-secret-token"), settings),
        lambda event: zalo_bot.received(event, channel.account),
    )
    return Served(channel, webhook, functools.partial(zalo_bot.set_up, settings) if settings.public_url else None)


async def _zalo_oa(settings: ZaloOA, store: Store, stack: AsyncExitStack) -> Served:
    tokens = await stack.enter_async_context(open_tokens(settings, store.engine))
    channel = await stack.enter_async_context(zalo_oa.open_channel(settings, tokens))
    webhook = Webhook(
        channel.name,
        "/zalo-oa",
        lambda body, headers: zalo_oa.authentic(body, headers, settings, datetime.now(UTC)),
        lambda event: zalo_oa.received(event, settings),
        zalo_oa.is_probe,
    )
    callback = Route("/zalo-oa/callback", functools.partial(_consented, settings=settings, tokens=tokens))
    return Served(channel, webhook, routes=(callback,))


async def _consented(request: Request, settings: ZaloOA, tokens: Tokens) -> Response:
    """What an administrator's browser brings after consenting; its code is good once, and only with our secrets."""
    code, account = request.query_params.get("code", ""), request.query_params.get("oa_id", "")
    if not code or not account:
        return PlainTextResponse("Thiếu mã đồng ý của Zalo (code, oa_id).", 400)
    try:
        await tokens.exchange_code(code, account)
    except NoToken as error:
        logger.warning("zalo_oa: the consent brought no tokens: %s", error)
        return PlainTextResponse("Zalo chưa cấp quyền cho máy chủ này; xem nhật ký của máy chủ để biết vì sao.", 502)
    logger.info("zalo_oa: an administrator consented, and the account has new tokens")
    return PlainTextResponse("Đã nhận quyền gửi tin của Official Account. Có thể đóng trang này.")


async def _webhook(request: Request, service: Service, webhook: Webhook) -> Response:
    try:
        body = await _body(request)
    except TimeoutError:
        return _refused(webhook, 408, "slow")
    except ClientDisconnect:
        return _refused(webhook, 400, "cut")
    if body is None:
        return _refused(webhook, 413, "large")
    if webhook.is_probe(body):
        return PlainTextResponse("ok")
    if not webhook.authentic(body, request.headers):
        return _refused(webhook, 401, "authentication")
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return _refused(webhook, 400, "json")
    message = webhook.received(event) if isinstance(event, dict) else None
    if message:
        try:
            await service.receive([message])
        except SQLAlchemyError as error:
            service.worker.tell(error)
            return _refused(webhook, 503, "database")
    return PlainTextResponse("ok")


async def _body(request: Request) -> bytes | None:
    """None if it is too large."""
    if int(request.headers.get("content-length") or 0) > LARGEST:
        return None
    body = bytearray()
    async with asyncio.timeout(SLOWEST):
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                return None
    return bytes(body)


def _refused(webhook: Webhook, status: int, why: str) -> Response:
    metrics.REFUSED.labels(webhook.channel, why).inc()
    return PlainTextResponse(why, status, headers={"Retry-After": "5"} if status == 503 else None)


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _ready(_: Request, service: Service) -> Response:
    """200 if questions are being answered; what else an operator should know is in the body."""
    try:
        await asyncio.wait_for(service.store.run(writable), 2)
        trouble = service.worker.trouble
    except SQLAlchemyError as error:
        trouble = reason(error)
    except TimeoutError:
        trouble = "it does not answer within 2 seconds"
    snapshot = service.library.snapshot
    state = {
        "ready": not trouble and snapshot is not None,
        "snapshot": snapshot.id if snapshot else None,
        "snapshot_trouble": service.library.trouble or None,
        "database_trouble": trouble or None,
        "queue": {"waiting": service.queue.depth, "oldest_seconds": round(service.queue.age, 1)},
        "channels": {
            name: {
                "last_received": _seconds_ago(service.last_received.get(name)),
                "last_sent": _seconds_ago(health.last_sent),
                "trouble": health.broken or None,
            }
            for name, health in service.worker.health.items()
        },
    }
    return JSONResponse(state, 200 if state["ready"] else 503)


def _seconds_ago(moment: float | None) -> float | None:
    return None if moment is None else round(max(0.0, time.time() - moment), 1)


async def _metrics(_: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _description(_: Request) -> Response:
    return JSONResponse(yaml.safe_load(DESCRIPTION.read_text("utf-8")))
