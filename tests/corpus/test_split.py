"""Documents into passages: what belongs together stays together, and every quote is the document's own words."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpus.catalogue import read_folder, read_one
from corpus.document import Document, Entry, Kind, Passage, Unit
from corpus.language.normalize import words
from corpus.split import PASSAGE_LENGTH, split

DATA = Path(__file__).parents[1] / "data"
MARKER = re.compile(r"\s*\[\d+\]")


def document(body: str, title: str = "Tiêu đề") -> Document:
    entry = Entry("mau", title, "UBND", None, "hướng dẫn", None, "2025", "còn hiệu lực", (), (), ())
    return Document(entry, f"---\n{body}", len("---\n"))


def passages(body: str) -> list[Passage]:
    return list(split(document(body)))


def units(body: str) -> list[Unit]:
    return [unit for passage in passages(body) for unit in passage.units]


def texts(body: str) -> list[str]:
    return [unit.text for unit in units(body)]


def ids(body: str) -> list[str]:
    return [passage.id.removeprefix("mau#") for passage in passages(body)]


def unmarked(text: str) -> str:
    return MARKER.sub("", text).strip()


@pytest.fixture(scope="module")
def corpus_documents() -> tuple[Document, ...]:
    return read_folder()


@pytest.fixture(scope="module")
def law() -> dict[str, Passage]:
    """The invented law's passages by what stands after its id."""
    return {passage.id.removeprefix("luat-mau#"): passage for passage in split(read_one("luat-mau", DATA))}


# The real documents


def test_every_quote_of_the_corpus_stands_in_its_document_where_its_span_says(
    corpus_documents: tuple[Document, ...],
) -> None:
    for text in corpus_documents:
        end = text.body
        for unit in (unit for passage in split(text) for unit in passage.units):
            assert end <= unit.start < unit.end <= len(text.text)
            assert unit.quote == unmarked(text.text[unit.start : unit.end]) != ""
            assert set(unit.sources) <= {source.n for source in text.entry.sources}
            end = unit.end


def test_no_word_of_the_corpus_is_lost(corpus_documents: tuple[Document, ...]) -> None:
    for text in corpus_documents:
        kept = set(words(text.entry.title))
        for passage in split(text):
            kept.update(word for heading in passage.headings for word in words(heading))
            kept.update(word for unit in passage.units for part in (unit.quote, *unit.columns) for word in words(part))
        body = re.sub(r"(?m)^\d+\. ", "", text.text[text.body :])  # the numbers of list items are no words of theirs
        lost = set(words(MARKER.sub("", body))) - kept
        assert lost <= {"nguon"}  # the header of the column that only names sources


def test_the_corpus_has_passages_of_a_fit_size_with_ids_of_their_own(corpus_documents: tuple[Document, ...]) -> None:
    found = [passage for text in corpus_documents for passage in split(text)]
    assert (len(found), sum(len(passage.units) for passage in found)) == (592, 1922)
    assert len({passage.id for passage in found}) == len(found)
    for passage in found:
        assert len(passage.units) == 1 or len("".join(unit.text for unit in passage.units)) <= PASSAGE_LENGTH + 200


def test_an_article_that_a_sentence_names_is_no_heading(corpus_documents: tuple[Document, ...]) -> None:
    text = next(text for text in corpus_documents if text.entry.id == "luat-thu-do-2024")
    passage = next(passage for passage in split(text) if passage.id.endswith("#phan-lien-quan-cong-nghe"))
    assert passage.units[1].text.startswith("Điều 25 Luật Thủ đô 2024 là căn cứ cho hoạt động thử nghiệm có kiểm soát")
    assert passage.units[1].sources == (4,)


# Headings and ids


def test_a_passage_carries_its_headings_but_not_the_title_of_its_document() -> None:
    found = passages("# Tiêu đề\n\nMở.\n\n## Phí ##\n\nCó phí.\n\n### Mức\n\nMột.\n\n## Hạn\n\nHai.\n")
    assert [(passage.id, passage.headings) for passage in found] == [
        ("mau#mo-dau", ()),
        ("mau#phi", ("Phí",)),
        ("mau#phi/muc", ("Phí", "Mức")),
        ("mau#han", ("Hạn",)),
    ]


