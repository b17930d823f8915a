"""Tables whose head has several rows, in every kind of file: each column is called by its group and its own name."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import docx
import openpyxl
import pptx
import pytest
import samples
from docx.oxml import OxmlElement
from odf import table as odf_table
from odf import text as odf_text
from odf.opendocument import OpenDocumentText
from pptx.util import Inches
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import SimpleDocTemplate, Table, TableStyle

from corpus.intake.examine import Kind, examine
from corpus.reading import tables
from corpus.reading.read import parse
from corpus.reading.tables import Cell, Span

Merge = tuple[int, int, int, int]  # row, column, how many rows, how many columns
Rows = list[list[str]]

TARGETS: Rows = [
    ["STT", "Chỉ tiêu", "Năm 2025", "", "Năm 2026", ""],
    ["", "", "Kế hoạch", "Thực hiện", "Kế hoạch", "Ước thực hiện"],
    ["1", "Hồ sơ trực tuyến (%)", "70", "65", "80", "82"],
    ["2", "Thanh toán điện tử (%)", "50", "0", "60", "61"],
]
TARGET_NAMES = (
    "STT | Chỉ tiêu | Năm 2025 – Kế hoạch | Năm 2025 – Thực hiện | Năm 2026 – Kế hoạch | Năm 2026 – Ước thực hiện"
)
TARGET_ROWS = ["1 | Hồ sơ trực tuyến (%) | 70 | 65 | 80 | 82", "2 | Thanh toán điện tử (%) | 50 | 0 | 60 | 61"]
CASES: dict[str, tuple[Rows, list[Merge], list[str]]] = {
    "two rows": (TARGETS, [(0, 0, 2, 1), (0, 1, 2, 1), (0, 2, 1, 2), (0, 4, 1, 2)], [TARGET_NAMES, *TARGET_ROWS]),
    "groups merged, the others not": (TARGETS, [(0, 2, 1, 2), (0, 4, 1, 2)], [TARGET_NAMES, *TARGET_ROWS]),
    "three rows": (
        [
            ["Nơi", "Năm 2026", "", "", "Ghi chú"],
            ["", "Quý I", "", "Quý II", ""],
            ["", "Kế hoạch", "Kết quả", "Kế hoạch", ""],
            ["Phường Ba Đình", "120", "118", "130", "đạt"],
            ["Phường Láng", "90", "95", "110", "vượt"],
        ],
        [(0, 0, 3, 1), (0, 1, 1, 3), (0, 4, 3, 1), (1, 1, 1, 2)],
        [
            "Nơi | Năm 2026 – Quý I – Kế hoạch | Năm 2026 – Quý I – Kết quả | Năm 2026 – Quý II – Kế hoạch | Ghi chú",
            "Phường Ba Đình | 120 | 118 | 130 | đạt",
            "Phường Láng | 90 | 95 | 110 | vượt",
        ],
    ),
    "a title over all columns": (
        [["Biểu số 1. Chỉ tiêu của phường", "", "", "", "", ""], *TARGETS],
        [(0, 0, 1, 6), (1, 0, 2, 1), (1, 1, 2, 1), (1, 2, 1, 2), (1, 4, 1, 2)],
        [TARGET_NAMES, *TARGET_ROWS],
    ),
    "years below a plan": (
        [
            ["Lĩnh vực", "Kế hoạch", "", "Kết quả", ""],
            ["", "2025", "2026", "2025", "2026"],
            ["Hộ tịch", "1.200", "1.300", "1.250", "1.290"],
        ],
        [(0, 0, 2, 1), (0, 1, 1, 2), (0, 3, 1, 2)],
        [
            "Lĩnh vực | Kế hoạch – 2025 | Kế hoạch – 2026 | Kết quả – 2025 | Kết quả – 2026",
            "Hộ tịch | 1.200 | 1.300 | 1.250 | 1.290",
        ],
    ),
    "every column in a group": (
        [
            ["Nơi nộp", "", "Mức thu", ""],
            ["Xã", "Phường", "Trực tiếp", "Trực tuyến"],
            ["có", "không", "8.000 đồng", "0 đồng"],
            ["không", "có", "9.000 đồng", "0 đồng"],
        ],
        [(0, 0, 1, 2), (0, 2, 1, 2)],
        [
            "Nơi nộp – Xã | Nơi nộp – Phường | Mức thu – Trực tiếp | Mức thu – Trực tuyến",
            "có | không | 8.000 đồng | 0 đồng",
            "không | có | 9.000 đồng | 0 đồng",
        ],
    ),
    "a group over columns with one row": (
        [
            ["Thủ tục", "Mức thu", ""],
            ["Cấp bản sao", "8.000 đồng", "một bản"],
            ["Chứng thực", "2.000 đồng", "một trang"],
        ],
        [(0, 1, 1, 2)],
        ["Thủ tục | Mức thu | Mức thu", "Cấp bản sao | 8.000 đồng | một bản", "Chứng thực | 2.000 đồng | một trang"],
    ),
    "units in brackets": (
        [
            ["Chỉ tiêu", "Số hộ", "Tỷ lệ"],
            ["", "(hộ)", "(%)"],
            ["Hộ nghèo", "12", "0,4"],
            ["Hộ cận nghèo", "31", "1,1"],
        ],
        [(0, 0, 2, 1)],
        ["Chỉ tiêu | Số hộ (hộ) | Tỷ lệ (%)", "Hộ nghèo | 12 | 0,4", "Hộ cận nghèo | 31 | 1,1"],
    ),
    "the columns numbered": (
        [
            ["Chỉ tiêu", "Thu", "Chi", "Còn lại"],
            ["A", "(1)", "(2)", "(3)=(1)-(2)"],
            ["Quỹ một", "10", "8", "2"],
            ["Quỹ hai", "7", "7", "0"],
        ],
        [],
        ["Chỉ tiêu (A) | Thu (1) | Chi (2) | Còn lại ((3)=(1)-(2))", "Quỹ một | 10 | 8 | 2", "Quỹ hai | 7 | 7 | 0"],
    ),
    "row heads over several rows": (
        [
            ["Lĩnh vực", "Thủ tục", "Mức thu"],
            ["Hộ tịch", "Khai sinh", "8.000 đồng"],
            ["", "Kết hôn", "30.000 đồng"],
            ["", "Khai tử", "8.000 đồng"],
            ["Cư trú", "Tạm trú", "15.000 đồng"],
        ],
        [(1, 0, 3, 1)],
        [
            "Lĩnh vực | Thủ tục | Mức thu",
            "Hộ tịch | Khai sinh | 8.000 đồng",
            "Hộ tịch | Kết hôn | 30.000 đồng",
            "Hộ tịch | Khai tử | 8.000 đồng",
            "Cư trú | Tạm trú | 15.000 đồng",
        ],
    ),
    "a value for two columns, and a total over two": (
        [
            ["STT", "Thủ tục", "Trực tiếp", "Trực tuyến"],
            ["1", "Khai sinh", "Miễn phí", ""],
            ["2", "Kết hôn", "30.000 đồng", "0 đồng"],
            ["Tổng cộng", "", "30.000 đồng", "0 đồng"],
        ],
        [(1, 2, 1, 2), (3, 0, 1, 2)],
        [
            "STT | Thủ tục | Trực tiếp | Trực tuyến",
            "1 | Khai sinh | Miễn phí | Miễn phí",
            "2 | Kết hôn | 30.000 đồng | 0 đồng",
            "Tổng cộng |  | 30.000 đồng | 0 đồng",
        ],
    ),
    "a section below the head": (
        [
            ["STT", "Chỉ tiêu", "Năm 2026", ""],
            ["", "", "Kế hoạch", "Kết quả"],
            ["I. Hộ tịch", "", "", ""],
            ["1", "Khai sinh", "40", "42"],
        ],
        [(0, 0, 2, 1), (0, 1, 2, 1), (0, 2, 1, 2), (2, 0, 1, 4)],
        [
            "STT | Chỉ tiêu | Năm 2026 – Kế hoạch | Năm 2026 – Kết quả",
            "I. Hộ tịch |  |  | ",
            "1 | Khai sinh | 40 | 42",
        ],
    ),
    "values below a merged name are no names": (
        [
            ["Hộ tịch", "Khai sinh", "Miễn phí", ""],
            ["", "Kết hôn", "8.000 đồng", "5.000 đồng"],
            ["Cư trú", "Tạm trú", "15.000 đồng", "7.000 đồng"],
        ],
        [(0, 0, 2, 1), (0, 2, 1, 2)],
        [
            "Hộ tịch | Khai sinh | Miễn phí | Miễn phí",
            "Hộ tịch | Kết hôn | 8.000 đồng | 5.000 đồng",
            "Cư trú | Tạm trú | 15.000 đồng | 7.000 đồng",
        ],
    ),
}


def covered(merges: list[Merge]) -> set[tuple[int, int]]:
    return {
        (row + down, column + across)
        for row, column, height, width in merges
        for down in range(height)
        for across in range(width)
        if down or across
    }


def xlsx(rows: Rows, merges: list[Merge]) -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append([int(cell) if cell.isdecimal() else cell or None for cell in row])
    for top, left, height, width in merges:
        sheet.merge_cells(None, top + 1, left + 1, top + height, left + width)
    return samples._saved(book.save)


def word(rows: Rows, merges: list[Merge]) -> bytes:
    document = docx.Document()
    grid = document.add_table(rows=len(rows), cols=len(rows[0]))
    grid.style = "Table Grid"
    for top, left, height, width in merges:
        grid.cell(top, left).merge(grid.cell(top + height - 1, left + width - 1))
    for at, row in enumerate(rows):
        for column, text in enumerate(row):
            if text:
                grid.cell(at, column).text = text
    return samples._saved(document.save)


def html(rows: Rows, merges: list[Merge]) -> bytes:
    spans = {(row, column): f' rowspan="{height}" colspan="{width}"' for row, column, height, width in merges}
    left_out = covered(merges)
    lines = [
        "".join(
            f"<td{spans.get((at, column), '')}><p>{text.replace(chr(10), '</p><p>')}</p></td>"
            for column, text in enumerate(row)
            if (at, column) not in left_out
        )
        for at, row in enumerate(rows)
    ]
    told = "<p>Bảng dưới đây nêu số liệu của các phường trong năm, theo báo cáo đã được phê duyệt.</p>" * 3
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    page = f"<html><head><title>Số liệu</title></head><body><h1>Số liệu</h1>{told}<table>{body}</table></body></html>"
    return page.encode()


def odt(rows: Rows, merges: list[Merge]) -> bytes:
    document = OpenDocumentText()
    spans = {(row, column): (height, width) for row, column, height, width in merges}
    left_out = covered(merges)
    grid = odf_table.Table()
    for at, row in enumerate(rows):
        line = odf_table.TableRow()
        for column, text in enumerate(row):
            if (at, column) in left_out:
                line.addElement(odf_table.CoveredTableCell())
                continue
            height, width = spans.get((at, column), (1, 1))
            cell = odf_table.TableCell(numberrowsspanned=height, numbercolumnsspanned=width)
            for part in text.split("\n"):
                cell.addElement(odf_text.P(text=part))
            line.addElement(cell)
        grid.addElement(line)
    document.text.addElement(grid)
    return samples._saved(document.save)


def slides(rows: Rows, merges: list[Merge]) -> bytes:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    size = Inches(1), Inches(1), Inches(8), Inches(4)
    grid = slide.shapes.add_table(len(rows), len(rows[0]), *size).table
    for at, row in enumerate(rows):
        for column, text in enumerate(row):
            grid.cell(at, column).text = text
    for top, left, height, width in merges:
        grid.cell(top, left).merge(grid.cell(top + height - 1, left + width - 1))
    return samples._saved(deck.save)


def rtf(rows: Rows, merges: list[Merge]) -> bytes:
    spans = {(row, column): (height, width) for row, column, height, width in merges}
    left_out = covered(merges)
    lines = []
    for at, row in enumerate(rows):
        head, texts, column = "", "", 0
        while column < len(row):
            height, width = spans.get((at, column), (1, 1))
            above = next(
                (m for m in merges if m[1] == column and m[0] < at < m[0] + m[2]), None
            )  # one that goes on down here
            width = above[3] if above else width
            merging = "\\clvmrg" if above else "\\clvmgf" * (height > 1)
            head += f"{merging}\\cellx{(column + width) * 1000}"
            text = "" if (at, column) in left_out else row[column]
            parts = "".join(f"\\u{ord(letter)}?" if ord(letter) > 127 else letter for letter in text)
            texts += parts.replace("\n", "\\par ") + "\\cell "
            column += width
        lines.append(f"\\trowd{head}\\pard\\intbl {texts}\\row\n")
    return ("{\\rtf1\\ansi\n" + "".join(lines) + "\\pard\\par}").encode()


def pdf(rows: Rows, merges: list[Merge], repeated: int = 0) -> bytes:
    pdfmetrics.registerFont(TTFont("DejaVu", str(samples.FONT)))
    spans = [("SPAN", (column, row), (column + width - 1, row + height - 1)) for row, column, height, width in merges]
    style = TableStyle([("FONT", (0, 0), (-1, -1), "DejaVu", 7), ("GRID", (0, 0), (-1, -1), 0.5, colors.black), *spans])
    stream = BytesIO()
    SimpleDocTemplate(stream, pagesize=A4).build([Table(rows, style=style, repeatRows=repeated)])
    return stream.getvalue()


MAKERS: dict[str, Callable[[Rows, list[Merge]], bytes]] = {
    "xlsx": xlsx,
    "docx": word,
    "html": html,
    "odt": odt,
    "pptx": slides,
    "rtf": rtf,
    "pdf": pdf,
}


def table_of(content: bytes) -> list[str]:
    """The rows of the one table in a file, without its rule."""
    lines = [line for line in parse(content, False).markdown.split("\n") if line.startswith("|")]
    assert set(lines[1]) == {"|", "-"}
    return [line[2:-2] for line in (lines[0], *lines[2:])]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", MAKERS)
def test_a_head_of_several_rows_names_every_column(kind: str, case: str) -> None:
    rows, merges, expected = CASES[case]
    assert table_of(MAKERS[kind](rows, merges)) == expected


@pytest.mark.parametrize("case", CASES)
def test_a_table_that_was_read_whole_raises_no_concern(case: str) -> None:
    rows, merges, _ = CASES[case]
    concerns = examine(parse(word(rows, merges), False).markdown)
    assert Kind.TABLE not in {concern.kind for concern in concerns}


def test_a_title_and_a_unit_over_the_head_stand_before_the_table() -> None:
    rows = [["BIỂU SỐ 2", *[""] * 5], ["", "", "", "", "Đơn vị: phần trăm", ""], *TARGETS]
    merges = [(0, 0, 1, 6), (1, 4, 1, 2), (2, 2, 1, 2), (2, 4, 1, 2)]
    found = parse(xlsx(rows, merges), False).markdown
    assert found.startswith("## Sheet\n\nBIỂU SỐ 2\n\nĐơn vị: phần trăm\n\n| STT | Chỉ tiêu | Năm 2025 – Kế hoạch |")


def test_a_letterhead_right_above_a_table_is_not_its_head() -> None:
    top = [
        ["UBND PHƯỜNG VÍ DỤ", "", "", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "", ""],
        ["Số: 12/BC-UBND", "", "", "Độc lập - Tự do - Hạnh phúc", "", ""],
        ["", "", "", "Hà Nội, ngày 5 tháng 3 năm 2026", "", ""],
    ]
    merges = [(0, 0, 1, 3), (0, 3, 1, 3), (3, 2, 1, 2), (3, 4, 1, 2)]
    found = parse(xlsx([*top, *TARGETS], merges), False).markdown
    assert "UBND PHƯỜNG VÍ DỤ\n\nSố: 12/BC-UBND\n\nCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\n\nĐộc lập - Tự do" in found
    assert f"\n\n| {TARGET_NAMES} |\n" in found


def test_groups_that_nobody_has_merged_are_told_by_the_empty_cells_beside_them() -> None:
    assert table_of(xlsx(TARGETS, [])) == [TARGET_NAMES, *TARGET_ROWS]


def test_an_empty_cell_in_a_head_of_one_row_makes_no_group() -> None:
    rows = [["Thủ tục", "Mức thu", ""], ["Khai sinh", "8.000", "đồng"], ["Kết hôn", "", "miễn phí"]]
    assert table_of(xlsx(rows, [])) == ["Thủ tục | Mức thu | ", "Khai sinh | 8.000 | đồng", "Kết hôn |  | miễn phí"]


LONG = [*TARGETS[:2], *([str(number), f"Chỉ tiêu số {number}", "70", "65", "80", "82"] for number in range(1, 101))]
LONG_MERGES: list[Merge] = [(0, 0, 2, 1), (0, 1, 2, 1), (0, 2, 1, 2), (0, 4, 1, 2)]


@pytest.mark.parametrize("repeated", [0, 2])
def test_a_table_over_several_pages_has_its_head_once_whether_or_not_it_is_repeated(repeated: int) -> None:
    content = pdf(LONG, LONG_MERGES, repeated)
    assert parse(content, False).pages > 1
    found = table_of(content)
    assert found[0] == TARGET_NAMES
    assert [row.split(" | ")[0] for row in found[1:]] == [str(number) for number in range(1, 101)]


def test_a_row_head_that_a_page_break_cuts_stands_in_every_row_it_covers() -> None:
    rows = [["Lĩnh vực", "Thủ tục"], *(["", f"Thủ tục số {number}"] for number in range(1, 101))]
    rows[1][0] = "Hộ tịch"
    first, second = rows[:50], [rows[0], *rows[50:]]
    above = tables.Table(tuple(map(tuple, first)), (Span(1, 0, 1, 49),))
    below = tables.Table(tuple(map(tuple, second)), (Span(1, 0, 1, 51),))
    whole = tables.continued(above, below)
    assert whole is not None
    _, found = tables.named(whole)
    assert found == [["Lĩnh vực", "Thủ tục"], *(["Hộ tịch", f"Thủ tục số {number}"] for number in range(1, 101))]


def test_another_table_overleaf_with_a_head_of_its_own_is_not_joined() -> None:
    above = tables.Table((("Thủ tục", "Trực tiếp", "Trực tuyến"), ("Khai sinh", "8.000 đồng", "0 đồng")))
    below = tables.Table(
        (("Chỉ tiêu", "Năm 2026", ""), ("", "Kế hoạch", "Kết quả"), ("Hộ nghèo", "12", "10")),
        (Span(0, 0, 1, 2), Span(0, 1, 2, 1)),
    )
    assert tables.continued(above, below) is None


@pytest.mark.parametrize("kind", ["docx", "html", "odt", "pptx", "rtf"])
def test_paragraphs_of_a_cell_are_parted_and_those_of_a_name_go_on(kind: str) -> None:
    rows = [
        ["Thủ tục", "Lệ phí\nmột bản", "Thời hạn"],
        *[["Khai sinh", "Trực tiếp: 8.000 đồng\nTrực tuyến: 0 đồng", "1"]] * 2,
    ]
    found = table_of(MAKERS[kind](rows, []))
    assert found == [
        "Thủ tục | Lệ phí một bản | Thời hạn",
        *["Khai sinh | Trực tiếp: 8.000 đồng; Trực tuyến: 0 đồng | 1"] * 2,
    ]


def test_rows_that_a_word_file_calls_its_head_are_the_head() -> None:
    document = docx.Document()
    grid = document.add_table(rows=3, cols=2)
    for cell, text in zip(
        grid._cells, ["Chỉ tiêu", "Số lượng", "của phường", "trong năm", "Hộ nghèo", "12"], strict=True
    ):
        cell.text = text
    for row in grid.rows[:2]:
        row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    found = table_of(samples._saved(document.save))
    assert found == ["Chỉ tiêu – của phường | Số lượng – trong năm", "Hộ nghèo | 12"]


def test_a_cell_that_spans_beyond_the_table_ends_with_it() -> None:
    found = tables.table([Cell(0, 0, "Tên", 1, 9), Cell(0, 1, "Mức"), Cell(1, 1, "8.000 đồng")])
    assert found.spans == (Span(0, 0, 1, 2),)
    assert tables.named(found) == ([], [["Tên", "Mức"], ["Tên", "8.000 đồng"]])


def test_a_letterhead_in_merged_cells_says_everything_once() -> None:
    found = tables.table(
        [
            Cell(0, 0, "UBND PHƯỜNG", 1, 2),
            Cell(0, 1, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 2),
            Cell(1, 1, "Độc lập - Tự do - Hạnh phúc", 2),
        ]
    )
    said = ["UBND PHƯỜNG", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"]
    assert tables.named(found) == (said, [])
