"""The Official Account channel: signatures, events, buttons, and what becomes of each send."""

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platforms import Fault, broken_json, cut, drop, http, refuse, reset, running
from sqlalchemy import Engine, create_engine
from zalo_bot_server import Event
from zalo_oa_server import APP_ID, APP_SECRET, BODY_FORMS, HOUR, OA_ID, OA_SECRET, ZaloOAServer, signature

from bot.channels.message import Button, Channel, Delivery, Inbound, Kind, Outcome, Reply
from bot.channels.split import utf16
from bot.channels.tokens import open_tokens
from bot.channels.zalo_oa import authentic, is_probe, open_channel, present, received
from bot.dialogue import Citation
from bot.records.database import METADATA, TOKENS
from bot.settings import ZaloOA

OURS = ZaloOA(OA_ID, APP_ID, APP_SECRET, OA_SECRET)
USER = "u1"
ID = "0123456789ab"
NOW = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
# What Zalo documents (B2), byte for byte.
RAW = (
    '{"app_id":"1234567890","sender":{"id":"u1"},"recipient":{"id":"oa1"},"event_name":"user_send_text",'
    '"message":{"text":"Xin chào","msg_id":"m1"},"timestamp":"1700000000000"}'
).encode()
MAC = "336965bb4772e65f9d6f5d4ed8272ce2039d074ea62bd7e81fb18b3c918332fa"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["event_name", "message", "sender", "recipient", "id", "msg_id", "oa_id", "follower", "text"]
            ),
            inner | st.sampled_from(["user_send_text", "follow", OA_ID]),
            max_size=7,
        )
    ),
    max_leaves=20,
)


def headers(mac: str = MAC, stamp: str = "") -> Mapping[str, str]:
    return {"x-zevent-signature": f"mac={mac}"} | ({"x-zevent-timestamp": stamp} if stamp else {})


def event(name: str, **changes: Any) -> dict[str, Any]:
    return {**json.loads(RAW), "event_name": name, **changes}


def follow(name: str, **changes: Any) -> dict[str, Any]:
    whole = {"oa_id": OA_ID, "follower": {"id": USER}, "source": "qr", "app_id": APP_ID, "timestamp": "1700000000000"}
    return {**whole, "event_name": name, **changes}


def source() -> Citation:
    url = "https://hanoi.gov.vn/18"
    return Citation(1, "a#1", "a", "Nghị quyết 18", (), "UBND", None, None, "2026-03-01", "còn hiệu lực", url, "…")


def buttons(reply: Reply) -> list[tuple[str, str]]:
    *others, last = present(reply)
    assert all(body.keys() == {"text"} for body in others)
    if "attachment" not in last:
        return []
    assert last["attachment"]["type"] == "template"
    assert last["attachment"]["payload"].keys() == {"buttons"}
    found = last["attachment"]["payload"]["buttons"]
    assert {each["type"] for each in found} == {"oa.query.hide"}
    return [(each["title"], each["payload"]) for each in found]


# Signatures


def test_the_documented_signature_is_authentic() -> None:
    assert len(RAW) == 172
    assert authentic(RAW, headers(), OURS, NOW)
    assert authentic(RAW, headers(MAC.upper()), OURS, NOW)
    assert authentic(RAW, {"x-zevent-signature": MAC}, OURS, NOW)


@pytest.mark.parametrize(
    ("raw", "given_headers", "ours"),
    [
        (RAW, {}, OURS),
        (RAW, headers(""), OURS),
        (RAW, headers("0" * 64), OURS),
        (RAW, headers("é\ud800"), OURS),
        (RAW + b" ", headers(), OURS),
        (RAW.replace(b"Xin", b"xin"), headers(), OURS),
        (RAW, headers(), dataclasses.replace(OURS, secret_key="khac")),
        (RAW, headers(signature(APP_ID, RAW, "1700000000000", "")), dataclasses.replace(OURS, secret_key="")),
        (RAW, headers(), dataclasses.replace(OURS, app_id="1234567891")),
        (b"", headers(), OURS),
        (b"[]", headers(), OURS),
        (b"[" * 100_000, headers(), OURS),
        (b"\xff", headers(), OURS),
    ],
)
def test_any_other_signature_is_refused(raw: bytes, given_headers: Mapping[str, str], ours: ZaloOA) -> None:
    assert not authentic(raw, given_headers, ours, NOW)


