"""What is known of each document, and everything that can be wrong with it."""

import dataclasses
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import WriteDocument
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from corpus.catalogue import DOCUMENTS, STATUSES, Finding, check, drafts, linked, read_folder, read_one
from corpus.document import Source
from corpus.errors import CorpusError, UnknownDocument

GOOD = """---
id: mau
title: "Cấp wifi công cộng"
issuer: "UBND thành phố Hà Nội"
number: "12/KH-UBND"
doc_type: "kế hoạch"
issued: "2025-03"
as_of: "2025-04-30"
status: "còn hiệu lực"
supersedes: [cu]
superseded_by: []
sources:
  - n: 1
    title: "Hà Nội có wifi ở công viên"
    url: "https://example.vn/wifi"
    publisher: "Báo"
    date: null
---

Công viên có wifi [1].
"""
OLD = GOOD.replace("id: mau", "id: cu").replace("[cu]", "[]")

Findings = Callable[[str], list[tuple[int, str]]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two documents in order, `mau` and the older `cu`."""
    (tmp_path / "mau.md").write_text(GOOD, "utf-8")
    (tmp_path / "cu.md").write_text(OLD, "utf-8")
    return tmp_path


@pytest.fixture
def found(folder: Path) -> Findings:
    """What is found, and on which line, in the folder where `mau` has another text."""

    def find(text: str) -> list[tuple[int, str]]:
        (folder / "mau.md").write_bytes(text.encode())
        findings = check(folder)
        assert all(finding.path == folder / "mau.md" and finding.mend for finding in findings)
        return [(finding.line, finding.found) for finding in findings]

    return find


def test_the_documents_of_the_repository_are_in_order() -> None:
    assert check() == []
    documents = read_folder()
    assert len(documents) == len(list(DOCUMENTS.glob("*.md"))) == 105
    assert [document.entry.id for document in documents] == sorted(document.entry.id for document in documents)


def test_a_document_is_its_entry_and_its_whole_text(folder: Path) -> None:
    document = read_one("mau", folder)
    assert document.text == GOOD
    assert document.text[document.body :] == "\nCông viên có wifi [1].\n"
    entry = document.entry
    assert (entry.id, entry.number, entry.issued, entry.as_of) == ("mau", "12/KH-UBND", "2025-03", "2025-04-30")
    assert (entry.supersedes, entry.superseded_by, entry.note) == (("cu",), (), None)
    assert entry.sources == (Source(1, "Hà Nội có wifi ở công viên", "https://example.vn/wifi", "Báo", None),)


def test_windows_line_ends_and_a_byte_order_mark_do_not_matter(folder: Path) -> None:
    (folder / "mau.md").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_one("mau", folder).text == GOOD


def test_a_finding_is_one_line_with_file_line_and_mend(folder: Path) -> None:
    finding = Finding(folder / "mau.md", 7, "this", "do that")
    assert str(finding) == f"{folder / 'mau.md'}:7: this — do that"


MISTAKES = {
    "a field is missing": ('issuer: "UBND thành phố Hà Nội"\n', "", (1, "field «issuer» is missing")),
    "an unknown field": ("status:", "note: null\ncolour: red\nstatus:", (10, "unknown field 'colour'")),
    "a field that is no text": ("status:", "[a, b]: red\nstatus:", (9, "unknown field 'a list'")),
    "the same field twice": ("status:", 'title: "Khác"\nstatus:', (9, "field 'title' is there twice")),
    "an id that is not the file name": ("id: mau", "id: mau-2", (2, "id 'mau-2' is not the file name")),
    "an unknown status": ("còn hiệu lực", "còn", (9, "status 'còn' is unknown")),
    "an unknown kind of document": ('"kế hoạch"', '"thư"', (6, "doc_type 'thư' is unknown")),
    "a document that is not there": ("[cu]", "[cu, moi]", (10, "«supersedes» names 'moi', which no document is")),
    "an id that is no text": ("[cu]", "[[cu], 3]", (10, "«supersedes» names a list, which no document is")),
    "a document that replaces itself": ("by: []", "by: [mau]", (11, "«superseded_by» names the document itself")),
    "one id where a list is meant": ("[cu]", "cu", (10, "«supersedes» is 'cu'")),
    "no list at all": ("by: []", "by:", (11, "«superseded_by» is null")),
    "no text where there must be": ('"Cấp wifi công cộng"', '" "', (3, "«title» is ' '")),
    "null where there must be text": ('"Cấp wifi công cộng"', "null", (3, "«title» is null")),
    "a mapping where there must be text": ('"Cấp wifi công cộng"', "{a: 1}", (3, "«title» is a mapping")),
    "a number where there must be text": ('"12/KH-UBND"', "12", (5, "«number» is '12', a YAML int")),
    "half a character": ('"12/KH-UBND"', r'"\ud800"', (5, r"«number» is '\ud800'")),
    "a date that YAML takes for one": ('"2025-04-30"', "2025-04-30", (8, "«as_of» is '2025-04-30', a YAML timestamp")),
    "a date that is on no calendar": ('"2025-04-30"', "2025-13-45", (8, "«as_of» is '2025-13-45', a YAML timestamp")),
    "a thirty-first of April": ('"2025-04-30"', '"2025-04-31"', (8, "«as_of» is '2025-04-31'")),
    "a date in another order": ('"2025-03"', '"03/2025"', (7, "«issued» is '03/2025'")),
    "no date where there must be one": ('"2025-04-30"', "null", (8, "«as_of» is null")),
    "a marker without its source": ("wifi [1]", "wifi [1][2]", (20, "marker [2] has no source")),
    "a source without an address": ('    url: "https://example.vn/wifi"\n', "", (13, "source 1 has no field «url»")),
    "an address that is none": ("https://example.vn/wifi", "wifi", (15, "«url» of source 1 is 'wifi'")),
    "a source with a field too many": (
        "    date: null",
        "    date: null\n    page: 3",
        (18, "source 1 has an unknown fi"),
    ),
    "a source with a field twice": ("    date: null", "    date: null\n    n: 1", (18, "field 'n' is there twice")),
    "a source with a bad date": ("    date: null", "    date: 2025", (17, "«date» of source 1 is '2025', a YAML int")),
    "a source with the number true": ("n: 1", "n: true", (13, "«n» of source 1 is 'true', a YAML bool")),
    "a source that is only an address": ("sources:", "sources:\n  - https://example.vn", (13, "source 1 is 'https:")),
    "an array of nothing for sources": (
        "superseded_by: []\nsources:",
        "sources: null\nsuperseded_by:",
        (11, "«sources»"),
    ),
    "decomposed text in the body": ("Công viên", unicodedata.normalize("NFD", "Công viên"), (20, "text is not NFC")),
    "decomposed text in a field": ("Cấp", unicodedata.normalize("NFD", "Cấp"), (3, "text is not NFC")),
    "decomposed text by an escape": ('"12/KH-UBND"', r'"o\u0302"', (5, f"«number» is {'o' + chr(0x302)!r}")),
    "no text": ("\nCông viên có wifi [1].\n", "\n", (19, "no text below the front matter")),
    "no text but a heading": ("Công viên có wifi [1].", "# Wifi", (19, "no text below the front matter")),
    "no front matter": ("---\nid", "id", (1, "no front matter")),
    "front matter that never ends": ("---\n\nCông", "\n\nCông", (1, "front matter never ends")),
    "front matter that is a list": (GOOD[4 : GOOD.index("---\n\n")], "- a\n- b\n", (2, "front matter has no fields")),
    "front matter that is empty": (GOOD[4 : GOOD.index("---\n\n")], "", (2, "front matter has no fields")),
    "front matter that is not YAML": (
        'title: "Cấp',
        'title: Cấp: "',
        (3, "front matter is not YAML: mapping values are"),
    ),
    "a tag that YAML does not know": ("[cu]", "!x [cu]", (10, "«supersedes» is a list")),
    "a source of a kind that YAML does not know": ("  - n: 1", "  - !x\n    n: 1", (13, "source 1 is a mapping")),
    "a bell in the front matter": ("Báo", "B\x07áo", (16, "front matter is not YAML: character U+0007 is not allowed")),
    "an impossible escape": ("Báo", r"\UFFFFFFFF", (2, "front matter is not YAML")),
    "a thousand brackets": ("[cu]", "[" * 3000, (2, "front matter is not YAML")),
}


@pytest.mark.parametrize(("old", "new", "expected"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_found_on_its_line(found: Findings, old: str, new: str, expected: tuple[int, str]) -> None:
    assert GOOD.count(old) == 1
    line, beginning = expected
    assert any(at == line and text.startswith(beginning) for at, text in found(GOOD.replace(old, new)))


def test_what_yaml_leaves_open_may_be_left_open(found: Findings) -> None:
    assert found(GOOD) == []
    assert found(GOOD.replace('"12/KH-UBND"', "null").replace('"2025-03"', "~")) == []
    assert found(GOOD.replace("sources:", "note: |\n  Hai\n  dòng.\nsources:")) == []
    assert found(GOOD.replace("[1].", "[1], [trang](https://example.vn), xem [2](https://example.vn).")) == []


def test_all_mistakes_are_found_at_once_in_the_order_of_their_lines(found: Findings) -> None:
    text = GOOD.replace('"kế hoạch"', '"thư"').replace("id: mau", "id: 7").replace("[1]", "[8] và [9]")
    text = text.replace("issuer:", "Issuer:").replace("n: 1", "n: one")
    text = text.replace("Công viên", unicodedata.normalize("NFD", "Công viên"))
    assert found(text) == [
        (1, "field «issuer» is missing"),
        (2, "«id» is '7', a YAML int"),
        (4, "unknown field 'Issuer'"),
        (6, "doc_type 'thư' is unknown"),
        (13, "«n» of source 1 is 'one'"),
        (20, "text is not NFC"),
        (20, "marker [8] has no source"),
        (20, "marker [9] has no source"),
    ]


def test_two_sources_cannot_have_one_number(found: Findings) -> None:
    source = GOOD[GOOD.index("  - n: 1") : GOOD.index("---\n\n")]
    assert found(GOOD.replace(source, source * 2)) == [(18, "source number 1 is there twice")]


def test_a_file_that_is_not_utf_8_is_found_with_its_line(folder: Path) -> None:
    (folder / "mau.md").write_bytes(GOOD.encode("utf-16"))
    assert [(finding.line, finding.found) for finding in check(folder)] == [(1, "not UTF-8")]
    (folder / "mau.md").write_bytes(GOOD.encode().replace("Công viên".encode(), b"C\xabng vi\xaan"))  # TCVN3
    assert [(finding.line, finding.found) for finding in check(folder)] == [(20, "not UTF-8")]


def test_a_folder_in_the_place_of_a_file_is_found(folder: Path) -> None:
    (folder / "la.md").mkdir()
    assert [(finding.line, finding.found) for finding in check(folder)] == [(1, "cannot be read: Is a directory")]


def test_a_folder_without_documents_is_found(tmp_path: Path) -> None:
    assert [finding.found for finding in check(tmp_path)] == ["no documents (*.md)"]
    assert [finding.found for finding in check(tmp_path / "nowhere")] == ["no such folder"]


def test_a_folder_with_findings_is_not_read(folder: Path) -> None:
    (folder / "mau.md").write_text(GOOD.replace("[1]", "[2] [3]"), "utf-8")
    with pytest.raises(CorpusError, match=r"mau\.md:20: marker \[2\] has no source — .* \(and 1 more: `hanoidx corpus"):
        read_folder(folder)


def test_one_document_is_read_though_another_is_not_in_order(folder: Path) -> None:
    (folder / "mau.md").write_text(GOOD.replace("[1]", "[2]"), "utf-8")
    assert read_one("cu", folder).entry.id == "cu"
    with pytest.raises(CorpusError, match=r"marker \[2\] has no source"):
        read_one("mau", folder)


def test_an_unknown_id_is_answered_with_those_like_it(folder: Path) -> None:
    with pytest.raises(UnknownDocument, match=r"no document 'mu' in .*; did you mean mau"):
        read_one("mu", folder)
    with pytest.raises(UnknownDocument, match="the ids are the names of the files there"):
        read_one("xyz", folder)


GARBAGE = st.lists(
    st.sampled_from(
        [
            *(
                "title:",
                "n:",
                "- ",
                "[",
                "]",
                "{",
                "}",
                ": ",
                "? ",
                "&a ",
                "*a",
                "!!int ",
                "!!binary ",
                "|",
                ">",
                "<<: ",
            ),
            *(
                "2024-13-45",
                "0b_",
                "=",
                '"\\ud800"',
                "\x00",
                "\x85",
                "---",
                "...",
                "1:99",
                "9" * 5000,
                "#",
                "\n",
                "\n  ",
            ),
            *STATUSES,
        ]
    ),
    max_size=12,
).map("".join)


@given(GARBAGE, st.sampled_from([line for line in GOOD.split("\n") if ":" in line]))
@example("sources: &a [*a]", 'title: "Cấp wifi công cộng"')
@example("!!int title: x", 'title: "Cấp wifi công cộng"')
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_in_the_front_matter_is_found_or_does_no_harm(folder: Path, garbage: str, place: str) -> None:
    (folder / "mau.md").write_text(GOOD.replace(place, garbage), "utf-8", newline="\n")
    findings = check(folder)
    for finding in findings:
        assert str(finding).encode().count(b"\n") == 0
    if not findings:
        assert read_one("mau", folder).entry.id == "mau"


# --- Documents that an installation adds -----------------------------------------------------------------------------


def test_an_added_document_takes_the_place_of_another_with_its_id(
    tmp_path: Path, write_document: WriteDocument
) -> None:
    write_document(tmp_path / "goc", "mau", "Bản gốc.")
    write_document(tmp_path / "goc", "khac", "Văn bản khác.")
    write_document(tmp_path / "them", "mau", "Bản mới.")
    write_document(tmp_path / "them", "moi", "Văn bản mới.")
    documents = read_folder(tmp_path / "goc", tmp_path / "them", tmp_path / "khong-co")
    assert [document.entry.id for document in documents] == ["khac", "mau", "moi"]
    assert "Bản mới." in documents[1].text
    assert "Bản mới." in read_one("mau", tmp_path / "goc", tmp_path / "them").text


def test_a_document_that_was_withdrawn_is_not_read_and_named_by_none(
    tmp_path: Path, write_document: WriteDocument
) -> None:
    write_document(tmp_path / "goc", "cu", "Bản cũ.", superseded_by=["moi"])
    write_document(tmp_path / "goc", "moi", "Bản mới.", supersedes=["cu"])
    (tmp_path / "them").mkdir()
    (tmp_path / "them" / "cu.withdrawn").touch()
    [document] = read_folder(tmp_path / "goc", tmp_path / "them")
    assert (document.entry.id, document.entry.supersedes) == ("moi", ())
    with pytest.raises(UnknownDocument):
        read_one("cu", tmp_path / "goc", tmp_path / "them")


def test_what_an_added_document_supersedes_knows_of_it(tmp_path: Path, write_document: WriteDocument) -> None:
    write_document(tmp_path / "goc", "cu", "Bản cũ.")
    write_document(tmp_path / "them", "moi", "Bản mới.", supersedes=["cu"])
    old, new = read_folder(tmp_path / "goc", tmp_path / "them")
    assert (old.entry.superseded_by, new.entry.supersedes) == (("moi",), ("cu",))


def test_findings_of_added_documents_are_listed_with_the_others(tmp_path: Path, write_document: WriteDocument) -> None:
    write_document(tmp_path / "goc", "mau", "Bản gốc.")
    write_document(tmp_path / "them", "hong", "Bản mới.", status="không rõ")
    (tmp_path / "them" / "questions").mkdir()
    (tmp_path / "them" / "questions" / "la.yaml").write_text("[]")
    assert [finding.path.name for finding in check(tmp_path / "goc", tmp_path / "them")] == ["hong.md", "la.yaml"]


# --- Documents that are read only where they are needed --------------------------------------------------------------


def test_drafts_are_the_documents_of_the_folders_once_they_are_read(
    tmp_path: Path, write_document: WriteDocument
) -> None:
    write_document(tmp_path / "goc", "cu", "Bản cũ.")
    write_document(tmp_path / "goc", "khac", "Văn bản khác.")
    write_document(tmp_path / "them", "moi", "Bản mới.", supersedes=["cu"])
    (tmp_path / "goc" / "questions").mkdir()
    (tmp_path / "goc" / "questions" / "khac.yaml").write_text(
        '- answered_by: "Văn bản"\n  questions: ["Văn bản nào?"]\n', "utf-8"
    )
    found = drafts(tmp_path / "goc", tmp_path / "them")
    read = [draft.read() for draft in found]
    entries = linked({document.entry.id: document.entry for document in read})
    whole = read_folder(tmp_path / "goc", tmp_path / "them")
    assert [draft.id for draft in found] == ["cu", "khac", "moi"]
    assert [(one.text, one.questions, entries[one.entry.id]) for one in read] == [
        (one.text, one.questions, one.entry) for one in whole
    ]


def test_a_digest_changes_with_every_byte_of_a_document_and_of_its_sample_questions(folder: Path) -> None:
    (folder / "questions").mkdir()
    questions = folder / "questions" / "mau.yaml"
    seen = [drafts(folder)[1].digest]
    for file, text in ((folder / "mau.md", GOOD + "\n"), (questions, ""), (questions, "[]")):
        file.write_text(text, "utf-8")
        seen.append(drafts(folder)[1].digest)
    assert len({*seen}) == 4
    questions.unlink()
    (folder / "mau.md").write_text(GOOD, "utf-8")
    assert drafts(folder)[1].digest == seen[0]
    assert drafts(folder)[0].digest not in seen


def test_a_draft_that_names_what_is_gone_is_not_as_it_was(folder: Path) -> None:
    draft = drafts(folder)[1]
    entry = draft.read().entry
    assert draft.is_still(draft.digest, entry)
    assert not draft.is_still("another", entry)
    (folder / "cu.md").unlink()
    [draft] = drafts(folder)
    assert not draft.is_still(draft.digest, entry)
    with pytest.raises(CorpusError, match=r"mau\.md:10: «supersedes» names 'cu'"):
        draft.read()


def test_folders_that_are_not_in_order_have_no_drafts(folder: Path) -> None:
    (folder / "questions").mkdir()
    (folder / "questions" / "la.yaml").write_text("[]")
    with pytest.raises(CorpusError, match="there is no document «la»"):
        drafts(folder)
    with pytest.raises(CorpusError, match="no such folder"):
        drafts(folder / "khong-co")


def test_a_file_that_cannot_be_read_is_refused_when_it_is(folder: Path) -> None:
    (folder / "cu.md").unlink()
    (folder / "cu.md").mkdir()
    with pytest.raises(CorpusError, match=r"cu\.md:1: cannot be read: Is a directory"):
        drafts(folder)[0].read()


def test_ten_thousand_documents_are_linked_at_once(folder: Path) -> None:
    entry = dataclasses.replace(read_one("cu", folder).entry, supersedes=())
    entries = {
        f"d{number}": dataclasses.replace(entry, id=f"d{number}", supersedes=(f"d{number + 1}",) if number % 2 else ())
        for number in range(10_000)
    }
    started = time.process_time()
    found = linked(entries)
    assert time.process_time() - started < 2
    assert found["d2"].superseded_by == ("d1",)
    assert (found["d1"], found["d9999"].supersedes) == (entries["d1"], ())
