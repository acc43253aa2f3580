"""Write the keys that another trainer's own classes take, and what each may hold: recipes/trainers/NAME.json.

Runs in that trainer's environment, as `make trainer-keys` starts it: python bench/trainer_keys.py NAME
EasyR1 is on no package index; its classes are read in a checkout: python bench/trainer_keys.py easyr1 FOLDER
"""

import ast
import dataclasses
import enum
import importlib.metadata
import json
import subprocess
import sys
import types
import typing
from pathlib import Path

PLAIN = {bool: "bool", int: "int", float: "float", str: "text"}


def trl():
    from trl.scripts import dpo, grpo, kto, sft

    parsers = {"sft": sft, "dpo": dpo, "kto": kto, "grpo": grpo}
    return {name: read_classes(*script.make_parser().dataclass_types) for name, script in parsers.items()}


def ms_swift():
    from swift.arguments import RLHFArguments, SftArguments

    return {"sft": read_classes(SftArguments), "rlhf": read_classes(RLHFArguments)}


def axolotl():
    from axolotl.utils.schemas.config import AxolotlInputConfig

    return {"train": read_model(AxolotlInputConfig)}


def verl():
    from hydra import compose, initialize_config_module
    from omegaconf import OmegaConf

    found = {}
    for command, name in (("sft", "sft_trainer_engine"), ("grpo", "ppo_trainer")):
        with initialize_config_module("verl.trainer.config", version_base=None):
            found[command] = flatten(OmegaConf.to_container(compose(name), resolve=False))
    found["grpo"]["reward.reward_kwargs"] = "any"  # read by name in reward_loop/reward_manager/dapo.py
    # A field of FSDPEngineConfig that its YAML leaves out.
    found["sft"]["engine.mixed_precision"] = "any"
    for part in ("actor", "ref"):
        found["grpo"][f"actor_rollout_ref.{part}.fsdp_config.mixed_precision"] = "any"
    return found


def easyr1(checkout):
    """Read the dataclasses of its config files without running them."""
    owners = {}
    for file in sorted(Path(checkout).glob("verl/**/config.py")):
        for owner in ast.parse(file.read_text("utf-8")).body:
            if isinstance(owner, ast.ClassDef):
                owners[owner.name] = owner.body
    return {"grpo": read_fields("PPOConfig", owners)}


def read_fields(name, owners, before=""):
    keys, plain = {}, {kind.__name__: called for kind, called in PLAIN.items()}
    for field in owners[name]:
        if not isinstance(field, ast.AnnAssign) or "init=False" in ast.unparse(field):
            continue
        key, hint = before + field.target.id, ast.unparse(field.annotation)
        if hint in owners:
            keys |= {key: "section"} | read_fields(hint, owners, f"{key}.")
        else:
            keys[key] = plain.get(hint.removeprefix("Optional[").removesuffix("]"), "any")
    return keys


def read_classes(*classes):
    found = {}
    for owner in classes:
        hints = typing.get_type_hints(owner)
        for field in dataclasses.fields(owner):
            if field.init:
                found[field.name] = list(field.metadata.get("choices") or ()) or kind_of(hints[field.name])
    return found


def read_model(model, before=""):
    found = {}
    for name, field in model.model_fields.items():
        inner = [part for part in parts_of(field.annotation) if hasattr(part, "model_fields")]
        found[before + name] = "section" if inner else kind_of(field.annotation)
        for section in inner:
            found |= read_model(section, f"{before}{name}.")
    return found


def flatten(value, before=""):
    found = {}
    for key, item in value.items():
        if isinstance(item, dict) and item:
            found |= flatten(item, f"{before}{key}.")
        else:
            found[before + key] = PLAIN.get(type(item), "any") if isinstance(item, bool) else "any"
    return found


def parts_of(hint):
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return parts_of(typing.get_args(hint)[0])
    if origin in (typing.Union, types.UnionType):
        return [part for arg in typing.get_args(hint) for part in parts_of(arg)]
    return [] if hint is types.NoneType else [hint]


def kind_of(hint):
    """Return what a type allows: a plain kind, a list of choices, or "any"."""
    kinds = []
    for part in parts_of(hint):
        if typing.get_origin(part) is typing.Literal:
            kinds.append(list(typing.get_args(part)))
        elif isinstance(part, type) and issubclass(part, enum.Enum):
            kinds.append([member.value for member in part])
        else:
            kinds.append(PLAIN.get(part, "any"))
    return kinds[0] if len(kinds) == 1 else "any"


def read_version(name, checkout):
    """Return the version of an installed trainer, or the commit of a checkout."""
    if not checkout:
        return importlib.metadata.version(name)
    command = ["git", "-C", checkout, "rev-parse", "--short=7", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main(name, *checkout):
    readers = {"trl": trl, "ms-swift": ms_swift, "axolotl": axolotl, "verl": verl, "easyr1": easyr1}
    by_command = readers[name](*checkout)
    every = {key: kind for keys in by_command.values() for key, kind in keys.items()}
    lines = []
    for key, kind in sorted(every.items()):
        takers = [command for command, keys in by_command.items() if key in keys]
        entry = {"kind": kind} | ({"of": takers} if len(takers) < len(by_command) else {})
        lines.append(f"{json.dumps(key)}: {json.dumps(entry, default=str)}")
    version = read_version(name, *(checkout or [""]))
    text = f'{{"version": "{version}", "keys": {{\n' + ",\n".join(lines) + "\n}}\n"
    file = Path(__file__).parents[1] / "recipes" / "trainers" / f"{name}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    print(f"{file}: {len(every)} keys of {name} {version}")


if __name__ == "__main__":
    main(*sys.argv[1:])
