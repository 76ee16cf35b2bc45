"""`plan`, `plan_models`, `export`, `tokenize` and `diff`: what is made of finished runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from validator.api.check import Location, check, folder_of
from validator.api.given import check_choice, check_least, sentences, several
from validator.api.run import Run
from validator.engine.compare.runs import Comparison, compare
from validator.engine.run_files.finished import FinishedRun
from validator.execution import Execution
from validator.exporting.export import Export
from validator.exporting.export import export as write
from validator.exporting.media import MediaMode
from validator.exporting.policy import make_policy
from validator.findings import SEVERITIES, Severity
from validator.planning.models import ALL, ModelPlan
from validator.planning.models import plan_models as count_models
from validator.planning.plan import Plan
from validator.planning.plan import plan as count
from validator.report.progress import StderrProgress
from validator.tokenizing.tokenize import tokenize as write_rows
from validator.training.config import load_config


def plan(
    run: Run | Location,
    *,
    cutoff_len: Sequence[int] = (),
    image_max_pixels: Sequence[int] = (),
    batch_size: int = 8,
) -> Plan:
    """What other limits would make of a finished run: every pair of `cutoff_len` (tokens) and `image_max_pixels`; of
    what is not named, the run's own. `batch_size`: rows of a batch on a device, for the padding.

    Raises ValueError where the trainer would refuse a limit.
    """
    check_least(1, batch_size=batch_size)
    with sentences():
        return count(
            FinishedRun.whole(folder_of(run)),
            sorted(set(several("cutoff_len", cutoff_len))),
            sorted(set(several("image_max_pixels", image_max_pixels))),
            batch_size,
        )


def plan_models(
    run: Run | Location,
    processors: Sequence[str] = (ALL,),
    *,
    cutoff_len: int | None = None,
    image_max_pixels: int | None = None,
    batch_size: int = 8,
) -> ModelPlan:
    """What other models would make of a finished run, side by side: its own, and `processors` as `check` takes them
    (`all`: those that need no files), under one `cutoff_len` (tokens) and `image_max_pixels`, by default the run's.
    `batch_size`: rows of a batch on a device, for the padding.

    Raises ValueError where a processor cannot be loaded or the trainer would refuse a limit, ChangedDataError where
    data that must be read again are no longer those of the run, OSError where they cannot be read.
    """
    check_least(1, batch_size=batch_size)
    given = {"cutoff_len": cutoff_len, "image_max_pixels": image_max_pixels}
    changes = {name: value for name, value in given.items() if value is not None}
    with sentences():
        return count_models(FinishedRun.whole(folder_of(run)), several("processors", processors), changes, batch_size)


def export(
    run: Run | Location,
    to: Location,
    *,
    drop_on: Severity = "error",
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    keep_unchecked: bool = False,
    fix: bool = False,
    boxes_are: Sequence[str] = (),
    media: MediaMode = "link",
    rules: Sequence[Location] | None = None,
    progress: bool = False,
) -> Export:
    """Write a copy of the data of a finished run without the rows that fail, to a new folder; the original stays as it
    is. Parameters are those of `mmvalidate export`. The copy is not checked: `check_copy` does that.

    Raises ValueError where the data have changed since the run, the folder is taken or a word stands for no rule,
    ChangedDataError where the data change meanwhile, OSError where something cannot be read or written. Of a run that
    was judged by files of rules, `rules` says by which to judge now (`()` for none).
    """
    check_choice("drop_on", drop_on, SEVERITIES)
    check_choice("media", media, get_args(MediaMode))
    finished = FinishedRun.whole(folder_of(run))
    policy = make_policy(drop_on, several("drop", drop), several("keep", keep), finished.plugins, keep_unchecked)
    given = None if rules is None else tuple(Path(rule).absolute() for rule in several("rules", rules))
    judging = finished.rules_to_run(given)
    with StderrProgress(quiet=not progress) as told:
        return write(
            finished,
            Path(to),
            policy,
            media,
            fix=fix,
            boxes_are=several("boxes_are", boxes_are),
            rules=judging,
            progress=told,
        )


def tokenize(
    run: Run | Location,
    to: Location,
    *,
    train_config: Location | None = None,
    drop_on: Severity = "error",
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    execution: Execution | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Write the rows of a finished run to a new folder as its trainer would have preprocessed them, and return what
    the folder says of itself. Parameters are those of `mmvalidate tokenize`.

    Raises ValueError where that is not reproduced, the data have changed since the run or the folder is taken, OSError
    where something cannot be read or written.
    """
    check_choice("drop_on", drop_on, SEVERITIES)
    finished = FinishedRun.whole(folder_of(run))
    policy = make_policy(drop_on, several("drop", drop), several("keep", keep), finished.plugins, False)
    config = None if train_config is None else load_config(Path(train_config))
    with StderrProgress(quiet=not progress) as told:
        return write_rows(finished, Path(to), policy, config=config, execution=execution, progress=told).card


def check_copy(
    done: Export, *, run_dir: Location | None = None, execution: Execution | None = None, progress: bool = False
) -> Run:
    """Check the copy that an export has written, under the settings of its run. Raises as `check` does."""
    return check(done.settings, run_dir=run_dir, execution=execution, progress=progress)


def diff(earlier: Run | Location, later: Run | Location) -> Comparison:
    """What is new and what is gone between two finished runs; rows are known again by their content.

    Raises UnusableRunError where one of them is damaged.
    """
    return compare(FinishedRun.whole(folder_of(earlier)), FinishedRun.whole(folder_of(later)))
