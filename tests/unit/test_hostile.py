"""Anything at all as registry, rows or bytes: a sentence or findings, never a traceback, and no row lost."""

import json
import os
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from scripts import fuzz
from tests.conftest import ALL_TAGS, Dataset, check, say
from tests.helpers.anything import TREES
from tests.oracle.videos import film
from tests.tiers import many
from validator.catalog.json_survey import survey
from validator.catalog.registry import load_registry

WORDS = st.sampled_from(
    (
        "<image>",
        "<video>",
        "<audio>",
        "<|im_end|>",
        "<|image_pad|>",
        "{{idx}}",
        '{"name": "f"}',
        "[]",
        "\x00",
        "\u202e",
        "x",
    )
)
TEXT = st.lists(WORDS | st.text(max_size=5), max_size=4).map("".join)
ROLES = st.sampled_from(("user", "assistant", "observation", "function", "system", "x", None, 5))
MESSAGES = st.lists(st.fixed_dictionaries({"role": ROLES, "content": TEXT | TREES}), max_size=5)
PATHS = st.sampled_from(
    ("ok.png", "gone.png", "", ".", "..", "/dev/zero", "pipe", "loop", "a\x00b", "x" * 5000, "https://a/b")
)
ROW = st.fixed_dictionaries(
    {"messages": MESSAGES | TREES},
    optional={
        "images": st.lists(PATHS | TREES, max_size=3) | TREES | PATHS,
        "videos": st.lists(PATHS | st.lists(PATHS, max_size=2), max_size=2) | TREES,
        "audios": st.none() | st.just([]) | TREES,
        "system": TEXT | TREES,
        "tools": TEXT | TREES,
        "id": TREES,
    },
)


@given(TREES | st.dictionaries(st.text(max_size=4), TREES | st.just({"file_name": "a"}), max_size=4))
def test_registries(content):
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "dataset_info.json"
        path.write_text(json.dumps(content))
        try:
            load_registry(path)
        except ValueError as error:
            assert "\n" not in str(error)


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\ 01ae\n\ufeff', max_size=40).map(str.encode))
def test_data_files(data):
    with tempfile.TemporaryDirectory() as scratch:
        dataset = Dataset(Path(scratch))
        dataset.write("")
        for suffix in ("json", "jsonl"):
            (dataset.folder / f"data.{suffix}").write_bytes(data)
            survey(dataset.folder / f"data.{suffix}")
        _whole(dataset, None)


@given(
    st.lists(ROW, min_size=1, max_size=4),
    st.sampled_from(("json", "jsonl")),
    st.sampled_from(("sharegpt", "openai", "alpaca")),
)
def test_rows(rows, suffix, formatting):
    with tempfile.TemporaryDirectory() as scratch:
        dataset = Dataset(Path(scratch))
        dataset.image("ok.png")
        os.mkfifo(dataset.folder / "pipe")
        (dataset.folder / "loop").symlink_to(dataset.folder / "loop")
        names = ("messages", "images", "videos", "audios", "system", "tools")
        columns = {name: name for name in names} | {"prompt": "system", "response": "tools", "history": "messages"}
        dataset.write(rows, suffix, columns=columns, tags=ALL_TAGS, formatting=formatting)
        _whole(dataset, len(rows))


@pytest.mark.larger
@pytest.mark.parametrize("kind", fuzz.KINDS)
def test_mutated_inputs(tmp_path, kind):
    """scripts/fuzz.py, which does the same at length: whole inputs of every kind, damaged."""
    for number in range(many(2, 10)):
        (tmp_path / str(number)).mkdir()
        fuzz.KINDS[kind](Dataset(tmp_path / str(number)), random.Random(number))


def _whole(dataset, rows):
    result, findings = check(dataset.registry, dataset.folder / "run", cutoff_len=64)
    unchecked = (finding["message"] for finding in findings if finding["code"] == "XX001")
    internal = [message for message in unchecked if "nothing is fetched here" not in message]
    assert not internal
    counts = result.summary["rows"]
    assert counts["total"] == sum(counts[status] for status in ("ok", "flagged", "dropped", "not_loaded", "unchecked"))
    assert rows is None or counts["total"] == rows


@pytest.mark.parametrize("depth", [50, 300, 1500, 100_000])
@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_deep_nesting(dataset, depth, suffix):
    row = '{"messages": ' + "[" * depth + "]" * depth + "}"
    good = json.dumps(say("a", "b"))
    dataset.write(f"[{row},{good}]" if suffix == "json" else f"{row}\n{good}", suffix, columns={"messages": "messages"})
    result, findings = dataset.check()
    assert result.summary["rows"]["total"] == 2 and result.summary["exit_code"] == 1
    assert not any(finding["code"] == "XX001" for finding in findings)


@pytest.mark.proof
def test_a_text_of_a_hundred_megabytes(dataset):
    dataset.write([say("a" * 100_000_000, "b"), say("a", "b")])
    result, findings = dataset.check()
    assert result.summary["rows"]["total"] == 2
    assert {finding["code"] for finding in findings} >= {"TK003"}


def test_a_registry_of_deep_nesting(tmp_path):
    path = tmp_path / "dataset_info.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="not valid JSON"):
        load_registry(path)


PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfilm.mp4\n#EXT-X-ENDLIST\n",
    "list.mp4": "ffconcat version 1.0\nfile film.mp4\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("trainer", ["ms-swift", "trl", "unsloth"])
def test_a_video_that_names_other_files_opens_none_of_them(tmp_path, name, trainer):
    (tmp_path / name).write_text(PLAYLISTS[name])
    film(tmp_path / "film.mp4", 8, 4)
    part = {"type": "video", "video": str(tmp_path / name)}
    answer = {"role": "assistant", "content": [{"type": "text", "text": "yo"}]}
    row = {"messages": [{"role": "user", "content": [part]}, answer]} | ({"images": []} if trainer == "trl" else {})
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    _, findings = check(str(tmp_path / "rows.jsonl"), tmp_path / "run", trainer=trainer)
    (told,) = [finding["message"] for finding in findings if finding["code"] == "XX001"]
    assert told.endswith("it is a playlist, and the files that it names are not opened")


def test_what_is_found_is_the_same_in_each_run(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"messages": "x"}\n')
    first, second = (check(str(tmp_path / "rows.jsonl"), tmp_path / name, trainer="ms-swift")[1] for name in "ab")
    assert first == second and not any(" at 0x" in finding["message"] for finding in first)


@pytest.mark.parametrize("trainer", ["llamafactory", "ms-swift"])
def test_a_video_of_images_one_of_which_is_cut_off(dataset, trainer):
    for name in ("a.png", "b.png"):
        Image.effect_noise((64, 64), 50).save(dataset.folder / name)
    whole = (dataset.folder / "b.png").read_bytes()
    (dataset.folder / "b.png").write_bytes(whole[: len(whole) // 2])
    dataset.write([say("<video>hi", "yo", videos=[["a.png", "b.png"]])])
    _, findings = dataset.check(trainer=trainer)
    (told,) = [finding["message"] for finding in findings if finding["code"] == "MD003"]
    assert told.startswith("an image of the video `") and "is cut off" in told
