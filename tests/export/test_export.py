"""`mmvalidate export`: which rows go, where they are put, and that nothing else changes."""

import hashlib
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import ALL_TAGS, check, say
from tests.export.exporting import errors, records, rows_of, run_and_export
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.export import export
from validator.exporting.policy import make_policy

GOOD, BAD = say("a", "b"), say("a", "b", "c")
ALPACA = '{"data": {"file_name": "%s"}}'


@pytest.mark.parametrize("suffix", ["jsonl", "json"])
def test_rows_stay_as_they_are_written(data, home, suffix):
    odd = '{"messages": [{"content" :"\\u00e4", "role":"user"},  {"role": "assistant", "content": "1e3"}], "x": 1.50}'
    bad = json.dumps(BAD)
    text = f"{odd}\r\n{bad}\n\n{odd}" if suffix == "jsonl" else f"[{odd} ,\n{bad},{odd}]"
    data.write(text, suffix, columns={"messages": "messages"})
    record, findings = run_and_export(data.folder)
    assert record["datasets"] == [{"dataset": "data", "kept": 2, "fixed": 0, "quarantined": 1, "by_code": {"CV002": 1}}]
    expected = f"{odd}\n{odd}\n" if suffix == "jsonl" else f"[\n{odd},\n{odd}\n]\n"
    assert (home / "clean" / f"data.{suffix}").read_text() == expected
    assert rows_of(home / "clean" / "quarantine" / f"data.{suffix}") == [BAD]
    assert errors(findings) == []
    (dropped,) = records(home / "clean" / "dropped.jsonl")
    assert (dropped["row"], dropped["quarantine_row"], dropped["quarantine_file"]) == (1, 0, f"data.{suffix}")
    assert [reason["code"] for reason in dropped["reasons"]] == ["CV002"]
    kept = json.loads((home / "clean" / "dataset_info.json").read_text())
    assert kept == json.loads(data.registry.read_text())


TABLE = pa.table({"instruction": ["a", "b", "c"], "input": ["", "x", "y"], "output": ["1", None, "3"]})


def write_parquet(path):
    pq.write_table(TABLE.replace_schema_metadata({"kept": "yes"}), path, row_group_size=2, compression="gzip")


def write_arrow(path, make=pa.ipc.new_stream):
    with path.open("wb") as file, make(file, TABLE.schema) as writer:
        for batch in TABLE.to_batches(max_chunksize=2):
            writer.write_batch(batch)


def read_arrow(path):
    with path.open("rb") as file:
        return pa.ipc.open_stream(file).read_all()


def test_parquet(home):
    write_parquet(home / "data" / "data.parquet")
    (home / "data" / "dataset_info.json").write_text(ALPACA % "data.parquet")
    record, findings = run_and_export(home / "data")
    made = pq.ParquetFile(home / "clean" / "data.parquet")
    assert made.read().to_pylist() == TABLE.take([0, 2]).to_pylist()
    assert made.schema_arrow.metadata[b"kept"] == b"yes"
    assert made.metadata.row_group(0).column(0).compression == "GZIP"
    assert pq.read_table(home / "clean" / "quarantine" / "data.parquet").to_pylist() == TABLE.take([1]).to_pylist()
    assert record["datasets"][0]["by_code"] == {"CV009": 1} and errors(findings) == []


@pytest.mark.parametrize("make", [pa.ipc.new_stream, pa.ipc.new_file])
def test_arrow(home, make):
    write_arrow(home / "data" / "data.arrow", make)
    (home / "data" / "dataset_info.json").write_text(ALPACA % "data.arrow")
    _, findings = run_and_export(home / "data")
    opened = pa.ipc.open_stream if make is pa.ipc.new_stream else pa.ipc.open_file
    with (home / "clean" / "data.arrow").open("rb") as file:
        assert opened(file).read_all().to_pylist() == TABLE.take([0, 2]).to_pylist()
    assert errors(findings) == []


def test_csv_with_line_ends_in_fields(home):
    (home / "data" / "data.csv").write_bytes(b'instruction,output\r\n"a\nb", "1"\r\n\r\nc,\r\n"d ""e""",3')
    (home / "data" / "dataset_info.json").write_text(
        '{"data": {"file_name": "data.csv", "columns": {"prompt": "instruction", "response": "output"}}}'
    )
    _, findings = run_and_export(home / "data")
    assert (home / "clean" / "data.csv").read_bytes() == b'instruction,output\r\n"a\nb", "1"\n"d ""e""",3\n'
    assert (home / "clean" / "quarantine" / "data.csv").read_bytes() == b"instruction,output\r\nc,\n"
    assert errors(findings) == []


