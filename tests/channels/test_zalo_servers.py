"""The stand-ins for both Zalo platforms, over real HTTP: that they refuse, sign, retry and lose as the real ones do."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from platforms import Json, Platform, Refused, broken_json, cut, drop, hang, http, refuse, reset, running
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from zalo_bot_server import TOKEN, Delivery, WebhookPlatform, ZaloBotServer
from zalo_oa_server import (
    ACCESS_LIFE,
    APP_ID,
    APP_SECRET,
    DAY,
    HOUR,
    OA_SECRET,
    RETRY_DELAYS,
    ZaloOAServer,
    challenge,
    signature,
)

TESTS = Path(__file__).parents[1]
SECRET = "a-secret-of-ours"
NOWHERE = "http://127.0.0.1:1/"
VERIFIER = "v" * 43


@dataclass(frozen=True, slots=True)
class Post:
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver(Platform):
    """The bot's side of a webhook: keeps what it gets, answers with `status` after `seconds`."""

    def __init__(self) -> None:
        super().__init__([Route("/hook", self._hook, methods=["POST"])])
        self.status, self.seconds = 200, 0.0
        self.posts: list[Post] = []

    async def _hook(self, request: Request) -> Response:
        post = Post(dict(request.headers), await request.body())
        await asyncio.sleep(self.seconds)
        self.posts.append(post)
        self.wake()
        return Response(status_code=self.status)

    def refusal(self, refused: Refused) -> Response:
        raise NotImplementedError

    @property
    def hook(self) -> str:
        return f"{self.url}/hook"

    def wait(self, count: int) -> list[Post]:
        self.wait_for(lambda: len(self.posts) >= count)
        return self.posts


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


@pytest.fixture
def bot() -> Iterator[ZaloBotServer]:
    with running(ZaloBotServer()) as server:
        server.allow_local = True
        server.person("u1")
        yield server


@pytest.fixture
def oa() -> Iterator[ZaloOAServer]:
    with running(ZaloOAServer()) as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running(Receiver()) as server:
        yield server


@dataclass(frozen=True, slots=True)
class BotCaller:
    client: httpx.Client
    server: ZaloBotServer

    def post(self, method: str, arguments: object, token: str = TOKEN) -> httpx.Response:
        return self.client.post(f"{self.server.url}/bot{token}/{method}", json=arguments)

    def __call__(self, method: str, **arguments: object) -> Json:
        reply = self.post(method, arguments)
        assert reply.status_code == 200
        return dict(reply.json())

    def set_webhook(self, url: str) -> Json:
        return self("setWebhook", url=url, secret_token=SECRET)


@pytest.fixture
def call(client: httpx.Client, bot: ZaloBotServer) -> BotCaller:
    return BotCaller(client, bot)


def tries(server: WebhookPlatform, count: int) -> list[Delivery]:
    """The tries at posting, once there are so many."""
    server.wait_for(lambda: len(server.deliveries()) >= count)
    return server.deliveries()


# The Zalo Bot Platform


def test_a_bot_sends_by_query_form_json_and_multipart(client: httpx.Client, bot: ZaloBotServer) -> None:
    url, arguments = f"{bot.url}/bot{TOKEN}/sendMessage", {"chat_id": "u1", "text": "Xin chào"}
    replies = [
        client.get(url, params=arguments),
        client.post(url, params=arguments),
        client.post(url, data=arguments),
        client.post(url, json=arguments),
        client.post(url, files={name: (None, value) for name, value in arguments.items()}),
    ]
    results = [reply.json()["result"] for reply in replies]
    assert [set(result) for result in results] == [{"message_id", "date"}] * 5
    assert [(shown.text, shown.message_id) for shown in bot.shown("u1", who="bot")] == [
        ("Xin chào", result["message_id"]) for result in results
    ]
    assert abs(results[0]["date"] - time.time() * 1000) < 10_000


