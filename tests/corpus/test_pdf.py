"""How a page of a PDF is read: its columns, turned letters, glyphs, form fields and end."""

from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

import pytest
import samples
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from corpus.errors import UnreadableDocument
from corpus.intake.examine import Concern, Kind, examine
from corpus.reading.read import Reading, read_content

Draw = Callable[[Canvas], None]

LEFT = (
    "Người dân nộp hồ sơ đăng ký tạm trú tại công an phường nơi ở. Hồ sơ gồm tờ khai và giấy tờ chứng minh chỗ ở "
    "hợp pháp. Thời hạn giải quyết là 03 ngày làm việc kể từ khi nhận đủ hồ sơ. Lệ phí nộp trực tiếp là 15.000 đồng "
    "một lần."
)
RIGHT = (
    "Phòng văn hóa tiếp nhận đề nghị cấp phép quảng cáo ngoài trời. Thời hạn giải quyết là 15 ngày làm việc. Phí thẩm "
    "định là 500.000 đồng, nộp khi nhận kết quả. Biển hiệu trên 20 mét vuông phải có bản vẽ thiết kế do đơn vị có chức "
    "năng lập."
)
THIRD = (
    "Trạm y tế tổ chức tiêm chủng cho trẻ dưới năm tuổi vào ngày 10 và 25 hằng tháng. Phụ huynh mang theo sổ tiêm "
    "chủng và đưa trẻ đến trước 10 giờ sáng để được khám trước khi tiêm."
)
ANNEX = (
    ("STT", "Tên thủ tục", "Thời hạn", "Mức thu"),
    ("1", "Đăng ký khai sinh", "01 ngày", "8.000 đồng"),
    ("2", "Cấp giấy phép xây dựng", "15 ngày", "75.000 đồng"),
)
NOTE = "Ghi chú: mức thu áp dụng từ ngày 01 tháng 10 năm 2026."


def drawn(*pages: Draw) -> bytes:
    target = BytesIO()
    canvas = Canvas(target, pagesize=A4)
    pdfmetrics.registerFont(TTFont("DejaVu", str(samples.FONT)))
    for draw in pages:
        canvas.setFont("DejaVu", 10)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def reading(*pages: Draw) -> Reading:
    return read_content(drawn(*pages), Path("57.pdf"))


def paragraphs(found: Reading) -> list[str]:
    return [part for part in found.markdown.split("\n\n") if not part.startswith("<!--")]


def said(found: Reading) -> list[str]:
    return [line for line in found.markdown.splitlines() if line and not line.startswith("<!--")]


def concerns(found: Reading) -> list[Concern]:
    hidden = [(f"{one.place}, {one.how}", one.text) for one in found.hidden]
    unread = [(one.kind, one.found, one.why) for one in found.unread]
    return [one for one in examine(found.markdown, hidden=hidden, unread=unread) if one.kind is not Kind.EMPTY]


def prose(canvas: Canvas, text: str, x: float, y: float, width: float, leading: float = 14) -> float:
    """Draws a paragraph; where the next one may begin."""
    for line in samples.wrapped(text, width, 10):
        canvas.drawString(x, y, line)
        y -= leading
    return y


def rows(canvas: Canvas, table: Iterable[Iterable[str]], x: float, y: float, widths: Iterable[float]) -> float:
    for row in table:
        place = x
        for cell, width in zip(row, widths, strict=True):
            canvas.rect(place, y - 6, width, 20)
            canvas.drawString(place + 3, y, cell)
            place += width
        y -= 20
    return y


def markdown_of(table: Iterable[Iterable[str]]) -> str:
    head, *body = ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join([head, "|" + "---|" * (head.count("|") - 1), *body])


# Columns


def test_two_columns_are_read_one_after_the_other() -> None:
    def page(canvas: Canvas) -> None:
        canvas.drawString(60, 780, "TỜ RƠI HƯỚNG DẪN THỦ TỤC HÀNH CHÍNH CỦA PHƯỜNG VÍ DỤ NĂM 2026 CHO NGƯỜI DÂN")
        prose(canvas, LEFT, 60, 740, 200)
        prose(canvas, RIGHT, 310, 740, 200)

    found = reading(page)
    assert paragraphs(found)[1:] == [LEFT, RIGHT + "\n"]
    assert concerns(found) == []


