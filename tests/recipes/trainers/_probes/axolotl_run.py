"""Run in Axolotl's own environment: its schema over configs, its prompt strategies over rows.

python axolotl_run.py rows CONFIG MODEL ROWS      what is fed of the config's first data set, to ROWS
python axolotl_run.py parse CONFIG...             hold each against its schema
"""

import json
import sys
from pathlib import Path

import yaml
from axolotl.utils.dict import DictDefault


def feed(config: str, model: str, rows: str) -> None:
    from axolotl.prompt_strategies import load
    from transformers import AutoTokenizer

    settings = DictDefault(yaml.safe_load(Path(config).read_text("utf-8")))
    source = settings.datasets[0]
    strategy = load(source.type, AutoTokenizer.from_pretrained(model), settings, source)
    lines = Path(source.path).read_text("utf-8").splitlines()
    fed = [strategy.tokenize_prompt(json.loads(line)) for line in lines]
    texts = [json.dumps({key: list(row[key]) for key in ("input_ids", "labels")}) + "\n" for row in fed]
    Path(rows).write_text("".join(texts), "utf-8")


def parse(*configs: str) -> None:
    from axolotl.utils.config import validate_config

    gpu = {"bf16": True, "n_gpu": 1, "compute_capability": "sm_90"}
    for config in configs:
        settings = DictDefault(yaml.safe_load(Path(config).read_text("utf-8")))
        validate_config(settings, capabilities=gpu, env_capabilities={"torch_version": "2.13.0"})


if __name__ == "__main__":
    parse(*sys.argv[2:]) if sys.argv[1] == "parse" else feed(*sys.argv[2:])