def test_a_bot_knows_itself_and_shows_what_else_it_can_send(call: BotCaller) -> None:
    assert call("getMe")["result"] == {
        "id": "12345689",
        "account_name": "Bot HanoiDX",
        "account_type": "BASIC",
        "can_join_groups": False,
    }
    assert call("sendChatAction", chat_id="u1", action="typing") == {"ok": True}
    assert call("sendPhoto", chat_id="u1", photo="https://anh.example/1.jpg", caption="Bản đồ")["ok"]
    assert call("sendSticker", chat_id="u1", sticker="abc")["ok"]
    assert call("sendVoice", chat_id="u1", voice_url="https://am.example/1.aac")["ok"]
    styles = [{"start": 0, "len": 3, "st": "b"}]
    assert call("sendMessage", chat_id="u1", text="Xin chào", text_styles=styles)["ok"]
    assert call("sendMessage", chat_id="u1", text="{red}Xin {b}chào{/b}{/red}", parse_mode="markdown")["ok"]
    assert [it.what for it in call.server.shown("u1", who="bot")] == [
        *("typing", "photo", "sticker", "voice", "message", "message"),
    ]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("sendmessage", {"chat_id": "u1", "text": "a"}),
        ("sendDocument", {"chat_id": "u1"}),
        ("sendMessage", ["u1", "a"]),
        ("sendMessage", {"chat_id": "u1"}),
        ("sendMessage", {"chat_id": "u1", "text": ""}),
        ("sendMessage", {"chat_id": "u1", "text": " \n"}),
        ("sendMessage", {"chat_id": "u1", "text": 5}),
        ("sendMessage", {"chat_id": 1, "text": "a"}),
        ("sendMessage", {"chat_id": "u1", "text": "a" * 2001}),
        ("sendMessage", {"chat_id": "u1", "text": "😀" * 1001}),
        ("sendMessage", {"chat_id": "nobody", "text": "a"}),
        ("sendMessage", {"chat_id": "u1", "text": "a", "reply_markup": "{}"}),
        ("sendMessage", {"chat_id": "u1", "text": "a}", "parse_mode": "markdown"}),
        ("sendMessage", {"chat_id": "u1", "text": "a", "parse_mode": "HTML"}),
        ("sendMessage", {"chat_id": "u1", "text": "a", "text_styles": [{"start": 0, "len": 2, "st": "b"}]}),
        ("sendPhoto", {"chat_id": "u1", "photo": "anh.jpg"}),
        ("sendPhoto", {"chat_id": "u1", "photo": "https://a.example/1.jpg", "caption": "a" * 2001}),
        ("sendVoice", {"chat_id": "u1", "voice_url": "https://a.example/1.mp3"}),
        ("sendVoice", {"chat_id": "zgr-1", "voice_url": "https://a.example/1.aac"}),
        ("sendChatAction", {"chat_id": "u1", "action": "dancing"}),
        ("getUpdates", {"timeout": "soon"}),
        ("getUpdates", {"offset": 1}),
    ],
)
def test_a_bot_is_refused_with_200_what_the_platform_does_not_take(
    call: BotCaller, method: str, arguments: object
) -> None:
    call.server.text("zgr-1", "@bot", sender="u2")
    reply = call.post(method, arguments)
    assert reply.status_code == 200
    assert reply.json() == {"ok": False, "description": reply.json()["description"], "error_code": 400}
    assert call.server.shown(who="bot") == []
    assert call.server.calls()[-1].outcome.startswith("400 ")


def test_a_bad_token_is_unauthorized_and_the_code_can_be_the_status_too(call: BotCaller) -> None:
    reply = call.post("getMe", {}, token="12345689:other")
    assert (reply.status_code, reply.json()) == (
        200,
        {"ok": False, "description": "Unauthorized", "error_code": 401},
    )
    call.server.mirror_status = True
    assert call.post("getMe", {}, token="12345689:other").status_code == 401
    assert call.post("nothing", {}).status_code == 400
    assert call.post("getMe", {}).status_code == 200


def test_a_spent_quota_is_429_without_a_time(call: BotCaller) -> None:
    call.server.quota = 2
    replies = [call("sendMessage", chat_id="u1", text=text) for text in "abc"]
    assert [reply["ok"] for reply in replies] == [True, True, False]
    assert replies[2] == {"ok": False, "description": "Quota exceeded", "error_code": 429}
    assert [it.text for it in call.server.shown("u1", who="bot")] == ["a", "b"]


def test_a_poll_gives_one_event_once(call: BotCaller) -> None:
    first, second = call.server.text("u1", "một"), call.server.text("u2", "hai")
    assert call("getUpdates", timeout="30") == {"ok": True, "result": first}
    assert call("getUpdates") == {"ok": True, "result": second}
    assert call("getUpdates", timeout=0) == {"ok": False, "description": "Request timeout", "error_code": 408}
    assert first == {
        "event_name": "message.text.received",
        "message": {
            "from": {"id": "u1", "display_name": "Lan", "is_bot": False},
            "chat": {"id": "u1", "chat_type": "PRIVATE"},
            "text": "một",
            "message_id": first["message"]["message_id"],
            "date": first["message"]["date"],
        },
    }


def test_a_poll_waits_for_an_event_or_its_end(call: BotCaller) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(call, "getUpdates", timeout=30)
        time.sleep(0.1)
        assert not waiting.done()
        event = call.server.text("u1", "một")
        assert waiting.result(5)["result"] == event
        waiting = pool.submit(call, "getUpdates", timeout=30)
        time.sleep(0.1)
        call.server.advance(31)
        assert waiting.result(5)["error_code"] == 408


