"""What never stands in a log, whatever goes wrong: a secret, or what people write."""

import asyncio
import dataclasses
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from bot import messages
from bot.answering import answer
from bot.channels import inbox
from bot.channels.message import Body, Channel, Delivery, Inbound, Kind, Outcome, Reply
from bot.channels.service import Answering, Service
from bot.dialogue import Answer, Question, Status
from bot.errors import UnreadableDatabase
from bot.log import LOUD, configure, secrets
from bot.records.database import TOKENS, Store, database
from bot.settings import Settings
from corpus.catalogue import read_folder
from index.activation import activate
from index.build import build
from index.encode import Encoder
from index.snapshot import Snapshot, load

Ask = Callable[[Question, Snapshot], Answer]

PASSWORD = "hunter2 +@/é"
SECRETS = {
    "HANOIDX_TELEGRAM_TOKEN": "7000001:AAF-telegram_token",
    "HANOIDX_TELEGRAM_SECRET": "telegram-webhook-secret",
    "HANOIDX_ZALO_BOT_TOKEN": "12345689:zalo-token",
    "HANOIDX_ZALO_BOT_SECRET": "zalo-webhook-secret",
    "HANOIDX_ZALO_OA_APP_SECRET": "oa-app-secret",
    "HANOIDX_ZALO_OA_SECRET_KEY": "oa-secret-key",
    "HANOIDX_ZALO_OA_REFRESH_TOKEN": "oa-refresh-token",
    "HANOIDX_ZALO_OA_CODE_VERIFIER": "oa-code-verifier",
    "HANOIDX_GENERATOR_KEY": "generator-key",
    "HANOIDX_SECRET": "key-of-the-hashes",
    "HANOIDX_DATABASE_URL": f"postgresql://bot:{quote(PASSWORD, safe='')}@127.0.0.1:1/hanoidx",
    "HANOIDX_TELEGRAM_PROXY": "socks5://bot:proxy-password@127.0.0.1:1080",
}
OPEN = {
    "HANOIDX_PUBLIC_URL": "https://bot.example.org",
    "HANOIDX_ZALO_OA_ID": "4318",
    "HANOIDX_ZALO_OA_APP_ID": "1234",
    "HANOIDX_GENERATOR_URL": "https://example.org/v1",
    "HANOIDX_GENERATOR_MODEL": "model",
}
SETTINGS = Settings.from_env(SECRETS | OPEN)
HIDDEN = (*SECRETS.values(), PASSWORD, quote(PASSWORD), quote(PASSWORD, safe=""), "proxy-password")

ACCOUNT = ("telegram", "7000001")
WORDS = "Zyxwvut"  # in what people write here, and nowhere else
WHO = ("chat-4242", "person-4242")
TODAY = date(2026, 11, 1)
NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)

# --- Secrets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", HIDDEN)
def test_no_secret_is_logged_not_in_words_nor_in_a_traceback(secret: str) -> None:
    with logged() as lines:
        logging.getLogger("bot").warning("set %s and %r to it", secret, {"in": [secret]})
        try:
            raise ValueError(f"what about {secret}?") from KeyError(secret)
        except ValueError:
            logging.getLogger("other").exception("failed with %s", secret, stack_info=True)
    assert len(lines) == 2
    assert "Traceback" in lines[1]
    assert "ValueError: what about …?" in lines[1]
    assert not [line for line in lines if secret in line]


def test_every_secret_of_the_settings_is_known_and_what_is_open_stays_readable() -> None:
    known = secrets(SETTINGS)
    assert set(HIDDEN) <= set(known)
    assert not set(OPEN.values()) & set(known)
    assert "" not in known
    assert secrets(Settings()) == ()


def test_every_setting_that_its_record_does_not_show_is_a_secret() -> None:
    known = secrets(SETTINGS)
    for record in (SETTINGS, SETTINGS.telegram, SETTINGS.zalo_bot, SETTINGS.zalo_oa, SETTINGS.generator):
        assert record
        assert {getattr(record, field.name) for field in dataclasses.fields(record) if not field.repr} <= set(known)
    assert not [secret for secret in HIDDEN if secret in repr(SETTINGS)]


