"""Imports go one way, and `--help` imports nothing heavy."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "lf_qwen3"

# Lowest first. A module may import from its own layer and from those above it in this list. A new module or
# package is placed here by its name.
LAYERS = (
    {"errors", "types", "thinking", "assets", "reasons", "special_tokens", "discovery"},
    {
        "chat_template",
        "dataset_info",
        "formats",
        "keys",
        "normalise",
        "qwen_tokenizer",
        "recipes",
        "records",
        "schema",
        "sources",
        "tiny_model",
        "tokenizer",
        "writers",
    },
    {"converters", "checks"},
    {
        "answer",
        "checking",
        "compare",
        "convert",
        "dialogues",
        "demo",
        "diagnose",
        "doctor",
        "download",
        "estimate",
        "evaluate",
        "job",
        "ledger",
        "llamafactory",
        "manifest",
        "official",
        "outputs",
        "pipeline",
        "preview",
        "rehearse",
        "render",
        "score",
        "verbatim",
    },
    {"cli", "webui", "__main__"},
)
HEAVY = ("torch", "transformers", "polars", "pyarrow", "pandas", "gradio", "llamafactory")
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(file: Path) -> str:
    """Return the top-level name a file belongs to: lf_qwen3/cli/demo.py is in `cli`."""
    return file.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(tree: ast.Module, package: str = "lf_qwen3") -> Iterator[tuple[int, str]]:
    """Yield (line, top-level name below `package`) of every import, those inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for parts in (name.split(".") for name in names):
            if parts[0] == package and len(parts) > 1 and not parts[1].startswith("__"):
                yield node.lineno, parts[1]


def test_every_module_has_a_layer() -> None:
    there = {name_of(file) for file in FILES} - {"__init__"}
    assert there <= LEVEL.keys(), "place these in LAYERS"


def test_imports_go_one_way() -> None:
    wrong = [
        f"{file.relative_to(PACKAGE)}:{line} imports {name}"
        for file in FILES
        for line, name in imported(ast.parse(file.read_text("utf-8")))
        if LEVEL.get(name, 0) > LEVEL.get(name_of(file), len(LAYERS))
    ]
    assert not wrong


def test_no_import_goes_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for file in FILES:
        own = name_of(file)
        names = {name for _, name in imported(without_type_checking(ast.parse(file.read_text("utf-8"))))}
        graph.setdefault(own, set()).update(names - {own})
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def without_type_checking(tree: ast.Module) -> ast.Module:
    """Drop `if TYPE_CHECKING:` blocks: they import nothing when the program runs."""
    is_typing = [isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING" for n in tree.body]
    body = [node for node, skip in zip(tree.body, is_typing, strict=True) if not skip]
    return ast.Module(body=body, type_ignores=[])


def packages(file: Path) -> set[str]:
    """Return the top-level packages that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(without_type_checking(ast.parse(file.read_text("utf-8")))):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
    return found


def test_only_one_module_imports_the_trainer() -> None:
    assert {name_of(file) for file in FILES if "llamafactory" in packages(file)} <= {"llamafactory"}


def test_every_package_imported_is_declared() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [text for texts in project["optional-dependencies"].values() for text in texts]
    declared = {
        re.split(r"[^a-z0-9_-]", text)[0].replace("-", "_") for text in project["dependencies"] + extras
    }
    comes_with_the_trainer = {"packaging", "torch", "transformers"}
    known = sys.stdlib_module_names | declared | comes_with_the_trainer | {"lf_qwen3"}
    assert not {f"{name_of(file)}: {name}" for file in FILES for name in packages(file) - known}


def test_help_imports_nothing_heavy(commands: list[tuple[str, ...]]) -> None:
    asked = [[], *map(list, commands)]
    program = f"""
import contextlib, io, json, sys
from lf_qwen3.cli import main
loaded = {{}}
for words in json.loads(sys.argv[1]):
    sys.argv = ["lf-qwen3", *words, "--help"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main()
    for name in {HEAVY!r}:
        if name in sys.modules:
            loaded.setdefault(name, " ".join(sys.argv))
print(json.dumps(loaded))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, json.dumps(asked)], capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout) == {}, "imported first by these commands"
