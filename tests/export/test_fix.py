"""`--fix`: what is repaired, into what, and what is left alone because it could mean two things."""

import base64
import json

import pytest
from PIL import Image, ImageChops, ImageOps

from tests.conftest import ALL_TAGS, Dataset, say
from tests.export.exporting import errors, records, rows_of, run_and_export
from tests.oracle.videos import film

PICTURE = "<image>a"


@pytest.fixture
def data(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    made = Dataset(tmp_path / "data")
    made.image("a.png", (60, 40))
    return made


def shown(*images, text=PICTURE):
    return say(text, "b", images=list(images))


def talk(*pairs):
    return {"messages": [{"role": role, "content": text} for role, text in pairs]}


def part(*texts):
    return [{"type": "text", "text": text} for text in texts]


CALL = talk(("user", "a"), ("function", '{"name": "f", "arguments": {}}'), ("observation", "c"), ("assistant", "d"))
TOOLS = [{"name": "f"}]
GOOD = {
    "a string among lists": (shown("a.png"), {**say(PICTURE, "b"), "images": "a.png"}, "media-to-list", shown("a.png")),
    "an object with a path": (None, shown({"path": "a.png"}), "path-of-value", shown("a.png")),
    "a list of one path": (None, shown(["a.png"]), "path-of-value", shown("a.png")),
    "white space": (None, shown(" a.png\n"), "path-as-it-is", shown("a.png")),
    "back slashes": (None, shown("sub\\a.png"), "path-as-it-is", shown("sub/a.png")),
    "percent signs": (None, shown("a%2Epng"), "path-as-it-is", shown("a.png")),
    "a role in capitals": (None, talk(("User ", "a"), ("assistant", "b")), "role-as-named", say("a", "b")),
    "other names of roles": (None, talk(("human", "a"), ("gpt", "b")), "role-as-named", say("a", "b")),
    "tools as objects": (None, {**CALL, "tools": TOOLS}, "json-as-text", {**CALL, "tools": json.dumps(TOOLS)}),
    "text in a list": (None, say(part("a"), part("b")), "text-of-parts", say("a", "b")),
    "a number among texts": ({**say("a", "b"), "n": "x"}, {**say("a", "b"), "n": 5}, "number-to-text",
                             {**say("a", "b"), "n": "5"}),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_repairs(data, tmp_path, name):
    first, row, repair, expected = GOOD[name]
    data.image("sub/a.png", (60, 40))
    data.write([first, row] if first else [row])
    record, findings = run_and_export(data.folder, fix=True)
    assert rows_of(tmp_path / "clean" / "data.jsonl")[-1] == expected
    assert errors(findings) == [] and record["datasets"][0]["fixed"] == 1
    (fix,) = records(tmp_path / "clean" / "fixes.jsonl")
    assert {item["repair"] for item in fix["repairs"]} == {repair}
    assert (fix["row"], fix["export_row"]) == ((1, 1) if first else (0, 0))


LEFT = {
    "no such file": shown("b.png"),
    "a URL": shown("https://example.com/a.png"),
    "half of it can be repaired": shown(" a.png", "gone.png", text="<image><image>a"),
    "two questions": talk(("User", "a"), ("user", "b")),
    "a role that nobody knows": talk(("narrator", "a"), ("user", "b")),
    "two pieces of text": say(part("a", "b"), part("b")),
    "placeholder missing": shown("a.png", text="a"),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_could_mean_two_things_stays_behind_as_it_is(data, tmp_path, name):
    data.write([LEFT[name]])
    record, _ = run_and_export(data.folder, fix=True)
    assert record["datasets"][0] == {**record["datasets"][0], "kept": 0, "fixed": 0, "quarantined": 1}
    assert rows_of(tmp_path / "clean" / "quarantine" / "data.jsonl") == [LEFT[name]]
    assert records(tmp_path / "clean" / "fixes.jsonl") == []


# ---- contents in parts -----------------------------------------------------------------------------
SEEN = {"type": "image", "image": "a.png"}
SAID = {"type": "text", "text": "What?"}


def asked(content, **columns):
    return say(content, part("b"), **columns)


PARTS = {
    "a picture before the text": ([SEEN, SAID], "<image>What?", ["a.png"]),
    "behind it": ([SAID, SEEN], "What?<image>", ["a.png"]),
    "between texts": ([SAID, SEEN, SAID], "What?<image>What?", ["a.png"]),
    "OpenAI's": (
        [{"type": "image_url", "image_url": {"url": "a.png", "detail": "low"}}, SAID],
        "<image>What?",
        ["a.png"],
    ),
    "a URL without an object": ([{"type": "image_url", "image_url": "a.png"}], "<image>", ["a.png"]),
    "by url": ([{"type": "image", "url": "a.png"}, SAID], "<image>What?", ["a.png"]),
    "by path": ([{"type": "image", "path": "a.png"}, SAID], "<image>What?", ["a.png"]),
    "Qwen's": ([{"image": "a.png"}, {"text": "What?"}], "<image>What?", ["a.png"]),
    "keys that are null": ([{**SEEN, "text": None}, {**SAID, "image": None}], "<image>What?", ["a.png"]),
    "a file URL": ([{"type": "image", "image": "file://sub/a.png"}], "<image>", ["sub/a.png"]),
    "two pictures": ([SEEN, {"image": "sub/a.png"}, SAID], "<image><image>What?", ["a.png", "sub/a.png"]),
    "no picture": ([SAID], "What?", None),
}


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
@pytest.mark.parametrize("name", PARTS)
def test_contents_in_parts_become_text_and_a_column(data, tmp_path, name, suffix):
    content, text, images = PARTS[name]
    data.image("sub/a.png", (60, 40))
    data.write([asked(content)] * 2, suffix)
    record, findings = run_and_export(data.folder, fix=True)
    rows = (
        json.loads((tmp_path / "clean" / "data.json").read_text())
        if suffix == "json"
        else rows_of(tmp_path / "clean" / "data.jsonl")
    )
    assert rows == [say(text, "b", **({"images": images} if images else {}))] * 2
    columns = json.loads((tmp_path / "clean" / "dataset_info.json").read_text())["data"]["columns"]
    assert columns == {"messages": "messages", **({"images": "images"} if images else {})}
    assert errors(findings) == [] and record["datasets"][0]["fixed"] == 2


PARTS_LEFT = {
    "a URL": asked([{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}, SAID]),
    "no such file": asked([{"type": "image", "image": "gone.png"}, SAID]),
    "texts side by side": asked([SEEN, SAID, SAID]),
    "a size of its own": asked([{**SEEN, "max_pixels": 1000}, SAID]),
    "sound": asked([{"type": "audio", "audio": "a.wav"}, SAID]),
    "a placeholder in the text": asked([SEEN, {"type": "text", "text": "<image>What?"}]),
    "a placeholder in another turn": say([SEEN, SAID], part("b"), part("<image>c"), part("d")),
    "a picture in an answer": say(part("a"), [SEEN]),
    "two ways to name it": {**asked([{**SEEN, "url": "b.png"}, SAID])},
}


@pytest.mark.parametrize("name", PARTS_LEFT)
def test_parts_that_could_mean_two_things_stay_behind(data, tmp_path, name):
    data.write([asked([SEEN, SAID]), PARTS_LEFT[name]])
    record, findings = run_and_export(data.folder, fix=True)
    assert record["datasets"][0] == {**record["datasets"][0], "kept": 1, "fixed": 1, "quarantined": 1}
    assert rows_of(tmp_path / "clean" / "quarantine" / "data.jsonl") == [PARTS_LEFT[name]]
    assert errors(findings) == []


TEXT = say("a", "b")
MIXED = {
    "text first": [TEXT, asked([SEEN, SAID])],
    "parts first": [asked([SEEN, SAID]), TEXT],
    "in one row": [say([SEEN, SAID], "b"), TEXT],
    "in every row": [say([SEEN, SAID], "b")] * 2,
    "with another column": [{**say([SEEN, SAID], "b"), "id": 1}, {**TEXT, "id": 2}],
}


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
@pytest.mark.parametrize("name", MIXED)
def test_parts_among_texts_are_told_of_once_and_mended(data, tmp_path, name, suffix):
    data.write(MIXED[name], suffix)
    (found,) = data.check(select=("DI", "CV", "PH"))[1]
    assert (found["code"], found["row"], found["evidence"]["column"]) == ("DI004", None, "messages[].content")
    assert "is text in some messages and a list of parts in others" in found["message"]
    assert "<image>" in found["help"] and "export --fix" in found["help"]
    record, findings = run_and_export(data.folder, fix=True)
    assert record["datasets"][0]["kept"] == 2 and errors(findings) == []
    rows = (tmp_path / "clean" / f"data.{suffix}").read_text()
    assert '"<image>What?"' in rows and '"type"' not in rows


def test_parts_among_more_texts_than_the_survey_tells_of(data, tmp_path):
    data.write([TEXT, *[say([SEEN, SAID], f"{number}") for number in range(1200)]], "json")
    (found,) = data.check(select=("DI004",))[1]
    assert found["evidence"] == {"column": "messages[].content", "rows": 1200}
    record, findings = run_and_export(data.folder, fix=True)
    assert record["datasets"][0]["kept"] == 1201 and errors(findings) == []


def test_without_fix_the_rows_in_parts_stay_behind(data, tmp_path):
    data.write([TEXT, asked([SEEN, SAID]), TEXT])
    record, findings = run_and_export(data.folder)
    assert record["datasets"][0]["by_code"] == {"DI004": 1} and rows_of(tmp_path / "clean" / "data.jsonl") == [TEXT] * 2
    assert errors(findings) == []


def test_parts_go_into_the_columns_that_the_entry_names(data, tmp_path):
    """Also where no row has one yet, and where a part stands for what is in the column."""
    data.write([asked([SEEN, SAID])], columns={"messages": "messages", "images": "pictures"})
    run_and_export(data.folder, fix=True)
    assert rows_of(tmp_path / "clean" / "data.jsonl") == [say("<image>What?", "b", pictures=["a.png"])]


def test_a_part_stands_for_what_is_in_the_column(data, tmp_path):
    data.write([asked([{"type": "image"}, SAID], images=["a.png"])])
    _, findings = run_and_export(data.folder, fix=True)
    assert rows_of(tmp_path / "clean" / "data.jsonl") == [say("<image>What?", "b", images=["a.png"])]
    assert errors(findings) == []


def test_base64_in_parts_becomes_a_file(data, tmp_path):
    content = (data.folder / "a.png").read_bytes()
    uri = "data:image/png;base64," + base64.b64encode(content).decode()
    data.write([asked([{"type": "image_url", "image_url": {"url": uri}}, SAID])])
    _, findings = run_and_export(data.folder, fix=True)
    (path,) = rows_of(tmp_path / "clean" / "data.jsonl")[0]["images"]
    assert (tmp_path / "clean" / path).read_bytes() == content and errors(findings) == []


def test_videos_in_parts(data, tmp_path):
    film(data.folder / "a.mp4", 20, 10)
    data.write([asked([{"type": "video", "video": "a.mp4"}, SAID]), asked([{"video": "a.mp4"}, {"text": "Who?"}])])
    _, findings = run_and_export(data.folder, fix=True)
    expected = [say(text, "b", videos=["a.mp4"]) for text in ("<video>What?", "<video>Who?")]
    assert rows_of(tmp_path / "clean" / "data.jsonl") == expected and errors(findings) == []


def test_a_row_whose_names_stand_twice_is_not_written_again(data, tmp_path):
    text = '{"messages": [{"role": "User", "content": "a"}, {"role": "assistant", "content": "b"}], "x": 1, "x": 2}'
    data.write(text, columns={"messages": "messages"})
    run_and_export(data.folder, fix=True)
    assert (tmp_path / "clean" / "quarantine" / "data.jsonl").read_text() == text + "\n"


def turned(data, name, orientation, size=(90, 60)):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    picture.save(data.folder / name, exif=exif, quality=95)
    return name


@pytest.mark.parametrize(("orientation", "media"), [*((n, "link") for n in range(2, 9)), (6, "reference")])
def test_turned_images_become_upright_copies_with_the_same_pixels(data, tmp_path, orientation, media):
    name = turned(data, "t.jpg", orientation)
    data.write([shown(name)])
    _, findings = run_and_export(data.folder, fix=True, media=media)
    assert [finding["code"] for finding in findings if finding["code"] in ("IM005", "IM006")] == []
    (path,) = rows_of(tmp_path / "clean" / "data.jsonl")[0]["images"]
    with Image.open(data.folder / name) as original, Image.open(tmp_path / "clean" / path) as copy:
        upright = ImageOps.exif_transpose(original).convert("RGB")
        assert copy.size == upright.size and not ImageChops.difference(copy.convert("RGB"), upright).getbbox()
        assert copy.getexif().get(0x0112) is None


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("click(10, 10)", 0),  # in both pictures: nobody can say in which it was meant
        ("click(20, 85)", 0),  # only the turned one is that high, but 0 to 1000 may be meant
        ("click(20, 1150)", 1),  # only the turned one is that high
    ],
)
def test_a_picture_that_the_text_points_into_is_turned_only_where_that_is_certain(data, tmp_path, text, fixed):
    data.write([say(PICTURE, text, images=[turned(data, "t.jpg", 6, (1200, 90))])])
    record, _ = run_and_export(data.folder, fix=True)
    assert (record["datasets"][0]["kept"], record["datasets"][0]["fixed"]) == (1, fixed)


def test_base64_becomes_a_file_with_the_same_bytes(data, tmp_path):
    content = (data.folder / "a.png").read_bytes()
    data.write([shown("data:image/png;base64," + base64.b64encode(content).decode())])
    _, findings = run_and_export(data.folder, fix=True)
    (path,) = rows_of(tmp_path / "clean" / "data.jsonl")[0]["images"]
    assert path.startswith("fixed/") and (tmp_path / "clean" / path).read_bytes() == content
    assert errors(findings) == []


def test_a_path_out_of_the_folder_becomes_absolute(data, tmp_path):
    data.image("../b.png")
    data.write([shown("../b.png")])
    run_and_export(data.folder, fix=True)
    assert rows_of(tmp_path / "clean" / "data.jsonl")[0]["images"] == [str(tmp_path / "b.png")]


def test_a_byte_order_mark_is_left_out(data, tmp_path):
    row = json.dumps(say("a", "b"))
    data.write(f"\ufeff[{row}]", "json", columns={"messages": "messages"}, tags=ALL_TAGS)
    record, findings = run_and_export(data.folder, fix=True)
    assert (tmp_path / "clean" / "data.json").read_text() == f"[\n{row}\n]\n"
    assert record["notes"] and errors(findings) == []


def test_without_fix_nothing_is_repaired(data, tmp_path):
    data.write([shown(" a.png")])
    record, _ = run_and_export(data.folder)
    assert record["datasets"][0]["quarantined"] == 1 and not (tmp_path / "clean" / "fixes.jsonl").exists()
