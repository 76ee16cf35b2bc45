"""The order of a replay on one model: controls, candidates with blind controls among them, verdicts, remedies."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from validator.facts.replayed import Replayed, Step, Systemic, Verdict
from validator.replaying.choice import Selection
from validator.replaying.crew import Crew
from validator.replaying.job import Answer, Job, Key, Task
from validator.replaying.journal import Journal
from validator.replaying.paired import LEAST, SEEDS, paired
from validator.replaying.population import Member
from validator.replaying.remedies import Tried, first_that_helps, outcomes, trained
from validator.replaying.settings import ReplaySettings
from validator.replaying.systemic import LADDER, PROBED, climbed, culprit, failing, withdrawn
from validator.replaying.trial import Remaker, neighbours, resized, same, teachers, unstable
from validator.replaying.verdict import LEAST_ERROR, Yardstick, judge
from validator.replaying.yardstick import referenced, yardstick_of

ONCE, TWICE, COMPARED = ("bf16",), ("bf16", "repeat"), ("bf16", "repeat", "fp32")


class ReplayProgress(Protocol):
    """Is told how far a replay is."""

    def replaying(self, what: str, samples: int) -> None:
        """Samples of a kind are about to be replayed."""
        ...

    def row_done(self) -> None:
        """One more sample is done."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """What one model's replay found. `yardstick` holds the thresholds that the verdicts rest on."""

    samples: tuple[Replayed, ...]
    systemic: tuple[Systemic, ...]
    yardstick: Yardstick


