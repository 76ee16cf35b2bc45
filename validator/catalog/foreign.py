"""Files that are given for dataset_info.json and are something else: known by their keys, and told in a sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from validator.findings import clip

_ENTRY = '{"name": {"file_name": "data.jsonl", "formatting": "sharegpt"}}'
_WANTED = f"mmvalidate wants LLaMA-Factory's dataset_info.json, an object with one entry per dataset such as {_ENTRY}"
_LIBRARY = {"features", "splits", "builder_name", "download_size", "dataset_size", "citation", "homepage", "license"}
"""Keys that the `datasets` library writes into its own dataset_info.json, beside an Arrow file."""
_OF_LIBRARY = (
    "was written by the `datasets` library to describe a table; name the table's file or folder as `file_name`"
)
SWIFT_REGISTRY = {"ms_dataset_id", "hf_dataset_id", "dataset_path", "dataset_name"}
"""Keys of the entries of ms-swift's own dataset_info.json, which is a list."""
_ROW = {"messages", "conversations", "conversation", "instruction", "prompt", "chosen"}
_KNOWN: tuple[tuple[set[str], int, str], ...] = (
    (_LIBRARY, 2, _OF_LIBRARY),
    (
        {"_data_files", "_fingerprint"},
        1,
        "was written by `save_to_disk` of the `datasets` library; name its folder as `file_name`",
    ),
    (
        {"task", "base_model", "project_name", "backend"},
        2,
        "is a configuration of AutoTrain; name its training file as `file_name`",
    ),
    (
        {"@context", "@type"},
        2,
        "is a Croissant description of a dataset; name the data file itself as `file_name`",
    ),
    (
        {"images", "annotations", "categories", "licenses"},
        2,
        "is in COCO's format; its annotations must be rewritten as conversations",
    ),
    (
        {"zero_optimization", "train_batch_size", "train_micro_batch_size_per_gpu"},
        1,
        "is a configuration of DeepSpeed; `mmvalidate audit` reads it with the training file that names it",
    ),
    (
        {"architectures", "model_type", "transformers_version"},
        2,
        "is the configuration of a model; its folder can be passed as --processor",
    ),
    (
        {"annotation_path", "data_path"},
        2,
        "is an entry of Qwen's own list; name its `annotation_path` as `file_name`, its `data_path` with --media-dir",
    ),
)
"""Sets of keys, how many of each must be there, and what the file is then, with what to do."""
_TRAINING = re.compile(r"^(model_name_or_path|stage|finetuning_type|dataset_dir|dataset)\s*:", re.MULTILINE)
_AXOLOTL = re.compile(r"^(base_model|datasets|test_datasets|chat_template)\s*:", re.MULTILINE)


def sentence(path: Path, what: str) -> str:
    """What is said of a file that is something else."""
    return f"{path} {what}. {_WANTED}."


def list_sentence(path: Path, content: list[Any]) -> str:
    """What a JSON list is that holds no rows."""
    if content and not any(isinstance(item, dict) and item.keys() & SWIFT_REGISTRY for item in content):
        return sentence(path, "is a list whose elements are neither rows nor entries")
    return sentence(path, "is a list: that is ms-swift's dataset_info.json; write an entry for each of its data files")


def object_sentence(path: Path, content: dict[str, Any]) -> str | None:
    """What a JSON object is that is no registry; None where it may be one."""
    entries = [value for value in content.values() if isinstance(value, dict)]
    if any("file_name" in value or "hf_hub_url" in value for value in entries):
        return None
    for keys, number, what in _KNOWN:
        if len(keys & content.keys()) >= number:
            return sentence(path, what)
    if any(isinstance(content.get(key), list | str) for key in _ROW):
        return sentence(path, "is one row of data; write rows into a .jsonl file, and name that as `file_name`")
    if entries and all(len(_LIBRARY & value.keys()) >= 2 for value in entries):
        return sentence(path, _OF_LIBRARY)
    if entries and all({"annotation", "root"} <= value.keys() for value in entries):
        what = "is InternVL's list of datasets; name each `annotation` as `file_name`, and its `root` with --media-dir"
        return sentence(path, what)
    lists = (key for key, value in content.items() if isinstance(value, list) and value and isinstance(value[0], dict))
    rows = next(lists, None)
    if rows is None or entries:
        return None
    return sentence(path, f"holds rows under `{clip(rows)}`; write that list alone, and name the file as `file_name`")


def yaml_sentence(path: Path, text: str) -> str | None:
    """What a file in YAML is that is no registry, where its keys tell."""
    if _TRAINING.search(text):
        return f"{path} is a training file: pass it alone or as --train-config, or the dataset_info.json it reads."
    if _AXOLOTL.search(text):
        return sentence(
            path,
            "is a configuration of axolotl without a list `datasets` beside its `base_model`; check its data by "
            "themselves, with --trainer axolotl",
        )
    return None


def text_sentence(path: Path, content: bytes) -> str | None:
    """What a file is that is no JSON."""
    text = content[: 1 << 16].decode(errors="replace").lstrip("\ufeff")
    if not text.strip():
        return sentence(path, "is empty")
    if path.suffix in (".yaml", ".yml"):
        return yaml_sentence(path, text) or sentence(path, "is YAML")
    if text.startswith("---") and path.suffix == ".md":
        return sentence(path, "is a dataset's card; write an entry for each of its data files")
    first = text.lstrip().partition("\n")[0]
    try:
        row = json.loads(first)
    except (ValueError, RecursionError):
        return None
    if isinstance(row, dict) and len(first) < len(text.strip()):
        return sentence(
            path, "holds rows as JSON lines; give it a name that ends in .jsonl, and name that as `file_name`"
        )
    return None
