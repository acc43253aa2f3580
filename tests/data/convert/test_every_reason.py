"""A row for every code of a rejection and of a repair: convert gives that code, and no other."""

import json
from typing import Literal

import pytest

from lf_qwen3.base.reasons import REJECTED, REPAIRED
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.qwen3.thinking import CLOSE, OPEN, frame

ANSWER = "It is a stone."


def chat(*turns, **others):
    """Return a row of (role, text) turns."""
    return {"messages": [{"role": role, "content": text} for role, text in turns], **others}


def asked(answer, question="What is it?"):
    return chat(("user", question), ("assistant", answer))


def marked(*marks):
    """Return a dialogue of which each answer has keys of its own."""
    turns = asked(ANSWER)["messages"]
    return {"messages": [turn for mark in marks for turn in (turns[0], {**turns[1], **mark})]}


def preference(chosen, rejected, prompt="What is it?"):
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected}


def column(thinking, answer):
    return {"question": "What is it?", "reasoning": thinking, "answer": answer}


TOOL = {"name": "f", "parameters": {}}
CALL = {"function": {"name": "f", "arguments": {}}}
SPLIT_PAIR = {
    "chosen": [{"role": "user", "content": "What?"}, {"role": "assistant", "content": ANSWER}],
    "rejected": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "It is me."}],
}
TOOL_TURNS = chat(("user", "q"), ("assistant", ""), ("tool", "7"), ("assistant", ANSWER))
TOOL_TURNS["messages"][1]["tool_calls"] = [CALL]
REASONED_CALL = chat(("user", "q"), ("assistant", ""), ("tool", "7"), ("assistant", ANSWER))
REASONED_CALL["messages"][1] |= {"tool_calls": [CALL], "reasoning_content": "r"}

REJECTED_ROWS = {
    "malformed": b'{"messages": nothing}',
    "truncated": b'{"messages": [{"role": "user", "content": "Wha',
    "invalid_utf8": b'{"messages": "\xff\xfe"}',
    "surrogate": b'{"messages": "\\ud800 is half"}',
    "nul": asked("a\0b"),
    "not_object": [1, 2],
    "missing_field": chat(("user", None), ("assistant", ANSWER)),
    "not_text": chat(("user", 7), ("assistant", ANSWER)),
    "column_clash": {**chat(("user", "q"), ("assistant", "a")), "Messages": asked(ANSWER)["messages"]},
    "bad_turns": {"messages": "a text"},
    "unknown_role": chat(("narrator", "q"), ("assistant", ANSWER)),
    "roles": chat(("user", "q"), ("assistant", "a"), ("assistant", ANSWER)),
    "no_answer": chat(("user", "q")),
    "late_system": chat(("user", "q"), ("system", "s"), ("assistant", ANSWER)),
    "nothing_learnt": marked({"loss": False}),
    "needs_unroll": marked({"loss": False}, {}),
    "system_twice": chat(("system", "a"), ("user", "q"), ("assistant", ANSWER), system="b"),
    "empty_question": asked(ANSWER, question=" "),
    "empty_answer": asked(frame("r", "")),
    "special_token": asked("a<|endoftext|>b"),
    "broken_template": asked(ANSWER, question="<|im_start|>narrator\nq<|im_end|>"),
    "think_unclosed": asked(f"{OPEN}\nr"),
    "think_unopened": asked(f"{OPEN}\nr\n{CLOSE}\n\na{CLOSE}"),
    "think_nested": asked(f"{OPEN}a{OPEN}b{CLOSE}{CLOSE}\n\na"),
    "think_not_first": asked(f"First. {OPEN}\nr\n{CLOSE}\n\na"),
    "think_several": asked(f"{OPEN}\nr\n{CLOSE}\n\na {OPEN}\ns\n{CLOSE}\n\nb"),
    "think_twice": column("One way.", frame("Another way.", ANSWER)),
    "bad_tool_call": {
        "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": "", "tool_calls": [{"function": {"arguments": {}}}]},
        ]
    },
    "tools_twice": chat(
        ("system", f"S <tools>{json.dumps(TOOL)}</tools>"),
        *(("user", "q"), ("assistant", ANSWER)),
        tools=[{**TOOL, "name": "g"}],
    ),
    "bad_tools": {**asked(ANSWER), "tools": "no JSON"},
    "same_preference": preference(ANSWER, "It is  a stone."),
    "preference_prompts": SPLIT_PAIR,
    "marked_wrong": {"ask": "What is it?", "reply": "It is a bird.", "right": 0},
    "label_unclear": {"instruction": "What is it?", "output": ANSWER, "kto_tag": "perhaps"},
    "ranks_unfit": {"input": "What is it?", "output": ["A stone.", "A bird."], "rank": [1, 1]},
    "multimodal": chat(("user", [{"type": "image_url", "image_url": {"url": "a"}}]), ("assistant", ANSWER)),
    "needs_sharegpt": TOOL_TURNS,
    "option_number": {"question": "Which?", "options": ["a stone", "a tree"], "answer": 1},
    "several_answers": {"question": "Which?", "completions": [{"text": "a"}, {"text": "b"}]},
    "none_correct": {"question": "Which?", "generations": [ANSWER, "b"], "is_correct": [False, False]},
    "attempts_uneven": {"question": "Which?", "trajectories": ["a", "b"], "attempts": ["a", "b", "c"]},
}
REPAIRED_ROWS = {
    "think_whitespace": asked(f"{OPEN}r{CLOSE}\n{ANSWER}"),
    "think_tag_renamed": asked(f"<thinking>\nr\n</thinking>\n\n{ANSWER}"),
    "think_open_missing": asked(f"r\n{CLOSE}\n\n{ANSWER}"),
    "think_empty": asked(frame("", ANSWER)),
    "think_merged": asked(f"{frame('r', '')}{frame('s', ANSWER)}"),
    "think_column_tags": column(f"{OPEN}One way.{CLOSE}", ANSWER),
    "think_twice_same": column("One way.", frame("One way.", ANSWER)),
    "solution_tags": asked(
        f"<|begin_of_thought|>\nr\n<|end_of_thought|>\n\n<|begin_of_solution|>\n{ANSWER}\n<|end_of_solution|>"
    ),
    "chat_template": asked(f"<|im_start|>assistant\n{ANSWER}<|im_end|>"),
    "end_token": asked(f"{ANSWER}<|im_end|>"),
    "tool_wire_format": asked('<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'),
    "tools_in_system": chat(
        ("system", f"S <tools>{json.dumps(TOOL)}</tools>"), ("user", "q"), ("assistant", ANSWER)
    ),
    "crlf": asked("One.\r\nTwo."),
    "ranked_list": {"ranks": [2, 1], "prompt": "What is it?", "responses": ["A stone.", "A bird."]},
    "leading_assistant": chat(("assistant", "Hello!"), ("user", "q"), ("assistant", ANSWER)),
    "not_learnt": marked({"loss": False}, {}),
    "first_of_several": {"question": "Which?", "generations": [ANSWER, "b"]},
    "option_letter": {"question": "Which?", "choice1": "a stone", "choice2": "a tree", "answer": "choice1"},
    "as_text": {"question": "Which?", "answer": 8},
    "unescaped": column("One way.", "One.\\nTwo.\\nThree."),
    "turns_joined": chat(("user", "q"), ("user", "r"), ("assistant", ANSWER)),
    "trailing_user": chat(("user", "q"), ("assistant", ANSWER), ("user", "r")),
    "tool_loop_thinking": REASONED_CALL,
    "tools_as_system": {**asked(ANSWER), "tools": [{"name": "f", "parameters": {}}]},
    "pair_framed": preference(frame("r", ANSWER), "It is me."),
}
GOOD = {
    "input": {"input": "And that?", "output": "It is a tree."},
    "ranks": {"ranks": [1, 2], "prompt": "And that?", "responses": ["It is a tree.", "It is a bird."]},
    "ask": {"ask": "And that?", "reply": "It is a tree.", "right": 1},
    "instruction": {"instruction": "And that?", "output": "It is a tree.", "kto_tag": True},
    "messages": asked("It is a tree.", question="And that?"),
    "prompt": preference("It is a tree.", "It is a bird.", prompt="And that?"),
    "question": {**column("Look.", "It is a tree."), "question": "And that?"},
    "chosen": {**SPLIT_PAIR, "rejected": [SPLIT_PAIR["chosen"][0], SPLIT_PAIR["rejected"][1]]},
}


