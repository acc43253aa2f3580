"""Change the code in small ways, one at a time, and list the changes that no test notices.

    python bench/mutants.py [part of a module's name ...]

mutmut makes and runs the changes; pyproject.toml says which modules, and which tests go with each. Every
module has its own copy of the project below build/mutants. A second run goes on where the first was stopped,
and tries again what survived.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRATCH = ROOT / "build" / "mutants"
FOLDERS = ("bench", "dataset_info", "docs", "lf_qwen3", "recipes", "tests", "web")
MUTMUT = str(Path(sys.executable).with_name("mutmut"))
SURVIVED, NO_TESTS, NOT_RUN = 0, 33, None
"""Exit codes that mutmut keeps for a change; all others mean that a test failed or never ended."""


def main(wanted: list[str]) -> None:
    """Run the modules whose names hold one of the wanted words, all of them where no word is given."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutants"]
    modules = {
        name: tests
        for name, tests in settings["tests"].items()
        if not wanted or any(word in name for word in wanted)
    }
    if not modules:
        sys.exit(f"no module of {', '.join(settings['tests'])} is meant")
    table = [f"{'module':<28} {'killed':>6} {'survived':>8} {'%':>5}"]
    for name, tests in modules.items():
        folder = prepare_copy(name, tests, settings["skip"])
        run_mutmut(folder)
        results = read_results(folder, name)
        survivors = [mutant for mutant, code in results.items() if code in (SURVIVED, NO_TESTS, NOT_RUN)]
        for mutant in survivors:
            print(show_change(folder, mutant))
        killed = len(results) - len(survivors)
        share = 100 * killed / max(1, len(results))
        table.append(f"{name:<28} {killed:>6} {len(survivors):>8} {share:>5.1f}")
    print("\n".join(table))


def prepare_copy(name: str, tests: list[str], skip: list[str]) -> Path:
    """Bring the copy of a module up to date with the project, and return its folder."""
    folder = SCRATCH / name.replace("/", ".")
    (folder / "mutants").mkdir(parents=True, exist_ok=True)  # Python remembers a path that was not there
    for part in FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__", "data", "out") if part == "bench" else None
        shutil.copytree(ROOT / part, folder / part, dirs_exist_ok=True, ignore=ignored)
    config = {
        "source_paths": ["lf_qwen3"],
        "only_mutate": [f"lf_qwen3/{name}.py"],
        "do_not_mutate_patterns": skip,
        "also_copy": [part for part in FOLDERS if part not in ("lf_qwen3", "tests")],
        "pytest_add_cli_args": ["-q", "-p", "no:cacheprovider", "-m", "not slow and not network"],
        "pytest_add_cli_args_test_selection": [f"tests/{test}" for test in tests],
        "process_isolation": "forkserver",  # polars' threads do not survive a fork
        "timeout_multiplier": 3.0,
        "timeout_constant": 10.0,
    }
    # JSON's strings, lists and numbers are TOML's too.
    lines = ["[tool.mutmut]", *(f"{key} = {json.dumps(value)}" for key, value in config.items())]
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    (folder / "pyproject.toml").write_text("\n".join([project, *lines, ""]), "utf-8")
    return folder


def run_mutmut(folder: Path) -> None:
    """Run what has no result yet, and what survived the last time."""
    for file in folder.glob("mutants/lf_qwen3/**/*.meta"):
        meta = json.loads(file.read_text("utf-8"))
        codes = meta["exit_code_by_key"]
        meta["exit_code_by_key"] = {
            mutant: None if code in (SURVIVED, NO_TESTS) else code for mutant, code in codes.items()
        }
        file.write_text(json.dumps(meta), "utf-8")
    environment = os.environ | {
        "CI": "true",
        "HYPOTHESIS_PROFILE": "mutants",
        "PYTHONPATH": str(folder / "mutants"),
    }
    log = folder / "log.txt"
    with log.open("w") as output:
        command = [MUTMUT, "run", "--max-children", str(os.cpu_count() or 1)]
        ran = subprocess.run(command, cwd=folder, env=environment, stdout=output, stderr=output, check=False)
    if ran.returncode:
        sys.exit(f"mutmut stopped: see {log}")


def read_results(folder: Path, name: str) -> dict[str, int | None]:
    """Return the exit code of the tests for each change."""
    meta = json.loads((folder / "mutants" / "lf_qwen3" / f"{name}.py.meta").read_text("utf-8"))
    results: dict[str, int | None] = meta["exit_code_by_key"]
    return results


def show_change(folder: Path, mutant: str) -> str:
    """Return the change as a diff."""
    shown = subprocess.run([MUTMUT, "show", mutant], cwd=folder, capture_output=True, text=True, check=False)
    return shown.stdout


if __name__ == "__main__":
    main(sys.argv[1:])
