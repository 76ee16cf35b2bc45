"""Which image a box lies in, and in which systems it can be: only what is certain is said."""

import pytest
from PIL import Image

from tests.conftest import say
from validator.conversation.sample import MediaReference, Sample, Turn
from validator.coordinates.shape import Shape
from validator.coordinates.systems import EVERY, FED, FRACTIONS, PIXELS, THOUSANDTHS, possible
from validator.facts.shapes import ShapeReader

BOX, CLICK = '"bbox_2d": [1, 2, 3, 4]', "click(1, 2)"


def images_of(*texts, images, **more):
    references = [MediaReference("image", place, "x", "x", "path") for place in range(images)]
    turns = [Turn(place, "user", text) for place, text in enumerate(texts)]
    sample = Sample(turns=turns, media={"image": references}, **more)
    reader = ShapeReader.of(sample)
    return [shape.image for turn in turns for shape in reader.read(turn.content)]


@pytest.mark.parametrize(
    ("texts", "images", "found"),
    [
        (("<image>?", BOX), 1, [0]),
        (("?", BOX), 1, [0]),  # the trainer puts the tag there
        (("<image><image>?", BOX), 2, [None]),
        (("<image>?", BOX, "<image>?", BOX), 2, [0, None]),  # the second may speak of both
        (("<image>?", CLICK, "<image>?", CLICK), 2, [0, 1]),  # an action is on the screen that was shown last
        (("<image><image>?", CLICK), 2, [None]),
        (("<image>?", CLICK, "go on", CLICK), 2, [0, 0]),
    ],
)
def test_which_image_is_meant(texts, images, found):
    assert images_of(*texts, images=images) == found


def test_frames_of_a_video_may_be_meant():
    media = {
        "image": [MediaReference("image", 0, "x", "x", "path")],
        "video": [MediaReference("video", 0, "y", "y", "path")],
    }
    assert ShapeReader.of(Sample(media=media)) is None


@pytest.mark.parametrize("image_id", [[1, 0], None, "1", 5, ["a", -1]])
def test_boxes_that_the_trainer_fills_in_have_the_images_that_it_takes(image_id):
    objects = {"bbox": [[1, 2, 3, 4], [5, 6, 7, 8]], "image_id": image_id}
    text = "<|box_start|>(1,2),(3,4)<|box_end|> and <|box_start|>(5,6),(7,8)<|box_end|>"
    found = images_of("<image><image>?", text, images=2, objects=objects)
    assert found == ([1, 0] if image_id == [1, 0] else [None, None] if image_id == ["a", -1] else [0, 0])


SCREEN, FED_SCREEN = (1920, 1080), (672, 392)


@pytest.mark.parametrize(
    ("numbers", "bits"),
    [
        ((10, 20, 300, 350), PIXELS | THOUSANDTHS | FED),
        ((10, 20, 700, 380), PIXELS | THOUSANDTHS),
        ((10, 20, 1001, 380), PIXELS),
        ((10, 20, 673, 393), PIXELS | THOUSANDTHS | FED),  # an edge that was rounded
        ((0.1, 0.2, 0.5, 1), FRACTIONS),
        ((0, 0, 1, 1), EVERY),
        ((10, 20, 1921, 380), 0),
        ((-1, 20, 30, 40), 0),
        ((float("nan"), 20, 30, 40), 0),
        ((300, 350, 10, 20), PIXELS | THOUSANDTHS | FED),  # the wrong way round, and inside
    ],
)
def test_the_systems_that_a_box_can_be_in(numbers, bits):
    assert possible(Shape("box", 0, *map(float, numbers)), SCREEN, FED_SCREEN) == bits


def test_thousandths_can_be_certain_too():
    assert possible(Shape("box", 0, 10, 500, 20, 900), (640, 480), (644, 476)) == THOUSANDTHS


def test_what_the_trainer_wrote_is_thousandths_and_nothing_else():
    assert possible(Shape("box", 0, 10, 20, 300, 350, True), SCREEN, FED_SCREEN) == THOUSANDTHS
    assert possible(Shape("box", 0, 10, 20, 1100, 350, True), SCREEN, FED_SCREEN) == 0


