"""Writes validator/assets/trl_arguments.json: every key of a training file of `trl sft --config`, and how it is read.

    .trainers/hf/bin/python -m scripts.make_trl_arguments [FILE]

Runs in the environment with TRL: the table is what its own parser, its dataclasses and accelerate's launcher say.
`reads`: what a text is converted to before it is used (values that are no text are taken as they are); `none`: whether
the texts `none` and `null` are no value. `launch`: keys that accelerate's launcher takes, and whether with a value.
"""

import argparse
import dataclasses
import enum
import json
import sys
import typing
from importlib.metadata import version
from pathlib import Path

import tests.oracle.environment  # noqa: F401  # stands in for torchvision, before the package imports it

# isort: split
from accelerate.commands.launch import launch_command_parser
from trl.scripts.sft import make_parser
from trl.scripts.utils import DatasetConfig

from scripts.make_training_arguments import describe

FILE = Path(__file__).resolve().parents[1] / "validator" / "assets" / "trl_arguments.json"
READS = {"int": "int", "float": "float", "string_to_bool": "bool"}


def checked_words() -> dict[str, list[str]]:
    """Keys whose words are checked as soon as the file is read, by the enumerations of transformers."""
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


def argument(action: argparse.Action, hint: object, words: list[str] | None) -> dict:
    name = getattr(action.type, "__name__", "")
    optional = getattr(action.type, "__qualname__", "").startswith("_accept_none")
    default = action.default.value if isinstance(action.default, enum.Enum) else action.default
    kept = isinstance(default, (bool, int, float, str, list, dict))
    return {
        **describe(hint),
        **({"choices": words} if words else {}),
        "reads": READS.get(name, "text"),
        **({"none": True} if optional else {}),
        "default": default if kept else None,
    }


def table() -> dict:
    parser = make_parser(prog="trl sft")
    hints = {name: hint for kind in parser.dataclass_types for name, hint in typing.get_type_hints(kind).items()}
    words, arguments = checked_words(), {}
    for action in parser._actions:
        if action.dest in hints and action.dest not in arguments:
            arguments[action.dest] = argument(action, hints[action.dest], words.get(action.dest))
            arguments[action.dest].pop("choices", None) if action.dest not in words else None
    options = (action for action in launch_command_parser()._actions if action.option_strings and action.dest != "help")
    launch = {name[2:]: action.nargs != 0 for action in options for name in action.option_strings if name[:2] == "--"}
    return {
        "versions": {name: version(name) for name in ("trl", "transformers", "accelerate", "datasets")},
        "dataset": [field.name for field in dataclasses.fields(DatasetConfig)],
        "launch": dict(sorted(launch.items())),
        "arguments": dict(sorted(arguments.items())),
    }


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    lines = table()
    body = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in lines.pop("arguments").items())
    head = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in lines.items())
    path.write_text(f'{{{head},\n"arguments": {{\n{body}\n}}}}\n')
    print(f"{path}: {body.count(chr(10)) + 1} keys")
