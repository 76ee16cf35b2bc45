"""Parquet files with images inside that are damaged where a survey does not look: found with the rows, told once."""

import io
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import check
from tests.healthy.family import MESSAGES, talk
from validator.catalog.formats import file_rows, survey_file
from validator.catalog.survey import DamagedDataError
from validator.execution import Execution

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SCHEMA = pa.schema([("messages", MESSAGES), ("images", pa.list_(IMAGE))])
ROWS, GROUP, BAD = 90, 40, 57
"""The row BAD cannot be read, in the second row group."""


def shot(dice):
    out = io.BytesIO()
    Image.frombytes("RGB", (30, 28), dice.randbytes(30 * 28 * 3)).save(out, "PNG")
    return out.getvalue()


def rows_of(number):
    dice = random.Random(number)
    return [
        {**talk(f"<image>{number} {row}?", f"{row}."), "images": [{"bytes": shot(dice), "path": f"{row}.png"}]}
        for row in range(ROWS)
    ]


def write(path, number=0, damaged=None, columns=SCHEMA):
    """A file; where a column is `damaged`, the length of what stands in its row BAD goes beyond its page."""
    rows = rows_of(number)
    pq.write_table(
        pa.Table.from_pylist(rows, columns),
        path,
        row_group_size=GROUP,
        write_batch_size=5,
        data_page_size=2048,
        compression="none",
        use_dictionary=False,
    )
    if damaged is not None:
        value = rows[BAD]["images"][0]["bytes"] if damaged == "images" else f"{BAD}.".encode()
        content = path.read_bytes()
        place = content.index(
            len(value).to_bytes(4, "little") + value, content.index(rows[GROUP - 1]["images"][0]["bytes"])
        )
        path.write_bytes(content[:place] + b"\xff\xff\xff\x7f" + content[place + 4 :])


@pytest.fixture
def folder(dataset):
    """An entry of three files, the second to be damaged."""
    (dataset.folder / "f").mkdir()
    dataset.write([{"messages": [], "images": []}], file_name="f")

    def made(damaged):
        for number in range(3):
            write(dataset.folder / "f" / f"{number}.parquet", number, damaged if number == 1 else None)
        return dataset

    return made


def results(folder):
    names = ("samples.parquet", "findings.jsonl", "findings.parquet")
    return {name: (folder / name).read_bytes() for name in names}


def test_a_healthy_file_is_surveyed_without_its_images(tmp_path):
    write(tmp_path / "a.parquet")
    partly, whole = survey_file(tmp_path / "a.parquet"), survey_file(tmp_path / "a.parquet", whole=True)
    assert partly.partly and not whole.partly
    assert (partly.num_rows, partly.refusals, partly.types, partly.fixed) == (ROWS, [], whole.types, whole.fixed)
    assert len(list(file_rows(tmp_path / "a.parquet", partly))) == ROWS


@pytest.mark.parametrize("batch", [1 << 12, 16 << 20], ids=["a batch of few rows", "a batch of all"])
def test_the_row_that_cannot_be_read_is_named_whatever_the_batches(tmp_path, monkeypatch, batch):
    monkeypatch.setattr("validator.catalog.table_rows.BATCH_BYTES", batch)
    path = tmp_path / "a.parquet"
    write(path, damaged="images")
    partly, whole = survey_file(path), survey_file(path, whole=True)
    assert (partly.num_rows, partly.refusals) == (ROWS, [])
    assert whole.num_rows == BAD and [refusal.row for refusal in whole.refusals] == [None]
    assert whole.refusals[0].reason.startswith(f"row {BAD} cannot be read: ArrowInvalid: ")
    assert len(list(file_rows(path, whole))) == BAD
    rows = file_rows(path, partly)
    assert [next(rows).index for _ in range(BAD)] == [*range(BAD)]
    with pytest.raises(DamagedDataError, match=f"^row {BAD} of the file `a.parquet` cannot be read$"):
        next(rows)


def test_damage_in_a_column_that_decides_about_rows_is_told_by_the_survey(tmp_path):
    write(tmp_path / "a.parquet", damaged="messages")
    survey = survey_file(tmp_path / "a.parquet")
    assert not survey.partly and survey.num_rows == BAD and len(survey.refusals) == 1