def test_a_signed_event_of_another_app_is_refused() -> None:
    raw = RAW.replace(b'"1234567890"', b'"1234567891"')
    assert not authentic(raw, headers(signature(APP_ID, raw, "1700000000000", OA_SECRET)), OURS, NOW)


@pytest.mark.parametrize(("late", "expected"), [(-121, False), (-119, True), (119, True), (121, False)])
def test_an_event_is_taken_for_two_hours(late: int, expected: bool) -> None:
    assert authentic(RAW, headers(), OURS, NOW + timedelta(minutes=late)) is expected


@pytest.mark.parametrize("stamp", ["1700000000001", "hôm qua", "9" * 30, "-1"])
def test_the_time_may_stand_in_a_header(stamp: str) -> None:
    raw = RAW.replace(b',"timestamp":"1700000000000"', b"")
    mac = signature(APP_ID, raw, stamp, OA_SECRET)
    assert authentic(raw, headers(mac, stamp), OURS, NOW) is (stamp == "1700000000001")
    assert not authentic(raw, headers(signature(APP_ID, raw, "", OA_SECRET)), OURS, NOW)


@pytest.mark.parametrize("form", BODY_FORMS)
def test_what_the_platform_signs_is_authentic_in_every_form(form: str) -> None:
    server = ZaloOAServer()
    server.body_form = form
    body = event("user_send_text", timestamp=1700000000000 if form == "pretty" else "1700000000000")
    signed, raw = server.prepare(Event(USER, "user_send_text", body), 2)
    assert authentic(raw, {name.lower(): value for name, value in signed.items()}, OURS, NOW)


def test_only_an_empty_object_is_a_probe() -> None:
    assert is_probe(b"{}")
    assert is_probe(b" {}\n")
    assert not any(map(is_probe, (b"", b"[]", b'{"a":1}', RAW)))
    assert received({}, OURS) is None


# What people did


def test_a_text_is_read_whole() -> None:
    assert received(json.loads(RAW), OURS) == Inbound(
        "zalo_oa", OA_ID, "user_send_text/m1", USER, USER, Kind.TEXT, NOW, "Xin chào"
    )


@pytest.mark.parametrize(
    ("update", "kind", "key"),
    [
        (event("user_send_image", message={"msg_id": "m2", "text": "đây", "attachments": []}), Kind.OTHER, "m2"),
        (event("user_send_sticker", message={"msg_id": "m2", "attachments": []}), Kind.OTHER, "m2"),
        (event("user_send_location", message={"msg_id": "m2"}), Kind.OTHER, "m2"),
        (follow("follow"), Kind.JOINED, "u1/1700000000000"),
        (follow("unfollow"), Kind.LEFT, "u1/1700000000000"),
    ],
)
def test_each_kind_of_event_is_known(update: dict[str, Any], kind: Kind, key: str) -> None:
    expected = Inbound("zalo_oa", OA_ID, f"{update['event_name']}/{key}", USER, USER, kind, NOW)
    assert received(update, OURS) == expected


@pytest.mark.parametrize(
    "update",
    [
        event("oa_send_text", sender={"id": OA_ID}, recipient={"id": USER}),
        event("oa_send_text", sender={"id": OA_ID}, recipient={"id": OA_ID}),
        event("user_received_message"),
        event("user_seen_message", message={"msg_ids": ["m1"]}),
        event("user_send_text", recipient={"id": "oa2"}),
        event("user_send_text", recipient=None),
        event("user_send_text", sender={}),
        event("user_send_text", message="Xin chào"),
        event("user_send_text", message={"text": "Xin chào"}),
        event(7),  # type: ignore[arg-type]
        follow("follow", oa_id="oa2"),
        follow("follow", follower=None),
        follow("follow_up"),
    ],
)
def test_what_is_not_for_us_is_none(update: dict[str, Any]) -> None:
    assert received(update, OURS) is None


