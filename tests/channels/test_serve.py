"""`hanoidx serve` as a process, with strict stand-ins for the three platforms, over real HTTP."""

import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from platforms import Platform, running
from prometheus_client.parser import text_string_to_metric_families
from telegram_server import TelegramServer
from zalo_bot_server import ZaloBotServer
from zalo_oa_server import ZaloOAServer

from bot import messages
from bot.channels.serve import DESCRIPTION, LARGEST
from bot.records.database import FILE

ROOT = Path(__file__).parents[2]
SECRET = "a-secret-of-the-test"
SECRETS = {"/telegram": "X-Telegram-Bot-Api-Secret-Token", "/zalo-bot": "X-Bot-Api-Secret-Token"}
TEXT = "Hà Nội có bao nhiêu xã, phường?"
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

Send = Callable[[bytes], httpx.Response]


@dataclass
class Served:
    """A running `hanoidx serve` and the platforms it talks to."""

    url: str
    data: Path
    log: Path
    process: subprocess.Popen[str]
    telegram: TelegramServer
    zalo_bot: ZaloBotServer
    zalo_oa: ZaloOAServer

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        return httpx.post(self.url + path, content=body, headers=headers or {}, timeout=15, trust_env=False)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=15, trust_env=False)

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.data / FILE, timeout=10)) as database:
            return database.execute(query).fetchall()


