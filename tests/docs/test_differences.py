"""docs/differences.md: every row of its table is what it says, and what it names is there."""

import json
import re

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import ROOT, check
from validator.catalog.entry import OWN
from validator.rules.registry import all_rules
from validator.trainers.registry import trainer_named, trainers

PAGE = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
TABLE = re.findall(r"^\| `([\w-]+)` \| `(\{.*?\})` \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("trainer", "row", "why", "out"), TABLE, ids=[f"{row[0]} {row[1][:60]}" for row in TABLE])
def test_a_row_that_stays_unchecked(tmp_path, trainer, row, why, out):
    Image.new("RGB", (100, 80)).save(tmp_path / "a.png")
    data = tmp_path / "data.jsonl"
    data.write_text(json.dumps(json.loads(row.replace("\\|", "|"))) + "\n")
    if OWN not in trainer_named(trainer).formattings:
        data = tmp_path / "dataset_info.json"
        data.write_text(json.dumps({"data": {"file_name": "data.jsonl", "formatting": "sharegpt"}}))
    result, _ = check(str(data), tmp_path / "run", trainer=trainer)
    (record,) = pq.read_table(result.folder / "samples.parquet").to_pylist()
    assert record["outcome"] == "unchecked" and record["unchecked"]
    assert len(why) > 10 and out


def test_every_line_of_the_table_is_read():
    assert len(TABLE) == sum(line.startswith("| `") for line in PAGE.splitlines()) > 10


def test_what_is_named_is_there():
    codes = {rule.code for rule in all_rules()}
    assert set(re.findall(r"\b[A-Z]{2}\d{3}\b", PAGE)) <= codes
    assert {name for name, *_ in TABLE} <= set(trainers())
