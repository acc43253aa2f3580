import json

import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.convert.normalise import normalise
from lf_qwen3.data.convert.rules import all_rules, require_sound
from lf_qwen3.qwen3.thinking import frame

BODY = '{"name": "lamp", "arguments": {"on": true}}'
CALL = f"[{BODY}]"
TAGGED = f"<tool_call>\n{BODY}\n</tool_call>"
ASKED = Turn("user", "Lamp on.")
DONE = Turn("assistant", "It is on.")
LAMP = {"name": "lamp", "description": "d", "parameters": {"type": "object", "properties": {}}}
FAN = {"type": "function", "function": {**LAMP, "name": "fan"}}


def normalised(*turns, system="", tools=None, rejected=None):
    conversation = Conversation(list(turns), system, json.dumps(tools) if tools else "", rejected)
    normalise(conversation)
    return conversation


def calling(text):
    """Return the turn that an assistant's text becomes, and the repairs."""
    conversation = normalised(ASKED, Turn("assistant", text), Turn("tool", "ok"), DONE)
    return conversation.turns[1], conversation.repairs


@pytest.mark.parametrize(
    ("text", "turn"),
    [
        pytest.param(TAGGED, Turn("assistant", "", calls=CALL), id="alone"),
        pytest.param(TAGGED.replace("\n", ""), Turn("assistant", "", calls=CALL), id="in-one-line"),
        pytest.param(f"I will.\n{TAGGED}", Turn("assistant", "I will.", calls=CALL), id="behind-a-text"),
        pytest.param(f"I will. {TAGGED}", Turn("assistant", "I will.", calls=CALL), id="behind-a-sentence"),
        pytest.param(f"好的。{TAGGED}", Turn("assistant", "好的。", calls=CALL), id="behind-chinese"),
        pytest.param(frame("r", TAGGED), Turn("assistant", "", "r", CALL), id="behind-thinking"),
        pytest.param(
            frame("r", f"I will.\n\n{TAGGED}"), Turn("assistant", "I will.", "r", CALL), id="behind-both"
        ),
        pytest.param(
            f"{TAGGED}\n{TAGGED}", Turn("assistant", "", calls=f"[{BODY}, {BODY}]"), id="two-in-two-tags"
        ),
        pytest.param(
            f"<tool_call>\n{BODY}\n{BODY}\n</tool_call>",
            Turn("assistant", "", calls=f"[{BODY}, {BODY}]"),
            id="two-lines-in-a-tag",
        ),
        pytest.param(
            f"<tool_call>[{BODY}, {BODY}]</tool_call>",
            Turn("assistant", "", calls=f"[{BODY}, {BODY}]"),
            id="a-list-in-a-tag",
        ),
        pytest.param(f"<tool_call>\n{BODY}", Turn("assistant", "", calls=CALL), id="never-closed"),
        pytest.param(
            "<tool_call>\n{'arguments': {'on': True}, 'name': 'lamp'}\n</tool_call>",
            Turn("assistant", "", calls=CALL),
            id="written-by-python",
        ),
        pytest.param(
            '<functioncall> {"name": "lamp", "arguments": \'{"on": true}\'} <|endoftext|>',
            Turn("assistant", "", calls=CALL),
            id="glaive",
        ),
        pytest.param(
            '<functioncall> {"name": "say", "arguments": \'{"text": "it\'s\\non"}\'}',
            Turn("assistant", "", calls='[{"name": "say", "arguments": {"text": "it\'s\\non"}}]'),
            id="glaive-with-an-apostrophe",
        ),
        pytest.param(f"[TOOL_CALLS] {CALL}", Turn("assistant", "", calls=CALL), id="mistral"),
        pytest.param(
            '<tool_call>{"name": "lamp", "parameters": {"on": true}}</tool_call>',
            Turn("assistant", "", calls=CALL),
            id="parameters",
        ),
        pytest.param(
            '<tool_call>{"name": "now", "arguments": ""}</tool_call>',
            Turn("assistant", "", calls='[{"name": "now", "arguments": {}}]'),
            id="no-arguments",
        ),
        pytest.param(
            f"<think>\nshall I <b>?\n</think>\n\n{TAGGED}",
            Turn("assistant", "", "shall I <b>?", CALL),
            id="markup-in-thinking",
        ),
    ],
)
def test_calls_at_the_end_of_a_text_are_calls(text, turn):
    assert calling(text) == (
        turn,
        {"tool_wire_format"} | ({"end_token"} if "<|endoftext|>" in text else set()),
    )


@pytest.mark.parametrize(
    "text",
    [
        f"Write `{TAGGED}`",
        f"```\n{TAGGED}\n```",
        f"```\n{TAGGED}",
        f"Write {TAGGED}",
        f"{TAGGED}\nThat is how.",
        f"{TAGGED} and {TAGGED}",
        "<tool_call>\nand so on\n</tool_call>",
        "The tag is <tool_call>",
        f"<tool_call>\n{BODY}\n<tool_call>\n{BODY}\n</tool_call>",
        "<tool_call>[]</tool_call>",
    ],
)
def test_a_tag_that_is_only_quoted_stays_a_special_token(text):
    conversation = normalised(ASKED, Turn("assistant", text))
    with pytest.raises(Reject) as caught:
        require_sound(conversation, all_rules())
    assert (caught.value.code, caught.value.detail) == ("special_token", "<tool_call> in turn 2")


