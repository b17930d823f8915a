"""Sample questions: what an editor expects people to ask, beside the units that answer it.

They stand in `questions/ID.yaml` beside the documents, and are optional. A question that is like one of them finds
those units, however differently the document puts it. What the documents do not answer may be kept as well; it has no
unit, and finds none.

    - answered_by: "Công an đã dán 8.000 tờ có mã QR"    # how the unit's text begins, and no other's
      questions:
        - "Mã QR gọi chatbot công an dán ở đâu?"
    - answered_by: ["Lệ phí", "Miễn lệ phí cho"]         # both are needed, best first
      questions: ["Làm lại căn cước mất bao nhiêu tiền, ai được miễn?"]
    - answered_by: []                                    # nothing here answers these
      questions:
        f: ["Chatbot của công an có trả lời bằng tiếng Anh không?"]    # or by style, of which STYLES tells
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from corpus.document import SampleQuestions, Unit

STYLES = {
    "f": "formal",
    "c": "spoken",
    "b": "without diacritics",
    "t": "typed in a hurry",
    "s": "a situation",
    "p": "in other words",
    "y": "yes or no",
    "e": "English",
    "m": "several units",
    "o": "since replaced",
    "!": "not answered",
}


def path_of(document: Path) -> Path:
    return document.parent / "questions" / f"{document.stem}.yaml"


def read(document: Path) -> tuple[SampleQuestions, ...]:
    """The sample questions of a document's file; none where there is no such file. They have been checked."""
    path = path_of(document)
    if not path.is_file():
        return ()
    return tuple(
        SampleQuestions(_beginnings(entry["answered_by"]), tuple(text for _, text in styled(entry["questions"])))
        for entry in yaml.safe_load(path.read_text("utf-8")) or ()
    )


def written(samples: Sequence[SampleQuestions]) -> str:
    """The samples as `read` reads them."""
    entries = [{"answered_by": list(one.answered_by), "questions": list(one.questions)} for one in samples]
    return yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=10_000) if entries else ""


def _beginnings(answered_by: str | Sequence[str]) -> tuple[str, ...]:
    return (answered_by,) if isinstance(answered_by, str) else tuple(answered_by)


def styled(questions: Sequence[str] | Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Each question of an entry with its style; "" where the file does not tell styles apart."""
    by_style = questions if isinstance(questions, Mapping) else {"": questions}
    return ((style, text) for style, texts in by_style.items() for text in texts)


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
            styles = ", ".join(f"{letter} ({meaning})" for letter, meaning in STYLES.items())
            mend = (
                f"its fields are answered_by (a text or a list) and questions (a list, or one for each style: {styles})"
            )
            yield line, "an entry is not in order", mend
            continue
        for beginning in _beginnings(entry["answered_by"]):
            found = sum(unit.text.startswith(beginning) for unit in units)
            if found != 1:
                which = "no unit begins so" if not found else f"{found} units begin so"
                yield line, f"«{beginning}»: {which}", "`hanoidx corpus show` has the units; write how one begins"


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and (
        set(entry) == {"answered_by", "questions"}
        and (_is_text(entry["answered_by"]) or _are_texts(entry["answered_by"]))
        and (
            _are_texts(entry["questions"])
            or (
                isinstance(entry["questions"], dict)
                and set(entry["questions"]) <= set(STYLES)
                and all(map(_are_texts, entry["questions"].values()))
            )
        )
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
