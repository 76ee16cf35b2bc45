"""A finished run: the one reader of its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from typing_extensions import Self

from validator.engine.gate.gate import Tables, accepted_in
from validator.engine.run_files.catalog import CATALOG, Catalog, load_catalog
from validator.engine.tables.finding_columns import FINDINGS
from validator.errors import ChangedRunError, UnusableRunError
from validator.facts.table import SAMPLES
from validator.findings import Finding, printable
from validator.nearest import did_you_mean
from validator.rules.base import Rule
from validator.rules.registry import all_rules
from validator.run_folder.choose import HOME, data_of
from validator.run_folder.damage import opened, unusable
from validator.run_folder.finding_lines import finding_lines
from validator.run_folder.mark import is_run
from validator.run_folder.names import SUMMARY, TRAINERS
from validator.run_folder.summary import identity_of, read_summary
from validator.run_folder.table import RunTable
from validator.settings import Settings
from validator.storage.remote import is_remote

_BLOCK = 1 << 20


class FinishedRun:
    """A finished run as it is when it is opened: `folder`, `summary` (summary.json), and `identity`, a digest by which
    the same run is known again (its summary has the time that it took). Its other files are read when they are asked
    for. Raises UnusableRunError where the folder holds no finished run of this version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not os.path.lexists(folder / SUMMARY):
            raise UnusableRunError(_no_run(folder))
        self.summary, self.identity = read_summary(folder)
        try:
            self._settings = Settings.model_validate(self.summary["settings"])
        except ValidationError as error:
            raise unusable(folder / SUMMARY, f"holds settings that are none ({error.errors()[0]['msg']})") from None

    @classmethod
    def whole(cls, folder: Path) -> Self:
        """The same after a look at the other files: all are there, of this version, and speak of as many rows and
        findings as the summary. Raises UnusableRunError.
        """
        run = cls(folder)
        run._check_whole()
        return run

    @cached_property
    def settings(self) -> Settings:
        """The settings that the run was made with, without its files of rules: a run folder is data, and no code that
        it names is run (`rules_to_run`). Data that are not where the run names them, seen from here, are looked for
        from the folder in which it was made.
        """
        return self._settings.model_copy(update={"rules": (), **self._from_there()})

    def _from_there(self) -> dict[str, Any]:
        """Paths of the data as they are called from here."""
        there, registry = self.summary["timing"].get("working_folder"), self._settings.dataset_info
        if there is None or is_remote(str(registry)) or os.path.exists(registry):
            return {}
        if not os.path.exists(os.path.join(there, registry)):
            return {}
        media = self._settings.media_dir
        found: dict[str, Any] = {"dataset_info": type(registry)(os.path.join(there, registry))}
        if media is not None and not is_remote(str(media)):
            found["media_dir"] = type(media)(os.path.join(there, media))
        return found

    @property
    def data(self) -> str:
        """Of which data it is, in words."""
        return data_of(self.summary["settings"])

    @property
    def rules_named(self) -> tuple[Path, ...]:
        """The files of rules that the run says it was judged by."""
        return self._settings.rules

    def rules_to_run(self, given: tuple[Path, ...] | None) -> tuple[Path, ...]:
        """The files of rules by which the run is judged again: `given` by the user, None where nothing was said.

        Raises ValueError where the run names some then: it is data, and what it names is not loaded unasked.
        """
        if given is None and (named := self.rules_named):
            raise ValueError(
                f"{self.folder} was judged by rules of {', '.join(map(str, named))} too, and code that a run names is "
                "not run unasked: name the files with --rules, or add --trust if the run is yours, or --no-trust to go "
                "without."
            )
        return given or ()

    @property
    def plugins(self) -> tuple[Rule, ...]:
        """The rules that are not ours, as the summary tells of them: what can be said without loading any."""
        return plugins_told(self.summary)

    @property
    def codes_that_ran(self) -> set[str]:
        """The codes of the rules that ran."""
        return codes_that_ran(self.summary)

    @property
    def tables(self) -> Tables:
        """Where findings and samples lie."""
        return Tables.of(self.folder)

    def samples_table(self, dictionaries: Sequence[str] = ()) -> RunTable:
        """samples.parquet, open; text columns in `dictionaries` come as such."""
        return RunTable(self.tables.samples, SAMPLES, dictionaries)

    def findings_table(self, dictionaries: Sequence[str] = ()) -> RunTable:
        """findings.parquet, open; text columns in `dictionaries` come as such."""
        return RunTable(self.tables.findings, FINDINGS, dictionaries)

    def lines(self) -> Iterator[dict[str, Any]]:
        """The findings as findings.jsonl has them, in order."""
        return finding_lines(self.tables.lines)

    def all_findings(self) -> Iterator[Finding]:
        """The findings, in order."""
        return (Finding(**finding) for finding in self.lines())

    @cached_property
    def accepted(self) -> frozenset[int]:
        """The numbers of the findings that the baseline accepts."""
        return accepted_in(self.folder)

    def catalog(self, settings: Settings | None = None) -> Catalog:
        """What the run knew of its data before the first row, under its settings or others."""
        return load_catalog(self.folder, settings or self.settings)

    @property
    def is_same(self) -> bool:
        """Whether the folder still holds this run, and nothing was added to it."""
        try:
            return identity_of(self.folder) == self.identity
        except UnusableRunError:
            return False

    def check_same(self) -> None:
        """Raise ChangedRunError where the folder no longer holds this run."""
        if self.is_same:
            return
        raise ChangedRunError(f"{self.folder} was checked again meanwhile: nothing was made of it, repeat the command")

    def _check_whole(self) -> None:
        found = sum(self.summary["findings"].values())
        for table, path, number in (
            (self.samples_table, self.tables.samples, self.summary["rows"]["total"]),
            (self.findings_table, self.tables.findings, found),
        ):
            with table() as rows:
                if rows.num_rows != number:
                    raise _other(path, rows.num_rows, number)
        with opened(self.tables.lines) as file:
            lines = sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
        if lines != found:
            raise _other(self.tables.lines, lines, found)
        with opened(self.folder / CATALOG):
            pass


