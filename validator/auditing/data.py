"""What a finished run says of the rows that the trainer will feed, in the order in which it will hold them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from validator.catalog.entry import Entry
from validator.catalog.split import Order
from validator.engine.run_files.catalog import Catalog
from validator.engine.run_files.finished import FinishedRun
from validator.facts.budget import spend
from validator.facts.recipe import limits_of
from validator.facts.table import from_record
from validator.replaying.population import records_at
from validator.rules.base import EntryFacts
from validator.settings import Settings
from validator.tokens.processor import load_processor
from validator.training.config import TrainingConfig
from validator.training.order import Indices, split
from validator.training.preprocessed import entry_key
from validator.training.record import Counts, DataFacts, EntryKind

_COUNTS = ("num_tokens", "num_tokens_full", "num_label_tokens", "num_images", "num_videos")
_VISUAL = ("num_image_tokens", "num_video_tokens")
NO_CUTOFF = 2**31


def data_facts(run: FinishedRun, config: TrainingConfig, *, dated: bool = False) -> DataFacts:
    """The rows of a finished run that a training file's `dataset` feeds. `dated`: look when they were changed last.

    Raises UnusableRunError where files of the run are damaged.
    """
    settings, catalog = run.settings, run.catalog()
    with run.samples_table() as samples:
        table = samples.read(["dataset", "file", "row", "outcome", *_COUNTS, *_VISUAL])
    names = table["dataset"].combine_chunks().dictionary_encode()
    parts, reasons = [], []
    for dataset in config.names("dataset"):
        code = names.dictionary.index(dataset).as_py()
        mine = np.flatnonzero(names.indices.to_numpy() == code) if code >= 0 else np.empty(0, np.int64)
        entry = next((entry for entry in catalog.entries if entry.name == dataset), None)
        if entry is None:
            continue
        order, reason = _ordered(mine, table, entry.order, entry.entry)
        reasons += [f"{dataset}: {reason}"] if reason else []
        parts.append(order[: max(config["max_samples"], 0)] if config["max_samples"] is not None else order)
    raw = np.concatenate(parts) if parts else np.empty(0, np.int64)
    loaded = len(raw)
    if config["val_size"] > 1e-6 and len(raw) and config["seed"] >= 0:  # below, the trainer stops
        raw = raw[split(len(raw), config["val_size"], config["seed"])[0]]
    reasons += [f"`{key}`" for key in ("streaming", "packing", "neat_packing") if config[key]]
    reasons += [] if config["mix_strategy"] == "concat" else ["`mix_strategy`"]
    counts = {name: table[name].fill_null(-1).to_numpy() for name in (*_COUNTS, *_VISUAL)}
    fed = raw[counts["num_tokens"][raw] > 0]
    labels_full = counts["num_label_tokens"][fed].copy()
    cut = np.flatnonzero(counts["num_tokens"][fed] < counts["num_tokens_full"][fed])
    labels_full[cut] = _uncut_labels(run, settings, fed[cut])
    outcomes = table["outcome"]
    return DataFacts(
        fed,
        counts["num_tokens"][fed],
        np.maximum(counts["num_label_tokens"][fed], 0),
        labels_full,
        counts["num_images"][fed],
        counts["num_videos"][fed],
        sum(np.maximum(counts[name][fed], 0) for name in _VISUAL),
        dropped=int((pc.equal(outcomes, "dropped").to_numpy()[raw]).sum()),
        kept_order="; ".join(reasons) or None,
        kinds=_kinds(catalog, (*config.names("dataset"), *config.names("eval_dataset"))),
        loaded=loaded,
        media=frozenset(kind for kind in ("image", "video") if counts[f"num_{kind}s"][raw].max(initial=0) > 0),
        inputs={**catalog.inputs, "entries": {item.name: entry_key(item.entry) for item in catalog.entries}},
        newest=_newest(run, settings, catalog) if dated else None,
    )


def _kinds(catalog: Catalog, names: Sequence[str]) -> dict[str, EntryKind]:
    """What each of the named entries is for."""
    known = {facts.name: facts for facts in catalog.entries}
    return {name: _kind(known[name], entry) for name in names if name in known and (entry := known[name].entry)}


def _kind(facts: EntryFacts, entry: Entry) -> EntryKind:
    if entry.ranking:
        return "ranking"
    tag = entry.columns["kto_tag"]
    surveys = [file.survey for file in facts.files if file.survey is not None]
    return "kto" if tag and any(survey.types.get(tag) == pa.bool_() for survey in surveys) else "plain"


def places_of(run: FinishedRun, places: Sequence[int]) -> list[tuple[str, str, int]]:
    """(dataset, file, row) of some places in samples.parquet."""
    with run.samples_table() as samples:
        table = samples.read(["dataset", "file", "row"]).take(list(places))
    return [(item["dataset"], item["file"], item["row"]) for item in table.to_pylist()]


def _ordered(mine: Indices, table: Any, order: Order, entry: Any) -> tuple[Indices, str | None]:
    """The places of an entry's rows in the trainer's order, and why that order is not certain."""
    files = table["file"].take(mine).to_pylist()
    rows = table["row"].take(mine).to_pylist()
    found = [order.place(file, row) for file, row in zip(files, rows, strict=True)]
    seen = [(place, index) for place, index in zip(found, mine.tolist(), strict=True) if place is not None]
    reason = None
    if entry is not None and entry.num_samples is not None:
        reason = "`num_samples` draws rows at random"
    elif len(order.starts) > 1:
        reason = "a folder of files, whose order is the file system's"
    elif len(seen) < len(found) and not order.starts:
        return mine, "a dataset whose rows have no known order"
    return np.array([index for _, index in sorted(seen)], np.int64), reason


def _uncut_labels(run: FinishedRun, settings: Settings, places: Counts) -> list[int]:
    """Labels that rows would have without a cutoff."""
    limits = replace(limits_of(settings, load_processor(settings.processor)), cutoff_len=NO_CUTOFF)
    found = records_at(run, set(places.tolist()))
    facts = (from_record(found[place]) for place in places.tolist())
    return [spend(row.turns, row.media, limits).num_label_tokens for row in facts]


def _newest(run: FinishedRun, settings: Settings, catalog: Catalog) -> tuple[float, str] | None:
    """The data file or medium that was changed last."""
    names = {os.path.join(settings.folder, file.name) for entry in catalog.entries for file in entry.files}
    with run.samples_table() as samples:
        for record in samples.records(["media"]):
            media = record["media"] or ()
            names |= {os.path.join(settings.resolved_media_dir, item["written"]) for item in media}
    newest = None
    for name in sorted(names):
        try:
            changed = os.stat(name).st_mtime
        except (OSError, ValueError):
            continue
        if newest is None or changed > newest[0]:
            newest = (changed, name)
    return newest
