"""Why a row was rejected, and what was repaired in one that was kept: every code, in one table."""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """`message` says what is wrong (or what was repaired); `hint` says how to cure it."""

    message: str
    hint: str


REJECTED: dict[str, Reason] = {
    "malformed": Reason("the row cannot be parsed", "repair the row in the source, or leave it out"),
    "truncated": Reason(
        "the file ends inside this row (truncated file)", "download the file again: it is truncated"
    ),
    "invalid_utf8": Reason("the row contains bytes that are not UTF-8", "save the file as UTF-8"),
    "surrogate": Reason(
        "the row contains half of a surrogate pair, which is not a character", "write the character itself"
    ),
    "nul": Reason("a text contains a NUL character", "remove it: no tokenizer has a use for it"),
    "not_object": Reason("the row is not an object with named fields", "write one JSON object per row"),
    "missing_field": Reason("a required field is missing or null", "fill it, or leave the row out"),
    "column_clash": Reason(
        "two columns differ in upper and lower case only, and either may be meant",
        "name the column that is meant: --columns ROLE=COLUMN",
    ),
    "not_text": Reason(
        "a number, list or object where text is required",
        "write it as text, or use its JSON text: --as-text",
    ),
    "option_number": Reason(
        "the answer is an option number, and it is unclear whether options count from 0 or 1",
        "write the letter of the option, or its text",
    ),
    "several_answers": Reason(
        "the row has several rated answers, and none is marked correct",
        "keep the right answer, or make a record of each: --every",
    ),
    "none_correct": Reason(
        "no answer of the row is marked correct", "there is nothing to learn; leave it out"
    ),
    "attempts_uneven": Reason(
        "the numbers of reasonings and of answers differ",
        "write one answer for all reasonings, or one for each",
    ),
    "bad_turns": Reason(
        "the turns are not a list of messages", "write a list of {from, value} or {role, content}"
    ),
    "unknown_role": Reason(
        "a turn has an unknown role",
        "use the roles user, assistant, system or tool; if two speak and the first is the user: "
        "lf-qwen3 convert two_speakers:SOURCE",
    ),
    "roles": Reason("user and assistant turns do not alternate", "merge or remove the extra turn"),
    "late_system": Reason(
        "a system turn comes after the first turn",
        "move its text into the first turn, or into the user turn that follows it",
    ),
    "no_answer": Reason(
        "the conversation has no assistant turn",
        "prompts without answers are data for reinforcement learning; if another column "
        "holds the answers: --columns question=messages,answer=COLUMN",
    ),
    "nothing_learnt": Reason(
        "every answer of the row is marked as not to be trained on",
        "leave the row out, or remove the mark (loss, weight, train, ...) of the answer to train on",
    ),
    "system_twice": Reason("the row has two different system texts", "keep one of them"),
    "empty_question": Reason("a user turn is empty", "write the question, or leave the row out"),
    "empty_answer": Reason("an assistant turn is empty", "write the answer, or leave the row out"),
    "special_token": Reason(
        "a text contains a Qwen control token (special token), which the tokenizer would "
        "read as a control token",
        "remove it, or keep it on purpose: --allow-special",
    ),
    "broken_template": Reason("chat template text cannot be unwrapped", "write the plain text of each turn"),
    "think_unclosed": Reason("a think block is opened and never closed", "close it before the answer"),
    "think_unopened": Reason("a closing think tag without an opened block", "keep one closing tag per block"),
    "think_nested": Reason("a think block inside a think block", "keep one block per turn"),
    "think_not_first": Reason("text before the think block", "put the think block first in the turn"),
    "think_several": Reason("several think blocks with text between them", "keep one block per turn"),
    "think_twice": Reason("the thinking column and the answer have different reasoning", "keep one of them"),
    "bad_tool_call": Reason(
        "a tool call is not JSON with name and arguments", '{"name": …, "arguments": {…}}'
    ),
    "bad_tools": Reason("the tools are not a JSON list of descriptions", '[{"name": …, "parameters": …}, …]'),
    "tools_twice": Reason(
        "the system text lists a tool that the row's own tools do not have", "keep one list of tools"
    ),
    "same_preference": Reason(
        "the chosen and the rejected answer are the same",
        "there is no preference to learn; leave the row out",
    ),
    "preference_prompts": Reason(
        "the chosen and the rejected conversation differ before their last turn",
        "both have to answer the same prompt; only the last turns may differ",
    ),
    "marked_wrong": Reason(
        "the row is marked as wrong", "nothing to do: --columns correct=COLUMN leaves such rows out"
    ),
    "label_unclear": Reason(
        "the label is neither yes nor no", "write true or false, 1 or 0, yes or no, correct or incorrect"
    ),
    "ranks_unfit": Reason(
        "the ranks or scores do not order the answers",
        "write one number for each answer, not the same for all",
    ),
    "multimodal": Reason(
        "a turn contains an image, audio or video",
        "only text can be converted; if the column holds none of these: --columns ignore=COLUMN",
    ),
    "needs_unroll": Reason(
        "an answer is marked as not to be trained on, but --turns all trains on every answer",
        "use --turns unroll",
    ),
    "needs_sharegpt": Reason("alpaca records cannot hold tool turns", "use --format sharegpt"),
}

