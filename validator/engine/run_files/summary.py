"""Counts of a run, in memory bounded by the number of datasets, rules and distinct lengths."""

from __future__ import annotations

import platform
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa

from validator import __version__
from validator.engine.gate.gate import Gate, Tables, weigh
from validator.engine.run_files.catalog import Catalog
from validator.engine.run_files.missing_folders import MissingFolders, take
from validator.engine.run_files.training import CAUSED, OUTCOMES, causes_of, outcome_of, outcomes_of, without_rows
from validator.engine.tables.finding_columns import to_findings
from validator.facts.columns import counted, numbers_of, places_of, values_of
from validator.facts.record import RowFacts
from validator.findings import SEVERITIES, Finding
from validator.installed import installed
from validator.rules.base import Rule
from validator.run_folder.names import SCHEMA_VERSION
from validator.settings import LIMITS, Settings

STATUSES = ("ok", "flagged", "dropped", "not_loaded", "unchecked")
EXAMPLES = 10
_VERDICTS = {0: "passed", 3: "unchecked", 5: "nothing to check"}
PERCENTILES = (50, 90, 99)
_PACKAGES = ("pillow", "pyarrow", "pandas", "tiktoken", "tokenizers", "numpy")
_MEASURES = ("num_tokens_full", "num_image_tokens", "num_label_tokens")


@dataclass(slots=True)
class DatasetCounts:
    """Rows by status and by what training makes of them, with the codes of errors that explain it; the codes that say
    why the trainer cannot load the entry; its distributions.
    """

    rows: Counter[str] = field(default_factory=Counter)
    training: Counter[str] = field(default_factory=Counter)
    causes: dict[str, Counter[str]] = field(default_factory=dict)
    stopped_by: list[str] = field(default_factory=list)
    lengths: dict[str, Counter[int]] = field(default_factory=lambda: {name: Counter() for name in _MEASURES})

    def add_causes(self, causes: Iterable[tuple[str, str]]) -> None:
        """Count rows by outcome and the code that explains it."""
        for outcome, code in causes:
            self.causes.setdefault(outcome, Counter())[code] += 1


@dataclass(slots=True)
class Tally:
    """Everything that reports need besides the single findings. `examples`: the first findings of every rule, but for
    those about files in missing `folders`.
    """

    datasets: dict[str, DatasetCounts] = field(default_factory=dict)
    codes: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Finding]] = field(default_factory=dict)
    severities: Counter[str] = field(default_factory=Counter)
    folders: MissingFolders = field(default_factory=dict)

    def add_row(self, facts: RowFacts, status: str, findings: Sequence[Finding]) -> None:
        """Count one row, with its findings."""
        counts = self.datasets[facts.dataset]
        counts.rows[status] += 1
        counts.training[outcome := outcome_of(facts, status, (one.code for one in findings))] += 1
        if outcome in CAUSED:
            counts.add_causes((outcome, code) for code in {one.code for one in findings if one.severity == "error"})
        for name, lengths in counts.lengths.items():
            value = getattr(facts, name)
            if value is not None:
                lengths[value] += 1

    def add_rows(self, samples: pa.RecordBatch, findings: pa.RecordBatch) -> None:
        """Count records of samples.parquet, of one entry, with their findings."""
        if samples.num_rows:
            counts = self.datasets[samples["dataset"][0].as_py()]
            counts.rows.update(counted(samples["status"]))
            outcomes = outcomes_of(samples, findings)
            numbers = np.bincount(outcomes, minlength=len(OUTCOMES)).tolist()
            counts.training.update({word: number for word, number in zip(OUTCOMES, numbers, strict=True) if number})
            counts.add_causes(causes_of(samples, findings, outcomes).elements())
            for name, lengths in counts.lengths.items():
                there = numbers_of(samples[name])
                values, numbers = np.unique(there[there >= 0], return_counts=True)
                lengths.update(dict(zip(values.tolist(), numbers.tolist(), strict=True)))

    def add_findings(self, batch: pa.RecordBatch) -> None:
        """Count findings, given as columns with their lines, and keep the first ones as examples."""
        self.severities.update(counted(batch["severity"]))
        codes, code_of = places_of(batch["code"])
        for number, code in enumerate(codes):
            places = np.flatnonzero(code_of == number).tolist()
            self.codes[code] += len(places)
            examples = self.examples.setdefault(code, [])
            if code == "MD001":
                self._add_missing(batch, places, examples)
                continue
            for place in places[: EXAMPLES - len(examples)]:
                examples += to_findings(batch.slice(place, 1))

    def _add_missing(self, batch: pa.RecordBatch, places: list[int], examples: list[Finding]) -> None:
        """Count findings about missing media by the folder that is missing, and keep the first of the others."""
        dataset, file, row, evidence = (values_of(batch[name]) for name in ("dataset", "file", "row", "evidence"))
        for place in places:
            made = partial(_finding, batch, place)
            if not take(self.folders, evidence[place], (dataset[place], file[place], row[place]), made):
                examples += [made()] if len(examples) < EXAMPLES else []

    def add_counts(self, other: Tally) -> None:
        """Add the rows counted in another tally."""
        for name, counts in other.datasets.items():
            mine = self.datasets.setdefault(name, DatasetCounts())
            mine.rows += counts.rows
            mine.training += counts.training
            for outcome, codes in counts.causes.items():
                mine.causes.setdefault(outcome, Counter()).update(codes)
            for measure, lengths in counts.lengths.items():
                mine.lengths[measure] += lengths

    def stop(self, stopped: Mapping[str, list[str]]) -> None:
        """Take note of the entries that the trainer cannot load, with the codes that say so, after all rows."""
        for name, codes in stopped.items():
            counts = self.datasets[name]
            counts.stopped_by = codes
            counts.rows = without_rows(counts.rows, ("ok",))
            counts.training = without_rows(counts.training, ("whole", "cut", "changed"))
            counts.causes.pop("changed", None)

    @property
    def rows(self) -> Counter[str]:
        """Rows by status over all entries."""
        return sum((counts.rows for counts in self.datasets.values()), Counter())

    @property
    def training(self) -> Counter[str]:
        """Rows by what training makes of them, over all entries."""
        return sum((counts.training for counts in self.datasets.values()), Counter())


