"""A worker process that dies, hangs or runs out of memory costs the sample in hand and nothing else."""

import os

import pytest
from PIL import Image

from tests.environments import needs_replay
from tests.replay import saboteur
from validator.errors import ReplayStartError
from validator.media.geometry import ImageLimits
from validator.replaying.crew import confirmed
from validator.replaying.job import Job, Medium, Task
from validator.replaying.population import Member
from validator.replaying.settings import ReplaySettings
from validator.replaying.supervisor import Setup, Supervisor
from validator.replaying.verdict import Yardstick, judge

pytestmark = needs_replay
IDS = [*range(100, 120), 151652, *[151655] * 4, 151653, *range(200, 210)]


def job(path):
    labels = [-100] * (len(IDS) - 10) + IDS[-10:]
    return Job(("data", "data.jsonl", 0), IDS, labels, [Medium(str(path))], tokens={"image": (4,)})


def verdict(answer):
    member = Member(
        dataset="data",
        file="data.jsonl",
        row=0,
        sample_id="0",
        status="ok",
        place=0,
        num_tokens=len(IDS),
        num_labels=10,
        modality="image",
        risk=1.0,
        trainer_error=None,
    )
    replayed = judge(member, "candidate", answer, Yardstick(vocabulary=151936))
    return replayed.verdict, replayed.why


@pytest.fixture
def worker(tmp_path, monkeypatch):
    """A supervised worker that can be sabotaged; everything in one process life where nothing dies."""
    saboteur.install(tmp_path / "site", monkeypatch)
    with Supervisor(Setup(ReplaySettings(device="cpu", time_limit=60), ImageLimits(1048576, 1024))) as supervisor:
        yield supervisor


@pytest.fixture
def good(tmp_path):
    Image.new("RGB", (64, 64), (9, 80, 200)).save(tmp_path / "good.png")
    return tmp_path / "good.png"


@pytest.mark.parametrize(
    ("name", "expected", "word"),
    [
        ("killed.png", "RESOURCE", "signal 9 (SIGKILL) (as the kernel does where memory runs out)"),
        ("crashed.png", "CRASH", "signal 11 (SIGSEGV)"),
        ("memory.png", "RESOURCE", "MemoryError: no room"),
        ("once.png", "INCONCLUSIVE", "two runs of the same step came to different ends"),
    ],
)
def test_a_death_costs_one_sample(worker, good, tmp_path, name, expected, word):
    bad = tmp_path / name
    bad.write_bytes(good.read_bytes())
    arms = ("bf16", "repeat")
    assert verdict(confirmed(worker, Task(job(good), arms)))[0] == "STABLE"
    found, why = verdict(confirmed(worker, Task(job(bad), arms)))
    assert found == expected and word in why
    assert verdict(confirmed(worker, Task(job(good), arms)))[0] == "STABLE"


def test_a_hang_costs_one_sample(tmp_path, good):
    """A named pipe that nobody writes to: opening it never ends."""
    os.mkfifo(tmp_path / "pipe.png")
    with Supervisor(Setup(ReplaySettings(device="cpu", time_limit=3), ImageLimits(1048576, 1024))) as worker:
        worker.measure(Task(job(good), ("bf16",)))
        found, why = verdict(worker.measure(Task(job(tmp_path / "pipe.png"), ("bf16",))))
        assert (found, why) == ("INCONCLUSIVE", "TimeoutError: no answer within 3 s")
        assert verdict(worker.measure(Task(job(good), ("bf16",))))[0] == "STABLE"
        assert worker.restarts == 1


def test_a_worker_that_never_comes_up(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\nif 'validator.replaying.worker' in sys.orig_argv: os._exit(7)"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH")))))
    with pytest.raises(ReplayStartError, match="ended while it loaded the model: exit code 7"):
        Supervisor(Setup(ReplaySettings(device="cpu"), ImageLimits(1048576, 1024)))


def test_a_device_that_is_not_there():
    with pytest.raises(ValueError, match="--device cuda: torch sees no CUDA device"):
        Supervisor(Setup(ReplaySettings(device="cuda"), ImageLimits(1048576, 1024)))
