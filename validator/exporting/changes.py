"""Notices data that is no longer what a run has checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import xxhash

from validator.catalog.marks import digest_file
from validator.catalog.registry import as_registry, is_data, is_hub_name
from validator.catalog.training_files import read_training_file
from validator.catalog.yaml_registry import is_yaml, parsed
from validator.engine.cache import Cache
from validator.engine.reread import reread
from validator.engine.run_files.catalog import Catalog
from validator.engine.run_files.finished import FinishedRun
from validator.errors import ChangedDataError
from validator.exporting.plan import ExportPlan
from validator.settings import Settings
from validator.storage.paths import look

_AGAIN = "run mmvalidate again (it checks what is new and keeps the rest)."


def read_registry(settings: Settings, catalog: Catalog) -> dict[str, Any]:
    """The original registry. Raises ValueError where it is not the one that was checked."""
    path = Path(settings.dataset_info)
    if is_yaml(path) and (found := read_training_file(path)) is not None:
        raise ValueError(
            f"{path} is a training file, of which no copy is made: check a data file of it alone (mmvalidate DATA "
            f"--trainer {found.trainer}), and export that run."
        )
    try:
        alone = is_hub_name(path) or is_data(path)
        data = json.dumps(as_registry(path)).encode() if alone else path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"Cannot open {path}: {error.strerror}. Export in the folder in which the run was made."
        ) from None
    if hashlib.sha256(data).hexdigest() != catalog.inputs["dataset_info_sha256"]:
        raise ValueError(f"{path} has changed since the run: {_AGAIN}")
    content: dict[str, Any] = parsed(data) if is_yaml(path) else json.loads(data)
    return content


def check_unchanged(run: FinishedRun, plan: ExportPlan, settings: Settings) -> None:
    """Raise ValueError, naming file and row, where a data file that is exported is not the one that was checked."""
    now: dict[str, str] = {}
    for going in plan.going:
        for part in going.parts:
            source = part.file.source
            try:
                now[source] = now.get(source) or digest_file(Path(settings.folder) / source)
            except OSError as error:
                raise ValueError(f"Cannot open the data file `{source}`: {error.strerror}.") from None
            if now[source] != part.file.digest:
                where = _first_change(run, settings, going.facts.name, part.file.name)
                raise ValueError(f"The data file `{source}` has changed since the run{where}: {_AGAIN}")


@contextmanager
def untouched(plan: ExportPlan, settings: Settings) -> Iterator[None]:
    """Raise ChangedDataError, naming the file, where a data file that is exported changes within."""
    files = {part.file.source for going in plan.going for part in going.parts}
    before = {name: look(str(Path(settings.folder) / name)) for name in files}
    yield
    for name, seen in sorted(before.items()):
        if look(str(Path(settings.folder) / name)) != seen:
            raise ChangedDataError(f"the file `{name}` changed while it was read")


def check_apart(plan: ExportPlan, source: Path, target: Path) -> None:
    """Raise ValueError where the target lies in a folder whose files are an entry's data: it would become some."""
    for going in plan.going:
        assert going.facts.entry is not None
        folder = source / going.facts.entry.location
        if folder.is_dir() and target.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"{target} lies among the data files of {going.facts.name}: name a folder elsewhere.")


def _first_change(run: FinishedRun, settings: Settings, dataset: str, file: str) -> str:
    """` (row 7 first)`, or nothing where the rows that were checked are the same: others were added."""
    chosen = (pc.field("dataset") == dataset) & (pc.field("file") == file)
    with run.samples_table() as samples:
        table = samples.read(["dataset", "file", "row", "content_hash"]).filter(chosen)
    known = dict(zip(table["row"].to_pylist(), table["content_hash"].to_pylist(), strict=True))
    left = set(known)
    for _, _, _, raw in reread(settings, {(dataset, file): frozenset(known)}, Cache.of(run)):
        if xxhash.xxh3_128_hexdigest(raw.raw) != known[raw.index]:
            return f" (row {raw.index} first)"
        left.discard(raw.index)
    return f" (row {min(left)} is no longer there)" if left else " (rows were added)"
