"""The stand-in for Telegram: ordinary paths through python-telegram-bot, strict ones and faults over plain HTTP."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import telegram
from platforms import Faults, broken_json, cut, drop, hang, http, refuse, reset, running
from telegram import BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters, Update
from telegram.constants import ParseMode
from telegram.request import HTTPXRequest
from telegram_server import TOKEN, TelegramServer, formatted

Api = Callable[..., httpx.Response]
CHAT, GROUP = 42, -100500


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with running(TelegramServer()) as telegram_server:
        telegram_server.pace = 0.01
        telegram_server.person(CHAT, "Nguyễn Thị Lan")
        yield telegram_server


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """One for all: making a client reads every certificate there is."""
    with httpx.Client(verify=False, trust_env=False) as http_client:
        yield http_client


@pytest.fixture
def api(server: TelegramServer, client: httpx.Client) -> Api:
    def call(method: str, **arguments: object) -> httpx.Response:
        return client.post(f"{server.url}/bot{TOKEN}/{method}", json=arguments)

    return call


def description(answer: httpx.Response, status: int = 400) -> str:
    body = answer.json()
    assert (answer.status_code, body["ok"], body["error_code"]) == (status, False, status)
    return str(body["description"])


def use_bot(server: TelegramServer, use: Callable[[telegram.Bot], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        bot = telegram.Bot(
            TOKEN,
            base_url=f"{server.url}/bot",
            base_file_url=f"{server.url}/file/bot",
            request=HTTPXRequest(httpx_kwargs={"verify": False, "trust_env": False}),
            get_updates_request=HTTPXRequest(httpx_kwargs={"verify": False, "trust_env": False}),
        )
        async with bot:
            await use(bot)

    asyncio.run(main())


class Receiver:
    """A bot's webhook, which answers with the statuses it is given, and then with 200."""

    def __init__(self) -> None:
        self.got: list[tuple[int, str | None]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                update = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.got.append((update["update_id"], self.headers["X-Telegram-Bot-Api-Secret-Token"]))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Retry-After", "3")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/telegram"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiver
    receiver.http.shutdown()
    receiver.http.server_close()
    thread.join()


def test_a_message_and_its_answer_pass_through_the_library(server: TelegramServer) -> None:
    question = server.text(CHAT, "/start hỏi")["message"]

    async def use(bot: telegram.Bot) -> None:
        (update,) = await bot.get_updates()
        assert update.message
        assert update.message.parse_entities(["bot_command"]) == {update.message.entities[0]: "/start"}
        assert (await bot.get_me()).username == "hanoidx_bot"
        await bot.send_chat_action(CHAT, "typing")
        sent = await bot.send_message(
            CHAT,
            "<b>126</b> xã &amp; phường 🏟 <a href='https://hanoi.gov.vn/tin?a=1&amp;b=2'>[1]</a>",
            ParseMode.HTML,
            reply_parameters=ReplyParameters(question["message_id"]),
            reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("Nguồn", callback_data="/nguon 1")]]),
            link_preview_options=telegram.LinkPreviewOptions(is_disabled=True),
        )
        assert sent.text == "126 xã & phường 🏟 [1]"
        assert sent.parse_entities() == {sent.entities[0]: "126", sent.entities[1]: "[1]"}
        assert sent.entities[1].url == "https://hanoi.gov.vn/tin?a=1&b=2"
        assert sent.reply_to_message
        assert sent.reply_to_message.text == "/start hỏi"
        with pytest.raises(telegram.error.BadRequest, match="Message is not modified"):
            await sent.edit_reply_markup(sent.reply_markup)
        await sent.edit_text("Đã sửa")
        await bot.send_message_draft(CHAT, 7, "Đang viết")
        await sent.set_reaction("👍")

    use_bot(server, use)
    assert server.said(CHAT) == ["126 xã & phường 🏟 [1]"]
    seen = [(each.who, each.what, each.text) for each in server.shown(CHAT)]
    assert seen == [
        ("person", "message", "/start hỏi"),
        ("bot", "action", "typing"),
        ("bot", "message", "126 xã & phường 🏟 [1]"),
        ("bot", "edit", "Đã sửa"),
        ("bot", "draft", "Đang viết"),
        ("bot", "reaction", "👍"),
    ]
    assert server.shown(CHAT)[2].details["buttons"][0][0]["callback_data"] == "/nguon 1"