@pytest.mark.parametrize(
    "body",
    [
        "{'name': 'f', 'arguments': {'at': now()}}",
        "{'name': 'f', 'arguments': {1: 2}}",
        "{'name': 'f', 'arguments': {'a': (1, 2)}}",
        "{'name': 'f', 'arguments': {'a': {1, 2}}}",
        "{'name': 'f', 'arguments': {'a': 1e999}}",
        '{"name": "f", "arguments": {"a": NaN}}',
        '{"name": "f"}',
        '{"arguments": {}}',
        '{"name": "f", "arguments": [1]}',
        '{"name": "f", "arguments": {',
        '{"a":' * 100_000,
    ],
)
def test_a_call_that_cannot_be_read_is_rejected_by_name(body):
    with pytest.raises(Reject) as caught:
        normalised(ASKED, Turn("assistant", f"<tool_call>\n{body}\n</tool_call>"))
    assert caught.value.code == "bad_tool_call"
    assert caught.value.detail.startswith("turn 2")


def test_calls_that_stand_in_a_key_too_are_not_doubled():
    turn = Turn("assistant", TAGGED, calls=CALL)
    assert normalised(ASKED, turn, Turn("tool", "ok"), DONE).turns[1] == Turn("assistant", "", calls=CALL)
    other = Turn("assistant", TAGGED, calls='[{"name": "fan", "arguments": {}}]')
    both = normalised(ASKED, other, Turn("tool", "ok"), DONE).turns[1]
    assert json.loads(both.calls) == [{"name": "fan", "arguments": {}}, json.loads(BODY)]


TOOLACE = (
    "You compose functions.\nHere is a list of functions in JSON format that you can "
    "invoke:\n{}. \nShould you decide "
    "to return the function call(s). \nPut it in the format of [func1(params_name=params_value, "
    "params_name2=params_value2...), func2(params)]\n\nNO other text MUST be included. \n"
)
WEATHER = {
    "name": "Weather (now) API",
    "parameters": {"type": "dict", "properties": {"city": {"type": "string"}}},
}


@pytest.mark.parametrize(
    ("answer", "calls", "thinking"),
    [
        ('[Weather (now) API(city="Bonn")]', [("Weather (now) API", {"city": "Bonn"})], None),
        (
            '[Weather (now) API(city="a) [b", days=[1, {"c": None}]), lamp()]',
            [("Weather (now) API", {"city": "a) [b", "days": [1, {"c": None}]}), ("lamp", {})],
            None,
        ),
        (frame("r", "[lamp(on=True)]"), [("lamp", {"on": True})], "r"),
    ],
)
def test_calls_that_toolace_writes_as_python_are_calls(answer, calls, thinking):
    system = TOOLACE.format(json.dumps([WEATHER, LAMP]))
    conversation = normalised(ASKED, Turn("assistant", answer), Turn("tool", "7"), DONE, system=system)
    turn = conversation.turns[1]
    assert json.loads(turn.calls) == [{"name": name, "arguments": given} for name, given in calls]
    assert (turn.content, turn.thinking) == ("", thinking)
    assert conversation.system == "You compose functions."
    assert [tool["name"] for tool in json.loads(conversation.tools)] == ["Weather (now) API", "lamp"]
    assert conversation.repairs == {"tools_in_system", "tool_wire_format"}


@pytest.mark.parametrize("answer", ["[lamp(1)]", "[lamp(on=now())]", "[lamp(on=True), fan()]", "[lamp(**a)]"])
def test_a_call_in_python_that_cannot_be_read_is_rejected_by_name(answer):
    with pytest.raises(Reject) as caught:
        normalised(ASKED, Turn("assistant", answer), system=TOOLACE.format(json.dumps([LAMP])))
    assert (caught.value.code, caught.value.detail) == ("bad_tool_call", f"turn 2: {answer}")


@pytest.mark.parametrize("answer", ["[1] is a source.", "None of them fits.", "[fan(on=True)]"])
def test_other_answers_beside_toolaces_tools_are_texts(answer):
    conversation = normalised(ASKED, Turn("assistant", answer), system=TOOLACE.format(json.dumps([LAMP])))
    assert conversation.turns[1] == Turn("assistant", answer)


def test_a_format_of_calls_in_other_words_leaves_the_row_as_it_is():
    system = TOOLACE.format(json.dumps([LAMP])).replace("Should you decide", "If you decide")
    conversation = normalised(ASKED, Turn("assistant", "[lamp()]"), system=system)
    assert (conversation.system, conversation.tools, conversation.repairs) == (system.strip(), "", set())
    assert conversation.turns[1].content == "[lamp()]"


