"""--install: one guarded line in a file of its own, listed in RECORD, and gone without a trace."""

import csv
import json
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board import install

ROOT = Path(__file__).parents[2]


@pytest.fixture
def packages(tmp_path):
    """Return a folder of packages that holds lf-qwen3's metadata."""
    folder = tmp_path / "site-packages"
    made = folder / "lf_qwen3-0.1.0.dist-info"
    made.mkdir(parents=True)
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: lf-qwen3\nVersion: 0.1.0\n", "utf-8")
    (made / "RECORD").write_text('"odd, name.py",,\nlf_qwen3-0.1.0.dist-info/RECORD,,\n', "utf-8")
    return folder


@pytest.fixture
def distribution(packages):
    return metadata.Distribution.at(packages / "lf_qwen3-0.1.0.dist-info")


def record(packages):
    with (packages / "lf_qwen3-0.1.0.dist-info" / "RECORD").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def everything(packages):
    return {str(one.relative_to(packages)): one.read_bytes() for one in packages.rglob("*") if one.is_file()}


def test_install_then_uninstall_leaves_what_was_there(packages, distribution):
    before = everything(packages)
    at = install.install(distribution)
    assert (at.is_there, at.is_listed) == (True, True)
    assert at.file == packages / install.FILE
    install.uninstall(distribution)
    assert everything(packages) == before


def test_twice_is_as_once(packages, distribution):
    install.install(distribution)
    once = everything(packages)
    install.install(distribution)
    assert everything(packages) == once


def test_the_record_names_hash_and_size(packages, distribution):
    install.install(distribution)
    path, digest, size = next(row for row in record(packages) if row[0] == install.FILE)
    assert int(size) == (packages / path).stat().st_size
    assert digest.startswith("sha256=")
    assert ["odd, name.py", "", ""] in record(packages)


def test_uninstall_of_nothing_is_no_error(packages, distribution):
    before = everything(packages)
    assert not install.uninstall(distribution).is_there
    assert everything(packages) == before


def test_a_hard_link_to_the_record_is_left_alone(packages, distribution, tmp_path):
    linked = tmp_path / "cache of uv"
    os.link(packages / "lf_qwen3-0.1.0.dist-info" / "RECORD", linked)
    before = linked.read_bytes()
    install.install(distribution)
    assert linked.read_bytes() == before


def test_no_permission_is_told(distribution, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(LfQwen3Error, check=lambda error: error.code == "no_permission"):
        install.install(distribution)


def run(packages, program, **variables):
    """Run Python with the folder as its site-packages, .pth files included."""
    start = f"import site; site.addsitedir({str(packages)!r}); site.addsitedir({str(packages)!r}); {program}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, env=environment)


def test_the_line_puts_one_finder_in_place(packages, distribution):
    install.install(distribution)
    ran = run(packages, "import sys; print([type(one).__module__ for one in sys.meta_path])")
    assert ran.stdout.count("lf_qwen3.board.hook") == 1
    assert ran.stderr == ""


def test_the_variable_turns_it_off(packages, distribution):
    install.install(distribution)
    ran = run(packages, "import sys; print(sys.meta_path)", LF_QWEN3_WEBUI="0")
    assert "hook" not in ran.stdout


def run_without_the_package(packages, *command):
    """Run Python with the line installed and lf_qwen3 broken, as the command says."""
    (packages / "lf_qwen3").mkdir()
    (packages / "lf_qwen3" / "__init__.py").write_text("raise RuntimeError('half\\nupdated')\n", "utf-8")
    (packages / "sitecustomize.py").write_text(f"import site; site.addsitedir({str(packages)!r})\n", "utf-8")
    program = packages / "llamafactory-cli"
    program.write_text("print('on')\n", "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    words = [sys.executable, str(program), *command]
    return subprocess.run(words, capture_output=True, text=True, env=environment, cwd=packages)


def test_a_broken_package_is_named_in_one_line_of_the_board(packages, distribution):
    install.install(distribution)
    ran = run_without_the_package(packages, "webui")
    assert ran.stdout == "on\n"
    assert ran.stderr.count("\n") == 1
    assert "RuntimeError: half updated" in ran.stderr
    assert 'python -c "import lf_qwen3.board.hook"' in ran.stderr


@pytest.mark.parametrize("command", [[], ["train", "train.yaml"], ["api"]], ids=["none", "train", "api"])
def test_a_broken_package_is_silent_in_every_other_program(packages, distribution, command):
    install.install(distribution)
    ran = run_without_the_package(packages, *command)
    assert (ran.stdout, ran.stderr) == ("on\n", "")


def test_the_hook_imports_little_and_the_standard_library_alone():
    program = (
        "import json, sys; before = set(sys.modules); from lf_qwen3.board import hook; hook.install();"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    others = [name for name in json.loads(ran.stdout) if name != "__future__"]
    assert others == ["lf_qwen3", "lf_qwen3.board", "lf_qwen3.board.hook"]


def test_pip_would_take_it_along(packages, distribution):
    install.install(distribution)
    names = {str(one) for one in metadata.Distribution.at(packages / "lf_qwen3-0.1.0.dist-info").files or []}
    assert install.FILE in names
    shutil.rmtree(packages)
