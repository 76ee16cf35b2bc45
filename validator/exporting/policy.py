"""Which rows stay behind, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from validator.findings import Severity, at_least
from validator.rules.base import Rule
from validator.rules.registry import all_rules, find_rule, matches


class Reason(NamedTuple):
    """Why a row or an entry stays behind, or might. `code` is empty where no finding says it."""

    code: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What drops a row: findings of `severity` or above, those of the codes in `drop`, never those in `keep`; and that
    the trainer drops it, stops at it, or that nobody has looked at it (`keep_unchecked` allows that).
    """

    severity: Severity = "error"
    drop: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    keep_unchecked: bool = False

    def drops(self, finding: Reason) -> bool:
        """Whether a finding drops its row."""
        if finding.code in self.keep:
            return False
        return finding.code in self.drop or at_least(finding.severity, self.severity)

    def reasons(
        self, findings: Sequence[Reason], status: str, trainer_error: str | None, unchecked: str | None
    ) -> tuple[Reason, ...]:
        """The reasons against one row, none where it is kept."""
        against = [item for item in findings if self.drops(item)]
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
    severity: Severity, drop: tuple[str, ...], keep: tuple[str, ...], others: Sequence[Rule], keep_unchecked: bool
) -> Policy:
    """A policy from codes, prefixes or names of rules; `others` are those that are not ours.

    Raises ValueError, with the nearest match, for a word that stands for no rule.
    """
    rules = (*all_rules(), *others)

    def codes(word: str) -> list[str]:
        found = [rule.code for rule in rules if matches(rule.code, rule.name, word)]
        return found or [find_rule(word, rules).code]

    dropping, keeping = (frozenset(code for word in words for code in codes(word)) for words in (drop, keep))
    return Policy(severity, dropping, keeping, keep_unchecked)


def plain(reasons: tuple[Reason, ...]) -> list[dict[str, str]]:
    """Reasons as they are written."""
    return [reason._asdict() for reason in reasons]
