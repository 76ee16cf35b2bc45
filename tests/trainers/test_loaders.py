"""What each release of `datasets` makes of small files: refused or not, and which columns become dates or JSON. The
golden verdicts were made by running the releases named in it; where one is installed it is asked again.
"""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from tests.environments import ORACLE, needs_oracle, needs_trainer, trainer_home
from tests.judges import ask
from tests.trainers.loader_files import write_files
from validator.catalog.formats import survey_file
from validator.catalog.kept_as_json import with_mixed
from validator.catalog.loader import DATASETS_4_0, DATASETS_4_8, DATASETS_5_2
from validator.trainers.registry import trainers

GOLDEN = json.loads(Path(__file__).with_name("golden_loaders.json").read_text())
LOADERS = {"4.0.0": DATASETS_4_0, "4.8.4": DATASETS_4_8, "5.2.0": DATASETS_5_2}
ENVIRONMENTS = {"4.0.0": ORACLE, "4.8.4": trainer_home("ms-swift"), "5.2.0": trainer_home("hf")}
NEEDED = {"4.0.0": needs_oracle, "4.8.4": needs_trainer("ms-swift"), "5.2.0": needs_trainer("hf")}
NOT_REPRODUCED = {
    "4.8.4": {
        "an empty list among objects.json",
        "empty text among objects.json",
        "pairs among objects.json",
        "pairs of another type.json",
        "two characters among objects.json",
        "white space around.json",
    },
    "5.2.0": {"byte order mark.json", "pairs of another type.json"},
}
"""Arrays with elements that are no objects, or with something before the bracket."""


def ours(path, loader):
    """Our verdict; objects that are kept as JSON for their keys count as no JSON, here and in `told`."""
    survey = survey_file(path, loader=loader)
    survey = with_mixed(survey, path) if loader.mixes else survey
    if survey.refusals:
        return None
    dates = {name for name, kind in survey.types.items() if pa.types.is_timestamp(kind)}
    return {name: "json" if name in survey.mixed else "date" if name in dates else "other" for name in survey.types}


def told(verdict, path):
    if verdict is None:
        return None
    whole = path.suffix == ".parquet" or path.stem == "empty object, then keys"
    return {name: "other" if kind == "json" and whole else kind for name, kind in verdict.items()}


@pytest.mark.parametrize("release", LOADERS)
def test_verdicts(tmp_path, release):
    differing = []
    for name in write_files(tmp_path):
        path = tmp_path / name
        mine, other = ours(path, LOADERS[release]), told(GOLDEN[release][name], path)
        if (mine != other) != (name in NOT_REPRODUCED.get(release, ())):
            differing.append((name, mine, other))
    assert differing == []


@pytest.mark.parametrize("release", [pytest.param(release, marks=NEEDED[release]) for release in LOADERS])
def test_golden_verdicts_are_the_releases_own(tmp_path, release):
    names = write_files(tmp_path)
    version, verdicts = ask(ENVIRONMENTS[release], "tests.trainers.judge_loader", given=names, cwd=tmp_path)
    if version != release:
        pytest.skip(f"the environment has datasets {version}")
    assert verdicts == GOLDEN[release]


def test_the_loader_of_each_trainer():
    assert {name: trainer.loader.name for name, trainer in trainers().items() if trainer.family != "llamafactory"} == {
        "trl": "datasets 5.2",
        "unsloth": "datasets 4.8",
        "qwen-vl-utils": "json",
        "ms-swift": "datasets 4.8",
        "llamafactory-v1": "datasets 4.0",
        "nemo-automodel": "json",
        "axolotl": "datasets 4.8",
    }