def test_lines_of_columns_need_not_stand_on_one_height_and_columns_need_not_be_as_long() -> None:
    def page(canvas: Canvas) -> None:
        prose(canvas, LEFT, 60, 740, 200)
        prose(canvas, f"{RIGHT} {THIRD}", 310, 733, 220, 13)

    found = reading(page)
    assert paragraphs(found) == [LEFT, f"{RIGHT} {THIRD}\n"]
    assert concerns(found) == []


def test_three_columns_are_read_one_after_the_other() -> None:
    def page(canvas: Canvas) -> None:
        for at, text in enumerate((LEFT, RIGHT, THIRD)):
            prose(canvas, text, 50 + 175 * at, 740, 150)

    found = reading(page)
    assert paragraphs(found) == [LEFT, RIGHT, THIRD + "\n"]
    assert concerns(found) == []


def test_a_heading_over_both_columns_parts_those_above_it_from_those_below() -> None:
    heading = "PHẦN HAI. NHỮNG VIỆC NGƯỜI DÂN CẦN LÀM TRƯỚC KHI ĐẾN BỘ PHẬN MỘT CỬA"

    def page(canvas: Canvas) -> None:
        prose(canvas, LEFT, 60, 740, 200)
        prose(canvas, RIGHT, 310, 740, 200)
        canvas.drawCentredString(290, 560, heading)
        prose(canvas, THIRD, 60, 530, 200)
        prose(canvas, LEFT, 310, 530, 200)

    found = reading(page)
    assert paragraphs(found) == [LEFT, RIGHT, heading, THIRD, LEFT + "\n"]
    assert concerns(found) == []


def test_a_sentence_that_goes_on_in_the_next_column_and_on_the_next_page_is_whole() -> None:
    halves = [list(samples.wrapped(text, 200, 10)) for text in (LEFT, RIGHT)]

    def column(canvas: Canvas, lines: list[str], x: float) -> None:
        for at, line in enumerate(lines):
            canvas.drawString(x, 740 - 14 * at, line)

    def page(canvas: Canvas) -> None:
        column(canvas, [*halves[0], *halves[1][:2]], 60)
        column(canvas, [*halves[1][2:], *halves[0][:3]], 310)

    def overleaf(canvas: Canvas) -> None:
        column(canvas, [*halves[0][3:], *halves[1][:2]], 60)
        column(canvas, halves[1][2:], 310)

    found = reading(page, overleaf)
    text = " ".join(said(found))
    assert text == f"{LEFT} {RIGHT} {LEFT} {RIGHT}"
    assert concerns(found) == []


def test_a_page_number_and_a_running_head_over_columns_are_no_part_of_them() -> None:
    texts = (LEFT, RIGHT, THIRD)

    def page(number: int) -> Draw:
        def draw(canvas: Canvas) -> None:
            canvas.drawString(60, 800, "Bản tin phường Ví Dụ")
            canvas.drawRightString(510, 800, "Số 12")
            prose(canvas, texts[number % 3], 60, 740, 200)
            prose(canvas, texts[(number + 1) % 3], 310, 740, 200)
            canvas.drawRightString(510, 40, str(number))

        return draw

    found = reading(page(1), page(2), page(3))
    assert said(found) == [RIGHT, THIRD, THIRD, LEFT, LEFT, RIGHT]
    assert concerns(found) == []


def test_a_table_beside_prose_does_not_tear_its_sentences() -> None:
    table = (("Thủ tục", "Mức thu"), ("Khai sinh", "8.000 đồng"), ("Khai tử", "5.000 đồng"))

    def page(canvas: Canvas) -> None:
        prose(canvas, LEFT, 60, 740, 220)
        rows(canvas, table, 320, 720, (90, 90))

    found = reading(page)
    assert paragraphs(found) == [LEFT, markdown_of(table) + "\n"]
    assert concerns(found) == []


def test_a_narrow_gutter_is_believed_if_it_is_long() -> None:
    def page(canvas: Canvas) -> None:
        prose(canvas, f"{LEFT} {THIRD}", 60, 740, 200)
        prose(canvas, f"{RIGHT} {LEFT}", 270.5, 740, 200)

    found = reading(page)
    assert paragraphs(found) == [f"{LEFT} {THIRD}", f"{RIGHT} {LEFT}\n"]
    assert concerns(found) == []


def held(page: Draw) -> bool:
    found = concerns(reading(page))
    return [(one.kind, one.why) for one in found] == [
        (Kind.UNSURE, "page 1: perhaps columns, whose lines are read across")
    ]