XML = "<tool_call>\n<function=lamp>\n{}\n</function>\n</tool_call>"
XML_TOOL = {
    "name": "lamp",
    "parameters": {"type": "object", "properties": {"room": {"type": "string"}, "on": {"type": "boolean"}}},
}


@pytest.mark.parametrize("tools", [[XML_TOOL], [FAN, {"type": "function", "function": XML_TOOL}]])
def test_a_call_in_xml_has_the_types_of_its_tool(tools):
    parameters = "<parameter=room>\n12\n</parameter>\n<parameter=on>\ntrue\n</parameter>"
    turns = ASKED, Turn("assistant", f"I will.\n{XML.format(parameters)}"), Turn("tool", "ok"), DONE
    turn = normalised(*turns, tools=tools).turns[1]
    assert turn.content == "I will."
    assert json.loads(turn.calls) == [{"name": "lamp", "arguments": {"room": "12", "on": True}}]


@pytest.mark.parametrize(
    ("parameters", "arguments"),
    [
        ("", {}),
        ("<parameter=a>\n[1, 2]\n</parameter>", {"a": [1, 2]}),
        ("<parameter=a>NaN</parameter><parameter=b>12</parameter>", {"a": "NaN", "b": 12}),
        ("<parameter=a>two\n  lines</parameter>", {"a": "two\n  lines"}),
    ],
)
def test_a_call_in_xml_of_an_unknown_tool_is_read_as_json_where_it_is_some(parameters, arguments):
    turn, _ = calling(XML.format(parameters))
    assert json.loads(turn.calls) == [{"name": "lamp", "arguments": arguments}]


def test_xml_that_is_no_call_stays_a_special_token():
    conversation = normalised(ASKED, Turn("assistant", XML.format("and so on")))
    with pytest.raises(Reject) as caught:
        require_sound(conversation, all_rules())
    assert caught.value.code == "special_token"


def test_a_rejected_answer_may_call():
    conversation = normalised(ASKED, DONE, rejected=Turn("assistant", TAGGED))
    assert conversation.rejected == Turn("assistant", "", calls=CALL)
    with pytest.raises(Reject) as caught:
        normalised(ASKED, DONE, rejected=Turn("assistant", "<tool_call>{</tool_call>"))
    assert caught.value.detail.startswith("the rejected answer")


@pytest.mark.parametrize("role", ["tool", "user"])
@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("<tool_response>\n7\n</tool_response>", ["7"]),
        ("<tool_response>7</tool_response>", ["7"]),
        ("<tool_response>\n7\n</tool_response>\n<tool_response>\n8\n</tool_response>", ["7", "8"]),
    ],
)
def test_answers_of_tools_lose_their_tags_and_are_tool_turns(role, text, answers):
    conversation = normalised(ASKED, Turn("assistant", "", calls=CALL), Turn(role, text), DONE)
    assert conversation.turns[2:-1] == [Turn("tool", answer) for answer in answers]
    assert conversation.repairs == {"tool_wire_format"}
    require_sound(conversation, all_rules())


@pytest.mark.parametrize(
    "text", ["What is <tool_response>7</tool_response>?", "<tool_response>\n7", "</tool_response>"]
)
def test_a_tag_of_an_answer_that_is_only_quoted_stays_a_special_token(text):
    conversation = normalised(Turn("user", text), DONE)
    with pytest.raises(Reject) as caught:
        require_sound(conversation, all_rules())
    assert caught.value.code == "special_token"
    assert not conversation.repairs


def test_glaives_mark_of_an_answer_is_taken_off():
    turns = ASKED, Turn("assistant", "", calls=CALL), Turn("tool", "FUNCTION RESPONSE: 7"), DONE
    assert normalised(*turns).turns[2] == Turn("tool", "7")


def test_qwens_own_template_text_becomes_what_it_was_made_from():
    text = (
        "<|im_start|>system\nBe kind.\n\n# Tools\n\nYou may call one or more functions to "
        "assist with the user "
        "query.\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
        f"{json.dumps(FAN)}\n{json.dumps(FAN).replace('fan', 'lamp')}\n</tools>\n\nFor each function call, "
        "return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n"
        '<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call><|im_end|>\n'
        f"<|im_start|>user\nLamp on.<|im_end|>\n<|im_start|>assistant\n<think>\nr\n</think>\n\n{TAGGED}"
        "<|im_end|>\n<|im_start|>user\n<tool_response>\nok\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\nIt is on.<|im_end|>\n"
    )
    conversation = normalised(Turn("user", text))
    assert conversation.turns == [ASKED, Turn("assistant", "", "r", CALL), Turn("tool", "ok"), DONE]
    assert conversation.system == "Be kind."
    assert [tool["function"]["name"] for tool in json.loads(conversation.tools)] == ["fan", "lamp"]
    assert conversation.repairs == {"chat_template", "tool_wire_format", "tools_in_system"}
