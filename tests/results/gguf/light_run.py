"""A run of four small tensors that goes through every step in milliseconds: no trainer, no model, no server.

What the steps write and say stands in `LightRun` and can be changed; all that holds them together is real.
"""

import json
import shutil
import struct
from pathlib import Path
from typing import Any

from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.results.gguf import work
from lf_qwen3.results.gguf.likelihood import Likelihoods
from lf_qwen3.results.gguf.rows import HeldOutRow
from lf_qwen3.trainer import process
from tests.results.gguf import tiny_run

Q, UP = "model.layers.0.self_attn.q_proj.weight", "model.layers.0.mlp.up_proj.weight"
HEAD, EMBED, NORM = "lm_head.weight", "model.embed_tokens.weight", "model.norm.weight"
SCALE = 2.0

NUMBERS = {"F32": 0, "F16": 1, "Q5_0": 6, "Q8_0": 8, "Q4_K": 12, "Q6_K": 14}
SIZES = {"F32": 4, "F16": 2}
TEMPLATE = "{{ messages[0].content }}"
METADATA: dict[str, Any] = {
    "general.architecture": "qwen3",
    "qwen3.rope.freq_base": 1_000_000.0,
    "tokenizer.ggml.pre": "qwen2",
    "tokenizer.ggml.eos_token_id": 151645,
    "tokenizer.chat_template": TEMPLATE,
    "tokenizer.ggml.tokens": ["a", "灯"],
    "tokenizer.ggml.token_type": [1, 3],
}
KINDS = {"F16": ["F32", "F16"], "Q8_0": ["F32", "Q8_0"], "Q4_K_M": ["F32", "Q4_K", "Q6_K"]}


def draw(*shape, seed):
    import torch

    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def save(folder, tensors):
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "model.safetensors")
    return folder


