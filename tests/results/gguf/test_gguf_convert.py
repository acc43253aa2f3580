"""The converter runs in this Python, the quantiser with its own words, and their errors are said."""

import json
import sys
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.results.gguf.convert import convert, quantise
from lf_qwen3.results.gguf.tools import LlamaCpp

SAYS_ITS_WORDS = (
    "import json, sys\nopen({target!r}, 'w').write(json.dumps([sys.executable, *sys.argv[1:]]))\n"
)
FAILS = "raise RuntimeError('no such type')\n"


@pytest.fixture
def part(tmp_path):
    return tmp_path / "part"


def put(folder, text):
    program = folder / "program"
    program.write_text(f"#!{sys.executable}\n{text}")
    program.chmod(0o755)
    return LlamaCpp(program, program, None)


def test_the_converter_runs_in_this_python(tmp_path, part):
    convert(
        put(tmp_path, SAYS_ITS_WORDS.format(target=str(part))), Path("m"), part, "Q8_0", "my", NoProgress()
    )
    options = ["--outfile", str(part), "--outtype", "q8_0", "--model-name", "my"]
    assert json.loads(part.read_text()) == [sys.executable, "m", *options]


def test_the_quantiser_gets_source_target_and_type(tmp_path, part):
    tools = put(tmp_path, SAYS_ITS_WORDS.format(target=str(part)))
    quantise(tools, Path("a"), part, "Q4_K_M", NoProgress())
    assert json.loads(part.read_text())[1:4] == ["a", str(part), "Q4_K_M"]


@pytest.mark.parametrize(("step", "code"), [(convert, "convert_failed"), (quantise, "quantise_failed")])
def test_what_fails_is_said_in_its_own_words(tmp_path, part, step, code):
    options = ("Q8_0", "my") if step is convert else ("Q8_0",)
    with pytest.raises(LfQwen3Error) as caught:
        step(put(tmp_path, FAILS), Path("a"), part, *options, NoProgress())
    assert caught.value.code == code
    assert "no such type" in caught.value.message