@pytest.fixture(scope="module")
def served(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    shutil.copytree(data, folder / "data")
    with ExitStack() as stack:
        telegram = stack.enter_context(running(TelegramServer()))
        zalo_bot = stack.enter_context(running(ZaloBotServer()))
        zalo_oa = stack.enter_context(running(ZaloOAServer()))
        zalo_bot.allow_local = True
        port = free_port()
        environ = environment(folder / "data", telegram, zalo_bot, zalo_oa) | {
            "HANOIDX_PUBLIC_URL": f"http://127.0.0.1:{port}"
        }
        log = folder / "log"
        process = stack.enter_context(serving(environ, port, log))
        one = Served(f"http://127.0.0.1:{port}", folder / "data", log, process, telegram, zalo_bot, zalo_oa)
        until(lambda: one.get("/readyz").status_code == 200)
        zalo_oa.save_webhook(f"{one.url}/zalo-oa")
        until(lambda: zalo_oa.webhook)
        until(lambda: telegram.calls("setWebhook") and zalo_bot.calls("setWebhook"))
        yield one


# --- Each channel, from webhook to answer -------------------------------------------------------------------------


def test_a_question_on_telegram_is_answered_with_its_source(served: Served) -> None:
    served.telegram.person(11)
    served.telegram.text(11, "ha noi co bn xa phuong")
    answer = reply(served.telegram, 11)
    assert "126" in answer
    assert "Nguồn:" in answer
    served.telegram.press(11, "Nguồn 1")
    assert "Hà Nội có 126 xã, phường" in reply(served.telegram, 11, 2)


def test_a_question_to_the_zalo_bot_is_answered_and_numbers_pick_suggestions(served: Served) -> None:
    served.zalo_bot.person("z1")
    served.zalo_bot.text("z1", "Hà Nội có bao nhiêu xã, phường?")
    answer = reply(served.zalo_bot, "z1")
    assert "126" in answer
    assert "1. " in answer.partition("hỏi tiếp")[2]
    served.zalo_bot.text("z1", "1")
    assert reply(served.zalo_bot, "z1", 2) != answer
    served.zalo_bot.text("z1", "👍")
    assert reply(served.zalo_bot, "z1", 3).startswith(messages.THUMBS_GOOD)


def test_a_question_to_the_official_account_is_answered_and_buttons_work(served: Served) -> None:
    served.zalo_oa.follow("u1")
    assert reply(served.zalo_oa, "u1").startswith("Chào anh/chị!")
    served.zalo_oa.text("u1", "Hà Nội có bao nhiêu xã, phường?")
    assert "126" in reply(served.zalo_oa, "u1", 2)
    served.zalo_oa.press("u1", messages.ZALO_SOURCES)
    assert "Hà Nội có 126 xã, phường" in reply(served.zalo_oa, "u1", 3)


def test_what_is_no_text_gets_a_plain_sentence(served: Served) -> None:
    served.telegram.person(12)
    served.telegram.media(12, "sticker")
    assert reply(served.telegram, 12) == messages.ONLY_TEXT
    served.zalo_bot.unsupported("z2", bare=True)
    assert reply(served.zalo_bot, "z2").startswith(messages.HIDDEN)
    served.zalo_oa.person("u2", follows=True)
    served.zalo_oa.media("u2", "image")
    assert reply(served.zalo_oa, "u2").startswith(messages.ONLY_TEXT)


def test_erasing_leaves_nothing_of_the_person(served: Served) -> None:
    served.zalo_bot.person("z-erase")
    served.zalo_bot.text("z-erase", "Một câu hỏi rất riêng về iHanoi là gì?")
    reply(served.zalo_bot, "z-erase")
    assert served.rows("SELECT * FROM receipts WHERE question LIKE '%rất riêng%'")
    served.zalo_bot.text("z-erase", "/xoá")
    assert "còn 0 mục" in reply(served.zalo_bot, "z-erase", 2)
    assert served.rows("SELECT * FROM receipts WHERE question LIKE '%rất riêng%'") == []
    assert served.rows("SELECT * FROM inbox WHERE text LIKE '%rất riêng%'") == []
    assert served.rows("SELECT * FROM sends WHERE body LIKE '%rất riêng%'") == []


def test_nobody_can_be_told_from_the_database_once_they_are_answered(served: Served) -> None:
    served.zalo_bot.person("id-that-nobody-may-find")
    served.zalo_bot.text("id-that-nobody-may-find", "iHanoi là gì? sđt tôi 0912345678")
    reply(served.zalo_bot, "id-that-nobody-may-find")
    until(lambda: served.rows("SELECT count(*) FROM inbox WHERE state = 'waiting'") == [(0,)])
    everything = "\n".join(str(row) for table in tables(served) for row in served.rows(f"SELECT * FROM {table}"))
    assert "iHanoi là gì? sđt tôi [số điện thoại]" in everything
    for word in ("id-that-nobody-may-find", "0912345678", "Lan"):
        assert word not in everything.replace("Lan tỏa", "")


def test_the_same_delivery_twice_is_answered_once(served: Served) -> None:
    body, headers = telegram_update(900_001, 11, TEXT), {SECRETS["/telegram"]: SECRET}
    before = len(served.telegram.said(11))
    for _ in range(3):
        assert served.post("/telegram", body, headers).status_code == 200
    until(lambda: len(served.telegram.said(11)) == before + 1)
    time.sleep(0.3)
    assert len(served.telegram.said(11)) == before + 1


# --- Who may post -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SECRETS)
@pytest.mark.parametrize(
    "secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", SECRET.upper(), "b" * 5000, "b\xed m\xe2t"]
)  # fmt: skip
def test_a_wrong_secret_is_refused_and_nothing_is_stored(served: Served, path: str, secret: str | None) -> None:
    before = stored(served)
    body = telegram_update(1, 99, "x")
    headers = {} if secret is None else {SECRETS[path]: secret.encode("latin-1")}
    response = httpx.post(served.url + path, content=body, headers=headers, timeout=15, trust_env=False)  # type: ignore[arg-type]
    assert response.status_code == 401
    assert stored(served) == before


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, "no signature"),
        ({"mac": "0" * 64}, "a wrong one"),
        ({"cut": 40}, "a truncated one"),
        ({"app_id": "999"}, "another app's"),
        ({"key": "another-key"}, "made with another key"),
        ({"age": 3 * 3600}, "too old"),
        ({"body": b" "}, "of another body"),
    ],
)
def test_a_wrong_signature_is_refused_and_nothing_is_stored(served: Served, changed: dict[str, Any], why: str) -> None:
    before = stored(served)
    event, mac = signed(served.zalo_oa, app_id=changed.get("app_id"), key=changed.get("key"), age=changed.get("age", 0))
    mac = changed.get("mac", mac)[: changed.get("cut")]
    headers = {"X-ZEvent-Signature": f"mac={mac}"} if changed else {}
    assert served.post("/zalo-oa", event + changed.get("body", b""), headers).status_code == 401, why
    assert stored(served) == before


def test_the_signature_that_is_right_is_taken(served: Served) -> None:
    before = stored(served)
    event, mac = signed(served.zalo_oa)
    assert served.post("/zalo-oa", event, {"X-ZEvent-Signature": f"mac={mac}"}).status_code == 200
    assert stored(served) == before + 1


