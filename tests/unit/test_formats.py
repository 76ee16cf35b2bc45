"""Files of every kind: what is refused, what the rows are, and what the rules say of folders, splits and samples."""

import io
import json
import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import say
from tests.oracle.file_entries import arrow, lines, parquet, picture, see, texts, wrapped
from validator.catalog.arrow_cast import CastError, fit_table
from validator.catalog.formats import file_rows, file_type, survey_file
from validator.catalog.schema import Schema, StoredImage, schema_of
from validator.catalog.split import Order, selected

STRUCTS = pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
FEATURE = {"_type": "List", "feature": {"_type": "Image"}}


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    content(path) if callable(content) else path.write_bytes(content)
    return path


def values(path):
    survey = survey_file(path)
    assert not survey.refusals, survey.refusals
    return [row.value for row in file_rows(path, survey)]


def codes(findings):
    return sorted(finding["code"] for finding in findings)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.json", "json"), ("a.jsonl", "json"), ("a.txt", "text"), ("a.JSON", None), (".json", None), ("a", None)],
)
def test_type_is_that_of_the_extension(name, kind):
    assert file_type(name) == kind


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.parquet", parquet(texts(2)), texts(2)),
        ("a.arrow", arrow(texts(7)), texts(7)),
        ("a.arrow", arrow(texts(7), stream=False), texts(7)),
        ("a.csv", b"a,b\n1,x\n,y\n", [{"a": 1.0, "b": "x"}, {"a": None, "b": "y"}]),
        ("a.csv", b"a,a\nTrue,\n", [{"a": True, "a.1": None}]),
        ("a.csv", b"a,b\n1,2,3\n", [{"a": 2, "b": 3, "__index_level_0__": 1}]),
        ("a.txt", b"a\r\nb\rc\n\nd", [{"text": word} for word in ("a", "b", "c", "", "d")]),
        ("a.parquet", parquet([see(b"x")], pa.list_(pa.binary())), [see(b"x")]),
        ("a.parquet", parquet(wrapped([see(b"x")]), STRUCTS), wrapped([see(b"x")])),
        ("a.parquet", parquet(wrapped([see(b"x")]), STRUCTS, FEATURE), [see(StoredImage(b"x", None))]),
    ],
)
def test_rows(tmp_path, name, content, expected):
    assert values(put(tmp_path / name, content)) == expected


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.parquet", b"hello", "ArrowInvalid"),
        ("a.parquet", parquet([]), "BatchSize must be greater than 0"),
        ("a.arrow", b"", "ArrowInvalid"),
        ("a.csv", b"", "No columns to parse from file"),
        ("a.csv", b"a,b\n1,2\n1,2,3\n", "Expected 2 fields in line 3, saw 3"),
        ("a.csv", b"a\n" + b"1\n" * 10_000 + b"x\n", "Failed to parse string: 'x'"),
        ("a.csv", b"a\n\xe9\n", "utf-8"),
        ("a.txt", b"\xe9", "UnicodeDecodeError"),
    ],
)
def test_refusals(tmp_path, name, content, reason):
    survey = survey_file(put(tmp_path / name, content))
    assert [reason in refusal.reason for refusal in survey.refusals] == [True]