class Session:
    """One model and the jobs of a choice. Without `remaker` no sample is tried under other limits. `seeds`: of the
    courses that samples are trained on in.
    """

    def __init__(
        self,
        settings: ReplaySettings,
        crew: Crew,
        journal: Journal,
        jobs: Mapping[Key, Job],
        missing: Mapping[Key, str],
        progress: ReplayProgress,
        remaker: Remaker | None = None,
        seeds: int = SEEDS,
    ) -> None:
        self._settings, self._crew, self._journal = settings, crew, journal
        self._jobs, self._missing, self._progress, self._remaker = jobs, missing, progress, remaker
        self._seeds = seeds

    def run(self, choice: Selection, *, thorough: bool = True) -> Judged:
        """Controls, then candidates with the blind controls among them; `thorough`: then the ladder and remedies."""
        controls = [member for member in choice.controls if member.key in self._jobs]
        answers = self._controls(controls)
        yardstick = yardstick_of(
            controls, answers, self._crew.ready.vocabulary, statistical=self._settings.judges_statistics
        )
        judged = [judge(member, "control", answers[member.key], yardstick) for member in controls]
        systemic = tuple(self._systemic(judged, thorough))
        partner = self._partner(controls)
        others = self._candidates(choice, yardstick)
        others = [self._settled(sample, systemic) for sample in others]
        if thorough:
            others = self._climb(others, partner, yardstick)
            others = self._remedied(others, choice, judged, yardstick)
            others = self._trained(others, judged)
        return Judged(tuple(others + judged), systemic, yardstick)

    def probe(self, keys: Sequence[Key]) -> dict[Key, Answer]:
        """Samples in bf16, again and in fp32, on this model."""
        return self._answers("controls that fail elsewhere", [Task(self._jobs[key], COMPARED) for key in keys])

    def _controls(self, controls: Sequence[Member]) -> dict[Key, Answer]:
        arms = COMPARED if self._settings.judges_statistics else TWICE
        thorough = referenced(controls)
        return self._answers(
            "controls",
            [Task(self._jobs[member.key], arms if member.key in thorough else ONCE) for member in controls],
        )

    def _systemic(self, controls: Sequence[Replayed], thorough: bool) -> Iterable[Systemic]:
        for modality, failure, failed in failing(controls):
            mine = [control for control in controls if control.modality == modality]
            ladder: dict[str, str] = {}
            if thorough:
                partners = tuple(self._jobs[other.key] for other in mine if other not in failed)[:1]
                tasks = [Task(self._jobs[item.key], LADDER, partners) for item in failed[:PROBED]]
                answers = self._answers(f"{modality} controls that fail", tasks)
                ladder = climbed([answer.steps for answer in answers.values()], LEAST_ERROR)
            first = failed[0].step.first_nonfinite if failed[0].step is not None else None
            datasets = tuple(sorted({item.dataset for item in failed}))
            probed = tuple(item.key for item in failed[:PROBED])
            asked = _asked(mine, failure)
            yield Systemic(
                modality, failure, len(failed), asked, first, ladder, culprit(failure, ladder), datasets, probed
            )

    def _candidates(self, choice: Selection, yardstick: Yardstick) -> list[Replayed]:
        arms = COMPARED if self._settings.judges_statistics else TWICE
        groups = {member.key: (member, "candidate") for member in choice.candidates}
        groups |= {member.key: (member, "blind") for member in choice.blind}
        order = sorted(groups)
        random.Random(self._settings.seed).shuffle(order)
        answers = self._answers("candidates", [Task(self._jobs[key], arms) for key in order if key in self._jobs])
        samples = []
        for key, (member, group) in groups.items():
            if key in answers:
                samples.append(judge(member, group, answers[key], yardstick))
            else:
                samples.append(self._without_job(member, group))
        return samples

    def _without_job(self, member: Member, group: str) -> Replayed:
        error = member.trainer_error
        step = Step("bf16", "preprocessing", exception=error) if error else None
        why = (
            f"preprocessing stops at it: {error}" if error else self._missing.get(member.key, "nothing is known of it")
        )
        return Replayed(
            dataset=member.dataset,
            file=member.file,
            row=member.row,
            sample_id=member.sample_id,
            group=group,  # type: ignore[arg-type]
            modality=member.modality,
            num_tokens=member.num_tokens,
            verdict="CRASH" if error else "INCONCLUSIVE",
            why=why,
            step=step,
            static=member.static,
            risk_score=member.risk,
        )

    def _settled(self, sample: Replayed, systemic: Sequence[Systemic]) -> Replayed:
        """What other samples' verdicts and the static pass make of a verdict."""
        if sample.step is not None and sample.step.stage == "preprocessing":
            return sample
        if withdrawn(sample, systemic):
            why = f"healthy controls fail too; alone it was {sample.verdict}"
            return replace(sample, verdict="INCONCLUSIVE", why=why, alone=sample.verdict)
        if sample.verdict == "STABLE" and sample.static:
            return replace(
                sample,
                verdict="STATIC_ONLY",
                why=f"{sample.why}; a finite step does not answer {', '.join(sample.static)}",
            )
        return sample

    def _climb(self, samples: list[Replayed], partner: Job | None, yardstick: Yardstick) -> list[Replayed]:
        """Send what is not finite up the ladder, to tell the sample from the backend."""
        partners = () if partner is None else (partner,)
        failed = [sample for sample in samples if sample.verdict in ("NON_FINITE", "PRECISION_SENSITIVE")]
        if not failed:
            return samples
        tasks = [Task(self._jobs[sample.key], LADDER, partners) for sample in failed]
        answers = self._answers("samples that are not finite", tasks)
        return [
            replace(sample, ladder=climbed([answers[sample.key].steps], yardstick.error_limit))
            if sample.key in answers
            else sample
            for sample in samples
        ]

    def _remedied(
        self, samples: list[Replayed], choice: Selection, controls: Sequence[Replayed], yardstick: Yardstick
    ) -> list[Replayed]:
        """Try the remedies on what is not stable."""
        chosen = unstable(samples, self._jobs, self._settings.remedies)
        if not chosen:
            return samples
        members = {member.key: member for member in choice.all}
        sound = [members[control.key] for control in controls if control.step is not None and control.step.finite]
        other = "eager" if self._settings.attention != "eager" else "sdpa"
        arms = ("bf16", "fp32", other, "padded", "padded_fp32", "window")
        tasks = [Task(job := self._jobs[sample.key], arms, neighbours(job, sound, self._jobs)) for sample in chosen]
        answers = self._answers("remedies", tasks)
        changed = self._changed([members[sample.key] for sample in chosen])
        found = {}
        for sample in chosen:
            mine = {name: trials[sample.key] for name, trials in changed.items() if sample.key in trials}
            tried = Tried(members[sample.key], answers[sample.key], other, mine)
            remedies = outcomes(sample, tried, yardstick)
            found[sample.key] = replace(sample, remedies=remedies, remedy=first_that_helps(remedies))
        return [found.get(sample.key, sample) for sample in samples]

    def _trained(self, samples: list[Replayed], controls: Sequence[Replayed]) -> list[Replayed]:
        """Train for a few steps on what is not stable and has a step."""
        ended = [sample for sample in samples if sample.step is not None and sample.step.stage == "done"]
        chosen = unstable(ended, self._jobs, self._settings.k_step)
        pool = [self._jobs[key] for key in teachers(controls)]
        if not chosen or len(pool) < LEAST:
            return samples
        found = paired([self._jobs[sample.key] for sample in chosen], pool, self._answers, self._seeds)
        return [trained(sample, found[sample.key]) if sample.key in found else sample for sample in samples]

    def _changed(self, members: Sequence[Member]) -> dict[str, dict[Key, tuple[Member, Answer] | None]]:
        """Samples under other limits; None where these leave a sample as it is."""
        found: dict[str, dict[Key, tuple[Member, Answer] | None]] = {}
        if self._remaker is None:
            return found
        arms = ("bf16", "fp32") if self._settings.judges_statistics else ONCE
        for name, change in self._remaker.changes().items():
            jobs = self._remaker.jobs(change, members)
            others = {key: job for key, job in jobs.items() if not same(job, self._jobs[key])}
            answers = self._answers(name, [Task(job, arms) for job in others.values()])
            found[name] = {
                member.key: (resized(member, others[member.key]), answers[member.key]) if member.key in others else None
                for member in members
                if member.key in jobs
            }
        return found

    def _partner(self, controls: Sequence[Member]) -> Job | None:
        """A short control, for padded batches."""
        shortest = min(controls, key=lambda member: (member.num_tokens, member.place), default=None)
        return self._jobs[shortest.key] if shortest is not None else None

    def _answers(self, what: str, wanted: Sequence[Task]) -> dict[Key, Answer]:
        self._progress.replaying(what, len(wanted))
        found: dict[Key, Answer] = {}
        tasks: list[Task] = []
        for task in wanted:
            known = self._journal.find(task)
            if known is not None:
                found[task.job.key] = known
                self._progress.row_done()
            else:
                tasks.append(task)
        for number, answer in self._crew.answers(tasks):
            self._journal.note(tasks[number], answer)
            found[tasks[number].job.key] = answer
            self._progress.row_done()
        return found


def _asked(controls: Sequence[Replayed], failure: Verdict) -> int:
    """Controls that could have failed so: only some are run in fp32."""
    if failure != "PRECISION_SENSITIVE":
        return len(controls)
    return sum(control.relative_gradient_error is not None for control in controls)