def test_a_page_with_a_narrow_or_a_short_gutter_is_held() -> None:
    def narrow(canvas: Canvas) -> None:
        prose(canvas, LEFT, 60, 740, 200)
        prose(canvas, RIGHT, 266, 740, 200)

    def short(canvas: Canvas) -> None:
        prose(canvas, "Người dân nộp hồ sơ đăng ký tạm trú tại công an phường nơi người đó đang ở.", 60, 740, 150)
        prose(canvas, "Phòng văn hóa tiếp nhận đề nghị cấp phép quảng cáo ngoài trời của tổ chức.", 310, 740, 150)

    assert held(narrow)
    assert held(short)


def test_a_table_without_rules_whose_cells_are_wrapped_is_held() -> None:
    cells = (
        (
            "Rà soát các thủ tục hành chính còn giấy tờ trùng lặp",
            "Phòng Văn hóa, Xã hội chủ trì, phối hợp với các phòng",
        ),
        (
            "Số hóa hồ sơ của người dân còn hiệu lực đang lưu giữ",
            "Trung tâm Phục vụ hành chính công của phường phối hợp",
        ),
        ("Tập huấn cho thành viên tổ công nghệ số cộng đồng", "Văn phòng Ủy ban nhân dân phường và các tổ dân phố"),
    )

    def page(canvas: Canvas) -> None:
        for at, (task, office) in enumerate(cells):
            prose(canvas, task, 60, 740 - 50 * at, 170)
            prose(canvas, office, 310, 740 - 50 * at, 170)

    assert held(page)


def test_lists_that_stand_side_by_side_are_held() -> None:
    def page(canvas: Canvas) -> None:
        for x, head, items in (
            (60, "Hồ sơ gồm:", ("Tờ khai", "Bản sao căn cước", "Ảnh chân dung")),
            (310, "Không phải nộp:", ("Sổ hộ khẩu", "Giấy khai sinh", "Giấy xác nhận cư trú")),
        ):
            for at, line in enumerate((head, *(f"- {item}" for item in items))):
                canvas.drawString(x, 740 - 14 * at, line)

    assert held(page)


def letterhead(canvas: Canvas) -> None:
    for x, texts in (
        (
            140,
            ("ỦY BAN NHÂN DÂN", "PHƯỜNG VÍ DỤ", "Số: 12/UBND-VP", "V/v triển khai kế hoạch chuyển", "đổi số năm 2026"),
        ),
        (
            400,
            (
                "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
                "Độc lập - Tự do - Hạnh phúc",
                "",
                "Hà Nội, ngày 5 tháng 3 năm 2026",
            ),
        ),
    ):
        for at, text in enumerate(texts):
            canvas.drawCentredString(x, 780 - 14 * at, text)


def signature(canvas: Canvas) -> None:
    for at, text in enumerate(
        (
            "Nơi nhận:",
            "- Như Điều 3 của Quyết định này và",
            "các phòng có liên quan;",
            "- Các tổ dân phố, các đơn vị trên",
            "địa bàn phường;",
        )
    ):
        canvas.drawString(60, 300 - 14 * at, text)
    for at, text in enumerate(("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH", "", "Nguyễn Văn A")):
        canvas.drawCentredString(430, 300 - 14 * at, text)


def labels(canvas: Canvas) -> None:
    for at, (label, value) in enumerate(
        (
            ("Thời hạn:", "03 ngày làm việc kể từ khi nhận đủ hồ sơ hợp lệ theo quy định"),
            ("Lệ phí:", "15.000 đồng nộp trực tiếp, 7.000 đồng nộp trực tuyến qua cổng"),
            ("Nơi nộp:", "công an phường nơi người dân ở, hoặc cổng dịch vụ công quốc gia"),
        )
    ):
        canvas.drawString(60, 740 - 45 * at, label)
        prose(canvas, value, 200, 740 - 45 * at, 200)


def justified(canvas: Canvas) -> None:
    y = 740.0
    for line in samples.wrapped(f"{LEFT} {RIGHT} {THIRD} {LEFT} {RIGHT}", 430, 10):
        words = line.split(" ")
        room = 430 - sum(pdfmetrics.stringWidth(word, "DejaVu", 10) for word in words)
        x = 60.0
        for word in words:
            canvas.drawString(x, y, word)
            x += pdfmetrics.stringWidth(word, "DejaVu", 10) + room / (len(words) - 1)
        y -= 14


