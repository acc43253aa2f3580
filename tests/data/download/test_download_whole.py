"""Whole downloads, broken ones and damaged ones, from both hubs through their real SDKs."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.data.download.hub_server import Fault

BOTH = pytest.mark.parametrize("name", ["modelscope", "huggingface"])
FINETOME = {"modelscope": "AI-ModelScope/FineTome-100k", "huggingface": "mlabonne/FineTome-100k"}
WEIGHTS = "model-1.safetensors"
MODEL = ("download", "--model", "Qwen/Qwen3-4B", "--to", "models")


def contents(folder: str) -> dict[str, bytes]:
    found = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@BOTH
def test_a_dataset_arrives_as_the_hub_holds_it(hub, type_, name):
    ran = type_("download", "finetome", "--to", "raw", "--hub", name, "--json")
    assert ran.exit_code == 0, ran.output
    said = json.loads(ran.stdout)
    there = contents("raw/finetome")
    marker = json.loads(there.pop(".lf-qwen3-download.json"))
    assert there == hub.repos[("dataset", FINETOME[name])]
    assert (said["id"], said["hub"], said["kind"]) == (FINETOME[name], name, "dataset")
    assert said["fetched"] == sorted(there)
    assert said["bytes"] == sum(map(len, there.values()))
    assert (marker["complete"], marker["id"]) == (True, FINETOME[name])


@BOTH
def test_a_second_time_nothing_is_fetched(hub, type_, name):
    type_("download", "finetome", "--to", "raw", "--hub", name)
    hub.asked.clear()
    ran = type_("download", "finetome", "--to", "raw", "--hub", name, "--json")
    assert json.loads(ran.stdout)["fetched"] == []
    assert hub.fetched() == []


@BOTH
@pytest.mark.parametrize("size_stays", [True, False], ids=["other-bytes", "cut-short"])
def test_a_file_damaged_on_disk_is_told_and_fetched_again(hub, type_, name, size_stays):
    type_("download", "finetome", "--to", "raw", "--hub", name)
    victim = Path("raw/finetome/data/train-00000-of-00001.parquet")
    whole = victim.read_bytes()
    victim.write_bytes(b"x" + whole[1:] if size_stays else whole[:100])
    hub.asked.clear()
    ran = type_("download", "finetome", "--to", "raw", "--hub", name)
    assert ran.exit_code == 0
    assert f"{victim} is damaged" in ran.stderr
    assert victim.read_bytes() == whole
    assert set(hub.fetched()) == {"data/train-00000-of-00001.parquet"}


@BOTH
def test_a_small_damaged_file_is_seen_too(hub, type_, name):
    type_("download", "finetome", "--to", "raw", "--hub", name)
    readme = Path("raw/finetome/README.md")
    whole = readme.read_bytes()
    readme.write_bytes(whole.swapcase())
    ran = type_("download", "finetome", "--to", "raw", "--hub", name, "--json")
    assert json.loads(ran.stdout)["damaged"] == ["README.md"]
    assert readme.read_bytes() == whole


@BOTH
def test_a_connection_that_breaks_is_gone_on_with(hub, type_, name, weights):
    hub.faults[WEIGHTS] = Fault(cut_after=5 << 20, times=1)
    ran = type_(*MODEL, "--hub", name)
    assert ran.exit_code == 0, ran.output
    first, second = hub.ranges(WEIGHTS)
    assert first == ""
    assert 0 < int(second.removeprefix("bytes=").rstrip("-")) <= 5 << 20
    assert Path("models/Qwen3-4B", WEIGHTS).read_bytes() == weights


@BOTH
def test_after_an_end_the_same_command_goes_on(hub, type_, name, weights):
    hub.faults[WEIGHTS] = Fault(cut_after=5 << 20, times=1)
    hub.down_after_a_cut = True
    broken = type_(*MODEL, "--hub", name)
    assert broken.exit_code == 1
    assert f"to resume: lf-qwen3 {' '.join(MODEL)}" in broken.stderr
    half = Path("models/Qwen3-4B", WEIGHTS + ".incomplete").stat().st_size
    assert 0 < half <= 5 << 20
    hub.down_after_a_cut, hub.status = False, None
    hub.asked.clear()
    ran = type_(*MODEL, "--hub", name, "--json")
    assert ran.exit_code == 0, ran.output
    assert [span.removeprefix("bytes=").split("-")[0] for span in hub.ranges(WEIGHTS)] == [str(half)]
    assert Path("models/Qwen3-4B", WEIGHTS).read_bytes() == weights
    assert not list(Path("models").rglob("*.incomplete"))


@BOTH
def test_half_a_file_that_is_not_its_beginning_is_begun_anew(hub, type_, name, weights):
    half = Path("models/Qwen3-4B", WEIGHTS + ".incomplete")
    half.parent.mkdir(parents=True)
    half.write_bytes(b"\0" * 1000)
    ran = type_(*MODEL, "--hub", name)
    assert ran.exit_code == 0, ran.output
    assert "warning" in ran.stderr
    assert Path("models/Qwen3-4B", WEIGHTS).read_bytes() == weights


@BOTH
def test_a_file_that_arrives_damaged_is_told_and_fetched_again(hub, type_, name, weights):
    hub.faults[WEIGHTS] = Fault(damaged=True, times=1)
    ran = type_(*MODEL, "--hub", name)
    assert ran.exit_code == 0, ran.output
    assert "warning" in ran.stderr
    assert WEIGHTS in ran.stderr
    assert hub.ranges(WEIGHTS) == ["", ""]
    assert Path("models/Qwen3-4B", WEIGHTS).read_bytes() == weights


@BOTH
def test_a_file_that_stays_damaged_does_not_stay_here(hub, type_, name, weights):
    hub.faults[WEIGHTS] = Fault(damaged=True)
    ran = type_(*MODEL, "--hub", name)
    assert ran.exit_code == 1
    assert f"{WEIGHTS}: the download was damaged" in ran.stderr
    wrong = hashlib.sha256(bytes([weights[0] ^ 1]) + weights[1:]).digest()
    assert wrong not in {hashlib.sha256(body).digest() for body in contents("models").values()}
    assert json.loads(Path("models/Qwen3-4B/.lf-qwen3-download.json").read_text())["complete"] is False


@BOTH
def test_of_a_model_the_tokenizer_alone(hub, type_, name):
    ran = type_(*MODEL, "--tokenizer-only", "--hub", name)
    assert ran.exit_code == 0, ran.output
    there = contents("models/Qwen3-4B")
    del there[".lf-qwen3-download.json"]
    assert there == {
        key: body for key, body in hub.repos[("model", "Qwen/Qwen3-4B")].items() if key != WEIGHTS
    }
    assert WEIGHTS not in hub.fetched()
    assert "next: lf-qwen3 check NAME --dataset-dir data --tokenizer models/Qwen3-4B" in ran.stdout


@BOTH
@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (["*.parquet"], ["data/train-00000-of-00001.parquet"]),
        (["data/*", "README.md"], ["README.md", "data/train-00000-of-00001.parquet"]),
    ],
    ids=["one", "two"],
)
def test_only_the_files_like_a_glob(hub, type_, name, globs, expected):
    words = [word for glob in globs for word in ("--files", glob)]
    ran = type_("download", "finetome", "--to", "raw", "--hub", name, "--json", *words)
    assert json.loads(ran.stdout)["fetched"] == expected
    assert sorted(set(hub.fetched())) == expected


@BOTH
def test_a_revision_is_asked_for(hub, type_, name):
    from tests.data.download.hub_server import COMMIT

    ran = type_("download", "finetome", "--to", "raw", "--hub", name, "--revision", COMMIT, "--json")
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["revision"] == COMMIT
