import json

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.results.diagnose import diagnose
from lf_qwen3.results.diagnose.history import read_history
from lf_qwen3.results.diagnose.verdict_rules import all_verdicts
from tests.results.diagnose import written

FALLING = (2.0, 1.8, 1.6, 1.5, 1.4, 1.3, 1.25, 1.2)
OVERFIT = (2.0, 1.6, 1.3, 1.1, 0.9, 0.7, 0.5, 0.35)
RISING = {20: 1.8, 40: 1.5, 60: 1.6, 80: 1.9}
CALM = {20: 1.9, 40: 1.6, 60: 1.45, 80: 1.44}

ON_CURVES = [
    one
    for one in all_verdicts()
    if one.test.__module__.endswith((".curve", ".numbers")) and one.code != "skipped_steps"
]


def codes(found):
    return [one.code for one in found.verdicts]


def test_a_good_run_is_sound(tmp_path):
    found = diagnose(written.run(tmp_path / "run", FALLING, CALM))
    assert (codes(found), found.notes, found.is_sound) == ([], [], True)
    assert (found.run.step, found.run.total, found.run.is_finished) == (80, 80, True)


@pytest.mark.parametrize("state", [None, False], ids=["log-and-state", "log-alone"])
def test_overfitting_is_found_in_files(tmp_path, state):
    folder = written.run(tmp_path / "run", OVERFIT, RISING, state)
    (folder / "checkpoint-40").mkdir()
    found = diagnose(folder)
    assert codes(found) == ["overfit"]
    assert str(folder / "checkpoint-40") in found.verdicts[0].evidence


def test_the_state_alone_is_enough(tmp_path):
    folder = written.run(tmp_path / "run", OVERFIT, RISING)
    whole = diagnose(folder).as_json()
    (folder / "trainer_log.jsonl").unlink()
    assert diagnose(folder).as_json() == whole


@pytest.mark.parametrize("one", ON_CURVES, ids=lambda one: one.code)
def test_a_verdict_on_a_curve_survives_the_way_through_files(tmp_path, one):
    losses = [point.value for point in one.bad.train]
    assert one.code in codes(diagnose(written.run(tmp_path / "run", losses, CALM)))


def test_a_run_that_goes_on_is_diagnosed_as_far_as_it_has_come(tmp_path):
    folder = written.run(tmp_path / "run", OVERFIT, RISING, False, False, total=200, is_finished=False)
    with (folder / "trainer_log.jsonl").open("a") as log:
        log.write('{"current_steps": 90, "total_st')
    found = diagnose(folder)
    assert not found.run.is_finished
    assert codes(found) == ["overfit"]
    assert found.notes[0].startswith("the run is still going or was interrupted: step 80 of 200")


def test_a_state_of_an_earlier_run_is_left_out(tmp_path):
    folder = written.run(tmp_path / "run", [one + 1 for one in OVERFIT], RISING)
    written.run(folder, FALLING, CALM, False, total=800, is_finished=False)
    found = diagnose(folder)
    assert found.notes[0] == "trainer_state.json belongs to an earlier run and was left out"
    assert (found.run.train[0].value, found.run.is_finished) == (2.0, False)


def test_what_a_resumed_run_repeats_counts_once(tmp_path):
    folder = written.run(tmp_path / "run", [5.0, 4.0, 9.0, 9.0], state=False, total=80, is_finished=False)
    again = [one for one in written.log_lines(FALLING, CALM) if one["current_steps"] > 20]
    with (folder / "trainer_log.jsonl").open("a") as log:
        log.writelines(json.dumps(one) + "\n" for one in again)
    assert [one.value for one in diagnose(folder).run.train] == [5.0, 4.0, *FALLING[2:]]


def test_the_settings_beside_a_run_tell_why_nothing_was_validated(tmp_path):
    folder = written.run(tmp_path / "run", FALLING)
    settings = "eval_dataset: a_val\neval_strategy: steps\neval_steps: 500\nwarmup_steps: 1000\n"
    (folder / "training_args.yaml").write_text(settings)
    found = {verdict.code: verdict for verdict in diagnose(folder).verdicts}
    assert found.keys() == {"no_validation", "long_warmup"}
    assert found["no_validation"].evidence == "eval_steps is 500, the run had 80 steps"
    assert "eval_steps: 0.1" in found["no_validation"].advice
    assert found["long_warmup"].evidence.startswith("warmup_steps is 1000, the run had 80 steps")


def test_several_validation_sets_have_a_curve_each(tmp_path):
    folder = written.run(tmp_path / "run", FALLING)
    state = json.loads((folder / "trainer_state.json").read_text())
    state["log_history"].insert(
        0, {"step": 20, "eval_a_loss": 1.0, "eval_b_loss": 2.0, "eval_a_runtime": 3.0}
    )
    (folder / "trainer_state.json").write_text(json.dumps(state))
    assert set(diagnose(folder).run.validation) == {"a_loss", "b_loss"}


