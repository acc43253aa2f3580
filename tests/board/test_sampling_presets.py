"""Section Sampling presets without gradio: presets, those kept by name, what they change in the board."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.board.handlers import sampling
from lf_qwen3.board.handlers.sampling_board import MOST_WINDOWS, WindowPredictions, apply_to_loaded
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import languages, texts
from lf_qwen3.recipes import presets

THINKING = sampling.find("thinking")


def test_the_shipped_presets_are_those_of_the_recipes(here):
    shipped = {one.name: one.generate for one in presets.list_presets() if one.group == "sampling"}
    assert set(sampling.names()) == set(shipped)
    assert sampling.names()[0] == "thinking"
    for name, generate in shipped.items():
        assert asdict(sampling.find(name)).items() >= generate.items()
    assert [name for name in shipped if sampling.find(name).enable_thinking] == ["thinking"]


def test_a_preset_is_kept_found_replaced_and_removed(here):
    warm = replace(THINKING, temperature=0.9, top_k=40, enable_thinking=False)
    assert sampling.keep(" mine ", THINKING) == "mine"
    sampling.keep("mine", warm)
    assert sampling.find("mine") == warm
    assert sampling.names()[-1] == "mine"
    assert not list(Path("llamaboard_config").glob("*.yaml"))
    sampling.remove("mine")
    assert "mine" not in sampling.names()
    with pytest.raises(UsageError, check=lambda error: error.code == "unknown_preset"):
        sampling.find("mine")


@pytest.mark.parametrize(
    "name",
    ["", "../x", "/etc/passwd", "a/b", ".", "-rf", "<b>x</b>", "a\0b", "x" * 500, "thinking", "greedy"],
)
def test_a_name_that_will_not_do_is_refused(here, name):
    with pytest.raises(UsageError):
        sampling.keep(name, THINKING)
    assert not Path(sampling.FILE).exists()


@pytest.mark.parametrize("name", ["thinking", "no_such", "../x", None])
def test_what_is_not_the_users_cannot_be_removed(here, name):
    with pytest.raises(UsageError):
        sampling.remove(name)


def test_demo_mode_keeps_nothing(here):
    for work in (lambda: sampling.keep("a", THINKING, True), lambda: sampling.remove("a", True)):
        with pytest.raises(UsageError, check=lambda error: error.code == "demo_mode"):
            work()
    assert not sampling.FILE.parent.exists()


@pytest.mark.parametrize(
    "content", ["", "[", "[]", '{"a": 1}', "\x00", "x" * (2 << 20)], ids=["empty", *"bcd", "zero", "large"]
)
def test_a_broken_file_leaves_the_shipped_presets(here, content):
    sampling.FILE.parent.mkdir()
    sampling.FILE.write_text(content, "utf-8")
    assert "thinking" in sampling.names()
    assert sampling.find("thinking") == THINKING
    with pytest.raises(LfQwen3Error, check=lambda error: error.code == "file_unreadable"):
        sampling.keep("mine", THINKING)
    assert sampling.FILE.read_text("utf-8") == content


def test_what_was_written_into_the_file_by_hand_is_checked(here):
    sampling.FILE.parent.mkdir()
    sampling.FILE.write_text(json.dumps({"odd": {"temperature": "<b>"}}), "utf-8")
    with pytest.raises(UsageError, match="temperature"):
        sampling.find("odd")


def test_visitors_who_keep_at_the_same_time_lose_nothing(here):
    names = [f"mine_{number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(lambda name: sampling.keep(name, THINKING), names)) == sorted(names)
    assert set(names) <= set(sampling.names())


def test_there_is_an_end_to_how_many_are_kept(here, monkeypatch):
    monkeypatch.setattr(sampling, "MOST", 1)
    sampling.keep("one", THINKING)
    sampling.keep("one", THINKING)
    with pytest.raises(UsageError, check=lambda error: error.code == "too_many_presets"):
        sampling.keep("two", THINKING)


def test_a_link_out_of_the_folder_is_not_followed(here, tmp_path):
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    sampling.FILE.parent.symlink_to(outside)
    with pytest.raises(UsageError, check=lambda error: error.code == "path_outside"):
        sampling.keep("mine", THINKING)
    assert not list(outside.iterdir())


@pytest.mark.parametrize("value", [None, "1", True, float("nan"), float("inf"), -1, 10**9], ids=str)
@pytest.mark.parametrize("name", sampling.BOUNDS)
def test_a_number_that_will_not_do_is_refused(name, value):
    with pytest.raises(UsageError, match=name):
        sampling.check(asdict(THINKING) | {name: value})


def test_the_likeliest_word_alone_is_a_top_k_of_one():
    assert replace(THINKING, do_sample=False).beside_the_sliders["top_k"] == 1
    assert THINKING.beside_the_sliders == {"top_k": THINKING.top_k, "enable_thinking": True}


def test_the_chat_tabs_own_arguments_stay():
    written = sampling.extra_args('{"vllm_enforce_eager": true, "top_k": 5}', THINKING)
    assert json.loads(written) == {"vllm_enforce_eager": True, "top_k": THINKING.top_k}
    assert json.loads(sampling.extra_args("", THINKING)) == {"top_k": THINKING.top_k}
    for broken in ("{", "[]", "1"):
        with pytest.raises(UsageError, check=lambda error: error.code == "not_json"):
            sampling.extra_args(broken, THINKING)


class Runner:
    """Stands for the board's runner."""

    def _parse_eval_args(self, data):
        return dict(data)


