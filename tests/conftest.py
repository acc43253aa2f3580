"""What every test runs under: no network, no colours, repeatable examples."""

import contextlib
import fcntl
import functools
import gc
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from lf_qwen3.base import assets
from tests.needs import require

SMALL_VOCABULARY = 1000
BOARDS = ("open one board in a browser", "open another")
LONG_BOARD_TESTS = ("test_board_evaluation.py", "test_board_whole_card.py")
"""The browser tests of the first board; all others, which take about as long, open the other."""
TRAINERS = "import the trainer"
IMPORTS_TRAINER = re.compile(
    r"(?:from|import|importorskip\(\W) ?(?:torch|transformers|llamafactory|gradio)\b"
)
WARM = Path(__file__).parent / "warm"

os.environ.update(
    COLUMNS="100",
    GRADIO_ANALYTICS_ENABLED="False",
    HF_DATASETS_OFFLINE="1",
    HF_HUB_OFFLINE="1",
    NO_COLOR="1",
    OMP_NUM_THREADS="1",  # two trainings side by side would wait for each other with all their threads
    TRANSFORMERS_OFFLINE="1",
)
for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "FORCE_TORCHRUN", "USE_RAY", "USE_MODELSCOPE_HUB"):
    os.environ.pop(name, None)
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each process that is started would compile the package anew
gc.set_threshold(100_000, 20, 50)  # to go over a million objects of the trainer's modules takes a second

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
# A change that a test notices needs no shorter example (bench/mutants.py).
settings.register_profile("mutants", settings.get_profile("ci"), phases=[Phase.explicit, Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "here"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, the board in a browser first: all processes are then busy to the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    order = (*BOARDS, TRAINERS)
    groups = {path: _group(path) for path in {item.path for item in items}}
    items.sort(key=lambda item: ([groups[item.path] != name for name in order], item.path not in slow))


@functools.cache
def _group(path: Path) -> str:
    """Return the group of files that one process runs: what it opens or imports once serves all of them.

    Two boards stand beside each other: the tests of one would take longer than all others do together.
    """
    if path.parent.name == "e2e" and path.name.startswith("test_board_"):
        return BOARDS[path.name not in LONG_BOARD_TESTS]
    imports = path.stem.endswith("_trainer") or IMPORTS_TRAINER.search(path.read_text("utf-8"))
    return TRAINERS if imports else str(path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out files, and the files of a group to one process."""
    from xdist.scheduler import LoadFileScheduling

    class GroupScheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return _group(config.rootpath / super()._split_scope(nodeid))

    return GroupScheduling(config, log)


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection but to this machine; tests marked `network` are let through."""
    if request.node.get_closest_marker("network"):
        return
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    monkeypatch.setattr(socket.socket, "connect", lambda self, to: connect(self, _local(self, to)))
    monkeypatch.setattr(socket.socket, "connect_ex", lambda self, to: connect_ex(self, _local(self, to)))


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """Leave what is written to the system, which outlives a test; a conversion would wait nine times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def _local(sock: socket.socket, address: Any) -> Any:
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        host = str(address[0])
        if host not in ("localhost", "::1") and not host.startswith("127."):
            raise AssertionError(f"a test without the mark `network` connects to {address}")
    return address


@pytest.fixture(scope="session")
def medical_sample() -> Path:
    """Return the file of 120 real rows of krisfu/delicate_medical_r1_data."""
    path = Path(__file__).parents[2] / "shared" / "data" / "medical_r1_sample.jsonl"
    if not path.is_file():
        pytest.skip(f"the sample of real rows is not here: {path}")
    return path


@pytest.fixture(scope="session", params=["own", "real"])
def medical_rows(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """Return rows in the columns of krisfu/delicate_medical_r1_data.

    The project's own are 60 short ones, and 20 as long as real ones; the real ones are not in every clone.
    """
    if request.param == "real":
        return _read_rows(request.getfixturevalue("medical_sample"))
    rows = _read_rows(assets.folder("dataset_info") / "sample_medical_r1.jsonl")
    long = []
    for start in range(0, len(rows), 3):
        thoughts = [row["think"].strip() for row in (rows * 2)[start : start + 6]]
        long.append({**rows[start], "think": "\n" + "\n\n".join(thoughts) + "\n"})
    return [*rows, *long]


def _read_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all processes of this test run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@contextlib.contextmanager
def made_once(folder: Path) -> Iterator[bool]:
    """Tell whether a folder that a test run makes once is there; no other process makes it meanwhile."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder.is_dir()


@pytest.fixture(scope="session")
def cache_home(run_folder: Path) -> Path:
    """Return an XDG_CACHE_HOME that keeps the tiny models of this test run."""
    home = run_folder / "cache"
    (home / "lf-qwen3").mkdir(parents=True, exist_ok=True)
    return home


@pytest.fixture(scope="session")
def qwen_tokenizer(run_folder: Path, cache_home: Path) -> Path:
    """Return the folder of Qwen's own tokenizer, built once for a whole run; nobody writes into it."""
    require("dashscope")
    from lf_qwen3.proof.rehearse import model

    with made_once(run_folder / "qwen"):
        return model.find_tokenizer("Qwen/Qwen3-0.6B", None, cache_home / "lf-qwen3")[0]


@pytest.fixture(scope="session")
def qwen_tokenizer_folder(tmp_path_factory: pytest.TempPathFactory, qwen_tokenizer: Path) -> Path:
    """Return a folder with Qwen's own tokenizer and a config.json that says qwen3."""
    folder = tmp_path_factory.mktemp("tokenizer")
    shutil.copytree(qwen_tokenizer, folder, dirs_exist_ok=True)
    (folder / "config.json").write_text('{"model_type": "qwen3"}')
    return folder


@pytest.fixture(scope="session")
def trainer_tokenizer(qwen_tokenizer_folder: Path) -> Any:
    """Return Qwen's own tokenizer as the trainer loads it, which takes seconds; nobody changes it."""
    require("transformers")
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(qwen_tokenizer_folder)


@pytest.fixture(scope="session")
def small_tokenizer(run_folder: Path) -> Path:
    """Return the folder of Qwen's tokenizer cut to its first tokens; nobody writes into it.

    It serves every test of the trainer that is not about Qwen's own tokens: the trainer writes its whole
    tokenizer into a hash for every dataset, which with all of Qwen's takes longer than a short training.
    """
    require("transformers", "dashscope")
    from lf_qwen3.qwen3 import tokenizer_build

    folder = run_folder / "small_tokenizer"
    with made_once(folder) as is_made:
        if not is_made:
            ranks = tokenizer_build.ranks_file().read_bytes().splitlines(keepends=True)
            first = run_folder / "first.tiktoken"
            first.write_bytes(b"".join(ranks[:SMALL_VOCABULARY]))
            folder.mkdir()
            tokenizer_build.save_tokenizer(first, folder)
    return folder


@pytest.fixture(scope="session")
def make_model(trainer_server: str) -> Callable[..., Path]:
    """Return a function that makes a tiny model (warm/make_model.py), and returns its folder."""
    require("llamafactory", "torch")

    def make(function: str, *arguments: Path) -> Path:
        command = [sys.executable, str(WARM / "make_model.py"), function, *map(str, arguments)]
        paths = filter(None, (str(WARM), str(WARM.parents[1]), os.environ.get("PYTHONPATH")))
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "WARM_TRAINER": trainer_server}
        made = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        return Path(made.stdout.splitlines()[-1])

    return make


@pytest.fixture(scope="session")
def tiny(cache_home: Path, qwen_tokenizer: Path, make_model: Callable[..., Path]) -> Path:
    """Return the folder of a tiny dense Qwen3 with Qwen's tokenizer; nobody writes into it."""
    return make_model("prepare", qwen_tokenizer, cache_home / "lf-qwen3")


@pytest.fixture(scope="session")
def small(run_folder: Path, small_tokenizer: Path, make_model: Callable[..., Path]) -> Path:
    """Return the folder of a tiny dense Qwen3 with the small tokenizer; nobody writes into it."""
    folder = run_folder / "small_model"
    with made_once(folder) as is_made:
        if not is_made:
            make_model("make_small", small_tokenizer, folder)
    return folder


@pytest.fixture(scope="session")
def trainer_server(run_folder: Path) -> str:
    """Return the name of a server that has the trainer loaded, one for a whole run; "" where none can be."""
    if sys.platform != "linux":
        return ""
    require("llamafactory")
    owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    name = f"lf-qwen3-tests-{owner}"
    with (run_folder / "trainer.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not lock.seek(0, os.SEEK_END):
            cpu = {"CUDA_VISIBLE_DEVICES": ""}
            with (run_folder / "trainer.log").open("wb") as log:
                command = [sys.executable, str(WARM / "server.py"), name, str(owner)]
                subprocess.run(command, env=os.environ | cpu, stdout=log, stderr=log, check=True)
            lock.write(name)
    return name


@pytest.fixture(scope="module")
def warm_trainer(trainer_server: str) -> Iterator[None]:
    """Let what a file starts as `llamafactory-cli train` be forked from a trainer that is loaded already."""
    with pytest.MonkeyPatch.context() as patch:
        if trainer_server:
            patch.setenv("PYTHONPATH", str(WARM), prepend=os.pathsep)
            patch.setenv("WARM_TRAINER", trainer_server)
        yield
