"""The same files, to the byte, whatever engine, number of workers, size of shards, place of the data and number of
media that are asked for at a time.
"""

from functools import cache

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.conftest import check
from tests.engine.dask_processes import dask_cluster
from tests.engine.data import make_registry
from tests.engine.written import written
from tests.helpers.store import Store
from tests.tiers import first, many
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


@pytest.fixture(scope="module")
def store(home):
    with Store(home) as running:
        yield running


@pytest.fixture(scope="module")
def checked(home, store):
    """Checks everything where it lies in a place, into a folder, and compares nothing."""

    def call(place, folder, options):
        registry = f"{store.root}/dataset_info.json" if place == "all in storage" else home / "dataset_info.json"
        check(registry, folder, options, **({"media_dir": store.root} if place == "media in storage" else {}))
        return written(folder)[1]

    return call


@pytest.fixture(scope="module")
def references(home, checked):
    """What a check in a place has written, by the place."""
    return cache(lambda place: checked(place, home / place, Execution(workers=0)))


@pytest.mark.parametrize(
    ("place", "prefetch", "workers"),
    first(
        2,
        [
            ("media in storage", 1, 0),
            ("all in storage", 3, 0),
            ("media in storage", 3, 2),
            ("media in storage", 500, 0),
            ("all in storage", 1, 0),
            ("all in storage", 64, 2),
            ("all here", 1, 0),
            ("all here", 64, 2),
        ],
    ),
)
def test_places_and_numbers_of_requests(checked, references, tmp_path, place, prefetch, workers):
    options = Execution(workers=workers, prefetch=prefetch, shard_rows=40)
    assert checked(place, tmp_path / "run", options) == references(place)


def test_results_of_media_in_storage_are_those_of_media_here(home, store, references):
    """Only the folder that advice names is another."""
    _, samples, *_ = references("media in storage")
    assert samples == (home / "reference" / "samples.parquet").read_bytes()
    there, here = (home / place / "findings.jsonl" for place in ("media in storage", "reference"))
    assert there.read_bytes().replace(store.root.encode(), str(home).encode()) == here.read_bytes()


@pytest.mark.proof
def test_rows_of_data_in_storage_are_those_of_data_here(home, references):
    """But for the one entry that is a folder, which HTTP cannot list."""
    references("all in storage")
    there, here = (pq.read_table(home / place / "samples.parquet") for place in ("all in storage", "reference"))
    assert there.equals(here.filter(pc.field("dataset") != "many"))


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
