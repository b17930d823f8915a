import dataclasses
import io
import os
import shutil
import stat
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pexpect
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console
from rich.text import Text
from typer.testing import CliRunner

from bot import messages, repl
from bot.__main__ import app
from bot.answering.answer import Ask, ask
from bot.dialogue import Answer, Citation, Question, Status
from bot.errors import UnknownAnswer, UnreadableDatabase
from bot.render import age
from corpus.language.normalize import fold
from index.snapshot import Snapshot

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone(timedelta(hours=7)))

SOURCE = Citation(
    number=1,
    passage_id="chinh-quyen#so-luong",
    document_id="chinh-quyen",
    title="Chính quyền hai cấp",
    headings=("Hà Nội", "Số lượng"),
    issuer="Ủy ban Thường vụ Quốc hội",
    document_number="1656/NQ-UBTVQH15",
    issued="2025-06-16",
    as_of="2025-07-01",
    status="còn hiệu lực",
    url="https://nld.com.vn/126",
    quote="Thành phố có **126** xã, [bold]phường[/].",
)


class Listener:
    """Answers every question with the same words, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    def __call__(self, question: Question) -> Answer:
        self.asked.append(question)
        return Answer(
            "r1",
            question,
            Status.ANSWERED,
            "vi",
            "Có 126 [1].",
            (SOURCE,),
            suggestions=("VNeID là gì?", "Có phí không?"),
        )


def converse(
    ask: Ask, snapshot: Snapshot, read: repl.Read, out: io.StringIO, *, interactive: bool = False
) -> list[Answer]:
    """What is said in a conversation goes to `out`; the answers that were to be kept are returned."""
    kept: list[Answer] = []

    def replay(answer_id: str) -> Text:
        for answer in kept:
            if answer.answer_id == answer_id:
                return Text(f"bản lưu {answer_id}")
        raise UnknownAnswer(answer_id, "hanoidx.db")

    console = Console(file=out, force_terminal=False)
    repl.run(ask, snapshot, read, console, lambda: NOW, kept.append, replay, interactive=interactive)
    return kept


def screen(lines: Iterable[str], listener: Listener, snapshot: Snapshot) -> str:
    """What `lines` on a pipe print."""
    out = io.StringIO()
    converse(listener, snapshot, repl.pipe(io.BytesIO("".join(f"{line}\n" for line in lines).encode())), out)
    return out.getvalue()


@pytest.fixture
def listener() -> Listener:
    return Listener()


ANSWER = (
    "Có 126 [1].\n\n"
    "Nguồn:\n[1] Chính quyền hai cấp, số 1656/NQ-UBTVQH15, ban hành 16/6/2025, thông tin đến 1/7/2025\n"
    "    https://nld.com.vn/126\n\n"
    "Anh/chị có thể hỏi tiếp:\n1. VNeID là gì?\n2. Có phí không?\n\n"
)


def test_a_pipe_gets_answers_and_nothing_else(listener: Listener, snapshot: Snapshot) -> None:
    assert screen(["  Có bao nhiêu phường?  ", "", "   "], listener, snapshot) == ANSWER
    assert listener.asked == [Question("Có bao nhiêu phường?")]


def test_a_question_carries_the_last_five_questions_before_it(listener: Listener, snapshot: Snapshot) -> None:
    screen([*"abcdef", "/snapshot", "g"], listener, snapshot)
    assert listener.asked[0] == Question("a")
    assert listener.asked[1] == Question("b", ("a",))
    assert listener.asked[6] == Question("g", ("b", "c", "d", "e", "f"))


def test_a_new_conversation_forgets_the_questions_and_the_answer(listener: Listener, snapshot: Snapshot) -> None:
    seen = screen(["a", "/moi", "/nguon", "b"], listener, snapshot)
    assert listener.asked[-1] == Question("b")
    assert messages.REPL_NEW_CONVERSATION in seen
    assert messages.REPL_NOTHING_ASKED in seen


def test_the_number_of_a_suggestion_asks_it(listener: Listener, snapshot: Snapshot) -> None:
    screen(["a", "2", "3"], listener, snapshot)
    assert [question.text for question in listener.asked] == ["a", "Có phí không?", "3"]


def test_a_number_without_suggestions_is_a_question(listener: Listener, snapshot: Snapshot) -> None:
    screen(["2"], listener, snapshot)
    assert listener.asked == [Question("2")]


SOURCE_SCREEN = """\
[1] “Thành phố có **126** xã, [bold]phường[/].”
Văn bản:       Chính quyền hai cấp
Mục:           Hà Nội › Số lượng
Số:            1656/NQ-UBTVQH15
Nơi ban hành:  Ủy ban Thường vụ Quốc hội
Ban hành:      16/6/2025
Thông tin đến: 1/7/2025
Tình trạng:    còn hiệu lực
Địa chỉ:       https://nld.com.vn/126
Mã đoạn:       chinh-quyen#so-luong