@given(JSON)
def test_no_json_makes_reading_raise(update: Any) -> None:
    inbound = received(update, OURS)
    assert inbound is None or (inbound.chat and inbound.key and inbound.sent.tzinfo)


def test_a_message_without_a_sound_time_came_now() -> None:
    inbound = received(event("user_send_text", timestamp="hôm qua"), OURS, NOW)
    assert inbound
    assert inbound.sent == NOW


# What people read


def test_an_answer_has_buttons_for_what_can_be_asked_next() -> None:
    reply = Reply("Có 126 xã [1].", sources=(source(),), suggestions=("A?", "B?", "C?", "D?"), answer_id=ID)
    assert present(reply)[0]["text"] == (
        "Có 126 xã [1].\n\nNguồn:\n[1] Nghị quyết 18, thông tin đến 1/3/2026\n    https://hanoi.gov.vn/18"
    )
    assert buttons(reply) == [
        ("A?", f"/hoi 1 {ID}"),
        ("B?", f"/hoi 2 {ID}"),
        ("C?", f"/hoi 3 {ID}"),
        ("Xem nguồn", f"/nguon {ID}"),
        ("Góp ý 👍 👎", f"/gop_y {ID}"),
    ]


def test_an_english_answer_has_english_buttons() -> None:
    assert buttons(Reply("126 wards [1].", language="en", sources=(source(),), answer_id=ID)) == [
        ("See the sources", f"/nguon {ID}"),
        ("Rate this answer 👍 👎", f"/gop_y {ID}"),
    ]


def test_choices_are_buttons_with_the_numbers_of_the_text() -> None:
    assert buttons(Reply("Nội dung nào?\n1. Luật A\n2. Luật B", choices=("Luật A", "Luật B"), answer_id=ID)) == [
        ("1. Luật A", f"/hoi 1 {ID}"),
        ("2. Luật B", f"/hoi 2 {ID}"),
    ]


def test_there_are_no_more_than_five_buttons_and_what_stands_by_itself_comes_first() -> None:
    own = (Button("Xoá", "/xoa"), Button("Liên hệ", "/lienhe"))
    reply = Reply("Chào", buttons=own, suggestions=("A?", "B?", "C?"), sources=(source(),), answer_id=ID)
    assert [title for title, _ in buttons(reply)] == ["Xoá", "Liên hệ", "A?", "B?", "C?"]
    assert len(buttons(Reply("?", choices=tuple("abcdefg"), answer_id=ID))) == 5


def test_a_suggestion_without_an_answer_is_asked_in_its_own_words() -> None:
    assert buttons(Reply("Chào", suggestions=("iHanoi là gì?",))) == [("iHanoi là gì?", "iHanoi là gì?")]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Hà Nội " * 15, "Hà Nội " * 14 + "…"),
        ("a" * 101, "a" * 99 + "…"),
        ("👍" * 51, "👍" * 49 + "…"),
        ("Phí\n\n bao nhiêu?\x07", "Phí bao nhiêu?\ufffd"),
        ("Phi\u0301?", "Phí?"),
        ("", "…"),
    ],
)
def test_a_title_fits_and_is_one_line(title: str, expected: str) -> None:
    ((shown, _),) = buttons(Reply("Chào", buttons=(Button(title, "/x"),)))
    assert shown == expected.replace(" …", "…")
    assert utf16(shown) <= 100


def test_buttons_stand_below_the_last_part() -> None:
    reply = Reply("Câu này dài [1]. " * 300, suggestions=("A?",), answer_id=ID)
    assert len(present(reply)) > 2
    assert len(buttons(reply)) == 1
    assert all(utf16(body["text"]) <= 1900 for body in present(reply))
    assert present(Reply("")) == ()


# Sending