def test_a_secret_that_is_part_of_another_does_not_save_the_rest_of_it() -> None:
    settings = Settings.from_env({"HANOIDX_SECRET": "abc", "HANOIDX_TELEGRAM_TOKEN": "1:abcdef"})
    with logged(settings) as lines:
        logging.getLogger("bot").warning("1:abcdef")
    assert lines[0].endswith("bot: …")


@pytest.mark.parametrize(
    "address",
    [
        "https://api.telegram.org/bot7000002:AAE-another_token/sendMessage",
        "https://api.telegram.org/file/bot7000002:AAE-another_token/photos/1.jpg",
        "https://bot-api.zaloplatforms.com/bot123:another-token/getMe",
        "https://bot-api.zaloplatforms.com/bot123%3Aanother-token/getMe",
    ],
)
def test_no_token_in_an_address_is_logged_whosever_it_is(address: str) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            raise httpx.ConnectError(f"no route to {request.url}", request=request)
        return httpx.Response(404, request=request)

    with logged() as lines, httpx.Client(transport=httpx.MockTransport(refuse)) as client:
        for method in ("GET", "POST"):
            try:
                client.request(method, address).raise_for_status()
            except httpx.HTTPError:
                logging.getLogger("bot").exception("cannot reach %s", address)
    assert len(lines) == 2  # and none of httpx itself, which would log each request
    assert "Client error '404 Not Found' for url" in lines[0]
    assert "ConnectError: no route to" in lines[1]
    assert not [line for line in lines if "another" in line]


def test_the_errors_of_a_database_hold_neither_its_password_nor_what_was_to_be_written(
    engine: Engine, tmp_path: Path
) -> None:
    row = {"channel": "zalo_oa", "account": "4318", "access_token": "access-4242", "refresh_token": "refresh-4242"}
    row |= {"seed": "seed"}
    times = {"expires": 0.0, "refreshed": 0.0, "refreshing_until": 0.0}
    with logged() as lines:
        try:
            for _ in range(2):
                with engine.begin() as connection:
                    connection.execute(TOKENS.insert().values(row | times))
        except IntegrityError:
            logging.getLogger("bot").exception("the tokens cannot be kept")
        try:
            database(tmp_path, SETTINGS.database_url)
        except UnreadableDatabase:
            logging.getLogger("bot").exception("the database cannot be opened")
    assert ["Traceback" in line for line in lines] == [True, True]
    assert "INSERT INTO tokens" in lines[0]
    assert not [word for word in (*HIDDEN, "access-4242", "refresh-4242") if word in "\n".join(lines)]


def test_a_line_says_when_how_bad_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    with logged(Settings()):
        logging.getLogger("bot.channels.work").warning("one thing")
        logging.getLogger("bot.channels.work").debug("not this")
        for name in LOUD:
            logging.getLogger(name).info("nor this")
            logging.getLogger(f"{name}.part").info("nor this")
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) == 1
    assert shown[0].endswith(" WARNING bot.channels.work: one thing")
    assert datetime.strptime(shown[0][:19], "%Y-%m-%d %H:%M:%S").astimezone()


# --- What people write --------------------------------------------------------------------------------------------


@pytest.fixture
def snapshot(small_documents: Path, hash_encoder: Encoder, tmp_path: Path) -> Snapshot:
    activate(build(read_folder(small_documents), hash_encoder, tmp_path).id, tmp_path)
    return load(tmp_path, hash_encoder)


QUESTIONS = (
    f"Tổng đài 1022 {WORDS} tiếp nhận gì?",
    f"{WORDS} ở đâu?",
    f"/{WORDS}",
    f"/nguon {WORDS}",
    f"thế còn {WORDS}\x00\ud800?",
    f"👍 {WORDS}" * 400,
)


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.UNKNOWN, Outcome.FAILED])
def test_what_people_write_is_not_logged_on_its_way_to_the_reply(
    engine: Engine, snapshot: Snapshot, tmp_path: Path, outcome: Outcome
) -> None:
    with logged() as lines:
        sent = serve(engine, tmp_path, snapshot, QUESTIONS, outcome)
    assert len(sent) == len(QUESTIONS)
    assert any(f"snapshot {snapshot.id} answers" in line for line in lines)
    assert ("a message was not sent" in "\n".join(lines)) is (outcome is not Outcome.SENT)
    assert found(lines) == []


