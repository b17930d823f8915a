"""Questions to offer: what is made of passages, and that each is kept only while its own unit answers it."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import messages
from bot.__main__ import app
from bot.answering.answer import ask
from bot.answering.candidates import A_PASSAGE, LENGTH, TRIES, _chosen, candidates, suggestions
from bot.answering.conversation import in_context
from bot.answering.suggest import SUGGESTIONS, quotes
from bot.dialogue import Question, Status
from corpus.catalogue import drafts, read_folder
from corpus.document import Entry, Kind, Passage, Unit
from index.activation import activate
from index.build import Suggest, build
from index.encode import Encoder
from index.query import parse
from index.snapshot import ANYWHERE, Snapshot, Suggestion, load

pytestmark = pytest.mark.noise

WriteDocument = Callable[..., Path]

TODAY = date(2026, 11, 23)
OTHER_DAY = date(2028, 2, 29)
SAMPLE = 8  # every eighth suggestion of the real corpus is asked again, about 60; all of them take 4 s

LIBRARY = """## Thẻ thư viện là gì

Thẻ thư viện là thẻ để mượn sách ở các thư viện công cộng của Hà Nội.

## Làm ở đâu

Người dân làm thẻ tại Thư viện Hà Nội, số 47 phố Bà Triệu.

## Lệ phí

| Loại thẻ | Mức thu | Có hiệu lực từ | Ghi chú |
|---|---|---|---|
| Thẻ người lớn | 40.000 đồng | 1/3/2026 | 2 ảnh |
| Thẻ trẻ em | 20.000 đồng | 1/3/2026 | 1 ảnh |"""
BICYCLES = """## Trạm xe đạp công cộng

Hà Nội có 79 trạm xe đạp công cộng.

## Trả xe muộn thì sao?