class World:
    """A base of four tensors and a LoRA of rank 2 on two of them."""

    def __init__(self, folder: Path):
        import torch

        self.folder = folder
        self.base = {Q: draw(16, 16, seed=1), UP: draw(32, 16, seed=2), EMBED: draw(64, 16, seed=3)}
        self.base = {name: tensor.to(torch.bfloat16) for name, tensor in self.base.items()}
        self.base[NORM] = torch.ones(16, dtype=torch.bfloat16)
        save(folder / "base", self.base)
        self.config = {"peft_type": "LORA", "lora_alpha": 4, "r": 2}
        self.lora = self.draw_adapter(10)
        self.adapters = [self.write_adapter("adapter", self.lora)]

    def draw_adapter(self, seed, size=0.1):
        return {
            name: (draw(2, 16, seed=seed), size * draw(self.base[name].shape[0], 2, seed=seed + 1))
            for name in (Q, UP)
        }

    def write_adapter(self, name, lora, extra=None):
        tensors = dict(extra or {})
        for target, (down, up) in lora.items():
            stem = f"base_model.model.{target.removesuffix('.weight')}"
            tensors |= {f"{stem}.lora_A.weight": down, f"{stem}.lora_B.weight": up}
        folder = save(self.folder / name, tensors)
        (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
        (folder / "adapter_config.json").write_text(json.dumps(self.config))
        return folder

    def merge(self, lora=None, scale=SCALE):
        """Return the tensors of a merge, in float16."""
        import torch

        merged = {name: tensor.float() for name, tensor in self.base.items()}
        for name, (down, up) in (self.lora if lora is None else lora).items():
            merged[name] = merged[name] + scale * up @ down
        return {name: tensor.to(torch.float16) for name, tensor in merged.items()}


def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def value(given):
    match given:
        case str():
            return struct.pack("<I", 8) + text(given)
        case float():
            return struct.pack("<If", 6, given)
        case int():
            return struct.pack("<II", 4, given)
    if isinstance(given[0], str):
        return struct.pack("<IIQ", 9, 8, len(given)) + b"".join(map(text, given))
    return struct.pack("<IIQ", 9, 5, len(given)) + struct.pack(f"<{len(given)}i", *given)


def render_gguf(kinds, metadata=METADATA, row=256):
    """Return the bytes of a GGUF with a tensor of zeros, four rows, for each of `kinds`."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(kinds), len(metadata))
    head += b"".join(text(key) + value(given) for key, given in metadata.items())
    size = 0
    for number, kind in enumerate(kinds):
        head += text(f"blk.{number}.weight") + struct.pack("<IQQIQ", 2, row, 4, NUMBERS[kind], size)
        size += 4 * row * SIZES.get(kind, 1)
    return head + bytes(-len(head) % 32) + bytes(size)


class LightRun(World):
    """A run to make a GGUF of: `files` are the bytes of each type, `tensors` what the export writes.

    `shares` say how much of the tuning each stage keeps; `done` lists what was done.
    """

    def __init__(self, folder: Path, monkeypatch):
        super().__init__(folder)
        monkeypatch.setattr(tiny_run, "ADAPTER", self.adapters[0] / "adapter_model.safetensors")
        tiny_run.write_run(folder / "lamps", folder / "base")
        self.run, self.out = folder / "lamps", folder / "out"
        (self.run / "adapter/adapter_config.json").write_text(json.dumps(self.config))
        config = {"rope_theta": 1e6, "tie_word_embeddings": True}
        (folder / "base/config.json").write_text(json.dumps(config))
        (folder / "base/tokenizer.json").write_text("{}")
        (folder / "base/chat_template.jinja").write_text(TEMPLATE)
        checkout = folder / "llama.cpp"
        checkout.mkdir()
        for name in ("convert_hf_to_gguf.py", "llama-quantize", "llama-server"):
            (checkout / name).touch(0o755)
        self.tensors = self.merge()
        self.files = {kind: render_gguf(kinds) for kind, kinds in KINDS.items()}
        self.shares = {"merged": 1.0, "F16": 1.0, "Q8_0": 0.999, "Q4_K_M": 0.95}
        self.gain, self.kl, self.done = 10.0, 0.5, []
        monkeypatch.setattr(process, "export", self.export)
        row = HeldOutRow([1, 2, 3], 1, [2], "", [], {}, [])
        monkeypatch.setattr(work, "read_rows", lambda *_: [row] * 4)
        monkeypatch.setattr(tokenizer_files, "load", lambda _: self)
        for name in ("measure_models", "convert", "quantise", "probe_file"):
            monkeypatch.setattr(work, name, getattr(self, name))

    def call(self, kind="Q4_K_M", **options):
        """Make the GGUF; `done` says what was not kept from before."""
        self.done.clear()
        given = {"out": self.out, "llama_cpp": self.folder / "llama.cpp"} | options
        return work.make_gguf(self.run, kind, **given)

    def decode(self, ids):
        return " ".join(map(str, ids))

    def export(self, yaml, *_):
        self.done.append("merge")
        folder = Path(json.loads(yaml.read_text())["export_dir"])
        save(folder, self.tensors)
        shutil.copy(self.folder / "base/config.json", folder)

    def sums(self, stage):
        """Return a sum for each row: -100 for the base, `gain` more for the tuned model."""
        return [-100 + self.shares[stage] * self.gain + number for number in range(4)]

    def measure_models(self, *_):
        self.done.append("hf")
        base = [-100.0 + number for number in range(4)]
        sums = {"base": base, "tuned": [low + self.gain for low in base], "merged": self.sums("merged")}
        answers = {name: [[1]] for name in sums}
        return Likelihoods(sums, answers, {"base": self.kl, "merged": 1e-6}, [[{1: -0.5}]])

    def convert(self, tools, merged, part, kind, *_):
        self.write(part, kind)

    def quantise(self, tools, source, part, kind, *_):
        self.write(part, kind)

    def write(self, part, kind):
        """Write a file in two halves."""
        self.done.append(f"write {kind}")
        for half in (self.files[kind][:200], self.files[kind][200:]):
            with part.open("ab") as file:
                file.write(half)

    def probe_file(self, plan, tools, file, *_):
        kind = file.stem.removeprefix("untested-").removeprefix("lamps-")
        self.done.append(f"test {kind}")
        return {"sums": self.sums(kind), "kl": 1e-6, "answers": ["1"], "not_nfc": 0}
