"""Word files with all that Word shows: it comes out where it stands, or it is told that it does not."""

import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pytest
import samples
from docx.opc.constants import RELATIONSHIP_TYPE as RELATED
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml

from corpus.reading.read import Reading, read_content

SPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
}
DECLARED = " ".join(f'xmlns:{name}="{address}"' for name, address in SPACES.items())
HTML = "<html><head><title>x</title></head><body><p>Thu lệ phí 8.000 đồng.</p><ul><li>Tờ khai</li></ul></body></html>"


def word(*parts: str, change: Callable[[Any], None] | None = None, font: str = "") -> bytes:
    """A Word file whose body is the given XML."""
    document = docx.Document()
    body = document.element.body
    for part in parts:
        for element in parse_xml(f"<w:body {DECLARED}>{part}</w:body>"):
            body.insert(len(body) - 1, element)
    if change:
        change(document)
    return samples._saved(document.save)


def p(inner: str) -> str:
    return f"<w:p>{inner}</w:p>"


def t(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def read(content: bytes) -> Reading:
    return read_content(content, Path("57.docx"))


def lines(content: bytes) -> list[str]:
    found = read(content)
    assert (found.hidden, found.unread) == ((), ())
    return found.markdown.split("\n\n") if "|" not in found.markdown else found.markdown.strip().split("\n")


def line(inner: str) -> str:
    """What a paragraph says."""
    return read(word(p(inner))).markdown.strip()


def attach(document: Any, name: str, content: bytes, kind: str, type_: str) -> str:
    part = Part(PackURI(f"/word/{name}"), type_, content, document.part.package)
    return str(document.part.relate_to(part, kind))


TABLE = (
    f"<w:tbl><w:tr>{{}}</w:tr><w:tr><w:tc>{p(t('Cấp bản sao'))}</w:tc><w:tc>{p(t('8.000 đồng'))}</w:tc></w:tr></w:tbl>"
)
HEAD = f"<w:tc>{p(t('Thủ tục'))}</w:tc><w:tc>{p(t('Mức thu'))}</w:tc>"


@pytest.mark.parametrize(
    "around",
    [
        "<w:customXml w:uri='x' w:element='dieu'>{}</w:customXml>",
        "<w:sdt><w:sdtPr><w:alias w:val='Điều'/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>",
        "<w:customXml w:element='a'><w:sdt><w:sdtContent><w:customXml w:element='b'>{}</w:customXml></w:sdtContent>"
        "</w:sdt></w:customXml>",
        "<mc:AlternateContent><mc:Choice Requires='wps'>{}</mc:Choice><mc:Fallback><w:p/></mc:Fallback>"
        "</mc:AlternateContent>",
    ],
)
def test_articles_and_tables_in_controls_and_custom_xml_stand_where_they_are(around: str) -> None:
    inside = around.format(p(t("Điều 1. Mức thu")) + TABLE.format(HEAD))
    found = read(word(p(t("Trước")), inside, p(t("Sau")))).markdown
    assert found == (
        "Trước\n\nĐiều 1. Mức thu\n\n| Thủ tục | Mức thu |\n|---|---|\n| Cấp bản sao | 8.000 đồng |\n\nSau\n"
    )


def test_rows_cells_and_words_in_controls_are_read() -> None:
    control = "<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>"
    cell = control.format(f"<w:tc>{p(control.format(t('Hộ tịch')))}</w:tc>")
    row = control.format(f"<w:tr>{cell}<w:tc>{p(t('0 đồng'))}</w:tc></w:tr>")
    grid = f"<w:tbl><w:tr>{HEAD}</w:tr>{row}<w:customXml w:element='x'><w:tr>{HEAD}</w:tr></w:customXml></w:tbl>"
    assert lines(word(grid)) == [
        "| Thủ tục | Mức thu |", "|---|---|", "| Hộ tịch | 0 đồng |", "| Thủ tục | Mức thu |"
    ]  # fmt: skip


WORDS = ["Thu", "lệ", "phí", "8.000", "đồng.", "-", "Tờ", "khai"]
ARCHIVE = (
    "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; "
    "charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n"
)


def _base64(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", HTML.encode()),
        ("a.htm", HTML.encode("utf-16")),
        ("a.xhtml", b"<?xml version='1.0'?>" + HTML.encode()),
        ("a.mht", ARCHIVE.format(_base64(HTML)).encode()),
        ("a.rtf", rb"{\rtf1\ansi Thu l\u7879? ph\u237? 8.000 \u273?\u7891?ng.\par - T\u7901? khai\par}"),
        ("a.txt", "Thu lệ phí 8.000 đồng.\n- Tờ khai".encode()),
        ("a.docx", word(p(t("Thu lệ phí 8.000 đồng.")), p(t("- Tờ khai")))),
    ],
)
@pytest.mark.parametrize("before", ["", p(t("THÔNG BÁO"))])
def test_a_part_in_another_format_is_read_where_it_stands(name: str, content: bytes, before: str) -> None:
    def change(document: Any) -> None:
        id_ = attach(document, name, content, RELATED.A_F_CHUNK, "application/octet-stream")
        document.element.body.insert(bool(before), parse_xml(f'<w:altChunk {DECLARED} r:id="{id_}"/>'))

    found = read(word(*filter(None, [before]), change=change))
    assert found.markdown.split() == [
        *(["THÔNG", "BÁO"] if before else []),
        *WORDS,
    ]
    assert found.unread == ()