def test_commands_are_kept_by_scope_and_language(server: TelegramServer, api: Api) -> None:
    async def use(bot: telegram.Bot) -> None:
        await bot.set_my_commands([("start", "Bắt đầu")], language_code="vi")
        await bot.set_my_commands([("help", "Help")])
        await bot.set_my_commands([("nguon", "Nguồn")], telegram.BotCommandScopeChat(CHAT))
        assert await bot.get_my_commands(language_code="vi") == (BotCommand("start", "Bắt đầu"),)
        assert await bot.get_my_commands() == (BotCommand("help", "Help"),)
        assert await bot.get_my_commands(telegram.BotCommandScopeAllPrivateChats()) == ()

    use_bot(server, use)
    assert description(api("setMyCommands", commands=[{"command": "Hỏi", "description": "x"}])).endswith("INVALID")
    many = [{"command": f"c{n}", "description": "x"} for n in range(101)]
    assert description(api("setMyCommands", commands=many)) == "Bad Request: BOT_COMMANDS_TOO_MUCH"


def test_files_go_up_and_come_down(server: TelegramServer, client: httpx.Client, api: Api) -> None:
    file_id = server.media(CHAT, "document", content="nội dung")["message"]["document"]["file_id"]
    large = server.media(CHAT, "voice", size=21 * 2**20)["message"]["voice"]["file_id"]

    async def use(bot: telegram.Bot) -> None:
        assert await (await bot.get_file(file_id)).download_as_bytearray() == "nội dung".encode()
        sent = await bot.send_document(
            CHAT, b"PDF\r\n\x00\xff", caption="<i>Văn bản</i>", parse_mode="HTML", filename="a.pdf"
        )
        assert sent.document
        assert await (await sent.document.get_file()).download_as_bytearray() == b"PDF\r\n\x00\xff"
        assert (sent.caption, sent.document.file_name) == ("Văn bản", "a.pdf")

    use_bot(server, use)
    assert description(api("getFile", file_id=large)) == "Bad Request: file is too big"
    assert client.get(f"{server.url}/file/bot{TOKEN}/documents/none.pdf").status_code == 404


def test_every_kind_of_update_is_one_the_library_reads(server: TelegramServer, api: Api) -> None:
    server.group(GROUP)
    sent = api("sendMessage", chat_id=GROUP, text="Chào").json()["result"]
    written = server.text(GROUP, "@hanoidx_bot có mấy phường?", sender=7)["message"]
    server.text(GROUP, "còn xã?", sender=8, reply_to=sent["message_id"])
    server.edit(GROUP, written["message_id"], "có mấy xã?")
    for kind in ("sticker", "voice", "photo", "document", "contact", "location"):
        server.media(CHAT, kind)
    server.block(CHAT)
    server.unblock(CHAT)
    assert server.react(GROUP, sent["message_id"], "👍")["update_id"] == 0  # nobody asked for reactions
    updates = [Update.de_json(each) for each in api("getUpdates").json()["result"]]
    ids = [update.update_id for update in updates]
    assert ids == list(range(ids[0], ids[0] + 12))
    mention = updates[1].message
    assert mention
    assert list(mention.parse_entities(["mention"]).values()) == ["@hanoidx_bot"]
    assert updates[2].message
    assert updates[2].message.reply_to_message
    assert updates[3].edited_message
    assert [telegram.helpers.effective_message_type(update) for update in updates[4:10]] == [
        "sticker", "voice", "photo", "document", "contact", "location",
    ]  # fmt: skip
    changes = [update.my_chat_member for update in updates if update.my_chat_member]
    assert [change.new_chat_member.status for change in changes] == ["member", "kicked", "member"]


def test_a_poll_waits_for_an_update_and_an_offset_confirms_it(server: TelegramServer, api: Api) -> None:
    with ThreadPoolExecutor() as threads:
        poll = threads.submit(api, "getUpdates", timeout=50)
        time.sleep(0.1)
        first = server.text(CHAT, "một")["update_id"]
        assert [each["update_id"] for each in poll.result(2).json()["result"]] == [first]
    server.text(CHAT, "hai")
    assert len(api("getUpdates", limit=1).json()["result"]) == 1
    assert [each["message"]["text"] for each in api("getUpdates").json()["result"]] == ["một", "hai"]
    assert [each["message"]["text"] for each in api("getUpdates", offset=first + 1).json()["result"]] == ["hai"]
    assert [each["message"]["text"] for each in api("getUpdates").json()["result"]] == ["hai"]
    assert api("getUpdates", offset=first + 2).json()["result"] == []