def test_a_paragraph_more_under_one_heading_leaves_the_ids_under_the_others_alone() -> None:
    long = f"{'Một câu dài. ' * 60}\n\n"
    before = f"Đầu.\n\n## Phí\n\nCó phí.\n\n## Liên hệ\n\n{long}## Phí\n\nLại phí.\n\n## Hạn\n\nHai.\n"
    after = before.replace("## Liên hệ", f"{long}## Liên hệ", 1)
    assert set(ids(before)) == {"mo-dau", "phi", "lien-he", "lien-he.2", "phi~2", "han"}
    assert set(ids(after)) == set(ids(before)) | {"phi.2", "phi.3"}
    by_id = {passage.id: passage for passage in passages(after)}
    for passage in passages(before):
        if passage.id != "mau#phi":
            assert [unit.quote for unit in by_id[passage.id].units] == [unit.quote for unit in passage.units]


def test_headings_without_words_or_with_the_words_of_others_have_ids_of_their_own() -> None:
    body = "x.\n## 🎉\nx.\n## Mở đầu\nx.\n## A 2\nx.\n## A\nx.\n## A\nx.\n### A\nx.\n## A/A\nx."
    assert ids(body) == ["mo-dau", "mo-dau~2", "mo-dau~3", "a-2", "a", "a~2", "a/a", "a-a"]


def test_a_passage_does_not_cross_a_heading_though_both_are_short() -> None:
    assert len(passages("## A\n\nMột.\n\n## A\n\nHai.")) == 2


def test_a_text_without_markup_has_its_short_lines_for_headings() -> None:
    body = "Tên bài\nMức phí\nCông dân nộp phí một lần.\nHạn nộp\nTrước ngày 1/7.\nGọi số nào [1]\nHết bài"
    found = passages(body)
    assert [(passage.headings, [unit.text for unit in passage.units]) for passage in found] == [
        ((), ["Tên bài"]),
        (("Mức phí",), ["Công dân nộp phí một lần."]),
        (("Hạn nộp",), ["Trước ngày 1/7.", "Gọi số nào", "Hết bài"]),
    ]


def test_a_text_of_one_short_line_is_not_lost() -> None:
    assert texts("Hà Nội có 126 xã, phường") == ["Hà Nội có 126 xã, phường"]


# Sentences


def test_a_paragraph_is_cut_into_sentences_with_their_sources() -> None:
    found = units("Phường có wifi [1][2]. Wifi không mất tiền. [3] Dùng được 60 phút [2]!\n")
    assert [(unit.quote, unit.sources) for unit in found] == [
        ("Phường có wifi.", (1, 2)),
        ("Wifi không mất tiền.", (3,)),
        ("Dùng được 60 phút!", (2,)),
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        *("Trụ sở ở TP. Hà Nội.", "Do PGS.TS. Nguyễn Văn A trình bày.", "Ông Nguyễn V. An ký.", "Ở Q. Ba Đình."),
        *("Có các phố, chợ... và bến xe.", "Giá 1.837 đồng.", "Vào https://dichvucong.gov.vn để nộp."),
    ],
)
def test_a_stop_inside_a_sentence_does_not_end_it(sentence: str) -> None:
    assert texts(f"Câu trước. {sentence} Câu sau.") == ["Câu trước.", sentence, "Câu sau."]


def test_a_sentence_that_ends_in_an_acronym_ends() -> None:
    assert texts("Tăng 17% GRDP. Năm 2025 là 18%.") == ["Tăng 17% GRDP.", "Năm 2025 là 18%."]
    assert texts('Gọi là "Thủ đô số." Ứng dụng mới.') == ['Gọi là "Thủ đô số."', "Ứng dụng mới."]


def test_a_very_long_sentence_is_cut_at_its_semicolons_but_not_inside_brackets() -> None:
    part = "phần này dài hơn một trăm ký tự để đủ dài khi cắt, " * 3
    found = texts(f"Kế hoạch nêu: {part}(gồm a; gồm b); {part}hết.")
    assert len(found) == 2
    assert found[0].endswith("(gồm a; gồm b);")
    assert texts("Ngắn; thì; không cắt.") == ["Ngắn; thì; không cắt."]


