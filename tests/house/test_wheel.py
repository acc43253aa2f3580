"""The wheel works alone, from any folder; the sdist holds all that make needs."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from lf_qwen3 import __version__

pytestmark = [pytest.mark.slow, pytest.mark.network]

ROWS = [
    {"question": f"What is {n} + 1?", "think": f"One more than {n}.", "answer": str(n + 1), "metrics": {}}
    for n in range(20)
]
RECORD = {
    "conversations": [{"from": "human", "value": "1 + 1?"}, {"from": "gpt", "value": "2"}],
    "system": "",
}


class Installed:
    """A clean environment that holds the wheel and its core dependencies, nothing else."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"

    def run(self, *words: str) -> str:
        """Run lf-qwen3 from the root folder and return its stdout; exit codes other than 0 fail the test."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        command = [str(self.bin / "lf-qwen3"), *words]
        ran = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("clean env")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--no-compile"]
    command = [*pip, "--constraint", str(root / "constraints.txt"), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return Installed(folder)


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("un packed")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return folder / f"lf_qwen3-{__version__}"


def test_the_wheel_holds_the_package_and_its_data_alone(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"lf_qwen3", f"lf_qwen3-{__version__}.dist-info"}
    assert "lf_qwen3/py.typed" in names
    assert {name.split("/")[2] for name in names if "/_assets/" in name} == {"dataset_info", "recipes", "web"}


def test_help(installed: Installed) -> None:
    assert "convert" in installed.run("--help")


def test_version(installed: Installed) -> None:
    assert __version__ in installed.run("--version")


def test_recipe_list(installed: Installed) -> None:
    assert "qwen3-4b-lora-sft" in installed.run("recipe", "list")


def test_convert_then_check(installed: Installed, tmp_path: Path) -> None:
    source, target = tmp_path / "raw rows.jsonl", tmp_path / "data"
    source.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    told = installed.run(
        "convert", str(source), "--name", "sums", "--dataset-dir", str(target), "--val", "0.2", "--json"
    )
    assert json.loads(told)["read"] == len(ROWS)
    assert {"sums_train", "sums_val"} <= json.loads((target / "dataset_info.json").read_text("utf-8")).keys()
    installed.run("check", "sums_train", "--dataset-dir", str(target))


def test_register(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text(json.dumps(RECORD) + "\n", "utf-8")
    installed.run("register", "mine", str(tmp_path / "mine.jsonl"), "--dataset-dir", str(tmp_path))
    assert "mine" in installed.run("datasets", "--dataset-dir", str(tmp_path))


def test_the_sdist_holds_every_file_of_the_project(unpacked: Path, root: Path) -> None:
    folders = ("lf_qwen3", "docs", "recipes", "web", "tests", ".ci", "dataset_info")
    there = [file for name in folders for file in (root / name).rglob("*") if file.is_file()]
    there += (root / "bench").glob("*.py")
    there += [root / name for name in ("Makefile", "constraints.txt", "LICENSE", "pyproject.toml")]
    there += root.glob("README*.md")
    wanted = {str(file.relative_to(root)) for file in there if "__pycache__" not in file.parts}
    assert not [name for name in sorted(wanted) if not (unpacked / name).is_file()]
