"""A whole replay of a finished run: choose, run the controls, then candidates with blind controls among them, judge."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import xxhash

from validator.engine.amend import load_summary, settings_of
from validator.facts.measure import limits_of
from validator.facts.replayed import Replayed, Step, Systemic, Verdict
from validator.replay.baseline import Baseline
from validator.replay.choice import Choice, choose
from validator.replay.crew import Crew, Task, local_gpus
from validator.replay.inputs import make_jobs
from validator.replay.job import Answer, Job, Key, Ready
from validator.replay.journal import Journal
from validator.replay.population import Member
from validator.replay.settings import ReplaySettings
from validator.replay.supervisor import Setup, Supervisor
from validator.replay.systemic import LADDER, PROBED, climbed, culprit, failing, withdrawn
from validator.replay.verdict import LEAST_ERROR, SAME, Yardstick, judge, point_of
from validator.tokens.processor import Processor, load_processor
from validator.trainer import DEFAULT

REFERENCED = 32
"""Controls that are also run in fp32 and twice, for the usual gradient error and the usual difference of repeats."""
ONCE, TWICE, COMPARED = ("bf16",), ("bf16", "repeat"), ("bf16", "repeat", "fp32")


class Progress(Protocol):
    """Is told how far a replay is."""

    def replaying(self, what: str, samples: int) -> None:
        """Samples of a kind are about to be replayed."""
        ...

    def row_done(self) -> None:
        """One more sample is done."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay found. `yardstick` holds the thresholds that the verdicts rest on."""

    samples: tuple[Replayed, ...]
    systemic: tuple[Systemic, ...]
    choice: Choice
    yardstick: Yardstick
    ready: Ready
    settings: ReplaySettings
    restarts: int = 0

    def of(self, group: str) -> list[Replayed]:
        """The samples of a group."""
        return [sample for sample in self.samples if sample.group == group]


def prepare(folder: Path, settings: ReplaySettings) -> Setup:
    """What a worker needs to replay a run. Raises ValueError where the folder holds no finished run."""
    run_settings = settings_of(load_summary(folder))
    if run_settings.trainer != DEFAULT:
        raise ValueError(f"a replay does what LLaMA-Factory since 0.9.3 does; this run is of {run_settings.trainer}")
    processor = load_processor(run_settings.processor)
    place = str(processor.folder) if processor.folder is not None else None
    return Setup(settings, limits_of(run_settings, processor).image, place, run_settings.trainer)


def replay(folder: Path, settings: ReplaySettings, progress: Progress, crew: Crew | None = None) -> Outcome:
    """Replay a finished run. Interrupted, it goes on with the next call.

    Raises ValueError for the user (no such model, no run, no device), StartError where no worker process comes up.
    """
    run_settings = settings_of(load_summary(folder))
    setup = prepare(folder, settings)
    choice = choose(folder, settings)
    jobs, missing = make_jobs(folder, run_settings, choice.all)
    crew = crew or local_gpus(setup, Supervisor(setup))
    finished = False
    journal = Journal(folder, _identity(setup, crew.ready))
    try:
        _fits(load_processor(run_settings.processor), crew.ready, settings)
        session = Session(setup, crew, journal, jobs, missing, progress)
        outcome = session.run(choice)
        finished = True
        return outcome
    finally:
        journal.close(finished=finished)
        crew.close()