@pytest.mark.parametrize("page", [letterhead, signature, labels, justified])
def test_what_only_stands_side_by_side_in_an_act_is_not_held(page: Draw) -> None:
    assert concerns(reading(page)) == []


def test_a_value_at_the_right_of_a_row_does_not_run_into_the_next_row() -> None:
    fees = (
        ("Cấp giấy phép xây dựng cho công trình", "75.000 đồng"),
        ("Khai sinh", "0 đồng"),
        ("Trích lục", "8.000 đồng"),
    )

    def page(canvas: Canvas) -> None:
        for at, (name, fee) in enumerate(fees):
            canvas.drawString(60, 740 - 16 * at, name)
            canvas.drawRightString(500, 740 - 16 * at, fee)

    assert said(reading(page)) == [part for row in fees for part in row]


# Turned letters


def annex(canvas: Canvas, turn: int) -> None:
    """An annex as wide as the page is high, its letters drawn in another direction."""
    canvas.saveState()
    canvas.translate(*{90: (A4[0], 0), 180: A4, 270: (0, A4[1]), 0: (0, 0)}[turn])
    canvas.rotate(turn)
    height = A4[0] if turn % 180 else A4[1]
    canvas.drawString(60, height - 60, "Phụ lục I. Danh mục thủ tục hành chính thực hiện trực tuyến")
    y = rows(canvas, ANNEX, 60, height - 100, (40, 250, 100, 100))
    canvas.drawString(60, y - 20, NOTE)
    canvas.restoreState()


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_an_annex_drawn_sideways_is_read_right_as_the_last_page_of_upright_ones(turn: int) -> None:
    def page(number: int) -> Draw:
        def draw(canvas: Canvas) -> None:
            prose(canvas, f"Điều {number}. {LEFT}", 60, 740, 440)
            canvas.drawCentredString(300, 40, str(number))

        return draw

    def last(canvas: Canvas) -> None:
        annex(canvas, turn)
        canvas.drawCentredString(300, 40, "10")

    found = reading(*map(page, range(1, 10)), last)
    end = found.markdown[found.markdown.index("<!-- trang 10 -->") :].split("\n\n")[1:]
    assert end == ["Phụ lục I. Danh mục thủ tục hành chính thực hiện trực tuyến", markdown_of(ANNEX), NOTE + "\n"]
    assert concerns(found) == []


@pytest.mark.parametrize("turn", [90, 270])
def test_a_sideways_table_below_upright_sentences_is_read_after_them(turn: int) -> None:
    table = (*ANNEX, ("3", "Cấp bản sao trích lục hộ tịch", "Ngay", "8.000 đồng"))

    def page(canvas: Canvas) -> None:
        prose(canvas, f"{LEFT} {RIGHT} {THIRD}", 60, 780, 440)
        canvas.translate(*{90: (300, 100), 270: (100, 560)}[turn])
        canvas.rotate(turn)
        rows(canvas, table, 0, 100, (40, 250, 80, 80))

    found = reading(page)
    assert paragraphs(found) == [f"{LEFT} {RIGHT} {THIRD}", markdown_of(table) + "\n"]
    assert concerns(found) == []


@pytest.mark.parametrize("turn", [90, 270])
def test_sideways_names_of_columns_are_read_in_their_cells(turn: int) -> None:
    offices = [f"Phòng Văn hóa và Xã hội số {number}" for number in range(1, 9)]
    marks = (("Rà soát thủ tục", *"x x x  x"), ("Số hóa hồ sơ", *" xx  x x"), ("Tập huấn", *"x   x xx"))

    def page(canvas: Canvas) -> None:
        canvas.drawString(60, 780, "Bảng phân công nhiệm vụ:")
        for at, name in enumerate(("Nhiệm vụ", *offices)):
            x = 60 + (120 + 40 * (at - 1) if at else 0)
            canvas.rect(x, 560, 40 if at else 120, 200)
            if not at:
                canvas.drawString(x + 4, 660, name)
                continue
            canvas.saveState()
            canvas.translate(x + (24 if turn == 90 else 16), 565 if turn == 90 else 755)
            canvas.rotate(turn)
            canvas.drawString(0, 0, name)
            canvas.restoreState()
        rows(canvas, marks, 60, 546, (120, *[40] * 8))

    found = reading(page)
    cells = [tuple(cell.strip() for cell in row) for row in marks]
    assert paragraphs(found) == [
        "Bảng phân công nhiệm vụ:",
        markdown_of((("Nhiệm vụ", *offices), *cells)).replace("|  |", "|  |") + "\n",
    ]
    assert concerns(found) == []


