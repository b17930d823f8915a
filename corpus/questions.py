"""Sample questions: what an editor expects people to ask, beside the unit that answers it.

They stand in `questions/ID.yaml` beside the documents, and are optional. A question that is like one of them finds
that unit, however differently the document puts it; nothing else depends on them.

    - answered_by: "Công an đã dán 8.000 tờ có mã QR"    # how the unit's text begins, and no other's
      questions:
        - "Mã QR gọi chatbot công an dán ở đâu?"
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from corpus.document import SampleQuestions, Unit


def path_of(document: Path) -> Path:
    return document.parent / "questions" / f"{document.stem}.yaml"


def read(document: Path) -> tuple[SampleQuestions, ...]:
    """The sample questions of a document's file; none where there is no such file. They have been checked."""
    path = path_of(document)
    if not path.is_file():
        return ()
    return tuple(
        SampleQuestions(entry["answered_by"], tuple(entry["questions"]))
        for entry in yaml.safe_load(path.read_text("utf-8")) or ()
    )


def check(document: Path, units: Sequence[Unit]) -> Iterator[tuple[int, str, str]]:
    """What is wrong with them: line, what was found, how to mend it. `units` are the document's."""
    path = path_of(document)
    if not path.is_file():
        return
    try:
        node = yaml.compose(path.read_text("utf-8"), yaml.SafeLoader)
        entries = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        yield (mark.line + 1 if mark else 1), "cannot be read as YAML", "mend that line"
        return
    if not isinstance(node, yaml.SequenceNode):
        yield 1, "is no list", "write «- answered_by: …» with «questions: …» below it"
        return
    for entry, place in zip(entries, node.value, strict=True):
        line = place.start_mark.line + 1
        if not _is_entry(entry):
            yield line, "an entry is not in order", "its fields are answered_by (text) and questions (a list of texts)"
            continue
        found = sum(unit.text.startswith(entry["answered_by"]) for unit in units)
        if found != 1:
            which = "no unit begins so" if not found else f"{found} units begin so"
            yield (
                line,
                f"«{entry['answered_by']}»: {which}",
                "`hanoidx corpus show` has the units; write how one begins",
            )


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and set(entry) == {"answered_by", "questions"}
        and isinstance(entry["answered_by"], str)
        and bool(entry["answered_by"].strip())
        and isinstance(entry["questions"], list)
        and all(isinstance(question, str) and question.strip() for question in entry["questions"])
    )
