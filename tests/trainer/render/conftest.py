"""A tokenizer for the tests of rendering that do not need Qwen's own: a byte is a token, and so is a tag."""

import pytest

from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.qwen3.special_tokens import ADDED_TOKENS


def save_byte_tokenizer(folder):
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({char: number for number, char in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_tokens([AddedToken(token, normalized=False) for token in ADDED_TOKENS])
    made.save(str(folder / "tokenizer.json"))


@pytest.fixture(scope="session")
def byte_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bytes")
    save_byte_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def bytes_(byte_folder):
    return tokenizer_files.load(byte_folder)


@pytest.fixture
def messages():
    """Return a function that makes messages from (role, content) pairs."""
    return lambda *pairs: [{"role": role, "content": content} for role, content in pairs]
