"""The tiny model is a real Qwen3 in all that counts: token ids, chat template, architecture."""

import json
from typing import Any

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.qwen3 import tiny_model, tokenizer_build
from lf_qwen3.qwen3.special_tokens import ADDED_TOKENS, FIRST_ADDED_ID
from lf_qwen3.qwen3.thinking import CLOSE, OPEN, frame
from tests.needs import require

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow]
require("torch", "transformers", "dashscope")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_model.make_tiny_model(tmp_path_factory.mktemp("models") / "tiny-qwen3")


@pytest.fixture(scope="module")
def tokenizer(folder):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("你好", [108386]),
        ("<|endoftext|>", [151643]),
        ("<|im_start|>", [151644]),
        ("<|im_end|>", [151645]),
        ("<tool_call>", [151657]),
        ("</tool_response>", [151666]),
        (OPEN, [151667]),
        (CLOSE, [151668]),
        ("\n\n", [271]),
    ],
)
def test_ids_are_the_official_ones(tokenizer, text, ids):
    assert tokenizer.encode(text) == ids


def test_every_added_token_has_its_place(tokenizer):
    found = tokenizer.convert_tokens_to_ids(list(ADDED_TOKENS))
    assert found == list(range(FIRST_ADDED_ID, FIRST_ADDED_ID + len(ADDED_TOKENS)))