def test_null_and_nan_in_the_log(tmp_path):
    folder = written.run(tmp_path / "run", [2.0, None, float("nan"), 1.5], CALM, False)
    found = diagnose(folder)
    assert codes(found) == ["skipped_steps", "too_short"]
    assert (found.state, found.is_sound, found.has_faults) == ("too short to tell", False, False)
    assert None in [value for _, value in found.as_json()["curves"]["loss"]]
    json.dumps(found.as_json(), allow_nan=False)


def test_a_recipe_folder_leads_to_its_run_and_its_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written.run(tmp_path / "out" / "adapter", FALLING)
    (tmp_path / "out" / "train.yaml").write_text("output_dir: out/adapter\nstage: pt\n")
    for named in ("out", "out/adapter"):
        assert diagnose(tmp_path / named).run.settings["stage"] == "pt"
    (tmp_path / "out").rename(tmp_path / "moved")
    assert diagnose(tmp_path / "moved").run.folder == tmp_path / "moved" / "adapter"


def test_a_yaml_of_another_run_says_nothing(tmp_path):
    folder = written.run(tmp_path / "out" / "adapter", FALLING, CALM)
    (tmp_path / "out" / "train.yaml").write_text("output_dir: elsewhere\nstage: pt\n")
    assert diagnose(folder).run.settings == {}


def test_a_checkpoint_is_named_as_one(tmp_path):
    run = written.run(tmp_path / "run", FALLING, CALM)
    checkpoint = run / "checkpoint-80"
    checkpoint.mkdir()
    (checkpoint / "trainer_state.json").write_bytes((run / "trainer_state.json").read_bytes())
    assert diagnose(checkpoint).notes[0] == f"checkpoint-80 is a checkpoint; the whole run is {run}"


def test_a_pickle_is_never_opened(tmp_path):
    folder = written.run(tmp_path / "run", FALLING, CALM)
    (folder / "training_args.bin").write_bytes(b"cos\nsystem\n(S'touch opened'\ntR.")
    diagnose(folder)
    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize(
    ("files", "code", "hint"),
    [
        pytest.param({}, "no_training_run", "output_dir", id="empty"),
        pytest.param({"dataset_info.json": "{}"}, "no_training_run", "dataset folder", id="dataset"),
        pytest.param(
            {"generated_predictions.jsonl": ""}, "no_training_run", "lf-qwen3 score", id="predictions"
        ),
        pytest.param({"adapter/trainer_log.jsonl": ""}, "no_training_run", "did you mean", id="one-above"),
        pytest.param(
            {"train.yaml": "output_dir: x"}, "not_trained", "llamafactory-cli train", id="not-trained"
        ),
    ],
)
def test_a_folder_of_something_else(tmp_path, files, code, hint):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        diagnose(tmp_path)
    assert caught.value.code == code
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        pytest.param("trainer_log.jsonl", "", "no_steps_logged", id="log-empty"),
        pytest.param("trainer_log.jsonl", '{"current_st', "no_steps_logged", id="log-cut-short"),
        pytest.param("trainer_log.jsonl", "loss: 1\n", "not_a_training_log", id="log-text"),
        pytest.param("trainer_log.jsonl", '{"step": 1}\n', "not_a_training_log", id="log-of-another-tool"),
        pytest.param("trainer_log.jsonl", "[]\n", "not_a_training_log", id="log-of-lists"),
        pytest.param("trainer_log.jsonl", '{"current_steps": null}\n', "not_a_training_log", id="log-null"),
        pytest.param("trainer_state.json", '{"log_history": [', "not_a_training_log", id="state-cut-short"),
        pytest.param("trainer_state.json", "{}", "not_a_training_log", id="state-of-another-tool"),
        pytest.param("trainer_state.json", '{"log_history": [null, 1]}', "no_steps_logged", id="state-null"),
    ],
)
def test_broken_files(tmp_path, name, text, code):
    (tmp_path / name).write_text(text)
    with pytest.raises(LfQwen3Error) as caught:
        diagnose(tmp_path)
    assert caught.value.code == code
    assert (name if code == "not_a_training_log" else str(tmp_path)) in caught.value.message


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"log_history": null}'], ids=["empty", "cut", "list", "null"]
)
def test_a_broken_state_is_noted_where_there_is_a_log(tmp_path, text):
    folder = written.run(tmp_path, FALLING, CALM, False)
    (folder / "trainer_state.json").write_text(text)
    assert any("trainer_state.json" in note for note in read_history(folder).notes)
    assert diagnose(folder).is_sound


def test_a_file_and_nothing_at_all(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError) as caught:
        diagnose(tmp_path / "file")
    assert caught.value.code == "not_a_folder"
    with pytest.raises(UsageError) as caught:
        diagnose(tmp_path / "none")
    assert caught.value.code == "file_missing"
