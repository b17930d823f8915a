"""Old Office files in old encodings, which LibreOffice makes and opens; without it they are skipped."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import old_files
import pytest

from corpus.errors import UnreadableDocument
from corpus.reading import convert
from corpus.reading.extract import Refused
from corpus.reading.read import read_content

pytestmark = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
PAIRS = [("doc", "tcvn3"), ("doc", "vps"), ("xls", "vni"), ("xls", "viscii"), ("ppt", "tcvn3"), ("ppt", "viscii")]
PAIRS += [("rtf", encoding) for encoding in old_files.FONTS]


@pytest.fixture(scope="module")
def made() -> tuple[str, dict[tuple[str, str], bytes]]:
    """A text of the corpus, and old files of it by format and encoding."""
    parts = next(old_files.texts())
    files: dict[tuple[str, str], bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for suffix in old_files.FORMATS:
            new, filter_ = old_files.FORMATS[suffix]
            wanted = [encoding for format_, encoding in PAIRS if format_ == suffix]
            typed = {encoding: old_files.new_file(parts, encoding, new) for encoding in wanted}
            saved = old_files.saved_as(typed, suffix, new, filter_, Path(folder))
            files |= {(suffix, encoding): content for encoding, content in saved.items()}
    return old_files.said(parts), files


@pytest.mark.parametrize(("suffix", "encoding"), PAIRS)
def test_every_letter_of_an_old_file_is_read(
    suffix: str, encoding: str, made: tuple[str, dict[tuple[str, str], bytes]]
) -> None:
    said, files = made
    found = read_content(files[suffix, encoding], Path(f"57.{suffix}"))
    came, there = old_files.right(said, found.markdown)
    assert found.format == suffix
    assert there > 200
    assert came == there


def test_a_conversion_that_takes_too_long_is_stopped_and_nothing_runs_on(
    made: tuple[str, dict[tuple[str, str], bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "TIME", 0.2)
    with pytest.raises(Refused, match="LibreOffice took more than"):
        convert.read_xls(made[1]["xls", "vni"])
    assert running() == []


def test_a_conversion_whose_parser_is_stopped_ends_with_it(made: tuple[str, dict[tuple[str, str], bytes]]) -> None:
    with pytest.raises(UnreadableDocument, match="takes more than"):
        read_content(made[1]["xls", "vni"], Path("57.xls"), seconds=1)
    assert running() == []


def test_a_conversion_that_fills_the_memory_is_stopped(
    made: tuple[str, dict[tuple[str, str], bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "MEMORY", 100_000_000)
    with pytest.raises(Refused, match="LibreOffice cannot open it"):
        convert.read_xls(made[1]["xls", "vni"])


def running() -> list[str]:
    """The programs of LibreOffice that convert a file of ours."""
    time.sleep(0.3)  # a process that is killed is listed until it has ended
    listed = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
    return [line for line in listed.splitlines() if "soffice.bin" in line and "/old.xls" in line]
