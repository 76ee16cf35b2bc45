"""A dataset that changed between the check and the replay."""

from PIL import Image

from tests.environments import needs_replay
from tests.replay.command import call, findings, replayed

pytestmark = needs_replay


def test_a_picture_that_changed_after_the_check(rows):
    run = rows.folder / "run"
    assert call(rows.registry, "--run-dir", run, cwd=rows.folder).returncode == 0
    Image.new("RGB", (600, 400)).save(rows.folder / "1.png")
    done = call("replay", run, "--candidates", 60, "--controls", 0, "--device", "cpu", cwd=rows.folder)
    assert done.returncode == 1
    found = findings(run)
    assert [(item["code"], item["row"]) for item in found] == [("RP001", 1), ("RP009", 1)]
    assert "tokens, the processor [294]" in found[1]["message"]


def test_a_row_that_changed_after_the_check(rows):
    run = rows.folder / "run"
    assert call(rows.registry, "--run-dir", run, cwd=rows.folder).returncode == 0
    data = rows.folder / "data.jsonl"
    data.write_text(data.read_text().replace('"content"', '"content" ', 1))
    done = call("replay", run, "--candidates", 60, "--controls", 0, "--device", "cpu", cwd=rows.folder)
    assert done.returncode == 0
    found = {row["row"]: (row["verdict"], row["why"]) for row in replayed(run)}
    assert found.pop(0) == ("INCONCLUSIVE", "the row is not what it was when the run was made: check the dataset again")
    assert {verdict for verdict, _ in found.values()} == {"STABLE"}


def test_a_registry_that_was_given_relative_to_another_folder_is_found(rows):
    assert call("dataset_info.json", "--run-dir", "run", cwd=rows.folder).returncode == 0
    elsewhere = rows.folder / "elsewhere"
    elsewhere.mkdir()
    done = call("replay", "../run", "--device", "cpu", cwd=elsewhere)
    assert done.returncode == 0, done.stderr
