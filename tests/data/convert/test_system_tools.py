import json

import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.convert.normalise import normalise
from lf_qwen3.data.convert.rules import all_rules, require_sound

LAMP = {"name": "lamp", "description": "It's a lamp.", "parameters": {"type": "object", "properties": {}}}
FAN = {"type": "function", "function": {"name": "fan", "parameters": {}}}
SCHEMA = (
    "{'title': 'FunctionCall', 'type': 'object', 'properties': {'arguments': {'title': 'Arguments', 'type': "
    "'object'}, 'name': {'title': 'Name', 'type': 'string'}}, 'required': ['arguments', 'name']}"
)


def normalised(system, tools=None):
    turns = [Turn("user", "Lamp on."), Turn("assistant", "No.")]
    conversation = Conversation(turns, system, json.dumps(tools) if tools else "")
    normalise(conversation)
    return conversation


LISTS = {
    "one": (json.dumps(LAMP), [LAMP]),
    "list": (json.dumps([LAMP, FAN]), [LAMP, FAN]),
    "lines": (f"{json.dumps(LAMP)}\n{json.dumps(FAN)}", [LAMP, FAN]),
    "indented": (json.dumps([LAMP], indent=2), [LAMP]),
    "written-by-python": (str([LAMP, FAN]), [LAMP, FAN]),
}


@pytest.mark.parametrize(("listed", "tools"), LISTS.values(), ids=LISTS)
def test_tools_between_tags_become_the_tools(listed, tools):
    conversation = normalised(f"You call functions.\n<tools>\n{listed}\n</tools>")
    assert conversation.system == "You call functions."
    assert json.loads(conversation.tools) == tools
    assert conversation.repairs == {"tools_in_system"}


@pytest.mark.parametrize(
    ("system", "kept"),
    [
        pytest.param(
            "# Tools\n\nYou may call one or more functions to assist with the user "
            "query.\n\nYou are provided "
            "with function signatures within <tools></tools> XML tags:\n<tools>\nTOOLS\n</tools>\n\nFor each "
            "function call, return a json object with function name and arguments within "
            "<tool_call></tool_call> XML tags:\n<tool_call>\n"
            '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>',
            "",
            id="qwen",
        ),
        pytest.param(
            "You are a function calling AI model. You are provided with function signatures within "
            "<tools></tools> XML tags. You may call one or more functions to assist with the "
            "user query. Don't "
            "make assumptions about what values to plug into functions. Here are the available "
            "tools: <tools> "
            f"TOOLS </tools> Use the following pydantic model json schema for each tool call you will make: "
            f"{SCHEMA} For each function call return a json object with function name and arguments within "
            "<tool_call></tool_call> XML tags as follows:\n<tool_call>\n{'arguments': <args-dict>, 'name': "
            "<function-name>}\n</tool_call>",
            "You are a function calling AI model. Don't make assumptions about what values to plug into "
            "functions.",
            id="hermes-2",
        ),
        pytest.param(
            "You are a function calling AI model. You are provided with function signatures within <tools> "
            "</tools> XML tags. You may call one or more functions to assist with the user "
            "query. If available "
            "tools are not relevant in assisting with user query, just respond in natural conversational "
            "language. After calling & executing the functions, you will be provided with function results "
            "within <tool_response> </tool_response> XML tags. Here are the available "
            "tools:\n<tools>\nTOOLS\n"
            "</tools>\nFor each function call return a JSON object, with the following pydantic model json "
            f"schema for each:\n{SCHEMA}\nEach function call should be enclosed within "
            f"<tool_call> </tool_call> "
            "XML tags.\nExample:\n<tool_call>\n{tool_call}\n</tool_call>",
            "You are a function calling AI model. If available tools are not relevant in assisting with user "
            "query, just respond in natural conversational language.",
            id="hermes-3",
        ),
        pytest.param(
            "Enclose your thoughts in <think> </think> tags. Here are the available tools: <tools>\nTOOLS\n"
            "</tools>. Use the following pydantic model json schema for each tool call you will make: "
            f"{SCHEMA}. For each function call return a json object with function name and arguments within "
            "<tool_call></tool_call> XML tags as follows:\n<tool_call>\n"
            '{"name": <function-name>,"arguments": <args-dict>}\n</tool_call>',
            "Enclose your thoughts in <think> </think> tags.",
            id="hermes-reasoning",
        ),
        pytest.param(
            "S\n\n# Tools\n\nYou have access to the following "
            "functions:\n\n<tools>\nTOOLS\n</tools>\n\nIf you "
            "choose to call a function ONLY reply in the following format with NO suffix:\n\n<tool_call>\n"
            "<function=example_function_name>\n<parameter=example_parameter_1>\nvalue_1\n</parameter>\n"
            "</function>\n</tool_call>\n\n<IMPORTANT>\nReminder:\n- Function calls MUST follow the specified "
            "format: an inner <function=...></function> block must be nested within "
            "<tool_call></tool_call> XML "
            "tags\n</IMPORTANT>",
            "S",
            id="qwen-coder",
        ),
        pytest.param(
            "You are a helpful assistant with access to the following functions. Use them if "
            "required -\nTOOLS",
            "You are a helpful assistant",
            id="glaive",
        ),
    ],
)
def test_what_the_template_says_of_tools_is_taken_off_with_them(system, kept):
    conversation = normalised(system.replace("TOOLS", json.dumps(LAMP)))
    assert conversation.system == kept
    assert json.loads(conversation.tools) == [LAMP]
    require_sound(conversation, all_rules())


