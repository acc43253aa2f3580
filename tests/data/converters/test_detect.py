import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data import converters
from lf_qwen3.data.converters.roles import parse_roles


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        pytest.param("instruction question think answer metrics", "medical_r1", id="medical"),
        pytest.param("Question think answer Metrics", "medical_r1", id="medical-capital"),
        pytest.param("instruction question think answer", "reasoning", id="an-instruction-is-read"),
        pytest.param("prompt completion", "reasoning", id="prompt-completion"),
        pytest.param("question gemini_thinking_trajectory gemini_attempt", "reasoning", id="a-pair"),
        pytest.param("问题 思考 回答", "reasoning", id="chinese"),
        pytest.param("conversations source score", "finetome", id="finetome"),
        pytest.param("conversations system tools", "finetome", id="sharegpt"),
        pytest.param("id conversation", "finetome", id="conversation"),
        pytest.param("conversations question source id", "finetome", id="open-thoughts-2"),
        pytest.param("instruction output", "alpaca", id="alpaca"),
        pytest.param("instruction input output system history", "alpaca", id="alpaca-history"),
        pytest.param("instruction input output text", "alpaca", id="stanford-alpaca"),
        pytest.param("query response", "alpaca", id="ms-swift-query"),
        pytest.param("query response history system", "alpaca", id="ms-swift-history"),
        pytest.param("instruction input output think", "reasoning", id="alpaca-with-thinking"),
        pytest.param("instruction input output system history reasoning", "reasoning", id="alpaca-reasoning"),
        pytest.param("instruction input chosen rejected", "preference", id="llamafactory-ranking"),
        pytest.param("conversations chosen rejected", "preference", id="llamafactory-sharegpt-ranking"),
        pytest.param(
            "prompt prompt_id chosen rejected messages score_chosen", "preference", id="ultrafeedback"
        ),
        pytest.param("messages rejected_response", "preference", id="ms-swift-preference"),
        pytest.param("messages", "messages", id="openai"),
        pytest.param("messages tools images", "messages", id="ms-swift"),
        pytest.param("problem solution answer messages uuid generations", "messages", id="openr1-math"),
        pytest.param("Question Complex_CoT Response", "reasoning", id="medical-o1"),
        pytest.param("question reasoning answer", "reasoning", id="reasoning"),
        pytest.param("problem solution answer problem_type", "reasoning", id="problem-solution"),
        pytest.param("input content reasoning_content repo_name score", "reasoning", id="chinese-r1"),
        pytest.param("prompt think response", "reasoning", id="prompt-think-response"),
        pytest.param("question answer", "reasoning", id="question-answer"),
    ],
)
def test_detect(columns, name):
    assert converters.detect(columns.split()).name == name


def test_detect_does_not_depend_on_the_order_of_the_columns():
    columns = ["instruction", "input", "output", "think", "history"]
    found = {converters.detect(some).name for some in (columns, columns[::-1], set(columns))}
    assert found == {"reasoning"}


def test_columns_that_no_converter_fits():
    assert converters.detect(["Question", "label"]) is None
    assert converters.detect([]) is None


@pytest.mark.parametrize(
    ("roles", "name"),
    [
        ("question=ask,answer=reply", "reasoning"),
        ("question=ask,thinking=why,answer=reply", "reasoning"),
        ("messages=ask", "messages"),
        ("question=ask,chosen=reply,rejected=why", "preference"),
    ],
)
def test_a_column_with_a_role_is_known_by_it(roles, name):
    assert converters.detect(["ask", "why", "reply"], parse_roles(roles)).name == name


def test_get_guesses_the_name_that_was_meant():
    assert converters.get("alpaca").name == "alpaca"
    with pytest.raises(UsageError) as caught:
        converters.get("alpacca")
    assert "did you mean alpaca?" in caught.value.hint


@pytest.mark.parametrize("one", converters.all_converters().values(), ids=lambda one: one.name)
def test_every_converter_shows_a_row(one):
    assert '{"' in one.doc


@pytest.mark.parametrize("one", converters.all_converters().values(), ids=lambda one: one.name)
def test_every_name_is_in_lower_case_for_detect_compares_it_so(one):
    names = one.may.union(*one.needs)
    assert names == {name.lower() for name in names}