def test_an_event_does_not_go_to_a_poller_that_left(call: BotCaller) -> None:
    with pytest.raises(httpx.ReadTimeout):
        call.client.post(f"{call.server.url}/bot{TOKEN}/getUpdates", json={}, timeout=0.1)
    event = call.server.text("u1", "một")
    assert call("getUpdates")["result"] == event


def test_what_is_said_while_nobody_polls_for_long_is_lost(call: BotCaller) -> None:
    call("getUpdates", timeout=0)
    bridged = call.server.text("u1", "gần")
    call.server.advance(9)
    assert call("getUpdates")["result"] == bridged
    call.server.text("u1", "xa")
    call.server.advance(11)
    late = call.server.text("u1", "vừa")
    assert call("getUpdates")["result"] == late
    assert call.server.lost == 1
    call.server.buffer = None
    kept = call.server.text("u1", "giữ")
    call.server.advance(DAY)
    assert call("getUpdates")["result"] == kept


def test_setting_a_webhook_probes_and_saves_anyway(call: BotCaller, receiver: Receiver) -> None:
    assert call("getWebhookInfo")["result"]["url"] == ""
    result = call.set_webhook(NOWHERE)["result"]
    assert set(result) == {"url", "updated_at", "verification"}
    assert result["verification"]["ok"] is False
    assert call("getWebhookInfo")["result"] == {"url": NOWHERE, "updated_at": result["updated_at"]}
    refused = call("getUpdates", timeout=0)
    assert (refused["ok"], refused["error_code"]) == (False, 400)
    receiver.status = 404
    assert call.set_webhook(receiver.hook)["result"]["verification"]["outcome"] == "http_404"
    receiver.status = 200
    assert call.set_webhook(receiver.hook)["result"]["verification"]["ok"] is True
    assert receiver.posts[0].headers["x-bot-api-secret-token"] == SECRET
    assert call("deleteWebhook")["result"]["url"] == ""
    assert call("getUpdates", timeout=0)["error_code"] == 408


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("http://bot.example/hook", SECRET),
        ("https://127.0.0.1/hook", SECRET),
        ("https://localhost/hook", SECRET),
        ("https://10.0.0.1/hook", SECRET),
        ("bot.example/hook", SECRET),
        ("https://bot.example/hook", "seven77"),
        ("https://bot.example/hook", "s" * 257),
        ("https://bot.example/hook", None),
    ],
)
def test_a_webhook_must_be_public_and_have_a_secret(call: BotCaller, url: str, secret: str | None) -> None:
    call.server.allow_local = False
    assert call("setWebhook", url=url, secret_token=secret)["error_code"] == 400
    assert call("getWebhookInfo")["result"]["url"] == ""


def test_a_webhook_gets_every_kind_of_event_with_the_secret(call: BotCaller, receiver: Receiver) -> None:
    call.set_webhook(receiver.hook)
    bot = call.server
    events = [
        bot.text("u1", "Xin chào"),
        bot.image("u1", caption="nhà"),
        bot.sticker("u1"),
        bot.voice("u1"),
        bot.unsupported("u1"),
        bot.unsupported("u1", bare=False),
        bot.other("u1"),
    ]
    posts = receiver.wait(8)[1:]  # after the probe
    assert [post.json for post in posts] == [{"ok": True, "result": event} for event in events]
    assert {post.headers["x-bot-api-secret-token"] for post in posts} == {SECRET}
    assert [event["event_name"].split(".")[1] for event in events] == [
        *("text", "image", "sticker", "voice", "unsupported", "unsupported", "location"),
    ]
    assert events[1]["message"]["photo"].startswith("https://")
    assert events[4]["message"] == {"chat": {"id": "u1"}}
    bot.photo_field = "photo_url"
    assert "photo_url" in bot.image("u1")["message"]
    group = bot.text("zgr-1", "@bot", sender="u2")["message"]
    assert (group["chat"], group["from"]["id"]) == ({"id": "zgr-1", "chat_type": "GROUP"}, "u2")
    tries(bot, 9)


def test_events_come_once_and_in_order_unless_told_otherwise(call: BotCaller, receiver: Receiver) -> None:
    call.set_webhook(receiver.hook)
    bot = call.server
    for n in range(5):
        bot.text("u1", str(n))
    assert [post.json["result"]["message"]["text"] for post in receiver.wait(6)[1:]] == list("01234")
    bot.repeat()
    assert receiver.wait(7)[6].body == receiver.posts[5].body
    bot.copies = 2
    bot.text("u1", "5")
    assert [post.json["result"]["message"]["text"] for post in receiver.wait(9)[7:]] == list("55")
    bot.copies = 1
    bot.hold()
    for n in range(3):
        bot.text(f"u{n}", str(n))
    bot.release([2, 0, 1])
    assert [post.json["result"]["message"]["text"] for post in receiver.wait(12)[9:]] == list("201")


