"""Media in storage that is slow, refuses or breaks off: each row is checked, missing or unchecked as it should be, and
no other row pays for it.
"""

import json
import os
import re
import signal
from dataclasses import dataclass

import fsspec
import psutil
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import Dataset, findings_of, say
from tests.engine.processes import nothing_left, results, start, wait_for
from tests.helpers.store import Fault, Store
from tests.tiers import first

ROWS = 6
BAD = 3
KEY = f"images/{BAD}.jpg"
OTHER = "replaced.jpg"
HASTY = {
    "validator.storage.retry.SILENCE": 0.5,
    "validator.storage.retry.PATIENCE": 2.5,
}
"""Seconds of a request and of all attempts: in place of those for users."""


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    for name, value in HASTY.items():
        monkeypatch.setattr(name, value)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Rows with an image each, one of them in storage in two versions."""
    dataset = Dataset(tmp_path_factory.mktemp("slow"))
    for number in range(ROWS):
        noise(dataset.folder / f"images/{number}.jpg", (64 + number, 48))
    noise(dataset.folder / OTHER, (100, 120))
    dataset.write([say("<image>a", f"b{number}", images=[f"images/{number}.jpg"]) for number in range(ROWS)])
    return dataset


def noise(path, size):
    path.parent.mkdir(exist_ok=True)
    Image.effect_noise(size, 50).convert("RGB").save(path, quality=90)


@pytest.fixture(scope="module", params=["http", pytest.param("s3", marks=pytest.mark.proof)])
def shared(request, home):
    with Store(home.folder, bucket="bucket" if request.param == "s3" else None) as running:
        yield running


@pytest.fixture
def store(shared, monkeypatch):
    """Storage that is as it should be, to begin with."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, shared.environment[name])
    endpoint = {"endpoint_url": shared.environment["FSSPEC_S3_ENDPOINT_URL"]}
    monkeypatch.setitem(fsspec.config.conf, "s3", endpoint)  # the environment is read once in a process
    shared.fail()
    shared.delay(0)
    shared.clear()
    return shared


@dataclass(frozen=True)
class Checked:
    """What a check said: exit code, the status of each row, findings, and (bytes, width, height) of each image."""

    code: int
    statuses: list[str]
    findings: list[dict]
    sizes: list[tuple[int, int, int] | None]


@pytest.fixture
def check(mmvalidate, home, store, tmp_path):
    def call(*arguments, registry=home.registry, folder=tmp_path / "run"):
        options = ("-q", "--workers", "0", "--run-dir", folder, "--media-dir", store.root)
        done = mmvalidate("check", registry, *options, *arguments)
        assert "Traceback" not in done.stderr
        rows = pq.read_table(folder / "samples.parquet").to_pylist()
        media = [next(iter(row["media"]), None) for row in rows]
        return Checked(
            done.returncode,
            [row["status"] for row in rows],
            list(findings_of(folder)),
            [item and (item["num_bytes"], item["width"], item["height"]) for item in media],
        )

    return call


def all_but(status):
    return [status if row == BAD else "ok" for row in range(ROWS)]


DEPTHS = pytest.mark.parametrize("depth", first(1, ["fast", "header"]))


@DEPTHS
@pytest.mark.parametrize(
    "fault",
    [
        Fault(KEY, "status", 503, count=2),
        Fault(KEY, "status", 500, count=2),
        Fault(KEY, "status", 429, count=2),
        Fault(KEY, "hang", count=1),
        Fault(KEY, "reset", count=1),
        Fault(KEY, "short", count=1),
        Fault(KEY, "drip", 20_000),
        Fault("images/*", "drip", 20_000),
    ],
    ids=[
        "503 twice",
        "500 twice",
        "429 twice",
        "no answer once",
        "a reset once",
        "half a body once",
        "a slow body",
        "slow bodies",
    ],
)
def test_what_passes_is_as_if_it_had_not_been(store, check, depth, fault):
    store.fail(fault)
    found = check("--integrity", depth)
    assert (found.code, found.statuses, found.findings) == (0, ["ok"] * ROWS, [])


