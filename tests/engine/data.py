"""A registry with every layout of file, clean and broken rows, in a folder."""

import gzip
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq

from tests.conftest import ALL_TAGS, Dataset, say
from tests.unit.packed_cases import zipped

COLUMNS = {"messages": "messages", "images": "images"}
FILES = ("messages", "result")


def make_registry(folder, rows=300, seed=0):
    """Entries of the same random rows as lines, array, values across lines, parquet, csv, a folder of two files, packed
    lines and an archive.
    """
    dice = random.Random(seed)
    dataset = Dataset(folder)
    for number in range(6):
        dataset.image(f"shots/{number}.png", (60 + 90 * number, 80), "RGB")
        dataset.image(f"shots/{number}.jpg", (640, 60 + 90 * number), "RGB")
    (folder / "shots" / "cut.png").write_bytes((folder / "shots" / "5.png").read_bytes()[:-60])
    made = [make_row(dice, number) for number in range(rows)]
    lines = [json.dumps(row, ensure_ascii=False) for row in made]
    files = {
        "lines.jsonl": "\n".join(lines),
        "array.json": "[" + ",\n ".join(lines) + "]",
        "one_line.json": "[" + ",".join(lines) + "]",
        "values.json": "\n".join(json.dumps(row, indent=1) for row in made),
        "many/a.jsonl": "\n".join(lines[: rows // 2]),
        "many/b.jsonl": "\n".join(lines[rows // 2 :]),
        "broken.jsonl": "\n".join([*lines[:40], '{"messages": 5}', "{", *lines[40:90]]),
        "split.jsonl": "\n".join(lines),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "packed.jsonl").write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    halves = [(name, "\n".join(part).encode()) for name, part in (("b", lines[: rows // 2]), ("a", lines[rows // 2 :]))]
    (folder / "archive.json").write_bytes(zipped(*halves))
    pq.write_table(pa.Table.from_pylist(made), folder / "rows.parquet", row_group_size=max(rows // 3, 1))
    answers = "".join(f'"question {number}, please",answer {number}\n' for number in range(rows))
    (folder / "table.csv").write_text("instruction,output\n" + answers)
    common = {"formatting": "sharegpt", "columns": COLUMNS, "tags": ALL_TAGS}
    entries = {name.partition(".")[0]: {"file_name": name, **common} for name in files if "/" not in name}
    entries["packed"] = {"file_name": "packed.jsonl", **common}
    entries["archive"] = {"file_name": "archive.json", **common}
    entries["many"] = {"file_name": "many", **common}
    entries["rows"] = {"file_name": "rows.parquet", **common}
    entries["split"]["split"] = "train[10%:90%]"
    entries["table"] = {"file_name": "table.csv", "columns": {"prompt": "instruction", "response": "output"}}
    entries["gone"] = {"file_name": "gone.json", **common}
    dataset.registry.write_text(json.dumps(entries))
    return dataset.registry


def make_row(dice, number):
    kind = dice.random()
    text = " ".join(
        dice.choice(("see", "截图", "button", "🙂", "{{idx}}", "x" * 40)) for _ in range(dice.randrange(1, 60))
    )
    if kind < 0.05:
        return say(text, images=[])
    if kind < 0.10:
        return say("<image>" + text, "ok", images=["shots/cut.png"])
    if kind < 0.15:
        return say("<image>" + text, "ok", images=["shots/gone.png"])
    if kind < 0.5:
        return say(text, f"answer {number}", images=[])
    shots = [f"shots/{dice.randrange(6)}.{dice.choice(('png', 'jpg'))}" for _ in range(dice.randrange(1, 4))]
    return say("<image>" * len(shots) + text, f"answer {number}", images=shots)
