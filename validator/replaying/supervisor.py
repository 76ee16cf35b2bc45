"""Keeps one worker process alive: starts it, gives it jobs, notices that it died of one, and starts another.

A device assert, a native crash, a hang or an out-of-memory kill costs the sample in hand and nothing else.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field, replace

from validator.child import Child
from validator.children import signal_name
from validator.errors import ReplayStartError
from validator.facts.replayed import Step
from validator.media.geometry import ImageLimits
from validator.replaying.job import WEIGHTS, Answer, Ready, Refused, Task
from validator.replaying.settings import ReplaySettings
from validator.replaying.weights import Weights
from validator.trainers.base import Trainer
from validator.trainers.registry import DEFAULT, trainer_named

_QUIET = {"PYTHONWARNINGS": "ignore", "TRANSFORMERS_VERBOSITY": "error", "TQDM_DISABLE": "1"}
START_LIMIT = 1800.0
"""Seconds that loading the model may take."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker needs before its first job. `processor_folder`: None for the embedded vocabulary."""

    settings: ReplaySettings
    limits: ImageLimits
    processor_folder: str | None = None
    trainer: Trainer = field(default_factory=lambda: trainer_named(DEFAULT))
    visible_device: str | None = None
    """CUDA_VISIBLE_DEVICES of this worker, where several share a machine."""

    def on(self, model: str) -> Setup:
        """The same on another model."""
        return replace(self, settings=self.settings.model_copy(update={"model": model, "reference_model": None}))


class Supervisor:
    """One worker process and its restarts. `restarts` counts the processes that were lost."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._child: Child | None = None
        self.restarts = -1
        self.ready = self._start()[1]

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def measure(self, task: Task) -> Answer:
        """Run one task. Where the process dies of it, the answer is a step that ended at stage `process`."""
        limit = self._setup.settings.time_limit
        try:
            answer = (self._child or self._start()[0]).ask(task, limit)
        except TimeoutError:
            self._ending()
            return Answer((Step(task.arms[0], "process", f"TimeoutError: no answer within {limit:g} s"),))
        except EOFError:
            return Answer((self._died(task.arms[0]),))
        assert isinstance(answer, Answer)
        if answer.poisoned:
            self._kill()
        return answer

    def weights(self) -> Weights | None:
        """The numbers of the model's parameters; None where the process died of it or took too long."""
        try:
            answer = (self._child or self._start()[0]).ask(WEIGHTS, START_LIMIT)
        except (TimeoutError, EOFError):
            self._ending()
            return None
        assert isinstance(answer, Weights)
        return answer

    def close(self) -> None:
        """End the process."""
        if self._child is not None:
            self._ending(5)

    def _start(self) -> tuple[Child, Ready]:
        self.restarts += 1
        environment = os.environ | _QUIET
        if self._setup.visible_device is not None:
            environment["CUDA_VISIBLE_DEVICES"] = self._setup.visible_device
        self._child = child = Child.of_module("validator.replaying.worker", environment)
        try:
            answer = child.ask(self._setup, START_LIMIT)
        except TimeoutError:
            self._ending()
            raise ReplayStartError(f"the replay's process did not load the model within {START_LIMIT:g} s") from None
        except EOFError:
            raise ReplayStartError(f"the replay's process ended while it loaded the model: {self._ending()}") from None
        if isinstance(answer, Refused):
            self.close()
            raise ValueError(answer.sentence)
        assert isinstance(answer, Ready)
        return child, answer

    def _died(self, arm: str) -> Step:
        ending = self._ending()
        killed = ending == _named(-signal.SIGKILL)
        why = " (as the kernel does where memory runs out)" if killed else ""
        return Step(arm, "process", exception=f"the process ended with {ending}{why}", resource=killed)

    def _ending(self, seconds: float | None = None) -> str:
        """How the process ended."""
        child, self._child = self._child, None
        assert child is not None
        return _named(child.end(seconds))

    def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._ending()


def _named(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    name = signal_name(-code)
    return name if name.startswith("signal") else f"signal {-code} ({name})"