Trả xe muộn bị tính thêm tiền theo phút."""


def passage(*units: Unit, heading: str = "Nội dung") -> Passage:
    return Passage("thu#nd", "thu", (heading,), units)


def sentence(text: str, *questions: str) -> Unit:
    return Unit(Kind.SENTENCE, 0, len(text), text, text, questions=questions)


def row(columns: tuple[str, ...], cells: tuple[str, ...]) -> Unit:
    return Unit(Kind.ROW, 0, 1, " | ".join(cells), " ".join(cells), columns=columns, cells=cells)


def entry(
    title: str = "Thẻ thư viện: cách làm",
    status: str = "còn hiệu lực",
    later: tuple[str, ...] = (),
    expires: str | None = None,
) -> Entry:
    return Entry("thu", title, "UBND", None, "hướng dẫn", None, "2026-03-01", status, (), later, (), expires=expires)


def made(found: Passage, of: Entry | None = None) -> list[str]:
    return [question for _, question in candidates(of or entry(), found, TODAY)]


# What is made of a passage


def test_an_editors_questions_are_taken_before_any_other() -> None:
    unit = sentence("Thẻ thư viện là thẻ mượn sách.", "Muốn mượn sách về nhà thì cần gì?", "Thẻ thư viện để làm gì?")
    found = passage(sentence("Mở cửa."), unit, heading="Thẻ thư viện là gì")
    assert list(candidates(entry(), found, TODAY)) == [
        (0, "Thẻ thư viện là gì?"),
        (1, "Muốn mượn sách về nhà thì cần gì?"),
        (1, "Thẻ thư viện để làm gì?"),
    ]


@pytest.mark.parametrize(
    "question",
    [
        "muon muon sach thi can gi?",
        "Mượn sách về nhà bn tiền?",
        "Mượn sách về nhà ko mất tiền?",
        "Mượn sách về nhà mất bao nhiêu tiền",
        "Tôi mượn sách về nhà được không?",
        "Năm nay thư viện mở cửa ngày nào?",
        "Mức phạt mượn sách quá hạn là 5.000 hay 10.000 đồng?",
        "Con số 79 trạm xe đạp lấy ở bài báo nào?",
        "Năm 2019 thư viện có bao nhiêu sách?",
        "Chức năng thứ 7 của thẻ thư viện là gì?",
        "Thế còn sách thiếu nhi thì sao?",
        "Phí bao nhiêu?",
        f"Mượn sách {'rất ' * 20}nhiều về nhà thì cần gì?",
    ],
)
def test_what_reads_badly_when_it_is_offered_is_not_offered(question: str) -> None:
    assert made(passage(sentence("Thẻ thư viện có thời hạn.", question))) == []


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("Thẻ thư viện làm ở đâu", "Thẻ thư viện làm ở đâu?"),
        ("Thẻ thư viện là gì?", "Thẻ thư viện là gì?"),
        ("Làm ở đâu", "Thẻ thư viện: làm ở đâu?"),
        ("Đến nộp trực tiếp thì sao?", "Thẻ thư viện: đến nộp trực tiếp thì sao?"),
        ("Hà Nội hỗ trợ thế nào", "Thẻ thư viện: Hà Nội hỗ trợ thế nào?"),
        ("Lệ phí", None),
        ("Triển khai", None),
    ],
)
def test_a_heading_that_asks_is_a_question_with_its_subject(heading: str, question: str | None) -> None:
    assert made(passage(sentence("Tại thư viện."), heading=heading)) == ([question] if question else [])


@pytest.mark.parametrize(
    ("text", "title", "question"),
    [
        ("Thẻ thư viện là thẻ mượn sách.", "Thẻ thư viện: cách làm", "Thẻ thư viện là gì?"),
        ("Đề án 06 là đề án về dữ liệu dân cư.", "Đề án 06 tại Hà Nội", "Đề án 06 là gì?"),
        ("Đây là thẻ mượn sách.", "Đây là thẻ thư viện", None),
        ("Mục đích là cho mượn sách.", "Mục đích của thẻ", None),
        ("Hà Nội là Thủ đô.", "Hà Nội: xã, phường", None),
    ],
)
def test_only_a_name_is_asked_what_it_is(text: str, title: str, question: str | None) -> None:
    assert made(passage(sentence(text)), entry(title)) == ([question] if question else [])


@pytest.mark.parametrize(
    ("column", "cell", "question"),
    [
        ("Mức thu", "40.000 đồng", "Thẻ người lớn: mức thu là bao nhiêu?"),
        ("Tỷ lệ cấp", "97,5%", "Thẻ người lớn: tỷ lệ cấp là bao nhiêu?"),
        ("Số lượng", "957", "Thẻ người lớn: số lượng là bao nhiêu?"),
        ("Thời hạn", "31/12/2026", "Thẻ người lớn: thời hạn là khi nào?"),
        ("Có hiệu lực từ", "1/3/2026", "Thẻ người lớn: có hiệu lực từ khi nào?"),
        ("Tổng đài", "024.1022", "Thẻ người lớn: tổng đài là số nào?"),
        ("Mức thu", "không thu", None),
        ("Ghi chú", "40.000 đồng", None),
        ("", "40.000 đồng", None),
    ],
)
def test_a_row_answers_what_its_header_asks_if_its_cell_holds_it(column: str, cell: str, question: str | None) -> None:
    assert made(passage(row(("Loại", column), ("Thẻ người lớn", cell)))) == ([question] if question else [])


@pytest.mark.parametrize(
    ("found", "of"),
    [
        (passage(sentence("Thẻ có giá.", "Làm thẻ thư viện hết mấy tiền?")), entry(later=("moi",))),
        (passage(sentence("Thẻ có giá.", "Làm thẻ thư viện hết mấy tiền?")), entry(status="hết hiệu lực")),
        (passage(sentence("Thẻ có giá.", "Làm thẻ thư viện hết mấy tiền?")), entry(expires="2026-07-23")),
        (passage(sentence("Nguồn không nêu giá.", "Làm thẻ thư viện hết mấy tiền?")), entry()),
        (
            passage(sentence("Thẻ có giá.", "Làm thẻ thư viện hết mấy tiền?"), heading="Điểm các nguồn khác nhau"),
            entry(),
        ),
    ],
)
def test_nothing_is_made_of_what_is_old_or_not_known(found: Passage, of: Entry) -> None:
    assert made(found, of) == []


# What is kept


@pytest.fixture
def folder(tmp_path: Path, write_document: WriteDocument) -> Path:
    """Two documents that nobody wrote sample questions for."""
    documents = tmp_path / "documents"
    write_document(documents, "the-thu-vien", LIBRARY, title="Thẻ thư viện: cách làm")
    write_document(documents, "xe-dap", BICYCLES, title="Xe đạp công cộng")
    return documents


def built(folder: Path, data: Path, encoder: Encoder, suggest: Suggest) -> Snapshot:
    activate(build(read_folder(folder), encoder, data, suggest=suggest).id, data)
    return load(data, encoder)


def kept(snapshot: Snapshot) -> set[str]:
    return {one.question for own in snapshot.suggestions.values() for one in own}


def test_a_corpus_without_sample_questions_has_suggestions_too(
    folder: Path, tmp_path: Path, encoder: Encoder, suggest: Suggest
) -> None:
    snapshot = built(folder, tmp_path / "data", encoder, suggest)
    assert kept(snapshot) == {
        "Thẻ thư viện là gì?",
        "Thẻ thư viện: làm ở đâu?",
        "Thẻ người lớn: mức thu là bao nhiêu?",
        "Thẻ trẻ em: mức thu là bao nhiêu?",
        "Xe đạp công cộng: trả xe muộn thì sao?",
    }
    assert [one.question for one in snapshot.suggestions[ANYWHERE]] == sorted(kept(snapshot), key=len)[:SUGGESTIONS]
    answer = ask(Question("the thu vien tre em bn tien"), snapshot, TODAY)
    assert answer.status is Status.ANSWERED
    assert set(answer.suggestions) <= kept(snapshot) - {"Thẻ trẻ em: mức thu là bao nhiêu?"}
    assert answer.suggestions


def test_what_a_changed_document_no_longer_answers_is_gone_after_the_next_build(
    folder: Path, tmp_path: Path, encoder: Encoder, suggest: Suggest, write_document: WriteDocument
) -> None:
    (folder / "questions").mkdir()
    (folder / "questions" / "xe-dap.yaml").write_text(
        '- answered_by: "Hà Nội có"\n  questions: ["Ở Hà Nội có mấy trạm xe đạp công cộng?"]\n', "utf-8"
    )
    before = built(folder, tmp_path / "data", encoder, suggest)
    unknown = BICYCLES.replace("Hà Nội có 79 trạm", "Hà Nội có bao nhiêu trạm thì nguồn không nêu, kể cả trạm")
    write_document(folder, "xe-dap", unknown, title="Xe đạp công cộng")
    after = built(folder, tmp_path / "data", encoder, suggest)
    assert kept(before) - kept(after) == {"Ở Hà Nội có mấy trạm xe đạp công cộng?"}
    assert "Xe đạp công cộng: trả xe muộn thì sao?" in kept(after)


def test_a_question_that_another_unit_answers_is_not_kept(
    folder: Path, tmp_path: Path, encoder: Encoder, suggest: Suggest
) -> None:
    (folder / "questions").mkdir()
    (folder / "questions" / "xe-dap.yaml").write_text(
        '- answered_by: "Trả xe muộn"\n  questions: ["Thẻ thư viện cho trẻ em mức thu là bao nhiêu?"]\n', "utf-8"
    )
    snapshot = built(folder, tmp_path / "data", encoder, suggest)
    assert "Thẻ thư viện cho trẻ em mức thu là bao nhiêu?" not in kept(snapshot)
    assert "Thẻ trẻ em: mức thu là bao nhiêu?" in kept(snapshot)


def test_the_command_makes_suggestions_with_the_bots_own_answers(folder: Path, tmp_path: Path) -> None:
    arguments = ["index", "build", "--corpus", str(folder), "--data", str(tmp_path / "data")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert re.search(r"^suggestions  8$", result.stdout, re.MULTILINE)


def test_progress_is_heard_of_passage_by_passage(
    folder: Path, tmp_path: Path, encoder: Encoder, suggest: Suggest
) -> None:
    snapshot = built(folder, tmp_path / "data", encoder, suggest)
    stages: list[tuple[str, int]] = []
    advanced: list[int] = []

    def start(stage: str, size: int) -> Callable[[int], None]:
        stages.append((stage, size))
        return advanced.append

    assert len(list(suggestions(snapshot, None, TODAY, start))) == 8
    assert stages == [("suggestions", 5)]
    assert advanced == [1] * 5


@pytest.mark.parametrize(("checks", "passages", "most"), [(1, 1, 1), (3, 3, 3), (4, 3, 3), (9, 5, 5), (10, 5, 10)])
def test_a_build_asks_no_more_questions_than_its_limit(
    folder: Path, tmp_path: Path, encoder: Encoder, suggest: Suggest, checks: int, passages: int, most: int
) -> None:
    snapshot = built(folder, tmp_path / "data", encoder, suggest)
    sizes: list[int] = []

    def start(stage: str, size: int) -> Callable[[int], None]:
        sizes.append(size)
        return lambda count: None

    found = [one for one in suggestions(snapshot, None, TODAY, start, checks) if one.passage_id != ANYWHERE]
    assert sizes == [passages]
    assert 0 < len(found) <= most


# What is kept of a build before


@pytest.fixture
def documents(tmp_path: Path, write_document: WriteDocument) -> Path:
    """Six documents, each with one passage that answers the question in its title."""
    folder = tmp_path / "documents"
    for name in "abcdef":
        text = f"## Thẻ {name.upper()}\n\nThẻ {name.upper()} là giấy tờ của người đi xe số {ord(name)}."
        write_document(folder, f"the-{name}", text, title=f"Thẻ {name.upper()}")
    return folder


class Asking:
    """Makes suggestions, and remembers about how many passages it asked."""

    def __init__(self, today: date = TODAY) -> None:
        self.today = today
        self.asked = 0

    def __call__(self, snapshot: Snapshot, previous: Snapshot | None) -> Iterator[Suggestion]:
        def start(_stage: str, size: int) -> Callable[[int], None]:
            self.asked = size
            return lambda count: None

        return suggestions(snapshot, previous, self.today, start)


def files_built(folder: Path, data: Path, encoder: Encoder, suggest: Suggest) -> Snapshot:
    activate(build(drafts(folder), encoder, data, suggest=suggest).id, data)
    return load(data, encoder)


def test_what_unchanged_documents_were_asked_is_kept_without_asking_again(
    documents: Path, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.answering.candidates.AGAIN", 1)
    first = files_built(documents, tmp_path / "data", encoder, Asking())
    assert kept(first) == {f"Thẻ {name} là gì?" for name in "ABCDEF"}
    text = (documents / "the-b.md").read_text("utf-8")
    (documents / "the-b.md").write_text(text.replace("Thẻ B là", "Thẻ B đã là"), "utf-8")
    asking = Asking()
    second = files_built(documents, tmp_path / "data", encoder, asking)
    assert asking.asked == 2  # the changed one, and the nearest to it
    assert kept(second) == kept(first) - {"Thẻ B là gì?"}
    assert list(second.suggestions) == [passage for passage in first.suggestions if passage != "the-b#mo-dau"]


def test_a_question_that_a_new_document_takes_is_no_longer_offered(
    documents: Path, tmp_path: Path, encoder: Encoder, write_document: WriteDocument
) -> None:
    files_built(documents, tmp_path / "data", encoder, Asking())
    write_document(
        documents,
        "the-c-moi",
        "## Thẻ C\n\nThẻ C là gì? Thẻ C là thẻ C, và là thẻ.",
        title="Thẻ C",
        supersedes=["the-c"],
    )
    second = files_built(documents, tmp_path / "data", encoder, Asking())
    assert "the-c#mo-dau" not in second.suggestions
    assert {"the-a#mo-dau", "the-d#mo-dau"} <= {*second.suggestions}


def test_what_has_expired_since_is_no_longer_offered(
    documents: Path, tmp_path: Path, encoder: Encoder, write_document: WriteDocument
) -> None:
    text = "## Thẻ G\n\nThẻ G là giấy tờ của người đi xe số 103."
    write_document(documents, "the-g", text, title="Thẻ G", expires="2026-11-20")
    assert "the-g#mo-dau" in files_built(documents, tmp_path / "data", encoder, Asking(date(2026, 11, 1))).suggestions
    asking = Asking(date(2026, 11, 21))
    assert "the-g#mo-dau" not in files_built(documents, tmp_path / "data", encoder, asking).suggestions
    assert asking.asked == 0


def test_where_most_has_changed_everything_is_asked_again(documents: Path, tmp_path: Path, encoder: Encoder) -> None:
    files_built(documents, tmp_path / "data", encoder, Asking())
    for name in "abcd":
        with (documents / f"the-{name}.md").open("a", encoding="utf-8") as stream:
            stream.write("\nThẻ có màu xanh.\n")
    asking = Asking()
    files_built(documents, tmp_path / "data", encoder, asking)
    assert asking.asked == 6


def test_a_new_document_moves_hardly_any_choice_among_the_others(
    documents: Path, tmp_path: Path, encoder: Encoder, write_document: WriteDocument
) -> None:
    def chosen(snapshot: Snapshot) -> set[str]:
        return {snapshot.passage_id(row) for row in _chosen(snapshot, 3)}

    before = chosen(files_built(documents, tmp_path / "data", encoder, Asking()))
    write_document(documents, "a-moi", "Văn bản mới.")
    after = chosen(files_built(documents, tmp_path / "data", encoder, Asking()))
    assert len(before) == len(after) == 3
    assert len(before & after) >= 2


# The suggestions of the real corpus


@pytest.fixture(scope="module")
def offered(snapshot: Snapshot) -> list[Suggestion]:
    return [one for passage_id, own in snapshot.suggestions.items() if passage_id != ANYWHERE for one in own]


def test_most_documents_have_suggestions_and_no_passage_has_too_many(
    snapshot: Snapshot, offered: list[Suggestion]
) -> None:
    of_documents = {one.passage_id.partition("#")[0] for one in offered}
    outdated = ("hết hiệu lực", "được thay thế")
    entries = snapshot.entries.values()
    current = {entry.id for entry in entries if not entry.superseded_by and entry.status not in outdated}
    assert of_documents <= current
    assert len(of_documents) >= 0.95 * len(current)
    assert len(offered) >= 400
    assert max(len(own) for passage, own in snapshot.suggestions.items() if passage != ANYWHERE) <= A_PASSAGE
    assert len({(one.passage_id, one.unit) for one in offered}) == len(offered)
    assert len({one.question for one in offered}) == len(offered)
    assert A_PASSAGE <= TRIES


def test_a_suggestion_is_a_short_question_that_needs_no_conversation(offered: list[Suggestion]) -> None:
    for one in offered:
        assert len(one.question) <= LENGTH
        assert one.question.endswith("?")
        assert in_context(parse(one.question), ("Phường Cửa Nam gồm những phường nào trước đây?",)) == one.question


@pytest.mark.parametrize("today", [TODAY, OTHER_DAY])
def test_a_suggestion_is_answered_with_a_quote_of_its_own_unit_on_any_day(
    snapshot: Snapshot, offered: list[Suggestion], today: date
) -> None:
    passages = {snapshot.passage(row).id: snapshot.passage(row) for row in range(len(snapshot))}
    for one in offered[::SAMPLE]:
        answer = ask(Question(one.question), snapshot, today)
        assert answer.status is Status.ANSWERED, one
        assert answer.citations[0].passage_id == one.passage_id
        assert quotes(answer, passages[one.passage_id], one.unit), one


def test_the_questions_to_open_with_are_answered_and_are_no_follow_ups(snapshot: Snapshot) -> None:
    assert tuple(one.question for one in snapshot.suggestions[ANYWHERE]) == messages.FIRST_QUESTIONS
    for question in messages.FIRST_QUESTIONS:
        assert in_context(parse(question), ("Luật Thủ đô có mấy chương?",)) == question
        assert ask(Question(question), snapshot, TODAY).status is Status.ANSWERED
