import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.converters._transcript import is_transcript, parse_transcript, read_transcript

TWO = [Turn("user", "Q"), Turn("assistant", "A")]
FOUR = [*TWO, Turn("user", "R"), Turn("assistant", "B\nC")]

SPELLINGS = {
    "anthropic": "\n\nHuman: Q\n\nAssistant: A\n\nHuman: R\n\nAssistant: B\nC",
    "lines": "Human: Q\nAssistant: A\nHuman: R\nAssistant: B\nC",
    "lower": "user: Q\nassistant: A\nuser: R\nassistant: B\nC",
    "ai": "User: Q\n\nAI: A\n\nUser: R\n\nAI: B\nC",
    "bot": "<human>: Q\n<bot>: A\n<human>: R\n<bot>: B\nC",
    "bold": "**User:** Q\n\n**Assistant:** A\n\n**User:** R\n\n**Assistant:** B\nC",
    "chinese": "用户：Q\n助手：A\n用户：R\n助手：B\nC",
    "chinese-question": "问：Q\n答：A\n问：R\n答：B\nC",
    "doctor": "患者：Q\n医生：A\n患者：R\n医生：B\nC",
    "chatglm": "[Round 1]\n\n问：Q\n\n答：A\n\n[Round 2]\n\n问：R\n\n答：B\nC",
    "questions": "Q: Q\nA: A\nQ: R\nA: B\nC",
    "instructions": "Instruction: Q\n\nResponse: A\n\nInstruction: R\n\nResponse: B\nC",
    "questions-and-answers": "### Question:\nQ\n### Answer:\nA\n### Question:\nR\n### Answer:\nB\nC",
    "japanese": "### 指示:\nQ\n\n### 応答:\nA\n\n### 指示:\nR\n\n### 応答:\nB\nC",
    "korean": "### 질문: Q\n\n### 답변: A\n\n### 질문: R\n\n### 답변: B\nC",
    "spanish": "### Instrucción:\nQ\n### Respuesta:\nA\n### Instrucción:\nR\n### Respuesta:\nB\nC",
    "vietnamese": "### Câu hỏi:\nQ\n\n### Trả lời:A\n\n### Câu hỏi:\nR\n\n### Trả lời:B\nC",
    "sentences": "<s>Human: Q\n</s><s>Assistant: A\n</s><s>Human: R\n</s><s>Assistant: B\nC\n</s>",
    "eos": "<|user|> Q <|eos|> <|ai|> A <|eos|> <|user|> R <|eos|> <|ai|> B\nC <|eos|>",
    "nemo": "<extra_id_1>User\nQ\n<extra_id_1>Assistant\nA\n"
    "<extra_id_1>User\nR\n<extra_id_1>Assistant\nB\nC\n",
    "guanaco": "### Human: Q### Assistant: A### Human: R### Assistant: B\nC",
    "vicuna": "USER: Q ASSISTANT: A</s>USER: R ASSISTANT: B\nC</s>",
    "alpaca": "### Instruction:\nQ\n\n### Response:\nA\n\n### Instruction:\nR\n\n### Response:\nB\nC",
    "llama-2": "<s>[INST] Q [/INST] A </s><s>[INST] R [/INST] B\nC </s>",
    "zephyr": "<|user|>\nQ</s>\n<|assistant|>\nA</s>\n<|user|>\nR</s>\n<|assistant|>\nB\nC</s>",
    "gemma": "<bos>"
    + "".join(
        f"<start_of_turn>{role}\n{text}<end_of_turn>\n"
        for role, text in (("user", "Q"), ("model", "A"), ("user", "R"), ("model", "B\nC"))
    ),
    "llama-3": "<|begin_of_text|>"
    + "".join(
        f"<|start_header_id|>{role}<|end_header_id|>\n\n{text}<|eot_id|>"
        for role, text in (("user", "Q"), ("assistant", "A"), ("user", "R"), ("assistant", "B\nC"))
    ),
    "deepseek": "<｜begin▁of▁sentence｜><｜User｜>Q<｜Assistant｜>A<｜end▁of▁sentence｜>"
    "<｜User｜>R<｜Assistant｜>B\nC<｜end▁of▁sentence｜>",
    "moss": "<|Human|>: Q<eoh> <|MOSS|>: A<eom> <|Human|>: R<eoh> <|MOSS|>: B\nC<eom>",
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_is_cut_into_its_turns(text):
    assert parse_transcript(text) == FOUR
    assert is_transcript(text)


@pytest.mark.parametrize(
    "text",
    [
        "System: S\nUser: Q\nAssistant: A",
        "SYSTEM: S\n\n\nUSER: Q\n\n\nASSISTANT: A",
        "系统：S\n用户：Q\n助手：A",
        "[INST] <<SYS>>\nS\n<</SYS>>\n\nQ [/INST] A",
        "S USER: Q ASSISTANT: A</s>",
        "<|system|>\nS<|end|>\n<|user|>\nQ<|end|>\n<|assistant|>\nA<|end|>",
        "<｜begin▁of▁sentence｜>S<｜User｜>Q<｜Assistant｜>A",
        "S\n\n### Instruction:\nQ\n\n### Response:\nA",
    ],
)
def test_a_system_text_is_taken_along_or_the_turns_are_not_given(text):
    assert read_transcript(text) == Conversation(TWO, "S")
    assert parse_transcript(text) == []


@pytest.mark.parametrize("further", ["", ", paired with an input that provides further context"])
def test_what_alpacas_template_says_itself_is_taken_off_and_the_input_belongs_to_the_question(further):
    text = (
        f"Below is an instruction that describes a task{further}. Write a response that appropriately "
        "completes the request.\n\n### Instruction:\nQ\n\n### Input:\nI\n\n### Response:\nA"
    )
    assert read_transcript(text) == Conversation([Turn("user", "Q\nI"), TWO[1]])


@pytest.mark.parametrize("seam", ["\n\n\n", "\n", " "])
def test_function_responses_are_tool_turns(seam):
    text = seam.join(["USER: Q", "ASSISTANT: A", 'FUNCTION RESPONSE: {"n": 1}', "ASSISTANT: B"])
    assert parse_transcript(text) == [*TWO, Turn("tool", '{"n": 1}'), Turn("assistant", "B")]


@pytest.mark.parametrize(
    "text", ["\n\nHuman: Q\n\nAssistant:", "User: Q\nAI: ", "### Instruction:\nQ\n\n### Response:\n"]
)
def test_a_last_mark_without_a_text_leaves_the_answer_open(text):
    assert parse_transcript(text) == [Turn("user", "Q")]
    assert not is_transcript(text)


def test_marks_of_lines_inside_an_answer_are_text_where_paragraphs_tell_the_turns():
    answer = "Sure:\nHuman: Hi.\nAssistant: Bye."
    assert parse_transcript(f"\n\nHuman: Q\n\nAssistant: {answer}") == [
        TWO[0],
        Turn("assistant", answer),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A text without marks.",
        "He said:\nHuman: Q\nAssistant: A",
        "Human: Q",
        "Human: Q\nHuman: R\nAssistant: A",
        "Assistant: A\nHuman: Q",
        "Human: \nAssistant: A",
        "Human: Q\nAssistant: A\nUser: R\nAI: B",
        "User: Q\nand so on, and the assistant: A",
        "Q: what is it?",
        "### Notes\nThe user: asks.",
        "Human: Q\nSystem: S\nAssistant: A",
        "### Input:\nI\n\n### Response:\nA",
        "head [INST] <<SYS>>S<</SYS>> Q [/INST] A",
    ],
)
def test_what_is_no_transcript_as_a_whole_is_none(text):
    assert read_transcript(text) is None
    assert parse_transcript(text) == []
    assert not is_transcript(text)


@pytest.mark.parametrize("value", [None, 7, ["Human: Q\nAssistant: A"], {}])
def test_only_texts_are_transcripts(value):
    assert not is_transcript(value)


def test_chatml_is_left_to_be_unwrapped():
    text = "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
    assert read_transcript(text) == Conversation([Turn("user", text)])
    assert is_transcript(text)
    assert not is_transcript("<|im_start|>user\nQ<|im_end|>\n")


def test_what_alpacas_template_says_of_itself_in_japanese_is_no_system_text():
    head = (
        "以下は、タスクを説明する指示と、文脈のある入力の組み合わせです。要求を適切に満たす応答を書きなさい。"
    )
    text = f"{head}\n\n### 指示:\nQ\n\n### 入力:\nI\n\n### 応答:\nA"
    assert read_transcript(text) == Conversation([Turn("user", "Q\nI"), Turn("assistant", "A")])


def test_a_mark_that_both_sides_share_makes_no_dialogue():
    assert read_transcript("<s>Human: Q</s><s>Human: R</s>") is None