@pytest.mark.parametrize("content", [b"%PDF-1.7\n\0\xff\xfe", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)])
def test_a_part_that_cannot_be_read_is_told_by_name(content: bytes) -> None:
    def change(document: Any) -> None:
        id_ = attach(document, "phu-luc.bin", content, RELATED.A_F_CHUNK, "application/octet-stream")
        document.element.body.insert(0, parse_xml(f'<w:altChunk {DECLARED} r:id="{id_}"/>'))

    [told] = read(word(p(t("THÔNG BÁO")), change=change)).unread
    assert "phu-luc.bin" in told.found


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("equation", "said"),
    [
        (f"<m:f><m:num>{run('a+b')}</m:num><m:den>{run('2')}</m:den></m:f>", "(a+b)/2"),
        (f"<m:sSup><m:e>{run('10')}</m:e><m:sup>{run('3')}</m:sup></m:sSup>", "10³"),
        (f"<m:sSup><m:e>{run('x')}</m:e><m:sup>{run('k')}</m:sup></m:sSup>", "x^k"),
        (f"<m:sSub><m:e>{run('CO')}</m:e><m:sub>{run('2')}</m:sub></m:sSub>", "CO₂"),
        (f"<m:rad><m:deg/><m:e>{run('S')}</m:e></m:rad>", "√S"),
        (f"<m:d><m:e>{run('a')}</m:e><m:e>{run('b')}</m:e></m:d>", "(a|b)"),
        (
            f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{run('1')}</m:sub><m:sup>{run('n')}</m:sup>"
            f"<m:e>{run('x')}</m:e></m:nary>",
            "∑(1→n) x",
        ),
        (run("P = 5% × S"), "P = 5% × S"),
    ],
)
def test_an_equation_is_written_in_a_line(equation: str, said: str) -> None:
    assert line(f"{t('Tính: ')}<m:oMath>{equation}</m:oMath>") == f"Tính: {said}"
    assert lines(word(f"<m:oMathPara><m:oMath>{equation}</m:oMath></m:oMathPara>"))[0].strip() == said


