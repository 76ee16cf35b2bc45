"""How files are divided into shards."""

from itertools import accumulate

import pytest

from tests.conftest import say
from validator.catalog.registry import load_registry
from validator.engine.cache import Cache
from validator.engine.entries import open_entries
from validator.engine.execution.run_plan import RunPlan
from validator.engine.execution.shard_plan import PILOT, Planner
from validator.execution import Execution
from validator.settings import Settings
from validator.storage.media_files import MediaFiles


@pytest.fixture
def plan(dataset):
    registry = load_registry(dataset.write([say(f"a {n}", "b") for n in range(200)]), ())
    settings = Settings(dataset_info=registry.path)
    planner = Planner(settings, [], Cache(dataset.folder / "cache", ""), ("", ""), dataset.folder, Execution())
    return RunPlan(open_entries(registry, settings), planner, str(registry.folder), MediaFiles(""))


def spans(plan):
    return [(shard.job.parts[0].span.first, shard.job.parts[0].span.stop) for shard in plan.shards]


@pytest.mark.parametrize(
    ("seconds", "rows"),
    [  # for the first 64 rows: 6.5 seconds' worth, as 2 or 3 times a power of two
        (6.5, 64),
        (6.5 * 64 / 95, 64),
        (6.5 * 64 / 96, 96),
        (4.0, 96),
        (3.2, 128),
        (100.0, 16),
        (0.0, 1 << 17),
    ],
)
def test_shards_are_as_long_as_the_speed_of_the_first_says(plan, seconds, rows):
    (pilot,) = plan.waiting_pilots()
    assert spans(plan) == [(0, PILOT)]
    pilot.done, pilot.seconds = True, seconds
    plan.complete()
    small = [max(rows // 4, 16)] * 2 + [max(rows // 2, 16)] * 2
    starts = [start for start in accumulate([PILOT, *small, *[rows] * 9], initial=0) if start < 200]
    assert spans(plan) == list(zip(starts, [*starts[1:], None], strict=True))


def test_the_longest_shards_begin(plan):
    (pilot,) = plan.waiting_pilots()
    pilot.done, pilot.seconds = True, 6.5
    plan.complete()
    waiting, seconds = plan.waiting()
    assert [shard.job.rows for shard in waiting] == [40, 32, 32, 16, 16]
    assert seconds == pytest.approx(136 / 64 * 6.5)


def test_a_first_shard_that_was_halved_leaves_no_row_twice(plan):
    (pilot,) = plan.waiting_pilots()
    for half in plan.divide(pilot, 40):
        half.done, half.seconds = True, 2.0
    plan.complete()
    bounds = spans(plan)
    assert bounds[:2] == [(0, 40), (40, PILOT)]
    assert [first for first, _ in bounds[1:]] == [stop for _, stop in bounds[:-1]] and bounds[-1][1] is None
