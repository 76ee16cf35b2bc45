"""The floor under a check: parse the row, read its images, run the cheapest proven check on them, encode its text.

Nothing is converted, counted, judged or written. `python -m scripts.benchmarks.floor REGISTRY` does it for a folder of
benchmark data and prints the number of tokens; with `--parts` it prints the milliseconds a row of each part, alone.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import tiktoken
from PIL import Image

from scripts.benchmarks.data import rows_file
from scripts.benchmarks.process import ENVIRONMENT
from validator.media import jpeg_skeleton, png_strict
from validator.tokens.vocabulary import SPLIT_PATTERN, load_ranks

FIRST = "--first-check"
FLOOR_COMMAND = (sys.executable, "-m", "scripts.benchmarks.floor")
FLOOR_ENVIRONMENT = {**ENVIRONMENT, "MALLOC_TRIM_THRESHOLD_": "67108864", "MALLOC_MMAP_THRESHOLD_": "67108864"}
"""Else glibc gives picture buffers back after every image, and faulting them in again doubles the cost of a WebP."""


def _jpeg(data: bytes) -> bool:
    with Image.open(BytesIO(data), formats=["JPEG"]) as image:
        return jpeg_skeleton.examine(image, data)[0]


def _png(data: bytes) -> bool:
    with Image.open(BytesIO(data), formats=["PNG"]) as image:
        return png_strict.certainly_loads(image, BytesIO(data))


def _webp(data: bytes) -> bool:
    with Image.open(BytesIO(data), formats=["WEBP"]) as image:
        image.load()
        return True


def _jpeg_as_first_measured(data: bytes) -> bool:
    """The check that cost 0.2 to 0.35 ms when the numbers were set: a regular expression looks for the end of the scan,
    and the skeleton is opened and decoded for every file.
    """
    with Image.open(BytesIO(data), formats=["JPEG"]) as image:
        parts, _ = jpeg_skeleton._skeleton(data)
        assert parts is not None and image.format == "JPEG"
    with Image.open(BytesIO(b"".join(parts)), formats=["JPEG"]) as small:
        small.load()
        small.convert("RGB")
    return True


def _end_by_expression(data: bytes, start: int) -> int | None:
    found = _MARKER_IN_SCAN.search(data, start)
    return found and found.start()


_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)


CHECKS: dict[str, Callable[[bytes], bool]] = {"jpeg": _jpeg, "png": _png, "webp": _webp}


def encoder() -> Callable[[str], list[int]]:
    ranks = load_ranks()
    return tiktoken.Encoding(
        "floor", pat_str=SPLIT_PATTERN, mergeable_ranks=ranks, special_tokens={}, explicit_n_vocab=len(ranks)
    ).encode_ordinary


def parsed(rows: Path) -> Iterator[Any]:
    with rows.open("rb") as file:
        for line in file:
            yield orjson.loads(line)


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def check(name: str, data: bytes) -> None:
    if not CHECKS[name[name.rindex(".") + 1 :]](data):
        raise ValueError(f"{name} is in doubt")


def walk(rows: Path) -> int:
    """Tokens of all texts in a file of lines whose images are all in order."""
    encode, folder, tokens = encoder(), f"{rows.parent}/", 0
    for row in parsed(rows):
        for message in row["messages"]:
            tokens += len(encode(message["content"]))
        for name in row.get("images", ()):
            check(name, read(folder + name))
    return tokens


def parts(rows: Path) -> dict[str, float]:
    """Milliseconds of processor time a row, part by part, each in a loop of its own."""
    encode, folder = encoder(), f"{rows.parent}/"
    known = list(parsed(rows))
    texts = [message["content"] for row in known for message in row["messages"]]
    names = [name for row in known for name in row.get("images", ())]
    begin = time.process_time()
    marks = []
    for work in (
        lambda: [None for _ in parsed(rows)],
        lambda: [len(encode(text)) for text in texts],
        lambda: [len(read(folder + name)) for name in names],
        lambda: [check(name, read(folder + name)) for name in names],
    ):
        work()
        marks.append(time.process_time() - begin)
        begin = time.process_time()
    parse, tokens, reading, both = (mark / len(known) * 1000 for mark in marks)
    return {"parse": parse, "encode": tokens, "read": reading, "image check": max(both - reading, 0.0)}


if __name__ == "__main__":
    file = rows_file(Path(sys.argv[1]))
    if FIRST in sys.argv:
        jpeg_skeleton.end_of_scan, CHECKS["jpeg"] = _end_by_expression, _jpeg_as_first_measured
    print(json.dumps(parts(file)) if "--parts" in sys.argv else walk(file))