@pytest.mark.parametrize("options", [Execution(workers=0), Execution(workers=0, resume=False), Execution(workers=2)])
def test_a_damaged_file_is_one_error_and_its_rows_before_are_checked(folder, options):
    dataset = folder("images")
    result, findings = dataset.check(options=options)
    (told,) = (found for found in findings if not found["code"].startswith("DU"))
    assert (told["code"], told["file"], told["row"]) == ("DI004", "f/1.parquet", None)
    assert told["message"].startswith(
        f"the trainer's loader refuses the file: row {BAD} cannot be read: ArrowInvalid: "
    )
    assert result.summary["exit_code"] == 1
    rows = [(sample["file"], sample["row"]) for sample in dataset.samples()]
    files = {"f/0.parquet": ROWS, "f/1.parquet": BAD, "f/2.parquet": ROWS}
    assert rows == [(name, row) for name, number in files.items() for row in range(number)]


def test_the_next_run_finds_everything_at_hand(folder):
    dataset = folder("images")
    dataset.check(options=Execution(workers=0))
    first = results(dataset.folder / "run")
    result, _ = dataset.check(options=Execution(workers=0))
    assert result.summary["timing"]["engine"] == "no changes; cached results used"
    assert results(dataset.folder / "run") == first
    check(dataset.registry, dataset.folder / "again", options=Execution(workers=0, shard_rows=7))
    assert results(dataset.folder / "again") == first


def test_healthy_files_stay_silent(folder):
    dataset = folder(None)
    result, findings = dataset.check(options=Execution(workers=0))
    assert [found for found in findings if not found["code"].startswith("DU")] == []
    assert result.summary["rows"]["total"] == result.summary["rows"]["ok"] == 3 * ROWS


def test_two_entries_and_small_files_that_share_a_shard(dataset):
    spec = {"formatting": "sharegpt", "columns": {"messages": "messages", "images": "images"}}
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    for number, damaged in enumerate((None, "images", "images")):
        write(dataset.folder / f"{number}.parquet", number, damaged)
        table = pq.read_table(dataset.folder / "0.parquet").slice(0, 9)
        pq.write_table(table, dataset.folder / f"{number}-small.parquet")
    names = [f"{number}{word}" for number in range(3) for word in ("", "-small")]
    entries = {name: {**spec, "tags": tags, "file_name": f"{name}.parquet"} for name in names}
    dataset.registry.write_text(json.dumps(entries))
    result, findings = dataset.check(options=Execution(workers=0))
    assert [found["file"] for found in findings if found["code"] == "DI004"] == ["1.parquet", "2.parquet"]
    assert result.summary["rows"]["total"] == ROWS + 2 * BAD + 3 * 9


@pytest.mark.parametrize(
    "schema",
    [
        pa.schema([("messages", MESSAGES), ("images", pa.large_list(IMAGE))]),
        pa.schema([("messages", MESSAGES), ("images", pa.list_(pa.struct([("bytes", pa.binary())])))]),
        pa.schema(
            [("messages", MESSAGES), pa.field("images", pa.list_(pa.field("x", IMAGE, nullable=False)), nullable=False)]
        ),
        SCHEMA.with_metadata(
            {"huggingface": json.dumps({"info": {"features": {"images": [{"_type": "Image"}]}}}).encode()}
        ),
    ],
    ids=["a long list", "bytes alone", "none null", "images that the loader decodes"],
)
def test_any_way_to_store_images_is_surveyed_partly_and_alike(tmp_path, schema):
    path = tmp_path / "a.parquet"
    write(path, columns=schema)
    partly, whole = survey_file(path), survey_file(path, whole=True)
    assert partly.partly and (partly.num_rows, partly.refusals) == (whole.num_rows, whole.refusals) == (ROWS, [])
    assert (partly.types, partly.fixed) == (whole.types, whole.fixed)
    assert list(file_rows(path, partly)) == list(file_rows(path, whole))


@pytest.mark.parametrize(
    "schema",
    [
        pa.schema([("messages", MESSAGES)]),
        pa.schema([("images", pa.binary())]),
        pa.schema([("messages", MESSAGES), ("a.b", pa.binary())]),
    ],
    ids=["no bytes", "nothing else", "a name with a dot"],
)
def test_what_cannot_be_told_apart_is_surveyed_whole(tmp_path, schema):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist([{}], schema), path)
    assert not survey_file(path).partly


def test_bytes_that_become_text_decide_about_rows(tmp_path):
    first, later = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(pa.table({"t": ["x"], "n": [1]}), first)
    pq.write_table(pa.table({"t": [b"ok", b"\xff"], "n": [1, 2]}), later)
    survey = survey_file(later, survey_file(first).fixed)
    assert not survey.partly and [refusal.row for refusal in survey.refusals] == [1]
