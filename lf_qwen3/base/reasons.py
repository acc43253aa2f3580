"""Why a row was rejected, and what was mended in one that was kept: every code, in one table."""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """`message` says what is wrong (or what was mended); `hint` says how to cure it."""

    message: str
    hint: str


REJECTED: dict[str, Reason] = {
    "malformed": Reason("the row cannot be parsed", "repair the row in the source, or leave it out"),
    "truncated": Reason("the file breaks off inside this row", "fetch the file again: it is cut short"),
    "invalid_utf8": Reason("the row holds bytes that are not UTF-8", "save the file as UTF-8"),
    "surrogate": Reason("the row holds half of a surrogate pair, no character", "write the character itself"),
    "nul": Reason("a text holds a NUL character", "remove it: no tokenizer has a use for it"),
    "not_object": Reason("the row is no object with named fields", "one JSON object per row is expected"),
    "missing_field": Reason("a needed field is missing or null", "fill it, or leave the row out"),
    "column_clash": Reason(
        "two columns differ in case only, and either may be meant",
        "name the one that is meant: --columns ROLE=COLUMN",
    ),
    "not_text": Reason(
        "a number, list or object stands where text is due",
        "write it as text, or take its JSON text: --as-text",
    ),
    "option_number": Reason(
        "the answer is the number of an option, and whether it counts from 0 or from 1 cannot be told",
        "write the letter of the option, or its text",
    ),
    "several_answers": Reason(
        "the row brings several rated answers and none is called correct",
        "keep the one that is meant, or take each as a record: --every",
    ),
    "none_correct": Reason(
        "no answer of the row is marked correct", "there is nothing to learn; leave it out"
    ),
    "attempts_uneven": Reason(
        "the numbers of reasonings and of answers differ", "one answer for all, or one for each reasoning"
    ),
    "bad_turns": Reason("the turns are not a list of messages", "a list of {from, value} or {role, content}"),
    "unknown_role": Reason(
        "a turn has a role that is not known", "call the speakers user, assistant, system or tool"
    ),
    "roles": Reason("the roles do not alternate", "user and assistant in turn; merge or drop the odd turn"),
    "late_system": Reason(
        "a system turn stands behind the first turn",
        "move its text into the first turn, or into the user turn that follows it",
    ),
    "no_answer": Reason(
        "the conversation has no assistant turn",
        "prompts alone are data for reinforcement learning; if another column holds the answers, "
        "--columns question=messages,answer=COLUMN",
    ),
    "nothing_learnt": Reason(
        "the row marks every answer as not to be learnt",
        "leave the row out, or take the mark (loss, weight, train, ...) off the answer to learn",
    ),
    "system_twice": Reason("the row brings two different system texts", "keep one of them"),
    "empty_question": Reason("a user turn is empty", "write the question, or leave the row out"),
    "empty_answer": Reason("an assistant turn is empty", "write the answer, or leave the row out"),
    "special_token": Reason(
        "a text holds a Qwen control token; the tokenizer would obey it",
        "remove it, or keep it on purpose with --allow-special",
    ),
    "broken_template": Reason("chat-template text cannot be unwrapped", "write the bare text of each turn"),
    "think_unclosed": Reason("a reasoning block is opened and never closed", "close it before the answer"),
    "think_unopened": Reason("a closing think tag has no block to close", "keep one closing tag per block"),
    "think_nested": Reason("a reasoning block stands inside another", "keep one block per turn"),
    "think_not_first": Reason("text stands before the reasoning block", "the block comes first in a turn"),
    "think_several": Reason("several reasoning blocks with text between them", "keep one block per turn"),
    "think_twice": Reason("the thinking column and the answer bring different reasoning", "keep one of them"),
    "bad_tool_call": Reason("a tool call is no JSON of name and arguments", '{"name": …, "arguments": {…}}'),
    "bad_tools": Reason("the tools are no JSON list of descriptions", '[{"name": …, "parameters": …}, …]'),
    "tools_twice": Reason(
        "the system text lists a tool that the row's own tools lack", "keep one list of tools"
    ),
    "same_preference": Reason("the chosen and the rejected answer are the same", "no preference to learn"),
    "preference_prompts": Reason(
        "the chosen and the rejected dialogue differ before their last turn",
        "both answer the same prompt; only the last turns may differ",
    ),
    "marked_wrong": Reason("the row is marked as wrong", "it is left out, as --columns correct=COLUMN asks"),
    "label_unclear": Reason(
        "the label says neither yes nor no", "write true or false, 1 or 0, yes or no, correct or incorrect"
    ),
    "ranks_unfit": Reason(
        "the ranks or scores do not tell the answers apart",
        "one number for each answer, and not the same for all",
    ),
    "multimodal": Reason(
        "a turn holds an image, audio or video",
        "only text can be converted; a column that holds none: --columns ignore=COLUMN",
    ),
    "needs_unroll": Reason(
        "an answer is marked as not to be learnt, and --turns all learns every answer", "use --turns unroll"
    ),
    "needs_sharegpt": Reason("alpaca records cannot hold tool turns", "use --format sharegpt"),
}

_AS_ASKED = frozenset({"marked_wrong"})
"""Codes of rows that the user asked to leave out."""

REPAIRED: dict[str, Reason] = {
    "think_whitespace": Reason("the white space around a think tag was made canonical", ""),
    "think_tag_renamed": Reason("another spelling of the think tag was made canonical", ""),
    "think_open_missing": Reason("the opening think tag that R1 templates leave out was added", ""),
    "think_empty": Reason("an empty reasoning block was taken away; the template adds it", ""),
    "think_merged": Reason("adjoining reasoning blocks were merged into one", ""),
    "think_column_tags": Reason("think tags around a thinking column were taken off", ""),
    "think_twice_same": Reason("the answer repeated the thinking column's block; one was kept", ""),
    "solution_tags": Reason("the solution or answer tags around an answer were taken off", ""),
    "first_of_several": Reason("of several answers the first (correct) one was taken; --every takes all", ""),
    "option_letter": Reason("an answer that named the column or number of an option became its letter", ""),
    "as_text": Reason("a number, list or object became its JSON text", ""),
    "unescaped": Reason("line ends written as two characters, \\n, became line ends", ""),
    "chat_template": Reason("chat-template text inside a field was unwrapped", ""),
    "end_token": Reason("an end token at the end of a text was taken off; the template adds it", ""),
    "tool_wire_format": Reason("tool calls or answers were taken out of their tags in a text", ""),
    "tools_in_system": Reason("tools were taken out of the system text; the template lists them itself", ""),
    "crlf": Reason("Windows line ends inside a text became plain ones", ""),
    "ranked_list": Reason("of a list of answers the best and the worst became the pair", ""),
    "tool_loop_thinking": Reason(
        "thinking between the tool calls of one question stays, written so that the trainer keeps it", ""
    ),
    "tools_as_system": Reason(
        "tools without a system text were written as Qwen3 writes them: as its text", ""
    ),
    "pair_framed": Reason("one side of a pair thinks: the plain side got its empty reasoning block", ""),
    "trailing_user": Reason("a last user turn without an answer was dropped", ""),
    "leading_assistant": Reason("a greeting before the first user turn was dropped", ""),
    "not_learnt": Reason("an answer that is marked as not to be learnt was kept as history only", ""),
}


def is_fault(code: str) -> bool:
    """Tell whether a rejected row has a fault to stop at, or was left out as the user asked."""
    return code not in _AS_ASKED


def describe(code: str) -> str:
    """Return the message of a code, rejected or repaired."""
    return (REJECTED | REPAIRED)[code].message
