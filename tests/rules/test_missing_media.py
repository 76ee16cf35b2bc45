"""Media that are not where their path says: the spelling that is there, or the folder that is not."""

import json

import pytest

from tests.conftest import Dataset, say
from validator.engine.run_files.amend import load_run
from validator.execution import Execution

SPELLINGS = {
    "back slashes": ("pics\\a.png", "pics/a.png", True),
    "a scheme, back slashes": ("pics%5Ca.png", "pics/a.png", True),
    "percent signs": ("pics/b%20c.png", "pics/b c.png", True),
    "white space": (" pics/a.png\n", "pics/a.png", True),
    "upper case": ("pics/A.PNG", "pics/a.png", False),
    "an upper suffix": ("pics/a.PNG", "pics/a.png", False),
    "a lower suffix": ("pics/d.jpg", "pics/d.JPG", False),
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    made = Dataset(tmp_path_factory.mktemp("pictures"))
    for name in ("pics/a.png", "pics/b c.png", "pics/d.JPG"):
        made.image(name)
    return made


@pytest.mark.parametrize("case", SPELLINGS)
def test_the_spelling_that_is_there(pictures, case):
    written, there, mended = SPELLINGS[case]
    pictures.write([say("<image>What?", "That.", images=[written])])
    found = pictures.check()[1]
    assert [item["code"] for item in found] == ["MD001"]
    assert found[0]["message"].endswith(f"does not exist, but `{there}` does")
    assert ("export --fix" in found[0]["help"]) == mended
    assert found[0]["evidence"]["elsewhere"] == there


def test_a_file_url_of_a_file_that_is_there(pictures):
    path = f"{pictures.folder}/pics/a.png"
    pictures.write([say("<image>What?", "That.", images=[f"file://{path}"])])
    found = [item for item in pictures.check()[1] if item["code"] == "MD006"]
    assert f"but the file `{path[:40]}" in found[0]["message"] and "export --fix" in found[0]["help"]


def test_neither_there_nor_in_another_spelling(pictures):
    pictures.write([say("<image>What?", "That.", images=["pics/e.png"])])
    found = pictures.check()[1]
    assert found[0]["message"] == "the image `pics/e.png` does not exist"
    assert found[0]["evidence"] == {"path": "pics/e.png"}


DEAD = "/nothing-is-mounted-here/data"


@pytest.mark.parametrize(
    ("root", "below"), [(DEAD, DEAD), ("gone", "gone"), ("pics/gone/x", "pics/gone/x"), ("./gone/../gone", "gone")]
)
def test_one_line_for_a_missing_folder(pictures, mmvalidate, root, below):
    """Rows are flagged one by one, and one line of the terminal speaks of all of them."""
    rows = [
        say("<image><image>What?", f"{n}.", images=[f"{root}/run{n}/f0.jpg", f"{root}/run{n}/f1.jpg"])
        for n in range(30)
    ]
    rows.append(say("<image>What?", "That.", images=["pics/e.png"]))
    pictures.write(rows)
    done = mmvalidate("dataset_info.json", "--ignore", "DU,MD009", cwd=pictures.folder)
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        "error MD001 media-missing: 61 findings",
        f"  [data]  60 images in 30 rows lie below `{below}`, which does not exist",
        "  data.jsonl:31 (row 30)  the image `pics/e.png` does not exist",
    ]
    assert lines[3].startswith("    help")
    assert lines[-1] == "failed: training stops at 31 rows (MD001 31); 0 of 31 rows are trained on whole; 61 errors"


def test_rows_are_kept_one_by_one_in_files_and_gate(pictures):
    rows = [say("<image>What?", f"{n}.", images=[f"gone/f{n}.jpg"]) for n in range(10)]
    pictures.write([*rows, *[say("a", f"{n}.", images=[]) for n in range(10)]])
    result, found = pictures.check(ignore=("DU",), max_rate={"MD001": 50.0})
    assert [(item["code"], item["row"]) for item in found] == [("MD001", row) for row in range(10)]
    assert {item["evidence"]["missing_folder"] for item in found} == {"gone"}
    assert result.summary["exit_code"] == 0 and result.summary["gate"]["rates"][0]["rows"] == 10
    cut = pictures.check(ignore=("DU",), options=Execution(shard_rows=3))[0]
    told = [[(one.finding.message, one.rows) for one in run.tally.folders.values()] for run in (result, cut)]
    assert told == [[("10 images in 10 rows lie below `gone`, which does not exist", 10)]] * 2
    assert load_run(result.folder).tally.folders == cut.tally.folders


@pytest.mark.parametrize(
    "evidence", [{"missing_folder": 5}, {"missing_folder": "a", "path": None, "kind": "image"}, {}]
)
def test_evidence_of_others_making_is_told_as_it_is(pictures, evidence):
    """A run folder may come from anywhere."""
    pictures.write([say("<image>What?", "1.", images=["gone/f.jpg"])])
    result = pictures.check()[0]
    path = result.folder / "findings.jsonl"
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(result.folder / "findings.parquet")
    column = pa.array([json.dumps(evidence)] * table.num_rows)
    pq.write_table(
        table.set_column(table.schema.get_field_index("evidence"), "evidence", column),
        result.folder / "findings.parquet",
    )
    assert path.exists() and len(load_run(result.folder).tally.examples["MD001"]) == 1