def test_a_long_section_is_cut_between_paragraphs_and_a_long_paragraph_between_sentences() -> None:
    paragraph = f"{'Chữ ' * 60}hết."
    found = passages("\n\n".join([paragraph] * 5))
    assert [len(passage.units) for passage in found] == [2, 2, 1]
    assert [len(passage.units) for passage in passages(" ".join([paragraph] * 5))] == [2, 2, 1]


# Lists


def test_an_item_carries_its_lead_in_even_into_another_passage() -> None:
    found = passages("Hồ sơ gồm [1]:\n\n" + "\n".join(f"- Giấy số {n} {'rất ' * 20}dài [2]." for n in range(10)))
    assert len(found) > 1
    assert found[0].units[0].text == "Hồ sơ gồm:"
    for passage in found:
        assert passage.text.count("Hồ sơ gồm:") == 1
        assert all(unit.lead == "Hồ sơ gồm:" for unit in passage.units if unit.kind is Kind.ITEM)


def test_a_lead_in_is_never_the_last_line_of_a_passage() -> None:
    for between in ("\n", "\n\n"):
        found = passages(f"{'Chữ ' * 160}hết.{between}Hồ sơ gồm:{between}- {'Giấy ' * 40}hết.{between}- Đơn.")
        assert [len(passage.units) for passage in found] == ([3, 1] if between == "\n" else [1, 3])


def test_a_list_after_another_paragraph_has_no_lead_in() -> None:
    assert [unit.lead for unit in units("Gồm:\n- Một.\n\nCâu khác.\n\n- Hai.")] == ["", "Gồm:", "", ""]


def test_a_lead_in_of_several_sentences_is_not_said_twice() -> None:
    (passage,) = passages("Có hai loại. Đó là:\n\n- Một;\n- Hai.")
    assert [unit.lead for unit in passage.units][2:] == ["Có hai loại. Đó là:"] * 2
    assert passage.text == "Có hai loại.\nĐó là:\nMột;\nHai."


def test_a_lead_in_as_long_as_a_page_is_only_its_last_sentence() -> None:
    assert units(f"{'Câu dài. ' * 50}Gồm có:\n- Một.")[-1].lead == "Gồm có:"


@pytest.mark.parametrize(
    "body",
    [
        "Cần:\n\n- Hồ sơ gồm:\n  - Đơn;\n  - Ảnh.\n- Lệ phí.",
        "Cần:\n\n- Hồ sơ gồm:\n\n    * Đơn;\n    * Ảnh.\n\n- Lệ phí.",
        "Cần:\n1. Hồ sơ gồm:\n- Đơn;\n- Ảnh.\n2. Lệ phí.",
        "Cần:\n- Hồ sơ gồm:\n+ Đơn;\n+ Ảnh.\n- Lệ phí.",
    ],
)
def test_an_item_of_an_inner_list_hangs_on_the_item_above_it(body: str) -> None:
    assert [(unit.lead, unit.text) for unit in units(body)] == [
        ("", "Cần:"),
        ("Cần:", "Hồ sơ gồm:"),
        ("Hồ sơ gồm:", "Đơn;"),
        ("Hồ sơ gồm:", "Ảnh."),
        ("Cần:", "Lệ phí."),
    ]


def test_a_paragraph_inside_an_item_hangs_on_it_and_does_not_end_the_list() -> None:
    found = units("Các bước:\n\n- Bước một.\n  Mở ứng dụng.\n- Bước hai.")
    assert [(unit.kind, unit.lead) for unit in found][1:] == [
        (Kind.ITEM, "Các bước:"),
        (Kind.SENTENCE, "Bước một."),
        (Kind.ITEM, "Các bước:"),
    ]


def test_numbered_items_of_an_ordinary_document_are_items_without_their_numbers() -> None:
    found = passages("## Các bước\n\n1. Mở trang.\n2) Bấm nộp.\n\n## Điều 5\n\nMột câu.")
    assert [(unit.kind, unit.text) for unit in found[0].units] == [(Kind.ITEM, "Mở trang."), (Kind.ITEM, "Bấm nộp.")]
    assert [passage.id for passage in found] == ["mau#cac-buoc", "mau#dieu-5"]


# Tables

TABLE = "| Năm | Hà Nội | Nguồn |\n|:---|---:|:-:|\n| 2024 | hạng 2 | [1] |\n| 2025 | hạng 1 [3] | [2][1] |\n"


