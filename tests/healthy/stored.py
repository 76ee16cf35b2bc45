"""Healthy families by how images and files are stored: in the row or beside it, one file or many."""

import json

import pyarrow as pa
import pyarrow.parquet as pq

from tests.healthy.family import (
    FILE,
    IMAGES,
    arrow,
    jsonl,
    of,
    parquet,
    picture,
    put,
    seen,
    table,
    talk,
)

FEATURE = {"_type": "Image"}
BYTES = [picture(number) for number in range(3)]
LISTS = [[data] for data in BYTES]
NAMED = [{"bytes": data, "path": f"{number}.png"} for number, data in enumerate(BYTES)]
UNNAMED = [{"bytes": data, "path": None} for data in BYTES]
PLAIN = [talk(f"Tell me about {place}.", f"All about {place}.", images=None) for place in range(3)]


def lists(values: list) -> list:
    return [[value] for value in values]


IN_ROWS = {
    "bytes with a path": parquet(seen(lists(NAMED)), pa.list_(FILE)),
    "bytes with null paths": parquet(seen(lists(UNNAMED)), pa.list_(FILE)),
    "bytes alone": parquet(seen(LISTS), pa.list_(pa.binary())),
    "bytes alone, one": parquet(seen(BYTES), pa.binary()),
    "one struct": parquet(seen(NAMED), FILE),
    "image feature": parquet(seen(lists(NAMED)), pa.list_(FILE), {"_type": "List", "feature": FEATURE}),
    "image feature, older metadata": parquet(seen(lists(NAMED)), pa.list_(FILE), [FEATURE]),
    "image feature as a sequence": parquet(
        seen(lists(UNNAMED)), pa.list_(FILE), {"_type": "Sequence", "feature": FEATURE}
    ),
    "image feature, one": parquet(seen(NAMED), FILE, FEATURE),
    "image feature, not decoded": parquet(
        seen(lists(NAMED)), pa.list_(FILE), {"_type": "List", "feature": {**FEATURE, "decode": False}}
    ),
    "large types": parquet(
        seen(LISTS),
        pa.large_list(pa.large_binary()),
        None,
        pa.large_list(pa.struct([("role", pa.large_string()), ("content", pa.large_string())])),
    ),
    "bytes beside rows without": parquet([*seen(lists(NAMED)), *PLAIN], pa.list_(FILE)),
    "struct beside rows without": parquet([*seen(NAMED), *PLAIN], FILE),
    "bytes beside empty lists": parquet(
        [*seen(lists(NAMED)), *(row | {"images": []} for row in PLAIN)], pa.list_(FILE)
    ),
    "several bytes": parquet(
        [talk("<image>One<image>and two<image>", "Three.", images=NAMED), *seen(lists(NAMED))], pa.list_(FILE)
    ),
    "JPEG, WebP and grey in rows": parquet(
        seen([[picture(1, "JPEG")], [picture(2, "WEBP")], [picture(3, "PNG", "L")], [picture(4, "JPEG", "CMYK")]]),
        pa.list_(pa.binary()),
    ),
    "arrow stream": arrow(seen(lists(NAMED)), pa.list_(FILE), {"_type": "List", "feature": FEATURE}),
    "arrow file": arrow(seen(LISTS), pa.list_(pa.binary()), make=pa.ipc.new_file),
    "text in parquet": parquet(PLAIN, None, columns={"messages": "messages"}),
}


def _beside(content, names=("0.png", "1.png", "2.png"), suffix="jsonl", **keys):
    """Pictures in files; `content(folder, names)` gives the values of the images column, or whole rows."""

    def build(folder):
        values = content(folder, put(folder, *names))
        rows = values if isinstance(values[0], dict) else seen(values)
        written = jsonl(rows) if suffix == "jsonl" else json.dumps(rows, indent=2)
        (folder / f"data.{suffix}").write_text(written, encoding="utf-8")
        return {"file_name": f"data.{suffix}", "columns": IMAGES, **keys}

    return build


def _shards(folder, kind):
    """Two shards in a folder of their own."""
    (folder / "shards").mkdir()
    for number in range(2):
        rows = [row | {"images": [name]} for row, name in zip(PLAIN, put(folder, "a.png", "b.png"), strict=False)]
        rows = [talk(f"<image>{number}{row['messages'][0]['content']}", "Yes.", images=row["images"]) for row in rows]
        path = folder / "shards" / f"part-{number}.{kind}"
        if kind == "parquet":
            pq.write_table(table(rows, pa.list_(pa.string())), path)
        else:
            path.write_text(jsonl(rows) if kind == "jsonl" else json.dumps(rows))
    return {"file_name": "shards", "columns": IMAGES}