def test_a_name_of_a_column_in_two_sideways_lines_is_whole() -> None:
    def page(canvas: Canvas) -> None:
        for x, width in ((60, 120), (180, 60)):
            canvas.rect(x, 600, width, 120)
            canvas.rect(x, 580, width, 20)
        canvas.drawString(64, 650, "Nhiệm vụ")
        canvas.drawString(64, 586, "Rà soát thủ tục")
        canvas.drawString(184, 586, "Chủ trì")
        canvas.rotate(90)
        canvas.drawString(610, -200, "Sở Khoa học và")
        canvas.drawString(610, -215, "Công nghệ")

    assert "| Nhiệm vụ | Sở Khoa học và Công nghệ |" in reading(page).markdown


def test_a_sideways_stamp_in_the_margin_does_not_touch_the_text() -> None:
    def page(canvas: Canvas) -> None:
        prose(canvas, f"{LEFT} {RIGHT}", 80, 740, 440)
        canvas.rotate(90)
        canvas.drawString(500, -40, "Văn bản ký số ngày 10/3/2026")

    assert paragraphs(reading(page)) == [f"{LEFT} {RIGHT}", "Văn bản ký số ngày 10/3/2026\n"]


# Watermarks


@pytest.mark.parametrize("angle", [20, 45, 60, -35, 135])
@pytest.mark.parametrize("size", [14, 40, 90])
def test_a_slanted_watermark_is_left_out_and_named_and_the_sentences_are_whole(angle: int, size: int) -> None:
    def page(canvas: Canvas) -> None:
        canvas.saveState()
        canvas.translate(300, 700)
        canvas.rotate(angle)
        canvas.setFont("DejaVu", size)
        canvas.setFillColorRGB(0.8, 0.8, 0.8)
        canvas.drawCentredString(0, 0, "BẢN DỰ THẢO")
        canvas.restoreState()
        canvas.setFont("DejaVu", 10)
        prose(canvas, f"{LEFT} {RIGHT} {THIRD}", 60, 740, 440)

    found = reading(page)
    assert paragraphs(found) == [f"{LEFT} {RIGHT} {THIRD}\n"]
    assert [(one.kind, one.found) for one in concerns(found)] == [(Kind.HIDDEN, "BẢN DỰ THẢO")]


def test_a_watermark_on_every_page_is_named_once() -> None:
    def page(text: str) -> Draw:
        def draw(canvas: Canvas) -> None:
            prose(canvas, text, 60, 740, 440)
            canvas.translate(300, 600)
            canvas.rotate(45)
            canvas.setFont("DejaVu", 60)
            canvas.drawCentredString(0, 0, "MẬT")

        return draw

    found = reading(page(LEFT), page(RIGHT), page(THIRD))
    assert [(one.found, one.why) for one in concerns(found)] == [
        ("MẬT", "page 1 and 2 more, slanted: left out of the text")
    ]
    assert said(found) == [LEFT, RIGHT, THIRD]


@pytest.mark.parametrize("turn", [0, 90])
def test_a_watermark_that_is_not_slanted_lies_over_the_text_and_is_left_out_too(turn: int) -> None:
    def page(canvas: Canvas) -> None:
        prose(canvas, f"{LEFT} {RIGHT} {THIRD} {LEFT}", 60, 740, 440)
        canvas.setFont("DejaVu", 48)
        canvas.translate(250, 690)
        canvas.rotate(turn)
        canvas.drawCentredString(0, 0, "BẢN SAO")

    found = reading(page)
    assert paragraphs(found) == [f"{LEFT} {RIGHT} {THIRD} {LEFT}\n"]
    assert [(one.kind, one.found) for one in concerns(found)] == [(Kind.HIDDEN, "BẢN SAO")]


def test_a_large_title_and_a_large_first_letter_are_text() -> None:
    def page(canvas: Canvas) -> None:
        canvas.setFont("DejaVu", 30)
        canvas.drawString(60, 770, "BẢN TIN")
        canvas.drawString(60, 722, "N")
        canvas.setFont("DejaVu", 10)
        prose(canvas, LEFT.removeprefix("N"), 90, 740, 400)

    found = reading(page)
    assert "BẢN TIN" in found.markdown
    assert concerns(found) == []


