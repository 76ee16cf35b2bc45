"""What remedies are tried with: the controls that share a step with a sample, and the sample under other limits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from validator.engine.run_files.finished import FinishedRun
from validator.facts.replayed import Replayed
from validator.replaying.inputs import make_jobs
from validator.replaying.job import PARTNERS, Job, Key
from validator.replaying.population import Member
from validator.replaying.remedies import CUTOFF, LONGER, PIXELS
from validator.replaying.verdict import ALARMS
from validator.settings import Settings

MANY_LABELS = 20
"""Labels from which a control may share a step: the gradients of shorter answers are noise that drowns the sample's."""


@dataclass(frozen=True, slots=True)
class Remaker:
    """Makes the jobs of a run's rows again under other limits."""

    run: FinishedRun
    settings: Settings

    def changes(self) -> dict[str, dict[str, int]]:
        """The settings that each remedy changes."""
        cutoff, pixels = self.settings.cutoff_len, self.settings.image_max_pixels
        found = {CUTOFF: {"cutoff_len": cutoff // 2}, LONGER: {"cutoff_len": cutoff * 2}}
        if pixels // 2 >= self.settings.image_min_pixels:
            found[PIXELS] = {"image_max_pixels": pixels // 2}
        return {name: change for name, change in found.items() if change.get("cutoff_len") != 0}

    def jobs(self, change: Mapping[str, int], members: Sequence[Member]) -> dict[Key, Job]:
        """The jobs of rows under changed settings."""
        return make_jobs(self.run, self.settings.model_copy(update=dict(change)), members)[0]


def unstable(samples: Sequence[Replayed], jobs: Mapping[Key, Job], most: int) -> list[Replayed]:
    """The samples that remedies are tried on: accused, or too large, and with a step; the riskiest first."""
    found = [sample for sample in samples if sample.verdict in (*ALARMS, "RESOURCE") and sample.key in jobs]
    return sorted(found, key=lambda sample: (-(sample.risk_score or 0.0), sample.key))[:most]


def neighbours(job: Job, controls: Sequence[Member], jobs: Mapping[Key, Job]) -> tuple[Job, ...]:
    """The controls of nearest length, those with enough labels first."""
    ranked = sorted(
        (member for member in controls if member.key != job.key and member.num_labels > 0),
        key=lambda member: (
            member.num_labels < MANY_LABELS,
            abs(math.log(member.num_tokens / len(job.ids))),
            member.place,
        ),
    )
    return tuple(jobs[member.key] for member in ranked[:PARTNERS])


def teachers(controls: Sequence[Replayed]) -> list[Key]:
    """The controls that steps of training are made with: sound, and with labels enough."""
    sound = (control for control in controls if control.step is not None and control.step.finite)
    return [control.key for control in sound if control.step and control.step.num_label_tokens >= MANY_LABELS]


def resized(member: Member, job: Job) -> Member:
    """A row as its job under other limits shows it."""
    labels = sum(label >= 0 for label in job.labels[1:])
    return replace(member, num_tokens=len(job.ids), num_labels=labels)


def same(job: Job, other: Job) -> bool:
    """Whether two jobs give the same batch: ids, labels, and the tokens of each medium."""
    return (job.ids, job.labels, job.tokens) == (other.ids, other.labels, other.tokens)
