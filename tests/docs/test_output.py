"""docs/output.md names every column of every table that is written, with its type and whether it may be absent."""

import json
import re

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT, check
from validator.cli.main import main
from validator.engine.compare.trainers import compare
from validator.engine.tables.finding_columns import FINDINGS
from validator.facts.replayed import Drift, Range, Remedy, Replayed, Step
from validator.facts.table import SAMPLES
from validator.replaying.table import REPLAY, write

PAGE = (ROOT / "docs" / "output.md").read_text(encoding="utf-8")
CELL = re.compile(r"(?<!\\)\|")
LINK = re.compile(r"\[(\w+)\]\(#\w+\)")


def table(heading):
    """The first table below a heading: (name, type, null) of each column."""
    text = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#)", PAGE + "#", re.DOTALL | re.MULTILINE)[1]
    rows = [[cell.strip() for cell in CELL.split(line)[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert all(row[-1] for row in rows), f"{heading}: a column without a meaning"
    return [(name.strip("`"), LINK.sub(r"\1", kind), null) for name, kind, null, *_ in rows[2:]]


def spelled(kind, record):
    """An Arrow type in words; that of a record is the heading of its own table."""
    if pa.types.is_list(kind):
        return f"list of {spelled(kind.value_type, record)}"
    if pa.types.is_map(kind):
        return f"map of {kind.key_type} to {kind.item_type}"
    return record[kind] if pa.types.is_struct(kind) else str(kind)


def inner(schema, *path):
    """The record type at a column, or at a field of its record."""
    kind = schema.field(path[0]).type
    kind = kind.value_type if pa.types.is_list(kind) else kind
    for name in path[1:]:
        kind = kind.field(name).type
        kind = kind.value_type if pa.types.is_list(kind) else kind
    return kind


RECORDS = {
    "turn": inner(SAMPLES, "turns"),
    "slot": inner(SAMPLES, "turns", "slots"),
    "shape": inner(SAMPLES, "turns", "shapes"),
    "medium": inner(SAMPLES, "media"),
    "problem": inner(SAMPLES, "problems"),
    "range": inner(REPLAY, "control_loss"),
    "remedy": inner(REPLAY, "remedies"),
    "drift": inner(REPLAY, "drifts"),
}
TABLES = {"samples.parquet": SAMPLES, "findings.parquet": FINDINGS, "replay.parquet": REPLAY, **RECORDS}


@pytest.mark.parametrize("heading", TABLES)
def test_columns_and_types_are_those_of_the_program(heading):
    names = {kind: name for name, kind in RECORDS.items()}
    schema = TABLES[heading]
    wanted = [(field.name, spelled(field.type, names)) for field in map(schema.field, range(len(schema)))]
    assert [column[:2] for column in table(heading)] == wanted


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("output") / "run"
    check(ROOT / "sample_data" / "dataset_info.json", folder)
    return folder


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    """A replay of a row of which nothing is known, and of one of which all is."""
    folder = tmp_path_factory.mktemp("replayed")
    known = {"dataset": "data", "file": "data.jsonl", "group": "candidate", "modality": "text", "risk_score": 1.0}
    nothing = Replayed(**known, row=0, sample_id="a", num_tokens=0, verdict="INCONCLUSIVE", why="nothing is known")
    remedy = Remedy("clip 1.0", None, False, "no effect")
    drift = Drift("as configured", None, 1, 12, 0.1, False)
    near = Range(1.0, 2.0, 3.0, 40)
    everything = Replayed(
        **known,
        row=1,
        sample_id="b",
        num_tokens=9,
        verdict="STABLE",
        why="finite",
        step=Step("bf16"),
        remedies=(remedy,),
        drifts=(drift,),
        control_loss=near,
        control_grad_norm=near,
    )
    write(folder, [nothing, everything])
    return folder


def absent(rows, name):
    return [row for row in rows if row[name] is None]


def test_what_is_never_null_is_always_there(run, replayed):
    read = {
        path.name: pq.read_table(path).to_pylist() for path in (*run.glob("*.parquet"), *replayed.glob("*.parquet"))
    }
    samples, replays = read["samples.parquet"], read["replay.parquet"]
    read["turn"] = [turn for row in samples for turn in row["turns"]]
    read["slot"] = [slot for turn in read["turn"] for slot in turn["slots"]]
    read["shape"] = [shape for turn in read["turn"] for shape in turn["shapes"]]
    read["medium"] = [medium for row in samples for medium in row["media"]]
    read["problem"] = [problem for row in samples for problem in row["problems"]]
    read["range"] = [row["control_loss"] for row in replays if row["control_loss"]]
    read["remedy"], read["drift"] = ([one for row in replays for one in row[name]] for name in ("remedies", "drifts"))
    assert read.keys() >= TABLES.keys() and all(read.values())
    for heading in TABLES:
        for name, _, null in table(heading):
            assert null != "no" or not absent(read[heading], name), f"{heading}: {name}"


def test_what_says_as_another_column_is_absent_with_it(run):
    for heading in ("samples.parquet", "findings.parquet"):
        rows = pq.read_table(run / heading).to_pylist()
        for name, _, null in table(heading):
            if other := re.fullmatch(r"as `(\w+)`", null):
                assert absent(rows, name) == absent(rows, other[1]), f"{heading}: {name}"


def test_the_outcomes_of_trainers(run, tmp_path):
    compare({"one": run, "another": run}, {}, tmp_path / "trainers.parquet")
    *named, (rest, kind, null) = table("trainers.parquet")
    schema = pq.read_schema(tmp_path / "trainers.parquet")
    assert (rest, kind, null) == ("one for each profile", "string", "no")
    assert [(field.name, str(field.type)) for field in schema][: len(named)] == [column[:2] for column in named]
    assert [(field.name, str(field.type)) for field in schema][len(named) :] == [("one", kind), ("another", kind)]


def test_the_keys_of_the_summary():
    text = re.search(r"^## summary.json\n(.*?)(?=^#)", PAGE, re.DOTALL | re.MULTILINE)[1]
    schema = json.loads((ROOT / "schemas" / "summary.schema.json").read_text())
    assert set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE)) == set(schema["properties"])


def kind_of(value):
    return {str: "string", int: "int", list: "list", float: "float", bool: "bool"}[type(value)]


def flat(record, prefix=""):
    for name, value in record.items():
        yield from flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]


