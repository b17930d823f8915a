"""When a fact was true, whether it still holds, and of what sort it is: what an answer says of time, on a given day."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from bot import messages
from bot.answering.asked import asked
from bot.answering.compose import compose
from bot.answering.rank import Ranked
from bot.answering.verify import unsupported
from bot.answering.write import Style
from corpus.catalogue import read_folder
from index.activation import activate
from index.build import build
from index.encode import Encoder
from index.query import parse
from index.search import search
from index.snapshot import load

Write = Callable[..., Path]
Says = Callable[..., str]

TODAY = date(2026, 11, 1)
SERIES = (
    "## Hạng\n\n| Năm | Hạng |\n|---|---|\n| 2022 | 24/63 |\n| 2023 | 6/63 |\n| 2024 | 1/34 |\n| 2030 | nhóm đầu |\n"
)


@pytest.fixture
def says(tmp_path: Path, hash_encoder: Encoder) -> Says:
    """The text for a question to the documents of a folder, their units scored by how they begin."""

    def text(question: str, scores: Mapping[str, float], today: date = TODAY) -> str:
        activate(build(read_folder(tmp_path / "documents"), hash_encoder, tmp_path / "data").id, tmp_path / "data")
        snapshot = load(tmp_path / "data", hash_encoder)
        hits = search(snapshot, parse(question), 50)
        units = [
            Ranked(
                hit, row, next((score for start, score in scores.items() if unit.text.startswith(start)), -20.0), 9.0
            )
            for hit in hits
            for row, unit in enumerate(hit.passage.units)
        ]
        ranked = sorted(units, key=lambda unit: -unit.score)
        written = compose(ranked, asked(parse(question)), snapshot, Style(messages.VIETNAMESE, today))
        assert unsupported(written) == ()
        return written.text

    return text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture
def prices(folder: Path, write_document: Write) -> None:
    write_document(folder, "gia-cu", "Vé lượt giá 7.000 đồng.", as_of="2023-11", superseded_by=["gia-moi"])
    write_document(folder, "gia-moi", "Giá vé lượt là 8.000 đồng.", as_of="2026-01-01", supersedes=["gia-cu"])


@pytest.mark.usefixtures("prices")
def test_the_older_fact_follows_under_its_date(says: Says) -> None:
    text = says("Vé lượt giá bao nhiêu?", {"Vé lượt": 5, "Giá vé lượt": 3})
    assert text == (
        "Giá vé lượt là 8.000 đồng. [1] (tính đến 1/1/2026)\n"
        "Trước đây (11/2023):\n"
        "Vé lượt giá 7.000 đồng. [2] (có phần đã cũ; tính đến 11/2023)"
    )


@pytest.mark.usefixtures("prices")
def test_a_year_that_is_named_gets_that_year_first_and_a_note_of_what_is_newer(says: Says) -> None:
    text = says("Năm 2023 vé lượt giá bao nhiêu?", {"Vé lượt": 5, "Giá vé lượt": 3})
    assert 0 <= text.find("7.000 đồng") < text.find("Mới hơn:") < text.find("8.000 đồng")


def test_a_year_of_a_time_series_brings_the_latest_year_that_has_come(
    says: Says, folder: Path, write_document: Write
) -> None:
    write_document(folder, "hang", SERIES)
    text = says("Năm 2022 xếp hạng mấy?", {"Năm 2022": 5})
    assert "24/63" in text
    assert "1/34" in text
    assert "6/63" not in text
    assert "nhóm đầu" not in text
    assert "1/34" not in says("Năm 2022 xếp hạng mấy?", {"Năm 2022": 5}, today=date(2023, 5, 1))


def test_a_document_whose_last_day_has_passed_has_expired(says: Says, folder: Path, write_document: Write) -> None:
    write_document(folder, "lich", "Đăng ký lớp 1 từ 1/7.", expires="2026-07-23")
    question, scores = "Đăng ký lớp 1 khi nào?", {"Đăng ký": 5.0}
    assert "đã hết hạn ngày 23/7/2026" in says(question, scores, today=date(2026, 7, 24))
    assert "hết hạn" not in says(question, scores, today=date(2026, 7, 23))


@pytest.mark.parametrize(
    ("expires", "last", "first"),
    [
        ("2025", date(2025, 12, 31), date(2026, 1, 1)),
        ("2025-06", date(2025, 6, 30), date(2025, 7, 1)),
        ("2025-06-15", date(2025, 6, 15), date(2025, 6, 16)),
    ],
)
def test_a_last_year_or_month_lasts_to_its_end(
    folder: Path, write_document: Write, expires: str, last: date, first: date
) -> None:
    write_document(folder, "lich", "Lịch.", expires=expires)
    [document] = read_folder(folder)
    assert not document.entry.has_expired(last)
    assert document.entry.has_expired(first)


@pytest.mark.parametrize(
    ("heading", "sentence", "said"),
    [
        ("Nội dung dự thảo", "Thành phố được lập quỹ riêng.", "theo dự thảo"),
        ("Mục tiêu đến 2030", "Phủ sóng 5G toàn Thành phố.", "mục tiêu"),
        ("Kế hoạch năm 2026", "Lắp 200 trạm.", "theo kế hoạch"),
        ("Nội dung dự thảo", "Dự thảo cho lập quỹ riêng.", ""),
        ("Mục tiêu và kết quả", "Kết quả: phủ sóng 80%.", ""),
        ("Đã làm được gì", "Lắp xong 200 trạm.", ""),
    ],
)
def test_a_draft_a_target_and_a_plan_are_called_what_they_are(
    says: Says, folder: Path, write_document: Write, heading: str, sentence: str, said: str
) -> None:
    write_document(folder, "viec", f"## {heading}\n\n{sentence}")
    text = says("Có gì?", {sentence[:8]: 5})
    assert [tag for tag in ("theo dự thảo", "mục tiêu;", "theo kế hoạch") if tag in text] == (
        [said if said != "mục tiêu" else "mục tiêu;"] if said else []
    )


def test_where_the_document_says_that_its_sources_disagree_so_does_the_answer(
    says: Says, folder: Path, write_document: Write
) -> None:
    write_document(
        folder,
        "camera",
        "## Quy mô\n\nHệ thống nối 1.837 camera.\n\n## Điểm các nguồn khác nhau\n\n"
        "Trước đó báo chí ghi 1.873 camera. Khi vận hành, nhiều báo ghi 1.837.",
    )
    text = says("Có bao nhiêu camera?", {"Hệ thống": 5})
    assert "1.873" in text
    assert says("Có mấy nút giao?", {"Khi vận hành": 5}).count("1.837") == 1