def test_old_updates_and_those_nobody_asked_for_are_not_delivered(server: TelegramServer, api: Api) -> None:
    server.text(CHAT, "hôm qua")
    server.advance(86_401)
    assert api("getUpdates", allowed_updates=["callback_query"]).json()["result"] == []
    assert server.text(CHAT, "hôm nay")["update_id"] == 0
    assert api("getUpdates", allowed_updates=[]).json()["result"] == []  # [] stands for the usual ones
    server.text(CHAT, "bây giờ")
    assert len(api("getUpdates").json()["result"]) == 1


def test_a_second_poller_ends_the_first(server: TelegramServer, api: Api) -> None:
    with ThreadPoolExecutor() as threads:
        first = threads.submit(api, "getUpdates", timeout=50)
        server.wait_for(lambda: server._poll == 1)
        second = threads.submit(api, "getUpdates", timeout=50)
        assert "terminated by other getUpdates request" in description(first.result(2), 409)
        assert api("setWebhook", url="http://127.0.0.1:1/").json()["description"] == "Webhook was set"
        assert "terminated by setWebhook" in description(second.result(2), 409)
    assert "can't use getUpdates method while webhook is active" in description(api("getUpdates"), 409)
    assert api("deleteWebhook").json()["description"] == "Webhook was deleted"
    assert api("getUpdates").status_code == 200


def test_a_webhook_is_tried_until_it_answers_well(server: TelegramServer, api: Api, receiver: Receiver) -> None:
    before = server.text(CHAT, "trước")["update_id"]
    receiver.statuses = [500, 503, 302, 200]
    assert api("setWebhook", url=receiver.url, secret_token="bi-mat_1").json()["result"]
    after = server.text(CHAT, "sau")["update_id"]
    server.wait_for(lambda: not server._pending)  # the receiver hears of the last one before the server has its answer
    assert [number for number, secret in receiver.got] == [before] * 4 + [after]
    assert {secret for number, secret in receiver.got} == {"bi-mat_1"}
    assert [each.status for each in server.deliveries] == [500, 503, 302, 200, 200]
    assert server.deliveries[1].at - server.deliveries[0].at > 0.02  # Retry-After: 3, at this pace
    info = api("getWebhookInfo").json()["result"]
    assert (info["pending_update_count"], info["last_error_message"]) == (0, "Wrong response from the webhook: 302")


