"""How qwen-vl-utils samples videos, and which it leaves to chance (tests/trainers/test_videos.py asks it)."""

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import ALL_TAGS, check, findings_of
from tests.oracle.videos import film
from validator.media.video import probe_video
from validator.media.video_recipe import VideoRecipe
from validator.media.whole_video import smart_nframes
from validator.storage.media_files import MediaFiles
from validator.trainers.registry import trainer_named

RECIPE = trainer_named("qwen-vl-utils").video


@pytest.mark.parametrize(
    ("total", "rate", "recipe", "number"),
    [
        (30, 25.0, {}, 4),
        (300, 30.0, {}, 20),
        (7, 25.0, {}, 4),
        (5, 25.0, {}, 4),
        (3, 25.0, {}, 2),
        (100_000, 25.0, {}, 768),
        (300, 30.0, {"most": 9, "fps": 7.0}, 8),
        (130, 24.0, {"fps": 1.3}, 6),
    ],
)
def test_the_number_of_frames(total, rate, recipe, number):
    assert smart_nframes(total, rate, VideoRecipe(**{"most": 768, "least": 4, **recipe})) == number


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a.mp4", None),
        ("a.mkv", None),
        ("a.ts", "read-otherwise"),
        ("cut.avi", "read-otherwise"),
        ("one.mp4", "too-short"),
    ],
)
def test_what_readers_agree_on(name, fault, tmp_path):
    path = tmp_path / name
    film(path, 1 if name == "one.mp4" else 30, 25)
    if name == "cut.avi":
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 9 // 10])
    probe = probe_video(str(path), "fast", MediaFiles(str(tmp_path)), RECIPE)
    assert probe.fault == fault
    assert fault or (probe.decoded.number, probe.decoded.width, probe.decoded.height) == (4, 64, 48)


def test_a_video_under_qwens_own_fine_tuning(dataset):
    film(dataset.folder / "a.mp4", 130, 24, (640, 360))
    film(dataset.folder / "turned.ts", 30, 25)
    Image.new("RGB", (56, 56)).save(dataset.folder / "i.png")
    rows = [
        {"messages": [{"role": "user", "content": f"<video>{more}?"}, {"role": "assistant", "content": "b"}], **media}
        for more, media in (
            ("", {"videos": ["a.mp4"], "images": []}),
            ("<image>", {"videos": ["a.mp4"], "images": ["i.png"]}),
            ("", {"videos": ["turned.ts"], "images": []}),
            ("<video>", {"videos": ["a.mp4"], "images": []}),
        )
    ]
    dataset.write(rows, columns={"messages": "messages", "videos": "videos", "images": "images"}, tags=ALL_TAGS)
    result, _ = check(dataset.registry, dataset.folder / "run", trainer="qwen-vl-utils")
    rows = result.folder / "samples.parquet"
    seen = pq.read_table(rows, columns=["outcome", "num_video_tokens", "num_image_tokens"]).to_pylist()
    assert [tuple(row.values()) for row in seen] == [
        ("ok", 5 * 23 * 13, 0),
        ("ok", 5 * 23 * 13, 16),
        ("unchecked", None, None),
        ("dropped", None, None),
    ]
    assert {finding["code"] for finding in findings_of(result.folder)} >= {"PH001", "XX001"}
