"""The Zalo Bot channel: every shape an event can have, what people read, and how each kind of trouble ends."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platforms import Fault, Shown, broken_json, cut, drop, hang, http, refuse, reset, running
from zalo_bot_server import TOKEN, ZaloBotServer

from bot.channels import zalo_bot
from bot.channels.message import Button, Channel, Delivery, Inbound, Kind, Outcome, Reply
from bot.channels.split import utf16
from bot.channels.zalo_bot import authentic, open_channel, pause, poll, present, received, request, set_up
from bot.dialogue import Citation
from bot.settings import SettingsError, ZaloBot

ACCOUNT = TOKEN.partition(":")[0]
CHAT = "6ede9afa66b88fe6d6a9"
SECRET = "mot-bi-mat-dai"
NOW = datetime(2026, 11, 23, 3, 59, tzinfo=UTC)
ID = "0123456789ab"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["result", "event_name", "message", "chat", "from", "id", "text", "date", "chat_type"]),
            inner | st.sampled_from(["message.text.received", "message.unsupported.received"]),
            max_size=6,
        )
    ),
    max_leaves=20,
)


def event(name: str = "text", **changes: Any) -> dict[str, Any]:
    message = {
        "from": {"id": CHAT, "display_name": "Ted", "is_bot": False},
        "chat": {"id": CHAT, "chat_type": "PRIVATE"},
        "text": "Xin chào",
        "message_id": "2d758cb5e222177a4e35",
        "date": 1750316131602,
    } | changes
    kept = {key: value for key, value in message.items() if value is not ...}
    return {"event_name": f"message.{name}.received", "message": kept}


def source(number: int = 1, title: str = "Nghị quyết 18") -> Citation:
    url = "https://hanoi.gov.vn/18"
    return Citation(number, "a#1", "a", title, (), "UBND", None, None, "2026-03-01", "còn hiệu lực", url, "…")


def text_of(reply: Reply) -> str:
    (body,) = present(reply)
    assert body.keys() == {"text"}
    return str(body["text"])


# What people did


def test_a_text_is_read_whole() -> None:
    expected = Inbound(
        channel="zalo_bot",
        account=ACCOUNT,
        key=f"{CHAT}/2d758cb5e222177a4e35",
        chat=CHAT,
        person=CHAT,
        kind=Kind.TEXT,
        sent=datetime(2025, 6, 19, 6, 55, 31, 602_000, UTC),
        text="Xin chào",
    )
    assert received(event(), ACCOUNT) == expected
    assert received({"ok": True, "result": event()}, ACCOUNT) == expected


@pytest.mark.parametrize(
    ("update", "kind", "text"),
    [
        (event("image", text=..., photo="https://x.vn/1.jpg"), Kind.OTHER, ""),
        (event("image", text=..., photo_url="https://x.vn/1.jpg"), Kind.OTHER, ""),
        (event("image", text=..., photo="https://x.vn/1.jpg", caption="Phí bao nhiêu?"), Kind.TEXT, "Phí bao nhiêu?"),
        (event("sticker", text=..., sticker="bfe458bf", url="https://x.vn/1.png"), Kind.OTHER, ""),
        (event("voice", text=..., voice_url="https://x.vn/1.aac"), Kind.OTHER, ""),
        (event("unsupported", text=...), Kind.HIDDEN, ""),
        (event("text", text="a\x00b\ud800"), Kind.TEXT, "a\ufffdb\ufffd"),
        (event("text", **{"from": ...}), Kind.TEXT, "Xin chào"),
        (event("text", date="1750316131602"), Kind.TEXT, "Xin chào"),
    ],
)
def test_each_kind_of_event_is_known(update: dict[str, Any], kind: Kind, text: str) -> None:
    inbound = received(update, ACCOUNT)
    assert inbound
    assert (inbound.kind, inbound.text, inbound.chat, inbound.person) == (kind, text, CHAT, CHAT)


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"ok": False, "description": "Request timeout", "error_code": 408},
        event("location"),
        event("text", text=...),
        event("text", text=7),
        event("text", chat={"id": "zgr-1", "chat_type": "GROUP"}),
        event("text", chat={"id": "zgr-1"}),
        event("unsupported", chat={"id": "1", "chat_type": "GROUP"}),
        event("text", chat={"id": ""}),
        event("text", chat="1"),
        event("text", message_id=..., date=...),
        event("text", **{"from": {"id": "2", "is_bot": True}}),
        event("text", chat={"id": "a\ud800"}),
    ],
)
def test_what_is_not_for_us_is_none(update: dict[str, Any]) -> None:
    assert received(update, ACCOUNT) is None


@given(JSON)
def test_no_json_makes_reading_raise(update: Any) -> None:
    inbound = received(update, ACCOUNT)
    assert inbound is None or (inbound.chat and inbound.key and inbound.sent.tzinfo)


def test_a_hidden_message_that_names_only_its_chat_is_answered_once_an_hour() -> None:
    bare = {"event_name": "message.unsupported.received", "message": {"chat": {"id": CHAT}}}
    first = received(bare, ACCOUNT, NOW)
    again = received(bare, ACCOUNT, NOW.replace(minute=0))
    later = received(bare, ACCOUNT, NOW.replace(hour=4))
    assert first
    assert again
    assert later
    assert (first.kind, first.chat, first.person, first.sent) == (Kind.HIDDEN, CHAT, CHAT, NOW)
    assert first.key == again.key != later.key
    dated = received(event("unsupported", message_id=..., text=...), ACCOUNT, NOW)
    assert dated
    assert dated.key == f"{CHAT}/1750316131602"


@pytest.mark.parametrize("date", [..., None, "hôm qua", 10**30, -(10**30), 1.5, []])
def test_a_message_without_a_sound_date_came_now(date: Any) -> None:
    inbound = received(event("text", date=date), ACCOUNT, NOW)
    assert inbound
    assert inbound.sent == NOW


@pytest.mark.parametrize(
    "given_secret", [None, "", "mot-bi-mat", f"{SECRET} ", SECRET.upper(), "mót-bi-mat-dai", "\ud800"]
)
def test_a_webhook_with_another_secret_is_refused(given_secret: str | None) -> None:
    assert not authentic(given_secret, ZaloBot(TOKEN, SECRET))
    assert not authentic(given_secret, ZaloBot(TOKEN, ""))


def test_a_webhook_with_our_secret_is_taken() -> None:
    assert authentic(SECRET, ZaloBot(TOKEN, SECRET))


# What people read


def test_an_answer_is_followed_by_sources_suggestions_and_what_can_be_typed() -> None:
    reply = Reply(
        "Có 126 xã, phường [1].",
        bold=((3, 6),),
        sources=(source(),),
        suggestions=("iHanoi là gì?", "Phí bao nhiêu?"),
        answer_id=ID,
    )
    assert text_of(reply) == (
        "Có 126 xã, phường [1].\n\n"
        "Nguồn:\n[1] Nghị quyết 18, thông tin đến 1/3/2026\n    https://hanoi.gov.vn/18\n\n"
        "Anh/chị có thể hỏi tiếp:\n1. iHanoi là gì?\n2. Phí bao nhiêu?\n\n"
        "Nhắn /nguon 1 để xem nguyên văn nguồn số 1. Nhắn 👍 hoặc 👎 để góp ý."
    )


def test_an_english_answer_is_framed_in_english() -> None:
    text = text_of(Reply("126 wards [1].", language="en", sources=(source(),), suggestions=("Fees?",), answer_id=ID))
    assert text.endswith(
        "You could also ask:\n1. Fees?\n\nSend /nguon 1 for the exact words of source 1. "
        "Send 👍 or 👎 to rate this answer."
    )


def test_choices_stand_in_the_text_and_are_not_repeated() -> None:
    asked = "Anh/chị muốn hỏi về nội dung nào?\n1. Luật A\n2. Luật B"
    assert text_of(Reply(asked, choices=("Luật A", "Luật B"))) == asked


def test_buttons_become_commands_without_what_nobody_would_type() -> None:
    buttons = (Button("👍 Đúng ý tôi", f"/tot {ID}"), Button("Còn thiếu", f"/ly_do thieu {ID}"), Button("Xoá", "/xoa"))
    assert text_of(Reply("Có giúp được không ạ?", buttons=buttons)) == (
        "Có giúp được không ạ?\n\n👍 Đúng ý tôi: nhắn /tot\nCòn thiếu: nhắn /ly_do thieu\nXoá: nhắn /xoa"
    )


def test_a_long_answer_is_split_and_sent_in_composed_letters() -> None:
    bodies = present(Reply("Quye\u0302\u0301t đi\u0323nh 👍 [1]. " * 400, sources=(source(),)))
    assert len(bodies) > 3
    assert all(utf16(body["text"]) <= 1900 for body in bodies)
    assert bodies[0]["text"].startswith("Quyết định 👍 [1]. Quyết")
    assert "[1] Nghị quyết 18" in bodies[-1]["text"]


def test_nothing_is_sent_for_nothing() -> None:
    assert present(Reply("")) == ()


# Sending


@pytest.fixture
def server() -> Iterator[ZaloBotServer]:
    with running(ZaloBotServer()) as bot_server:
        bot_server.pace = 0.01
        bot_server.person(CHAT)
        yield bot_server


def settings(server: ZaloBotServer, **changes: str) -> ZaloBot:
    return ZaloBot(**{"token": TOKEN, "secret": SECRET, "api_base": server.url} | changes)


def use(ours: ZaloBot, do: Callable[[Channel], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with open_channel(ours) as channel:
            return await do(channel)

    return asyncio.run(main())


def send(ours: ZaloBot, *texts: str) -> list[Delivery]:
    async def each(channel: Channel) -> list[Delivery]:
        return [await channel.send(CHAT, "", {"text": text}) for text in texts]

    sent: list[Delivery] = use(ours, each)
    return sent


def shown(server: ZaloBotServer) -> list[Shown]:
    return server.shown(CHAT, who="bot", what="message")


def test_a_reply_arrives_as_presented(server: ZaloBotServer) -> None:
    bodies = present(Reply("Có {126} xã\n[1] 👍", sources=(source(),), answer_id=ID))
    (delivery,) = send(settings(server), bodies[0]["text"])
    assert [it.text for it in shown(server)] == [bodies[0]["text"]]
    assert delivery == Delivery(Outcome.SENT, shown(server)[0].message_id)


def test_typing_is_shown_and_its_trouble_is_nobodys_concern(server: ZaloBotServer) -> None:
    inbound = received(event(), ACCOUNT)
    assert inbound
    server.faults.order("sendChatAction", cut())

    async def twice(channel: Channel) -> None:
        await channel.show_working(inbound)
        await channel.show_working(inbound)

    use(settings(server), twice)
    assert len(server.shown(CHAT, what="typing")) == 1


@pytest.mark.parametrize(
    ("fault", "outcome", "arrives"),
    [
        (refuse(429), Outcome.LATER, False),
        (http(429, "<h1>slow down</h1>"), Outcome.LATER, False),
        (refuse(401), Outcome.LATER, False),
        (refuse(404), Outcome.LATER, False),
        (http(404, "<h1>no such page</h1>"), Outcome.LATER, False),
        (refuse(400, "Bad request: chat not found"), Outcome.FAILED, False),
        (http(413, "<h1>too large</h1>"), Outcome.FAILED, False),
        (refuse(403), Outcome.UNKNOWN, False),
        (refuse(408), Outcome.UNKNOWN, False),
        (refuse(500), Outcome.UNKNOWN, False),
        (http(502, "<h1>bad gateway</h1>"), Outcome.UNKNOWN, False),
        (http(200, "[" * 100_000), Outcome.UNKNOWN, False),
        (http(200, '{"ok":false}'), Outcome.UNKNOWN, False),
        (http(200, '{"ok":true,"result":[]}'), Outcome.SENT, False),
        (broken_json(), Outcome.UNKNOWN, False),
        (cut(), Outcome.UNKNOWN, False),
        (reset(), Outcome.UNKNOWN, False),
        (drop(), Outcome.UNKNOWN, True),
    ],
)
@pytest.mark.parametrize("mirror", [False, True])
def test_each_trouble_has_its_outcome(
    server: ZaloBotServer, fault: Fault, outcome: Outcome, arrives: bool, mirror: bool
) -> None:
    server.mirror_status = mirror
    server.faults.order("sendMessage", fault)
    (delivery,) = send(settings(server), "Xin chào")
    assert (delivery.outcome, len(shown(server)), delivery.unreachable) == (outcome, arrives, False)
    assert bool(delivery.wait) == (outcome is Outcome.LATER)
    assert bool(delivery.error) == (outcome is not Outcome.SENT)
    assert TOKEN not in f"{delivery}"


def test_a_refused_token_is_an_operators_to_mend_and_is_not_told(server: ZaloBotServer) -> None:
    (delivery,) = send(settings(server, token="1:wrong"), "Xin chào")
    assert (delivery.outcome, delivery.wait) == (Outcome.LATER, 300.0)
    assert delivery.broken == (
        "Zalo says '401 Unauthorized' to the bot's token; set HANOIDX_ZALO_BOT_TOKEN to what Zalo Bot Manager sent for "
        "the bot, and see that HANOIDX_ZALO_BOT_API_BASE, if set, is Zalo's"
    )
    server.faults.order("sendMessage", refuse(404, f"no /bot{TOKEN}/sendMessage here"))
    (delivery,) = send(settings(server), "Xin chào")
    assert "404 no … here" in delivery.broken


def test_what_could_not_be_written_may_be_sent_again(server: ZaloBotServer) -> None:
    (delivery,) = send(settings(server, api_base="http://127.0.0.1:1"), "Xin chào")
    assert (delivery.outcome, delivery.error) == (Outcome.LATER, "ConnectError")
    (delivery,) = send(settings(server, api_base="http://[::1"), "Xin chào")
    assert (delivery.outcome, delivery.error) == (Outcome.LATER, "InvalidURL")


def test_a_timeout_leaves_it_open_whether_the_message_arrived(server: ZaloBotServer) -> None:
    server.faults.order("sendMessage", hang(5))

    async def main() -> zalo_bot.Response:
        async with zalo_bot.client() as client:
            url = f"{server.url}/bot{TOKEN}/sendMessage"
            return await request(client, "POST", url, 0.1, json={"chat_id": CHAT, "text": "a"})

    response = asyncio.run(main())
    assert (response.status, response.unsent) == (0, False)
    assert response.error in ("TimeoutError", "ReadTimeout")


def test_waits_grow_while_the_quota_is_used_up_and_begin_anew_after(server: ZaloBotServer) -> None:
    server.quota = 0

    async def main(channel: Channel) -> list[Delivery]:
        full = [await channel.send(CHAT, "", {"text": "a"}) for _ in range(9)]
        server.quota = 1
        return [*full, *[await channel.send(CHAT, "", {"text": "a"}) for _ in range(2)]]

    waits = [delivery.wait for delivery in use(settings(server), main)]
    assert 3.75 <= waits[0] <= 5
    assert waits[:6] == sorted(waits[:6])
    assert 225 <= waits[8] <= 300
    assert waits[9] == 0
    assert 3.75 <= waits[10] <= 5


def test_a_pause_is_bounded_however_long_the_trouble_lasts() -> None:
    assert 22.5 <= pause(10**6, 1, 30) <= 30


# Webhook


def test_the_webhook_is_set_and_verified(server: ZaloBotServer) -> None:
    server.allow_local = True
    ours = f"{server.url}/bot-that-answers-200"  # the stand-in answers so to any bot
    assert asyncio.run(set_up(settings(server, public_url=f"{ours}/")))
    assert server.webhook == f"{ours}/zalo-bot"
    assert [call.arguments["secret_token"] for call in server.calls("setWebhook")] == [SECRET]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "it could not reach http://127.0.0.1:1/zalo-bot: unreachable; The server must be reachable"),
        ({"secret": "ngan"}, "400 Bad request: secret_token must have 8 to 256 characters"),
        ({"token": "1:wrong"}, "Zalo says '401 Unauthorized' to the bot's token; set HANOIDX_ZALO_BOT_TOKEN"),
        ({"api_base": "http://127.0.0.1:1"}, "ConnectError"),
    ],
)
def test_what_is_wrong_with_the_webhook_is_one_line(
    server: ZaloBotServer, caplog: pytest.LogCaptureFixture, changes: dict[str, str], said: str
) -> None:
    server.allow_local = True
    assert not asyncio.run(set_up(settings(server, **{"public_url": "http://127.0.0.1:1"} | changes)))
    (line,) = [record.getMessage() for record in caplog.records if record.name == zalo_bot.__name__]
    assert line.startswith(f"Zalo does not deliver to the bot's webhook: {said}")


# Polling


def polled(server: ZaloBotServer, count: int, seconds: float = 5.0, fails: int = 0) -> list[Inbound]:
    """What is stored until there are so many; the first `fails` tries to store raise."""
    kept: list[Inbound] = []
    left = fails

    async def main() -> None:
        enough = asyncio.Event()

        async def store(inbound: Inbound) -> None:
            nonlocal left
            if left:
                left -= 1
                raise OSError(inbound.text)
            kept.append(inbound)
            if len(kept) == count:
                enough.set()

        polling = asyncio.create_task(poll(settings(server), store, timeout=1, first_wait=0.02))
        waiting = asyncio.create_task(enough.wait())
        done, _ = await asyncio.wait({polling, waiting}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        polling.cancel()
        waiting.cancel()
        if polling in done:
            polling.result()

    asyncio.run(main())
    return kept


def test_polling_stores_one_event_after_the_other_and_passes_over_the_rest(server: ZaloBotServer) -> None:
    server.buffer = None
    for number in range(3):
        server.text(CHAT, f"câu {number}")
    server.text("zgr-1", "trong nhóm", sender=CHAT)
    server.unsupported(CHAT)
    server.webhook = "https://example.org/zalo-bot"  # from another day
    assert [inbound.text for inbound in polled(server, 4)] == ["câu 0", "câu 1", "câu 2", ""]


def test_polling_goes_on_through_idle_times_and_trouble(server: ZaloBotServer) -> None:
    for fault in (refuse(403), cut(), http(502, "<h1>bad gateway</h1>"), refuse(408)):
        server.faults.order("getUpdates", fault)
    server.buffer = None
    server.text(CHAT, "Xin chào")
    assert [inbound.text for inbound in polled(server, 1)] == ["Xin chào"]


def test_an_event_that_cannot_be_stored_is_kept_and_its_text_not_logged(
    server: ZaloBotServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.buffer = None
    server.text(CHAT, "bí mật")
    assert [inbound.text for inbound in polled(server, 1, fails=1)] == ["bí mật"]
    assert "what Zalo delivered could not be stored (OSError); it is tried again" in caplog.text
    assert "bí mật" not in caplog.text


def test_an_answer_that_comes_at_once_does_not_make_polling_spin(server: ZaloBotServer) -> None:
    server.faults.order("getUpdates", refuse(408), None)
    assert polled(server, 1, 1.5) == []
    assert len(server.calls("getUpdates")) <= 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (refuse(401), "Zalo says '401 Unauthorized' to the bot's token; set HANOIDX_ZALO_BOT_TOKEN"),
        (refuse(400, "a webhook is set"), "Zalo says '400 a webhook is set' and gives out no events; if another"),
    ],
)
def test_what_only_an_operator_can_mend_ends_polling(server: ZaloBotServer, fault: Fault, said: str) -> None:
    server.faults.order("getUpdates", fault)
    with pytest.raises(SettingsError) as raised:
        polled(server, 1)
    assert str(raised.value).startswith(said)
    assert TOKEN not in str(raised.value)


def test_no_log_holds_the_token(server: ZaloBotServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # as the bot sets it: httpx logs whole addresses
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    try:
        for fault in (cut(), http(200, json.dumps({"ok": False, "description": f"/bot{TOKEN}/x", "error_code": 400}))):
            server.faults.order("*", fault)
            send(settings(server), "Xin chào")
            server.faults.order("*", fault)
            asyncio.run(set_up(settings(server, public_url="https://example.org")))
    finally:
        logging.getLogger("httpx").setLevel(logging.NOTSET)
        logging.getLogger("httpcore").setLevel(logging.NOTSET)
    assert TOKEN not in caplog.text
