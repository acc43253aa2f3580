"""In an environment that holds LLaMA-Factory, installing the package changes nothing that is there."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from tests.needs import require

pytest.importorskip("packaging")
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)$", re.MULTILINE)


def closure(*requirements: str) -> dict[str, Distribution]:
    """Return the installed distributions that requirements bring along, extras included."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    queue = [Requirement(text) for text in requirements]
    while queue:
        wanted = queue.pop()
        name = canonicalize_name(wanted.name)
        for extra in {"", *wanted.extras} - {extra for one, extra in seen if one == name}:
            seen.add((name, extra))
            found[name] = distribution(name)
            needs = map(Requirement, found[name].requires or [])
            queue += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
    return found


@pytest.fixture(scope="module")
def trainer_environment(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Distribution]]:
    """Return an environment that looks to pip as if it held a bare llamafactory, and what it holds.

    The resolver reads metadata only, so metadata is all that is put there.
    """
    require("torch")
    require("llamafactory")
    folder = tmp_path_factory.mktemp("trainer")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    held = closure("llamafactory")
    for one in held.values():
        metadata = Path(str(one.locate_file(""))) / one._path.name  # type: ignore[attr-defined]
        shutil.copytree(metadata, packages / metadata.name)
    return folder / "bin" / "python", held


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.llamafactory
def test_nothing_installed_is_changed(
    trainer_environment: tuple[Path, dict[str, Distribution]], wheel: Path, tmp_path: Path
) -> None:
    python, held = trainer_environment
    report = tmp_path / "report.json"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--dry-run", "--quiet"]
    subprocess.run([*pip, "--report", str(report), str(wheel)], check=True, capture_output=True)
    installs = [one["metadata"] for one in json.loads(report.read_text("utf-8"))["install"]]
    added = {canonicalize_name(one["name"]): one["version"] for one in installs}
    print(f"\nbeside the {len(held)} packages of llamafactory {held['llamafactory'].version}:")
    print("\n".join(f"  + {name} {version}" for name, version in sorted(added.items())))
    assert "lf-qwen3" in added
    assert not {name: (held[name].version, version) for name, version in added.items() if name in held}
    assert len(added) <= 12, "the few packages of our own have become many"


def pinned(root: Path) -> dict[str, str]:
    """Return name -> version of constraints.txt."""
    text = (root / "constraints.txt").read_text("utf-8")
    return {canonicalize_name(found["name"]): found["version"] for found in PINNED.finditer(text)}


@pytest.mark.parametrize("extra", ["", "train", "eval", "check", "docs", "gguf", "dev"])
def test_the_pinned_set_keeps_the_ranges(root: Path, extra: str) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    texts = project["optional-dependencies"][extra] if extra else project["dependencies"]
    wanted = [one for one in map(Requirement, texts) if one.name != project["name"]]
    versions = pinned(root)
    wrong = [
        str(one)
        for one in wanted
        if not one.specifier.contains(versions.get(canonicalize_name(one.name), "0"))
    ]
    assert not wrong


def test_the_pinned_set_names_a_version_each_and_no_path(root: Path) -> None:
    lines = (root / "constraints.txt").read_text("utf-8").splitlines()
    assert not [line for line in lines if not line.startswith("#") and not PINNED.match(line)]


def test_the_pinned_set_covers_all_that_the_trainer_brings(root: Path) -> None:
    require("llamafactory")
    assert closure("llamafactory").keys() - pinned(root).keys() == set()
