"""Writes validator/assets/training_arguments.json: every key of a LLaMA-Factory training file, its type and default.

    .oracle/venv/bin/python -m scripts.make_training_arguments [FILE]

Runs in the oracle's environment, where the published package lies: the table is what its dataclasses say.
"""

import dataclasses
import enum
import json
import os
import sys
import types
import typing
from importlib.metadata import version
from pathlib import Path

os.environ.update(DISABLE_VERSION_CHECK="1", HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
FILE = Path(__file__).resolve().parents[1] / "validator" / "assets" / "training_arguments.json"
KINDS = {bool: "bool", int: "int", float: "float", str: "str", dict: "dict", list: "list"}


def describe(annotation: object) -> dict:
    """{"types": [...], "choices": [...]}: plain types that a value may have, and the texts where only some are."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        parts = [describe(part) for part in typing.get_args(annotation)]
        kinds = sorted({kind for part in parts for kind in part["types"]})
        choices = [choice for part in parts for choice in part.get("choices", ())]
        only = all(part.get("choices") or part["types"] == ["null"] for part in parts)
        return {"types": kinds, **({"choices": choices} if choices and only else {})}
    if origin is typing.Literal:
        return {"types": ["str"], "choices": list(typing.get_args(annotation))}
    if annotation is type(None):
        return {"types": ["null"]}
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return {"types": ["str"], "choices": [member.value for member in annotation]}
    return {"types": [KINDS.get(origin or annotation, "any")]}


def default_of(field: dataclasses.Field) -> object:
    value = field.default
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    if isinstance(value, enum.Enum):
        value = value.value
    return value if isinstance(value, (bool, int, float, str, list, dict)) else None


def enumerated() -> dict[str, list]:
    """Keys that are plain text to their class, and that its `__post_init__` makes members of an enumeration."""
    from transformers import trainer_utils, training_args

    kinds = {
        "eval_strategy": trainer_utils.IntervalStrategy,
        "logging_strategy": trainer_utils.IntervalStrategy,
        "save_strategy": trainer_utils.SaveStrategy,
        "hub_strategy": trainer_utils.HubStrategy,
        "lr_scheduler_type": trainer_utils.SchedulerType,
        "optim": training_args.OptimizerNames,
    }
    return {key: [member.value for member in kind] for key, kind in kinds.items()}


def table() -> dict:
    from llamafactory.hparams import parser

    import tests.oracle.environment  # noqa: F401  stands in for what a CPU lacks

    words = enumerated()
    arguments = {}
    for group in parser._TRAIN_ARGS:
        hints = typing.get_type_hints(group)
        for field in dataclasses.fields(group):
            if field.init:
                known = field.metadata.get("choices") if "str" in describe(hints[field.name])["types"] else None
                choices = words.get(field.name) or known
                more = {"choices": list(choices)} if choices else {}
                arguments[field.name] = {**describe(hints[field.name]), **more, "default": default_of(field)}
    packages = {name: version(name) for name in ("llamafactory", "transformers")}
    return {"versions": packages, "arguments": dict(sorted(arguments.items()))}


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    lines = table()
    body = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in lines["arguments"].items())
    path.write_text(f'{{"versions": {json.dumps(lines["versions"])},\n"arguments": {{\n{body}\n}}}}\n')
    print(f"{path}: {len(lines['arguments'])} keys")