def test_a_webhook_that_fails_is_tried_again_only_where_that_is_switched_on(
    call: BotCaller, receiver: Receiver
) -> None:
    call.set_webhook(receiver.hook)
    bot = call.server
    receiver.status = 500
    bot.text("u1", "mất")
    tries(bot, 1)
    bot.delays = (5, 10)
    bot.text("u1", "còn")
    tries(bot, 2)
    bot.advance(5)
    tries(bot, 3)
    receiver.status = 200
    bot.advance(10)
    tries(bot, 4)
    bot.advance(HOUR)
    assert [(it.attempt, it.status) for it in bot.deliveries()] == [(1, 500), (1, 500), (2, 500), (3, 200)]
    assert [post.json["result"]["message"]["text"] for post in receiver.posts[1:]] == ["mất", "còn", "còn", "còn"]


def test_faults_happen_in_order_and_say_what_they_did(call: BotCaller) -> None:
    faults = call.server.faults
    for fault in (refuse(429), refuse(403), http(502, "<html>"), broken_json(), cut(), reset(), drop(), hang(0.05)):
        faults.order("sendMessage", fault)
    answers: list[object] = []
    for n in range(9):
        try:
            reply = call.post("sendMessage", {"chat_id": "u1", "text": str(n)})
            answers.append(reply.json().get("error_code") if reply.text.endswith("}") else reply.text)
        except httpx.TransportError as error:
            answers.append(type(error).__name__)
    assert answers == [
        *(429, 403, "<html>", '{"ok":true,"result":{"message_'),
        *("RemoteProtocolError", "ReadError", "RemoteProtocolError", None, None),
    ]
    # The dropped one was sent all the same.
    assert [it.text for it in call.server.shown("u1", who="bot")] == ["6", "7", "8"]
    assert [it.fault for it in call.server.calls("sendMessage")] == [
        *("refuse", "refuse", "http", "http", "cut", "reset", "drop", "hang", ""),
    ]
    call.server.text("u1", "mất")
    faults.order("getUpdates", drop())
    with pytest.raises(httpx.RemoteProtocolError):
        call("getUpdates", timeout=0)
    assert call("getUpdates", timeout=0)["error_code"] == 408


