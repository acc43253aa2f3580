import os

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data import registry
from tests.data.registry.entries import ENTRY, OTHER, write


def test_reading_a_folder_without_the_file_gives_nothing(tmp_path):
    assert registry.read_registry(tmp_path) == {}


def test_several_names_change_in_one_step(tmp_path, config):
    write(config, {"x_val": ENTRY, "mine": OTHER, "x_test": ENTRY})
    done = registry.edit_registry(
        tmp_path, {"x_train": ENTRY, "x_val": OTHER}, remove=["x_test", "never_there"], replace=True
    )
    assert list(registry.read_registry(tmp_path).items()) == [
        ("x_val", OTHER),
        ("mine", OTHER),
        ("x_train", ENTRY),
    ]
    assert (done.added, done.replaced, done.removed) == (("x_train",), ("x_val",), ("x_test",))
    assert done.after == config.read_bytes()


def test_a_name_both_added_and_removed_is_there(tmp_path, config):
    write(config, {"a": OTHER})
    same = registry.plan_change(tmp_path, {"a": OTHER}, remove=["a"])
    assert (same.unchanged, same.removed, same.is_needed) == (("a",), (), False)
    other = registry.edit_registry(tmp_path, {"a": ENTRY}, remove=["a"], replace=True)
    assert (other.replaced, other.removed) == (("a",), ())
    assert registry.read_registry(tmp_path) == {"a": ENTRY}


def test_removing_alone_is_a_change(tmp_path, config):
    write(config, {"a": OTHER, "b": ENTRY})
    done = registry.edit_registry(tmp_path, {}, remove=["a", "never_there"])
    assert (done.removed, done.is_needed, registry.read_registry(tmp_path)) == (("a",), True, {"b": ENTRY})


def test_the_same_content_is_no_change_whatever_its_order(tmp_path, config):
    before = write(config, {"a": dict(reversed(ENTRY.items()))})
    done = registry.edit_registry(tmp_path, {"a": ENTRY})
    assert (done.unchanged, done.is_needed, done.diff()) == (("a",), False, "")
    assert config.read_bytes() == before


def test_one_is_not_true(tmp_path, config):
    write(config, {"a": {"file_name": "a", "ranking": 1}})
    with pytest.raises(UsageError):
        registry.plan_change(tmp_path, {"a": {"file_name": "a", "ranking": True}})


def test_other_content_is_refused_without_replace(tmp_path, config):
    before = write(config, {"a": {**ENTRY, "num_samples": 3}})
    with pytest.raises(UsageError) as caught:
        registry.edit_registry(tmp_path, {"b": ENTRY, "a": {**ENTRY, "file_name": "b.jsonl"}})
    assert caught.value.code == "dataset_exists"
    assert "(file_name, num_samples)" in caught.value.message
    assert "--replace" in caught.value.hint
    assert config.read_bytes() == before


def test_a_plan_writes_nothing_and_can_be_written_later(tmp_path, config):
    planned = registry.plan_change(tmp_path, {"a": ENTRY})
    assert (planned.before, list(tmp_path.iterdir())) == (None, [])
    with registry.lock_registry(tmp_path):
        registry.apply_change(planned)
    assert config.read_bytes() == planned.after


def test_nothing_to_do_makes_no_file(tmp_path):
    done = registry.edit_registry(tmp_path, {}, remove=["a"])
    assert not done.is_needed
    assert not (tmp_path / "dataset_info.json").exists()


def test_a_dry_run_leaves_no_trace(tmp_path):
    assert registry.edit_registry(tmp_path, {"a": ENTRY}, dry_run=True).added == ("a",)
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_plans_what_would_be_done(tmp_path, config):
    before = write(config, {"a": OTHER, "b": OTHER})
    planned = registry.edit_registry(tmp_path, {"a": ENTRY}, remove=["b"], replace=True, dry_run=True)
    assert (planned.replaced, planned.removed, planned.notes) == (("a",), ("b",), ())
    assert config.read_bytes() == before


