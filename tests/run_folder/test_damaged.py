"""Run folders that are not as they were written: one sentence and exit code 2 of every command, whatever the damage."""

import json
import os
import random
import shutil
import sys

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import Dataset, say
from tests.tiers import many
from validator.cli.main import main
from validator.facts.replayed import Replayed, Step
from validator.replaying import table

COMMANDS = {
    "report": ["report", "run", "--output-format", "full"],
    "html": [
        "report",
        "run",
        "--report",
        "html=out.html",
        "--report",
        "gitlab=out.json",
        "--report",
        "sarif=out.sarif",
    ],
    "formats": ["report", "run", *(f"--report={name}=out.txt" for name in ("jsonl", "junit", "markdown", "github"))],
    "rejudge": ["rejudge", "run", "--cutoff-len", "40", "--workers", "0", "-q"],
    "baseline": ["rejudge", "run", "--write-baseline", "accepted.json", "--workers", "0", "-q"],
    "plan": ["plan", "run"],
    "diff": ["diff", "whole", "run"],
    "export": ["export", "run", "--to", "copy", "--no-check", "-q"],
    "watch": ["watch", "out", "--train-config", "train.yaml", "--run", "run"],
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with a finished run, `whole`, of rows that are well and rows that are not; a replay lies in it."""
    folder = tmp_path_factory.mktemp("finished")
    data = Dataset(folder)
    image = data.image("a.png")
    rows = [say("a", "b"), say("<image>", "b", images=[image]), say("<image>", "b", images=["gone.png"]), say("", "")]
    data.write([{"images": [], **row} for row in rows])
    old = os.getcwd()
    os.chdir(folder)
    try:
        assert call(["dataset_info.json", "--run-dir", "run", "--workers", "0", "-q"]) == 1
        assert call(["rejudge", "run", "--write-baseline", "base.json", "--workers", "0", "-q", "--exit-zero"]) == 0
        whole = folder / "run"
        samples = [
            Replayed(
                dataset="data",
                file="data.jsonl",
                row=row,
                sample_id=f"data.jsonl:{row}",
                group=group,
                modality="text",
                num_tokens=20,
                verdict="STABLE",
                why="it is",
                step=Step("bf16", loss=2.0),
            )
            for row, group in ((0, "control"), (1, "candidate"))
        ]
        table.write(whole, samples)
        shutil.rmtree(whole / "cache")
        whole.rename(folder / "whole")
    finally:
        os.chdir(old)
    (folder / "train.yaml").write_text("dataset: data\nmodel_name_or_path: x\n")
    (folder / "out").mkdir()
    (folder / "out" / "trainer_state.json").write_text(
        json.dumps({"log_history": [{"step": 1, "loss": 1.0, "grad_norm": 1.0}]})
    )
    return folder


def call(arguments):
    """The exit code of a command, in this process."""
    before = sys.argv
    sys.argv = ["mmvalidate", *map(str, arguments)]
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    finally:
        sys.argv = before
    return 0


class Place:
    """A copy of the finished run, `run`, to be damaged, in a folder that commands run in."""

    def __init__(self, folder, finished, capfd):
        self.folder, self.finished, self._capfd = folder, finished, capfd
        for path in finished.iterdir():
            (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)
        shutil.copytree(folder / "whole", folder / "run")

    def __truediv__(self, name):
        return self.folder / "run" / name

    def restore(self):
        shutil.rmtree(self.folder / "run")
        shutil.copytree(self.folder / "whole", self.folder / "run")
        shutil.rmtree(self.folder / "copy", ignore_errors=True)

    def __call__(self, command, strict=True):
        self._capfd.readouterr()
        code = call(COMMANDS[command])
        done = self._capfd.readouterr()
        assert not strict or ("Traceback" not in done.err and "internal error" not in done.err), done.err
        return code, done.err


@pytest.fixture
def place(tmp_path, finished, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path, finished, capfd)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_whole_run_is_usable(place, command):
    assert place(command)[0] != 2


def _content(data):
    return lambda path: path.write_bytes(data)


def _changed(change):
    """A JSON file with something else in it."""

    def damage(path):
        value = orjson.loads(path.read_bytes())
        change(value)
        path.write_bytes(orjson.dumps(value))

    return damage


def _put(value, *keys):
    def change(document):
        for key in keys[:-1]:
            document = document[key]
        if value is KeyError:
            del document[keys[-1]]
        else:
            document[keys[-1]] = value

    return _changed(change)


def _half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _folder(path):
    path.unlink()
    path.mkdir()


def _pipe(path):
    path.unlink()
    os.mkfifo(path)


def _loop(path):
    path.unlink()
    path.symlink_to(path.name)


def _table(change):
    def damage(path):
        pq.write_table(change(pq.read_table(path)), path)

    return damage


def _retyped(rows):
    column = rows.schema.get_field_index("row")
    return rows.set_column(column, "row", rows["row"].cast(pa.string()))


def _last_line(line):
    def damage(path):
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:-1]) + line)

    return damage


ANY_FILE = {
    "gone": lambda path: path.unlink(),
    "empty": _content(b""),
    "half": _half,
    "garbage": _content(b"\xff\x00 garbage\n" * 100),
    "a folder": _folder,
    "a pipe": _pipe,
    "a loop of links": _loop,
}
FILES = ("summary.json", "samples.parquet", "findings.parquet", "findings.jsonl", "catalog.json")
DEEP = b"[" * 100_000 + b"]" * 100_000
PARTICULAR = [
    ("summary.json", "null", _content(b"null")),
    ("summary.json", "a list", _content(b"[]")),
    ("summary.json", "deep", _content(DEEP)),
    ("summary.json", "NaN", _content(b'{"schema_version": NaN, "settings": {}, "gate": {}}')),
    ("summary.json", "of another version", _put(2, "schema_version")),
    ("summary.json", "without rows", _put(KeyError, "rows")),
    ("summary.json", "rows no numbers", _put("4", "rows", "total")),
    ("summary.json", "a truth value for a number", _put(True, "rows", "total")),
    (
        "summary.json",
        "a huge number",
        lambda path: path.write_text(path.read_text().replace(": 4,", f": {'9' * 400},")),
    ),
    ("summary.json", "fewer rows", _put(3, "rows", "total")),
    ("summary.json", "datasets of another type", _put({"a": 1}, "datasets")),
    ("summary.json", "an unknown severity", _put("fatal", "rules", 0, "severity")),
    ("summary.json", "settings of another type", _put([], "settings")),
    ("summary.json", "a setting of another type", _put("wide", "settings", "cutoff_len")),
    ("summary.json", "a replay of another type", lambda path: _put({"device": 5}, "replay")(path)),
    ("summary.json", "an audit of another type", lambda path: _put([], "audit")(path)),
    ("samples.parquet", "one column less", _table(lambda rows: rows.drop_columns(["content_hash"]))),
    ("samples.parquet", "a column of another type", _table(_retyped)),
    ("samples.parquet", "one row less", _table(lambda rows: rows.slice(1))),
    ("samples.parquet", "findings in its place", lambda path: shutil.copy(path.with_name("findings.parquet"), path)),
    ("findings.parquet", "one row more", _table(lambda rows: pa.concat_tables([rows, rows.slice(0, 1)]))),
    ("findings.jsonl", "a line less", _last_line(b"")),
    ("findings.jsonl", "no end of line", lambda path: path.write_bytes(path.read_bytes()[:-1])),
    ("catalog.json", "a list", _content(b"[]")),
    ("catalog.json", "deep", _content(DEEP)),
]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *(pytest.param(name, damage, id=f"{name} {what}") for name in FILES for what, damage in ANY_FILE.items()),
        *(pytest.param(name, damage, id=f"{name} {what}") for name, what, damage in PARTICULAR),
    ],
)
def test_damage_is_named_before_anything_is_done(place, name, damage):
    """By every command, for they begin alike; `rejudge` stands for them, `report` for those that read no catalog."""
    damage(place / name)
    command = "rejudge" if name == "catalog.json" else "report"
    code, said = place(command)
    assert code == 2 and len(said.splitlines()) == 1, said
    assert name in said, said


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["summary.json", "samples.parquet", "findings.jsonl"])
def test_every_command_names_it(place, command, name):
    _half(place / name)
    code, said = place(command)
    assert code == 2 and name in said and len(said.splitlines()) == 1, said


LATER = [
    ("findings.jsonl", "html", "keys of another name", _last_line(b'{"code": "MD001"}\n')),
    ("findings.jsonl", "diff", "a number for a text", None),
    ("findings.jsonl", "diff", "a severity that is none", None),
    ("findings.jsonl", "formats", "deep", _last_line(DEEP + b"\n")),
    ("accepted.json", "report", "no list", _content(b'{"a": 1}')),
    ("accepted.json", "html", "no numbers", _content(b'["a"]')),
    ("accepted.json", "formats", "a pipe", _pipe),
    ("replay.parquet", "html", "half", _half),
    ("replay.parquet", "html", "another table", lambda path: shutil.copy(path.with_name("samples.parquet"), path)),
    ("replay.parquet", "html", "a pipe", _pipe),
    ("catalog.json", "rejudge", "an entry less", _changed(lambda value: value["entries"].clear())),
    ("catalog.json", "rejudge", "no survey", _put("x", "entries", 0, "files", 0, "survey", "types")),
    ("catalog.json", "export", "a number of another type", _put("4", "entries", 0, "files", 0, "survey", "num_rows")),
    ("catalog.json", "export", "no inputs", _put({}, "inputs")),
]


def _last_with(**changes):
    def damage(path):
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:-1]) + orjson.dumps({**orjson.loads(lines[-1]), **changes}) + b"\n")

    return damage


@pytest.mark.parametrize(
    ("name", "command", "what", "damage"), LATER, ids=[f"{command} {name} {what}" for name, command, what, _ in LATER]
)
def test_damage_that_is_met_later(place, name, command, what, damage):
    changes = {"a number for a text": {"message": 5}, "a severity that is none": {"severity": "fatal"}}
    (damage or _last_with(**changes[what]))(place / name)
    code, said = place(command)
    assert code == 2 and len(said.splitlines()) == 1, said
    named = "samples.parquet" if what == "an entry less" else name
    assert named in said, said


@pytest.mark.larger
def test_bytes_at_random(place):
    """Whatever happens to the bytes, a command either does its work or names the file in one sentence."""
    chance = random.Random(int(os.environ.get("DAMAGE_SEED", 7)))
    wrong = []
    for _ in range(many(10, 60)):
        name = chance.choice([*FILES, "replay.parquet", "accepted.json"])
        data = bytearray((place / name).read_bytes())
        for _ in range(chance.choice([1, 1, 3, 20])):
            at = chance.randrange(len(data) + 1)
            data[at : at + chance.choice([1, 1, 8])] = chance.randbytes(chance.choice([0, 1, 1, 8]))
        if chance.random() < 0.2:
            del data[chance.randrange(len(data) + 1) :]
        (place / name).write_bytes(data)
        for command in ("html", "rejudge"):
            code, said = place(command, strict=False)
            if code not in (0, 1, 2) or (code == 2 and (len(said.splitlines()) != 1 or "run/" not in said)):
                wrong.append((name, command, code, said))
        place.restore()
    assert not wrong, wrong
