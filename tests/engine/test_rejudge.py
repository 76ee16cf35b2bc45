"""A finished run judged again equals a full run under the same settings, to the byte, without its data."""

import shutil

import pytest

from tests.conftest import check
from tests.engine.data import make_registry
from tests.engine.test_same_bytes import written
from validator.engine.options import Options
from validator.engine.rejudge import rejudge, settings_of


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rejudge")
    make_registry(folder)
    check(folder / "dataset_info.json", folder / "run")
    return folder


@pytest.mark.parametrize(
    "changes",
    [
        {"cutoff_len": 64},
        {"cutoff_len": 300, "mask_history": True},
        {"image_max_pixels": 20_000, "train_on_prompt": True},
        {"image_max_pixels": 10**7, "image_min_pixels": 10**6},
        {"select": ("TK", "PH"), "fail_on": "warning"},
        {"ignore": ("MD001",)},
        {"cutoff_len": 10**6, "image_max_pixels": 1200, "image_min_pixels": 1024},
    ],
    ids=str,
)
def test_equal_to_a_full_run(home, tmp_path, changes):
    check(home / "dataset_info.json", tmp_path / "full", **changes)
    rejudge(home / "run", settings_of(home / "run", changes), tmp_path / "again", options=Options(shard_rows=100))
    assert written(tmp_path / "again")[1] == written(tmp_path / "full")[1]


def test_without_data_and_in_place(home, tmp_path):
    shutil.copytree(home / "run", tmp_path / "run")
    before = written(tmp_path / "run")[1]
    assert rejudge(tmp_path / "run", settings_of(tmp_path / "run", {"cutoff_len": 64}), tmp_path / "run")
    assert written(tmp_path / "run")[1] != before
    rejudge(tmp_path / "run", settings_of(tmp_path / "run", {"cutoff_len": 8192}), tmp_path / "run")
    assert written(tmp_path / "run")[1] == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nowhere",), "nowhere is no finished run: it holds no summary.json."),
        (("run", "--cutoff-len", "0"), "cutoff_len should be greater than or equal to 1"),
        (("run", "--select", "TK9"), "There is no rule TK9."),
    ],
)
def test_sentences(home, mmvalidate, arguments, sentence):
    done = mmvalidate("rejudge", *arguments, cwd=home)
    assert done.returncode == 2 and sentence in done.stderr and "Traceback" not in done.stderr


def test_clean(home, mmvalidate, tmp_path):
    shutil.copytree(home / "run", tmp_path / ".mmvalidate" / "run")
    (tmp_path / ".mmvalidate" / "other").mkdir()
    done = mmvalidate("clean", cwd=tmp_path)
    assert "no folder of a run, left alone" in done.stdout and "MB of cache removed" in done.stdout
    assert (tmp_path / ".mmvalidate" / "run" / "summary.json").exists()
    assert not (tmp_path / ".mmvalidate" / "run" / "cache").exists()