@pytest.mark.parametrize(
    "text", ["高血压患者每天食盐应少于5克。", "def f(x):\n    return x**2  # naïve café", "a\r\n\tb 😀 2024"]
)
def test_text_is_cut_as_alibabas_own_tokenizer_cuts_it(tokenizer, text):
    from dashscope.tokenizers import get_tokenizer

    assert tokenizer.encode(text) == get_tokenizer("qwen-turbo").encode(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_the_files_are_those_that_transformers_writes(small_tokenizer, tmp_path):
    from tokenizers import AddedToken
    from transformers import Qwen2Tokenizer

    model = json.loads((small_tokenizer / "tokenizer.json").read_text("utf-8"))["model"]
    special = ADDED_TOKENS[: ADDED_TOKENS.index("<tool_call>")]
    merges: Any = [tuple(pair) for pair in model["merges"]]
    theirs = Qwen2Tokenizer(
        vocab=model["vocab"],
        merges=merges,
        added_tokens_decoder={
            FIRST_ADDED_ID + offset: AddedToken(token, normalized=False, special=token in special)
            for offset, token in enumerate(ADDED_TOKENS)
        },
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        unk_token=None,
        bos_token=None,
        model_max_length=131072,
        clean_up_tokenization_spaces=False,
    )
    theirs.chat_template = tokenizer_build.chat_template()
    theirs.save_pretrained(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {file.name for file in small_tokenizer.iterdir()}
    published = {"additional_special_tokens": list(special[1:])}
    for name, more in (("tokenizer.json", {}), ("tokenizer_config.json", published)):
        ours = json.loads((small_tokenizer / name).read_text("utf-8"))
        assert ours == json.loads((tmp_path / name).read_text("utf-8")) | more


def test_the_end_of_a_turn_is_eos_and_there_is_no_bos(tokenizer):
    assert (tokenizer.eos_token, tokenizer.pad_token, tokenizer.bos_token) == (
        "<|im_end|>",
        "<|endoftext|>",
        None,
    )


def test_decoding_shows_think_tags_and_hides_turn_tokens(tokenizer):
    ids = tokenizer.encode(f"<|im_start|>{OPEN}a{CLOSE}<|im_end|>")
    assert tokenizer.decode(ids, skip_special_tokens=True) == f"{OPEN}a{CLOSE}"


USER = {"role": "user", "content": "q"}
ASKED = "<|im_start|>user\nq<|im_end|>\n"
SAID = "<|im_start|>assistant\n"
CALLING = {"role": "assistant", "content": "", "tool_calls": [{"name": "f", "arguments": {"x": 1}}]}
CALLED = '<tool_call>\n{"name": "f", "arguments": {"x": 1}}\n</tool_call><|im_end|>\n'
ANSWERED = "<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response>"


@pytest.mark.parametrize(
    ("messages", "options", "expected"),
    [
        pytest.param([USER], {"add_generation_prompt": True}, ASKED + SAID, id="prompt"),
        pytest.param(
            [USER],
            {"add_generation_prompt": True, "enable_thinking": False},
            ASKED + SAID + frame("", ""),
            id="prompt-without-thinking",
        ),
        pytest.param(
            [{"role": "system", "content": "s"}, USER],
            {},
            "<|im_start|>system\ns<|im_end|>\n" + ASKED,
            id="system",
        ),
        pytest.param(
            [USER, {"role": "assistant", "content": frame("t", "a")}],
            {},
            ASKED + SAID + frame("t", "a") + "<|im_end|>\n",
            id="last-turn-keeps-its-thinking",
        ),
        pytest.param(
            [USER, {"role": "assistant", "content": "a", "reasoning_content": "t"}],
            {},
            ASKED + SAID + frame("t", "a") + "<|im_end|>\n",
            id="reasoning-content",
        ),
        pytest.param(
            [USER, {"role": "assistant", "content": "a"}],
            {},
            ASKED + SAID + frame("", "a") + "<|im_end|>\n",
            id="last-turn-without-thinking-gets-an-empty-block",
        ),
        pytest.param(
            [USER, {"role": "assistant", "content": frame("t", "a")}, USER],
            {"add_generation_prompt": True},
            ASKED + SAID + "a<|im_end|>\n" + ASKED + SAID,
            id="history-loses-its-thinking",
        ),
        pytest.param(
            [USER, CALLING, {"role": "tool", "content": "1"}, {"role": "tool", "content": "2"}],
            {"add_generation_prompt": True},
            ASKED + SAID + CALLED + "<|im_start|>user\n" + ANSWERED + "<|im_end|>\n" + SAID,
            id="tool-calls-and-answers",
        ),
    ],
)
def test_the_chat_template_renders_as_qwen3_does(tokenizer, messages, options, expected):
    assert tokenizer.apply_chat_template(messages, tokenize=False, **options) == expected


def test_tools_stand_in_the_system_turn(tokenizer):
    tool = {"name": "f", "parameters": {"type": "object"}}
    text = tokenizer.apply_chat_template(
        [{"role": "system", "content": "s"}, USER], tools=[tool], tokenize=False
    )
    assert text.startswith("<|im_start|>system\ns\n\n# Tools\n\n")
    assert f"<tools>\n{json.dumps(tool)}\n</tools>" in text
    assert text.endswith("</tool_call><|im_end|>\n" + ASKED)


def test_the_prompt_equals_what_the_trainer_writes(tokenizer):
    require("llamafactory")
    from llamafactory.data.template import TEMPLATES

    messages = [{"role": "system", "content": "s"}, USER, {"role": "assistant", "content": frame("t", "a")}]
    prompt, answer = TEMPLATES["qwen3"].encode_oneturn(tokenizer, messages[1:], system="s")
    assert tokenizer.decode(prompt + answer) == tokenizer.apply_chat_template(messages, tokenize=False)


def test_it_is_a_qwen3_and_is_made_once(folder):
    config = json.loads((folder / "config.json").read_text())
    assert (config["architectures"], config["vocab_size"]) == (["Qwen3ForCausalLM"], 151936)
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert tiny_model.make_tiny_model(folder) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before


def test_the_same_seed_gives_the_same_weights(folder, tmp_path):
    tiny_model._save_weights(tmp_path, moe=False)
    assert (tmp_path / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()


def test_a_mixture_of_experts_can_be_made(tmp_path):
    tiny_model._save_weights(tmp_path, moe=True)
    config = json.loads((tmp_path / "config.json").read_text())
    experts = config.get("num_experts") or config["num_local_experts"]  # transformers 4 and 5
    assert (config["architectures"], experts) == (["Qwen3MoeForCausalLM"], 4)


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(LfQwen3Error) as caught:
        tiny_model.make_tiny_model(tmp_path)
    assert caught.value.code == "folder_not_own"
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