def plugins_told(summary: dict[str, Any]) -> tuple[Rule, ...]:
    """The rules of a run that are not ours."""
    return tuple(
        Rule(
            told["code"],
            told["name"],
            told["severity"],
            "\n".join(map(printable, told["doc"].splitlines())),
            origin=told["origin"],
            source=told["source"],
        )
        for told in summary.get("plugins", ())
    )


def rules_told(summary: dict[str, Any]) -> tuple[Rule, ...]:
    """Our rules, and the plug-ins of a run."""
    return (*all_rules(), *plugins_told(summary))


def codes_that_ran(summary: dict[str, Any]) -> set[str]:
    """The codes of the rules that ran."""
    return {rule.code for rule in rules_told(summary)} - {item["code"] for item in summary["rules_not_run"]}


def _no_run(folder: Path) -> str:
    """Why a folder without a summary is no finished run, and which are there."""
    if not os.path.lexists(folder):
        return f"{folder} is not a finished run: there is no such folder.{_others(folder)}"
    if runs := sorted(path.parent for path in folder.glob(f"{TRAINERS}/*/{SUMMARY}")):
        return f"{folder} holds the runs of `--trainer all`: name one, as {runs[0]}."
    if is_run(folder):
        return (
            f"{folder} holds a run that has not ended (no {SUMMARY}): the command that started it continues from there."
        )
    return f"{folder} is not a finished run: it holds no {SUMMARY}.{_others(folder)}"


def _others(folder: Path) -> str:
    runs = sorted(str(path.parent) for path in HOME.glob("*/summary.json"))
    if guess := did_you_mean(str(folder), runs):
        return guess
    return f" Finished here: {', '.join(runs[:3])}{' ...' if len(runs) > 3 else ''}." if runs else ""


def _other(path: Path, here: int, wanted: int) -> Exception:
    return unusable(path, f"holds {here:,} records, and summary.json speaks of {wanted:,}")
