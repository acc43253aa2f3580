"""llama.cpp's parts are found in a checkout or in PATH; what is missing comes with its commands."""

import importlib.util
import shlex
from pathlib import Path

import pytest

from lf_qwen3.base import assets
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.results.gguf import tools


@pytest.fixture
def wheel(monkeypatch):
    monkeypatch.setattr(tools, "has_wheel", lambda: True)


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """Return a checkout that was not built, with nothing in PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    checkout = tmp_path / "llama.cpp"
    checkout.mkdir()
    (checkout / tools.CONVERTER).touch()
    return checkout


def put(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch(0o755)


def test_a_checkout_and_the_wheel_make_q8_0(bare, wheel):
    found = tools.find_llama_cpp(bare, "Q8_0")
    assert (found.converter, found.quantiser, found.server) == (bare / tools.CONVERTER, None, None)


def test_a_built_checkout_is_taken_whole(bare, monkeypatch):
    monkeypatch.setattr(tools, "has_wheel", lambda: False)
    put(bare / "build/bin", tools.QUANTISER, tools.SERVER)
    found = tools.find_llama_cpp(bare, "Q4_K_M")
    assert found.quantiser == bare / "build/bin" / tools.QUANTISER
    assert found.server == bare / "build/bin" / tools.SERVER


def test_path_is_searched(bare, tmp_path):
    put(tmp_path / "bin", tools.CONVERTER, tools.QUANTISER, tools.SERVER)
    found = tools.find_llama_cpp(None, "Q4_K_M")
    assert {part.parent for part in (found.converter, found.quantiser, found.server)} == {tmp_path / "bin"}


@pytest.mark.parametrize(
    ("kind", "has_wheel", "missing"),
    [
        ("Q8_0", True, {tools.CONVERTER}),
        ("Q8_0", False, {tools.CONVERTER, tools.SERVER}),
        ("Q4_K_M", True, {tools.CONVERTER, tools.QUANTISER}),
    ],
)
def test_what_is_missing_is_named_with_its_commands(monkeypatch, tmp_path, kind, has_wheel, missing):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tools, "has_wheel", lambda: has_wheel)
    with pytest.raises(LfQwen3Error) as caught:
        tools.find_llama_cpp(None, kind)
    assert caught.value.code == "llama_cpp_missing"
    parts = {tools.CONVERTER, tools.QUANTISER, tools.SERVER}
    assert {part for part in parts if part in caught.value.message} == missing
    lines = [line.strip() for line in caught.value.hint.splitlines()[1:]]
    assert tools.CLONE in lines
    assert (tools.BUILD[1] in lines) == (tools.QUANTISER in missing)
    assert any(tools.INSTALL in line for line in lines) == (not has_wheel)


@pytest.mark.parametrize(
    ("kind", "has_checkout", "is_enough"),
    [("Q8_0", True, True), ("Q8_0", False, False), ("Q4_K_M", True, False)],
)
@pytest.mark.parametrize("has_wheel", [True, False])
def test_a_checkout_of_this_project_fetches_the_converter(
    monkeypatch, tmp_path, kind, has_checkout, is_enough, has_wheel
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tools, "has_wheel", lambda: has_wheel)
    if not has_checkout:
        monkeypatch.setattr(assets, "_PACKAGE", tmp_path / "site-packages" / "lf_qwen3")
    with pytest.raises(LfQwen3Error) as caught:
        tools.find_llama_cpp(None, kind)
    makefile = Path(__file__).parents[3] / "Makefile"
    assert (f"make -C {makefile.parent} llama-cpp" in caught.value.hint) == is_enough
    assert "\nllama-cpp: .venv/llama.cpp " in makefile.read_text("utf-8")


def test_the_build_is_pinned_bounded_and_downloads_nothing():
    clone, configure, build = (shlex.split(line) for line in (tools.CLONE, *tools.BUILD))
    assert clone[clone.index("--branch") + 1] == tools.TAG
    assert build[build.index("-j") + 1] == "$(nproc)"
    assert {"-DLLAMA_USE_PREBUILT_UI=OFF", "-DLLAMA_BUILD_UI=OFF"} <= set(configure)


def test_a_folder_that_is_not_there_is_refused():
    with pytest.raises(UsageError) as caught:
        tools.find_llama_cpp(Path("nowhere"), "Q8_0")
    assert caught.value.code == "file_missing"


@pytest.mark.parametrize("kind", ["q4_k_m", "Q8_0", "f16", "Q6_K"])
def test_a_type_is_known_in_any_case(kind):
    assert tools.check_kind(kind) == kind.upper()


@pytest.mark.parametrize("kind", ["Q4_0", "IQ4_XS", "Q4_K", "", "Q8_0; rm"])
def test_an_unknown_type_is_refused(kind):
    with pytest.raises(UsageError) as caught:
        tools.check_kind(kind)
    assert caught.value.code == "option_value"


def test_the_wheel_is_looked_up_by_its_name(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == tools.WHEEL or None)
    assert tools.has_wheel()
