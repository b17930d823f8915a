import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from bot import messages
from bot.__main__ import ONE_THREAD, app, main
from bot.dialogue import Status
from bot.records.database import FILE
from bot.records.receipts import find
from index.snapshot import Snapshot

ROOT = Path(__file__).parent.parent
QUESTION = "Hà Nội có bao nhiêu xã, phường?"

ANSWER_TYPES: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "answer_id": str,
    "status": str,
    "language": str,
    "text": str,
    "citations": list,
    "suggestions": list,
    "elapsed_ms": float,
    "snapshot_id": str,
}
CITATION_TYPES: dict[str, type | tuple[type, ...]] = {
    "number": int,
    "passage_id": str,
    "document_id": str,
    "title": str,
    "issuer": str,
    "document_number": (str, type(None)),
    "issued": (str, type(None)),
    "as_of": str,
    "status": str,
    "url": (str, type(None)),
    "quote": str,
    "place": str,
}


def assert_contract(answer: dict[str, Any]) -> None:
    assert list(answer) == list(ANSWER_TYPES)
    assert all(isinstance(answer[key], kind) for key, kind in ANSWER_TYPES.items()), answer
    assert answer["status"] in set(Status)
    assert len(answer["suggestions"]) <= 3
    assert all(isinstance(suggestion, str) for suggestion in answer["suggestions"])
    for citation in answer["citations"]:
        assert list(citation) == list(CITATION_TYPES)
        assert all(isinstance(citation[key], kind) for key, kind in CITATION_TYPES.items()), citation


def hanoidx(
    *arguments: str | bytes, data: Path, lines: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        input=lines,
        capture_output=True,
        env={**os.environ, "HANOIDX_DATA": str(data), **environment},
        check=False,
        timeout=60,
    )


def ask_lines(lines: bytes, data: Path) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["ask", "--jsonl", "--data", str(data)], input=lines)
    assert result.exit_code == 0
    assert result.stderr == ""
    answers = [json.loads(line) for line in result.stdout_bytes.decode().splitlines()]
    for answer in answers:
        assert_contract({**answer, "id": str(answer["id"])})
    return answers


def commands(command: Any, path: tuple[str, ...] = ("hanoidx",)) -> Iterator[tuple[str, Any]]:
    """Every command that does something, by the words that call it."""
    groups = getattr(command, "commands", None)
    if groups is None:
        yield " ".join(path), command
        return
    for name, child in groups.items():
        yield from commands(child, (*path, name))


ALL = dict(commands(get_command(app)))


def test_the_commands_of_this_stage_are_all_there() -> None:
    assert {
        *(
            "hanoidx ask",
            "hanoidx repl",
            "hanoidx replay",
            "hanoidx evaluate",
            "hanoidx corpus check",
            "hanoidx corpus show",
        ),
        *("hanoidx index build", "hanoidx index list", "hanoidx index activate", "hanoidx index search"),
    } <= set(ALL)


@pytest.mark.parametrize("path", ALL)
def test_every_command_and_each_of_its_parameters_has_help(path: str) -> None:
    assert ALL[path].help
    for parameter in ALL[path].params:
        assert getattr(parameter, "help", None), f"{path} {parameter.name}"
    result = CliRunner().invoke(app, [*path.split()[1:], "--help"])
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage:")


@pytest.mark.parametrize("path", ALL)
def test_every_command_is_in_the_readme(path: str) -> None:
    assert re.search(rf"\b{re.escape(path)}\b", (ROOT / "README.md").read_text("utf-8"))


def test_the_version_is_printed() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert re.fullmatch(r"hanoidx \d+\.\d+\.\d+\n", result.stdout)


@pytest.mark.parametrize("question", [QUESTION, "ha noi h co bn xa phuong"])
def test_a_question_is_answered_with_its_sources(question: str, data: Path) -> None:
    result = CliRunner().invoke(app, ["ask", question, "--data", str(data)])
    assert result.exit_code == 0
    text, _, sources = result.stdout.partition("\n\nNguồn:\n")
    assert "126" in text
    assert sources.startswith("[1] ")
    assert "https://" in sources
    assert "\x1b" not in result.stdout


