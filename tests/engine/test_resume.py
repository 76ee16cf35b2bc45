"""What a second run does again, and what it takes from the first."""

import json
import os

import pytest
from PIL import Image

from tests.conftest import say
from validator.execution import Execution

SMALL = Execution(workers=0, shard_rows=10)


@pytest.fixture
def counted(monkeypatch, tmp_path):
    """How many images are opened, in whatever process."""
    log = tmp_path / "opened"
    real = Image.open

    def counting(*arguments, **options):
        if not options:  # the check of PNGs opens one that it has made itself, and says that it is one
            with log.open("a") as file:
                file.write(".")
        return real(*arguments, **options)

    monkeypatch.setattr(Image, "open", counting)

    def count():
        number = len(log.read_text()) if log.exists() else 0
        log.unlink(missing_ok=True)
        return number

    return count


def results(dataset):
    return {path.name for path in (dataset.folder / "run" / "cache" / "shards").glob("*.zip")}


def rows(dataset, number, suffix="jsonl", text="see"):
    for n in range(number):
        if not (dataset.folder / f"{n}.png").exists():
            dataset.image(f"{n}.png", (60 + n % 7, 60))
    return dataset.write([say(f"<image>{text} {n}", "b", images=[f"{n}.png"]) for n in range(number)], suffix)


def run(dataset, options=SMALL, **settings):
    result, findings = dataset.check(options=options, **settings)
    return result.summary, findings


def test_unchanged_data_are_not_touched(dataset, counted):
    rows(dataset, 45)
    first, _ = run(dataset)
    assert counted() == 45
    written = {path.name: path.stat().st_mtime_ns for path in (dataset.folder / "run").glob("*.parquet")}
    second, _ = run(dataset)
    assert counted() == 0 and second["timing"]["engine"] == "no changes; cached results used"
    assert {**first, "timing": None} == {**second, "timing": None}
    assert {path.name: path.stat().st_mtime_ns for path in (dataset.folder / "run").glob("*.parquet")} == written


@pytest.mark.parametrize("suffix", ["jsonl", "json"])
def test_appended_rows_only(dataset, counted, suffix):
    rows(dataset, 45, suffix)
    run(dataset)
    counted()
    before = results(dataset)
    rows(dataset, 62, suffix)
    summary, _ = run(dataset, Execution(workers=0, shard_rows=10))
    assert summary["rows"]["ok"] == 62 and counted() == 62 - 45
    if suffix == "jsonl":  # one stretch of 64 KiB here: an array's shards all touch its changed end
        assert len(results(dataset) - before) >= 3


def test_appended_rows_of_a_long_file(dataset):
    """Shards that do not touch the changed end stay as they are."""
    many = [say("word " * 200, f"{n}") for n in range(400)]
    dataset.write(many)
    run(dataset, Execution(workers=0, shard_rows=50))
    before = results(dataset)
    dataset.write([*many, say("new", "row")])
    summary, _ = run(dataset, Execution(workers=0, shard_rows=50))
    assert summary["rows"]["ok"] == 401
    made = len(results(dataset) - before)
    assert len(before) == 8 and 1 <= made <= 3


def test_a_replaced_image_is_noticed(dataset, counted):
    rows(dataset, 30)
    run(dataset)
    counted()
    dataset.image("17.png", (600, 600))
    os.utime(dataset.folder / "17.png", ns=(1, 1))
    summary, _ = run(dataset)
    assert counted() == 1
    assert dataset.samples()[17]["image_sizes"] == [[600, 600]] and summary["rows"]["ok"] == 30


def test_an_image_that_appears_or_vanishes_is_noticed(dataset):
    rows(dataset, 30)
    (dataset.folder / "17.png").rename(dataset.folder / "other.png")
    _, findings = run(dataset)
    assert [(item["code"], item["row"]) for item in findings] == [("MD001", 17)]
    (dataset.folder / "other.png").rename(dataset.folder / "17.png")
    (dataset.folder / "3.png").unlink()
    summary, findings = run(dataset)
    assert [(item["code"], item["row"]) for item in findings] == [("MD001", 3)] and summary["rows"]["ok"] == 29


def test_changed_text_opens_no_image_again(dataset, counted):
    rows(dataset, 30)
    run(dataset)
    assert counted() == 30
    rows(dataset, 30, text="look at")
    assert run(dataset)[0]["rows"]["ok"] == 30 and counted() == 0
    assert run(dataset, default_system="Be brief.")[0]["rows"]["ok"] == 30 and counted() == 0


def test_media_known_by_their_bytes(dataset, counted):
    rows(dataset, 20)
    by_content = Execution(workers=0, shard_rows=10, hash_media=True)
    run(dataset, by_content)
    assert counted() == 20
    for path in dataset.folder.glob("*.png"):
        os.utime(path)
    run(dataset, by_content)
    assert counted() == 0
    run(dataset)
    assert counted() == 20


def test_other_limits_take_the_facts(dataset, counted):
    rows(dataset, 30)
    run(dataset)
    counted()
    summary, findings = run(dataset, cutoff_len=20)
    assert counted() == 0 and {item["code"] for item in findings} >= {"TK001"}
    run(dataset, Execution(workers=0, resume=False))
    assert counted() == 30 and summary["settings"]["cutoff_len"] == 20


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"x"), lambda path: path.unlink()])
def test_a_damaged_cache_is_as_good_as_none(dataset, damage):
    rows(dataset, 30)
    first, _ = run(dataset)
    for path in (dataset.folder / "run" / "cache").rglob("*"):
        if path.is_file():
            damage(path)
    second, _ = run(dataset)
    assert {**first, "timing": None} == {**second, "timing": None}
    assert json.loads((dataset.folder / "run" / "summary.json").read_text())["rows"]["ok"] == 30
