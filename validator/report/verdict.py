"""The verdict in one line: what training will do with the rows. One set of words for terminal, files and HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from validator.findings import SEVERITIES, count, gravest_first, printable

CODES = 3
"""Rules that the line names."""
WORDS = {
    "whole": "whole",
    "cut": "cut",
    "changed": "changed",
    "stops": "stops",
    "dropped": "dropped",
    "not_loaded": "not loaded",
    "unchecked": "unchecked",
}
"""What training makes of a row, as tables head it."""
MEANINGS = {
    "whole": "trained on as it is",
    "cut": "trained on, but the cutoff takes text or turns",
    "changed": "trained on, but not as written (an error)",
    "stops": "training stops at it",
    "dropped": "the trainer leaves it out",
    "not_loaded": "never reached: the trainer cannot load its dataset",
    "unchecked": "not checked",
}


def describe(summary: dict[str, Any]) -> str:
    """The verdict, what training does with the rows, the findings that are open, and what was not asked."""
    parts = [f"{_head(summary)}: {training_sentence(summary)}"]
    found, gate = summary["findings"], summary["gate"]
    accepted = gate["baseline"]["accepted"] if gate["baseline"] else dict.fromkeys(SEVERITIES, 0)
    open_ = [count(number, word) for word in SEVERITIES[:2] if (number := found[word] - accepted[word])]
    if number := sum(accepted.values()):
        open_.append(f"{number:,} accepted by the baseline")
    if open_:
        parts.append(", ".join(open_))
    if not_asked := _not_asked(summary):
        parts.append(not_asked)
    return printable("; ".join(parts))


def _head(summary: dict[str, Any]) -> str:
    verdict = summary["verdict"]
    missing = _unchecked(summary)
    if verdict == "passed" and (summary["settings"].get("select") or _tolerates(summary)):
        return "passed as asked"
    if verdict == "failed" and missing:
        return f"failed (and {missing} not checked)"
    return f"unchecked ({missing})" if verdict == "unchecked" and missing else str(verdict)


def _tolerates(summary: dict[str, Any]) -> bool:
    """Whether a run passes at which training would stop all the same."""
    return bool(summary["training"]["stops"] or summary["training"]["not_loaded"])


def _unchecked(summary: dict[str, Any]) -> str:
    numbers = ((len(summary["unchecked_entries"]), "dataset"), (summary["training"]["unchecked"], "row"))
    return " and ".join(count(number, noun) for number, noun in numbers if number)


def training_sentence(summary: dict[str, Any]) -> str:
    """What training does: where it stops, what it loses, how many rows it takes whole."""
    rows, total = summary["training"], summary["rows"]["total"]
    does: list[str] = []
    for verb, outcome in (("stops at", "stops"), *_BESIDE):
        if number := rows[outcome]:
            does.append(f"{verb} {f'{number:,}' if does else count(number, 'row')}{_named(_causes(summary, outcome))}")
    if stopped := [item for item in summary["datasets"] if item["stopped_by"]]:
        lost = f"; {count(rows['not_loaded'], 'row')}" if rows["not_loaded"] else ""
        codes = _few(sorted({code for item in stopped for code in item["stopped_by"]}))
        does.insert(0, f"cannot load {count(len(stopped), 'dataset')} ({codes}{lost})")
    if not total:
        return f"training {_and(does)}; there are no rows" if does else "there are no rows"
    all_ = "all " if rows["whole"] == total > 1 else "" if rows["whole"] == total else f"{rows['whole']:,} of "
    whole = f"{all_}{count(total, 'row')} {'is' if total == 1 else 'are'} trained on whole"
    return f"training {_and(does)}; {whole}" if does else whole


_BESIDE = (("drops", "dropped"), ("changes", "changed"), ("cuts", "cut"))


def _causes(summary: dict[str, Any], outcome: str) -> list[str]:
    """`PH004 7`: rules that explain an outcome, those of most rows first; without what a fault of the
    entry explains.
    """
    told = {rule["code"] for rule in summary["rules"]}
    found: Counter[str] = Counter()
    for item in summary["datasets"]:
        found.update(item["causes"].get(outcome, {}))
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return [f"{code} {number:,}" for code, number in ordered if code in told]


def _named(codes: Sequence[str]) -> str:
    return f" ({_few(codes)})" if codes else ""


def _few(codes: Sequence[str]) -> str:
    more = len(codes) - CODES
    return ", ".join(codes[:CODES]) + (f" and {count(more, 'more rule')}" if more > 0 else "")


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _not_asked(summary: dict[str, Any]) -> str:
    """What a run that asked for some rules alone does not say."""
    if not (asked := summary["settings"].get("select")):
        return ""
    words = f"{', '.join(asked[:5])}{' ...' if len(asked) > 5 else ''}"
    return f"only {words} asked for (--select): other rules may fail"


def ordered_rules(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules of a run: of each severity what keeps an entry from loading first, then those with most findings."""
    stopping = {code for item in summary["datasets"] for code in item["stopped_by"]}
    rules = gravest_first(summary["rules"])
    ranks = {word: rank for rank, word in enumerate(dict.fromkeys(rule["severity"] for rule in rules))}
    return sorted(rules, key=lambda rule: (ranks[rule["severity"]], rule["code"] not in stopping))
