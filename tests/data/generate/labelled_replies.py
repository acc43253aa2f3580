"""Replies with their labels: over 300 that must be refused, with the code, and over 300 good ones.

Nearly 400 were written one by one: labelled_replies.jsonl, in which «open» and «close» stand for the tags.
The rest is woven from phrases of servers and models.
"""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

from lf_qwen3.qwen3.thinking import CLOSE, OPEN

FILE = Path(__file__).with_suffix(".jsonl")

TOPICS = ("a medicine", "this wine", "the bridge", "my tax form", "an old poem", "that engine", "the river")
ZH = ("这个药", "这座桥", "这首诗", "这台发动机", "我的报税表", "这种酒", "那条河")
JA = ("この薬", "この橋", "この詩", "このエンジン", "この書類", "このワイン", "その川")

REFUSALS = (
    "I'm sorry, but I can't help with {}.",
    "As an AI language model, I cannot talk about {}.",
    "I am unable to assist with {} at this time.",
    "Sorry, I can't provide details on {}.",
    "I'm just an AI and have no opinion on {}.",
    "I cannot answer questions about {}. Please ask a professional.",
    "I must decline to discuss {}.",
    "I’m sorry, I am not able to say anything about {}.",
    "Unfortunately, as a language model I have no access to {}.",
)
REFUSALS_ZH = (
    "抱歉，我无法回答关于{}的问题。",
    "对不起，我不能提供{}的信息。",
    "作为一个人工智能，我没有关于{}的看法。",
    "很抱歉，我不能讨论{}。",
    "作为AI语言模型，我不了解{}。",
)
REFUSALS_JA = ("申し訳ありませんが、{}については回答できません。", "AIとして、{}についてお答えできません。")
DEBRIS = (
    "#Given Prompt#: describe {}. #Rewritten Prompt#: describe it well.",
    "Here is the Rewritten Prompt: describe {} in ten words.",
    "<|im_start|>assistant\n{} is old.<|im_end|>",
    "### Response: {} is very old.",
    "[INST] {} [/INST] It is very old.",
    "#The Created Prompt#\nTell all about {}.",
    "Human: what is {}?\nIt is a thing that people use.",
    "Nothing can be said of {} beyond the given prompt.",
)
DEBRIS_ZH = ("改写后的指令：请说明{}的用途。", "给定的提示没有提到{}。")
MENTIONS = (
    "As given above, {} comes to 42.",
    "The reference answer says that {} is worth 42.",
    "Since the correct answer was given, {} must be 42.",
    "According to the provided solution, {} has 42 parts.",
    "The hint tells that {} is number 42, so it is 42.",
    "We know the answer provided: {} is 42.",
)
MENTIONS_ZH = ("根据提示，{}的结果是 42。", "标准答案说{}等于 42。", "参考答案给出{}为 42。")
LOOPS = ("{} is old and it is grey. ", "I looked at {} again, and then again. ", "Wait, let me see {}. ")
ENGLISH_TO_ZH = "It is an old thing that many people know, and {} is often asked about in the town."
GOOD = (
    "{} is known to many: it was made a hundred years ago, and it is used to this day.",
    "To understand {}, begin with its parts. There are three of them, and each one matters.",
    "The price of {} is 42 dollars, which comes to 21 for each of you.",
    "I would keep {} dry and look at it once a year; a cloth is enough to clean it.",
    "Ask your doctor about {} first: the dose depends on your weight and on your age.",
    "1. Open {}.\n2. Look inside.\n3. Close it again.\n4. Write down what you saw.",
    "A reference book says little on {}, so people tell stories about it.",
    "Researchers could not help but admire {}; they were sorry to leave it.",
    "The response of {} to cold is slow, and the human eye does not see it.",
    "If {} fails, an error is given; read the prompt on the screen before you go on.",
    "An AI may one day build {}. Until then people do so by hand, in small shops.",
    "{} can't be helped by force; use oil, and wait for an hour before you try again.",
    "Here is a table:\n\n| part | of {} |\n|---|---|\n| first | small |\n| second | large |",
    "My answer is short: {} is worth the money if you use it twice a week.",
)
GOOD_ZH = (
    "{}有三个部分，每个部分都很重要，请按照说明书使用，并且定期检查。",
    "关于{}，首先要了解它的历史：它大约出现在一百年前，后来被广泛使用。",
    "我认为{}值得一试，不过使用之前请先咨询专业人士的意见。",
    "{}的价格是 42 元，两个人平分的话每人 21 元。",
    "人工智能可以帮助人们更好地了解{}，但是最后的决定还是要由人来做。",
)
GOOD_JA = ("{}は三つの部分からできています。どれも大切ですから、説明書のとおりに使ってください。",)


class LabelledReply(NamedTuple):
    """A reply to a question; `code` is why it must be refused, or how that begins, "" for a good one."""

    code: str
    question: str
    thinking: str
    answer: str
    mode: str = "thinking"
    finish: str = "stop"
    hinted: bool = False
    reference: str = ""


def bad() -> Iterator[LabelledReply]:
    """Yield the replies that must be refused."""
    yield from (reply for reply in read_labelled() if reply.code)
    for topics, question, texts, code, hinted in (
        (TOPICS, "Tell me about {}.", REFUSALS, "refusal", False),
        (ZH, "请介绍{}。", REFUSALS_ZH, "refusal", False),
        (JA, "{}について教えてください。", REFUSALS_JA, "refusal", False),
        (TOPICS, "Tell me about {}.", DEBRIS, "template_text", False),
        (ZH, "请介绍{}。", DEBRIS_ZH, "template_text", False),
        (TOPICS, "How much is {}?", MENTIONS, "mentions_reference", True),
        (ZH, "{}是多少？", MENTIONS_ZH, "mentions_reference", True),
    ):
        for topic, text in product(topics, texts):
            question_of, answer = question.format(topic), text.format(topic)
            yield LabelledReply(code, question_of, "Let me see.", answer, hinted=hinted)
    for topic, text in product(TOPICS, LOOPS):
        looped = text.format(topic) * 9
        yield LabelledReply("loop", f"What is {topic}?", "Let me see.", f"It is this. {looped}")
        yield LabelledReply("loop", f"What is {topic}?", f"Hm. {looped}", "It is an old machine.")
    for topic, name in product(ZH, ("桥", "药", "诗", "酒")):
        yield LabelledReply("language", f"请介绍{topic}和{name}。", "好。", ENGLISH_TO_ZH.format(name))


def good() -> Iterator[LabelledReply]:
    """Yield the replies that must be kept."""
    yield from (reply for reply in read_labelled() if not reply.code)
    for topics, question, texts in (
        (TOPICS, "Tell me about {}.", GOOD),
        (ZH, "请介绍{}。", GOOD_ZH),
        (JA, "{}について教えてください。", GOOD_JA),
    ):
        for topic, text, hinted in product(topics, texts, (False, True)):
            answer = text.format(topic)
            yield LabelledReply("", question.format(topic), "Let me think about it.", answer, hinted=hinted)


def read_labelled() -> Iterator[LabelledReply]:
    """Yield the replies that were written one by one."""
    for line in FILE.read_text("utf-8").splitlines():
        yield LabelledReply(**json.loads(line.replace("«open»", OPEN).replace("«close»", CLOSE)))
