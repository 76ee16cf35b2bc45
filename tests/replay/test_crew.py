"""Several workers by Dask, and the resource that nobody offers."""

import pytest

from tests.conftest import say
from tests.environments import needs_replay
from tests.replay.samples import Silent
from validator.engine.run_files.finished import FinishedRun
from validator.media.geometry import ImageLimits
from validator.replaying.crew import Several
from validator.replaying.job import Ready
from validator.replaying.run import prepare, replay
from validator.replaying.settings import ReplaySettings
from validator.replaying.supervisor import Setup, Supervisor

NOBODY = Ready("cpu", "", 0, "", "", "", 0, 0, 0, "")


@pytest.fixture
def cluster(request):
    from distributed import Client, LocalCluster

    options = {"processes": True, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "silence_logs": 50}
    with LocalCluster(n_workers=2, resources=request.param, **options) as made, Client(made) as client:
        yield client


@pytest.mark.proof
@pytest.mark.parametrize("cluster", [None, {"GPU": 0}], indirect=True)
def test_a_resource_that_nobody_offers_is_not_waited_for(cluster):
    with pytest.raises(ValueError, match=r"none of the 2 Dask workers offers the resource GPU=1"):
        Several(cluster, Setup(ReplaySettings(), ImageLimits(1048576, 1024)), NOBODY)


@needs_replay
@pytest.mark.parametrize("cluster", [{"GPU": 1}], indirect=True)
def test_two_workers_come_to_the_verdicts_of_one(cluster, dataset):
    rows = [say(f"question {index}", f"answer {index}") for index in range(14)] + [say("a<|image_pad|>", "b")]
    dataset.write(rows)
    dataset.check()
    run = FinishedRun(dataset.folder / "run")
    settings = ReplaySettings(candidates=3, device="cpu")
    setup = prepare(run, settings)
    alone = replay(run, settings, Silent())
    with Supervisor(setup) as first:
        ready = first.ready
    together = replay(run, settings, Silent(), lambda setup: Several(cluster, setup, ready))

    def verdicts(outcome):
        return [(sample.row, sample.group, sample.verdict, sample.step.loss) for sample in outcome.samples]

    assert verdicts(alone) == verdicts(together)
    assert {sample.row: sample.verdict for sample in together.of("candidate")}[14] == "CRASH"
