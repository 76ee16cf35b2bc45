"""A finished run as an object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pyarrow as pa

from validator.api.given import check_choice, several
from validator.api.row import Row, read_row
from validator.errors import ChangedRunError, FailedCheckError
from validator.facts.table import SAMPLES
from validator.findings import Finding, clip, count, gravest_first, printable
from validator.report.finished import Finished
from validator.report.formats import FILE_FORMATS, write_file
from validator.report.verdict import describe
from validator.run_folder.table import RunTable
from validator.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 20
"""Rules that a notebook shows."""
LONGEST = 1000
"""Characters of a text in it."""


Record = TypeVar("Record")


class Table(Generic[Record]):
    """A table of a finished run, read when it is asked for. `path`: the Parquet file, for whatever reads those.

    Reading it raises ChangedRunError where the folder holds another run by now, or more of this one, and
    UnusableRunError where the file is damaged.
    """

    def __init__(
        self, run: Finished, path: Path, opening: Callable[[], RunTable], records: Callable[[], Iterator[Record]]
    ) -> None:
        self.path = path
        self._run, self._opening, self._records = run, opening, records

    def __len__(self) -> int:
        with self._opened() as table:
            return table.num_rows

    def __iter__(self) -> Iterator[Record]:
        """The records one by one; memory does not grow with their number."""
        _check_same(self._run)
        return self._records()

    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All records, or some columns of them (docs/output.md). Raises ValueError where there is no such column."""
        wanted = columns and several("columns", columns)
        with self._opened() as table:
            if unknown := [name for name in wanted or () if name not in table.names]:
                raise ValueError(f"There is no column {unknown[0]}. Columns: {', '.join(table.names)}.")
            return table.read(wanted)

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The same as a pandas data frame."""
        return self.to_arrow(columns).to_pandas()

    def _opened(self) -> RunTable:
        _check_same(self._run)
        return self._opening()

    def __repr__(self) -> str:
        return f"<mmvalidate table in {printable(str(self.path))}>"


def _check_same(run: Finished) -> None:
    if not run.is_same:
        raise ChangedRunError(f"{run.folder} was written to since this run was opened: open it again with open_run.")


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
    def findings(self) -> Table[Finding]:
        """All findings, in the order of datasets, files and rows."""
        run = self._finished
        return Table(run, run.tables.findings, run.findings_table, run.all_findings)

    @cached_property
    def samples(self) -> Table[dict[str, Any]]:
        """One record for each row: status, tokens, media, risk."""
        run = self._finished
        return Table(run, run.tables.samples, run.samples_table, self._sample_records)

    def _sample_records(self) -> Iterator[dict[str, Any]]:
        with self._finished.samples_table() as table:
            yield from table.records(SAMPLES.names)

    def row(self, row: int | Finding, *, dataset: str | None = None, file: str | None = None) -> Row:
        """A row with its counts, its findings, and what the model will see of it: a number, counted from 0 in its file,
        or the row of a finding. `dataset` and `file` need to be named where the run has several.

        Raises ValueError where there is no such row, or several; ChangedRunError and UnusableRunError as tables do.
        """
        _check_same(self._finished)
        if not isinstance(row, Finding):
            return read_row(self._finished, row, dataset=dataset, file=file)
        if row.row is None:
            raise ValueError(f"{row.code} is about {row.file or row.dataset}, not about a row.")
        return read_row(self._finished, row.row, dataset=row.dataset, file=row.file)

    def raise_for_findings(self) -> Run:
        """Return the run where it passes. Raises FailedCheckError, with the reasons, where something fails the gate or
        was not checked, or where nothing was there to check.
        """
        if not self.passed:
            raise FailedCheckError("\n".join([describe(self.summary), *self.reasons]))
        return self

    def report(self, path: str | Path, format: str = "html") -> Path:
        """Write a report: html, parquet, json, jsonl, sarif, junit, github, gitlab, markdown or concise.

        Raises ValueError for another format, RefusedPathError where the path is that of data, OSError where it cannot
        be written.
        """
        check_choice("format", format, FILE_FORMATS)
        write_file(format, self._finished, Path(path))
        return Path(path)

    def accept(self, baseline: str | Path, reason: str = "") -> Run:
        """Write the findings that fail the run into a baseline, and judge it against that. What it holds already
        keeps its reasons; new findings get `reason`.

        Raises ValueError where `baseline` holds something else, BusyError where another command is writing there.
        """
        from validator.engine.run_files.amend import accept, load_run

        accept(load_run(self.folder), Path(baseline).absolute(), reason)
        return Run(self.folder)

    def __repr__(self) -> str:
        return f"<mmvalidate run in {printable(str(self.folder))}: {describe(self.summary)}>"

    def _repr_html_(self) -> str:
        rules = gravest_first(self.summary["rules"])
        rows = [(rule["severity"], rule["code"], rule["name"], f"{rule['count']:,}") for rule in rules[:SHOWN]]
        more = [("", "", f"{count(len(rules) - SHOWN, 'more rule')}", "")] if len(rules) > SHOWN else []
        lines = "".join(f"<tr>{''.join(f'<td>{_html(word)}</td>' for word in row)}</tr>" for row in [*rows, *more])
        head = "<tr><th>severity</th><th>rule</th><th></th><th>findings</th></tr>"
        said = "".join(f"<li>{_html(reason)}</li>" for reason in self.reasons)
        return (
            f"<p><b>{_html(describe(self.summary))}</b><br>{_html(str(self.folder))}</p>"
            f"<ul>{said}</ul><table>{head}{lines}</table>"
        )


def _html(text: str) -> str:
    return escape(clip(text, LONGEST))