@pytest.mark.parametrize(("name", "person"), [("zalo_bot_server", "chat"), ("zalo_oa_server", "user")])
def test_a_server_runs_alone_and_is_told_over_http(client: httpx.Client, name: str, person: str) -> None:
    command = [sys.executable, str(TESTS / f"{name}.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        said = client.post(f"{url}/__ctl/text", json={person: "u1", "text": "chào"})
        assert said.json()["result"]["message"]["text"] == "chào"
        assert client.get(f"{url}/__ctl/shown", params={"chat": "u1"}).json()["result"][0]["text"] == "chào"
        assert client.post(f"{url}/__ctl/set", json={"copies": 2}).json()["ok"]
        process.terminate()
        assert process.wait(5) == 0


# The Zalo Official Account


@dataclass(frozen=True, slots=True)
class OACaller:
    client: httpx.Client
    server: ZaloOAServer

    def reply(self, path: str, arguments: Json | None = None, token: str | None = None, **more: Any) -> httpx.Response:
        headers = {"access_token": self.server.access.value if token is None else token}
        method = "POST" if arguments is not None or "files" in more else "GET"
        reply = self.client.request(method, f"{self.server.url}{path}", json=arguments, headers=headers, **more)
        assert reply.status_code == 200
        return reply

    def __call__(self, path: str, arguments: Json | None = None, **more: Any) -> Json:
        return dict(self.reply(path, arguments, **more).json())

    def cs(self, user: object, message: object) -> Json:
        return self("/v3.0/oa/message/cs", {"recipient": {"user_id": user}, "message": message})

    def error(self, user: object, message: object) -> int:
        return int(self.cs(user, message)["error"])

    def oauth(self, secret: str = APP_SECRET, **form: str) -> Json:
        url = f"{self.server.url}/v4/oa/access_token"
        reply = self.client.post(url, data={"app_id": APP_ID, **form}, headers={"secret_key": secret})
        assert reply.status_code == 200
        return dict(reply.json())

    def refresh(self, token: str) -> Json:
        return self.oauth(grant_type="refresh_token", refresh_token=token)

    def use_code(self, code: str, verifier: str = VERIFIER) -> Json:
        return self.oauth(grant_type="authorization_code", code=code, code_verifier=verifier)


@pytest.fixture
def ask(client: httpx.Client, oa: ZaloOAServer) -> OACaller:
    return OACaller(client, oa)


def test_a_code_is_good_once_with_its_verifier_for_ten_minutes(ask: OACaller) -> None:
    old = ask.server.access.value
    code = ask.server.consent(challenge(VERIFIER))
    tokens = ask.use_code(code)
    assert tokens == {
        "access_token": ask.server.access.value,
        "refresh_token": ask.server.refresh.value,
        "expires_in": "90000",
    }
    assert ask("/v2.0/oa/getoa", token=old)["error"] == -220
    assert ask("/v2.0/oa/getoa")["data"]["oa_type"] == 4
    assert ask.use_code(code)["error"] == -14005
    assert ask.use_code(ask.server.consent(challenge(VERIFIER)), "w" * 43)["error"] == -14005
    late = ask.server.consent(challenge(VERIFIER))
    ask.server.advance(601)
    assert ask.use_code(late)["error"] == -14019


def test_a_refresh_token_is_good_once(ask: OACaller) -> None:
    access, refresh = ask.server.access.value, ask.server.refresh.value
    tokens = ask.refresh(refresh)
    assert tokens["access_token"] != access
    assert ask("/v2.0/oa/getoa", token=access)["error"] == -220
    assert ask.refresh(refresh) == {"error": -14014, "error_name": "Invalid refresh token"}
    assert ask.refresh(tokens["refresh_token"])["expires_in"] == "90000"
    ask.server.advance(91 * DAY)
    assert ask.refresh(ask.server.refresh.value)["error"] == -14020


def test_a_refresh_whose_answer_is_lost_needs_a_person(ask: OACaller) -> None:
    refresh = ask.server.refresh.value
    ask.server.faults.order("access_token", drop())
    with pytest.raises(httpx.RemoteProtocolError):
        ask.refresh(refresh)
    assert ask.refresh(refresh)["error"] == -14014
    assert [(call.fault, call.outcome) for call in ask.server.calls("access_token")] == [
        ("drop", "ok"),
        ("", "-14014"),
    ]


def test_the_token_endpoint_wants_a_form_and_the_secret(ask: OACaller) -> None:
    refresh = ask.server.refresh.value
    form = {"app_id": APP_ID, "grant_type": "refresh_token", "refresh_token": refresh}
    url, headers = f"{ask.server.url}/v4/oa/access_token", {"secret_key": APP_SECRET}
    assert ask.client.post(url, json=form, headers=headers).json()["error"] == -14004
    assert ask.client.get(url, params=form, headers=headers).json()["error"] == -14004
    assert ask.client.post(url, data=form).json() == {"error": -14002, "error_name": "Invalid app"}
    assert ask.oauth(grant_type="password")["error"] == -14004
    assert ask.refresh(refresh)["refresh_token"] != refresh


def test_an_access_token_goes_in_its_own_header_and_expires(ask: OACaller) -> None:
    oa = ask.server
    bearer = {"Authorization": f"Bearer {oa.access.value}"}
    assert ask.client.get(f"{oa.url}/v2.0/oa/getoa", headers=bearer).json()["error"] == -216
    assert ask("/v2.0/oa/getoa", token="made-up") == {"error": -216, "message": "Access token is invalid"}
    oa.advance(ACCESS_LIFE - 60)
    assert ask("/v2.0/oa/getoa")["error"] == 0
    oa.advance(60)
    assert ask("/v2.0/oa/getoa")["error"] == -220
    oa.issue()
    token = oa.access.value
    oa.revoke()
    assert ask("/v2.0/oa/getoa", token=token)["error"] == -220


def test_who_can_be_written_to_follows_from_what_they_last_did(ask: OACaller) -> None:
    oa, hello = ask.server, {"text": "Xin chào"}
    assert ask.error("u1", hello) == -213
    oa.follow("u1")
    oa.text("u2", "chào")
    assert ask("/v3.0/oa/user/detail", params={"data": '{"user_id":"u1"}'})["data"] == {
        "user_id": "u1",
        "display_name": "Lan",
        "user_is_follower": True,
    }
    # Writing, not following, opens the window; the name is for followers only.
    assert ask("/v3.0/oa/user/detail", params={"data": '{"user_id":"u2"}'})["error"] == -213
    assert ask("/v3.0/oa/user/detail", params={"data": "u2"})["error"] == -201
    sent = ask.cs("u2", hello)
    assert (sent["error"], sent["data"]["user_id"], oa.billed) == (0, "u2", 0)
    oa.unfollow("u1")
    assert ask.error("u1", hello) == 0
    oa.advance(48 * HOUR + 1)
    oa.issue()
    assert (ask.error("u2", hello), oa.billed) == (0, 1)
    oa.advance(5 * DAY)
    oa.issue()
    assert ask.error("u2", hello) == -230
    oa.templates = {"t1": ["ten"]}
    template = {"user_id": "u2", "template_id": "t1", "template_data": {"ten": "Lan"}}
    assert ask("/v3.0/oa/message/template", template)["error"] == 0
    assert ask("/v3.0/oa/message/template", template | {"template_id": "t2"})["error"] == -201
    assert ask("/v3.0/oa/message/template", template | {"template_data": {}})["error"] == -201
    assert oa.billed == 2
    oa.text("u2", "chào")
    assert ask.error("u2", hello) == 0
    oa.person("u2", refusal=-244)
    assert ask.error("u2", hello) == -244
    assert [it.what for it in oa.shown("u2", who="bot")] == ["message", "message", "template", "message"]


def button(title: str, payload: object, kind: str = "oa.query.hide") -> Json:
    return {"title": title, "type": kind, "payload": payload}


def with_buttons(*buttons: object, text: str = "Chọn") -> Json:
    return {"text": text, "attachment": {"type": "template", "payload": {"buttons": list(buttons)}}}


def image(**element: object) -> Json:
    payload = {"template_type": "media", "elements": [{"media_type": "image", **element}]}
    return {"attachment": {"type": "template", "payload": payload}}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-201, "Xin chào"),
        (-201, {}),
        (-201, {"text": ""}),
        (-201, {"text": 5}),
        (-201, {"text": "a", "parse_mode": "html"}),
        (-201, {"text": "a", "quote_message_id": "unheard-of"}),
        (-210, {"text": "ă" * 2001}),
        (-210, with_buttons(button("a", "/a"), text="ă" * 2001)),
        (-201, with_buttons()),
        (-210, with_buttons(*[button("a", "/a")] * 6)),
        (-210, with_buttons(button("a" * 101, "/a"))),
        (-210, with_buttons(button("a", "a" * 1001))),
        (-201, with_buttons(button("a", {"text": "/a"}))),
        (-201, with_buttons(button("", "/a"))),
        (-201, with_buttons(button("a", "https://a.example", "oa.open.url"))),
        (-201, with_buttons(button("a", {"url": "a.example"}, "oa.open.url"))),
        (-201, with_buttons(button("a", {"phone_code": "một"}, "oa.open.phone"))),
        (-201, with_buttons(button("a", {"phone_code": "1022"}, "oa.open.sms"))),
        (-201, with_buttons(button("a", "/a", "callback"))),
        (-201, with_buttons({"title": "a", "payload": "/a"})),
        (-201, {"attachment": with_buttons(button("a", "/a"))["attachment"]}),
        (-233, {"text": "a", "attachment": {"type": "video", "payload": {}}}),
        (-201, {"text": "a", "attachment": {"type": "file", "payload": {"token": "unheard-of"}}}),
        (-201, {"attachment": {"type": "file", "payload": {"token": "unheard-of"}}}),
        (-201, image()),
        (-201, image(attachment_id="unheard-of")),
    ],
)
def test_an_account_is_refused_what_the_platform_does_not_take(ask: OACaller, code: int, message: object) -> None:
    ask.server.text("u1", "chào")
    assert ask.error("u1", message) == code
    assert ask.server.shown("u1", who="bot") == []


