"""Telegram: what updates say, what replies become, and how calls end; over real HTTP on the local stand-in."""

import asyncio
import copy
import html
import json
import logging
import socket
import time
import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any, Literal, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platforms import Fault, broken_json, cut, drop, hang, http, refuse, reset, running
from telegram import Bot
from telegram_server import TelegramServer

from bot import messages
from bot.channels.message import Body, Button, Channel, Delivery, Inbound, Kind, Outcome, Reply
from bot.channels.split import utf16
from bot.channels.telegram import (
    LABEL,
    LIMIT,
    UPDATES,
    authentic,
    open_channel,
    poll,
    present,
    received,
    set_up,
    username,
)
from bot.dialogue import Citation
from bot.render import printable
from bot.settings import SettingsError, Telegram

Json = dict[str, Any]
T = TypeVar("T")

TOKEN = "7000001:stand-in"
ACCOUNT = "7000001"
NAME = "hanoidx_bot"
ANSWER = "0123456789ab"
DATE = 1750316131
SENT = datetime(2025, 6, 19, 6, 55, 31, tzinfo=UTC)

PERSON: Json = {"id": 42, "is_bot": False, "first_name": "Thu", "language_code": "vi"}
PRIVATE: Json = {"id": 42, "type": "private", "first_name": "Thu"}
GROUP: Json = {"id": -1001234567890, "type": "supergroup", "title": "Tổ dân phố 5"}
US: Json = {"id": 7000001, "is_bot": True, "first_name": "hanoidx", "username": NAME}
PHOTO: Json = {"photo": [{"file_id": "f", "file_unique_id": "u", "width": 90, "height": 60}]}


def written(text: Any = "", chat: Json = PRIVATE, **more: Any) -> Json:
    message = {"message_id": 5, "from": PERSON, "chat": chat, "date": DATE, **({"text": text} if text else {}), **more}
    return {"update_id": 870, "message": message}


def mention(text: str, said: str = f"@{NAME}", sort: str = "mention") -> list[Json]:
    start = utf16(text[: text.index(said)])
    return [{"type": sort, "offset": start, "length": utf16(said)}]


def clicked(data: object = f"/nguon 1 {ANSWER}", chat: Json = PRIVATE, **more: Any) -> Json:
    message = {"message_id": 9, "from": US, "chat": chat, "date": 1, "text": "126 xã, phường [1]"}
    return {
        "update_id": 871,
        "callback_query": {
            "id": "4382",
            "from": PERSON,
            "message": message,
            "chat_instance": "1",
            "data": data,
            **more,
        },
    }


def changed(status: str, chat: Json = PRIVATE) -> Json:
    member = {"old_chat_member": {"user": US, "status": "member"}, "new_chat_member": {"user": US, "status": status}}
    return {"update_id": 872, "my_chat_member": {"chat": chat, "from": PERSON, "date": DATE, **member}}


def read(update: Json) -> Inbound:
    inbound = received(update, ACCOUNT, NAME)
    assert inbound
    return inbound


# --- received ---


def test_what_is_written_in_private_is_kept_as_it_was_typed() -> None:
    for form in ("NFC", "NFD"):
        typed = unicodedata.normalize(form, "  Hòa Lạc ở đâu? <b>&amp; 🙂\n")
        assert read(written(typed)) == Inbound("telegram", ACCOUNT, "870", "42", "42", Kind.TEXT, SENT, typed)


@pytest.mark.parametrize("text", ["/start", "/start abc", f"/start@{NAME}", "/start\n"])
def test_start_joins(text: str) -> None:
    inbound = read(written(text))
    assert (inbound.kind, inbound.text) == (Kind.JOINED, "")


@pytest.mark.parametrize("text", ["/started", "start", " /start", "/nguon 1"])
def test_what_only_looks_like_start_is_text(text: str) -> None:
    assert read(written(text)).kind is Kind.TEXT


def test_an_edited_message_is_another_one_at_the_time_of_the_edit() -> None:
    update = {"update_id": 871, "edited_message": {**written("Phí bao nhiêu?")["message"], "edit_date": DATE + 60}}
    inbound = read(update)
    assert (inbound.key, inbound.text, inbound.sent) == ("871", "Phí bao nhiêu?", SENT + timedelta(minutes=1))


def test_a_moving_live_location_is_answered_once() -> None:
    location = {"location": {"latitude": 21.03, "longitude": 105.85, "live_period": 900}}
    sent = written(**location)
    moved = {"update_id": 871, "edited_message": {**sent["message"], "edit_date": DATE + 5}}
    assert read(sent).kind is Kind.OTHER
    assert received(moved, ACCOUNT, NAME) is None


def test_a_pressed_button_is_its_command_typed_now() -> None:
    before = datetime.now(UTC)
    inbound = read(clicked())
    assert inbound.sent >= before
    assert (inbound.kind, inbound.text, inbound.click) == (Kind.TEXT, f"/nguon 1 {ANSWER}", "4382")
    assert (inbound.key, inbound.chat, inbound.person, inbound.reply_to) == ("871", "42", "42", "")


def test_a_button_pressed_in_a_group_is_answered_below_its_message() -> None:
    inbound = read(clicked(chat=GROUP))
    assert (inbound.chat, inbound.person, inbound.reply_to) == ("-1001234567890", "42", "9")


