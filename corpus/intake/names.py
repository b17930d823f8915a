"""Names of files at the door: in composed letters, which are documents, and which file a sidecar belongs to.

macOS writes names in decomposed letters, Windows and shared drives do not tell capitals from small letters, and all of
them, Word included, leave files of their own. A sidecar (FILE.yaml, FILE.yml, in any case) states fields of FILE: one
that is overlooked would let a document in force that is not.
"""

import re
import unicodedata
from pathlib import Path

from corpus.errors import CorpusError

LONGEST = 200  # bytes of a name, so that a file system takes it with what is put before it
_SIDECAR = (".yaml", ".yml")
_LEFT_OVER = re.compile(
    r"(?:\..*|~\$.*|~.*\.tmp|thumbs\.db(?:-.*)?|ehthumbs(?:_.*)?\.db|desktop\.ini|icon\r|__macosx|@eadir|\$recycle\.bin"
    r"|system volume information)",
    re.IGNORECASE | re.DOTALL,
)


def composed(name: str) -> str:
    """A name in NFC; what is no letter of any encoding in it becomes "\ufffd"."""
    return unicodedata.normalize("NFC", name).encode("utf-8", "replace").decode().replace("\0", "")


def safe(name: str) -> str:
    """The last part of a name that somebody has sent, composed and short enough to be a file's, with its suffix."""
    last = Path(composed(name).replace("\\", "/")).name
    stem, dot, suffix = last.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, dot, suffix = last, "", ""
    room = LONGEST - len(f"{dot}{suffix}".encode())
    return f"{stem.encode()[:room].decode(errors='ignore')}{dot}{suffix}"


def is_left_over(name: str) -> bool:
    """Whether Windows, macOS or an office program has left a file that is no document; hidden files are none either."""
    return bool(_LEFT_OVER.fullmatch(name))


def is_sidecar(file: Path) -> bool:
    return file.suffix.lower() in _SIDECAR


def sidecar_of(file: Path) -> Path | None:
    """The sidecar beside a file, whichever way it is spelt. Raises CorpusError where there are two."""
    if is_sidecar(file):
        return None
    called = {_folded(file.name), _stem(file.name)}
    alike = (one for one in file.parent.iterdir() if is_sidecar(one) and _stem(one.name) in called)
    found = sorted(one for one in alike if one.is_file() and not is_left_over(one.name) and owner(one) == file.name)
    if len(found) > 1:
        named = " and ".join(one.name for one in found)
        raise CorpusError(f"{file}: it has two sidecars, {named} — keep one of them")
    return found[0] if found else None


def owner(sidecar: Path) -> str | None:
    """The name of the file in its folder that a sidecar belongs to: the one spelt most like it, if that is one."""
    names = [one.name for one in sidecar.parent.iterdir() if not is_sidecar(one) and not is_left_over(one.name)]
    called = sidecar.name[: -len(sidecar.suffix)]
    for same in (str, composed, _folded, _stem):
        found = [name for name in names if same(name) == (_folded(called) if same is _stem else same(called))]
        if len(found) == 1:
            return found[0]
        if found:
            return None  # which of them is not to be told
    return None


def orphaned(sidecar: Path) -> CorpusError:
    """What to tell of a sidecar that belongs to no file, or to none in particular."""
    mend = "name it after its file, such as quyet-dinh-57.docx.yaml beside quyet-dinh-57.docx, or remove it"
    return CorpusError(f"{sidecar}: no file beside it belongs to this sidecar — {mend}")


def _folded(name: str) -> str:
    return composed(name).casefold()


def _stem(name: str) -> str:
    """For "57.yaml" beside "57.docx"."""
    return _folded(Path(name).stem)
