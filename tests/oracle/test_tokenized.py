"""The folder that `mmvalidate tokenize` writes is what the real trainer makes of the same rows, and loads."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests import judges
from tests.conftest import check
from tests.environments import DEMO_DATA, ORACLE, VOCABULARY, needs_demo_data, needs_oracle
from tests.oracle.corpus import make_corpus, make_other_formats, write_corpus
from validator.engine.run_files.finished import FinishedRun
from validator.execution import Execution
from validator.exporting.policy import Policy
from validator.rules.registry import all_rules
from validator.tokenizing.tokenize import tokenize
from validator.training.config import check_settings, make_config

pytestmark = needs_oracle
EVERYTHING = Policy(keep=frozenset(rule.code for rule in all_rules()))
"""Leaves out the rows alone that the trainer drops or stops at."""


def ask(question: str, cases: list[dict]) -> list:
    return judges.ask_in_fork(ORACLE, "tests.oracle.judge_tokenized", VOCABULARY, question, given=cases)


def without(registry: Path, left_out: list[dict], target: Path) -> None:
    """A copy of registry and data files without the rows that stop the trainer."""
    stops = {(item["file"], item["row"]) for item in left_out if not item["dropped_by_trainer"]}
    target.mkdir()
    shutil.copy(registry, target)
    for entry in json.loads(registry.read_text()).values():
        name = entry["file_name"]
        text = (registry.parent / name).read_text(encoding="utf-8")
        rows = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
        kept = [row for index, row in enumerate(rows) if (name, index) not in stops]
        lines = [json.dumps(row, ensure_ascii=False) for row in kept]
        joined = "\n".join(lines) if not text.startswith("[") else "[" + ",\n".join(lines) + "]"
        (target / name).write_text(joined, encoding="utf-8")


def both(folder: Path, registry: Path, given: dict, execution: Execution | None = None) -> tuple[dict, dict, dict]:
    """(what the trainer makes itself, what it loads of ours, our card) for a training file's keys."""
    given = {"dataset_dir": str(registry.parent), "template": "qwen2_vl", "model_name_or_path": "offline", **given}
    config = make_config(given)
    values = {name: value for name, value in check_settings(config).items() if value is not None}
    check(values.pop("dataset_info"), folder / "run", **values)
    done = tokenize(FinishedRun(folder / "run"), folder / "ours", EVERYTHING, config=config, execution=execution)
    left_out = [json.loads(line) for line in (folder / "ours" / "left_out.jsonl").read_text().splitlines()]
    without(registry, left_out, folder / "clean")
    settings = {name: value for name, value in given.items() if name not in OWN}
    case = {"dataset": given.get("dataset"), "settings": settings, "seed": given.get("seed", 42)}
    theirs = {**case, "folder": str(folder / "clean"), "tokenized_path": str(folder / "theirs")}
    theirs["settings"] = {**settings, "media_dir": values.get("media_dir") or str(registry.parent)}
    (made,) = ask("made", [theirs])
    (loaded,) = ask("loaded", [{**case, "folder": str(folder / "clean"), "tokenized_path": str(folder / "ours")}])
    return made, loaded, done.card


OWN = ("dataset", "dataset_dir", "model_name_or_path", "template", "seed")


def agree(folder: Path, registry: Path, given: dict, **rest) -> dict:
    """What both make, where they make the same and the trainer does not stop; else the test fails."""
    folder.mkdir(exist_ok=True)
    made, loaded, _ = both(folder, registry, given, **rest)
    assert "error" not in made, made
    assert loaded == made
    return made


def settings_of(entry: dict) -> dict:
    return {name: value for name, value in entry["settings"].items() if value is not None}


@pytest.mark.parametrize("seed", [1, 2])
def test_random_rows_of_every_kind(tmp_path, seed):
    """Every entry with its own settings: cutoffs, pixel limits, mask_history, train_on_prompt, default_system."""
    corpus = make_corpus(seed, 200)
    registry = write_corpus(corpus, tmp_path)
    rows = 0
    for entry in corpus["entries"]:
        made = agree(tmp_path / entry["name"], registry, {"dataset": entry["name"], **settings_of(entry)})
        rows += len(made["train"]["rows"])
    assert rows > 100


def test_random_rows_of_the_other_formats(tmp_path):
    corpus = make_other_formats(3, 120)
    registry = write_corpus(corpus, tmp_path)
    for entry in corpus["entries"]:
        agree(tmp_path / entry["name"], registry, {"dataset": entry["name"], **settings_of(entry)})


