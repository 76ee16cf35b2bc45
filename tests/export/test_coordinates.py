"""`export --fix` writes boxes and points in the model's own system: where that is certain, or named."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import say
from tests.coordinates.spellings import SIZES, rows
from tests.export.exporting import SCHEMA, check, export, records, rows_of, run_and_export
from validator.coordinates.convert import Change, restored
from validator.coordinates.read import read
from validator.coordinates.systems import bounds
from validator.engine.rejudge import rejudge, settings_of
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.policy import make_policy
from validator.facts.located import fed_size
from validator.facts.recipe import limits_of
from validator.settings import Settings
from validator.tokens.processor import load_processor

assert SCHEMA
SEE = "<image>Where is it?"
SMALL = {"processor": "qwen2.5-vl", "image_max_pixels": 262_144}


def box(*numbers):
    return json.dumps({"bbox_2d": list(numbers)})


@pytest.fixture
def screens(data):
    Image.new("RGB", (1920, 1080), "white").save(data.folder / "screen.png")
    Image.new("RGB", (1080, 2400), "white").save(data.folder / "phone.png")
    return data


def answers(tmp_path, name="clean"):
    return [row["messages"][-1]["content"] for row in rows_of(tmp_path / name / "data.jsonl")]


def certain(screens):
    rows = [say(SEE, box(x, 540, x + 60, 581), images=["screen.png"]) for x in (100, 1060, 1700)]
    screens.write([*rows, say("Hi", "Hello", images=None)])


def test_what_is_certain_is_converted(screens, tmp_path):
    certain(screens)
    record, findings = run_and_export(screens.folder, fix=True)
    assert record["coordinates"] == [{"dataset": "data", "from": "pixels", "to": "0-1000", "named": False, "rows": 3}]
    assert answers(tmp_path) == [
        box(52, 500, 83, 538), box(552, 500, 583, 538), box(885, 500, 917, 538), "Hello",
    ]  # fmt: skip
    assert [finding["code"] for finding in findings if finding["code"].startswith("IM01")] == []
    (fix, *_) = records(tmp_path / "clean" / "fixes.jsonl")
    assert fix["repairs"][0]["what"].startswith(
        "coordinates from pixels of the stored image to 0-1000: 100 became 52, 540 became 500, 160 became 83 and 1 more"
    )


def test_pixels_of_images_that_keep_their_size_are_certain(data, tmp_path):
    Image.new("RGB", (1120, 560), "white").save(data.folder / "even.png")  # multiples of 28 below the limit
    data.write([say(SEE, box(x, 100, x + 50, 150), images=["even.png"]) for x in (10, 1010, 1050)])
    record, _ = run_and_export(data.folder, fix=True)
    assert record["coordinates"][0]["from"] == "pixels"
    assert answers(tmp_path)[0] == box(9, 179, 54, 268)


def test_each_change_is_listed_and_leads_back(screens, tmp_path):
    certain(screens)
    run_and_export(screens.folder, fix=True)
    before, after = rows_of(screens.folder / "data.jsonl"), rows_of(tmp_path / "clean" / "data.jsonl")
    for fix in records(tmp_path / "clean" / "fixes.jsonl"):
        for text in fix["converted"]:
            *path, last = text["path"]
            inner = after[fix["export_row"]]
            for step in path:
                inner = inner[step]
            inner[last] = restored(inner[last], [Change(*change) for change in text["changes"]])
    assert before == after


def test_pixels_of_the_image_as_it_is_fed_are_the_size_that_the_model_sees(screens, tmp_path):
    certain(screens)
    run_and_export(screens.folder, fix=True, **SMALL)
    assert answers(tmp_path)[0] == box(round(100 * 672 / 1920), 196, 56, 211)  # 672x392 of 1920x1080
    entry = json.loads((tmp_path / "clean" / "dataset_info.json").read_text())["data"]
    assert entry["_coordinates"] == {
        "system": "fed",
        "trainer": "llamafactory",
        "processor": "qwen2.5-vl",
        "image_max_pixels": 262144,
        "image_min_pixels": 1024,
    }


def test_other_limits_than_those_of_the_conversion_are_told(screens, tmp_path):
    certain(screens)
    again(screens.folder, tmp_path / "one", **SMALL)
    for most, changed in ((262_144, None), (263_000, None), (524_288, 3)):
        settings = {**SMALL, "image_max_pixels": most}
        _, findings = check(tmp_path / "one" / "dataset_info.json", tmp_path / "run", **settings)
        assert [item["evidence"]["rows"] for item in findings if item["code"] == "IM021"] == (
            [changed] if changed else []
        )
    finished = FinishedRun(tmp_path / "run")
    rejudge(finished, settings_of(finished, {"image_max_pixels": 1_048_576}), tmp_path / "rejudged")
    (finding,) = (item for item in findings_of(tmp_path / "rejudged") if item["code"] == "IM021")
    assert finding["message"] == (
        "boxes were converted to pixels of the image as it is fed under image_max_pixels 262144: under "
        "image_max_pixels 1048576, 3 of 3 rows with boxes are fed at another size"
    )


def findings_of(folder):
    return records(folder / "findings.jsonl")


def again(folder, to, boxes_are=(), **settings):
    check(folder / "dataset_info.json", to.with_suffix(".run"), **settings)
    policy = make_policy("error", (), (), (), False)
    return export(FinishedRun(to.with_suffix(".run")), to, policy, "link", fix=True, boxes_are=boxes_are).record


def test_an_export_of_an_export_changes_nothing(screens, tmp_path):
    certain(screens)
    first = again(screens.folder, tmp_path / "one", ("pixels",), **SMALL)
    assert first["coordinates"][0]["rows"] == 3
    second = again(tmp_path / "one", tmp_path / "two", ("pixels",), **SMALL)
    assert "coordinates" not in second
    assert (tmp_path / "one" / "data.jsonl").read_bytes() == (tmp_path / "two" / "data.jsonl").read_bytes()


def test_what_is_not_certain_is_converted_where_it_is_named(screens, tmp_path):
    screens.write([say(SEE, box(10, 20, 300, 400), images=["screen.png"])])
    assert "coordinates" not in again(screens.folder, tmp_path / "one")
    assert answers(tmp_path, "one") == [box(10, 20, 300, 400)]
    again(screens.folder, tmp_path / "two", ("data=pixels",))
    assert answers(tmp_path, "two") == [box(5, 19, 156, 370)]
    again(screens.folder, tmp_path / "three", ("0-1000",))  # what the model reads
    assert answers(tmp_path, "three") == [box(10, 20, 300, 400)]


@pytest.mark.parametrize(
    ("given", "words"),
    [(("inches",), "must be pixels, 0-1000, 0-1, fed"), (("other=pixels",), "other is no dataset of this run")],
)
def test_what_cannot_be_named(screens, tmp_path, given, words):
    screens.write([say(SEE, box(10, 20, 300, 400), images=["screen.png"])])
    with pytest.raises(ValueError, match=words):
        again(screens.folder, tmp_path / "one", given)


def test_a_row_that_is_not_certain_stays_behind_whole(screens, tmp_path):
    two = "<image><image>Where is it?"
    screens.write(
        [
            say(two, box(1060, 540, 1120, 580), images=["screen.png", "phone.png"]),
            say(two, box(1060, 540, 1120, 580), images=["screen.png", "screen.png"]),
            say("<image>Open it.", "click(960, 540)", "<image>And now?", "click(540, 1200)",
                images=["screen.png", "phone.png"]),
            say(SEE, box(0.5, 0.5, 0.75, 0.75), images=["screen.png"]),
        ]
    )  # fmt: skip
    again(screens.folder, tmp_path / "clean", ("pixels",))
    assert answers(tmp_path) == [box(552, 500, 583, 537), "click(500, 500)"]
    reasons = [record["reasons"][0]["message"] for record in records(tmp_path / "clean" / "dropped.jsonl")]
    assert reasons == [
        "its coordinates were not converted: it is not certain which of its images is meant",
        "its coordinates were not converted: its coordinates cannot be pixels of the stored image",
    ]


def test_a_row_whose_image_exif_turns_stays_behind(screens, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (1920, 1080), "white").save(screens.folder / "lying.jpg", exif=exif)
    screens.write([say(SEE, box(10, 20, 300, 400), images=["lying.jpg"]), say("Hi", "Hello", images=None)])
    again(screens.folder, tmp_path / "clean", ("pixels",))
    assert answers(tmp_path) == ["Hello"]
    (dropped,) = records(tmp_path / "clean" / "dropped.jsonl")
    assert dropped["reasons"][0]["message"].endswith("it is not certain which way up it was annotated")


def test_tables_are_left_alone_and_that_is_said(screens, tmp_path):
    rows = [say(SEE, box(x, 540, x + 60, 581), images=["screen.png"]) for x in (100, 1060, 1700)]
    screens.write(rows)
    pq.write_table(pa.Table.from_pylist(rows), screens.folder / "data.parquet")
    entry = json.loads(screens.registry.read_text())["data"]
    screens.registry.write_text(json.dumps({"data": {**entry, "file_name": "data.parquet"}}))
    record = again(screens.folder, tmp_path / "clean")
    assert "coordinates" not in record
    assert [item["note"] for item in record["notes"]] == ["its coordinates are not converted: it is no JSON file"]
    assert "_coordinates" not in json.loads((tmp_path / "clean" / "dataset_info.json").read_text())["data"]


def test_a_system_is_named_only_to_fix(screens, tmp_path):
    certain(screens)
    check(screens.registry, tmp_path / "run")
    with pytest.raises(ValueError, match="--boxes-are says what --fix converts: give both"):
        export(
            FinishedRun(tmp_path / "run"), tmp_path / "clean", make_policy("error", (), (), (), False), "link",
            fix=False, boxes_are=("pixels",),
        )  # fmt: skip


def test_objects_become_pixels_of_the_stored_image(screens, tmp_path):
    row = {
        "messages": [{"role": "user", "content": SEE}, {"role": "assistant", "content": "<bbox>"}],
        "images": ["screen.png"],
        "objects": {"ref": [], "bbox": [[500, 500, 750, 750]]},
    }
    screens.write([row])
    again(screens.folder, tmp_path / "clean", ("0-1000",), trainer="ms-swift")
    assert rows_of(tmp_path / "clean" / "data.jsonl")[0]["objects"]["bbox"] == [[960, 540, 1440, 810]]
    record = again(screens.folder, tmp_path / "stored", ("pixels",), trainer="ms-swift")
    assert record["coordinates"][0]["rows"] == 0


@pytest.mark.parametrize(("processor", "most"), [("embedded", 1_048_576), ("qwen2.5-vl", 262_144)])
def test_a_corpus_of_all_spellings_is_converted_and_read_back_equal(data, tmp_path, processor, most):
    """Two thousand rows, each system in an entry of its own, named."""
    settings = Settings(dataset_info=".", processor=processor, image_max_pixels=most)
    limits = limits_of(settings, load_processor(processor))
    fed = lambda stored: fed_size(stored, limits)  # noqa: E731
    for number, size in enumerate(SIZES):
        Image.new("RGB", size, "white").save(data.folder / f"{number}.png")
    corpus = rows(2000, fed, seed=1)
    own = "0-1000" if processor == "embedded" else "fed"
    data.write([say(SEE, "a", images=["0.png"])])
    entry, registry = json.loads(data.registry.read_text())["data"], {}
    for system in ("pixels", "0-1000", "0-1", "fed"):
        mine = [row for row in corpus if row.system == system]
        lines = [say(SEE, row.text, images=[f"{SIZES.index(row.stored)}.png"]) for row in mine]
        (data.folder / f"{system}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        registry[system] = {**entry, "file_name": f"{system}.jsonl"}
    (data.folder / "dataset_info.json").write_text(json.dumps(registry))
    record = again(
        data.folder, tmp_path / "clean", [f"{name}={name}" for name in registry], processor=processor,
        image_max_pixels=most,
    )  # fmt: skip
    assert sum(item["kept"] for item in record["datasets"]) == 2000
    wrong = []
    for system in registry:
        mine = [row for row in corpus if row.system == system]
        for row, written in zip(mine, rows_of(tmp_path / "clean" / f"{system}.jsonl"), strict=True):
            shape = read(written["messages"][1]["content"])[0].shape(0)
            source, target = (bounds(one, row.stored, fed(row.stored)) for one in (system, own))
            for place, (old, new) in enumerate(zip(row.numbers, (shape.x1, shape.y1, shape.x2, shape.y2), strict=True)):
                exact = old if system == own else old / source[place % 2] * target[place % 2]
                if abs(exact - new) > (0.5 if system != own else 0):
                    wrong.append((row, shape))
    assert wrong == []