@DEPTHS
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(KEY, "status", 503), "503|Service Unavailable"),
        (Fault(KEY, "status", 500), "500|Internal Server Error"),
        (Fault(KEY, "status", 403), "403|Forbidden"),
        (Fault(KEY, "status", 401), "401|Unauthorized"),
        (Fault(KEY, "hang"), "no answer|[Tt]ime"),
        (Fault(KEY, "reset"), "broke|reset|complete|ended|short"),
        (Fault(KEY, "short"), "broke|reset|complete|ended|short"),
    ],
    ids=["503", "500", "403", "401", "no answer", "a reset", "half a body"],
)
def test_what_lasts_leaves_its_row_unchecked(store, check, depth, fault, words):
    store.fail(fault)
    found = check("--integrity", depth)
    assert (found.code, found.statuses) == (3, all_but("unchecked"))
    ((code, row, message),) = [(item["code"], item["row"], item["message"]) for item in found.findings]
    assert (code, row) == ("XX001", BAD)
    assert f"{store.root}/{KEY}" in message and re.search(words, message)
    assert "missing" not in message and "internal error" not in message


@DEPTHS
def test_what_is_not_there_is_missing(store, check, depth):
    store.fail(Fault(KEY, "status", 404))
    found = check("--integrity", depth)
    assert (found.code, found.statuses) == (1, all_but("flagged"))
    assert [(item["code"], item["row"]) for item in found.findings] == [("MD001", BAD)]


@DEPTHS
@pytest.mark.parametrize("after", [0, 1, 2, 3, 5])
def test_credentials_that_expire(store, check, depth, after):
    """Whatever was read before is checked, all else is unchecked, and nothing is missing."""
    store.fail(Fault("images/*", "status", 403, after=after))
    found = check("--integrity", depth)
    assert found.code == 3 and set(found.statuses) <= {"ok", "unchecked"}
    told = [(item["code"], item["row"]) for item in found.findings]
    assert told == [("XX001", row) for row, status in enumerate(found.statuses) if status == "unchecked"]
    assert all(f"{store.root}/images/{item['row']}.jpg" in item["message"] for item in found.findings)


@DEPTHS
@pytest.mark.parametrize(
    "faults",
    [
        *([Fault(KEY, "replace", OTHER, after=after)] for after in range(4)),
        [Fault(KEY, "replace", OTHER, after=after, count=1) for after in range(1, 99, 2)],
        [Fault(KEY, "wrong-total")],
    ],
    ids=["before", "after 1 request", "after 2 requests", "after 3 requests", "at every second", "a wrong total"],
)
def test_a_row_is_of_one_version_or_unchecked(home, store, check, depth, faults):
    store.fail(*faults)
    found = check("--integrity", depth)
    versions = []
    for name in (KEY, OTHER):
        with Image.open(home.folder / name) as image:
            versions.append(((home.folder / name).stat().st_size, *image.size))
    if found.statuses == all_but("unchecked"):
        assert found.code == 3 and [item["code"] for item in found.findings] == ["XX001"]
    else:
        assert (found.code, found.statuses) == (0, ["ok"] * ROWS) and found.sizes[BAD] in versions


@pytest.mark.parametrize("after", range(5))
def test_a_long_header_is_of_one_version(store, check, tmp_path, home, after):
    """Its size stands beyond the first block: the second is not read from another file."""
    long = Dataset(tmp_path / "long")
    versions = []
    for name, size, count in (("one", (30, 40), 3), ("two", (50, 60), 5)):
        path = home.folder / f"images/{name}-long.jpg"
        Image.new("RGB", size).save(path)
        data = path.read_bytes()
        path.write_bytes(data[:2] + (b"\xff\xfe\xff\xff" + b"c" * 65533) * count + data[2:])
        versions.append((path.stat().st_size, *size))
    long.folder.mkdir()
    registry = long.write([say("<image>a", "b", images=["images/one-long.jpg"])])
    store.fail(Fault("images/one-long.jpg", "replace", "images/two-long.jpg", after=after))
    found = check("--integrity", "header", registry=registry)
    assert (found.code == 0 and found.sizes[0] in versions) or (found.code == 3 and found.statuses == ["unchecked"])


