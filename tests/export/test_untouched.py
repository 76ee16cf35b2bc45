"""An export changes nothing of the original, whatever its names and links are, and mixes nothing of ours with it."""

import json
import os
from itertools import product

import pytest
import xxhash
from PIL import Image

from tests.conftest import say
from tests.export.exporting import errors, records, rows_of, run_and_export, shown, state


def turned(path, colour):
    exif = Image.Exif()
    exif[0x0112] = 6
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (90, 60), colour).save(path, "JPEG", exif=exif)
    return path


def hostile(data, home):
    """Rows whose media lie where an export might write: names of ours, links of both kinds, ways up and about."""
    base, pool = data.folder, home / "pool"
    source = turned(base / "t.jpg", "red")
    for number in range(3):
        data.image(f"../pool/{number}.png", (30 + number, 40))
    digest = xxhash.xxh3_64_hexdigest(os.fsencode(source))[:8]
    predicted = [f"fixed/t.{digest}.png", "fixed/t.png", "fixed-2/t.png", f"fixed/{xxhash.xxh3_64_hexdigest(b'x')}.png"]
    for number, name in enumerate(predicted):
        (base / name).parent.mkdir(exist_ok=True)
        (os.link if number % 2 == 0 else os.symlink)(pool / f"{number % 3}.png", base / name)
    (base / "linked").symlink_to(pool)
    data.image("../plain.png", (11, 12))
    for name in ("export.json", "dropped.jsonl", "fixes.jsonl", ".mmvalidate-export", "quarantine", "data.jsonl/a"):
        if name != "data.jsonl/a":
            os.link(pool / "0.png", base / name)
    turned(base / "\u202e line\nend \u00e4.jpg", "blue")
    turned(home / "up.jpg", "green")
    names = [*predicted, "export.json", "dropped.jsonl", "fixes.jsonl", ".mmvalidate-export", "quarantine"]
    names += ["t.jpg", "./t.jpg", "fixed/../t.jpg", "linked/1.png", "linked/../plain.png", "../pool/2.png", "../up.jpg"]
    names += [str(pool / "0.png"), str(source), "\u202e line\nend \u00e4.jpg", "linked/../data/t.jpg"]
    return [shown(name) for name in names] + [say("a", "b", "c")]


@pytest.mark.parametrize(("media", "fix"), list(product(("link", "copy", "reference"), (False, True))))
def test_the_original_is_what_it_was(data, home, media, fix):
    rows = hostile(data, home)
    data.write([row if "images" in row else {**row, "images": []} for row in rows])
    before = state(home)
    record, findings = run_and_export(data.folder, media=media, fix=fix)
    assert state(home) == before
    assert errors(findings) == []
    (counts,) = record["datasets"]
    assert counts["kept"] + counts["quarantined"] == len(rows)
    made = home / "clean"
    for folder, names, files in os.walk(made):  # what is ours is shared with nothing
        for name in (*names, *files):
            path = os.path.join(folder, name)
            ours = name in ("export.json", "dropped.jsonl", "fixes.jsonl", "dataset_info.json", "data.jsonl")
            assert not os.path.islink(path), path
            if os.path.isfile(path) and (ours or "fixed-3" in folder or media != "link"):
                assert os.lstat(path).st_nlink == 1, path
    kept = [row["images"][0] for row in rows_of(made / "data.jsonl") if row["images"]]
    for path in kept:
        original = data.folder / path
        if original.exists() and media != "reference" and not path.startswith("/"):
            assert (made / path).read_bytes() == original.read_bytes(), path
    reasons = {item["row"]: item["reasons"][0]["message"] for item in records(made / "dropped.jsonl")}
    behind = {rows[row]["images"][0]: text for row, text in reasons.items() if "images" in rows[row]}
    if media == "reference":
        assert behind == {}
    else:
        assert behind.keys() >= {"export.json", "dropped.jsonl", ".mmvalidate-export", "linked/../plain.png"}
        assert "has the name of a file that the export writes" in behind["export.json"]
        assert "goes up from a linked folder" in behind["linked/../plain.png"]
        assert ("../pool/2.png" in behind) is not fix


def test_new_pictures_get_a_folder_in_which_no_medium_lies(data, home):
    """An export of an export: `fixed` holds media there."""
    data.image("fixed/a.png")
    turned(data.folder / "t.jpg", "red")
    data.write([shown("fixed/a.png"), shown("t.jpg")])
    run_and_export(data.folder, fix=True)
    first, second = (row["images"][0] for row in rows_of(home / "clean" / "data.jsonl"))
    assert first == "fixed/a.png" and second.startswith("fixed-2/t.")
    assert (home / "clean" / first).samefile(data.folder / first)


@pytest.mark.parametrize("media", ["link", "copy"])
def test_one_picture_that_is_written_in_several_ways(data, home, media):
    for name in ("a.png", "sub/b.png"):
        data.image(name)
    rows = [shown("a.png", "./a.png"), shown("sub/../a.png"), shown("sub//b.png"), shown("sub/b.png")]
    data.write(rows)
    record, findings = run_and_export(data.folder, media=media)
    assert record["datasets"][0]["kept"] == 4 and errors(findings) == []
    assert record["media"]["linked" if media == "link" else "copied"] == 2


def test_entries_whose_files_have_one_name(data, home):
    """Each gets a place of its own; no file lies where another entry needs a folder."""
    data.write([say("0", "b")])
    entry = json.loads(data.registry.read_text())["data"]
    registry = {"data": entry, "plain": {**entry, "file_name": "./data.jsonl"}}
    for number, name in enumerate(("a/b", "a b", "data.jsonl", "export.json", "\u4e2d" * 200), start=1):
        (home / str(number)).mkdir()
        (home / str(number) / "x.jsonl").write_text(json.dumps(say(str(number), "b")) + "\n")
        registry[name] = {**entry, "file_name": f"../{number}/x.jsonl"}
    data.registry.write_text(json.dumps(registry))
    record, findings = run_and_export(data.folder)
    assert record["left_out"] == [] and errors(findings) == []
    made = json.loads((home / "clean" / "dataset_info.json").read_text())
    said = {
        name: rows_of(home / "clean" / item["file_name"])[0]["messages"][0]["content"] for name, item in made.items()
    }
    assert [said[name] for name in registry] == ["0", "0", "1", "2", "3", "4", "5"]


def test_only_files_are_placed(data, home):
    """A medium that is missing, and kept all the same, leaves nothing in the copy that leads out of it."""
    (data.folder / "folder").mkdir()
    data.write([shown("gone.png"), shown("folder"), say("a", "b")])
    run_and_export(data.folder, keep=("MD",))
    assert not os.path.lexists(home / "clean" / "gone.png") and not os.path.lexists(home / "clean" / "folder")
