"""Tables whose rows hold the bytes of images: the same rows, whatever the row groups and batches, from any row on."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from validator.catalog.formats import costly_groups, file_rows, survey_file
from validator.catalog.marks import span_of
from validator.engine.execution.shard_plan import _between, _pieces

ROWS = 40
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SCHEMA = pa.schema([("text", pa.string()), ("images", pa.list_(IMAGE)), ("raw", pa.binary())])


def rows_of(number):
    dice = random.Random(0)
    return [
        {
            "text": f"row {row}",
            "images": [{"bytes": dice.randbytes(dice.randrange(9_000)), "path": f"{row}.png"} for _ in range(row % 4)],
            "raw": None if row % 5 == 0 else dice.randbytes(300),
        }
        for row in range(number)
    ]


def write(path, kind, group):
    table = pa.Table.from_pylist(rows_of(ROWS), SCHEMA)
    if kind == "parquet":
        pq.write_table(table, path, row_group_size=group, write_batch_size=3, data_page_size=4096)
        return
    new = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
    with path.open("wb") as file, new(file, SCHEMA) as writer:
        writer.write_table(table, max_chunksize=group)


@pytest.fixture(params=[1 << 14, 16 << 20], ids=["a batch of few rows", "a batch of all"])
def batch_bytes(request, monkeypatch):
    monkeypatch.setattr("validator.catalog.table_rows.BATCH_BYTES", request.param)


@pytest.mark.parametrize("kind", ["parquet", "stream", "file"])
@pytest.mark.parametrize("group", [1, 7, 16, ROWS])
def test_rows_are_the_same_from_any_row_on(tmp_path, batch_bytes, kind, group):
    path = tmp_path / ("data.parquet" if kind == "parquet" else "data.arrow")
    write(path, kind, group)
    survey = survey_file(path)
    assert (survey.num_rows, survey.refusals) == (ROWS, [])
    whole = list(file_rows(path, survey))
    assert [row.value for row in whole] == rows_of(ROWS) and [row.index for row in whole] == [*range(ROWS)]
    for first, stop in ((0, 1), (0, 7), (6, 8), (7, 14), (13, 33), (16, None), (39, 40), (39, None), (5, 5)):
        part = list(file_rows(path, survey, span_of(survey, first, stop)))
        assert part == whole[first:stop]


@pytest.mark.parametrize("group", [1, 16, ROWS])
def test_what_a_content_hash_is_taken_of_does_not_depend_on_groups(tmp_path, group):
    hashed = []
    for size in (group, 9):
        path = tmp_path / f"{size}.parquet"
        write(path, "parquet", size)
        hashed.append([row.raw for row in file_rows(path, survey_file(path))])
    assert hashed[0] == hashed[1] and all(len(raw) < 600 for raw in hashed[0])


def test_only_large_row_groups_cost_to_be_cut(tmp_path, monkeypatch):
    path = tmp_path / "data.parquet"
    write(path, "parquet", 16)
    assert costly_groups(path, survey_file(path)) == []
    monkeypatch.setattr("validator.catalog.parquet_rows.LARGE", 1 << 15)
    assert costly_groups(path, survey_file(path)) == [range(16), range(16, 32), range(32, ROWS)]


@pytest.mark.parametrize(
    ("first", "stop", "found"),
    [  # rows 100 to 200 and 200 to 400 are large row groups, the latter in halves
        (0, 64, 64),
        (64, 110, 100),  # the group is left to the next
        (90, 110, 100),
        (95, 195, 200),  # else little would be left of it
        (100, 104, 200),
        (150, 210, 200),
        (110, 390, 300),
        (300, 301, 400),
        (400, 500, 500),
    ],
)
def test_a_shard_ends_between_pieces_of_large_groups(first, stop, found):
    assert _between(_pieces([range(100, 200), range(200, 400)], 40), first, stop) == found