COLUMNS = {"marked_wrong": ("question=ask,answer=reply,correct=right",)}


def converted(folder, row, code=""):
    """Convert a good row of the same shape and this one."""
    good = GOOD[next(iter(row)) if isinstance(row, dict) else "messages"]
    line = row if isinstance(row, bytes) else json.dumps(row).encode()
    source = folder / "in.jsonl"
    end = b"" if code == "truncated" else b"\n"
    source.write_bytes(json.dumps(good).encode() + b"\n" + line + end)
    format_name: Literal["alpaca", "sharegpt"] = "alpaca" if code == "needs_sharegpt" else "sharegpt"
    turns: Literal["all", "unroll"] = "all" if code == "needs_unroll" else "unroll"
    columns = COLUMNS.get(code, ())
    cure = {code: True} if code == "as_text" else {"unescape": True} if code == "unescaped" else {}
    return convert(
        ConvertOptions(
            (str(source),), "a", folder / "data", format=format_name, turns=turns, columns=columns, **cure
        )
    )


def test_the_rows_are_those_of_all_codes():
    assert set(REJECTED_ROWS) == set(REJECTED)
    assert set(REPAIRED_ROWS) == set(REPAIRED)


@pytest.mark.parametrize("code", REJECTED_ROWS)
def test_a_rejection_is_given(tmp_path, code):
    report = converted(tmp_path, REJECTED_ROWS[code], code)
    assert (report.rejected, report.repaired, report.read) == ({code: 1}, {}, 2)


@pytest.mark.parametrize("code", REPAIRED_ROWS)
def test_a_repair_is_given(tmp_path, code):
    report = converted(tmp_path, REPAIRED_ROWS[code], code)
    other = {"think_tag_renamed"} if code == "solution_tags" else set()
    assert (set(report.repaired), report.rejected, report.read) == ({code} | other, {}, 2)
