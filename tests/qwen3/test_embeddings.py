"""An exported folder with two embeddings under a config that ties them is seen and mended, byte for byte."""

import json
import struct

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.qwen3.embeddings import EMBEDDING, HEAD, is_wrongly_tied, untie_embeddings

CONFIG = '{\n  "model_type": "qwen3",\n  "tie_word_embeddings": %s,\n  "x": "Ü"\n}'


def save(path, **tensors):
    """Write tensors of one byte a number as safetensors does."""
    header: dict[str, dict[str, object]] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, data in tensors.items():
        header[name] = {
            "dtype": "U8",
            "shape": [len(data)],
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


@pytest.fixture
def model(tmp_path):
    """Return a function that writes an exported model: the config's tie, and its two matrices."""

    def write(tied, embedding=b"abc", head=b"abd"):
        (tmp_path / "config.json").write_text(CONFIG % tied, "utf-8")
        save(tmp_path / "model.safetensors", **{EMBEDDING: embedding} | ({HEAD: head} if head else {}))
        return tmp_path

    return write


def test_two_matrices_under_a_tie_are_seen_and_the_config_alone_is_mended(model):
    folder = model("true")
    weights = (folder / "model.safetensors").read_bytes()
    assert is_wrongly_tied(folder)
    assert untie_embeddings(folder)
    assert (folder / "config.json").read_text("utf-8") == CONFIG % "false"
    assert (folder / "model.safetensors").read_bytes() == weights
    assert not untie_embeddings(folder)


@pytest.mark.parametrize(
    ("tied", "head"), [("true", None), ("true", b"abc"), ("false", b"abd")], ids=["one", "the same", "untied"]
)
def test_a_sound_folder_stays_as_it_is(model, tied, head):
    folder = model(tied, head=head)
    assert not untie_embeddings(folder)
    assert (folder / "config.json").read_text("utf-8") == CONFIG % tied


def test_matrices_in_two_files_are_compared(model):
    folder = model("true")
    (folder / "model.safetensors").unlink()
    save(folder / "a.safetensors", other=b"zz", **{EMBEDDING: b"abc"})
    save(folder / "b.safetensors", **{HEAD: b"abd"})
    index = {"weight_map": {EMBEDDING: "a.safetensors", HEAD: "b.safetensors", "other": "a.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert is_wrongly_tied(folder)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda folder: (folder / "config.json").unlink(), "file_missing"),
        (lambda folder: (folder / "config.json").write_text("{"), "not_json"),
        (lambda folder: (folder / "model.safetensors").unlink(), "weights_missing"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"1"), "not_safetensors"),
        (lambda folder: save(folder / "model.safetensors", other=b"a"), "not_a_qwen3"),
        (lambda folder: save(folder / "model.safetensors", **{EMBEDDING: b"a"}), "weights_missing"),
    ],
)
def test_what_is_no_exported_model_is_refused(model, spoil, code):
    folder = model("false")
    spoil(folder)
    with pytest.raises(LfQwen3Error) as error:
        untie_embeddings(folder)
    assert error.value.code == code
