"""What is made of the units that answer, whatever ranked them: whole lists, headed rows, dates, quotes, addresses."""

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import messages
from bot.answering.asked import asked
from bot.answering.compose import LIMIT, compose, compose_unknown
from bot.answering.doubt import Doubt, Reason
from bot.answering.rank import Ranked, read
from bot.answering.write import Style, Written
from corpus.catalogue import read_folder
from corpus.document import Document
from index.activation import activate
from index.build import build
from index.encode import Encoder
from index.query import parse
from index.search import Hit, search
from index.snapshot import Snapshot, load

pytestmark = pytest.mark.noise

FAR = -20.0  # log-odds of units that do not answer
STYLE = Style(messages.VIETNAMESE, date(2026, 11, 1))
FACT, LIST, STILL = "Thẻ này giá bao nhiêu?", "Hồ sơ gồm những giấy tờ nào?", "Mức phí đó còn áp dụng không?"

SOURCES = [
    {"n": n, "title": f"Bài {n}", "url": f"https://bao.vn/{n}", "publisher": "Báo", "date": "2025-07-01"}
    for n in (1, 2)
]
RULES = """## Ai được miễn phí

Người có công được miễn phí [2]. Người cao tuổi được giảm một nửa. Học sinh mua vé riêng [1].

## Hồ sơ nộp tại điểm bán vé

Hồ sơ gồm:

- Đơn theo mẫu [2];
- Bản sao căn cước;
- Ảnh chân dung [1].

## Giá các loại thẻ đi xe buýt

| Loại thẻ | Giá | Nơi mua | Nguồn |
|---|---|---|---|
| Thẻ tháng | 200.000 đồng | Điểm bán vé | [2] |
| Thẻ năm | 2.000.000 đồng | Trên mạng | [1] |
| Thẻ ảo | 150.000 đồng | Ứng dụng | [1] |
"""

Write = Callable[..., Path]


