import json
import xml.etree.ElementTree as ET

from click.testing import CliRunner

from lf_qwen3.cli.diagnose import command
from tests.needs import require
from tests.results.diagnose import written

FALLING = (2.0, 1.8, 1.6, 1.5, 1.4, 1.3, 1.25, 1.2)
OVERFIT = (2.0, 1.6, 1.3, 1.1, 0.9, 0.7, 0.5, 0.35)
RISING = {20: 1.8, 40: 1.5, 60: 1.6, 80: 1.9}
CALM = {20: 1.9, 40: 1.6, 60: 1.45, 80: 1.44}


def called(*words):
    return CliRunner().invoke(command, [str(word) for word in words], standalone_mode=False)


def test_a_verdict_is_shown_with_evidence_and_advice(tmp_path):
    result = called(written.run(tmp_path / "run", OVERFIT, RISING))
    assert result.return_value == 1
    assert "warning: overfit: " in result.stdout
    assert "evidence: validation 1.500 at step 40" in result.stdout
    assert "try next: " in result.stdout
    assert "1 warning: " in result.stdout.splitlines()[-1]


def test_a_good_run_is_one_line(tmp_path):
    result = called(written.run(tmp_path / "run", FALLING, CALM))
    assert result.return_value == 0
    assert result.stdout.splitlines() == [
        f"sound: {tmp_path / 'run'}: 80 steps, loss 2.000 to 1.200, validation at best 1.440 (step 80)"
    ]


def test_a_run_of_six_steps_is_too_short_to_tell(tmp_path):
    result = called(written.run(tmp_path / "run", FALLING[:6], {6: 1.4}, every=1))
    assert result.return_value == 0
    assert "evidence: the run had 6 steps" in result.stdout
    assert result.stdout.splitlines()[-1].startswith(f"too short to tell: {tmp_path / 'run'}: 6 steps")


def test_json_holds_verdicts_and_curves(tmp_path):
    found = json.loads(called(written.run(tmp_path / "run", OVERFIT, RISING), "--json").stdout)
    assert [one["code"] for one in found["verdicts"]] == ["overfit"]
    assert found["verdicts"][0]["figures"]["best_step"] == 40
    assert found["curves"]["eval_loss"] == [[step, value] for step, value in RISING.items()]


def test_plots_are_drawn_as_png_and_svg_the_same_each_time(tmp_path):
    require("matplotlib")
    folder = written.run(tmp_path / "run", [2.0, *FALLING, float("nan")], CALM)
    first, second = (called(folder, "--plots", tmp_path / name) for name in "ab")
    assert first.return_value == second.return_value == 1
    names = {one.name for one in (tmp_path / "a").iterdir()}
    assert names == {"loss.png", "loss.svg", "learning_rate.png", "learning_rate.svg"}
    for name in names:
        drawn = (tmp_path / "a" / name).read_bytes()
        assert drawn == (tmp_path / "b" / name).read_bytes()
        if name.endswith(".svg"):
            assert ET.fromstring(drawn).tag.endswith("svg")
        else:
            assert drawn.startswith(b"\x89PNG")


def test_plots_want_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    result = called(written.run(tmp_path / "run", FALLING, CALM), "--plots", tmp_path / "file")
    assert "is a file" in str(result.exception)