@DEPTHS
def test_results_are_those_of_this_disk(home, store, check, mmvalidate, tmp_path, depth):
    store.delay(0.01)
    check("--integrity", depth)
    mmvalidate("check", home.registry, "-q", "--workers", "0", "--run-dir", tmp_path / "near", "--integrity", depth)
    for name in ("samples.parquet", "findings.jsonl"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "near" / name).read_bytes()


@DEPTHS
def test_an_image_is_one_request_and_none_waits_for_another(store, check, depth):
    store.delay(0.05)
    assert check("--integrity", depth).code == 0
    counts = store.counts()
    assert [counts.total(f"images/{number}.jpg") for number in range(ROWS)] == [1] * ROWS
    assert counts.peak_requests > 1
    store.clear()
    assert check("--integrity", depth).code == 0
    assert store.counts().total("images/") <= ROWS


def test_an_image_of_many_rows_is_read_once(store, check, tmp_path):
    dataset = Dataset(tmp_path / "often")
    dataset.folder.mkdir()
    registry = dataset.write([say("<image>a", f"b{number}", images=[KEY]) for number in range(200)])
    assert check("--shard-rows", "100", registry=registry).code == 0
    assert store.counts().requests == {("GET", KEY): 1, ("HEAD", KEY): 2}  # the other shards ask whether it is the same


@pytest.fixture
def many(tmp_path):
    """Forty rows, and a store that serves their images."""
    dataset = Dataset(tmp_path / "many")
    names = [f"images/{number}.jpg" for number in range(10, 50)]
    dataset.folder.mkdir()
    for name in names:
        noise(dataset.folder / name, (64, 64))
    dataset.write([say("<image>a", f"b{name}", images=[name]) for name in names])
    with Store(dataset.folder) as store:
        yield dataset, store


def asking(process, store):
    """The processes of a command that hold connections to a store."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            if any(each.raddr and each.raddr.port == store.port for each in child.net_connections("tcp")):
                found.append(child)
        except psutil.Error:
            continue
    return found


@pytest.mark.proof
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_worker_that_is_killed_with_requests_in_flight(many, workers):
    dataset, store = many
    store.fail(Fault("images/2*", "hang"))
    options = ("--workers", workers, "--shard-rows", "8", "--media-dir", store.root)
    process = start(dataset.registry, *options)
    wait_for(lambda: store.counts().total("images/2"), process)
    (victim, *_) = asking(process, store)
    store.fail()
    victim.send_signal(signal.SIGKILL)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert json.loads(output)["summary"]["rows"]["ok"] == 40
    nothing_left(dataset.folder)


@pytest.mark.proof
@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_interrupted_run_waits_for_no_answer(many, workers):
    """No answer ever comes, and the command ends all the same; the next run goes on from there."""
    dataset, store = many
    store.fail(Fault("images/4*", "hang"))
    options = ("--workers", workers, "--shard-rows", "4", "--media-dir", store.root)
    process = start(dataset.registry, *options)
    wait_for(lambda: len(results(dataset)) >= 3 and store.counts().total("images/4"), process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 3 and "interrupted" in errors and "Traceback" not in errors
    nothing_left(dataset.folder)
    kept = {path.name: os.stat(path).st_ino for path in results(dataset)}
    store.fail()
    process = start(dataset.registry, *options)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert json.loads(output)["summary"]["rows"]["ok"] == 40
    assert {path.name: os.stat(path).st_ino for path in results(dataset)}.items() >= kept.items()
