"""Entries of every kind of file that the trainer reads: one function writes them all into a folder with a registry."""

import gzip
import io
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from tests.conftest import ALL_TAGS, say
from tests.unit.packed_cases import zipped

IMAGE_FEATURE = {"_type": "Image"}
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


def picture(size=(60, 90), kind="PNG", mode="RGB", orientation=None) -> bytes:
    buffer = io.BytesIO()
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    Image.effect_noise(size, 40).convert(mode).save(buffer, format=kind, **({"exif": exif} if orientation else {}))
    return buffer.getvalue()


def table(rows, images=None, declared=None) -> pa.Table:
    """Rows as a table; `images` is the Arrow type of that column, `declared` its feature in the metadata."""
    fields = [("messages", MESSAGES)] + ([("images", images)] if images is not None else [])
    schema = pa.schema(fields)
    if declared is not None:
        features = {
            "messages": {
                "_type": "List",
                "feature": {name: {"_type": "Value", "dtype": "string"} for name in ("role", "content")},
            },
            "images": declared,
        }
        schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    return pa.Table.from_pylist(rows, schema=schema)


def parquet(rows, images=None, declared=None, **options):
    return lambda path: pq.write_table(table(rows, images, declared), path, **options)


def arrow(rows, images=None, declared=None, stream=True):
    def write(path):
        content = table(rows, images, declared)
        make = pa.ipc.new_stream if stream else pa.ipc.new_file
        with pa.OSFile(str(path), "wb") as sink, make(sink, content.schema) as writer:
            writer.write_table(content, max_chunksize=3)

    return write


def lines(*rows):
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def array(*rows):
    return json.dumps(rows).encode()


def texts(number):
    return [say(f"question {index}", f"answer {index}") for index in range(number)]


def see(*images, text="<image>What?"):
    return say(text, "A thing.", images=list(images))