def codes(dataset, rows, **settings):
    dataset.write(rows)
    return sorted({item["code"] for item in dataset.check(**settings)[1]} - {"LB003"})


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        ({"ref": [], "bbox": [[1000, 500, 1900, 1000]]}, []),
        ({"ref": [], "bbox": [[1000, 500, 2500, 1000]]}, ["IM010"]),
        ({"ref": [], "bbox": [[0.2, 0.3, 0.5, 0.9]], "bbox_type": "norm1"}, []),
        ({"ref": [], "bbox": [[200, 300, 500, 900]], "bbox_type": "norm1"}, ["IM010"]),
    ],
)
def test_objects_of_ms_swift(dataset, objects, found):
    dataset.image("screen.png", (1920, 1080))
    row = say("<image>Where?", "<bbox>", images=["screen.png"])
    assert codes(dataset, [{**row, "objects": objects}], trainer="ms-swift") == found


@pytest.mark.parametrize("trainer", ["llamafactory", "ms-swift", "qwen-vl-utils"])
def test_boxes_of_an_image_that_exif_turns(dataset, trainer):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (1600, 1200), "white").save(dataset.folder / "lying.jpg", exif=exif)
    dataset.image("screen.png", (1600, 1200))
    first = "click(300, 1500)"  # below the lower edge as it is stored
    rows = [
        say("<image>Where?", first, images=["lying.jpg"]),
        say("<image>Where?", first, "<image>And now?", "click(100, 1100)", images=["lying.jpg", "screen.png"]),
        say("<image>Where?", "click(300, 900)", images=["lying.jpg"]),  # may be meant in any way
    ]
    dataset.write(rows)
    found = dataset.check(trainer=trainer)[1]
    assert [(item["row"], item["media_index"]) for item in found if item["code"] == "IM006"] == [(0, 0), (1, 0)]
    assert "IM010" not in {item["code"] for item in found}


def test_a_few_rows_are_not_all(dataset):
    dataset.image("screen.png", (1920, 1080))
    rows = [say("<image>Where?", f"click({100 + n}, 200)", images=["screen.png"]) for n in range(40)]
    dataset.write([*rows, say("<image>Where?", "click(1700, 200)", images=["screen.png"])])
    (found,) = (item for item in dataset.check(ignore=("LB003", "DU"))[1] if item["code"] == "IM017")
    assert found["message"] == (
        "coordinates of 1 row (first: row 40 of data.jsonl) of 41 rows with boxes or points can only be pixels of the "
        "stored image, not 0-1000 as Qwen2-VL reads them; the others may be either"
    )
    assert found["evidence"]["certain"] is None and found["help"].startswith("Look at these rows first")


@pytest.mark.parametrize(
    ("processor", "texts", "found"),
    [
        ("qwen2.5-vl", ["[100, 200, 600, 380]", "[1, 2, 30, 40]"], []),
        ("qwen2.5-vl", ["[100, 200, 700, 380]", "[1, 2, 30, 40]"], ["IM017"]),
        ("qwen3-vl", ["[100, 200, 700, 380]", "[900, 900, 1000, 1000]"], []),
        ("qwen3-vl", ["[100, 200, 1500, 380]", "[1, 2, 30, 40]"], ["IM017"]),
        ("qwen3-vl", ["[0.1, 0.2, 0.5, 0.6]", "[0.3, 0.3, 0.4, 0.9]"], ["IM017"]),
        ("qwen3-vl", ["[0.1, 0.2, 0.5, 0.6]", "[100, 200, 1500, 380]"], ["IM011"]),
    ],
)
def test_against_the_models_own_system(dataset, processor, texts, found):
    dataset.image("screen.png", (1920, 1080))
    rows = [say("<image>Where?", '{"bbox_2d": %s}' % text, images=["screen.png"]) for text in texts]  # noqa: UP031
    settings = {"processor": processor, "image_max_pixels": 262_144, "ignore": ("IM019", "DU")}
    assert codes(dataset, rows, **settings) == found
