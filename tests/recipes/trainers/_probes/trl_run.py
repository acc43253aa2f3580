"""Run in TRL's own environment: TRL's script over a config file, as `trl sft --config FILE` runs it.

python trl_run.py sft CONFIG ROWS [--key value ...]     train; what is fed is written to ROWS first
python trl_run.py parse sft:CONFIG dpo:CONFIG ...       parse each
"""

import importlib
import json
import sys

import trl

TRAINERS = {"sft": "SFTTrainer", "dpo": "DPOTrainer", "kto": "KTOTrainer", "grpo": "GRPOTrainer"}


def train(command, config, rows, *overrides):
    trainer = getattr(trl, TRAINERS[command])
    own = trainer.train

    def write_and_train(self, *args, **options):
        with open(rows, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in self.train_dataset)
        return own(self, *args, **options)

    trainer.train = write_and_train
    importlib.import_module(f"trl.scripts.{command}").main(*read(command, config, *overrides))


def read(command, config, *overrides):
    parser = importlib.import_module(f"trl.scripts.{command}").make_parser()
    return parser.parse_args_and_config(["--config", config, *overrides])


if __name__ == "__main__":
    if sys.argv[1] == "parse":
        for named in sys.argv[2:]:
            read(*named.split(":", 1))
    else:
        train(*sys.argv[1:])