@pytest.mark.parametrize(
    "system",
    [
        "Write <tools> and </tools> around them.",
        "You have tools.\n<tools>\nnone\n</tools>",
        "You have tools.\n<tools>\n{broken\n</tools>",
        "Tools: lamp, fan.",
        "You may call one or more functions to assist with the user query.",
        'Your card: {"name": "Ada"}',
    ],
)
def test_a_system_text_without_a_list_of_tools_is_left(system):
    conversation = normalised(system)
    assert (conversation.system, conversation.tools, conversation.repairs) == (system, "", set())


def test_an_unknown_sentence_with_a_tag_stays_beside_tools_and_alone_is_a_special_token():
    conversation = normalised(f"Answer in <tool_call> tags!\n<tools>{json.dumps(LAMP)}</tools>")
    assert conversation.system == "Answer in <tool_call> tags!"
    require_sound(conversation, all_rules())
    conversation.tools = ""
    with pytest.raises(Reject) as caught:
        require_sound(conversation, all_rules())
    assert (caught.value.code, caught.value.detail) == ("special_token", "<tool_call> in the system text")


@pytest.mark.parametrize("system", ["S\n<tools>{}</tools>", "S\n{}", "S\n[{}]", "S\n[{}, {}]"])
def test_tools_of_a_column_count_and_never_stand_in_both(system):
    told = {**LAMP, "description": "d"}
    conversation = normalised(system.replace("{}", json.dumps(told)), [FAN, LAMP])
    assert conversation.system == "S"
    assert json.loads(conversation.tools) == [FAN, LAMP]
    assert conversation.repairs == {"tools_in_system"}


def test_a_list_in_tags_that_cannot_be_read_is_rejected_beside_a_column_of_tools():
    with pytest.raises(Reject) as caught:
        normalised("S\n<tools>\n[{broken]\n</tools>", [LAMP])
    assert (caught.value.code, caught.value.detail) == ("bad_tools", "the system text: not JSON: [{broken]")


def test_a_tool_that_the_column_lacks_is_rejected():
    with pytest.raises(Reject) as caught:
        normalised(f"<tools>{json.dumps([LAMP, FAN])}</tools>", [LAMP])
    assert (caught.value.code, caught.value.detail) == ("tools_twice", "fan")


@pytest.mark.parametrize("value", ['{"name": "Ada"}', "[1, 2]", '{"a": {', "[" * 5000])
def test_other_json_in_a_system_text_is_left(value):
    assert normalised(f"S {value}\u3000", [LAMP]).repairs == set()
    conversation = normalised(f"S {value}", [LAMP])
    assert (conversation.system, conversation.repairs) == (f"S {value}", set())
