"""What `convert` writes holds nothing that `check` calls a duplicate or a leak."""

import json
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.proof.check import check

USER, ANSWER = st.sampled_from(["Hi", "hi ", "And?"]), st.sampled_from(["Oak.", "OAK.", "Fir."])
THOUGHT = st.none() | st.sampled_from(["So.", "so.", "Well."])
CALL = [
    {"function": {"name": "f", "arguments": {"x": "y"}}},
    {"function": {"name": "f", "arguments": {"x": "Y"}}},
]
SPOKEN = st.builds(
    lambda asked, answer, thought: [
        {"role": "user", "content": asked},
        {"role": "assistant", "content": answer, "reasoning_content": thought},
    ],
    USER,
    ANSWER,
    THOUGHT,
)
CALLED = st.builds(
    lambda asked, thought, call, result, answer: [
        {"role": "user", "content": asked},
        {"role": "assistant", "content": "", "reasoning_content": thought, "tool_calls": [call]},
        {"role": "tool", "content": result},
        {"role": "assistant", "content": answer},
    ],
    USER,
    THOUGHT,
    st.sampled_from(CALL),
    st.sampled_from(["1", "2"]),
    ANSWER,
)
TOOLS = [[{"type": "function", "function": {"name": name, "parameters": {}}}] for name in "fg"]
ROW = st.fixed_dictionaries(
    {
        "messages": st.lists(SPOKEN | CALLED, min_size=1, max_size=3).map(
            lambda steps: [*chain.from_iterable(steps)]
        )
    },
    optional={"system": st.sampled_from(["Be brief.", "be brief."]), "tools": st.sampled_from(TOOLS)},
)
LABELLED = st.fixed_dictionaries({"messages": SPOKEN, "label": st.booleans()})
PAIR = st.fixed_dictionaries(
    {"prompt": USER, "chosen": st.sampled_from("ab"), "rejected": st.sampled_from("cCd")}
)


@settings(max_examples=50, deadline=None)
@given(
    kind_rows=st.tuples(st.just("messages"), st.lists(ROW, min_size=4, max_size=12))
    | st.tuples(st.just("messages"), st.lists(LABELLED, min_size=4, max_size=12))
    | st.tuples(st.just("preference"), st.lists(PAIR, min_size=4, max_size=12)),
    turns=st.sampled_from(["unroll", "last", "all"]),
    format=st.sampled_from(["sharegpt", "alpaca"]),
    val=st.sampled_from([0, 1]),
)
def test_convert_leaves_no_duplicates_and_no_leaks(kind_rows, turns, format, val):
    kind, rows = kind_rows
    sound = [{"messages": chat_messages("first")}, {"messages": chat_messages("second")}]
    if kind == "preference":
        sound = [{"prompt": text, "chosen": "a", "rejected": "b"} for text in ("first", "second")]
    if "label" in rows[0]:
        sound = [{**row, "label": True} for row in sound]
    with TemporaryDirectory() as name:
        source = Path(name) / "rows.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in [*sound, *rows]), "utf-8")
        folder = Path(name) / "data"
        convert(ConvertOptions((f"{kind}:{source}",), "set", folder, turns=turns, format=format, val=val))
        codes = {finding.code for finding in check(folder).findings}
    assert not codes & {"duplicate", "leak", "question_leak"}


def chat_messages(text):
    return [{"role": role, "content": text} for role in ("user", "assistant")]
