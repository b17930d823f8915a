"""One decision of the city as real files of every kind that corpus.read reads, old fonts and encodings included."""

import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import matplotlib
import openpyxl
import pptx
from docx.shared import Pt, RGBColor
from odf import style, table, text
from odf.opendocument import OpenDocumentText
from PIL import Image, ImageDraw, ImageFont
from pptx.util import Inches
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from viparse.normalize.encodings import get_charmap

FONT = Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")
TITLE = "Quy định mức thu phí, lệ phí đối với hoạt động cung cấp dịch vụ công bằng hình thức trực tuyến"
BEFORE = (
    "ỦY BAN NHÂN DÂN THÀNH PHỐ HÀ NỘI",
    "Số: 57/2026/QĐ-UBND",
    "Hà Nội, ngày 05 tháng 3 năm 2026",
    "QUYẾT ĐỊNH",
    TITLE,
    "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025;",
    "Theo đề nghị của Giám đốc Sở Khoa học và Công nghệ tại Tờ trình số 430/TTr-SKHCN ngày 21 tháng 02 năm 2026.",
)
ARTICLES = (
    (
        "Điều 1. Phạm vi điều chỉnh và đối tượng áp dụng",
        "1. Quyết định này quy định mức thu phí, lệ phí khi tổ chức, cá nhân thực hiện thủ tục hành chính bằng hình "
        "thức trực tuyến trên Cổng Dịch vụ công quốc gia và ứng dụng iHanoi trên địa bàn thành phố Hà Nội.",
        "2. Quyết định này áp dụng đối với người dân, hộ kinh doanh và doanh nghiệp nộp hồ sơ trực tuyến.",
    ),
    (
        "Điều 2. Hồ sơ và thời hạn giải quyết",
        "1. Hồ sơ gồm có:",
        "a) Tờ khai điện tử theo mẫu;",
        "b) Bản chụp giấy chứng nhận quyền sử dụng đất;",
        "c) Giấy ủy quyền, nếu nộp thay người khác.",
        "2. Thời hạn giải quyết là 03 ngày làm việc kể từ ngày nhận đủ hồ sơ hợp lệ, nhanh hơn 02 ngày so với nộp trực "
        "tiếp tại bộ phận một cửa của Ủy ban nhân dân phường, xã.",
    ),
    ("Điều 3. Mức thu", "1. Mức thu phí, lệ phí được quy định tại bảng sau đây:"),
    (
        "Điều 4. Hiệu lực thi hành",
        "1. Quyết định này có hiệu lực từ ngày 15 tháng 3 năm 2026 và thay thế Quyết định số 12/2023/QĐ-UBND.",
        "2. Chánh Văn phòng Ủy ban nhân dân Thành phố và Giám đốc các Sở chịu trách nhiệm thi hành Quyết định này.",
    ),
)
FEES = (
    ("Thủ tục", "Nộp trực tiếp", "Nộp trực tuyến"),
    ("Đăng ký khai sinh", "8.000 đồng", "0 đồng"),
    ("Cấp giấy phép xây dựng nhà ở riêng lẻ", "75.000 đồng", "0 đồng"),
    ("Chứng thực bản sao từ bản chính", "2.000 đồng/trang", "1.000 đồng/trang"),
)
TABLE_AFTER = 2  # the article that the table of fees belongs to


def lines() -> Iterator[str | tuple[tuple[str, ...], ...]]:
    """The decision from top to bottom: paragraphs, and the table of fees."""
    yield from BEFORE
    for number, article in enumerate(ARTICLES):
        yield from article
        if number == TABLE_AFTER:
            yield FEES


def words() -> list[str]:
    """Every word of the decision, in order."""
    found = (part if isinstance(part, str) else " ".join(cell for row in part for cell in row) for part in lines())
    return " ".join(found).split()


# Old encodings, made by turning viparse's tables round


def encoded(line: str, encoding: str) -> str:
    """A line as the letters that an old font shows as Vietnamese: "Điều" in TCVN3 is "§iÒu"."""
    charmap = get_charmap(encoding)
    assert charmap
    back = {shown: typed for typed, shown in charmap.pairs}
    if encoding == "tcvn3":  # which has no capitals with diacritics; ".VnTimeH" draws the small ones large
        line = line.replace("Ủy", "Uỷ").replace("ỦY", "UỶ")  # as everybody typed it for that reason
        back |= {letter.upper(): typed for letter, typed in list(back.items()) if letter.upper() not in back}
    return "".join(back.get(letter, letter) for letter in line)


def _told(change: Callable[[str], str] | None) -> list[Any]:
    told = list(lines())
    if change is None:
        return told
    return [change(p) if isinstance(p, str) else tuple(tuple(map(change, row)) for row in p) for p in told]


OLD_FONTS = {"tcvn3": ".VnTime", "vni": "VNI-Times", "viscii": "VI Times", "vps": "VPS Times"}


# Text