def test_a_button_of_a_message_that_telegram_no_longer_has_still_works() -> None:
    update = clicked(message={"chat": PRIVATE, "message_id": 9, "date": 0})
    assert read(update).text == f"/nguon 1 {ANSWER}"


@pytest.mark.parametrize(
    "update",
    [clicked(data=None), clicked(message=None), clicked(message=None, inline_message_id="x"), clicked(id=5)],
)
def test_a_click_without_a_command_or_a_place_is_nothing(update: Json) -> None:
    assert received(update, ACCOUNT, NAME) is None


def test_who_blocks_the_bot_has_left_and_who_unblocks_it_has_done_nothing_yet() -> None:
    assert read(changed("kicked")) == Inbound("telegram", ACCOUNT, "872", "42", "42", Kind.LEFT, SENT)
    assert received(changed("member"), ACCOUNT, NAME) is None


def test_who_throws_the_bot_out_of_a_group_has_not_left_it_themselves() -> None:
    assert received(changed("kicked", GROUP), ACCOUNT, NAME) is None


@pytest.mark.parametrize(
    "sort", ["sticker", "voice", "photo", "contact", "document", "video_note", "poll", "checklist"]
)
def test_what_is_no_text_is_of_another_kind(sort: str) -> None:
    assert read(written(**{sort: {"file_id": "f"}})).kind is Kind.OTHER


def test_a_caption_is_text() -> None:
    inbound = read(written(caption="Giấy này nộp ở đâu?", **PHOTO))
    assert (inbound.kind, inbound.text) == (Kind.TEXT, "Giấy này nộp ở đâu?")


@pytest.mark.parametrize(
    "update",
    [
        written(pinned_message={"message_id": 1}),
        written(new_chat_members=[PERSON], chat=GROUP),
        written(migrate_to_chat_id=-100, chat=GROUP),
        written("hi", **{"from": {**PERSON, "is_bot": True}}),
        written("hi", sender_chat=GROUP, chat=GROUP, reply_to_message={"from": US}),
        written("hi", chat={"id": -100, "type": "channel", "title": "Kênh"}),
        {"update_id": 1, "channel_post": written("hi")["message"]},
        {"update_id": 1, "poll": {"id": "1"}},
        {"message": written("hi")["message"]},
        {"update_id": True, "message": written("hi")["message"]},
        {},
    ],
)
def test_what_nobody_asked_is_nothing(update: Json) -> None:
    assert received(update, ACCOUNT, NAME) is None


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"@{NAME} phí bao nhiêu?", "phí bao nhiêu?"),
        (f"👨‍👩‍👧 Cả nhà hỏi @{NAME} nhé", "👨‍👩‍👧 Cả nhà hỏi  nhé"),
        (f"@{NAME.upper()} phí?", "phí?"),
        (f"@{NAME}", ""),
    ],
)
def test_in_a_group_a_mention_is_taken_out(text: str, left: str) -> None:
    said = next(word for word in text.split() if word.startswith("@"))
    inbound = read(written(text, GROUP, entities=mention(text, said)))
    assert (inbound.text, inbound.chat, inbound.person, inbound.reply_to) == (left, "-1001234567890", "42", "5")


def test_a_mention_without_a_username_and_one_in_a_caption_count() -> None:
    entities = [{**mention("hanoidx ơi, phí?", "hanoidx", "text_mention")[0], "user": US}]
    assert read(written("hanoidx ơi, phí?", GROUP, entities=entities)).text == "ơi, phí?"
    caption = f"@{NAME} cái này?"
    assert read(written(chat=GROUP, caption=caption, caption_entities=mention(caption), **PHOTO)).text == "cái này?"


def test_in_a_group_a_command_is_ours_when_it_has_our_name() -> None:
    ours, others = f"/help@{NAME}", "/help@other_bot"
    assert read(written(ours, GROUP, entities=mention(ours, ours, "bot_command"))).text == "/help"
    for text in (others, "/help"):
        assert received(written(text, GROUP, entities=mention(text, text, "bot_command")), ACCOUNT, NAME) is None


def test_in_a_group_a_reply_to_us_is_ours_even_a_sticker() -> None:
    assert read(written("còn phí?", GROUP, reply_to_message={"message_id": 3, "from": US})).text == "còn phí?"
    assert read(written(chat=GROUP, sticker={}, reply_to_message={"message_id": 3, "from": US})).kind is Kind.OTHER
    to_others = written("còn phí?", GROUP, reply_to_message={"message_id": 3, "from": PERSON})
    assert received(to_others, ACCOUNT, NAME) is None


def test_while_our_name_is_not_known_no_mention_is_ours() -> None:
    for text, sort in ((f"@{NAME} phí?", "mention"), ("/help@x", "bot_command"), ("@", "mention")):
        update = written(text, GROUP, entities=mention(text, text.split()[0], sort))
        assert received(update, ACCOUNT, "") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
GROUP_TEXT = f"chào @{NAME} 🙂"
SHAPES = (
    written(GROUP_TEXT, GROUP, entities=mention(GROUP_TEXT), reply_to_message={"from": US}),
    {"update_id": 1, "edited_message": {**written("a")["message"], "edit_date": DATE}},
    clicked(),
    changed("kicked"),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for name, part in inner for place in places(part, (*path, name))]