def test_a_damaged_page_is_refused_and_the_rows_before_it_are_read(tmp_path):
    path = put(tmp_path / "a.arrow", arrow(texts(3000)))
    path.write_bytes(path.read_bytes()[:-20_000])
    survey = survey_file(path)
    assert survey.num_refusals == 1
    assert len(list(file_rows(path, survey))) == survey.num_rows > 2000


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (struct.pack("<3i", 0, 2, 4), struct.pack("<3i", 0, -5, 4)),
        (struct.pack("<3i", 0, 2, 4), struct.pack("<3i", 0, 2, 2**31 - 1)),
        (struct.pack("<q", 24), struct.pack("<q", 2**46)),
    ],
    ids=["an offset below zero", "an offset beyond the data", "a length of 64 TiB"],
)
def test_damaged_arrow_files_are_refused(dataset, old, new):
    out = io.BytesIO()
    with pa.ipc.new_stream(out, pa.schema([("text", pa.string())])) as stream:
        stream.write_table(pa.table({"text": ["ab", "cd"]}))
    damaged = out.getvalue().replace(old, new)
    assert damaged != out.getvalue()
    dataset.write([], file_name="data.arrow", formatting="alpaca", columns={"prompt": "text"})
    survey = survey_file(put(dataset.folder / "data.arrow", damaged))
    assert survey.num_refusals and len(list(file_rows(dataset.folder / "data.arrow", survey))) == survey.num_rows
    assert "DI004" in codes(dataset.check()[1])


@pytest.mark.parametrize("row", [b'{"a\xff": 1}', b'{"a": {"b\xff": 1}}', b'{"a": [{"b\xff": 1}]}'])
def test_names_that_are_not_utf8_are_refused(tmp_path, row):
    survey = survey_file(put(tmp_path / "a.jsonl", b'{"a": null}\n' + row + b"\n"))
    assert [refusal.row for refusal in survey.refusals] == [1] and survey.num_rows == 2


@pytest.mark.parametrize("kind", [pa.map_(pa.string(), pa.int64()), pa.string_view(), pa.binary(2)], ids=str)
def test_types_that_the_loader_does_not_know(kind):
    with pytest.raises(ValueError, match="does not have a datasets dtype equivalent"):
        schema_of(pa.schema([("a", pa.list_(kind))]))


@pytest.mark.parametrize(
    ("first", "later", "expected"),
    [
        (pa.string(), pa.array([5]), ["5"]),
        (pa.string(), pa.array([True]), ["true"]),
        (pa.int64(), pa.array(["5"]), [5]),
        (pa.int64(), pa.array([5.0]), [5]),
        (pa.bool_(), pa.array([7]), [True]),
        (pa.int64(), pa.array(["x"]), None),
        (pa.int64(), pa.array([5.5]), None),
        (pa.null(), pa.array([5]), None),
        (pa.list_(pa.string()), pa.array(["x"]), None),
        (pa.string(), pa.array([["x"]]), None),
        (pa.large_list(pa.string()), pa.array([None, [], ["x", None]]), [None, [], ["x", None]]),
        (pa.list_(pa.string()), pa.array([[5], None, [6, 7]]).slice(1), [None, ["6", "7"]]),
        (pa.struct([("b", pa.int8()), ("a", pa.string())]), pa.array([{"a": 1}, None]), [{"b": None, "a": "1"}, None]),
        (pa.struct([("a", pa.string())]), pa.array([{"b": "x"}]), None),
    ],
)
def test_values_of_later_files_are_fitted_to_the_first(first, later, expected):
    schema = Schema({"c": first})
    if expected is None:
        with pytest.raises(CastError):
            fit_table(pa.table({"c": later}), schema)
    else:
        assert fit_table(pa.table({"c": later}), schema)["c"].to_pylist() == expected


def test_rows_of_a_later_json_file_are_converted(tmp_path):
    first = survey_file(put(tmp_path / "1.json", lines({"a": "x", "b": 1})))
    path = put(tmp_path / "2.json", lines({"a": 5}, {"a": "2020-01-01"}, {"a": 6, "c": 1}))
    assert [(item.row, item.column) for item in survey_file(path, first.fixed).refusals] == [(1, "a"), (2, "c")]
    path = put(tmp_path / "2.json", lines({"a": "2020-01-01"}))
    later = survey_file(path, first.fixed)
    assert [row.value for row in file_rows(path, later)] == [{"a": "2020-01-01 00:00:00", "b": None}]


