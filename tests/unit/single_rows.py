"""Rows of trainers' users, alone in a file beside a few pictures."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from tests.conftest import check


def user(content):
    return {"role": "user", "content": content}


def answer(content):
    return {"role": "assistant", "content": content}


def chat(*messages, **more):
    return {"messages": list(messages), **more}


def judged(file, trainer, **settings):
    """What becomes of the first row of data, or of a registry, its tokens and labels; the codes of what is found."""
    result, findings = check(str(file), file.parent / "run", trainer=trainer, **settings)
    record = pq.read_table(result.folder / "samples.parquet").to_pylist()[0]
    codes = sorted({finding["code"] for finding in findings if not finding["code"].startswith("XX")})
    return (record["outcome"], record["num_tokens"], record["num_label_tokens"]), codes


def judged_by_trl(folder, row, name="data.jsonl", **settings):
    """What becomes of a row that is alone in its file, and the codes of what is found."""
    Image.new("RGB", (100, 80), "red").save(folder / "a.png")
    Image.new("RGB", (300, 200), "blue").save(folder / "b.png")
    file = folder / name
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist([row]), file)
    else:
        file.write_text(json.dumps(row) + "\n")
    given = {"cutoff_len": 1024, "ignore": ("IM008", "LB006")} | settings
    return judged(file, "trl", **given)


def judged_by_unsloth(folder, row, **settings):
    """The same under unsloth."""
    for name, size in (("a", (100, 80)), ("b", (300, 200)), ("w", (1000, 700)), ("tall", (400, 8000))):
        Image.new("RGB", size, "red").save(folder / f"{name}.png")
    (folder / "data.jsonl").write_text(json.dumps(row) + "\n")
    given = {"cutoff_len": 2048, "image_max_pixels": 12845056, "ignore": ("IM008", "LB006", "IM002")} | settings
    return judged(folder / "data.jsonl", "unsloth", **given)