def test_a_row_keeps_its_header_and_its_sources_but_not_the_column_of_sources() -> None:
    (first, second) = units(f"Thứ hạng:\n\n{TABLE}")[1:]
    assert (first.kind, first.lead, first.text) == (Kind.ROW, "Thứ hạng:", "Năm 2024: hạng 2")
    assert (first.columns, first.cells, first.sources) == (("Năm", "Hà Nội"), ("2024", "hạng 2"), (1,))
    assert (second.quote, second.sources) == ("| 2025 | hạng 1 | |", (3, 2, 1))


def test_a_row_of_several_cells_names_each_column() -> None:
    body = "| Nơi | Trạm | Nguồn vốn |\n|---|---|---|\n| Bến xe | 4 | Ngân sách |"
    assert texts(body) == ["Bến xe – Trạm: 4; Nguồn vốn: Ngân sách"]


def test_the_rows_of_a_long_table_have_their_header_in_every_passage() -> None:
    rows = "".join(f"| Phường {n} | {'rất ' * 20}nhiều |\n" for n in range(20))
    found = passages(f"| Nơi | Số hồ sơ |\n|---|---|\n{rows}")
    assert len(found) > 1
    assert {unit.columns for passage in found for unit in passage.units} == {("Nơi", "Số hồ sơ")}


def test_tables_of_one_section_keep_their_own_headers() -> None:
    other = "| Nơi | Tầng |\n|---|---|\n| Kho | 2 |\n"
    for between in ("\n", "Còn có:\n", "- Xem dưới.\n"):
        found = [unit for unit in units(f"{TABLE}{between}{other}") if unit.kind is Kind.ROW]
        assert [unit.columns for unit in found] == [("Năm", "Hà Nội"), ("Năm", "Hà Nội"), ("Nơi", "Tầng")]


def test_ragged_rows_lose_nothing() -> None:
    found = units("| Nơi | Số | Ghi chú |\n|---|---|---|\n| Kho |\n| Bến | 4 | tạm | thêm |\n| | 5 | |\n| | | |")
    assert [unit.text for unit in found] == ["Kho", "Bến – Số: 4; Ghi chú: tạm; thêm", "Số: 5"]
    assert [unit.cells for unit in found] == [("Kho", "", ""), ("Bến", "4", "tạm", "thêm"), ("", "5", "")]
    assert all(len(unit.columns) == len(unit.cells) for unit in found)


def test_escaped_pipes_and_markup_inside_cells_are_read_as_a_person_reads_them() -> None:
    (row,) = units("| Lệnh | Nghĩa |\n|---|---|\n| `a \\| b` | **hoặc**<br>nối |")
    assert row.cells == ("a | b", "hoặc nối")
    assert row.quote == "| `a \\| b` | **hoặc**<br>nối |"


def test_a_table_without_outer_pipes_is_a_table() -> None:
    assert texts("Nơi | Số\n--- | ---\nKho | 2\nBến | 4\n\nHết | rồi.") == ["Kho: 2", "Bến: 4", "Hết | rồi."]


def test_a_table_of_sources_alone_and_a_row_without_a_header_are_kept() -> None:
    assert texts("| Nguồn |\n|---|\n| Báo A [1] |") == ["Báo A"]
    assert texts("| Kho | 2 | tầng |") == ["Kho – 2; tầng"]


# Markup


def test_what_a_person_reads_has_no_markup_and_the_quote_has_the_documents_words() -> None:
    (unit,) = units("Vào **[Cổng](https://dichvucong.gov.vn)** hoặc <https://hanoi.gov.vn>, *gõ* `tên` \\*sao\\* [1].")
    assert unit.text == "Vào Cổng hoặc https://hanoi.gov.vn, gõ tên *sao*."
    assert unit.quote == "Vào **[Cổng](https://dichvucong.gov.vn)** hoặc <https://hanoi.gov.vn>, *gõ* `tên` \\*sao\\*."


@pytest.mark.parametrize(
    "text", ["Bấm *101# rồi *102# để gọi.", "Tệp ten_tep__moi_2 và 5 * 3 * 2.", "Dùng C# hay a_b_c."]
)
def test_signs_that_are_no_markup_stay(text: str) -> None:
    assert texts(text) == [text]


