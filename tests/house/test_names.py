"""Names say one thing: no public type twice, a code for every error, tests that mirror the rooms."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PACKAGE = TESTS.parent / "lf_qwen3"
ROOMS = sorted(
    folder.name
    for folder in PACKAGE.iterdir()
    if folder.is_dir() and folder.name[0] not in "._" and folder.name != "api"
)
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@cache
def parse_package() -> dict[Path, ast.Module]:
    """Return the syntax tree of every file of the package."""
    return {file: ast.parse(file.read_text("utf-8")) for file in sorted(PACKAGE.rglob("*.py"))}


def types_of(tree: ast.Module) -> Iterator[str]:
    """Yield the names of the classes and of the type aliases of a module."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if name[0].isupper() and not name.isupper():
                    yield name


def test_a_public_type_has_a_name_of_its_own() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for file, tree in parse_package().items():
        for name in types_of(tree):
            places[name].append(file.relative_to(PACKAGE).as_posix())
    twice = {name: files for name, files in places.items() if len(files) > 1 and name[0] != "_"}
    assert not twice, "\n".join(f"{name}: {', '.join(files)}" for name, files in twice.items())


def errors() -> dict[str, bool]:
    """Return `LfQwen3Error` and all that derive from it, by name, and whether the class states a code."""
    classes = [
        node for tree in parse_package().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    ]
    found = {"LfQwen3Error": False}
    while more := {
        node.name: any(isinstance(part, ast.keyword) and part.arg == "code" for part in ast.walk(node))
        for node in classes
        if node.name not in found and any(ast.unparse(base) in found for base in node.bases)
    }:
        found |= more
    return found


def test_every_error_has_a_code() -> None:
    """Of snake_case, where it is made; a class may state one for all its errors."""
    classes, wrong = errors(), []
    for file, tree in parse_package().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or classes.get(ast.unparse(node.func).rpartition(".")[2], True):
                continue
            codes = [keyword.value for keyword in node.keywords if keyword.arg in ("code", None)]
            bad = [
                code
                for code in codes
                if isinstance(code, ast.Constant) and not CODE.fullmatch(str(code.value))
            ]
            if not codes or bad:
                wrong.append(f"{file.relative_to(PACKAGE)}:{node.lineno}")
    assert not wrong, "without a code: " + ", ".join(wrong)


@pytest.mark.parametrize("room", ROOMS)
def test_the_tests_of_a_room_mirror_it(room: str) -> None:
    folders = [
        folder for folder in (TESTS / room).rglob("*") if folder.is_dir() and folder.name[0] not in "._"
    ]
    assert (TESTS / room).is_dir()
    assert not [
        label
        for folder in folders
        if not (PACKAGE / (label := folder.relative_to(TESTS).as_posix())).is_dir()
    ]
