"""Writes validator/assets/axolotl_arguments.json: every key of a configuration of axolotl, and what it refuses.

    .trainers/axolotl/bin/python -m scripts.make_axolotl_arguments [FILE]

Runs in the environment with axolotl: each key is put to its own check of a configuration with a value of every kind
(validator/training/kinds.py). `refused`: the kinds at which it stops because they are not of the type of the key.
`words`: those that a key takes where it refuses other words. Keys of one of `datasets` alike.
"""

import json
import sys
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Literal, get_args, get_origin

import tests.trainers.judged_rows  # noqa: F401  # puts in place what the package looks for when it is imported

# isort: split
import yaml
from axolotl.utils.config import validate_config
from axolotl.utils.dict import DictDefault
from axolotl.utils.schemas.config import AxolotlInputConfig
from axolotl.utils.schemas.datasets import SFTDataset
from pydantic import ValidationError

from validator.training.kinds import KINDS

FILE = Path(__file__).resolve().parents[1] / "validator" / "assets" / "axolotl_arguments.json"
PLAIN = {
    "base_model": "a/b",
    "datasets": [{"path": "a.jsonl", "type": "chat_template"}],
    "micro_batch_size": 1,
    "gradient_accumulation_steps": 1,
    "learning_rate": 1e-4,
}
OF_TYPE = ("_type", "_parsing", "_from_float", "enum", "literal_error", "is_instance_of", "_mismatch")
"""Ends of pydantic's names of errors that a value of another kind brings."""


def taken(values: dict) -> list[dict]:
    """What the check finds wrong with a configuration."""
    try:
        validate_config(DictDefault(json.loads(json.dumps(values))))
    except ValidationError as error:
        return error.errors()
    except Exception:  # other keys beside this one may be wanted
        return []
    return []


def refuses(key: str, value: object, *, of_dataset: bool) -> bool:
    """Whether it stops because of the type of a value."""
    values = {**PLAIN, key: value}
    if of_dataset:
        values = {**PLAIN, "datasets": [{**PLAIN["datasets"][0], key: value}]}
    own = [error for error in taken(values) if error["loc"][:1] == (key,)]
    return bool(own) and all(error["type"].endswith(OF_TYPE) for error in own)


def words(hint: object) -> list[str]:
    """The words of enumerations and literals within a type; empty where any text does."""
    found: list[str] = []
    for part in (hint, *get_args(hint)):
        if part is str:
            return []
        if isinstance(part, type) and issubclass(part, Enum):
            found += [member.value for member in part]
        elif get_origin(part) is Literal:
            found += [word for word in get_args(part) if isinstance(word, str)]
    return sorted({word for word in found if isinstance(word, str)})


def argument(key: str, hint: object, default: object, *, of_dataset: bool) -> dict:
    values = {kind: yaml.safe_load(text) for kind, text in KINDS.items() if kind not in ("infinity", "no number")}
    refused = [kind for kind, value in values.items() if refuses(key, value, of_dataset=of_dataset)]
    if any(isinstance(part, type) and issubclass(part, Enum) and issubclass(part, int) for part in get_args(hint)):
        refused = [kind for kind in refused if not isinstance(values[kind], (int, float))]  # some numbers are words
    given = words(hint) if "text" in refused else []
    default = default.value if isinstance(default, Enum) else default
    kept = isinstance(default, (bool, int, float, str))
    return {"refused": refused, **({"words": given} if given else {}), "default": default if kept else None}


def arguments(model: type, *, of_dataset: bool) -> dict:
    made = {}
    for name, field in model.model_fields.items():
        made[name] = argument(name, field.annotation, field.default, of_dataset=of_dataset)
        if field.alias:
            made[field.alias] = made[name]
    return dict(sorted(made.items()))


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    tables = {
        "arguments": arguments(AxolotlInputConfig, of_dataset=False),
        "dataset": arguments(SFTDataset, of_dataset=True),
    }
    texts = []
    for table, lines in tables.items():
        body = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in lines.items())
        texts.append(f"{json.dumps(table)}: {{\n{body}\n}}")
        print(f"{table}: {len(lines)} keys")
    versions = json.dumps({name: version(name) for name in ("axolotl", "pydantic")})
    path.write_text(f'{{"versions": {versions},\n' + ",\n".join(texts) + "}\n")
