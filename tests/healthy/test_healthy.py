"""Data sets as people publish them: under every trainer that takes them nothing above info, and export keeps each row.

That the trainers do take them is asked of them: LLaMA-Factory in tests/oracle/test_live.py, about all families; the
others in tests/trainers/test_whole_rows.py, about those whose rows are written as JSON conversations.
"""

from collections import Counter

import pytest

from tests.conftest import check
from tests.healthy.families import FAMILIES, taken_by
from tests.healthy.family import write
from tests.healthy.stored import HUB
from tests.tiers import first
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.export import export
from validator.exporting.policy import make_policy
from validator.trainers.registry import trainers

ACROSS = ("DI013",)
"""What is said of families that are named together."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("healthy") / "data"
    made.mkdir()
    write(FAMILIES, made)
    return made


def against(result, findings):
    """Every finding above info, and every entry with rows that are not ok."""
    told = [f"{found['dataset']}: {found['code']} {found['message']}" for found in findings if above_info(found)]
    for dataset in result.summary["datasets"]:
        rows = dataset["rows"]
        if rows["ok"] != rows["total"] or not rows["total"]:
            told.append(f"{dataset['dataset']}: {rows}")
    return told


def above_info(found):
    return found["severity"] != "info"


@pytest.mark.parametrize(
    "trainer",
    first(2, sorted(filter(taken_by, trainers()), key=lambda name: name not in ("llamafactory", "ms-swift"))),
)
def test_nothing_above_info(folder, trainer, monkeypatch, tmp_path):
    monkeypatch.chdir(folder)
    names = taken_by(trainer)
    result, findings = check(
        folder / "dataset_info.json", tmp_path / "run", trainer=trainer, datasets=names, ignore=ACROSS
    )
    rows, codes = result.summary["rows"]["total"], Counter(found["code"] for found in findings)
    print(f"{trainer}: {len(names)} families, {rows} rows; findings per 1,000 rows:",
          {code: round(1000 * number / rows, 1) for code, number in sorted(codes.items())})  # fmt: skip
    assert against(result, findings) == []
    assert len(result.summary["datasets"]) == len(names) > 65


@pytest.mark.parametrize(("media", "not_held"), first(1, [("reference", ()), ("link", ("paths that climb",))]))
def test_export_keeps_every_row(folder, monkeypatch, tmp_path, media, not_held):
    """And the copy passes. Data sets of the hub are not copied; a path that climbs holds by reference."""
    monkeypatch.chdir(folder)
    names = tuple(name for name in taken_by("llamafactory") if name not in (*HUB, *not_held))
    result, _ = check(folder / "dataset_info.json", tmp_path / "run", datasets=names, ignore=ACROSS)
    done = export(
        FinishedRun(tmp_path / "run"), tmp_path / "clean", make_policy("error", (), (), (), False), media, fix=False
    )
    rows = {dataset["dataset"]: dataset["rows"]["total"] for dataset in result.summary["datasets"]}
    assert {item["dataset"]: item["kept"] for item in done.record["datasets"]} == rows
    chosen = done.settings.model_dump()
    again, findings = check(chosen.pop("dataset_info"), tmp_path / "again", **chosen)
    assert against(again, findings) == [] and again.summary["rows"] == result.summary["rows"]
