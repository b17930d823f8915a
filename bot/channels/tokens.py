"""The tokens of a Zalo Official Account: one to send with, good for a day, and one that brings the next two, once.

They are kept in the database, one row an account, for restarts and for other processes. What a rule comes from is said
as in bot/channels/zalo_bot.py.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
from sqlalchemy import Connection, Engine, and_, insert, select, true, tuple_, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bot.channels.zalo_bot import MENDED, Response, client, inner, number, opaque, pause, request
from bot.errors import BotError
from bot.records.database import TOKENS, reading
from bot.render import printable
from bot.settings import ZaloOA

CHANNEL = "zalo_oa"
GOOD_FOR = 90_000  # seconds (B1, R)
FRESH = 20 * 3600.0  # seconds after which the next pair is asked for
MARGIN = 60.0  # seconds before its end from which a token is not used any more
NEW = 60.0  # seconds in which another pair is not asked for, even if Zalo refuses this one
TIMEOUT = 60.0  # seconds; an answer that comes too late is lost, and the account's only way to tokens with it
CLAIM = 90.0  # seconds in which one process alone may ask; longer than asking and saving take
PATIENCE = 15.0  # seconds that a send waits for all this
LOOK = 0.2  # seconds between looks at how another process fares

Run = Callable[..., Awaitable[Any]]  # asyncio.to_thread, or the like

logger = logging.getLogger(__name__)


class NoToken(BotError):
    """There is none to send with; `wait` is in seconds. `broken`: it stays so until an operator does what it says."""

    def __init__(self, said: str, wait: float, *, broken: bool = False) -> None:
        super().__init__(said)
        self.wait, self.broken = wait, broken


@dataclass(frozen=True, slots=True)
class Pair:
    """As its row has it: `access_token` is empty where it has yet to be asked for."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires: float
    refreshed: float


