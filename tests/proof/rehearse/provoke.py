"""Run the trainer on many broken YAML files in one process: each answer goes to a log beside its file."""

import functools
import os
import sys
import traceback
from pathlib import Path


def main(folder: Path) -> None:
    from llamafactory.train.tuner import run_exp
    from omegaconf import OmegaConf
    from transformers import AutoTokenizer

    # One tokenizer for all: reading it takes longer than what is looked at here.
    setattr(AutoTokenizer, "from_pretrained", functools.lru_cache(AutoTokenizer.from_pretrained))  # noqa: B010
    for yaml in sorted(folder.glob("*.yaml")):
        with yaml.with_suffix(".log").open("wb") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            try:
                run_exp(OmegaConf.to_container(OmegaConf.load(yaml)))
            except BaseException:
                traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