def test_folders_keep_their_files(data, home):
    (home / "data" / "parts").mkdir()
    for number, rows in enumerate(([GOOD, BAD], [BAD], [GOOD])):
        (home / "data" / "parts" / f"{number}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    data.write([GOOD], file_name="parts")
    record, findings = run_and_export(home / "data")
    made = home / "clean" / "parts"
    assert {path.name: len(rows_of(path)) for path in made.iterdir()} == {"0.jsonl": 1, "2.jsonl": 1}
    assert {path.name for path in (home / "clean" / "quarantine" / "parts").iterdir()} == {"0.jsonl", "1.jsonl"}
    assert record["datasets"][0]["quarantined"] == 2 and errors(findings) == []


def test_a_copy_does_not_lie_among_the_data_of_a_folder(data, home):
    (home / "data" / "parts").mkdir()
    (home / "data" / "parts" / "0.jsonl").write_text(json.dumps(GOOD) + "\n")
    data.write([GOOD], file_name="parts")
    check(data.registry, home / "run")
    with pytest.raises(ValueError, match="lies among the data files of data"):
        export(
            FinishedRun(home / "run"),
            home / "data" / "parts" / "x",
            make_policy("error", (), (), (), False),
            "link",
            fix=False,
        )
    assert os.listdir(home / "data" / "parts") == ["0.jsonl"]


def test_only_the_rows_of_a_split_go(data, home):
    data.write([say(str(n), "b") for n in range(4)], split="train[50%:]")
    _, findings = run_and_export(home / "data")
    assert rows_of(home / "clean" / "data.jsonl") == [say("2", "b"), say("3", "b")]
    assert json.loads((home / "clean" / "dataset_info.json").read_text())["data"]["split"] == "train"
    assert errors(findings) == []


def test_entries_that_share_a_file(data, home):
    """The same rows are written once; others, here because of other tags, beside them."""
    data.write([GOOD, BAD])
    entry = json.loads(data.registry.read_text())["data"]
    other = {**entry, "tags": {**ALL_TAGS, "assistant_tag": "gpt"}}
    data.registry.write_text(json.dumps({"a": entry, "b": entry, "c": other, "d": {**entry, "split": "train[:1]"}}))
    record, findings = run_and_export(home / "data")
    made = json.loads((home / "clean" / "dataset_info.json").read_text())
    assert {name: entry["file_name"] for name, entry in made.items()} == {
        "a": "data.jsonl", "b": "data.jsonl", "d": "d/data.jsonl",
    }  # fmt: skip
    assert [item["dataset"] for item in record["left_out"]] == ["c"]
    assert rows_of(home / "clean" / "data.jsonl") == rows_of(home / "clean" / "d" / "data.jsonl") == [GOOD]
    assert errors(findings) == []


def test_a_column_that_only_dropped_rows_had_is_left_out_of_the_entry(data, home):
    data.write([GOOD, {**say("<image>", "b"), "images": ["gone.png"]}])
    record, findings = run_and_export(home / "data")
    assert record["columns_left_out"] == [{"dataset": "data", "columns": ["images"]}]
    made = json.loads((home / "clean" / "dataset_info.json").read_text())["data"]
    assert made["columns"] == {"messages": "messages"} and errors(findings) == []


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, ["ok", "empty answer"]),
        ({"severity": "warning"}, ["ok"]),
        ({"drop": ("LB002",)}, ["ok"]),
        ({"keep": ("odd-turn-count",)}, ["ok", "empty answer", "odd"]),
        ({"drop": ("LB",), "keep": ("LB002",)}, ["ok", "empty answer"]),
    ],
)
def test_what_drops_a_row(data, home, options, kept):
    data.write([say("ok", "b"), say("empty answer", ""), say("odd", "b", "c")])
    run_and_export(home / "data", **options)
    assert [row["messages"][0]["content"] for row in rows_of(home / "clean" / "data.jsonl")] == kept


def test_rows_that_nobody_has_looked_at_stay_behind(data, home):
    from validator.exporting.policy import Policy

    reasons = Policy().reasons([], "unchecked", None, "it took too long")
    assert [reason.message for reason in reasons] == ["not checked: it took too long"]
    assert Policy(keep_unchecked=True).reasons([], "unchecked", None, "it took too long") == ()


