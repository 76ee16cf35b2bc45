"""Spreads jobs over workers: one process on one device, or one Dask worker for each of several GPUs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from validator.replaying.job import Answer, Ready, Task
from validator.replaying.supervisor import Setup, Supervisor
from validator.replaying.weights import Weights

GPU = "GPU"


class Crew(Protocol):
    """Answers tasks in any order, each as (its number, the answer)."""

    ready: Ready

    def answers(self, tasks: Sequence[Task]) -> Iterator[tuple[int, Answer]]:
        """Work through the tasks; every task gets an answer."""
        ...

    def weights(self) -> Weights | None:
        """The model's parameters in numbers; None where they could not be read."""
        ...

    def close(self) -> None:
        """End all processes."""
        ...


class Single:
    """One worker process."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self.ready = supervisor.ready

    def answers(self, tasks: Sequence[Task]) -> Iterator[tuple[int, Answer]]:
        """Work through the tasks in order."""
        for number, task in enumerate(tasks):
            yield number, confirmed(self._supervisor, task)

    def weights(self) -> Weights | None:
        """The model's parameters in numbers."""
        return self._supervisor.weights()

    def close(self) -> None:
        """End the process."""
        self._supervisor.close()


class Several:
    """Dask workers that each offer one unit of the resource GPU and keep one supervised process.

    Raises ValueError where no worker offers the resource: Dask would wait for one for ever.
    """

    def __init__(self, client: Any, setup: Setup, ready: Ready) -> None:
        self._client, self._setup, self.ready = client, setup, ready
        offered = client.scheduler_info(n_workers=-1)["workers"].values()
        if not any(worker["resources"].get(GPU, 0) >= 1 for worker in offered):
            raise ValueError(
                f"none of the {len(offered)} Dask workers offers the resource {GPU}=1; start them with --resources "
                f'"{GPU}=1", one for each device'
            )

    def answers(self, tasks: Sequence[Task]) -> Iterator[tuple[int, Answer]]:
        """Work through the tasks, one at a time on each worker, as they come."""
        from distributed import as_completed

        futures = {
            self._client.submit(_work, self._setup, task, resources={GPU: 1}, pure=False): number
            for number, task in enumerate(tasks)
        }
        for future in as_completed(list(futures)):  # type: ignore[no-untyped-call]
            yield futures[future], future.result()

    def weights(self) -> Weights | None:
        """The model's parameters in numbers, from one of the workers."""
        return self._client.submit(_weights, self._setup, resources={GPU: 1}, pure=False).result()  # type: ignore[no-any-return]

    def close(self) -> None:
        """End the processes of all workers; the cluster is its owner's to close."""
        self._client.run(_release)


def local_gpus(setup: Setup, first: Supervisor) -> Crew:
    """A crew on this machine: one supervised process where there is one device, else one Dask worker per GPU."""
    if first.ready.num_devices < 2:
        return Single(first)
    ready = first.ready
    first.close()
    from distributed import Client, Nanny, SpecCluster
    from distributed.scheduler import Scheduler

    workers = {
        index: {
            "cls": Nanny,
            "options": {
                "nthreads": 1,
                "resources": {GPU: 1},
                "memory_limit": 0,
                "env": {"CUDA_VISIBLE_DEVICES": _visible(index)},
            },
        }
        for index in range(ready.num_devices)
    }
    scheduler = {"cls": Scheduler, "options": {"dashboard": False, "host": "127.0.0.1"}}
    cluster = SpecCluster(workers=workers, scheduler=scheduler, silence_logs=True)  # type: ignore[no-untyped-call]
    client = Client(cluster)  # type: ignore[no-untyped-call]
    return _Owned(Several(client, setup, ready), client.close, cluster.close)


class _Owned:
    def __init__(self, crew: Several, *closers: Callable[[], Any]) -> None:
        self._crew, self._closers, self.ready = crew, closers, crew.ready

    def answers(self, tasks: Sequence[Task]) -> Iterator[tuple[int, Answer]]:
        return self._crew.answers(tasks)

    def weights(self) -> Weights | None:
        return self._crew.weights()

    def close(self) -> None:
        self._crew.close()
        for close in self._closers:
            close()


def confirmed(supervisor: Supervisor, task: Task) -> Answer:
    """Run a task; where the process died of it, once more in a new one, as its repeat. A time-out is not repeated."""
    answer = supervisor.measure(task)
    if answer.steps[0].timed_out:
        return answer
    if answer.steps[0].stage == "process" or (answer.poisoned and len(answer.steps) == 1):
        again = supervisor.measure(replace(task, arms=task.arms[:1])).steps[0]
        return replace(answer, steps=(answer.steps[0], replace(again, arm="repeat")), poisoned=False)
    return replace(answer, poisoned=False)


def _visible(index: int) -> str:
    import os

    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    return given.split(",")[index] if given else str(index)


_held: dict[Setup, Supervisor] = {}
"""In a Dask worker: its supervised process, started by the first job."""


def _work(setup: Setup, task: Task) -> Answer:
    return confirmed(_mine(setup), task)


def _weights(setup: Setup) -> Weights | None:
    return _mine(setup).weights()


def _mine(setup: Setup) -> Supervisor:
    if setup not in _held:
        _held[setup] = Supervisor(setup)
    return _held[setup]


def _release() -> None:
    for supervisor in _held.values():
        supervisor.close()
    _held.clear()
