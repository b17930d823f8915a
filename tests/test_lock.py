"""What is installed tomorrow: every dependency stands in constraints.txt, in a version that pyproject.toml allows."""

import re
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "constraints.txt"
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = (("Linux", "linux", "x86_64"), ("Linux", "linux", "aarch64"), ("Darwin", "darwin", "arm64"))
NOT_LOCKED = {
    "compare"
}  # libraries that `make bench` measures beside ours; they hold others back and nothing needs them


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def environment(python: str, machine: tuple[str, str, str]) -> dict[str, str]:
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_system": machine[0],
        "sys_platform": machine[1],
        "platform_machine": machine[2],
        "os_name": "posix",
    }


def wanted() -> list[Requirement]:
    """What installing with every locked extra asks for, what the installation is built with, and torch."""
    found = project()
    extras = found["project"]["optional-dependencies"]
    texts = [text for name, texts in extras.items() if name not in NOT_LOCKED for text in texts]
    torch = re.findall(r"^TORCH := (\S+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert len(torch) == 1
    requirements = map(
        Requirement, [*found["project"]["dependencies"], *texts, *found["build-system"]["requires"], *torch]
    )
    return [requirement for requirement in requirements if requirement.name != "hanoidx"]


def locked(inside: dict[str, str]) -> dict[str, set[str]]:
    """The versions of each package that the lock names for an environment."""
    versions: dict[str, set[str]] = {}
    for line in LOCK.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            pin = Requirement(line)
            (exact,) = pin.specifier
            assert exact.operator == "==", line
            if pin.marker is None or pin.marker.evaluate(inside):
                versions.setdefault(canonicalize_name(pin.name), set()).add(exact.version)
    return versions


@pytest.mark.parametrize(("python", "machine"), list(product(PYTHONS, MACHINES)))
def test_every_dependency_stands_in_the_lock_in_a_version_that_is_allowed(
    python: str, machine: tuple[str, str, str]
) -> None:
    inside = environment(python, machine)
    versions = locked(inside)
    needed = [one for one in wanted() if one.marker is None or one.marker.evaluate(inside)]
    assert len(needed) > 40
    found = {str(one): versions.get(canonicalize_name(one.name), set()) for one in needed}
    wrong = [text for text, pinned in found.items() if not any(map(Requirement(text).specifier.contains, pinned))]
    assert wrong == [], "run `make lock LOCK_FLAGS=`"
    assert {name: pinned for name, pinned in versions.items() if len(pinned) > 1} == {}


def test_the_pythons_that_are_locked_are_those_that_the_project_names() -> None:
    named = [line.rpartition(" ")[2] for line in project()["project"]["classifiers"] if "Python :: 3." in line]
    assert tuple(named) == PYTHONS
    assert project()["project"]["requires-python"] == f">={PYTHONS[0]}"


def test_a_server_is_installed_with_the_same_lock() -> None:
    assert "-c constraints.txt" in (ROOT / "requirements-serve.txt").read_text("utf-8").splitlines()
