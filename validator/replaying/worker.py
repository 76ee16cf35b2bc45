"""The worker process: loads the model once, then answers one job at a time over a connection.

    python -m validator.replaying.worker DESCRIPTOR

It may die of what it is given - a device assert, a native crash, the kernel's out-of-memory killer - and is restarted
by `supervisor.py`. Its standard output goes to standard error: libraries print there.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection

import torch

from validator.facts.replayed import LEFT_OUT, Step, Window
from validator.installed import installed
from validator.replaying.collate import Collator
from validator.replaying.course import Course
from validator.replaying.job import COURSE, PARTNERS, WEIGHTS, Answer, Job, Ready, Refused, Task
from validator.replaying.model import base_of, build_model, fingerprint
from validator.replaying.pictures import Pictures, counted
from validator.replaying.settings import ReplaySettings
from validator.replaying.spelling import Spelling
from validator.replaying.step import FP32, OWN_BATCH, Stepper, described, is_memory
from validator.replaying.supervisor import Setup
from validator.replaying.watch import Gradients, Watch
from validator.replaying.weigh import weigh
from validator.replaying.window import windows
from validator.trainers.registry import CALLED

_PACKAGES = ("torch", "torchvision", "transformers", "peft", "safetensors", *CALLED)


class Worker:
    """One model, one device."""

    def __init__(self, setup: Setup) -> None:
        self.settings, self.trainer = setup.settings, setup.trainer
        self.device = _device(setup.settings)
        torch.manual_seed(setup.settings.seed)
        torch.backends.cudnn.allow_tf32 = False  # fp32 is the reference
        self.model = build_model(setup.settings, self.device)
        self.spelling = Spelling(setup.processor_folder)
        self.pictures = Pictures(setup.processor_folder, setup.limits, self.trainer)
        self.collate = Collator(self.model, self.pictures, self.spelling.pad_id)
        watch = Watch(self.model)
        self.step = Stepper(self.model, watch, self.device, setup.settings.attention)
        self.course = Course(self.model, watch, self.step, setup.settings.learning_rate)

    def ready(self) -> Ready:
        """What this worker runs on."""
        cuda = self.device.startswith("cuda")
        parameters = list(self.model.parameters())
        return Ready(
            self.device,
            torch.cuda.get_device_name() if cuda else f"CPU, {torch.get_num_threads()} threads",
            torch.cuda.device_count() if cuda else 0,
            self.pictures.kind,
            self.settings.attention,
            type(base_of(self.model)).__name__,
            sum(parameter.numel() for parameter in parameters),
            sum(parameter.numel() for parameter in parameters if parameter.requires_grad),
            int(base_of(self.model).get_input_embeddings().weight.shape[0]),
            fingerprint(self.model),
            installed(_PACKAGES),
        )

    def measure(self, task: Task) -> Answer:
        """The steps of one sample under several arms, and its windows where they are asked for; or a course with it."""
        job, arms = task.job, task.arms
        if arms == (COURSE,):
            return self._trained(task)
        try:
            pixels = self.collate.pixels([job])
        except Exception as error:  # the libraries raise many kinds, and each would end training
            if self.trainer.stops_at_failures or is_memory(error):
                return Answer((_stopped(error, arms[0], "processor"),))
            return Answer((_stopped(error, arms[0], LEFT_OUT),), f"the processor stops with {described(error)}")
        disagreement = self.spelling.compare(job, counted(pixels, job.tokens, self.pictures.merge_size))
        try:
            batch = self.collate([job], pixels)
        except Exception as error:
            return Answer((_stopped(error, arms[0], "collator"),), disagreement)
        others: dict[str, dict[str, torch.Tensor] | Step] = {}
        if task.partners and "padded" in arms:
            pair = [job, task.partners[0]]
            try:
                others["padded"] = others["padded_fp32"] = self.collate(pair, self.collate.pixels(pair))
            except Exception as error:
                others["padded"] = _stopped(error, "padded", "collator")
        if self.trainer.batch.adds_fake_image and not pixels and "bare" in arms:
            others["bare"] = self.collate([job], pixels, bare=True)
        steps = self.steps(batch, arms, others)
        poisoned = _poisoned(steps[-1])
        wanted = "window" in arms and len(task.partners) == PARTNERS and steps[0].stage == "done"
        windows = self._windows(batch, task.partners) if wanted and not poisoned and not steps[-1].resource else ()
        return Answer(steps, disagreement, poisoned, windows)

    def steps(
        self,
        batch: dict[str, torch.Tensor],
        arms: tuple[str, ...],
        others: Mapping[str, dict[str, torch.Tensor] | Step],
    ) -> tuple[Step, ...]:
        """A batch under several arms, up to the one after which the device or its memory is gone.

        `others`: the batches of arms that change the batch, or where making one stopped. Arms that do not apply are
        left out. Gradients are compared with those of the first arm, after `fp32` with those; those of a padded batch
        with each other.
        """
        steps: list[Step] = []
        base: dict[bool, Gradients] = {}
        for arm in arms:
            own = arm in OWN_BATCH
            if arm == "window" or (own and arm not in others):
                continue
            if arm == "no_cudnn" and not self.device.startswith("cuda"):
                continue
            torch.manual_seed(self.settings.seed)
            given = others.get(arm, batch)
            step, gradients = (given, None) if isinstance(given, Step) else self.step(given, arm)
            if gradients is not None:
                if own in base and arm != "bare":
                    off, cosine = base[own].compare(gradients) if arm in FP32 else gradients.compare(base[own])
                    step = replace(step, relative_gradient_error=off, gradient_cosine=cosine)
                if own not in base or arm in FP32:
                    base[own] = gradients
            steps.append(step)
            if step.resource and self.device.startswith("cuda"):
                torch.cuda.empty_cache()
            if step.resource or _poisoned(step):
                break
        return tuple(steps)

    def _trained(self, task: Task) -> Answer:
        """A few optimizer steps with the sample in each."""
        began = time.perf_counter()
        jobs = {job.key: job for job in (task.job, *task.partners)}
        try:
            batches = {key: self.collate([job], self.collate.pixels([job])) for key, job in jobs.items()}
            losses = self.course(batches[task.job.key], [batches[job.key] for job in task.partners])
        except Exception as error:
            step = _stopped(error, COURSE, COURSE)
            return Answer((step,), poisoned=_poisoned(step))
        return Answer((Step(COURSE, seconds=time.perf_counter() - began),), losses=losses)

    def _windows(self, batch: dict[str, torch.Tensor], partners: Sequence[Job]) -> tuple[Window, ...]:
        """The sample and its partners one by one in bf16, then joined: gradients add up."""
        batches = [batch, *(self.collate([job], self.collate.pixels([job])) for job in partners)]
        ran = [self.step(other, "bf16") for other in batches]
        found = [(step, gradients) for step, gradients in ran if step.stage == "done" and gradients is not None]
        return windows(found) if len(found) == len(ran) else ()


def _stopped(error: Exception, arm: str, stage: str) -> Step:
    return Step(arm, stage, exception=described(error), resource=is_memory(error))


def _poisoned(step: Step) -> bool:
    text = step.exception or ""
    return "device-side assert" in text or "CUDA error" in text or "AcceleratorError" in text


def _device(settings: ReplaySettings) -> str:
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda: torch sees no CUDA device")
    return "cuda:0" if settings.device != "cpu" and torch.cuda.is_available() else "cpu"


def serve(connection: Connection) -> None:
    """Answer until the other end is closed."""
    try:
        worker = Worker(connection.recv())
        connection.send(worker.ready())
    except ValueError as error:
        connection.send(Refused(str(error)))
        return
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        if task == WEIGHTS:
            connection.send(weigh(worker.model))
            continue
        answer = worker.measure(task)
        connection.send(answer)
        if answer.poisoned:
            return


def main() -> None:
    """Take the place of a process that may be sacrificed."""
    os.dup2(2, 1)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # Linux: where memory runs out, this process goes first
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # nobody waits for the answer any more
        serve(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