# Glyphs without a letter

LINES = (
    "Điều 1. Đối tượng được hỗ trợ",
    "1. Người cao tuổi từ đủ 75 tuổi trở lên được hỗ trợ 500.000 đồng một tháng.",
    "2. Thời hạn giải quyết là 07 ngày làm việc kể từ ngày nhận đủ hồ sơ hợp lệ.",
)


def with_glyphs(letters: Callable[[str], str | None] | None, *, is_embedded: bool = True) -> bytes:
    """The lines in a font whose glyphs are numbers, with a table of the letters that they draw; None is a gap in it."""
    font = TTFont("Glyphs", str(samples.FONT))
    glyphs = {letter: font.face.charToGlyph[ord(letter)] for line in LINES for letter in line}
    said = {glyph: letters(letter) for letter, glyph in glyphs.items()} if letters else {}
    pairs = "".join(f"<{glyph:04x}><{letter.encode('utf-16-be').hex()}>\n" for glyph, letter in said.items() if letter)
    table = (
        "begincmap 1 begincodespacerange <0000><ffff> endcodespacerange\n"
        f"{pairs.count('<') // 2} beginbfchar\n{pairs}endbfchar endcmap"
    )
    shown = ["".join(f"{glyphs[letter]:04x}" for letter in line) for line in LINES]
    text = "".join(f"BT /F 11 Tf 60 {780 - 24 * at} Td <{line}> Tj ET\n" for at, line in enumerate(shown))
    widths = " ".join(f"{glyph} [{font.face.charWidths[ord(letter)]}]" for letter, glyph in glyphs.items())
    file = samples.FONT.read_bytes() if is_embedded else b""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        _stream(text.encode()),
        b"<</Type/Font/Subtype/Type0/BaseFont/Glyphs/Encoding/Identity-H/DescendantFonts[6 0 R]%s>>"
        % (b"/ToUnicode 8 0 R" if letters else b""),
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/Glyphs/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
        b"/Supplement 0>>/FontDescriptor 7 0 R/CIDToGIDMap/Identity/W[%s]>>" % widths.encode(),
        b"<</Type/FontDescriptor/FontName/Glyphs/Flags 4/FontBBox[-1000 -300 1500 1000]/ItalicAngle 0/Ascent 900"
        b"/Descent -200/CapHeight 700/StemV 80%s>>" % (b"/FontFile2 9 0 R" if is_embedded else b""),
        _stream(table.encode()),
        _stream(file, b"/Length1 %d" % len(file)),
    ]
    return pdf_of(parts)


def _stream(content: bytes, more: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), more, content)


def pdf_of(parts: Iterable[bytes]) -> bytes:
    content, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(content))
        content += b"%d 0 obj%s endobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(places) + 1, len(content))
    return content + head + table + tail


def without_marks(letter: str) -> str | None:
    return None if letter in "ờềốợỗổừởồạảậộụủ" else letter


def read_pdf(content: bytes) -> Reading:
    return read_content(content, Path("57.pdf"))


@pytest.mark.parametrize("letters", [None, lambda letter: letter, without_marks])
def test_letters_that_the_files_table_lacks_are_found_in_the_font_itself(
    letters: Callable[[str], str | None] | None,
) -> None:
    found = read_pdf(with_glyphs(letters))
    assert said(found) == list(LINES)
    assert concerns(found) == []


def test_letters_that_are_nowhere_are_counted_and_the_document_is_held() -> None:
    found = read_pdf(with_glyphs(without_marks, is_embedded=False))
    lost = sum(not without_marks(letter) for line in LINES for letter in line)
    assert found.markdown.count("\ufffd") == lost
    assert "cid:" not in found.markdown
    first, *_ = concerns(found)
    assert (first.kind, first.why) == (Kind.GARBLED, f"{lost} letters that could not be read (\ufffd)")


def test_a_font_that_contradicts_the_files_table_is_not_asked() -> None:
    def shifted(letter: str) -> str | None:
        return without_marks(letter) and chr(ord(letter) + 1)

    found = read_pdf(with_glyphs(shifted))
    assert "\ufffd" in found.markdown
    assert Kind.GARBLED in {one.kind for one in concerns(found)}


