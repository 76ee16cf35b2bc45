"""Rows with videos under unsloth's vision collator: what becomes of each, as unsloth_zoo 2026.10.9 itself answered."""

import json
from fractions import Fraction

import pytest

from tests.conftest import check
from tests.helpers.own_rows import chat, text
from tests.oracle.videos import film
from tests.unit.single_rows import judged_by_unsloth as judged

SHORT = [{"type": "video", "video": "short.mp4"}, text("hi")]
ROWS = {
    "sampled": (chat(SHORT, [text("yo")]), ("ok", 305, 23), []),
    "a column is empty": (chat(SHORT, [text("yo")], images=[]), ("ok", 26, 23), ["DI026"]),
    "a column is null": (chat(SHORT, [text("yo")], images=None), ("ok", 305, 23), []),
    "a part without a video": (chat([{"type": "video"}], [text("yo")]), ("crash", None, None), ["CV020"]),
    "a rate of its own": (
        chat([{"type": "video", "video": "short.mp4", "fps": 1}], [text("yo")]), ("unchecked", None, None), [],
    ),
}  # fmt: skip
SECONDS, LONG, STILL = ({"type": "video", "video": f"{name}.mp4"} for name in ("seconds", "long", "still"))
LATEST = {
    "sampled": (chat(SHORT, [text("yo")]), ("ok", 246, 24), ["VD020"]),
    "answers alone are learned": (
        chat(SHORT, [text("yo")]), ("ok", 246, 2), ["VD020"], {"train_on_responses_only": True},
    ),
    "the processor leaves out a frame": (chat([SECONDS, text("hi")], [text("yo")]), ("ok", 594, 42), ["VD020"]),
    "more seconds than frames": (chat([LONG, text("hi")], [text("yo")]), ("ok", 13017, 3031), ["TK007", "VD020"]),
    "two": (chat([*SHORT[:1], text("and"), SECONDS, text("hi")], [text("yo")]), ("ok", 829, 55), ["VD020"]),
    "one frame": (chat([STILL, text("hi")], [text("yo")]), ("crash", None, None), ["VD010"]),
    "in an answer": (chat("hi", [text("yo"), *SHORT[:1]]), ("crash", None, None), ["PH002"]),
    "a column is empty": (chat(SHORT, [text("yo")], images=[]), ("ok", 15, 12), ["DI026"]),
}  # fmt: skip
"""Under Qwen3-VL, which is told when frames are shown."""


@pytest.mark.parametrize("name", ROWS)
def test_rows(tmp_path, name):
    film(tmp_path / "short.mp4", 40, 25)
    row, outcome, codes = ROWS[name]
    assert judged(tmp_path, row) == (outcome, codes)


@pytest.mark.parametrize("name", LATEST)
def test_rows_of_a_model_that_is_told_times(tmp_path, name):
    for film_name, frames, rate in (("short", 40, 25), ("seconds", 357, Fraction(357, 5)), ("still", 1, 25)):
        film(tmp_path / f"{film_name}.mp4", frames, rate)
    if "seconds than" in name:
        film(tmp_path / "long.mp4", 800, 1)
    row, outcome, codes, *settings = LATEST[name]
    given = {"processor": "qwen3-vl", "cutoff_len": 100_000} | (settings[0] if settings else {})
    assert judged(tmp_path, row, **given) == (outcome, codes)


def test_videos_whose_frames_are_all_taken_are_told_rightly(tmp_path):
    film(tmp_path / "short.mp4", 8, 4)
    film(tmp_path / "long.mp4", 80, 10)
    (tmp_path / "data.jsonl").write_text(
        "".join(json.dumps(chat([part, text("hi")], [text("yo")])) + "\n" for part in (SHORT[0], LONG))
    )
    _, findings = check(str(tmp_path / "data.jsonl"), tmp_path / "run", trainer="unsloth", processor="qwen3-vl")
    told = [(finding["code"], finding["evidence"]["rows"]) for finding in findings if finding["code"] == "VD020"]
    assert told == [("VD020", 2)]
