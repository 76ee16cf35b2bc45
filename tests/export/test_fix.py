"""`--fix`: what is repaired, into what, and what is left alone because it could mean two things."""

import base64
import json

import pytest
from PIL import Image, ImageChops, ImageOps

from tests.conftest import ALL_TAGS, Dataset, say
from tests.export.test_export import errors, records, rows_of, run_and_export

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
    "text in a list": (None, say(part("a"), part("b")), "text-of-one-part", say("a", "b")),
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


def test_a_row_whose_names_stand_twice_is_not_written_again(data, tmp_path):
    text = '{"messages": [{"role": "User", "content": "a"}, {"role": "assistant", "content": "b"}], "x": 1, "x": 2}'
    data.write(text, columns={"messages": "messages"})
    run_and_export(data.folder, fix=True)
    assert (tmp_path / "clean" / "quarantine" / "data.jsonl").read_text() == text + "\n"


def turned(data, name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.linear_gradient("L").resize((90, 60)).convert("RGB")
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
        ("click(20, 85)", 1),  # only the turned one is that high
    ],
)
def test_a_picture_that_the_text_points_into_is_turned_only_where_that_is_certain(data, tmp_path, text, fixed):
    data.write([say(PICTURE, text, images=[turned(data, "t.jpg", 6)])])
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
