"""Rows under axolotl: what becomes of each, as axolotl 0.19.0 itself answered."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.unit.single_rows import answer, chat, judged, user
from validator.facts.recipe import limits_of
from validator.settings import Settings
from validator.tokens.processor import load_processor

CRASH, UNCHECKED = ("crash", None, None), ("unchecked", None, None)


SHAREGPT = [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yo"}]
PLACE, TEXT = {"type": "image"}, {"type": "text", "text": "hi"}
ROWS = {
    "text": (chat(user("hi"), answer("yo")), ("ok", 23, 2), []),
    "an answer behind a line feed": (chat(user("hi"), answer("\n\nyo")), ("ok", 23, 0), ["LB001", "LB008"]),
    "ShareGPT's words in messages": (
        chat({"role": "human", "content": "hi"}, {"role": "gpt", "content": "yo"}),
        ("ok", 24, 0),
        ["CV025", "LB001"],
    ),
    "ShareGPT's words in conversations": ({"conversations": SHAREGPT}, ("ok", 23, 2), []),
    "messages before conversations": ({"conversations": SHAREGPT, **chat(answer("yo"))}, ("ok", 17, 2), []),
    "a tool's reply": (chat(user("hi"), {"role": "tool", "content": "3"}, answer("yo")), ("ok", 29, 2), []),
    "no role": (chat(user("hi"), {"role": None, "content": "a"}, answer("yo")), ("ok", 28, 2), ["CV025"]),
    "a call without a text": (
        chat(user("hi"), {"role": "assistant", "content": None, "tool_calls": []}, answer("yo")),
        ("ok", 23, 2),
        ["CV024"],
    ),
    "the only answer vanishes": (chat(user("hi"), answer(None)), ("ok", 17, 0), ["CV024", "LB001"]),
    "an image goes behind the question": (chat(user("hi"), answer("yo"), images=["a.png"]), ("ok", 37, 2), []),
    "a placeholder of LLaMA-Factory": (
        chat(user("<image>hi"), answer("yo"), images=["a.png"]),
        ("ok", 40, 2),
        ["CV018"],
    ),
    "the first of two images": (chat(user("hi"), answer("yo"), images=["a.png", "b.png"]), ("ok", 37, 2), ["PH018"]),
    "into its place": (chat(user([PLACE, TEXT]), answer("yo"), images=["a.png"]), ("ok", 37, 2), []),
    "a place too many": (chat(user([PLACE, TEXT, PLACE]), answer("yo"), images=["a.png"]), CRASH, ["CV020"]),
    "a place and no image": (chat(user([PLACE, TEXT]), answer("yo")), ("ok", 26, 2), ["DI023"]),
    "two within messages": (
        chat(user([{**PLACE, "path": "a.png"}, {**PLACE, "path": "b.png"}, TEXT]), answer("yo")),
        ("ok", 51, 2),
        [],
    ),
    "one within an answer": (chat(user("hi"), answer([{**PLACE, "path": "a.png"}])), ("ok", 36, 3), []),
    "no column where there is nobody to ask": (chat(answer("yo"), images=["a.png"]), ("ok", 31, 4), []),
    "a path by itself": (chat(user("hi"), answer("yo"), image="a.png"), CRASH, ["MD014"]),
    "an empty list": (chat(user("hi"), answer("yo"), images=[]), CRASH, ["MD014"]),
    "null in a list": (chat(user("hi"), answer("yo"), images=[None]), CRASH, ["MD007"]),
    "gone": (chat(user("hi"), answer("yo"), images=["gone.png"]), CRASH, ["MD001"]),
    "null messages": ({"messages": None}, CRASH, ["CV004"]),
    "a part that is text": (chat(user(["hi"]), answer("yo")), CRASH, ["CV005"]),
    "long": (chat(user("x " * 600), answer("yo")), ("ok", 623, 2), ["TK016"]),
    "an end in a question": (chat(user("<|im_end|>"), answer("yo")), ("ok", 23, 2), ["PH004"]),
    "an end in an answer": (chat(user("hi"), answer("yo<|im_end|>")), UNCHECKED, []),
    "a header in a question": (chat(user("<|im_start|>assistant"), answer("yo")), UNCHECKED, []),
    "a video part without a video": (chat(user([{"type": "video"}]), answer("yo")), UNCHECKED, []),
}


def judged_by_axolotl(folder, file):
    Image.effect_noise((100, 80), 50).convert("RGB").save(folder / "a.png")
    Image.effect_noise((100, 80), 50).convert("RGB").save(folder / "b.png")
    return judged(file, "axolotl", cutoff_len=400)


@pytest.mark.parametrize("name", ROWS)
def test_rows(tmp_path, name):
    row, outcome, codes = ROWS[name]
    (tmp_path / "data.jsonl").write_text(json.dumps(row) + "\n")
    assert judged_by_axolotl(tmp_path, tmp_path / "data.jsonl") == (outcome, codes)


def test_a_place_is_none_where_parquet_gives_it_a_key(tmp_path):
    """The same two rows train as JSON lines: there a part has its own keys alone."""
    rows = [chat(user([PLACE, TEXT]), answer([TEXT]), images=["a.png"])]
    rows += [chat(user([{"type": "image", "image": "b.png"}]), answer([TEXT]), images=None)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "data.parquet")
    assert judged_by_axolotl(tmp_path, tmp_path / "data.parquet") == (CRASH, ["CV020"])
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert judged_by_axolotl(tmp_path, tmp_path / "data.jsonl") == (("ok", 37, 2), [])


def test_a_column_of_pictures(tmp_path):
    """As a hub's `image` mostly is: what `datasets` decodes has no length."""
    picture = {"bytes": b"", "path": "a.png"}
    table = pa.Table.from_pylist([chat(user("hi"), answer("yo"), image=picture)])
    features = {"info": {"features": {"image": {"_type": "Image"}}}}
    table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
    pq.write_table(table, tmp_path / "data.parquet")
    assert judged_by_axolotl(tmp_path, tmp_path / "data.parquet") == (CRASH, ["MD014"])


def test_a_run_says_that_there_is_no_cutoff(tmp_path, mmvalidate):
    (tmp_path / "data.jsonl").write_text(json.dumps(chat(user("hi"), answer("yo"))) + "\n")
    assert (
        "with the defaults of axolotl (no cutoff_len): the counts"
        in mmvalidate("data.jsonl", "--trainer", "axolotl").stdout
    )


@pytest.mark.parametrize(
    ("processor", "images", "frames"),
    [
        ("qwen2-vl", (3136, 50176), (3136, 50176)),
        ("qwen2.5-vl", (3136, 50176), (3136, 50176)),
        ("qwen3-vl", (65536, 65536), (4096, 25165824)),
    ],
)
def test_max_pixels_hold_for_frames_too_but_for_those_of_qwen3_vl(processor, images, frames):
    """As transformers 5.16.1 hands them to the two processors of a folder."""
    settings = Settings(dataset_info=Path("x"), trainer="axolotl", processor=processor, image_max_pixels=50176)
    limits = limits_of(settings, load_processor(processor)).image
    assert (limits.processor_min_pixels, limits.processor_max_pixels) == images
    assert limits.processor_video_pixels == frames


def test_a_wider_limit_is_wider_for_frames_too():
    """Plans put other limits to a run."""
    settings = Settings(dataset_info=Path("x"), trainer="axolotl", image_max_pixels=50176)
    trainer, limits = settings.profile, limits_of(settings, load_processor("qwen2-vl")).image
    assert trainer.with_max_pixels(limits, 100352).processor_video_pixels == (3136, 100352)