class Tokens:
    """Any number of tasks and processes may ask for a token; one of them asks Zalo."""

    def __init__(
        self, settings: ZaloOA, engine: Engine, run: Run, http: httpx.AsyncClient, now: Callable[[], float]
    ) -> None:
        self._settings, self._engine, self._run, self._http, self._now = settings, engine, run, http, now
        self._seeded = False
        self._task: asyncio.Task[Pair] | None = None
        self._unsaved: tuple[str, Pair] | None = None  # what came for a refresh token, and is not in the database yet
        self._failed: tuple[str, float, NoToken] | None = None  # what became of a refresh token, and until when
        self._failures = 0
        self._closing = False

    async def current(self, refused: str = "") -> str:
        """A token to send with, other than the one that Zalo has just refused. Raises NoToken.

        One that grows old is still given, while the next is asked for: should Zalo end it at that moment and refuse it,
        the send asks again and waits.
        """
        pair, now = await self._read(), self._now()
        is_good = pair.access_token not in ("", refused) and now < pair.expires - MARGIN
        if is_good and now < pair.refreshed + FRESH:
            return pair.access_token
        if refused and pair.access_token == refused and now < pair.refreshed + NEW:
            raise NoToken(_broken(self._settings, "it refuses the token that it has just given out"), NEW, broken=True)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._next(pair))
            self._task.add_done_callback(_seen)
        if is_good:
            return pair.access_token
        await asyncio.wait({self._task}, timeout=PATIENCE)  # cancelling a send must not cancel this
        if not self._task.done():
            raise NoToken("a new token is a long time coming", 5.0)
        return self._task.result().access_token

    async def exchange_code(self, code: str, account: str) -> None:
        """A new pair for an administrator's consent, whose callback has brought both (B1, R). Raises NoToken.

        Anyone can call the callback with the code of an account of their own, so the new token is asked whose it is.
        """
        verifier = self._settings.code_verifier
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        if account == self._settings.account:
            pair = _pair(await self._ask(form), self._settings, self._now())
            account = await self._account_of(pair)
        if account != self._settings.account:
            raise NoToken(
                f"the consent is for the Official Account {printable(account)[:40]!r}, but HANOIDX_ZALO_OA_ID is "
                f"{self._settings.account}; let an administrator of that one consent",
                MENDED,
                broken=True,
            )
        await self._in_database(_put, self._settings, pair)

    async def close(self) -> None:
        self._closing = True
        if self._task:
            await asyncio.wait({self._task})

    async def _next(self, pair: Pair) -> Pair:
        """The pair after this one, whoever asks for it; saved before anyone uses it."""
        while True:
            if self._unsaved:
                return await self._save(*self._unsaved)
            if self._failed and self._failed[0] == pair.refresh_token and self._now() < self._failed[1]:
                raise self._failed[2]
            if await self._in_database(_claim, self._settings, pair, self._now()):
                return await self._refresh(pair)
            found = await self._read()
            if found.access_token and found.refresh_token != pair.refresh_token:
                return found
            if self._closing:
                raise NoToken("another process has yet to bring a new token", LOOK)
            pair = found
            await asyncio.sleep(LOOK)

    async def _refresh(self, pair: Pair) -> Pair:
        response = await self._ask({"grant_type": "refresh_token", "refresh_token": pair.refresh_token})
        try:
            following = _pair(response, self._settings, self._now(), pause(self._failures, 2, 60))
        except NoToken as error:
            logger.warning("%s", error)
            self._failures += 1
            self._failed = pair.refresh_token, self._now() + error.wait, error
            await self._in_database(_release, self._settings, pair)
            raise
        self._failures = 0
        self._unsaved = pair.refresh_token, following
        return await self._save(pair.refresh_token, following)

    async def _save(self, spent: str, pair: Pair) -> Pair:
        is_saved = await self._in_database(_replace, self._settings, spent, pair)
        self._unsaved = None
        if not is_saved:
            raise NoToken("an operator has set another token meanwhile", 1.0)
        return pair

    async def _read(self) -> Pair:
        if not self._seeded:
            await self._in_database(_seed, self._settings)
            self._seeded = True
        pair: Pair | None = await self._in_database(_read, self._settings)
        if pair is None:
            raise NoToken(_broken(self._settings, "none was ever set"), MENDED, broken=True)
        return pair

    async def _ask(self, form: dict[str, str]) -> Response:
        url = f"{self._settings.oauth_base}/v4/oa/access_token"
        data = {**form, "app_id": self._settings.app_id}
        secret = {"secret_key": self._settings.app_secret}
        return await request(self._http, "POST", url, TIMEOUT, data=data, headers=secret)

    async def _account_of(self, pair: Pair) -> str:
        """Empty where Zalo does not say (B3, R C)."""
        url, token = f"{self._settings.api_base}/v2.0/oa/getoa", {"access_token": pair.access_token}
        response = await request(self._http, "GET", url, TIMEOUT, headers=token)
        return opaque(inner(response.fields, "data").get("oaid"))

    async def _in_database(self, do: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return await self._run(do, self._engine, *arguments)
        except SQLAlchemyError as error:  # its text holds the tokens
            raise NoToken(f"the database fails to keep tokens ({type(error).__name__})", 5.0) from None


@asynccontextmanager
async def open_tokens(
    settings: ZaloOA, engine: Engine, run: Run = asyncio.to_thread, now: Callable[[], float] = time.time
) -> AsyncIterator[Tokens]:
    """At the end, a pair that is on its way is waited for and saved: nobody could ask for it again."""
    async with client() as http:
        tokens = Tokens(settings, engine, run, http, now)
        try:
            yield tokens
        finally:
            await tokens.close()


def _seen(task: asyncio.Task[Pair]) -> None:
    """Look at how it ended, or asyncio would complain that nobody has."""
    if not task.cancelled():
        task.exception()


# --- Zalo's answer ------------------------------------------------------------------------------------------------


def _pair(response: Response, settings: ZaloOA, now: float, wait: float = 0.0) -> Pair:
    """The tokens in an answer (B1, R). Raises NoToken, with `wait` where Zalo may do better later."""
    access, following = (response.fields.get(key) for key in ("access_token", "refresh_token"))
    if isinstance(access, str) and isinstance(following, str) and access and following:
        expires_in = number(response.fields.get("expires_in"))
        return Pair(access, following, now + (expires_in or GOOD_FOR), now)
    code = number(response.fields.get("error"))
    said = response.error or printable(f"error {code} {response.fields.get('error_name', '')}"[:100])
    is_refused = 400 <= response.status < 500 and response.status != 429 if response.error else code != -32
    if not is_refused or response.status >= 500:  # the codes are not official (B1, C)
        raise NoToken(f"Zalo gives the Official Account no new token yet: {said}", wait)
    raise NoToken(_broken(settings, said), MENDED, broken=True)


def _broken(settings: ZaloOA, said: str) -> str:
    return (
        f"Zalo gives the Official Account {settings.account} no token ({said}); let an administrator of the account "
        "consent again, or set HANOIDX_ZALO_OA_REFRESH_TOKEN anew"
    )


# --- The row ------------------------------------------------------------------------------------------------------


def _is_ours(settings: ZaloOA) -> Any:
    return and_(TOKENS.c.channel == CHANNEL, TOKENS.c.account == settings.account)


def _seed_of(settings: ZaloOA) -> str:
    return hashlib.sha256(settings.refresh_token.encode()).hexdigest()


def _row(settings: ZaloOA, pair: Pair) -> dict[str, Any]:
    return {**asdict(pair), "refreshing_until": 0.0, "seed": _seed_of(settings)}


def _read(engine: Engine, settings: ZaloOA) -> Pair | None:
    c = TOKENS.c
    columns = select(c.access_token, c.refresh_token, c.expires, c.refreshed)
    with reading(engine) as connection:
        row = connection.execute(columns.where(_is_ours(settings))).first()
    return Pair(*row) if row else None


def _seed(engine: Engine, settings: ZaloOA) -> None:
    """Begin with the token of the settings, unless the row came of it already.

    Done once a process: one that still runs with an older setting must not undo what a newer one has brought. A
    setting that was removed leaves the row as it is.
    """
    with reading(engine) as connection:
        seed = connection.execute(select(TOKENS.c.seed).where(_is_ours(settings))).scalar()
    if not settings.refresh_token or seed == _seed_of(settings):
        return
    pair = Pair("", settings.refresh_token, 0.0, 0.0)
    if seed is None:
        _insert(engine, settings, pair)
        return
    with engine.begin() as connection:
        row = and_(_is_ours(settings), TOKENS.c.seed == seed)  # unless another process has just done the same
        connection.execute(update(TOKENS).where(row).values(_row(settings, pair)))


def _put(engine: Engine, settings: ZaloOA, pair: Pair) -> None:
    if not _insert(engine, settings, pair):
        with engine.begin() as connection:
            connection.execute(update(TOKENS).where(_is_ours(settings)).values(_row(settings, pair)))


def _insert(engine: Engine, settings: ZaloOA, pair: Pair) -> bool:
    """False where there is a row already."""
    row = {"channel": CHANNEL, "account": settings.account, **_row(settings, pair)}
    try:
        with engine.begin() as connection:
            connection.execute(insert(TOKENS).values(row))
    except IntegrityError:
        return False
    return True


def _claim(engine: Engine, settings: ZaloOA, pair: Pair, now: float) -> bool:
    # What is far later was claimed by a clock that has since been set back; a little later, by somebody else just now.
    is_free = ~TOKENS.c.refreshing_until.between(now, now + 2 * CLAIM)
    return _change(engine, settings, pair.refresh_token, {"refreshing_until": now + CLAIM}, is_free)


def free(connection: Connection, accounts: Collection[tuple[str, str]]) -> None:
    """Forget who asks for tokens, where a crash left it and nobody else can be asking."""
    ours = tuple_(TOKENS.c.channel, TOKENS.c.account).in_(list(accounts))
    connection.execute(update(TOKENS).where(ours).values(refreshing_until=0.0))


def _release(engine: Engine, settings: ZaloOA, pair: Pair) -> None:
    _change(engine, settings, pair.refresh_token, {"refreshing_until": 0.0})


def _replace(engine: Engine, settings: ZaloOA, spent: str, pair: Pair) -> bool:
    return _change(engine, settings, spent, {"refreshing_until": 0.0, **asdict(pair)})


def _change(
    engine: Engine, settings: ZaloOA, refresh_token: str, values: Mapping[str, Any], condition: Any = true()
) -> bool:
    """Whether the row still had that refresh token, and met the condition."""
    row = and_(_is_ours(settings), TOKENS.c.refresh_token == refresh_token, condition)
    with engine.begin() as connection:
        return connection.execute(update(TOKENS).where(row).values(values)).rowcount == 1