def txt(codec: str = "utf-8", form: str = "NFC") -> bytes:
    told = ("\n".join("\t".join(row) for row in part) if isinstance(part, tuple) else part for part in lines())
    return unicodedata.normalize(form, "\n".join(told)).encode(codec)  # type: ignore[arg-type]


def old_txt(encoding: str) -> bytes:
    return encoded(txt().decode(), encoding).encode("latin-1")


def cp1258_txt() -> bytes:
    """Windows' Vietnamese code page has letters such as "ê" and puts the tone behind them."""
    toned = ""
    for letter in txt().decode():
        base, *marks = list(unicodedata.normalize("NFD", letter))
        tones = "".join(mark for mark in marks if mark in "\u0300\u0301\u0303\u0309\u0323")
        toned += unicodedata.normalize("NFC", base + "".join(mark for mark in marks if mark not in tones)) + tones
    return toned.encode("cp1258")


def md() -> bytes:
    told = []
    for part in lines():
        if isinstance(part, str):
            told.append(f"### {part}" if part.startswith("Điều") else part)
        else:
            rows = ["| " + " | ".join(row) + " |" for row in part]
            told.append("\n".join([rows[0], "|---|---|---|", *rows[1:]]))
    return "\n\n".join(told).encode()


def rtf(encoding: str | None = None) -> bytes:
    """RTF with a real table; in an old font its letters are single bytes, else they are written as \\u."""

    def written(line: str) -> str:
        if encoding is None:
            return "".join(c if c.isascii() else f"\\u{ord(c)}?" for c in line)
        old = encoded(line, encoding)
        return "".join(c if c.isascii() and c.isprintable() else f"\\'{ord(c):02x}" for c in old)

    font = OLD_FONTS.get(encoding or "", "Times New Roman")
    head = f"{{\\rtf1\\ansi\\ansicpg1252\\deff0{{\\fonttbl{{\\f0\\froman\\fcharset0 {font};}}}}"
    head += "{\\colortbl;\\red0\\green0\\blue0;\\red255\\green255\\blue255;}{\\info{\\title x}}\n"
    told = []
    for part in lines():
        if isinstance(part, str):
            told.append(f"\\pard\\plain\\f0\\fs28 {written(part)}\\par\n")
        else:
            cells = "\\cellx3000\\cellx6000\\cellx9000"
            for row in part:
                inner = "".join(f"{written(cell)}\\cell " for cell in row)
                told.append(f"\\trowd{cells}\\pard\\plain\\intbl\\f0 {inner}\\row\n")
    return (head + "".join(told) + "}").encode("ascii")


def html(codec: str = "utf-8", encoding: str | None = None) -> bytes:
    """A news page's shell around the decision: a menu, a side bar and a foot that are no part of it."""
    told = []
    for part in _told((lambda line: encoded(line, encoding)) if encoding else None):
        if isinstance(part, str):
            is_heading = part in {article[0] for article in ARTICLES}
            told.append(f"<h2>{part}</h2>" if is_heading else f"<p>{part}</p>")
        else:
            rows = [f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in part]
            told.append(f"<table>{''.join(rows)}</table>")
    menu = "<nav><ul><li><a href='/'>Trang chu</a></li><li><a href='/tin'>Tin tuc</a></li></ul></nav>"
    foot = "<footer><p>Ban quyen 2026</p></footer>"
    page = (
        f"<!DOCTYPE html><html><head><title>57/2026</title></head><body>{menu}<article>{''.join(told)}</article>{foot}"
    )
    return (page + "</body></html>").encode(codec)


# Office


def docx_file(encoding: str | None = None, change: Callable[[Any], None] | None = None) -> bytes:
    """A Word file; `change` may do to it what it likes before it is saved."""
    document = docx.Document()
    font = OLD_FONTS.get(encoding or "", "Times New Roman")
    for part in _told((lambda line: encoded(line, encoding)) if encoding else None):
        if isinstance(part, str):
            document.add_paragraph().add_run(part).font.name = font
        else:
            grid = document.add_table(rows=len(part), cols=len(part[0]))
            for cells, row in zip(grid.rows, part, strict=True):
                for cell, value in zip(cells.cells, row, strict=True):
                    cell.paragraphs[0].add_run(value).font.name = font
    if change:
        change(document)
    return _saved(document.save)


def hidden_run(paragraph: Any, words: str, how: str) -> None:
    run = paragraph.add_run(words)
    if how == "hidden":
        run.font.hidden = True
    elif how == "white":
        run.font.color.rgb = RGBColor(255, 255, 255)
    else:
        run.font.size = Pt(1)


def xlsx_file() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    sheet.title = "Mức thu"
    for part in lines():
        if isinstance(part, str):
            sheet.append([part])
        else:
            sheet.append([])
            for row in part:
                sheet.append(list(row))
            sheet.append([])
    return _saved(book.save)


