"""The folder of a run under ms-swift: rows as its loader leaves them, with their lengths."""

import json
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import check
from validator.api.run import Run
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.policy import Policy
from validator.tokenizing.tokenize import tokenize


@pytest.fixture
def swift(tmp_path, monkeypatch):
    """Rows as ms-swift reads them: an image by its path, tools and an image of bytes, too long, no messages."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (100, 60)).save("a.png")
    image = pa.list_(pa.struct({"bytes": pa.binary(), "path": pa.string()}))
    turns = [{"role": "user", "content": "<image>q"}, {"role": "assistant", "content": "a"}]
    rows = [
        {"messages": turns, "images": [{"bytes": None, "path": "a.png"}], "tools": None},
        {"messages": turns, "images": [{"bytes": Path("a.png").read_bytes(), "path": "x"}], "tools": '[{"name": "t"}]'},
        {"messages": [{"role": "user", "content": "q " * 500}, turns[1]], "images": [], "tools": None},
        {"messages": [], "images": [], "tools": None},
    ]
    message = pa.list_(pa.struct({"role": pa.string(), "content": pa.string()}))
    schema = pa.schema({"messages": message, "images": image, "tools": pa.string()})
    pq.write_table(pa.Table.from_pylist(rows, schema), "data.parquet")
    check(tmp_path / "data.parquet", tmp_path / "run", trainer="ms-swift", cutoff_len=300)
    return tmp_path


def test_rows_for_ms_swift_are_as_its_loader_leaves_them_with_their_lengths(swift):
    done = tokenize(FinishedRun(swift / "run"), swift / "out", Policy())
    rows = datasets.load_from_disk(str(swift / "out" / "train"))
    known = Run(swift / "run")
    turns = [{"role": "user", "content": "<image>q"}, {"role": "assistant", "content": "a"}]
    assert list(rows) == [
        {"messages": turns, "images": [{"bytes": None, "path": "a.png"}], "tools": None, "objects": None,
         "lengths": [len(known.row(0).input_ids)]},
        {"messages": turns, "images": [{"bytes": Path("a.png").read_bytes(), "path": "x"}], "tools": [{"name": "t"}],
         "objects": None, "lengths": [len(known.row(1).input_ids)]},
    ]  # fmt: skip
    assert (done.card["key"], done.card["within"], done.card["splits"]) == ("cached_dataset", "train", {"train": 2})
    left_out = map(json.loads, (swift / "out" / "left_out.jsonl").read_text().splitlines())
    assert [(item["row"], item["dropped_by_trainer"]) for item in left_out] == [(2, True), (3, True)]


@pytest.mark.parametrize(
    "told",
    [
        ({"chat_template_kwargs": {"x": True}}, "`chat_template_kwargs`"),
        ({"videos": [["a.png", "a.png"]]}, "a video as a list of frames"),
    ],
)
def test_what_is_not_written_for_ms_swift_is_told_with_its_row(tmp_path, monkeypatch, told):
    monkeypatch.chdir(tmp_path)
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    Image.new("RGB", (56, 56)).save("a.png")
    more, said = told
    Path("a.jsonl").write_text(json.dumps({"messages": turns, **more}))
    check(tmp_path / "a.jsonl", tmp_path / "run", trainer="ms-swift")
    with pytest.raises(ValueError, match=f"row 0 of a.jsonl .* has {said}"):
        tokenize(FinishedRun(tmp_path / "run"), tmp_path / "out", Policy())