@dataclass(frozen=True)
class Shelf:
    """Documents and their passages as hits; `ranked` gives units the scores a test wants."""

    documents: Mapping[str, Document]
    snapshot: Snapshot
    hits: tuple[Hit, ...]

    def ranked(self, scores: Mapping[str, float]) -> list[Ranked]:
        """The units whose text begins with a key of `scores`, and all others far behind, best first."""
        units = [
            Ranked(hit, row, next((score for start, score in scores.items() if unit.text.startswith(start)), FAR), 9.0)
            for hit in self.hits
            for row, unit in enumerate(hit.passage.units)
        ]
        return sorted(units, key=lambda unit: -unit.score)

    def compose(self, question: str, scores: Mapping[str, float]) -> Written:
        return compose(self.ranked(scores), asked(parse(question)), self.snapshot, STYLE)

    def verbatim(self, written: Written) -> bool:
        """Whether every quote stands in its document, the document's own markers left out."""
        return all(
            " ".join(citation.quote.split())
            in " ".join(re.sub(r"\s*\[\d+\](?!\()", "", self.documents[citation.document_id].text).split())
            for citation in written.citations
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture
def shelf(folder: Path, hash_encoder: Encoder, tmp_path: Path, write_document: Write) -> Callable[[], Shelf]:
    """The shelf of what a test has put into the folder, beside the rules of the card."""
    write_document(folder, "the-xe-buyt", RULES, title="Thẻ xe buýt Hà Nội", sources=SOURCES, as_of="2025-06-30")

    def filled() -> Shelf:
        documents = read_folder(folder)
        activate(build(documents, hash_encoder, tmp_path / "data").id, tmp_path / "data")
        snapshot = load(tmp_path / "data", hash_encoder)
        return Shelf({one.entry.id: one for one in documents}, snapshot, search(snapshot, parse("thẻ"), 50))

    return filled


@pytest.fixture(scope="module")
def real(snapshot: Snapshot) -> Shelf:
    """Sixty passages of the real documents."""
    hits = search(snapshot, parse("bảng số liệu, các bước, giấy tờ"), 60)
    return Shelf({one.entry.id: one for one in read_folder()}, snapshot, hits)


# --- Citations ------------------------------------------------------------------------------------------------------


def test_neighbours_share_a_citation_and_its_quote_is_verbatim(shelf: Callable[[], Shelf]) -> None:
    here = shelf()
    written = here.compose("Ai được miễn phí?", {"Người có công": 5, "Người cao tuổi": 4.9})
    [citation] = written.citations
    assert " ".join(citation.quote.split()) == "Người có công được miễn phí. Người cao tuổi được giảm một nửa."
    assert written.text.count("[1]") == 2
    assert here.verbatim(written)


def test_units_with_one_left_out_between_them_have_a_citation_each(shelf: Callable[[], Shelf]) -> None:
    written = shelf().compose("Ai được miễn phí?", {"Học sinh": 5, "Người có công": 4.9})
    assert [citation.quote for citation in written.citations] == [
        "Người có công được miễn phí.",
        "Học sinh mua vé riêng.",
    ]
    assert [citation.number for citation in written.citations] == [1, 2]
    assert written.text.index("[1]") < written.text.index("[2]")


def test_the_address_of_a_citation_is_that_of_the_source_its_words_name(shelf: Callable[[], Shelf]) -> None:
    here = shelf()
    urls = {
        start: here.compose(FACT, {start: 5.0}).citations[0].url
        for start in ("Người có công", "Học sinh", "Thẻ tháng", "Thẻ năm")
    }
    assert urls == {
        "Người có công": "https://bao.vn/2",
        "Học sinh": "https://bao.vn/1",
        "Thẻ tháng": "https://bao.vn/2",
        "Thẻ năm": "https://bao.vn/1",
    }


def test_words_that_name_no_source_have_the_address_of_the_documents_first(shelf: Callable[[], Shelf]) -> None:
    [citation] = shelf().compose(FACT, {"Người cao tuổi": 5.0}).citations
    assert citation.url == "https://bao.vn/1"


def test_a_document_without_sources_has_no_address(
    folder: Path, shelf: Callable[[], Shelf], write_document: Write
) -> None:
    write_document(folder, "khong-nguon", "Nhà chờ có mái che.", sources=[])
    [citation] = shelf().compose("Nhà chờ có gì?", {"Nhà chờ": 5.0}).citations
    assert citation.url is None


def test_a_citation_says_where_its_words_stand(shelf: Callable[[], Shelf]) -> None:
    [citation] = shelf().compose(FACT, {"Thẻ tháng": 5.0}).citations
    assert citation.document_id == "the-xe-buyt"
    assert citation.title == "Thẻ xe buýt Hà Nội"
    assert citation.headings == ("Giá các loại thẻ đi xe buýt",)
    assert citation.passage_id.startswith("the-xe-buyt#gia-cac-loai-the")
    assert (citation.as_of, citation.status) == ("2025-06-30", "còn hiệu lực")


REGULATION = """Chương I
QUY ĐỊNH CHUNG
<!-- trang 2 -->
Điều 4. Trách nhiệm. Chủ thẻ giữ thẻ cẩn thận.
Điều 5. Trả thẻ
1. Chủ thẻ trả thẻ tại bến xe.
2. Tiền cọc được hoàn trong ba ngày.
<!-- trang 3 -->
Người mất thẻ không được hoàn tiền cọc.
<!-- trang 4 -->
3. Thẻ hỏng được đổi một lần.
Phụ lục I
Điều 5. Mẫu thẻ
1. Thẻ có ảnh chủ thẻ.
"""


@pytest.mark.parametrize(
    ("scores", "place"),
    [
        ({"Chủ thẻ giữ thẻ": 5}, "Điều 4, trang 2"),
        ({"1. Chủ thẻ trả thẻ": 5}, "Điều 5, khoản 1, trang 2"),
        ({"2. Tiền cọc": 5}, "Điều 5, khoản 2, trang 2"),
        ({"Người mất thẻ": 5}, "Điều 5, khoản 2, trang 3"),
        ({"2. Tiền cọc": 5, "Người mất thẻ": 4.9}, "Điều 5, khoản 2, trang 2–3"),
        ({"3. Thẻ hỏng": 5}, "Điều 5, khoản 3, trang 4"),
        ({"1. Thẻ có ảnh": 5}, "Điều 5, khoản 1, trang 4"),
    ],
)
def test_a_citation_of_a_legal_text_names_its_clause_and_its_pages(
    shelf: Callable[[], Shelf], folder: Path, write_document: Write, scores: Mapping[str, float], place: str
) -> None:
    write_document(folder, "quy-che-the", REGULATION, title="Quy chế thẻ")
    [citation] = shelf().compose(FACT, scores).citations
    assert citation.place == place


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("## Trả thẻ\n\n<!-- trang 3 -->\n\nTiền cọc được hoàn.", "trang 3"),
        ("## Điều kiện\n\nTiền cọc được hoàn.", ""),
        (f"## Điều 5\n\n{'Thẻ giữ cẩn thận. ' * 60}\n\nTiền cọc được hoàn.", "Điều 5"),  # cut, not Khoản 2
    ],
)
def test_a_citation_of_another_text_names_its_page_if_it_has_pages(
    shelf: Callable[[], Shelf], folder: Path, write_document: Write, body: str, place: str
) -> None:
    write_document(folder, "tra-the", body, title="Trả thẻ")
    [citation] = shelf().compose(FACT, {"Tiền cọc": 5}).citations
    assert citation.place == place


