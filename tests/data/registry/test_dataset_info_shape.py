import pytest

from lf_qwen3.data.registry.shape import NoFitError, recognise

DEFAULT_TAGS = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "observation_tag": "observation",
    "function_tag": "function_call",
    "system_tag": "system",
}
OPENAI_TAGS = {
    **DEFAULT_TAGS,
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "observation_tag": "tool",
}


def said(*turns):
    return [{"from": role, "value": "x"} for role in turns]


def messages(*turns):
    return [{"role": role, "content": "x"} for role in turns]


ALPACA = {
    "alpaca": (
        {"instruction": "q", "input": "", "output": "a"},
        "sft",
        {"prompt": "instruction", "query": "input", "response": "output"},
    ),
    "alpaca with everything": (
        {
            "instruction": "q",
            "input": None,
            "output": "a",
            "system": "",
            "tools": None,
            "history": [["q", "a"]],
        },
        "sft",
        {
            "prompt": "instruction",
            "query": "input",
            "response": "output",
            "system": "system",
            "tools": "tools",
            "history": "history",
        },
    ),
    "prompt, query, response": (
        {"prompt": "q", "query": "more", "response": "a"},
        "sft",
        {"prompt": "prompt", "query": "query", "response": "response"},
    ),
    "query and response": (
        {"query": "q", "response": "a"},
        "sft",
        {"prompt": "query", "response": "response"},
    ),
    "prompt and completion": (
        {"prompt": "q", "completion": "a"},
        "sft",
        {"prompt": "prompt", "response": "completion"},
    ),
    "histories all empty": (
        {"instruction": "q", "output": "a", "history": []},
        "sft",
        {"prompt": "instruction", "response": "output", "history": "history"},
    ),
    "ranking": (
        {"prompt": "q", "chosen": "a", "rejected": "b", "system": "s"},
        "ranking",
        {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected", "system": "system"},
    ),
    "ranking beside a question": (
        {"question": "q", "chosen": "a", "rejected": "b"},
        "ranking",
        {"prompt": "question", "chosen": "chosen", "rejected": "rejected"},
    ),
    "kto": (
        {"instruction": "q", "output": "a", "kto_tag": True},
        "kto",
        {"prompt": "instruction", "response": "output", "kto_tag": "kto_tag"},
    ),
    "kto by label": (
        {"prompt": "q", "completion": "a", "label": False},
        "kto",
        {"prompt": "prompt", "response": "completion", "kto_tag": "label"},
    ),
    "a label that finds all answers good": (
        {"prompt": "q", "completion": "a", "label": 1},
        "sft",
        {"prompt": "prompt", "response": "completion"},
    ),
    "pictures, sounds and films": (
        {"prompt": "q", "response": "a", "image": "a.jpg", "videos": [], "audios": ["a.wav", "b.wav"]},
        "sft",
        {"prompt": "prompt", "response": "response", "images": "image", "audios": "audios"},
    ),
    "pretraining": ({"text": "long"}, "pretrain", {"prompt": "text"}),
}


@pytest.mark.parametrize(("row", "kind", "columns"), ALPACA.values(), ids=ALPACA)
def test_alpaca_shapes(row, kind, columns):
    shape = recognise([row])
    assert (shape.formatting, shape.kind, shape.columns, shape.tags) == ("alpaca", kind, columns, {})


SHAREGPT = {
    "sharegpt": (
        {"conversations": said("human", "gpt")},
        "sft",
        {"messages": "conversations"},
        DEFAULT_TAGS,
    ),
    "with system, tools and tool turns": (
        {
            "conversations": said("system", "human", "function_call", "observation", "gpt"),
            "system": "",
            "tools": "[]",
        },
        "sft",
        {"messages": "conversations", "system": "system", "tools": "tools"},
        DEFAULT_TAGS,
    ),
    "messages": ({"messages": messages("user", "assistant")}, "sft", {"messages": "messages"}, OPENAI_TAGS),
    "a tool's answer called observation": (
        {"messages": messages("user", "function_call", "observation", "assistant")},
        "sft",
        {"messages": "messages"},
        {**OPENAI_TAGS, "observation_tag": "observation"},
    ),
    "user and assistant under from": (
        {"conversations": said("user", "assistant")},
        "sft",
        {"messages": "conversations"},
        {**DEFAULT_TAGS, "user_tag": "user", "assistant_tag": "assistant"},
    ),
    "role and content under conversations": (
        {"conversations": messages("user", "assistant")},
        "sft",
        {"messages": "conversations"},
        OPENAI_TAGS,
    ),
    "ranking": (
        {"conversations": said("human"), "chosen": said("gpt")[0], "rejected": said("gpt")[0]},
        "ranking",
        {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"},
        DEFAULT_TAGS,
    ),
    "ranking, the tag only in the answers": (
        {
            "messages": messages("user"),
            "chosen": messages("assistant")[0],
            "rejected": messages("assistant")[0],
        },
        "ranking",
        {"messages": "messages", "chosen": "chosen", "rejected": "rejected"},
        OPENAI_TAGS,
    ),
    "kto": (
        {"messages": messages("user", "assistant"), "label": True},
        "kto",
        {"messages": "messages", "kto_tag": "label"},
        OPENAI_TAGS,
    ),
    "pictures": (
        {"messages": messages("user", "assistant"), "images": ["a.jpg"], "videos": None},
        "sft",
        {"messages": "messages", "images": "images"},
        OPENAI_TAGS,
    ),
    "pictures of a parquet file": (
        {"conversations": said("human", "gpt"), "images": [{"bytes": b"x", "path": None}]},
        "sft",
        {"messages": "conversations", "images": "images"},
        DEFAULT_TAGS,
    ),
    "films in frames": (
        {"conversations": said("human", "gpt"), "video": [["1.jpg", "2.jpg"]]},
        "sft",
        {"messages": "conversations", "videos": "video"},
        DEFAULT_TAGS,
    ),
}


@pytest.mark.parametrize(("row", "kind", "columns", "tags"), SHAREGPT.values(), ids=SHAREGPT)
def test_sharegpt_shapes(row, kind, columns, tags):
    shape = recognise([row])
    assert (shape.formatting, shape.kind, shape.columns, shape.tags) == ("sharegpt", kind, columns, tags)


def test_every_record_is_looked_at():
    rows = [{"messages": messages("user", "assistant")}, {"messages": messages("user", "observation")}]
    assert recognise(rows).tags["observation_tag"] == "observation"


def test_a_column_that_only_some_rows_have_is_named():
    rows = [{"prompt": "q", "response": "a"}, {"prompt": "q", "response": "a", "system": "s"}]
    assert recognise(rows).columns["system"] == "system"


def test_columns_nobody_reads_are_told():
    row = {"id": 1, "messages": messages("user", "assistant"), "source": "web"}
    assert recognise([row]).unused == ("id", "source")


NO_FIT = {
    "nothing known": ({"a": "x"}, ""),
    "numbers for answers": ({"instruction": "q", "output": 3}, "no text column named output"),
    "a label in numbers": ({"prompt": "q", "completion": "a", "label": 0}, "some answers as wrong"),
    "a KTO tag in numbers": ({"prompt": "q", "completion": "a", "kto_tag": 0}, "some answers as wrong"),
    "a verdict": ({"prompt": "q", "completion": "a", "is_correct": False}, "some answers as wrong"),
    "no answer": ({"instruction": "q"}, "no text column named output"),
    "the question is null": ({"instruction": None, "output": "a"}, ""),
    "reasoning in a column": ({"question": "q", "think": "t", "response": "a"}, "the reasoning in think"),
    "reasoning, spelled otherwise": ({"prompt": "q", "Complex_CoT": "t", "response": "a"}, "Complex_CoT"),
    "history is no pairs": (
        {"instruction": "q", "output": "a", "history": [{"role": "user"}]},
        "pairs of text",
    ),
    "tools as a list": ({"instruction": "q", "output": "a", "tools": [{}]}, "tools has to be text"),
    "system as an object": (
        {"messages": messages("user", "assistant"), "system": {}},
        "system has to be text",
    ),
    "lists beside a prompt": (
        {"prompt": "q", "chosen": messages("user", "assistant"), "rejected": messages("user", "assistant")},
        "chosen and rejected have to be text",
    ),
    "texts beside messages": (
        {"messages": messages("user"), "chosen": "a", "rejected": "b"},
        "chosen and rejected have to be one message each",
    ),
    "a pair of texts alone": ({"text": "t", "chosen": "a", "rejected": "b"}, ""),
    "tool calls": (
        {
            "messages": [
                {"role": "user", "content": "q"},
                {"role": "assistant", "content": "", "tool_calls": [1]},
            ]
        },
        "no key for the tool_calls of a message",
    ),
    "reasoning in a message": (
        {"messages": [{"role": "assistant", "content": "a", "reasoning_content": "t"}]},
        "no key for the reasoning_content of a message",
    ),
    "content that is no text": (
        {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
        "the content of every message has to be text",
    ),
    "content null": ({"conversations": [{"from": "human", "value": None}]}, "the value of every message"),
    "messages without keys": ({"messages": [{"text": "q"}]}, "a message needs from and value"),
    "only empty messages": ({"messages": []}, ""),
    "human and user": ({"conversations": said("human", "gpt", "user")}, "human and user are both used"),
    "a strange role": ({"conversations": said("human", "narrator")}, "unknown role: narrator"),
    "messages as text": ({"messages": "[{}]"}, ""),
}


@pytest.mark.parametrize(("row", "why"), NO_FIT.values(), ids=NO_FIT)
def test_what_the_trainer_would_lose_is_no_fit(row, why):
    with pytest.raises(NoFitError) as caught:
        recognise([row])
    assert why in str(caught.value)
    assert bool(why) == bool(str(caught.value))


def test_an_empty_reasoning_column_loses_nothing():
    assert recognise([{"prompt": "q", "response": "a", "think": None}]).unused == ("think",)
