"""The environment, as doctor sees it: real metadata, or versions made up for the case."""

import json
import sys
from importlib import metadata

import pytest

from lf_qwen3.cli import _output, cli
from lf_qwen3.proof import doctor

GOOD = {
    "llamafactory": "0.9.5",
    "torch": "2.14.1",
    "torchvision": "0.29.1",
    "torchaudio": "2.11.0",
    "transformers": "5.6.0",
    "jieba": "0.42.1",
    "nltk": "3.9",
    "rouge-chinese": "1.0.3",
    "dashscope": "2.0.2",
}
REQUIRES = {
    "llamafactory": ["transformers!=5.1.0,<=5.6.0,>=4.55.0", 'vllm>=0.4; extra == "vllm"', "torch>=2.4.0"],
    "torchvision": ["torch==2.14.1", "numpy"],
    "torchaudio": [],
}


@pytest.fixture
def environment(monkeypatch):
    """Make doctor see these versions; returns the function that sets them."""

    def see(**changes):
        installed = {**GOOD, **{name.replace("_", "-"): found for name, found in changes.items()}}

        def version(name):
            if installed.get(name) is None:
                raise metadata.PackageNotFoundError(name)
            return installed[name]

        monkeypatch.setattr(metadata, "version", version)
        monkeypatch.setattr(metadata, "requires", REQUIRES.get)

    return see


def problems():
    return [symptom.what for symptom in doctor.examine().symptoms if symptom.level == "problem"]


def test_a_good_environment_has_no_problem(environment):
    environment()
    assert problems() == []
    assert doctor.examine().is_good


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"llamafactory": None}, ["LLaMA-Factory is not installed here"]),
        ({"transformers": "5.7.0"}, ["transformers is 5.7.0"]),
        ({"transformers": None}, ["transformers is not installed"]),
        ({"torch": "2.13.0"}, ["torchvision 0.29.1 stands beside torch 2.13.0"]),
        ({"torchaudio": None}, ["torchaudio is not installed"]),
        ({"jieba": None, "nltk": None}, ["missing: jieba, nltk"]),
        (
            {"torch": "2.14.1+cpu"},
            [
                "torchvision 0.29.1 stands beside torch 2.14.1+cpu",
                "torchaudio 2.11.0 stands beside torch 2.14.1+cpu",
            ],
        ),
    ],
    ids=[
        "no-trainer",
        "above-its-pin",
        "missing-pin",
        "torch-pair",
        "no-torchaudio",
        "no-metrics",
        "cpu-torch",
    ],
)
def test_what_is_wrong_is_named(environment, changes, expected):
    environment(**changes)
    assert problems() == expected


def test_a_torch_for_another_cuda_is_named(environment, monkeypatch):
    environment()
    monkeypatch.setattr(doctor, "build", {"torch": "cu130", "torchvision": "cu128", "torchaudio": ""}.get)
    assert problems() == ["torchvision 0.29.1 stands beside torch 2.14.1"]


def test_the_build_of_a_wheel_from_the_index_is_in_its_version_file(environment, monkeypatch, tmp_path):
    environment()
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").write_text("raise ImportError('nothing may import this')")
    (tmp_path / "torch/version.py").write_text("from typing import Optional\n__version__ = '2.14.1+cu130'\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert doctor.build("torch") == "cu130"


@pytest.mark.parametrize(
    ("gpu", "build", "hidden", "expected"),
    [
        (False, "cu130", None, "no NVIDIA GPU is visible"),
        (True, "cpu", None, "there is a GPU, and this torch is built for the CPU alone"),
        (True, "cu130", "", "the GPU is hidden"),
        (True, "cu130", None, None),
    ],
    ids=["none", "torch for the CPU", "hidden", "there"],
)
def test_the_gpu(environment, monkeypatch, gpu, build, hidden, expected):
    environment()
    monkeypatch.setattr(doctor, "has_gpu", lambda: gpu)
    monkeypatch.setattr(doctor, "build", lambda name: build)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if hidden is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    found = [symptom.what for symptom in doctor.examine().symptoms if "GPU" in symptom.what]
    assert found == ([expected] if expected else [])


def test_a_python_that_the_trainer_does_not_take_is_named(environment, monkeypatch):
    environment()
    monkeypatch.setattr(metadata, "metadata", lambda name: {"Requires-Python": ">=4"})
    assert problems()[0].startswith("this is Python 3.")


def test_a_qwen3_in_a_hub_cache_is_a_tokenizer_at_hand(environment, monkeypatch, tmp_path):
    environment(dashscope=None)
    monkeypatch.setattr("lf_qwen3.qwen3.tokenizer_files._hugging_face_roots", lambda: iter([tmp_path]))
    monkeypatch.setattr("lf_qwen3.qwen3.tokenizer_files._modelscope_roots", lambda: iter([]))
    missing = "no Qwen3 tokenizer is at hand"
    assert missing in [symptom.what for symptom in doctor.examine().symptoms]
    folder = tmp_path / "models--Qwen--Qwen3-8B" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "tokenizer.json").write_text("{}")
    assert missing not in [symptom.what for symptom in doctor.examine().symptoms]


def test_every_problem_has_a_cure(environment):
    environment(llamafactory=None, torchaudio=None)
    assert all(symptom.cure for symptom in doctor.examine().symptoms if symptom.level == "problem")


def test_optional_parts_are_notes(environment):
    environment()
    health = doctor.examine()
    assert health.is_good
    assert {"deepspeed is not installed", "bitsandbytes is not installed"} <= {
        one.what for one in health.symptoms
    }


@pytest.mark.parametrize(("changes", "code"), [({}, 0), ({"jieba": None}, 1)], ids=["good", "problem"])
def test_the_command_says_it_and_exits(environment, capsys, changes, code):
    environment(**changes)
    assert _output.run(lambda: cli(["doctor", "--json"], standalone_mode=False)) == code
    assert json.loads(capsys.readouterr().out)["is_good"] is (code == 0)
    assert _output.run(lambda: cli(["doctor"], standalone_mode=False)) == code
    said = capsys.readouterr().out
    assert ("pip install jieba" in said) is (code == 1)


@pytest.mark.llamafactory
def test_this_environment_is_good():
    pytest.importorskip("llamafactory")
    assert problems() == []