def test_a_webhook_gets_chats_side_by_side_repeats_and_any_order(
    server: TelegramServer, api: Api, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    server.pace = 100
    api("setWebhook", url=receiver.url)
    stuck = server.text(CHAT, "một")["update_id"]
    server.wait_for(lambda: len(receiver.got) == 1)
    free = server.text(43, "hai")["update_id"]  # another chat does not wait for the first
    server.wait_for(lambda: len(receiver.got) == 2)
    server.advance(400)  # past Retry-After
    server.wait_for(lambda: len(receiver.got) == 3)
    server.repeat(free)
    server.wait_for(lambda: len(receiver.got) == 4)
    server.hold()
    held = [server.text(CHAT, text)["update_id"] for text in "abc"]
    server.release(held[::-1])
    server.wait_for(lambda: len(receiver.got) == 7)
    assert [number for number, _ in receiver.got] == [stuck, free, stuck, free, *held[::-1]]


@pytest.mark.parametrize(
    ("address", "secret", "wrong"),
    [
        ("http://hanoi.gov.vn/bot", "", "An HTTPS URL must be provided"),
        ("https://hanoi.gov.vn:9000/bot", "", "only on ports 80, 88, 443 or 8443"),
        ("https://hanoi.gov.vn/bot", "có dấu", "unallowed characters"),
    ],
)
def test_a_webhook_address_that_telegram_would_not_take_is_refused(
    api: Api, address: str, secret: str, wrong: str
) -> None:
    assert wrong in description(api("setWebhook", url=address, secret_token=secret))


def test_a_button_is_pressed_by_label_or_data_and_answered_once(server: TelegramServer, api: Api) -> None:
    rows = [[{"text": "Đúng", "callback_data": "ok"}, {"text": "Trang", "url": "https://hanoi.gov.vn"}]]
    sent = api("sendMessage", chat_id=CHAT, text="Chọn", reply_markup=json.dumps({"inline_keyboard": rows})).json()
    query = server.press(CHAT, "Đúng")["callback_query"]
    assert (query["data"], query["message"]["message_id"]) == ("ok", sent["result"]["message_id"])
    assert Update.de_json(api("getUpdates").json()["result"][0]).callback_query
    assert api("answerCallbackQuery", callback_query_id=query["id"], text="Cảm ơn").json()["result"] is True
    again = description(api("answerCallbackQuery", callback_query_id=query["id"]))
    assert again == "Bad Request: query is too old and response timeout expired or query ID is invalid"
    stale = server.press(CHAT, "ok")["callback_query"]
    server.advance(151)
    assert description(api("answerCallbackQuery", callback_query_id=stale["id"])) == again
    with pytest.raises(LookupError, match="opens an address"):
        server.press(CHAT, "Trang")
    api("editMessageText", chat_id=CHAT, message_id=sent["result"]["message_id"], text="Xong")
    with pytest.raises(LookupError, match="no button"):
        server.press(CHAT, "Đúng")
    forged = server.press(CHAT, "ok", message_id=sent["result"]["message_id"], forged=True)
    assert forged["callback_query"]["data"] == "ok"


@pytest.mark.parametrize(
    ("html", "wrong"),
    [
        ("Đ <b>đậm", 'Can\'t find end tag corresponding to start tag "b"'),
        ("Đ <b>đậm</i>", 'Unmatched end tag at byte offset 12, expected "</b>", found "</i>"'),
        ("Đ <p>đoạn</p>", 'Unsupported start tag "p" at byte offset 3'),
        ("5 < 6", 'Unsupported start tag "" at byte offset 2'),
        ("🏟 <b", "Unclosed start tag at byte offset 5"),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ('<a href="x>đ</a>', "Unclosed start tag at byte offset 0"),
        ("<a href=http://x>đ</a>", "Unexpected end of name token at byte offset 8"),
        ("<i =x>đ</i>", 'Empty attribute name in the tag "i" at byte offset 0'),
        ("<span>đ</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("&#xDFDF;", "Text contains invalid Unicode characters"),
    ],
)
def test_html_that_telegram_cannot_parse_is_refused_in_its_words(api: Api, html: str, wrong: str) -> None:
    found = description(api("sendMessage", chat_id=CHAT, text=html, parse_mode="HTML"))
    assert found.startswith(f"Bad Request: can't parse entities: {wrong}")


@pytest.mark.parametrize(
    ("html", "text", "entities"),
    [
        ("a &lt;b&gt; &amp &quot;c&quot; &nbsp; &#7879; & d", 'a <b> & "c" &nbsp; ệ & d', []),
        ("🏟 <B>🏟</>", "🏟 🏟", [("bold", 3, 2)]),
        ("<b>a<i>b</i></b>", "ab", [("bold", 0, 2), ("italic", 1, 1)]),
        ("<b></b>a", "a", []),
        ("<pre><code class='language-py'>x</code></pre>", "x", [("pre", 0, 1)]),
        ("<code>a<b>b</b></code>", "ab", [("code", 0, 2)]),
        ("<blockquote expandable>a</blockquote>", "a", [("expandable_blockquote", 0, 1)]),
        ("<a href='javascript:x'>a</a>", "a", []),
        ("  <b>a</b>  \n", "a", [("bold", 0, 1)]),
    ],
)
def test_html_becomes_what_people_see(html: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    found, kept = formatted(html, "html", 4096, "")
    assert found == text
    assert [(each["type"], each["offset"], each["length"]) for each in kept] == entities


def test_length_is_counted_in_utf_16_after_parsing(api: Api) -> None:
    assert api("sendMessage", chat_id=CHAT, text=f"<b>{'ệ' * 4096}</b>", parse_mode="HTML").status_code == 200
    assert description(api("sendMessage", chat_id=CHAT, text="🏟" * 2049)) == "Bad Request: message is too long"
    assert description(api("sendMessage", chat_id=CHAT, text="<b></b>" * 5000, parse_mode="HTML")).endswith("too long")
    assert description(api("sendMessage", chat_id=CHAT, text="")) == "Bad Request: message text is empty"
    assert description(api("sendMessage", chat_id=CHAT, text=" \n ")) == "Bad Request: text must be non-empty"


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"chat_id": 4242}, "chat not found"),
        ({"chat_id": ""}, "chat_id is empty"),
        ({"chat_id": "Lan"}, "chat_id must be an Integer"),
        ({"text": 5}, "text must be a String"),
        ({"disable_notification": "maybe"}, "disable_notification must be a Boolean"),
        ({"parse_mod": "HTML"}, "unknown argument 'parse_mod' of sendMessage"),
        ({"parse_mode": "XML"}, "unsupported parse_mode"),
        ({"reply_parameters": {"message_id": 999}}, "message to be replied not found"),
        ({"reply_parameters": {"message": 1}}, "can't parse reply_parameters"),
        ({"link_preview_options": {"is_disabled": "yes"}}, "can't parse link_preview_options"),
        ({"reply_markup": "{"}, "can't parse reply_markup JSON object"),
        ({"reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "ệ" * 22}]]}}, "BUTTON_DATA_INVALID"),
        ({"reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": ""}]]}}, "BUTTON_DATA_INVALID"),
        ({"reply_markup": {"inline_keyboard": [[{"text": "a"}]]}}, "can't parse inline keyboard button: Text buttons"),
        ({"reply_markup": {"inline_keyboard": [{"text": "a"}]}}, 'field "inline_keyboard"'),
        (
            {"reply_markup": {"inline_keyboard": [[{"text": "a", "url": "hanoi"}]]}},
            "inline keyboard button URL 'hanoi'",
        ),
    ],
)
def test_what_telegram_would_not_send_is_refused(api: Api, changes: dict[str, object], wrong: str) -> None:
    found = description(api("sendMessage", **{"chat_id": CHAT, "text": "Chào"} | changes))
    assert found.startswith(f"Bad Request: {wrong}")


