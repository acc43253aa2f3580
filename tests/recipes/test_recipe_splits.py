"""The registered datasets that a name stands for, and the dataset that is answered."""

import json

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.recipes.splits import choose_answered, find_splits


@pytest.fixture
def register(tmp_path):
    """Return a function that registers names as supervised data and returns the dataset folder."""

    def write(*names, **ranking):
        entries = {name: {"file_name": f"{name}.jsonl", "ranking": name in ranking} for name in names}
        (tmp_path / "dataset_info.json").write_text(json.dumps(entries), "utf-8")
        return str(tmp_path)

    return write


def test_the_split_that_convert_wrote_comes_before_a_dataset_of_the_plain_name(register):
    splits = find_splits("my", register("my", "my_train", "my_val"))
    assert (splits.train, splits.val, splits.test) == ("my_train", "my_val", None)


def test_a_plain_name_is_taken_where_no_split_is_registered(register):
    assert find_splits("my", register("my", "other_train")).train == "my"


def test_the_name_of_the_split_finds_the_same_dataset(register):
    folder = register("my", "my_train", "my_val", "my_test")
    assert find_splits("my_train", folder) == find_splits("my", folder)


@pytest.mark.parametrize("name", ["my", "my_train"])
def test_the_manifest_of_the_dataset_says_how_it_was_made(register, tmp_path, name):
    folder = register("my_train")
    assert find_splits(name, folder).conversion is None
    content = {"files": {}, "options": {"turns": "last"}, "counts": {"thinking": 2, "plain": 1}}
    (tmp_path / "my.manifest.json").write_text(json.dumps(content), "utf-8")
    conversion = find_splits(name, folder).conversion
    assert (conversion.turns, conversion.thinking, conversion.plain) == ("last", 2, 1)


def test_only_questions_with_one_answer_are_answerable(register):
    splits = find_splits("my", register("my_train", "my_test", "pairs", pairs=True))
    assert splits.answerable == {"my_train", "my_test"}


def test_a_name_that_is_not_registered_is_answered_with_the_nearest(register):
    with pytest.raises(UsageError) as error:
        find_splits("mine", register("mind", "other"))
    assert error.value.code == "dataset_not_registered"
    assert error.value.hint.startswith("did you mean mind? registered: mind, other; to register")


def test_an_empty_registry_says_so(register):
    with pytest.raises(UsageError) as error:
        find_splits("mine", register())
    assert error.value.hint.startswith("registered: none; to register")


@pytest.mark.parametrize(
    ("names", "ranking", "rows", "word"),
    [
        (("my_train", "my_val", "my_test"), (), "my_test", None),
        (("my_train", "my_val"), (), "my_val", "validation split my_val"),
        (("my_train",), (), "my_train", "memorisation"),
        (("my_train", "my_val", "my_test"), ("my_test",), "my_val", "validation split my_val"),
        (("my_train", "my_test"), ("my_train", "my_test"), None, "my_test has no answers"),
    ],
    ids=["test", "validation", "training", "test holds pairs", "pairs only"],
)
def test_what_is_answered(register, names, ranking, rows, word):
    splits = find_splits("my", register(*names, **dict.fromkeys(ranking, True)))
    answered, notes = choose_answered(splits, "")
    assert answered == rows
    assert [word in note for note in notes] == ([] if word is None else [True])


def test_the_dataset_asked_for_is_answered_or_refused(register):
    splits = find_splits("my", register("my_train", "my_test", "other", "pairs", pairs=True))
    assert choose_answered(splits, "other") == ("other", [])
    with pytest.raises(UsageError) as error:
        choose_answered(splits, "pairs")
    assert error.value.code == "dataset_not_registered"
    assert "registered: my_test, my_train, other" in error.value.hint