def _hub(folder, feature=None, **keys):
    """A data set as it is downloaded from the hub: a card with configurations, shards of two splits."""
    hub = folder / "hub"
    (hub / "data").mkdir(parents=True)
    parts = {"train-00000-of-00002": 0, "train-00001-of-00002": 1, "test-00000-of-00001": 2}
    for name, number in parts.items():
        rows = [talk(f"<image>{name}?", "Yes.", images=[NAMED[number]])]
        pq.write_table(table(rows, pa.list_(FILE), feature), hub / "data" / f"{name}.parquet")
    files = "".join(f"  - split: {split}\n    path: data/{split}-*\n" for split in ("train", "test"))
    (hub / "README.md").write_text(f"---\nconfigs:\n- config_name: default\n  data_files:\n{files}---\n# Pictures\n")
    return {"hf_hub_url": str(hub), "columns": IMAGES, **keys}


def _dotted(folder):
    """Paths that a struct names and that are opened as they are."""
    paths = [str(folder / name) for name in put(folder, "0.png", "1.png")]
    pq.write_table(
        table(seen([[{"bytes": None, "path": path}] for path in paths]), pa.list_(FILE)), folder / "d.parquet"
    )
    return {"file_name": "d.parquet", "columns": IMAGES}


def _paths_in_parquet(folder):
    names = put(folder, "0.png", "1.png", "2.png")
    pq.write_table(table(seen(lists(names)), pa.list_(pa.string())), folder / "d.parquet")
    return {"file_name": "d.parquet", "columns": IMAGES}


def _csv(folder):
    put(folder, "0.png", "1.png")
    lines = [
        "instruction,input,output,image",
        '"<image>Look, and tell me.",,It is blue.,0.png',
        "<image>And,now?,Red.,1.png",
    ]
    (folder / "data.csv").write_text("\n".join(lines) + "\n")
    columns = {"prompt": "instruction", "query": "input", "response": "output", "images": "image"}
    return {"file_name": "data.csv", "formatting": "alpaca", "columns": columns, "tags": None}


BESIDE = {
    "paths in lists": _beside(lambda folder, names: lists(names)),
    "paths in lists, array": _beside(lambda folder, names: lists(names), suffix="json"),
    "path as text": _beside(lambda folder, names: names),
    "absolute paths": _beside(lambda folder, names: [[str(folder / name)] for name in names]),
    "paths in folders": _beside(lambda folder, names: lists(names), ("a/b/0.png", "a/c/1.png", "./a/2.png")),
    "paths that climb": _beside(lambda folder, names: [[f"../{folder.name}/{name}"] for name in names]),
    "names with spaces and signs": _beside(lambda folder, names: lists(names), ("a b.png", "ä%20(1).png", "图.PNG")),
    "null beside lists": _beside(lambda folder, names: [*seen(lists(names)), *PLAIN]),
    "empty lists beside lists": _beside(
        lambda folder, names: [*seen(lists(names)), *(row | {"images": []} for row in PLAIN)]
    ),
    "no key beside lists": _beside(
        lambda folder, names: [*seen(lists(names)), *({"messages": row["messages"]} for row in PLAIN)]
    ),
    "null beside text": _beside(lambda folder, names: [*seen(names), *PLAIN]),
    "paths in parquet": _paths_in_parquet,
    "structs of paths": _dotted,
    "shards of lines": lambda folder: _shards(folder, "jsonl"),
    "shards of arrays": lambda folder: _shards(folder, "json"),
    "shards of parquet": lambda folder: _shards(folder, "parquet"),
    "one split": _beside(lambda folder, names: lists(names), split="train[:2]"),
    "rows drawn": _beside(lambda folder, names: lists(names), num_samples=2),
    "CSV": _csv,
}
HUB = {
    "hub": _hub,
    "hub with the image feature": lambda folder: _hub(folder, {"_type": "List", "feature": FEATURE}),
    "hub, another split": lambda folder: _hub(folder, split="test"),
    "hub, a folder of it": lambda folder: {**_hub(folder), "folder": "data"},
}
HAVE_NULLS = ("bytes beside rows without", "struct beside rows without", "null beside lists", "no key beside lists",
              "null beside text")  # fmt: skip
NOT_OF = dict.fromkeys(HAVE_NULLS, ("llamafactory@0.9.2", "llamafactory@0.9.1"))  # they stop at null
NOT_OF["bytes alone, one"] = ("ms-swift",)
STORED = {name: of(build, not_of=NOT_OF.get(name, ())) for name, build in {**IN_ROWS, **BESIDE, **HUB}.items()}
