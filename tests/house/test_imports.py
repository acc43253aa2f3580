"""Imports go one way, and `--help` imports nothing heavy."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "lf_qwen3"

# Lowest first: a room may import from itself and from the rooms above it in this list.
ROOMS = ("base", "qwen3", "trainer", "data", "recipes", "results", "proof", "board", "cli")
ENTRANCES = {"__init__", "__main__", "api", "demo"}
"""What stands beside the rooms: the public face and its functions, the program, the demonstration."""
HEAVY = ("torch", "transformers", "polars", "pyarrow", "pandas", "gradio", "llamafactory")
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(file: Path) -> str:
    """Return the room that a file stands in: lf_qwen3/cli/convert.py is in `cli`."""
    return file.relative_to(PACKAGE).with_suffix("").parts[0]


def module_of(file: Path) -> str:
    """Return the dotted name of a file, that of its folder for an __init__.py."""
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(file): file for file in FILES}


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of every import of the package, those inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == PACKAGE.name)


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def test_every_file_stands_in_a_room() -> None:
    assert {room_of(file) for file in FILES} == {*ROOMS, *ENTRANCES}


def test_imports_go_down_only() -> None:
    """An entrance may import every room, and no room an entrance but the command line its demonstration."""
    wrong = []
    for file in FILES:
        own = room_of(file)
        for line, name in imports(parsed(file)):
            parts = name.split(".")
            room = parts[1] if len(parts) > 1 else ""
            if room in ENTRANCES:
                allowed = own == "cli" or own in ENTRANCES
            else:
                allowed = own in ENTRANCES or room not in ROOMS or ROOMS.index(room) <= ROOMS.index(own)
            if not allowed:
                wrong.append(f"{file.relative_to(PACKAGE)}:{line} imports {name}")
    assert not wrong


def test_no_private_module_or_name_is_imported_from_another_folder() -> None:
    wrong = []
    for file in FILES:
        for line, name in imports(parsed(file)):
            *path, last = name.split(".")
            private = [part for part in (*path, last) if part.startswith("_") and not part.startswith("__")]
            owner = ".".join(path) if ".".join(path) in MODULES else name
            if private and MODULES.get(owner, file).parent != file.parent:
                wrong.append(f"{file.relative_to(PACKAGE)}:{line} imports {name}")
    assert not wrong


def test_no_import_goes_in_a_circle() -> None:
    """Over files; a package's own __init__ counts as a file."""
    graph: dict[str, set[str]] = {}
    for module, file in MODULES.items():
        tree = without_type_checking(parsed(file))
        names = {name for _, name in imports(tree)}
        graph[module] = {name if name in MODULES else name.rpartition(".")[0] for name in names} - {module}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def without_type_checking(tree: ast.Module) -> ast.Module:
    """Drop `if TYPE_CHECKING:` blocks: they import nothing when the program runs."""
    is_typing = [isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING" for n in tree.body]
    body = [node for node, skip in zip(tree.body, is_typing, strict=True) if not skip]
    return ast.Module(body=body, type_ignores=[])


@cache
def packages(file: Path) -> set[str]:
    """Return the top-level packages that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(without_type_checking(parsed(file))):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
    return found


def test_only_the_room_trainer_imports_the_trainer() -> None:
    assert {room_of(file) for file in FILES if "llamafactory" in packages(file)} <= {"trainer"}


def test_every_package_imported_is_declared() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [text for texts in project["optional-dependencies"].values() for text in texts]
    declared = {
        re.split(r"[^a-z0-9_-]", text)[0].replace("-", "_") for text in project["dependencies"] + extras
    }
    other_names = {"yaml"} if "pyyaml" in declared else set()
    comes_with_the_trainer = {"packaging", "peft", "torch", "transformers"}
    known = sys.stdlib_module_names | declared | other_names | comes_with_the_trainer | {"lf_qwen3"}
    assert not {f"{module_of(file)}: {name}" for file in FILES for name in packages(file) - known}


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


def test_validating_a_yaml_imports_neither_data_nor_the_makers_of_recipes() -> None:
    code = (
        "import sys; from pathlib import Path; from lf_qwen3.proof.validate import validate;"
        "assert validate(Path('recipes/lora-sft.yaml')).is_valid;"
        "print(*(name for name in sys.modules if name.startswith(('lf_qwen3.data', 'lf_qwen3.recipes.grpo',"
        " 'lf_qwen3.recipes.derive', 'ruamel', 'multiprocessing'))))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == []
