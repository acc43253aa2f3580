"""Metadata and tensor types of a GGUF file, and files that are not what was asked for."""

import json
import struct

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.gguf.gguf_file import check_converted, check_types, read_gguf

NUMBERS = {"F32": 0, "F16": 1, "Q5_0": 6, "Q8_0": 8, "Q4_K": 12, "Q6_K": 14}
TEMPLATE = "{{ messages[0].content }}"
METADATA = {
    "general.architecture": "qwen3",
    "qwen3.rope.freq_base": 1_000_000.0,
    "tokenizer.ggml.pre": "qwen2",
    "tokenizer.ggml.eos_token_id": 151645,
    "tokenizer.chat_template": TEMPLATE,
    "tokenizer.ggml.tokens": ["a", "灯"],
    "tokenizer.ggml.token_type": [1, 3],
}


def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def value(given):
    match given:
        case str():
            return struct.pack("<I", 8) + text(given)
        case float():
            return struct.pack("<If", 6, given)
        case int():
            return struct.pack("<II", 4, given)
    if isinstance(given[0], str):
        return struct.pack("<IIQ", 9, 8, len(given)) + b"".join(map(text, given))
    return struct.pack("<IIQ", 9, 5, len(given)) + struct.pack(f"<{len(given)}i", *given)


def write(path, kinds, metadata=METADATA, row=256):
    tensors = {f"blk.{number}.weight": kind for number, kind in enumerate(kinds)}
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    head += b"".join(text(key) + value(given) for key, given in metadata.items())
    for name, kind in tensors.items():
        head += text(name) + struct.pack("<IQQIQ", 2, row, 4, NUMBERS[kind], 0)
    path.write_bytes(head)
    return path


@pytest.fixture
def merged(tmp_path):
    folder = tmp_path / "merged"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"rope_parameters": {"rope_theta": 1e6}}))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


def test_arrays_are_passed_over_and_all_else_is_read(tmp_path):
    head = read_gguf(write(tmp_path / "a.gguf", ["F16", "F32"]))
    assert head.metadata == {key: given for key, given in METADATA.items() if not isinstance(given, list)}
    assert head.tensors == {"blk.0.weight": ("F16", 256), "blk.1.weight": ("F32", 256)}


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\3\4" + bytes(40), None])
def test_what_is_no_whole_gguf_is_refused(tmp_path, content):
    file = write(tmp_path / "a.gguf", ["F16"])
    file.write_bytes(file.read_bytes()[:-9] if content is None else content)
    with pytest.raises(LfQwen3Error) as caught:
        read_gguf(file)
    assert caught.value.code == "not_gguf"


def test_a_good_conversion_passes(tmp_path, merged):
    looked = check_converted(write(tmp_path / "a.gguf", ["F16", "F32"]), merged)
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
def test_a_conversion_with_another_value_is_named(tmp_path, merged, key, given, code):
    file = write(tmp_path / "a.gguf", ["F16"], METADATA | {key: given})
    with pytest.raises(LfQwen3Error) as caught:
        check_converted(file, merged)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("kind", "kinds"),
    [
        ("F16", ["F32", "F16"]),
        ("Q8_0", ["F32", "Q8_0"]),
        ("Q4_K_M", ["F32", "Q4_K", "Q6_K"]),
    ],
)
def test_the_types_asked_for_pass(tmp_path, kind, kinds):
    assert check_types(write(tmp_path / "a.gguf", kinds), kind) == dict.fromkeys(kinds, 1)


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
def test_another_type_is_refused(tmp_path, kind, kinds):
    with pytest.raises(LfQwen3Error) as caught:
        check_types(write(tmp_path / "a.gguf", kinds), kind)
    assert caught.value.code == "gguf_types"


def test_rows_that_k_quants_do_not_take_are_said(tmp_path):
    with pytest.raises(LfQwen3Error) as caught:
        check_types(write(tmp_path / "a.gguf", ["Q5_0", "Q8_0"], row=32), "Q4_K_M")
    assert "32 weights" in caught.value.message
    assert "Q8_0" in caught.value.hint