@pytest.mark.parametrize("encoding", ["tcvn3", "vni", "viscii"])
def test_signs_and_heights_are_no_letters_of_an_old_encoding(encoding: str) -> None:
    font = f'<w:rFonts w:ascii="{samples.OLD_FONTS[encoding]}" w:hAnsi="{samples.OLD_FONTS[encoding]}"/>'
    equation = "<m:oMath><m:r><m:t>S × 2</m:t></m:r></m:oMath>"
    raised = t("2", f'{font}<w:vertAlign w:val="superscript"/>')
    said = samples.encoded("Diện tích tối đa là 20 m", encoding)
    cells = f"<w:tc>{p(t(said, font) + raised)}</w:tc><w:tc>{p(t(samples.encoded('Điều kiện', encoding), font))}</w:tc>"
    found = read(word(p(t(said, font) + raised + equation), f"<w:tbl><w:tr>{cells}</w:tr><w:tr>{cells}</w:tr></w:tbl>"))
    assert found.markdown.startswith("Diện tích tối đa là 20 m² S × 2\n")
    assert "| Diện tích tối đa là 20 m² | Điều kiện |" in found.markdown


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ('<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>', "☑"),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0FD"/></w:r>', "☒"),
        ('<w:r><w:sym w:font="Wingdings 2" w:char="F052"/></w:r>', "☑"),
        ('<w:r><w:sym w:font="Wingdings 2" w:char="F0A3"/></w:r>', "☐"),
        ('<w:r><w:sym w:font="Symbol" w:char="F0B3"/></w:r>', "≥"),
        ('<w:r><w:sym w:font="Symbol" w:char="00B1"/></w:r>', "±"),
        (t("o", '<w:rFonts w:ascii="Wingdings" w:hAnsi="Wingdings"/>'), "☐"),
        (t("\uf0a3", '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>'), "≤"),
        (t("3", '<w:vertAlign w:val="superscript"/>'), "³"),
        (t("3", '<w:position w:val="8"/>'), "³"),
        (t("2", '<w:vertAlign w:val="subscript"/>'), "₂"),
        (t("o", '<w:vertAlign w:val="superscript"/>'), "°"),
        (t("(1)", '<w:vertAlign w:val="superscript"/>'), "⁽¹⁾"),
        ("<w:r><w:noBreakHyphen/><w:t>b</w:t></w:r>", "-b"),
        ('<w:smartTag w:element="x"><w:hyperlink><w:r><w:t>b</w:t></w:r></w:hyperlink></w:smartTag>', "b"),
        (
            '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox>'  # noqa: E501
            '</w:ffData></w:fldChar></w:r><w:r><w:instrText>FORMCHECKBOX</w:instrText></w:r>'
            '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
            "☑",
        ),
        (
            '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="Có"/>'
            '<w:listEntry w:val="Không"/></w:ddList></w:ffData></w:fldChar></w:r><w:r><w:instrText>FORMDROPDOWN'
            '</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>',
            "Không",
        ),
        (
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>SYMBOL 254 \\f "Wingdings"</w:instrText></w:r>'  # noqa: E501
            '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
            "☑",
        ),
        (
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>IF 1 = 1</w:instrText></w:r>'
            f'{t("mã của trường")}<w:r><w:fldChar w:fldCharType="separate"/></w:r>{t("kết quả")}'
            '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
            "kết quả",
        ),
    ],
)  # fmt: skip
def test_what_is_no_plain_letter_is_written_as_one_sees_it(inner: str, said: str) -> None:
    assert line(t("A") + inner) == f"A{said}"


def test_a_sign_that_nobody_knows_is_told() -> None:
    found = read(word(p(t("Đã nộp ") + '<w:r><w:sym w:font="Wingdings 3" w:char="F0C1"/></w:r>')))
    assert found.markdown == "Đã nộp\n"
    assert [one.found for one in found.unread] == ["a sign of the font Wingdings 3, F0C1"]


BOX = f"<w:txbxContent>{p(t('Trong khung'))}</w:txbxContent>"


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        (f"<w:pict><v:shape><v:textbox>{BOX}</v:textbox></v:shape></w:pict>", "Trong khung"),
        ('<w:pict><v:shape><v:textpath string="Chữ nghệ thuật"/></v:shape></w:pict>', "Chữ nghệ thuật"),
        (
            f"<mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx>{BOX}</wps:txbx></w:drawing></mc:Choice>"  # noqa: E501
            f"<mc:Fallback><w:pict><v:textbox>{BOX}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent>",
            "Trong khung",
        ),
        (
            "<mc:AlternateContent><mc:Choice Requires='wpi'><w:drawing/></mc:Choice>"
            f"<mc:Fallback><w:pict><v:textbox>{BOX}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent>",
            "Trong khung",
        ),
        ("<w:drawing><a:p><a:r><a:t>Trong hình</a:t></a:r></a:p></w:drawing>", "Trong hình"),
    ],
)
def test_words_in_boxes_and_shapes_are_read_once(drawn: str, said: str) -> None:
    assert lines(word(p(f"{t('Điều 1. Mức thu')}<w:r>{drawn}</w:r>"), p(t("Sau"))))[:2] == ["Điều 1. Mức thu", said]


def test_a_diagram_is_read_in_its_own_order() -> None:
    points = "".join(
        f'<dgm:pt modelId="{id_}" type="{kind}"><dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>'
        for id_, kind, text in (
            ("0", "doc", ""),
            ("2", "node", "Trả kết quả"),
            ("1", "node", "Tiếp nhận"),
            ("3", "node", "Ký"),
        )
    )
    links = "".join(
        f'<dgm:cxn modelId="{10 + at}" srcId="{one}" destId="{other}" srcOrd="{order}" destOrd="0"/>'
        for at, (one, other, order) in enumerate((("0", "1", 0), ("0", "2", 1), ("2", "3", 0)))
    )
    model = f"<dgm:dataModel {DECLARED}><dgm:ptLst>{points}</dgm:ptLst><dgm:cxnLst>{links}</dgm:cxnLst></dgm:dataModel>"

    def change(document: Any) -> None:
        id_ = attach(document, "diagrams/data1.xml", model.encode(), RELATED.DIAGRAM_DATA, "application/xml")
        drawn = f'<w:p {DECLARED}><w:r><w:drawing><dgm:relIds r:dm="{id_}"/></w:drawing></w:r></w:p>'
        document.element.body.insert(0, parse_xml(drawn))

    assert read(word(change=change)).markdown == "- Tiếp nhận\n- Trả kết quả\n  - Ký\n"


