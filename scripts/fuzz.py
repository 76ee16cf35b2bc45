"""Mutates valid inputs of every kind and checks them: no traceback, no hang, bounded memory, every row accounted for.

    .venv/bin/python -m scripts.fuzz [SECONDS] [SEED] [KIND...]

Each input is checked in a forked process of its own, with 60 seconds and 4 GiB. What fails is kept in .fuzz/ and named.
Exit code 1 where something failed.
"""

import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import datasets  # noqa: F401 - what is imported here is not imported again in every process
import pandas  # noqa: F401
import pyarrow.csv as pc
import pyarrow.feather
import pyarrow.json
import pyarrow.parquet as pq

from scripts.sample_faults import film
from tests.conftest import Dataset, check, say
from tests.integrity.damage import damage
from tests.integrity.written import FORMATS, picture, write
from tests.oracle.corpus import make_corpus, make_other_formats, write_corpus
from tests.oracle.odd_values import changed
from tests.trainers.swift_corpus import make_swift_corpus
from validator.catalog.formats import file_rows, survey_file
from validator.catalog.packing import packing_of
from validator.facts import measure  # noqa: F401

SECONDS, GIGABYTES = 60, 4
KEPT = Path(".fuzz")
ROWS = [
    say("<image>a", "b", images=["a.png"], system="s", id="1"),
    say("é\U0001f4a7" * 20, "1e5", images=[], system=None, id="2"),
    say("<image><image>", "c", images=["a.png", "gone.png"], system="2020-01-01", id=None),
] * 3
TOKENS = (
    *(b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"1e999", b"-0", b"NaN", b"12345678901234567890", b"[[[[[[[["),
    *(b"\r", b"\n", b"\x00", b"\\ud800", b"\\u0000", b"\xff\xfe", b"\xef\xbb\xbf", b'"images"', b"<image>"),
    *(b"2020-01-01", b'"messages"'),
)  # fmt: skip


def mutate(data: bytes, name: str, dice: random.Random) -> bytes:
    """One to three damages, or tokens put in anywhere."""
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        if name in ("json", "jsonl", "csv", "txt", "registry") and dice.random() < 0.6:
            at = dice.randrange(len(data) + 1)
            data = data[:at] + dice.choice(TOKENS) + data[at + dice.choice((0, 0, 1, 5)) :]
        else:
            data = damage(data, name, dice)[1]
    return data


def _table(name: str) -> bytes:
    import io

    table, out = pyarrow.Table.from_pylist(ROWS), io.BytesIO()
    if name == "parquet":
        pq.write_table(table, out, row_group_size=4)
    elif name == "arrow":
        with pyarrow.ipc.new_stream(out, table.schema) as stream:
            stream.write_table(table, max_chunksize=4)
    else:
        flat = pyarrow.table({key: [json.dumps(row[key]) for row in ROWS] for key in ROWS[0]})
        pc.write_csv(flat, out)
    return out.getvalue()


def _whole(dataset: Dataset, **settings: object) -> None:
    result, findings = check(dataset.registry, dataset.folder / "run", **{"cutoff_len": 64, **settings})
    counts = result.summary["rows"]
    assert counts["total"] == sum(
        counts[status] for status in ("ok", "flagged", "dropped", "not_loaded", "unchecked")
    ), counts
    assert not [finding for finding in findings if "internal error" in finding["message"]], findings
    if result.summary["exit_code"] == 5:
        assert not findings, "findings, and nothing to check"


def _data_file(name: str) -> Callable[[Dataset, random.Random], None]:
    def run(dataset: Dataset, dice: random.Random) -> None:
        dataset.image("a.png")
        dataset.write(ROWS, "json" if name == "json" else "jsonl")
        if name == "txt":
            data = b"one line\n\ntwo lines\r\n" * 5
        elif name in ("json", "jsonl"):
            data = (dataset.folder / f"data.{name}").read_bytes()
        else:
            data = _table(name)
        registry = json.loads(dataset.registry.read_text())
        registry["data"]["file_name"] = f"data.{name}"
        registry["data"]["formatting"] = dice.choice(("sharegpt", "sharegpt", "openai", "alpaca"))
        dataset.registry.write_text(json.dumps(registry))
        (dataset.folder / f"data.{name}").write_bytes(mutate(data, name, dice))
        path = dataset.folder / f"data.{name}"
        if packing_of(path) is None:
            survey = survey_file(path)
            rows = sum(not row.between for row in file_rows(path, survey))
            assert rows == survey.num_rows, (rows, survey)
        _whole(dataset)

    return run


