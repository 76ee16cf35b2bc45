"""Rules about videos under ms-swift: limits that do not hold, and options that are not read."""

import json

import pytest
from PIL import Image

from tests.conftest import check, say
from tests.oracle.videos import film


@pytest.fixture
def folder(tmp_path):
    film(tmp_path / "wide.mp4", 77, 25, (640, 360))
    film(tmp_path / "small.mp4", 77, 25, (64, 48))
    return tmp_path


def found(folder, rows, *codes, **settings):
    """The messages of some rules about rows in ms-swift's own layout."""
    (folder / "rows.json").write_text(json.dumps(rows))
    _, findings = check(folder / "rows.json", folder / "run", trainer="ms-swift", select=codes, **settings)
    return [(finding["code"], finding["row"], finding["message"]) for finding in findings]


ROWS = [say("hi", "yo"), *(say("<video>What?", "That.", videos=[f"{name}.mp4"]) for name in ("wide", "small"))]
KEPT = (
    "2 videos (first: row 1 of rows.json) have frames of up to {} pixels, above VIDEO_MAX_PIXELS ({} in whole tokens): "
)
KEPT += "it is raised to 1.05 times VIDEO_MIN_PIXELS ({})"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, None),
        ({"video_min_pixels": 3136}, None),
        ({"video_max_pixels": 200_000}, None),
        ({"video_max_pixels": 50_176, "video_min_pixels": 3136}, None),
        ({"video_max_pixels": 50_176}, KEPT.format("109,760", "50,176", "100,352")),
        ({"video_max_pixels": 50_176, "processor": "qwen3-vl"}, KEPT.format("143,360", "50,176", "131,072")),
    ],
)
def test_a_limit_that_is_raised(folder, settings, message):
    assert found(folder, ROWS, "VD011", **settings) == [("VD011", None, message)] * (message is not None)


def test_options_of_a_part(folder):
    video = {"type": "video", "video": "wide.mp4"}
    asked = [[video | {"fps": 1.0, "max_pixels": 50176}], [video], [video | {"fps": None, "note": 1}]]
    parts = [[*media, {"type": "text", "text": "What?"}] for media in asked]
    rows = [say(content, "That.") for content in parts]
    assert found(folder, rows, "VD012") == [
        ("VD012", 0, "a part says `fps, max_pixels` of its file, which the trainer does not read")
    ]


def test_frames_by_relative_paths(folder):
    Image.new("RGB", (64, 64)).save(folder / "0.png")
    lists = (["0.png"], [str(folder / "0.png")], [str(folder / "0.png"), "0.png"], [])
    rows = [say("<video>What?", "That.", videos=[["gone"], paths]) for paths in lists]
    message = (
        "the frames of video {} have relative paths: they are opened from the folder in which training is started, "
    )
    message += "not below ROOT_IMAGE_DIR"
    said = [("VD013", row, message.format(0)) for row in range(4)] + [
        ("VD013", row, message.format(1)) for row in (0, 2)
    ]
    assert sorted(found(folder, rows, "VD013")) == sorted(said)