@pytest.mark.parametrize(
    ("split", "rows"),
    [
        ("train", range(8)),
        ("all", range(8)),
        ("train[:50%]", range(4)),
        ("train[1:3]", range(1, 3)),
        ("train[-3:]", range(5, 8)),
        ("train[:-6]", range(2)),
        ("train[:1_0]", range(8)),
        ("train[6:]+train[:1]", [6, 7, 0]),
        ("test", 'Unknown split "test". Should be one of'),
        ("train[", "Unrecognized instruction format: train["),
        ("train[:0]", "corresponds to no data!"),
        ("train[:150%]", "Percent slice boundaries"),
        ("train[:50%](pct1_dropremainder)", "less than 100 elements is forbidden"),
    ],
)
def test_splits(split, rows):
    if isinstance(rows, str):
        with pytest.raises(ValueError) as caught:
            selected(split, 8)
        assert rows in str(caught.value)
        return
    assert [row for part in selected(split, 8) for row in part] == list(rows)
    order = Order({"a": 0, "b": 3}, selected(split, 8))
    places = {order.place("a", row): row for row in range(3)} | {order.place("b", row): row + 3 for row in range(5)}
    assert [places[place] for place in range(len(rows))] == list(rows)


FOLDERS = [
    ({"1.json": lines(*texts(2)), "2.jsonl": lines(*texts(1))}, [], 3),
    ({"1.json": lines(*texts(2)), ".DS_Store": b"x"}, ["DI003"], 0),
    ({"1.json": lines(*texts(2)), "2.parquet": parquet(texts(1))}, ["DI003"], 0),
    ({"1.json": lines(*texts(2)), "sub/2.json": lines(*texts(1))}, ["DI003"], 0),
    ({"1.JSON": lines(*texts(2))}, ["DI003"], 0),
    ({}, ["DI009"], 0),
    ({"1.json": b"", "2.json": b""}, ["DI009", "DI009"], 0),
    ({"1.json": b"", "2.json": lines(*texts(2))}, [], 2),
    ({"1.txt": b"hello"}, ["DI005"], 1),
    ({"1.parquet": parquet(texts(2)), "2.parquet": parquet(texts(3))}, [], 5),
    ({"a[1].json": lines(*texts(2))}, ["DI003"], 0),
]


@pytest.mark.parametrize(("files", "expected", "rows"), FOLDERS)
def test_folders(dataset, files, expected, rows):
    (dataset.folder / "f").mkdir()
    for name, content in files.items():
        put(dataset.folder / "f" / name, content)
    dataset.write([say("a", "b")], file_name="f")
    result, findings = dataset.check(ignore=("CV", "DU"))
    assert codes(findings) == expected
    assert result.summary["rows"]["total"] == rows


def test_the_first_file_that_is_listed_fixes_the_columns(dataset, monkeypatch):
    put(dataset.folder / "f" / "1.json", lines({**texts(1)[0], "id": "x"}))
    put(dataset.folder / "f" / "2.json", lines(*texts(1)))
    dataset.write([say("a", "b")], file_name="f")
    for listed, expected in ((["1.json", "2.json"], []), (["2.json", "1.json"], ["f/1.json"])):
        monkeypatch.setattr("os.listdir", lambda _, listed=listed: listed)
        _, findings = dataset.check()
        assert [finding["file"] for finding in findings if finding["code"] == "DI004"] == expected
        assert [sample["file"] for sample in dataset.samples()] == ["f/1.json", "f/2.json"]


def test_the_first_thousand_rows_count_over_all_files(dataset, monkeypatch):
    dataset.image("a.png")
    plain = [{**row, "images": []} for row in texts(600)]
    for name in ("1.json", "2.json"):
        put(dataset.folder / "f" / name, json.dumps([*plain, see("a.png")]).encode())
    put(dataset.folder / "f" / "0.json", json.dumps(plain).encode())
    dataset.write([see("a.png")], file_name="f")
    for listed, expected in ((["2.json", "0.json", "1.json"], []), (["0.json", "2.json", "1.json"], ["f/2.json"])):
        monkeypatch.setattr("os.listdir", lambda _, listed=listed: listed)
        _, findings = dataset.check()
        assert [finding["file"] for finding in findings if finding["code"] == "DI007"] == expected


