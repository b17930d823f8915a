"""What the next build would change, told before it is built."""

import json
from pathlib import Path

import pytest
from conftest import WriteDocument
from typer.testing import CliRunner

from bot.__main__ import app


@pytest.fixture
def corpus(tmp_path: Path, write_document: WriteDocument) -> Path:
    folder = tmp_path / "corpus"
    write_document(
        folder, "le-phi", "## Mức thu\n\nLệ phí cấp giấy là 50.000 đồng.\n\n## Hồ sơ\n\nHồ sơ gồm một tờ đơn."
    )
    write_document(folder, "wifi", "## Ở đâu\n\nWifi công cộng có quanh hồ Hoàn Kiếm.")
    write_document(folder, "tong-dai", "## Gọi số nào\n\nTổng đài 1022 tiếp nhận phản ánh của người dân Hà Nội.")
    return folder


def hanoidx(tmp_path: Path, *arguments: str) -> str:
    environ = {"HANOIDX_DATA": str(tmp_path / "data"), "HANOIDX_CORPUS": str(tmp_path / "corpus")}
    result = CliRunner(env=environ).invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_without_a_change_nothing_is_told(tmp_path: Path, corpus: Path) -> None:
    hanoidx(tmp_path, "index", "build")
    assert hanoidx(tmp_path, "corpus", "diff") == "nothing has changed since the active snapshot\n"


def test_documents_passages_facts_and_citations_that_change_are_told(
    tmp_path: Path, corpus: Path, write_document: WriteDocument
) -> None:
    hanoidx(tmp_path, "index", "build")
    answered = json.loads(hanoidx(tmp_path, "ask", "Lệ phí cấp giấy là bao nhiêu?", "--json"))
    assert answered["citations"][0]["document_id"] == "le-phi"
    kept = json.loads(hanoidx(tmp_path, "ask", "Hồ sơ gồm những gì?", "--json"))
    body = "## Mức thu\n\nLệ phí cấp giấy là 70.000 đồng.\n\n## Hồ sơ\n\nHồ sơ gồm một tờ đơn."
    body = f"{body}\n\n## Nơi nộp\n\nNộp tại xã."
    write_document(corpus, "le-phi", body, status="được thay thế")
    (corpus / "wifi.md").unlink()
    write_document(corpus, "le-phi-moi", "## Mức thu\n\nTừ năm 2026 không thu lệ phí.", supersedes=["le-phi"])
    told = hanoidx(tmp_path, "corpus", "diff").splitlines()
    assert told[0] == "+ le-phi-moi (Le phi moi): passages +1 ~0 -0"
    assert told[1] == "~ le-phi (Le phi): passages +1 ~1 -0; status"
    assert told[2:4] == ["    + le-phi#noi-nop", "    ~ le-phi#muc-thu"]
    assert told[4] == "- wifi (Wifi): passages +0 ~0 -1"
    assert told[5] == "! le-phi is superseded by le-phi-moi now"
    assert told[6].startswith(f"? answer {answered['answer_id']} quotes words of le-phi that would vanish: ")
    assert "50.000 đồng" in told[6]
    assert kept["answer_id"] not in "\n".join(told)
    fields = json.loads(hanoidx(tmp_path, "corpus", "diff", "--json"))
    assert [change["document_id"] for change in fields["removed"]] == ["wifi"]
    assert fields["superseded"] == {"le-phi": ["le-phi-moi"]}
