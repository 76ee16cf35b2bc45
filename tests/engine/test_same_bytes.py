"""The same files, to the byte, whatever engine, number of workers and size of shards."""

import pytest

from tests.conftest import check
from tests.engine.dask_processes import dask_cluster
from tests.engine.data import make_registry
from tests.engine.written import written
from tests.tiers import many
from validator.execution import Execution


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("same")
    make_registry(folder)
    check(folder / "dataset_info.json", folder / "reference", Execution(workers=0))
    return folder


@pytest.mark.larger
@pytest.mark.parametrize(
    ("options", "engine"),
    [
        pytest.param(Execution(workers=0, shard_rows=1000), "one process", marks=pytest.mark.proof),
        (Execution(workers=0, shard_rows=many(29, 7)), "one process"),
        pytest.param(Execution(workers=1, shard_rows=16), "dask, 1 worker", marks=pytest.mark.proof),
        pytest.param(Execution(workers=2, shard_rows=10), "dask, 2 workers", marks=pytest.mark.proof),
    ],
    ids=["one process, large shards", "one process, small shards", "1 worker, shards of 16", "2 workers"],
)
def test_engines_and_sizes(home, tmp_path, options, engine):
    check(home / "dataset_info.json", tmp_path / "run", options)
    used, files = written(tmp_path / "run")
    assert used == engine
    assert files == written(home / "reference")[1]


@pytest.mark.proof
def test_a_running_cluster(home, tmp_path):
    with dask_cluster(tmp_path) as address:
        check(home / "dataset_info.json", tmp_path / "run", Execution(scheduler=address, shard_rows=20))
    used, files = written(tmp_path / "run")
    assert used.startswith("dask, ")
    assert files == written(home / "reference")[1]


def test_the_reference_is_not_empty(home):
    summary, samples, *_ = written(home / "reference")[1]
    rows = {item["dataset"]: item["rows"]["total"] for item in summary["datasets"]}
    assert rows == {
        "archive": 300,
        "array": 300,
        "broken": 92,
        "gone": 0,
        "lines": 300,
        "many": 300,
        "one_line": 300,
        "packed": 300,
        "rows": 300,
        "split": 240,
        "table": 300,
        "values": 300,
    }
    assert summary["findings"]["error"] > 100 and len(samples) > 10_000
