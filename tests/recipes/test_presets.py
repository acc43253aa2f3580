"""Presets: found by their folder, complete, and put together without contradiction."""

import json
import shlex
from itertools import combinations

import pytest

from lf_qwen3.base import assets
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.recipes.presets import choose_presets, find_preset, launch_command, list_presets, read_preset
from lf_qwen3.trainer import schema

EVERY = pytest.mark.parametrize("one", list_presets(), ids=lambda one: one.name)
GENERATES = {"GeneratingArguments", "DataArguments", "ModelArguments"}
SAMPLING = {"thinking": (0.6, 0.95, 20), "non-thinking": (0.7, 0.8, 20)}
STARTED_BY = {"FORCE_TORCHRUN", "USE_RAY"}


def of_group(name):
    return {one.name for one in list_presets() if one.group == name}


def test_the_groups_hold_what_the_recipes_need():
    assert of_group("sampling") >= {"thinking", "non-thinking", "greedy"}
    assert of_group("evaluation") >= {"quick", "test-500", "full"}
    assert of_group("tracking") >= {"swanlab-cloud", "swanlab-local", "tensorboard", "none"}
    stages = {f"ds-zero{stage}{offload}" for stage in (2, 3) for offload in ("", "-offload")}
    assert of_group("sharding") >= {*stages, "fsdp", "fsdp-qlora"}
    assert of_group("nodes") >= {"multi-node", "elastic", "ray"}


@EVERY
def test_it_says_in_one_line_what_it_is(one):
    assert one.summary.endswith(".")
    assert max(len(line) for line in one.path.read_text("utf-8").splitlines()) <= 120


@EVERY
def test_it_changes_something_the_trainer_takes(one):
    assert one.train or one.generate or one.environment or one.launch
    schema.check_settings(one.train, f"{one.name}: train")
    schema.check_settings(one.generate, f"{one.name}: generate")
    assert {schema.group(key) for key in one.generate} <= GENERATES


@EVERY
def test_no_preset_holds_a_secret(one):
    keys = {*one.train, *one.generate, *one.environment}
    assert not [key for key in keys if "key" in key.lower() or "token" in key.lower()]


@EVERY
def test_its_files_are_named_by_what_it_sets_and_move_with_it(one):
    placed = one.placed("runs/a")
    told = [*placed.train.values(), *placed.launch.split()]
    for file in one.files:
        assert file.is_file()
        assert f"runs/a/{file.name}" in told
    assert not [word for word in told if str(word).startswith("recipes/")]


def test_names_are_unique_across_the_groups():
    paths = list((assets.folder("recipes") / "presets").glob("*/*.yaml"))
    assert len({path.stem for path in paths}) == len(paths) == len(list_presets())


@pytest.mark.parametrize("name", SAMPLING)
def test_sampling_is_what_qwen_recommends(name):
    found = find_preset(name).generate
    assert (found["temperature"], found["top_p"], found["top_k"]) == SAMPLING[name]
    assert found["do_sample"] is True


@pytest.mark.parametrize(("name", "rows"), [("quick", 100), ("test-500", 500), ("full", None)])
def test_evaluation_answers_so_many_rows(name, rows):
    assert find_preset(name).generate == {"max_samples": rows}


@pytest.mark.parametrize("name", ["swanlab-cloud", "swanlab-local"])
def test_swanlab_logs_once(name):
    found = find_preset(name).train
    assert (found["use_swanlab"], found["report_to"]) == (True, "none")
    assert found["swanlab_mode"] == name.removeprefix("swanlab-")


@pytest.mark.parametrize("name", sorted(of_group("sharding")))
def test_a_sharded_run_keeps_what_the_best_checkpoint_is_loaded_from(name):
    assert find_preset(name).train["save_only_model"] is False


@pytest.mark.parametrize("stage", [2, 3])
@pytest.mark.parametrize("offload", ["", "-offload"], ids=["on GPUs", "offload"])
def test_a_deepspeed_file_is_of_the_stage_in_its_name(stage, offload):
    (file,) = find_preset(f"ds-zero{stage}{offload}").files
    zero = json.loads(file.read_text("utf-8"))["zero_optimization"]
    assert zero["stage"] == stage
    assert ("offload_optimizer" in zero) == bool(offload)
    assert ("offload_param" in zero) == (bool(offload) and stage == 3)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError) as caught:
        find_preset("ds-zero-3")
    assert caught.value.code == "unknown_preset"
    assert caught.value.hint.startswith("did you mean ds-zero3?")


@pytest.mark.parametrize("group", sorted({one.group for one in list_presets()}))
def test_of_one_group_one_preset_is_taken(group):
    for one, other in combinations(sorted(of_group(group)), 2):
        with pytest.raises(UsageError, match=group) as error:
            choose_presets([one, other])
        assert error.value.code == "presets_exclude"


def test_the_same_preset_twice_is_once():
    assert [one.name for one in choose_presets(["quick", "quick"])] == ["quick"]


@pytest.mark.parametrize("sharding", sorted(of_group("sharding")))
@pytest.mark.parametrize("nodes", sorted(of_group("nodes")))
def test_one_way_of_starting_is_chosen(sharding, nodes):
    if sharding.startswith("fsdp"):
        with pytest.raises(UsageError) as error:
            choose_presets([sharding, nodes])
        assert error.value.code == "presets_exclude"
        return
    words = shlex.split(launch_command(choose_presets([sharding, nodes]), "train.yaml"))
    starts = [word for word in words if word.partition("=")[0] in STARTED_BY]
    assert starts == (["USE_RAY=1"] if nodes == "ray" else ["FORCE_TORCHRUN=1"])
    assert words[-3:] == ["llamafactory-cli", "train", "train.yaml"]


def test_a_plain_command_and_one_by_accelerate():
    assert launch_command([], "a b.yaml") == "llamafactory-cli train 'a b.yaml'"
    line = launch_command([find_preset("fsdp").placed("runs/a b")], "t.yaml")
    assert line == "accelerate launch --config_file 'runs/a b/fsdp.yaml' -m llamafactory.launcher t.yaml"


def write(folder, text):
    path = folder / "presets/new/mine.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    return path


def test_what_a_file_says_is_what_the_preset_holds(tmp_path):
    text = "# Mine.\n#\n# Worth knowing.\n\ntrain:\n  seed: 7  # lucky\n\nenvironment:\n  NNODES: 2\n"
    found = read_preset(write(tmp_path, text))
    assert (found.name, found.group, found.summary, found.about) == ("mine", "new", "Mine.", "Worth knowing.")
    assert (found.train, found.environment, found.launch) == ({"seed": 7}, {"NNODES": "2"}, "")
    assert found.comments == {"seed": "lucky"}


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        ("# Mine.\ntrian:\n  seed: 7\n", "unknown_section", "trian"),
        ("# Mine.\ntrain: {}\nfiles: [recipes/deepspeed/gone.json]\n", "file_missing", "gone.json"),
        ("# Mine.\n- a\n", "no_settings", "mine.yaml"),
    ],
    ids=["unknown section", "missing file", "a list"],
)
def test_a_file_that_is_no_preset_is_refused(tmp_path, text, code, name):
    with pytest.raises(LfQwen3Error, match=name) as error:
        read_preset(write(tmp_path, text))
    assert error.value.code == code