def test_the_probe_of_the_official_account_is_acknowledged_and_nothing_else_unsigned(served: Served) -> None:
    before = stored(served)
    assert served.post("/zalo-oa", b"{}").status_code == 200
    assert served.post("/zalo-oa", b'{"event_name":"user_send_text"}').status_code == 401
    assert stored(served) == before


def test_consent_for_another_account_brings_no_tokens(served: Served) -> None:
    assert served.get("/zalo-oa/callback").status_code == 400
    response = served.get("/zalo-oa/callback?code=x&oa_id=another")
    assert response.status_code == 502
    assert "nhật ký" in response.text


# --- Bodies of any shape ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SECRETS)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(served: Served, path: str) -> None:
    large = b'{"x":"' + b"a" * LARGEST + b'"}'
    assert served.post(path, large, {SECRETS[path]: SECRET}).status_code == 413
    pieces = (large[at : at + 8192] for at in range(0, len(large), 8192))
    chunked = httpx.post(
        served.url + path, content=pieces, headers={SECRETS[path]: SECRET}, timeout=15, trust_env=False
    )
    assert chunked.status_code == 413


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":1e999999}', b"nul"])
@pytest.mark.parametrize("path", SECRETS)
def test_what_is_no_json_is_refused(served: Served, path: str, body: bytes) -> None:
    assert served.post(path, body, {SECRETS[path]: SECRET}).status_code in (200, 400)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def shaped(known: dict[str, Any]) -> st.SearchStrategy[Any]:
    """An event like the platform's, in which any value may be anything."""
    parts = {key: (shaped(value) if isinstance(value, dict) else st.just(value)) | JSON for key, value in known.items()}
    return st.fixed_dictionaries({}, optional=parts)


TELEGRAM_EVENT = {
    "update_id": 5,
    "message": {
        "message_id": 1,
        "date": 1750000000,
        "chat": {"id": 5, "type": "private"},
        "from": {"id": 5, "is_bot": False, "first_name": "x"},
        "text": "x",
    },
}
ZALO_EVENT = {
    "ok": True,
    "result": {
        "event_name": "message.text.received",
        "message": {
            "from": {"id": "a", "display_name": "b", "is_bot": False},
            "chat": {"id": "a", "chat_type": "PRIVATE"},
            "text": "x",
            "message_id": "m",
            "date": 1750316131602,
        },
    },
}


@pytest.mark.parametrize(("path", "known"), [("/telegram", TELEGRAM_EVENT), ("/zalo-bot", ZALO_EVENT)])
@QUICK
@given(data=st.data())
def test_no_event_is_too_odd(served: Served, path: str, known: dict[str, Any], data: st.DataObject) -> None:
    body = json.dumps(data.draw(shaped(known))).encode()
    assert served.post(path, body, {SECRETS[path]: SECRET}).status_code == 200


schema = schemathesis.openapi.from_dict(yaml.safe_load(DESCRIPTION.read_text("utf-8")))


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_the_description_allows_or_forbids_breaks_the_server(
    case: schemathesis.Case[Any], served: Served
) -> None:
    before = stored(served)
    response = case.call(base_url=served.url)
    assert response.status_code < 500 or (case.path, response.status_code) == ("/zalo-oa/callback", 502)
    assert stored(served) == before, "only what a platform vouches for is stored"


def test_the_description_has_every_route_and_no_other(served: Served) -> None:
    described = served.get("/openapi.json").json()
    assert described == yaml.safe_load(DESCRIPTION.read_text("utf-8"))
    for path, operations in described["paths"].items():
        assert served.post(path, b"").status_code == (405 if "post" not in operations else 401), path
    assert served.get("/").status_code == 404


# --- Watching over the process ------------------------------------------------------------------------------------


def test_readiness_tells_the_snapshot_the_queue_and_each_channel(served: Served) -> None:
    assert served.get("/healthz").text == "ok"
    state = served.get("/readyz").json()
    assert state["ready"]
    assert state["snapshot"]
    assert (state["snapshot_trouble"], state["database_trouble"]) == (None, None)
    assert set(state["channels"]) == {"telegram", "zalo_bot", "zalo_oa"}
    assert all(channel["trouble"] is None for channel in state["channels"].values())


