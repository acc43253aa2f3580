"""The proof of a merge: what is not the base with this adapter is named."""

import math

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.gguf.merge import prove_merge
from lf_qwen3.results.gguf.plan import GgufPlan
from tests.needs import require
from tests.results.gguf.light_run import EMBED, HEAD, NORM, SCALE, Q, World, draw, save

require("torch", "safetensors", "numpy")


class MergedWorld(World):
    def prove(self, merged):
        tuned = self.adapters[-1] if self.adapters else self.folder / "tuned"
        plan = GgufPlan(
            *("run", self.folder, self.folder / "base", tuned, tuple(self.adapters)),
            *(None, "rows", (), "Q8_0"),
        )
        return prove_merge(plan, save(self.folder / "merged", merged))


@pytest.fixture
def world(tmp_path):
    return MergedWorld(tmp_path)


def refused(world, merged):
    with pytest.raises(LfQwen3Error) as caught:
        world.prove(merged)
    return caught.value.code


def test_a_merge_in_float16_is_proven(world):
    proof = world.prove(world.merge())
    assert (proof["changed"], proof["equal"]) == (2, 2)
    assert proof["delta_error"] < 0.01


def test_rslora_is_scaled_by_the_root_of_the_rank(world):
    world.config["use_rslora"] = True
    world.adapters = [world.write_adapter("adapter", world.lora)]
    assert world.prove(world.merge(scale=4 / math.sqrt(2)))["delta_error"] < 0.01
    assert refused(world, world.merge()) == "precision_eats_adapter"


def test_adapters_below_the_trained_one_count(world):
    second = world.draw_adapter(20)
    world.adapters.append(world.write_adapter("second", second))
    merged = world.merge()
    for name, (down, up) in second.items():
        merged[name] = (merged[name].float() + SCALE * up @ down).half()
    assert world.prove(merged)["delta_error"] < 0.01
    assert refused(world, world.merge()) in ("other_adapter", "precision_eats_adapter")


def test_an_unmerged_export_is_named(world):
    assert refused(world, world.merge({})) == "not_merged"


def test_a_merge_of_half_the_targets_is_named(world):
    assert refused(world, world.merge({Q: world.lora[Q]})) == "not_merged"


def test_a_merge_of_another_adapter_is_named(world):
    assert refused(world, world.merge(world.draw_adapter(30))) == "other_adapter"


def test_an_adapter_that_16_bits_eat_is_named(world):
    import torch

    weak = world.draw_adapter(10, size=1e-3)
    world.adapters = [world.write_adapter("adapter", weak)]
    assert world.prove(world.merge(weak))["delta_error"] < 0.1
    coarse = {name: tensor.to(torch.bfloat16).half() for name, tensor in world.merge(weak).items()}
    assert refused(world, coarse) == "precision_eats_adapter"


@pytest.mark.parametrize("wrong", [math.inf, math.nan])
def test_inf_and_nan_are_named(world, wrong):
    merged = world.merge()
    merged[Q][0, 0] = wrong
    assert refused(world, merged) == "weights_not_finite"


def test_a_base_that_changed_is_named(world):
    merged = world.merge()
    merged[EMBED][0, 0] += 1
    assert refused(world, merged) == "merged_elsewhere"


def test_an_adapter_with_a_layer_that_the_base_lacks_is_named(world):
    down = world.lora[Q][0].clone()
    deeper = {"base_model.model.model.layers.7.mlp.up_proj.lora_A.weight": down}
    world.adapters = [world.write_adapter("adapter", world.lora, deeper)]
    assert refused(world, world.merge()) == "other_base"


def test_a_missing_tensor_is_named(world):
    merged = world.merge()
    del merged[NORM]
    assert refused(world, merged) == "weights_missing"


def test_an_adapter_of_zeros_is_named(world):
    import torch

    zeros = {name: (down, torch.zeros_like(up)) for name, (down, up) in world.lora.items()}
    world.adapters = [world.write_adapter("adapter", zeros)]
    assert refused(world, world.merge(zeros)) == "adapter_empty"


def test_a_tied_head_that_was_trained_apart_is_held_against_the_embedding(world):
    head = draw(64, 16, seed=9)
    world.adapters = [world.write_adapter("adapter", world.lora, {f"base_model.model.{HEAD}": head})]
    assert world.prove(world.merge() | {HEAD: head.half()})["changed"] == 3
    assert refused(world, world.merge() | {HEAD: world.base[EMBED].half()}) == "not_merged"


def test_a_base_that_stores_its_tied_head_twice_is_the_same_model(world):
    save(world.folder / "base", world.base | {HEAD: world.base[EMBED].clone()})
    assert world.prove(world.merge())["changed"] == 2


def test_an_oft_adapter_cannot_be_proven(world):
    world.config["peft_type"] = "OFT"
    world.adapters = [world.write_adapter("adapter", world.lora)]
    assert refused(world, world.merge()) == "adapter_kind"


def test_a_whole_model_that_was_trained_is_held_against_itself(world):
    import torch

    world.adapters = []
    tuned = {name: tensor.to(torch.bfloat16) for name, tensor in world.merge().items()}
    save(world.folder / "tuned", tuned)
    assert world.prove({name: tensor.half() for name, tensor in tuned.items()})["changed"] == 2
    assert refused(world, world.merge({})) == "not_merged"
