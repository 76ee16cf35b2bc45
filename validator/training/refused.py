"""Everything that the trainer refuses about a training file, in the order in which it would stop."""

from __future__ import annotations

from collections.abc import Iterator

from validator.training.arguments import Argument, argument_named
from validator.training.late_refusals import late_refusals
from validator.training.record import TrainingCase
from validator.training.refusal import Asked, Stage, TrainingRefusal
from validator.training.refusals import argument_refusals
from validator.training.versions import TRAINER

STAGES: tuple[Stage, ...] = ("read", "arguments", "data", "model", "training", "evaluation")


JSON_FILE = TrainingRefusal(
    (), "'PosixPath' object has no attribute 'read'", "Save the file as YAML: JSON is YAML, so its name is enough.",
    "AttributeError", "read",
)  # fmt: skip
"""What 0.9.4 and 0.9.5 say to a training file in JSON: they hand its path to a reader of open files."""


def refusals(case: TrainingCase) -> Iterator[TrainingRefusal]:
    """Single values, then what keys exclude, then what only data and model show."""
    if case.config.path.suffix == ".json" and not case.versions.before(TRAINER, "0.9.4"):
        yield JSON_FILE
    asked = Asked(case.config, case.zero_stage, case.gpus)
    found = [
        TrainingRefusal((key,), words, _expected(argument_named(key)), error, stage)  # type: ignore[arg-type]
        for key, (stage, error, words) in case.config.refused.items()
    ]
    found += argument_refusals(asked, case.versions)
    found += late_refusals(asked, case.versions, case.data)
    yield from sorted(found, key=lambda refusal: STAGES.index(refusal.stage))


def _expected(argument: Argument) -> str:
    wanted = ", ".join(argument.choices) or " or ".join(kind for kind in argument.types if kind != "null")
    kinds = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "any": "a value"}
    if not argument.choices:
        wanted = " or ".join(kinds.get(kind, f"a {kind}") for kind in argument.types if kind != "null")
    return f"Write {wanted}, or remove it."
