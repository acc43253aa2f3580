"""axe-core, which judges how accessible a page is: npm fetches it into build/."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PACKAGE = "axe-core@4.10.3"
FOLDER = Path(__file__).parents[2] / "build" / PACKAGE
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
PLACES = {
    "include": [[".lfq-section"], [".lfq-strip"]],
    "exclude": [[".lfq-section button:has(input[type=file])"]],  # gradio's own: an input inside a button
}
COLORS = ["color-contrast"]
"""The rule that depends on the theme."""

_RUN = """async ([places, rules]) =>
    (await axe.run(places, {runOnly: rules, resultTypes: ["violations"]})).violations"""


def find_violations(page: Any, wanted: list[str]) -> list[str]:
    """Return what is serious or critical in the tab by levels or rules: the rule, the element, and why."""
    page.evaluate(_fetch_script())
    rules = page.evaluate(_RUN, [PLACES, wanted])
    return [
        f"{rule['id']}: {node['target'][-1]}: {node['failureSummary']}"
        for rule in rules
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def _fetch_script() -> str:
    script = FOLDER / "package" / "axe.min.js"
    if not script.is_file():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is missing: apt-get install npm")
        FOLDER.mkdir(parents=True, exist_ok=True)
        words = [npm, "pack", PACKAGE, "--silent", "--pack-destination", str(FOLDER)]
        fetched = subprocess.run(words, capture_output=True, text=True)
        if fetched.returncode:
            pytest.skip(f"npm cannot fetch {PACKAGE}: {fetched.stderr.strip()[-200:]}")
        shutil.unpack_archive(FOLDER / fetched.stdout.strip(), FOLDER)
    return script.read_text("utf-8")
