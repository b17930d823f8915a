"""How near messages about anything else come to a corpus. They come near by chance, and the nearer the more it holds.

A build measures it with the messages of far.yaml, so that what is off topic is told by how much nearer than they a
question comes, whatever the corpus has grown to.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from index.encode import Vectors
from index.query import parse
from index.snapshot import Far

MESSAGES = Path(__file__).parent / "far.yaml"
BLOCK = 16_384  # units that are compared at a time


def measure(vectors: Vectors, unit_vectors: npt.NDArray[np.float16], questions: Any) -> Far:
    """From the vectors of `texts`, those of all units, and the FAISS index of the sample questions."""
    blocks = (unit_vectors[first : first + BLOCK] for first in range(0, len(unit_vectors), BLOCK))
    units = np.max([(vectors @ block.astype(np.float32).T).max(axis=1) for block in blocks], axis=0)
    samples = questions.search(vectors, 1)[0] if questions.ntotal else np.array([-1.0, 1.0])
    return Far(*(round(float(figure), 6) for found in (units, samples) for figure in (found.mean(), found.std())))


@functools.cache
def texts() -> tuple[str, ...]:
    """What is encoded of the messages."""
    table: dict[str, list[str]] = yaml.safe_load(MESSAGES.read_text("utf-8"))
    return tuple(one for of_topic in table.values() for text in of_topic for one in parse(text).encoded)
