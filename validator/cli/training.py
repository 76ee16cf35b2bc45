"""`--train-config`: a training file's settings become the defaults of a check, and its CF rules run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from validator.cli.common import usage
from validator.option import DATA

if TYPE_CHECKING:
    from validator.engine.run_files.result import RunResult
    from validator.training.trl_config import TrlConfig


def _defaults(context: typer.Context, path: Path | None) -> Path | None:
    """Give the file's values to the command as defaults: environment variables and flags come before them."""
    if path is not None and not context.resilient_parsing:
        from validator.cli.from_model import option_names
        from validator.settings import Settings
        from validator.training.config import check_settings, load_config
        from validator.training.family import fed_as
        from validator.training.trl_config import is_trl_file, load_trl, trl_settings

        try:
            if is_trl_file(path):
                values = trl_settings(load_trl(path))
            else:
                given = load_config(path)
                values = check_settings(given) | fed_as(given)
        except ValueError as error:
            usage(error)
        other = option_names(Settings)
        named = {other.get(name, name): value for name, value in values.items() if value is not None}
        context.default_map = {**(context.default_map or {}), **named}
    return path


TRAIN_CONFIG = Annotated[
    Path | None,
    typer.Option(
        "--train-config",
        callback=_defaults,
        is_eager=True,
        help="LLaMA-Factory's or TRL's training file: uses its datasets, limits and switches, and checks its keys.",
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
    from validator.training.trl_config import is_trl_file, load_trl
    from validator.training.versions import find_versions

    chosen = find_versions(versions)
    if path is None:
        return None
    if is_trl_file(path):
        return _of_trl(load_trl(path))
    config = load_config(path)

    def judge(folder: Path) -> RunResult:
        from validator.auditing.case import training_case
        from validator.auditing.data import data_facts
        from validator.auditing.judge import keep
        from validator.engine.run_files.finished import FinishedRun

        run = FinishedRun(folder)
        return keep(run, training_case(config, chosen, data=data_facts(run, config)), [], {})

    return judge


def _of_trl(config: TrlConfig) -> Callable[[Path], RunResult]:
    """What judges a finished check's training file of TRL."""

    def judge(folder: Path) -> RunResult:
        from validator.auditing.judge import keep_trl
        from validator.engine.joined import columns_of
        from validator.engine.run_files.finished import FinishedRun
        from validator.training.trl_config import TrlCase

        run = FinishedRun(folder)
        entries = run.catalog().entries
        pictured = any({"image", "images"} & set(columns_of(entry)) for entry in entries)
        known = pictured or all(columns_of(entry) for entry in entries)
        return keep_trl(run, TrlCase(config, pictured if known else None))

    return judge