def test_the_diff_is_a_unified_one(tmp_path, config):
    config.write_text('{"a": {}}')
    path = os.path.realpath(config)
    assert registry.plan_change(tmp_path, {"b": OTHER}).diff() == (
        f"--- {path}\n+++ {path}\n@@ -1 +1 @@\n"
        '-{"a": {}}\n\\ No newline at end of file\n'
        '+{"a": {}, "b": {"file_name": "other.jsonl"}}\n\\ No newline at end of file\n'
    )


def test_the_diff_of_a_new_file_starts_from_nothing(tmp_path, config):
    path = os.path.realpath(config)
    assert (
        registry.plan_change(tmp_path, {"b": {}}).diff().startswith(f"--- /dev/null\n+++ {path}\n@@ -0,0 +1")
    )


def test_the_diff_of_whole_lines_misses_no_line_end(tmp_path, config):
    write(config, {"a": {}})
    assert "No newline" not in registry.plan_change(tmp_path, {"b": {}}).diff()


def test_a_plan_that_was_overtaken_is_not_applied(tmp_path, config):
    planned = registry.plan_change(tmp_path, {"a": ENTRY})
    before = write(config, {"b": OTHER})
    with pytest.raises(LfQwen3Error) as caught:
        registry.apply_change(planned)
    assert caught.value.code == "changed_meanwhile"
    assert config.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": {},}', b"\xff"])
def test_a_broken_file_is_never_overwritten(tmp_path, config, content):
    config.write_bytes(content)
    with pytest.raises(LfQwen3Error, match=r"dataset_info\.json.* line 1 column"):
        registry.edit_registry(tmp_path, {"b": ENTRY}, replace=True)
    assert config.read_bytes() == content


def test_a_byte_order_mark_is_taken_away_and_told(tmp_path, config):
    config.write_bytes(b'\xef\xbb\xbf{"a": {}}')
    done = registry.edit_registry(tmp_path, {"a": {}})
    assert config.read_bytes() == b'{"a": {}}'
    assert "byte order mark" in done.notes[0]


def test_a_byte_order_mark_is_refused_where_nothing_is_written(tmp_path, config):
    config.write_bytes(b'\xef\xbb\xbf{"a": {}}')
    for read in (registry.read_registry, registry.listing):
        with pytest.raises(LfQwen3Error, match="byte order mark") as caught:
            read(tmp_path)
        assert caught.value.code == "registry_broken"
    assert registry.read_registry(tmp_path, allow_mark=True) == {"a": {}}


def test_what_is_no_dataset_is_left_alone_and_its_name_is_taken(tmp_path, config):
    config.write_text('{"_comment": ["v2"], "a": {}, "version": 2}')
    assert registry.read_registry(tmp_path) == {"a": {}}
    assert [dataset.name for dataset in registry.listing(tmp_path)] == ["a"]
    assert registry.edit_registry(tmp_path, {}, remove=["version"]).removed == ()
    with pytest.raises(UsageError) as caught:
        registry.edit_registry(tmp_path, {"version": ENTRY})
    assert caught.value.code == "dataset_exists"
    registry.edit_registry(tmp_path, {"b": {}}, remove=["a"])
    assert config.read_text() == '{"_comment": ["v2"], "version": 2, "b": {}}'


def test_a_name_that_stands_twice_is_listed_with_its_last_entry(tmp_path, config):
    config.write_text('{"a": {"file_name": "old"}, "b": {}, "a": {"file_name": "new"}}')
    assert [(dataset.name, dataset.file, dataset.times) for dataset in registry.listing(tmp_path)] == [
        ("a", "new", 2),
        ("b", "", 1),
    ]
    planned = registry.plan_change(tmp_path, {"a": {}}, replace=True)
    assert planned.after == b'{"b": {}, "a": {}}'
    assert planned.notes == ("a was registered 2 times",)
    assert registry.plan_change(tmp_path, {}, remove=["a"]).after == b'{"b": {}}'


def test_a_bad_name_is_refused(tmp_path):
    with pytest.raises(UsageError) as caught:
        registry.edit_registry(tmp_path, {"../a": ENTRY})
    assert caught.value.code == "dataset_name"
