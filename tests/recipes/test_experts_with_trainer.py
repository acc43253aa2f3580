"""What the recipes say of a mixture of experts is what the installed trainer, transformers and peft do."""

from importlib.metadata import version

import pytest

from lf_qwen3.recipes.derive import EXPERT_TARGETS
from tests.needs import require

pytestmark = pytest.mark.llamafactory
ATTENTION = {"q_proj", "k_proj", "v_proj", "o_proj"}
EXPERTS = {"gate_proj", "up_proj", "down_proj"}


@pytest.fixture(scope="module")
def model():
    """Return a Qwen3 of two layers with four experts each, its weights on no device."""
    require("llamafactory")
    import torch
    from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

    config = Qwen3MoeConfig(  # type: ignore[call-arg]  # head_dim is one of the others
        vocab_size=32,
        hidden_size=16,
        moe_intermediate_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        num_experts=4,
        num_experts_per_tok=2,
    )
    with torch.device("meta"):
        return Qwen3MoeForCausalLM(config)


def are_layers():
    """Tell whether the installed transformers holds each expert as linear layers."""
    return int(version("transformers").split(".")[0]) < 5


def test_all_means_attention_alone_where_experts_are_no_layers(model):
    from llamafactory.model.model_utils.misc import find_all_linear_modules

    found = set(find_all_linear_modules(model, freeze_vision_tower=True))
    assert found == (ATTENTION | EXPERTS | {"gate"} if are_layers() else ATTENTION)


def test_the_targets_of_the_recipes_reach_the_experts_where_they_are_layers(model):
    from peft import LoraConfig, get_peft_model

    targets = EXPERT_TARGETS.split(",")
    assert set(targets) == ATTENTION | EXPERTS
    tuned = get_peft_model(model, LoraConfig(r=2, target_modules=targets, task_type="CAUSAL_LM"))
    trained = {
        name.split(".lora_")[0].split(".")[-1] for name, one in tuned.named_parameters() if one.requires_grad
    }
    assert trained == (ATTENTION | EXPERTS if are_layers() else ATTENTION)


def test_the_trainer_sets_the_loss_that_balances_the_experts(model):
    from types import SimpleNamespace

    from llamafactory.model.model_utils.moe import configure_moe

    config = model.config.__class__()
    before = (config.output_router_logits, config.router_aux_loss_coef)
    configure_moe(config, SimpleNamespace(moe_aux_loss_coef=None), is_trainable=True)
    assert (config.output_router_logits, config.router_aux_loss_coef) == before
    configure_moe(config, SimpleNamespace(moe_aux_loss_coef=0.5), is_trainable=True)
    assert (config.output_router_logits, config.router_aux_loss_coef) == (True, 0.5)
