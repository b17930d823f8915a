"""The parts of an Office file (a ZIP archive of XML parts), found as the file itself says: by its relationships.

Word calls its main part word/document.xml, an online editor word/document2.xml, others write "word\\Document.XML":
names are compared without regard to case and to the kind of slash.
"""

import posixpath
import zipfile
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any
from urllib.parse import unquote

from corpus.reading.extract import Refused, xml

_KINDS = {"document": "docx", "workbook": "xlsx", "presentation": "pptx"}  # by the root of the main part
_MAIN = ("word/document.xml", "xl/workbook.xml", "ppt/presentation.xml")  # where nothing says which it is
_TYPES = "[Content_Types].xml"
_STRICT = tuple(  # how files of the kind "Strict Open XML" name the same elements
    (f"http://purl.oclc.org/ooxml/{strict}".encode(), f"http://schemas.openxmlformats.org/{usual}".encode())
    for strict, usual in {
        "wordprocessingml/main": "wordprocessingml/2006/main",
        "drawingml/main": "drawingml/2006/main",
        "drawingml/chart": "drawingml/2006/chart",
        "drawingml/diagram": "drawingml/2006/diagram",
        "drawingml/wordprocessingDrawing": "drawingml/2006/wordprocessingDrawing",
        "officeDocument/math": "officeDocument/2006/math",
        "officeDocument/relationships": "officeDocument/2006/relationships",
    }.items()
)


@dataclass(frozen=True, slots=True)
class Related:
    """`kind` is the last word of the relationship's type: "header", "footnotes", "aFChunk"; `part` "" outside."""

    kind: str
    part: str


class Package:
    """An Office file while it is read."""

    def __init__(self, content: bytes) -> None:
        self.archive = zipfile.ZipFile(BytesIO(content))
        self.names = {_plain(name): name for name in self.archive.namelist()}
        starts = [one.part for one in self.related("").values() if one.kind == "officeDocument"]
        starts += [name for name in _MAIN if name in self.names]
        self.main = next((name for name in starts if name in self.names), "")

    def __contains__(self, part: str) -> bool:
        return _plain(part) in self.names

    def read(self, part: str) -> bytes:
        return self.archive.read(self.names[_plain(part)])

    def open(self, part: str) -> IO[bytes]:
        return self.archive.open(self.names[_plain(part)])

    def xml(self, part: str) -> Any:
        content = self.read(part)
        for strict, usual in _STRICT:
            content = content.replace(strict, usual)
        return xml(content)

    def kind(self) -> str:
        """docx, xlsx or pptx; "" for an archive that is none of them."""
        if not self.main:
            return ""
        if self.main.endswith(".bin"):
            raise Refused("a binary Excel workbook (.xlsb)", "save it as .xlsx")
        root = self.xml(self.main)
        return _KINDS.get(str(root.tag).rpartition("}")[2], "")

    def related(self, part: str) -> dict[str, Related]:
        """What a part refers to, by the ids it uses; for "" what the package itself names."""
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        if path not in self:
            return {}
        found = {}
        for each in self.xml(path):
            target = unquote(str(each.get("Target") or "")).replace("\\", "/")
            inside = "" if each.get("TargetMode") == "External" else _plain(posixpath.join("/", folder, target))
            found[str(each.get("Id"))] = Related(str(each.get("Type")).rpartition("/")[2], inside)
        return found


def tidied(content: bytes) -> bytes:
    """The file with its parts named exactly as it refers to them, for libraries that look nowhere else."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        names = archive.namelist()
        referred = _referred(archive)
        spelt: dict[str, set[str]] = {}
        for name in referred:
            spelt.setdefault(_plain(name), set()).add(name)
        if all(name in referred or (_plain(name) not in spelt and "\\" not in name) for name in names):
            return content
        target = BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as tidy:
            written: set[str] = set()
            for info in archive.infolist():
                for name in sorted(spelt.get(_plain(info.filename), {info.filename.replace("\\", "/").lstrip("/")})):
                    if name not in written and not info.is_dir():
                        written.add(name)
                        tidy.writestr(name, archive.read(info))
    return target.getvalue()


def _referred(archive: zipfile.ZipFile) -> set[str]:
    """Every spelling of a part's name that the file uses, with that of the relationships of each."""
    found = {_TYPES, "_rels/.rels"}
    names = {_plain(name): name for name in archive.namelist()}
    if types := names.get(_plain(_TYPES)):
        found |= {str(each.get("PartName")).lstrip("/") for each in xml(archive.read(types)) if each.get("PartName")}
    for name in list(names):
        folder, _, of = name.rpartition("_rels/")
        if not name.endswith(".rels") or "_rels/" not in name:
            continue
        base = next((one.rpartition("/")[0] for one in found if _plain(one) == f"{folder}{of[:-5]}"), folder)
        for each in xml(archive.read(names[name])):
            if each.get("TargetMode") != "External":
                target = unquote(str(each.get("Target") or "")).replace("\\", "/")
                found.add(posixpath.normpath(posixpath.join("/", base, target)).lstrip("/"))
    for name in list(found):
        folder, _, of = name.rpartition("/")
        if (rels := posixpath.join(folder, "_rels", f"{of}.rels")) and _plain(rels) in names:
            found.add(rels)
    return found


def _plain(name: str) -> str:
    return posixpath.normpath("/" + name.replace("\\", "/")).lstrip("/").lower()
