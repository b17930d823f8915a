"""Names as they come from Macs, Windows and shared drives, and the sidecars that belong to files so named."""

import os
import sys
import unicodedata
from pathlib import Path

import docx
import pexpect
import pytest
import yaml
from conftest import WriteDocument
from typer.testing import CliRunner

from bot.__main__ import app
from corpus.catalogue import check, read_folder
from corpus.errors import CorpusError
from corpus.intake import intake, names
from corpus.intake.intake import Shelf

ROOT = Path(__file__).parents[2]
PLACES = {
    "901": ("đỗ xe trên hè phố", "Xe máy để sát mép trong, đầu quay ra đường."),
    "902": ("thu gom rác", "Rác hữu cơ bỏ túi xanh trước mười tám giờ; rác tái chế giao cho tổ vào sáng chủ nhật."),
    "903": ("nuôi chó mèo", "Chủ nuôi tiêm phòng dại mỗi năm một lần, dắt chó có rọ mõm và dọn sạch nơi chúng đi."),
    "904": ("biển quảng cáo", "Biển ngang cao không quá hai mét, biển dọc không lấn ra ngoài ban công."),
    "905": ("giờ họp chợ", "Chợ họp từ năm giờ đến mười chín giờ, hàng tươi sống bày ở dãy phía đông gần cổng số ba."),
}  # fmt: skip


def decision(file: Path, key: str) -> None:
    """A sound decision in Word that says nothing of an end."""
    matter, rule = PLACES[key]
    document = docx.Document()
    for line in (
        "ỦY BAN NHÂN DÂN PHƯỜNG VÍ DỤ",
        f"Số: {key}/QĐ-UBND",
        "Hà Nội, ngày 2 tháng 3 năm 2026",
        "QUYẾT ĐỊNH",
        f"Về việc quy định {matter} trên địa bàn phường",
        f"Điều 1. {rule}",
        f"Điều 2. Trưởng phòng phụ trách {matter} và người dân thi hành; Quyết định có hiệu lực kể từ ngày ký.",
    ):
        document.add_paragraph(line)
    file.parent.mkdir(parents=True, exist_ok=True)
    document.save(str(file))


def state(file: Path, document_id: str, more: str = "") -> None:
    file.write_text(f"id: {document_id}\nstatus: hết hiệu lực\n{more}", "utf-8")


@pytest.fixture
def shelf(tmp_path: Path, write_document: WriteDocument) -> Shelf:
    folder = tmp_path / "bundled"
    write_document(folder, "wifi", "## Ở đâu\n\nWifi công cộng có quanh hồ Hoàn Kiếm.")
    return Shelf(tmp_path / "data", folder)