MIXED = {
    "a share is held out": {"val_size": 0.3, "seed": 7},
    "a number is held out": {"val_size": 11},
    "data sets one after the other": {"max_samples": 9},
    "in turns until one ends": {"mix_strategy": "interleave_under"},
    "in turns until all end": {"mix_strategy": "interleave_over", "val_size": 0.2},
    "by chance until one ends": {"mix_strategy": "interleave_under", "interleave_probs": "0.2,0.5,0.3", "seed": 5},
    "by chance until all end": {"mix_strategy": "interleave_over", "interleave_probs": "0.2,0.5,0.3"},
    "a data set for evaluation": {"eval_dataset": "e4_3"},
    "one that is trained on too": {"eval_dataset": "e4_1,e4_3"},
    "each for itself": {"eval_dataset": "e4_4,e4_3", "eval_on_each_dataset": True},
}


@pytest.mark.parametrize("given", MIXED.values(), ids=MIXED)
def test_data_sets_are_mixed_and_held_out(tmp_path, given):
    corpus = make_corpus(4, 200)
    registry = write_corpus(corpus, tmp_path)
    made = agree(tmp_path / "mixed", registry, {"dataset": "e4_2,e4_0,e4_1", "cutoff_len": 300, **given})
    assert set(made) > {"train"} or not {"val_size", "eval_dataset"} & given.keys()


PACKED = {
    "packed": {"packing": True},
    "neatly": {"neat_packing": True},
    "neatly, of few rows together": {"neat_packing": True, "preprocessing_batch_size": 7, "val_size": 0.2},
    "of few rows together": {"packing": True, "preprocessing_batch_size": 13, "eval_dataset": "e6_3"},
    "in two processes": {"packing": True, "preprocessing_batch_size": 11, "preprocessing_num_workers": 2},
}


@pytest.mark.parametrize("given", PACKED.values(), ids=PACKED)
def test_rows_are_packed(tmp_path, given):
    registry = write_corpus(make_corpus(6, 200), tmp_path)
    made = agree(tmp_path / "packed", registry, {"dataset": "e6_2,e6_0,e6_1", "cutoff_len": 700, **given})
    assert {row["len"] for row in made["train"]["rows"]} == {700}


def test_videos_and_lists_of_frames(tmp_path):
    from tests.conftest import ALL_TAGS, say
    from tests.oracle.videos import film

    film(tmp_path / "a.mp4", 30, 25)
    Image.new("RGB", (60, 40), "red").save(tmp_path / "f.png")
    rows = {
        "films": [say("<video>What?", "That.", videos=["a.mp4"]), say("hi", "ho", videos=[])],
        "frames": [say("<video>What?", "That.", videos=[["f.png", "f.png"]]), say("hi", "ho", videos=[])],
    }
    for name, some in rows.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(some))
    columns = {"messages": "messages", "videos": "videos"}
    spec = {
        name: {"file_name": f"{name}.json", "formatting": "sharegpt", "tags": ALL_TAGS, "columns": columns}
        for name in rows
    }
    (tmp_path / "dataset_info.json").write_text(json.dumps(spec))
    for name in rows:
        made = agree(tmp_path / name, tmp_path / "dataset_info.json", {"dataset": name})
        assert made["train"]["rows"][0]["videos"] and made["train"]["rows"][1]["videos"] is None


@needs_demo_data
def test_the_trainers_own_demo_data(tmp_path):
    names = "mllm_demo", "mllm_video_demo", "identity", "alpaca_en_demo", "glaive_toolcall_en_demo"
    shutil.copytree(DEMO_DATA, tmp_path / "data")
    for name in names:
        info = {name: json.loads((DEMO_DATA / "dataset_info.json").read_text())[name]}
        (tmp_path / "data" / "dataset_info.json").write_text(json.dumps(info))
        agree(tmp_path / name, tmp_path / "data" / "dataset_info.json", {"dataset": name, "cutoff_len": 700})


def test_an_epoch_on_either_folder_has_the_same_losses(tmp_path):
    """To the last bit: a tiny model trained on what the trainer made, and on ours."""
    corpus = make_corpus(5, 60)
    registry = write_corpus(corpus, tmp_path)
    (tmp_path / "run").mkdir()
    agree(tmp_path / "run", registry, {"dataset": "e5_0,e5_1", "cutoff_len": 2048, "val_size": 0.2})
    case = {"dataset": "e5_0,e5_1", "settings": {}, "folder": str(tmp_path / "run" / "clean")}
    theirs, ours = ask(
        "trained", [{**case, "tokenized_path": str(tmp_path / "run" / name)} for name in ("theirs", "ours")]
    )
    assert ours == theirs and len(ours) > 3