def test_letters_of_private_use_and_signs_for_nothing_are_held() -> None:
    for stand_in in ("\ue123", "\uf0a3", "\0", "\ufffd"):
        found = read_pdf(with_glyphs(lambda letter, sign=stand_in: sign if letter == "ợ" else letter))  # type: ignore[misc]
        lost = "".join(LINES).count("ợ")
        (concern,) = (one for one in concerns(found) if one.kind is Kind.GARBLED)
        assert concern.why.startswith(f"{lost} letters")


# Form fields


def field(name: str, kind: str, box: tuple[int, int, int, int], more: str) -> bytes:
    place = " ".join(map(str, box))
    return f"<</Type/Annot/Subtype/Widget/FT/{kind}/T({name})/Rect[{place}]/F 4 {more}>>".encode()


def utf16(text: str) -> str:
    return f"<feff{text.encode('utf-16-be').hex()}>"


def with_fields(labels: Iterable[tuple[int, int, str]], fields: list[bytes], rules: str = "") -> bytes:
    """A page of labels in Helvetica with records of form fields, whose look nobody has drawn."""
    text = rules + "".join(f"BT /F 11 Tf {x} {y} Td ({label}) Tj ET\n" for x, y, label in labels)
    first = 6
    numbers = " ".join(f"{first + at} 0 R" for at in range(len(fields)))
    return pdf_of(
        [
            f"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[{numbers}]>>>>".encode(),
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>"
            b"/Annots[%s]>>" % numbers.encode(),
            _stream(text.encode()),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            *fields,
        ]
    )


def test_the_values_of_a_forms_fields_stand_behind_their_labels() -> None:
    def page(canvas: Canvas) -> None:
        form = canvas.acroForm
        canvas.drawString(60, 780, "THÔNG BÁO lịch tiếp công dân của Chủ tịch phường")
        for at, (label, value) in enumerate((("Ngày tiếp:", "15/10/2026"), ("Địa điểm:", "Phong 101, so 2"))):
            canvas.drawString(60, 740 - 34 * at, label)
            form.textfield(name=f"ten{at}", value=value, x=180, y=734 - 34 * at, width=300, height=20, maxlen=50)
        canvas.drawString(60, 672, "Hình thức:")
        form.choice(
            name="cach", value="truc tiep", options=["truc tiep", "truc tuyen"], x=180, y=666, width=200, height=20
        )
        for at, (label, checked) in enumerate((("Có phiên dịch", True), ("Có thư ký", False))):
            form.checkbox(name=f"o{at}", x=60, y=630 - 24 * at, size=14, checked=checked)
            canvas.drawString(80, 633 - 24 * at, label)

    found = reading(page)
    assert said(found) == [
        "THÔNG BÁO lịch tiếp công dân của Chủ tịch phường",
        "Ngày tiếp: 15/10/2026",
        "Địa điểm: Phong 101, so 2",
        "Hình thức: truc tiep",
        "☑ Có phiên dịch",
        "☐ Có thư ký",
    ]
    assert concerns(found) == []


def test_values_with_diacritics_of_several_lines_and_of_parents_are_read() -> None:
    labels = [
        (60, 780, "Ho ten:"),
        (300, 780, "Ngay sinh:"),
        (60, 740, "Noi dung:"),
        (60, 660, "Muc:"),
        (60, 640, "Gioi tinh:"),
    ]
    fields = [
        field("a", "Tx", (110, 774, 280, 794), f"/V {utf16('Nguyễn Thị Ví Dụ')}"),
        field("b", "Tx", (370, 774, 500, 794), "/V (01/02/1990)"),
        field(
            "c",
            "Tx",
            (130, 690, 500, 752),
            f"/Ff 4096/V {utf16('Đề nghị cấp lại thẻ.')[:-1]}000a{utf16('Xin cảm ơn.')[5:]}",
        ),
        field("d", "Ch", (130, 654, 300, 674), f"/V (2)/Opt[[(1) (Thap)] [(2) {utf16('Mức hai')}]]"),
        b"<</T(e)/FT/Btn/Ff 49152/V/nu/Kids[11 0 R 12 0 R]>>",
        b"<</Type/Annot/Subtype/Widget/Parent 10 0 R/Rect[130 638 142 650]/F 4/AS/Off>>",
        b"<</Type/Annot/Subtype/Widget/Parent 10 0 R/Rect[180 638 192 650]/F 4/AS/nu>>",
    ]
    labels += [(146, 640, "Nam"), (196, 640, "Nu")]
    found = read_pdf(with_fields(labels, fields))
    assert said(found) == [
        "Ho ten: Nguyễn Thị Ví Dụ",
        "Ngay sinh: 01/02/1990",
        "Noi dung: Đề nghị cấp lại thẻ.",
        "Xin cảm ơn.",
        "Muc: Mức hai",
        "Gioi tinh: ☐ Nam ☑ Nu",
    ]