def test_a_split_leaves_rows_out(dataset):
    dataset.write([*texts(3), say("no answer")], split="train[:3]")
    result, findings = dataset.check()
    assert (result.summary["rows"]["total"], codes(findings)) == (3, [])


def test_stored_images_are_turned_where_the_loader_decodes_them(dataset):
    turned = picture((100, 300), "JPEG", orientation=6)
    for declared, size in ((FEATURE, (300, 100)), (None, (100, 300))):
        put(dataset.folder / "a.parquet", parquet(wrapped([see(turned)]), STRUCTS, declared))
        dataset.write([see("a.png")], file_name="a.parquet")
        dataset.check()
        (media,) = dataset.samples()[0]["media"]
        assert (media["width"], media["height"]) == size


def test_a_bad_image_that_the_loader_decodes_stops_even_a_row_that_is_dropped(dataset):
    row = {**say("no answer"), "images": [{"bytes": b"x", "path": None}]}
    for declared, status in ((FEATURE, "flagged"), (None, "dropped")):
        put(dataset.folder / "a.parquet", parquet([row], STRUCTS, declared))
        dataset.write([see("a.png")], file_name="a.parquet")
        dataset.check()
        assert dataset.samples()[0]["status"] == status


def test_content_hash_is_that_of_the_row_wherever_it_lies(dataset):
    hashes = []
    for suffix, write in (("parquet", parquet), ("arrow", arrow)):
        put(dataset.folder / f"a.{suffix}", write([see(b"x"), see(b"y")], pa.list_(pa.binary())))
        dataset.write([see("a.png")], file_name=f"a.{suffix}")
        dataset.check()
        hashes.append([sample["content_hash"] for sample in dataset.samples()])
    assert hashes[0] == hashes[1] and len(set(hashes[0])) == 2


def test_pandas_metadata_is_no_obstacle(tmp_path):
    frame = pa.table({"a": [1]}).replace_schema_metadata({"pandas": "{}", "huggingface": "no json"})
    pq.write_table(frame, tmp_path / "a.parquet")
    assert values(tmp_path / "a.parquet") == [{"a": 1}]


def test_cloud_entries_are_read_through_fsspec(dataset, monkeypatch):
    import fsspec

    storage = fsspec.filesystem("memory")
    rows = [{**row, "extra": 1} if index else row for index, row in enumerate(texts(3))]  # keys are the first row's
    storage.pipe("/bucket/a.jsonl", lines(*rows))
    monkeypatch.setattr("fsspec.filesystem", lambda protocol, **_: Cloud(storage))
    dataset.write([say("a", "b")], cloud_file_name="s3://bucket/a.jsonl")
    result, findings = dataset.check(datasets=("data",))
    assert (result.summary["rows"]["ok"], codes(findings)) == (3, [])
    dataset.write([say("a", "b")], cloud_file_name="s3://bucket/gone.jsonl")
    assert codes(dataset.check(datasets=("data",))[1]) == ["XX002"]
    dataset.write([say("a", "b")], cloud_file_name="ftp://bucket/a.jsonl")
    assert codes(dataset.check(datasets=("data",))[1]) == ["DI001"]


class Cloud:
    """The memory file system under the names of a bucket."""

    def __init__(self, storage):
        self.storage = storage

    def __getattr__(self, name):
        return lambda path, *more: getattr(self.storage, name)(path.removeprefix("s3:/"), *more)


def test_hub_entries_that_cannot_be_reached_are_unchecked(dataset, monkeypatch):
    def load_dataset(*_, **__):
        raise ConnectionError("no network")

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    dataset.write([say("a", "b")], hf_hub_url="someone/something")
    result, findings = dataset.check(datasets=("data",))
    assert (result.summary["exit_code"], codes(findings)) == (3, ["XX002"])
    assert "no network" in findings[0]["message"]
