"""A whole replay of a finished run: choose, replay on the model, and on the reference model where there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import xxhash

from validator.engine.run_files.finished import FinishedRun
from validator.facts.recipe import limits_of
from validator.facts.replayed import Replayed, Systemic
from validator.replaying.choice import Selection, choose
from validator.replaying.comparison import CheckpointComparison, compare
from validator.replaying.crew import Crew, local_gpus
from validator.replaying.inputs import make_jobs
from validator.replaying.job import Ready
from validator.replaying.journal import Journal
from validator.replaying.loading import check_reproduced
from validator.replaying.session import ReplayProgress, Session
from validator.replaying.settings import ReplaySettings
from validator.replaying.supervisor import Setup, Supervisor
from validator.replaying.trial import Remaker
from validator.replaying.verdict import Yardstick
from validator.tokens.processor import Processor, load_processor

Hire = Callable[[Setup], Crew]
"""Starts the processes of a replay on one model."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay found. `yardstick` holds the thresholds that the verdicts rest on."""

    samples: tuple[Replayed, ...]
    systemic: tuple[Systemic, ...]
    choice: Selection
    yardstick: Yardstick
    ready: Ready
    settings: ReplaySettings
    comparison: CheckpointComparison | None = None

    def of(self, group: str) -> list[Replayed]:
        """The samples of a group."""
        return [sample for sample in self.samples if sample.group == group]


def prepare(run: FinishedRun, settings: ReplaySettings) -> Setup:
    """What a worker needs to replay a run."""
    check_reproduced(run.settings.profile)
    processor = load_processor(run.settings.processor)
    place = str(processor.folder) if processor.folder is not None else None
    return Setup(settings, limits_of(run.settings, processor).image, place, run.settings.profile)


def hire(setup: Setup) -> Crew:
    """A process, or one for each GPU of this machine."""
    return local_gpus(setup, Supervisor(setup))


def replay(run: FinishedRun, settings: ReplaySettings, progress: ReplayProgress, hire: Hire = hire) -> Outcome:
    """Replay a finished run. Interrupted, it goes on with the next call.

    The reference model takes the device when the model has left it: both need not fit together. Raises ValueError for
    the user (no such model, no device), ReplayStartError where no worker process comes up.
    """
    setup = prepare(run, settings)
    choice = choose(run, settings)
    jobs, missing = make_jobs(run, run.settings, choice.all)
    processor = load_processor(run.settings.processor)
    journals: list[Journal] = []

    def session(setup: Setup, crew: Crew) -> Session:
        journals.append(Journal(run.folder, _identity(setup, crew.ready)))
        _fits(processor, crew.ready, setup.settings)
        return Session(setup.settings, crew, journals[-1], jobs, missing, progress, Remaker(run, run.settings))

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
        return Outcome(samples, systemic, choice, judged.yardstick, crew.ready, settings, comparison)
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