def test_a_value_in_a_table_stands_in_its_cell() -> None:
    rules = "".join(f"{x} {y} 150 24 re S\n" for x in (60, 210) for y in (700, 724))
    labels = [(64, 732, "Thu tuc"), (214, 732, "Muc thu"), (64, 708, "Khai sinh")]
    found = read_pdf(with_fields(labels, [field("a", "Tx", (212, 702, 350, 722), "/V (8.000 dong)")], rules))
    assert said(found) == ["| Thu tuc | Muc thu |", "|---|---|", "| Khai sinh | 8.000 dong |"]


def test_what_a_form_hides_or_does_not_show_is_no_text() -> None:
    fields = [
        field("a", "Tx", (110, 774, 280, 794), "/V (that)").replace(b"/F 4 ", b"/F 2 "),
        field("b", "Tx", (110, 744, 280, 764), "/Ff 8192/V (mat khau)"),
        field("c", "Btn", (110, 714, 280, 734), "/Ff 65536/V (nut)"),
        field("d", "Sig", (110, 684, 280, 704), "/V<</Type/Sig/Name(UBND)>>"),
    ]
    found = read_pdf(with_fields([(60, 780, "Ho ten:")], fields))
    assert said(found) == ["Ho ten:"]
    assert [(one.text, one.how) for one in found.hidden] == [("that", "hidden form field")]
    assert found.unread == ()


def test_notes_upon_a_page_and_fields_that_show_words_without_a_value_are_named() -> None:
    fields = [
        f"<</Type/Annot/Subtype/FreeText/Rect[60 600 300 640]/F 4/Contents {utf16('Đã sửa đổi')}>>".encode(),
        field("a", "Tx", (110, 774, 280, 794), "/AP<</N 8 0 R>>"),
        b"<</Type/XObject/Subtype/Form/BBox[0 0 100 20]/Length 28>>stream\nBT /F 11 Tf (15.000) Tj ET  \nendstream",
    ]
    found = read_pdf(with_fields([(60, 780, "Le phi:")], fields))
    assert [(one.text, one.how) for one in found.hidden] == [("Đã sửa đổi", "a note upon the page")]
    assert [(one.found, one.why) for one in found.unread] == [
        ("page 1", "words in a form field or a stamp that cannot be read")
    ]


# The end of a file


FEE = "Điều 1. Mức thu lệ phí là 8.000 đồng một bản."


def fee(canvas: Canvas) -> None:
    canvas.drawString(60, 740, FEE)


@pytest.mark.parametrize(
    "behind",
    [
        bytes(8000),
        b"\r\n" * 10_000,
        b"<html>Kh\xc3\xb4ng ph\xe1\xba\xa3i v\xc4\x83n b\xe1\xba\xa3n</html>" * 500,
        bytes(range(256)) * 100,
    ],
)
def test_what_stands_behind_the_end_of_a_pdf_is_no_part_of_it(behind: bytes) -> None:
    found = read_pdf(drawn(fee) + behind)
    assert said(found) == [FEE]
    assert concerns(found) == []


def test_bytes_before_a_pdf_do_no_harm() -> None:
    assert said(read_pdf(b"\n" * 20 + drawn(fee) + bytes(8000))) == [FEE]


def test_another_pdf_or_a_change_cut_off_behind_the_end_is_not_read_and_is_told() -> None:
    for behind in (drawn(annex_page), b"\n6 0 obj<</Type/Page/Parent 2 0 R>> endobj\n9 0 obj<</Len"):
        found = read_pdf(drawn(fee) + behind)
        assert said(found) == [FEE]
        assert [one.kind for one in concerns(found)] == [Kind.UNSURE]


def annex_page(canvas: Canvas) -> None:
    annex(canvas, 0)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_pdf_that_ends_too_early_is_refused(share: float) -> None:
    content = samples.pdf_file()
    with pytest.raises(UnreadableDocument, match="a PDF whose end is missing"):
        read_pdf(content[: int(len(content) * share)])