@pytest.fixture
def server() -> Iterator[ZaloOAServer]:
    with running(ZaloOAServer()) as oa_server:
        oa_server.person(USER, follows=True)
        oa_server.person("u2", follows=False)
        yield oa_server


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path / 'thu.db'}")
    METADATA.create_all(made, [TOKENS])
    yield made
    made.dispose()


def use(server: ZaloOAServer, engine: Engine, do: Callable[[Channel], Awaitable[Any]], **changes: str) -> Any:
    ours = {"refresh_token": server.refresh.value, "api_base": server.url, "oauth_base": server.url} | changes
    settings = dataclasses.replace(OURS, **ours)

    async def main() -> Any:
        async with open_tokens(settings, engine, now=server.now) as tokens, open_channel(settings, tokens) as channel:
            return await do(channel)

    return asyncio.run(main())


def send(server: ZaloOAServer, engine: Engine, user: str = USER, **changes: str) -> Delivery:
    sent: Delivery = use(server, engine, lambda channel: channel.send(user, "", {"text": "Xin chào"}), **changes)
    return sent


def test_a_reply_arrives_as_presented_and_a_press_comes_back_as_its_command(
    server: ZaloOAServer, engine: Engine
) -> None:
    reply = Reply("Có 126 xã [1].", sources=(source(),), suggestions=("A?" * 60, "B?", "C?"), answer_id=ID)
    (body,) = present(reply)
    delivery = use(server, engine, lambda channel: channel.send(USER, "m1", body))
    (shown,) = server.shown(USER, who="bot")
    assert (shown.text, shown.details["buttons"]) == (body["text"], body["attachment"]["payload"]["buttons"])
    assert delivery == Delivery(Outcome.SENT, shown.message_id)
    pressed = received(server.press(USER, "Góp ý 👍 👎"), OURS)
    assert pressed
    assert (pressed.kind, pressed.text) == (Kind.TEXT, f"/gop_y {ID}")


def test_an_expired_token_is_refreshed_and_the_message_sent_once(server: ZaloOAServer, engine: Engine) -> None:
    async def later(channel: Channel) -> list[Delivery]:
        first = await channel.send(USER, "", {"text": "một"})
        server.revoke()
        server.advance(HOUR)
        return [first, *await asyncio.gather(*(channel.send(USER, "", {"text": f"{n}"}) for n in range(5)))]

    deliveries = use(server, engine, later)
    assert [delivery.outcome for delivery in deliveries] == [Outcome.SENT] * 6
    assert sorted(it.text for it in server.shown(USER, who="bot")) == ["0", "1", "2", "3", "4", "một"]
    assert len(server.calls("access_token")) == 2


def test_a_token_that_stays_refused_is_not_asked_for_again_and_again(server: ZaloOAServer, engine: Engine) -> None:
    server.faults.order("message/cs", refuse(-216), None)

    async def thrice(channel: Channel) -> list[Delivery]:
        return [await channel.send(USER, "", {"text": "a"}) for _ in range(3)]

    deliveries = use(server, engine, thrice)
    assert {delivery.outcome for delivery in deliveries} == {Outcome.LATER}
    assert "it refuses the token that it has just given out" in deliveries[-1].broken
    assert len(server.calls("access_token")) == 1


def test_a_refresh_that_needs_consent_loses_nothing(server: ZaloOAServer, engine: Engine) -> None:
    delivery = send(server, engine, refresh_token="cu")
    assert (delivery.outcome, delivery.wait) == (Outcome.LATER, 300)
    assert "error -14014" in delivery.broken
    assert "HANOIDX_ZALO_OA_REFRESH_TOKEN" in delivery.broken
    delivery = send(server, engine, oauth_base="http://127.0.0.1:1")
    assert (delivery.outcome, delivery.broken) == (Outcome.LATER, "")


