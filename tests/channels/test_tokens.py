"""The tokens of an Official Account: asked for once, saved before they are used, and never told to anyone."""

import asyncio
import dataclasses
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from platforms import Fault, cut, drop, hang, http, refuse, running
from sqlalchemy import Engine, create_engine, insert, select, update
from sqlalchemy.exc import OperationalError
from zalo_oa_server import APP_ID, APP_SECRET, HOUR, OA_ID, OA_SECRET, ZaloOAServer, challenge

from bot.channels.tokens import CLAIM, NoToken, Tokens, free, open_tokens
from bot.records.database import METADATA, TOKENS
from bot.settings import ZaloOA

VERIFIER = "mot-chuoi-bi-mat-du-dai-cho-pkce-cua-ung-dung"


@pytest.fixture
def server() -> Iterator[ZaloOAServer]:
    with running(ZaloOAServer()) as oa_server:
        yield oa_server


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path / 'thu.db'}")
    METADATA.create_all(made, [TOKENS])
    yield made
    made.dispose()


def settings(server: ZaloOAServer, **changes: str) -> ZaloOA:
    ours = ZaloOA(OA_ID, APP_ID, APP_SECRET, OA_SECRET, server.refresh.value, VERIFIER, server.url, server.url)
    return dataclasses.replace(ours, **changes)