def _finding(batch: pa.RecordBatch, place: int) -> Finding:
    return to_findings(batch.slice(place, 1))[0]


def conclude(
    tally: Tally,
    settings: Settings,
    unchecked: int,
    tables: Tables,
    codes: set[str],
    marks: np.ndarray | None = None,
) -> Conclusion:
    """What follows from rows and findings. `unchecked`: entries or steps that were not done; `codes`: rules that ran;
    `marks`: the fingerprints of all findings, where they are known.

    The exit code is 3 where something is unchecked, 1 where the gate fails, 5 where nothing was checked, otherwise 0.
    The verdict is failed wherever the gate fails, though something is unchecked.
    Raises ValueError where the baseline is none.
    """
    of_datasets = {name: counts.rows.total() for name, counts in tally.datasets.items()}
    gate = weigh(tables, settings, of_datasets, tally.severities, codes, marks)
    rows, training = tally.rows, tally.training
    if rows["unchecked"] or unchecked:
        code = 3
    elif gate.reasons:
        code = 1
    else:
        code = 0 if rows.total() else 5
    parts = {
        "verdict": "failed" if gate.reasons else _VERDICTS[code],
        "exit_code": code,
        "rows": {"total": rows.total(), **{status: rows[status] for status in STATUSES}},
        "training": {outcome: training[outcome] for outcome in OUTCOMES},
        "findings": {severity: tally.severities[severity] for severity in SEVERITIES},
        "gate": gate.as_json(),
    }
    return Conclusion(parts, gate)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A summary, or its parts that follow from rows and findings, and the gate that they were put to."""

    summary: dict[str, Any]
    gate: Gate


def summarize(
    tally: Tally,
    settings: Settings,
    catalog: Catalog,
    rules: Sequence[Rule],
    left_out: Sequence[tuple[Rule, str]],
    tables: Tables,
) -> Conclusion:
    """The content of summary.json, without times. Raises ValueError where the baseline is none."""
    unchecked = [entry for entry in catalog.entries if entry.unchecked is not None]
    known = {rule.code: rule for rule in rules}
    concluded = conclude(tally, settings, len(unchecked), tables, set(known))
    summary = {
        "schema_version": SCHEMA_VERSION,
        **concluded.summary,
        "datasets": [_dataset(name, counts) for name, counts in sorted(tally.datasets.items())],
        "rules": [
            {"code": code_, "name": known[code_].name, "severity": known[code_].severity, "count": number}
            for code_, number in sorted(tally.codes.items())
        ],
        "unchecked_entries": [{"dataset": entry.name, "reason": entry.unchecked} for entry in unchecked],
        "not_selected": [{"dataset": name, "source": source} for name, source in catalog.not_selected],
        "ignored_keys": list(catalog.ignored_keys),
        "rules_not_run": [{"code": rule.code, "reason": reason} for rule, reason in left_out],
        "plugins": [_plugin(rule) for rule in rules if rule.origin],
        "settings": {name: _text(value) for name, value in settings.model_dump(mode="json").items()},
        "differs_from_trainer": {
            name: {"here": getattr(settings, name), "trainer": default}
            for name, default in settings.profile.defaults.items()
            if getattr(settings, name) != default
        },
        "assumed": sorted(LIMITS - settings.model_fields_set),
        "versions": dict(_versions()),
        "inputs": catalog.inputs,
    }
    return Conclusion(summary, concluded.gate)


def _plugin(rule: Rule) -> dict[str, str]:
    """All that is said of a rule that is not ours, so that nothing of it must be loaded to speak of a finished run."""
    said = {"code": rule.code, "name": rule.name, "severity": rule.severity}
    return said | {"source": _text(rule.source), "origin": rule.origin, "doc": rule.doc.strip()}


def _text(value: Any) -> Any:
    """Paths may hold bytes that are no text."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _dataset(name: str, counts: DatasetCounts) -> dict[str, Any]:
    return {
        "dataset": name,
        "rows": {"total": counts.rows.total(), **{status: counts.rows[status] for status in STATUSES}},
        "training": {outcome: counts.training[outcome] for outcome in OUTCOMES},
        "causes": {outcome: dict(sorted(codes.items())) for outcome, codes in sorted(counts.causes.items())},
        "stopped_by": counts.stopped_by,
        **{measure: _distribution(lengths) for measure, lengths in counts.lengths.items()},
    }


def _distribution(counts: Counter[int]) -> dict[str, int | None]:
    """Of counted values the nearest-rank percentiles; None without values."""
    values = sorted(counts)
    seen = list(accumulate(counts[value] for value in values))
    ranks = {f"p{percent}": max(-(-seen[-1] * percent // 100), 1) if seen else 1 for percent in PERCENTILES}
    return {
        "min": values[0] if values else None,
        **{name: values[bisect_left(seen, rank)] if values else None for name, rank in ranks.items()},
        "max": values[-1] if values else None,
        "sum": sum(value * times for value, times in counts.items()),
    }


@cache  # reading the metadata of packages takes longer than a small check
def _versions() -> dict[str, str]:
    return {"mmvalidate": __version__, "python": platform.python_version(), **installed(_PACKAGES)}
