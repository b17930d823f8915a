"""Old Word, Excel and PowerPoint files (.doc, .xls, .ppt): LibreOffice makes new ones of them, which are read.

It runs in a folder and with settings of its own: no macro is run, nothing is fetched from elsewhere, and time, memory
and the size of what it writes are bounded. It belongs to the process group of the parser, and ends with it.
"""

import contextlib
import os
import resource
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from corpus.reading.extract import Extract, Refused
from corpus.reading.office import read_pptx
from corpus.reading.sheets import read_xlsx
from corpus.reading.word import read_docx

TIME = 120  # seconds LibreOffice may take; a .doc of 500 pages takes about 20
MEMORY = 3_000_000_000  # bytes of address space; it takes 1.5 GB to start and never has a third of that in memory
WRITTEN = 400_000_000  # bytes of one file that it writes

_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">\
<prop oor:name="DisableMacrosExecution" oor:op="fuse">\
<value>true</value></prop><prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop>\
<prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop>\
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>0</value>\
</prop></item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>2</value></prop>\
</item>
</oor:items>
"""


@dataclass(frozen=True, slots=True)
class _Kind:
    """An old kind of file, what to make of it, the package that can, and a library by which that is recognised.

    `filter` is how LibreOffice is to take it, lest it take a broken one for a text and show its bytes.
    """

    called: str
    new: str
    package: str
    library: str
    filter: str
    read: Callable[[bytes], Extract]


_KINDS = {
    "doc": _Kind("Word", "docx", "libreoffice-writer", "libsw*lo.so", "MS Word 97", read_docx),
    "xls": _Kind("Excel", "xlsx", "libreoffice-calc", "libsc*lo.so", "MS Excel 97", read_xlsx),
    "ppt": _Kind("PowerPoint", "pptx", "libreoffice-impress", "libsd*lo.so", "MS PowerPoint 97", read_pptx),
}


def read_doc(content: bytes) -> Extract:
    return _read(content, "doc")


def read_xls(content: bytes) -> Extract:
    return _read(content, "xls")


def read_ppt(content: bytes) -> Extract:
    return _read(content, "ppt")


def _read(content: bytes, old: str) -> Extract:
    kind = _KINDS[old]
    if not _has(kind):
        mend = f"install it (apt-get install {kind.package}), or save the file as .{kind.new}"
        raise Refused(f"an old {kind.called} file (.{old}), which only LibreOffice can read", mend)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        converted = _converted(content, old, kind, Path(folder))
    return kind.read(converted)


def _has(kind: _Kind) -> bool:
    program = which("soffice")
    if program is None:
        return False
    folder = Path(os.path.realpath(program)).parent
    is_usual = any(folder.glob("lib*lo.so"))  # else it is put up in another way, and will say itself what it lacks
    return not is_usual or any(folder.glob(kind.library))


def _converted(content: bytes, old: str, kind: _Kind, folder: Path) -> bytes:
    source, profile = folder / f"old.{old}", folder / "profile"
    source.write_bytes(content)
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_SETTINGS, "utf-8")
    command = ["soffice", "--headless", "--norestore", "--nolockcheck", f"-env:UserInstallation={profile.as_uri()}"]
    command += [f"--infilter={kind.filter}", "--convert-to", kind.new, "--outdir", str(folder), str(source)]
    process = subprocess.Popen(  # noqa: S603 no shell, and no word of the file in the command
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"},
        preexec_fn=_bound,  # noqa: PLW1509 the parser has one thread
    )
    try:
        process.wait(TIME)
    except subprocess.TimeoutExpired as error:
        raise Refused(f"LibreOffice took more than {TIME} s over it", f"save it as .{kind.new}") from error
    finally:
        _end(process)
    target = source.with_suffix(f".{kind.new}")
    if not target.exists():
        raise Refused("LibreOffice cannot open it: damaged, or with a password", f"save it as .{kind.new}")
    return target.read_bytes()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End soffice with the program that it has started, which would outlive it."""
    with contextlib.suppress(OSError):
        started = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for pid in started if process.poll() is None else ():
            os.kill(int(pid), signal.SIGKILL)
    process.kill()
    process.wait()


def _bound() -> None:
    """LibreOffice's own bounds; a reader's on memory, which it starts with, is too narrow for it."""
    for what, least in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, WRITTEN), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(what)
        bound = least if hard == resource.RLIM_INFINITY else min(least, hard)
        resource.setrlimit(what, (bound, bound))
