"""What init makes of the files of each family: rows and findings are those of the family's own entry."""

import json
import os

import pyarrow.parquet as pq
import pytest

from tests.commands import run_in_process
from tests.conftest import check
from tests.healthy.families import FAMILIES, taken_by
from tests.healthy.family import write

CHOICES = ("split", "num_samples")
"""What somebody wants of data, and data do not say."""
OTHERWISE = {"openai": "rows of messages without tools are sharegpt, where no words are added to the system prompt"}
"""Families whose entry is guessed otherwise."""
SWIFT = tuple(name for name in FAMILIES if name.startswith("ms-swift, "))
ACROSS = ("DI013", "DU")
"""What is said of families that are named together."""
WANTED = ("code", "severity", "row", "turn", "media_index", "message")


def place_of(entry, folder):
    return entry.get("file_name") or os.path.relpath(entry["hf_hub_url"], folder)


def guessed(folder, names, own, registry):
    """The families' registry with the entries that init makes of their files."""
    done = run_in_process(
        "init",
        *(place_of(own[name], folder) for name in names),
        "--to",
        registry,
        "--output-format",
        "json",
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    entries = {place_of(entry, folder): entry for entry in said["entries"].values()}
    assert json.loads((folder / registry).read_text()) == said["entries"]
    return {name: entries[place_of(own[name], folder)] for name in names}


def measured(folder, entries, run, **settings):
    """What a check says of each entry: its rows as they were measured, and its findings."""
    registry = folder / "compared.json"
    registry.write_text(json.dumps(entries), encoding="utf-8")
    result, findings = check(registry, run, datasets=tuple(entries), ignore=ACROSS, **settings)
    found = {name: ([], []) for name in entries}
    for row in pq.read_table(result.folder / "samples.parquet").to_pylist():
        found[row.pop("dataset")][0].append(row)
    for finding in findings:
        found[finding["dataset"]][1].append(tuple(finding[key] for key in WANTED))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("init") / "data"
    made.mkdir()
    write(FAMILIES, made)
    return made


def test_entries_of_healthy_families_are_guessed(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(folder)
    names = taken_by("llamafactory")
    registry = json.loads((folder / "dataset_info.json").read_text())
    own = {name: {key: value for key, value in registry[name].items() if key not in CHOICES} for name in names}
    entries = guessed(folder, names, own, "guessed.json")
    theirs, ours = measured(folder, own, tmp_path / "own"), measured(folder, entries, tmp_path / "guessed")
    other = [name for name in names if theirs[name] != ours[name]]
    print(f"guessed right: {len(names) - len(other)} of {len(names)}")
    assert other == list(OTHERWISE)
    assert [name for name in names if any(code[1] == "error" for code in ours[name][1])] == []
    assert len(names) >= 84


def test_layouts_of_swift_are_taken_by_it(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(folder)
    registry = json.loads((folder / "dataset_info.json").read_text())
    entries = guessed(folder, SWIFT, registry, "swift.json")
    ours = measured(folder, entries, tmp_path / "guessed", trainer="ms-swift")
    told = {name: [finding for finding in found if finding[1] != "info"] for name, (_, found) in ours.items()}
    assert told == {name: [] for name in SWIFT}
