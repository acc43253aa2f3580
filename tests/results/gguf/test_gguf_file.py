"""Metadata and tensor types of a GGUF file, and files that are not what was asked for."""

import json

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.gguf.gguf_file import check_gguf, read_gguf
from tests.results.gguf.light_run import METADATA, TEMPLATE, render_gguf


def write(path, kinds, metadata=METADATA, row=256):
    path.write_bytes(render_gguf(kinds, metadata, row))
    return path


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"rope_parameters": {"rope_theta": 1e6}}))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


def test_arrays_are_passed_over_and_all_else_is_read(tmp_path):
    head = read_gguf(write(tmp_path / "a.gguf", ["F16", "F32"]))
    assert head.metadata == {key: given for key, given in METADATA.items() if not isinstance(given, list)}
    assert [tensor[:3] for tensor in head.tensors.values()] == [("F16", 256, 1024), ("F32", 256, 1024)]
    first, second = (tensor.start for tensor in head.tensors.values())
    assert (first % 32, second - first) == (0, 2048)


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\3\4" + bytes(40), None])
def test_what_is_no_whole_gguf_is_refused(tmp_path, content):
    file = write(tmp_path / "a.gguf", ["F16"])
    file.write_bytes(file.read_bytes()[:300] if content is None else content)
    with pytest.raises(LfQwen3Error) as caught:
        read_gguf(file)
    assert caught.value.code == "not_gguf"


def test_a_good_conversion_passes(tmp_path, base):
    looked = check_gguf(write(tmp_path / "a.gguf", ["F16", "F32"]), base, "F16")
    assert looked["types"] == {"F16": 1, "F32": 1}


@pytest.mark.parametrize(
    ("key", "given", "code"),
    [
        ("qwen3.rope.freq_base", 10_000.0, "gguf_rope"),
        ("tokenizer.ggml.eos_token_id", 151643, "gguf_eos"),
        ("tokenizer.ggml.pre", "default", "gguf_tokenizer"),
        ("tokenizer.chat_template", TEMPLATE + " ", "gguf_chat_template"),
    ],
)
def test_a_conversion_with_another_value_is_named(tmp_path, base, key, given, code):
    file = write(tmp_path / "a.gguf", ["F16"], METADATA | {key: given})
    with pytest.raises(LfQwen3Error) as caught:
        check_gguf(file, base, "F16")
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("kind", "kinds"),
    [
        ("F16", ["F32", "F16"]),
        ("Q8_0", ["F32", "Q8_0"]),
        ("Q4_K_M", ["F32", "Q4_K", "Q6_K"]),
    ],
)
def test_the_types_asked_for_pass(tmp_path, base, kind, kinds):
    assert check_gguf(write(tmp_path / "a.gguf", kinds), base, kind)["types"] == dict.fromkeys(kinds, 1)


@pytest.mark.parametrize(
    ("kind", "kinds"),
    [
        ("F16", ["F32", "Q8_0"]),
        ("Q8_0", ["F32", "F16"]),
        ("Q4_K_M", ["F32", "Q4_K", "Q5_0"]),
        ("Q4_K_M", ["F32", "Q6_K"]),
        ("Q5_K_M", ["F32", "Q4_K"]),
    ],
)
def test_another_type_is_refused(tmp_path, base, kind, kinds):
    with pytest.raises(LfQwen3Error) as caught:
        check_gguf(write(tmp_path / "a.gguf", kinds), base, kind)
    assert caught.value.code == "gguf_types"


def test_rows_that_k_quants_do_not_take_are_said(tmp_path, base):
    with pytest.raises(LfQwen3Error) as caught:
        check_gguf(write(tmp_path / "a.gguf", ["Q5_0", "Q8_0"], row=32), base, "Q4_K_M")
    assert "32 weights" in caught.value.message
    assert "Q8_0" in caught.value.hint


@pytest.mark.parametrize("bits", [b"\x00\x7e", b"\x00\x7c", b"\x00\xfc"])
def test_nan_and_inf_are_named(tmp_path, base, bits):
    file = write(tmp_path / "a.gguf", ["F16", "F32"])
    content = bytearray(file.read_bytes())
    at = read_gguf(file).tensors["blk.0.weight"].start + 2 * 700
    content[at : at + 2] = bits
    file.write_bytes(content)
    with pytest.raises(LfQwen3Error) as caught:
        check_gguf(file, base, "F16")
    assert caught.value.code == "weights_not_finite"
    assert "blk.0.weight" in caught.value.message


def test_a_file_whose_weights_are_cut_is_no_whole_one(tmp_path, base):
    file = write(tmp_path / "a.gguf", ["F16", "F32"])
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(LfQwen3Error) as caught:
        check_gguf(file, base, "F16")
    assert caught.value.code == "not_gguf"
