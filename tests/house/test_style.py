"""House rules that no linter knows: sizes, names, and where the think tags may stand."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "lf_qwen3"
SOURCES = sorted(
    file
    for name in ("lf_qwen3", "tests", "bench", "docs", "web", "dataset_info")
    for file in (ROOT / name).rglob("*.py")
)
TEXTS = [
    *SOURCES,
    *sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]),
    *(ROOT / name for name in ("Makefile", "constraints.txt", "pyproject.toml", ".ci/run")),
    *sorted(file for file in (ROOT / "recipes").rglob("*") if file.is_file()),
]
MAX_FILE, MAX_FUNCTION = 300, 50
DRAWERS = {"common", "helper", "helpers", "misc", "util", "utils"}
# Put together from halves, so that this file does not find itself.
UNFINISHED = {"TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error"}
NOT_OURS = ("py" + "pi.org", "python" + "hosted.org", "/ro" + "ot/")
TAGS = ("<" + "think>", "</" + "think>")


def label(file: Path) -> str:
    """Name a file as a person would: from the root of the project."""
    return file.relative_to(ROOT).as_posix()


KINDS = {
    "lf_qwen3": {".py", ".typed"},
    "dataset_info": {".bin", ".json", ".jsonl", ".parquet", ".py"},
    "recipes": {".j2", ".json", ".md", ".py", ".yaml"},
    "web": {".css", ".html", ".js", ".json", ".py"},
    "tests": {".jsonl", ".py", ".safetensors"},
    "docs": {".ipynb", ".md", ".png", ".py", ".svg"},
}


def test_a_folder_holds_no_file_by_accident() -> None:
    found = (file for name in KINDS for file in (ROOT / name).rglob("*") if file.is_file())
    ours = (file for file in found if "__pycache__" not in file.parts and file.name[0] != ".")
    assert not [label(file) for file in ours if file.suffix not in KINDS[file.relative_to(ROOT).parts[0]]]


def test_a_file_is_short() -> None:
    lengths = {label(file): len(file.read_text("utf-8").splitlines()) for file in SOURCES}
    assert not {name: length for name, length in lengths.items() if length > MAX_FILE}


def test_a_function_is_short() -> None:
    lengths = {
        f"{label(file)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {name: length for name, length in lengths.items() if length > MAX_FUNCTION}


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    assert not [label(file) for file in SOURCES if file.stem.strip("_") in DRAWERS]


def test_think_tags_stand_in_one_module() -> None:
    files = [file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "qwen3" / "thinking.py"]
    assert not [f"{label(file)}:{line}" for file in files for line in lines_with_tags(file)]


def lines_with_tags(file: Path) -> Iterator[int]:
    """Yield the lines that hold a think tag; the docstrings of converters may show one."""
    text = file.read_text("utf-8")
    allowed = docstring_lines(ast.parse(text)) if file.parent.name == "converters" else set()
    for number, line in enumerate(text.splitlines(), 1):
        if number not in allowed and any(tag in line for tag in TAGS):
            yield number


def docstring_lines(tree: ast.Module) -> set[int]:
    """Return the numbers of the lines that docstrings cover."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            lines.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return lines


def test_nothing_is_left_unfinished() -> None:
    assert not [f"{label(file)}: {word}" for file in SOURCES for word in words_of_code(file) & UNFINISHED]


def words_of_code(file: Path) -> set[str]:
    """Return the names and the words of the comments of a file; none where no word of UNFINISHED is in it."""
    content = file.read_text("utf-8")
    if not any(word in content for word in UNFINISHED):
        return set()
    tokens = tokenize.generate_tokens(io.StringIO(content).readline)
    texts = [token.string for token in tokens if token.type in (tokenize.COMMENT, tokenize.NAME)]
    return {word.strip("#:(),.") for text in texts for word in text.split()}


def test_no_text_names_a_registry_or_a_machine() -> None:
    texts = {label(file): file.read_text("utf-8") for file in TEXTS}
    assert not {name: host for name, text in texts.items() for host in NOT_OURS if host in text}
