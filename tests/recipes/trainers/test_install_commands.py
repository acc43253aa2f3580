"""The commands that install a trainer, and the packages that settings ask for beside it."""

import pytest

from lf_qwen3.recipes.trainers import find_trainer


@pytest.mark.parametrize(
    ("trainer", "method", "options", "packages"),
    [
        ("trl", "lora sft", {}, ""),
        ("trl", "qlora sft", {"preset": ("swanlab-cloud", "liger")}, "bitsandbytes liger-kernel swanlab"),
        ("ms-swift", "lora sft", {"preset": ("ds-zero2", "tensorboard")}, "deepspeed"),
        ("axolotl", "qlora sft", {"preset": "tensorboard"}, ""),
        ("axolotl", "lora sft", {"preset": "swanlab-local"}, "swanlab"),
    ],
)
def test_what_the_settings_ask_for_is_installed_too(plan, trainer, method, options, packages):
    made = plan(trainer, method, **options)
    pip = "python3.12 -m pip" if trainer == "axolotl" else "pip"
    more = [f"{pip} install {packages}"] if packages else []
    assert made.steps.before == [made.steps.before[0], *find_trainer(trainer).install, *more]
    assert "\n".join(made.steps.before[1:]) in made.files["RUN.md"]