@given(st.data())
def test_no_json_makes_reading_fail(data: st.DataObject) -> None:
    update = copy.deepcopy(data.draw(st.sampled_from(SHAPES)))
    *path, last = data.draw(st.sampled_from(places(update)))
    whole: Any = update
    for name in path:
        whole = whole[name]
    whole[last] = data.draw(JSON)
    for hostile in (update, whole[last]):
        inbound = received(hostile, ACCOUNT, NAME)
        if inbound:
            assert inbound.sent.tzinfo is UTC
            assert json.dumps([inbound.key, inbound.chat, inbound.person, inbound.text, inbound.click])
            assert all((inbound.key, inbound.chat, inbound.person))


# --- authentic ---

SECRET = "s3cret_-" * 4


def test_only_the_whole_secret_opens() -> None:
    settings = Telegram(TOKEN, secret=SECRET)
    assert authentic(SECRET, settings)
    for header in (None, "", SECRET[:-1], f"{SECRET} ", SECRET.upper(), "ạ", "\ud800", "s3cret"):
        assert not authentic(header, settings)


def test_an_empty_secret_opens_nothing() -> None:
    assert not any(authentic(header, Telegram(TOKEN)) for header in (None, "", "x"))


# --- present ---

DISTRICTS = Citation(
    number=1,
    passage_id="126-xa-phuong#1",
    document_id="126-xa-phuong",
    title="Hà Nội: 126 xã & phường <mới>",
    headings=(),
    issuer="Ủy ban Thường vụ Quốc hội",
    document_number="1656/NQ-UBTVQH15",
    issued="2025-06-16",
    as_of="2025-07-01",
    status="còn hiệu lực",
    url='https://nld.com.vn/a?b="c"&d=<e>',
    quote="Thành phố có **126** xã, phường.",
)
CHANNELS = Citation(2, "kenh#1", "kenh", "Kênh liên hệ", (), "UBND", None, None, "2026-01", "", "javascript:x", "1022")


