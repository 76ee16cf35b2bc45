"""What a family of healthy data sets is: how its one entry is written into a folder, and which trainers take it."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from validator.trainers.registry import trainers

LATE = ("llamafactory", "llamafactory@main", "llamafactory@0.9.4", "llamafactory@0.9.3")
LLAMAFACTORY = (*LATE, "llamafactory@0.9.2", "llamafactory@0.9.1")
EVERY = tuple(
    name for name, trainer in trainers().items() if "sharegpt" in trainer.formattings and name != "nemo-automodel"
)
"""Those that read a registry. NeMo AutoModel reads most of these entries otherwise (DI029), and takes no bytes."""
TAGS = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
IMAGES = {"messages": "messages", "images": "images"}
FILE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


@dataclass(frozen=True)
class Family:
    """`build` writes the files into a folder and returns the keys of the entry. Families may share pictures."""

    build: Callable[[Path], dict]
    trainers: tuple[str, ...] = EVERY


def of(build: Callable[[Path], dict], trainers: tuple[str, ...] = EVERY, not_of: tuple[str, ...] = ()) -> Family:
    """A family of some trainers, without those that do not take it."""
    return Family(build, tuple(trainer for trainer in trainers if trainer not in not_of))


def write(families: Mapping[str, Family], folder: Path) -> Path:
    """Write families into one folder, each as an entry of one registry; returns the registry's path."""
    registry = {}
    for number, (name, family) in enumerate(families.items()):
        entry = {"formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": TAGS, **family.build(folder)}
        for key in ("file_name", "hf_hub_url"):
            if key in entry:  # families give their files the same names
                made = folder / entry[key]
                there = made.rename(made.with_name(f"{number} {made.name}"))
                entry[key] = str(there) if key == "hf_hub_url" else there.name
        registry[name] = {key: value for key, value in entry.items() if value is not None}
    path = folder / "dataset_info.json"
    path.write_text(json.dumps(registry), encoding="utf-8")
    return path


def picture(number: int = 0, kind: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (90, 60)) -> bytes:
    """A small picture as the bytes of a file; no two numbers are alike."""
    colours = Image.linear_gradient("L").resize(size), Image.linear_gradient("L").rotate(90).resize(size)
    image = Image.merge("RGB", (*colours, Image.new("L", size, 40 * number % 256)))
    file = io.BytesIO()
    image.convert(mode).save(file, format=kind)
    return file.getvalue()


def put(folder: Path, *names: str) -> list[str]:
    """Write one picture for each name; returns the names."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture(number))
    return list(names)


def talk(*turns: str, **columns) -> dict:
    """A row with a question, an answer, and so on."""
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[place % 2], "content": text} for place, text in enumerate(turns)], **columns}


def seen(images: list, **columns) -> list[dict]:
    """One row for each value of the images column."""
    return [
        talk(f"<image>What is shown in picture {place}?", f"It shows the colours of {place}.", images=value, **columns)
        for place, value in enumerate(images)
    ]


def jsonl(rows: list[dict]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def text(name: str, content: str | bytes, **keys) -> Callable[[Path], dict]:
    """A family of one file of text."""

    def build(folder: Path) -> dict:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return {"file_name": name, **keys}

    return build


def table(rows: list[dict], images: pa.DataType | None, declared: object = None, messages: pa.DataType = MESSAGES):
    """Rows as a table; `images` is the Arrow type of that column, `declared` its feature in the metadata."""
    schema = pa.schema([("messages", messages)] + ([("images", images)] if images is not None else []))
    if declared is not None:
        words = {name: {"_type": "Value", "dtype": "string"} for name in ("role", "content")}
        features = {"messages": {"_type": "List", "feature": words}, "images": declared}
        schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    return pa.Table.from_pylist(rows, schema=schema)


def parquet(*given, name: str = "data.parquet", **keys) -> Callable[[Path], dict]:
    """A family of one Parquet file."""

    def build(folder: Path) -> dict:
        pq.write_table(table(*given), folder / name)
        return {"file_name": name, "columns": IMAGES, **keys}

    return build


def arrow(*given, make=pa.ipc.new_stream) -> Callable[[Path], dict]:
    """A family of one Arrow file, as a stream or as a file."""

    def build(folder: Path) -> dict:
        made = table(*given)
        with pa.OSFile(str(folder / "data.arrow"), "wb") as sink, make(sink, made.schema) as writer:
            writer.write_table(made, max_chunksize=2)
        return {"file_name": "data.arrow", "columns": IMAGES}

    return build