def test_quotes_around_a_question_are_optional(data: Path, snapshot: Snapshot) -> None:
    arguments = ["ask", *QUESTION.split(), "--json", "--id", "q1", "--data", str(data)]
    answer = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert answer["citations"][0]["document_id"] == "chinh-quyen-hai-cap-126-xa-phuong"


def test_json_is_one_object_as_the_contract_says(data: Path, snapshot: Snapshot) -> None:
    result = CliRunner().invoke(app, ["ask", QUESTION, "--json", "--id", "câu 1", "--data", str(data)])
    assert result.stdout.count("\n") == 1
    answer = json.loads(result.stdout)
    assert_contract(answer)
    assert answer["id"] == "câu 1"
    assert answer["status"] == "answered"
    assert answer["snapshot_id"] == snapshot.id
    assert "câu 1" in result.stdout  # the letters themselves, not their \u escapes
    for citation in answer["citations"]:
        assert f"[{citation['number']}]" in answer["text"]


def test_without_an_id_each_answer_draws_one(data: Path) -> None:
    arguments = ["ask", QUESTION, "--json", "--data", str(data)]
    first, second = (json.loads(CliRunner().invoke(app, arguments).stdout)["id"] for _ in range(2))
    assert first != second
    assert len(first) > 8


def test_each_line_is_answered_under_its_own_id(data: Path) -> None:
    lines = [
        {"id": "a", "question": QUESTION, "turns": []},
        {"id": 7, "question": "Còn trước đó?", "turns": [QUESTION]},
        {"question": QUESTION},
        {"id": None, "question": QUESTION, "more": 1},
        {"id": "\ud800", "question": "\ud800"},
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    answers = ask_lines(f"\ufeff{text}".encode(), data)
    assert [answer["id"] for answer in answers] == ["a", 7, "3", "4", "\ud800"]
    assert "126" in answers[0]["text"]
    assert not any(answer["status"].startswith("error") for answer in answers)


BROKEN = {  # line -> its id, where that can be known, and what is said of it
    b"{": (None, messages.LINE_NOT_JSON),
    b"[1]": (None, messages.LINE_NOT_JSON),
    b'"x"': (None, messages.LINE_NOT_JSON),
    b"[" * 100_000: (None, messages.LINE_NOT_JSON),
    b"1" * 10_000: (None, messages.LINE_NOT_JSON),
    b"\xff": (None, messages.LINE_NOT_UTF8),
    b'{"id": "a", "question": "\xff"}': ("a", messages.LINE_NOT_UTF8),
    b'{"id": "\xff", "question": "x"}': (None, messages.LINE_NOT_UTF8),
    b'{"id": "a"}': ("a", messages.LINE_NO_QUESTION),
    b'{"id": "a", "question": null}': ("a", messages.LINE_NO_QUESTION),
    b'{"id": 7, "question": 5}': (7, messages.LINE_NO_QUESTION),
    b'{"id": [1], "question": "x"}': (None, messages.LINE_BAD_ID),
    b'{"id": true, "question": "x"}': (None, messages.LINE_BAD_ID),
    b'{"id": NaN, "question": "x"}': (None, messages.LINE_BAD_ID),
    b'{"id": "a", "question": "x", "turns": "y"}': ("a", messages.LINE_BAD_TURNS),
    b'{"id": "a", "question": "x", "turns": [1]}': ("a", messages.LINE_BAD_TURNS),
}


def test_a_broken_line_is_answered_as_such_and_the_next_one_is_answered(data: Path) -> None:
    good = json.dumps({"id": "good", "question": QUESTION}).encode()
    answers = ask_lines(b"\n".join(line + b"\n" + good for line in BROKEN), data)
    assert len(answers) == 2 * len(BROKEN)
    for row, (line_id, text) in enumerate(BROKEN.values()):
        bad, after = answers[2 * row : 2 * row + 2]
        expected = str(2 * row + 1) if line_id is None else line_id
        assert (bad["id"], bad["status"], bad["text"]) == (expected, "error_bad_input", text)
        assert (after["id"], after["status"]) == ("good", "answered")


def test_the_number_of_a_broken_line_counts_empty_lines(data: Path) -> None:
    assert [answer["id"] for answer in ask_lines(b"\n \r\n{\r\n\n[]", data)] == ["3", "5"]


ODD_TEXTS = (
    *("", " \n\t", "😀😀😀", "\0", "\0\x1b[31m\x07", "a " * 50_000, "x" * 100_000, "1" * 100_000),
    *("\u202eiộN àH", "<b>Hà Nội</b> **có** [gì](http://x)", "[bold]x[/]", unicodedata.normalize("NFD", QUESTION)),
    QUESTION.encode().decode("latin-1"),
)


def test_any_text_gets_an_answer_or_a_plain_sentence(data: Path) -> None:
    lines = (json.dumps({"id": str(n), "question": text, "turns": [text]}) for n, text in enumerate(ODD_TEXTS))
    answers = ask_lines("\n".join(lines).encode(), data)
    assert len(answers) == len(ODD_TEXTS)
    for answer in answers:
        assert not answer["status"].startswith("error"), answer
        assert answer["text"].strip()


@pytest.mark.parametrize("question", ["", "\0\x1b[31m[bold]x[/]", "a " * 50_000], ids=["empty", "controls", "long"])
def test_any_argument_gets_an_answer_or_a_plain_sentence(question: str, data: Path) -> None:
    result = CliRunner().invoke(app, ["ask", "--data", str(data), "--", question])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.strip()
    assert "\x1b" not in result.stdout


def test_bytes_that_are_not_utf8_on_the_command_line_are_answered(data: Path) -> None:
    for arguments in ([b"ask", b"\xff\xfe \xc3"], [b"ask", b"\xff\xfe \xc3", b"--json", b"--id", b"a\xff"]):
        result = hanoidx(*arguments, data=data)
        assert (result.returncode, result.stderr) == (0, b"")
        assert result.stdout.decode().strip()


def test_a_locale_without_vietnamese_letters_does_not_stop_an_answer(data: Path) -> None:
    result = hanoidx("ask", QUESTION, data=data, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"126" in result.stdout


def test_a_reader_that_goes_away_is_no_reason_to_complain(data: Path) -> None:
    line = json.dumps({"id": "a", "question": QUESTION}).encode() + b"\n"
    process = _start("ask", "--jsonl", data=data)
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdin.write(line)
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["id"] == "a"  # flushed, though the input has not ended
    process.stdout.close()
    process.stdin.write(line)
    process.stdin.close()
    assert process.wait(30) == 141
    assert process.stderr.read() == b""
    process.stderr.close()


def test_ctrl_c_ends_with_130_and_without_a_traceback(data: Path) -> None:
    process = _start("ask", "--jsonl", data=data)
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdin.write(b"{\n")
    process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert process.stderr.read().strip() == b""
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


@pytest.mark.parametrize("command", [["ask", QUESTION], ["ask", "--jsonl"], ["repl"]])
def test_without_a_snapshot_one_line_says_what_to_do(command: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*command, "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "`hanoidx index build`" in result.stderr


def test_a_damaged_snapshot_is_refused_with_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots" / "20260101T000000Z-00000000"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    (tmp_path / "current").write_text(f"{folder.name}\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["ask", QUESTION, "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "is damaged" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask"],
        ["ask", "--json"],
        ["ask", "x", "--jsonl"],
        ["ask", "--jsonl", "--json"],
        ["ask", "--jsonl", "--id", "a"],
        ["ask", "x", "--id", "a"],
        ["ask", "x", "--today", "31/12/2025"],
        ["ask", "--nope"],
        ["nope"],
        ["evaluate"],
        ["evaluate", "--questions", "/nope.jsonl"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_an_evaluation_is_printed_and_written_where_it_is_wanted(data: Path, tmp_path: Path) -> None:
    questions, figures, page = tmp_path / "questions.jsonl", tmp_path / "figures.json", tmp_path / "page.html"
    lines = (ROOT / "tests" / "data" / "questions-dev.jsonl").read_text("utf-8").splitlines()[:3]
    questions.write_text("\n".join(lines), encoding="utf-8")
    arguments = ["--questions", str(questions), "--json", str(figures), "--html", str(page), "--data", str(data)]
    result = CliRunner().invoke(app, ["evaluate", *arguments])
    assert (result.exit_code, result.stderr) == (0, "")
    assert {item["id"] for item in json.loads(figures.read_text("utf-8"))["items"]} == {"dev-001", "dev-002", "dev-003"}
    assert "<html" in page.read_text("utf-8")
    assert len(result.stdout.splitlines()) > 5


def test_every_answer_is_kept_but_those_of_an_evaluation(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data, tmp_path, ignore=shutil.ignore_patterns(f"{FILE}*"), dirs_exist_ok=True)
    questions = tmp_path / "questions.jsonl"
    questions.write_text(
        (ROOT / "tests" / "data" / "questions-dev.jsonl").read_text("utf-8").splitlines()[0], encoding="utf-8"
    )
    assert hanoidx("evaluate", "--questions", str(questions), data=tmp_path).returncode == 0
    assert not (tmp_path / FILE).exists()
    lines = b"".join(json.dumps({"id": n, "question": QUESTION}).encode() + b"\n{\n" for n in range(2))
    printed = [
        *ask_lines(lines, tmp_path),
        json.loads(CliRunner().invoke(app, ["ask", QUESTION, "--json", "--data", str(tmp_path)]).stdout),
    ]
    for answer in printed:
        kept = find(answer["answer_id"], tmp_path)
        assert kept
        assert (kept.text, kept.status) == (answer["text"], answer["status"])
    assert CliRunner().invoke(app, ["ask", QUESTION, "--data", str(tmp_path)]).exit_code == 0
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        assert database.execute("SELECT count(*) FROM receipts").fetchone() == (len(printed) + 1,)


def test_answers_are_given_though_their_receipts_cannot_be_kept(data: Path, tmp_path: Path) -> None:
    (tmp_path / "snapshots").symlink_to(data / "snapshots")
    shutil.copy(data / "current", tmp_path)
    (tmp_path / FILE).mkdir()
    line = json.dumps({"id": "a", "question": QUESTION}).encode() + b"\n"
    result = hanoidx("ask", "--jsonl", data=tmp_path, lines=3 * line)
    assert result.returncode == 0
    assert [json.loads(answer)["status"] for answer in result.stdout.splitlines()] == ["answered"] * 3
    assert result.stderr.count(b"\n") == 1
    assert str(tmp_path / FILE) in result.stderr.decode()


@pytest.mark.parametrize(
    ("questions", "output"), [("{", "figures.json"), ("", "figures.json"), (None, "nowhere/figures.json")]
)
def test_an_evaluation_that_cannot_be_made_ends_with_one_line(
    questions: str | None, output: str, data: Path, tmp_path: Path
) -> None:
    line = (ROOT / "tests" / "data" / "questions-dev.jsonl").read_text("utf-8").splitlines()[0]
    file = tmp_path / "questions.jsonl"
    file.write_text(line if questions is None else questions, encoding="utf-8")
    arguments = ["--questions", str(file), "--json", str(tmp_path / output), "--data", str(data)]
    result = CliRunner().invoke(app, ["evaluate", *arguments])
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert str(tmp_path) in result.stderr


def test_starting_up_imports_nothing_heavy(tmp_path: Path) -> None:
    program = "import sys, bot.__main__; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    heavy = {
        "faiss",
        "bm25s",
        "numpy",
        "onnxruntime",
        "rich",
        "prompt_toolkit",
        "torch",
        "matplotlib",
        "jinja2",
        "sqlalchemy",
    }
    assert not heavy & set(loaded.stdout.split())


def test_the_libraries_under_numpy_use_one_thread_unless_an_operator_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in zip(ONE_THREAD, ("", "4"), strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(ONE_THREAD[0])
    monkeypatch.setattr("bot.__main__.app", lambda: None)
    main()
    assert [os.environ[name] for name in ONE_THREAD] == ["1", "4"]


def _start(*arguments: str, data: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "HANOIDX_DATA": str(data)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - a shell has its "&" ignore it
    )