def _registry(dataset: Dataset, dice: random.Random) -> None:
    dataset.image("a.png")
    dataset.write(ROWS, split="train[:50%]", num_samples=4, ranking=False)
    dataset.registry.write_bytes(mutate(dataset.registry.read_bytes(), "registry", dice))
    try:
        _whole(dataset)
    except ValueError as error:
        assert "\n" not in str(error), error


def _image(dataset: Dataset, dice: random.Random) -> None:
    name, mode = dice.choice(FORMATS), dice.choice(("RGB", "L", "P", "RGBA", "1"))
    data = write(picture(mode, (37, 29)), name, {}) or write(picture("RGB", (37, 29)), name, {}) or b"x"
    (dataset.folder / "a.png").write_bytes(mutate(data, name, dice))
    dataset.write(ROWS)
    _whole(dataset)


def _video(dataset: Dataset, dice: random.Random) -> None:
    name, codec = dice.choice((("a.mp4", "mpeg4"), ("a.avi", "mpeg4"), ("a.mkv", "mpeg4"), ("a.ts", "mpeg2video")))
    film(dataset.folder / name, codec)
    data = (dataset.folder / name).read_bytes()
    (dataset.folder / name).write_bytes(mutate(data, "video", dice))
    dataset.write([say("<video>a", "b", videos=[name]), say("a", "b", videos=[])])
    _whole(dataset)


def _values(dataset: Dataset, dice: random.Random) -> None:
    """Well-formed files whose rows hold values of other types than they should, under any trainer."""
    make, trainers = dice.choice(
        (
            (
                make_corpus,
                ("llamafactory", "llamafactory@0.9.1", "llamafactory@0.9.4", "hf", "qwen-vl-utils", "ms-swift"),
            ),
            (make_other_formats, ("llamafactory", "llamafactory@0.9.2", "llamafactory@0.9.3", "hf", "ms-swift")),
            (make_swift_corpus, ("ms-swift",)),
        )
    )
    corpus = make(dice.randrange(10**6), 160)
    entry = dice.choice([entry for entry in corpus["entries"] if entry["rows"]])
    for _ in range(dice.choice((1, 2, 4, 8))):
        entry["rows"][dice.randrange(len(entry["rows"]))] = changed(dice.choice(entry["rows"]), dice)
    registry = write_corpus({**corpus, "entries": [entry]}, dataset.folder)
    settings = {"trainer": dice.choice(trainers), "cutoff_len": dice.choice((16, 64, 300, 8192)), "integrity": "header"}
    _whole(Dataset(registry.parent), **settings)


KINDS: dict[str, Callable[[Dataset, random.Random], None]] = {
    **{name: _data_file(name) for name in ("json", "jsonl", "csv", "parquet", "arrow", "txt")},
    "registry": _registry,
    "image": _image,
    "video": _video,
    "values": _values,
}


def _in_child(kind: str, seed: int, folder: Path) -> None:
    """Never returns: the exit code says how it went."""
    signal.alarm(SECONDS)
    resource.setrlimit(resource.RLIMIT_DATA, (GIGABYTES << 30, GIGABYTES << 30))
    try:
        KINDS[kind](Dataset(folder), random.Random(seed))
    except BaseException:
        traceback.print_exc(limit=-4)
        os._exit(1)
    os._exit(0)


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    kinds = sys.argv[3:] or list(KINDS)
    done: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        kind = kinds[done.total() % len(kinds)]
        number = seed * 1_000_000 + done.total()
        done[kind] += 1
        with tempfile.TemporaryDirectory() as scratch:
            child = os.fork() or _in_child(kind, number, Path(scratch))
            status = os.waitpid(int(child or 0), 0)[1]
            if status:
                failed[kind] += 1
                shutil.copytree(scratch, KEPT / f"{kind}-{number}", dirs_exist_ok=True)
                print(f"FAILED {kind} {number}: status {status}", flush=True)
    for kind in kinds:
        print(f"{kind:10}{done[kind]:8,} inputs {failed[kind]:6,} failed")
    return int(failed.total() > 0)


if __name__ == "__main__":
    sys.exit(main())
