"""Rows with videos under LLaMA-Factory v1 and NeMo AutoModel: what becomes of each, as llamafactory-kt 0.9.6.dev0 and
nemo-automodel 0.7.0 themselves answered, and what is found.
"""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import check
from tests.oracle.videos import film
from validator.conversation.sample import MediaReference, Sample, UnreadError
from validator.tokens.processor import load_processor
from validator.trainers.nemo_automodel.media import check_videos

CRASH, DROPPED, UNCHECKED = ("crash", None, None), ("dropped", None, None), ("unchecked", None, None)
FRAMES = ["a.png", "a.png", "a.png"]


def v1(question, videos, answer="yo"):
    said = [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]
    return {"conversations": said, "videos": videos}


def nemo(question, videos):
    said = [{"role": "user", "content": question}, {"role": "assistant", "content": "yo"}]
    return {"messages": said, "videos": videos}


def named(frames):
    return {"path": "short.mp4", "frame_indices": frames}


UNDER_V1 = {
    "every frame": (v1("<video>hi", ["short.mp4"]), ("ok", 65, 3), ["VD016"]),
    "many of them": (v1("<video>hi", ["long.mp4"]), ("ok", 265, 3), ["VD015", "VD016"]),
    "one frame": (v1("<video>hi", ["still.mp4"]), ("ok", 29, 3), ["VD016"]),
    "in an answer": (v1("hi", ["short.mp4"], "a<video>"), ("ok", 65, 45), ["PH002", "VD016"]),
    "cut in an answer": (
        v1("hi", ["long.mp4"], "a <video> so"),
        ("ok", 200, 3),
        ["PH002", "TK004", "TK011", "VD015", "VD016"],
    ),
    "gone": (v1("<video>hi", ["gone.mp4"]), CRASH, ["MD001", "VD016"]),
    "a tag too many": (v1("<video>hi", []), CRASH, ["PH016"]),
    "cut off": (v1("<video>hi", ["cut.mkv"]), UNCHECKED, ["VD016"]),
    "frames": (v1("<video>hi", [FRAMES]), UNCHECKED, []),
}
UNDER_NEMO = {
    "every frame": (nemo("<video>hi", ["short.mp4"]), ("ok", 65, 2), ["VD016"]),
    "many of them": (nemo("<Video>hi", ["long.mp4"]), ("ok", 265, 2), ["VD015", "VD016"]),
    "up to 768": (nemo("<video>hi", ["longest.mp4"]), ("ok", 1561, 2), ["VD015", "VD016"]),
    "one frame": (nemo("<video>hi", ["still.mp4"]), ("ok", 29, 2), ["VD016"]),
    "gone": (nemo("<video>hi", ["gone.mp4"]), DROPPED, ["MD001", "VD016"]),
    "a placeholder too many": (nemo("<video><VIDEO>hi", ["still.mp4"]), ("ok", 29, 2), ["PH017", "VD016"]),
    "a video too many": (nemo("hi", ["still.mp4"]), ("ok", 29, 2), ["PH017"]),
    "frames": (nemo("<video>hi", [{"path": FRAMES, "fps": 2}]), ("ok", 49, 2), []),
    "frames without a rate": (nemo("<video>hi", [FRAMES]), DROPPED, ["VD017"]),
    "frames of two sizes": (nemo("<video>hi", [{"path": ["a.png", "b.png"], "fps": 2}]), DROPPED, ["VD004"]),
    "frames by number": (nemo("<video>hi", [named([0, 9])]), ("ok", 29, 2), ["VD016"]),
    "an odd number, some behind the last": (nemo("<video>hi", [named([0, 9, 90])]), ("ok", 33, 2), ["VD016"]),
    "as many as the row says": (nemo("<video>hi", [named(list(range(40)))]), ("ok", 105, 2), ["VD016"]),
    "frames by negative number": (nemo("<video>hi", [named([-1])]), UNCHECKED, []),
    "a pad in the text": (nemo("<video>hi<|video_pad|>", ["still.mp4"]), DROPPED, ["PH004", "VD016"]),
    "a pad alone": (nemo("hi<|video_pad|>", []), UNCHECKED, []),
    "cut off": (nemo("<video>hi", ["cut.mkv"]), UNCHECKED, ["VD016"]),
    "an animated picture": (nemo("<video>hi", ["moving.gif"]), UNCHECKED, ["VD016"]),
}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    for name, frames in (("still", 1), ("short", 20), ("long", 120), ("longest", 800)):
        film(folder / f"{name}.mp4", frames, 25)
    film(folder / "whole.mkv", 20, 25)
    (folder / "cut.mkv").write_bytes((folder / "whole.mkv").read_bytes()[: (folder / "whole.mkv").stat().st_size // 2])
    for name, size in (("a", (100, 80)), ("b", (80, 100))):
        Image.new("RGB", size, "red").save(folder / f"{name}.png")
    pictures = [Image.new("L", (64, 48), 20 * number) for number in range(6)]
    pictures[0].save(folder / "moving.gif", save_all=True, append_images=pictures[1:])
    return folder


def judged(films, folder, row, trainer, cutoff_len):
    for file in films.iterdir():
        (folder / file.name).symlink_to(file)
    (folder / "data.json").write_text(json.dumps([row]))
    registry = folder / ("data.yaml" if trainer == "llamafactory-v1" else "dataset_info.json")
    registry.write_text(
        "data:\n  path: data.json\n  source: local\n  converter: sharegpt\n"
        if trainer == "llamafactory-v1"
        else json.dumps({"data": {"file_name": "data.json", "formatting": "sharegpt"}})
    )
    given = {"cutoff_len": cutoff_len, "ignore": ("IM008", "TK006")}
    result, findings = check(str(registry), folder / "run", trainer=trainer, **given)
    record = pq.read_table(result.folder / "samples.parquet").to_pylist()[0]
    codes = sorted({finding["code"] for finding in findings if not finding["code"].startswith("XX")})
    return (record["outcome"], record["num_tokens"], record["num_label_tokens"]), codes


@pytest.mark.parametrize("said", ["paces", "resamples"])
def test_rows_are_unchecked_where_the_processor_samples_otherwise(said):
    sample = Sample(media={"video": [MediaReference("video", 0, "a.mp4", "a.mp4", "path")]})
    with pytest.raises(UnreadError, match="change which frames"):
        check_videos(sample, [], replace(load_processor("embedded"), **{said: True}))


@pytest.mark.parametrize("name", UNDER_V1)
def test_rows_under_v1(films, tmp_path, name):
    row, outcome, codes = UNDER_V1[name]
    cutoff_len = 200 if name.startswith("cut in") else 2048
    assert judged(films, tmp_path, row, "llamafactory-v1", cutoff_len) == (outcome, codes)


@pytest.mark.parametrize("name", UNDER_NEMO)
def test_rows_under_nemo(films, tmp_path, name):
    row, outcome, codes = UNDER_NEMO[name]
    assert judged(films, tmp_path, row, "nemo-automodel", 2048) == (outcome, codes)