class Shown(HTMLParser):
    """What Telegram makes of a text: strict about tags and entities, as it is (C1, D)."""

    def __init__(self, marked: str) -> None:
        super().__init__(convert_charrefs=False)
        self.text, self.bold, self.links = "", list[str](), list[tuple[str, str]]()
        self._open: list[tuple[str, int, str]] = []
        self.feed(marked)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert (tag, [name for name, _ in attrs]) in (("b", []), ("a", ["href"]))
        self._open.append((tag, len(self.text), attrs[0][1] or "" if attrs else ""))

    def handle_endtag(self, tag: str) -> None:
        opened, start, href = self._open.pop()
        assert opened == tag
        if tag == "b":
            self.bold.append(self.text[start:])
        else:
            self.links.append((self.text[start:], href))

    def handle_data(self, data: str) -> None:
        assert not set(data) & {"<", "&"}
        self.text += data

    def handle_entityref(self, name: str) -> None:
        assert name in ("lt", "gt", "amp", "quot")
        self.text += html.unescape(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.text += html.unescape(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def shown(body: Body) -> Shown:
    assert json.loads(json.dumps(body)) == body
    assert body["parse_mode"] == "HTML"
    assert body["link_preview_options"] == {"is_disabled": True}
    assert len(body["text"].encode()) <= 32 * 1024
    return Shown(body["text"])


def rows(body: Body) -> list[list[tuple[str, str]]]:
    keyboard = body["reply_markup"]["inline_keyboard"]
    assert all(0 < len(button["callback_data"].encode()) <= 64 for row in keyboard for button in row)
    return [[(button["text"], button["callback_data"]) for button in row] for row in keyboard]


def test_an_answer_has_its_value_in_bold_its_sources_linked_and_its_buttons_below() -> None:
    text = "Hà Nội có 126 xã, phường (tính đến 1/7/2025). [1]"
    reply = Reply(
        text,
        bold=((10, 13),),
        sources=(DISTRICTS, CHANNELS),
        suggestions=("Danh sách phường?", "Hồ sơ nộp ở đâu?"),
        answer_id=ANSWER,
    )
    (body,) = present(reply)
    assert body["text"] == (
        "Hà Nội có <b>126</b> xã, phường (tính đến 1/7/2025). [1]\n\n"
        "Nguồn:\n"
        '[1] <a href="https://nld.com.vn/a?b=&quot;c&quot;&amp;d=&lt;e&gt;">Hà Nội: 126 xã &amp; phường &lt;mới&gt;</a>'
        ", số 1656/NQ-UBTVQH15, ban hành 16/6/2025, thông tin đến 1/7/2025\n"
        "[2] Kênh liên hệ, thông tin đến 1/2026"
    )
    assert shown(body).links == [(DISTRICTS.title, DISTRICTS.url)]
    assert rows(body) == [
        [("Nguồn 1", f"/nguon 1 {ANSWER}"), ("Nguồn 2", f"/nguon 2 {ANSWER}")],
        [("Danh sách phường?", f"/hoi 1 {ANSWER}")],
        [("Hồ sơ nộp ở đâu?", f"/hoi 2 {ANSWER}")],
        [("👍", f"/tot {ANSWER}"), ("👎", f"/chua_tot {ANSWER}")],
    ]


def test_a_plain_reply_has_no_buttons_and_an_empty_one_is_no_message() -> None:
    assert present(Reply("Chào anh/chị!")) == (
        {"text": "Chào anh/chị!", "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}},
    )
    assert present(Reply(" \n")) == ()


def test_choices_are_numbered_and_thumbs_come_last_where_there_are_sources_to_judge() -> None:
    reply = Reply("1. Phí\n2. Lệ phí", choices=("Phí", "Lệ phí"), buttons=(Button("Mới", "/moi"),), answer_id=ANSWER)
    (body,) = present(reply)
    assert [[label for label, _ in row] for row in rows(body)] == [["1. Phí"], ["2. Lệ phí"], ["Mới"]]
    (body,) = present(Reply("126 [1]", sources=(DISTRICTS,), answer_id=ANSWER))
    assert [label for label, _ in rows(body)[-1]] == ["👍", "👎"]
    assert rows(present(Reply("Chào!", suggestions=("Phí?",)))[0]) == [[("Phí?", "/hoi 1")]]


def test_an_english_answer_has_english_buttons() -> None:
    (body,) = present(Reply("126 [1]", language="en", sources=(DISTRICTS,), answer_id=ANSWER))
    assert rows(body)[0] == [("Source 1", f"/nguon 1 {ANSWER}")]
    assert "Sources:\n[1] " in shown(body).text


def test_a_button_that_telegram_would_refuse_is_left_out() -> None:
    buttons = (Button("dài", "/" + "x" * 64), Button("vừa", "/" + "x" * 63), Button(" ", "/a"))
    (body,) = present(Reply("a", buttons=buttons))
    assert [[label for label, _ in row] for row in rows(body)] == [["vừa"], ["…"]]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_long_suggestion_is_cut_at_a_word(form: Literal["NFC", "NFD"]) -> None:
    question = unicodedata.normalize(
        form, "Người dân nộp hồ sơ đăng ký kết hôn trực tuyến ở đâu và cần những giấy tờ gì?"
    )
    (body,) = present(Reply("a", suggestions=(question, "a" * 200)))
    label, long = (row[0][0] for row in rows(body))
    assert len(label) <= LABEL
    assert question.startswith(f"{label.removesuffix('…')} ")
    assert long == "a" * (LABEL - 1) + "…"


def test_a_long_answer_is_cut_at_paragraphs_with_the_buttons_below_its_end() -> None:
    text = "\n\n".join(f"Ý thứ {n}: {'thủ tục hành chính trực tuyến, ' * 12}hết. [1]" for n in range(25))
    first, *_, last = bodies = present(Reply(text, sources=(DISTRICTS,), answer_id=ANSWER))
    assert len(bodies) == 3
    assert all(shown(body).text.endswith("[1]") for body in bodies[:-1])
    assert ["reply_markup" in body for body in bodies] == [False, False, True]
    assert first["text"].startswith("Ý thứ 0")
    assert shown(last).links == [(DISTRICTS.title, DISTRICTS.url)]


MARKUP = (" ", "\n", "\n\n", ". ", "[1]", " [2].", "<b>", "</b>", "&amp;", "&", "<", ">", '"')
WORDS = ("Hà Nội", unicodedata.normalize("NFD", "chuyển đổi số "), "126", "👨‍👩‍👧", "😀", "e\u0302\u0301", "x" * 900)
PIECES = st.sampled_from((*MARKUP, *WORDS, "\x00", "\ud800", "\u202e"))


@given(
    st.lists(PIECES, max_size=40).map("".join),
    st.integers(1, 400),
    st.lists(st.tuples(st.integers(0, 12000), st.integers(0, 12000)), max_size=4),
    st.sampled_from([(), (DISTRICTS,), (DISTRICTS, CHANNELS)]),
)
def test_whatever_the_text_every_part_is_taken_and_nothing_is_lost(
    piece: str, times: int, bold: list[tuple[int, int]], sources: tuple[Citation, ...]
) -> None:
    text = (piece * times)[:10_000]
    spans = tuple((start, min(end, len(text))) for start, end in bold)
    bodies = present(Reply(text, bold=spans, sources=sources, answer_id=ANSWER))
    parts = [shown(body) for body in bodies]
    assert all(0 < utf16(part.text) <= LIMIT for part in parts)
    said = "".join("".join(part.text.split()) for part in parts)
    assert said.startswith("".join(printable(text).split()))
    assert sum(len(part.links) for part in parts) >= bool(sources)


def test_ten_thousand_characters_of_statements_are_cut_behind_their_citations() -> None:
    for statement in ("Hà Nội có 126 xã, phường [1]. ", "🙂 số &lt; <b> [2] ", "Không dấu chấm [1] "):
        parts = [shown(body).text for body in present(Reply((statement * 1000)[:10_000]))]
        assert len(parts) > 2
        assert not any(part.startswith("[") for part in parts)
        assert all(part.endswith("[1].") for part in parts[:-1]) or "." not in statement


# --- send ---

CHAT = 42
HERE = str(CHAT)
(BODY,) = present(Reply("Hà Nội có 126 phường & xã [1]", ((10, 13),), sources=(DISTRICTS,), answer_id=ANSWER))


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with running(TelegramServer()) as server:
        server.pace = 0.01
        server.text(CHAT, "Chào bạn")
        yield server


def telegram(server: TelegramServer, **changed: str) -> Telegram:
    given = {"token": server.token, "api_base": server.url, "file_base": f"{server.url}/file", **changed}
    return Telegram(**given)


def opened(settings: Telegram, use: Callable[[Channel, Bot], Awaitable[T]], patience: float = 5.0) -> T:
    async def run() -> T:
        async with open_channel(settings, patience) as (channel, bot):
            return await use(channel, bot)

    return asyncio.run(run())


def sent(
    server: TelegramServer, body: Body = BODY, chat: str = HERE, reply_to: str = "", patience: float = 5.0
) -> Delivery:
    return opened(telegram(server), lambda channel, _: channel.send(chat, reply_to, body), patience)


def test_a_reply_arrives_with_its_bold_its_link_and_its_buttons(server: TelegramServer) -> None:
    delivery = sent(server)
    (message,) = server.shown(CHAT, "bot")
    assert delivery == Delivery(Outcome.SENT, message.message_id)
    assert message.text == Shown(BODY["text"]).text
    assert [entity["type"] for entity in message.details["entities"]] == ["bold", "text_link"]
    assert message.details["buttons"] == BODY["reply_markup"]["inline_keyboard"]


def test_ten_thousand_characters_arrive_whole(server: TelegramServer) -> None:
    text = "".join(
        f"Ý {n}: <b>không phải thẻ</b> & 🙂 “{unicodedata.normalize('NFD', 'chữ')}”. [1]\n\n" for n in range(200)
    )

    async def use(channel: Channel, _: Bot) -> list[Delivery]:
        return [await channel.send(HERE, "", body) for body in channel.present(Reply(text[:10_000]))]

    deliveries = opened(telegram(server), use)
    assert [each.outcome for each in deliveries] == [Outcome.SENT] * len(deliveries)
    arrived = "".join(message.text for message in server.shown(CHAT, "bot"))
    assert "".join(arrived.split()) == "".join(text[:10_000].split())


def test_in_a_group_a_reply_stands_below_its_message_or_alone_if_that_is_gone(server: TelegramServer) -> None:
    server.group(-100)
    asked = server.text(-100, "@hanoidx_bot phí?")["message"]["message_id"]
    assert sent(server, chat="-100", reply_to=str(asked)).outcome is Outcome.SENT
    assert sent(server, chat="-100", reply_to="999").outcome is Outcome.SENT
    assert [message.details.get("reply_to") for message in server.shown(-100, "bot")] == [asked, None]


@pytest.mark.parametrize("wait", [1, 35])
def test_flood_control_says_when(server: TelegramServer, wait: int) -> None:
    server.faults.order("sendMessage", refuse(429, retry_after=wait))
    delivery = sent(server)
    assert (delivery.outcome, delivery.wait) == (Outcome.LATER, wait)
    assert not server.shown(CHAT, "bot")


@pytest.mark.parametrize("body", ["<html>slow down</html>", "[]", '{"parameters":{"retry_after":"soon"}}'])
def test_a_429_that_says_no_time_is_for_later_too(server: TelegramServer, body: str) -> None:
    server.faults.order("sendMessage", http(429, body))
    delivery = sent(server)
    assert delivery.outcome is Outcome.LATER
    assert delivery.wait > 0


def test_what_could_not_be_sent_at_all_is_for_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    for settings in (Telegram(TOKEN, api_base=url), Telegram(TOKEN, proxy=url)):
        delivery = opened(settings, lambda channel, _: channel.send(HERE, "", BODY))
        assert delivery.outcome is Outcome.LATER
        assert delivery.wait > 0
        assert TOKEN not in repr(delivery)


DOUBTS = [
    (cut(), 0),
    (reset(), 0),
    (drop(), 1),
    (broken_json(), 0),
    (refuse(500), 0),
    (http(502, "<html>Bad Gateway</html>"), 0),
    (http(200, '{"ok":true}'), 0),
    (http(200, '{"ok":true,"result":{}}'), 0),
    (http(200, "[]"), 0),
    (http(200, "[" * 100_000), 0),
    (http(400, "[1]"), 0),
    (http(302), 0),
]


@pytest.mark.parametrize(("fault", "arrived"), DOUBTS)
def test_what_may_have_arrived_is_unknown_and_not_sent_again(
    server: TelegramServer, fault: Fault, arrived: int, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.order("sendMessage", fault)
    delivery = sent(server)
    assert delivery.outcome is Outcome.UNKNOWN
    assert delivery.error
    assert len(server.shown(CHAT, "bot")) == arrived
    assert len(server.calls("sendMessage")) == 1
    assert server.token not in delivery.error + caplog.text


def test_no_answer_in_good_time_is_unknown(server: TelegramServer) -> None:
    server.faults.order("sendMessage", hang(0.5))
    assert sent(server, patience=0.1).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "said",
    [
        "Forbidden: bot was blocked by the user",
        "Forbidden: user is deactivated",
        "Forbidden: bot was kicked from the supergroup chat",
    ],
)
def test_who_blocked_the_bot_is_unreachable(server: TelegramServer, said: str) -> None:
    server.faults.order("sendMessage", refuse(403, said))
    delivery = sent(server)
    assert (delivery.outcome, delivery.unreachable, delivery.error) == (Outcome.FAILED, True, said)


def test_who_is_not_there_is_unreachable(server: TelegramServer) -> None:
    delivery = sent(server, chat="43")
    assert (delivery.outcome, delivery.unreachable) == (Outcome.FAILED, True)


def test_a_message_that_telegram_does_not_take_has_failed_for_good(server: TelegramServer) -> None:
    delivery = sent(server, {**BODY, "text": " "})
    assert (delivery.outcome, delivery.unreachable, delivery.broken) == (Outcome.FAILED, False, "")
    assert len(server.calls("sendMessage")) == 1


def test_markup_that_telegram_cannot_read_is_sent_once_more_as_plain_text(server: TelegramServer) -> None:
    body = {**BODY, "text": "<b>126</b> phường &amp; xã <i>[1]"}
    assert sent(server, body).outcome is Outcome.SENT
    (message,) = server.shown(CHAT, "bot")
    assert message.text == "126 phường & xã [1]"
    assert message.details["buttons"] == BODY["reply_markup"]["inline_keyboard"]
    server.faults.order("sendMessage", refuse(400, "Bad Request: can't parse entities: never"), times=2)
    assert sent(server, body).outcome is Outcome.FAILED
    assert len(server.calls("sendMessage")) == 4


MOVED = http(400, '{"ok":false,"description":"Bad Request: upgraded","parameters":{"migrate_to_chat_id":-100}}')


def test_a_group_that_has_moved_is_followed_once(server: TelegramServer) -> None:
    server.group(-100)
    server.faults.order("sendMessage", MOVED)
    assert sent(server, chat="-5", reply_to="7").outcome is Outcome.SENT
    assert len(server.shown(-100, "bot")) == 1
    server.faults.order("sendMessage", MOVED, times=2)
    assert sent(server, chat="-5").outcome is Outcome.FAILED
    assert len(server.calls("sendMessage")) == 4


@pytest.mark.parametrize("token", ["1000001:" + "x" * 35, "1000001:short"])
def test_a_wrong_token_waits_for_the_operator_and_is_not_shown(
    server: TelegramServer, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = telegram(server, token=token)
    delivery = opened(settings, lambda channel, _: channel.send(HERE, "", BODY))
    assert delivery.outcome is Outcome.LATER
    assert delivery.wait >= 60
    assert "HANOIDX_TELEGRAM_TOKEN" in delivery.broken
    assert "\n" not in delivery.broken
    assert token not in repr(delivery) + caplog.text


def test_a_conflict_waits_for_the_operator(server: TelegramServer) -> None:
    server.faults.order("sendMessage", refuse(409))
    delivery = sent(server)
    assert delivery.outcome is Outcome.LATER
    assert "only one" in delivery.broken


def test_the_environments_proxy_is_not_used(server: TelegramServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert sent(server).outcome is Outcome.SENT


def test_the_proxy_that_is_set_is_used(server: TelegramServer) -> None:
    settings = Telegram(server.token, api_base="http://telegram.invalid", proxy=server.url)
    delivery = opened(settings, lambda channel, _: channel.send(HERE, "", BODY))
    assert "Name or service" not in delivery.error
    assert delivery.broken  # the stand-in is no proxy: it says 404


@pytest.mark.parametrize("proxy", ["10.0.0.1:3128", "ftp://u:hunter2@10.0.0.1", "socks5h//x"])
def test_a_proxy_that_is_none_is_an_operators_error_without_its_password(proxy: str) -> None:
    with pytest.raises(SettingsError, match="HANOIDX_TELEGRAM_PROXY") as raised:
        opened(Telegram(TOKEN, proxy=proxy), lambda channel, _: channel.send(HERE, "", BODY))
    assert "hunter2" not in str(raised.value)


def test_the_account_is_known_without_telegram_and_the_token_not_shown() -> None:
    async def use(channel: Channel, bot: Bot) -> tuple[str, str, str]:
        assert TOKEN not in repr([channel, bot])
        return channel.name, channel.account, username(bot)

    assert opened(Telegram(TOKEN, api_base="http://127.0.0.1:9"), use) == ("telegram", ACCOUNT, "")


# --- show_working ---


def show_working(server: TelegramServer, update: Json, **changed: str) -> None:
    inbound = received(update, ACCOUNT, NAME)
    assert inbound
    opened(telegram(server, **changed), lambda channel, _: channel.show_working(inbound))


def test_who_writes_sees_typing_and_who_presses_a_button_sees_it_come_back_up(server: TelegramServer) -> None:
    show_working(server, server.text(CHAT, "Phí?"))
    assert [(shown.what, shown.text) for shown in server.shown(CHAT, "bot")] == [("action", "typing")]
    sent(server)
    show_working(server, server.press(CHAT, "👍"))
    assert [call.outcome for call in server.calls("answerCallbackQuery")] == ["ok"]
    assert len(server.calls("sendChatAction")) == 1


def test_whether_it_could_be_shown_is_nobodys_concern(server: TelegramServer) -> None:
    for fault in (refuse(400), refuse(429), refuse(403), broken_json(), cut()):
        server.faults.order("*", fault)
        show_working(server, written("Phí?"))
    show_working(server, clicked())  # a query that Telegram does not know
    show_working(server, written("Phí?"), api_base="http://127.0.0.1:9")


# --- poll ---


class Table:
    """Where polling stores: the first `failing` times it cannot, and after the first time it can, `then` happens."""

    def __init__(self, failing: int = 0, then: Callable[[], object] = lambda: None) -> None:
        self.batches: list[list[Inbound]] = []
        self.failing, self.then = failing, then

    @property
    def texts(self) -> list[str]:
        return [inbound.text for batch in self.batches for inbound in batch]

    async def store(self, batch: Sequence[Inbound]) -> None:
        if self.failing:
            self.failing -= 1
            raise OSError(f"no space left for {batch}")
        self.batches.append(list(batch))
        if len(self.batches) == 1:
            self.then()


def polled(server: TelegramServer, table: Table, until: Callable[[], bool], **changed: str) -> None:
    """Poll until something is so, then stop. An error of polling itself is raised."""

    async def use(channel: Channel, bot: Bot) -> None:
        polling = asyncio.create_task(
            poll(bot, channel.account, table.store, timeout=20, first_wait=0.01, longest_wait=0.05)
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while not polling.done() and not until():
                    await asyncio.sleep(0.005)
        started = time.monotonic()
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling
        assert time.monotonic() < started + 1
        assert until()

    opened(telegram(server, **changed), use)


def offsets(server: TelegramServer) -> list[int]:
    return [call.arguments["offset"] for call in server.calls("getUpdates") if call.outcome == "ok"]


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("bot.")]


def test_what_people_did_is_stored_and_confirmed_only_then(server: TelegramServer) -> None:
    last = server.text(CHAT, "Phí?")["update_id"]
    table = Table(then=lambda: server.text(CHAT, "Ở đâu?"))
    polled(server, table, lambda: len(table.texts) == 3)
    assert table.texts == ["Chào bạn", "Phí?", "Ở đâu?"]
    assert offsets(server)[:2] == [0, last + 1]
    assert server.calls("getUpdates")[0].arguments["allowed_updates"] == list(UPDATES)


def test_what_was_being_stored_when_polling_stopped_comes_again(server: TelegramServer) -> None:
    storing = asyncio.Event()

    async def store(_: Sequence[Inbound]) -> None:
        storing.set()
        await asyncio.sleep(60)

    async def use(channel: Channel, bot: Bot) -> None:
        polling = asyncio.create_task(poll(bot, channel.account, store))
        await storing.wait()
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling

    opened(telegram(server), use)
    table = Table()
    polled(server, table, lambda: bool(table.texts))
    assert table.texts == ["Chào bạn"]


def test_every_kind_of_update_that_telegram_has_for_us_comes_in(server: TelegramServer) -> None:
    sent(server)
    server.press(CHAT, "Nguồn 1")
    server.edit(CHAT, server.text(CHAT, "Ph?")["message"]["message_id"], "Phí?")
    server.media(CHAT, "sticker")
    server.block(CHAT)
    table = Table()
    polled(server, table, lambda: bool(table.batches))
    assert [(inbound.kind, inbound.text) for inbound in table.batches[0]] == [
        (Kind.TEXT, "Chào bạn"),
        (Kind.TEXT, f"/nguon 1 {ANSWER}"),
        (Kind.TEXT, "Ph?"),
        (Kind.TEXT, "Phí?"),
        (Kind.OTHER, ""),
        (Kind.LEFT, ""),
    ]
    assert len({inbound.key for inbound in table.batches[0]}) == 6


def test_a_group_is_heard_from_the_first_update_on_though_the_name_came_late(server: TelegramServer) -> None:
    server.faults.order("getMe", refuse(502), times=2)
    server.group(-100)
    server.text(-100, "@hanoidx_bot phí?")
    table = Table()
    polled(server, table, lambda: bool(table.texts))
    assert table.texts == ["Chào bạn", "phí?"]


def test_an_update_of_a_shape_nobody_knows_does_not_stop_those_behind_it(server: TelegramServer) -> None:
    server.update("message", {"text": ["a"], "chat": "b"})
    server.update("callback_query", {"id": {}})
    server.text(CHAT, "Phí?")
    table = Table()
    polled(server, table, lambda: bool(table.texts))
    assert table.texts == ["Chào bạn", "Phí?"]


def test_what_is_not_for_us_is_confirmed_without_being_stored(server: TelegramServer) -> None:
    table = Table(then=lambda: server.unblock(CHAT))

    def until() -> bool:
        if len(offsets(server)) == 2 and len(server.shown(CHAT, "person", "message")) == 1:
            server.text(CHAT, "Phí?")
        return len(table.texts) == 2

    polled(server, table, until)
    assert [len(batch) for batch in table.batches] == [1, 1]
    assert offsets(server) == sorted(set(offsets(server)))


def test_after_silence_updates_are_asked_for_from_the_beginning(server: TelegramServer) -> None:
    table = Table(then=lambda: server.faults.order("getUpdates", http(200, '{"ok":true,"result":[]}')))
    polled(server, table, lambda: len(table.texts) == 2)
    asked = [call.arguments["offset"] for call in server.calls("getUpdates")]
    assert asked[1] > 0
    assert asked[::2][:2] == [0, 0]


def test_what_could_not_be_stored_comes_again_and_is_not_logged(
    server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    table = Table(failing=3)
    polled(server, table, lambda: bool(table.texts))
    assert table.texts == ["Chào bạn"]
    assert set(offsets(server)) == {0}
    (warning,) = warned(caplog)
    assert "could not be stored (OSError)" in warning
    assert "Chào" not in caplog.text


TROUBLES = [cut(), reset(), drop(), broken_json(), refuse(502), http(503, "<html>"), http(200, '{"ok":true}')]


@pytest.mark.parametrize("fault", [*TROUBLES, http(200, '{"ok":true,"result":[1]}'), http(200, '{"result":7}')])
def test_polling_goes_on_after_trouble_and_tells_of_it_once(
    server: TelegramServer, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot")
    server.faults.order("getUpdates", fault, times=3)
    table = Table(then=lambda: server.text(CHAT, "Phí?"))
    polled(server, table, lambda: len(table.texts) == 2)
    assert table.texts == ["Chào bạn", "Phí?"]
    assert [record.levelname for record in caplog.records if record.name.startswith("bot.")] == ["WARNING", "INFO"]
    assert server.token not in "".join(warned(caplog))


def test_polling_waits_as_long_as_telegram_says(server: TelegramServer) -> None:
    server.faults.order("getUpdates", refuse(429, retry_after=1))
    table = Table()
    started = time.monotonic()
    polled(server, table, lambda: bool(table.texts))
    assert time.monotonic() > started + 1


def test_a_webhook_in_the_way_is_named_once_and_polling_works_when_it_is_gone(
    server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    table = Table()
    hook = telegram(server, public_url="http://127.0.0.1:9", secret=SECRET)
    assert opened(hook, lambda _, bot: set_up(bot, hook))
    polled(server, table, lambda: len(server.calls("getUpdates")) > 2)
    assert [warning.partition(",")[0] for warning in warned(caplog)] == ["this Telegram bot has a webhook"]
    opened(telegram(server), lambda _, bot: set_up(bot, telegram(server)))
    polled(server, table, lambda: bool(table.texts))
    assert table.texts == ["Chào bạn"]


def test_another_poller_is_named_once(server: TelegramServer, caplog: pytest.LogCaptureFixture) -> None:
    server.faults.order("getUpdates", refuse(409), times=3)
    table = Table()
    polled(server, table, lambda: bool(table.texts))
    assert [warning.partition(";")[0] for warning in warned(caplog)] == ["another program polls the same Telegram bot"]


@pytest.mark.parametrize("code", [401, 404])
@pytest.mark.parametrize("method", ["getMe", "getUpdates"])
def test_polling_with_a_wrong_token_is_an_operators_error(server: TelegramServer, code: int, method: str) -> None:
    server.faults.order(method, refuse(code))
    with pytest.raises(SettingsError, match="HANOIDX_TELEGRAM_TOKEN") as raised:
        polled(server, Table(), lambda: False)
    assert server.token not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_polling_outlives_a_telegram_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    table = Table()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    server = TelegramServer()
    server.url = f"http://127.0.0.1:{port}"

    async def use(channel: Channel, bot: Bot) -> None:
        polling = asyncio.create_task(poll(bot, channel.account, table.store, first_wait=0.01, longest_wait=0.05))
        await asyncio.sleep(0.1)
        with running(server, port):
            server.text(CHAT, "Phí?")
            while not table.texts and not polling.done():
                await asyncio.sleep(0.01)
            polling.cancel()
            with suppress(asyncio.CancelledError):
                await polling

    opened(telegram(server), use)
    assert table.texts == ["Phí?"]
    assert len(warned(caplog)) == 1


# --- set_up ---


def test_polling_is_set_up_with_no_webhook_and_the_menu_in_both_languages(server: TelegramServer) -> None:
    settings = telegram(server)
    for _ in range(2):
        assert opened(settings, lambda _, bot: set_up(bot, settings))
    assert [call.arguments for call in server.calls("deleteWebhook")] == [{"drop_pending_updates": False}] * 2
    menus = [call.arguments for call in server.calls("setMyCommands")]
    assert [menu.get("language_code") for menu in menus] == ["vi", None]
    for menu in menus:
        assert [(each["command"], each["description"]) for each in menu["commands"]] == [*messages.TELEGRAM_COMMANDS]
    table = Table()
    polled(server, table, lambda: bool(table.texts))
    assert table.texts == ["Chào bạn"]


def test_a_webhook_is_set_up_with_its_secret(server: TelegramServer) -> None:
    settings = telegram(server, public_url="https://hanoidx.example.vn/bot/", secret=SECRET)

    async def use(_: Channel, bot: Bot) -> tuple[bool, str]:
        return await set_up(bot, settings), username(bot)

    assert opened(settings, use) == (True, "hanoidx_bot")
    (call,) = server.calls("setWebhook")
    assert call.arguments == {
        "url": "https://hanoidx.example.vn/bot/telegram",
        "secret_token": SECRET,
        "allowed_updates": list(UPDATES),
    }
    assert not server.calls("deleteWebhook")


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("getMe", refuse(401)),
        ("getMe", cut()),
        ("setWebhook", refuse(400, "Bad Request: bad webhook: IP address 10.0.0.1 is reserved")),
        ("setWebhook", refuse(429)),
        ("getMyCommands", broken_json()),
        ("getMyCommands", refuse(401)),
        ("setMyCommands", refuse(500)),
    ],
)
def test_a_set_up_that_fails_is_a_warning_and_can_be_tried_again(
    server: TelegramServer, method: str, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    settings = telegram(server, public_url="https://hanoidx.example.vn", secret=SECRET)
    server.faults.order(method, fault)

    async def use(_: Channel, bot: Bot) -> list[bool]:
        return [await set_up(bot, settings) for _ in range(2)]

    assert opened(settings, use) == [False, True]
    (warning,) = warned(caplog)
    assert server.token not in warning
    assert "\n" not in warning
