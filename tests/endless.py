"""A model of random weights that does not end its answers by chance."""

import json
import shutil
from pathlib import Path


def copy_endless(model: Path, folder: Path) -> Path:
    """Copy `model` into `folder` without additional special tokens, which end an answer."""
    shutil.copytree(model, folder)
    file = folder / "tokenizer_config.json"
    config = json.loads(file.read_text("utf-8"))
    del config["additional_special_tokens"]
    file.write_text(json.dumps(config), "utf-8")
    return folder
