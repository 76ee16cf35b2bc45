"""A training file whose settings or data are no longer those of the folder that it names (CF019)."""

import json

import pytest

from tests.conftest import check, say
from validator.auditing.case import training_case
from validator.auditing.data import data_facts
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.policy import Policy
from validator.option import TRAINER, in_panel
from validator.rules.cf019_preprocessed_data_reused import RULE
from validator.settings import Settings
from validator.tokenizing.tokenize import tokenize
from validator.training.config import make_config
from validator.training.feeding import fed_settings
from validator.training.versions import find_versions


@pytest.fixture
def written(dataset):
    """A folder of preprocessed rows, and the training file that it was written for."""
    dataset.write([say(f"q{n}", "a") for n in range(6)])
    given = {
        "dataset": "data",
        "dataset_dir": str(dataset.folder),
        "template": "qwen2_vl",
        "val_size": 0.5,
        "tokenized_path": str(dataset.folder / "tokens"),
    }
    run = _run(dataset, given)
    tokenize(run, dataset.folder / "tokens", Policy(), config=make_config(given))
    return dataset, given


def _run(dataset, given):
    values = fed_settings(make_config(given))
    check(values.pop("dataset_info"), dataset.folder / "run", **values)
    return FinishedRun(dataset.folder / "run")


def found(given, run=None):
    config = make_config(given)
    data = None if run is None else data_facts(run, config)
    return [(hit.severity, hit.message) for hit in RULE.training(training_case(config, find_versions(), data=data))]


def test_nothing_is_found_where_the_folder_is_of_this_file_and_these_data(written):
    dataset, given = written
    assert found(given) == found(given, _run(dataset, given)) == []


def test_every_setting_of_the_trainer_stands_on_the_card(dataset):
    dataset.write([say("q", "<think>t</think>a")])
    given = {"dataset": "data", "dataset_dir": str(dataset.folder), "tokenized_path": str(dataset.folder / "tokens")}
    given |= {"model_name_or_path": "Qwen/Qwen3-VL-4B-Thinking", "template": "qwen3_vl", "enable_thinking": False}
    tokenize(_run(dataset, given), dataset.folder / "tokens", Policy(), config=make_config(given))
    assert found(given) == []
    ((severity, message),) = found(given | {"enable_thinking": True})
    assert severity == "error" and "enable_thinking false (now true)" in message
    settings = json.loads((dataset.folder / "tokens" / "mmvalidate.json").read_text())["settings"]
    assert set(settings) == {"dataset_info", "media_dir", *in_panel(Settings, TRAINER)}


OTHER = {
    "cutoff": ({"cutoff_len": 100}, "written for cutoff_len 2048 (now 100)"),
    "pixels": ({"image_max_pixels": 50_000}, "written for image_max_pixels 589824 (now 50000)"),
    "labels": ({"train_on_prompt": True}, "written for train_on_prompt False (now True)"),
    "template": ({"template": "qwen3_vl_nothink"}, "template qwen2_vl (now qwen3_vl_nothink)"),
    "data set": ({"dataset": "more"}, "written for dataset data (now more)"),
    "validation": ({"val_size": 0.2}, "written for val_size 0.5 (now 0.2)"),
    "seed": ({"seed": 7}, "written for seed 42 (now 7)"),
}


@pytest.mark.parametrize(("changed", "said"), OTHER.values(), ids=OTHER)
def test_another_setting_is_an_error(written, changed, said):
    ((severity, message),) = found(written[1] | changed)
    assert severity == "error" and said in message


def test_other_data_are_an_error(written):
    dataset, given = written
    file = dataset.folder / "data.jsonl"
    file.write_text(file.read_text().replace("q3", "Q3"))
    ((severity, message),) = found(given, _run(dataset, given))
    assert severity == "error" and "another content of the data file `data.jsonl`" in message


def test_another_entry_is_an_error_and_one_beside_it_is_nothing(written):
    dataset, given = written
    registry = json.loads(dataset.registry.read_text())
    dataset.registry.write_text(json.dumps({**registry, "beside": registry["data"]}))
    assert found(given, _run(dataset, given)) == []
    registry["data"]["columns"]["system"] = "none"
    dataset.registry.write_text(json.dumps(registry))
    ((severity, message),) = found(given, _run(dataset, given))
    assert severity == "error" and "another entry data of the registry" in message


HOSTILE = [b"", b"{}", b"[]", b'{"format": "preprocessed rows of mmvalidate"}', b"\xff", b'{"format": 1' + b"[" * 5000]


@pytest.mark.parametrize("card", HOSTILE, ids=range(len(HOSTILE)))
def test_a_folder_without_a_card_of_ours_is_one_that_may_be_stale(written, card):
    dataset, given = written
    (dataset.folder / "tokens" / "mmvalidate.json").write_bytes(card)
    ((severity, message),) = found(given)
    assert severity is None and "ignores `dataset`, `cutoff_len`" in message
