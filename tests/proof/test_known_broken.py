"""Versions that break a setting: the table, who reads it, and that the installed ones behave as it says."""

import json
import types
from importlib import metadata

import pytest

from lf_qwen3 import check
from lf_qwen3.proof import doctor, known_broken
from lf_qwen3.trainer import schema, versions

FLASH = {"flash_attn": "fa2"}
LIGER = {"enable_liger_kernel": True}
ZERO3 = {"transformers": "5.2.0", "kernels": "0.11"}


def test_every_entry_names_real_keys_real_ranges_and_a_public_report():
    specifiers = pytest.importorskip("packaging.specifiers")
    for entry in known_broken.TABLE:
        assert {*entry.settings, *entry.unless} <= set(schema.load()["properties"]), entry
        assert all(specifiers.SpecifierSet(versions) for versions in entry.packages.values()), entry
        assert "/" in entry.source
        assert "#" in entry.source
        assert entry.cure


@pytest.mark.parametrize(
    ("installed", "settings", "expected"),
    [
        ({"transformers": "5.6.0"}, FLASH, ["flash_attn"]),
        ({"transformers": "5.6.0"}, {"flash_attn": "sdpa"}, []),
        ({"transformers": "5.6.0"}, {}, []),
        ({"transformers": "5.6.1"}, FLASH, []),
        ({"transformers": "5.5.4"}, FLASH, []),
        ({}, FLASH, []),
        ({"swanlab": "0.10.3", "transformers": "5.5.4"}, {"report_to": ["swanlab"]}, ["report_to"]),
        ({"swanlab": "0.10.3", "transformers": "5.5.4"}, {"report_to": "all"}, ["report_to"]),
        ({"swanlab": "0.7.20", "transformers": "5.5.4"}, {"report_to": "all"}, []),
        ({"swanlab": "0.10.3", "transformers": "5.5.4"}, {"report_to": "all", "use_swanlab": True}, []),
        ({"swanlab": "0.10.3", "transformers": "5.5.4"}, {"report_to": "none"}, []),
        (ZERO3, {"deepspeed": "examples/deepspeed/ds_z3_config.json"}, ["deepspeed"]),
        (ZERO3, {"deepspeed": "recipes/deepspeed/zero3.json"}, ["deepspeed"]),
        (ZERO3, {"deepspeed": {"zero_optimization": {"stage": 3}}}, ["deepspeed"]),
        (ZERO3, {"deepspeed": "examples/deepspeed/ds_z2_config.json"}, []),
        ({**ZERO3, "transformers": "5.5.4"}, {"deepspeed": "zero3.json"}, []),
        ({"transformers": "5.2.0"}, {"deepspeed": "zero3.json"}, []),
        ({"liger-kernel": "0.6.4", "transformers": "4.56.2"}, LIGER, ["enable_liger_kernel"]),
        ({"liger-kernel": "0.6.4", "transformers": "5.5.4"}, LIGER, []),
        ({"trl": "0.24.0"}, {"stage": "ppo"}, ["stage"]),
        ({"trl": "0.24.0"}, {"stage": "dpo"}, []),
    ],
)  # fmt: skip
def test_a_setting_is_met_by_the_versions_that_break_it(installed, settings, expected):
    broken = [e for e in known_broken.list_broken(installed) if known_broken.meets(e, settings)]
    assert [next(iter(entry.settings)) for entry in broken] == expected


def test_check_names_the_line_the_fault_and_the_cure(tmp_path, monkeypatch):
    rows = [{"instruction": f"Question {number}?", "output": f"Answer {number}."} for number in range(4)]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    (tmp_path / "dataset_info.json").write_text(json.dumps({"rows": {"file_name": "rows.json"}}))
    config = tmp_path / "train.yaml"
    config.write_text("do_train: true\ndataset: rows\nflash_attn: fa2\n")
    monkeypatch.setattr(known_broken, "read_versions", lambda: {"transformers": "5.6.0"})
    monkeypatch.setattr(versions, "installed_version", lambda: "0.9.7")
    report = check(tmp_path, config=config, ask_trainer=False)
    (finding,) = [finding for finding in report.findings if finding.code == "known_broken"]
    assert finding.where == f"{config}:3"
    assert "transformers==5.5.4" in finding.message
    assert "#45588" in finding.message
    assert [note for note in report.notes if "0.9.7" in note and "by 0.9.6.dev0" in note]


def test_doctor_lists_what_the_installed_versions_break(monkeypatch):
    installed = {"transformers": "5.6.0", "llamafactory": "0.9.5"}

    def version(name):
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(metadata, "requires", lambda name: [])
    monkeypatch.setattr(versions, "installed_version", lambda: "0.8.0")
    findings = {finding.what: finding for finding in doctor.check_environment().findings}
    broken = findings["flash_attn: fa2 or fa3 fails with transformers 5.6.0"]
    assert broken.level == "note"
    assert "5.5.4" in broken.cure
    assert any("0.8.0" in what and "0.9.5" in what for what in findings)
    assert not any("swanlab 0" in what for what in findings)


@pytest.mark.llamafactory
def test_flash_attention_fails_in_the_versions_that_the_table_names(monkeypatch):
    """The fault lies before the kernel is called, so that a stand-in for the kernel shows it on a CPU."""
    torch = pytest.importorskip("torch")
    flash = pytest.importorskip("transformers.integrations.flash_attention")
    monkeypatch.setattr(flash, "_flash_attention_forward", lambda query, *args, **options: query)
    config = types.SimpleNamespace(_attn_implementation="flash_attention_2")
    module = types.SimpleNamespace(config=config, is_causal=True, layer_idx=0)
    query = torch.zeros(1, 2, 4, 8, dtype=torch.bfloat16)
    installed = {"transformers": metadata.version("transformers")}
    broken = [e for e in known_broken.list_broken(installed) if known_broken.meets(e, FLASH)]
    if broken:
        with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'to'"):
            flash.flash_attention_forward(module, query, query, query, None)
    else:
        assert flash.flash_attention_forward(module, query, query, query, None)[0].shape == (1, 4, 2, 8)


@pytest.mark.llamafactory
def test_swanlab_has_no_run_before_the_callback_of_transformers_starts_one():
    swanlab = pytest.importorskip("swanlab")
    installed = {name: metadata.version(name) for name in ("swanlab", "transformers")}
    if any(known_broken.meets(e, {"report_to": "all"}) for e in known_broken.list_broken(installed)):
        with pytest.raises(RuntimeError, match="No active Run"):
            swanlab.get_run()
    else:
        assert swanlab.get_run() is None