def test_a_link_whose_label_is_a_number_is_no_marker() -> None:
    (unit,) = units("Xem trang [2](https://example.vn) [3].")
    assert (unit.text, unit.sources) == ("Xem trang 2.", (3,))


def test_the_lines_of_a_fence_are_kept_as_they_are() -> None:
    found = passages("Chạy lệnh:\n\n```sh\n# cài đặt\npip install hanoidx  |  tee a_b\n\n- x\n```\n\n## Sau\n\nXong.")
    assert [(unit.lead, unit.text) for unit in found[0].units] == [
        ("", "Chạy lệnh:"),
        ("Chạy lệnh:", "# cài đặt"),
        ("Chạy lệnh:", "pip install hanoidx  |  tee a_b"),
        ("Chạy lệnh:", "- x"),
    ]
    assert [passage.id for passage in found] == ["mau#mo-dau", "mau#sau"]


def test_a_block_quote_is_read_without_its_signs() -> None:
    found = units("> Bí thư nói:\n>\n> - Làm nhanh;\n> - Làm **đúng**.\n\n>80% hồ sơ đúng hạn.")
    assert [(unit.lead, unit.text) for unit in found] == [
        ("", "Bí thư nói:"),
        ("Bí thư nói:", "Làm nhanh;"),
        ("Bí thư nói:", "Làm đúng."),
        ("", ">80% hồ sơ đúng hạn."),
    ]


def test_lines_without_words_are_no_units() -> None:
    assert texts("Một.\n\n---\n\n* * *\n\n…\n\n- [1]\n\n[2]\n\nHai.") == ["Một.", "Hai."]
    assert passages("") == passages("## Chỉ có tiêu đề\n") == []


def test_windows_line_ends_change_nothing_but_the_spans() -> None:
    body = f"# A\n\nMột câu. Hai câu [1].\n\nGồm:\n- Một;\n- Hai.\n\n{TABLE}"
    windows = document(body.replace("\n", "\r\n"))
    found = [unit for passage in split(windows) for unit in passage.units]
    assert [(unit.quote, unit.text, unit.lead) for unit in found] == [
        (unit.quote, unit.text, unit.lead) for unit in units(body)
    ]
    assert all(unit.quote == unmarked(windows.text[unit.start : unit.end]) for unit in found)


# Legal texts


def test_a_law_is_split_at_its_articles_and_their_clauses(law: dict[str, Passage]) -> None:
    assert list(law) == [
        *("mo-dau", "dieu-1", "dieu-2", "dieu-2.1", "dieu-2.2", "dieu-3.1", "dieu-3.2", "dieu-3a", "dieu-4.1"),
        *("dieu-4.2", "dieu-5", "dieu-5+2", "dieu-6.1", "dieu-6.2", "dieu-6.3", "dieu-7", "dieu-8"),
        "phu-luc-so-luong-tram",
    ]


def test_a_passage_of_a_law_carries_chapter_section_and_article(law: dict[str, Passage]) -> None:
    assert law["dieu-3a"].headings == ("Chương I QUY ĐỊNH CHUNG", "Điều 3a. Ngôn ngữ trên trạm")
    assert law["dieu-6.2"].headings == (
        "Chương II QUYỀN CỦA NGƯỜI DÙNG VÀ TRÁCH NHIỆM CỦA NGƯỜI QUẢN LÝ TRẠM",
        "Mục 2. TRÁCH NHIỆM CỦA NGƯỜI QUẢN LÝ TRẠM",
        "Điều 6. Trách nhiệm của người quản lý trạm",
    )
    assert law["dieu-7"].headings == ("Chương III ĐIỀU KHOẢN THI HÀNH", "Điều 7")
    assert law["phu-luc-so-luong-tram"].headings == ("PHỤ LỤC SỐ LƯỢNG TRẠM",)


def test_the_points_of_a_clause_stay_with_it_and_hang_on_it(law: dict[str, Passage]) -> None:
    clause, *points = law["dieu-4.1"].units
    assert clause.text == "1. Người dùng trạm có các quyền sau đây:"
    assert [point.text[:2] for point in points if point.lead == clause.text] == ["a)", "b)", "c)", "d)", "đ)"]
    assert [point.text for point in points if point.lead == "c) Nộp hồ sơ trực tuyến và in giấy hẹn, gồm:"] == [
        "Giấy tiếp nhận hồ sơ;",
        "Giấy hẹn trả kết quả;",
    ]