_AS_ASKED = frozenset({"marked_wrong"})
"""Codes of rows that the user asked to leave out."""

REPAIRED: dict[str, Reason] = {
    "think_whitespace": Reason("white space around a think tag was corrected", ""),
    "think_tag_renamed": Reason("another spelling of the think tag was corrected", ""),
    "think_open_missing": Reason("the opening think tag that R1 chat templates leave out was added", ""),
    "think_empty": Reason("an empty think block was removed; the chat template adds it", ""),
    "think_merged": Reason("adjacent think blocks were merged into one", ""),
    "think_column_tags": Reason("think tags around a thinking column were removed", ""),
    "think_twice_same": Reason(
        "the answer repeated the think block of the thinking column; one was kept", ""
    ),
    "solution_tags": Reason("the solution or answer tags around an answer were removed", ""),
    "first_of_several": Reason("the first (correct) of several answers was kept; --every keeps all", ""),
    "option_letter": Reason(
        "an answer that named an option by column or number was replaced by its letter", ""
    ),
    "as_text": Reason("a number, list or object was replaced by its JSON text", ""),
    "unescaped": Reason("line breaks written as two characters, \\n, became line breaks", ""),
    "chat_template": Reason("chat template text inside a field was unwrapped", ""),
    "end_token": Reason("an end token at the end of a text was removed; the chat template adds it", ""),
    "tool_wire_format": Reason("tool calls or tool results were taken out of their tags in a text", ""),
    "tools_in_system": Reason(
        "tools were moved out of the system text; the chat template lists them itself", ""
    ),
    "crlf": Reason("Windows line endings inside a text became \n", ""),
    "ranked_list": Reason("the best and the worst of a list of answers became the pair", ""),
    "tool_loop_thinking": Reason(
        "reasoning between the tool calls of one question was written so that the trainer keeps it", ""
    ),
    "tools_as_system": Reason(
        "tools without a system text were written as Qwen3 writes them: as a system text", ""
    ),
    "pair_framed": Reason("one answer of a pair has reasoning: the other got an empty think block", ""),
    "turns_joined": Reason("turns of one speaker in a row were joined with a blank line", ""),
    "trailing_user": Reason("a last user turn without an answer was removed", ""),
    "leading_assistant": Reason("a greeting before the first user turn was removed", ""),
    "not_learnt": Reason("an answer that is marked as not to be trained on was kept as history only", ""),
}


def is_fault(code: str) -> bool:
    """Return whether a rejected row has a fault to stop at, or was left out as the user asked."""
    return code not in _AS_ASKED


def describe(code: str) -> str:
    """Return the message of a code, rejected or repaired."""
    return (REJECTED | REPAIRED)[code].message
