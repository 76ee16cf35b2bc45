"""What a field of a model is as an option of the commands. It stands at the field, and nowhere else: flags, variables
(`MMVALIDATE_CUTOFF_LEN`), keys of mmvalidate.toml, its schema and the docs are made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

DATA, TRAINER, FINDINGS, GATE, REPLAY, EXECUTION, OUTPUT = PANELS = (
    "Data",
    "As the trainer is set",
    "What is looked for",
    "What fails the run",
    "Replay",
    "How it is carried out",
    "Output",
)
"""Groups of options in `--help`, in this order."""


@dataclass(frozen=True, slots=True)
class Flag:
    """`flag`: its name where the field has another; `off`: of a switch, where it is not `no-` and the name. `unset`: an
    option that is not given has no value, since the default is the trainer's own. `completes`: what the shell offers.
    """

    help: str
    panel: str
    flag: str | None = None
    off: str | None = None
    unset: bool = False
    completes: Literal["codes", "datasets"] | None = None


def flag_of(field: FieldInfo) -> Flag | None:
    """What a field is as an option; None where it is none."""
    return next((item for item in field.metadata if isinstance(item, Flag)), None)


def in_panel(model: type[BaseModel], panel: str) -> tuple[str, ...]:
    """The fields of a model whose options stand in a group."""
    flags = ((name, flag_of(field)) for name, field in model.model_fields.items())
    return tuple(name for name, flag in flags if flag is not None and flag.panel == panel)
