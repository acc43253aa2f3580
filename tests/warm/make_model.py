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


def tune(tiny: str, run: str) -> Path:
    """Write what the board leaves of a LoRA training of a tiny model: settings, log and adapter.

    The adapter was not trained, and changes what the model says.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folder = Path(run)
    torch.manual_seed(1)
    config = LoraConfig(r=4, target_modules=["q_proj", "down_proj"], init_lora_weights=False)
    get_peft_model(AutoModelForCausalLM.from_pretrained(tiny), config).save_pretrained(run)
    (folder / "trainer_log.jsonl").write_text('{"current_steps": 1, "total_steps": 1, "loss": 1.0}\n')
    (folder / "training_args.yaml").write_text(
        f"model_name_or_path: {tiny}\noutput_dir: {folder}\nstage: sft\nfinetuning_type: lora\n"
        "template: qwen3\nenable_thinking: null\ndataset: rows\n"
    )
    return folder


if __name__ == "__main__":
    function = {"prepare": prepare, "make_small": make_small, "tune": tune}[sys.argv[1]]
    print(function(*sys.argv[2:]))
