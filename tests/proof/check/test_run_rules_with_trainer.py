"""What the checks say of layers and of quantised checkpoints is what the installed trainer and peft do."""

from types import SimpleNamespace
from typing import Any

import pytest

from lf_qwen3.proof.check.rules.registered import checks_for
from lf_qwen3.proof.check.rules.training.training_setup import TrainingSetup, sft_setup
from lf_qwen3.trainer.quantised import is_sharded
from tests.needs import require

pytestmark = pytest.mark.llamafactory


@pytest.fixture(scope="module")
def model():
    """Return a Qwen3 of one layer, its weights on no device."""
    require("llamafactory")
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    sizes = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    sizes |= {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8}
    with torch.device("meta"):
        return Qwen3ForCausalLM(Qwen3Config.from_dict(sizes))


def codes_for(setup):
    return {check.code for check in checks_for(TrainingSetup) if list(check.faults(setup))}


def test_the_layers_that_are_known_are_those_of_the_model(model):
    layers = {name.rpartition(".")[2] for name, _ in model.named_modules()} - {"", "model", "layers", "0"}
    groups = {"self_attn", "mlp", "act_fn", "rotary_emb"}
    setup = sft_setup(model_name_or_path="Qwen/Qwen3-4B", additional_target=",".join(layers - groups))
    assert "lora_target_unknown" not in codes_for(setup)
    assert "lora_target_unknown" in codes_for(
        sft_setup(model_name_or_path="Qwen/Qwen3-4B", lora_target="wte")
    )


def test_peft_passes_over_a_name_that_is_not_there(model):
    from peft import LoraConfig, get_peft_model

    tuned = get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj", "v_porj"], task_type="CAUSAL_LM"))
    trained = [name for name, weight in tuned.named_parameters() if weight.requires_grad]
    assert trained
    assert all(".q_proj." in name for name in trained)


@pytest.mark.parametrize(
    ("method", "is_refused"), [("awq", True), ("gptq", True), ("bitsandbytes", True), ("fp8", False)]
)
def test_zero_3_is_refused_as_the_checks_say(monkeypatch, method, is_refused):
    require("llamafactory")
    from llamafactory.model.model_utils import quantization

    monkeypatch.setattr(
        quantization, "is_deepspeed_zero3_enabled", lambda: is_sharded({"deepspeed": "z3.json"})
    )
    config = SimpleNamespace(quantization_config={"quant_method": method})
    arguments = SimpleNamespace(quantization_bit=4, use_kt=False)
    options: dict[str, Any] = {}
    try:
        quantization.configure_quantization(config, None, arguments, True, options)
    except ValueError:
        assert is_refused
    else:
        assert not is_refused
        assert options["quantization_config"].dequantize


def test_dora_is_refused_beside_quantization_bit_for_two_names_of_one_method():
    require("llamafactory")
    from llamafactory.extras.constants import QuantizationMethod as OfTrainer
    from transformers.utils.quantization_config import QuantizationMethod

    assert str(QuantizationMethod.BITS_AND_BYTES.value) != str(OfTrainer.BNB.value)
