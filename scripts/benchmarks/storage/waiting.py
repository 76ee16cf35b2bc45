"""Seconds that a check waits for storage, and what it asks of it."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator

from scripts.benchmarks.data import make
from scripts.benchmarks.storage.scale import CALL, DELAY, Scale
from scripts.benchmarks.storage.sides import Side, scratch
from scripts.benchmarks.storage.table import Line, seconds
from tests.helpers.slow_calls import slow_calls
from tests.helpers.store import Store

IMAGES = "images/"


def over_http(sides: tuple[Side, Side], scale: Scale) -> Iterator[Line]:
    """JPEG rows in one process, at both depths; a first run and one that takes its results."""
    registry = make("jpeg", scale.http, scale.pool)
    with Store(registry.parent, delay=DELAY) as store:
        for depth in ("fast", "header"):
            found = [_waiting(side, registry, store, "0", depth, scale.http) for side in sides]
            yield from _lines(f"HTTP, {scale.http:,} JPEG, 1 process, {depth}", found)


def over_s3(sides: tuple[Side, Side], scale: Scale) -> Iterator[Line]:
    """JPEG rows in two processes at `fast`. The other checkout sees fewer rows, and its waiting is multiplied."""
    found = []
    for side, rows in zip(sides, (scale.s3_other, scale.s3), strict=True):
        registry = make("jpeg", rows, scale.pool)
        with Store(registry.parent, delay=DELAY, bucket="bucket") as store:
            one = _waiting(side, registry, store, "2", "fast", rows)
        found.append(one | {name: one[name] * scale.s3 / rows for name in ("waiting", "again")})
    yield from _lines(f"S3, {scale.s3:,} JPEG, 2 workers, fast (other: {scale.s3_other:,} rows, multiplied)", found)


def mounted(sides: tuple[Side, Side], scale: Scale) -> Iterator[Line]:
    """JPEG rows on a disk whose calls are slow, in one process, at both depths: the median of the turns."""
    registry = make("jpeg", scale.mounted, scale.pool)
    for depth in ("fast", "header"):
        arguments = (registry, "--workers", "0", "--integrity", depth)
        what = f"mounted, {CALL * 1e3:g} ms a call, {scale.mounted:,} JPEG, 1 process, {depth}"
        waited, each = [], []
        for side in sides:
            turns = []
            for _ in range(scale.turns):
                with scratch() as near, scratch() as far, slow_calls(registry.parent / "images", CALL) as calls:
                    local = side.check(*arguments, folder=near)
                    slow = side.check(*arguments, folder=far, environment=calls.environment)
                    turns.append(slow.wall - local.wall)
                    counts = calls.counts()
            waited.append(statistics.median(turns))
            each.append(" ".join(f"{name} {count / scale.mounted:.2f}" for name, count in counts.items()))
        yield Line.of(f"{what}: waiting", waited, seconds)
        yield Line(f"{what}: calls an image", *each)


def _waiting(
    side: Side, registry: os.PathLike[str], store: Store, workers: str, depth: str, rows: int
) -> dict[str, float]:
    """Waiting of a first and a second run, in seconds, and requests an image."""
    arguments = ("--workers", workers, "--integrity", depth)
    found = {}
    with scratch() as near, scratch() as far:
        for run, asked in (("waiting", "requests"), ("again", "requests again")):
            local = side.check(str(registry), *arguments, folder=near)
            store.clear()
            remote = side.check(
                str(registry), *arguments, "--media-dir", store.root, folder=far, environment=store.environment
            )
            counts = store.counts()
            found |= {run: remote.wall - local.wall, asked: counts.total(IMAGES) / rows}
            if run == "waiting":
                found |= {"peak requests": counts.peak_requests, "connections": counts.connections}
    return found


def _lines(what: str, found: list[dict[str, float]]) -> Iterator[Line]:
    yield Line.of(f"{what}: waiting, first run", [one["waiting"] for one in found], seconds)
    yield Line.of(f"{what}: waiting, second run", [one["again"] for one in found], seconds)
    for name in ("requests", "requests again"):
        yield Line.of(f"{what}: {name} an image", [one[name] for one in found], "{:.2f}".format)
    for name in ("peak requests", "connections"):
        yield Line(f"{what}: {name}", *(f"{one[name]:.0f}" for one in found))
