"""Make a tiny model of the tests, in a process that has torch loaded: make_model.py FUNCTION ARGUMENT...

Prints the folder that it lies in.
"""

import shutil
import sys
from pathlib import Path


def prepare(tokenizer: str, keep: str) -> Path:
    """Make the stand-in for Qwen3-0.6B as a rehearsal would, with the tokenizer of a folder."""
    from lf_qwen3.proof.rehearse import model

    return model.prepare_model("Qwen/Qwen3-0.6B", tokenizer, Path(keep)).folder


def make_small(tokenizer: str, folder: str) -> Path:
    """Make a dense Qwen3 with no more embeddings than the tokenizer of a folder has tokens."""
    import torch
    from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

    from lf_qwen3.qwen3 import tiny_model

    shutil.copytree(tokenizer, folder)
    loaded = AutoTokenizer.from_pretrained(folder)
    ids = {"eos_token_id": loaded.eos_token_id, "pad_token_id": loaded.pad_token_id}
    shape = tiny_model.SHAPE | ids | {"vocab_size": len(loaded), "bos_token_id": loaded.pad_token_id}
    torch.manual_seed(tiny_model.SEED)
    with tiny_model.quiet():
        Qwen3ForCausalLM(Qwen3Config(**shape)).save_pretrained(folder)
    return Path(folder)


if __name__ == "__main__":
    function = {"prepare": prepare, "make_small": make_small}[sys.argv[1]]
    print(function(*sys.argv[2:]))
