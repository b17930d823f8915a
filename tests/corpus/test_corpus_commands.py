"""`hanoidx corpus check` and `hanoidx corpus show`, as an operator sees them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from corpus.__main__ import app

WriteDocument = Callable[..., Path]


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env=environment)


@pytest.fixture
def folder(tmp_path: Path, write_document: WriteDocument) -> Path:
    """One document, of two passages."""
    body = "## Gọi số nào\n\nTổng đài 1022 nhận phản ánh [1]. Gọi cả ngày.\n\nGồm:\n\n- Đơn [1];\n- Ảnh.\n\n"
    table = "## Mức\n\n| Năm | Phí |\n|---|---|\n| 2025 | 0 đồng |"
    write_document(tmp_path, "tong-dai", body + table, title="Tổng đài [1022]", note="Thử.")
    return tmp_path


def test_the_documents_of_the_repository_are_in_order() -> None:
    result = run("check")
    assert (result.exit_code, result.output) == (0, "105 documents, 592 passages, nothing to mend\n")


def test_documents_in_order_are_counted(folder: Path) -> None:
    result = run("check", "--documents", str(folder))
    assert (result.exit_code, result.output) == (0, "1 documents, 2 passages, nothing to mend\n")


def test_every_finding_is_a_line_with_its_place_and_its_mend(folder: Path, write_document: WriteDocument) -> None:
    path = write_document(folder, "hoa-don", "Một câu [3].", status="cũ", supersedes=["tong-dai", "khac"])
    result = run("check", "--documents", str(folder))
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"{path}:9: status 'cũ' is unknown — it is one of: còn hiệu lực, hết hiệu lực, được thay thế, "
        "thông tin tại thời điểm",
        f"{path}:12: «supersedes» names 'khac', which no document is — correct the id",
        f"{path}:22: marker [3] has no source — add source n: 3 or correct it",
    ]


def test_the_folder_can_be_named_by_the_environment(folder: Path) -> None:
    assert run("check", HANOIDX_CORPUS=str(folder)).output.startswith("1 documents")
    assert "tong-dai#muc" in run("show", "tong-dai", HANOIDX_CORPUS=str(folder)).output


def test_a_folder_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    result = run("check", "--documents", str(tmp_path / "nowhere"))
    assert result.exit_code == 1
    assert result.output == f"{tmp_path / 'nowhere'}:0: no such folder — name the folder that holds the documents\n"


def test_a_document_is_shown_with_its_entry_and_its_passages(folder: Path) -> None:
    result = run("show", "tong-dai", "--documents", str(folder))
    assert result.exit_code == 0
    assert (
        result.output
        == """\
Tổng đài [1022]
id            tong-dai
issuer        UBND thành phố Hà Nội
number        –
doc_type      hướng dẫn
issued        2025-07-01
as_of         2025-07-01
status        còn hiệu lực
note          Thử.
supersedes    –
superseded_by –
[1] UBND, 2025-07-01: Cổng
    https://hanoi.gov.vn

tong-dai#goi-so-nao
  Gọi số nào
  sentence  Tổng đài 1022 nhận phản ánh. [1]
  sentence  Gọi cả ngày.
  sentence  Gồm:
  under     Gồm:
  item      Đơn; [1]
  item      Ảnh.

tong-dai#muc
  Mức
  row       Năm 2025: 0 đồng
"""
    )


def test_an_unknown_id_is_one_line_that_names_those_like_it(folder: Path) -> None:
    result = run("show", "tong-dat", "--documents", str(folder))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"hanoidx: no document 'tong-dat' in {folder}; did you mean tong-dai?\n"


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"---\nid: [\n---\nx", b"---\n" + b"[" * 5000 + b"\n---\nx"])
def test_a_damaged_document_is_one_line_and_no_traceback(folder: Path, damage: bytes) -> None:
    (folder / "tong-dai.md").write_bytes(damage)
    result = run("show", "tong-dai", "--documents", str(folder))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"hanoidx: {folder / 'tong-dai.md'}:")
    assert result.stderr.count("\n") == 1


def test_every_command_says_what_it_does() -> None:
    for command in ("check", "show"):
        result = run(command, "--help")
        assert result.exit_code == 0
        assert "HANOIDX_CORPUS" in result.output
