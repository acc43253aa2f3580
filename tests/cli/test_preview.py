"""`lf-qwen3 preview` as it is typed: the mask, the cut, the difference, and every way to ask wrongly."""

import json
import re
import sys
from pathlib import Path

import pytest

from lf_qwen3.qwen3.special_tokens import ADDED_TOKENS
from lf_qwen3.qwen3.thinking import CLOSE, OPEN, frame

BASE = ["preview", "chat", "--dataset-dir", "data", "--tokenizer", "model"]
PLAIN_TEMPLATE = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
ASK = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
EMPTY = frame("", "")


def save_tokenizer(folder):
    """Write a tokenizer in which every byte is a token, and every tag."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({char: number for number, char in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_tokens([AddedToken(token, normalized=False) for token in ADDED_TOKENS])
    made.save(str(folder / "tokenizer.json"))


def row(*texts, **more):
    roles = ("human", "gpt") * len(texts)
    return {
        "conversations": [{"from": who, "value": text} for who, text in zip(roles, texts, strict=False)],
        **more,
    }


def put(name, rows, **entry):
    """Write a dataset into ./data and register it."""
    lines = [one if isinstance(one, str) else json.dumps(one) for one in rows]
    Path(f"data/{name}.jsonl").write_text("\n".join(lines) + "\n")
    config = Path("data/dataset_info.json")
    entries = json.loads(config.read_text()) if config.exists() else {}
    entries[name] = {"file_name": f"{name}.jsonl", "formatting": "sharegpt", **entry}
    config.write_text(json.dumps(entries))


@pytest.fixture
def lf(tmp_path, monkeypatch, lf):
    """Return a function that runs the command line beside ./data and ./model."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("model").mkdir()
    save_tokenizer(Path("model"))
    put("chat", [row("Q", frame("R", "A")), row("hi", "plain")])

    return lf


def test_what_is_learnt_stands_in_brackets(lf):
    code, out, err = lf(*BASE)
    assert code == 0
    assert ASK.format("Q") + f"⟦{frame('R', 'A')}<|im_end|>\n⟧" in out
    assert ASK.format("hi") + f"{EMPTY}⟦plain<|im_end|>\n⟧" in out
    assert "holds no chat template" in err


def test_the_options_are_named_with_their_origin(lf):
    _, out, _ = lf(*BASE)
    assert "template qwen3, enable_thinking null, mask_history true (preview's default)" in out
    assert "cutoff_len 2048 (the trainer's default)" in out


def test_a_training_yaml_brings_all_options(lf):
    Path("train.yaml").write_text(
        "model_name_or_path: model\ndataset_dir: data\ntemplate: qwen3\n"
        "enable_thinking: off\ncutoff_len: 30\n"
    )
    code, out, _ = lf("preview", "chat", "--config", "train.yaml", "--row", "1")
    assert code == 0
    assert "template qwen3, enable_thinking false (train.yaml)" in out
    assert "mask_history false (the trainer's default)" in out
    assert "cutoff_len 30 (train.yaml)" in out


def test_counts_add_up(lf):
    _, out, _ = lf(*BASE, "--row", "1")
    total, *parts, learnt = map(
        int,
        re.search(
            r"(\d+) tokens: (\d+) prompt, (\d+) thinking, (\d+) answer; (\d+) in the loss", out
        ).groups(),
    )
    assert total == sum(parts)
    assert learnt == parts[1] + parts[2]


def test_the_cut_is_marked_where_it_falls(lf):
    put("chat", [row("Q", frame("R" * 50, "A" * 50))])
    Path("train.yaml").write_text("template: qwen3\nenable_thinking: null\ncutoff_len: 50\n")
    _, out, _ = lf(*BASE, "--config", "train.yaml")
    assert re.search(rf"⟦{OPEN}\nR+⟧⟪cut: \d+ thinking, \d+ answer tokens: R+\\n{CLOSE}\\n\\nA*…⟫", out)
    assert re.search(rf"cutoff_len 50 truncates \d+ of them, and with them {CLOSE} and <\|im_end\|>", out)


@pytest.mark.parametrize(
    ("first", "line"),
    [
        pytest.param("{broken", "the trainer cannot read this row", id="broken JSON"),
        pytest.param(row("Q"), "the trainer drops this row: 1 messages", id="unanswered"),
        pytest.param(row("Q", None), "the trainer stops at this row: message 2 is null", id="null"),
    ],
)
def test_a_row_that_is_not_learnt_says_why(lf, first, line):
    put("chat", [first, row("Q", "A")])
    code, out, _ = lf(*BASE)
    assert code == 0
    assert line in out
    assert "⟦A<|im_end|>" in out


def test_rows_are_numbered_by_their_lines(lf):
    put("chat", ["", row("Q", "first"), "", row("Q", "second")])
    _, out, _ = lf(*BASE, "-n", "1")
    assert "--- row 2 of data/chat.jsonl" in out
    assert "second" not in out
    _, out, _ = lf(*BASE, "--row", "4")
    assert "⟦second" in out


def test_the_official_text_follows_where_it_differs(lf):
    Path("model/chat_template.jinja").write_text(PLAIN_TEMPLATE)
    _, out, _ = lf(*BASE, "--row", "1")
    tokens = re.search(r"(\d+) tokens: ", out)[1]
    assert f"official chat template: the same {tokens} tokens" in out
    _, out, _ = lf(*BASE, "--row", "2")
    assert "official chat template: it differs from token" in out
    assert re.search(rf"  trainer   .*▶{OPEN}\\n\\n{CLOSE}", out)
    assert re.search(r"  official  .*▶plain<\|im_end\|>\\n", out)
    assert out.endswith("<|im_start|>assistant\n▶plain<|im_end|>\n")


