"""The bench runs, at sizes at which its figures mean nothing."""

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parent / "bench.py"


def test_every_figure_of_the_bench_is_taken_printed_and_written(tmp_path: Path, small_documents: Path) -> None:
    questions, figures = tmp_path / "questions.jsonl", tmp_path / "bench.json"
    questions.write_text(json.dumps({"question": "Hà Nội có bao nhiêu xã, phường?"}) + "\n", "utf-8")
    command = [sys.executable, str(BENCH), "--quick", "--no-compare", "--sizes", "60"]
    options = ["--documents", str(small_documents), "--questions", str(questions), "--json", str(figures)]

    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    written = json.loads(figures.read_text("utf-8"))
    assert all(figure["value"] > 0 and figure["what"] in done.stdout for figure in written["figures"])
    assert [(size["kind"], size["recall"]) for size in written["sizes"]] == [("flat", 1.0)]
    assert 40 < written["sizes"][0]["passages"] < 70
