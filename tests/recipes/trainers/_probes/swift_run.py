"""Run in ms-swift's own environment: its pipeline over a config file, as `swift sft FILE` runs it.

python swift_run.py sft CONFIG ROWS [--key value ...]       train; what is fed is written to ROWS first
python swift_run.py parse CONFIG...                         parse each, by the command that its keys ask for
"""

import json
import sys
from typing import Any

from swift.cli.main import parse_yaml_args


def train(command, config, rows, *overrides):
    from swift.pipelines.train.rlhf import SwiftRLHF
    from swift.pipelines.train.sft import SwiftSft

    pipeline: Any = SwiftSft if command == "sft" else SwiftRLHF

    class Written(pipeline):  # type: ignore[misc]
        def _prepare_dataset(self):
            train, val = super()._prepare_dataset()
            with open(rows, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(plain(train[at])) + "\n" for at in range(len(train)))
            return train, val

    Written([*read(config, overrides[::2]), *overrides]).main()


def parse(*configs):
    from swift.arguments import RLHFArguments, SftArguments
    from swift.utils import parse_args

    for config in configs:
        argv = read(config)
        left = parse_args(RLHFArguments if "--rlhf_type" in argv else SftArguments, argv)[1]
        if left:
            raise SystemExit(f"{config}: not taken: {left}")


def read(config, without=()):
    """Return a config as the words of a command line, those of the options in `without` left out."""
    argv, kept, is_out = [config], [], False
    parse_yaml_args(argv)
    for word in argv:
        is_out = word in without or (is_out and not word.startswith("--"))
        if not is_out:
            kept.append(word)
    return kept


def plain(row):
    kinds = (list, str, int, float, bool, type(None))
    return {key: value for key, value in row.items() if isinstance(value, kinds)}


if __name__ == "__main__":
    parse(*sys.argv[2:]) if sys.argv[1] == "parse" else train(*sys.argv[1:])