def test_the_metrics_count_what_was_done_and_name_nobody(served: Served) -> None:
    served.telegram.person(21)
    served.zalo_bot.person("z-counted")
    served.zalo_oa.person("u-counted", follows=True)
    people: tuple[tuple[Any, Any], ...] = (
        (served.telegram, 21),
        (served.zalo_bot, "z-counted"),
        (served.zalo_oa, "u-counted"),
    )
    for platform, person in people:
        platform.text(person, TEXT)
        reply(platform, person)
    served.post("/telegram", b"{}")
    text = served.get("/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    answered = {
        sample.labels["channel"]: sample.value
        for sample in families["hanoidx_questions"].samples
        if sample.labels.get("status") == "answered" and sample.name.endswith("_total")
    }
    assert set(answered) == {"telegram", "zalo_bot", "zalo_oa"}
    stages = {sample.labels["stage"] for sample in families["hanoidx_stage_seconds"].samples}
    assert stages == {"wait", "answer", "search", "send", "all"}
    assert {"hanoidx_queue_depth", "hanoidx_queue_oldest_seconds", "hanoidx_snapshot", "hanoidx_sends"} <= set(families)
    assert {sample.labels["reason"] for sample in families["hanoidx_requests_refused"].samples} >= {"authentication"}
    assert "z-counted" not in text
    assert "u-counted" not in text


def test_the_log_has_no_question_no_token_and_no_traceback(served: Served) -> None:
    log = served.log.read_text("utf-8")
    assert "snapshot" in log
    for word in (
        SECRET,
        served.telegram.token,
        served.zalo_bot.token,
        "app-secret",
        "xã, phường",
        "iHanoi",
        "Traceback",
    ):
        assert word not in log


def test_telegram_and_the_zalo_bot_were_told_where_to_post(served: Served) -> None:
    [telegram] = served.telegram.calls("setWebhook")
    assert telegram.arguments["url"] == f"{served.url}/telegram"
    [zalo] = served.zalo_bot.calls("setWebhook")
    assert zalo.arguments["url"] == f"{served.url}/zalo-bot"


# --- The end ------------------------------------------------------------------------------------------------------


