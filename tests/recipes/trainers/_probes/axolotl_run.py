"""Run in Axolotl's own environment: its schema over configs, its pipeline over a config file.

python axolotl_run.py train CONFIG ROWS     two steps; what is fed is written to ROWS first
python axolotl_run.py parse CONFIG...       hold each against its schema
"""

import json
import sys
from pathlib import Path

import yaml
from axolotl.utils.dict import DictDefault

KERNELS = ("lora_mlp_kernel", "lora_qkv_kernel", "lora_o_kernel", "lora_embedding_kernel")
CPU = {"bf16": False, "tf32": False, "max_steps": 2, "eval_strategy": "no", **dict.fromkeys(KERNELS, False)}


def train(config: str, rows: str) -> None:
    from axolotl.cli.args import TrainerCliArgs
    from axolotl.cli.config import load_cfg
    from axolotl.common.datasets import load_datasets, load_preference_datasets
    from axolotl.train import setup_model_and_trainer

    settings = load_cfg(config, **CPU)
    load = load_preference_datasets if settings.rl else load_datasets
    trainer = setup_model_and_trainer(settings, load(cfg=settings, cli_args=TrainerCliArgs()))[0]
    lines = [json.dumps(dict(row)) + "\n" for row in trainer.train_dataset]
    Path(rows).write_text("".join(lines), "utf-8")
    trainer.train()


def parse(*configs: str) -> None:
    from axolotl.utils.config import validate_config

    gpu = {"bf16": True, "n_gpu": 1, "compute_capability": "sm_90"}
    for config in configs:
        settings = DictDefault(yaml.safe_load(Path(config).read_text("utf-8")))
        validate_config(settings, capabilities=gpu, env_capabilities={"torch_version": "2.13.0"})


if __name__ == "__main__":
    parse(*sys.argv[2:]) if sys.argv[1] == "parse" else train(*sys.argv[2:])