# --- Lists and tables -----------------------------------------------------------------------------------------------


def test_a_list_that_is_asked_for_comes_whole_under_its_lead(shelf: Callable[[], Shelf]) -> None:
    here = shelf()
    written = here.compose(LIST, {"Bản sao căn cước": 5, "Đơn theo mẫu": 4, "Ảnh chân dung": 4})
    lines = [re.sub(r" \[1\].*", "", line) for line in written.text.split("\n")]
    assert lines == ["Hồ sơ gồm:", "• Đơn theo mẫu;", "• Bản sao căn cước;", "• Ảnh chân dung."]
    assert len(written.citations) == 1
    assert here.verbatim(written)


def test_a_lead_brings_its_items(shelf: Callable[[], Shelf]) -> None:
    written = shelf().compose("Hồ sơ thế nào?", {"Hồ sơ gồm:": 5})
    assert all(item in written.text for item in ("Đơn theo mẫu", "Bản sao căn cước", "Ảnh chân dung"))


def test_a_fact_takes_one_row_of_a_table_and_reads_it_with_its_headers(shelf: Callable[[], Shelf]) -> None:
    written = shelf().compose(FACT, {"Thẻ tháng": 5})
    head, row = written.text.split("\n")
    assert head == "Giá các loại thẻ đi xe buýt:"
    assert "Thẻ tháng" in row
    assert "Giá: 200.000 đồng" in row
    assert "Nơi mua: Điểm bán vé" in row
    assert "2.000.000" not in written.text
    assert "|" not in row


def test_a_table_that_is_asked_for_comes_whole(shelf: Callable[[], Shelf]) -> None:
    written = shelf().compose("Có những loại thẻ nào?", {"Thẻ năm": 5, "Thẻ tháng": 4.5, "Thẻ ảo": 4.5})
    assert all(card in written.text for card in ("Thẻ tháng", "Thẻ năm", "Thẻ ảo"))
    assert len(written.citations) == 1


def test_a_long_list_that_is_asked_for_comes_whole_in_brief(
    folder: Path, shelf: Callable[[], Shelf], write_document: Write
) -> None:
    names = ("Đơn xin cấp thẻ", "Giấy khai sinh", "Sổ hộ nghèo", "Thẻ học sinh", "Bằng tốt nghiệp", "Ảnh chân dung")
    notes = ("do nhà trường ký tên và đóng dấu giáp lai trên từng trang", "còn hạn sử dụng ít nhất sáu tháng kể từ nay")
    items = [f"- {name}: bản sao, {notes[n % 2]}, kèm bản gốc số {n} để đối chiếu;" for n, name in enumerate(names)]
    write_document(folder, "nhieu-giay", "Giấy tờ cần nộp:\n\n" + "\n".join(items))
    here = shelf()
    written = here.compose(LIST, dict.fromkeys(names, 5.0))
    assert [name for name in names if name not in written.text] == []
    assert len(written.text) <= LIMIT
    assert here.verbatim(written)


# --- Dates and what no longer holds ---------------------------------------------------------------------------------


def test_the_date_of_each_document_is_said_once(
    folder: Path, shelf: Callable[[], Shelf], write_document: Write
) -> None:
    write_document(folder, "gia-moi", "Thẻ tháng nay giá 220.000 đồng.\n\nThẻ năm giữ giá.", as_of="2026-01")
    written = shelf().compose(FACT, {"Thẻ tháng": 5, "Thẻ năm": 4.9, "Người có công": 4.8})
    assert written.text.count("tính đến 30/6/2025") == 1
    assert written.text.count("tính đến 1/2026") == 1
    assert written.text.count("tính đến") == 2