def test_other_refusals_come_with_200_too(ask: OACaller) -> None:
    ask.server.text("u1", "chào")
    hello = {"recipient": {"user_id": "u1"}, "message": {"text": "Xin chào"}}
    assert ask.error(1, {"text": "a"}) == -201
    assert ask("/v3.0/oa/message/cs", {"message": {"text": "a"}})["error"] == -201
    assert ask("/v3.0/oa/message/cs")["error"] == -212
    assert ask("/v2.0/oa/message", hello)["error"] == -240
    assert ask("/v3.0/oa/message/transaction", hello)["error"] == -240
    assert ask("/v3.0/oa/nothing")["error"] == -212
    headers = {"access_token": ask.server.access.value, "Content-Type": "application/json"}
    for body in (b"{", b"[]", b""):
        reply = ask.client.post(f"{ask.server.url}/v3.0/oa/message/cs", content=body, headers=headers)
        assert reply.json()["error"] == -201


def test_uploads_can_be_sent_for_a_week(ask: OACaller) -> None:
    oa = ask.server
    oa.follow("u1")
    small = ask("/v2.0/oa/upload/image", files={"file": ("a.png", b"\x89PNG", "image/png")})["data"]["attachment_id"]
    large = ask("/v2.0/oa/upload/image", files={"file": ("a.png", b"\0" * (2**20 + 1), "image/png")})
    token = ask("/v2.0/oa/upload/file", files={"file": ("a.pdf", b"%PDF", "application/pdf")})["data"]["token"]
    assert large["error"] == -210
    assert ask("/v2.0/oa/upload/gif", files={"tep": ("a.gif", b"GIF8", "image/gif")})["error"] == -201
    file = {"attachment": {"type": "file", "payload": {"token": token}}}
    assert ask.error("u1", file) == 0
    assert ask.error("u1", image(attachment_id=small)) == 0
    assert ask.error("u1", image(attachment_id=token)) == -201
    assert ask.error("u1", image(url="https://anh.example/1.jpg")) == 0
    oa.advance(7 * DAY)
    oa.issue()
    oa.text("u1", "chào")
    assert ask.error("u1", file) == -100
    assert [it.what for it in oa.shown("u1", who="bot")] == ["file", "image", "image"]


