"""The public face: its names come lazily, and nothing else is public."""

import json
import subprocess
import sys

import pytest

import lf_qwen3 as lq


def modules_after(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after `code`, without those it starts with."""
    program = f"""
import sys, json
before = set(sys.modules)
{code}
print(json.dumps(list(sys.modules.keys() - before)))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(ran.stdout))


def test_importing_the_package_imports_nothing_else():
    assert modules_after("import lf_qwen3 as lq; lq.__version__, dir(lq)") == {"lf_qwen3"}


def test_a_name_imports_what_it_needs_and_no_more():
    loaded = modules_after("import lf_qwen3 as lq; lq.split_thinking")
    assert "lf_qwen3.qwen3.thinking" in loaded
    assert not loaded & {"torch", "transformers", "polars", "pyarrow", "click"}


def test_every_public_name_is_there_and_documented():
    assert sorted(set(lq.__all__)) == sorted(lq.__all__)
    for name in lq.__all__:
        value = getattr(lq, name)
        assert name == "__version__" or value.__doc__, name
    assert dir(lq) == sorted(lq.__all__)


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'konvert'"):
        getattr(lq, "konvert")  # noqa: B009


def test_a_name_is_imported_once():
    assert lq.split_thinking is vars(lq)["split_thinking"]
