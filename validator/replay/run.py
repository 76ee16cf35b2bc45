"""A whole replay of a finished run: choose, replay on the model, and on the reference model where there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xxhash

from validator.engine.amend import identity_of, load_summary, settings_of
from validator.facts.measure import limits_of
from validator.facts.replayed import Replayed, Systemic
from validator.replay.choice import Selection, choose
from validator.replay.comparison import CheckpointComparison, compare
from validator.replay.crew import Crew, local_gpus
from validator.replay.inputs import make_jobs
from validator.replay.job import Ready
from validator.replay.journal import Journal
from validator.replay.loading import check_reproduced
from validator.replay.session import ReplayProgress, Session
from validator.replay.settings import ReplaySettings
from validator.replay.supervisor import Setup, Supervisor
from validator.replay.trial import Remaker
from validator.replay.verdict import Yardstick
from validator.tokens.processor import Processor, load_processor

Hire = Callable[[Setup], Crew]
"""Starts the processes of a replay on one model."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay found. `yardstick` holds the thresholds that the verdicts rest on; `run` is the identity of the run
    whose rows were replayed.
    """

    samples: tuple[Replayed, ...]
    systemic: tuple[Systemic, ...]
    choice: Selection
    yardstick: Yardstick
    ready: Ready
    settings: ReplaySettings
    run: str
    comparison: CheckpointComparison | None = None

    def of(self, group: str) -> list[Replayed]:
        """The samples of a group."""
        return [sample for sample in self.samples if sample.group == group]


def prepare(folder: Path, settings: ReplaySettings) -> Setup:
    """What a worker needs to replay a run. Raises ValueError where the folder holds no finished run."""
    run_settings = settings_of(load_summary(folder))
    check_reproduced(run_settings.profile)
    processor = load_processor(run_settings.processor)
    place = str(processor.folder) if processor.folder is not None else None
    return Setup(settings, limits_of(run_settings, processor).image, place, run_settings.profile)


def hire(setup: Setup) -> Crew:
    """A process, or one for each GPU of this machine."""
    return local_gpus(setup, Supervisor(setup))


def replay(folder: Path, settings: ReplaySettings, progress: ReplayProgress, hire: Hire = hire) -> Outcome:
    """Replay a finished run. Interrupted, it goes on with the next call.

    The reference model takes the device when the model has left it: both need not fit together. Raises ValueError for
    the user (no such model, no run, no device), StartError where no worker process comes up.
    """
    run = identity_of(folder)
    run_settings = settings_of(load_summary(folder))
    setup = prepare(folder, settings)
    choice = choose(folder, settings)
    jobs, missing = make_jobs(folder, run_settings, choice.all)
    processor = load_processor(run_settings.processor)
    journals: list[Journal] = []

    def session(setup: Setup, crew: Crew) -> Session:
        journals.append(Journal(folder, _identity(setup, crew.ready)))
        _fits(processor, crew.ready, setup.settings)
        return Session(setup.settings, crew, journals[-1], jobs, missing, progress, Remaker(folder, run_settings))

    finished = False
    try:
        crew = hire(setup)
        try:
            judged = session(setup, crew).run(choice)
            weights = crew.weights() if settings.reference_model is not None else None
        finally:
            crew.close()
        samples, systemic, comparison = judged.samples, judged.systemic, None
        if settings.reference_model is not None:
            other = setup.on(settings.reference_model)
            reference = hire(other)
            try:
                samples, systemic, comparison = compare(
                    judged, session(other, reference), choice, weights, reference.weights()
                )
            finally:
                reference.close()
        finished = True
        return Outcome(samples, systemic, choice, judged.yardstick, crew.ready, settings, run, comparison)
    finally:
        for journal in journals:
            journal.close(finished=finished)


def _fits(processor: Processor, ready: Ready, settings: ReplaySettings) -> None:
    largest = max(processor.encoder.special_tokens.values())
    if largest >= ready.vocabulary:
        raise ValueError(
            f"--model {settings.model} has {ready.vocabulary:,} tokens and the processor {processor.name} ids up to "
            f"{largest:,}: give the model's own folder as --processor too"
        )


def _identity(setup: Setup, ready: Ready) -> str:
    """Names everything that a step depends on besides the sample."""
    apart = {"candidates", "controls", "blind", "remedies", "k_step", "reference_model"}
    parts = (setup.settings.model_dump(exclude=apart), setup.limits, setup.trainer.name, setup.trainer.video, ready)
    return xxhash.xxh3_64_hexdigest(repr(parts).encode())