def test_quotes_and_reactions_are_of_messages_that_exist(ask: OACaller) -> None:
    said = ask.server.text("u1", "chào")["message"]["msg_id"]
    assert ask.error("u1", {"text": "a", "quote_message_id": said}) == 0
    reaction = {"recipient": {"user_id": "u1"}, "sender_action": {"react_icon": "/-heart", "react_message_id": said}}
    assert ask("/v2.0/oa/message", reaction)["error"] == 0
    reaction["sender_action"]["react_message_id"] = "unheard-of"
    assert ask("/v2.0/oa/message", reaction)["error"] == -201


def test_over_the_rate_is_an_error_until_the_next_minute(ask: OACaller) -> None:
    ask.server.advance(60 - ask.server.now() % 60)  # to the start of one
    ask.server.rate_limit = 2
    replies = [ask.reply("/v2.0/oa/getoa") for _ in range(3)]
    assert [reply.json()["error"] for reply in replies] == [0, 0, -32]
    assert [reply.headers["X-RateLimit-Remain"] for reply in replies] == ["1", "0", "0"]
    assert replies[0].headers["X-RateLimit-Limit"] == "2"
    ask.server.advance(60)
    assert ask("/v2.0/oa/getoa")["error"] == 0


def test_the_signature_is_that_of_the_reference() -> None:
    body = (
        '{"app_id":"1234567890","sender":{"id":"u1"},"recipient":{"id":"oa1"},"event_name":"user_send_text",'
        '"message":{"text":"Xin chào","msg_id":"m1"},"timestamp":"1700000000000"}'
    ).encode()
    assert len(body) == 172
    expected = "336965bb4772e65f9d6f5d4ed8272ce2039d074ea62bd7e81fb18b3c918332fa"
    assert signature("1234567890", body, "1700000000000", "oa-secret-key") == expected


@pytest.mark.parametrize("form", ["compact", "pretty", "escaped"])
def test_an_event_is_signed_over_its_exact_bytes(oa: ZaloOAServer, receiver: Receiver, form: str) -> None:
    oa.webhook, oa.body_form = receiver.hook, form
    event = oa.text("u1", "Xin chào")
    (post,) = receiver.wait(1)
    assert post.json == event
    assert ("chào".encode() in post.body, b"\n" in post.body) == (form != "escaped", form == "pretty")
    mac = signature(APP_ID, post.body, event["timestamp"], OA_SECRET)
    assert post.headers["x-zevent-signature"] == f"mac={mac}"


def test_an_account_hears_of_what_people_do(ask: OACaller, receiver: Receiver) -> None:
    oa = ask.server
    oa.webhook = receiver.hook
    events = [
        oa.follow("u1"),
        oa.text("u1", "chào"),
        *(oa.media("u1", kind) for kind in ("image", "sticker", "file", "audio")),
        oa.received("u1", "m1"),
        oa.seen("u1", ["m1", "m2"]),
        oa.event("u1", "user_submit_info", {"info": {}}),
        oa.staff("u1", "Tôi trả lời thay"),
        oa.unfollow("u1"),
    ]
    assert [post.json for post in receiver.wait(len(events))] == events
    assert events[0] | {"timestamp": ""} == {
        "oa_id": "oa1",
        "follower": {"id": "u1"},
        "user_id_by_app": "app-u1",
        "event_name": "follow",
        "source": "oa_profile",
        "app_id": APP_ID,
        "timestamp": "",
    }
    assert [event["event_name"] for event in events[1:8]] == [
        *("user_send_text", "user_send_image", "user_send_sticker", "user_send_file", "user_send_audio"),
        *("user_received_message", "user_seen_message"),
    ]
    assert set(events[2]["message"]["attachments"][0]["payload"]) == {"url", "thumbnail"}
    assert events[9]["admin_id"]
    assert all(isinstance(event["timestamp"], str) for event in events)


