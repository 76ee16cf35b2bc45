"""Rows of which rules about whole entries must speak, and entries that cannot be joined."""

import json

import pyarrow as pa
import pyarrow.parquet as pq

from tests.conftest import ALL_TAGS, say
from tests.rules.corruptions import turns, words

SEE = "<image>Where is it?"
PIXELS = turns(SEE, '"bbox": [1200, 10, 1800, 90]', images=["wide.png"])
NORMALISED = turns(SEE, '"bbox": [10, 500, 90, 900]', images=["wide.png"])
EITHER = turns(SEE, '"bbox": [10, 20, 90, 90]', images=["wide.png"])
SHORT = turns(SEE, "Yes", images=["tall.png"])
CORPUS = {
    "IM011": ([PIXELS, NORMALISED], {}, "coordinates are pixels in 1 row (first: row 0 of data.jsonl) and run from 0 "
              "to 1000 in 1 row (first: row 1 of data.jsonl)"),
    "IM017": ([PIXELS, EITHER, PIXELS], {}, "coordinates are pixels of the stored image or pixels of the image as it "
              "is fed, not 0-1000 as Qwen2-VL reads them: certain in 2 rows (first: row 0 of data.jsonl) of 3 rows "
              "with boxes or points"),
    "IM025": ([], {}, ""),
    "VD011": ([], {}, ""),
    "LB003": ([SHORT, EITHER], {}, "1 row (first: row 0 of data.jsonl) with at most 3 labels after 1,000 or more "
              "tokens: very few tokens contribute to the loss"),
    "LB004": ([EITHER, turns("a", "b", images=None)], {"train_on_prompt": True},
              "train_on_prompt turns 284 image and video tokens into labels: 1 row (first: row 0 of data.jsonl)"),
    "TK008": ([turns("a", "b"), turns("c", words(50))], {"model_size": "7B"},
              "the longest row has 162 tokens: about 0.3 GiB of activations for 7B, times the batch size"),
    "DU001": ([say("a", "b"), say("c", "d"), say("a", "b"), say("a", "b")], {},
              "2 rows equal to an earlier one, for example rows 0 and 2 of data.jsonl"),
    "DU002": ([say("a", "b"), say("c", "d"), say("a", "x"), say("a", "b", "c", "d")], {},
              "1 question with different answers, for example rows 0 and 2 of data.jsonl"),
    "DU003": ([say(f"{n}?", "Yes.") for n in range(54)] + [say(f"{n}", f"{n}") for n in range(6)], {},
              "54 of 60 rows have the same answer, first row 0 of data.jsonl"),
    "DU004": ([], {}, ""),
    "DU005": ([], {}, ""),
    "DU006": ([turns(SEE, "a", images=["tall.png"]), turns(SEE, "b", images=["copy.jpg"])], {"preview": True},
              "1 picture under more than one path, for example rows 0 and 1 of data.jsonl"),
    "DI013": ([], {}, ""),
    "DI014": ([], {}, ""),
    "DI017": ([], {}, ""),
}  # fmt: skip
"""Rows, settings and the message of one finding; tested in test_corpus_rules.py where it takes more."""
PICTURE = b"any bytes"
JOINED = {
    "paths and bytes": ({"a": ["a.png"], "b": [PICTURE]}, [("DI013", "b")]),
    "paths and bytes with a path": ({"a": ["a.png"], "b": [{"bytes": PICTURE, "path": None}]}, [("DI013", "b")]),
    "bytes with and without a path": ({"a": [PICTURE], "b": [{"bytes": PICTURE, "path": None}]}, [("DI013", "b")]),
    "paths and nothing": ({"a": ["a.png"], "b": [], "c": None}, []),
    "paths and paths": ({"a": ["a.png"], "b": ["b.png"]}, []),
}


def write_parquet(folder, entries):
    registry = {}
    for name, images in entries.items():
        table = pa.Table.from_pylist([{**say("<image>" * len(images or ()), "b"), "images": images}] * 2)
        pq.write_table(table, folder / f"{name}.parquet")
        registry[name] = {"file_name": f"{name}.parquet", "formatting": "sharegpt", "tags": ALL_TAGS,
                          "columns": {"messages": "messages", "images": "images"}}  # fmt: skip
    (folder / "dataset_info.json").write_text(json.dumps(registry))
