"""Sample questions that are proposed for a document: by rule, kept, changed or dropped at a terminal."""

import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
import yaml
from typer.testing import CliRunner

from bot.__main__ import app
from bot.quality.drafts import drafts
from corpus import questions
from corpus.catalogue import check, read_folder, read_one
from corpus.split import split

WriteDocument = Callable[..., Path]

LIBRARY = """## Thẻ thư viện làm ở đâu

Người dân làm thẻ tại Thư viện Hà Nội, số 47 phố Bà Triệu.

## Lệ phí

| Loại thẻ | Mức thu |
|---|---|
| Thẻ người lớn | 40.000 đồng |
| Thẻ trẻ em | 20.000 đồng |

## Giấy tờ cần nộp

Hồ sơ làm thẻ:

- Ảnh 3x4: 2 chiếc.
- Làm mất thẻ: phạt 50.000 đồng.
"""


@pytest.fixture
def folder(tmp_path: Path, write_document: WriteDocument) -> Path:
    write_document(tmp_path / "documents", "the-thu-vien", LIBRARY, title="Thẻ thư viện: cách làm")
    return tmp_path / "documents"


def test_headings_rows_lists_and_values_ask(folder: Path) -> None:
    found = {one for sample in drafts(read_one("the-thu-vien", folder)) for one in sample.questions}
    assert found >= {
        "Thẻ thư viện làm ở đâu?",
        "Thẻ thư viện: mức thu của thẻ người lớn là bao nhiêu tiền?",
        "Thẻ thư viện: hồ sơ làm thẻ gồm những gì?",
        "Thẻ thư viện: làm mất thẻ bị phạt bao nhiêu tiền?",
    }


def test_each_draft_names_one_unit_and_is_a_question_of_its_own() -> None:
    for document in list(read_folder())[::7]:
        texts = [unit.text for passage in split(document) for unit in passage.units]
        found = drafts(document)
        asked = [question for sample in found for question in sample.questions]
        assert found
        assert len(asked) == len(set(asked))
        assert all(question.endswith("?") for question in asked)
        for sample in found:
            for beginning in sample.answered_by:
                assert sum(text.startswith(beginning) for text in texts) == 1


def test_a_name_within_a_question_keeps_its_capital(tmp_path: Path, write_document: WriteDocument) -> None:
    body = "## Mức thu\n\n| Nơi | Mức thu |\n|---|---|\n| Hà Nội | 40.000 đồng |\n| Nơi khác | 20.000 đồng |"
    write_document(tmp_path, "the-thu-vien", body, title="Thẻ thư viện: cách làm")
    found = {one for sample in drafts(read_one("the-thu-vien", tmp_path)) for one in sample.questions}
    assert {
        "Thẻ thư viện: Mức thu của Hà Nội là bao nhiêu tiền?",
        "Thẻ thư viện: mức thu của nơi khác là bao nhiêu tiền?",
    } <= found


def draft(folder: Path, data: Path, *arguments: str) -> str:
    command = ["questions", "draft", "the-thu-vien", "--corpus", str(folder), "--data", str(data), *arguments]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_without_a_terminal_they_are_printed_as_the_file_would_have_them(folder: Path, tmp_path: Path) -> None:
    printed = draft(folder, tmp_path / "data")
    assert [entry["questions"] for entry in yaml.safe_load(printed)] == [
        list(sample.questions) for sample in drafts(read_one("the-thu-vien", folder))
    ]
    assert not (folder / "questions").exists()


def test_all_may_be_kept_and_what_has_questions_gets_no_more(folder: Path, tmp_path: Path) -> None:
    (folder / "questions").mkdir()
    own = '- answered_by: "Thẻ người lớn"\n  questions: ["Thẻ cho người lớn giá mấy?"]'
    (folder / "questions" / "the-thu-vien.yaml").write_text(own, "utf-8")
    assert "questions kept in" in draft(folder, tmp_path / "data", "--yes")
    samples = questions.read(folder / "the-thu-vien.md")
    assert samples[0].questions == ("Thẻ cho người lớn giá mấy?",)
    assert len(samples) > 3
    assert sum("Thẻ người lớn" in sample.answered_by[0] for sample in samples) == 1
    assert check(folder) == []
    assert "nothing is kept" in draft(folder, tmp_path / "data", "--yes")


def test_at_a_terminal_each_is_kept_changed_or_dropped_and_stopping_keeps_what_was_seen(
    folder: Path, tmp_path: Path
) -> None:
    command = ["-m", "bot", "questions", "draft", "the-thu-vien", "--corpus", str(folder), "--data", str(tmp_path)]
    shown = [one for sample in drafts(read_one("the-thu-vien", folder)) for one in sample.questions]
    terminal = pexpect.spawn(sys.executable, command, timeout=30, encoding="utf-8", dimensions=(40, 200))
    try:
        for question, said in zip(shown, ("", "-", "Câu của tôi?"), strict=False):
            terminal.expect_exact(question)
            terminal.expect_exact("> ")
            terminal.sendline(said)
        terminal.expect_exact(shown[3])
        terminal.sendeof()
        terminal.expect_exact("2 questions kept")
        terminal.expect(pexpect.EOF)
    finally:
        terminal.close()
    kept = [one for sample in questions.read(folder / "the-thu-vien.md") for one in sample.questions]
    assert kept == [shown[0], "Câu của tôi?"]
