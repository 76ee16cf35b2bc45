"""What `mmvalidate export` writes of sample_data: LLaMA-Factory's whole preprocessing takes every entry of it."""

import json
import shutil

import pytest

from tests.conftest import ROOT, TAGS, Dataset, check, say
from tests.environments import needs_oracle
from tests.oracle.compare import ask
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.export import export
from validator.exporting.policy import Policy

pytestmark = needs_oracle


@pytest.mark.parametrize(
    ("fix", "asked"), [(False, None), (True, ["mixed_types", "planted"])], ids=["dropped", "fixed"]
)
def test_the_trainer_loads_the_export_of_the_sample_data(tmp_path, monkeypatch, fix, asked):
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    monkeypatch.chdir(tmp_path)
    check(tmp_path / "sample_data" / "dataset_info.json", tmp_path / "run")
    done = export(FinishedRun(tmp_path / "run"), tmp_path / "clean", Policy(), "link", fix=fix)
    result, _ = check(done.settings.dataset_info, tmp_path / "again")
    rows = result.summary["rows"]
    assert (result.summary["exit_code"], rows["flagged"] + rows["dropped"] + rows["unchecked"]) == (0, 0)
    registry = json.loads((tmp_path / "clean" / "dataset_info.json").read_text())
    assert len(registry) == 23
    names = asked or [name for name, entry in registry.items() if not entry.get("ranking")]  # SFT refuses those
    answers = ask("full", {"folder": str(tmp_path / "clean"), "names": names})
    assert answers == dict.fromkeys(names)


def test_kept_rows_are_to_the_trainer_what_they_were(tmp_path, monkeypatch):
    """Status, length, labels, media tokens and the hash of ids and labels of each kept row, in order."""
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    names = ["planted", "multi_image", "web_screens", "alpaca"]
    monkeypatch.chdir(tmp_path)
    check(tmp_path / "sample_data" / "dataset_info.json", tmp_path / "run")
    done = export(FinishedRun(tmp_path / "run"), tmp_path / "clean", Policy(), "link", fix=False)
    dropped = [json.loads(line) for line in (tmp_path / "clean" / "dropped.jsonl").read_text().splitlines()]
    before = ask("entries", {"folder": str(tmp_path / "sample_data"), "names": names})
    after = ask("entries", {"folder": str(tmp_path / "clean"), "names": names})
    for name in names:
        gone = {item["row"] for item in dropped if item["dataset"] == name}
        kept = [answer for row, answer in enumerate(before[name]["rows"]) if row not in gone]
        assert [{**answer, "index": 0} for answer in after[name]["rows"]] == [{**answer, "index": 0} for answer in kept]
        assert {answer["status"] for answer in after[name]["rows"]} == {"ok"}
    assert sum(item["kept"] for item in done.record["datasets"]) == 1171


def test_the_trainer_takes_contents_that_were_in_parts(tmp_path, monkeypatch):
    """Alone, and in a file that its loader refuses because other contents are text."""
    Dataset(tmp_path).image("a.png")
    parts = [{"type": "image_url", "image_url": {"url": "a.png"}}, {"type": "text", "text": "What?"}]
    rows = {"parts": [say(parts, [parts[1]])] * 2, "mixed": [say(parts, "b"), say("a", "b")]}
    registry = {}
    for name, given in rows.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(given))
        registry[name] = {"file_name": f"{name}.json", "formatting": "sharegpt", "tags": TAGS,
                          "columns": {"messages": "messages"}}  # fmt: skip
    (tmp_path / "dataset_info.json").write_text(json.dumps(registry))
    monkeypatch.chdir(tmp_path)
    check(tmp_path / "dataset_info.json", tmp_path / "run")
    export(FinishedRun(tmp_path / "run"), tmp_path / "clean", Policy(), "link", fix=True)
    asked = {"folder": str(tmp_path / "clean"), "names": [*rows]}
    assert ask("full", asked) == dict.fromkeys(rows)
    assert all(answer["status"] == "ok" for name in rows for answer in ask("entries", asked)[name]["rows"])