@pytest.fixture(scope="module")
def printed(run, tmp_path_factory):
    """Records of an export and of a plan."""
    folder = tmp_path_factory.mktemp("export") / "clean"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr("sys.argv", ["mmvalidate", "export", str(run), "--to", str(folder), "--fix", "--no-check", "-q"])
        with pytest.raises(SystemExit):
            main()
    return folder


@pytest.mark.parametrize("name", ["dropped.jsonl", "fixes.jsonl"])
def test_the_records_of_an_export(printed, name):
    records = [orjson.loads(line) for line in (printed / name).read_bytes().splitlines()]
    columns = table(name)
    assert records
    for record in records:
        assert list(record) == [column for column, _, _ in columns]
        for column, kind, null in columns:
            assert kind_of(record[column]) == kind if record[column] is not None else null != "no"


def test_the_options_of_a_plan(run, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["mmvalidate", "plan", str(run), "--output-format", "json", "-q"])
    with pytest.raises(SystemExit):
        main()
    plan = json.loads(capsys.readouterr().out)
    said = re.search(r"prints (.*?)An option holds", PAGE, re.DOTALL)[1]
    assert list(plan) == [name for name in re.findall(r"`(\w+)`", said) if name in plan]
    assert [(name, kind_of(value)) for name, value in flat(plan["options"][0])] == [
        column[:2] for column in table("A plan")
    ]


def test_the_keys_of_a_diff(run, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["mmvalidate", "diff", str(run), str(run), "--output-format", "json"])
    with pytest.raises(SystemExit):
        main()
    said = re.search(r"^## A diff\n(.*?)^## ", PAGE, re.DOTALL | re.MULTILINE)[1]
    assert list(json.loads(capsys.readouterr().out)) == re.findall(r"^\| `(\w+)`", said, re.MULTILINE)
