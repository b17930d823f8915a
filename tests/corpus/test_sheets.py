"""Excel workbooks: each cell as a person sees it, and only the cells in which something stands."""

import datetime
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import samples
from openpyxl.styles import Border, Font, Side
from openpyxl.utils.datetime import MAC_EPOCH

from corpus.intake.examine import Kind, examine
from corpus.reading.extract import Hidden, Unread
from corpus.reading.read import Reading, parse, read_content

FEES: list[list[Any]] = [
    ["Thủ tục", "Mức thu"],
    ["Cấp bản sao trích lục", "8.000 đồng"],
    ["Chứng thực chữ ký", "10.000 đồng"],
]
FEES_READ = (
    "## Biểu phí\n\n| Thủ tục | Mức thu |\n|---|---|\n"
    "| Cấp bản sao trích lục | 8.000 đồng |\n| Chứng thực chữ ký | 10.000 đồng |\n"
)
BUDGET: list[list[Any]] = [
    ["Nội dung", "Giá trị"],
    ["Kinh phí chuyển đổi số năm 2026 (đồng)", 45_678_900_000, "#,##0", "45.678.900.000"],
    ["Vốn đầu tư, ô định dạng General (đồng)", 1_234_567_890_123, "General", "1234567890123"],
    ["Điện thoại đường dây nóng", 900_000_001, "0000000000", "0900000001"],
    ["Mã đơn vị hành chính", 4, "00000", "00004"],
    ["Tỷ lệ hồ sơ trực tuyến", 0.35678, "0.0%", "35,7%"],
    ["Mức phí (nghìn đồng)", 75_000, "#,##0,", "75"],
    ["Giờ mở cửa", datetime.time(8, 30), "hh:mm", "08:30"],
    ["Tháng báo cáo", datetime.datetime(2026, 9, 1), "mm/yyyy", "09/2026"],  # noqa: DTZ001 as Excel keeps it
    ["Thời lượng xử lý", datetime.timedelta(hours=26, minutes=5), "[h]:mm", "26:05"],
    ["Lệ phí", 8000, '#,##0" đồng"', "8.000 đồng"],
    ["Số dư âm", -1_500_000, "#,##0;(#,##0)", "(1.500.000)"],
    ["Đã ký số", True, "General", "TRUE"],
    ["Ghi chú", "theo quý", '@" (mới)"', "theo quý (mới)"],
]


def workbook(rows: list[list[Any]], title: str = "Biểu phí", change: Callable[[Any], None] = lambda _: None) -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    change(sheet)
    return samples._saved(book.save)


def with_parts(content: bytes, change: Callable[[str, bytes], tuple[str, bytes]]) -> bytes:
    """A workbook whose parts, and their names, are changed."""
    stream = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(*change(name, old.read(name)))
    return stream.getvalue()


def with_rows(content: bytes, rows: str) -> bytes:
    """A workbook with more rows at the end of its sheet, written as XML."""

    def change(name: str, part: bytes) -> tuple[str, bytes]:
        ends = name.endswith("sheet1.xml")
        return name, part.replace(b"</sheetData>", rows.encode() + b"</sheetData>") if ends else part

    return with_parts(content, change)


def found_in(content: bytes) -> Reading:
    return parse(content, False)


def test_every_cell_is_written_as_its_format_shows_it() -> None:
    def change(sheet: Any) -> None:
        for number, row in enumerate(BUDGET[1:], 2):
            sheet.cell(number, 2, row[1]).number_format = row[2]

    found = found_in(workbook([BUDGET[0], *(row[:1] for row in BUDGET[1:])], "Dự toán", change))
    rows = "".join(f"| {row[0]} | {row[3]} |\n" for row in BUDGET[1:])
    assert found.markdown == f"## Dự toán\n\n| Nội dung | Giá trị |\n|---|---|\n{rows}"
    assert not found.hidden
    assert not found.unread


def test_a_formula_without_a_stored_result_is_an_empty_cell_and_a_concern() -> None:
    rows: list[list[Any]] = [["Hạng mục", "Số tiền"], ["Hạ tầng", 1200], ["Đào tạo", 300], ["Tổng cộng", "=SUM(B2:B3)"]]
    found = found_in(workbook([*rows, ["Tỷ lệ", "=B3/B4"]], "Kinh phí"))
    assert found.markdown.endswith("| Đào tạo | 300 |\n| Tổng cộng |  |\n| Tỷ lệ |  |\n")
    assert [(one.kind, one.found) for one in found.unread] == [("formula", "Kinh phí!B4, Kinh phí!B5")]
    concerns = examine(found.markdown, unread=[(one.kind, one.found, one.why) for one in found.unread])
    [formula] = [concern for concern in concerns if concern.kind is Kind.FORMULA]
    assert formula.found == "Kinh phí!B4, Kinh phí!B5"
    assert "2 formulas whose result the file does not store" in formula.why


