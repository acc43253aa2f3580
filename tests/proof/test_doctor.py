"""The environment, as doctor sees it: real metadata, or versions made up for the case."""

import json
import shutil
import sys
from importlib import metadata

import pytest

from lf_qwen3.cli import _output, cli
from lf_qwen3.proof import doctor
from lf_qwen3.proof.accelerators import VISIBLE_DEVICES, find_accelerators
from tests.needs import require

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
    return [finding.what for finding in doctor.check_environment().findings if finding.level == "problem"]


def device_findings():
    findings = doctor.check_environment().findings
    return [
        (finding.level, finding.what)
        for finding in findings
        if "GPU" in finding.what or "NPU" in finding.what
    ]


def test_a_good_environment_has_no_problem(environment):
    environment()
    assert problems() == []
    assert doctor.check_environment().is_good


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"llamafactory": None}, ["LLaMA-Factory is not installed here"]),
        ({"transformers": "5.7.0"}, ["transformers is 5.7.0"]),
        ({"transformers": None}, ["transformers is not installed"]),
        ({"torch": "2.13.0"}, ["torch 2.13.0 is installed beside torchvision 0.29.1"]),
        ({"torchaudio": None}, ["torchaudio is not installed"]),
        ({"jieba": None, "nltk": None}, ["missing: jieba, nltk"]),
        (
            {"torch": "2.14.1+cpu"},
            [
                "torch 2.14.1+cpu is installed beside torchvision 0.29.1",
                "torch 2.14.1+cpu is installed beside torchaudio 2.11.0",
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
    assert problems() == ["torch 2.14.1 is installed beside torchvision 0.29.1"]


def test_the_build_of_a_wheel_from_the_index_is_in_its_version_file(environment, monkeypatch, tmp_path):
    environment()
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").write_text("raise ImportError('nothing may import this')")
    (tmp_path / "torch/version.py").write_text("from typing import Optional\n__version__ = '2.14.1+cu130'\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert doctor.build("torch") == "cu130"


@pytest.mark.parametrize(
    ("accelerators", "build", "variables", "expected"),
    [
        ([], "cu130", {}, ("note", "no NVIDIA or AMD GPU and no Ascend NPU is visible")),
        (["NVIDIA GPU"], "cpu", {}, ("problem", "there is a GPU, and this torch is built for the CPU alone")),
        (["NVIDIA GPU"], "cu130", {"CUDA_VISIBLE_DEVICES": ""}, ("problem", "the GPU is hidden")),
        (["NVIDIA GPU"], "cu130", {"CUDA_VISIBLE_DEVICES": "0"}, None),
        (["NVIDIA GPU"], "cu130", {"HIP_VISIBLE_DEVICES": ""}, None),
        (["NVIDIA GPU", "AMD GPU"], "cu130", {}, None),
        (["AMD GPU"], "rocm6.4", {}, None),
        (["AMD GPU"], "rocm6.4", {"HIP_VISIBLE_DEVICES": "-1"}, ("problem", "the GPU is hidden")),
        (["AMD GPU"], "cu130", {}, ("note", "there is an AMD GPU, and this torch is built for cu130")),
        (["Ascend NPU"], "cpu", {}, ("problem", "there is an Ascend NPU, and torch-npu is not installed")),
    ],
    ids=[
        *("none", "torch for the CPU", "hidden", "chosen", "another maker's variable", "beside a small AMD"),
        *("AMD", "AMD hidden", "AMD without ROCm", "Ascend without torch-npu"),
    ],
)
def test_the_accelerators(environment, monkeypatch, accelerators, build, variables, expected):
    environment()
    monkeypatch.setattr(doctor, "find_accelerators", lambda: accelerators)
    monkeypatch.setattr(doctor, "build", lambda name: build)
    for name in {name for names in VISIBLE_DEVICES.values() for name in names}:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert device_findings() == ([expected] if expected else [])


def test_an_ascend_machine_with_torch_npu_is_good(environment, monkeypatch):
    environment(torch_npu="2.7.1")
    monkeypatch.setattr(doctor, "find_accelerators", lambda: ["Ascend NPU"])
    monkeypatch.setattr(doctor, "build", lambda name: "cpu")
    monkeypatch.delenv("ASCEND_RT_VISIBLE_DEVICES", raising=False)
    assert device_findings() == []


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (None, []),
        ("proc/driver/nvidia/version", ["NVIDIA GPU"]),
        ("dev/kfd", ["AMD GPU"]),
        ("dev/davinci0", ["Ascend NPU"]),
        ("dev/davinci_manager", []),
    ],
)
def test_a_driver_shows_in_the_file_system(tmp_path, monkeypatch, file, expected):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    if file:
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()
    assert find_accelerators(tmp_path) == expected


def test_nvidia_smi_shows_a_gpu_too(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", {"nvidia-smi": "/usr/bin/nvidia-smi"}.get)
    assert find_accelerators(tmp_path) == ["NVIDIA GPU"]


def test_a_python_that_the_trainer_does_not_take_is_named(environment, monkeypatch):
    environment()
    monkeypatch.setattr(metadata, "metadata", lambda name: {"Requires-Python": ">=4"})
    assert problems()[0].startswith("this is Python 3.")


def test_a_qwen3_in_a_hub_cache_is_a_tokenizer_at_hand(environment, monkeypatch, tmp_path):
    environment(dashscope=None)
    monkeypatch.setattr("lf_qwen3.qwen3.tokenizer_files._hugging_face_roots", lambda: iter([tmp_path]))
    monkeypatch.setattr("lf_qwen3.qwen3.tokenizer_files._modelscope_roots", lambda: iter([]))
    missing = "no Qwen3 tokenizer was found"
    assert missing in [finding.what for finding in doctor.check_environment().findings]
    folder = tmp_path / "models--Qwen--Qwen3-8B" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "tokenizer.json").write_text("{}")
    assert missing not in [finding.what for finding in doctor.check_environment().findings]


def test_every_problem_has_a_cure(environment):
    environment(llamafactory=None, torchaudio=None)
    assert all(finding.cure for finding in doctor.check_environment().findings if finding.level == "problem")


def test_optional_parts_are_notes(environment):
    environment()
    report = doctor.check_environment()
    assert report.is_good
    assert {"deepspeed is not installed", "bitsandbytes is not installed"} <= {
        finding.what for finding in report.findings
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
    require("llamafactory")
    assert problems() == []