def test_what_people_write_is_not_logged_when_its_answer_cannot_be_made(
    engine: Engine, snapshot: Snapshot, tmp_path: Path
) -> None:
    def fail(question: Question, _: Snapshot) -> Answer:
        raise RuntimeError(f"{len(question.text)} characters are too many")

    with logged() as lines:
        sent = serve(engine, tmp_path, snapshot, QUESTIONS[:2], ask=fail)
    assert sent == [messages.VIETNAMESE.internal_error] * 2
    assert "\n".join(lines).count("\nRuntimeError: ") == 2
    assert found(lines) == []


def test_what_people_write_is_not_logged_when_it_cannot_be_written(
    engine: Engine, snapshot: Snapshot, tmp_path: Path
) -> None:
    def always_the_same(question: Question, _: Snapshot) -> Answer:
        return Answer("0123456789ab", question, Status.ANSWERED, "vi", question.text)

    with logged() as lines:
        sent = serve(engine, tmp_path, snapshot, QUESTIONS[:2], ask=always_the_same)
    assert sent[1] == messages.VIETNAMESE.internal_error
    assert "IntegrityError" in "\n".join(lines)
    assert found(lines) == []


def test_what_people_write_is_not_logged_when_it_cannot_be_stored(
    engine: Engine, snapshot: Snapshot, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE inbox RENAME COLUMN reply_to TO elsewhere"))
    with logged() as lines:
        try:
            serve(engine, tmp_path, snapshot, QUESTIONS[:1])
        except Exception:
            logging.getLogger("a.server").exception("a request failed")
            raised = traceback.format_exc()
    assert "INSERT INTO inbox" in "\n".join(lines)
    assert found([*lines, raised]) == []


# --- Helpers ------------------------------------------------------------------------------------------------------


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def logged(settings: Settings = SETTINGS) -> Iterator[list[str]]:
    """What a serving process logs meanwhile, as it writes it."""
    root = logging.getLogger()
    kept, before = _Kept(), (root.handlers, root.level, {name: logging.getLogger(name).level for name in LOUD})
    root.handlers = []
    try:
        configure(settings)
        kept.setFormatter(root.handlers[0].formatter)
        root.addHandler(kept)
        yield kept.lines
    finally:
        root.handlers, level, levels = before
        root.setLevel(level)
        for name, one in levels.items():
            logging.getLogger(name).setLevel(one)


def found(lines: Sequence[str]) -> list[str]:
    """The lines that hold what people wrote, or who they are."""
    return [line for line in lines for word in (WORDS, *WHO) if word.casefold() in line.casefold()]


def serve(
    engine: Engine,
    data: Path,
    snapshot: Snapshot,
    texts: Sequence[str],
    outcome: Outcome = Outcome.SENT,
    ask: Ask = lambda question, snapshot: answer.ask(question, snapshot, TODAY),
) -> list[str]:
    """Have one person write these texts to a service, and return what it has sent when all is done."""
    sent: list[str] = []

    async def send(_chat: str, _reply_to: str, body: Body) -> Delivery:
        sent.append(body["text"])
        return Delivery(outcome, "15" if outcome is Outcome.SENT else "", "" if outcome is Outcome.SENT else "HTTP 502")

    async def show_working(_message: Inbound) -> None:
        pass

    def present(reply: Reply) -> tuple[Body, ...]:
        return ({"text": reply.text},)

    async def run() -> None:
        channel = Channel(*ACCOUNT, present, send, show_working)
        answering = Answering(lambda: snapshot, ask, lambda one: answer.contacts(one, TODAY), lambda: NOW)
        store = Store(engine)
        service = Service(Settings(), data, store, [channel], answering, b"secret")
        running = asyncio.create_task(service.run())
        try:
            for number, text in enumerate(texts):
                await service.receive([Inbound(*ACCOUNT, f"{number}", *WHO, Kind.TEXT, NOW, text)])
            while await store.run(waiting):
                assert not running.done()
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.1)  # until it is idle: its `wait_for` may swallow a cancellation in Python 3.11
        finally:
            running.cancel()
            await asyncio.wait([running])
            store.close()

    asyncio.run(asyncio.wait_for(run(), 20))
    return sent


def waiting(connection: Connection) -> int:
    return inbox.queue(connection, 0.0).depth
