"""One process at a time, for builds and for whoever else must be alone with a folder."""

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def alone(file: Path, refusal: Callable[[Path], Exception]) -> Iterator[None]:
    """Hold `file`'s lock, or raise what `refusal` makes. The system lets go of it when the process ends, however."""
    with file.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise refusal(file) from error
        yield