def test_tokens_methods_and_bodies_are_checked(server: TelegramServer, client: httpx.Client) -> None:
    bot = f"{server.url}/bot{TOKEN}"
    assert description(client.get(f"{server.url}/bot1000001:{'x' * 35}/getMe"), 401) == "Unauthorized"
    assert description(client.get(f"{server.url}/botnonsense/getMe"), 404) == "Not Found"
    assert description(client.get(f"{bot}/sendMesage"), 404).startswith("Not Found")
    arguments = {"chat_id": str(CHAT), "text": "Chào"}
    assert client.get(f"{bot}/SENDMESSAGE", params=arguments).status_code == 200
    assert client.post(f"{bot}/sendmessage", data=arguments).status_code == 200
    parts = {name: (None, value) for name, value in arguments.items()}
    assert client.post(f"{bot}/sendMessage", files=parts).status_code == 200
    assert "can't parse the request" in description(client.post(f"{bot}/sendMessage", content=b"{"))
    assert server.said(CHAT) == ["Chào"] * 3


def test_nobody_can_be_written_to_who_blocked_the_bot(server: TelegramServer, api: Api) -> None:
    server.block(CHAT)
    assert description(api("sendMessage", chat_id=CHAT, text="a"), 403) == "Forbidden: bot was blocked by the user"
    server.unblock(CHAT)
    sent = api("sendMessage", chat_id=CHAT, text="a").json()["result"]["message_id"]
    assert "not modified" in description(api("editMessageText", chat_id=CHAT, message_id=sent, text=" a "))
    assert description(api("editMessageText", chat_id=CHAT, message_id=99, text="b")).endswith("to edit not found")


def test_a_chat_that_is_flooded_is_refused_for_a_while(server: TelegramServer, api: Api) -> None:
    server.flood_rate, server.flood_burst = 0.5, 2
    server.person(43)
    statuses = [api("sendMessage", chat_id=chat, text="a").status_code for chat in (CHAT, CHAT, CHAT, 43)]
    assert statuses == [200, 200, 429, 200]
    refused = api("sendMessage", chat_id=CHAT, text="a")
    assert description(refused, 429) == "Too Many Requests: retry after 2"
    assert (refused.headers["Retry-After"], refused.json()["parameters"]) == ("2", {"retry_after": 2})
    server.advance(2)
    assert api("sendMessage", chat_id=CHAT, text="a").status_code == 200


