"""What a plan says of another model is what a check with that processor says: from stored facts and text, no medium."""

import json
from dataclasses import replace

import pytest

from tests.conftest import check, say
from tests.engine.data import make_registry
from tests.oracle.videos import film
from validator.engine.run_files.finished import FinishedRun
from validator.errors import ChangedDataError
from validator.planning.models import plan_models
from validator.planning.plan import plan

SHIPPED = ("qwen2-vl", "qwen2.5-vl", "qwen3-vl")
TOOLS = json.dumps([{"name": "look", "parameters": {"type": "object", "properties": {}}}])
CALL = json.dumps({"name": "look", "arguments": {}})
pytestmark = pytest.mark.larger


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Rows of all kinds, most of which read alike under the three models, and some that do not."""
    folder = tmp_path_factory.mktemp("models")
    registry = make_registry(folder, rows=30)
    film(folder / "a.mp4", 30, 25)
    rows = [say("<image>" + "Hi " * n, "ho " * n, images=["shots/0.png"]) for n in (1, 40, 400)]
    rows += [
        say("<think>no</think>", "yes <tool_call>"),
        say("a <|fim_prefix|>", "b"),
        say("<tool_response>", "<think>"),
    ]
    rows += [say("Hi", "ho") | {"system": text} for text in ("", "be kind", "</think>")]
    rows += [say("Hi", "ho") | {"tools": TOOLS}, say("<video>What?", "That.", videos=["a.mp4"])]
    rows += [say("<image>" * 3 + "q", "a", "q<image>", "a" * 90, images=["shots/1.png"] * 4)]
    calls = say("Look", CALL, "seen", "It is.")["messages"]
    calls[1]["role"], calls[2]["role"] = "function_call", "observation"
    rows += [{"messages": calls, "tools": TOOLS}, say("only a question")]
    for row in rows:
        for name, nothing in (("images", []), ("videos", []), ("system", ""), ("tools", "")):
            row.setdefault(name, nothing)
    (folder / "odd.json").write_text(json.dumps(rows))
    entries = json.loads(registry.read_text())
    odd = json.loads(json.dumps(entries["lines"]))
    odd["file_name"] = "odd.json"
    odd["columns"] |= {name: name for name in ("system", "tools", "videos")}
    odd["tags"] |= {"function_tag": "function_call", "observation_tag": "observation"}
    registry.write_text(
        json.dumps({"odd": odd, **{name: entries[name] for name in ("lines", "broken", "table", "gone")}})
    )
    return folder


def counted(run, **limits):
    """The counts of a run under its own processor, or under limits."""
    return plan(run, [limits[name] for name in limits if name == "cutoff_len"], [], 8).options[0].counts


@pytest.fixture(scope="module")
def runs(home):
    made = {}
    for name in SHIPPED:
        check(home / "dataset_info.json", home / name, processor=name)
        made[name] = FinishedRun(home / name)
    return made


@pytest.mark.parametrize("cutoff", [8192, 120])
@pytest.mark.parametrize("name", SHIPPED)
def test_equal_to_checks_with_each_processor(runs, name, cutoff):
    made = plan_models(runs[name], ["all"], {"cutoff_len": cutoff}, 8)
    assert {model.processor for model in made.models} == set(SHIPPED) and not made.left_out
    for model in made.models:
        counts, wanted = model.option.counts, counted(runs[model.processor], cutoff_len=cutoff)
        if model.processor == "qwen3-vl" != name:  # the times of frames are not known: one row
            assert counts.unchecked == wanted.unchecked + 1
            continue
        assert counts == wanted, (name, model.processor)


@pytest.fixture(scope="module")
def still(home):
    """The registry without the row that has a video."""
    entries = json.loads((home / "dataset_info.json").read_text())
    rows = [row for row in json.loads((home / "odd.json").read_text()) if not row["videos"]]
    (home / "still.json").write_text(json.dumps(rows))
    entries["odd"]["file_name"] = "still.json"
    (home / "still_info.json").write_text(json.dumps(entries))
    return home / "still_info.json"


def test_few_rows_are_read_again(still, tmp_path):
    for name in ("qwen2-vl", "qwen3-vl"):
        check(still, tmp_path / name, processor=name)
    made = plan_models(FinishedRun(tmp_path / "qwen2-vl"), ["qwen3-vl"], {}, 8)
    assert made.models[1].option.counts == counted(FinishedRun(tmp_path / "qwen3-vl"))
    assert 0 < made.models[1].read_again < 10


@pytest.mark.parametrize(
    "more",
    [{"default_system": "Be brief. <think>"}, {"default_system": ""}, {"template": "qwen3_vl"}, {"trainer": "hf"}],
)
def test_other_recipes(still, tmp_path, more):
    """Where templates differ otherwise, or the vocabulary shows in what all rows share, all rows are read again."""
    check(still, tmp_path / "a", **more)
    other = {**more, "template": None} if "template" in more else more
    check(still, tmp_path / "b", processor="qwen2.5-vl", **other)
    made = plan_models(FinishedRun(tmp_path / "a"), ["qwen2.5-vl"], {}, 8)
    assert made.models[1].option.counts == counted(FinishedRun(tmp_path / "b"))


def test_media_may_be_gone_and_changed_data_are_told(home, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    rows = [say("<image>Hi", "<think>", images=["x.png"]) | {"system": ""}, say("Hi", "ho", images=[]) | {"system": ""}]
    (data / "a.json").write_text(json.dumps(rows))
    (data / "x.png").write_bytes((home / "shots" / "0.png").read_bytes())
    entry = json.loads((home / "dataset_info.json").read_text())["lines"] | {"file_name": "a.json"}
    (data / "dataset_info.json").write_text(json.dumps({"a": entry}))
    check(data / "dataset_info.json", tmp_path / "run")
    run = FinishedRun(tmp_path / "run")
    before = plan_models(run, ["qwen3-vl"], {}, 8)
    (data / "x.png").unlink()
    assert plan_models(run, ["qwen3-vl"], {}, 8) == before
    assert before.models[1].read_again == 1 and before.models[1].option.counts.whole == 2
    (data / "a.json").write_text(json.dumps([rows[1], rows[0]]))
    with pytest.raises(ChangedDataError, match="no longer that of the run"):
        plan_models(run, ["qwen3-vl"], {}, 8)


def test_models_that_cannot_be_counted_are_named(runs):
    made = plan_models(runs["qwen2-vl"], ["qwen3.5"], {}, 8)
    assert [model.processor for model in made.models] == ["qwen2-vl"]
    assert "vocabulary of Qwen3.5 is not shipped" in made.left_out["qwen3.5"]
    assert replace(made, left_out={}).record()["models"][0]["rows"]["total"] > 30
