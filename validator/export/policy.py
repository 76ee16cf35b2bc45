"""Which rows stay behind, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from validator.engine.amend import load_findings
from validator.facts.table import SAMPLES
from validator.findings import Finding, Severity, at_least
from validator.rules.registry import find_rule, known_rules, matches
from validator.run_folder.table import RunTable

FileKey = tuple[str, str]
"""Dataset and file."""
_COLUMNS = ["dataset", "file", "row", "sample_id", "content_hash", "status", "trainer_error", "unchecked"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row or an entry stays behind. `code` is empty where no finding says it."""

    code: str
    severity: str
    message: str


@dataclass(slots=True)
class Row:
    """A row that something was found in. `reasons` are those for which it stays behind; `codes` are all findings'."""

    row: int
    sample_id: str
    content_hash: str
    codes: frozenset[str] = frozenset()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What drops a row: findings of `severity` or above, those of the codes in `drop`, never those in `keep`; and that
    the trainer drops it, stops at it, or that nobody has looked at it (`keep_unchecked` allows that).
    """

    severity: Severity = "error"
    drop: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    keep_unchecked: bool = False

    def drops(self, finding: Finding) -> bool:
        """Whether a finding drops its row."""
        if finding.code in self.keep:
            return False
        return finding.code in self.drop or at_least(finding.severity, self.severity)

    def reasons(
        self, findings: list[Finding], status: str, trainer_error: str | None, unchecked: str | None
    ) -> tuple[Reason, ...]:
        """The reasons against one row, none where it is kept."""
        against = [Reason(item.code, item.severity, item.message) for item in findings if self.drops(item)]
        if against or any(item.code in self.keep for item in findings):
            return tuple(against)
        if status == "dropped":
            against.append(Reason("", "error", "the trainer drops the row"))
        elif status == "flagged" and trainer_error is not None:
            against.append(Reason("", "error", f"the trainer stops: {trainer_error}"))
        elif status == "unchecked" and not self.keep_unchecked:
            against.append(Reason("", "error", f"not checked: {unchecked or 'its entry was not'}"))
        return tuple(against)


def make_policy(
    severity: Severity, drop: tuple[str, ...], keep: tuple[str, ...], files: tuple[Path, ...], keep_unchecked: bool
) -> Policy:
    """A policy from codes, prefixes or names of rules; `files` are rules of the user's own.

    Raises ValueError, with the nearest match, for a word that stands for no rule.
    """
    rules = known_rules(files)

    def codes(word: str) -> list[str]:
        found = [rule.code for rule in rules if matches(rule.code, rule.name, word)]
        return found or [find_rule(word, files).code]

    dropping, keeping = (frozenset(code for word in words for code in codes(word)) for words in (drop, keep))
    return Policy(severity, dropping, keeping, keep_unchecked)


@dataclass(slots=True)
class Verdicts:
    """What a run says of its rows, under a policy: rows of each file with a finding or a reason, by row; `against`
    holds findings about whole files and entries, in order.
    """

    rows: dict[FileKey, dict[int, Row]] = field(default_factory=dict)
    against: list[Finding] = field(default_factory=list)

    def of(self, key: FileKey) -> dict[int, Row]:
        """The rows of a file that something was found in."""
        return self.rows.get(key, {})


def judge_rows(folder: Path, policy: Policy) -> Verdicts:
    """Read samples and findings of a run. Memory grows with the number of rows that have findings, not with all."""
    verdicts = Verdicts()
    grouped = _by_row(folder, verdicts.against.append)
    held = next(grouped, None)
    for record in _records(folder / "samples.parquet"):
        key = record["dataset"], record["file"], record["row"]
        while held is not None and held[0] < key:
            held = next(grouped, None)
        findings = held[1] if held is not None and held[0] == key else []
        if not findings and record["status"] == "ok":
            continue
        reasons = policy.reasons(findings, record["status"], record["trainer_error"], record["unchecked"])
        codes = frozenset(finding.code for finding in findings)
        row = Row(record["row"], record["sample_id"], record["content_hash"], codes, reasons)
        verdicts.rows.setdefault(key[:2], {})[row.row] = row
    return verdicts


def _by_row(
    folder: Path, about_more: Callable[[Finding], None]
) -> Iterator[tuple[tuple[str, str, int], list[Finding]]]:
    """(dataset, file, row) with the findings about it; all others go to `about_more`."""
    key, held = ("", "", -1), list[Finding]()
    for finding in load_findings(folder):
        if finding.file is None or finding.row is None:
            about_more(finding)
            continue
        here = finding.dataset, finding.file, finding.row
        if here != key:
            if held:
                yield key, held
            key, held = here, []
        held.append(finding)
    if held:
        yield key, held


def _records(samples: Path) -> Iterator[dict[str, Any]]:
    with RunTable(samples, SAMPLES) as table:
        yield from table.records(_COLUMNS)


def plain(reasons: tuple[Reason, ...]) -> list[dict[str, str]]:
    """Reasons as they are written."""
    return [asdict(reason) for reason in reasons]
