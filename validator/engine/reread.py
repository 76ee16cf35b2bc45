"""Reads chosen rows of a finished run again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from validator.catalog.formats import file_rows
from validator.catalog.json_rows import RawRow
from validator.catalog.marks import span_of
from validator.catalog.registry import load_registry
from validator.engine.cache import Cache
from validator.engine.entries import open_entries
from validator.facts.measure import Measurer
from validator.settings import Settings
from validator.storage.remote import locate

APART = 256
"""Rows that are not read between two wanted ones, if there are more of them."""


def reread(
    settings: Settings, wanted: Mapping[tuple[str, str], frozenset[int]], cache: Cache
) -> Iterator[tuple[str, str, Measurer, RawRow]]:
    """The wanted rows ((dataset, file) -> rows) as (dataset, file, measurer of the file, raw row), in the run's order.

    A row that is no longer there is left out. `cache` is the run's: it knows the surveys of the files, and what packed
    ones hold. Raises ValueError where the registry cannot be read.
    """
    names = tuple(sorted({dataset for dataset, _ in wanted}))
    if not names:
        return
    registry = load_registry(locate(settings.dataset_info), names)
    for entry in open_entries(registry, settings, cache=cache):
        if entry.entry is None:
            continue
        for file in entry.files:
            rows = wanted.get((entry.name, file.name), frozenset())
            if file.survey is None or not rows:
                continue
            measurer = Measurer(entry.entry, file.name, file.survey, settings)
            floats = entry.entry.formatting == "openai"
            for first, stop in _stretches(sorted(rows)):
                span = span_of(file.survey, first, stop)
                for raw in file_rows(
                    locate(file.within(str(registry.folder))), file.survey, span, loader_floats=floats
                ):
                    if raw.index in rows:
                        yield entry.name, file.name, measurer, raw


def _stretches(rows: list[int]) -> Iterator[tuple[int, int]]:
    """Ranges (first, stop) that hold all rows; rows far apart are in different ones."""
    first = last = rows[0]
    for row in rows[1:]:
        if row - last > APART:
            yield first, last + 1
            first = row
        last = row
    yield first, last + 1