def use(server: ZaloOAServer, engine: Engine, ours: ZaloOA, do: Callable[[Tokens], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with open_tokens(ours, engine, now=server.now) as tokens:
            return await do(tokens)

    return asyncio.run(main())


def current(server: ZaloOAServer, engine: Engine, ours: ZaloOA, refused: str = "") -> str:
    return str(use(server, engine, ours, lambda tokens: tokens.current(refused)))


def refused(server: ZaloOAServer, engine: Engine, ours: ZaloOA) -> NoToken:
    with pytest.raises(NoToken) as raised:
        current(server, engine, ours)
    return raised.value


def row(engine: Engine) -> Any:
    with engine.connect() as connection:
        return connection.execute(select(TOKENS)).one()


def asked(server: ZaloOAServer) -> int:
    return len(server.calls("access_token"))


def test_the_first_pair_comes_from_the_setting_and_serves_until_it_is_20_hours_old(
    server: ZaloOAServer, engine: Engine
) -> None:
    ours = settings(server)
    first = current(server, engine, ours)
    assert first == server.access.value
    kept = row(engine)
    assert (kept.channel, kept.account, kept.access_token) == ("zalo_oa", OA_ID, first)
    assert kept.refresh_token == server.refresh.value != ours.refresh_token
    assert kept.expires - kept.refreshed == 25 * HOUR
    server.advance(19.9 * HOUR)
    assert current(server, engine, ours) == first
    server.advance(0.2 * HOUR)
    assert current(server, engine, ours) == first  # and the next one is there when that is said
    assert current(server, engine, ours) == server.access.value != first
    assert asked(server) == 2


def test_a_token_that_grows_old_serves_while_the_next_is_asked_for(server: ZaloOAServer, engine: Engine) -> None:
    ours = settings(server)
    first = current(server, engine, ours)
    server.advance(21 * HOUR)
    server.faults.order("access_token", hang(1.0))

    async def meanwhile(tokens: Tokens) -> None:
        for _ in range(3):  # Zalo has yet to answer
            assert await tokens.current() == first
            await asyncio.sleep(0.1)
        assert await tokens.current(refused=first) == server.access.value != first

    use(server, engine, ours, meanwhile)
    assert asked(server) == 2


def test_a_new_pair_is_in_the_database_before_it_is_used(server: ZaloOAServer, engine: Engine) -> None:
    token = current(server, engine, settings(server))
    assert row(engine).access_token == token
    assert row(engine).refreshing_until == 0


@pytest.mark.parametrize("expires_in", ['"90000"', "90000", "null", '"nhiều"'])
def test_a_lifetime_may_be_written_in_several_ways(server: ZaloOAServer, engine: Engine, expires_in: str) -> None:
    reply = f'{{"access_token":"a","refresh_token":"r","expires_in":{expires_in}}}'
    server.faults.order("access_token", http(200, reply))
    assert current(server, engine, settings(server)) == "a"
    assert row(engine).expires - row(engine).refreshed == 90_000


def test_a_refused_token_is_replaced_once_for_all_who_hold_it(server: ZaloOAServer, engine: Engine) -> None:
    async def many(tokens: Tokens) -> list[str]:
        old = await tokens.current()
        server.revoke()
        server.advance(HOUR)
        return await asyncio.gather(*(tokens.current(refused=old) for _ in range(20)))

    renewed = use(server, engine, settings(server), many)
    assert set(renewed) == {server.access.value}
    assert asked(server) == 2


def test_a_token_that_is_refused_as_soon_as_it_is_given_is_an_operators_to_mend(
    server: ZaloOAServer, engine: Engine
) -> None:
    ours = settings(server)
    token = current(server, engine, ours)
    with pytest.raises(NoToken, match="it refuses the token that it has just given out") as raised:
        current(server, engine, ours, refused=token)
    assert raised.value.broken
    assert asked(server) == 1


def test_many_tasks_of_many_processes_ask_zalo_once(server: ZaloOAServer, engine: Engine) -> None:
    server.faults.order("access_token", hang(0.3))
    ours = settings(server)
    found: list[str] = []

    async def process() -> None:
        async with open_tokens(ours, engine, now=server.now) as tokens:
            found.extend(await asyncio.gather(*(tokens.current() for _ in range(5))))

    threads = [threading.Thread(target=lambda: asyncio.run(process())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [server.access.value] * 20
    assert asked(server) == 1


def test_who_dies_while_refreshing_blocks_others_for_a_while_only(server: ZaloOAServer, engine: Engine) -> None:
    ours = settings(server)
    token = current(server, engine, ours)
    with engine.begin() as connection:
        connection.execute(update(TOKENS).values(refreshing_until=server.now() + CLAIM))

    async def waiting(tokens: Tokens) -> str:
        server.revoke()
        server.advance(70)
        task = asyncio.create_task(tokens.current(refused=token))
        await asyncio.sleep(0.3)
        assert not task.done()
        assert asked(server) == 1
        server.advance(CLAIM)
        return await task

    assert use(server, engine, ours, waiting) == server.access.value != token


def test_who_is_alone_on_a_database_does_not_wait_for_who_died_while_refreshing(
    server: ZaloOAServer, engine: Engine
) -> None:
    ours = settings(server)
    token = current(server, engine, ours)
    server.revoke()
    server.advance(70)
    with engine.begin() as connection:
        connection.execute(update(TOKENS).values(refreshing_until=server.now() + CLAIM))
        free(connection, [("zalo_oa", "another")])
        assert connection.execute(select(TOKENS.c.refreshing_until)).scalar_one() > 0
        free(connection, [("zalo_oa", OA_ID)])
    assert use(server, engine, ours, lambda tokens: tokens.current(refused=token)) == server.access.value != token


def test_a_cancelled_send_does_not_lose_the_pair_that_is_on_its_way(server: ZaloOAServer, engine: Engine) -> None:
    server.faults.order("access_token", hang(0.3))

    async def cancelled(tokens: Tokens) -> None:
        task = asyncio.create_task(tokens.current())
        await asyncio.sleep(0.1)
        task.cancel()

    use(server, engine, settings(server), cancelled)  # waits at its end
    assert row(engine).refresh_token == server.refresh.value


def test_a_pair_that_could_not_be_saved_is_saved_before_it_is_used(server: ZaloOAServer, engine: Engine) -> None:
    fails = 1

    async def run(do: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal fails
        if do.__name__ == "_replace" and fails:
            fails -= 1
            raise OperationalError("UPDATE", {"access_token": server.access.value}, Exception("database is locked"))
        return await asyncio.to_thread(do, *arguments)

    async def main() -> str:
        async with open_tokens(settings(server), engine, run, server.now) as tokens:
            with pytest.raises(NoToken) as raised:
                await tokens.current()
            assert str(raised.value) == "the database fails to keep tokens (OperationalError)"
            assert (raised.value.broken, raised.value.wait) == (False, 5)
            return await tokens.current()

    assert asyncio.run(main()) == server.access.value == row(engine).access_token
    assert asked(server) == 1


# Settings


def test_another_setting_starts_anew_and_the_same_one_does_not(server: ZaloOAServer, engine: Engine) -> None:
    ours = settings(server)
    current(server, engine, ours)
    current(server, engine, ours)
    assert asked(server) == 1
    anew = dataclasses.replace(ours, refresh_token=server.issue()["refresh_token"])
    assert current(server, engine, anew) == server.access.value
    assert asked(server) == 2


def test_a_process_with_an_older_setting_goes_on_with_what_the_newer_one_brought(
    server: ZaloOAServer, engine: Engine
) -> None:
    async def both(older: Tokens) -> None:
        await older.current()
        newer = dataclasses.replace(settings(server), refresh_token=server.issue()["refresh_token"])
        async with open_tokens(newer, engine, now=server.now) as tokens:
            assert await tokens.current() == await older.current() == server.access.value

    use(server, engine, settings(server), both)


def test_a_setting_that_is_removed_leaves_the_tokens(server: ZaloOAServer, engine: Engine) -> None:
    token = current(server, engine, settings(server))
    assert current(server, engine, settings(server, refresh_token="")) == token


def test_without_any_token_an_operator_is_told_what_to_do(server: ZaloOAServer, engine: Engine) -> None:
    error = refused(server, engine, settings(server, refresh_token=""))
    assert error.broken
    assert str(error) == (
        f"Zalo gives the Official Account {OA_ID} no token (none was ever set); let an administrator of the account "
        "consent again, or set HANOIDX_ZALO_OA_REFRESH_TOKEN anew"
    )


# Trouble


@pytest.mark.parametrize(
    ("fault", "is_broken", "said"),
    [
        (refuse(-14014), True, "(error -14014 Invalid refresh token); let an administrator"),
        (refuse(-14020), True, "(error -14020 Refresh token expired)"),
        (refuse(-14002), True, "(error -14002 Invalid app)"),
        (http(200, "{}"), True, "(error None )"),
        (http(404, "<h1>not here</h1>"), True, "(HTTP 404 without a JSON object)"),
        (http(200, '{"error":-32}'), False, "no new token yet: error -32"),
        (http(429, "<h1>slow down</h1>"), False, "HTTP 429"),
        (http(503, "<h1>busy</h1>"), False, "HTTP 503"),
        (http(500, '{"error":-1}'), False, "error -1"),
        (http(200, '{"access_token":"a","refresh'), False, "HTTP 200 without a JSON object"),
        (cut(), False, "RemoteProtocolError"),
    ],
)
def test_each_trouble_is_told_from_one_that_needs_consent(
    server: ZaloOAServer,
    engine: Engine,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    is_broken: bool,
    said: str,
) -> None:
    server.faults.order("access_token", fault)
    error = refused(server, engine, settings(server))
    assert (error.broken, said in str(error)) == (is_broken, True), error
    assert error.wait >= 1
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [str(error)]
    assert current(server, engine, settings(server)) == server.access.value  # another process need not wait


def test_zalo_is_not_asked_again_before_the_wait_is_over(server: ZaloOAServer, engine: Engine) -> None:
    server.faults.order("access_token", http(503), None)

    async def again(tokens: Tokens) -> None:
        for _ in range(5):
            with pytest.raises(NoToken):
                await tokens.current()
        assert asked(server) == 1
        server.advance(2)
        with pytest.raises(NoToken):
            await tokens.current()
        assert asked(server) == 2
        server.faults.clear()
        server.advance(10)
        assert await tokens.current() == server.access.value

    use(server, engine, settings(server), again)


def test_an_old_token_serves_to_its_end_while_there_is_no_new_one(server: ZaloOAServer, engine: Engine) -> None:
    ours = settings(server)
    token = current(server, engine, ours)
    server.faults.order("access_token", refuse(-14014), None)
    server.advance(21 * HOUR)

    async def old(tokens: Tokens) -> None:
        for _ in range(3):
            assert await tokens.current() == token
            await asyncio.sleep(0.1)
        server.advance(4 * HOUR)
        with pytest.raises(NoToken, match="-14014"):
            await tokens.current()

    use(server, engine, ours, old)
    assert asked(server) == 3


def test_a_refresh_whose_answer_was_lost_needs_consent(server: ZaloOAServer, engine: Engine) -> None:
    server.faults.order("access_token", drop())
    ours = settings(server)
    assert not refused(server, engine, ours).broken
    assert refused(server, engine, ours).broken


def test_no_token_is_logged_or_told(
    server: ZaloOAServer, engine: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    ours = settings(server)
    secrets = {ours.refresh_token, APP_SECRET, VERIFIER}
    current(server, engine, ours)
    secrets |= {server.access.value, server.refresh.value}
    server.faults.order("access_token", cut())
    server.advance(30 * HOUR)
    told = str(refused(server, engine, ours))
    assert not [one for one in secrets if one in caplog.text + told + repr(ours)]


# Consent


def test_consent_brings_a_pair_whatever_became_of_the_one_before(server: ZaloOAServer, engine: Engine) -> None:
    ours = settings(server, refresh_token="da-dung-roi")

    async def consent(tokens: Tokens) -> str:
        with pytest.raises(NoToken):
            await tokens.current()
        await tokens.exchange_code(server.consent(challenge(VERIFIER)), OA_ID)
        return await tokens.current()

    assert use(server, engine, ours, consent) == server.access.value
    assert current(server, engine, ours) == server.access.value  # after a restart too
    assert [call.arguments["grant_type"] for call in server.calls("access_token")] == [
        "refresh_token",
        "authorization_code",
    ]


def test_consent_is_enough_where_no_token_was_set(server: ZaloOAServer, engine: Engine) -> None:
    async def consent(tokens: Tokens) -> str:
        await tokens.exchange_code(server.consent(challenge(VERIFIER)), OA_ID)
        return await tokens.current()

    assert use(server, engine, settings(server, refresh_token=""), consent) == server.access.value


@pytest.mark.parametrize(
    ("account", "verifier", "said"),
    [
        (OA_ID, "khac", "error -14005 Invalid authorization code"),
        ("oa2", VERIFIER, "the consent is for the Official Account 'oa2', but HANOIDX_ZALO_OA_ID is oa1"),
    ],
)
def test_consent_that_is_not_ours_changes_nothing(
    server: ZaloOAServer, engine: Engine, account: str, verifier: str, said: str
) -> None:
    ours = settings(server)
    token = current(server, engine, ours)

    async def consent(tokens: Tokens) -> None:
        await tokens.exchange_code(server.consent(challenge(VERIFIER)), account)

    with pytest.raises(NoToken) as raised:
        use(server, engine, dataclasses.replace(ours, code_verifier=verifier), consent)
    assert said in str(raised.value)
    assert raised.value.broken
    assert row(engine).access_token == token


@pytest.mark.parametrize(
    "fault", [http(200, '{"error":0,"data":{"oaid":"oa2"}}'), refuse(-224), http(502, "<h1>bad gateway</h1>")]
)
def test_a_token_of_another_account_is_not_kept_whatever_its_callback_said(
    server: ZaloOAServer, engine: Engine, fault: Fault
) -> None:
    server.faults.order("getoa", fault)
    ours = settings(server)
    token = current(server, engine, ours)
    code = server.consent(challenge(VERIFIER))
    with pytest.raises(NoToken, match=r"the consent is for the Official Account '(oa2)?', but"):
        use(server, engine, ours, lambda tokens: tokens.exchange_code(code, OA_ID))
    assert row(engine).access_token == token


def test_a_setting_that_changes_during_a_refresh_wins(server: ZaloOAServer, engine: Engine) -> None:
    server.faults.order("access_token", hang(0.3))
    older = settings(server)

    async def both(tokens: Tokens) -> None:
        task = asyncio.create_task(tokens.current())
        await asyncio.sleep(0.1)
        with engine.begin() as connection:
            connection.execute(update(TOKENS).values(refresh_token="moi", seed="moi", refreshing_until=0))
        with pytest.raises(NoToken, match="an operator has set another token meanwhile"):
            await task

    use(server, engine, older, both)
    assert row(engine).refresh_token == "moi"


def test_two_accounts_have_a_row_each(server: ZaloOAServer, engine: Engine) -> None:
    other = {"channel": "zalo_oa", "account": "oa2", "access_token": "a2", "refresh_token": "r2", "seed": "s"}
    with engine.begin() as connection:
        connection.execute(insert(TOKENS).values(**other, expires=0, refreshed=0, refreshing_until=0))
    current(server, engine, settings(server))
    with engine.connect() as connection:
        kept = connection.execute(select(TOKENS.c.access_token).where(TOKENS.c.account == "oa2")).scalar()
    assert kept == "a2"