def add(shelf: Shelf, *sources: Path) -> tuple[int, str]:
    environ = {"HANOIDX_DATA": str(shelf.data), "HANOIDX_CORPUS": str(shelf.bundled)}
    result = CliRunner(env=environ).invoke(app, ["corpus", "add", *map(str, sources), "--yes"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def leave_behind(folder: Path) -> None:
    """What Macs, Windows and Word leave in a folder."""
    for name, content in {
        ".DS_Store": b"\0\0\0\1Bud1",
        "._bai-do-902.docx": bytes.fromhex("0005160700020000"),
        "__MACOSX/._bai-do-902.docx": bytes.fromhex("0005160700020000"),
        "~$i-do-902.docx": b"\3Lan" + bytes(158),
        "~WRL0003.tmp": b"\xd0\xcf\x11\xe0",
        "Thumbs.db": bytes.fromhex("d0cf11e0a1b11ae1"),
        "THUMBS.DB": bytes.fromhex("d0cf11e0a1b11ae1"),
        "desktop.ini": b"[.ShellClassInfo]",
        "@eaDir/bai-do-902.docx/SYNOFILE_THUMB_M.png": b"\x89PNG",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def test_a_folder_from_a_mac_or_a_shared_drive_is_taken_in_with_its_sidecars(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "den"
    decision(folder / unicodedata.normalize("NFD", "Quyết định đỗ xe.docx"), "901")
    state(folder / "Quyết định đỗ xe.docx.yaml", "do-xe-901", "as_of: 2026-06-01\n")
    for name, key, beside in (
        ("bai-do-902.docx", "902", "bai-do-902.docx.yml"),
        ("bai-do-903.DOCX", "903", "bai-do-903.docx.yaml"),
        ("bai-do-904.docx", "904", "BAI-DO-904.docx.YAML"),
    ):
        decision(folder / name, key)
        state(folder / beside, f"do-xe-{key}")
    leave_behind(folder)
    code, said = add(shelf, folder)
    assert code == 0, said
    assert [line.split()[:2] for line in said.splitlines()] == [
        ["added", f"do-xe-{key}"] for key in ("901", "902", "903", "904")
    ]
    added = {one.entry.id: one.entry for one in read_folder(shelf.bundled, shelf.added) if one.entry.id != "wifi"}
    assert {entry.status for entry in added.values()} == {"hết hiệu lực"}
    assert (added["do-xe-901"].as_of, added["do-xe-902"].as_of) == ("2026-06-01", "2026-03-02")
    front = yaml.safe_load((shelf.added / "do-xe-901.md").read_text("utf-8").split("---\n")[1])
    assert front["original"] == "Quyết định đỗ xe.docx"
    assert unicodedata.is_normalized("NFC", front["original"])
    assert check(shelf.bundled, shelf.added) == []


def test_the_same_files_named_one_by_one_are_taken_in_likewise(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "den"
    decision(folder / "bai-do-902.docx", "902")
    state(folder / "bai-do-902.docx.yml", "do-xe-902")
    leave_behind(folder)
    code, said = add(shelf, *(one for one in sorted(folder.iterdir()) if one.is_file()))
    assert (code, said.split()[:2]) == (0, ["added", "do-xe-902"])
    assert said.count("\n") == 1


def test_a_terminal_shows_which_file_of_a_folder_is_read(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "den"
    decision(folder / unicodedata.normalize("NFD", "Đỗ xe.docx"), "901")
    (folder / "hong.docx").write_bytes(b"PK\3\4")
    environ = os.environ | {"HANOIDX_DATA": str(shelf.data), "HANOIDX_CORPUS": str(shelf.bundled)}
    arguments = ["-m", "bot", "corpus", "add", str(folder), "--yes"]
    screen = pexpect.spawn(
        sys.executable, arguments, encoding="utf-8", dimensions=(24, 200), timeout=60, env=environ, cwd=ROOT
    )
    screen.expect(r"0/2\S* hong.docx.*hanoidx: .*hong.docx.*1/2\S* Đỗ xe.docx.*added ")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 1


@pytest.mark.parametrize("name", ["bai-do-906.docx.yaml", "bai-do-906.docx.YML", "bai-do-906.yaml", "ghi-chu.yml"])
def test_a_sidecar_without_its_file_is_named_and_the_others_enter(shelf: Shelf, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "den"
    decision(folder / "bai-do-905.docx", "905")
    state(folder / name, "do-xe-906")
    code, said = add(shelf, folder)
    assert code == 1
    [line] = [line for line in said.splitlines() if line.startswith("hanoidx: ")]
    assert f"{name}: no file beside it belongs to this sidecar — name it after its file" in line
    assert "added " in said
    assert len(read_folder(shelf.bundled, shelf.added)) == 2


def test_a_sidecar_that_is_wrong_keeps_its_document_out(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "den"
    decision(folder / "bai-do-905.docx", "905")
    (folder / "BAI-DO-905.DOCX.yml").write_text("tinh_trang: hết hiệu lực\n", "utf-8")
    code, said = add(shelf, folder)
    assert (code, "'tinh_trang' is unknown" in said) == (1, True)
    assert len(read_folder(shelf.bundled, shelf.added)) == 1


def test_two_sidecars_of_one_file_are_refused(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "den"
    decision(folder / "bai-do-905.docx", "905")
    state(folder / "bai-do-905.docx.yaml", "do-xe-905")
    state(folder / "bai-do-905.docx.yml", "do-xe-906")
    code, said = add(shelf, folder)
    assert (code, "it has two sidecars, bai-do-905.docx.yaml and bai-do-905.docx.yml" in said) == (1, True)
    assert len(read_folder(shelf.bundled, shelf.added)) == 1


def test_files_that_differ_in_case_alone_each_have_their_own(tmp_path: Path) -> None:
    for name in ("a.txt", "A.txt"):
        (tmp_path / name).write_text("x")
        state(tmp_path / f"{name}.yaml", f"tai-lieu-{ord(name[0])}")
    assert [intake.sidecar(tmp_path / name)["id"] for name in ("a.txt", "A.txt")] == ["tai-lieu-97", "tai-lieu-65"]
    (tmp_path / "A.txt.yaml").rename(tmp_path / "B.txt.yaml")
    assert intake.sidecar(tmp_path / "A.txt") == {}


def test_a_sidecar_may_be_called_by_the_name_without_its_suffix_if_that_is_plain(tmp_path: Path) -> None:
    (tmp_path / "57.docx").write_text("x")
    state(tmp_path / "57.yaml", "qd-57")
    assert intake.sidecar(tmp_path / "57.docx")["id"] == "qd-57"
    (tmp_path / "57.pdf").write_text("x")
    assert intake.sidecar(tmp_path / "57.docx") == {}
    assert names.owner(tmp_path / "57.yaml") is None  # which is told: see `_sources`


def test_what_a_sidecar_says_in_decomposed_letters_counts(tmp_path: Path) -> None:
    (tmp_path / "57.docx").write_text("x")
    (tmp_path / "57.docx.yaml").write_text(unicodedata.normalize("NFD", "status: hết hiệu lực\n"), "utf-8")
    assert intake.sidecar(tmp_path / "57.docx") == {"status": "hết hiệu lực"}
    (tmp_path / "57.docx.yaml").write_bytes("status: hết hiệu lực\n".encode("utf-16"))
    with pytest.raises(CorpusError, match="it is not YAML in UTF-8"):
        intake.sidecar(tmp_path / "57.docx")


def test_sample_questions_beside_documents_are_no_sidecars(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "den"
    decision(folder / "bai-do-905.docx", "905")
    (folder / "questions").mkdir()
    (folder / "questions" / "bai-do-905.yaml").write_text("- answered_by: Chợ\n  questions: [Chợ họp lúc nào?]\n")
    assert add(shelf, folder)[0] == 0


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        (unicodedata.normalize("NFD", "Quyết định.docx"), "Quyết định.docx"),
        ("..\\..\\etc\\Quyết định.docx", "Quyết định.docx"),
        ("ệ" * 255 + ".docx", "ệ" * 65 + ".docx"),
        ("không có đuôi", "không có đuôi"),
        ("h\udcffng.pdf", "h?ng.pdf"),
    ],
)
def test_a_name_that_was_sent_becomes_one_that_a_file_can_have(name: str, safe: str, tmp_path: Path) -> None:
    assert names.safe(name) == safe
    (tmp_path / names.safe(name)).write_bytes(b"")


@pytest.mark.parametrize("name", ["Thumbs.db.docx", "~nhap.docx", "desktop.ini.pdf", "1.docx"])
def test_a_document_is_not_taken_for_something_left_over(name: str) -> None:
    assert not names.is_left_over(name)
