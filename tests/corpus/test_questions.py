"""Sample questions: read beside the documents, checked, attached to the unit that answers them, found in the search."""

from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.catalogue import check, read_folder, read_one
from corpus.questions import styled
from corpus.split import split
from index.activation import activate
from index.build import build
from index.encode import Encoder
from index.query import parse
from index.search import search
from index.snapshot import Snapshot, load

BODY = "# Lệ phí\n\nNộp trực tuyến thì không mất lệ phí.\n\n| Loại | Mức |\n|---|---|\n| Hộ chiếu | 200.000 đồng |\n"


@pytest.fixture
def folder(tmp_path: Path, write_document: Callable[..., Path]) -> Path:
    documents = tmp_path / "documents"
    write_document(documents, "le-phi", BODY)
    write_document(documents, "chung", "# Chung\n\nThành phố có 126 xã, phường.\n")
    (documents / "questions").mkdir()
    return documents


def write(folder: Path, text: str, name: str = "le-phi") -> None:
    (folder / "questions" / f"{name}.yaml").write_text(text, "utf-8")


def test_a_unit_has_the_questions_written_for_how_it_begins(folder: Path) -> None:
    write(folder, '- answered_by: "Hộ chiếu: 200"\n  questions: ["Làm passport hết mấy tiền?", "passport bn tien"]\n')
    units = {unit.text: unit.questions for passage in split(read_one("le-phi", folder)) for unit in passage.units}
    assert units["Hộ chiếu: 200.000 đồng"] == ("Làm passport hết mấy tiền?", "passport bn tien")
    assert units["Nộp trực tuyến thì không mất lệ phí."] == ()


def test_questions_that_need_several_units_stand_beside_each_of_them(folder: Path) -> None:
    write(
        folder, '- answered_by: ["Hộ chiếu: 200", "Nộp trực tuyến"]\n  questions: ["Làm passport trên mạng mất gì?"]\n'
    )
    assert check(folder) == []
    document = read_one("le-phi", folder)
    assert document.questions[0].answered_by == ("Hộ chiếu: 200", "Nộp trực tuyến")
    questions = {unit.text: unit.questions for passage in split(document) for unit in passage.units}
    assert set(questions.values()) == {("Làm passport trên mạng mất gì?",)}


def test_questions_that_nothing_answers_are_kept_and_stand_beside_no_unit(folder: Path) -> None:
    write(folder, '- answered_by: []\n  questions: ["Làm passport ở Huế hết mấy tiền?"]\n')
    assert check(folder) == []
    document = read_one("le-phi", folder)
    assert document.questions[0].questions == ("Làm passport ở Huế hết mấy tiền?",)
    assert not any(unit.questions for passage in split(document) for unit in passage.units)


def test_questions_may_be_told_apart_by_style(folder: Path) -> None:
    write(
        folder,
        '- answered_by: "Hộ chiếu"\n  questions:\n    f: ["Lệ phí hộ chiếu?"]\n    b: ["le phi ho chieu", "phi hc"]\n',
    )
    assert check(folder) == []
    assert read_one("le-phi", folder).questions[0].questions == ("Lệ phí hộ chiếu?", "le phi ho chieu", "phi hc")
    assert list(styled({"f": ["một"], "t": ["hai", "ba"]})) == [("f", "một"), ("t", "hai"), ("t", "ba")]
    assert list(styled(["một"])) == [("", "một")]


def test_a_document_without_sample_questions_is_in_order(folder: Path) -> None:
    assert check(folder) == []
    assert all(document.questions == () for document in read_folder(folder))


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ('- answered_by: "Hộ chiếu điện tử"\n  questions: ["a"]\n', 1, "no unit begins so"),
        ('- answered_by: "Hộ"\n  questions: ["a"]\n- answered_by: ""\n  questions: ["a"]\n', 3, "not in order"),
        ('- answered_by: "Hộ"\n  question: ["a"]\n', 1, "not in order"),
        ('- answered_by: "Hộ"\n  questions: [1]\n', 1, "not in order"),
        ('- answered_by: "Hộ"\n  questions: "a"\n', 1, "not in order"),
        ('- answered_by: "Hộ"\n  questions: {z: ["a"]}\n', 1, "not in order"),
        ('- answered_by: ["Hộ chiếu", "Xe máy"]\n  questions: ["a"]\n', 1, "«Xe máy»: no unit begins so"),
        ('- "Hộ"\n', 1, "not in order"),
        ("answered_by: Hộ\n", 1, "no list"),
        ("- [\n", 2, "cannot be read as YAML"),
    ],
)
def test_what_is_wrong_with_sample_questions_is_listed_with_its_line(
    folder: Path, text: str, line: int, found: str
) -> None:
    write(folder, text)
    (finding,) = check(folder)
    assert finding.path == folder / "questions" / "le-phi.yaml"
    assert finding.line == line
    assert found in finding.found
    assert finding.mend


def test_questions_for_no_document_are_a_finding(folder: Path) -> None:
    write(folder, '- answered_by: "a"\n  questions: ["b"]\n', "khong-co")
    (finding,) = check(folder)
    assert finding.path.name == "khong-co.yaml"
    assert "no document" in finding.found


def test_an_empty_file_holds_no_questions(folder: Path) -> None:
    write(folder, "[]\n")
    assert check(folder) == []
    assert read_one("le-phi", folder).questions == ()


def test_a_question_like_a_sample_question_finds_the_unit_that_answers_it(
    folder: Path, tmp_path: Path, hash_encoder: Encoder
) -> None:
    def found(data: Path) -> tuple[str, tuple[float, ...]]:
        snapshot = built(folder, data, hash_encoder)
        hit = search(snapshot, parse("passport gia may dong"), 2)[0]
        return hit.entry.id, hit.samples

    write(folder, '- answered_by: "Thành phố có"\n  questions: ["xyz"]\n', "chung")
    write(folder, '- answered_by: "Hộ chiếu: 200"\n  questions: ["passport gia may dong"]\n')
    document, samples = found(tmp_path / "data")
    assert document == "le-phi"
    assert samples[0] == 0.0
    assert samples[1] == pytest.approx(1.0)


def test_sample_questions_keep_their_vectors_from_one_build_to_the_next(
    folder: Path, tmp_path: Path, hash_encoder: Encoder
) -> None:
    write(folder, '- answered_by: "Hộ chiếu: 200"\n  questions: ["Làm passport hết mấy tiền?"]\n')
    built(folder, tmp_path / "data", hash_encoder)
    encoded: list[tuple[str, int]] = []

    def start(stage: str, size: int) -> Callable[[int], None]:
        if stage not in ("documents", "terms"):
            encoded.append((stage, size))
        return lambda _: None

    write(folder, '- answered_by: "Hộ chiếu: 200"\n  questions: ["Làm passport hết mấy tiền?", "Phí passport?"]\n')
    manifest = build(read_folder(folder), hash_encoder, tmp_path / "data", start)
    assert encoded == [("questions", 1)]
    assert manifest.questions == 2


def test_the_corpus_has_sample_questions_for_most_of_its_units(snapshot: Snapshot) -> None:
    passages = [snapshot.passage(row) for row in range(len(snapshot))]
    units = [unit for passage in passages for unit in passage.units]
    assert sum(bool(unit.questions) for unit in units) > 0.9 * len(units)
    assert [question for question, _ in snapshot.sample_questions()] == [q for unit in units for q in unit.questions]


def built(folder: Path, data: Path, encoder: Encoder) -> Snapshot:
    activate(build(read_folder(folder), encoder, data).id, data)
    return load(data, encoder)