def test_predictions_of_one_window_alone_get_more():
    runner, window = Runner(), ["a"]
    own = runner._parse_eval_args
    predictions = WindowPredictions(runner, lambda: window[0])
    predictions.set({})
    assert runner._parse_eval_args == own
    predictions.set(THINKING.beside_the_sliders)
    assert runner._parse_eval_args({"top_p": 0.5}) == {"top_p": 0.5, **THINKING.beside_the_sliders}
    for other in ("b", None):
        window[0] = other
        assert runner._parse_eval_args({"top_p": 0.5}) == {"top_p": 0.5}
    window[0] = "b"
    predictions.set({"top_k": 3})
    assert runner._parse_eval_args({}) == {"top_k": 3}
    window[0] = "a"
    predictions.set({})
    assert runner._parse_eval_args({}) == {}


def test_only_so_many_windows_are_remembered():
    runner, window = Runner(), [""]
    predictions = WindowPredictions(runner, lambda: window[0])
    for number in range(MOST_WINDOWS + 1):
        window[0] = f"w{number}"
        predictions.set({"top_k": number})
    window[0] = "w0"
    assert runner._parse_eval_args({}) == {}
    window[0] = f"w{MOST_WINDOWS}"
    assert runner._parse_eval_args({}) == {"top_k": MOST_WINDOWS}


def test_a_board_without_that_method_is_left_alone():
    assert not WindowPredictions(object(), lambda: "a").can
    assert not WindowPredictions(Runner(), lambda: None).can
    assert WindowPredictions(Runner(), lambda: "a").can


def test_a_loaded_model_draws_with_the_new_top_k():
    class Engine:
        generating_args = {"top_k": 50, "top_p": 0.7}  # noqa: RUF012

    class Chatter:
        engine = None

    assert not apply_to_loaded(Chatter(), THINKING)
    Chatter.engine = Engine()
    assert apply_to_loaded(Chatter(), THINKING)
    assert Engine.generating_args == {"top_k": THINKING.top_k, "top_p": 0.7}


@pytest.mark.parametrize("language", languages())
def test_everything_is_shown_in_every_language(language):
    told = texts(language)
    message = sampling.message
    messages = [message("good", "chat_done"), message("note", "chat_later"), message("note", "chat_loaded")]
    messages += [message("good", "predict_done"), message("note", "predict_beyond", keys="<b>")]
    messages += [message("warning", "predict_cannot"), message("note", "predict_sliders")]
    messages += [message("warning", "unknown", names="eval.x"), message("good", "was_kept", name="<i>")]
    messages += [message("good", "was_removed", name="n")]
    shown = render("sampling/applied", told, state={"messages": messages})
    assert "&lt;b&gt;" in shown
    assert "<i>" not in shown
    keys = render("sampling/keys", told, state=sampling.show_keys(asdict(THINKING)))
    assert f"top_k: {THINKING.top_k}" in keys
    assert "enable_thinking: true" in keys
    for view in ("sampling/applied", "sampling/kept", "sampling/keys"):
        render(view, told, state=None)
        assert "&lt;i&gt;" in render(view, told, state={"error": "<i>", "hint": ""})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_choice_that_comes_twice_fills_the_fields_once(here):
    gradio = pytest.importorskip("gradio")
    from lf_qwen3.board import tab

    events = tab.make_page().fns.values()
    (fill_fields,) = [event.fn for event in events if event.name == "fill_fields"]

    def filled(before):
        return {type(element) for element in fill_fields("greedy", before, "en")} & {
            gradio.Number,
            gradio.Checkbox,
        }

    assert filled("thinking") == {gradio.Number, gradio.Checkbox}
    assert not filled("greedy")