class Session:
    """The order of a replay: what is run when."""

    def __init__(
        self,
        setup: Setup,
        crew: Crew,
        journal: Journal,
        jobs: Mapping[Key, Job],
        missing: Mapping[Key, str],
        progress: Progress,
    ) -> None:
        self._setup, self._settings, self._crew, self._journal = setup, setup.settings, crew, journal
        self._jobs, self._missing, self._progress = jobs, missing, progress

    def run(self, choice: Choice) -> Outcome:
        """Controls first, then candidates with the blind controls among them, then what needs the ladder."""
        controls = [member for member in choice.controls if member.key in self._jobs]
        answers = self._controls(controls)
        yardstick = self._yardstick(controls, answers)
        judged = [judge(member, "control", answers[member.key], yardstick) for member in controls]
        systemic = tuple(self._systemic(judged))
        partner = self._partner(controls)
        others = self._candidates(choice, yardstick, partner)
        others = [self._settled(sample, systemic) for sample in others]
        others = self._climb(others, partner, yardstick)
        return Outcome(tuple(others + judged), systemic, choice, yardstick, self._crew.ready, self._settings)

    def _controls(self, controls: Sequence[Member]) -> dict[Key, Answer]:
        arms = COMPARED if self._settings.judges_statistics else TWICE
        step = max(1, len(controls) // REFERENCED)
        referenced = {member.key for member in controls[::step][:REFERENCED]}
        return self._answers(
            "controls", [(member.key, arms if member.key in referenced else ONCE) for member in controls]
        )

    def _yardstick(self, controls: Sequence[Member], answers: Mapping[Key, Answer]) -> Yardstick:
        steps = [step for answer in answers.values() for step in answer.steps]
        vocabulary = self._crew.ready.vocabulary
        tolerance = max(SAME, 3.0 * max((_apart(answer) for answer in answers.values()), default=0.0))
        if not self._settings.judges_statistics:
            return Yardstick(repeat_tolerance=tolerance, vocabulary=vocabulary)
        errors = [
            step.relative_gradient_error
            for step in steps
            if step.arm == "fp32" and step.relative_gradient_error is not None
        ]
        points = [point_of(member, answers[member.key].steps[0]) for member in controls]
        baseline = Baseline([point for point in points if point is not None])
        return Yardstick(baseline, float(np.median(errors)) if errors else None, tolerance, vocabulary)

    def _systemic(self, controls: Sequence[Replayed]) -> Iterable[Systemic]:
        for modality, failure, failed in failing(controls):
            mine = [control for control in controls if control.modality == modality]
            partner = next(
                (self._jobs[other.dataset, other.file, other.row] for other in mine if other not in failed), None
            )
            tasks = [((item.dataset, item.file, item.row), LADDER) for item in failed[:PROBED]]
            answers = self._answers(f"{modality} controls that fail", tasks, partner)
            ladder = climbed([answer.steps for answer in answers.values()], LEAST_ERROR)
            if self._settings.reference_model is not None:
                ladder["reference"] = self._on_reference([key for key, _ in tasks], self._settings.reference_model)
            first = failed[0].step.first_nonfinite if failed[0].step is not None else None
            datasets = tuple(sorted({item.dataset for item in failed}))
            asked = _asked(mine, failure)
            yield Systemic(modality, failure, len(failed), asked, first, ladder, culprit(failure, ladder), datasets)

    def _on_reference(self, keys: Sequence[Key], model: str) -> str:
        """What becomes of failing samples on the reference model."""
        settings = self._settings.model_copy(update={"model": model})
        with Supervisor(replace(self._setup, settings=settings)) as other:
            steps = [other.measure(self._jobs[key], COMPARED).steps for key in keys]
        ladder = climbed(steps, LEAST_ERROR)
        return ladder["bf16"] if ladder["bf16"] != "finite" else ladder["fp32"]  # finite, and fp32 close to it

    def _candidates(self, choice: Choice, yardstick: Yardstick, partner: Job | None) -> list[Replayed]:
        arms = COMPARED if self._settings.judges_statistics else TWICE
        groups = {member.key: (member, "candidate") for member in choice.candidates}
        groups |= {member.key: (member, "blind") for member in choice.blind}
        order = sorted(groups)
        random.Random(self._settings.seed).shuffle(order)
        answers = self._answers("candidates", [(key, arms) for key in order if key in self._jobs], partner)
        samples = []
        for key, (member, group) in groups.items():
            if key in answers:
                samples.append(judge(member, group, answers[key], yardstick))
            else:
                samples.append(self._without_job(member, group))
        return samples

    def _without_job(self, member: Member, group: str) -> Replayed:
        known = (*member.key, member.sample_id, group, member.modality, member.num_tokens)
        error = member.trainer_error
        step = Step("bf16", "preprocessing", exception=error) if error else None
        verdict = "CRASH" if error else "INCONCLUSIVE"
        why = (
            f"preprocessing stops at it: {error}" if error else self._missing.get(member.key, "nothing is known of it")
        )
        return Replayed(*known, verdict, why, step, static=member.static, risk_score=member.risk)  # type: ignore[arg-type]

    def _settled(self, sample: Replayed, systemic: Sequence[Systemic]) -> Replayed:
        """What other samples' verdicts and the static pass make of a verdict."""
        if sample.step is not None and sample.step.stage == "preprocessing":
            return sample
        if withdrawn(sample, systemic):
            return replace(
                sample, verdict="INCONCLUSIVE", why=f"healthy controls fail too; alone it was {sample.verdict}"
            )
        if sample.verdict == "STABLE" and sample.static:
            return replace(
                sample,
                verdict="STATIC_ONLY",
                why=f"{sample.why}; a finite step does not answer {', '.join(sample.static)}",
            )
        return sample

    def _climb(self, samples: list[Replayed], partner: Job | None, yardstick: Yardstick) -> list[Replayed]:
        """Send what is not finite up the ladder, to tell the sample from the backend."""
        keys = [
            (sample.dataset, sample.file, sample.row)
            for sample in samples
            if sample.verdict in ("NON_FINITE", "PRECISION_SENSITIVE")
        ]
        answers = self._answers("samples that are not finite", [(key, LADDER) for key in keys], partner) if keys else {}
        climbed_samples = []
        for sample in samples:
            answer = answers.get((sample.dataset, sample.file, sample.row))
            if answer is not None:
                ladder = climbed([answer.steps], yardstick.error_limit)
                finite = [arm for arm in LADDER[2:] if ladder.get(arm) == "finite"]
                remedy = finite[0] if sample.verdict == "NON_FINITE" and finite else sample.remedy
                sample = replace(sample, ladder=ladder, remedy=remedy)
            climbed_samples.append(sample)
        return climbed_samples

    def _partner(self, controls: Sequence[Member]) -> Job | None:
        """A short control, for padded batches."""
        shortest = min(controls, key=lambda member: (member.num_tokens, member.place), default=None)
        return self._jobs[shortest.key] if shortest is not None else None

    def _answers(
        self, what: str, wanted: Sequence[tuple[Key, tuple[str, ...]]], partner: Job | None = None
    ) -> dict[Key, Answer]:
        self._progress.replaying(what, len(wanted))
        found: dict[Key, Answer] = {}
        tasks: list[Task] = []
        for key, arms in wanted:
            known = self._journal.find(self._jobs[key], arms)
            if known is not None:
                found[key] = known
                self._progress.row_done()
            else:
                tasks.append((self._jobs[key], arms, partner))
        for number, answer in self._crew.answers(tasks):
            job, arms, _ = tasks[number]
            self._journal.note(job, arms, answer)
            found[job.key] = answer
            self._progress.row_done()
        return found


def _asked(controls: Sequence[Replayed], failure: Verdict) -> int:
    """Controls that could have failed so: only some are run in fp32."""
    if failure != "PRECISION_SENSITIVE":
        return len(controls)
    return sum(control.relative_gradient_error is not None for control in controls)


def _apart(answer: Answer) -> float:
    """The relative difference of the losses of a step and its repeat."""
    losses = {step.arm: step.loss for step in answer.steps if step.finite}
    one, two = losses.get("bf16"), losses.get("repeat")
    return abs(one - two) / max(abs(one), 1e-12) if one is not None and two is not None else 0.0


def _fits(processor: Processor, ready: Ready, settings: ReplaySettings) -> None:
    largest = max(processor.encoder.special_tokens.values())
    if largest >= ready.vocabulary:
        raise ValueError(
            f"--model {settings.model} has {ready.vocabulary:,} tokens and the processor {processor.name} ids up to "
            f"{largest:,}: give the model's own folder as --processor too"
        )


def _identity(setup: Setup, ready: Ready) -> str:
    """Names everything that a step depends on besides the sample."""
    parts = (setup.settings.model_dump(exclude={"candidates", "controls", "blind"}), setup.limits, setup.trainer, ready)
    return xxhash.xxh3_64_hexdigest(repr(parts).encode())
