"""Files that are replaced in one step: a reader, and whoever comes after a crash, finds the old text or the new one."""

import os
from pathlib import Path


def write(file: Path, text: str) -> None:
    """Replace `file`, on the disk when this returns. Only one process may write it at a time."""
    temporary = file.with_name(f".{file.name}.new")
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
    flush(file.parent)


def flush(path: Path) -> None:
    """Make what was written to a file, or a rename in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
