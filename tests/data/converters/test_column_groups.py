"""Columns that belong together, told by their names."""

import pytest

from lf_qwen3.data.converters.column_groups import is_media, option_columns, reasoning_pairs


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        ("m_thinking_trajectory m_attempt solution", [("m_thinking_trajectory", "m_attempt")]),
        ("r1_reasoning_content r1_content", [("r1_reasoning_content", "r1_content")]),
        ("a_cot b_answer", []),
        ("reasoning answer", []),
        ("rejected_reasoning rejected_answer chosen_reasoning chosen_answer", []),
        ("gpt_thought gpt_reply deepseek_think deepseek_output",
         [("deepseek_think", "deepseek_output"), ("gpt_thought", "gpt_reply")]),
    ],
)  # fmt: skip
def test_the_reasoning_and_the_answer_of_a_model_are_a_pair(names, pairs):
    assert reasoning_pairs(names.split()) == tuple(pairs)


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        ("question a b c d answer", "a b c d"),
        ("b a", "a b"),
        ("opa opb opc opd cop", "opa opb opc opd"),
        ("option1 option2 answer", "option1 option2"),
        ("choice0 choice1 choice2", "choice0 choice1 choice2"),
        ("answer1 answer2", ""),
        ("b c", ""),
        ("a q", ""),
        ("option2 option3", ""),
    ],
)
def test_the_columns_of_options_follow_one_another(names, columns):
    assert option_columns(names.split()) == tuple(columns.split())


@pytest.mark.parametrize(
    "name",
    [
        "image",
        "Images",
        "image_path",
        "img",
        "img_url",
        "picture",
        "photo",
        "image_url",
        "video_file",
        "audios",
        "图片",
        "input_image",
    ],
)
def test_a_column_of_pictures(name):
    assert is_media(name)


@pytest.mark.parametrize(
    "name", ["image_caption", "imagery", "audio_transcript", "video_id", "photosynthesis", "has_image"]
)
def test_a_column_of_text_about_pictures(name):
    assert not is_media(name)