@pytest.mark.parametrize(
    ("drawn", "what"),
    [
        ('<w:drawing><c:chart r:id="x"/></w:drawing>', "a chart"),
        ('<w:object><o:OLEObject ProgID="Excel.Sheet.12"/></w:object>', "an embedded object (Excel.Sheet.12)"),
        ('<w:drawing><dgm:relIds r:dm="x"/></w:drawing>', "a diagram (SmartArt)"),
        (
            '<w:drawing><wp:inline><wp:extent cx="6120000" cy="8640000"/><a:blip/></wp:inline></w:drawing>',
            "a picture of 17 × 24 cm",
        ),
    ],
)
def test_what_is_shown_and_cannot_be_read_is_told(drawn: str, what: str) -> None:
    found = read(word(p(t("Trước")), p(f"{t('Xem hình:')}<w:r>{drawn}</w:r>")))
    assert [(one.found, one.why) for one in found.unread] == [(what, "paragraph 2: it is not in the text")]
    assert found.markdown == "Trước\n\nXem hình:\n"


def test_a_small_picture_is_a_seal_or_a_photograph() -> None:
    drawn = '<w:drawing><wp:inline><wp:extent cx="1080000" cy="1080000"/><a:blip/></wp:inline></w:drawing>'
    assert read(word(p(f"{t('Dấu')}<w:r>{drawn}</w:r>"))).unread == ()


def test_notes_are_numbered_as_word_does_and_stand_at_the_end() -> None:
    notes = "".join(
        f'<w:footnote {kind} w:id="{id_}">{p("<w:r><w:footnoteRef/></w:r>" + t(text))}</w:footnote>'
        for id_, kind, text in ((-1, 'w:type="separator"', ""), (4, "", "Ghi chú sau."), (7, "", "Ghi chú trước."))
    )

    def change(document: Any) -> None:
        part = f"<w:footnotes {DECLARED}>{notes}</w:footnotes>".encode()
        attach(document, "footnotes3.xml", part, RELATED.FOOTNOTES, "application/xml")

    def refer(id_: int) -> str:
        return f'<w:r><w:footnoteReference w:id="{id_}"/></w:r>'

    found = read(word(p(t("Phí") + refer(7) + t(" và lệ phí") + refer(4)), change=change)).markdown
    assert found == "Phí (1) và lệ phí (2)\n\n(1) Ghi chú trước.\n(2) Ghi chú sau.\n"


def test_changes_that_are_tracked_count_as_accepted() -> None:
    gone = f"<w:tr><w:trPr><w:del w:id='1'/></w:trPr>{HEAD}</w:tr>"
    kept = f"<w:tr>{HEAD}</w:tr>"
    found = lines(
        word(
            p(
                "<w:pPr><w:rPr><w:del w:id='2'/></w:rPr></w:pPr>" + t("Mức thu")
                + f"<w:del w:id='3'><w:r><w:delText> cũ</w:delText></w:r></w:del><w:moveFrom>{t(' dời đi')}</w:moveFrom>"  # noqa: E501
            ),
            p(t(" là ") + f"<w:ins w:id='4'>{t('8.000')}</w:ins><w:moveTo>{t(' đồng')}</w:moveTo>"),
            f"<w:tbl>{kept}{gone}{kept}</w:tbl>",
        )
    )  # fmt: skip
    assert found == ["Mức thu là 8.000 đồng", "", "| Thủ tục | Mức thu |", "|---|---|", "| Thủ tục | Mức thu |"]


def test_words_that_are_crossed_out_are_left_out_and_told() -> None:
    found = read(word(p(t("Mức thu là ") + t("5.000", "<w:strike/>") + t("8.000 đồng"))))
    assert found.markdown == "Mức thu là 8.000 đồng\n"
    assert [(one.text, one.how) for one in found.hidden] == [("5.000", "crossed out")]