@pytest.mark.parametrize(
    ("fault", "outcome", "unreachable", "is_broken"),
    [
        *((refuse(code), Outcome.FAILED, True, False) for code in (-213, -217, -227, -244)),
        *((refuse(code), Outcome.FAILED, False, False) for code in (-218, -230, -232, -201, -210, -233, -248, -100)),
        *((refuse(code), Outcome.LATER, False, False) for code in (-32, -200, -211, -234)),
        *((refuse(code), Outcome.LATER, False, True) for code in (-204, -209, -212, -221, -224, -242, -320)),
        (refuse(-99999), Outcome.FAILED, False, False),
        (http(429, "<h1>slow down</h1>"), Outcome.LATER, False, False),
        (http(404, "<h1>no such page</h1>"), Outcome.LATER, False, True),
        (http(502, "<h1>bad gateway</h1>"), Outcome.UNKNOWN, False, False),
        (http(200, "{}"), Outcome.UNKNOWN, False, False),
        (http(200, '{"error":"không"}'), Outcome.UNKNOWN, False, False),
        (http(200, '{"error":0}'), Outcome.SENT, False, False),
        (broken_json(), Outcome.UNKNOWN, False, False),
        (cut(), Outcome.UNKNOWN, False, False),
        (reset(), Outcome.UNKNOWN, False, False),
        (drop(), Outcome.UNKNOWN, False, False),
    ],
)
def test_each_trouble_has_its_outcome(
    server: ZaloOAServer, engine: Engine, fault: Fault, outcome: Outcome, unreachable: bool, is_broken: bool
) -> None:
    server.faults.order("message/cs", fault)
    delivery = send(server, engine)
    assert (delivery.outcome, delivery.unreachable, bool(delivery.broken)) == (outcome, unreachable, is_broken)
    assert bool(delivery.wait) == (outcome is Outcome.LATER)
    assert bool(delivery.error) == (outcome is not Outcome.SENT)
    assert len(server.shown(USER, who="bot")) == (fault.kind == "drop")
    assert server.access.value not in f"{delivery}"


def test_what_an_operator_has_to_mend_is_said_in_one_line(server: ZaloOAServer, engine: Engine) -> None:
    server.faults.order("message/cs", refuse(-224))
    assert send(server, engine).broken == (
        "Zalo lets the Official Account oa1 send nothing (error -224 The OA needs a higher package): "
        "its package is too low for this API; see to it at oa.zalo.me or developers.zalo.me"
    )


def test_what_could_not_be_written_may_be_sent_again(server: ZaloOAServer, engine: Engine) -> None:
    delivery = send(server, engine, api_base="http://127.0.0.1:1")
    assert (delivery.outcome, delivery.error) == (Outcome.LATER, "ConnectError")


def test_who_does_not_follow_is_unreachable_and_who_was_silent_for_a_week_is_not(
    server: ZaloOAServer, engine: Engine
) -> None:
    assert send(server, engine, "u2").unreachable
    server.advance(8 * 24 * HOUR)
    delivery = send(server, engine)
    assert (delivery.outcome, delivery.unreachable) == (Outcome.FAILED, False)
    assert delivery.error.startswith("error -230")


def test_nothing_is_sent_for_a_while_once_the_minute_is_used_up(server: ZaloOAServer, engine: Engine) -> None:
    server.rate_limit = 2

    async def thrice(channel: Channel) -> list[Delivery]:
        return [await channel.send(USER, "", {"text": "a"}) for _ in range(3)]

    deliveries = use(server, engine, thrice)
    assert [delivery.outcome for delivery in deliveries] == [Outcome.SENT, Outcome.SENT, Outcome.LATER]
    assert 0 < deliveries[2].wait <= 5
    assert len(server.calls("message/cs")) == 2


def test_a_database_that_fails_loses_nothing(server: ZaloOAServer, tmp_path: Path) -> None:
    without_tables = create_engine(f"sqlite:///{tmp_path / 'trong.db'}")
    delivery = send(server, without_tables)
    without_tables.dispose()
    assert (delivery.outcome, delivery.broken) == (Outcome.LATER, "")
    assert delivery.error == "the database fails to keep tokens (OperationalError)"


def test_no_typing_is_shown_for_none_is_known(server: ZaloOAServer, engine: Engine) -> None:
    inbound = received(json.loads(RAW), OURS)
    assert inbound
    use(server, engine, lambda channel: channel.show_working(inbound))
    assert server.calls() == []
