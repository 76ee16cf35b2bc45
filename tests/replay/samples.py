"""Samples and steps of a replay, made up."""

import math

from validator.engine.execution import progress as engine
from validator.facts.replayed import Step
from validator.replaying.job import Job
from validator.replaying.population import Member


def member(tokens=50, labels=10, modality="text", static=()):
    return Member(
        dataset="data",
        file="data.jsonl",
        row=0,
        sample_id="0",
        status="ok",
        place=0,
        num_tokens=tokens,
        num_labels=labels,
        modality=modality,
        risk=1.0,
        trainer_error=None,
        static=static,
    )


def step(arm="bf16", loss=1.0, norm=2.0, labels=10, **changes):
    known = {"loss": loss, "num_label_tokens": labels, "logits_finite": True, "grad_norm": norm}
    known |= {"grad_norms": {"language_model": norm}, "grad_finite": {"language_model": math.isfinite(norm)}}
    return Step(arm, **{**known, **changes})


def job(row, tokens=50, labels=10):
    return Job(("data", "data.jsonl", row), list(range(tokens)), [-100] * (tokens - labels) + [1] * labels)


class Silent(engine.Silent):
    """Progress that nobody sees."""

    def __init__(self):
        self.done = 0

    def replaying(self, what, samples): ...

    def row_done(self):
        self.done += 1
