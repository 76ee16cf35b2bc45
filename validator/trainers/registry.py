"""Which trainers there are: those here, and those of installed packages (entry points of the group GROUP).

Both are named by a module that has `TRAINERS`, its releases, the newest first. They are loaded when they are asked for,
so that this file stands below all that a trainer is made of.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from validator.nearest import did_you_mean
from validator.trainers.base import Trainer

GROUP = "mmvalidate.trainers"
DEFAULT = "llamafactory"
_MODULES = {
    DEFAULT: "validator.trainers.llamafactory.profile",
    "trl": "validator.trainers.transformers.profile",
    "qwen-vl-utils": "validator.trainers.qwen_vl_utils.profile",
    "ms-swift": "validator.trainers.ms_swift.profile",
    "unsloth": "validator.trainers.unsloth.profile",
    "llamafactory-v1": "validator.trainers.llamafactory_v1.profile",
    "nemo-automodel": "validator.trainers.nemo_automodel.profile",
    "axolotl": "validator.trainers.axolotl.profile",
}
_EARLIER = {DEFAULT: "@main to @0.9.1"}
NAMES = ", ".join(name + (f" (also {_EARLIER[name]})" if name in _EARLIER else "") for name in _MODULES)
"""All names, for help: no trainer is loaded for it."""
WHOSE = {
    "template": "LLaMA-Factory's",
    "reasoning_effort": "LLaMA-Factory's",
    "truncation_strategy": "ms-swift's",
    "strict": "ms-swift's",
    "assistant_only_loss": "TRL's",
    "completion_only_loss": "TRL's",
    "resize": "unsloth's",
    "train_on_responses_only": "unsloth's",
}
"""Of settings that few trainers have (`Trainer.options`), whose they are, for help."""
TAKES_DATA = "trl, ms-swift, unsloth, llamafactory-v1 or axolotl"
"""The trainers that take data alone in place of a registry."""
OTHER_HUB = {"ms-swift": "ms-swift itself takes it from ModelScope, unless started with --use_hf true"}
"""Trainers that look elsewhere for what is named as on the hub. Source: ms-swift 4.6.0 `dataset/loader.py`."""
TAKES_YAML = "llamafactory-v1"
"""The trainer whose registry is YAML."""
CALLED = ("qwen-vl-utils",)
"""Packages that trainers' rooms call where they are installed: answers rest on their releases."""
_NOT_BUILT = {
    "llamafactory@0.9.0": "it limits the longer side of images instead of their pixels",
}
"""Known trainers without a profile, and what they do that none here does."""
_SAME = {f"{DEFAULT}@0.9.5": DEFAULT, "hf": "trl"}


@cache
def trainers() -> dict[str, Trainer]:
    """All trainers by name. Raises ValueError where an installed package's cannot be used."""
    ours = {trainer.name: trainer for module in _MODULES.values() for trainer in import_module(module).TRAINERS}
    return ours | {name: trainer for name, (trainer, _) in _installed().items()}


def origin_of(name: str) -> str:
    """The package, with its version, that a trainer comes from; "" for those here. Results are kept under it.

    Raises ValueError as `trainers`.
    """
    return "" if name.partition("@")[0] in _MODULES else _installed()[name][1]


@cache
def _installed() -> dict[str, tuple[Trainer, str]]:
    found: dict[str, tuple[Trainer, str]] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        package = f"{point.dist.name} {point.dist.version}" if point.dist else point.name
        try:
            added = tuple(point.load().TRAINERS)
        except Exception as error:  # the code of others
            raise ValueError(f"The trainers of {package} cannot be loaded: {type(error).__name__}: {error}.") from None
        for trainer in added:
            if not isinstance(trainer, Trainer):
                raise ValueError(f"The trainers of {package} cannot be used: not all are of the class Trainer.")
            if trainer.family in _MODULES or trainer.name in found:
                raise ValueError(f"The trainer {trainer.name} of {package} cannot be used: its name is taken.")
            found[trainer.name] = trainer, package
    return found


@cache
def trainer_named(name: str) -> Trainer:
    """The trainer of a name. Raises ValueError with the names that there are."""
    name = _SAME.get(name, name)
    family = name.partition("@")[0]
    if family in _MODULES:  # the others are not loaded for it
        for trainer in import_module(_MODULES[family]).TRAINERS:
            if trainer.name == name:
                return trainer  # type: ignore[no-any-return]
    known = trainers()
    if name in _NOT_BUILT:
        raise ValueError(f"The trainer {name} is not reproduced: {_NOT_BUILT[name]}. Known: {', '.join(known)}.")
    if name not in known:
        guess = did_you_mean(name, (*known, *_SAME))
        raise ValueError(f"There is no trainer profile {name}.{guess} Known: {', '.join(known)}.")
    return known[name]
