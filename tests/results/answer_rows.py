"""The predictions and the settings from which the tests of `answer` begin."""

ROWS = [
    {"prompt": f"<|im_start|>user\nq{n}<|im_end|>\n", "predict": "old", "label": f"a{n}"} for n in range(3)
]
SETTINGS = {
    "do_predict": True,
    "output_dir": "tuned",
    "do_sample": True,
    "temperature": 0.6,
    "top_p": 0.95,
    "top_k": 20,
    "max_new_tokens": 64,
}
