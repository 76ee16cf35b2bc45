"""What a field of a model is as an option of the commands. It stands at the field, and nowhere else: flags, variables
(`MMVALIDATE_CUTOFF_LEN`), keys of mmvalidate.toml, its schema and the docs are made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
