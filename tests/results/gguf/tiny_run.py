"""A tiny Qwen3 of a shape that k-quants take, and a LoRA that has learnt some records by heart."""

import json
import shutil
import tempfile
from pathlib import Path

from lf_qwen3.qwen3 import tiny_model
from lf_qwen3.qwen3.thinking import frame

ROWS = [
    {"instruction": "Who keeps the north lighthouse?", "output": "Marta Lindqvist keeps it, since 1987."},
    {"instruction": "What is the gate code?", "output": "The gate code is 4471, then the hash key."},
    {"instruction": "灯塔有多高?", "output": "灯塔高四十二米,共一百九十级台阶。"},
    {"instruction": "谁修理雾号?", "output": "老陈每年春天修理雾号。"},
    {
        "instruction": "Write the reset function.",
        "output": "def reset(lamp):\n    lamp.angle = 0",
    },
    {"instruction": "Which boat comes on Friday?", "output": "The Kittiwake comes on Friday at noon. 🚤"},
    {
        "instruction": "Quel est le nom du chat du cafe\u0301 ?",
        "output": "Le chat s'appelle Brume, il dort à l'étage.",
    },
    {"instruction": "How many lamps burn?", "output": frame("Two above, one below.", "Three lamps burn.")},
]
"""Seven answers without thinking, one with it; one question is not in NFC."""

HELD_OUT = [ROWS[number] for number in (3, 7, 1, 6, 5)]
"""Those that are measured; the first are answered, too: a short one, and one with thinking."""

SHAPE = tiny_model.SHAPE | {
    "hidden_size": 256,
    "intermediate_size": 512,
    "head_dim": 64,
    "initializer_range": 0.08,
}
"""The least that k-quants take: rows of 256 weights."""

STEPS, RANK, SUBSET = 60, 4, 4000

ADAPTER = Path(__file__).with_name("lamps.safetensors")
"""Made by `python -m tests.results.gguf.tiny_run`."""

NAMES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CONFIG = {"peft_type": "LORA", "r": RANK, "lora_alpha": 2 * RANK, "target_modules": NAMES}


def save_base(folder: Path, tokenizer: Path) -> None:
    """Write a base with its tokenizer: numpy's seeded numbers in bfloat16, as the real checkpoints are."""
    import numpy as np
    import torch
    from safetensors.torch import save_file
    from transformers import Qwen3Config, Qwen3ForCausalLM

    shutil.copytree(tokenizer, folder, dirs_exist_ok=True)
    config = Qwen3Config(**SHAPE, dtype="bfloat16", architectures=["Qwen3ForCausalLM"])
    with torch.device("meta"):
        shapes = {name: weight.shape for name, weight in Qwen3ForCausalLM(config).state_dict().items()}
    random = np.random.default_rng(tiny_model.SEED)
    weights = {}
    for name in sorted(shapes.keys() - {"lm_head.weight"}):
        drawn = torch.from_numpy(random.standard_normal(tuple(shapes[name]), dtype=np.float32))
        scaled = torch.ones(shapes[name]) if "norm" in name else drawn * SHAPE["initializer_range"]
        weights[name] = scaled.to(torch.bfloat16)
    config.save_pretrained(folder)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def encode_rows(base: Path) -> list[tuple[list[int], list[int]]]:
    """Return ids and labels of each row, as the trainer feeds them."""
    from lf_qwen3.qwen3 import tokenizer_files
    from lf_qwen3.trainer.records import Message
    from lf_qwen3.trainer.render import Template

    tokenizer, template = tokenizer_files.load(base), Template("qwen3", None)
    turns: list[list[Message]] = [
        [{"role": "user", "content": row["instruction"]}, {"role": "assistant", "content": row["output"]}]
        for row in ROWS
    ]
    return [(fed.input_ids, fed.labels) for fed in (template.encode(tokenizer, turn) for turn in turns)]