def head(document: Any, inner: str, *, first: bool) -> None:
    section = document.sections[0]
    section.different_first_page_header_footer = first
    header = section.first_page_header if first else section.header
    header.paragraphs[0]._p.getparent().replace(header.paragraphs[0]._p, parse_xml(f"<w:p {DECLARED}>{inner}</w:p>"))


def test_a_letterhead_in_the_header_comes_once_before_the_text_and_running_heads_do_not() -> None:
    content = word(p(t("QUYẾT ĐỊNH")), change=lambda document: head(document, t("PHƯỜNG VÍ DỤ"), first=True))
    assert lines(content)[:2] == ["PHƯỜNG VÍ DỤ", "QUYẾT ĐỊNH\n"]
    content = word(p(t("QUYẾT ĐỊNH")), change=lambda document: head(document, t("Số: 5/QĐ-UBND"), first=False))
    assert lines(content)[:2] == ["Số: 5/QĐ-UBND", "QUYẾT ĐỊNH\n"]
    content = word(p(t("QUYẾT ĐỊNH")), change=lambda document: head(document, t("Công báo, trang 3"), first=False))
    assert lines(content) == ["QUYẾT ĐỊNH\n"]


def test_a_watermark_is_told_and_not_read() -> None:
    drawn = '<w:r><w:pict><v:shape><v:textpath string="DỰ THẢO"/></v:shape></w:pict></w:r>'
    found = read(word(p(t("QUYẾT ĐỊNH")), change=lambda document: head(document, drawn, first=False)))
    assert (found.markdown, [one.found for one in found.unread]) == ("QUYẾT ĐỊNH\n", ["a watermark: «DỰ THẢO»"])


def test_what_stands_on_lines_of_its_own_in_a_cell_is_parted() -> None:
    def row(*cells: str) -> str:
        return "<w:tr>" + "".join(f"<w:tc>{cell}</w:tc>" for cell in cells) + "</w:tr>"

    broken = p("<w:r><w:t>Trực tiếp: 15.000 đồng</w:t><w:br/><w:t>Trực tuyến: 7.000 đồng</w:t></w:r>")
    torn = p(t("03 ngày làm việc")) + p(t("kể từ khi nhận đủ hồ sơ"))
    bullets = "".join(
        p(f'<w:pPr><w:pStyle w:val="ListBullet"/></w:pPr>{t(text)}') for text in ("tờ khai mẫu CT01", "giấy tờ chỗ ở")
    )
    grid = row(p(t("Nội dung")), p(t("Chi")) + p(t("Tiết"))) + row(p(t("Lệ phí")), broken)
    grid += row(p(t("Thời hạn")), torn) + row(p(t("Hồ sơ")), bullets)
    assert lines(word(f"<w:tbl>{grid}</w:tbl>")) == [
        "| Nội dung | Chi Tiết |", "|---|---|", "| Lệ phí | Trực tiếp: 15.000 đồng; Trực tuyến: 7.000 đồng |",
        "| Thời hạn | 03 ngày làm việc kể từ khi nhận đủ hồ sơ |", "| Hồ sơ | tờ khai mẫu CT01; giấy tờ chỗ ở |",
    ]  # fmt: skip


# The names of parts


def renamed(content: bytes, rename: Callable[[str], str], change: Callable[[str], str] = str) -> bytes:
    """The file with its parts named otherwise, and what refers to them changed."""
    target = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            inner = old.read(name)
            if name.endswith((".rels", "[Content_Types].xml")):
                inner = change(inner.decode()).encode()
            new.writestr(zipfile.ZipInfo(rename(name)), inner)
    return target.getvalue()


MADE = {"docx": samples.docx_file, "xlsx": samples.xlsx_file, "pptx": samples.pptx_file}


def _second(name: str) -> str:
    return re.sub(r"(document|workbook|presentation)\.xml", r"\g<1>2.xml", name)


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize(
    ("rename", "change"),
    [
        (_second, _second),
        (str.upper, str),
        (lambda name: name.replace("/", "\\"), str),
    ],
    ids=["document2.xml", "upper case", "backslashes"],
)
def test_parts_are_found_by_what_refers_to_them(
    kind: str, rename: Callable[[str], str], change: Callable[[str], str]
) -> None:
    found = read_content(renamed(MADE[kind](), rename, change), Path("57"))
    assert found.format == kind
    assert found.markdown == read_content(MADE[kind](), Path("57")).markdown


def test_an_archive_that_is_no_office_file_is_still_refused() -> None:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("_rels/.rels", "<Relationships/>")
        archive.writestr("word/notes.xml", "<a/>")
    with pytest.raises(Exception, match="a ZIP archive"):
        read(target.getvalue())