@pytest.mark.parametrize(
    ("status", "said"), [("được thay thế", "đã được thay thế"), ("hết hiệu lực", "đã hết hiệu lực")]
)
def test_that_a_document_is_no_longer_in_force_is_said(
    folder: Path, shelf: Callable[[], Shelf], write_document: Write, status: str, said: str
) -> None:
    write_document(folder, "gia-cu", "Vé lượt giá 7.000 đồng.", status=status)
    here = shelf()
    assert said in here.compose("Vé lượt giá bao nhiêu?", {"Vé lượt": 5}).text
    assert said not in here.compose(FACT, {"Thẻ tháng": 5}).text


def test_the_newer_fact_leads_and_the_old_one_is_labelled(
    folder: Path, shelf: Callable[[], Shelf], write_document: Write
) -> None:
    write_document(folder, "gia-cu", "Vé lượt giá 7.000 đồng.", status="được thay thế", superseded_by=["gia-moi"])
    write_document(folder, "gia-moi", "Giá vé lượt là 8.000 đồng.", as_of="2026-01-01", supersedes=["gia-cu"])
    written = shelf().compose("Vé lượt giá bao nhiêu?", {"Vé lượt": 5, "Giá vé lượt": 3})
    assert 0 <= written.text.find("8.000 đồng") < written.text.find("7.000 đồng")
    assert written.citations[0].document_id == "gia-moi"
    [old] = [line for line in written.text.split("\n") if "7.000 đồng" in line]
    assert "đã được thay thế" in old


def test_a_newer_document_that_says_nothing_near_is_left_out(
    folder: Path, shelf: Callable[[], Shelf], write_document: Write
) -> None:
    write_document(folder, "gia-cu", "Vé lượt giá 7.000 đồng.", status="được thay thế", superseded_by=["gia-moi"])
    write_document(folder, "gia-moi", "Nhà chờ có mái che.", as_of="2026-01-01", supersedes=["gia-cu"])
    written = shelf().compose("Vé lượt giá bao nhiêu?", {"Vé lượt": 5})
    assert [citation.document_id for citation in written.citations] == ["gia-cu"]


# --- Length, and what is set in bold --------------------------------------------------------------------------------


def test_only_what_answers_nearly_as_well_as_the_best_joins_it(shelf: Callable[[], Shelf]) -> None:
    written = shelf().compose(FACT, {"Thẻ tháng": 5, "Người có công": -5})
    assert "Người có công" not in written.text


def test_units_join_as_long_as_they_fit(folder: Path, shelf: Callable[[], Shelf], write_document: Write) -> None:
    said = (
        "Tuyến Một chạy",
        "Xe điện Hai dừng",
        "Bến Ba mở",
        "Trạm Bốn đóng",
        "Cầu Năm cấm",
        "Ga Sáu đón",
        "Phà Bảy nghỉ",
    )
    places = (
        "phố cổ ven hồ",
        "khu đô thị mới",
        "làng nghề gốm",
        "sân bay quốc tế",
        "bệnh viện lớn",
        "chợ hoa",
        "đê sông",
    )
    sentences = [
        f"{one} qua {place} {n} lần mỗi giờ, kể cả {place}."
        for n, (one, place) in enumerate(zip(said, places, strict=True))
    ]
    write_document(folder, "tuyen", "\n\n".join(sentences))
    written = shelf().compose("Tuyến nào?", {one: 5 - n / 100 for n, one in enumerate(said)})
    assert sum(one in written.text for one in said) >= 2
    assert said[0] in written.text
    assert len(written.text) <= LIMIT


def test_of_a_unit_too_long_to_show_as_much_is_shown_as_fits(
    folder: Path, shelf: Callable[[], Shelf], write_document: Write
) -> None:
    sentence = f"Xe điện chạy {'qua rất nhiều phố phường của thành phố ' * 30}thì dừng."
    write_document(folder, "xe-dien", sentence)
    here = shelf()
    written = here.compose("Xe điện chạy đâu?", {"Xe điện": 5})
    assert written.text.startswith("Xe điện chạy qua rất nhiều phố")
    assert LIMIT / 2 < len(written.text) <= LIMIT
    assert len(written.citations) == 1
    assert here.verbatim(written)


def test_an_item_under_a_lead_too_long_to_show_is_still_an_answer(
    folder: Path, shelf: Callable[[], Shelf], write_document: Write
) -> None:
    lead = f"Xe điện {'qua rất nhiều phố phường của thành phố ' * 20}dừng ở:"
    write_document(folder, "xe-dien", f"{lead}\n\n- Bến Nứa;\n- Bến Thành.")
    here = shelf()
    written = here.compose("Xe điện dừng ở đâu?", {"Bến Nứa": 5})
    assert "Bến Nứa" in written.text
    assert len(written.text) <= LIMIT
    assert len(written.citations) == 1