def shown(seed: int) -> list[dict]:
    """Rows with images in the row: good ones of many kinds, and bad ones."""
    dice = random.Random(seed)
    good = [
        picture(),
        picture((300, 20)),
        picture((2000, 1500), "JPEG"),
        picture((40, 200), "JPEG", orientation=6),
        picture((40, 200), "JPEG", orientation=3),
        picture((64, 32), "PNG", "L"),
        picture((50, 70), "WEBP"),
        picture((50, 70), "GIF", "P"),
        picture((33, 44), "JPEG", "CMYK"),
        picture((60, 1), "PNG"),
    ]
    bad = [b"", b"<html>", good[0][:200], good[2][: len(good[2]) // 2]]
    rows = []
    for _ in range(60):
        chosen = [dice.choice(good if dice.random() < 0.9 else bad) for _ in range(dice.randint(0, 3))]
        row = see(*chosen, text="<image>" * len(chosen) + "What?")
        if dice.random() < 0.15:
            row["messages"] = row["messages"][: dice.randint(0, 1)]
        rows.append(row)
    return rows


def wrapped(rows, path=None):
    """The same rows with every image in the struct that image columns are stored in."""
    return [
        {**row, "images": [{"bytes": data, "path": path} for data in row["images"]]}
        if isinstance(row["images"], list)
        else row
        for row in rows
    ]


def entries(seed: int) -> dict[str, tuple]:
    """Name -> (files: {name: bytes or writer}, keys of the entry)."""
    rows = texts(7)
    many = shown(seed)
    paths = [see("a.png"), see("gone.png"), see("a.png", "a.png"), say("a", "b", images=None), say("a", "b", images=[])]
    value = {"messages": [{"role": "user", "content": "2020-01-01"}, {"role": "assistant", "content": "2021-02-03"}]}
    numbers = {"messages": [{"role": "user", "content": 5}, {"role": "assistant", "content": 2.5}]}
    whole = {"messages": [{"role": "user", "content": 5}, {"role": "assistant", "content": 7}]}
    odd = [
        {"images": [{"bytes": None, "path": "a.png"}, {"bytes": None, "path": None}, None][place : place + 1]}
        for place in range(3)
    ]
    stored = [see(*row["images"]) for row in odd] + wrapped([see(picture())], "kept.png")
    lists, structs = pa.list_(pa.binary()), pa.list_(IMAGE)
    feature = {"_type": "List", "feature": IMAGE_FEATURE}
    pictures = {"columns": {"messages": "messages", "images": "images"}}
    made = {
        "one parquet": ({"a.parquet": parquet(rows)}, {}),
        "parquet in row groups": ({"a.parquet": parquet(rows, row_group_size=2)}, {}),
        "parquet with paths": ({"a.parquet": parquet(paths, pa.list_(pa.string()))}, pictures),
        "parquet with bytes": ({"a.parquet": parquet(many, lists)}, pictures),
        "parquet with structs": ({"a.parquet": parquet(wrapped(many), structs)}, pictures),
        "parquet with images": ({"a.parquet": parquet(wrapped(many), structs, feature)}, pictures),
        "parquet with images, old metadata": (
            {"a.parquet": parquet(wrapped(many), structs, [IMAGE_FEATURE])},
            pictures,
        ),
        "parquet with one image": (
            {"a.parquet": parquet([{**row, "images": row["images"][0]} for row in wrapped([see(picture())])], IMAGE)},
            pictures,
        ),
        "parquet, structs without content": ({"a.parquet": parquet(stored, structs)}, pictures),
        "parquet, images without content": ({"a.parquet": parquet(stored, structs, feature)}, pictures),
        "parquet, images not decoded": (
            {"a.parquet": parquet(wrapped(many), structs, {**feature, "feature": {**IMAGE_FEATURE, "decode": False}})},
            pictures,
        ),
        "parquet, large lists": ({"a.parquet": parquet(many, pa.large_list(pa.large_binary()))}, pictures),
        "parquet, images not declared": ({"a.parquet": parquet(wrapped(many), structs, feature)}, {}),
        "parquet without rows": ({"a.parquet": parquet([])}, {}),
        "no parquet": ({"a.parquet": b"hello"}, {}),
        "arrow stream": ({"a.arrow": arrow(wrapped(many), structs, feature)}, pictures),
        "arrow file": ({"a.arrow": arrow(many, lists, stream=False)}, pictures),
        "arrow without rows": ({"a.arrow": arrow([])}, {}),
        "no arrow": ({"a.arrow": b"hello"}, {}),
        "csv": ({"a.csv": b"messages,images\nhello,a.png\nhi,\n"}, pictures),
        "csv header alone": ({"a.csv": b"messages,images\n"}, pictures),
        "csv empty": ({"a.csv": b""}, pictures),
        "csv too many fields": ({"a.csv": b"messages,images\na,b\na,b,c\n"}, pictures),
        "csv in latin-1": ({"a.csv": "messages,images\né,b\n".encode("latin-1")}, pictures),
        "csv numbers, then a word": ({"a.csv": b"messages\n" + b"1\n" * 10000 + b"x\n"}, {}),
        "txt": ({"a.txt": b"hello\r\nworld"}, {}),
        "txt empty": ({"a.txt": b""}, {}),
        "txt in latin-1": ({"a.txt": b"\xe9\n"}, {}),
        "packed json": ({"a.json": gzip.compress(lines(*rows))}, {}),
        "packed array": ({"a.json": gzip.compress(array(*rows))}, {}),
        "an archive": ({"a.json": zipped(("b/c", lines(*rows[:3])), ("z", array(*rows[3:])))}, {}),
        "a packed file and others": ({"f/a.jsonl": lines(*rows), "f/b.jsonl": gzip.compress(lines(*rows))}, {}),
        "cut packed json": ({"a.json": gzip.compress(lines(*rows))[:-9]}, {}),
        "folder": ({f"f/{name}.jsonl": lines(*texts(index + 1)) for index, name in enumerate("dacb")}, {}),
        "folder of json and jsonl": ({"f/a.json": array(*rows), "f/b.jsonl": lines(*rows), "f/.c.json": lines()}, {}),
        "folder of parquet": ({f"f/{name}.parquet": parquet(many, lists) for name in "ab"}, pictures),
        "folder of csv": ({"f/a.csv": b"messages\nx\n", "f/b.csv": b"messages\ny\n"}, {}),
        "folder with .DS_Store": ({"f/a.json": array(*rows), "f/.DS_Store": b"x"}, {}),
        "folder of two kinds": ({"f/a.json": array(*rows), "f/b.parquet": parquet(rows)}, {}),
        "folder with a folder": ({"f/a.json": array(*rows), "f/g/b.json": array(*rows)}, {}),
        "folder with a folder named as a file": ({"f/a.json": array(*rows), "f/g.json/b.json": array(*rows)}, {}),
        "folder of upper case": ({"f/a.JSON": array(*rows)}, {}),
        "folder of an empty file": ({"f/a.json": b"", "f/b.json": array(*rows)}, {}),
        "folder of an empty array": ({"f/a.json": b"[]", "f/b.json": array(*rows)}, {}),
        "name with brackets": ({"a[1].json": array(*rows)}, {}),
        "name with a star": ({"a*.json": array(*rows)}, {}),
        "name with a star, two matches": ({"a*.json": array(*rows), "ab.json": array(*rows)}, {}),
    }  # fmt: skip
    pairs = {
        "same": (rows[0], rows[1]),
        "column missing": (say("a", "b", images=["a.png"]), rows[0]),
        "column new": (rows[0], say("a", "b", images=["a.png"])),
        "key new": (rows[0], {"messages": [{"role": "user", "content": "x", "note": 1}] * 2}),
        "key missing": ({"messages": [{"role": "user", "content": "x", "note": 1}] * 2}, rows[0]),
        "text, then numbers": (rows[0], numbers),
        "text, then whole numbers": (rows[0], whole),
        "numbers, then text": (whole, rows[0]),
        "numbers, then decimals": (whole, numbers),
        "decimals, then numbers": (numbers, whole),
        "text, then dates": (rows[0], value),
        "dates, then text": (value, rows[0]),
        "null, then list": (say("a", "b", images=None), say("a", "b", images=["a.png"])),
        "empty list, then list": (say("a", "b", images=[]), say("a", "b", images=["a.png"])),
        "list, then null": (say("a", "b", images=["a.png"]), say("a", "b", images=None)),
        "list, then text": (say("<image>", "b", images=["a.png"]), say("<image>", "b", images="a.png")),
        "booleans": (rows[0], say(True, False)),
        "text that is a number": (whole, say("5", "6")),
    }  # fmt: skip
    for name, (first, second) in pairs.items():
        keys = pictures if "images" in first and "images" in second else {}
        for form in (lines, array):
            made[f"two files: {name}, {form.__name__}"] = ({"f/1.json": form(first), "f/2.json": form(second)}, keys)
    for split in (
        "train[:50%]", "train[1:3]", "train[-2:]", "train[3:]+train[:1]", "test", "train[:0]", "all", "train[", "Train",
        "train[:150%]", "train[:-5]", "train[:33%]", "train[50%:](closest)", "train[:9](pct1_dropremainder)",
        "train[:50%](pct1_dropremainder)", "train[1_0:]", "train[-50%:]",
    ):  # fmt: skip
        made[f"split {split}"] = ({"f/a.json": array(*rows[:3]), "f/b.json": array(*rows[3:])}, {"split": split})
    return made


DATED = {
    "date": ["2024-05-01", "2024-06-02"],
    "Datetime": ["2024-05-01 10:00", None],
    "modified": ["May 2024", "June 2024"],
    "modified_by": ["2024-05-01", "2024-06-02"],
    "timestamp_of_day": ["2024-05-01T10:00:00Z", "2024-06-02T10:00:00Z"],
    "posted_at": ["1999", "2001"],
    "seen_at": ["1714521600", "1714525200"],
    "at_once": ["2024-05-01", "2024-06-02"],
    "end_time": ["00:01:05", ""],
    "update_time": ["3", "4"],
    "run_time": ["2024-05-01", "later"],
    "event_time": [1714521600, 1714525200],
    "open_time": ["2024-05-01", ["2024-06-02"]],
    "output": ["2024-05-01", "2024-06-02"],
    "answer": ["2024-05-01 10:00:00", "2024-06-02T10:00:00"],
}
"""Names of columns, and texts in them."""


def dated() -> dict[str, tuple[dict, dict]]:
    """Entries with a column of dates or of numbers as question, answer, system prompt and so on."""
    made = {}
    for name, texts in DATED.items():
        rows = [{"q": "When?", name: text} for text in texts]
        keys = {"formatting": "alpaca", "columns": {"prompt": "q", "response": name}}
        for form in (lines, array):
            made[f"{form.__name__} of {name}"] = ({"a.json": form(*rows)}, keys)
    for column in ("prompt", "query", "system", "tools"):
        rows = [{"q": "When?", "a": "Then", "date": date} for date in DATED["date"]]
        keys = {"formatting": "alpaca", "columns": {"prompt": "q", "response": "a", column: "date"}}
        for form in (lines, array):
            made[f"{form.__name__} with dates as {column}"] = ({"a.json": form(*rows)}, keys)
    talk = [say("2024-05-01", "2024-06-02")]
    for form in (lines, array):
        made[f"{form.__name__} of dates alone"] = ({"a.json": form(*talk)}, {})
        made[f"{form.__name__} of dates in a history"] = (
            {"a.json": form({"q": "a", "b": "c", "h": [["2024-05-01", "2024-06-02"]]})},
            {"formatting": "alpaca", "columns": {"prompt": "q", "response": "b", "history": "h"}},
        )
    for texts in ("42 43", "4.5 5", "true false", "42 x", "2024-05-01 2024-06-02", "NA 5"):
        content = "q,a\n" + "".join(f"How many?,{text}\n" for text in texts.split())
        keys = {"formatting": "alpaca", "columns": {"prompt": "q", "response": "a"}}
        made[f"csv of {texts}"] = ({"a.csv": content.encode()}, keys)
    return made


def write_entries(folder: Path, seed: int) -> Path:
    """Write every entry below its own folder; returns the registry."""
    (folder / "a.png").write_bytes(picture())
    registry = {}
    for number, (name, (files, keys)) in enumerate((entries(seed) | dated()).items()):
        for file, content in files.items():
            path = folder / str(number) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            content(path) if callable(content) else path.write_bytes(content)
        first = next(iter(files))
        location = f"{number}/f" if first.startswith("f/") else f"{number}/{first}"
        spec = {"formatting": "sharegpt", "tags": ALL_TAGS, "columns": {"messages": "messages"}}
        registry[name] = {"file_name": location, **spec, **keys}
    keys = {**spec, "columns": {"messages": "messages", "images": "images"}}
    for name, declared in (("hub", None), ("hub with images", {"_type": "List", "feature": IMAGE_FEATURE})):
        parts = {
            "train-0.parquet": shown(seed)[:20],
            "train-1.parquet": shown(seed)[20:40],
            "test-0.parquet": shown(seed),
        }
        for file, rows in parts.items():
            path = folder / name / "data" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            parquet(wrapped(rows), pa.list_(IMAGE), declared)(path)
        registry[name] = {**keys, "hf_hub_url": str(folder / name), "folder": "data"}
        registry[f"{name}, sliced"] = {**keys, "hf_hub_url": str(folder / name), "folder": "data", "split": "test[:9]"}
        registry[f"{name}, unknown split"] = {**keys, "hf_hub_url": str(folder / name), "split": "eval"}
    paths = [see("a.png"), see("gone.png"), say("a", "b", images=[])]
    (folder / "hub of paths").mkdir()
    (folder / "hub of paths" / "a.json").write_bytes(lines(*paths))
    registry["hub of paths"] = {**keys, "hf_hub_url": str(folder / "hub of paths")}
    empty = folder / "empty"
    empty.mkdir()
    registry["empty folder"] = {**spec, "file_name": "empty"}
    path = folder / "dataset_info.json"
    path.write_text(json.dumps(registry))
    return path
