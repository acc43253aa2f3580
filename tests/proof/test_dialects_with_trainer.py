"""The keys of LLaMA-Factory's v1 files are those of the installed trainer."""

import ast
import importlib.util
from pathlib import Path

import pytest

from lf_qwen3.proof import dialects


@pytest.mark.llamafactory
def test_the_keys_of_v1_are_the_installed_trainers_own():
    spec = importlib.util.find_spec("llamafactory")
    if spec is None:
        pytest.skip("LLaMA-Factory is not installed")
    folder = Path(spec.submodule_search_locations[0]) / "v1" / "config"
    keys = {
        field.target.id
        for file in folder.glob("*_args.py")
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name.endswith("Arguments")
        for field in node.body
        if isinstance(field, ast.AnnAssign)
    }
    assert keys == dialects.V1_KEYS
