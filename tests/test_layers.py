"""What the parts may know of each other, what answering may load, and what an installation must hold."""

import ast
import itertools
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {"bot": {"bot", "index", "corpus"}, "index": {"index", "corpus"}, "corpus": {"corpus"}}
NOT_TO_SERVE = {
    "torch",
    "transformers",
    "sentence_transformers",
    "matplotlib",
    "jinja2",
    "langdetect",
    "sklearn",
}

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in MAY_IMPORT
    for path in sorted((ROOT / package).rglob("*.py"))
}


def imports(path: Path) -> Iterator[str]:
    """The names a module imports, wherever in it; of "from corpus import errors" both."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; write the whole name"
            assert node.module
            yield from itertools.chain([node.module], (f"{node.module}.{alias.name}" for alias in node.names))


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_from_bot_to_index_to_corpus(module: str) -> None:
    tops = {name.partition(".")[0] for name in imports(MODULES[module])}
    assert tops & {*MAY_IMPORT, "tests", "conftest"} <= MAY_IMPORT[module.partition(".")[0]]


# What a room may know of the other rooms of its package. The files on a package's own floor wire rooms together, or
# serve them all.
ROOMS_MAY_IMPORT = {
    "bot.answering": {"bot.answering"},
    "bot.records": {"bot.records"},
    "bot.reports": {"bot.reports", "bot.records", "bot.answering"},
    "bot.quality": {"bot.quality", "bot.reports", "bot.records", "bot.answering"},
    "bot.channels": {"bot.channels", "bot.records", "bot.answering"},
    "corpus.language": {"corpus.language"},
    "corpus.reading": {"corpus.reading", "corpus.language"},
    "corpus.intake": {"corpus.intake", "corpus.reading", "corpus.language"},
}


def room(module: str) -> str:
    """ "bot.answering" of "bot.answering.rank"; "" for a module on a package's own floor."""
    name = ".".join(module.split(".")[:2])
    return name if name in ROOMS_MAY_IMPORT else ""


def test_rooms_know_only_the_rooms_they_stand_on() -> None:
    known = {name: set[str]() for name in ROOMS_MAY_IMPORT}
    for module, path in MODULES.items():
        if name := room(module):
            package = name.partition(".")[0]
            known[name] |= {of for imported in imports(path) if (of := room(imported)).startswith(f"{package}.")}
    assert known == ROOMS_MAY_IMPORT


def test_answering_knows_no_database() -> None:
    reached, waiting = set[str](), {name for name in MODULES if room(name) == "bot.answering"}
    while waiting:
        module = waiting.pop()
        reached.add(module)
        names = set(imports(MODULES[module]))
        assert not {name for name in names if name.partition(".")[0] in ("sqlalchemy", "alembic")}, module
        waiting |= {name for name in names if name in MODULES} - reached
    assert not {name for name in reached if room(name) in ("bot.records", "bot.channels")}


def test_every_layer_is_used_by_the_one_above() -> None:
    used = {package: set[str]() for package in MAY_IMPORT}
    for module, path in MODULES.items():
        used[module.partition(".")[0]] |= {name.partition(".")[0] for name in imports(path)} & {*MAY_IMPORT}
    assert used == MAY_IMPORT


def test_no_module_imports_itself_through_others() -> None:
    graph = {
        module: {name for name in imports(path) if name in MODULES and name not in (module, *MAY_IMPORT)}
        for module, path in MODULES.items()
    }
    assert graph["bot.answering.answer"] >= {"index.search", "bot.answering.compose"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    assert not {module.rpartition(".")[2] for module in MODULES} & {
        "utils",
        "util",
        "core",
        "common",
        "helpers",
        "misc",
    }


def test_answering_loads_nothing_that_only_building_or_measuring_needs(data: Path) -> None:
    program = """
import json, sys
from datetime import date
from pathlib import Path
from bot.answering.answer import ask
from bot.dialogue import Question
from index.encode import load_encoder
from index.snapshot import load
answer = ask(Question("ha noi co bao nhieu xa phuong"), load(Path(sys.argv[1]), load_encoder("onnx")), date(2026, 3, 1))
print(json.dumps([answer.status, answer.text, sorted({name.partition(".")[0] for name in sys.modules})]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(data)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    status, text, loaded = json.loads(done.stdout)
    assert status == "answered"
    assert "126" in text
    assert {"bot", "index", "corpus", "faiss", "onnxruntime"} <= set(loaded)
    assert NOT_TO_SERVE & set(loaded) == set()


def test_a_server_needs_everything_but_sentence_transformers() -> None:
    lines = (ROOT / "requirements-serve.txt").read_text("utf-8").splitlines()
    needed = [line for line in lines if line and not line.startswith(("#", "-c"))]
    dependencies = project()["project"]["dependencies"]
    assert [line for line in dependencies if not line.startswith("sentence-transformers")] == needed
    assert len(needed) == len(dependencies) - 1


def test_every_package_is_installed() -> None:
    packages = {module for module, path in MODULES.items() if path.name == "__init__.py"}
    assert set(project()["tool"]["setuptools"]["packages"]) == packages


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_every_file_that_a_package_reads_is_installed_with_it(package: str) -> None:
    folder = ROOT / package
    patterns = project()["tool"]["setuptools"]["package-data"].get(package, [])
    installed = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    there = {path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    read = {path for path in there if path.suffix not in (".py", ".pyc") and path != folder / "README.md"}
    assert sorted(str(path.relative_to(ROOT)) for path in read - installed) == []
    assert all(any(folder.glob(pattern)) for pattern in patterns)
