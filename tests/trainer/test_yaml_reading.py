"""A YAML is read as OmegaConf, and so the trainer, reads it; every key keeps its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base import assets
from lf_qwen3.base.errors import UsageError
from lf_qwen3.trainer.yaml_reader import NotYamlError, read

SCALARS = [
    *("1e-4", "1.0e-4", "1e4", "1.0e4", "1e+3", "0.5e-3", "1.", ".5", "+3", "-5", "0", "010", "08", "0x1F"),
    *("0b101", "1_000", "1__0", "1_0.5", "1:30", "1:30.5", "-2:00", ".inf", "-.INF", ".nan", "2024-01-01"),
    *("yes", "no", "on", "off", "Yes", "NO", "yEs", "y", "n", "true", "FALSE", "null", "Null", "~"),
    *("4.0.1", "v1", "1e", "1e-", "0.1.2", "--1", '"1e-4"', "'no'", '"null"', "a:b", "./data", "C:\\x"),
]


def omega(path):
    """Return what the trainer sees in a file."""
    config = pytest.importorskip("omegaconf").OmegaConf
    return config.to_container(config.load(path))


@pytest.mark.parametrize("scalar", SCALARS)
def test_a_scalar_means_what_the_trainer_takes_it_for(tmp_path, scalar):
    path = tmp_path / "a.yaml"
    path.write_text(f"key: {scalar}\nlist: [{scalar}]\nmap: {{in: {scalar}}}\n", "utf-8")
    assert repr(read(path).settings) == repr(omega(path))


NUMBERS = st.from_regex(r"[-+]?[0-9.:_eExob]{1,8}", fullmatch=True)
WORDS = st.text("ynotfalsru~ 0189.:-+_eE", min_size=1, max_size=9)


@given(NUMBERS | WORDS)
def test_any_scalar_means_what_the_trainer_takes_it_for(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "scalar.yaml"
    path.write_text(f"key: {text}\n", "utf-8")
    try:
        expected = omega(path)
    except Exception:  # text such as `a: b` that is no value, and `0x_`, which PyYAML takes for a number
        with pytest.raises(NotYamlError):
            read(path)
        return
    assert repr(read(path).settings) == repr(expected)


def test_every_recipe_is_read_as_the_trainer_reads_it():
    paths = sorted(assets.folder("recipes").rglob("*.yaml"))
    assert len(paths) > 10
    assert {path: read(path).settings for path in paths} == {path: omega(path) for path in paths}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a: 1\nb: [1\n", 3, id="open list"),
        pytest.param("a: 1\nb: !own 2\n", 2, id="unknown tag"),
        pytest.param("a: &a [*a]\n", 1, id="recursive alias"),
        pytest.param("a: 0x_\n", 0, id="no number"),
        pytest.param("a: 1\n---\nb: 2\n", 2, id="two documents"),
        pytest.param("# nothing\n", 0, id="empty"),
        pytest.param("text\n", 1, id="one value"),
        pytest.param("a: \x00\n", 0, id="control character"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(tmp_path, text, line):
    path = tmp_path / "a.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(NotYamlError) as caught:
        read(path)
    assert (caught.value.code, caught.value.line) == ("not_yaml", line)


MERGED = """\
x: &x {b: 1, c: 2}
y: &y {b: 3, d: 4}
<<: [*x, *y]
c: 5
"""


def test_merged_keys_are_settings_and_no_repetition(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(MERGED, "utf-8")
    reading = read(path)
    assert reading.settings == omega(path)
    own = {"x": 1, "x.b": 1, "x.c": 1, "y": 2, "y.b": 2, "y.d": 2, "c": 4}
    assert (reading.repeated, reading.lines) == ([], own)


def test_a_list_has_no_settings(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("- a: 1\n", "utf-8")
    assert (read(path).is_list, read(path).settings) == (True, {})


def test_blocks_quotes_anchors_and_empty_values(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(
        "a: &x {b: no, c: [1, 'no']}\nd: *x\ne: |\n  two\n  lines\nf: >\n  one\n  line\ng:\nh: \"a\\nb\"\n",
        "utf-8",
    )
    assert read(path).settings == omega(path)


def test_every_key_has_its_line(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("\ufeff# head\n\n### model\na: 1\nb:\n  c: 2\n  d: 3\n\ne: 4 # last\n", "utf-8")
    assert read(path).lines == {"a": 4, "b": 5, "b.c": 6, "b.d": 7, "e": 9}
    assert [read(path).line_of(key) for key in ("b.d", "b.x.y", "e", "f")] == [7, 5, 9, None]


def test_a_repeated_key_is_told_with_its_second_line(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\nb: 2\na: 3\n", "utf-8")
    assert read(path).repeated == [("a", 3)]


def test_a_key_that_stands_twice_in_a_section_is_repeated_too(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: &x\n  b: 1\n  c:\n    d: 2\n    d: 3\n  b: 4\ne: *x\nf:\n  <<: *x\n  b: 5\n", "utf-8")
    reading = read(path)
    assert reading.repeated == [("a.c.d", 5), ("a.b", 6)]
    assert reading.settings["a"] == {"b": 1, "c": {"d": 2}}
    assert reading.settings["f"] == {"b": 5, "c": {"d": 2}}
    assert (reading.lines["f.b"], reading.line_of("e.b")) == (10, 7)


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(UsageError) as caught:
        read(tmp_path / "a.yaml")
    assert caught.value.code == "file_missing"
    with pytest.raises(UsageError) as caught:
        read(tmp_path)
    assert caught.value.code == "not_a_file"
    (tmp_path / "b.yaml").write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(NotYamlError) as broken:
        read(tmp_path / "b.yaml")
    assert broken.value.code == "not_yaml"
