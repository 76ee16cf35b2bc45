"""Videos, asked of the real trainer: whole and damaged ones, lists of frames, models that are told the times."""

import os
import random

import pytest
from PIL import Image

from tests.conftest import TAGS, say
from tests.environments import needs_oracle
from tests.oracle.compare import differences, oracle_answers, our_answers
from tests.oracle.corpus import write_corpus
from tests.oracle.thoughts import fed_as, set_up
from tests.oracle.videos import film, make_timed_corpus, make_video_corpus

pytestmark = needs_oracle
SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 120)) // 2


@pytest.mark.parametrize(
    ("model", "template", "cutoff_len"),
    [("qwen2-vl", "qwen2_vl", 8192), ("qwen2-vl", "qwen2_vl", 60), ("qwen3-vl", "qwen3_vl_nothink", 8192)],
)
def test_videos(tmp_path, monkeypatch, model, template, cutoff_len):
    """Whole and damaged videos, several in a row, and lists of frames."""
    corpus = make_video_corpus(tmp_path, SEED, cutoff_len)
    for entry in corpus["entries"]:
        entry["settings"]["processor"] = "embedded" if model == "qwen2-vl" else model
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    theirs = oracle_answers(corpus, tmp_path, model=model, template=template)
    assert sum(answer["status"] == "ok" for answer in theirs["v"]) > 30
    assert differences(our_answers(registry, corpus), theirs) == [], f"MMVALIDATE_SEED={SEED}"


@pytest.mark.parametrize("settings", [{"cutoff_len": 8192}, {"cutoff_len": 300, "video_fps": 3.3, "video_maxlen": 9}])
@pytest.mark.parametrize("template", ["qwen3_vl_nothink", "qwen3_vl", "qwen3_5"])
def test_videos_that_are_told_with_their_times(tmp_path, monkeypatch, template, settings):
    """Qwen3-VL: random rows with videos and images in any turn, and what 0.9.5 makes of more than one video."""
    corpus = make_timed_corpus(tmp_path, SEED, ROWS, **settings)
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    asked, own = fed_as(template, tmp_path)
    theirs = oracle_answers(corpus, tmp_path, **asked)
    corpus = set_up(corpus, **own)
    assert {answer["status"] for answers in theirs.values() for answer in answers} == {"ok", "error"}
    assert differences(our_answers(registry, corpus), theirs) == [], f"MMVALIDATE_SEED={SEED}"


OF_VIDEO = (
    {"video_max_pixels": 16384},
    {"video_max_pixels": 4096, "video_min_pixels": 4096, "video_fps": 7.5},
    {"video_maxlen": 5, "video_fps": 4},
    {"video_fps": 0.25, "video_min_pixels": 40000},
)
"""What a training file may say of videos."""


def test_videos_under_their_own_settings(tmp_path, monkeypatch):
    """Pixels of a frame, frames a second and the most frames, as a training file sets them."""
    names = [f"{frames}.{suffix}" for suffix in ("mp4", "mkv", "avi") for frames in (1, 30, 300)]
    for name in names:
        film(tmp_path / name, int(name.partition(".")[0]), 25, (320, 240))
    for number in range(3):
        Image.new("RGB", (100, 80)).save(tmp_path / f"{number}.png")
    rows = [say("<video>What?", "That.", videos=[name]) for name in names]
    lists = [say("<video>What?", "That.", videos=[[f"{number}.png" for number in range(3)]])]
    entry = {"suffix": "json", "columns": {"messages": "messages", "videos": "videos"}, "tags": TAGS}
    entries = [
        {**entry, "name": f"{kind}{number}", "rows": some, "settings": {"cutoff_len": 4096, **settings}}
        for number, settings in enumerate(OF_VIDEO)
        for kind, some in (("v", rows), ("f", lists))
    ]
    corpus = {"images": {}, "entries": entries}
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    theirs = oracle_answers(corpus, tmp_path)
    assert {answer["status"] for answers in theirs.values() for answer in answers} == {"ok"}
    assert differences(our_answers(registry, corpus), theirs) == []
