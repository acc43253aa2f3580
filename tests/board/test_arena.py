"""Section Arena without gradio: a tiny Qwen3 with its adapter on and off, and the votes on its answers."""

from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.board.handlers import arena, arena_model
from lf_qwen3.board.handlers.arena_model import Way
from lf_qwen3.board.handlers.sampling import find
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import texts
from lf_qwen3.trainer import chat_engine

QUESTION: Any = [{"role": "user", "content": "Why is the sky blue?"}]
RUN = "saves/tiny/lora/run"


def code(name):
    return lambda error: error.code == name


@pytest.fixture(scope="module")
def trained(tiny, make_model, tmp_path_factory):
    """Return a folder to start a board in, with a run whose adapter changes what the tiny Qwen3 says."""
    here = tmp_path_factory.mktemp("board")
    make_model("tune", tiny, here / RUN)
    return here


@pytest.fixture(scope="module")
def chatter(trained):
    """Return the board's model with the run loaded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(trained)
        loaded = SimpleNamespace(engine=None)
        shown = arena_model.load_run(loaded, RUN)
    assert shown["run"] == RUN
    assert shown["gib"] > 0
    return loaded


@pytest.fixture
def board(trained, chatter, monkeypatch):
    monkeypatch.chdir(trained)
    return chatter


def answer(board, way, sampling, messages=QUESTION):
    *_, last = arena_model.stream_answer(board, messages, "", way, sampling, 1, Event())
    return last


def test_without_its_adapter_the_model_is_the_base_bit_for_bit(board, tiny):
    import torch
    from transformers import AutoModelForCausalLM

    model, greedy = board.engine.model, replace(find("greedy"), max_new_tokens=20)
    alone: Any = AutoModelForCausalLM.from_pretrained(tiny, dtype=model.dtype)
    base, tuned = Way("base", "thinking"), Way("tuned", "thinking")
    arguments = chat_engine.build_arguments(
        board.engine, QUESTION, "", True, {"max_new_tokens": 20, "do_sample": False}
    )
    with torch.no_grad():
        on = model(arguments["inputs"]).logits
        with model.disable_adapter():
            assert torch.equal(model(arguments["inputs"]).logits, alone(arguments["inputs"]).logits)
        ids = alone.generate(**arguments)[0, arguments["inputs"].shape[1] :]
    texts_of = [answer(board, way, greedy)["text"] for way in (tuned, base, tuned)]
    assert texts_of[1] == board.engine.tokenizer.decode(ids, skip_special_tokens=True).rstrip("\ufffd")
    assert texts_of[0] == texts_of[2] != texts_of[1]
    with torch.no_grad():
        assert torch.equal(on, model(arguments["inputs"]).logits)  # it is on again
        assert not torch.equal(on, alone(arguments["inputs"]).logits)


@pytest.mark.parametrize("mode", ["thinking", "non-thinking"])
def test_a_prompt_is_the_one_of_the_trainers_chat(board, tiny, mode):
    from llamafactory.data import get_template_and_fix_tokenizer
    from llamafactory.hparams import DataArguments
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny)
    options = DataArguments(template="qwen3", enable_thinking=mode == "thinking")
    template = get_template_and_fix_tokenizer(tokenizer, options)
    messages = [*QUESTION, {"role": "assistant", "content": "w"}, *QUESTION]
    wanted, _ = template.encode_oneturn(
        tokenizer, [*messages, {"role": "assistant", "content": ""}], "Be kind."
    )
    way, before = Way("tuned", mode), board.engine.template.enable_thinking
    given = chat_engine.build_arguments(
        board.engine, messages, "Be kind.", way.mode == "thinking", {"top_k": 7}
    )
    assert given["inputs"].tolist() == [wanted]
    assert given["generation_config"].top_k == 7
    empty = "<think>\n\n</think>\n\n"
    assert tokenizer.decode(wanted).endswith(empty) == (mode == "non-thinking")
    assert board.engine.template.enable_thinking == before  # the Chat tab has the same template


def test_all_ways_are_answered_blind_in_an_order_of_the_seed(board):
    shown = []
    arena_round = arena.start_round(board, "Why?", new_tokens=12, seed=3)
    for label in arena.answer_round(board, arena_round):
        shown.append(arena.show_answer(arena_round, label))
    ways = [way for way, _ in arena_round.ways.values()]
    assert sorted(ways) == sorted(arena_model.describe(board)["ways"])
    assert len(ways) == 4
    dealt = {arena.start_round(board, "Why?", seed=seed).ways["A"][0] for seed in range(20)}
    assert dealt == set(ways)
    assert list(dict.fromkeys(answer["label"] for answer in shown)) == list("ABCD")
    assert {(answer["model"], answer["mode"]) for answer in shown} == {("", "")}
    assert all(answer["is_cut"] and answer["tokens"] == 12 for answer in arena_round.answers.values())
    html = render("arena/answer", texts("en"), state=shown[-1])
    assert "12 tokens" in html
    assert "tuned" not in html.lower()
    temperatures = {way.mode: drawing.temperature for way, drawing in arena_round.ways.values()}
    assert temperatures == {"thinking": 0.6, "non-thinking": 0.7}


def test_the_same_seed_gives_the_same_answers(board):
    texts_of = []
    for _ in range(2):
        arena_round = arena.start_round(board, "Why?", new_tokens=6, seed=5)
        list(arena.answer_round(board, arena_round))
        texts_of.append([answer["text"] for answer in arena_round.answers.values()])
    assert texts_of[0] == texts_of[1]
    assert len(set(texts_of[0])) > 1


def test_a_stopped_round_ends_and_takes_no_vote(board):
    arena_round = arena.start_round(board, "Why?", new_tokens=32_768, seed=1)
    labels = []
    for label in arena.answer_round(board, arena_round):
        labels.append(label)
        arena_round.stop.set()
    assert set(labels) == {"A"}
    assert arena_round.answers["A"]["state"] == "stopped"
    assert arena_round.answers["A"]["tokens"] < 30_000
    with pytest.raises(UsageError, check=code("no_vote_open")):
        arena.vote(arena_round, "A")
    assert not arena.votes_folder(RUN).exists()


def test_a_round_goes_on_in_the_server_and_is_kept_for_its_browser(board, monkeypatch):
    monkeypatch.setattr(arena, "ROUNDS", {})
    monkeypatch.setattr(arena, "MOST_KEPT", 2)
    rounds = [arena.start_round(board, f"{n}?", new_tokens=2, seed=n) for n in range(3)]
    for number, arena_round in enumerate(rounds):
        arena.run_round(board, arena_round, f"browser {number}")
    for arena_round in rounds:
        assert arena_round.is_over.wait(60)
        assert [answer["state"] for answer in arena_round.answers.values()] == ["done"] * 4
    assert [*arena.ROUNDS.items()] == [("browser 1", rounds[1]), ("browser 2", rounds[2])]


def test_a_round_that_no_page_shows_any_more_is_stopped(board, monkeypatch):
    monkeypatch.setattr(arena, "PATIENCE_SECONDS", -1)
    arena_round = arena.start_round(board, "Why?", new_tokens=32_768, seed=1)
    arena.run_round(board, arena_round, "")
    assert arena_round.is_over.wait(60)
    assert [answer["state"] for answer in arena_round.answers.values()] == ["stopped"]


def test_a_round_whose_model_was_unloaded_says_so(board):
    arena_round = arena.start_round(board, "Why?", new_tokens=2, seed=1)
    arena.run_round(SimpleNamespace(engine=None), arena_round, "")
    assert arena_round.is_over.wait(60)
    assert arena_round.error.code == "generation_failed"


def test_an_answer_that_nobody_reads_any_more_is_given_up_and_frees_the_model(board):
    arena_round = arena.start_round(board, "Why?", new_tokens=32_768, seed=1)
    answers = arena.answer_round(board, arena_round)
    next(answers)
    answers.close()
    again = arena.start_round(board, "Why?", new_tokens=2, seed=1)
    assert len(set(arena.answer_round(board, again))) == 4


def test_the_chat_tab_waits_for_the_arena(board):
    arena_round = arena.start_round(board, "Why?", new_tokens=2, seed=1)
    answers = arena.answer_round(board, arena_round)
    next(answers)
    assert board.engine.semaphore.locked()
    assert set(answers) >= set("BCD")


@pytest.mark.parametrize(
    ("model", "template", "modes"),
    [
        ("Qwen/Qwen3-4B", "qwen3", ["thinking", "non-thinking"]),
        ("Qwen/Qwen3-4B-Instruct-2507", "qwen3_nothink", ["non-thinking"]),
        ("Qwen/Qwen3-4B-Thinking-2507", "qwen3", ["thinking"]),
        ("models/of-mine", "qwen3", ["thinking", "non-thinking"]),
        ("models/of-mine", "qwen3_nothink", ["non-thinking"]),
    ],
)
def test_a_model_offers_the_ways_it_has(model, template, modes):
    from llamafactory.data.template import TEMPLATES

    config = SimpleNamespace(_name_or_path=model)
    loaded = SimpleNamespace(config=config, get_memory_footprint=lambda: 1 << 30)
    engine = SimpleNamespace(model=loaded, can_generate=True, template=TEMPLATES[template])
    ways = arena_model.describe(SimpleNamespace(engine=engine))["ways"]
    assert ways == [Way("loaded", mode) for mode in modes]


def test_demo_mode_refuses(here):
    chatter = SimpleNamespace(engine=None)
    for work in (
        lambda: arena_model.load_run(chatter, "saves/x", is_demo=True),
        lambda: arena.start_round(chatter, "Why?", is_demo=True),
        lambda: arena.vote(None, "A", is_demo=True),
    ):
        with pytest.raises(UsageError, check=code("demo_mode")):
            work()


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"text": ""}, "option_value"),
        ({"text": "x" * (arena.LONGEST_QUESTION + 1)}, "option_value"),
        ({"text": "Why?", "new_tokens": 0}, "option_value"),
        ({"text": "Why?", "new_tokens": 10**9}, "option_value"),
        ({"text": "Why?", "preset": "../x"}, "unknown_preset"),
    ],
)
def test_a_field_that_will_not_do_is_refused(board, given, name):
    with pytest.raises(UsageError, check=code(name)):
        arena.start_round(board, **given)


@pytest.mark.parametrize(
    "engine", [None, SimpleNamespace(name="vllm"), SimpleNamespace(model=1, can_generate=False)]
)
def test_without_a_model_that_answers_nothing_is_asked(here, engine):
    with pytest.raises(UsageError, check=code("model_missing")):
        arena.start_round(SimpleNamespace(engine=engine), "Why?")


def test_what_loading_takes_is_said_before(trained, monkeypatch):
    monkeypatch.chdir(trained)
    plan = arena_model.plan_load(RUN)
    assert (plan["run"], plan["ways"]) == (RUN, [])
    assert 0 < plan["gib"] < 1
    assert "GiB" in render("arena/model", texts("en"), state=plan)
    for run in ("/etc", "../x", "", "saves/none"):
        with pytest.raises(UsageError):
            arena_model.plan_load(run)


def test_a_drawn_question_that_was_changed_is_one_of_its_own(board):
    drawn: Any = {
        "question": "second?",
        "system": "Be kind.",
        "history": [{"role": "user", "content": "first"}, {"role": "assistant", "content": "one"}],
        "reference": "two",
    }
    assert arena.start_round(board, " second? ", drawn).asked == drawn
    asked = arena.start_round(board, "third?", drawn).asked
    assert (asked["history"], asked["system"], asked["reference"]) == ([], "", "")
    way = Way("base", "thinking")
    told = arena_model.stream_answer(
        board, [*drawn["history"], *QUESTION], "Be kind.", way, find("greedy"), 1, Event()
    )
    prompt = next(told)["prompt"]
    assert all(text in prompt for text in ("Be kind.", "first", "one", "sky"))
    told.close()