def test_what_is_in_flight_when_the_process_is_told_to_stop_is_finished(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data, tmp_path / "data")
    with ExitStack() as stack:
        zalo_bot = stack.enter_context(running(ZaloBotServer()))
        environ = environment(tmp_path / "data", None, zalo_bot, None)
        port, log = free_port(), tmp_path / "log"
        process = stack.enter_context(serving(environ, port, log))
        url = f"http://127.0.0.1:{port}"
        until(lambda: httpx.get(f"{url}/readyz", trust_env=False).status_code == 200)
        zalo_bot.person("z1")
        zalo_bot.faults.order("sendMessage", slow(0.7))
        body = zalo_event("m1", "z1", TEXT)
        response = httpx.post(f"{url}/zalo-bot", content=body, headers={SECRETS["/zalo-bot"]: SECRET}, trust_env=False)
        assert response.status_code == 200
        until(lambda: zalo_bot.calls("sendMessage"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        with closing(sqlite3.connect(tmp_path / "data" / FILE)) as database:
            assert database.execute("SELECT state FROM inbox").fetchall() == [("done",)]
            assert database.execute("SELECT owner FROM conversations").fetchall() == [(None,)]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"HANOIDX_ZALO_BOT_TOKEN": ""}, "no channel is set up; "),
        ({"HANOIDX_ZALO_BOT_SECRET": ""}, "set HANOIDX_ZALO_BOT_SECRET, "),
        ({"HANOIDX_ZALO_BOT_TOKEN": "x"}, "HANOIDX_ZALO_BOT_TOKEN is no token "),
        ({"HANOIDX_DATABASE_URL": "postgresql://nobody:geheim@127.0.0.1:1/x"}, "cannot be read: "),
    ],
)
def test_what_an_operator_must_mend_is_one_line(tmp_path: Path, changed: dict[str, str], said: str) -> None:
    environ = environment(tmp_path / "data", None, ZaloBotServer(), None) | changed
    command = [sys.executable, "-m", "bot", "serve", "--port", "0"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("hanoidx: ")]
    assert said in line
    assert "geheim" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_process_on_the_same_folder_is_refused(served: Served) -> None:
    environ = environment(served.data, served.telegram, served.zalo_bot, served.zalo_oa)
    command = [sys.executable, "-m", "bot", "serve", "--port", "0"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "serves this account already" in done.stderr


# --- Helpers ------------------------------------------------------------------------------------------------------


def environment(
    data: Path, telegram: TelegramServer | None, zalo_bot: ZaloBotServer | None, zalo_oa: ZaloOAServer | None
) -> dict[str, str]:
    values = {"DATA": str(data), "SECRET": "key-of-the-hashes"}
    if telegram:
        values |= {
            "TELEGRAM_TOKEN": telegram.token,
            "TELEGRAM_SECRET": SECRET,
            "TELEGRAM_API_BASE": getattr(telegram, "url", "http://127.0.0.1:9"),
        }
    if zalo_bot:
        values |= {
            "ZALO_BOT_TOKEN": zalo_bot.token,
            "ZALO_BOT_SECRET": SECRET,
            "ZALO_BOT_API_BASE": getattr(zalo_bot, "url", "") or "http://127.0.0.1:9",
        }
    if zalo_oa:
        if not zalo_oa.refresh.value:
            zalo_oa.issue()
        values |= {
            "ZALO_OA_ID": zalo_oa.oa_id,
            "ZALO_OA_APP_ID": zalo_oa.app_id,
            "ZALO_OA_APP_SECRET": zalo_oa.app_secret,
            "ZALO_OA_SECRET_KEY": zalo_oa.oa_secret,
            "ZALO_OA_REFRESH_TOKEN": zalo_oa.refresh.value,
            "ZALO_OA_API_BASE": zalo_oa.url,
            "ZALO_OAUTH_BASE": zalo_oa.url,
        }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HANOIDX_")}
    return clean | {f"HANOIDX_{name}": value for name, value in values.items()}


class serving:  # noqa: N801 - used like a function
    """A `hanoidx serve` that listens, ended at the end."""

    def __init__(self, environ: dict[str, str], port: int, log: Path) -> None:
        command = [sys.executable, "-m", "bot", "serve", "--port", str(port)]
        with log.open("w") as stream:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=stream, text=True
            )
        assert self.process.stdout
        assert f":{port}" in self.process.stdout.readline(), log.read_text("utf-8")

    def __enter__(self) -> subprocess.Popen[str]:
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)
        assert self.process.stdout
        self.process.stdout.close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def reply(platform: Platform, chat: str | int, count: int = 1) -> str:
    """The text of the `count`th message that this person was sent."""
    until(lambda: len(platform.said(chat)) >= count)
    return platform.said(chat)[count - 1]


def stored(served: Served) -> int:
    return int(served.rows("SELECT count(*) FROM inbox")[0][0])


def tables(served: Served) -> list[str]:
    return [name for (name,) in served.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]


def telegram_update(number: int, chat: int, text: str) -> bytes:
    message = {
        "message_id": number,
        "date": int(time.time()),
        "chat": {"id": chat, "type": "private"},
        "from": {"id": chat, "is_bot": False, "first_name": "Lan"},
        "text": text,
    }
    return json.dumps({"update_id": number, "message": message}).encode()


def zalo_event(message_id: str, chat: str, text: str) -> bytes:
    message = {
        "from": {"id": chat, "display_name": "Lan", "is_bot": False},
        "chat": {"id": chat, "chat_type": "PRIVATE"},
        "text": text,
        "message_id": message_id,
        "date": int(time.time() * 1000),
    }
    return json.dumps({"ok": True, "result": {"event_name": "message.text.received", "message": message}}).encode()


def signed(oa: ZaloOAServer, *, app_id: str | None = None, key: str | None = None, age: float = 0) -> tuple[bytes, str]:
    """An event of the Official Account and its signature."""
    stamp = str(int((time.time() - age) * 1000))
    event = {
        "app_id": app_id or oa.app_id,
        "sender": {"id": "u9"},
        "recipient": {"id": oa.oa_id},
        "event_name": "user_send_text",
        "message": {"text": "Xin chào", "msg_id": f"m{stamp}"},
        "timestamp": stamp,
    }
    body = json.dumps(event, ensure_ascii=False).encode()
    return body, hashlib.sha256(f"{event['app_id']}{body.decode()}{stamp}{key or oa.oa_secret}".encode()).hexdigest()


def slow(seconds: float) -> Any:
    from platforms import hang

    return hang(seconds)