def pptx_file() -> bytes:
    deck = pptx.Presentation()
    for article in (BEFORE, *ARTICLES):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = article[0]
        slide.placeholders[1].text = "\n".join(article[1:])
        if article is ARTICLES[TABLE_AFTER]:
            size = Inches(1), Inches(5), Inches(8), Inches(2)
            grid = slide.shapes.add_table(len(FEES), len(FEES[0]), *size).table
            for at, row in enumerate(FEES):
                for column, value in enumerate(row):
                    grid.cell(at, column).text = value
    return _saved(deck.save)


def odt_file(hidden: str = "") -> bytes:
    document = OpenDocumentText()
    unseen = style.Style(name="An", family="text")
    unseen.addElement(style.TextProperties(display="none"))
    document.automaticstyles.addElement(unseen)
    for part in lines():
        if isinstance(part, str):
            is_heading = part in {article[0] for article in ARTICLES}
            document.text.addElement(text.H(outlinelevel=2, text=part) if is_heading else text.P(text=part))
        else:
            grid = table.Table()
            for row in part:
                line = table.TableRow()
                for value in row:
                    cell = table.TableCell()
                    cell.addElement(text.P(text=value))
                    line.addElement(cell)
                grid.addElement(line)
            document.text.addElement(grid)
    if hidden:
        last = text.P(text="Nơi nhận: ")
        last.addElement(text.Span(stylename=unseen, text=hidden))
        document.text.addElement(last)
    return _saved(document.save)


def _saved(save: Callable[[BytesIO], object]) -> bytes:
    target = BytesIO()
    save(target)
    return target.getvalue()


# PDF


def pdf_file(change: Callable[[Canvas], None] | None = None, **settings: Any) -> bytes:
    """The decision on A4 pages with a running header, page numbers, wrapped lines and a ruled table.

    `change` may draw on the first page.
    """
    target = BytesIO()
    canvas = Canvas(target, pagesize=A4, **settings)
    pdfmetrics.registerFont(TTFont("DejaVu", str(FONT)))
    left, right, top, bottom, size = 85, 525, 770, 90, 13
    page, y = 1, top

    def begin() -> None:
        canvas.setFont("DejaVu", 9)
        canvas.drawString(left, 810, "CÔNG BÁO HÀ NỘI/Số 12/Ngày 10-3-2026")
        canvas.drawCentredString(300, 40, f"- {page} -")
        canvas.setFont("DejaVu", size)
        if page == 1 and change:
            change(canvas)
            canvas.setFillColorRGB(0, 0, 0)
            canvas.setFont("DejaVu", size)

    def room(height: float) -> None:
        nonlocal page, y
        if y - height < bottom:
            canvas.showPage()
            page, y = page + 1, top
            begin()

    begin()
    for part in lines():
        if isinstance(part, str):
            for line in wrapped(part, right - left, size):
                room(20)
                canvas.drawString(left, y, line)
                y -= 20
            y -= 6
            continue
        widths = (230, 105, 105)
        for row in part:
            room(24)
            x = left
            for width, value in zip(widths, row, strict=True):
                canvas.rect(x, y - 6, width, 24)
                canvas.setFont("DejaVu", 9)
                canvas.drawString(x + 4, y + 2, value)
                x += width
            y -= 24
        canvas.setFont("DejaVu", size)
        y -= 12
    canvas.save()
    return target.getvalue()


def wrapped(line: str, width: float, size: float) -> Iterator[str]:
    taken = ""
    for word in line.split(" "):
        longer = f"{taken} {word}".strip()
        if taken and pdfmetrics.stringWidth(longer, "DejaVu", size) > width:
            yield taken
            taken = word
        else:
            taken = longer
    yield taken


def long_pdf(pages: int) -> bytes:
    target = BytesIO()
    canvas = Canvas(target, pagesize=A4)
    pdfmetrics.registerFont(TTFont("DejaVu", str(FONT)))
    for number in range(1, pages + 1):
        canvas.setFont("DejaVu", 12)
        canvas.drawString(85, 770, f"Điều {number}. Nội dung thứ {number}")
        canvas.drawString(85, 740, f"1. Mức hỗ trợ của điều này là {number} đồng.")
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def scan(change: str = "PDF") -> bytes:
    """An article as an image of a page at 200 dots per inch, in a PDF or as it is."""
    image = Image.new("L", (1654, 2339), 255)
    font = ImageFont.truetype(str(FONT), 36)
    pdfmetrics.registerFont(TTFont("DejaVu", str(FONT)))
    draw = ImageDraw.Draw(image)
    y = 200
    for part in (*ARTICLES[1], ARTICLES[2][0]):
        for line in wrapped(part, 1250, 36):
            draw.text((200, y), line, font=font, fill=0)
            y += 60
        y += 20
    target = BytesIO()
    image.save(target, change, resolution=200)
    return target.getvalue()


def bomb() -> bytes:
    """A Word file of 100 KB that unpacks to 60 MB."""
    target = BytesIO(docx_file())
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("word/media/x.bin", "w") as part:
        for _ in range(60):
            part.write(b"\0" * 1_000_000)
    return target.getvalue()