def test_refusals_and_answers_can_be_ordered(server: TelegramServer, api: Api) -> None:
    server.faults.order("sendMessage", refuse(429, retry_after=7))
    server.faults.order("sendmessage", refuse(401))
    server.faults.order("*", http(502, "<html>Bad Gateway</html>"), times=2)
    server.faults.order("sendMessage", broken_json())
    assert description(api("sendMessage", chat_id=CHAT, text="a"), 429) == "Too Many Requests: retry after 7"
    assert description(api("sendMessage", chat_id=CHAT, text="a"), 401) == "Unauthorized"
    with pytest.raises(ValueError, match="Unterminated string"):
        api("sendMessage", chat_id=CHAT, text="a").json()
    assert [api(method).status_code for method in ("getMe", "getMe", "getMe")] == [502, 502, 200]
    assert server.said(CHAT) == []
    assert [(each.outcome, each.fault) for each in server.calls("sendMessage")] == [("", "refuse")] * 2 + [("", "http")]


def test_a_connection_is_really_cut(server: TelegramServer, api: Api) -> None:
    server.faults.order("sendMessage", cut())
    server.faults.order("sendMessage", reset())
    server.faults.order("sendMessage", drop())
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        api("sendMessage", chat_id=CHAT, text="một")
    with pytest.raises(httpx.ReadError):
        api("sendMessage", chat_id=CHAT, text="hai")
    assert server.said(CHAT) == []
    with pytest.raises(httpx.RemoteProtocolError):
        api("sendMessage", chat_id=CHAT, text="ba")
    assert server.said(CHAT) == ["ba"]
    assert [(each.outcome, each.fault) for each in server.calls()] == [("", "cut"), ("", "reset"), ("ok", "drop")]
    assert api("sendMessage", chat_id=CHAT, text="bốn").status_code == 200


def test_a_call_hangs_and_what_happens_depends_on_who_waits(
    server: TelegramServer, client: httpx.Client, api: Api
) -> None:
    server.faults.order("sendMessage", hang(0.2), times=2)
    server.faults.order("sendMessage", drop(0.2))
    assert api("sendMessage", chat_id=CHAT, text="chờ").status_code == 200
    address = f"{server.url}/bot{TOKEN}/sendMessage"
    for text in ("không chờ", "đã gửi"):
        with pytest.raises(httpx.ReadTimeout):
            client.post(address, json={"chat_id": CHAT, "text": text}, timeout=0.1)
    server.wait_for(lambda: len(server.calls("sendMessage")) == 3)
    assert server.said(CHAT) == ["chờ", "đã gửi"]


def test_faults_by_chance_are_the_same_for_a_seed() -> None:
    def drawn() -> list[bool]:
        faults = Faults()
        faults.order("sendMessage", cut(), times=None, chance=0.3, seed=5)
        return [faults.next("sendMessage") is not None for _ in range(200)]

    assert drawn() == drawn()
    assert 40 < sum(drawn()) < 80


def test_a_server_of_its_own_is_controlled_over_http(client: httpx.Client) -> None:
    script = Path(__file__).parents[1] / "telegram_server.py"
    process = subprocess.Popen([sys.executable, script, "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with process:
        server = process.stdout.readline().strip()
        try:
            update = client.post(f"{server}/__ctl/text", json={"chat_id": CHAT, "text": "Xin chào"}).json()["result"]
            assert update["message"]["text"] == "Xin chào"
            assert client.post(f"{server}/__ctl/set", json={"pace": 0.1, "flood_rate": 1.0}).json()["ok"]
            fault = {"method": "sendMessage", "kind": "refuse", "code": 500, "times": 1}
            assert client.post(f"{server}/__ctl/fault", json=fault).json()["ok"]
            sends = [
                client.post(f"{server}/bot{TOKEN}/sendMessage", json={"chat_id": CHAT, "text": text}).status_code
                for text in "ab"
            ]
            assert sends == [500, 200]
            shown = client.get(f"{server}/__ctl/shown", params={"chat": CHAT, "since": 1}).json()["result"]
            assert [each["text"] for each in shown] == ["b"]
            assert [each["outcome"] for each in client.get(f"{server}/__ctl/calls").json()["result"]] == ["", "ok"]
            assert client.post(f"{server}/__ctl/advance", json={"seconds": 5}).json()["ok"]
            assert "TypeError" in client.post(f"{server}/__ctl/text", json={"chat": CHAT}).json()["error"]
            assert client.post(f"{server}/__ctl/nothing").status_code == 404
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