def _formula(cell: str, formula: str, kind: str, value: str) -> str:
    return f'<c r="{cell}"{kind}><f>{formula}</f>{value}</c>'


def test_stored_results_of_formulas_are_read_and_those_of_programs_that_compute_nothing_are_not() -> None:
    cells = (
        _formula("A4", 'A2&amp;""', ' t="str"', "<v>Tổng cộng</v>")
        + _formula("B4", "SUM(C2:C3)", "", "<v>0</v>")
        + _formula("C4", "1/0", ' t="e"', "<v>#DIV/0!</v>")
        + _formula("D4", '""', ' t="str"', "<v></v>")
        + _formula("E4", "1&gt;0", ' t="b"', "<v>1</v>")
    )
    plain = with_rows(workbook(FEES), f'<row r="4">{cells}</row>')

    def computed(name: str, part: bytes) -> tuple[str, bytes]:
        return name, part.replace(b'fullCalcOnLoad="1"', b"")

    found = found_in(with_parts(plain, computed))
    assert "| Tổng cộng | 0 | #DIV/0! | TRUE |" in found.markdown
    assert [(one.found, "error" in one.why) for one in found.unread] == [("Biểu phí!C4", True)]
    uncomputed = found_in(plain)
    assert "| Tổng cộng |  | #DIV/0! | TRUE |" in uncomputed.markdown
    assert [one.found for one in uncomputed.unread] == ["Biểu phí!B4", "Biểu phí!C4"]


def test_a_concern_names_twenty_formulas_and_says_how_many_there_are() -> None:
    found = found_in(workbook([[f"Mục {number}", "=1+1"] for number in range(1, 31)]))
    [unread] = found.unread
    assert unread.found.endswith("Biểu phí!B20…")
    assert unread.why.startswith("30 formulas")


PADDED = {
    "the last corner": '<row r="1048576"><c r="XFD1048576" s="1"/></row>',
    "far to the right": "".join(f'<row r="{at}"><c r="AAA{at}" s="1"/><c r="XFD{at}"/></row>' for at in range(4, 9)),
    "three rows from the first column to the last": ("<row>" + '<c s="1"/>' * 16_384 + "</row>") * 3,
    "a merged cell down to the end": '</sheetData><mergeCells><mergeCell ref="B3:C1048576"/></mergeCells><sheetData>',
    "every row to the end": "".join(f'<row r="{at}" ht="15.75"><c r="A{at}" s="1"/></row>' for at in range(4, 200_000)),
}


@pytest.mark.parametrize("where", PADDED)
def test_cells_that_are_only_formatted_cost_nothing_and_leave_no_trace(where: str) -> None:
    def change(sheet: Any) -> None:
        sheet["B3"].border = Border(left=Side(style="thin"))

    content = with_rows(workbook(FEES, change=change), PADDED[where])
    began = time.monotonic()
    found = read_content(content, Path("bieu-phi.xlsx"))
    assert found.markdown == FEES_READ
    assert not found.hidden
    assert not found.unread
    assert time.monotonic() - began < 30
    assert {concern.kind for concern in examine(found.markdown)} == {Kind.EMPTY}


def test_a_workbook_of_many_filled_cells_stays_within_a_gigabyte() -> None:
    rows = "".join(
        f'<row r="{at}"><c r="A{at}" t="inlineStr"><is><t>Thủ tục {at}</t></is></c><c r="B{at}"><v>{at}</v></c></row>'
        for at in range(4, 60_000)
    )
    done = subprocess.run(
        [sys.executable, "-m", "corpus.reading.read", "", "1000000000"],
        input=with_rows(workbook(FEES), rows),
        capture_output=True,
        check=True,
    )
    assert "| Thủ tục 59999 | 59999 |" in json.loads(done.stdout)["markdown"]


def test_too_many_filled_cells_are_refused() -> None:
    wide = "".join(
        f'<row r="{at}">' + f'<c r="{letters}{at}"><v>1</v></c>' + "</row>"
        for at, letters in enumerate((openpyxl.utils.get_column_letter(column) for column in range(1, 1500)), 4)
    )  # 1,500 cells that would make a table of 2,250,000
    with pytest.raises(Exception, match="more than 1000000 cells"):
        found_in(with_rows(workbook(FEES), wide))


def test_a_value_that_its_format_hides_is_told_and_a_zero_is_not() -> None:
    def change(sheet: Any) -> None:
        sheet["C2"], sheet["C3"] = "bí mật", 0
        sheet["C2"].number_format, sheet["C3"].number_format = ";;;", "#,###"

    found = found_in(workbook(FEES, change=change))
    assert found.markdown == FEES_READ
    assert found.hidden == (Hidden("bí mật", "cell Biểu phí!C2", "hidden by its number format"),)