def test_a_clause_hangs_on_the_words_that_lead_to_it(law: dict[str, Passage]) -> None:
    lead = "Trong Luật này, các từ ngữ dưới đây được hiểu như sau:"
    assert [unit.text for unit in law["dieu-2"].units] == [lead]
    assert law["dieu-2.2"].text == f"{lead}\n2. Người quản lý trạm là tổ chức được giao giữ gìn trạm."
    assert law["dieu-3.1"].units[0].lead == ""


def test_a_long_article_without_clauses_is_cut_between_its_sentences(law: dict[str, Passage]) -> None:
    first, second = law["dieu-5"], law["dieu-5+2"]
    assert first.headings == second.headings
    assert all(unit.kind is Kind.SENTENCE and unit.text.endswith(".") for unit in (*first.units, *second.units))
    assert PASSAGE_LENGTH - 200 < sum(len(unit.text) for unit in first.units) <= PASSAGE_LENGTH


def test_an_article_that_is_all_on_its_line_is_text(law: dict[str, Passage]) -> None:
    assert [unit.text for unit in law["dieu-7"].units] == ["Luật này có hiệu lực từ ngày 1 tháng 1 năm 2099."]
    assert texts("Điều 1. Ban hành quy chế\n\nĐiều 2. Công bố hệ thống") == ["Ban hành quy chế", "Công bố hệ thống"]
    body = (
        "Điều 1. Ban hành quy chế gồm:\n\na) Mở;\n\nb) Đóng.\n\nĐiều 2. Quy chế thay quy chế cũ.\n\nHai bản được lưu."
    )
    assert [(unit.lead, unit.text) for unit in units(body)] == [
        ("", "Ban hành quy chế gồm:"),
        ("Ban hành quy chế gồm:", "a) Mở;"),
        ("Ban hành quy chế gồm:", "b) Đóng."),
        ("", "Quy chế thay quy chế cũ."),
        ("", "Hai bản được lưu."),
    ]


def test_the_points_below_a_second_paragraph_of_a_clause_still_hang_on_the_clause() -> None:
    body = "Điều 1. Tên\n\n1. Khoản một.\n\nĐoạn hai.\n\na) Điểm.\n\nĐiều 2. Tên\n\nHai."
    (passage, _) = passages(body)
    assert [(unit.lead, unit.text) for unit in passage.units] == [
        ("", "1. Khoản một."),
        ("", "Đoạn hai."),
        ("1. Khoản một.", "a) Điểm."),
    ]


def test_a_text_that_quotes_one_article_is_no_law() -> None:
    found = passages("## Trích\n\nĐiều 5. Quyền của người dùng.\n\n1. Một.\n\n2. Hai.")
    assert [(passage.id, len(passage.units)) for passage in found] == [("mau#trich", 4)]
    assert found[0].units[-1].text == "Hai."


def test_an_appendix_has_tables_and_ordinary_items(law: dict[str, Passage]) -> None:
    assert [(unit.kind, unit.text) for unit in law["phu-luc-so-luong-tram"].units] == [
        (Kind.ROW, "Bến xe: 4"),
        (Kind.ROW, "Công viên: 7"),
        (Kind.ITEM, "Bảng này chỉ là ví dụ."),
    ]


def test_a_sentence_that_begins_with_a_chapter_is_no_heading() -> None:
    body = "Điều 1. Một\n\nMục 1 Chương này nêu rõ.\n\nChương II của Luật cũng vậy\n\nĐiều 2. Hai\n\nĐiều 1 vẫn đúng."
    assert [(passage.id, len(passage.units)) for passage in passages(body)] == [("mau#dieu-1", 2), ("mau#dieu-2", 1)]


def test_articles_in_markdown_are_articles() -> None:
    body = (
        "# Tiêu đề\n## Chương I\n\n## QUY ĐỊNH CHUNG\n### Điều 1. Tên\n\n**1.** Một.\n\n**a)** Hai.\n\n**Điều 2.** Ba."
    )
    found = passages(body)
    assert [(passage.id, passage.headings[-1]) for passage in found] == [
        ("mau#dieu-1.1", "Điều 1. Tên"),
        ("mau#dieu-2", "Điều 2"),
    ]
    assert found[0].headings[0] == "Chương I QUY ĐỊNH CHUNG"
    assert [unit.text for unit in found[0].units] == ["1. Một.", "a) Hai."]


