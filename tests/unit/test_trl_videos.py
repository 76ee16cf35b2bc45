"""Rows with videos as TRL's users have them: what becomes of each, as TRL 1.16.0 itself answered, and what is found."""

import os

import pytest

from tests.helpers.own_rows import chat, prompt, text
from tests.oracle.videos import film
from tests.unit.single_rows import judged_by_trl as judged

STILL, SHORT, LONG = ({"type": "video", "video": f"{name}.mp4"} for name in ("still", "short", "long"))
ROWS = {
    "every frame": ("embedded", chat([SHORT, text("hi")], [text("yo")], images=[]), ("ok", 65, 65), []),
    "many of them": ("embedded", chat([LONG, text("hi")], [text("yo")], images=[]), ("ok", 265, 265), ["VD015"]),
    "two a second": ("qwen3-vl", chat([LONG, text("hi")], [text("yo")], images=[]), ("ok", 74, 74), []),
    "one frame": ("embedded", chat([STILL, text("hi")], [text("yo")], images=[]), ("ok", 29, 29), []),
    "one frame of a model that times them": (
        "qwen3-vl", chat([STILL, text("hi")], [text("yo")], images=[]), ("crash", None, None), ["VD010"],
    ),
    "no column": ("embedded", chat([SHORT, text("hi")], [text("yo")]), ("ok", 65, 65), ["DI025"]),
    "a column that is not read": (
        "embedded", chat("hi", "yo", images=["a.png"], videos=["short.mp4"]), ("ok", 37, 37), ["DI017"],
    ),
    "a part without a video": (
        "embedded", chat([{"type": "video"}, text("hi")], [text("yo")], images=[], videos=["short.mp4"]),
        ("crash", None, None), ["CV020"],
    ),
    "gone": (
        "embedded", chat([{"type": "video", "video": "gone.mp4"}], [text("yo")], images=[]),
        ("crash", None, None), ["MD001"],
    ),
    "in a prompt": ("embedded", prompt([SHORT, text("hi")], [text("yo")], images=[]), ("crash", None, None), ["CV020"]),
    "in an answer": (
        "qwen3-vl", chat([text("hi")], [text("yo"), SHORT], images=[]), ("crash", None, None), ["PH002"],
    ),
    "cut off": (
        "embedded", chat([{"type": "video", "video": "cut.mkv"}, text("hi")], [text("yo")], images=[]),
        ("unchecked", None, None), [],
    ),
    "frames": (
        "embedded", chat([{"type": "video", "video": ["a.png", "a.png"]}], [text("yo")], images=[]),
        ("unchecked", None, None), [],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    for name, frames in (("still", 1), ("short", 20), ("long", 120)):
        film(folder / f"{name}.mp4", frames, 25)
    film(folder / "cut.mkv", 20, 25)
    os.truncate(folder / "cut.mkv", (folder / "cut.mkv").stat().st_size // 2)
    return folder


@pytest.mark.parametrize("name", ROWS)
def test_rows(films, tmp_path, name):
    model, row, outcome, codes = ROWS[name]
    for file in films.iterdir():
        (tmp_path / file.name).symlink_to(file)
    assert judged(tmp_path, row, processor=model) == (outcome, codes)