def test_white_and_tiny_letters_are_told_and_white_ones_on_a_dark_cell_are_seen() -> None:
    def change(sheet: Any) -> None:
        for cell, font in (("C1", Font(color="FFFFFFFF")), ("C2", Font(sz=1)), ("C3", Font(color="FFFFFFFF"))):
            sheet[cell], sheet[cell].font = f"chữ ở {cell}", font
        sheet["C3"].fill = openpyxl.styles.PatternFill("solid", fgColor="FF003366")

    found = found_in(workbook(FEES, change=change))
    assert [(each.text, each.how) for each in found.hidden] == [("chữ ở C1", "white"), ("chữ ở C2", "tiny")]
    assert "chữ ở C3" in found.markdown


def test_a_filtered_table_stays_one_table() -> None:
    def change(sheet: Any) -> None:
        sheet.row_dimensions[2].hidden = True

    found = found_in(workbook(FEES, change=change))
    assert found.markdown == "## Biểu phí\n\n| Thủ tục | Mức thu |\n|---|---|\n| Chứng thực chữ ký | 10.000 đồng |\n"
    assert {each.how for each in found.hidden} == {"hidden row"}


def test_an_empty_row_parts_two_tables_and_a_merged_cell_does_not() -> None:
    rows: list[list[Any]] = [*FEES, [None], ["Nơi nộp", "Giờ"], ["Phường Láng", "8h"]]
    assert found_in(workbook(rows)).markdown.count("|---|---|") == 2

    def change(sheet: Any) -> None:
        sheet.merge_cells("A3:A4")
        sheet["B4"] = "12.000 đồng"

    found = found_in(workbook(FEES, change=change)).markdown
    assert found.endswith("| Chứng thực chữ ký | 10.000 đồng |\n| Chứng thực chữ ký | 12.000 đồng |\n")


def test_days_since_1904_and_dates_in_words_of_iso_are_read() -> None:
    def dated(sheet: Any) -> None:
        sheet.parent.epoch = MAC_EPOCH
        sheet["B2"] = 44804
        sheet["B2"].number_format = "dd/mm/yyyy"

    content = with_rows(workbook(FEES, change=dated), '<row r="4"><c r="A4" t="d"><v>2026-09-01T00:00:00</v></c></row>')
    found = found_in(content).markdown
    assert "| Cấp bản sao trích lục | 01/09/2026 |" in found
    assert "| 01/09/2026 |  |" in found


def test_parts_with_other_names_slashes_and_capitals_are_found() -> None:
    def change(name: str, part: bytes) -> tuple[str, bytes]:
        if name == "xl/_rels/workbook.xml.rels":
            part = part.replace(b"/xl/worksheets/sheet1.xml", b"worksheets\\Bang.XML")
        return name.replace("sheet1.xml", "bang.xml").replace("styles", "Styles"), part

    assert found_in(with_parts(workbook(FEES), change)).markdown == FEES_READ


def test_a_strict_workbook_is_read_like_any_other() -> None:
    def change(name: str, part: bytes) -> tuple[str, bytes]:
        part = part.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        )
        old = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        return name, part.replace(old, b"http://purl.oclc.org/ooxml/officeDocument/relationships")

    assert found_in(with_parts(workbook(FEES), change)).markdown == FEES_READ


def test_runs_of_a_text_are_joined_and_readings_and_codes_are_not_part_of_it() -> None:
    text = "<is><r><t>Ủy ban </t></r><r><rPr><b/></rPr><t>nhân dân_x000D_</t></r><rPh><t>đọc</t></rPh></is>"
    content = with_rows(workbook(FEES), f'<row r="4"><c r="A4" t="inlineStr">{text}</c></row>')
    assert "| Ủy ban nhân dân |  |\n" in found_in(content).markdown


def test_a_number_that_no_computer_can_hold_stays_as_it_is_written() -> None:
    content = with_rows(workbook(FEES), '<row r="4"><c r="A4"><v>1e999</v></c><c r="B4"><v>NaN</v></c></row>')
    assert "| 1e999 | NaN |" in found_in(content).markdown


def test_words_in_a_text_box_on_a_sheet_are_read() -> None:
    drawing = (
        '<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><xdr:twoCellAnchor><xdr:sp><xdr:txBody>'
        "<a:p><a:r><a:t>Mức thu áp dụng </a:t></a:r><a:r><a:t>từ 01/10/2026.</a:t></a:r></a:p>"
        "</xdr:txBody></xdr:sp></xdr:twoCellAnchor></xdr:wsDr>"
    )
    related = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/drawing" '
        'Target="../drawings/drawing1.xml"/></Relationships>'
    )
    stream = BytesIO(workbook(FEES))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("xl/drawings/drawing1.xml", drawing)
        archive.writestr("xl/worksheets/_rels/sheet1.xml.rels", related)
    assert found_in(stream.getvalue()).markdown == f"{FEES_READ}\nMức thu áp dụng từ 01/10/2026.\n"


def test_what_was_not_read_comes_through_the_process_that_parses() -> None:
    found = read_content(workbook([["Tổng", "=1+1"], ["Số", 1]]), Path("a.xlsx"))
    assert [type(one) for one in found.unread] == [Unread]
