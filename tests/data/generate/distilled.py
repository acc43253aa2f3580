"""Three questions, a server that obeys, and the files of a run."""

import json
from pathlib import Path

from lf_qwen3.data.generate.model_reply import StreamedReply
from tests.data.generate.scripted_server import Scripted, question_of, stream

ROWS = [
    {"question": "What is 6 times 7?", "answer": "It is \\boxed{42}."},
    {"question": "Which is a bird? (A) cat (B) owl", "answer": "B"},
    {
        "question": "Tell me about Bonn.",
        "answer": "Bonn lies on the Rhine, and it was the seat of government.",
    },
]
ANSWERS = {
    "6 times": "So we get 42.",
    "bird": "The answer is B.",
    "Bonn": "Bonn is a town on the Rhine, in the west.",
}


def write(path: Path, rows) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


def read(path: Path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def obey(body, tries=1, answer=None):
    """Answer as a hybrid Qwen3 behind vLLM does."""
    thinks = body["chat_template_kwargs"]["enable_thinking"]
    text = answer or next((text for key, text in ANSWERS.items() if key in question_of(body)), "Yes, it is.")
    return Scripted(stream(text, reasoning="Let me see.") if thinks else stream(text))


def answer_batch(files, script, path):
    """Answer the requests of batch files as a server would; return the output file."""
    lines = []
    for line in (line for file in files for line in read(file)):
        reply = StreamedReply()
        for event in script(line["body"], 1).raw.split(b"\r\n\r\n", 1)[1].splitlines():
            reply.add(event)
        message = {"role": "assistant", "content": reply.build().content}
        body = {"choices": [{"message": message, "finish_reason": "stop"}]}
        lines.append({"custom_id": line["custom_id"], "response": {"status_code": 200, "body": body}})
    return Path(write(path, lines))