def test_a_message_of_ours_comes_back_and_its_buttons_can_be_pressed(ask: OACaller, receiver: Receiver) -> None:
    oa = ask.server
    oa.text("u1", "chào")
    tries(oa, 1)
    assert oa.deliveries()[0].note == "no webhook"
    oa.webhook = receiver.hook
    message = with_buttons(
        button("Nguồn", "/nguon 1"),
        button("Hỏi lại", "/lai", "oa.query.show"),
        button("Gọi 1022", {"phone_code": "1022"}, "oa.open.phone"),
        button("Nhắn", {"phone_code": "1022", "content": "hỏi"}, "oa.open.sms"),
        button("Mở", {"url": "https://hanoi.gov.vn"}, "oa.open.url"),
    )
    sent = ask.cs("u1", message)["data"]
    echo = receiver.wait(1)[0].json
    assert (echo["event_name"], echo["sender"], echo["recipient"]) == ("oa_send_text", {"id": "oa1"}, {"id": "u1"})
    assert echo["message"] == {"text": "Chọn", "msg_id": sent["message_id"]}
    assert oa.press("u1", "Nguồn")["message"]["text"] == "/nguon 1"
    assert oa.press("u1", "/lai", message_id=sent["message_id"])["event_name"] == "user_send_text"
    assert [post.json["message"]["text"] for post in receiver.wait(3)[1:]] == ["/nguon 1", "/lai"]
    for silent in ("Mở", "Không có"):
        with pytest.raises(LookupError):
            oa.press("u1", silent)
    oa.echo = False
    ask.cs("u1", {"text": "a"})
    assert [it.what for it in oa.shown("u1")] == ["message", "message", "press", "message", "message"]
    tries(oa, 4)
    assert len(oa.deliveries()) == 4


def test_an_event_is_retried_by_the_clock_and_the_webhook_then_disabled(oa: ZaloOAServer, receiver: Receiver) -> None:
    oa.webhook = NOWHERE
    event = oa.text("u1", "chào")
    for n, delay in enumerate(RETRY_DELAYS):
        tries(oa, n + 1)
        oa.advance(delay - 5)
        time.sleep(0.02)
        assert len(oa.deliveries()) == n + 1
        if n == 3:
            oa.webhook = receiver.hook
        oa.advance(5)
    tries(oa, 5)
    (post,) = receiver.posts
    assert post.json == event | {"num_retry": 4}
    mac = signature(APP_ID, post.body, event["timestamp"], OA_SECRET)
    assert post.headers["x-zevent-signature"] == f"mac={mac}"
    assert [it.status for it in oa.deliveries()] == [0, 0, 0, 0, 200]

    oa.webhook = NOWHERE
    oa.text("u1", "chào")
    for n in range(6):
        tries(oa, 6 + n)
        oa.advance(HOUR)
    oa.text("u1", "chào")
    tries(oa, 12)
    assert oa.deliveries()[10].note.endswith("given up")
    assert oa.deliveries()[11].note == "disabled"


def test_saving_a_webhook_probes_it_unsigned(oa: ZaloOAServer, receiver: Receiver) -> None:
    receiver.status = 401
    oa.save_webhook(receiver.hook)
    tries(oa, 1)
    assert oa.webhook == ""
    receiver.status = 200
    oa.save_webhook(receiver.hook)
    oa.wait_for(lambda: oa.webhook)
    assert [post.body for post in receiver.posts] == [b"{}", b"{}"]
    assert not any("x-zevent-signature" in post.headers for post in receiver.posts)


def test_a_receiver_that_is_late_is_noted(oa: ZaloOAServer, receiver: Receiver) -> None:
    oa.webhook, oa.deadline, receiver.seconds = receiver.hook, 0.05, 0.1
    oa.text("u1", "chào")
    tries(oa, 1)
    assert [(it.status, it.note) for it in oa.deliveries()] == [(200, "slow")]
    oa.retry_on = ("failure", "slow")
    oa.text("u1", "chào")
    tries(oa, 2)
    oa.advance(30)
    assert receiver.wait(3)[2].json["num_retry"] == 1
    receiver.seconds, oa.post_timeout = 0.5, 0.1
    oa.text("u2", "chào")
    tries(oa, 4)
    assert (oa.deliveries()[3].status, oa.deliveries()[3].note) == (0, "slow TimeoutError")


def test_an_accounts_faults_happen_by_name(ask: OACaller) -> None:
    oa = ask.server
    oa.text("u1", "chào")
    oa.faults.order("message/cs", refuse(-32))
    oa.faults.order("message/cs", refuse(-216, "hết hạn"))
    oa.faults.order("message/cs", drop())
    oa.faults.order("access_token", refuse(-14014))
    assert ask.cs("u1", {"text": "1"}) == {"error": -32, "message": "API rate limit exceeded"}
    assert ask.cs("u1", {"text": "2"}) == {"error": -216, "message": "hết hạn"}
    with pytest.raises(httpx.RemoteProtocolError):
        ask.cs("u1", {"text": "3"})
    assert ask.error("u1", {"text": "4"}) == 0
    assert ask.refresh(oa.refresh.value)["error"] == -14014
    assert [it.text for it in oa.shown("u1", who="bot")] == ["3", "4"]
    assert [call.method for call in oa.calls()] == ["message/cs"] * 4 + ["access_token"]
