"""What of a run is written: all of it, or what a training file feeds, where the run was made for that."""

from __future__ import annotations

from validator.engine.run_files.finished import FinishedRun
from validator.settings import Settings
from validator.training.config import TrainingConfig
from validator.training.feeding import Feeding, comparable, fed_settings, feeding_of


def asked(run: FinishedRun, config: TrainingConfig | None) -> Feeding:
    """The data sets that a training file feeds; without one those of the run, in the order in which they were named for
    it, else in that of their names. Raises ValueError where the file cannot be carried out, and where the run was made
    under other settings than those of the file.
    """
    names = tuple(entry.name for entry in run.catalog().entries)
    if config is None:
        return Feeding(run.settings.datasets or names)
    feeding = feeding_of(config)
    values = fed_settings(config)
    wanted = Settings(**values)
    for name in (name for name in values if name != "datasets"):
        theirs, ours = comparable(wanted, name), comparable(run.settings, name)
        if theirs != ours:
            raise ValueError(
                f"{config.path} means {name} {theirs}, and the run was made with {ours}: check the data with "
                f"`mmvalidate check --train-config {config.path}` first."
            )
    if missing := [name for name in wanted.datasets if name not in names]:
        raise ValueError(f"The run has not checked {', '.join(missing)}, which {config.path} names.")
    return feeding
