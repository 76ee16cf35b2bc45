"""`--train-config`: a training file's settings become the defaults of a check, and its CF rules run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from validator.cli.common import usage
from validator.option import DATA

if TYPE_CHECKING:
    from validator.engine.run_files.result import RunResult

TRL, AXOLOTL = "trl", "axolotl"


def _defaults(context: typer.Context, path: Path | None) -> Path | None:
    """Give the file's values to the command as defaults: environment variables and flags come before them."""
    if path is not None and not context.resilient_parsing:
        from validator.cli.from_model import option_names
        from validator.settings import Settings

        try:
            values = _values(path)
        except ValueError as error:
            usage(error)
        other = option_names(Settings)
        named = {other.get(name, name): value for name, value in values.items() if value is not None}
        context.default_map = {**(context.default_map or {}), **named}
    return path


def _values(path: Path) -> dict[str, Any]:
    """The settings of a check that a file decides, whoever it is written for. Raises ValueError."""
    from validator.training.axolotl_config import axolotl_settings, load_axolotl
    from validator.training.config import check_settings, load_config
    from validator.training.family import fed_as
    from validator.training.trl_config import load_trl, trl_settings

    owner = _owner(path)
    if owner == TRL:
        return trl_settings(load_trl(path))
    if owner == AXOLOTL:
        return axolotl_settings(load_axolotl(path))
    given = load_config(path)
    return check_settings(given) | fed_as(given)


def _owner(path: Path) -> str | None:
    """The trainer for which a file that names data is written; None for LLaMA-Factory's."""
    from validator.catalog.training_files import read_training_file

    found = read_training_file(path)
    return found.trainer if found is not None else None


TRAIN_CONFIG = Annotated[
    Path | None,
    typer.Option(
        "--train-config",
        callback=_defaults,
        is_eager=True,
        help="A training file (LLaMA-Factory, TRL, axolotl): uses its datasets, limits and switches, checks its keys.",
        rich_help_panel=DATA,
    ),
]
VERSIONS = Annotated[
    str | None,
    typer.Option(
        "--versions",
        help="Versions used for training: deepspeed=0.14.4,torch=2.4.0. Default: those installed here.",
        rich_help_panel=DATA,
    ),
]


def training(path: Path | None, versions: str | None) -> Callable[[Path], RunResult] | None:
    """What judges a finished check's training file, None where there is none. Raises ValueError."""
    if path is None and versions is None:
        return None
    from validator.training.config import load_config
    from validator.training.versions import find_versions

    chosen = find_versions(versions)
    if path is None:
        return None
    owner = _owner(path)
    if owner is not None:
        return _of_its_trainer(owner, path)
    config = load_config(path)

    def judge(folder: Path) -> RunResult:
        from validator.auditing.case import training_case
        from validator.auditing.data import data_facts
        from validator.auditing.judge import keep
        from validator.engine.run_files.finished import FinishedRun

        run = FinishedRun(folder)
        return keep(run, training_case(config, chosen, data=data_facts(run, config)), [], {})

    return judge


def _of_its_trainer(owner: str, path: Path) -> Callable[[Path], RunResult]:
    """What judges a finished check's training file that is written for TRL or axolotl. Raises ValueError."""
    from validator.training.axolotl_config import AxolotlCase, load_axolotl
    from validator.training.trl_config import TrlCase, TrlConfig, load_trl

    config = load_trl(path) if owner == TRL else load_axolotl(path)

    def judge(folder: Path) -> RunResult:
        from validator.auditing.judge import keep_of_file
        from validator.auditing.pictured import has_column, has_pictures
        from validator.engine.run_files.finished import FinishedRun

        run = FinishedRun(folder)
        if isinstance(config, TrlConfig):
            return keep_of_file(run, TrlCase(config, has_column(run)))
        return keep_of_file(run, AxolotlCase(config, has_pictures(run)))

    return judge