def test_a_chapter_with_its_title_in_small_letters_below_it_has_that_title() -> None:
    found = passages("Phần thứ nhất\nChương I\nQuy định chung\nĐiều 1. Tên\nMột.\nChương II\nĐiều 2. Tên\nHai.")
    assert [passage.headings for passage in found] == [
        ("Phần thứ nhất", "Chương I Quy định chung", "Điều 1. Tên"),
        ("Phần thứ nhất", "Chương II", "Điều 2. Tên"),
    ]


def test_parts_of_a_long_article_are_not_taken_for_its_clauses() -> None:
    long = " ".join(["Một câu dài vừa phải để lấp chỗ trống trong điều này."] * 30)
    body = f"Điều 1. Tên\n\n{long}\n\n1. Khoản.\n\n2. {long}\n\nĐiều 2. Tên\n\nHai.\n\nĐiều 2. Tên\n\nBa."
    assert ids(body) == [
        "dieu-1",
        "dieu-1+2",
        "dieu-1+3",
        "dieu-1.1",
        *("dieu-1.2", "dieu-1.2+2", "dieu-1.2+3"),
        "dieu-2",
        "dieu-2~2",
    ]
    clause = next(passage for passage in passages(body) if passage.id == "mau#dieu-1.2").units
    assert clause[0].text == "2. Một câu dài vừa phải để lấp chỗ trống trong điều này."
    assert [unit.kind for unit in clause[:2]] == [Kind.ITEM, Kind.SENTENCE]


def test_a_change_in_one_article_leaves_the_ids_of_the_others_alone(law: dict[str, Passage]) -> None:
    original = read_one("luat-mau", DATA)
    changed = original.text.replace("Điều 3a.", "3. Khoản mới.\n\nĐiều 3a.").replace(
        "Mục 2.", f"{'Thêm một câu. ' * 20}\n\nMục 2."
    )
    after = {
        passage.id.removeprefix("luat-mau#"): passage
        for passage in split(Document(original.entry, changed, original.body))
    }
    assert set(after) - set(law) == {"dieu-3.3", "dieu-5+3"}
    assert all(after[key].text == law[key].text for key in law)


# Anything

STRUCTURE = [
    *(
        "",
        "# Đầu",
        "## Phí",
        "### Mức",
        "Gồm:",
        "- Một.",
        "  - Hai:",
        "1. Ba",
        "a) Bốn",
        "> Năm. Sáu",
        "TP. Ba. Hết [3].",
    ),
    *("| A | B |", "|---|---|", "| 1 | [2] |", "x | y", "```", "***", "[1]", "- [1]", "\u2028", "\f"),
    *("Điều 1. Tên", "Điều 2. Ban hành.", "**Điều 3.**", "Chương I", "MỤC LỚN", "Phụ lục", "Mục 1. Tên"),
    *(f"1. {'Câu dài; ' * 60}", f"{'Câu dài. ' * 60}Gồm:"),
]
LINES = st.lists(st.sampled_from(STRUCTURE) | st.text(max_size=30), max_size=14)


@given(LINES)
@example(["Điều 1. [1]", "Điều 2. [1]"])
@example(["Điều 1.", "Chương I", "[1]", "Điều 2. x", "1. [1]"])
@example(["| |", "|-|", "||", "|"])
@settings(deadline=None)
def test_any_text_has_units_that_stand_where_their_spans_say(lines: list[str]) -> None:
    text = document("\n".join(lines))
    found = split(text)
    assert len({passage.id for passage in found}) == len(found)
    end = text.body
    for passage in found:
        assert passage.units
        for unit in passage.units:
            assert end <= unit.start < unit.end <= len(text.text)
            assert unit.quote == unmarked_strictly(text.text[unit.start : unit.end])
            assert len(unit.columns) == len(unit.cells)
            assert words(unit.text)
            end = unit.end