def test_a_refusal_of_the_chat_template_is_told(lf):
    Path("model/chat_template.jinja").write_text("{{ raise_exception('no users here') }}")
    _, out, _ = lf(*BASE, "--row", "1")
    assert "the chat template refuses it: TemplateError: no users here" in out


def test_both_sides_of_a_ranking_record_are_shown(lf):
    sides = {side: {"from": "gpt", "value": side.upper()} for side in ("chosen", "rejected")}
    columns = {name: name for name in ("chosen", "rejected")} | {"messages": "conversations"}
    put("chat", [row("Q", **sides)], ranking=True, columns=columns)
    _, out, _ = lf(*BASE)
    assert "-- chosen" in out
    assert "⟦CHOSEN<|im_end|>" in out
    assert "⟦REJECTED<|im_end|>" in out


def test_the_label_of_kto_data_is_shown(lf):
    rows = [row("Q", "GOOD", mark=True), row("Q", "BAD", mark=False), row("Q", "NONE", mark=None)]
    put("chat", rows, columns={"messages": "conversations", "kto_tag": "mark"})
    _, out, _ = lf(*BASE)
    good, bad, none = out.split("--- row ")[1:]
    assert "-- good" in good
    assert "⟦GOOD<|im_end|>" in good
    assert "-- bad" in bad
    assert "⟦BAD<|im_end|>" in bad
    assert "drops this row: mark is neither true nor false" in none


def test_the_name_given_to_convert_stands_for_its_train_split(lf):
    put("mixed_train", [row("Q", "trained")])
    code, out, _ = lf("preview", "mixed", *BASE[2:])
    assert code == 0
    assert out.startswith("mixed_train\n")


def test_json_holds_ids_labels_and_texts(lf):
    code, out, _ = lf(*BASE, "--row", "2", "--json")
    found = json.loads(out)
    (shown,) = found["rows"]
    (rendering,) = shown["renderings"]
    assert code == 0
    assert found["options"]["cutoff_len"] == {"value": 2048, "from": "the trainer's default"}
    assert (shown["row"], shown["problem"], shown["official"]) == (2, "", None)
    assert len(rendering["input_ids"]) == len(rendering["labels"]) == rendering["tokens"]["total"]
    assert (
        "".join(one["text"] for one in rendering["segments"])
        == ASK.format("hi") + EMPTY + "plain<|im_end|>\n"
    )
    assert [one["learnt"] for one in rendering["segments"]] == [False, True]


def test_colour_takes_the_place_of_brackets(lf, monkeypatch):
    monkeypatch.setattr("lf_qwen3.cli.preview._is_coloured", lambda: True)
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    _, out, _ = lf(*BASE, "--row", "2")
    assert "⟦" not in out
    assert "\x1b[32mplain\x1b[0m" in out
    assert "\x1b[2mhi\x1b[0m" in out


@pytest.mark.parametrize(
    ("is_terminal", "environment", "expected"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(monkeypatch, is_terminal, environment, expected):
    from lf_qwen3.cli import preview

    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal, raising=False)
    assert preview._is_coloured() is expected


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        pytest.param(["chta", *BASE[2:]], "there is no dataset 'chta'", "did you mean chat?", id="name"),
        pytest.param([*BASE[1:], "--row", "9"], "row 9 is beyond the end", "1 to 2", id="row"),
        pytest.param(["chat", *BASE[4:]], "no dataset folder is named", "--dataset-dir", id="no folder"),
        pytest.param(BASE[1:4], "no tokenizer is named", "--tokenizer", id="no tokenizer"),
        pytest.param([*BASE[1:5], "data"], "no tokenizer.json in data", "Qwen/Qwen3-4B", id="wrong folder"),
        pytest.param([*BASE[1:], "--config", "x.yaml"], "no file x.yaml", "training YAML", id="no YAML"),
        pytest.param([*BASE[1:], "--config", "list.yaml"], "list.yaml is a list", "key: value", id="a list"),
        pytest.param(
            [*BASE[1:], "--config", "other.yaml"], "other.yaml: template 'llama3'", "qwen3", id="llama"
        ),
        pytest.param(["hub", *BASE[2:]], "its entry names hf_hub_url a/b", "download", id="on a hub"),
        pytest.param(["empty", *BASE[2:]], "has no rows", "", id="no rows"),
    ],
)
def test_a_wrong_request_is_answered(lf, arguments, message, hint):
    Path("list.yaml").write_text("- template: qwen3\n")
    Path("other.yaml").write_text("template: llama3\n")
    put("empty", [""])
    put("hub", [row("Q", "A")], hf_hub_url="a/b")
    code, out, err = lf("preview", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err


def test_what_is_no_yaml_is_said_with_its_line(lf):
    Path("bad.yaml").write_text("template: qwen3\na: [1\n")
    code, out, err = lf("preview", *BASE[1:], "--config", "bad.yaml")
    assert (code, out) == (1, "")
    assert "bad.yaml:3: not valid YAML" in err


def test_a_yaml_is_read_as_the_trainer_reads_it(lf):
    Path("numbers.yaml").write_text("template: qwen3\ncutoff_len: 0x40\nenable_thinking: null\n")
    _, out, _ = lf("preview", *BASE[1:], "--config", "numbers.yaml", "--json")
    assert json.loads(out)["options"]["cutoff_len"] == {"value": 64, "from": "numbers.yaml"}
