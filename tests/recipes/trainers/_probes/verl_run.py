"""Run in verl's own environment: its hydra config over a folder's train.yaml, its datasets, its rewards.

python verl_run.py sft FOLDER MODEL ROWS      what the class of rows that the config names feeds, to ROWS
python verl_run.py grpo FOLDER MODEL ROWS     the prompts, each with the reward of a right and a wrong answer
"""

import json
import sys
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_module
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin
from transformers import AutoTokenizer


def read(folder: str) -> Any:
    """Compose a config as the command does: verl's own, with the folder behind it on the search path."""

    class Folder(SearchPathPlugin):  # type: ignore[misc]
        def manipulate_search_path(self, search_path: Any) -> None:
            search_path.append("folder", f"file://{Path(folder).resolve()}")

    Plugins.instance().register(Folder)
    with initialize_config_module("verl.trainer.config", version_base=None):
        return compose("train")


def check_precision(config: Any) -> None:
    """Stop where the engine does not take the half precision that the tests ask for."""
    from verl.utils.config import omega_conf_to_dataclass

    assert omega_conf_to_dataclass(config).mixed_precision == {"param_dtype": "fp16"}


def feed(folder: str, model: str) -> list:
    from verl.utils.dataset.dataset_utils import SFTTensorCollator
    from verl.utils.import_utils import load_extern_object

    whole = read(folder)
    check_precision(whole.engine)
    config = whole.data
    owner = load_extern_object(config.custom_cls.path, config.custom_cls.name)
    rows = owner(
        parquet_files=config.train_files, tokenizer=AutoTokenizer.from_pretrained(model), config=config
    )
    fed = [rows[at] for at in range(len(rows))]
    assert SFTTensorCollator("no_padding")(fed[:2])["input_ids"].is_nested
    return [{key: row[key].tolist() for key in ("input_ids", "loss_mask")} for row in fed]


def ask(folder: str, model: str) -> list:
    from omegaconf import OmegaConf
    from verl.utils.dataset.rl_dataset import RLHFDataset
    from verl.utils.reward_score import default_compute_score

    own = {"cache_dir": folder, "filter_overlong_prompts_workers": 1}
    whole = read(folder)
    for part in ("actor", "ref"):
        check_precision(whole.actor_rollout_ref[part].fsdp_config)
    config = OmegaConf.create({**whole.data, **own})
    prompts = RLHFDataset(config.train_files, AutoTokenizer.from_pretrained(model), config)
    rows = []
    for at in range(len(prompts)):
        prompt = prompts[at]
        gold = prompt["reward_model"]["ground_truth"]
        marks = [
            default_compute_score(
                prompt["data_source"], f"<think>\nx\n</think>\n\nSo \\boxed{{{text}}}.", gold
            )
            for text in (gold, "nothing")
        ]
        rows.append(
            {"prompt": list(prompt["raw_prompt"]), "right": marks[0]["acc"], "wrong": marks[1]["acc"]}
        )
    return rows


if __name__ == "__main__":
    made = {"sft": feed, "grpo": ask}[sys.argv[1]](*sys.argv[2:4])
    Path(sys.argv[4]).write_text("".join(json.dumps(row) + "\n" for row in made), "utf-8")