def unmarked_strictly(text: str) -> str:
    """Without markers as documents write them: up to four ASCII digits, and no link's label."""
    return re.sub(r"\s*\[[0-9]{1,4}\](?!\()", "", text).strip()


# Pages


PAGED = """<!-- trang 1 -->
Điều 5. Hồ sơ
1. Hồ sơ nộp trực tuyến.
2. Người dân không phải nộp bản giấy.
<!-- trang 2 -->
Cơ quan tiếp nhận tra cứu dữ liệu.
Điều 6. Mức thu

| Việc | Mức |
|---|---|
| Hộ tịch | 0 đồng |

<!-- trang 3 -->

| Đất đai | 50 nghìn đồng |

<!-- trang 4 -->
| Xã | Số |
|---|---|
| Đại Thanh | 1 |
"""


def test_a_unit_knows_its_page_and_a_marker_is_never_text() -> None:
    found = units(PAGED)
    assert [(unit.page, unit.text) for unit in found] == [
        (1, "1. Hồ sơ nộp trực tuyến."),
        (1, "2. Người dân không phải nộp bản giấy."),
        (2, "Cơ quan tiếp nhận tra cứu dữ liệu."),
        (2, "Hộ tịch: 0 đồng"),
        (3, "Đất đai: 50 nghìn đồng"),
        (4, "Đại Thanh: 1"),
    ]
    assert not any("trang" in text for unit in found for text in (unit.quote, unit.text, unit.lead, *unit.columns))


def test_a_table_goes_on_over_a_page_and_a_new_one_begins_with_its_own_header() -> None:
    rows = [unit.columns for unit in units(PAGED) if unit.kind is Kind.ROW]
    assert rows == [("Việc", "Mức"), ("Việc", "Mức"), ("Xã", "Số")]


@pytest.mark.parametrize(
    "body",
    [
        "## Hồ sơ\n\nHồ sơ gồm:\n- Đơn;\n- Ảnh.\nNộp tại xã.\nMiễn lệ phí.",
        "Một đoạn đầu.\nMột đoạn sau.\n\n1. Mục một:\n   - Điểm;\n   - Điểm khác.\n2. Mục hai.",
        "Điều 1. Phạm vi\nLuật này quy định:\na) Một;\nb) Hai.\nĐiều 2. Hiệu lực\n1. Từ 2026.\n2. Hết 2030.",
        "Chương I\nQUY ĐỊNH CHUNG\nĐiều 1. Một.\nĐiều 2. Hai.",
        "Tiêu đề ngắn\nMột đoạn văn dài hơn tám mươi chữ cái để không ai nhầm nó là một tiêu đề của đoạn nào khác.",
        "| Năm | Số |\n|---|---|\n| 2024 | 1 |\n| 2025 | 2 |",
        "```\nmã\nmã khác\n```\nMột câu.",
    ],
)
def test_markers_between_any_two_lines_change_no_passage(body: str) -> None:
    lines = body.split("\n")
    paged = "".join(f"{line}\n<!-- trang {number} -->\n" for number, line in enumerate(lines, 2))
    assert ids(paged) == ids(body)
    assert texts(paged) == texts(body)
    assert [(unit.lead, unit.columns) for unit in units(paged)] == [(unit.lead, unit.columns) for unit in units(body)]
    assert [passage.headings for passage in passages(paged)] == [passage.headings for passage in passages(body)]


def test_without_markers_there_are_no_pages() -> None:
    assert {unit.page for unit in units("Một câu. <!-- trang 3 --> Hai câu.\n\n- Ba.")} == {None}


def test_a_hundred_thousand_characters_without_structure_take_no_minute() -> None:
    started = time.monotonic()
    for text in (
        " " * 100_000 + "x",
        f"x{' ' * 100_000}x",
        "a" * 100_000,
        "* " * 50_000,
        "> " * 50_000,
        "[" * 100_000,
        "TP. " * 25_000,
        "|\n<!-- trang 2 -->\n\n" * 4_000,
    ):
        assert len(units(text)) <= 1
    found = passages("Một câu. " * 10_000)
    assert sum(len(passage.units) for passage in found) == 10_000
    assert max(sum(len(unit.text) for unit in passage.units) for passage in found) <= PASSAGE_LENGTH
    assert time.monotonic() - started < 30  # about one second; what grows with the square takes minutes