def test_the_value_asked_for_is_bold_and_nothing_else(shelf: Callable[[], Shelf]) -> None:
    here = shelf()
    priced = here.compose("Thẻ tháng giá bao nhiêu tiền?", {"Thẻ tháng": 5})
    assert [priced.text[start:end] for start, end in priced.bold] == ["200.000 đồng"]
    assert here.compose("Thẻ tháng là gì?", {"Thẻ tháng": 5}).bold == ()


def test_bold_stands_where_the_value_stands_in_every_line(shelf: Callable[[], Shelf]) -> None:
    written = shelf().compose("Các loại thẻ nào, giá bao nhiêu tiền?", {"Thẻ": 5})
    assert [written.text[start:end] for start, end in written.bold] == [
        "200.000 đồng",
        "2.000.000 đồng",
        "150.000 đồng",
    ]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_however_units_are_ranked_the_answer_can_be_checked(real: Shelf, data: st.DataObject) -> None:
    hits = data.draw(st.lists(st.sampled_from(real.hits), min_size=1, max_size=4, unique_by=id))
    near = st.floats(-3, 5, allow_nan=False)
    units = [Ranked(hit, row, data.draw(near), 9.0) for hit in hits for row in range(len(hit.passage.units))]
    question = data.draw(st.sampled_from([FACT, LIST, STILL, "Nộp thế nào?", "Luật nào nhiều điều hơn?", "Là gì?"]))
    written = compose(sorted(units, key=lambda unit: -unit.score), asked(parse(question)), real.snapshot, STYLE)
    numbers = [citation.number for citation in written.citations]
    assert 1 <= len(written.text) <= LIMIT
    assert numbers == list(range(1, len(numbers) + 1))
    assert {int(number) for number in re.findall(r"\[(\d+)\]", written.text)} == set(numbers)
    assert real.verbatim(written)
    assert all(0 <= start < end <= len(written.text) for start, end in written.bold)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(written.bold))
    assert max(map(written.text.count, {f"[{n}] (" for n in numbers}), default=0) <= 1


# --- When the documents do not say ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reason",
    [
        Reason.NAME,
        Reason.YEAR,
        Reason.VALUE,
        Reason.STATED,
    ],
)
def test_what_is_missing_is_said_with_what_is_near_and_whom_to_ask(real: Shelf, reason: Reason) -> None:
    for hit in real.hits:
        for row in range(len(hit.passage.units)):
            unit = Ranked(hit, row, 1.0, 9.0)
            if reason is Reason.STATED and not read(unit.unit).unknown:
                continue
            doubt = Doubt(reason, "Bồ Đề", stated=unit if reason is Reason.STATED else None)
            written = compose_unknown(doubt, [unit], real.snapshot, STYLE)
            assert len(written.text) <= LIMIT, hit.passage.id
            assert "024.1022" in written.text
            assert "kenh-lien-he-ho-tro" in [citation.document_id for citation in written.citations]
            assert [citation.number for citation in written.citations] == list(range(1, len(written.citations) + 1))
            assert real.verbatim(written)
            assert written.bold == ()


def test_the_hotline_is_named_once_when_it_is_also_the_nearest(real: Shelf) -> None:
    [hit] = [hit for hit in search(real.snapshot, parse("hỏi về thủ tục hành chính gọi số nào"), 60) if _is_table(hit)]
    [row] = [row for row, unit in enumerate(hit.passage.units) if "024.1022" in unit.text and unit.cells]
    written = compose_unknown(Doubt(Reason.NAME, "ly hôn"), [Ranked(hit, row, 1.0, 9.0)], real.snapshot, STYLE)
    assert written.text.count("024.1022") == 1
    assert len({citation.quote for citation in written.citations}) == len(written.citations)


def _is_table(hit: Hit) -> bool:
    return hit.passage.id == "kenh-lien-he-ho-tro#bang-tra-nhanh"


def test_without_the_contact_document_the_answer_is_honest_all_the_same(shelf: Callable[[], Shelf]) -> None:
    here = shelf()
    written = compose_unknown(Doubt(Reason.YEAR, "2031"), here.ranked({"Thẻ tháng": 1})[:1], here.snapshot, STYLE)
    assert "2031" in written.text
    assert [citation.document_id for citation in written.citations] == ["the-xe-buyt"]
