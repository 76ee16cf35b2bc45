"""A finished run as an object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from validator.api.row import Row, read_row
from validator.errors import FailedCheckError
from validator.findings import SEVERITIES, Finding, count
from validator.report.finished import Finished, describe
from validator.report.formats import write_file
from validator.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 20
"""Rules that a notebook shows."""


class Table:
    """A table of a finished run, read when it is asked for. `path`: the Parquet file, for whatever reads those."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __len__(self) -> int:
        return int(pq.read_metadata(self.path).num_rows)

    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All records, or some columns of them. The columns are described in docs/output.md."""
        return pq.read_table(self.path, columns=columns and list(columns))

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The same as a pandas data frame."""
        return self.to_arrow(columns).to_pandas()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The records one by one; memory does not grow with their number."""
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()

    def __repr__(self) -> str:
        return f"<{count(len(self), 'record')} in {self.path}>"


class Findings(Table):
    """The findings of a run; iterating gives `Finding` objects."""

    def __init__(self, run: Finished) -> None:
        super().__init__(run.tables.findings)
        self._run = run

    def __iter__(self) -> Iterator[Finding]:  # type: ignore[override]
        return self._run.all_findings()


class Run:
    """A finished run. It is what its folder held when it was opened; a step that adds to it (`replay`, `accept`) gives
    a new object. Raises UnusableRunError where the folder holds no finished run of this version, or a damaged one.
    """

    def __init__(self, folder: Path) -> None:
        self._finished = Finished.whole(folder)

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return self._finished.folder

    @property
    def summary(self) -> dict[str, Any]:
        """The content of summary.json (docs/output.md)."""
        return self._finished.summary

    @property
    def settings(self) -> Settings:
        """What it was judged by."""
        return self._finished.settings

    @property
    def exit_code(self) -> int:
        """That of the command: 0 passed, 1 findings, 3 incomplete, 5 nothing to check."""
        return int(self.summary["exit_code"])

    @property
    def passed(self) -> bool:
        """Whether everything was checked and nothing fails the gate."""
        return self.exit_code == 0

    @property
    def reasons(self) -> list[str]:
        """Why it does not pass, one sentence each."""
        return list(self.summary["gate"]["reasons"])

    @cached_property
    def findings(self) -> Findings:
        """All findings, in the order of datasets, files and rows."""
        return Findings(self._finished)

    @cached_property
    def samples(self) -> Table:
        """One record for each row: status, tokens, media, risk."""
        return Table(self._finished.tables.samples)

    def row(self, row: int | Finding, *, dataset: str | None = None, file: str | None = None) -> Row:
        """A row with its counts, its findings, and what the model will see of it: a number, counted from 0 in its file,
        or the row of a finding. `dataset` and `file` need to be named where the run has several.

        Raises ValueError where there is no such row, or several.
        """
        if not isinstance(row, Finding):
            return read_row(self._finished, row, dataset=dataset, file=file)
        if row.row is None:
            raise ValueError(f"{row.code} is about {row.file or row.dataset}, not about a row.")
        return read_row(self._finished, row.row, dataset=row.dataset, file=row.file)

    def raise_for_findings(self) -> Run:
        """Return the run where it passes; else raise FailedCheckError with the reasons."""
        if not self.passed:
            raise FailedCheckError("\n".join([describe(self.summary), *self.reasons]))
        return self

    def report(self, path: str | Path, format: str = "html") -> Path:
        """Write a report: html, parquet, json, jsonl, sarif, junit, github, gitlab, markdown or concise.

        Raises ValueError for another format, RefusedPathError where the path is that of data, OSError where it cannot
        be written.
        """
        from validator.report.formats import FILE_FORMATS

        if format not in FILE_FORMATS:
            raise ValueError(f"There is no format {format}. Formats: {', '.join(FILE_FORMATS)}.")
        write_file(format, self._finished, Path(path))
        return Path(path)

    def accept(self, baseline: str | Path, reason: str = "") -> Run:
        """Write the findings that fail the run into a baseline, and judge it against that. Raises ValueError where
        `baseline` holds something else.
        """
        from validator.engine.amend import accept, load_run

        accept(load_run(self.folder), Path(baseline).absolute(), reason)
        return Run(self.folder)

    def __repr__(self) -> str:
        return f"<mmvalidate run in {self.folder}: {describe(self.summary)}>"

    def _repr_html_(self) -> str:
        rules = sorted(self.summary["rules"], key=lambda rule: (SEVERITIES.index(rule["severity"]), -rule["count"]))
        rows = [(rule["severity"], rule["code"], rule["name"], f"{rule['count']:,}") for rule in rules[:SHOWN]]
        more = [("", "", f"{count(len(rules) - SHOWN, 'more rule')}", "")] if len(rules) > SHOWN else []
        lines = "".join(f"<tr>{''.join(f'<td>{escape(word)}</td>' for word in row)}</tr>" for row in [*rows, *more])
        head = "<tr><th>severity</th><th>rule</th><th></th><th>findings</th></tr>"
        said = "".join(f"<li>{escape(reason)}</li>" for reason in self.reasons)
        return (
            f"<p><b>{escape(describe(self.summary))}</b><br>{escape(str(self.folder))}</p>"
            f"<ul>{said}</ul><table>{head}{lines}</table>"
        )
