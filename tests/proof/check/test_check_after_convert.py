"""What `convert` writes holds nothing that `check` calls an error: each rule is defined once for both."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from lf_qwen3.base.reasons import REJECTED
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.proof.check import check
from lf_qwen3.proof.check.rules.registered import all_checks
from lf_qwen3.qwen3.special_tokens import ADDED_TOKENS
from lf_qwen3.qwen3.thinking import OPEN, frame

BLANKS = [" ", "\n", "\n\n", "\0", "\r\n", "\u3000", "\x1c", "\x85"]
TAGS = [
    "<think",
    "<thinking>",
    "</thinking>",
    "< think >",
    "<THINK>",
    "<|begin_of_thought|>",
    frame("r", "a"),
]
PIECES = ["a", "b", "<", ">", '"', "\ud800", "<|im_sep|>", "\\u003c", *BLANKS, *TAGS, *ADDED_TOKENS]
TEXT = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
CALLS = st.none() | st.lists(
    st.builds(lambda text: {"function": {"name": "f", "arguments": {"x": text}}}, TEXT), max_size=2
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "tool"]), "content": TEXT},
    optional={"tool_calls": CALLS, "reasoning_content": st.none() | TEXT},
)
DIALOGUE = st.tuples(
    st.builds(lambda text: {"role": "user", "content": text}, TEXT),
    st.builds(
        lambda text, thinking, calls: {
            "role": "assistant",
            "content": text,
            "reasoning_content": thinking,
            "tool_calls": calls,
        },
        TEXT,
        st.none() | TEXT,
        CALLS,
    ),
).map(list)
TOOLS = st.none() | st.just("") | st.builds(lambda text: [{"name": "f", "description": text}], TEXT)
CHAT = st.fixed_dictionaries(
    {"messages": DIALOGUE | st.lists(MESSAGE, max_size=5)}, optional={"tools": TOOLS, "system": TEXT}
)
PAIR = st.fixed_dictionaries({"prompt": TEXT, "chosen": TEXT, "rejected": TEXT}, optional={"system": TEXT})
REASONING = st.fixed_dictionaries({"question": TEXT, "think": TEXT, "answer": TEXT})
SOUND: dict[str, dict[str, Any]] = {
    "messages": {"messages": [{"role": role, "content": "text"} for role in ("user", "assistant")]},
    "preference": {"prompt": "q", "chosen": "yes", "rejected": "no"},
    "reasoning": {"question": "q", "think": "t", "answer": "a"},
}
PAIR_OF_ONE = {"prompt": "q", "chosen": "It is four.", "rejected": "It is  four."}
ROWS = st.one_of(
    *(
        st.tuples(st.just(kind), st.lists(row, min_size=1, max_size=8))
        for kind, row in (("messages", CHAT), ("preference", PAIR), ("reasoning", REASONING))
    )
)


def errors_after_convert(kind, rows, **options):
    """Convert hostile rows behind a sound one; return the errors that `check` finds in what was written."""
    with TemporaryDirectory() as folder:
        source = Path(folder) / "in.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in [SOUND[kind], *rows]), "utf-8")
        convert(ConvertOptions((f"{kind}:{source}",), "set", Path(folder) / "data", **options))
        report = check(Path(folder) / "data")
        return [(finding.code, finding.detail) for finding in report.findings if finding.severity == "error"]


@given(ROWS, st.sampled_from(["sharegpt", "alpaca"]), st.sampled_from(["unroll", "last", "all"]))
@example(("preference", [PAIR_OF_ONE]), "sharegpt", "last")
@example(("reasoning", [{**SOUND["reasoning"], "question": f"What does {OPEN} do?"}]), "sharegpt", "last")
@example(("reasoning", [{**SOUND["reasoning"], "question": " "}]), "alpaca", "unroll")
def test_no_record_that_convert_writes_is_an_error_to_check(rows, format, turns):
    assert errors_after_convert(*rows, format=format, turns=turns) == []


def test_what_convert_rejects_is_an_error_to_check():
    severities = {rule.code: rule.severity for rule in all_checks() if rule.code in REJECTED}
    assert {"empty_question", "empty_answer", "same_preference", "special_token", "nul"} <= set(severities)
    assert set(severities.values()) == {"error"}
