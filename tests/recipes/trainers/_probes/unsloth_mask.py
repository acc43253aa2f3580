"""Run in TRL's environment: the labels that Unsloth's train_on_responses_only gives to rows of ids.

python unsloth_mask.py MODEL TOKENS LABELS
"""

import json
import os
import sys

os.environ |= {"UNSLOTH_ZOO_DISABLE_GPU_INIT": "1", "UNSLOTH_IS_PRESENT": "1"}


def run(model, tokens, labels):
    from transformers import AutoTokenizer
    from unsloth_zoo.dataset_utils import train_on_responses_only

    mask = train_on_responses_only(
        None,
        instruction_part="<|im_start|>user\n",
        response_part="<|im_start|>assistant\n",
        tokenizer=AutoTokenizer.from_pretrained(model),
        return_function=True,
    )
    with open(tokens, encoding="utf-8") as file:
        ids = [json.loads(line)["input_ids"] for line in file]
    with open(labels, "w", encoding="utf-8") as file:
        file.writelines(
            json.dumps([int(label) for label in row]) + "\n" for row in mask({"input_ids": ids})["labels"]
        )


if __name__ == "__main__":
    run(*sys.argv[1:])