"""


@pytest.mark.parametrize("command", ["/nguon 1", "/Nguồn 1", "/NGUON  1", "/nguon1", "/ nguồn [1]", "/nguồn １"])
def test_a_source_is_shown_with_its_exact_quote_however_the_command_is_typed(
    command: str, listener: Listener, snapshot: Snapshot
) -> None:
    assert screen(["a", command], listener, snapshot) == ANSWER + SOURCE_SCREEN


def test_without_a_number_all_sources_are_listed(listener: Listener, snapshot: Snapshot) -> None:
    listed = ANSWER[ANSWER.index("Nguồn:") : ANSWER.index("Anh/chị")]
    assert screen(["a", "/nguon"], listener, snapshot) == ANSWER + listed


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "1 2", "9" * 5000])
def test_a_source_that_is_not_there_is_answered_with_how_many_there_are(
    number: str, listener: Listener, snapshot: Snapshot
) -> None:
    seen = screen(["a", f"/nguon {number}"], listener, snapshot)
    assert seen == f"{ANSWER}{messages.REPL_NO_SUCH_SOURCE.format(count=1)}\n\n"


def test_an_answer_without_sources_says_so(snapshot: Snapshot) -> None:
    def greet(question: Question) -> Answer:
        return Answer("r", question, Status.SMALL_TALK, "vi", "Chào anh/chị!")

    out = io.StringIO()
    read = repl.pipe(io.BytesIO("chào\n/nguon 1\n/vi_sao\n".encode()))
    converse(greet, snapshot, read, out)
    assert messages.REPL_NO_SOURCES in out.getvalue()
    assert messages.REPL_NO_HITS in out.getvalue()


@pytest.mark.parametrize("command", ["/nguon", "/nguon 1", "/vi_sao"])
def test_a_command_about_an_answer_that_was_never_given_says_so(
    command: str, listener: Listener, snapshot: Snapshot
) -> None:
    assert screen([command], listener, snapshot) == f"{messages.REPL_NOTHING_ASKED}\n\n"


@pytest.mark.parametrize("command", ["/vi_sao", "/Vì_sao", "/vì sao", "/visao"])
def test_why_shows_each_hit_with_its_scores_and_the_timings(command: str, snapshot: Snapshot) -> None:
    answered = ask(Question("Hà Nội có bao nhiêu xã, phường?"), snapshot, NOW.date())
    out = io.StringIO()
    read = repl.pipe(io.BytesIO(f"a\n{command}\n".encode()))
    converse(lambda _: answered, snapshot, read, out)
    rows = {line.split()[-1]: line.split()[:-1] for line in out.getvalue().splitlines() if "#" in line}
    assert answered.hits
    for hit in answered.hits:
        expected = [f"{hit.score:.3f}", f"{hit.dense:.3f}", f"{hit.bm25:.2f}", f"{max(hit.units):.3f}"]
        assert rows[hit.passage.id] == [str(hit.rank), *expected]
    assert f"tổng cộng {answered.timings.total:.1f} ms" in out.getvalue()


def test_the_last_answer_is_replayed_or_the_one_of_an_id(listener: Listener, snapshot: Snapshot) -> None:
    assert screen(["a", "/replay", "/Replay r1"], listener, snapshot) == f"{ANSWER}bản lưu r1\n\nbản lưu r1\n\n"


def test_an_answer_without_a_receipt_is_not_replayed(listener: Listener, snapshot: Snapshot) -> None:
    seen = screen(["/replay", "/replay 0a", f"/replay {'x' * 50}", "a"], listener, snapshot)
    unknown = [messages.REPL_NO_RECEIPT.format(answer_id=answer_id) for answer_id in ("0a", "x" * 40)]
    assert seen == "\n\n".join((messages.REPL_NOTHING_ASKED, *unknown, ANSWER))


def test_receipts_that_cannot_be_read_do_not_end_the_conversation(listener: Listener, snapshot: Snapshot) -> None:
    def replay(_: str) -> Text:
        raise UnreadableDatabase("hanoidx.db", "file is not a database")

    out = io.StringIO()
    read = repl.pipe(io.BytesIO(b"/replay r1\na\n"))
    repl.run(listener, snapshot, read, Console(file=out), lambda: NOW, lambda _: None, replay, interactive=False)
    assert "Tôi không đọc được các bản lưu. hanoidx.db cannot be read: file is not a database; " in out.getvalue()
    assert out.getvalue().endswith(ANSWER)


def test_each_answer_is_given_to_be_kept_after_it_was_shown(listener: Listener, snapshot: Snapshot) -> None:
    out = io.StringIO()
    shown: list[str] = []
    read = repl.pipe(io.BytesIO(b"a\n/nguon\n\nb\n/moi\n"))
    keep: repl.Keep = lambda _: shown.append(out.getvalue())
    repl.run(listener, snapshot, read, Console(file=out), lambda: NOW, keep, Text, interactive=False)
    assert len(shown) == 2
    assert all(text.endswith(ANSWER) for text in shown)


def test_the_snapshot_is_described_in_the_time_of_hanoi(snapshot: Snapshot) -> None:
    manifest = dataclasses.replace(
        snapshot.manifest,
        id="20261122T200000Z-1234",
        created="2026-11-22T20:00:00+00:00",
        documents=56,
        passages=285,
        units=909,
    )
    assert repl.describe(manifest, NOW) == (
        "Bản dữ liệu: 20261122T200000Z-1234\n"
        "Tạo lúc: 03:00 ngày 23/11/2026 (9 giờ trước)\n"
        f"Bộ mã hoá: {snapshot.manifest.encoder}\n"
        "Gồm: 56 văn bản, 285 đoạn, 909 ý"
    )


@pytest.mark.parametrize(
    ("minutes", "read"),
    [
        *((-5, "vừa xong"), (0, "vừa xong"), (1, "1 phút trước"), (59, "59 phút trước"), (60, "1 giờ trước")),
        *((24 * 60 - 1, "23 giờ trước"), (24 * 60, "1 ngày trước"), (400 * 24 * 60, "400 ngày trước")),
    ],
)
def test_an_age_is_told_in_its_largest_unit(minutes: int, read: str) -> None:
    created = datetime(2026, 1, 1, tzinfo=UTC)
    assert age(created, created + timedelta(minutes=minutes)) == read


@pytest.mark.parametrize("command", ["/trợ_giúp", "/TRO_GIUP", "/trợ giúp"])
def test_help_names_every_command(command: str, listener: Listener, snapshot: Snapshot) -> None:
    seen = screen([command], listener, snapshot)
    for name, (_, purpose) in repl.COMMANDS.items():
        assert f"/{name:10} {purpose}\n" in seen
        assert fold(name) == name


@pytest.mark.parametrize("line", ["/abc", "/nguonx", "/", "/[bold]x[/] 1", "/ 1"])
def test_an_unknown_command_is_not_asked_but_answered_with_a_hint(
    line: str, listener: Listener, snapshot: Snapshot
) -> None:
    hint = messages.REPL_UNKNOWN_COMMAND.format(command=line.split(maxsplit=1)[0])
    assert screen([line], listener, snapshot) == f"{hint}\n\n"
    assert not listener.asked


def test_the_command_to_leave_leaves_the_rest_of_the_pipe_unread(listener: Listener, snapshot: Snapshot) -> None:
    assert screen(["/Thoát", "a"], listener, snapshot) == ""
    assert not listener.asked


def test_at_a_terminal_there_are_a_welcome_a_way_out_and_a_goodbye(listener: Listener, snapshot: Snapshot) -> None:
    typed: list[BaseException] = [EOFError(), KeyboardInterrupt()]

    def read() -> str:
        raise typed.pop()

    out = io.StringIO()
    converse(listener, snapshot, read, out, interactive=True)
    said = (messages.REPL_WELCOME, messages.REPL_HOW_TO_LEAVE, messages.REPL_GOODBYE)
    assert out.getvalue() == "".join(f"{line}\n" for line in said)


def test_ctrl_c_ends_a_pipe(listener: Listener, snapshot: Snapshot) -> None:
    def read() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        converse(listener, snapshot, read, io.StringIO())


def test_whatever_comes_through_the_pipe_is_answered(data: Path) -> None:
    lines = [
        *(b"\xff\xfe\xc3", "😀😀".encode(), b"\0\x1b[31m", b"a " * 50_000, "\u202ehn".encode()),
        *(b"[bold]x[/]", b"1" * 5000, b"/nguon \xff", b"/\xff\x1b[31m"),
    ]
    result = CliRunner().invoke(app, ["repl", "--data", str(data)], input=b"\n/tro_giup\n".join(lines))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "\x1b" not in result.stdout
    replies = [part.partition(messages.REPL_HELP)[0] for part in result.stdout.split(messages.REPL_HELP_SUGGESTIONS)]
    assert len(replies) == len(lines)
    assert all(len(reply.strip()) > 10 for reply in replies)


def test_a_real_conversation_through_a_pipe(data: Path) -> None:
    lines = "Hà Nội có bao nhiêu xã, phường?\n/nguon 1\n/snapshot\n/replay\n"
    result = CliRunner().invoke(app, ["repl", "--data", str(data)], input=lines)
    assert result.exit_code == 0
    answered, _, rest = result.stdout.partition("\n\nNguồn:\n[1] ")
    assert "126" in answered
    assert "\n[1] “" in rest
    assert "Mã đoạn:       chinh-quyen-hai-cap-126-xa-phuong#" in rest
    assert f"Bản dữ liệu: {(data / 'current').read_text().strip()}\n" in rest
    assert rest.endswith(f"{messages.REPLAY_SAME}\n\n")
    assert messages.REPL_WELCOME not in result.stdout


def test_history_survives_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    for typed in ("câu một\r", "\x1b[A\r"):
        with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
            keys.send_text(typed)
            assert repl.prompt(tmp_path / "repl-history")() == "câu một"
    assert stat.S_IMODE((tmp_path / "repl-history").stat().st_mode) == 0o600


def test_nothing_personal_is_in_the_history(tmp_path: Path) -> None:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        read = repl.prompt(tmp_path / "repl-history")
        for typed in ("sđt 0912345678 theo 18-NQ/TU\r", "\x1b[A\r"):
            keys.send_text(typed)
            assert read() == "sđt 0912345678 theo 18-NQ/TU"
    written = (tmp_path / "repl-history").read_text("utf-8")
    assert "+sđt [số điện thoại] theo 18-NQ/TU\n" in written
    assert "0912345678" not in written


def test_where_history_cannot_be_kept_the_prompt_works_without(tmp_path: Path) -> None:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text("câu một\r")
        assert repl.prompt(tmp_path / "nowhere" / "repl-history")() == "câu một"


def test_ctrl_c_clears_a_line_and_interrupts_on_an_empty_one(tmp_path: Path) -> None:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        read = repl.prompt(tmp_path / "repl-history")
        keys.send_text("thừa\x03câu một\r")
        assert read() == "câu một"
        keys.send_text("thừa\x03\x03")
        with pytest.raises(KeyboardInterrupt):
            read()
        keys.send_text("\x04")
        with pytest.raises(EOFError):
            read()


def test_at_a_real_terminal_keys_do_what_people_expect(data: Path, tmp_path: Path) -> None:
    shutil.copy(data / "current", tmp_path)
    (tmp_path / "snapshots").symlink_to(data / "snapshots")
    environment = {**os.environ, "HANOIDX_DATA": str(tmp_path), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    environment.pop("NO_COLOR", None)
    bot = pexpect.spawn(
        sys.executable, ["-m", "bot", "repl"], env=environment, timeout=30, dimensions=(40, 100), encoding="utf-8"
    )
    try:
        bot.expect_exact("Chào anh/chị!")
        bot.expect_exact("hỏi:")
        bot.send("thừa")
        bot.expect_exact("thừa")
        bot.sendcontrol("c")
        bot.sendcontrol("c")
        bot.expect_exact(messages.REPL_HOW_TO_LEAVE)
        bot.expect_exact("hỏi:")
        bot.send("/ng\t")
        bot.expect_exact("/nguon")
        bot.send("\r")
        bot.expect_exact(messages.REPL_NOTHING_ASKED)
        bot.expect_exact("hỏi:")
        bot.send("ha noi co bao nhieu phuong\r")
        bot.expect_exact("126")
        bot.expect_exact("Nguồn:")
        bot.expect_exact("hỏi:")
        bot.send("\x1b[A")
        bot.expect_exact("ha noi co bao nhieu phuong")
        bot.send("\r")
        bot.expect_exact("Nguồn:")
        bot.expect_exact("hỏi:")
        bot.sendcontrol("d")
        bot.expect_exact(messages.REPL_GOODBYE)
        bot.expect(pexpect.EOF)
    finally:
        bot.close()
    assert bot.exitstatus == 0
    assert "+ha noi co bao nhieu phuong\n" in (tmp_path / "repl-history").read_text("utf-8")
