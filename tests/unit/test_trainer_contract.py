"""What every trainer must say, here and from another package."""

import dataclasses
import json
import os
import pickle
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, say
from validator.facts.recipe import limits_of
from validator.settings import Settings
from validator.tokens.processor import load_processor
from validator.trainers.base import Trainer
from validator.trainers.registry import trainer_named, trainers

TOY = ROOT / "tests" / "toy_trainer"
SIZES = ((56, 56), (640, 480), (28, 3000), (1, 1), (4000, 3000))


def test_nothing_is_inherited_by_accident():
    assert [one.name for one in dataclasses.fields(Trainer) if one.default is not dataclasses.MISSING] == []
    assert [one.name for one in dataclasses.fields(Trainer) if one.default_factory is not dataclasses.MISSING] == []
    for trainer in trainers().values():
        said = {name for kind in type(trainer).__mro__[:-1] if kind is not Trainer for name in vars(kind)}
        assert Trainer.__abstractmethods__ <= said, trainer.name


@pytest.mark.parametrize("name", trainers())
def test_a_trainer_is_data_that_travels(name):
    trainer = trainer_named(name)
    again = pickle.loads(pickle.dumps(trainer))
    assert again == trainer and hash(again) == hash(trainer)
    assert trainer.defaults.keys() == {"image_max_pixels", "cutoff_len"}
    assert trainer.configured(Settings(dataset_info=Path("x"), trainer=name)) == trainer


@pytest.mark.parametrize("name", trainers())
def test_more_pixels_never_give_fewer_patches(name):
    settings = Settings(dataset_info=Path("x"), trainer=name, image_max_pixels=1 << 20)
    limits, trainer = limits_of(settings, load_processor("embedded")), trainer_named(name)
    fewer = trainer.with_max_pixels(limits.image, 1 << 17)
    for width, height in SIZES:
        rows, columns = trainer.image_grid(width, height, limits.image)
        less = trainer.image_grid(width, height, fewer)
        assert rows % 2 == columns % 2 == 0 and 0 < less[0] * less[1] <= rows * columns


ROWS = {
    "text": say("a question", "an answer"),
    "image": say("<image>what?", "this", images=["a.png"]),
    "a placeholder too many": say("<image><image>", "this", images=["a.png"]),
    "a placeholder too few": say("what?", "this", images=["a.png"]),
    "long": say("a " * 400, "b " * 400),
    "null question": say(None, "b"),
    "no answer": say("a"),
    "no messages": {"messages": []},
    "unknown role": {"messages": [{"role": "judge", "content": "a"}, {"role": "assistant", "content": "b"}]},
}
BECOMES = {
    "llamafactory": ("ok", "ok", "crash", "crash", "ok", "crash", "dropped", "dropped", "dropped"),
    "llamafactory@0.9.1": ("ok", "ok", "crash", "crash", "ok", "crash", "dropped", "dropped", "crash"),
    "trl": ("ok", "ok", "crash", "crash", "ok", "ok", "ok", "ok", "crash"),
    "qwen-vl-utils": ("ok", "ok", "dropped", "dropped", "ok", "dropped", "ok", "dropped", "ok"),
    "unsloth": ("ok", "crash", "crash", "crash", "ok", "crash", "ok", "crash", "unchecked"),
    "ms-swift": ("ok", "ok", "ok", "ok", "dropped", "dropped", "ok", "dropped", "dropped"),
    "llamafactory-v1": ("crash",) * 7 + ("crash", "unchecked"),
    "axolotl": ("crash", "ok", "ok", "ok", *("crash",) * 5),
    "nemo-automodel": ("ok", "ok", "ok", "ok", "dropped", "crash", "ok", "ok", "ok"),
}
"""What becomes of each row at a cutoff of 200; releases that are not named do as their family's newest."""


@pytest.mark.parametrize("name", trainers())
def test_the_same_rows_go_through_all(dataset, name):
    from tests.oracle.compare import our_answers

    dataset.image("a.png")
    dataset.write([{"images": [], **row} for row in ROWS.values()])
    given = {"trainer": name, "cutoff_len": 200}
    answers = our_answers(dataset.registry, {"entries": [{"name": "data", "settings": given}]})["data"]
    found = tuple({"error": "crash"}.get(answer["status"], answer["status"]) for answer in answers)
    wanted = BECOMES.get(name, BECOMES[trainer_named(name).family])
    assert dict(zip(ROWS, found, strict=True)) == dict(zip(ROWS, wanted, strict=True))


@pytest.fixture
def toy(dataset, mmvalidate_process):
    dataset.image("a.png", (560, 560))
    dataset.write([say("<image>what?", "this", images=["a.png"]), say("word " * 40, "end"), say("a <image>", "b")])

    def run(*arguments, package=TOY):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(package), str(ROOT)))}
        return mmvalidate_process(*arguments, cwd=dataset.folder, env=environment)

    return run


def test_a_trainer_of_another_package(toy, dataset):
    done = toy(
        "dataset_info.json", "--trainer", "toy", "--cutoff-len", "20", "--output-format", "json", "--run-dir", "run"
    )
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert told["summary"]["settings"]["trainer"] == "toy"
    assert {finding["code"] for finding in told["findings"] if finding["row"] == 2} == {"PH001"}
    rows = dataset.samples()
    assert [row["num_image_tokens"] for row in rows[:2]] == [4, 0]
    assert (rows[1]["num_tokens"], rows[1]["num_label_tokens"]) == (20, 6)
    assert toy("plan", "run", "--cutoff-len", "20,4096").returncode == 0
    assert toy("report", "run", "--report", "html=report.html").returncode == 0


def test_another_version_of_the_package_measures_anew(toy, dataset, tmp_path_factory):
    """What is kept was made by the package's code."""
    copy = tmp_path_factory.mktemp("package")
    shutil.copytree(TOY / "toy_trainer", copy / "toy_trainer")
    shutil.copytree(TOY / "toy_trainer-1.0.dist-info", copy / "toy_trainer-1.0.dist-info")
    for version in ("1.0", "2.0"):
        metadata = copy / "toy_trainer-1.0.dist-info" / "METADATA"
        metadata.write_text(f"Metadata-Version: 2.1\nName: toy-trainer\nVersion: {version}\n")
        done = toy("dataset_info.json", "--trainer", "toy", "--run-dir", "run", package=copy)
        assert done.returncode == 1, done.stderr
        profile = copy / "toy_trainer" / "profile.py"
        profile.write_text(profile.read_text().replace('turn.role == "assistant"', "False"))
    assert [row["num_label_tokens"] for row in dataset.samples()[:2]] == [0, 0]


def test_a_trainer_that_is_not_there_is_offered_with_those_of_packages(toy):
    done = toy("dataset_info.json", "--trainer", "tow")
    assert done.returncode == 2 and "Did you mean toy?" in done.stderr
