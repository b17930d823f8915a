"""Whatever is decided about a question is decided the same though its vectors are a little other ones."""

import pytest

from index.snapshot import Snapshot


@pytest.fixture(scope="session")
def snapshot(noisy_snapshot: Snapshot) -> Snapshot:
    return noisy_snapshot