def digests(folder):
    return {
        str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("media", ["link", "copy", "reference"])
def test_media_hold_in_the_copy_and_the_original_is_left_alone(data, home, media):
    good = say("<image>", "b", images=[data.image("pictures/a.png")])
    data.write([good, say("<image>", "b", images=["gone.png"]), say("<image>", "b", images=[str(home / "b.png")])])
    os.link(home / "data" / "pictures" / "a.png", home / "b.png")
    before = digests(home / "data")
    record, findings = run_and_export(home / "data", media=media)
    assert digests(home / "data") == before
    assert findings == [] or {finding["code"] for finding in findings} <= {"IM008", "MD009"}
    made = home / "clean" / "pictures" / "a.png"
    assert made.exists() == (media != "reference")
    if media != "reference":
        assert made.samefile(home / "data" / "pictures" / "a.png") == (media == "link")
    assert record["media"]["media_dir"] == (str(home / "data") if media == "reference" else None)


def test_a_path_out_of_the_folder_stays_behind_unless_the_media_stay(data, home):
    data.image("../a.png")
    row = say("<image>", "b", images=["../a.png"])
    data.write([say("<image>", "b", images=[data.image("a.png")]), row])
    run_and_export(home / "data")
    (dropped,) = records(home / "clean" / "dropped.jsonl")
    assert "leads out of the media folder" in dropped["reasons"][0]["message"]
    assert rows_of(home / "clean" / "quarantine" / "data.jsonl") == [row]


@pytest.mark.parametrize("name", ["export.json", "data.jsonl", "quarantine/data.jsonl"])
def test_a_medium_does_not_take_the_place_of_data(data, home, name):
    """A picture that is called like a file of the export would be written through its hard link."""
    (home / "media" / "quarantine").mkdir(parents=True)
    data.image("../media/a.png")
    (home / "media" / "a.png").rename(home / "media" / name)
    data.write([say("<image>", "b", images=[name]), {**GOOD, "images": []}, {**BAD, "images": []}])
    before = digests(home / "media")
    run_and_export(home / "data", media_dir=str(home / "media"))
    assert digests(home / "media") == before
    first, _ = records(home / "clean" / "dropped.jsonl")
    assert first["reasons"][0]["message"] == (
        f"its media path `{name}` has the name of a file that the export writes; --media reference keeps the row"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: [rows[0], say("a", "other")], r"\(row 1 first\)"),
        (lambda rows: [*rows, GOOD], r"\(rows were added\)"),
        (lambda rows: rows[:1], r"\(row 1 is no longer there\)"),
    ],
)
def test_data_that_has_changed_since_the_run(data, home, change, words):
    rows = [GOOD, say("c", "d")]
    data.write(rows)
    check(data.registry, home / "run")
    data.write(change(rows))
    with pytest.raises(ValueError, match=f"`data.jsonl` has changed since the run {words}: run mmvalidate again"):
        export(FinishedRun(home / "run"), home / "clean", make_policy("error", (), (), (), False), "link", fix=False)
    assert not (home / "clean").exists()


def test_errors_of_use(data, home):
    data.write([GOOD])
    policy = make_policy("error", (), (), (), False)
    with pytest.raises(ValueError, match="is not a finished run"):
        export(FinishedRun(home), home / "clean", policy, "link", fix=False)
    check(data.registry, home / "run")
    with pytest.raises(ValueError, match="is not empty: name a new folder"):
        export(FinishedRun(home / "run"), home / "data", policy, "link", fix=False)
    with pytest.raises(ValueError, match="There is no rule CV999"):
        make_policy("error", ("CV999",), (), (), False)
    data.registry.write_text(data.registry.read_text() + " ")
    with pytest.raises(ValueError, match=r"dataset_info.json has changed since the run: run mmvalidate again"):
        export(FinishedRun(home / "run"), home / "clean", policy, "link", fix=False)


def test_hostile_names_stay_inside_of_the_export(data, home):
    """Entries and files that are called like what the export writes, or lie elsewhere, get a folder of their own."""
    data.write([GOOD])
    entry = json.loads(data.registry.read_text())["data"]
    (home / "other.jsonl").write_text(json.dumps(GOOD) + "\n")
    (home / "data" / "quarantine").mkdir()
    (home / "data" / "quarantine" / "data.jsonl").write_text(json.dumps(GOOD) + "\n")
    registry = {
        "../up": {**entry, "file_name": "../other.jsonl"},
        "absolute": {**entry, "file_name": str(home / "other.jsonl")},
        "quarantine": {**entry, "file_name": "quarantine/data.jsonl"},
        "\u202e name/of an entry": {**entry, "file_name": "./data.jsonl"},
    }
    data.registry.write_text(json.dumps(registry))
    before = {path.name for path in home.iterdir()}
    record, findings = run_and_export(home / "data")
    assert record["left_out"] == []
    assert {path.name for path in home.iterdir()} - before <= {"run", "clean", "again"}
    made = json.loads((home / "clean" / "dataset_info.json").read_text())
    assert made.keys() == registry.keys() and errors(findings) == []
    for name, entry in made.items():
        path = (home / "clean" / entry["file_name"]).resolve()
        assert path.is_relative_to(home / "clean") and rows_of(path) == [GOOD], name
