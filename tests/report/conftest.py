"""A small run to report on: rows as lines and as an array, a missing file, a baseline; and one of hostile names."""

import json
from io import StringIO

import pytest

from tests.conftest import ALL_TAGS, check, say
from validator.engine.run_files.amend import accept, load_run
from validator.report.finished import Finished
from validator.report.formats import emit

EVIL = "::error::x\n##[add-mask]y\r\x00\x1b]]>&<b>|`@someone` [a](http://b) \u202e\ud83d\U0001f600"
ENTRY = {"formatting": "sharegpt", "columns": {"messages": "messages", "images": "images"}, "tags": ALL_TAGS}
ROWS = [
    say("a", "b", images=[]),
    say("<image>see", "b", images=["gone.png"]),
    say("a", "", images=[]),
    say("<image>see", "b", images=["gone too.png"]),
    say("a", "b", "c", images=[]),
]


def make(folder, entries, files):
    for name, text in files.items():
        (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    registry = folder / "dataset_info.json"
    registry.write_text(json.dumps(entries, indent=2))
    return registry


def written(name, run):
    """What a format makes of a run."""
    out = StringIO()
    emit(name, run, out)
    return out.getvalue()


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    lines = "\n\n".join(json.dumps(row) for row in ROWS)
    files = {"shots.jsonl": lines, "array.json": json.dumps(ROWS[:2], indent=1)}
    entries = {name.partition(".")[0]: {"file_name": name, **ENTRY} for name in (*files, "lost.json")}
    return make(tmp_path, entries, files)


@pytest.fixture
def run(registry):
    """Six errors, one of them accepted, a warning, a limit that is kept and one that is not."""
    folder = registry.parent / "run"
    check("dataset_info.json", folder, datasets=("array",))
    accept(load_run(folder), registry.parent / "baseline.json", "known")
    check("dataset_info.json", folder, baseline="baseline.json", max_rate={"LB": 50, "CV002": 1}, min_rows=3)
    return Finished(folder)


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = EVIL.replace("\ud83d", "")
    rows = [say("<image>" + EVIL, EVIL, images=[EVIL]), say(EVIL, EVIL, images=["x" * 100_000])]
    files = {"a.jsonl": "\n".join(json.dumps(row) for row in rows)}
    registry = make(
        tmp_path,
        {name: {"file_name": "a.jsonl", **ENTRY, EVIL[:-2]: 1}, "lost" + name: {"file_name": name.replace("\x00", "")}},
        files,
    )
    check(registry, tmp_path / "run")
    return Finished(tmp_path / "run")