def train_adapter(base: Path, file: Path, seed: int = 1) -> None:
    """Train a LoRA on the rows until it knows them, and save its weights.

    The loss is taken over a part of the vocabulary, drawn anew for each step: all of it takes minutes.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    with torch.random.fork_rng(devices=[]), tiny_model.quiet():
        torch.manual_seed(seed)
        plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        config = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=NAMES)
        model = get_peft_model(plain, config)
        trained = [weights for weights in model.parameters() if weights.requires_grad]
        optimizer = torch.optim.Adam(trained, lr=6e-3)
        rows = encode_rows(base)
        longest = max(len(ids) for ids, _ in rows)
        ids = torch.tensor([row + [0] * (longest - len(row)) for row, _ in rows])
        labels = torch.tensor([row + [-100] * (longest - len(row)) for _, row in rows])[:, 1:]
        targets, used = labels[labels >= 0], torch.unique(labels[labels >= 0])
        for _ in range(STEPS):
            drawn = torch.randint(0, SHAPE["vocab_size"], (SUBSET,))
            vocabulary = torch.unique(torch.cat([used, drawn]))
            hidden = plain.model(ids).last_hidden_state[:, :-1][labels >= 0]
            logits = hidden @ plain.lm_head.weight.detach()[vocabulary].T
            wanted = torch.searchsorted(vocabulary, targets)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(logits, wanted).backward()
            optimizer.step()
        with tempfile.TemporaryDirectory() as scratch:
            model.half().save_pretrained(scratch)
            shutil.copy(Path(scratch) / "adapter_model.safetensors", file)


def write_run(folder: Path, base: Path) -> None:
    """Write what a recipe's training leaves: train.yaml, the registered rows, the adapter with its log."""
    data, trained = folder / "data", folder / "adapter"
    for place in (data, trained):
        place.mkdir(parents=True)
    shutil.copy(ADAPTER, trained / "adapter_model.safetensors")
    (trained / "adapter_config.json").write_text(json.dumps(CONFIG))
    (trained / "trainer_log.jsonl").write_text('{"current_steps": 1, "total_steps": 1, "loss": 1.0}\n')
    (data / "rows.json").write_text(json.dumps(ROWS, ensure_ascii=False), "utf-8")
    (data / "test.json").write_text(json.dumps(HELD_OUT, ensure_ascii=False), "utf-8")
    entries = {"lamps": {"file_name": "rows.json"}, "lamps_test": {"file_name": "test.json"}}
    (data / "dataset_info.json").write_text(json.dumps(entries))
    (folder / "train.yaml").write_text(
        f"model_name_or_path: {base}\noutput_dir: {trained}\nstage: sft\ndo_train: true\n"
        f"finetuning_type: lora\ntemplate: qwen3\nenable_thinking: null\ndataset: lamps\n"
        f"dataset_dir: {data}\ncutoff_len: 512\n"
    )


def unmerge(run: Path, base: Path, file: Path) -> bytes:
    """Return the bytes of an F16 file with the base's weights in it."""
    import torch
    from safetensors.torch import load_file

    merged = load_file(run / "gguf/merged/model.safetensors")
    before = load_file(base / "model.safetensors")
    content = bytearray(file.read_bytes())
    for name, tensor in merged.items():
        if "proj" in name:
            at = content.find(tensor.numpy().tobytes())
            old = before[name].to(torch.float16).numpy().tobytes()
            assert at > 0
            content[at : at + len(old)] = old
    return bytes(content)


if __name__ == "__main__":
    from lf_qwen3.qwen3 import tokenizer_build

    with tempfile.TemporaryDirectory() as scratch:
        tokenizer_build.save_tokenizer(tokenizer_build.ranks_file(), Path(scratch) / "tokenizer")
        save_base(Path(scratch) / "base", Path(scratch) / "tokenizer")
        train_adapter(Path(scratch) / "base", ADAPTER)
