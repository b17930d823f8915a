"""The command `hanoidx`: wires the parts together, and is the only place that does.

Start-up is part of every answer's time, so what takes long to import is imported inside the commands.
"""

import contextlib
import io
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from corpus.errors import CorpusError
from index.errors import IndexingError

if TYPE_CHECKING:
    from bot.dialogue import Answer, Question
    from index.snapshot import Snapshot

BROKEN_PIPE = 141  # what a shell reports of a program that nobody reads any more

Today = Annotated[
    date | None,
    typer.Option(parser=date.fromisoformat, envvar="HANOIDX_TODAY", hidden=True, help="Answer as of this day."),
]
